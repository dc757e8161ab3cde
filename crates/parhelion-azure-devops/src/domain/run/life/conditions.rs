//! Whether a stage, job or step begins: its condition over what it depends on. The table of section 6:
//!
//! | dependencies | succeeded | failed | succeededOrFailed | always |
//! |---|---|---|---|---|
//! | none, or all succeeded | yes | no | yes | yes |
//! | some skipped | no | no | if any succeeded or failed | yes |
//! | one failed | no | yes | yes | yes |
//! | one abandoned | no | no | no | yes |
// CHOICE: where a row does not say it: a failure counts also beside what was given up; only dependencies of its own are
// looked at, not theirs; `canceled()` holds when one of them was canceled.

use crate::{
    domain::{
        run::scope::{Scope, word},
        variables::Lookup,
    },
    store::{Build, BuildStatus, JobRun, Leg, RecordResult},
};
use parhelion_azure_pipelines::runtime::{self, Facts, Moment, Place, Status};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Whether something may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Something that it depends on is not over.
    NotYet,
    /// It may.
    Go,
    /// Its condition does not hold; why.
    Never(String),
    /// Its condition cannot be told; why.
    Abandon(String),
}

/// One thing that another depends on, when it is over.
struct On {
    name: String,
    result: RecordResult,
    /// What the caller left out is as good as done.
    left_out: bool,
}

impl On {
    fn is_good(&self) -> bool {
        self.result.is_good() || self.left_out
    }
}

/// Of a stage.
pub(super) fn stage(build: &Build, s: usize) -> Ready {
    let Some(stage) = build.stages.get(s) else { return Ready::NotYet };
    if stage.skipped {
        return Ready::Never("the caller left it out".to_owned());
    }
    let mut on = Vec::new();
    for wanted in &stage.depends_on {
        for other in build.stages.iter().filter(|o| o.name.eq_ignore_ascii_case(wanted)) {
            let Some(result) = other.life.result else { return Ready::NotYet };
            on.push(On { name: other.name.clone(), result, left_out: other.skipped });
        }
    }
    let scope = Scope::stage(build, s);
    judge(stage.condition.as_deref(), Place::Condition, &Seen { build, s, j: None, scope, on, own: None })
}

/// What a job sees when everything that it depends on is over.
fn seen_by_job(build: &Build, s: usize, j: usize) -> Option<Seen<'_>> {
    let (stage, plan) = (build.stages.get(s)?, build.job_plan(s, j)?);
    let mut on: Vec<On> = Vec::new();
    for wanted in &plan.depends_on {
        for other in stage.jobs.iter().filter(|o| o.base.eq_ignore_ascii_case(wanted)) {
            on.push(On { name: other.base.clone(), result: other.life.result?, left_out: false });
        }
    }
    Some(Seen { build, s, j: Some(j), scope: Scope::job(build, s, j), on, own: None })
}

/// The value of a variable of a stage or a job with `$[ … ]`, or of a matrix, when the job begins.
pub(super) fn work_out(build: &Build, (s, j): (usize, usize), value: &str) -> Result<String, String> {
    let Some(seen) = seen_by_job(build, s, j) else { return Err("it is not known yet".to_owned()) };
    runtime::variable(value, Place::JobVariable, &seen)
}

/// Of a job.
pub(super) fn job(build: &Build, s: usize, j: usize) -> Ready {
    let found =
        build.stages.get(s).and_then(|stage| Some((stage, stage.jobs.get(j)?, build.job_plan(s, j)?)));
    let Some((stage, job, plan)) = found else { return Ready::NotYet };
    let Some(seen) = seen_by_job(build, s, j) else { return Ready::NotYet };
    let ready = judge(plan.condition.as_deref(), Place::Condition, &seen);
    // It has its turn when one of its matrix is over; one that waits for its pace has its turn already.
    let has_turn = |o: &&JobRun| {
        o.phase == job.phase && o.life.finished.is_none() && (o.life.started.is_some() || o.wait.is_some())
    };
    let most = plan.strategy.max_parallel().and_then(|n| n.trim().parse::<usize>().ok()).filter(|n| *n > 0);
    match most {
        Some(most) if ready == Ready::Go && job.wait.is_none() => {
            if stage.jobs.iter().filter(has_turn).count() < most { Ready::Go } else { Ready::NotYet }
        }
        _ => ready,
    }
}

