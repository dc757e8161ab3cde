//! Incoming webhooks: which pipelines a name reaches, and what each makes of a request (azure-devops.md 4).

use crate::{
    domain::{
        checksum::{self, Checked},
        run::{Ask, Look},
    },
    settings::Registration,
    store::{AzureDevOpsStore, Endpoint, OutcomeKind, QueueStatus, Reason},
};
use parhelion_azure_pipelines::{FilterVerdict, WebhookResource, judge_all};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// A webhook resource of a pipeline, with the service connection that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The pipeline, and where its YAML is.
    pub look: Look,
    /// The resource.
    pub resource: WebhookResource,
    /// The connection.
    pub endpoint: Arc<Endpoint>,
}

impl Candidate {
    /// What a run for a payload is asked to be.
    pub fn ask(&self, payload: &Value, webhook: &str, delivery: Option<Uuid>) -> Ask {
        Ask {
            reason: Reason::ResourceTrigger,
            payloads: BTreeMap::from([(self.resource.alias.clone(), payload.clone())]),
            // CHOICE: the members of triggerInfo.
            trigger_info: BTreeMap::from([
                ("alias".to_owned(), self.resource.alias.clone()),
                ("webHookName".to_owned(), webhook.to_owned()),
            ]),
            delivery,
            ..Ask::default()
        }
    }
    /// Whether both saw the same pipeline, resource and connection.
    pub fn is_still(&self, other: &Candidate) -> bool {
        self.look.is_still(&other.look) && self.resource == other.resource && self.endpoint == other.endpoint
    }
    /// The connection's name in the pipeline's project.
    pub fn connection(&self) -> &str {
        self.endpoint.share(self.look.project.id).map_or("", |s| &s.name)
    }
}

/// Every webhook resource of the organization whose connection exists: what is registered.
pub fn registered(store: &AzureDevOpsStore, mode: Registration) -> Vec<Candidate> {
    let mut found = Vec::new();
    for definition in store.definitions.values() {
        // Docs: in practice a webhook exists only after a first run or save; the permissive mode does not wait.
        if mode == Registration::FirstRun && !definition.activated {
            continue;
        }
        let Some(project) = store.projects.get(&definition.project) else { continue };
        for resource in &definition.registered.webhooks {
            // Docs: with a `type` it is an extension's webhook, which this endpoint never starts.
            if resource.kind.is_some() {
                continue;
            }
            let Some(endpoint) = connection(store, definition.project, &resource.connection) else {
                continue;
            };
            let look = Look::at(store, project.clone(), definition, &Ask::default());
            found.push(Candidate { look, resource: resource.clone(), endpoint: endpoint.clone() });
        }
    }
    found
}

fn connection<'s>(store: &'s AzureDevOpsStore, project: Uuid, name: &str) -> Option<&'s Arc<Endpoint>> {
    let wanted = name.to_lowercase();
    let named = |e: &&Arc<Endpoint>| e.share(project).is_some_and(|s| s.name.to_lowercase() == wanted);
    store.endpoints.values().find(|e| e.is_webhook() && named(e))
}

/// Those that a name in a webhook's URL reaches: by the connection's `webhookname`, else by its own name.
// Docs: the first. CHOICE: the second, since the seed's second example posts to the connection's name; and that
// case does not matter.
pub fn reached(mut registered: Vec<Candidate>, name: &str) -> Vec<Candidate> {
    let wanted = name.to_lowercase();
    let by_parameter = |c: &Candidate| c.endpoint.parameter("webhookname").to_lowercase() == wanted;
    if registered.iter().any(by_parameter) {
        registered.retain(by_parameter);
    } else {
        registered.retain(|c| c.connection().to_lowercase() == wanted);
    }
    registered
}

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

/// A candidate's checksum.
pub fn check(candidate: &Candidate, headers: &[(String, String)], body: &[u8]) -> Checked {
    let endpoint = &candidate.endpoint;
    checksum::check(endpoint.parameter("secret"), endpoint.parameter("header"), headers, body)
}

/// What a candidate makes of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its checksum.
    pub checked: Checked,
    /// Its filters, as far as they were looked at.
    pub filters: Vec<FilterVerdict>,
    /// Why it does not run; `None`: it does.
    pub stopped: Option<OutcomeKind>,
}

/// Judges a request for a candidate, in the order of azure-devops.md 4.2.
pub fn judge(candidate: &Candidate, headers: &[(String, String)], body: &[u8], payload: &Value) -> Judged {
    let checked = check(candidate, headers, body);
    if !checked.accepts() {
        return Judged { checked, filters: Vec::new(), stopped: Some(OutcomeKind::Unauthorized) };
    }
    if candidate.look.definition.queue_status != QueueStatus::Enabled {
        return Judged { checked, filters: Vec::new(), stopped: Some(OutcomeKind::Paused) };
    }
    let filters = judge_all(&candidate.resource.filters, payload);
    let stopped = filters.iter().any(|f| !f.matched).then_some(OutcomeKind::FilterMiss);
    Judged { checked, filters, stopped }
}
