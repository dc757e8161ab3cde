//! Conditions: what is looked at before a stage's actions, after them, and when one failed (4.3 of the
//! specification). The rules of a condition start together; what they say comes from [`crate::domain::rules`].

use super::records::{ConditionRun, Key, Phase, Position, StageRun};
use super::{Engine, Machine};
use crate::shapes::{
    ConditionExecutionStatus, ConditionResult, RetryTrigger, RuleExecutionStatus, StageExecutionStatus,
    StageRetryMode,
};
use parhelion_core::Cause;

/// Why a condition cannot be overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOverridable {
    /// Another execution has entered the stage since, or this one never did.
    NotLatest,
    /// As many executions as there may be are under way.
    NoRoom,
    /// The condition is not there, or neither failed nor in progress, or it no longer decides about anything.
    Condition,
}

impl Engine {
    /// Whether a condition of a stage can be made to count as met.
    ///
    /// # Errors
    /// Why not.
    pub fn overridable(&self, key: Key, stage: usize, phase: Phase) -> Result<(), NotOverridable> {
        let execution = self.executions.get(&key).ok_or(NotOverridable::NotLatest)?;
        if !self.is_latest(key, stage) {
            return Err(NotOverridable::NotLatest);
        }
        let entered = execution.in_stage(stage).ok_or(NotOverridable::Condition)?;
        let decides = match (execution.position, entered.status) {
            (Position::In(at), StageExecutionStatus::InProgress) => at == stage,
            (Position::Over, StageExecutionStatus::Failed) => true,
            _ => false,
        };
        // CHOICE: nothing new starts in an older version of the pipeline, nor in what is being stopped.
        let present = self.lines.get(&key.0).is_some_and(|line| line.version == execution.version);
        let failed = |condition: &ConditionRun| {
            use ConditionExecutionStatus::{Errored, Failed, InProgress};
            matches!(condition.status, Failed | Errored | InProgress)
        };
        let fits = entered.phase == phase && entered.condition(phase).is_some_and(failed);
        if !(decides && present && fits) {
            return Err(NotOverridable::Condition);
        }
        if self.may_resume(key.0, execution) { Ok(()) } else { Err(NotOverridable::NoRoom) }
    }
}

