//! An execution starts, runs the groups of its stages, goes on, and ends.

use super::records::{Due, Execution, Failed, JobId, Key, LineId, Phase, Position, run_order};
use super::{Effect, Machine, Start, tell};
use crate::shapes::{ActionExecutionStatus, PipelineExecutionStatus, StageExecutionStatus};
use parhelion_core::Cause;
use std::num::NonZeroU64;

impl Machine<'_> {
    /// Starts an execution; without room for it (see [`super::Engine::has_room`]) nothing starts.
    pub(super) fn start(&mut self, start: Start) {
        let Some(line) = self.line(start.line) else { return };
        if !self.engine.has_room(start.line) {
            return self.tell_no_room(start.line, start.cause);
        }
        let execution = Execution {
            id: start.id,
            version: line.version,
            status: PipelineExecutionStatus::InProgress,
            summary: None,
            started: self.now,
            updated: self.now,
            trigger: start.trigger,
            trigger_detail: start.trigger_detail,
            variables: start.variables,
            wanted: start.wanted,
            revisions: Vec::new(),
            stages: Vec::new(),
            position: Position::Before(0),
            outdated: None,
            awaited_by: start.awaited_by,
            stop: None,
            rollback: None,
        };
        let key = self.admit(start.line, execution, start.cause);
        self.arrive(key, 0);
    }

    /// Gives an execution its number and writes its start down.
    pub(super) fn admit(&mut self, line: LineId, execution: Execution, cause: Cause) -> Key {
        let number = self.line(line).map_or(0, |line| line.executions) + 1;
        let key = (line, number);
        self.engine.execution_ids.put(execution.id, key);
        self.engine.executions.put(key, execution);
        self.engine.lines.edit(&line, |line| {
            line.executions = number;
            line.live.insert(number);
        });
        self.tell_started(key, cause);
        key
    }

    /// What an execution in a stage does next: wait for what is in progress, go on with its phase, or leave.
    /// Called after whatever may have changed that.
    pub(super) fn go_on(&mut self, key: Key) {
        let Some(execution) = self.execution(key) else { return };
        let Position::In(stage) = execution.position else { return };
        let Some(entered) = execution.in_stage(stage) else { return };
        let acts = |n: &u64| self.status_of_run((key.0, *n)) == Some(ActionExecutionStatus::InProgress);
        let open_rule = |n: &u64| self.engine.rules.get(&(key.0, *n)).is_some_and(|rule| rule.is_open());
        if entered.present_runs().values().any(acts)
            || entered.open_condition().is_some_and(|condition| condition.rules.iter().any(open_rule))
        {
            return;
        }
        if entered.open_condition().is_some() {
            self.settle_condition(key, stage);
        }
        // CHOICE: a stop and an update at once end as the stop does, which the status has shown since.
        match end_of_stage(&execution) {
            Some(status) => self.leave(key, stage, status),
            None if entered.phase == Phase::Actions => self.next_group(key, stage),
            None => self.act_on_condition(key, stage, entered.phase),
        }
    }

    /// Starts the next group of actions of a stage, or ends the phase.
    fn next_group(&mut self, key: Key, stage: usize) {
        let (Some(execution), Some(plan)) = (self.execution(key), self.plan(key)) else { return };
        let (Some(entered), Some(declared)) = (execution.in_stage(stage), plan.stage(stage)) else { return };
        let done = entered.present_runs();
        if done.values().any(|n| self.status_of_run((key.0, *n)) != Some(ActionExecutionStatus::Succeeded)) {
            return self.begin_phase(key, stage, Phase::OnFailure);
        }
        let left = || declared.actions.iter().enumerate().filter(|(place, _)| !done.contains_key(place));
        let Some(order) = left().map(|(_, action)| run_order(action)).min() else {
            return self.begin_phase(key, stage, Phase::OnSuccess);
        };
        let because = self.group_before(key, stage);
        for (action, _) in left().filter(|(_, action)| run_order(action) == order) {
            self.begin(key, stage, action, &because);
        }
    }

    pub(super) fn status_of_run(&self, run: Key) -> Option<ActionExecutionStatus> {
        self.engine.runs.get(&run).map(|run| run.status)
    }

    /// An execution leaves a stage: the gate opens for those that wait.
    pub(super) fn leave(&mut self, key: Key, stage: usize, status: StageExecutionStatus) {
        let Some(name) = self.stage_name(key, stage) else { return };
        self.depart(key, stage, status);
        self.open(key.0, &name);
    }

    /// The stage fails, and what is to undo it enters before those that wait.
    pub(super) fn leave_and_roll_back(&mut self, key: Key, stage: usize) {
        let Some(name) = self.stage_name(key, stage) else { return };
        self.depart(key, stage, StageExecutionStatus::Failed);
        self.roll_back_automatically(key, stage);
        self.open(key.0, &name);
    }

    /// An execution gives its stage up and goes where that leads.
    fn depart(&mut self, key: Key, stage: usize, status: StageExecutionStatus) {
        let (Some(name), Some(execution)) = (self.stage_name(key, stage), self.execution(key)) else {
            return;
        };
        let left = tell::stage_subject(&execution, &name);
        self.edit_stage(key, stage, |run| run.status = status);
        self.tell_left(key, stage, status);
        self.release_gate(key, &name);
        if status == StageExecutionStatus::Succeeded && execution.rollback.is_none() {
            self.edit_gate(key.0, &name, |gate| gate.succeeded = NonZeroU64::new(key.1));
        }
        match status {
            StageExecutionStatus::Succeeded | StageExecutionStatus::Skipped => {
                match self.stage_name(key, stage + 1).filter(|_| goes_on(&execution)) {
                    Some(_) => self.arrive(key, stage + 1),
                    None => self.end(key, PipelineExecutionStatus::Succeeded, None, left),
                }
            }
            StageExecutionStatus::Cancelled => {
                self.end(key, PipelineExecutionStatus::Cancelled, Some(tell::OUTDATED.to_owned()), left);
            }
            StageExecutionStatus::Stopped => self.end_stopped(key, left),
            StageExecutionStatus::Failed
            | StageExecutionStatus::InProgress
            | StageExecutionStatus::Stopping => self.end(key, PipelineExecutionStatus::Failed, None, left),
        }
    }

    /// The end of an execution; `because` is the subject that led to it.
    pub(super) fn end(
        &mut self,
        key: Key,
        status: PipelineExecutionStatus,
        summary: Option<String>,
        because: String,
    ) {
        self.edit_execution(key, |e| {
            e.status = status;
            e.summary = summary;
            e.position = Position::Over;
        });
        self.engine.lines.edit(&key.0, |line| line.live.remove(key.1));
        self.tell_ended(key, Cause::Last(because));
        if let Some(waiting) = self.execution(key).and_then(|e| e.awaited_by) {
            self.awaited_is_over(waiting);
        }
    }

    /// An execution that a run waits for is over, whichever way: the run is looked at in this same step.
    pub(super) fn awaited_is_over(&mut self, waiting: Key) {
        let now = self.now;
        if let Some(at) = self.run(waiting).and_then(|run| run.due) {
            self.engine.due.remove(&(at, Due::Expires(waiting)));
            self.engine.runs.edit(&waiting, |run| run.due = Some(now));
            self.set_due(now, Due::Done(waiting));
        }
    }

    pub(super) fn stage_name(&self, key: Key, stage: usize) -> Option<String> {
        self.plan(key)?.stage(stage).map(|s| s.name.clone())
    }

    pub(super) fn release_job(&mut self, job: JobId) {
        self.effects.push(Effect::Release(job));
    }

    /// The failure of an action that ran out of time.
    pub(super) fn timed_out(message: &str) -> Failed {
        // CHOICE: AWS documents the failure, not its code.
        Failed::new("Timeout", message)
    }
}

/// How an execution leaves its stage when what is in progress there is over and nothing new may start.
fn end_of_stage(execution: &Execution) -> Option<StageExecutionStatus> {
    let stopped = execution.stop.as_ref().map(|_| StageExecutionStatus::Stopped);
    stopped.or(execution.outdated.map(|_| StageExecutionStatus::Cancelled))
}

/// Whether an execution goes on to the next stage after one that succeeded.
// CHOICE: AWS does not say; one of type ROLLBACK runs the stage that it was asked for, and ends.
fn goes_on(execution: &Execution) -> bool {
    execution.rollback.is_none()
}
