//! How a pipeline is laid out as a run: its stages, jobs and steps, none of which has begun (azure-devops.md 6).

mod log;

pub use log::{lines, title};

use crate::{
    domain::{run::scope::Scope, variables::replace},
    store::{Build, JobRun, Leg, Life, StageRun, StepRun, What, derived},
};
use parhelion_azure_pipelines::pipeline::{Job, Stage, Step, Strategy, Variable as Declared};
use std::collections::{BTreeMap, BTreeSet};

/// Jobs of a run, matrix entries counted one by one; what comes after them is left out and named.
// Docs: a matrix makes at most 256 jobs; 1 000 of all stages is our own bound.
const MAX_JOBS: usize = 1_000;
/// Steps of a run; jobs that would bring it beyond are left out and named.
const MAX_STEPS: usize = 100_000;
/// Increments of a canary deployment; more are left out.
const MAX_INCREMENTS: usize = 100;
/// A checkout step's task, as expansion names it.
// OBSERVED: finalYaml.
const CHECKOUT: &str = "6d15af64-176c-496d-b583-fd2ae21d4df4";
const PUBLISH: &str = "ecdc45f6-832d-4ad9-b52b-ee49e94659be";
const DOWNLOAD: &str = "30f35852-3f7e-4c0c-9a88-e127b4f97211";

/// Lays out the stages and jobs of a build's pipeline; gives what the YAML asks for that is not acted on.
pub fn lay_out(build: &mut Build, skip: &[String]) -> Vec<String> {
    let pipeline = build.pipeline.clone();
    let mut ignored = BTreeSet::new();
    note(&pipeline.variables, build, &mut ignored);
    for stage in &pipeline.stages {
        note(&stage.variables, build, &mut ignored);
        let s = build.stages.len();
        build.stages.push(stage_run(build, stage, skip));
        let display = replace(stage.display_name.as_deref().unwrap_or(&stage.name), &Scope::stage(build, s));
        let Some(run) = build.stages.get_mut(s) else { break };
        run.display = display;
        if run.skipped {
            continue;
        }
        for (of, job) in stage.jobs.iter().enumerate() {
            note(&job.variables, build, &mut ignored);
            let phase = next_id(build);
            for leg in legs(job) {
                if let Err(why) = add_job(build, s, of, leg, phase) {
                    ignored.insert(why);
                    break;
                }
            }
        }
    }
    ignored.into_iter().collect()
}

/// Notes what a list of variables asks for that is not acted on.
fn note(variables: &[Declared], build: &Build, ignored: &mut BTreeSet<String>) {
    for variable in variables {
        match variable {
            Declared::Group(name) if !build.groups.contains_key(&name.to_lowercase()) => {
                ignored.insert("variable groups".to_owned());
            }
            _ => {}
        }
    }
}

/// An id that follows from the run's.
fn next_id(build: &Build) -> uuid::Uuid {
    let jobs: usize = build.stages.iter().map(|stage| 1 + 2 * stage.jobs.len()).sum();
    derived(build.plan, jobs as u64)
}

fn stage_run(build: &Build, stage: &Stage, skip: &[String]) -> StageRun {
    StageRun {
        record: next_id(build),
        name: stage.name.clone(),
        display: stage.name.clone(),
        depends_on: stage.depends_on.clone(),
        skipped: skip.iter().any(|s| s.eq_ignore_ascii_case(&stage.name)),
        condition: stage.condition.clone().filter(|c| !c.trim().is_empty()),
        why: None,
        needs: Vec::new(),
        sequential: false,
        checkpoint: None,
        life: Life::default(),
        earlier: Vec::new(),
        jobs: Vec::new(),
    }
}

/// The jobs that a strategy makes before the run.
fn legs(job: &Job) -> Vec<Leg> {
    match &job.strategy {
        Strategy::Single | Strategy::MatrixAtRunTime { .. } => vec![Leg::Only],
        Strategy::Matrix { legs, .. } => (0..legs.len()).map(Leg::Entry).collect(),
        Strategy::Parallel(text) => {
            let slices = text.trim().parse::<usize>().unwrap_or(1).clamp(1, MAX_JOBS);
            (1..=slices).map(|n| Leg::Slice(n, slices)).collect()
        }
    }
}

