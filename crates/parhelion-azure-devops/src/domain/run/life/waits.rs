//! What a run waits for, and letting go what stands until it is stepped.

use crate::store::{Build, BuildStatus, JobRun, StepRun, Wait};
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
    let jobs = build.stages.iter().flat_map(|s| &s.jobs);
    let inner = jobs.flat_map(|job| {
        let of_job = job.wait.map(|wait| Waiting {
            subject: format!("job:{}", job.record),
            what: format!("the beginning of job {}", job.display),
            record: Some(job.record),
            wait,
        });
        let of_step = |step: &StepRun| {
            let wait = step.wait?;
            let what = format!("the end of step {} of job {}", step.display, job.display);
            Some(Waiting { subject: format!("step:{}", step.record), what, record: Some(step.record), wait })
        };
        of_job.into_iter().chain(job.steps.iter().filter_map(of_step)).collect::<Vec<_>>()
    });
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
        if let Some(step) = job.steps.iter_mut().find(|s| s.record == record) {
            step.wait = over;
        }
    }
    Some(chosen.subject)
}
