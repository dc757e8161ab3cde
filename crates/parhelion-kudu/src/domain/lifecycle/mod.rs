//! The life of a deployment: received, built, finished, told of.
//!
//! What a client sends is unpacked before; a build copies maps. So all of it is one commit where neither a pace nor a
//! behaviour gives the build a time, and what takes long afterwards is the telling alone. Until the last hook was told
//! the deployment lock is held.

mod build;
mod log;
mod release;

pub use build::STAGING;
pub use log::Log;
pub use release::{abandon, delivered, explain_lock, job_done, lock_is_free, release, standing, step};

use super::package::{Package, PackageError};
use super::{post_deployment, publish, purge::purge};
use crate::exec::Ran;
use crate::settings::Settings;
use crate::store::{
    Building, DeployStatus, Deployment, KuduStore, Lock, LogDetail, LogKind, Phase, Push, ScriptedBuild,
    Telling,
};
use parhelion_core::text::hex;
use parhelion_core::{Cause, Event, Pace, Scripted, Timestamp, Verdict};
use parhelion_state::{Job, Tx};
use serde_json::json;
use std::sync::Arc;

/// The kind of the job that runs a build's command.
pub const RUN: &str = "kudu.build";
/// What the lock is held for, in the service's words.
pub const OPERATION: &str = "Performing continuous deployment";
/// Nobody is named.
const NOBODY: &str = "N/A";

/// How a push came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Pushed {
    /// It was deployed, or is being built.
    Deployed {
        /// The deployment's id.
        id: String,
        /// Success, a failed build, or one that takes its time.
        status: DeployStatus,
        /// The number of the lock that it took.
        lock: u64,
    },
    /// A job fetches it.
    Fetching {
        /// The record that stands for it meanwhile.
        temporary: String,
        /// The number of the lock that it took.
        lock: u64,
    },
    /// The package could not be unpacked. The temporary record of it stays.
    NoPackage(PackageError),
    /// There was nothing to deploy.
    Nothing,
}

/// The surface's settings, as the server was started with them.
pub fn settings(tx: &Tx<'_>) -> Settings {
    tx.settings::<Settings>().cloned().unwrap_or_default()
}

/// Deploys a package, or records why it could not be unpacked. The lock must be free.
pub fn push(
    store: &mut KuduStore,
    push: &Push,
    package: Result<Package, PackageError>,
    settings: &Settings,
    tx: &mut Tx<'_>,
) -> Pushed {
    receive(store, push, tx);
    start(store, push, package, settings, tx)
}

/// Takes the lock and makes the record that stands while changes are received: its id, and the lock's number.
pub fn receive(store: &mut KuduStore, push: &Push, tx: &mut Tx<'_>) -> (String, u64) {
    let id = format!("temp-{}", hex(&tx.bytes::<4>("temporary")));
    let mut record = record(push, tx);
    record.author = NOBODY.to_owned();
    record.author_email = NOBODY.to_owned();
    record.message = push.receiving.clone();
    record.status_text = "Receiving changes.".to_owned();
    record.is_temp = true;
    store.deployments.put(id.clone(), record);
    let mut log = Log::default();
    log.entry("Fetching changes.", tx);
    store.logs.put(id.clone(), log.0);
    let number = tx.number("lock");
    store.lock = Some(Lock {
        number,
        operation: OPERATION.to_owned(),
        since: tx.now(),
        deployment: None,
        temporary: Some(id.clone()),
        phase: Phase::Fetching(Arc::new(push.clone())),
    });
    (id, number)
}

