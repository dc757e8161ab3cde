//! Moving refs: the one place where it happens, by git and by REST alike, with what hangs on it: the record of the
//! push, the webhooks that a pipeline's YAML names, and the runs that it starts.

use crate::{
    domain::{
        ci, service_hooks,
        source::{self, Place},
    },
    error::{Error, Result},
    store::{AzureDevOpsStore, CommitSummary, Definition, Push, RefChange, Registered, Repository},
    tenant::{ATTEMPTS, Tenant},
};
use parhelion_core::{Event, Verdict};
use parhelion_git::ObjectId;
use parhelion_state::Tx;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

/// Refs of a repository.
pub const MAX_REFS: usize = 10_000;
/// Refs that a fact names.
const NAMED: usize = 20;

/// A push whose objects are in the store.
#[derive(Clone, Debug)]
pub struct Moves {
    /// The repository.
    pub repository: Uuid,
    /// Its refs: all are moved, or none.
    pub refs: Vec<RefChange>,
    /// The commits that it brings, newest first.
    pub commits: Vec<CommitSummary>,
    /// How it came: `git` or `REST`.
    pub by: &'static str,
}

/// A push that was made.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Its record.
    pub record: Push,
    /// The repository after it.
    pub repository: Arc<Repository>,
}

/// Makes a push: moves its refs, records it, registers webhooks anew and starts runs, in one write.
///
/// # Errors
/// As [`apply`]; [`Error::Contended`] only when it was so several times.
pub async fn make(tenant: &Tenant, moves: &Moves) -> Result<Pushed> {
    for _ in 0..ATTEMPTS {
        let read = reread(tenant, |store| set(store, moves.repository, &moves.refs)).await?;
        let plan = ci::consider(tenant, moves.repository, &moves.refs).await?;
        let done = tenant.write(|store, tx| {
            apply(store, moves.repository, &moves.refs, &read)?;
            let pushed = record(store, moves, tx)?;
            let received = tx.emit(received(&pushed, moves));
            service_hooks::pushed(store, &pushed, received, tx);
            ci::start(store, moves.repository, &moves.refs, &plan, received, tx)?;
            Ok(pushed)
        });
        match done {
            Err(Error::Contended) => continue,
            other => return other,
        }
    }
    Err(Error::Contended)
}

fn record(store: &mut AzureDevOpsStore, moves: &Moves, tx: &mut Tx<'_>) -> Result<Pushed> {
    let repository = store.repositories.get(&moves.repository).cloned();
    let repository =
        repository.ok_or_else(|| Error::RepositoryUnknown { repository: moves.repository.to_string() })?;
    let record = Push {
        id: u32::try_from(tx.number("push")).unwrap_or(u32::MAX),
        repository: moves.repository,
        date: tx.now(),
        by: store.user(),
        commits: moves.commits.clone(),
        refs: moves.refs.clone(),
    };
    store.keep_push(record.clone());
    Ok(Pushed { record, repository })
}

fn received(Pushed { record, repository }: &Pushed, moves: &Moves) -> Event {
    let told = moves.refs.iter().take(NAMED).map(|r| format!("{} {}..{}", r.name, r.old, r.new));
    let told: Vec<String> = told.collect();
    let commits = match moves.commits.len() {
        1 => "1 commit".to_owned(),
        n => format!("{n} commits"),
    };
    let refs = match moves.refs.as_slice() {
        [one] => one.name.clone(),
        all => format!("{} refs", all.len()),
    };
    Event::new("git.received", format!("repository:{}", repository.id))
        .fact(format!("push {} by {} to {refs} of {} with {commits}", record.id, moves.by, repository.name))
        .verdict(Verdict::Ok)
        .with("push_id", record.id)
        .with("refs", told)
}

/// Why refs cannot be moved any more, in the word that git shows; the others can be.
pub fn lost(repository: Option<&Repository>, changes: &[RefChange]) -> BTreeMap<String, &'static str> {
    let Some(repository) = repository else {
        return changes.iter().map(|c| (c.name.clone(), "repository was deleted")).collect();
    };
    let gone: BTreeSet<&str> = changes
        .iter()
        .filter(|c| c.new.is_zero() && repository.tip(&c.name) == c.old.some())
        .map(|c| c.name.as_str())
        .collect();
    let made = changes.iter().filter(|c| c.old.is_zero() && !c.new.is_zero()).count();
    let full = repository.refs.len() + made > MAX_REFS + gone.len();
    let why = |c: &RefChange| match c {
        c if repository.tip(&c.name) != c.old.some() => Some("fetch first"),
        c if c.new.is_zero() => None,
        c if excluded(&repository.refs, &gone, &c.name) => Some("failed to update ref"),
        c => (full && c.old.is_zero()).then_some("too many refs"),
    };
    changes.iter().filter_map(|c| Some((c.name.clone(), why(c)?))).collect()
}

/// What the YAML at a definition's new place says about webhooks.
pub struct Reread {
    definition: u32,
    place: Place,
    registered: Registered,
}

/// The definitions whose YAML, or that of a template that they extend, would be found elsewhere once these refs are
/// moved, and where. One that could not be read is tried again.
fn moved(before: &AzureDevOpsStore, after: &AzureDevOpsStore) -> Vec<(u32, Place)> {
    let places = after.definitions.values().map(|d| (d, source::place(after, d, None)));
    let is_moved = |(d, place): &(&Arc<Definition>, Place)| {
        source::place(before, d, None) != *place
            || d.registered.problem.is_some()
            || d.registered.others.iter().any(|other| !other.is_still(after))
    };
    places.filter(is_moved).map(|(d, place)| (d.id, place)).collect()
}

