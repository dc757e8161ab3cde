//! Real execution (azure-devops.md 6): scripts of a run are run on this machine when both the server and the pipeline say
//! so. The engine (`domain/run/life`) hands a step over as a job of the state and waits; this driver does the work
//! outside and tells what it heard; only the engine changes anything.

mod script;
mod workspace;

use crate::{
    domain::{
        commands::{Attached, Hearing, Splitter},
        run::{
            handed::{Done, Handed, Tidy, find},
            life::{self, At},
            scope::{FOLDER, Scope},
        },
        simulation,
    },
    store::{AzureDevOpsStore, Build, Complaint, Ending, Organization, RecordResult, What},
};
use parhelion_exec::{Ended, Stream};
use parhelion_git::{GitHost, ObjectId};
use parhelion_state::{JobDriver, Ticket, World};
use serde_json::Value;
use std::{path::Path, pin::Pin, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use workspace::{Folders, Workspace};

/// Scripts that run at one time; further ones wait.
const TURNS: usize = 8;
/// Longest time that a script gets, whatever its job says.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// Runs steps.
#[derive(Clone)]
pub struct Execute(Arc<Inner>);

struct Inner {
    git: Arc<GitHost>,
    folders: Folders,
    turns: Semaphore,
}

impl Execute {
    /// A driver that finds sources there.
    pub fn new(git: Arc<GitHost>) -> Self {
        Execute(Arc::new(Inner { git, folders: Folders::default(), turns: Semaphore::new(TURNS) }))
    }
}

impl JobDriver for Execute {
    fn run(
        &self,
        world: Arc<World>,
        ticket: Ticket,
    ) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send>> {
        let inner = self.0.clone();
        Box::pin(async move {
            let key: Organization = ticket.owner.tenant.parse().map_err(|e| format!("{e}"))?;
            let handed: Handed =
                serde_json::from_value(ticket.job.input.clone()).map_err(|e| e.to_string())?;
            let done = inner.step(&world, &key, &handed).await?;
            serde_json::to_value(done).map_err(|e| e.to_string())
        })
    }
}

/// Takes the folder of a job away that is over.
#[derive(Clone)]
pub struct TidyUp(pub Execute);

impl JobDriver for TidyUp {
    fn run(
        &self,
        _: Arc<World>,
        ticket: Ticket,
    ) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send>> {
        let inner = self.0.0.clone();
        Box::pin(async move {
            let tidy: Tidy = serde_json::from_value(ticket.job.input.clone()).map_err(|e| e.to_string())?;
            inner.folders.remove(tidy.job).await;
            Ok(Value::Null)
        })
    }
}

impl Inner {
    /// Executes a step; `None`: nobody waits for it any more.
    async fn step(
        &self,
        world: &Arc<World>,
        key: &Organization,
        handed: &Handed,
    ) -> Result<Option<Done>, String> {
        let _turn = self.turns.acquire().await;
        let load = || world.shelf::<AzureDevOpsStore>().load(key);
        let store = load().store.clone();
        let Some((build, at)) = find(&store, handed) else { return Ok(None) };
        let Some(job) = build.job(at.0, at.1) else { return Ok(None) };
        let workspace =
            self.folders.of(job.record).await.map_err(|e| format!("its folder cannot be made: {e}"))?;
        // A copy that knows where it is: what scripts are given has the folder's own paths.
        let mut build = (*build).clone();
        let Some(own) = build.job_mut(at.0, at.1) else { return Ok(None) };
        own.worked_out.insert(FOLDER.to_owned(), workspace.build().to_string_lossy().into_owned());
        let until = build.step(at.0, at.1, at.2).and_then(|step| step.wait?.until);
        let left = until.and_then(|until| (until - world.clock.now()).to_std().ok()).unwrap_or(LONGEST);

        let stop = async {
            let mut changes = world.changes();
            loop {
                changes.borrow_and_update();
                if find(&load().store, handed).is_none() {
                    return;
                }
                if changes.changed().await.is_err() {
                    return std::future::pending().await;
                }
            }
        };
        let sources = workspace.sources();
        let attached = |path: &str| sources.join(path).exists();
        let (heard, result, told) =
            self.carry_out(&store, &build, at, &workspace, &attached, left, stop).await;
        Ok(Some(Done { heard, result, told, folder: workspace.build().to_string_lossy().into_owned() }))
    }

    #[allow(clippy::too_many_arguments)] // Each is another thing, and this is the only caller.
    async fn carry_out(
        &self,
        store: &AzureDevOpsStore,
        build: &Build,
        at: At,
        workspace: &Workspace,
        attached: Attached<'_>,
        left: Duration,
        stop: impl Future<Output = ()>,
    ) -> (crate::domain::commands::Heard, RecordResult, String) {
        let mut hearing = life::hearing(build, at, attached);
        let what = build.step(at.0, at.1, at.2).map(|step| step.what);
        let plan = what.and_then(|what| build.step_plan(at.0, at.1, what)).map(|(_, plan)| plan);
        let is_checkout = what == Some(What::Checkout) || plan.is_some_and(simulation::is_checkout);
        let outcome = if is_checkout {
            self.check_out(store, build, &workspace.sources()).await.map(|()| Ended::Exited(0))
        } else {
            script(build, at, workspace, &mut hearing, left.min(LONGEST), stop).await
        };
        let (result, told) = match outcome {
            Err(why) => {
                hearing.complain(Complaint::error(why.clone()));
                (RecordResult::Failed, format!("it could not be executed: {}", hearing.masker.mask(&why)))
            }
            Ok(Ended::Exited(0)) => (RecordResult::Succeeded, "it was executed: exit code 0".to_owned()),
            Ok(Ended::Exited(code)) => {
                let shell = plan.map_or("Bash", script::shell_name);
                hearing.complain(Complaint::error(format!("{shell} exited with code '{code}'.")));
                (RecordResult::Failed, format!("it was executed: exit code {code}"))
            }
            Ok(Ended::Signalled(signal)) => {
                hearing.complain(Complaint::error(format!("The process was ended by signal {signal}.")));
                (RecordResult::Failed, format!("it was executed, and ended by signal {signal}"))
            }
            Ok(Ended::TimedOut) => {
                let ending = build.step(at.0, at.1, at.2).and_then(|step| step.trail.as_ref()?.play.as_ref());
                let ending = ending.map_or(Ending::Hang, |play| play.end);
                let minutes = life::minutes_of_job(build, at);
                (
                    life::too_long(ending, minutes, &mut hearing),
                    "its process group was killed: it took too long".into(),
                )
            }
            Ok(Ended::Stopped) => (
                RecordResult::Canceled,
                "its process group was killed: nobody waits for it any more".to_owned(),
            ),
        };
        (hearing.heard, result, told)
    }

    /// Makes a real clone of the run's commit.
    async fn check_out(&self, store: &AzureDevOpsStore, build: &Build, sources: &Path) -> Result<(), String> {
        let known = |name: &str| build.known.get(name).unwrap_or_default().to_owned();
        let id = uuid::Uuid::parse_str(&known("Build.Repository.ID")).ok();
        let repository = id.and_then(|id| store.repositories.get(&id));
        let repository =
            repository.ok_or("The repository is not one of this organization, or it is gone.")?;
        if build.commit == ObjectId::ZERO {
            return Err("The repository has no commit yet.".to_owned());
        }
        if sources.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            // A second checkout of the same: what is there stays.
            return Ok(());
        }
        let url = known("Build.Repository.Uri");
        let done = self.git.check_out(&repository.as_refs(), build.commit, &url, sources).await;
        done.map_err(|e| format!("Git fetch failed: {e}"))
    }
}

