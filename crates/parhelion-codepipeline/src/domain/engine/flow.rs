//! Pipelines come, change and go; executions arrive at gates, enter stages, run groups of actions, end.

use super::records::{Due, Execution, Failed, Gate, Key, Line, LineId, Plan, Position, StageRun, run_order};
use super::{Effect, Machine, Start, tell};
use crate::shapes::{ActionExecutionStatus, PipelineExecutionStatus, StageExecutionStatus};
use parhelion_core::Cause;
use std::collections::{BTreeMap, BTreeSet};

impl Machine<'_> {
    pub(super) fn create(&mut self, plan: Plan) {
        self.engine.last_line += 1;
        let id = LineId(self.engine.last_line);
        let version = plan.declaration.version.unwrap_or(1);
        let line = Line {
            name: plan.declaration.name.clone(),
            version,
            created: self.now,
            updated: self.now,
            executions: 0,
            runs: 0,
            live: BTreeSet::new(),
            gates: plan.declaration.stages.iter().map(|s| (s.name.clone(), Gate::default())).collect(),
            revisions: BTreeMap::new(),
        };
        self.engine.names.put(line.name.clone(), id);
        self.engine.lines.put(id, line);
        self.engine.plans.put((id, version), plan);
        self.tell_pipeline(id, "pipeline.created", "was created");
    }

    /// Docs: user guide: running actions are let finish and nothing new starts; what waits is over at once.
    pub(super) fn update(&mut self, id: LineId, mut plan: Plan) {
        let Some(line) = self.line(id) else { return };
        let version = line.version + 1;
        plan.declaration.version = Some(version);
        let stages: BTreeSet<&String> = plan.declaration.stages.iter().map(|s| &s.name).collect();
        let now = self.now;
        self.engine.lines.edit(&id, |line| {
            line.version = version;
            line.updated = now;
            line.gates.retain(|name, gate| stages.contains(name) || gate.holder.is_some());
            for name in &stages {
                line.gates.entry((*name).clone()).or_default();
            }
        });
        self.engine.plans.put((id, version), plan);
        self.tell_pipeline(id, "pipeline.changed", "was updated");
        // Those that wait go first: else one would enter the stage that the one before it leaves.
        let waits = |number: &u64| {
            let position = self.engine.executions.get(&(id, *number)).map(|e| e.position);
            matches!(position, Some(Position::Before(_)))
        };
        let (waiting, within): (Vec<u64>, Vec<u64>) = line.live.iter().copied().partition(waits);
        for number in waiting.into_iter().chain(within) {
            self.outdate((id, number));
        }
    }

    fn outdate(&mut self, key: Key) {
        let Some(execution) = self.execution(key).filter(|e| e.outdated.is_none()) else { return };
        let now = self.now;
        let updated =
            format!("pipeline:{}", self.line(key.0).map_or(String::new(), |line| line.name.clone()));
        self.edit_execution(key, |e| e.outdated = Some(now));
        match execution.position {
            Position::Before(stage) => {
                if let Some(name) = self.stage_name(key, stage) {
                    self.edit_gate(key.0, &name, |gate| gate.waiting = gate.waiting.filter(|w| *w != key.1));
                }
                self.end(key, PipelineExecutionStatus::Cancelled, Some(tell::OUTDATED.to_owned()), updated);
            }
            Position::In(stage) => {
                self.tell_outdated(key);
                for number in execution.newest_runs(stage).into_values() {
                    // CHOICE: an approval that waits, and a job that nobody has taken on, are not running.
                    if self.is_idle((key.0, number)) {
                        self.abandon((key.0, number), &updated);
                    }
                }
                self.go_on(key);
            }
            Position::Over => {}
        }
    }

    pub(super) fn delete(&mut self, id: LineId) {
        let Some(line) = self.line(id) else { return };
        for number in line.live.iter().copied() {
            // Whoever waits for it is told; the history itself goes below.
            if let Some(waiting) =
                self.execution((id, number)).and_then(|e| e.awaited_by).filter(|run| run.0 != id)
            {
                self.awaited_is_over(waiting);
            }
        }
        let executions: Vec<Key> =
            self.engine.executions.range((id, 0)..=(id, u64::MAX)).map(|(k, _)| *k).collect();
        for key in executions {
            if let Some(execution) = self.engine.executions.remove(&key) {
                self.engine.execution_ids.remove(&execution.id);
            }
        }
        let runs: Vec<Key> = self.engine.runs.range((id, 0)..=(id, u64::MAX)).map(|(k, _)| *k).collect();
        for key in runs {
            if let Some(at) = self.engine.runs.remove(&key).and_then(|run| run.due) {
                self.engine.due.remove(&(at, Due::Done(key)));
                self.engine.due.remove(&(at, Due::Expires(key)));
            }
        }
        let jobs: Vec<_> = self.engine.jobs.iter().filter(|(_, j)| j.run.0 == id).map(|(k, _)| *k).collect();
        for job in jobs {
            self.forget_job(job);
        }
        let plans: Vec<_> =
            self.engine.plans.range((id, i32::MIN)..=(id, i32::MAX)).map(|(k, _)| *k).collect();
        for key in plans {
            self.engine.plans.remove(&key);
        }
        self.engine.lines.remove(&id);
        self.engine.names.remove(&line.name);
        self.tell_deleted(&line);
    }

    pub(super) fn start(&mut self, start: Start) {
        let Some(line) = self.line(start.line) else { return };
        let number = line.executions + 1;
        let key = (start.line, number);
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
        };
        self.engine.execution_ids.put(start.id, key);
        self.engine.executions.put(key, execution);
        self.engine.lines.edit(&start.line, |line| {
            line.executions = number;
            line.live.insert(number);
        });
        self.tell_started(key, start.cause);
        self.arrive(key, 0);
    }

    /// An execution stands in front of a stage: it enters, waits, or is superseded.
    fn arrive(&mut self, key: Key, stage: usize) {
        let Some(name) = self.stage_name(key, stage) else { return };
        self.edit_execution(key, |e| e.position = Position::Before(stage));
        let gate = self.gate(key.0, &name);
        if gate.holder.is_none() && gate.waiting.is_none() {
            return self.enter(key, stage, &name, false);
        }
        // Docs: one waits, the newer replaces the older one; the order of their starts decides.
        match gate.waiting {
            Some(newer) if newer > key.1 => self.supersede(key, newer),
            Some(older) => {
                self.edit_gate(key.0, &name, |gate| gate.waiting = Some(key.1));
                self.tell_waits(key, &name, gate.holder);
                self.supersede((key.0, older), key.1);
            }
            None => {
                self.edit_gate(key.0, &name, |gate| gate.waiting = Some(key.1));
                self.tell_waits(key, &name, gate.holder);
            }
        }
    }

    fn supersede(&mut self, key: Key, by: u64) {
        let Some(newer) = self.execution((key.0, by)) else { return };
        // CHOICE: the summary names the newer execution.
        let summary = format!("Superseded by {}", newer.id);
        self.end(key, PipelineExecutionStatus::Superseded, Some(summary), format!("execution:{}", newer.id));
    }

    fn enter(&mut self, key: Key, stage: usize, name: &str, waited: bool) {
        self.edit_gate(key.0, name, |gate| {
            gate.holder = Some(key.1);
            gate.latest = Some(key.1);
        });
        self.edit_execution(key, |e| {
            e.position = Position::In(stage);
            e.stages.push(StageRun { status: StageExecutionStatus::InProgress, runs: Vec::new() });
        });
        self.tell_entered(key, stage, waited);
        self.go_on(key);
    }

    /// What an execution in a stage does next: wait for its running actions, start the next group, or leave.
    /// Called after whatever may have changed that.
    pub(super) fn go_on(&mut self, key: Key) {
        let (Some(execution), Some(plan)) = (self.execution(key), self.plan(key)) else { return };
        let Position::In(stage) = execution.position else { return };
        let Some(declared) = plan.stage(stage) else { return };
        let newest = execution.newest_runs(stage);
        let status = |number: &u64| self.engine.runs.get(&(key.0, *number)).map(|run| run.status);
        if newest.values().any(|n| status(n) == Some(ActionExecutionStatus::InProgress)) {
            return;
        }
        if execution.outdated.is_some() {
            return self.leave(key, stage, StageExecutionStatus::Cancelled);
        }
        if newest.values().any(|n| status(n) != Some(ActionExecutionStatus::Succeeded)) {
            return self.leave(key, stage, StageExecutionStatus::Failed);
        }
        let left = || declared.actions.iter().enumerate().filter(|(place, _)| !newest.contains_key(place));
        let Some(order) = left().map(|(_, action)| run_order(action)).min() else {
            return self.leave(key, stage, StageExecutionStatus::Succeeded);
        };
        let because = self.group_before(key, stage);
        for (action, _) in left().filter(|(_, action)| run_order(action) == order) {
            self.begin(key, stage, action, &because);
        }
    }

    /// An execution leaves a stage: the gate opens for the one that waits.
    fn leave(&mut self, key: Key, stage: usize, status: StageExecutionStatus) {
        let (Some(name), Some(execution)) = (self.stage_name(key, stage), self.execution(key)) else {
            return;
        };
        let left = format!("stage:{}/{name}", execution.id);
        self.edit_execution(key, |e| {
            if let Some(run) = e.stages.get_mut(stage) {
                run.status = status;
            }
        });
        self.tell_left(key, stage, status);
        self.edit_gate(key.0, &name, |gate| gate.holder = gate.holder.filter(|h| *h != key.1));
        match status {
            StageExecutionStatus::Succeeded if self.stage_name(key, stage + 1).is_some() => {
                self.arrive(key, stage + 1);
            }
            StageExecutionStatus::Succeeded => self.end(key, PipelineExecutionStatus::Succeeded, None, left),
            StageExecutionStatus::Cancelled => {
                self.end(key, PipelineExecutionStatus::Cancelled, Some(tell::OUTDATED.to_owned()), left);
            }
            _ => self.end(key, PipelineExecutionStatus::Failed, None, left),
        }
        self.open(key.0, &name);
    }

    /// Lets in the one that waits, if the gate is free. A gate of a stage that is declared no more goes.
    fn open(&mut self, line: LineId, name: &str) {
        let gate = self.gate(line, name);
        if gate.holder.is_some() {
            return;
        }
        match gate.waiting {
            Some(next) => {
                self.edit_gate(line, name, |gate| gate.waiting = None);
                if let Some(Position::Before(stage)) = self.execution((line, next)).map(|e| e.position) {
                    self.enter((line, next), stage, name, true);
                }
            }
            None => {
                let declared = self
                    .engine
                    .plan(line)
                    .is_some_and(|p| p.declaration.stages.iter().any(|s| s.name == name));
                if !declared {
                    self.engine.lines.edit(&line, |line| line.gates.remove(name));
                }
            }
        }
    }

    /// The end of an execution; `because` is the subject that led to it.
    fn end(&mut self, key: Key, status: PipelineExecutionStatus, summary: Option<String>, because: String) {
        self.edit_execution(key, |e| {
            e.status = status;
            e.summary = summary;
            e.position = Position::Over;
        });
        self.engine.lines.edit(&key.0, |line| line.live.remove(&key.1));
        self.tell_ended(key, Cause::Last(because));
        if let Some(waiting) = self.execution(key).and_then(|e| e.awaited_by) {
            self.awaited_is_over(waiting);
        }
    }

    /// An execution that a run waits for is over, whichever way: the run is looked at in this same step.
    fn awaited_is_over(&mut self, waiting: Key) {
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

    fn gate(&self, line: LineId, name: &str) -> Gate {
        self.engine.lines.get(&line).and_then(|line| line.gates.get(name)).cloned().unwrap_or_default()
    }

    pub(super) fn release_job(&mut self, job: super::records::JobId) {
        self.effects.push(Effect::Release(job));
    }

    /// The failure of an action that ran out of time.
    pub(super) fn timed_out(message: &str) -> Failed {
        // CHOICE: AWS documents the failure, not its code.
        Failed::new("Timeout", message)
    }
}