/// Of a step; `job` is how its job stands so far.
pub(super) fn step(build: &Build, (s, j, t): (usize, usize, usize), job: RecordResult) -> Ready {
    let Some((_, plan)) = build.step(s, j, t).and_then(|step| build.step_plan(s, j, step.what)) else {
        return Ready::Go;
    };
    if plan.enabled.as_deref().is_some_and(|e| e.trim().eq_ignore_ascii_case("false")) {
        return Ready::Never("it is not enabled".to_owned());
    }
    let scope = Scope::step(build, s, j, t);
    let seen = Seen { build, s, j: Some(j), scope, on: Vec::new(), own: Some(job) };
    judge(plan.condition.as_deref(), Place::StepCondition, &seen)
}

fn judge(condition: Option<&str>, place: Place, seen: &Seen<'_>) -> Ready {
    // An empty one is none.
    let condition = condition.filter(|c| !c.trim().is_empty());
    let holds = match condition {
        None => Ok(seen.status(Status::Succeeded, &[])),
        Some(condition) => runtime::condition(condition, place, seen),
    };
    let condition = condition.unwrap_or("succeeded()");
    match holds {
        Ok(true) => Ready::Go,
        Ok(false) => Ready::Never(format!("its condition {condition} does not hold{}", seen.standing())),
        Err(why) => Ready::Abandon(format!("its condition {condition} cannot be told: {why}")),
    }
}

/// What a condition sees.
struct Seen<'a> {
    build: &'a Build,
    s: usize,
    j: Option<usize>,
    scope: Scope<'a>,
    on: Vec<On>,
    /// Of a step: how its job stands.
    own: Option<RecordResult>,
}

impl Seen<'_> {
    /// How it stands with what it depends on, to be read after a comma.
    fn standing(&self) -> String {
        if let Some(own) = self.own {
            return format!(": its job stands at {}", word(own));
        }
        let told: Vec<String> =
            self.on.iter().map(|on| format!("{} is {}", on.name, word(on.result))).collect();
        if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
    }
    fn stage_outputs(&self, stage: usize) -> Value {
        let jobs = self.build.stages.get(stage).into_iter().flat_map(|s| &s.jobs);
        let all = jobs.flat_map(|job| {
            outputs(job).map(|(name, value)| (format!("{}.{name}", job.base), value)).collect::<Vec<_>>()
        });
        Value::Object(all.collect())
    }
    fn jobs_of(&self, stage: usize, wanted: impl Fn(&JobRun) -> bool) -> Value {
        let mut jobs: Map<String, Value> = Map::new();
        let all = self.build.stages.get(stage).into_iter().flat_map(|s| &s.jobs);
        let mut worst: Vec<(&str, Option<RecordResult>)> = Vec::new();
        for job in all.filter(|job| wanted(job)) {
            let result = match worst.iter_mut().find(|(name, _)| *name == job.base) {
                Some((_, result)) => {
                    *result = (*result).max(job.life.result);
                    *result
                }
                None => {
                    worst.push((&job.base, job.life.result));
                    job.life.result
                }
            };
            let entry = jobs.entry(job.base.clone()).or_insert_with(|| json!({ "outputs": {} }));
            if let Some(result) = result {
                entry["result"] = word(result).into();
            }
            if let Some(all) = entry["outputs"].as_object_mut() {
                all.extend(outputs(job));
            }
        }
        Value::Object(jobs)
    }
}