/// Runs the script of a step.
async fn script(
    build: &Build,
    at: At,
    workspace: &Workspace,
    hearing: &mut Hearing<'_>,
    limit: Duration,
    stop: impl Future<Output = ()>,
) -> Result<Ended, String> {
    let scope = Scope::step(build, at.0, at.1, at.2);
    let step = build.step(at.0, at.1, at.2);
    let plan = step.and_then(|step| build.step_plan(at.0, at.1, step.what)).map(|(_, plan)| plan);
    let plan = plan.ok_or("The step is none of the pipeline's.")?;
    let before = build.job(at.0, at.1).map_or(&[][..], |job| job.steps.get(..at.2).unwrap_or_default());
    let script = script::prepare(plan, &scope, before, workspace).await?;
    hearing.write("========================== Starting Command Output ===========================");
    hearing.write(&format!("##[command]{}", script.shown));
    let task = parhelion_exec::Task { limit, ..script.task };
    let (mut output, mut error) = (Splitter::default(), Splitter::default());
    let mut said_error = false;
    let ended = {
        let take = |stream: Stream, bytes: &[u8]| {
            let apart = stream == Stream::Error;
            let splitter = if apart { &mut error } else { &mut output };
            for line in splitter.take(bytes, &hearing.masker) {
                said_error |= apart;
                if apart { hearing.complain(Complaint::error(line)) } else { hearing.line(&line) }
            }
        };
        parhelion_exec::run(task, stop, take).await.map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                format!("Unable to locate executable file: '{}'.", script.program)
            }
            _ => format!("{} could not be started: {e}", script.program),
        })?
    };
    output.end().into_iter().for_each(|line| hearing.line(&line));
    if let Some(line) = error.end() {
        said_error = true;
        hearing.complain(Complaint::error(line));
    }
    if said_error {
        hearing.result(RecordResult::Failed);
    }
    Ok(ended)
}
