//! What an event says, in short and in long.

use super::Happening;
use crate::{
    domain::service_hooks::envelope::{Message, said},
    show::{self, Links},
    store::{AzureDevOpsStore, Push, Repository},
};

/// How a message ends: a result, or a state that has none.
fn ending(result: Option<String>, state: &str) -> String {
    let word = result.unwrap_or_else(|| state.to_owned());
    match word.as_str() {
        "PartiallySucceeded" => "partially succeeded".to_owned(),
        "InProgress" => "in progress".to_owned(),
        "NotStarted" => "not started".to_owned(),
        "timedOut" => "timed out".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

impl Happening<'_> {
    /// What it says, in short and in long.
    pub fn messages(&self, store: &AzureDevOpsStore, links: &Links) -> (Message, Message) {
        match self {
            Happening::Built(build) => {
                let web = links.to(format_args!("{}/_build/results?buildId={}", build.project, build.id));
                let one = said("Build ", (&build.number, &web), &format!(" {}", ending(self.result(), "")));
                (one.clone(), one)
            }
            Happening::Moved(build, _, _) => {
                let web = links.to(format_args!("{}/_build/results?buildId={}", build.project, build.id));
                let end = format!(" {}.", ending(self.result(), &self.state()));
                let run = format!("Run {}", build.number);
                let one = match self.parts() {
                    (Some(stage), Some(job)) => {
                        said(&format!("{run} stage {} job ", stage.name), (&job.display, &web), &end)
                    }
                    (Some(stage), None) => said(&format!("{run} stage "), (&stage.name, &web), &end),
                    _ => said("", (&run, &web), &end),
                };
                (one.clone(), one)
            }
            Happening::Approval(build, approval, over) => {
                let web = links.to(format_args!("{}/_build/results?buildId={}", build.project, build.id));
                let definition = store.definitions.get(&build.definition);
                let pipeline = definition.map(|d| d.name.clone()).unwrap_or_default();
                let (kind, name) = (&approval.resource.kind, &approval.resource_name);
                // OBSERVED: the sentence of a pending one.
                let one = if *over {
                    let status = ending(Some(crate::domain::checks::status_word(approval.status)), "");
                    said(
                        "Approval for deployment of pipeline ",
                        (&pipeline, &web),
                        &format!(" to {kind} {name} {status}."),
                    )
                } else {
                    said(
                        "Approval pending for deployment of pipeline ",
                        (&pipeline, &web),
                        &format!(" to {kind} {name}."),
                    )
                };
                (one.clone(), one)
            }
            Happening::Pushed(push, repository) => pushed(store, push, repository, links),
        }
    }
}

/// Commits that a message lists.
const LISTED: usize = 10;

fn pushed(
    store: &AzureDevOpsStore,
    push: &Push,
    repository: &Repository,
    links: &Links,
) -> (Message, Message) {
    let web = show::git::remote(store, repository, links);
    let branch = |full: &str| full.strip_prefix("refs/heads/").unwrap_or(full).to_owned();
    let place = match push.refs.as_slice() {
        [one] => format!("branch {}", branch(&one.name)),
        all => format!("{} branches", all.len()),
    };
    let who = &push.by.name;
    let short =
        said(&format!("{who} pushed updates to {place} of repository "), (&repository.name, &web), ".");
    let commits = match push.commits.len() {
        1 => "1 commit".to_owned(),
        n => format!("{n} commits"),
    };
    let list: String = push
        .commits
        .iter()
        .take(LISTED)
        .map(|c| {
            let id = c.id.to_string();
            format!("\n - {} {}", c.comment.lines().next().unwrap_or_default(), id.get(..8).unwrap_or(&id))
        })
        .collect();
    let end = format!(".{list}");
    let long =
        said(&format!("{who} pushed {commits} to {place} of repository "), (&repository.name, &web), &end);
    (short, long)
}