/// Builds what was received under the lock that is held: at once, or after the time that pace and behaviours give it.
pub fn start(
    store: &mut KuduStore,
    push: &Push,
    package: Result<Package, PackageError>,
    settings: &Settings,
    tx: &mut Tx<'_>,
) -> Pushed {
    let id = match &push.commit {
        Some(commit) => commit.clone(),
        None => {
            let uuid = tx.uuid("deployment");
            if push.dashed_id { uuid.to_string() } else { uuid.simple().to_string() }
        }
    };
    let of = |package: Package| build::of(store, &id, push, package, settings);
    let (build, facts) = match package.and_then(of) {
        Ok(found) => found,
        Err(error) => {
            fail_fetch(store, &error, tx);
            release(store, "nothing could be deployed", tx);
            return Pushed::NoPackage(error);
        }
    };
    let subject = format!("deployment:{id}");
    let deployer = push.deployer.clone().unwrap_or_default();
    let who = if deployer.is_empty() { "somebody" } else { &deployer };
    let fact = format!("{who} pushed {facts}");
    // What was fetched goes back to the record that stood for it; what was pushed, to the request.
    let temporary = store.lock.as_ref().and_then(|lock| lock.temporary.clone()).unwrap_or_default();
    let started = Event::new("deployment.started", &*subject).fact(fact).with("deployer", &*deployer);
    let started = tx.emit(started.because(Cause::Last(format!("deployment:{temporary}"))));

    let mut record = record(push, tx);
    record.status = DeployStatus::Building;
    record.status_text = format!("Building and Deploying '{id}'.");
    record.is_readonly = push.commit.is_none();
    record.project_type = build.project_type().to_owned();
    if let Some(old) = store.deployments.get(&id) {
        // Deployed again: the record stays, its log begins anew.
        record.received = old.received;
        record.last_success_end = old.last_success_end;
    }
    store.deployments.put(id.clone(), record);
    store.logs.put(id.clone(), Vec::new());
    let Some(lock) = &mut store.lock else { return Pushed::Nothing };
    lock.deployment = Some(id.clone());
    let lock = lock.number;

    let scripted = tx.scripted(&[("kind", "deployment"), ("deployer", &deployer)]);
    let mut cause = started;
    if let Some(scripted) = &scripted {
        cause = tx.emit(scripted.used(&*subject).because(started));
    }
    let wait = wait(scripted.as_ref(), tx);
    let scripted = scripted.map(|scripted| ScriptedBuild {
        failure: (scripted.outcome == "fail")
            .then(|| scripted.text("message").unwrap_or("The build failed.").to_owned()),
        log: scripted.members.get("log").and_then(super::script::lines).unwrap_or_default(),
    });
    match wait {
        Wait::None => {
            let building = Building { build, until: None, scripted };
            let status = build_now(store, &building, cause.into(), settings, tx);
            Pushed::Deployed { id, status, lock }
        }
        Wait::Until(until, why) => {
            let waits = Event::new("deployment.changed", subject).fact(why).verdict(Verdict::Waiting);
            tx.emit(waits.because(cause));
            if let Some(lock) = &mut store.lock {
                lock.phase = Phase::Building(Arc::new(Building { build, until, scripted }));
            }
            Pushed::Deployed { id, status: DeployStatus::Building, lock }
        }
    }
}

/// How long a build takes.
enum Wait {
    None,
    /// Until then, or until it is stepped; and why.
    Until(Option<Timestamp>, String),
}

fn wait(scripted: Option<&Scripted>, tx: &Tx<'_>) -> Wait {
    if let Some(scripted) = scripted.filter(|scripted| scripted.outcome == "hang") {
        let name = &scripted.behaviour;
        return Wait::Until(None, format!("behaviour \"{name}\" lets the build hang until it is stepped"));
    }
    let delay = match (scripted.and_then(Scripted::delay), tx.pace("deployment")) {
        (Some(delay), _) | (None, Pace::After(delay)) => delay,
        (None, Pace::Immediate) => return Wait::None,
        (None, Pace::Manual) => {
            return Wait::Until(None, "the build stands until it is stepped: its pace is manual".to_owned());
        }
    };
    match tx.now().checked_add_signed(delay).filter(|until| *until > tx.now()) {
        Some(until) => Wait::Until(Some(until), format!("the build takes until {}", super::time::iso(until))),
        None => Wait::None,
    }
}

/// Ends a build whose time has come.
pub fn due(store: &mut KuduStore, tx: &mut Tx<'_>) {
    let Some(Lock { phase: Phase::Building(building), .. }) = &store.lock else { return };
    let building = building.clone();
    if building.until.is_some_and(|until| until <= tx.now()) {
        build_later(store, &building, tx);
    }
}

fn build_later(store: &mut KuduStore, building: &Building, tx: &mut Tx<'_>) {
    let cause = Cause::Last(format!("deployment:{}", building.build.id));
    build_now(store, building, cause, &settings(tx), tx);
}

/// Builds; or, where its command is run for real, lets a job do that first. A behaviour that fails it runs nothing.
fn build_now(
    store: &mut KuduStore,
    building: &Building,
    cause: Cause,
    settings: &Settings,
    tx: &mut Tx<'_>,
) -> DeployStatus {
    let build = &building.build;
    let fails = building.scripted.as_ref().is_some_and(|scripted| scripted.failure.is_some());
    let runs = settings.exec && build.command.is_some() && build.problem.is_none() && !fails;
    let Some(lock) = store.lock.as_mut().filter(|_| runs) else {
        return finish(store, building, None, cause, settings, tx);
    };
    lock.phase = Phase::Running(Arc::new(building.clone()));
    let (subject, input) = (format!("deployment:{}", build.id), json!({"lock": lock.number}));
    let fact = "the deployment command is run for real: kudu.exec is on";
    tx.emit(Event::new("deployment.changed", &*subject).fact(fact).verdict(Verdict::Ok).because(cause));
    tx.spawn_job(Job { kind: RUN.to_owned(), subject, input });
    DeployStatus::Building
}

