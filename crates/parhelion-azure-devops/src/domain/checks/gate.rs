//! The gate before a stage: its checks are looked at turn by turn, and it goes on when all of them hold.

use super::{
    approve::{self, Asks},
    is_strict,
    judge::{self, About, Verdict},
    needs, permit,
    turn::{begin, draw, one},
};
use crate::{
    domain::run::life::Entry,
    store::{
        AzureDevOpsStore, Build, CheckKind, CheckRun, CheckStatus, CheckTurn, Checkpoint, Project,
        RecordResult, ResourceId,
    },
};
use chrono::TimeDelta;
use parhelion_core::{Cause, Event, Timestamp, Verdict as Told};
use parhelion_state::Tx;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// Minutes that a check may take when nobody says: thirty days.
// Docs: the portal's default.
pub(super) const TIMEOUT: u32 = 30 * 24 * 60;

/// The word of an enumeration, as answers write it.
pub(super) fn word(of: impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Who stands at a gate, for facts.
pub(super) struct At {
    /// The subject of what is told of the gate itself.
    pub subject: String,
    /// Who, in words.
    pub who: String,
    /// The run.
    pub run: Option<u32>,
    /// What led here.
    pub cause: Cause,
}

/// Whether anything stands before a stage.
pub fn is_guarded(store: &AzureDevOpsStore, build: &Build, s: usize) -> bool {
    let strict = is_strict(store);
    if !strict && store.checks.is_empty() && store.permissions.is_empty() {
        return false;
    }
    let Some((project, definition)) =
        store.projects.get(&build.project).zip(store.definitions.get(&build.definition))
    else {
        return false;
    };
    let is_checked = |r: &ResourceId| store.checks_on(r).any(|c| c.project == project.id && !c.disabled);
    let bars = |r: &ResourceId, implied| !permit::permitted(store, project, definition, r, implied, strict);
    needs::uses(build, s, definition).iter().any(|(r, implied)| is_checked(r) || bars(r, *implied))
}

/// Looks at the checks before a stage that is ready to begin.
pub fn enter(
    store: &mut AzureDevOpsStore,
    build: &mut Build,
    s: usize,
    facets: &[(&'static str, &str)],
    cause: &Cause,
    tx: &mut Tx<'_>,
) -> Entry {
    let (Some(project), Some(definition)) =
        (store.projects.get(&build.project).cloned(), store.definitions.get(&build.definition).cloned())
    else {
        return Entry::Open;
    };
    let strict = is_strict(store);
    // Where nobody guards anything there is nothing to look at; what was fixed before is.
    let is_open = build.stages.get(s).is_some_and(|stage| stage.is_held());
    if !is_open && !strict && store.checks.is_empty() && store.permissions.is_empty() {
        return Entry::Open;
    }
    let Some(stage) = build.stages.get_mut(s) else { return Entry::Open };
    let at = At {
        subject: format!("stage:{}", stage.record),
        who: format!("stage {}", stage.name),
        run: Some(build.id),
        cause: cause.clone(),
    };
    let (name, attempt) = (stage.name.clone(), stage.earlier.len() + 1);
    let held = stage.checkpoint.take();
    let mut checkpoint = match held {
        Some(checkpoint) if !checkpoint.is_open() => {
            // A stage is asked once: it was let in or refused then.
            stage.checkpoint = Some(checkpoint);
            return Entry::Open;
        }
        Some(checkpoint) => checkpoint,
        None => {
            let uses = needs::uses(build, s, &definition);
            let permitted = |(r, implied): &(ResourceId, bool)| {
                permit::permitted(store, &project, &definition, r, *implied, strict)
            };
            let barred: Vec<ResourceId> =
                uses.iter().filter(|u| !permitted(u)).map(|(r, _)| r.clone()).collect();
            let all: Vec<ResourceId> = uses.into_iter().map(|(r, _)| r).collect();
            let runs = planned(store, &project, &all, &barred, tx);
            if runs.is_empty() {
                return Entry::Open;
            }
            Box::new(begun(runs, &at, tx))
        }
    };
    let about = About { project: &project, definition: Some(&definition), run: Some((build, s)), strict };
    let asks = Asks {
        project: project.id,
        run: Some((build.id, build.definition)),
        stage: &name,
        attempt,
        requester: Some(&build.requested_by),
    };
    let attempt = attempt.to_string();
    let mut all = facets.to_vec();
    all.extend([("stage", name.as_str()), ("attempt", attempt.as_str())]);
    look(store, &mut checkpoint, &about, &asks, &all, &at, tx);
    let entry = entry(&checkpoint);
    if let Some(stage) = build.stages.get_mut(s) {
        stage.checkpoint = Some(checkpoint);
    }
    entry
}

/// What a checkpoint means for its stage.
// Docs: a stage whose checks were not met in time is skipped. CHOICE: a check that says no makes it fail, a lock that is
// given up for a newer run cancels it.
fn entry(checkpoint: &Checkpoint) -> Entry {
    let why = || {
        let bad = checkpoint
            .runs
            .iter()
            .find(|r| r.status == checkpoint.status && r.status != CheckStatus::Approved);
        bad.map_or_else(String::new, |run| format!("{}: {}", run.what(), run.message))
    };
    match checkpoint.status {
        CheckStatus::Queued | CheckStatus::Running => Entry::Held,
        CheckStatus::Approved => Entry::Open,
        CheckStatus::Rejected => Entry::Refused(RecordResult::Failed, why()),
        CheckStatus::TimedOut => Entry::Refused(RecordResult::Skipped, why()),
        CheckStatus::Canceled => Entry::Refused(RecordResult::Canceled, why()),
    }
}

/// The checks on some resources, none of which has begun; `barred` are those that need a permission first.
pub(super) fn planned(
    store: &AzureDevOpsStore,
    project: &Project,
    resources: &[ResourceId],
    barred: &[ResourceId],
    tx: &mut Tx<'_>,
) -> Vec<CheckRun> {
    let mut runs = Vec::new();
    for resource in resources {
        let name = needs::resource_name(store, project, resource).unwrap_or_default();
        let mut add = |configuration, kind, turn, label: &str, settings: Arc<Value>, timeout| {
            runs.push(CheckRun {
                record: tx.uuid("record"),
                configuration,
                resource: resource.clone(),
                resource_name: name.clone(),
                kind,
                turn,
                label: label.to_owned(),
                settings,
                timeout,
                begun: None,
                until: None,
                again: None,
                drawn: None,
                tries: 0,
                finished: None,
                status: CheckStatus::Queued,
                message: String::new(),
            });
        };
        if barred.contains(resource) {
            let none = Arc::new(Value::Null);
            add(None, CheckKind::Authorization, CheckTurn::Authorization, "", none, TIMEOUT);
        }
        for check in store.checks_on(resource).filter(|c| c.project == project.id && !c.disabled) {
            let label = check.settings.get("displayName").and_then(Value::as_str).unwrap_or_default();
            add(Some(check.id), check.kind, check.turn, label, check.settings.clone(), check.timeout);
        }
    }
    runs
}

/// A checkpoint that begins now.
pub(super) fn begun(runs: Vec<CheckRun>, at: &At, tx: &mut Tx<'_>) -> Checkpoint {
    let list: Vec<String> = runs.iter().map(CheckRun::what).take(10).collect();
    let fact = format!("{} has {} checks to pass: {}", at.who, runs.len(), list.join("; "));
    let event = Event::new("stage.changed", at.subject.clone()).fact(fact).verdict(Told::Waiting);
    tx.emit(event.because(at.cause.clone()).with("run", at.run));
    let now = tx.now();
    Checkpoint {
        record: tx.uuid("record"),
        begun: now,
        finished: None,
        status: CheckStatus::Running,
        due: Some(now),
        runs,
    }
}

/// Looks at all checks whose turn it is, and at those after them as far as they hold.
pub(super) fn look(
    store: &mut AzureDevOpsStore,
    checkpoint: &mut Checkpoint,
    about: &About<'_>,
    asks: &Asks<'_>,
    facets: &[(&'static str, &str)],
    at: &At,
    tx: &mut Tx<'_>,
) {
    let now = tx.now();
    loop {
        let open = checkpoint.runs.iter().filter(|r| !r.status.is_final()).map(|r| r.turn).min();
        let Some(turn) = open else {
            checkpoint.end(CheckStatus::Approved, now);
            let fact = format!("{} passed its checks and goes on", at.who);
            let event = Event::new("stage.changed", at.subject.clone()).fact(fact).verdict(Told::Ok);
            tx.emit(event.because(at.cause.clone()).with("run", at.run));
            return;
        };
        for run in checkpoint.runs.iter_mut().filter(|r| r.turn == turn && !r.status.is_final()) {
            if run.begun.is_none() {
                begin(store, run, (about, asks), facets, at, tx);
            } else if run.kind == CheckKind::Task
                && run.drawn.is_none()
                && run.again.is_some_and(|again| again <= now)
            {
                draw(run, facets, at, tx);
            }
            one(store, run, about, at, tx);
        }
        let bad = |r: &&CheckRun| {
            matches!(r.status, CheckStatus::Rejected | CheckStatus::TimedOut | CheckStatus::Canceled)
        };
        if let Some(status) = checkpoint.runs.iter().find(bad).map(|r| r.status) {
            checkpoint.cancel(now);
            checkpoint.status = status;
            return;
        }
        // Docs: what takes long may end after the hours of business, which are then waited for again.
        if !checkpoint.runs.iter().any(|r| r.turn == turn && !r.status.is_final()) {
            let mut again = false;
            let hours = |r: &&mut CheckRun| r.turn == turn && r.kind == CheckKind::BusinessHours;
            for run in checkpoint.runs.iter_mut().filter(hours) {
                if let Verdict::NotYet(..) = judge::judge(store, about, run, now) {
                    (run.status, run.finished, again) = (CheckStatus::Running, None, true);
                }
            }
            // They are looked at as the others were: their time may be over.
            if again {
                continue;
            }
        }
        if checkpoint.runs.iter().any(|r| r.turn == turn && !r.status.is_final()) {
            let waits = checkpoint.runs.iter().filter(|r| !r.status.is_final());
            let next = |r: &CheckRun| r.again.into_iter().chain(r.until).min();
            let deferred = |r: &CheckRun| store.approval(&r.record).and_then(|a| approve::deferred(a));
            let due = waits.flat_map(|r| [next(r), deferred(r)]).flatten().min();
            checkpoint.status = CheckStatus::Running;
            // What is due was done: what is left is later.
            checkpoint.due =
                Some(due.filter(|at| *at > now).unwrap_or_else(|| later(now, i64::from(TIMEOUT))));
            return;
        }
    }
}

pub(super) fn later(now: Timestamp, minutes: i64) -> Timestamp {
    now.checked_add_signed(TimeDelta::minutes(minutes)).unwrap_or(Timestamp::MAX_UTC)
}
