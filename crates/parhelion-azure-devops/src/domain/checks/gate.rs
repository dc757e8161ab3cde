//! The gate before a stage: its checks are looked at turn by turn, and it goes on when all of them hold.

use super::{
    approve::{self, Asks},
    configure::RETRIES,
    is_strict,
    judge::{self, About, Verdict},
    needs, permit,
};
use crate::{
    domain::{run::life::Entry, service_hooks},
    show::time,
    store::{
        ApprovalStatus, AzureDevOpsStore, Build, CheckKind, CheckRun, CheckStatus, CheckTurn, Checkpoint,
        Project, RecordResult, ResourceId,
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
            let hours = |r: &&mut CheckRun| r.turn == turn && r.kind == CheckKind::BusinessHours;
            for run in checkpoint.runs.iter_mut().filter(hours) {
                if let Verdict::NotYet(why, next) = judge::judge(store, about, run, now) {
                    run.status = CheckStatus::Running;
                    (run.finished, run.again, run.message) = (None, next, why);
                }
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

fn later(now: Timestamp, minutes: i64) -> Timestamp {
    now.checked_add_signed(TimeDelta::minutes(minutes)).unwrap_or(Timestamp::MAX_UTC)
}

/// The turn of a check has come.
fn begin(
    store: &mut AzureDevOpsStore,
    run: &mut CheckRun,
    (about, asks): (&About<'_>, &Asks<'_>),
    facets: &[(&'static str, &str)],
    at: &At,
    tx: &mut Tx<'_>,
) {
    let now = tx.now();
    run.begun = Some(now);
    run.until = Some(later(now, i64::from(run.timeout)));
    run.status = CheckStatus::Running;
    match run.kind {
        CheckKind::Approval => {
            let approval = approve::begun(store, run, asks, tx.number("approval"), now);
            let until = run.until.map(time).unwrap_or_default();
            let what = run.what();
            let fact = format!("{} waits for {what}: {}, until {until}", at.who, approve::asked(&approval));
            let event = Event::new("approval.started", format!("approval:{}", run.record)).fact(fact);
            let event = event.verdict(Told::Waiting).because(at.cause.clone()).with("run", at.run);
            let started = tx.emit(event.with("stage", asks.stage).with("approval", run.record.to_string()));
            run.message = "an approval is asked for".to_owned();
            if let Some((build, _)) = about.run {
                service_hooks::approval(store, build, &approval, false, started.into(), tx);
            }
            store.put_approval(approval);
        }
        CheckKind::Task => draw(run, facets, at, tx),
        _ => {}
    }
}

/// How a check of the outside comes out: nothing is called, a behaviour says it.
// CHOICE: without one it holds.
fn draw(run: &mut CheckRun, facets: &[(&'static str, &str)], at: &At, tx: &mut Tx<'_>) {
    let id = run.configuration.map(|id| id.to_string()).unwrap_or_default();
    let task = run.settings.get("definitionRef").and_then(|d| d.get("name")).and_then(Value::as_str);
    let task = task.unwrap_or_default().to_owned();
    let label = run.label.clone();
    let mut all = facets.to_vec();
    all.extend([("check", label.as_str()), ("check", task.as_str()), ("check", id.as_str())]);
    run.tries += 1;
    let Some(drawn) = tx.scripted_by("check", &all) else {
        run.drawn = Some((CheckStatus::Approved, "simulated: nothing was called".to_owned()));
        run.again = Some(tx.now());
        return;
    };
    tx.emit(drawn.used(format!("check:{}", run.record)).because(at.cause.clone()));
    let said = drawn.text("message").or(drawn.text("code")).unwrap_or("a behaviour says so").to_owned();
    let outcome = match drawn.outcome.as_str() {
        "fail" | "cancel" => Some(CheckStatus::Rejected),
        "hang" => None,
        _ => Some(CheckStatus::Approved),
    };
    run.drawn = outcome.map(|status| (status, said));
    run.again = outcome.map(|_| {
        let delay = drawn.delay().unwrap_or_default();
        tx.now().checked_add_signed(delay).unwrap_or(Timestamp::MAX_UTC)
    });
}

/// Looks at one check.
fn one(store: &mut AzureDevOpsStore, run: &mut CheckRun, about: &About<'_>, at: &At, tx: &mut Tx<'_>) {
    let now = tx.now();
    let verdict = match run.kind {
        CheckKind::Approval => approved(store, run, now),
        CheckKind::Task => task(run, now),
        _ => judge::judge(store, about, run, now),
    };
    let (status, message) = match verdict {
        Verdict::Holds(message) => (CheckStatus::Approved, message),
        Verdict::Fails(message) => (CheckStatus::Rejected, message),
        Verdict::GivenUp(message) => (CheckStatus::Canceled, message),
        Verdict::NotYet(..) if run.until.is_some_and(|until| until <= now) => {
            let until = run.until.map(time).unwrap_or_default();
            (
                CheckStatus::TimedOut,
                format!("it was not met by {until}, {} minutes after it began", run.timeout),
            )
        }
        Verdict::NotYet(message, again) => {
            let news =
                run.message != message && run.kind != CheckKind::Approval && run.kind != CheckKind::Task;
            if news {
                let fact = format!("{} waits for {}: {message}", at.who, run.what());
                let event = Event::new("check.changed", format!("check:{}", run.record)).fact(fact);
                tx.emit(event.verdict(Told::Waiting).because(at.cause.clone()).with("run", at.run));
                run.message = message;
            }
            if run.kind != CheckKind::Task {
                run.again = again;
            }
            return;
        }
    };
    let told = match status {
        CheckStatus::Approved => Told::Ok,
        CheckStatus::Canceled => Told::Skipped,
        _ => Told::Failed,
    };
    let fact = format!("{} is {}: {message}", run.what(), word(status));
    run.end(status, message, now);
    // An approval tells of itself.
    if run.kind != CheckKind::Approval {
        let event = Event::new("check.finished", format!("check:{}", run.record)).fact(fact);
        tx.emit(event.verdict(told).because(at.cause.clone()).with("run", at.run));
    }
}

/// How far an approval is.
fn approved(store: &mut AzureDevOpsStore, run: &CheckRun, now: Timestamp) -> Verdict {
    let Some(mut approval) = store.approval(&run.record).map(|a| (**a).clone()) else {
        return Verdict::Fails("its record is gone".to_owned());
    };
    let before = approval.status;
    approve::decide(&mut approval, now);
    let by = |status| {
        let steps = approval.steps.iter().filter(|s| s.status == status);
        let names: Vec<&str> = steps.filter_map(|s| s.actual.as_ref()).map(|a| a.name.as_str()).collect();
        names.join(", ")
    };
    let verdict = match approval.status {
        ApprovalStatus::Approved => Verdict::Holds(format!("approved by {}", by(ApprovalStatus::Approved))),
        ApprovalStatus::Skipped => Verdict::Holds(format!("bypassed by {}", by(ApprovalStatus::Skipped))),
        ApprovalStatus::Rejected => Verdict::Fails(format!("rejected by {}", by(ApprovalStatus::Rejected))),
        ApprovalStatus::Canceled | ApprovalStatus::TimedOut => Verdict::Fails("it was given up".to_owned()),
        _ => Verdict::NotYet(approve::asked(&approval), None),
    };
    if approval.status != before || approval.modified == now {
        store.put_approval(approval);
    }
    verdict
}

/// How far a check of the outside is.
// Docs: one that says no is asked again after its interval, if it has one, at most ten times.
fn task(run: &mut CheckRun, now: Timestamp) -> Verdict {
    let Some((status, message)) = run.drawn.clone() else {
        // It waits for its next try, or does not answer at all.
        return Verdict::NotYet("it does not answer".to_owned(), None);
    };
    if run.again.is_some_and(|again| again > now) {
        return Verdict::NotYet(message, run.again);
    }
    if status == CheckStatus::Approved {
        return Verdict::Holds(message);
    }
    let interval = run.settings.get("retryInterval").and_then(Value::as_i64).filter(|minutes| *minutes > 0);
    match interval.filter(|_| run.tries < RETRIES) {
        Some(minutes) => {
            run.drawn = None;
            run.again = Some(later(now, minutes));
            Verdict::NotYet(message, run.again)
        }
        None => Verdict::Fails(message),
    }
}

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
