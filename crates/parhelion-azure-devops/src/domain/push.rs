//! Moving refs: the one place where it happens, with what hangs on it (the webhooks that a pipeline's YAML names).

use crate::{
    domain::source::{self, Place},
    error::{Error, Result},
    store::{AzureDevOpsStore, Definition, RefChange, Registered},
    tenant::Tenant,
};
use parhelion_git::ObjectId;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

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

/// Reads the YAML of every definition that a move of refs touches. The new commits must be in the object store.
pub async fn reread(tenant: &Tenant, repository: Uuid, changes: &[RefChange]) -> Result<Vec<Reread>> {
    let (after, touched) = tenant.read(|store, _| {
        let mut after = store.clone();
        set(&mut after, repository, changes);
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

/// Moves the refs, all or none.
///
/// # Errors
/// [`Error::RefMoved`] when one does not stand where it should, [`Error::RefConflict`] when git could not keep one
/// beside those that are there, [`Error::Contended`] when a definition was changed
/// since its YAML was read.
pub fn apply(
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
    set(store, repository, changes);
    let names = |name: &str| store.repositories.get(&repository).is_some_and(|r| excluded(&r.refs, name));
    if let Some(clash) = changes.iter().find(|c| c.new.some().is_some() && names(&c.name)) {
        return Err(Error::RefConflict { name: clash.name.clone() });
    }
    for (definition, place) in moved(&before, store) {
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

/// Whether another ref stands above or below that name: `a` and `a/b` exclude each other in git.
fn excluded(refs: &BTreeMap<String, ObjectId>, name: &str) -> bool {
    let below = format!("{name}/");
    let above = name.match_indices('/').any(|(at, _)| refs.contains_key(&name[..at]));
    above || refs.range(below.clone()..).next().is_some_and(|(other, _)| other.starts_with(&below))
}

fn set(store: &mut AzureDevOpsStore, repository: Uuid, changes: &[RefChange]) {
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