impl Machine<'_> {
    /// Begins a phase of the stage that the execution is in, or what follows where it has nothing to do.
    pub(super) fn begin_phase(&mut self, key: Key, stage: usize, phase: Phase) {
        let Some(plan) = self.plan(key) else { return };
        let Some(declared) = plan.stage(stage) else { return };
        let rules = phase.condition(declared).and_then(|c| c.rules.as_ref()).map_or(0, Vec::len);
        if rules > 0 {
            return self.begin_condition(key, stage, phase, rules);
        }
        match phase {
            Phase::BeforeEntry | Phase::Actions => {
                self.edit_stage(key, stage, |run| run.phase = Phase::Actions);
                self.go_on(key);
            }
            Phase::OnSuccess => self.leave(key, stage, StageExecutionStatus::Succeeded),
            Phase::OnFailure => {
                let result = declared.on_failure.as_ref().and_then(|gate| gate.result);
                self.act_on_failure(key, stage, result);
            }
        }
    }

    /// Docs: all rules of a condition start at once.
    fn begin_condition(&mut self, key: Key, stage: usize, phase: Phase, rules: usize) {
        let Some(line) = self.line(key.0) else { return };
        let numbers: Vec<u64> = (line.rules + 1..).take(rules).collect();
        let condition = ConditionRun {
            phase,
            status: ConditionExecutionStatus::InProgress,
            summary: None,
            changed: self.now,
            rules: numbers.clone(),
        };
        self.edit_stage(key, stage, |run| {
            run.phase = phase;
            run.more_mut().conditions.push(condition);
        });
        self.engine.lines.edit(&key.0, |line| line.rules += rules as u64);
        self.tell_condition(key, stage, phase);
        let all = numbers.into_iter().enumerate();
        for (rule, number) in all {
            self.begin_rule((key.0, number), key.1, stage, phase, rule);
        }
    }

    /// All rules of the open condition have come out: so has the condition.
    pub(super) fn settle_condition(&mut self, key: Key, stage: usize) {
        let Some(execution) = self.execution(key) else { return };
        let Some(open) = execution.in_stage(stage).and_then(StageRun::open_condition) else { return };
        let runs: Vec<_> = open.rules.iter().filter_map(|n| self.engine.rules.get(&(key.0, *n))).collect();
        let unmet = runs.iter().filter(|run| run.status != RuleExecutionStatus::Succeeded).count();
        // CHOICE: a rule that could not be evaluated makes the condition Errored; one that says no, Failed.
        let status = if unmet == 0 {
            ConditionExecutionStatus::Succeeded
        } else if runs.iter().any(|run| run.is_broken) {
            ConditionExecutionStatus::Errored
        } else {
            ConditionExecutionStatus::Failed
        };
        let summary = (unmet > 0).then(|| format!("{unmet} of {} rule(s) did not succeed", runs.len()));
        self.set_condition(key, stage, status, summary);
    }

    fn set_condition(
        &mut self,
        key: Key,
        stage: usize,
        status: ConditionExecutionStatus,
        summary: Option<String>,
    ) {
        let now = self.now;
        let mut phase = None;
        self.edit_stage(key, stage, |run| {
            if let Some(condition) = run.more_mut().conditions.last_mut() {
                condition.status = status;
                condition.summary = summary;
                condition.changed = now;
                phase = Some(condition.phase);
            }
        });
        if let Some(phase) = phase {
            self.tell_condition(key, stage, phase);
        }
    }

    /// Ends a condition that is no longer wanted, and its rules.
    pub(super) fn give_up_condition(&mut self, key: Key, stage: usize, status: ConditionExecutionStatus) {
        if self.give_up_rules(key, stage) {
            self.set_condition(key, stage, status, None);
        }
    }

    /// Ends the rules of the open condition; whether there is one.
    fn give_up_rules(&mut self, key: Key, stage: usize) -> bool {
        let Some(execution) = self.execution(key) else { return false };
        let Some(open) = execution.in_stage(stage).and_then(StageRun::open_condition) else { return false };
        for number in &open.rules {
            self.end_rule((key.0, *number), RuleExecutionStatus::Abandoned, None, None);
        }
        true
    }

    /// What a condition that came out leads to.
    pub(super) fn act_on_condition(&mut self, key: Key, stage: usize, phase: Phase) {
        let (Some(execution), Some(plan)) = (self.execution(key), self.plan(key)) else { return };
        let Some(condition) = execution.in_stage(stage).and_then(|run| run.condition(phase)) else { return };
        use ConditionExecutionStatus::{Overridden, Succeeded};
        let met = matches!(condition.status, Succeeded | Overridden);
        let declared = plan.stage(stage).and_then(|s| phase.condition(s));
        let result = declared.and_then(|condition| condition.result);
        match (phase, met) {
            (Phase::BeforeEntry | Phase::Actions, true) => {
                self.edit_stage(key, stage, |run| run.phase = Phase::Actions);
                self.go_on(key);
            }
            (Phase::OnSuccess, true) => self.leave(key, stage, StageExecutionStatus::Succeeded),
            // Docs: the result engages when the condition is not met; else the stage stays failed.
            (Phase::OnFailure, true) => self.leave(key, stage, StageExecutionStatus::Failed),
            (Phase::OnFailure, false) => self.act_on_failure(key, stage, result),
            // CHOICE: a stage that a condition failed does not run its onFailure.
            (_, false) => match result {
                Some(ConditionResult::Skip) => self.leave(key, stage, StageExecutionStatus::Skipped),
                Some(ConditionResult::Rollback) => self.leave_and_roll_back(key, stage),
                Some(ConditionResult::Fail | ConditionResult::Retry) | None => {
                    self.leave(key, stage, StageExecutionStatus::Failed);
                }
            },
        }
    }

    /// What the failure of an action leads to.
    fn act_on_failure(&mut self, key: Key, stage: usize, result: Option<ConditionResult>) {
        let (Some(execution), Some(plan)) = (self.execution(key), self.plan(key)) else { return };
        let more = execution.in_stage(stage).and_then(|run| run.more.as_ref());
        match result {
            Some(ConditionResult::Skip) => self.leave(key, stage, StageExecutionStatus::Skipped),
            Some(ConditionResult::Rollback) => self.leave_and_roll_back(key, stage),
            // Docs: one automatic retry.
            Some(ConditionResult::Retry) if more.is_none_or(|more| more.automatic_retries == 0) => {
                let declared = plan.stage(stage).and_then(|s| s.on_failure.as_ref());
                let mode =
                    declared.and_then(|gate| gate.retry_configuration.as_ref()).and_then(|r| r.retry_mode);
                let mode = mode.unwrap_or(StageRetryMode::FailedActions);
                self.try_again(key, stage, mode, RetryTrigger::AutomatedStageRetry);
            }
            Some(ConditionResult::Fail | ConditionResult::Retry) | None => {
                self.leave(key, stage, StageExecutionStatus::Failed);
            }
        }
    }

    /// Docs: a condition that failed, or that is being looked at, is made to count as met.
    pub(super) fn override_condition(&mut self, key: Key, stage: usize, phase: Phase) {
        if self.engine.overridable(key, stage, phase).is_err() {
            return;
        }
        let Some(execution) = self.execution(key) else { return };
        self.give_up_rules(key, stage);
        self.set_condition(key, stage, ConditionExecutionStatus::Overridden, None);
        if execution.is_over() {
            self.resume(key, stage, Cause::Call);
        }
        self.go_on(key);
    }
}
