//! What an action does: simulated work, approvals, jobs for workers, executions of other pipelines.

use super::records::{Due, Execution, ExecutionId, Failed, JobId, Key, Outcome, Plan, Position, Run, RunId};
use super::types::missing_type;
use super::{Effect, Engine, Machine, Start, tell};
use crate::domain::jobs::{Job, JobState, queue_of};
use crate::domain::{artifacts, catalogue, simulation};
use crate::shapes::{
    ActionCategory, ActionDeclaration, ActionExecutionStatus, ActionTypeId, PipelineExecutionStatus,
    TriggerType,
};
use chrono::TimeDelta;
use parhelion_core::{Cause, Timestamp};
use std::collections::BTreeMap;

/// Who does an action's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nobody: it succeeds at once.
    Simulated,
    /// A person who answers.
    Approval,
    /// A partner's worker, who polls.
    ThirdParty,
    /// A customer's worker, who polls.
    Custom,
    /// Another pipeline.
    Pipeline,
    /// The type is not there (any more).
    Missing,
}

/// Who does the work of an action of a type.
pub fn work_of(engine: &Engine, action_type: &ActionTypeId) -> Work {
    match engine.kind(action_type).map(|kind| kind.run) {
        // Docs: the one built-in action whose work happens here: it starts the named pipeline and waits.
        Some(_)
            if (action_type.category, action_type.provider.as_str())
                == (ActionCategory::Invoke, "CodePipeline") =>
        {
            Work::Pipeline
        }
        Some(catalogue::Run::Source | catalogue::Run::Simulated) => Work::Simulated,
        Some(catalogue::Run::Approval) => Work::Approval,
        Some(catalogue::Run::ThirdPartyJob) => Work::ThirdParty,
        Some(catalogue::Run::CustomJob) => Work::Custom,
        None => Work::Missing,
    }
}

/// How long an action may take.
fn time_limit(engine: &Engine, action: &ActionDeclaration) -> TimeDelta {
    // Docs: only approvals may say it themselves.
    let own = action.timeout_in_minutes.map(|minutes| TimeDelta::minutes(i64::from(minutes)));
    let of_type = engine.kind(&action.action_type_id).map(|kind| kind.timeout_secs);
    let seconds = of_type.and_then(|secs| i64::try_from(secs).ok()).and_then(TimeDelta::try_seconds);
    own.or(seconds).unwrap_or(TimeDelta::hours(1))
}

