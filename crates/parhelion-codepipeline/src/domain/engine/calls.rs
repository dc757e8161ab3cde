//! Actions whose work is done elsewhere and waited for: executions of other pipelines, functions and builds that are
//! called at an address.

use super::records::{Due, ExecutionId, Failed, JobId, Key, Outcome, Planned, Run, Wanted};
use super::tell::job_subject;
use super::work::time_limit;
use super::{Effect, Machine, Start};
use crate::domain::jobs::{Job, JobState};
use crate::domain::simulation::configured;
use crate::domain::starts;
use crate::named::Named;
use crate::shapes::{
    ActionDeclaration, ActionTypeId, PipelineExecutionStatus, PipelineVariable, SourceRevisionOverride,
    TriggerType,
};
use chrono::TimeDelta;
use parhelion_core::{Cause, Event, Verdict};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// How many executions may wait for each other in a chain.
// CHOICE: AWS documents no bound; without one, pipelines that start each other in a circle would never end.
const DEPTH_MAX: usize = 10;
/// How many executions the actions of one step may start in all.
pub(super) const CALLS_MAX: usize = 1000;
/// How long a called function may say nothing. Docs: the quotas page, Lambda.
const SILENCE: TimeDelta = TimeDelta::minutes(20);

/// What a start asks for.
type Asked = (Vec<(String, String)>, BTreeMap<String, Wanted>);

impl Machine<'_> {
    /// Docs: the CodePipeline action starts the named pipeline and waits for its end.
    pub(super) fn call_pipeline(&mut self, key: Key, run: &Run, action: &ActionDeclaration) {
        let action = run.resolved(action);
        let name = configured(&action, "PipelineName");
        let Some(line) = self.engine.names.get(name).map(|line| **line) else {
            return self.cannot_begin(
                key,
                Failed::new("JobFailed", format!("The pipeline '{name}' does not exist")),
            );
        };
        self.calls += 1;
        let refusal = if !self.engine.has_room(line) {
            Some(format!("The pipeline '{name}' has as many executions as it may have"))
        } else if self.depth(key) >= DEPTH_MAX {
            Some(format!("More than {DEPTH_MAX} pipelines would wait for each other"))
        } else if self.calls > CALLS_MAX {
            Some(format!("More than {CALLS_MAX} executions would be started by actions at one instant"))
        } else {
            None
        };
        if let Some(why) = refusal {
            return self.cannot_begin(key, Failed::new("JobFailed", why));
        }
        let (variables, wanted) = match self.asked_of(line, &action) {
            Ok(asked) => asked,
            Err(why) => return self.cannot_begin(key, Failed::new("ConfigurationError", why)),
        };
        let number = self.line(line).map_or(0, |line| line.executions) + 1;
        let id = ExecutionId(self.draw.uuid("execution"));
        self.edit_run(key, |run| {
            run.awaits = Some((line, number));
            run.external_id = Some(id.to_string());
        });
        self.schedule(key, run.started + time_limit(self.engine, &action), Due::Expires(key));
        self.start(Start {
            line,
            id,
            trigger: TriggerType::StartPipelineExecution,
            trigger_detail: self.engine.place.caller_arn(),
            variables,
            wanted,
            awaited_by: Some(key),
            cause: Cause::Last(format!("action:{}", run.id)),
        });
    }

    /// What the action hands on. Docs: both are lists written as JSON texts.
    fn asked_of(&self, line: super::records::LineId, action: &ActionDeclaration) -> Result<Asked, String> {
        fn list<T: DeserializeOwned>(action: &ActionDeclaration, name: &str) -> Result<Vec<T>, String> {
            match configured(action, name) {
                "" => Ok(Vec::new()),
                text => serde_json::from_str(text)
                    .map_err(|e| format!("The configuration '{name}' is not valid: {e}")),
            }
        }
        let variables: Vec<PipelineVariable> = list(action, "Variables")?;
        let revisions: Vec<SourceRevisionOverride> = list(action, "SourceRevisions")?;
        let Some(plan) = self.engine.plan(line) else { return Ok(Asked::default()) };
        let variables = starts::variables(plan, &variables).map_err(|e| e.to_string())?;
        Ok((variables, starts::wanted(plan, &revisions).map_err(|e| e.to_string())?))
    }

    /// How many executions wait for the one of a run, in a chain.
    fn depth(&self, mut key: Key) -> usize {
        let mut depth = 1;
        while depth <= DEPTH_MAX {
            let execution = self.run(key).and_then(|run| self.execution((key.0, run.execution)));
            match execution.and_then(|e| e.awaited_by) {
                Some(waiting) => key = waiting,
                None => break,
            }
            depth += 1;
        }
        depth
    }

    /// What a run that waited for another execution comes to.
    pub(super) fn outcome_of_other(&self, run: &Run, action: &ActionDeclaration) -> Outcome {
        let action = run.resolved(action);
        let name = configured(&action, "PipelineName");
        let Some(other) = run.awaits.and_then(|key| self.engine.executions.get(&key)) else {
            return Outcome::failure("JobFailed", format!("The pipeline '{name}' does not exist any more"));
        };
        let variables = Named::from([("ExecutionId", other.id.to_string())]);
        let failed = (other.status != PipelineExecutionStatus::Succeeded).then(|| {
            Failed::new("JobFailed", format!("The execution of pipeline '{name}' ended as {}", other.status))
        });
        Outcome { failed, external_id: Some(other.id.to_string()), variables, ..Outcome::default() }
    }

    /// Work that cannot be begun: it is found out when it is looked at, in this same step.
    pub(super) fn cannot_begin(&mut self, key: Key, why: Failed) {
        self.engine.runs.edit(&key, |run| run.more_mut().planned = Some(Planned::Not(why)));
        self.schedule(key, self.now, Due::Done(key));
    }

    // ------------------------------------------------------------ functions

    /// Has a function or a build called: its job is its own from the beginning, nobody polls for it.
    pub(super) fn call_function(
        &mut self,
        key: Key,
        action_type: ActionTypeId,
        continuation: Option<String>,
        after: Option<JobId>,
    ) {
        let Some((run, _, plan)) = self.under_way(key) else { return };
        let Some(action) = plan.action(run.stage, run.action) else { return };
        let is_lambda = action_type.provider == "Lambda";
        self.engine.last_job += 1;
        let id = JobId(self.draw.uuid("job"));
        let state = JobState::InProgress { nonce: String::new() };
        let number = self.engine.last_job;
        self.engine
            .jobs
            .put(id, Job { run: key, action_type, created: self.now, number, state, continuation });
        self.engine.runs.edit(&key, |run| run.job = Some(id));
        let limit = run.started + time_limit(self.engine, action);
        let silent = self.now.checked_add_signed(SILENCE).filter(|_| is_lambda);
        self.schedule(key, silent.map_or(limit, |at| at.min(limit)), Due::Expires(key));
        let because = after.map_or_else(|| format!("action:{}", run.id), job_subject);
        let event = Event::new("job.started", job_subject(id))
            .fact("a job was made and its receiver is called: it waits for PutJobSuccessResult or PutJobFailureResult")
            .verdict(Verdict::Waiting)
            .with("action_execution", run.id.to_string())
            .because(Cause::Last(because));
        self.tell(event);
        self.effects.push(Effect::Call(id));
    }
}
