//! What an action does: simulated work, approvals, jobs for workers, executions of other pipelines.

use super::records::{Due, Execution, Failed, Key, Outcome, Plan, Planned, Position, Revision, Run, RunId};
use super::types::missing_type;
use super::{Engine, Machine};
use crate::domain::jobs::JobState;
use crate::domain::{artifacts, catalogue, variables};
use crate::named::Named;
use crate::shapes::{ActionCategory, ActionDeclaration, ActionExecutionStatus, ActionTypeId};
use chrono::TimeDelta;
use parhelion_core::Timestamp;
use std::sync::Arc;

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
pub(super) fn time_limit(engine: &Engine, action: &ActionDeclaration) -> TimeDelta {
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
        let limit = self.now + time_limit(self.engine, declared);
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
            variables: Named::new(),
            due: None,
            more: None,
        };
        self.engine.runs.put(key, run);
        self.engine.lines.edit(&execution.0, |line| {
            line.runs = number;
            if let Some(gate) = line.gates.get_mut(&in_stage.name) {
                gate.actions.insert(declared.name.as_str().into(), number);
            }
        });
        self.edit_execution(execution, |e| {
            if let Some(run) = e.in_stage_mut(stage) {
                run.runs.push((action, number));
            }
        });
        self.tell_action(key, because.to_owned());
        let engine = &*self.engine;
        let none = Named::new();
        let configuration = declared.configuration.as_ref().unwrap_or(&none);
        match variables::resolve(configuration, &|space, name| engine.variable(execution, space, name)) {
            Ok(None) => {}
            Ok(resolved) => {
                self.engine.runs.edit(&key, |run| run.more_mut().resolved = resolved);
            }
            // CHOICE: the code; AWS documents that the action fails.
            Err(why) => return self.cannot_begin(key, Failed::new("InvalidVariable", why.to_string())),
        };
        match work {
            Work::Simulated if self.engine.adapters.of(&declared.action_type_id).is_some() => {
                self.call_function(key, (*declared.action_type_id).clone(), None, None);
            }
            Work::Simulated => self.simulate(key),
            Work::Missing | Work::Pipeline => self.schedule(key, self.now, Due::Done(key)),
            Work::Approval => self.ask(key, limit),
            Work::ThirdParty | Work::Custom => {
                self.schedule(key, limit, Due::Expires(key));
                self.queue_job(key, (*declared.action_type_id).clone(), None, None);
            }
        }
    }

    /// Gives a run another time at which something is due for it.
    pub(super) fn schedule(&mut self, key: Key, at: Timestamp, due: Due) {
        if let Some(before) = self.run(key).and_then(|run| run.due) {
            self.engine.due.remove(&(before, Due::Done(key)));
            self.engine.due.remove(&(before, Due::Expires(key)));
        }
        self.engine.runs.edit(&key, |run| run.due = Some(at));
        self.set_due(at, due);
    }

    /// Simulated work is done, or the awaited execution is over.
    pub(super) fn work_done(&mut self, key: Key) {
        let Some((run, _, plan)) = self.under_way(key) else { return };
        let Some(declared) = plan.action(run.stage, run.action) else { return };
        let planned = run.more.as_ref().and_then(|more| more.planned.clone());
        let outcome = match (planned, work_of(self.engine, &declared.action_type_id)) {
            (Some(Planned::Not(failed)), _) => Outcome { failed: Some(failed), ..Outcome::default() },
            (_, Work::Simulated) => return self.done_by_itself(key, &run, declared),
            (_, Work::Pipeline) if run.awaits.is_none() => return self.call_pipeline(key, &run, declared),
            (_, Work::Pipeline) => self.outcome_of_other(&run, declared),
            (_, Work::Missing) => missing_type(),
            (_, Work::Approval | Work::ThirdParty | Work::Custom) => return,
        };
        self.finish(key, outcome);
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
    pub(super) fn finish(&mut self, key: Key, outcome: Outcome) {
        let Some((run, execution, plan)) = self.under_way(key) else { return };
        let status = match outcome.failed {
            Some(_) => ActionExecutionStatus::Failed,
            None => ActionExecutionStatus::Succeeded,
        };
        self.clear_due(key, &run);
        let succeeded = outcome.failed.is_none();
        let revision = outcome.revision.clone().or_else(|| self.given_revision(key, &run, &execution));
        self.edit_run(key, |run| {
            run.status = status;
            run.error = outcome.failed.clone();
            run.variables = outcome.variables.clone();
            take_news(run, &outcome);
            if !outcome.targets.is_empty() {
                run.more_mut().targets = outcome.targets.clone();
            }
            if let Some(more) = &mut run.more {
                more.planned = None;
                more.stands = None;
            }
        });
        let of = (key.0, run.execution);
        if let (true, Some(revision), Some(action)) =
            (succeeded, revision, plan.action(run.stage, run.action))
        {
            let (name, revision) = (action.name.clone(), Arc::new(revision));
            self.engine
                .lines
                .edit(&key.0, |line| line.revisions.insert(name.as_str().into(), revision.clone()));
            self.edit_execution(of, |e| {
                // A retry finds anew: there is one revision for each source action.
                e.revisions.retain(|(of, _)| *of != name);
                e.revisions.push((name, revision));
            });
        }
        debug_assert_eq!(execution.position, Position::In(run.stage));
        let because = self.run(key).map_or(String::new(), |run| self.end_of(&run));
        self.tell_action(key, because);
        self.go_on(of);
    }

    /// What a source action whose worker named no revision found: what its execution was started for, or what
    /// somebody said that it finds.
    fn given_revision(&self, key: Key, run: &Run, execution: &Execution) -> Option<Revision> {
        let plan = self.engine.plan_of(key.0, execution)?;
        let action = plan.action(run.stage, run.action)?;
        (action.action_type_id.category == ActionCategory::Source).then_some(())?;
        let wanted = execution.wanted.get(&action.name).and_then(|wanted| wanted.revision.clone());
        wanted.or_else(|| self.engine.lines.get(&key.0)?.next_revisions.get(&action.name).cloned())
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
    pub(super) fn under_way(&self, key: Key) -> Option<(Run, Execution, std::sync::Arc<Plan>)> {
        let run = self.run(key).filter(|run| run.status == ActionExecutionStatus::InProgress)?;
        let of = (key.0, run.execution);
        Some((Run::clone(&run), Execution::clone(&*self.execution(of)?), self.plan(of)?))
    }
}

/// What a report adds to what is known of a run; what it does not say stays.
pub(super) fn take_news(run: &mut Run, news: &Outcome) {
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
