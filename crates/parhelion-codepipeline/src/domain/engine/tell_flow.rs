//! What the engine writes down of stages: entered, held, retried, stopped, judged by conditions, rolled back, left.

use super::Machine;
use super::records::{ConditionRun, Execution, Key, LineId, Phase, RuleRun, StageRun};
use super::tell::{PIPELINE, action_subject, execution_subject, stage_subject, stop_comments};
use crate::shapes::{
    ActionExecutionStatus, ConditionExecutionStatus, RuleExecutionStatus, StageExecutionStatus,
};
use parhelion_core::{Cause, Event, Members, Verdict};

const STAGE: &str = "CodePipeline Stage Execution State Change";

pub(super) fn rule_subject(run: &RuleRun) -> String {
    format!("rule:{}", run.id)
}

impl Machine<'_> {
    fn publish_stage(&mut self, key: Key, execution: &Execution, name: &str, state: &str) {
        let more = Members::default().with("stage", name).with("state", state);
        self.publish(key, execution, STAGE, stage_subject(execution, name), more);
    }

    /// What led an execution to where it stands: the stage before, or its own start.
    pub(super) fn before(&self, key: Key, execution: &Execution) -> Cause {
        let stage = execution.stages.last().and_then(|entered| self.stage_name(key, entered.stage));
        Cause::Last(
            stage.map_or_else(|| execution_subject(execution), |name| stage_subject(execution, &name)),
        )
    }

    pub(super) fn tell_entered(&mut self, key: Key, stage: usize, waited: bool) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        // The stage before led here, unless the execution waited since.
        let earlier = execution.stages.iter().rev().nth(1).filter(|_| !waited);
        let earlier = earlier.and_then(|before| self.stage_name(key, before.stage));
        let earlier = earlier.map(|name| stage_subject(&execution, &name));
        let subject = stage_subject(&execution, &name);
        let event = Event::new("stage.started", subject)
            .fact(format!("stage '{name}' was entered"))
            .verdict(Verdict::Ok)
            .with("stage", name.clone())
            .because(Cause::Last(earlier.unwrap_or_else(|| execution_subject(&execution))));
        let event = self.about(event, key, &execution);
        self.tell(event);
        self.publish_stage(key, &execution, &name, "STARTED");
    }

    /// What decided about a stage: of a failed one, the action that failed tells why; else the one that ended last.
    pub(super) fn last_of(&self, key: Key, stage: usize) -> String {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return String::new();
        };
        let entered = execution.in_stage(stage);
        let runs = entered.map(StageRun::newest_runs).unwrap_or_default();
        let runs = runs.into_values().filter_map(|n| Some((n, self.run((key.0, n))?)));
        let last = runs.max_by_key(|(n, run)| (run.status == ActionExecutionStatus::Failed, run.updated, *n));
        // What a condition decided was told of the stage itself.
        let by_action = |e: &StageRun| e.phase == Phase::Actions || e.condition(e.phase).is_none();
        let last = last.filter(|_| entered.is_none_or(by_action));
        last.map_or_else(|| stage_subject(&execution, &name), |(_, run)| action_subject(&run))
    }

    /// What made an execution fail, in a clause; empty where nothing did.
    pub(super) fn failed_where(&self, key: Key, execution: &Execution) -> String {
        let failed = execution.stages.iter().find(|entered| entered.status == StageExecutionStatus::Failed);
        let Some((entered, plan)) = failed.zip(self.plan(key)) else { return String::new() };
        let Some(stage) = plan.stage(entered.stage) else { return String::new() };
        // A condition after a failure decides what that leads to; it is not what failed.
        if matches!(entered.phase, Phase::BeforeEntry | Phase::OnSuccess) {
            return format!(": condition {} of stage '{}' was not met", entered.phase.name(), stage.name);
        }
        let runs = entered.present_runs().into_iter();
        let runs = runs.filter(|(_, number)| {
            self.status_of_run((key.0, *number)) == Some(ActionExecutionStatus::Failed)
        });
        let names = runs.filter_map(|(action, _)| Some(format!("'{}'", stage.actions.get(action)?.name)));
        let names = names.collect::<Vec<_>>().join(", ");
        format!(": action(s) {names} of stage '{}' failed", stage.name)
    }

    pub(super) fn tell_left(&mut self, key: Key, stage: usize, status: StageExecutionStatus) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        let because = self.last_of(key, stage);
        let (state, verdict) = match status {
            StageExecutionStatus::Succeeded => (Some("SUCCEEDED"), Verdict::Ok),
            StageExecutionStatus::Cancelled => (Some("CANCELED"), Verdict::Skipped),
            StageExecutionStatus::Stopped => (Some("STOPPED"), Verdict::Skipped),
            // CHOICE: AWS's list of states has none for a stage that is skipped: nothing is published.
            StageExecutionStatus::Skipped => (None, Verdict::Skipped),
            _ => (Some("FAILED"), Verdict::Failed),
        };
        let subject = stage_subject(&execution, &name);
        let event = Event::new("stage.finished", subject)
            .fact(format!("stage '{name}' ended as {status}"))
            .verdict(verdict)
            .with("stage", name.clone())
            .with("status", status.as_str())
            .because(Cause::Last(because));
        let event = self.about(event, key, &execution);
        self.tell(event);
        if let Some(state) = state {
            self.publish_stage(key, &execution, &name, state);
        }
    }

    pub(super) fn tell_stage_stopping(&mut self, key: Key, stage: usize) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        let event = Event::new("stage.changed", stage_subject(&execution, &name))
            .fact(format!("stage '{name}' is being stopped"))
            .verdict(Verdict::Waiting)
            .because(Cause::Last(execution_subject(&execution)));
        let event = self.about(event, key, &execution);
        self.tell(event);
        self.publish_stage(key, &execution, &name, "STOPPING");
    }

    pub(super) fn tell_stage_resumed(&mut self, key: Key, stage: usize, cause: Cause) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        let more = execution.in_stage(stage).and_then(|run| run.more.as_ref());
        let fact = match more.and_then(|more| Some((more.latest_retry?, more))) {
            Some((trigger, more)) => format!(
                "stage '{name}' goes on: {trigger}, {} asked for and {} automatic so far",
                more.manual_retries, more.automatic_retries
            ),
            None => format!("stage '{name}' goes on"),
        };
        let event = Event::new("stage.changed", stage_subject(&execution, &name))
            .fact(fact)
            .verdict(Verdict::Ok)
            .because(cause);
        let event = self.about(event, key, &execution);
        self.tell(event);
        self.publish_stage(key, &execution, &name, "RESUMED");
    }

    // ------------------------------------------------------------ stops, retries, rollbacks

    pub(super) fn tell_stopping(&mut self, key: Key, abandon: bool) {
        let Some(execution) = self.execution(key) else { return };
        let subject = execution_subject(&execution);
        let how = if abandon { "what runs is abandoned" } else { "what runs may end, nothing new starts" };
        let event = Event::new("execution.changed", subject.clone())
            .fact(format!("the execution is to stop: {how}"))
            .verdict(Verdict::Waiting);
        let event = self.about(event, key, &execution);
        self.tell(event);
        let mut more = Members::default().with("state", "STOPPING");
        more.extend(stop_comments(&execution));
        self.publish(key, &execution, PIPELINE, subject, more);
    }

    pub(super) fn tell_resumed(&mut self, key: Key) {
        let Some(execution) = self.execution(key) else { return };
        let subject = execution_subject(&execution);
        let event = Event::new("execution.changed", subject.clone())
            .fact(format!("the execution goes on: attempt {}", execution.attempt()))
            .verdict(Verdict::Ok);
        let event = self.about(event, key, &execution);
        self.tell(event);
        let more = Members::default().with("state", "RESUMED");
        self.publish(key, &execution, PIPELINE, subject, more);
    }

    pub(super) fn tell_no_rollback(&mut self, key: Key, stage: usize) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        let fact = match &execution.rollback {
            Some(_) => "nothing is rolled back: this execution is itself a rollback",
            None => "nothing is rolled back: no execution of this version succeeded in the stage before",
        };
        let subject = stage_subject(&execution, &name);
        let event = Event::new("stage.changed", subject.clone()).fact(fact).verdict(Verdict::Skipped);
        let event = self.about(event.because(Cause::Last(subject)), key, &execution);
        self.tell(event);
    }

    // ------------------------------------------------------------ transitions

    pub(super) fn tell_transition(&mut self, line: LineId, stage: &str, changed: bool) {
        let Some(record) = self.line(line) else { return };
        let transition = record.gates.get(stage).and_then(|gate| gate.transition.as_ref());
        let why = transition.and_then(|transition| transition.disabled.clone());
        let fact = match (&why, changed) {
            (Some(why), true) => format!("the transition into stage '{stage}' was disabled: {why}"),
            (None, true) => format!("the transition into stage '{stage}' was enabled"),
            (Some(_), false) => {
                format!("the transition into stage '{stage}' was disabled before, for the same reason")
            }
            (None, false) => format!("the transition into stage '{stage}' was enabled before"),
        };
        let event = Event::new("transition.changed", format!("pipeline:{}", record.name))
            .fact(fact)
            .verdict(if changed { Verdict::Ok } else { Verdict::Skipped })
            .with("pipeline", record.name.clone())
            .with("stage", stage);
        self.tell(event);
    }

    // ------------------------------------------------------------ conditions

    /// Tells where the newest condition of a phase stands, after any change of its status.
    pub(super) fn tell_condition(&mut self, key: Key, stage: usize, phase: Phase) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        let Some(run) = execution.in_stage(stage).and_then(|entered| entered.condition(phase)) else {
            return;
        };
        let subject = stage_subject(&execution, &name);
        let what = format!("condition {} of stage '{name}'", phase.name());
        let count = run.rules.len();
        use ConditionExecutionStatus::{Abandoned, Cancelled, InProgress, Overridden, Succeeded};
        let (fact, verdict) = match (run.status, &run.summary) {
            (InProgress, _) => (format!("{what} is looked at: {count} rule(s)"), Verdict::Waiting),
            (Succeeded, _) => (format!("{what} is met"), Verdict::Ok),
            (Overridden, _) => (format!("{what} was overridden: it counts as met"), Verdict::Ok),
            (Cancelled | Abandoned, _) => (format!("{what} was given up: {}", run.status), Verdict::Skipped),
            (status, Some(why)) => (format!("{what} is not met: {status}: {why}"), Verdict::Failed),
            (status, None) => (format!("{what} is not met: {status}"), Verdict::Failed),
        };
        let because = self.end_of_condition(key, run).unwrap_or_else(|| subject.clone());
        let cause = match run.status {
            Overridden => Cause::Call,
            _ => Cause::Last(because),
        };
        let event = Event::new("condition.changed", subject).fact(fact).verdict(verdict);
        let event = event.with("stage", name).with("condition", phase.name()).because(cause);
        let event = self.about(event.with("status", run.status.as_str()), key, &execution);
        self.tell(event);
    }

    /// The rule that decided a condition: one that failed, else the one that ended last.
    fn end_of_condition(&self, key: Key, condition: &ConditionRun) -> Option<String> {
        let rules = condition.rules.iter().filter_map(|n| self.engine.rules.get(&(key.0, *n)));
        let ended = rules.filter(|rule| !rule.is_open());
        let last = ended.max_by_key(|rule| (rule.status == RuleExecutionStatus::Failed, rule.updated));
        last.map(|rule| rule_subject(rule))
    }

    /// Tells where a rule stands, after any change of its status.
    pub(super) fn tell_rule(&mut self, key: Key) {
        let Some(run) = self.engine.rules.get(&key).cloned() else { return };
        let of = (key.0, run.execution);
        let (Some(execution), Some(plan)) = (self.execution(of), self.plan(of)) else { return };
        let Some(stage) = plan.stage(run.stage) else { return };
        let Some(declared) = run.phase.rule(stage, run.rule) else { return };
        let name = format!("{}/{}", stage.name, declared.name);
        let why = run.summary.as_ref().map_or(String::new(), |summary| format!(": {summary}"));
        let (kind, fact, verdict) = match (run.status, &run.error) {
            (RuleExecutionStatus::InProgress, _) => {
                ("rule.started", format!("rule '{name}' is looked at"), Verdict::Waiting)
            }
            (RuleExecutionStatus::Succeeded, _) => {
                ("rule.finished", format!("rule '{name}' succeeded{why}"), Verdict::Ok)
            }
            (RuleExecutionStatus::Failed, Some(error)) => (
                "rule.finished",
                format!("rule '{name}' failed: {}: {}", error.code, error.message),
                Verdict::Failed,
            ),
            (RuleExecutionStatus::Failed, None) => {
                ("rule.finished", format!("rule '{name}' failed{why}"), Verdict::Failed)
            }
            (RuleExecutionStatus::Abandoned, _) => {
                ("rule.finished", format!("rule '{name}' was abandoned"), Verdict::Skipped)
            }
        };
        let because = match run.status {
            RuleExecutionStatus::InProgress | RuleExecutionStatus::Abandoned => {
                stage_subject(&execution, &stage.name)
            }
            RuleExecutionStatus::Succeeded | RuleExecutionStatus::Failed => rule_subject(&run),
        };
        let event = Event::new(kind, rule_subject(&run))
            .fact(fact)
            .verdict(verdict)
            .with("stage", stage.name.clone())
            .with("rule", declared.name.clone())
            .with("provider", declared.rule_type_id.provider.clone())
            .because(Cause::Last(because));
        let event = self.about(event, of, &execution);
        self.tell(event);
    }
}