/// A job's outputs: those of a matrix entry with its name in front.
fn outputs(job: &JobRun) -> impl Iterator<Item = (String, Value)> {
    let leg = job.name.strip_prefix(&job.base).map(str::trim).filter(|_| job.leg != Leg::Only);
    job.outputs.iter().map(move |(name, value)| {
        let name = leg.map_or_else(|| name.clone(), |leg| format!("{leg}.{name}"));
        (name, Value::from(value.clone()))
    })
}

impl Facts for Seen<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        if let Some(own) = self.own.filter(|_| name.eq_ignore_ascii_case("agent.jobstatus")) {
            return Some(word(own).to_owned());
        }
        self.scope.look(name).map(|found| found.shown().into_owned())
    }
    fn context(&self, name: &str) -> Value {
        let on = |name: &str| self.on.iter().any(|on| on.name.eq_ignore_ascii_case(name));
        let stages = self.build.stages.iter().enumerate();
        match (name, self.j) {
            ("dependencies", Some(_)) => self.jobs_of(self.s, |job| on(&job.base)),
            ("dependencies", None) => {
                let all = stages.filter(|(_, stage)| on(&stage.name)).map(|(s, stage)| {
                    let result = stage.life.result.map(word);
                    (stage.name.clone(), json!({ "result": result, "outputs": self.stage_outputs(s) }))
                });
                Value::Object(all.collect())
            }
            ("stageDependencies", _) => {
                let here = self.build.stages.get(self.s);
                let before = |name: &str| {
                    here.is_some_and(|h| h.depends_on.iter().any(|d| d.eq_ignore_ascii_case(name)))
                };
                let all = stages.filter(|(_, stage)| before(&stage.name));
                Value::Object(all.map(|(s, stage)| (stage.name.clone(), self.jobs_of(s, |_| true))).collect())
            }
            ("resources", _) => {
                let of = |name: &str| self.build.known.look(name).map(|found| found.shown().into_owned());
                json!({ "repositories": { "self": {
                    "id": of("Build.Repository.ID"),
                    "name": self.build.repository,
                    "ref": self.build.branch,
                    "version": self.build.commit.to_string(),
                } } })
            }
            _ => Value::Null,
        }
    }
    fn start_time(&self) -> Moment {
        Moment(self.build.started.unwrap_or(self.build.queued).timestamp_millis())
    }
    // Conditions know no `counter`.
    fn counter(&self, _: &str, seed: f64) -> f64 {
        seed
    }
    fn status(&self, asked: Status, names: &[Arc<str>]) -> bool {
        if let Some(own) = self.own.filter(|_| self.build.status != BuildStatus::Cancelling) {
            return match asked {
                Status::Succeeded => own.is_good(),
                Status::Failed => own == RecordResult::Failed,
                Status::SucceededOrFailed => own.is_good() || own == RecordResult::Failed,
                Status::Canceled => own == RecordResult::Canceled,
            };
        }
        // Docs: once the run is told to end, only `always()` and `canceled()` hold.
        if self.build.status == BuildStatus::Cancelling {
            return asked == Status::Canceled;
        }
        let known = |name: &Arc<str>| self.on.iter().any(|on| on.name.eq_ignore_ascii_case(name));
        if !names.iter().all(known) {
            return false;
        }
        let meant = |on: &&On| names.is_empty() || names.iter().any(|n| on.name.eq_ignore_ascii_case(n));
        let on: Vec<&On> = self.on.iter().filter(meant).collect();
        let any = |result: RecordResult| on.iter().any(|on| on.result == result);
        match asked {
            Status::Succeeded => on.iter().all(|on| on.is_good()),
            Status::Failed => any(RecordResult::Failed),
            Status::SucceededOrFailed => {
                let ended = |on: &&On| on.is_good() || on.result == RecordResult::Failed;
                !any(RecordResult::Abandoned)
                    && !any(RecordResult::Canceled)
                    && (on.is_empty() || on.iter().any(ended))
            }
            Status::Canceled => any(RecordResult::Canceled),
        }
    }
}