/// Adds a job to a stage.
///
/// # Errors
/// What is left out, when there are too many.
fn add_job(build: &mut Build, s: usize, of: usize, leg: Leg, phase: uuid::Uuid) -> Result<(), String> {
    let pipeline = build.pipeline.clone();
    let Some(plan) = pipeline.stages.get(s).and_then(|stage| stage.jobs.get(of)) else { return Ok(()) };
    let jobs: usize = build.stages.iter().map(|stage| stage.jobs.len()).sum();
    if jobs >= MAX_JOBS {
        return Err(format!("jobs beyond {MAX_JOBS}"));
    }
    let before: usize = build.stages.iter().flat_map(|stage| &stage.jobs).map(|job| job.steps.len()).sum();
    let whats = steps(plan);
    if before + whats.len() > MAX_STEPS {
        return Err(format!("jobs beyond {MAX_STEPS} steps"));
    }
    let number = |n: usize| u32::try_from(before + n + 1).unwrap_or(u32::MAX);
    let steps = whats.into_iter().enumerate().map(|(n, what)| StepRun::new(what, number(n))).collect();
    let suffix = match &leg {
        Leg::Only => None,
        Leg::Entry(n) => plan.strategy.legs().get(*n).map(|(name, _)| name.clone()),
        Leg::Slice(n, _) => Some(n.to_string()),
        Leg::WorkedOut(name, _) => Some(name.clone()),
    };
    let with_leg = |text: &str| match &suffix {
        Some(leg) => format!("{text} {leg}"),
        None => text.to_owned(),
    };
    let record = derived(next_id(build), 0);
    let Some(stage) = build.stages.get_mut(s) else { return Ok(()) };
    let j = stage.jobs.len();
    stage.jobs.push(JobRun {
        of,
        leg,
        phase,
        record,
        base: plan.name.clone(),
        name: with_leg(&plan.name),
        display: plan.name.clone(),
        worked_out: BTreeMap::new(),
        play: None,
        outputs: BTreeMap::new(),
        why: None,
        deploys_to: None,
        life: Life::default(),
        wait: None,
        earlier: Vec::new(),
        steps,
    });
    let shown = replace(plan.display_name.as_deref().unwrap_or(&plan.name), &Scope::job(build, s, j));
    if let Some(job) = build.job_mut(s, j) {
        job.display = with_leg(&shown);
    }
    Ok(())
}

/// Multiplies a job by a matrix that was worked out in the run: it becomes the first of the entries, the others come
/// after all jobs of its stage.
///
/// # Errors
/// When there are too many.
pub fn multiply(
    build: &mut Build,
    s: usize,
    j: usize,
    legs: Vec<(String, Vec<(String, String)>)>,
) -> Result<(), String> {
    let Some((of, phase)) = build.job(s, j).map(|job| (job.of, job.phase)) else { return Ok(()) };
    let count = build.stages.get(s).map_or(0, |stage| stage.jobs.len());
    for (name, variables) in legs {
        add_job(build, s, of, Leg::WorkedOut(name, variables), phase)?;
    }
    let Some(stage) = build.stages.get_mut(s).filter(|stage| stage.jobs.len() > count) else { return Ok(()) };
    let first = stage.jobs.remove(count);
    // It keeps its record and the numbers of its logs: what was told of it stays true.
    if let Some(job) = stage.jobs.get_mut(j) {
        (job.leg, job.name, job.display) = (first.leg, first.name, first.display);
    }
    Ok(())
}

