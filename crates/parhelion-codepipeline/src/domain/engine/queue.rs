//! Jobs for workers: queued, handed out, taken on, reported (section 7 of the specification).

use super::records::{Due, JobId, Key, Outcome};
use super::types::missing_type;
use super::work::take_news;
use super::{Effect, Machine, tell};
use crate::domain::jobs::{Job, JobState, queue_of};
use crate::shapes::ActionTypeId;
use chrono::TimeDelta;
use parhelion_core::{Pace, Timestamp};

impl Machine<'_> {
    pub(super) fn queue_job(
        &mut self,
        run: Key,
        action_type: ActionTypeId,
        continuation: Option<String>,
        after: Option<JobId>,
    ) {
        self.engine.last_job += 1;
        let number = self.engine.last_job;
        let id = JobId(self.draw.uuid("job"));
        let is_partners = self.engine.is_partners(&action_type);
        let later = match self.draw.pace("job") {
            Pace::Immediate => None,
            Pace::After(delay) => Some(self.now.checked_add_signed(delay)),
            Pace::Manual => Some(None),
        };
        let state = later.map_or(JobState::Queued, |until| JobState::Created { until });
        let job = Job { run, action_type, created: self.now, number, state: state.clone(), continuation };
        self.engine.jobs.put(id, job);
        self.set_job(id, state);
        self.engine.runs.edit(&run, |run| run.job = Some(id));
        // A customer's own job is found within its tenant.
        if is_partners {
            self.effects.push(Effect::Claim(id));
        }
        self.tell_job_queued(id, after);
    }

    /// Gives a job another state, and keeps queue and deadlines in step.
    fn set_job(&mut self, id: JobId, state: JobState) {
        let Some(job) = self.engine.jobs.get(&id).cloned() else { return };
        if let Some(due) = due_of(id, &job.state) {
            self.engine.due.remove(&due);
        }
        if let Some((at, due)) = due_of(id, &state) {
            self.set_due(at, due);
        }
        let place = (queue_of(&job.action_type), job.number);
        if state.is_open() {
            self.engine.queue.put(place, id);
        } else {
            self.engine.queue.remove(&place);
        }
        self.engine.jobs.edit(&id, |job| job.state = state);
    }

    /// A job that polls did not see yet is queued.
    pub(super) fn show_job(&mut self, id: JobId, fact: &str) {
        let made = self.engine.jobs.get(&id).filter(|job| matches!(job.state, JobState::Created { .. }));
        let Some(job) = made.cloned() else { return };
        if self.engine.kind(&job.action_type).is_none() {
            return self.lose_job(id, missing_type());
        }
        self.set_job(id, JobState::Queued);
        self.tell_job_changed(id, fact.to_owned());
    }

    pub(super) fn dispatch(&mut self, id: JobId, nonce: String, until: Timestamp) {
        if self.engine.jobs.get(&id).is_some_and(|job| job.state.is_open()) {
            self.set_job(id, JobState::Dispatched { nonce, until });
            self.tell_job_changed(
                id,
                format!(
                    "the job was handed to a worker; it must be acknowledged by {}",
                    tell::written(until)
                ),
            );
        }
    }

    pub(super) fn lapse(&mut self, id: JobId) {
        if self.engine.jobs.get(&id).is_some_and(|job| matches!(job.state, JobState::Dispatched { .. })) {
            self.set_job(id, JobState::Queued);
            self.tell_job_changed(id, "nobody acknowledged the job in time: it is queued again".to_owned());
        }
    }

    pub(super) fn acknowledge(&mut self, id: JobId) {
        let Some(JobState::Dispatched { nonce, .. }) = self.engine.jobs.get(&id).map(|job| job.state.clone())
        else {
            return;
        };
        self.set_job(id, JobState::InProgress { nonce });
        self.tell_job_changed(id, "a worker has taken the job on".to_owned());
    }

    /// Docs: this job is complete, the action goes on, and a new job carries the token.
    pub(super) fn continue_with(&mut self, id: JobId, token: String, news: Outcome) {
        let Some(job) = self.engine.jobs.get(&id).filter(|job| job.state.is_in_progress()).cloned() else {
            return;
        };
        self.close_job(id, JobState::Succeeded);
        self.edit_run(job.run, |run| take_news(run, &news));
        let Some(kind) = self.engine.kind(&job.action_type) else {
            // Nobody could poll for the next one.
            return self.finish(job.run, missing_type());
        };
        let limit = i64::try_from(kind.timeout_secs).ok().and_then(TimeDelta::try_seconds);
        if let Some(at) =
            limit.and_then(|limit| self.now.checked_add_signed(limit)).filter(|_| kind.timeout_of_job)
        {
            self.schedule(job.run, at, Due::Expires(job.run));
        }
        if self.engine.adapters.of(&job.action_type).is_some() {
            // Docs: the function is called again, with the token.
            return self.call_function(job.run, job.action_type.clone(), Some(token), Some(id));
        }
        self.queue_job(job.run, job.action_type.clone(), Some(token), Some(id));
    }

    pub(super) fn job_done(&mut self, id: JobId, mut outcome: Outcome) {
        let Some(job) = self.engine.jobs.get(&id).filter(|job| job.state.is_in_progress()).cloned() else {
            return;
        };
        let state = match outcome.failed {
            Some(_) => JobState::Failed,
            None => JobState::Succeeded,
        };
        if outcome.failed.is_none() {
            // Docs: a finished job is complete, whatever its last report said.
            outcome.percent = Some(100);
        }
        self.close_job(id, state);
        self.finish(job.run, outcome);
    }

    pub(super) fn close_job(&mut self, id: JobId, state: JobState) {
        self.set_job(id, state);
        self.tell_job_over(id);
    }

    /// A job cannot be done any more: its run ends with it.
    pub(super) fn lose_job(&mut self, id: JobId, outcome: Outcome) {
        let Some(run) = self.engine.jobs.get(&id).map(|job| job.run) else { return };
        self.close_job(id, JobState::Failed);
        self.finish(run, outcome);
    }

    /// A job goes with its pipeline.
    pub(super) fn forget_job(&mut self, id: JobId) {
        let Some(job) = self.engine.jobs.remove(&id) else { return };
        self.engine.queue.remove(&(queue_of(&job.action_type), job.number));
        if let Some(due) = due_of(id, &job.state) {
            self.engine.due.remove(&due);
        }
        self.release_job(id);
    }
}

/// What is due for a job in a state.
fn due_of(id: JobId, state: &JobState) -> Option<(Timestamp, Due)> {
    match state {
        JobState::Dispatched { until, .. } => Some((*until, Due::Lapses(id))),
        JobState::Created { until } => until.map(|at| (at, Due::Queues(id))),
        _ => None,
    }
}
