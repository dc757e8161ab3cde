//! What ends the holding of the deployment lock, and what it waits for until then.

use crate::domain::package::PackageError;
use crate::domain::{fetch, post_deployment, publish, purge::purge, text::same};
use crate::error::Error;
use crate::store::{DeployStatus, KuduStore, Lock, Phase};
use parhelion_core::{Event, Settled, Verdict};
use parhelion_state::{Job, Tx};
use serde_json::Value;

/// Learns that a hook was told (or could not be). With the last one the lock is released.
pub fn delivered(store: &mut KuduStore, report: &Settled, tx: &mut Tx<'_>) {
    let Some(Lock { phase: Phase::Telling(telling), .. }) = &mut store.lock else { return };
    let Some(hook) = publish::hook_of(report).filter(|_| report.status.is_final()) else { return };
    if !same(&report.event, post_deployment::EVENT) || report.request_body != telling.body.as_bytes() {
        return;
    }
    // One that repeats another by hand does not stand for it.
    if !telling.deliveries.is_empty() && !telling.deliveries.contains(&report.delivery) {
        return;
    }
    telling.waiting.remove(&hook);
    if telling.waiting.is_empty() {
        release(store, "all its hooks have been told", tx);
    }
}

/// Gives the lock back: the record of the changes being received goes, and what was deferred comes.
pub fn release(store: &mut KuduStore, why: &str, tx: &mut Tx<'_>) {
    let Some(lock) = store.lock.take() else { return };
    if let Some(temporary) = &lock.temporary {
        store.forget_deployment(temporary);
    }
    purge(store);
    let subject = match lock.deployment.as_ref().or(lock.temporary.as_ref()) {
        Some(id) => format!("deployment:{id}"),
        None => format!("site:{}", store.site),
    };
    let fact = format!("{why}: the deployment lock is free");
    tx.emit(Event::new("deployment.changed", subject).fact(fact).verdict(Verdict::Ok));
    if let Some(fetch) = store.deferred.take() {
        fetch::run(store, &fetch, tx);
    }
}

/// Ends a build that nobody will end any more: it failed. OBSERVED: so is a deployment that a crash left unfinished; no
/// hook is told.
pub fn abandon(store: &mut KuduStore, id: &str, tx: &mut Tx<'_>) {
    let now = tx.now();
    store.deployments.edit(&id.to_owned(), |record| {
        record.status = DeployStatus::Failed;
        record.status_text = String::new();
        record.complete = true;
        record.end = Some(now);
    });
    let fact = "the deployment was broken off: it failed, and no hook is told";
    tx.emit(
        Event::new("deployment.finished", format!("deployment:{id}")).fact(fact).verdict(Verdict::Failed),
    );
}

/// Ends the build that stands until it is stepped; which it was.
pub fn step(store: &mut KuduStore, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
    let Phase::Building(building) = &store.lock.as_ref()?.phase else { return None };
    let building = building.clone();
    let own = &building.build.id;
    if building.until.is_some() || id.is_some_and(|id| !id.eq_ignore_ascii_case(own)) {
        return None;
    }
    super::build_later(store, &building, tx);
    Some(format!("deployment:{own}"))
}

/// Learns that a job ended. One that did its work has written what came of it itself.
pub fn job_done(store: &mut KuduStore, job: &Job, outcome: Result<Value, String>, tx: &mut Tx<'_>) {
    let number = job.input.get("lock").and_then(Value::as_u64);
    let Err(why) = outcome else { return };
    let held = store.lock.as_ref().filter(|lock| Some(lock.number) == number);
    match held.map(|lock| (lock.number, &lock.phase)) {
        Some((_, Phase::Fetching(_))) => {
            super::fail_fetch(store, &PackageError::Fetch(why), tx);
            release(store, "nothing could be deployed", tx);
        }
        Some((number, Phase::Running(_))) => super::command_ended(store, number, Err(why), tx),
        _ => {}
    }
}

/// What a deployment waits for.
pub fn standing(store: &KuduStore, subject: &str) -> Vec<Event> {
    let Some(lock) = &store.lock else { return Vec::new() };
    let about = |id: &Option<String>| id.as_ref().is_some_and(|id| subject == format!("deployment:{id}"));
    if !about(&lock.deployment) && !about(&lock.temporary) && subject != format!("site:{}", store.site) {
        return Vec::new();
    }
    let waits = |fact: String| Event::new("deployment.waits", subject).fact(fact).verdict(Verdict::Waiting);
    vec![match &lock.phase {
        Phase::ByHand => waits("the lock was taken by hand and waits to be given back so".to_owned()),
        Phase::Fetching(_) => waits("what is to be deployed is being fetched".to_owned()),
        Phase::Building(building) => match building.until {
            Some(until) => {
                let fact = format!("the build takes until {}", crate::domain::time::iso(until));
                waits(fact).with("waits_for", "clock")
            }
            None => waits("the build stands until it is stepped (POST /_parhelion/step)".to_owned()),
        },
        Phase::Running(_) => waits("its deployment command is being run".to_owned()),
        Phase::Telling(telling) => {
            let ids: Vec<String> = telling.waiting.iter().map(|id| format!("hook {id}")).collect();
            waits(format!("its hooks are being told: {} to come", ids.join(", ")))
        }
    }]
}

/// Refuses when the lock is held, and says by what.
pub fn lock_is_free(store: &KuduStore, tx: &mut Tx<'_>) -> Result<(), Error> {
    if store.lock.is_none() {
        return Ok(());
    }
    explain_lock(store, tx);
    Err(Error::InProgress)
}

/// Writes into the journal by what the lock is held.
pub fn explain_lock(store: &KuduStore, tx: &mut Tx<'_>) {
    let Some(lock) = &store.lock else { return };
    let id = lock.deployment.as_ref().or(lock.temporary.as_ref());
    let holder = id.map_or_else(|| "somebody".to_owned(), |id| format!("deployment {id}"));
    let until = match &lock.phase {
        Phase::ByHand => "until it is given back by hand".to_owned(),
        Phase::Fetching(_) => "while it is fetched".to_owned(),
        Phase::Building(_) | Phase::Running(_) => "while it is built".to_owned(),
        Phase::Telling(telling) => {
            format!("until {} more of its hooks have been told", telling.waiting.len())
        }
    };
    let subject = id.map_or_else(|| format!("site:{}", store.site), |id| format!("deployment:{id}"));
    let fact = format!("refused: {holder} holds the lock {until}");
    tx.explain(Event::new("deployment.refused", subject).fact(fact).verdict(Verdict::Failed));
}
