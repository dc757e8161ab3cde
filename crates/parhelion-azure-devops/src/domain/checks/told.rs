//! What is told of checks: approvals that are over, and what waits for what.

use super::{approve, gate::word};
use crate::{
    domain::service_hooks,
    show::time,
    store::{ApprovalStatus, AzureDevOpsStore, Build, CheckKind, CheckRun, CheckStatus, ResourceId},
};
use parhelion_core::{Cause, Event, Verdict as Told};
use parhelion_state::Tx;
use std::sync::Arc;

/// Tells what became of a run's approvals: those of a gate that was given up are given up too.
pub fn settle(store: &mut AzureDevOpsStore, build: &Build, cause: &Cause, tx: &mut Tx<'_>) {
    let checkpoints = build.stages.iter().filter_map(|s| s.checkpoint.as_ref());
    let over: Vec<&CheckRun> = checkpoints
        .flat_map(|c| &c.runs)
        .filter(|r| r.kind == CheckKind::Approval && r.status.is_final())
        .collect();
    for run in over {
        finished(store, run, Some(build), cause, tx);
    }
}

/// Ends an approval with its check, and tells of it.
pub(super) fn finished(
    store: &mut AzureDevOpsStore,
    run: &CheckRun,
    build: Option<&Build>,
    cause: &Cause,
    tx: &mut Tx<'_>,
) {
    let now = tx.now();
    let found = store.approval(&run.record).filter(|a| !a.told);
    let Some(mut approval) = found.map(|a| (**a).clone()) else { return };
    approval.told = true;
    match run.status {
        CheckStatus::Canceled => {
            approve::close(&mut approval, ApprovalStatus::Canceled, ApprovalStatus::Canceled, now)
        }
        CheckStatus::TimedOut => {
            approve::close(&mut approval, ApprovalStatus::TimedOut, ApprovalStatus::TimedOut, now)
        }
        _ => {}
    }
    let told = match approval.status {
        ApprovalStatus::Approved | ApprovalStatus::Skipped => Told::Ok,
        ApprovalStatus::Canceled => Told::Skipped,
        _ => Told::Failed,
    };
    let fact =
        format!("{} of stage {} is {}: {}", run.what(), approval.stage, word(approval.status), run.message);
    let event = Event::new("approval.finished", format!("approval:{}", run.record)).fact(fact).verdict(told);
    let event = event.with("run", build.map(|b| b.id)).with("stage", approval.stage.clone());
    let ended = tx.emit(event.because(cause.clone()));
    if let Some(build) = build {
        service_hooks::approval(store, build, &approval, true, ended.into(), tx);
    }
    store.put_approval(approval);
}

/// The runs that wait for a permission on one of these resources.
pub fn waits_for_permission(store: &AzureDevOpsStore, resource: &ResourceId) -> Vec<u32> {
    let waits = |run: &CheckRun| {
        run.kind == CheckKind::Authorization && run.resource == *resource && !run.status.is_final()
    };
    let held = |id: &u32| {
        let stages = store.builds.get(id).into_iter().flat_map(|b| &b.stages).filter(|s| s.is_held());
        stages.filter_map(|s| s.checkpoint.as_ref()).any(|c| c.runs.iter().any(waits))
    };
    store.open_builds().into_iter().filter(held).collect()
}

/// What a stage, an approval or a run waits for, for explain.
pub fn standing(store: &AzureDevOpsStore, subject: &str) -> Vec<Event> {
    let builds: Vec<&Arc<Build>> = match subject.split_once(':') {
        Some(("run", id)) => id.parse().ok().and_then(|id: u32| store.builds.get(&id)).into_iter().collect(),
        Some(("approval", id)) => {
            let approval = id.parse().ok().and_then(|id| store.approval(&id));
            approval.and_then(|a| store.builds.get(&a.run?)).into_iter().collect()
        }
        _ => return Vec::new(),
    };
    let mut told = Vec::new();
    for stage in builds.iter().flat_map(|b| &b.stages).filter(|s| s.is_held()) {
        let runs = stage.checkpoint.iter().flat_map(|c| &c.runs);
        for run in runs.filter(|r| r.status == CheckStatus::Running) {
            let waits = match store.approval(&run.record).filter(|_| run.kind == CheckKind::Approval) {
                Some(approval) => approve::asked(approval),
                None => run.message.clone(),
            };
            let until = run.until.map(time).unwrap_or_default();
            let fact = format!(
                "stage {} waits for {}: {waits}; its time runs out at {until}",
                stage.name,
                run.what()
            );
            let event = Event::new("stage.changed", subject).fact(fact).verdict(Told::Waiting);
            told.push(event.with("waits_for", word_of(run.kind)).with("check", run.record.to_string()));
        }
    }
    told
}

fn word_of(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Authorization => "permission",
        CheckKind::Approval => "approval",
        _ => "check",
    }
}
