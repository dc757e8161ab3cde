//! The engine's invariants, checked before each publication in debug builds and by the property test.

use super::Engine;
use super::records::{Due, Execution, Key, Phase, Position, Run};
use crate::domain::action_types::key_of;
use crate::domain::jobs::{JobState, queue_of};
use crate::shapes::{ActionExecutionStatus, ExecutionMode, PipelineExecutionStatus, StageExecutionStatus};

impl Engine {
    /// Panics when an invariant does not hold.
    pub fn check(&self) {
        assert_eq!(self.names.len(), self.lines.len(), "one name for each line");
        for (name, id) in self.names.iter() {
            assert_eq!(
                self.lines.get(&**id).map(|line| &line.name),
                Some(name),
                "a line is found by its name"
            );
        }
        self.check_executions();
        self.check_gates();
        self.check_runs();
        self.check_rules();
        self.check_jobs();
        self.check_due();
        self.check_types();
    }

    fn check_types(&self) {
        for (key, made) in self.types.iter() {
            assert_eq!(*key, key_of(&made.definition.id()), "an action type is found by its id");
        }
    }

    fn check_executions(&self) {
        assert_eq!(self.execution_ids.len(), self.executions.len(), "one id for each execution");
        for (key, execution) in self.executions.iter() {
            assert_eq!(
                self.execution_ids.get(&execution.id).map(|k| **k),
                Some(*key),
                "an execution is found by its id"
            );
            let line =
                self.lines.get(&key.0).unwrap_or_else(|| panic!("an execution without a pipeline: {key:?}"));
            assert!(key.1 <= line.executions, "numbers of executions are counted");
            assert_eq!(line.live.contains(&key.1), !execution.is_over(), "live is what is not over: {key:?}");
            use PipelineExecutionStatus::{InProgress, Stopping};
            assert_eq!(
                matches!(execution.status, InProgress | Stopping),
                !execution.is_over(),
                "an execution is over when its status says so: {key:?}"
            );
            assert!(
                execution.status != Stopping || execution.stop.is_some(),
                "who stops was asked to: {key:?}"
            );
            if !execution.is_over() {
                assert!(!self.standing(*key).is_empty(), "what is under way says what it waits for: {key:?}");
            }
            let plan = self
                .plan_of(key.0, execution)
                .unwrap_or_else(|| panic!("an execution without a plan: {key:?}"));
            let stage = match execution.position {
                Position::Before(stage) | Position::In(stage) => plan.stage(stage),
                Position::Over => continue,
            };
            let stage =
                stage.unwrap_or_else(|| panic!("an execution at a stage that is not declared: {key:?}"));
            let gate =
                line.gates.get(&stage.name).unwrap_or_else(|| panic!("a stage without a gate: {key:?}"));
            match execution.position {
                Position::In(at) => {
                    assert!(gate.holders.contains(&key.1), "who is in a stage holds its gate: {key:?}");
                    self.check_stage(*key, execution, at);
                }
                _ => {
                    assert!(
                        gate.waiting.contains(&key.1),
                        "who stands in front of a stage waits at its gate: {key:?}"
                    );
                    assert!(!gate.admits(plan.mode()), "nobody waits at a free, enabled gate: {key:?}");
                    assert!(execution.stop.is_none(), "what waits and is stopped is over: {key:?}");
                    assert!(execution.outdated.is_none(), "what waits is not outdated: {key:?}");
                }
            }
        }
    }

    /// What an execution in a stage waits for.
    fn check_stage(&self, key: Key, execution: &Execution, at: usize) {
        let entered = execution.in_stage(at);
        let entered =
            entered.unwrap_or_else(|| panic!("an execution in a stage that it never entered: {key:?}"));
        use StageExecutionStatus::{InProgress, Stopping};
        let expected = if execution.stop.is_some() { Stopping } else { InProgress };
        assert_eq!(entered.status, expected, "a stage is as its execution is: {key:?}");
        let mut runs = entered.present_runs().into_values().filter_map(|n| self.runs.get(&(key.0, n)));
        let acts = runs.any(|run| in_progress_run(run));
        let rules = entered.open_condition().into_iter().flat_map(|condition| &condition.rules);
        let looks = rules.filter_map(|n| self.rules.get(&(key.0, *n))).any(|rule| rule.is_open());
        assert!(acts || looks, "an execution in a stage waits for an action or a rule: {key:?}");
        assert_eq!(looks, entered.phase != Phase::Actions, "rules are looked at in their phase: {key:?}");
    }

