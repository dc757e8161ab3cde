//! What a git push does to a site: refs set by compare-and-set, and a deployment begun, in one commit.

use crate::domain::lifecycle::{self, Pushed, explain_lock};
use crate::domain::package::{Package, PackageError};
use crate::error::Error;
use crate::store::{KuduStore, Push, Repository};
use parhelion_core::{Event, Verdict};
use parhelion_git::RefUpdate;
use parhelion_state::{Operation, Tx};
use std::collections::BTreeMap;

/// Most refs of a site's repository.
const MAX_REFS: usize = 10_000;

/// A push that git found good.
pub struct Refs {
    /// Its changes.
    pub updates: Vec<RefUpdate>,
    /// All or nothing.
    pub atomic: bool,
    /// The full name of the branch that deploys.
    pub branch: String,
    /// The commit that is deployed, if that branch is set to one.
    pub push: Option<(Push, Result<Package, PackageError>)>,
    /// Who pushes.
    pub who: Option<String>,
}

/// Refs that were not set, each with git's word for why; the lock and the id of the deployment that was begun.
type Taken = (BTreeMap<String, String>, Option<u64>, Option<String>);

/// Whether a new ref cannot stand beside those that are there: `a` and `a/b` exclude each other.
fn clashes(repository: &Repository, name: &str) -> bool {
    let above =
        name.match_indices('/').any(|(at, _)| repository.refs.contains_key(name.get(..at).unwrap_or(name)));
    let below = format!("{name}/");
    above || repository.refs.range(below.clone()..).next().is_some_and(|(other, _)| other.starts_with(&below))
}

/// Sets refs and deploys. Docs: wiki "Deploying from a local Git repository".
pub struct PushRefs;

impl Operation for PushRefs {
    const NAME: &'static str = "ReceivePack";
    type Store = KuduStore;
    type Input = Refs;
    type Output = Taken;
    type Error = Error;

    fn run(store: &mut KuduStore, input: Refs, tx: &mut Tx<'_>) -> Result<Taken, Error> {
        if let Some(lock) = &store.lock {
            let (pending, since) = (lock.operation.clone(), lock.since);
            explain_lock(store, tx);
            return Err(Error::Conflict { operation: "Receiving changes", pending, since });
        }
        let mut repository = store.repository.clone().unwrap_or_default();
        let mut refused = BTreeMap::new();
        for update in &input.updates {
            let there = repository.refs.get(&update.name).map(|id| **id);
            let why = match update.new {
                _ if there != update.old => "fetch first",
                Some(_) if update.old.is_none() && repository.refs.len() >= MAX_REFS => "too many refs",
                // Git has seen to that among the refs that the push found; others may have come since.
                Some(_) if update.old.is_none() && clashes(&repository, &update.name) => {
                    "failed to update ref"
                }
                Some(new) => {
                    repository.refs.put(update.name.clone(), new);
                    continue;
                }
                None => {
                    repository.refs.remove(&update.name);
                    continue;
                }
            };
            refused.insert(update.name.clone(), why.to_owned());
        }
        if input.atomic && !refused.is_empty() {
            for update in &input.updates {
                refused.entry(update.name.clone()).or_insert_with(|| "atomic push failed".to_owned());
            }
        }
        let (site, pushed) = (format!("site:{}", store.site), input.updates.len() - refused.len());
        let who = input.who.as_deref().unwrap_or("somebody");
        let verdict = if pushed == 0 { Verdict::Failed } else { Verdict::Ok };
        let received =
            Event::new("git.received", &*site).fact(format!("{who} pushed {pushed} refs")).verdict(verdict);
        tx.emit(received.with("refs", input.updates.iter().map(|u| u.name.clone()).collect::<Vec<_>>()));
        for (name, why) in &refused {
            let changed = Event::new("ref.changed", &*site);
            tx.emit(changed.fact(format!("{name} was not set: {why}")).verdict(Verdict::Failed));
        }
        if pushed == 0 {
            return Ok((refused, None, None));
        }
        store.repository = Some(repository);
        let Some((push, package)) = input.push.filter(|_| !refused.contains_key(&input.branch)) else {
            let fact =
                format!("{} was not set, or pushes are stored alone: nothing is deployed", input.branch);
            tx.emit(Event::new("deployment.skipped", site).fact(fact).verdict(Verdict::Skipped));
            return Ok((refused, None, None));
        };
        let settings = lifecycle::settings(tx);
        Ok(match lifecycle::push(store, &push, package, &settings, tx) {
            Pushed::Deployed { id, lock, .. } => (refused, Some(lock), Some(id)),
            _ => (refused, None, None),
        })
    }
}