impl Machine<'_> {
    /// Begins an action of the stage that the execution is in.
    pub(super) fn begin(&mut self, execution: Key, stage: usize, action: usize, because: &str) {
        let (Some(plan), Some(line)) = (self.plan(execution), self.line(execution.0)) else { return };
        let (Some(declared), Some(in_stage)) = (plan.action(stage, action), plan.stage(stage)) else {
            return;
        };
        let number = line.runs + 1;
        let key = (execution.0, number);
        let outputs = declared.output_artifacts.iter().flatten();
        let outputs = outputs
            .map(|out| artifacts::key(&line.name, &out.name, stage == 0, &self.draw.token("artifact", 7)))
            .collect();
        let work = work_of(self.engine, &declared.action_type_id);
        let due = match work {
            Work::Simulated | Work::Missing => self.now,
            Work::Approval | Work::ThirdParty | Work::Custom | Work::Pipeline => {
                self.now + time_limit(self.engine, declared)
            }
        };
        let run = Run {
            id: RunId(self.draw.uuid("action-execution")),
            execution: execution.1,
            stage,
            action,
            status: ActionExecutionStatus::InProgress,
            started: self.now,
            updated: self.now,
            summary: None,
            external_id: None,
            external_url: None,
            percent: None,
            error: None,
            token: (work == Work::Approval).then(|| self.draw.uuid("approval")),
            job: None,
            awaits: None,
            outputs,
            variables: BTreeMap::new(),
            due: Some(due),
        };
        self.engine.runs.put(key, run);
        self.engine.lines.edit(&execution.0, |line| {
            line.runs = number;
            if let Some(gate) = line.gates.get_mut(&in_stage.name) {
                gate.actions.insert(declared.name.clone(), number);
            }
        });
        self.edit_execution(execution, |e| {
            if let Some(run) = e.in_stage_mut(stage) {
                run.runs.push((action, number));
            }
        });
        self.tell_action(key, because.to_owned());
        match work {
            Work::Simulated | Work::Missing => self.set_due(due, Due::Done(key)),
            Work::Approval | Work::ThirdParty | Work::Custom => self.set_due(due, Due::Expires(key)),
            Work::Pipeline => {
                self.set_due(due, Due::Expires(key));
                self.start_other(key, declared);
            }
        }
        match work {
            Work::ThirdParty | Work::Custom => {
                self.queue_job(key, declared.action_type_id.clone(), None, None)
            }
            Work::Approval => self.tell_approval(key, due),
            _ => {}
        }
    }

    /// Docs: the CodePipeline action starts the named pipeline and waits for its end.
    fn start_other(&mut self, run: Key, action: &ActionDeclaration) {
        let name = action.configuration.as_ref().and_then(|c| c.get("PipelineName"));
        let target = name.and_then(|name| self.engine.names.get(name)).map(|line| **line);
        let target = target.filter(|line| self.engine.has_room(*line));
        let declared =
            target.and_then(|line| self.engine.plan(line)).map(|plan| plan.declaration.variables.clone());
        let variables = declared.flatten().into_iter().flatten();
        // CHOICE: a variable without default counts as empty; the action's own Variables are not handed on yet
        // (the journal says so).
        let variables = variables.map(|v| (v.name, v.default_value.unwrap_or_default())).collect();
        if let (Some(line), Some(id)) = (target, self.engine.runs.get(&run).map(|run| run.id)) {
            let number = self.line(line).map_or(0, |line| line.executions) + 1;
            self.engine.runs.edit(&run, |run| run.awaits = Some((line, number)));
            let start = Start {
                line,
                id: ExecutionId(self.draw.uuid("execution")),
                trigger: TriggerType::StartPipelineExecution,
                trigger_detail: self.engine.place.caller_arn(),
                variables,
                wanted: BTreeMap::new(),
                awaited_by: Some(run),
                cause: Cause::Last(format!("action:{id}")),
            };
            self.start(start);
        } else if let Some(at) = self.engine.runs.get(&run).and_then(|run| run.due) {
            // Not there: found out when the work is looked at, in this same step.
            let now = self.now;
            self.engine.due.remove(&(at, Due::Expires(run)));
            self.engine.runs.edit(&run, |run| run.due = Some(now));
            self.set_due(now, Due::Done(run));
        }
    }

    /// Simulated work is done, or the awaited execution is over.
    pub(super) fn work_done(&mut self, key: Key) {
        let Some((run, execution, plan)) = self.under_way(key) else { return };
        let Some(declared) = plan.action(run.stage, run.action) else { return };
        let outcome = match work_of(self.engine, &declared.action_type_id) {
            Work::Simulated => self.simulated(key, &run, &execution, declared),
            Work::Pipeline => self.outcome_of_other(&run, declared),
            Work::Missing => missing_type(),
            Work::Approval | Work::ThirdParty | Work::Custom => return,
        };
        self.finish(key, outcome);
    }

    fn simulated(&self, key: Key, run: &Run, execution: &Execution, action: &ActionDeclaration) -> Outcome {
        let created = self.engine.lines.get(&key.0).map_or(self.now, |line| line.created);
        let place = &self.engine.place;
        simulation::outcome(&simulation::Asked { place, run, execution, action, created })
    }

    fn outcome_of_other(&self, run: &Run, action: &ActionDeclaration) -> Outcome {
        let name =
            action.configuration.as_ref().and_then(|c| c.get("PipelineName")).map_or("", String::as_str);
        let Some(other) = run.awaits.and_then(|key| self.engine.executions.get(&key)) else {
            let there = self.engine.names.contains_key(name);
            let why = if there { "has as many executions as it may have" } else { "does not exist" };
            return Outcome::failure("JobFailed", format!("The pipeline '{name}' {why}"));
        };
        let variables = BTreeMap::from([("ExecutionId".to_owned(), other.id.to_string())]);
        let failed = (other.status != PipelineExecutionStatus::Succeeded).then(|| {
            Failed::new("JobFailed", format!("The execution of pipeline '{name}' ended as {}", other.status))
        });
        Outcome { failed, external_id: Some(other.id.to_string()), variables, ..Outcome::default() }
    }

    /// The time limit of a run is reached.
    pub(super) fn expire(&mut self, key: Key) {
        let Some((run, _, plan)) = self.under_way(key) else { return };
        let Some(declared) = plan.action(run.stage, run.action) else { return };
        let message = match work_of(self.engine, &declared.action_type_id) {
            Work::Approval => "The approval was not answered in time",
            _ => "The action did not finish in time",
        };
        if let Some(job) = run.job {
            self.close_job(job, JobState::TimedOut);
        }
        self.finish(key, Outcome { failed: Some(Self::timed_out(message)), ..Outcome::default() });
    }

    /// The end of a run.
    fn finish(&mut self, key: Key, outcome: Outcome) {
        let Some((run, execution, plan)) = self.under_way(key) else { return };
        let status = match outcome.failed {
            Some(_) => ActionExecutionStatus::Failed,
            None => ActionExecutionStatus::Succeeded,
        };
        self.clear_due(key, &run);
        let succeeded = outcome.failed.is_none();
        let revision = outcome.revision.clone();
        self.edit_run(key, |run| {
            run.status = status;
            run.error = outcome.failed.clone();
            run.variables = outcome.variables.clone();
            take_news(run, &outcome);
        });
        let of = (key.0, run.execution);
        if let (true, Some(revision), Some(action)) =
            (succeeded, revision, plan.action(run.stage, run.action))
        {
            let name = action.name.clone();
            self.engine.lines.edit(&key.0, |line| line.revisions.insert(name.clone(), revision.clone()));
            self.edit_execution(of, |e| e.revisions.push((name, revision)));
        }
        debug_assert_eq!(execution.position, Position::In(run.stage));
        let because = self.run(key).map_or(String::new(), |run| self.end_of(&run));
        self.tell_action(key, because);
        self.go_on(of);
    }

    /// Whether nobody works at a run: an approval that waits, a job that nobody has taken on.
    pub(super) fn is_idle(&self, key: Key) -> bool {
        let Some((run, _, plan)) = self.under_way(key) else { return false };
        let Some(declared) = plan.action(run.stage, run.action) else { return false };
        // Its type may be gone since: the job stands for itself.
        match run.job.and_then(|job| self.engine.jobs.get(&job)) {
            Some(job) => job.state.is_open(),
            None => work_of(self.engine, &declared.action_type_id) == Work::Approval,
        }
    }

    /// Ends a run that is no longer wanted.
    pub(super) fn abandon(&mut self, key: Key, because: &str) {
        let Some((run, ..)) = self.under_way(key) else { return };
        self.clear_due(key, &run);
        if let Some(job) = run.job {
            self.close_job(job, JobState::Abandoned);
        }
        self.edit_run(key, |run| run.status = ActionExecutionStatus::Abandoned);
        self.tell_action(key, because.to_owned());
    }

    fn clear_due(&mut self, key: Key, run: &Run) {
        if let Some(at) = run.due {
            self.engine.due.remove(&(at, Due::Done(key)));
            self.engine.due.remove(&(at, Due::Expires(key)));
        }
        self.engine.runs.edit(&key, |run| run.due = None);
    }

    /// A run that is in progress, with what it belongs to.
    fn under_way(&self, key: Key) -> Option<(Run, Execution, std::sync::Arc<Plan>)> {
        let run = self.run(key).filter(|run| run.status == ActionExecutionStatus::InProgress)?;
        let of = (key.0, run.execution);
        Some((Run::clone(&run), Execution::clone(&*self.execution(of)?), self.plan(of)?))
    }

    // ------------------------------------------------------------ jobs

    fn queue_job(
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
        self.engine.queue.put((queue_of(&action_type), number), id);
        let job = Job { run, action_type, created: self.now, number, state: JobState::Queued, continuation };
        self.engine.jobs.put(id, job);
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
        if let JobState::Dispatched { until, .. } = job.state {
            self.engine.due.remove(&(until, Due::Lapses(id)));
        }
        if let JobState::Dispatched { until, .. } = state {
            self.set_due(until, Due::Lapses(id));
        }
        let place = (queue_of(&job.action_type), job.number);
        if state.is_open() {
            self.engine.queue.put(place, id);
        } else {
            self.engine.queue.remove(&place);
        }
        self.engine.jobs.edit(&id, |job| job.state = state);
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

    fn close_job(&mut self, id: JobId, state: JobState) {
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
        if let JobState::Dispatched { until, .. } = job.state {
            self.engine.due.remove(&(until, Due::Lapses(id)));
        }
        self.release_job(id);
    }
}

/// What a report adds to what is known of a run; what it does not say stays.
fn take_news(run: &mut Run, news: &Outcome) {
    let replace = |known: &mut Option<String>, new: &Option<String>| {
        if new.is_some() {
            known.clone_from(new);
        }
    };
    replace(&mut run.summary, &news.summary);
    replace(&mut run.external_id, &news.external_id);
    replace(&mut run.external_url, &news.external_url);
    run.percent = news.percent.or(run.percent);
}
