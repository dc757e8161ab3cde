//! A stage goes back to what an earlier execution made of it (4.7 of the specification).

use super::records::{Execution, ExecutionId, Key, LineId, Position, Target};
use super::{Engine, Machine, Rollback, tell};
use crate::domain::views::succeeded_in;
use crate::shapes::{ExecutionMode, PipelineExecutionStatus, TriggerType};
use parhelion_core::Cause;
use std::num::NonZeroU64;

/// Why a stage cannot be rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRollable {
    /// The target ran another version of the pipeline.
    Outdated,
    /// Something else; the text says what.
    Unable(&'static str),
}

impl Engine {
    /// Whether a stage can go back to an execution.
    ///
    /// # Errors
    /// Why not.
    pub fn rollable(&self, line: LineId, stage: usize, target: u64) -> Result<(), NotRollable> {
        let unable = |why| Err(NotRollable::Unable(why));
        let (Some(record), Some(plan)) = (self.lines.get(&line), self.plan(line)) else {
            return unable("the pipeline does not exist");
        };
        let Some(execution) = self.executions.get(&(line, target)) else {
            return unable("the target execution does not exist");
        };
        if execution.version != record.version {
            return Err(NotRollable::Outdated);
        }
        if plan.mode() == ExecutionMode::Parallel {
            return unable("the pipeline runs in PARALLEL mode");
        }
        if stage == 0 {
            return unable("it is the source stage");
        }
        if execution.rollback.is_some() {
            return unable("the target execution is itself of type ROLLBACK");
        }
        if !succeeded_in(execution, stage) {
            return unable("the target execution did not succeed in the stage");
        }
        let gate = plan.stage(stage).and_then(|s| record.gates.get(&s.name));
        if gate.is_none_or(|gate| !gate.holders.is_empty()) {
            return unable("another execution is in the stage");
        }
        Ok(())
    }
}

impl Machine<'_> {
    /// Docs: a new execution of type ROLLBACK, with the target's revisions, artifacts and variables.
    pub(super) fn roll_back(&mut self, rollback: Rollback) {
        let Rollback { line, id, stage, target, trigger, trigger_detail, cause } = rollback;
        let Some(source) = self.execution((line, target)) else { return };
        if self.engine.rollable(line, stage, target).is_err() {
            return;
        }
        let execution = Execution {
            id,
            version: source.version,
            status: PipelineExecutionStatus::InProgress,
            summary: None,
            started: self.now,
            updated: self.now,
            trigger,
            trigger_detail,
            variables: source.variables.clone(),
            wanted: source.wanted.clone(),
            revisions: source.revisions.clone(),
            stages: Vec::new(),
            position: Position::Before(stage),
            outdated: None,
            awaited_by: None,
            stop: None,
            rollback: Some(Box::new(Target { number: target, id: source.id })),
        };
        let key = self.admit(line, execution, cause);
        // CHOICE: it enters at once, before those that wait, whether or not the transition is enabled: it does not
        // come through there.
        if let Some(name) = self.stage_name(key, stage) {
            self.enter(key, stage, &name, false);
        }
    }

    /// Docs: towards the last execution that succeeded in the stage, in the same version, of type STANDARD; with
    /// none the stage just stays failed.
    pub(super) fn roll_back_automatically(&mut self, key: Key, stage: usize) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        // CHOICE: a rollback that fails leads to no further one.
        let target =
            self.gate(key.0, &name).succeeded.filter(|_| execution.rollback.is_none()).map(NonZeroU64::get);
        let target = target.filter(|number| self.engine.rollable(key.0, stage, *number).is_ok());
        let Some(target) = target else { return self.tell_no_rollback(key, stage) };
        let rollback = Rollback {
            line: key.0,
            id: ExecutionId(self.draw.uuid("execution")),
            stage,
            target,
            trigger: TriggerType::AutomatedRollback,
            // Docs: the sample of a rollback's trigger.
            trigger_detail: serde_json::json!({"FailedPipelineExecutionId": execution.id.to_string()})
                .to_string(),
            cause: Cause::Last(tell::stage_subject(&execution, &name)),
        };
        self.roll_back(rollback);
    }
}
