//! Gates: who may enter a stage, who waits, who is superseded (4.2 of the specification).

use super::records::{Gate, Key, LineId, Phase, Position, StageRun};
use super::{Engine, Machine};
use crate::shapes::{ExecutionMode, PipelineExecutionStatus};
use std::num::NonZeroU64;

/// How many executions of a pipeline in QUEUED mode may wait. Docs: the quotas page.
pub const QUEUED_MAX: usize = 50;
/// How many executions of a pipeline in PARALLEL mode there may be at once.
// CHOICE: AWS says that there is a limit, not which.
pub const PARALLEL_MAX: usize = 50;

impl Engine {
    /// Whether another execution of a pipeline may start: else `ConcurrentPipelineExecutionsLimitExceededException`.
    pub fn has_room(&self, line: LineId) -> bool {
        let (Some(record), Some(plan)) = (self.lines.get(&line), self.plan(line)) else { return false };
        match plan.mode() {
            ExecutionMode::Superseded => true,
            ExecutionMode::Queued => {
                record.gates.values().map(|gate| gate.waiting.len()).sum::<usize>() < QUEUED_MAX
            }
            ExecutionMode::Parallel => record.live.len() < PARALLEL_MAX,
        }
    }
}

impl Machine<'_> {
    /// An execution stands in front of a stage: it enters, waits, or is superseded.
    pub(super) fn arrive(&mut self, key: Key, stage: usize) {
        let (Some(name), Some(mode)) = (self.stage_name(key, stage), self.mode_of(key)) else { return };
        self.edit_execution(key, |e| e.position = Position::Before(stage));
        let gate = self.gate(key.0, &name);
        if gate.admits(mode) && gate.waiting.is_empty() {
            return self.enter(key, stage, &name, false);
        }
        // Docs: in SUPERSEDED mode one waits; the newer replaces the older one, by the order of their starts.
        let other = gate.waiting.first().copied().filter(|_| mode == ExecutionMode::Superseded);
        if let Some(newer) = other.filter(|other| *other > key.1) {
            return self.supersede(key, newer);
        }
        self.edit_gate(key.0, &name, |gate| {
            if let Some(other) = other {
                gate.waiting.remove(other);
            }
            // Docs: in QUEUED mode each stage takes executions in order of their start.
            gate.waiting.insert(key.1);
        });
        self.tell_waits(key, &name);
        if let Some(older) = other {
            self.supersede((key.0, older), key.1);
        }
    }

    fn supersede(&mut self, key: Key, by: u64) {
        let Some(newer) = self.execution((key.0, by)) else { return };
        // CHOICE: the summary names the newer execution.
        let summary = format!("Superseded by {}", newer.id);
        self.end(key, PipelineExecutionStatus::Superseded, Some(summary), format!("execution:{}", newer.id));
    }

    /// An execution takes a stage and begins with what comes first there.
    pub(super) fn enter(&mut self, key: Key, stage: usize, name: &str, waited: bool) {
        self.edit_gate(key.0, name, |gate| {
            gate.holders.insert(key.1);
            gate.latest = NonZeroU64::new(key.1);
        });
        self.edit_execution(key, |e| {
            e.position = Position::In(stage);
            e.stages.push(StageRun::entered(stage));
        });
        self.tell_entered(key, stage, waited);
        self.begin_phase(key, stage, Phase::BeforeEntry);
    }

    /// Lets in those that wait, as far as the gate admits them. A gate of a stage that is declared no more goes.
    pub(super) fn open(&mut self, line: LineId, name: &str) {
        loop {
            let gate = self.gate(line, name);
            let Some(next) = gate.waiting.first().copied() else { break };
            let Some(mode) = self.mode_of((line, next)).filter(|mode| gate.admits(*mode)) else { return };
            self.edit_gate(line, name, |gate| gate.waiting.remove(next));
            if let Some(Position::Before(stage)) = self.execution((line, next)).map(|e| e.position) {
                self.enter((line, next), stage, name, true);
            }
            if mode != ExecutionMode::Parallel {
                return;
            }
        }
        let declared = self.engine.plan(line).is_some_and(|plan| plan.place_of(name).is_some());
        if !declared && self.gate(line, name).holders.is_empty() {
            self.engine.lines.edit(&line, |line| line.gates.remove(name));
        }
    }

    /// Takes an execution out of its stage's gate.
    pub(super) fn release_gate(&mut self, key: Key, name: &str) {
        self.edit_gate(key.0, name, |gate| {
            gate.holders.remove(key.1);
        });
    }

    pub(super) fn gate(&self, line: LineId, name: &str) -> Gate {
        self.engine.lines.get(&line).and_then(|line| line.gates.get(name)).cloned().unwrap_or_default()
    }

    /// The mode of the version that an execution runs.
    pub(super) fn mode_of(&self, key: Key) -> Option<ExecutionMode> {
        self.plan(key).map(|plan| plan.mode())
    }
}