/// Goes on with a build whose command has ended, or could not be run: why not.
pub fn command_ended(store: &mut KuduStore, lock: u64, ran: Result<Ran, String>, tx: &mut Tx<'_>) {
    let Some(Lock { number, phase: Phase::Running(building), .. }) = &store.lock else { return };
    if *number != lock {
        return;
    }
    let (building, settings) = (building.clone(), settings(tx));
    let cause = Cause::Last(format!("deployment:{}", building.build.id));
    finish(store, &building, Some(&ran), cause, &settings, tx);
}

/// Builds, writes how it came out, and tells the hooks.
fn finish(
    store: &mut KuduStore,
    building: &Building,
    ran: Option<&Result<Ran, String>>,
    cause: Cause,
    settings: &Settings,
    tx: &mut Tx<'_>,
) -> DeployStatus {
    let (id, now) = (&building.build.id, tx.now());
    let subject = format!("deployment:{id}");
    let mut log = Log::default();
    let built = build::run(building, ran, store, &mut log, tx);
    let (done, verdict) = match &built {
        Ok(fact) => (fact.clone(), Verdict::Ok),
        Err(why) => (why.clone(), Verdict::Failed),
    };
    let changed =
        tx.emit(Event::new("deployment.changed", &*subject).fact(done).verdict(verdict).because(cause));

    let succeeded = built.is_ok();
    store.deployments.edit(id, |record| {
        record.status = if succeeded { DeployStatus::Success } else { DeployStatus::Failed };
        record.status_text = String::new();
        record.complete = true;
        record.end = Some(now);
        if succeeded {
            record.last_success_end = Some(now);
        }
    });
    if succeeded {
        store.active = Some(id.clone());
    }
    store.logs.put(id.clone(), log.0);
    let fact = match verdict {
        Verdict::Ok => "the deployment succeeded and is the active one",
        _ => "the build failed; the active deployment is the one it was",
    };
    let finished = Event::new("deployment.finished", &*subject).fact(fact).verdict(verdict).because(changed);
    let finished = tx.emit(finished);
    tell(store, id, finished.into(), settings, tx);
    if succeeded { DeployStatus::Success } else { DeployStatus::Failed }
}

/// Tells the hooks of a deployment that is at its end; the lock is held until they have been told.
fn tell(store: &mut KuduStore, id: &String, cause: Cause, settings: &Settings, tx: &mut Tx<'_>) {
    let Some(record) = store.deployments.get(id).cloned() else { return };
    let host_name = settings.host_name.replace("{site}", store.site.as_str());
    let body = post_deployment::body(&store.site, id, &record, settings.hooks.payload, &host_name);
    store.remove_hooks_when_gone = settings.hooks.remove_when_gone;
    let body: Arc<str> = body.into();
    let waiting = publish::publish(store, post_deployment::EVENT, &body, cause, tx);
    purge(store);
    if waiting.is_empty() {
        release(store, "nobody had to be told", tx);
    } else if let Some(lock) = &mut store.lock {
        lock.phase = Phase::Telling(Telling { waiting, body, deliveries: Vec::new() });
    }
}

fn record(push: &Push, tx: &mut Tx<'_>) -> Deployment {
    let or_nobody = |text: &str| if text.is_empty() { NOBODY.to_owned() } else { text.to_owned() };
    Deployment {
        order: tx.number("deployment order"),
        status: DeployStatus::Pending,
        status_text: String::new(),
        author_email: or_nobody(&push.author_email),
        author: or_nobody(&push.author),
        deployer: push.deployer.clone(),
        message: push.message.clone(),
        progress: String::new(),
        received: tx.now(),
        start: tx.now(),
        end: None,
        last_success_end: None,
        complete: false,
        is_temp: false,
        is_readonly: false,
        project_type: String::new(),
    }
}

/// What was to be deployed could not be fetched or unpacked: the temporary record ends as failed and stays; no hook is
/// told.
pub fn fail_fetch(store: &mut KuduStore, error: &PackageError, tx: &mut Tx<'_>) {
    let Some(temporary) = store.lock.as_mut().and_then(|lock| lock.temporary.take()) else { return };
    let (now, why) = (tx.now(), error.to_string());
    store.deployments.edit(&temporary, |record| {
        record.status = DeployStatus::Failed;
        record.status_text = String::new();
        record.complete = true;
        record.end = Some(now);
    });
    store.logs.edit(&temporary, |log| {
        if let Some(entry) = log.first_mut() {
            entry.kind = LogKind::Error;
            entry.details.push(LogDetail { at: now, message: why.clone(), kind: LogKind::Error });
        }
    });
    let fact = format!("what was to be deployed could not be had, so no hook is told: {why}");
    let subject = format!("deployment:{temporary}");
    let cause = Cause::Last(subject.clone());
    tx.emit(Event::new("deployment.finished", subject).fact(fact).verdict(Verdict::Failed).because(cause));
}
