//! Why nothing is registered under a name: what a user may have meant.

use super::connection;
use crate::{settings::Registration, store::AzureDevOpsStore};

/// Sentences about a name that is not registered, at most.
const MAX_NEAR_MISSES: usize = 50;

/// Why nothing is registered under a name: one sentence for each connection and pipeline that might have been meant,
/// the likeliest first.
pub fn near_misses(store: &AzureDevOpsStore, mode: Registration, name: &str) -> Vec<String> {
    let (mut lacking, mut elsewhere) = (unused(store, name), Vec::new());
    for definition in store.definitions.values() {
        let project = store.projects.get(&definition.project).map(|p| p.name.clone()).unwrap_or_default();
        let who = format!("pipeline {} ({}) of project {project}", definition.name, definition.id);
        let registered = &definition.registered;
        if let Some(problem) = &registered.problem {
            lacking.push(format!("{who}: its YAML could not be read: {problem}"));
        } else if registered.commit.is_none() {
            lacking.push(format!("{who}: its default branch does not exist, or is not in this organization"));
        } else if registered.webhooks.is_empty() {
            elsewhere.push(format!("{who}: its YAML on the default branch names no webhook"));
        }
        for resource in &registered.webhooks {
            let (alias, connected) = (&resource.alias, &resource.connection);
            if let Some(kind) = &resource.kind {
                lacking.push(format!("{who}: webhook {alias} has the type {kind}, an extension's webhook"));
            } else if let Some(endpoint) = connection(store, definition.project, connected) {
                let url = endpoint.parameter("webhookname");
                if mode == Registration::FirstRun && !definition.activated {
                    lacking.push(format!(
                        "{who}: webhook {alias} is reached under the name {url}, but waits for its first run or save"
                    ));
                } else {
                    elsewhere.push(format!("{who}: webhook {alias} is reached under the name {url}"));
                }
            } else {
                lacking.push(format!(
                    "{who}: webhook {alias} names the connection {connected}, and no incoming webhook connection of that name is in its project"
                ));
            }
        }
    }
    lacking.append(&mut elsewhere);
    lacking.truncate(MAX_NEAR_MISSES);
    lacking
}

/// Connections that have the name, which no pipeline refers to: those in use would have been reached.
fn unused(store: &AzureDevOpsStore, name: &str) -> Vec<String> {
    let wanted = name.to_lowercase();
    let hooks = store.endpoints.values().filter(|e| e.is_webhook());
    let places = hooks.flat_map(|e| e.shares.iter().map(move |s| (e, s)));
    let named = places.filter(|(e, s)| {
        e.parameter("webhookname").to_lowercase() == wanted || s.name.to_lowercase() == wanted
    });
    named
        .map(|(_, s)| {
            let project = store.projects.get(&s.project).map_or("", |p| &p.name);
            format!(
                "connection {} of project {project} has that name, but no pipeline of its project that can start names the connection in resources.webhooks",
                s.name
            )
        })
        .collect()
}