/// Reads the YAML of every definition whose place an edit moves. New commits must be in the object store.
///
/// # Errors
/// Git hosting does not work.
pub async fn reread(tenant: &Tenant, edit: impl FnOnce(&mut AzureDevOpsStore)) -> Result<Vec<Reread>> {
    let (after, touched) = tenant.read(|store, _| {
        let mut after = store.clone();
        edit(&mut after);
        let touched = moved(store, &after);
        (after, touched)
    });
    let mut read = Vec::new();
    for (id, place) in touched {
        let Some(definition) = after.definitions.get(&id) else { continue };
        let registered = source::registered(tenant, after.clone(), definition, &place).await?;
        read.push(Reread { definition: id, place, registered });
    }
    Ok(read)
}

/// Registers anew what an edit has moved, in its write.
///
/// # Errors
/// [`Error::Contended`] when a definition was changed since its YAML was read.
pub fn register(before: &AzureDevOpsStore, store: &mut AzureDevOpsStore, read: &[Reread]) -> Result<()> {
    for (definition, place) in moved(before, store) {
        let is_of = |r: &&Reread| {
            r.definition == definition
                && r.place == place
                && r.registered.others.iter().all(|other| other.is_still(store))
        };
        let again = read.iter().find(is_of).ok_or(Error::Contended)?;
        store.definitions.edit(&definition, |d| d.registered = again.registered.clone());
    }
    Ok(())
}

/// Moves the refs, all or none.
///
/// # Errors
/// [`Error::RefMoved`] when one does not stand where it should, [`Error::RefConflict`] when git could not keep one
/// beside those that are there, [`Error::Contended`] when a definition was changed
/// since its YAML was read.
fn apply(
    store: &mut AzureDevOpsStore,
    repository: Uuid,
    changes: &[RefChange],
    read: &[Reread],
) -> Result<()> {
    let found = store.repositories.get(&repository);
    let found = found.ok_or_else(|| Error::RepositoryUnknown { repository: repository.to_string() })?;
    if let Some(lost) = changes.iter().find(|c| found.tip(&c.name) != c.old.some()) {
        return Err(Error::RefMoved { name: lost.name.clone() });
    }
    let before = store.clone();
    let had = found.refs.len();
    set(store, repository, changes);
    let has = store.repositories.get(&repository).map_or(0, |r| r.refs.len());
    if has > MAX_REFS && has > had {
        return Err(Error::invalid(format!("A repository may have at most {MAX_REFS} refs.")));
    }
    let none = BTreeSet::new();
    let names =
        |name: &str| store.repositories.get(&repository).is_some_and(|r| excluded(&r.refs, &none, name));
    if let Some(clash) = changes.iter().find(|c| c.new.some().is_some() && names(&c.name)) {
        return Err(Error::RefConflict { name: clash.name.clone() });
    }
    register(&before, store, read)
}

/// Whether another ref that stays stands above or below that name: `a` and `a/b` exclude each other in git.
fn excluded(refs: &BTreeMap<String, ObjectId>, gone: &BTreeSet<&str>, name: &str) -> bool {
    let below = format!("{name}/");
    let stays = |other: &str| refs.contains_key(other) && !gone.contains(other);
    let above = name.match_indices('/').any(|(at, _)| name.get(..at).is_some_and(stays));
    let mut lower = refs.range(below.clone()..).take_while(|(other, _)| other.starts_with(&below));
    above || lower.any(|(other, _)| !gone.contains(other.as_str()))
}

/// Moves the refs without asking.
pub fn set(store: &mut AzureDevOpsStore, repository: Uuid, changes: &[RefChange]) {
    store.repositories.edit(&repository, |r| {
        for change in changes {
            match change.new.some() {
                Some(id) => {
                    r.refs.insert(change.name.clone(), id);
                    // The first branch becomes the default one.
                    if r.default_branch.is_none() && change.name.starts_with("refs/heads/") {
                        r.default_branch = Some(change.name.clone());
                    }
                }
                None => {
                    r.refs.remove(&change.name);
                    r.locked.remove(&change.name);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;
    use parhelion_git::ObjectId;

    #[test]
    fn a_move_whose_yaml_was_not_read_is_not_made() {
        let bench = Bench::with_project("P");
        bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n");
        bench.define("one");
        let mut store = bench.store();
        let repository = store.repositories.values().next().unwrap().clone();
        let (name, old) = ("refs/heads/main".to_owned(), repository.tip("refs/heads/main").unwrap());
        let new: ObjectId = "1".repeat(40).parse().unwrap();
        let changes = [RefChange { name: name.clone(), old, new }];
        assert_eq!(apply(&mut store, repository.id, &changes, &[]), Err(Error::Contended));
        // The place was read for another commit.
        let was = bench.store();
        let place = source::place(&was, &was.definitions[&1], None);
        let stale = [Reread { definition: 1, place, registered: Registered::default() }];
        let mut store = bench.store();
        assert_eq!(apply(&mut store, repository.id, &changes, &stale), Err(Error::Contended));
        // A branch that no definition builds needs nothing.
        let other = [RefChange { name: "refs/heads/other".into(), old: ObjectId::ZERO, new: old }];
        assert_eq!(apply(&mut bench.store(), repository.id, &other, &[]), Ok(()));
        let lost = [RefChange { name, old: ObjectId::ZERO, new }];
        assert!(matches!(apply(&mut bench.store(), repository.id, &lost, &[]), Err(Error::RefMoved { .. })));
    }
}
