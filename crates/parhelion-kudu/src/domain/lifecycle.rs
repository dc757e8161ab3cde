//! The life of a push deployment: received, built, finished, told of.
//!
//! Receiving and unpacking are done before; a build copies maps. So all of it is one commit, and what takes time
//! afterwards is the telling alone: until then the deployment lock is held.

use super::command::{self, CommandOutcome};
use super::copy::{self, Plan, Staged};
use super::deployment_file::DeploymentFile;
use super::package::{Package, PackageError};
use super::{post_deployment, publish, purge::purge, text::same, time};
use crate::settings::Settings;
use crate::store::{DeployStatus, Deployment, KuduStore, Lock, LogDetail, LogEntry, LogKind};
use parhelion_core::text::hex;
use parhelion_core::{Event, Settled, Verdict};
use parhelion_state::Tx;
use std::sync::Arc;

/// What the lock is held for, in the service's words.
pub const OPERATION: &str = "Performing continuous deployment";
/// Nobody is named.
const NOBODY: &str = "N/A";
/// Lines of a log entry; those of more copied files are left out.
const DETAILS: usize = 1_000;

/// What a push brings besides its package.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// The message of the record that stands while changes are received.
    pub receiving: &'static str,
    /// Author; empty: nobody.
    pub author: String,
    /// The author's address; empty: nobody.
    pub author_email: String,
    /// What deploys.
    pub deployer: String,
    /// What it is about.
    pub message: String,
    /// Whether everything that the package lacks is taken away.
    pub clean: bool,
    /// Whether its id is written with dashes.
    pub dashed_id: bool,
}

/// How a push came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Pushed {
    /// It was deployed: the deployment's id and how it ended.
    Deployed {
        /// The id.
        id: String,
        /// Success, or a failed build.
        status: DeployStatus,
    },
    /// The package could not be unpacked. The temporary record of it stays.
    NoPackage(PackageError),
}

/// Deploys a package, or records why it could not be unpacked. The lock must be free.
pub fn push(
    store: &mut KuduStore,
    push: &Push,
    package: Result<Package, PackageError>,
    settings: &Settings,
    tx: &mut Tx<'_>,
) -> Pushed {
    let temporary = receive(store, push, tx);
    let build = package.and_then(|package| Build::of(store, package, push.clean, settings));
    let build = match build {
        Ok(build) => build,
        Err(error) => {
            fail_fetch(store, &temporary, &error, tx);
            return Pushed::NoPackage(error);
        }
    };
    let uuid = tx.uuid("deployment");
    let id = if push.dashed_id { uuid.to_string() } else { uuid.simple().to_string() };
    let subject = format!("deployment:{id}");
    let fact = format!("{} pushed a package of {} files, {} bytes", push.deployer, build.files, build.bytes);
    let started =
        tx.emit(Event::new("deployment.started", &*subject).fact(fact).with("deployer", &*push.deployer));

    let now = tx.now();
    let mut record = record(push, tx);
    record.status = DeployStatus::Building;
    record.status_text = format!("Building and Deploying '{id}'.");
    record.is_readonly = true;
    record.project_type = build.project_type().to_owned();
    let mut log = Log::default();
    let built = build.run(store, &id, &mut log, tx);
    let (done, verdict) = match &built {
        Ok(fact) => (fact.clone(), Verdict::Ok),
        Err(why) => (why.clone(), Verdict::Failed),
    };
    let changed =
        tx.emit(Event::new("deployment.changed", &*subject).fact(done).verdict(verdict).because(started));

    record.status = if built.is_ok() { DeployStatus::Success } else { DeployStatus::Failed };
    record.status_text = String::new();
    record.complete = true;
    record.end = Some(now);
    if built.is_ok() {
        record.last_success_end = Some(now);
        store.active = Some(id.clone());
    }
    let status = record.status;
    let host_name = settings.host_name.replace("{site}", store.site.as_str());
    let body = post_deployment::body(&store.site, &id, &record, settings.hooks.payload, &host_name);
    store.deployments.put(id.clone(), record);
    store.logs.put(id.clone(), log.0);
    let fact = match verdict {
        Verdict::Ok => "the deployment succeeded and is the active one",
        _ => "the build failed; the active deployment is the one it was",
    };
    let finished = Event::new("deployment.finished", &*subject).fact(fact).verdict(verdict).because(changed);
    let finished = tx.emit(finished);

    store.remove_hooks_when_gone = settings.hooks.remove_when_gone;
    let body: Arc<str> = body.into();
    let waiting = publish::publish(store, post_deployment::EVENT, &body, finished.into(), tx);
    purge(store);
    if waiting.is_empty() {
        store.forget_deployment(&temporary);
        purge(store);
    } else {
        let deployment = id.clone();
        let operation = OPERATION.to_owned();
        store.lock = Some(Lock {
            operation,
            since: now,
            deployment,
            temporary,
            waiting,
            body,
            deliveries: Vec::new(),
        });
    }
    Pushed::Deployed { id, status }
}

