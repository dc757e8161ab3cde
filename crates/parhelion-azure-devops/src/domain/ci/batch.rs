//! `batch: true`: while a run that a push started is under way, the pushes to its branch are held back; when it is over,
//! one run builds the newest of them.
//! Docs: <https://learn.microsoft.com/en-us/azure/devops/pipelines/build/triggers>, "Batching CI runs".

use super::{Started, filter};
use crate::{
    domain::run::{self, Ask, Expansion, Look},
    store::{AzureDevOpsStore, Batch, Build, BuildStatus, QueueStatus, Reason},
};
use parhelion_azure_pipelines::{
    Expanded,
    yaml::{Mark, Node, Tree},
};
use parhelion_core::{Cause, Event, Verdict};
use parhelion_state::Tx;

/// Branches of pipelines for which pushes are held back; with more, they run at once.
const MAX_HELD: usize = 1_000;

/// The run of a pipeline on a branch that pushes wait for.
// CHOICE: runs that a push started; one started by hand holds nothing back.
fn under_way(store: &AzureDevOpsStore, definition: u32, branch: &str) -> Option<u32> {
    let waits = |b: &&std::sync::Arc<Build>| {
        b.definition == definition
            && b.branch == branch
            && b.status != BuildStatus::Completed
            && matches!(b.reason, Reason::IndividualCI | Reason::BatchedCI)
    };
    store.builds.values().rev().find(waits).map(|b| b.id)
}

/// Holds a push back if a run is under way; gives that run. Nothing else is to be started then.
pub(super) fn hold(store: &mut AzureDevOpsStore, started: &Started) -> Option<u32> {
    let Started { look, ask, expansion } = started;
    let key = (look.definition.id, look.place.branch.clone());
    let run = under_way(store, key.0, &key.1).filter(|_| ask.reason == Reason::BatchedCI)?;
    let before = store.batches.get(&key).map_or(0, |b| b.pushes);
    if before == 0 && store.batches.len() >= MAX_HELD {
        return None;
    }
    let batch = Batch {
        commit: look.place.commit?,
        pushes: before.saturating_add(1),
        trigger_info: ask.trigger_info.clone(),
        pipeline: expansion.expanded.pipeline.clone(),
        final_yaml: expansion.expanded.final_yaml.as_str().into(),
        files: expansion.expanded.files.clone(),
        extends: expansion.expanded.extends.clone(),
        others: expansion.others.clone(),
    };
    store.batches.put(key, batch);
    Some(run)
}

/// Starts what was held back for a build that is over, or is gone.
pub fn release(store: &mut AzureDevOpsStore, definition: u32, branch: &str, cause: Cause, tx: &mut Tx<'_>) {
    let key = (definition, branch.to_owned());
    if !store.batches.contains_key(&key) || under_way(store, definition, branch).is_some() {
        return;
    }
    let Some(batch) = store.batches.remove(&key) else { return };
    let Some(found) = store.definitions.get(&definition).cloned() else { return };
    let Some(project) = store.projects.get(&found.project).cloned() else { return };
    let pushes = match batch.pushes {
        1 => "1 push was".to_owned(),
        n => format!("{n} pushes were"),
    };
    let event = Event::new("trigger.evaluated", format!("pipeline:{definition}"))
        .with("pipeline_id", definition)
        .with("pipeline", found.name.clone())
        .with("ref", branch.to_owned())
        .because(cause);
    let (name, shown) = (&found.name, filter::shown(branch));
    if found.queue_status != QueueStatus::Enabled {
        let fact = format!(
            "pipeline {name} does not run on {shown}, for which {pushes} held back: it is paused or disabled"
        );
        tx.emit(event.fact(fact).verdict(Verdict::Skipped));
        return;
    }
    let fact =
        format!("pipeline {name} runs on {shown}: the run before is over, {pushes} held back meanwhile");
    let told = tx.emit(event.fact(fact).verdict(Verdict::Ok));
    let ask = Ask {
        reason: Reason::BatchedCI,
        branch: Some(branch.to_owned()),
        version: Some(batch.commit),
        trigger_info: batch.trigger_info.clone(),
        ..Ask::default()
    };
    let look = Look::at(store, project, &found, &ask);
    let expanded = Expanded {
        tree: Node { mark: Mark::default(), tree: Tree::Mapping(Vec::new()) },
        pipeline: batch.pipeline.clone(),
        final_yaml: batch.final_yaml.to_string(),
        warnings: Vec::new(),
        files: batch.files.clone(),
        extends: batch.extends.clone(),
    };
    let expansion = Expansion { expanded, others: batch.others.clone(), known: None };
    run::start(store, &look, &ask, &expansion, Cause::Event(told), tx);
}
