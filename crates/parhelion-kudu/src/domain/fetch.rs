//! Fetching a repository because somebody told of a change there.

use super::lifecycle::{self, Pushed};
use super::package::Package;
use crate::settings::Fetching;
use crate::store::{Commit, KuduStore, Layout, Push};
use parhelion_core::text::hex;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Job, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// The kind of the job that clones.
pub const KIND: &str = "kudu.fetch";

/// Commits made of payloads that a site keeps besides those of its deployments.
const COMMITS: usize = 1_000;

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetch {
    /// The repository's address.
    pub url: String,
    /// The commit, where it was named.
    pub commit: Option<String>,
    /// What is said of it.
    pub said: Commit,
    /// What or who deploys.
    pub deployer: Option<String>,
    /// Whether it is one of many changes that come as they are made: the commit that is active already is not
    /// deployed again, and one that comes while the lock is held is deferred.
    pub continuous: bool,
}

/// Fetches and deploys. The lock must be free.
pub fn run(store: &mut KuduStore, fetch: &Fetch, tx: &mut Tx<'_>) -> Pushed {
    let settings = lifecycle::settings(tx);
    if settings.fetch == Fetching::Git {
        let push = push_of(fetch, None, &fetch.said, Layout::Sync { clean: false, below: None });
        let (temporary, lock) = lifecycle::receive(store, &push, tx);
        let branch = branch(store).to_owned();
        let input = json!({"lock": lock, "url": fetch.url, "branch": branch, "commit": fetch.commit, "continuous": fetch.continuous});
        let subject = format!("deployment:{temporary}");
        tx.spawn_job(Job { kind: KIND.to_owned(), subject, input });
        return Pushed::Fetching { temporary, lock };
    }
    let id = match &fetch.commit {
        Some(commit) => commit.to_ascii_lowercase(),
        // CHOICE: nothing is fetched, so the head of the branch is a commit of our own making.
        None => hex(&tx.bytes::<20>("commit")),
    };
    let kept: BTreeSet<String> = store.deployments.keys().cloned().collect();
    let repository = store.repository.get_or_insert_default();
    if repository.simulated.len() >= COMMITS {
        // Those that no deployment shows can be asked for by nobody who does not know them from before.
        let gone: Vec<String> =
            repository.simulated.keys().filter(|id| !kept.contains(*id)).cloned().collect();
        for id in gone {
            repository.simulated.remove(&id);
        }
    }
    repository.simulated.put(id.clone(), fetch.said.clone());
    repository.fetched = Some(id.clone());
    if fetch.continuous && store.active.as_ref() == Some(&id) {
        let fact = "that commit is the active deployment already: nothing is deployed";
        tx.emit(
            Event::new("deployment.skipped", format!("deployment:{id}")).fact(fact).verdict(Verdict::Skipped),
        );
        return Pushed::Nothing;
    }
    let push = push_of(fetch, Some(id), &fetch.said, Layout::Nothing);
    lifecycle::push(store, &push, Ok(Package::default()), &settings, tx)
}

/// The branch that is deployed. OBSERVED: `branch` is the older name of the setting and goes first.
pub fn branch(store: &KuduStore) -> &str {
    let settings = &store.settings;
    settings.filled("branch").or_else(|| settings.filled("deployment_branch")).unwrap_or("master")
}

/// A fetch as a push of a commit.
pub fn push_of(fetch: &Fetch, commit: Option<String>, said: &Commit, layout: Layout) -> Push {
    Push {
        receiving: format!("Fetch from {}", shown(&fetch.url)),
        author: said.author.clone(),
        author_email: said.email.clone(),
        deployer: fetch.deployer.clone(),
        message: said.message.clone(),
        commit,
        dashed_id: false,
        layout,
    }
}

/// An address without what stands before its `@` or in its query: both may be secrets.
pub fn shown(url: &str) -> String {
    let Some(shown) = super::hook_url::HookUrl::parse(url).map(|url| url.shown()) else {
        return "an address that is none".to_owned();
    };
    match shown.split_once('?') {
        Some((bare, _)) => format!("{bare}?****"),
        None => shown,
    }
}
