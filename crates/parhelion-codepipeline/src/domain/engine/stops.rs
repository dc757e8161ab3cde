//! An execution is to stop: at once, or when its running actions have ended (4.6 of the specification).

use super::Machine;
use super::records::{Execution, Key, Position, Stop};
use crate::shapes::{ConditionExecutionStatus, PipelineExecutionStatus, StageExecutionStatus};

/// Why an execution cannot be stopped (that way).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStoppable {
    /// It is over.
    Over,
    /// It is being stopped already.
    Twice,
}

/// Whether an execution can be stopped that way.
///
/// # Errors
/// Why not.
pub fn stoppable(execution: &Execution, abandon: bool) -> Result<(), NotStoppable> {
    match (execution.status, &execution.stop) {
        (PipelineExecutionStatus::InProgress, _) => Ok(()),
        // Docs: who waits for running actions may still change their mind and abandon them.
        (PipelineExecutionStatus::Stopping, Some(stop)) if abandon && !stop.abandon => Ok(()),
        (PipelineExecutionStatus::Stopping, _) => Err(NotStoppable::Twice),
        _ => Err(NotStoppable::Over),
    }
}

impl Machine<'_> {
    pub(super) fn stop(&mut self, key: Key, stop: Stop) {
        let Some(execution) = self.execution(key) else { return };
        if stoppable(&execution, stop.abandon).is_err() {
            return;
        }
        let asked = format!("execution:{}", execution.id);
        let abandon = stop.abandon;
        self.edit_execution(key, |e| {
            e.status = PipelineExecutionStatus::Stopping;
            // The reason that was given first stays, unless the later request has one of its own.
            let earlier = e.stop.take().and_then(|stop| stop.reason);
            e.stop = Some(Box::new(Stop { reason: stop.reason.or(earlier), abandon }));
        });
        self.tell_stopping(key, abandon);
        match execution.position {
            Position::Before(stage) => {
                if let Some(name) = self.stage_name(key, stage) {
                    self.edit_gate(key.0, &name, |gate| gate.waiting.remove(key.1));
                }
                self.end_stopped(key, asked);
            }
            Position::In(stage) => {
                if execution.status == PipelineExecutionStatus::InProgress {
                    self.edit_stage(key, stage, |run| run.status = StageExecutionStatus::Stopping);
                    self.tell_stage_stopping(key, stage);
                }
                if abandon {
                    for number in execution.newest_runs(stage).into_values() {
                        self.abandon((key.0, number), &asked);
                    }
                    self.give_up_condition(key, stage, ConditionExecutionStatus::Abandoned);
                }
                self.go_on(key);
            }
            Position::Over => {}
        }
    }

    /// CHOICE: the summary is the reason that was given.
    pub(super) fn end_stopped(&mut self, key: Key, because: String) {
        let reason = self.execution(key).and_then(|e| e.stop.as_ref().and_then(|stop| stop.reason.clone()));
        self.end(key, PipelineExecutionStatus::Stopped, reason, because);
    }
}
