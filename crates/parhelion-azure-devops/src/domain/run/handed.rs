//! Steps that are handed over to be executed outside, and what comes back.

use super::{drive, life::At};
use crate::{
    domain::{commands::Heard, simulation},
    store::{AzureDevOpsStore, Build, Complaint, RecordResult, StepRun, Wait},
};
use parhelion_core::{Cause, Event, Verdict};
use parhelion_state::{Job, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// The kind of job that executes a step.
pub const EXECUTE: &str = "azure-devops.step";
/// The kind of job that takes the folder of a job away which is over.
pub const TIDY: &str = "azure-devops.tidy";

/// What is handed over: which attempt at which step. Everything else is read when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// The build.
    pub build: u32,
    /// The step's timeline record, which is another one for each attempt at its job.
    pub record: Uuid,
    /// How often the step was tried before in this attempt.
    pub tries: u32,
}

/// A job that is over, whose folder can go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tidy {
    /// Its timeline record.
    pub job: Uuid,
}

/// What an execution came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// What the step said.
    pub heard: Heard,
    /// How its command ended.
    pub result: RecordResult,
    /// The same in words.
    pub told: String,
    /// The job's folder.
    pub folder: String,
}

/// The step of this attempt, if it is being executed still.
pub fn find(store: &AzureDevOpsStore, handed: &Handed) -> Option<(Arc<Build>, At)> {
    let build = store.builds.get(&handed.build)?;
    let at = place(build, handed)?;
    let step = build.step(at.0, at.1, at.2)?;
    let trail = step.trail.as_ref()?;
    let waits = step.life.finished.is_none() && trail.at_work && trail.tries == handed.tries;
    waits.then(|| (build.clone(), at))
}

fn place(build: &Build, handed: &Handed) -> Option<At> {
    build.stages.iter().enumerate().find_map(|(s, stage)| {
        stage.jobs.iter().enumerate().find_map(|(j, job)| {
            // Only one step of a job is at work: the others need not be looked at.
            let at_work = |step: &StepRun| {
                step.life.finished.is_none() && step.trail.as_ref().is_some_and(|trail| trail.at_work)
            };
            let t = job.steps.iter().position(at_work)?;
            (job.step_record(t) == handed.record).then_some((s, j, t))
        })
    })
}

/// Takes in what an execution came to, and lets the run go on.
pub fn came_back(store: &mut AzureDevOpsStore, job: &Job, outcome: Result<Value, String>, tx: &mut Tx<'_>) {
    if job.kind != EXECUTE {
        return;
    }
    let Ok(handed) = serde_json::from_value::<Handed>(job.input.clone()) else { return };
    // A step that was ended meanwhile waits for nobody.
    let Some((build, at)) = find(store, &handed) else { return };
    let done = outcome.and_then(|value| {
        serde_json::from_value::<Option<Done>>(value)
            .map_err(|e| e.to_string())?
            .ok_or("nothing was run".to_owned())
    });
    let done = done.unwrap_or_else(|why| {
        let complaint = Complaint::error(format!("The step could not be executed: {why}"));
        let log = format!("##[error]{}\n", complaint.message);
        let heard = Heard { log, complaints: vec![complaint], ..Heard::default() };
        let told = format!("it could not be executed: {why}");
        Done { heard, result: RecordResult::Failed, told, folder: String::new() }
    });
    let mut build = Arc::unwrap_or_clone(build);
    let title = simulation::title(&build, at);
    let verdict = if done.result.is_good() { Verdict::Ok } else { Verdict::Failed };
    let told = Event::new("step.executed", job.subject.clone())
        .fact(format!("step {title}: {}", done.told))
        .verdict(verdict)
        .with("run", build.id)
        .because(Cause::Last(format!("run:{}", build.id)));
    let told = tx.emit(told);
    let now = tx.now();
    if let Some(step) = build.step_mut(at.0, at.1, at.2) {
        let trail = step.trail_mut();
        trail.at_work = false;
        trail.play = None;
        trail.done = Some(Box::new(done));
        step.wait = Some(Wait { since: now, until: Some(now) });
    }
    drive::go_on(store, build, Vec::new(), told.into(), tx);
}
