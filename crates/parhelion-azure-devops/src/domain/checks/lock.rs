//! Exclusive locks: one stage at a time has the resource to itself, from when it is let in until it is over.

use crate::store::{AzureDevOpsStore, Build, CheckKind, CheckRun, CheckStatus, ResourceId, StageRun};
use parhelion_core::Timestamp;
use std::collections::BTreeMap;

/// Where a run stands with its locks: what changes when it moves, so that others may be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks(BTreeMap<(usize, ResourceId), (CheckStatus, bool)>);

impl Locks {
    /// Those of a run.
    pub fn of(build: &Build) -> Self {
        let stages = build.stages.iter().enumerate();
        let all = stages.flat_map(|(s, stage)| {
            locks(stage)
                .map(move |run| ((s, run.resource.clone()), (run.status, stage.life.finished.is_some())))
        });
        Locks(all.collect())
    }
    /// The resources about which something changed.
    pub fn changed(&self, after: &Locks) -> Vec<ResourceId> {
        let both = self.0.iter().filter(|(key, was)| after.0.get(key) != Some(was)).map(|(key, _)| &key.1);
        let new = after.0.keys().filter(|key| !self.0.contains_key(key)).map(|key| &key.1);
        let mut all: Vec<ResourceId> = both.chain(new).cloned().collect();
        all.sort();
        all.dedup();
        all
    }
}

fn locks(stage: &StageRun) -> impl Iterator<Item = &CheckRun> {
    let runs = stage.checkpoint.iter().flat_map(|c| &c.runs);
    runs.filter(|r| r.kind == CheckKind::ExclusiveLock)
}

fn holds(stage: &StageRun, resource: &ResourceId) -> bool {
    let at_work = stage.life.started.is_some() && stage.life.finished.is_none();
    at_work && locks(stage).any(|r| r.resource == *resource && r.status == CheckStatus::Approved)
}

fn waits(stage: &StageRun, resource: &ResourceId) -> Option<Timestamp> {
    if !stage.is_held() {
        return None;
    }
    let run = locks(stage).find(|r| r.resource == *resource && r.status == CheckStatus::Running)?;
    run.begun
}

/// The runs that wait for one of these resources' locks, the oldest first.
pub fn waiting_for(store: &AzureDevOpsStore, resources: &[ResourceId]) -> Vec<u32> {
    let waits_there = |id: &u32| {
        let stages = store.builds.get(id).into_iter().flat_map(|b| &b.stages);
        stages.into_iter().any(|s| resources.iter().any(|r| waits(s, r).is_some()))
    };
    store.open_builds().into_iter().filter(waits_there).collect()
}

/// What stands between a stage and a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing: it is its.
    Mine,
    /// Another; who, in words.
    Another(String),
    /// A newer run of the same pipeline wants it, and this one need not.
    Superseded(u32),
}

/// Whose turn it is at a resource.
// Docs: with `runLatest` only the newest run gets the lock, with `sequential` all of them one after another.
// CHOICE: newest among the runs of the same pipeline; between pipelines, who came first.
pub fn turn(
    store: &AzureDevOpsStore,
    build: &Build,
    stage: usize,
    resource: &ResourceId,
    since: Timestamp,
) -> Turn {
    let sequential = build.stages.get(stage).is_some_and(|s| s.sequential);
    let open = store.open_builds();
    let others = || open.iter().filter(|id| **id != build.id).filter_map(|id| store.builds.get(id));
    if !sequential {
        let newer = others().filter(|b| b.id > build.id && b.definition == build.definition);
        let newer = newer.filter(|b| b.stages.iter().any(|s| waits(s, resource).is_some()));
        if let Some(newer) = newer.map(|b| b.id).max() {
            return Turn::Superseded(newer);
        }
    }
    let own = build.stages.iter().enumerate().filter(|(s, _)| *s != stage).map(|(_, s)| (build, s));
    let all = others().flat_map(|b| b.stages.iter().map(move |s| (&**b, s))).chain(own);
    if let Some((holder, at)) = all.into_iter().find(|(_, s)| holds(s, resource)) {
        return Turn::Another(format!(
            "run {} (id {}) holds it with stage {}",
            holder.number, holder.id, at.name
        ));
    }
    let before = others().filter(|b| {
        // One that will be superseded is not waited for.
        let counts = sequential || b.definition != build.definition;
        let earlier = |since_other: Timestamp| (since_other, b.id) < (since, build.id);
        counts && b.stages.iter().any(|s| waits(s, resource).is_some_and(earlier))
    });
    match before.min_by_key(|b| b.id) {
        Some(first) => Turn::Another(format!("run {} (id {}) was there first", first.number, first.id)),
        None => Turn::Mine,
    }
}
