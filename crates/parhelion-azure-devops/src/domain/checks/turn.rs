//! One check in its turn: it begins, it is looked at, it is over.

use super::{
    approve::{self, Asks},
    configure::RETRIES,
    gate::{At, later, word},
    judge::{self, About, Verdict},
};
use crate::{
    domain::service_hooks,
    show::time,
    store::{ApprovalStatus, AzureDevOpsStore, CheckKind, CheckRun, CheckStatus},
};
use parhelion_core::{Event, Timestamp, Verdict as Told};
use parhelion_state::Tx;
use serde_json::Value;

/// The turn of a check has come.
pub(super) fn begin(
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
pub(super) fn draw(run: &mut CheckRun, facets: &[(&'static str, &str)], at: &At, tx: &mut Tx<'_>) {
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
pub(super) fn one(
    store: &mut AzureDevOpsStore,
    run: &mut CheckRun,
    about: &About<'_>,
    at: &At,
    tx: &mut Tx<'_>,
) {
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
