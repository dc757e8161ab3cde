//! A stage is tried again, in place (4.7 of the specification).

use super::records::{Execution, Key, LineId, Phase, Position, StageRun};
use super::{Engine, Machine};
use crate::shapes::{
    ActionExecutionStatus, ExecutionMode, PipelineExecutionStatus, RetryTrigger, StageExecutionStatus,
    StageRetryMode,
};
use parhelion_core::Cause;
use std::num::NonZeroU64;

/// Why a stage cannot be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRetryable {
    /// Another execution has entered the stage since, or this one never did.
    NotLatest,
    /// The stage is in no state for it.
    State(&'static str),
    /// Actions that would run again are still in progress.
    Busy,
    /// As many executions as there may be are under way.
    NoRoom,
}

impl Engine {
    /// Whether no other execution entered a stage after this one.
    // CHOICE: in PARALLEL mode executions do not get in each other's way: each is the latest of its own.
    pub(super) fn is_latest(&self, key: Key, stage: usize) -> bool {
        let Some(execution) = self.executions.get(&key) else { return false };
        let Some(plan) = self.plan_of(key.0, execution) else { return false };
        let gate = plan.stage(stage).and_then(|s| self.lines.get(&key.0)?.gates.get(&s.name));
        let parallel = plan.mode() == ExecutionMode::Parallel;
        execution.in_stage(stage).is_some()
            && gate.is_some_and(|g| parallel || g.latest == NonZeroU64::new(key.1))
    }

    /// Whether a stage of an execution can be tried again. The order of the checks is the specification's.
    ///
    /// # Errors
    /// Why not.
    pub fn retryable(&self, key: Key, stage: usize, mode: StageRetryMode) -> Result<(), NotRetryable> {
        let execution = self.executions.get(&key).ok_or(NotRetryable::NotLatest)?;
        if !self.is_latest(key, stage) {
            return Err(NotRetryable::NotLatest);
        }
        let Some(entered) = execution.in_stage(stage) else { return Err(NotRetryable::NotLatest) };
        if self.lines.get(&key.0).is_none_or(|line| line.version != execution.version) {
            return Err(NotRetryable::State("the pipeline was updated after the execution started"));
        }
        let ended = |n: &u64, wanted: &[ActionExecutionStatus]| {
            self.runs.get(&(key.0, *n)).is_some_and(|run| wanted.contains(&run.status))
        };
        let present = entered.present_runs();
        let failed = present
            .values()
            .any(|n| ended(n, &[ActionExecutionStatus::Failed, ActionExecutionStatus::Abandoned]));
        match entered.status {
            StageExecutionStatus::Failed if failed || mode == StageRetryMode::AllActions => {}
            // Docs: a stopped stage can be retried: with what was abandoned, or had not run yet.
            StageExecutionStatus::Stopped
                if failed || mode == StageRetryMode::AllActions || self.has_left(key, stage, entered) => {}
            // Docs: as soon as one action has failed.
            StageExecutionStatus::InProgress if failed && entered.phase == Phase::Actions => {
                if mode == StageRetryMode::AllActions {
                    return Err(NotRetryable::Busy);
                }
            }
            StageExecutionStatus::Failed | StageExecutionStatus::Stopped => {
                return Err(NotRetryable::State("the stage has no failed action"));
            }
            _ => return Err(NotRetryable::State("the stage is not in the state Failed or Stopped")),
        }
        if self.may_resume(key.0, execution) { Ok(()) } else { Err(NotRetryable::NoRoom) }
    }

    /// Whether there is room for an execution to go on that may be over.
    pub(super) fn may_resume(&self, line: LineId, execution: &Execution) -> bool {
        // In the other modes one that goes on stands in a stage that nobody else is in: it makes none wait more.
        let parallel = self.plan(line).is_some_and(|plan| plan.mode() == ExecutionMode::Parallel);
        !parallel || !execution.is_over() || self.has_room(line)
    }

    /// Whether actions of a stage have not run yet.
    fn has_left(&self, key: Key, stage: usize, entered: &StageRun) -> bool {
        let plan = self.executions.get(&key).and_then(|e| self.plan_of(key.0, e));
        let actions = plan.and_then(|plan| plan.stage(stage)).map_or(0, |s| s.actions.len());
        entered.present_runs().len() < actions
    }
}

impl Machine<'_> {
    /// Somebody asked for it.
    pub(super) fn retry(&mut self, key: Key, stage: usize, mode: StageRetryMode) {
        if self.engine.retryable(key, stage, mode).is_ok() {
            self.try_again(key, stage, mode, RetryTrigger::ManualStageRetry);
        }
    }

    /// Docs: the execution keeps its id; what runs again gets new runs, and the history keeps the old ones.
    pub(super) fn try_again(&mut self, key: Key, stage: usize, mode: StageRetryMode, trigger: RetryTrigger) {
        let Some(execution) = self.execution(key) else { return };
        let Some(entered) = execution.in_stage(stage) else { return };
        self.edit_stage(key, stage, |run| {
            let earlier = run.runs.len();
            let more = run.more_mut();
            more.latest_retry = Some(trigger);
            match trigger {
                RetryTrigger::ManualStageRetry => more.manual_retries = more.manual_retries.saturating_add(1),
                RetryTrigger::AutomatedStageRetry => {
                    more.automatic_retries = more.automatic_retries.saturating_add(1);
                }
            }
            if mode == StageRetryMode::AllActions {
                more.earlier = earlier;
            }
        });
        let cause = match trigger {
            RetryTrigger::ManualStageRetry => Cause::Call,
            RetryTrigger::AutomatedStageRetry => Cause::Last(self.last_of(key, stage)),
        };
        self.resume(key, stage, cause);
        // CHOICE: a retry of all actions goes through the stage from its entry on, one of the failed actions only
        // through what is left of them, and what follows. A stage that was stopped before its entry condition let it
        // in has that left too.
        if mode == StageRetryMode::AllActions || entered.phase == Phase::BeforeEntry {
            return self.begin_phase(key, stage, Phase::BeforeEntry);
        }
        self.edit_stage(key, stage, |run| run.phase = Phase::Actions);
        let because = self.stage_name(key, stage);
        let because = because.map_or(String::new(), |name| super::tell::stage_subject(&execution, &name));
        for (action, number) in entered.present_runs() {
            use ActionExecutionStatus::{Abandoned, Failed};
            if matches!(self.status_of_run((key.0, number)), Some(Failed | Abandoned)) {
                self.begin(key, stage, action, &because);
            }
        }
        self.go_on(key);
    }

    /// An execution, over or not, is in progress in a stage that it was in before.
    pub(super) fn resume(&mut self, key: Key, stage: usize, cause: Cause) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        self.edit_execution(key, |e| {
            e.status = PipelineExecutionStatus::InProgress;
            e.summary = None;
            e.stop = None;
            e.position = Position::In(stage);
            if let Some(run) = e.in_stage_mut(stage) {
                run.status = StageExecutionStatus::InProgress;
            }
        });
        self.engine.lines.edit(&key.0, |line| line.live.insert(key.1));
        self.edit_gate(key.0, &name, |gate| {
            gate.holders.insert(key.1);
        });
        if execution.is_over() {
            self.tell_resumed(key);
        }
        self.tell_stage_resumed(key, stage, cause);
    }
}
