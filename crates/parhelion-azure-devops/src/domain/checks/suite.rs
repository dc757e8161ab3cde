//! Checks that are evaluated by themselves, without a run that waits for them.

use super::{
    approve::Asks,
    gate::{self, At},
    is_strict,
    judge::About,
    permit, told,
};
use crate::{
    error::{Error, Result},
    store::{AzureDevOpsStore, CheckKind, CheckRun, Checkpoint, Project, ResourceId, Suite},
};
use parhelion_core::{Cause, Timestamp};
use parhelion_state::Tx;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// Resources of one evaluation at most.
const MAX_RESOURCES: usize = 100;

/// Evaluates the checks on some resources.
///
/// # Errors
/// When there are too many, or the id is taken.
pub fn evaluate(
    store: &mut AzureDevOpsStore,
    project: &Project,
    id: Option<Uuid>,
    resources: &[ResourceId],
    context: Value,
    tx: &mut Tx<'_>,
) -> Result<Arc<Suite>> {
    if resources.len() > MAX_RESOURCES {
        return Err(Error::invalid(format!("At most {MAX_RESOURCES} resources are evaluated at once.")));
    }
    // OBSERVED: the member's name.
    let pipeline = context.get("Pipeline.Id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    let id = id.unwrap_or_else(|| tx.uuid("suite"));
    if store.suites.contains_key(&id) {
        return Err(Error::invalid(format!("There is an evaluation {id} already.")));
    }
    let definition =
        pipeline.and_then(|id| store.definitions.get(&id)).filter(|d| d.project == project.id).cloned();
    let strict = is_strict(store);
    let permitted = |r: &&ResourceId| {
        definition.as_ref().is_none_or(|d| permit::permitted(store, project, d, r, false, strict))
    };
    let barred: Vec<ResourceId> = resources.iter().filter(|r| !permitted(r)).cloned().collect();
    let runs = gate::planned(store, project, resources, &barred, tx);
    let checkpoint = Checkpoint { record: id, ..gate::begun(runs, &at(id), tx) };
    let number = tx.number("suite");
    let mut suite = Suite { project: project.id, pipeline, context, number, checkpoint };
    look(store, &mut suite, tx);
    store.put_suite(suite);
    store.suites.get(&id).cloned().ok_or_else(|| Error::invalid("The evaluation could not be kept."))
}

fn at(id: Uuid) -> At {
    At { subject: format!("suite:{id}"), who: format!("evaluation {id}"), run: None, cause: Cause::Call }
}

fn look(store: &mut AzureDevOpsStore, suite: &mut Suite, tx: &mut Tx<'_>) {
    let Some(project) = store.projects.get(&suite.project).cloned() else { return };
    let definition = suite.pipeline.and_then(|id| store.definitions.get(&id)).cloned();
    let about =
        About { project: &project, definition: definition.as_deref(), run: None, strict: is_strict(store) };
    let asks = Asks { project: project.id, run: None, stage: "", attempt: 1, requester: None };
    let facets = [("project", project.name.as_str())];
    let at = at(suite.checkpoint.record);
    gate::look(store, &mut suite.checkpoint, &about, &asks, &facets, &at, tx);
    let over: Vec<CheckRun> = suite
        .checkpoint
        .runs
        .iter()
        .filter(|r| r.kind == CheckKind::Approval && r.status.is_final())
        .cloned()
        .collect();
    for run in over {
        told::finished(store, &run, None, &at.cause, tx);
    }
}

/// When an evaluation next goes on by itself.
pub fn next(store: &AzureDevOpsStore) -> Option<Timestamp> {
    store.suites.values().filter_map(|s| s.checkpoint.due).min()
}

/// Lets every evaluation go on whose time has come.
pub fn on_time(store: &mut AzureDevOpsStore, tx: &mut Tx<'_>) {
    let now = tx.now();
    let due = |s: &&Arc<Suite>| s.checkpoint.due.is_some_and(|at| at <= now);
    let due: Vec<Uuid> = store.suites.values().filter(due).map(|s| s.checkpoint.record).collect();
    for id in due {
        go_on(store, id, tx);
    }
}

/// Looks again at the evaluation that asked for an approval.
pub fn answered(store: &mut AzureDevOpsStore, approval: Uuid, tx: &mut Tx<'_>) {
    let asks = |s: &&Arc<Suite>| s.checkpoint.runs.iter().any(|r| r.record == approval);
    if let Some(id) = store.suites.values().find(asks).map(|s| s.checkpoint.record) {
        go_on(store, id, tx);
    }
}

/// Looks at an evaluation again.
fn go_on(store: &mut AzureDevOpsStore, id: Uuid, tx: &mut Tx<'_>) {
    let Some(suite) = store.suites.get(&id).filter(|s| s.checkpoint.is_open()) else { return };
    let mut suite = (**suite).clone();
    look(store, &mut suite, tx);
    store.put_suite(suite);
}