    fn check_gates(&self) {
        for (id, line) in self.lines.iter() {
            let plan = self.plan(*id).unwrap_or_else(|| panic!("a line has its plan: {id:?}"));
            let mode = |number: &u64| {
                let execution = self.executions.get(&(*id, *number));
                execution.and_then(|e| self.plan_of(*id, e)).map(|plan| plan.mode())
            };
            let mut at_gates = 0;
            for (name, gate) in line.gates.iter() {
                for held in gate.holders.iter().chain(&*gate.waiting) {
                    assert!(line.live.contains(held), "no gate is lost to an execution that is over: {name}");
                }
                let alone = gate.holders.iter().filter(|h| mode(h) != Some(ExecutionMode::Parallel)).count();
                assert!(alone <= 1, "at most one execution is in a stage: {name}");
                assert!(gate.waiting.is_sorted(), "what waits goes in order of its start: {name}");
                let superseded = plan.mode() == ExecutionMode::Superseded;
                assert!(!superseded || gate.waiting.len() <= 1, "one waits in front of a stage: {name}");
                at_gates += gate.holders.len() + gate.waiting.len();
            }
            assert_eq!(at_gates, line.live.len(), "each live execution is at one gate");
        }
    }

    fn check_runs(&self) {
        for (token, key) in self.approvals.iter() {
            let answered = self.runs.get(&**key).and_then(|run| run.token);
            assert_eq!(answered, Some(*token), "a token belongs to an approval: {key:?}");
        }
        for (key, run) in self.runs.iter() {
            let of = self.executions.get(&(key.0, run.execution));
            let execution = of.unwrap_or_else(|| panic!("a run without an execution: {key:?}"));
            let stage = execution.in_stage(run.stage).unwrap_or_else(|| panic!("a run in no stage: {key:?}"));
            assert!(stage.runs.contains(&(run.action, key.1)), "a run is known to its execution: {key:?}");
            match run.due {
                Some(at) => assert!(self.has_due(at, *key), "what is due stands in the table: {key:?}"),
                None => assert!(!in_progress_run(run), "a run in progress has an end: {key:?}"),
            }
            if in_progress_run(run) {
                assert_eq!(
                    execution.position,
                    Position::In(run.stage),
                    "a run in progress is in its stage: {key:?}"
                );
            } else {
                assert!(run.due.is_none(), "nothing is due for a run that is over: {key:?}");
                let job = run.job.and_then(|job| self.jobs.get(&job));
                assert!(
                    job.is_none_or(|job| job.state.is_over()),
                    "the job of a run that is over is over: {key:?}"
                );
            }
        }
    }

    fn check_rules(&self) {
        for (key, rule) in self.rules.iter() {
            let of = self.executions.get(&(key.0, rule.execution));
            let entered = of.and_then(|execution| execution.in_stage(rule.stage));
            let entered = entered.unwrap_or_else(|| panic!("a rule in no stage: {key:?}"));
            let conditions = entered.more.iter().flat_map(|more| &more.conditions);
            let mut own = conditions.filter(|condition| condition.rules.contains(&key.1));
            let own = own.next().unwrap_or_else(|| panic!("a rule of no condition: {key:?}"));
            assert_eq!(own.phase, rule.phase, "a rule belongs to its condition: {key:?}");
            assert_eq!(rule.is_open(), rule.due.is_some(), "an open rule is looked at again: {key:?}");
            assert!(!rule.is_open() || own.is_open(), "an open rule has an open condition: {key:?}");
            if let Some(at) = rule.due {
                assert!(
                    self.due.contains_key(&(at, Due::Rule(*key))),
                    "what is due stands in the table: {key:?}"
                );
            }
        }
    }

    fn check_jobs(&self) {
        let mut open = 0;
        for (id, job) in self.jobs.iter() {
            let queued = self.queue.get(&(queue_of(&job.action_type), job.number));
            assert_eq!(queued.is_some_and(|q| **q == *id), job.state.is_open(), "open jobs are queued: {id}");
            open += usize::from(job.state.is_open());
            assert!(self.runs.contains_key(&job.run), "a job belongs to a run: {id}");
            if let JobState::Dispatched { until, .. } = job.state {
                assert!(
                    self.due.contains_key(&(until, Due::Lapses(*id))),
                    "a dispatched job comes back: {id}"
                );
            }
            let current = self.runs.get(&job.run).is_some_and(|run| run.job == Some(*id));
            assert!(current || job.state.is_over(), "only the newest job of a run is not over: {id}");
        }
        assert_eq!(open, self.queue.len(), "only open jobs are queued");
    }

    fn check_due(&self) {
        for (at, due) in self.due.keys().copied() {
            let known = match due {
                Due::Done(run) | Due::Expires(run) => {
                    self.runs.get(&run).is_some_and(|run| run.due == Some(at))
                }
                Due::Rule(rule) => self.rules.get(&rule).is_some_and(|rule| rule.due == Some(at)),
                Due::Queues(job) => {
                    self.jobs.get(&job).is_some_and(|job| job.state == JobState::Created { until: Some(at) })
                }
                Due::Lapses(job) => self.jobs.get(&job).is_some_and(
                    |job| matches!(job.state, JobState::Dispatched { until, .. } if until == at),
                ),
            };
            assert!(known, "nothing is due for what is not there: {due:?}");
        }
    }

    fn has_due(&self, at: parhelion_core::Timestamp, run: Key) -> bool {
        self.due.contains_key(&(at, Due::Done(run))) || self.due.contains_key(&(at, Due::Expires(run)))
    }
}

fn in_progress_run(run: &Run) -> bool {
    run.status == ActionExecutionStatus::InProgress
}