/// The steps of a job in the order they are taken.
fn steps(job: &Job) -> Vec<What> {
    let mut all = vec![What::Initialize];
    let mut checked_out = Vec::new();
    let explicit = job.all_steps().any(|(_, step)| step.task_name() == CHECKOUT);
    // Docs: a plain job checks its own repository out first unless a step says otherwise, a deployment does not.
    if !explicit && job.deployment.is_none() {
        checked_out.push(None);
        all.push(What::Checkout);
    }
    let increments = job.deployment.as_ref().map_or(0, |d| d.increments.len().min(MAX_INCREMENTS));
    let mut repeated: Vec<u32> = Vec::new();
    let repeat = |repeated: &mut Vec<u32>, all: &mut Vec<What>| {
        for i in 0..u32::try_from(increments).unwrap_or(0) {
            all.extend(repeated.iter().map(|n| What::Increment(*n, i)));
        }
        repeated.clear();
    };
    for (n, (hook, step)) in (0u32..).zip(job.all_steps()) {
        // `checkout: none` becomes a step that never runs.
        if step.task_name() == CHECKOUT {
            if step.condition.as_deref() == Some("false") {
                continue;
            }
            checked_out.push(Some(n));
        }
        // Docs: these hooks are taken for each increment.
        let each = matches!(hook, Some("deploy" | "routeTraffic" | "postRouteTraffic"));
        if each && increments > 0 {
            repeated.push(n);
            continue;
        }
        repeat(&mut repeated, &mut all);
        all.push(What::Step(n));
    }
    repeat(&mut repeated, &mut all);
    all.extend(checked_out.into_iter().rev().map(What::PostCheckout));
    all.push(What::Finalize);
    all
}

/// The name of a step's task as logs and timelines show it.
pub fn task_name(step: &Step) -> &str {
    match step.task_name() {
        PUBLISH => "PublishPipelineArtifact",
        DOWNLOAD => "DownloadPipelineArtifact",
        CHECKOUT => "Checkout",
        other => other,
    }
}

/// Whether a step checks sources out.
pub fn is_checkout(step: &Step) -> bool {
    step.task_name() == CHECKOUT
}

/// Whether a step is one of those that can be executed: a checkout of the pipeline's own sources, or a script of its own.
pub fn is_executable(build: &Build, s: usize, j: usize, what: What) -> bool {
    if what == What::Checkout {
        return true;
    }
    build.step_plan(s, j, what).is_some_and(|(_, step)| {
        let own = step.input("repository").is_none_or(|named| named == "self");
        step.script().is_some() || is_checkout(step) && own
    })
}

/// The task of a step and its version (`CmdLine`, `2`); `None` for the service's own steps.
pub fn task(build: &Build, s: usize, j: usize, what: What) -> Option<(&str, &str)> {
    if what == What::Checkout {
        return Some(("Checkout", "1"));
    }
    let (_, step) = build.step_plan(s, j, what)?;
    let version = step.task.split_once('@').map_or("", |(_, version)| version);
    Some((task_name(step), version))
}

/// The artifact that a step publishes. Nothing is executed, so it is one without content.
pub fn published(step: &Step, known: &Scope<'_>) -> Option<String> {
    // Docs: the inputs of the tasks, and what they are without them.
    let (inputs, default) = match task_name(step) {
        "PublishPipelineArtifact" => (["artifactName", "artifact"], "drop"),
        "PublishBuildArtifacts" => (["ArtifactName", "ArtifactName"], "drop"),
        _ => return None,
    };
    let given = inputs.iter().find_map(|name| step.input(name)).map(|v| replace(v, known));
    let name = given.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    Some(name.unwrap_or_else(|| default.to_owned()))
}

/// Whether a text of the YAML says true.
pub fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|t| t.trim().eq_ignore_ascii_case("true"))
}

/// A job's time limit in minutes.
// Docs: 60 unless said otherwise; 0 is as much as there is, which is 360 on hosted agents.
pub fn minutes(text: Option<&str>) -> u32 {
    match text.and_then(|t| t.trim().parse().ok()) {
        None => 60,
        Some(0) => 360,
        Some(minutes) => minutes,
    }
}