/// Makes the record that stands while changes are received; its id.
fn receive(store: &mut KuduStore, push: &Push, tx: &mut Tx<'_>) -> String {
    let id = format!("temp-{}", hex(&tx.bytes::<4>("temporary")));
    let mut record = record(push, tx);
    record.author = NOBODY.to_owned();
    record.author_email = NOBODY.to_owned();
    record.message = push.receiving.to_owned();
    record.status_text = "Receiving changes.".to_owned();
    record.is_temp = true;
    store.deployments.put(id.clone(), record);
    let mut log = Log::default();
    log.entry("Fetching changes.", tx);
    store.logs.put(id.clone(), log.0);
    id
}

fn record(push: &Push, tx: &mut Tx<'_>) -> Deployment {
    let or_nobody = |text: &str| if text.is_empty() { NOBODY.to_owned() } else { text.to_owned() };
    Deployment {
        order: tx.number("deployment order"),
        status: DeployStatus::Pending,
        status_text: String::new(),
        author_email: or_nobody(&push.author_email),
        author: or_nobody(&push.author),
        deployer: Some(push.deployer.clone()),
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

/// The package could not be fetched or unpacked: the temporary record ends as failed and stays; no hook is told.
fn fail_fetch(store: &mut KuduStore, temporary: &str, error: &PackageError, tx: &mut Tx<'_>) {
    let (now, why) = (tx.now(), error.to_string());
    store.deployments.edit(&temporary.to_owned(), |record| {
        record.status = DeployStatus::Failed;
        record.status_text = String::new();
        record.complete = true;
        record.end = Some(now);
    });
    store.logs.edit(&temporary.to_owned(), |log| {
        if let Some(entry) = log.first_mut() {
            entry.kind = LogKind::Error;
            entry.details.push(LogDetail { at: now, message: why.clone(), kind: LogKind::Error });
        }
    });
    purge(store);
    let fact = format!("the package could not be unpacked, so no hook is told: {why}");
    let subject = format!("deployment:{temporary}");
    tx.emit(Event::new("deployment.finished", subject).fact(fact).verdict(Verdict::Failed));
}

/// A package with all that is decided about it before anything changes.
struct Build {
    files: usize,
    bytes: u64,
    command: Option<String>,
    /// `None`: the package has no folder of the name that `.deployment` gives.
    content: Option<(Staged, Plan)>,
    project: Option<String>,
}

impl Build {
    fn of(
        store: &KuduStore,
        package: Package,
        clean: bool,
        settings: &Settings,
    ) -> Result<Build, PackageError> {
        let file = package.text(".deployment").map(|text| DeploymentFile::parse(&text)).unwrap_or_default();
        let content = copy::staged(&package.files, file.project.as_deref()).map(|staged| {
            let plan = copy::plan(store, &staged, clean);
            (staged, plan)
        });
        if content.as_ref().is_some_and(|(_, plan)| plan.bytes_after > settings.max_site_bytes) {
            return Err(PackageError::SiteTooLarge { limit: settings.max_site_bytes });
        }
        let (files, bytes) = (package.files.len(), package.bytes);
        Ok(Build { files, bytes, command: file.command, content, project: file.project })
    }

    fn project_type(&self) -> &'static str {
        if self.command.is_some() { "CUSTOM DEPLOYMENT" } else { "BASIC" }
    }

    /// Builds: what was done in a sentence, or why it failed.
    fn run(&self, store: &mut KuduStore, id: &str, log: &mut Log, tx: &mut Tx<'_>) -> Result<String, String> {
        log.entry("Updating submodules.", tx);
        let short = parhelion_core::text::prefix(id, 10);
        log.entry(&format!("Preparing deployment for commit id '{short}'."), tx);
        let built = self.build(store, id, log, tx);
        match &built {
            Ok(_) => {
                log.entry("Running post deployment command(s)...", tx);
                log.entry("Triggering recycle (preview mode disabled).", tx);
                log.entry("Deployment successful.", tx);
            }
            Err(_) => {
                log.entry("Deployment Failed.", tx);
                log.raise(LogKind::Error);
            }
        }
        built
    }

    fn build(
        &self,
        store: &mut KuduStore,
        id: &str,
        log: &mut Log,
        tx: &mut Tx<'_>,
    ) -> Result<String, String> {
        let mut output = Vec::new();
        if let Some(command) = &self.command {
            log.entry("Running custom deployment command...", tx);
            log.entry("Running deployment command...", tx);
            log.detail(format!("Command: {command}"), LogKind::Message, tx);
            match command::outcome(command) {
                CommandOutcome::Done(lines) => output = lines,
                CommandOutcome::Failed(lines) => {
                    for line in lines {
                        log.detail(line, LogKind::Error, tx);
                    }
                    log.raise(LogKind::Error);
                    return Err(format!("the command of .deployment fails: {command}"));
                }
            }
        } else {
            log.entry("Generating deployment script.", tx);
            log.detail("Generating deployment script for Web Site".to_owned(), LogKind::Message, tx);
        }
        let Some((staged, plan)) = &self.content else {
            let project = self.project.as_deref().unwrap_or_default();
            let why =
                format!("The package has no folder '{project}', which its .deployment names as the project.");
            log.detail(why.clone(), LogKind::Error, tx);
            return Err(why);
        };
        if self.command.is_none() {
            log.entry("Running deployment command...", tx);
            log.detail("Command: deploy.cmd".to_owned(), LogKind::Message, tx);
        }
        for line in output {
            log.detail(line, LogKind::Message, tx);
        }
        for path in &plan.delete {
            log.detail(format!("Deleting file: '{path}'"), LogKind::Message, tx);
        }
        for path in &plan.write {
            log.detail(format!("Copying file: '{path}'"), LogKind::Message, tx);
        }
        copy::apply(store, plan, staged, time::ticks(tx.now()));
        store.manifests.put(id.to_owned(), plan.manifest.clone());
        let (written, deleted, same) = (plan.write.len(), plan.delete.len(), plan.unchanged);
        Ok(format!("{written} files were copied, {deleted} deleted, {same} left as they were"))
    }
}

/// A log being written.
#[derive(Default)]
struct Log(Vec<LogEntry>);

impl Log {
    fn entry(&mut self, message: &str, tx: &mut Tx<'_>) {
        let id = tx.uuid("log").to_string();
        let (at, message) = (tx.now(), message.to_owned());
        self.0.push(LogEntry { at, id, message, kind: LogKind::Message, details: Vec::new() });
    }
    /// Adds a line below the last entry, which is of the greatest kind of its lines.
    fn detail(&mut self, message: String, kind: LogKind, tx: &Tx<'_>) {
        let Some(entry) = self.0.last_mut() else { return };
        let message = match entry.details.len() {
            DETAILS => "Omitting next output lines...".to_owned(),
            n if n > DETAILS => return,
            _ => message,
        };
        entry.details.push(LogDetail { at: tx.now(), message, kind });
        entry.kind = entry.kind.max(kind);
    }
    fn raise(&mut self, kind: LogKind) {
        if let Some(entry) = self.0.last_mut() {
            entry.kind = entry.kind.max(kind);
        }
    }
}

/// Learns that a hook was told (or could not be). With the last one the lock is released.
pub fn delivered(store: &mut KuduStore, report: &Settled, tx: &mut Tx<'_>) {
    let Some(lock) = &mut store.lock else { return };
    let Some(hook) = publish::hook_of(report).filter(|_| report.status.is_final()) else { return };
    if !same(&report.event, post_deployment::EVENT) || report.request_body != lock.body.as_bytes() {
        return;
    }
    // One that repeats another by hand does not stand for it.
    if !lock.deliveries.is_empty() && !lock.deliveries.contains(&report.delivery) {
        return;
    }
    lock.waiting.remove(&hook);
    if lock.waiting.is_empty() {
        release(store, "all its hooks have been told", tx);
    }
}

/// Ends the telling: the record of the changes being received goes, and the next deployment may come.
pub fn release(store: &mut KuduStore, why: &str, tx: &mut Tx<'_>) {
    let Some(lock) = store.lock.take() else { return };
    store.forget_deployment(&lock.temporary);
    purge(store);
    let subject = format!("deployment:{}", lock.deployment);
    let fact = format!("{why}: the deployment lock is free");
    tx.emit(Event::new("deployment.changed", subject).fact(fact).verdict(Verdict::Ok));
}
