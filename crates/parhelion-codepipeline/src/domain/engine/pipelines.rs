//! Pipelines come, change and go.

use super::records::{Due, Gate, Key, Line, LineId, Numbers, Plan, Position};
use super::{Machine, tell};
use crate::named::Named;
use crate::shapes::{ConditionExecutionStatus, PipelineExecutionStatus};
use std::collections::BTreeSet;

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
            rules: 0,
            live: Numbers::default(),
            gates: plan.declaration.stages.iter().map(|s| (s.name.clone(), Gate::default())).collect(),
            revisions: Named::new(),
            next_revisions: Named::new(),
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
        let stages: BTreeSet<&str> = plan.declaration.stages.iter().map(|s| s.name.as_str()).collect();
        let now = self.now;
        self.engine.lines.edit(&id, |line| {
            line.version = version;
            line.updated = now;
            line.gates.retain(|name, gate| stages.contains(name) || !gate.holders.is_empty());
            for name in &stages {
                line.gates.or_default(name);
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
                    self.edit_gate(key.0, &name, |gate| gate.waiting.remove(key.1));
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
                // CHOICE: nor is a rule: a condition only decides whether more is to happen, and nothing is.
                self.give_up_condition(key, stage, ConditionExecutionStatus::Cancelled);
                self.go_on(key);
            }
            Position::Over => {}
        }
    }

    pub(super) fn delete(&mut self, id: LineId) {
        let Some(line) = self.line(id) else { return };
        self.tell_deleted(&line);
        for number in line.live.iter().copied() {
            self.tell_gone((id, number));
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
            let Some(run) = self.engine.runs.remove(&key) else { continue };
            if let Some(token) = run.token {
                self.engine.approvals.remove(&token);
            }
            if let Some(at) = run.due {
                self.engine.due.remove(&(at, Due::Done(key)));
                self.engine.due.remove(&(at, Due::Expires(key)));
            }
        }
        let rules: Vec<Key> = self.engine.rules.range((id, 0)..=(id, u64::MAX)).map(|(k, _)| *k).collect();
        for key in rules {
            if let Some(at) = self.engine.rules.remove(&key).and_then(|rule| rule.due) {
                self.engine.due.remove(&(at, Due::Rule(key)));
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
    }
}
