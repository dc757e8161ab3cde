//! What a run waits for, and letting go what stands until it is stepped.

use crate::{
    domain::simulation,
    store::{Build, BuildStatus, JobRun, Wait},
};
use parhelion_core::Timestamp;
use uuid::Uuid;

/// Something of a build that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What, as subjects name it: `run:7`, `job:…`, `step:…`.
    pub subject: String,
    /// What, in words.
    pub what: String,
    /// Its record; `None` for the run itself.
    pub record: Option<Uuid>,
    /// For what.
    pub wait: Wait,
}

/// All that waits in a build, in written order.
pub fn waiting(build: &Build) -> Vec<Waiting> {
    let own = build.wait.map(|wait| {
        let what = match build.status {
            BuildStatus::Cancelling => "the end of the run's cancellation",
            _ => "the beginning of the run",
        };
        Waiting { subject: format!("run:{}", build.id), what: what.to_owned(), record: None, wait }
    });
    let mut inner = Vec::new();
    for (s, stage) in build.stages.iter().enumerate() {
        for (j, job) in stage.jobs.iter().enumerate() {
            inner.extend(job.wait.map(|wait| Waiting {
                subject: format!("job:{}", job.record),
                what: format!("the beginning of job {}", job.display),
                record: Some(job.record),
                wait,
            }));
            for (t, step) in job.steps.iter().enumerate() {
                let Some(wait) = step.wait else { continue };
                let (record, title) = (job.step_record(t), simulation::title(build, (s, j, t)));
                let what = format!("the end of step {title} of job {}", job.display);
                inner.push(Waiting { subject: format!("step:{record}"), what, record: Some(record), wait });
            }
        }
    }
    own.into_iter().chain(inner).collect()
}

/// When a build next goes on by itself, and since when it stands until it is stepped.
pub fn next(build: &Build) -> (Option<Timestamp>, Option<Timestamp>) {
    let of_step = |j: &JobRun| j.steps.iter().find_map(|s| s.wait);
    let jobs = build.stages.iter().flat_map(|s| &s.jobs);
    let waits = jobs.filter_map(|j| j.wait.or_else(|| of_step(j))).chain(build.wait);
    let (mut due, mut held) = (None, None);
    for wait in waits {
        match wait.until {
            Some(until) => due = Some(due.map_or(until, |d: Timestamp| d.min(until))),
            None => held = Some(held.map_or(wait.since, |h: Timestamp| h.min(wait.since))),
        }
    }
    // What checks say of a stage is looked at again at the latest when their time runs out.
    for at in build.stages.iter().filter_map(|s| s.checkpoint.as_ref()?.due) {
        due = Some(due.map_or(at, |d: Timestamp| d.min(at)));
    }
    (due, held)
}

/// Lets go what stands until it is stepped: that of this record, or what has stood longest. Its subject.
pub fn let_go(build: &mut Build, record: Option<Uuid>, now: Timestamp) -> Option<String> {
    let held = waiting(build).into_iter().filter(|w| w.wait.until.is_none());
    let chosen = match record {
        Some(record) => held.into_iter().find(|w| w.record == Some(record)),
        // The first of those that have stood equally long.
        None => held.min_by_key(|w| w.wait.since),
    }?;
    let over = Some(Wait { since: chosen.wait.since, until: Some(now) });
    let Some(record) = chosen.record else {
        build.wait = over;
        return Some(chosen.subject);
    };
    for job in build.stages.iter_mut().flat_map(|s| &mut s.jobs) {
        if job.record == record {
            job.wait = over;
        }
        let waits = |t: &usize| job.steps.get(*t).is_some_and(|step| step.wait.is_some());
        let found = (0..job.steps.len()).filter(waits).find(|t| job.step_record(*t) == record);
        if let Some(step) = found.and_then(|t| job.steps.get_mut(t)) {
            step.wait = over;
        }
    }
    Some(chosen.subject)
}
