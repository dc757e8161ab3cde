//! What an execution that is under way waits for, told at any time.

use super::Engine;
use super::records::{Execution, Gate, Key, Position, RuleRun, Run, Stands};
use super::tell::{action_subject, execution_subject, stage_subject, written};
use super::tell_flow::rule_subject;
use super::work::{Work, work_of};
use crate::domain::jobs::JobState;
use crate::shapes::{ActionExecutionStatus, ExecutionMode};
use parhelion_core::{Event, Verdict};

/// The member of a fact that says who ends the waiting, where nobody outside is needed for it.
const WAITS_FOR: &str = "waits_for";
/// Time does.
const CLOCK: &str = "clock";

impl Engine {
    /// What a run of an action or a rule of an execution that is under way waits for, by its subject.
    pub fn part_stands(&self, subject: &str) -> Vec<Event> {
        if !["action:", "rule:"].iter().any(|part| subject.starts_with(part)) {
            return Vec::new();
        }
        let live = self.lines.iter().flat_map(|(line, record)| record.live.iter().map(move |n| (*line, *n)));
        let facts =
            live.map(|key| self.standing(key)).find(|facts| facts.iter().any(|f| f.subject == subject));
        facts.into_iter().flatten().filter(|fact| fact.subject == subject).collect()
    }

    /// What an execution waits for now, a fact each. Empty when it is over.
    pub fn standing(&self, key: Key) -> Vec<Event> {
        let Some(execution) = self.executions.get(&key) else { return Vec::new() };
        let Some(plan) = self.plan_of(key.0, execution) else { return Vec::new() };
        match execution.position {
            Position::Over => Vec::new(),
            Position::Before(stage) => {
                plan.stage(stage).map(|stage| self.in_front(key, execution, &stage.name)).unwrap_or_default()
            }
            Position::In(stage) => {
                let Some(entered) = execution.in_stage(stage) else { return Vec::new() };
                let name = plan.stage(stage).map_or("", |stage| &stage.name);
                let runs = entered.present_runs().into_values().filter_map(|n| self.runs.get(&(key.0, n)));
                let runs = runs.filter(|run| run.status == ActionExecutionStatus::InProgress);
                let rules = entered.open_condition().into_iter().flat_map(|condition| &condition.rules);
                let rules = rules.filter_map(|n| self.rules.get(&(key.0, *n))).filter(|rule| rule.is_open());
                let mut facts: Vec<Event> = self.held_back(execution, name).into_iter().collect();
                facts.extend(runs.map(|run| self.run_stands(key, execution, run)));
                facts.extend(rules.map(|rule| self.rule_stands(key, execution, rule)));
                facts
            }
        }
    }

    /// What keeps an execution in front of a stage.
    pub(super) fn in_front(&self, key: Key, execution: &Execution, stage: &str) -> Vec<Event> {
        let none = Gate::default();
        let gate = self.lines.get(&key.0).and_then(|line| line.gates.get(stage)).unwrap_or(&none);
        let parallel = self.plan_of(key.0, execution).is_some_and(|p| p.mode() == ExecutionMode::Parallel);
        let id =
            |number: &u64| self.executions.get(&(key.0, *number)).map_or(String::new(), |e| e.id.to_string());
        let waits = |fact: String| {
            let event = Event::new("execution.changed", execution_subject(execution)).fact(fact);
            event.verdict(Verdict::Waiting).with("stage", stage)
        };
        let disabled = gate.transition.as_ref().and_then(|t| Some((t, t.disabled.as_ref()?)));
        let closed = disabled.map(|(transition, why)| {
            let fact = format!(
                "it waits in front of stage '{stage}': the transition was disabled by {} at {}: {why}",
                transition.by,
                written(transition.at)
            );
            waits(fact).with("disabled_by", transition.by.clone()).with("reason", why.clone())
        });
        let locked = gate.holders.iter().filter(|_| !parallel).map(|holder| {
            let holder = id(holder);
            let fact = format!("it waits in front of stage '{stage}': execution {holder} is in it");
            waits(fact).with(WAITS_FOR, format!("execution:{holder}")).with("locked_by", holder)
        });
        let ahead = gate.waiting.iter().rfind(|other| !parallel && **other < key.1);
        let ahead = ahead.map(|other| {
            let other = id(other);
            let fact = format!("it waits in front of stage '{stage}': execution {other} goes first");
            waits(fact).with(WAITS_FOR, format!("execution:{other}")).with("behind", other)
        });
        closed.into_iter().chain(locked).chain(ahead).collect()
    }

    /// A stop or an update that waits for what is in progress.
    fn held_back(&self, execution: &Execution, stage: &str) -> Option<Event> {
        let why = match (&execution.stop, execution.outdated) {
            (Some(_), _) => "it is being stopped and waits for what is in progress to end",
            (None, Some(_)) => "the pipeline was updated: it is cancelled when what is in progress has ended",
            (None, None) => return None,
        };
        let event = Event::new("stage.changed", stage_subject(execution, stage)).fact(why);
        // What is in progress tells for itself who can end it.
        Some(event.verdict(Verdict::Waiting).with(WAITS_FOR, CLOCK))
    }

    fn run_stands(&self, key: Key, execution: &Execution, run: &Run) -> Event {
        let plan = self.plan_of(key.0, execution);
        let declared =
            plan.and_then(|plan| Some((plan.stage(run.stage)?, plan.action(run.stage, run.action)?)));
        let (name, work) = declared.map_or((String::new(), Work::Missing), |(stage, action)| {
            (format!("{}/{}", stage.name, action.name), work_of(self, &action.action_type_id))
        });
        let until = run.due.map_or(String::new(), |at| format!("; its time runs out at {}", written(at)));
        let job = run.job.and_then(|id| Some((id, self.jobs.get(&id)?)));
        let awaited = run.awaits.and_then(|key| self.executions.get(&key));
        let fact = match (work, job, awaited) {
            (Work::Approval, ..) => format!("action '{name}' waits to be approved or rejected{until}"),
            (_, Some((id, job)), _) => {
                let at = &job.action_type;
                let kind = format!("{}/{}/{}/{}", at.owner, at.category, at.provider, at.version);
                let state = match &job.state {
                    JobState::Created { until } => {
                        let until = until.map_or_else(|| "it is stepped".to_owned(), written);
                        format!("polls do not see until {until}")
                    }
                    JobState::Queued => "is queued and waits for a worker to poll".to_owned(),
                    JobState::Dispatched { until, .. } => {
                        format!("was handed to a worker who must acknowledge it by {}", written(*until))
                    }
                    JobState::InProgress { .. } => {
                        "was acknowledged and waits for the worker's result".to_owned()
                    }
                    over => format!("is {}", over.name()),
                };
                format!("action '{name}' waits for job {id} of {kind}, which {state}{until}")
            }
            (_, None, Some(other)) => {
                format!(
                    "action '{name}' waits for execution {} of another pipeline, {}{until}",
                    other.id, other.status
                )
            }
            (_, None, None) => match run.stands() {
                Some(stands) => format!("action '{name}' {}{until}", by_hand(stands)),
                None => format!(
                    "action '{name}' is under way until {}",
                    run.due.map_or_else(String::new, written)
                ),
            },
        };
        let event = Event::new("action.changed", action_subject(run)).fact(fact).verdict(Verdict::Waiting);
        match (work, job, awaited) {
            (Work::Approval, ..) | (_, Some(_), _) => event,
            (_, None, Some(other)) => event.with(WAITS_FOR, execution_subject(other)),
            (_, None, None) if run.stands().is_some() => event,
            (_, None, None) => event.with(WAITS_FOR, CLOCK),
        }
    }

    fn rule_stands(&self, key: Key, execution: &Execution, rule: &RuleRun) -> Event {
        let plan = self.plan_of(key.0, execution);
        let stage = plan.and_then(|plan| plan.stage(rule.stage));
        let name = stage
            .and_then(|stage| Some(format!("{}/{}", stage.name, rule.phase.rule(stage, rule.rule)?.name)));
        let (phase, name) = (rule.phase.name(), name.unwrap_or_default());
        let next = match rule.stands {
            Some(stands) => by_hand(stands).to_owned(),
            None => format!(
                "has not come out; it is looked at again at {}",
                rule.due.map_or_else(String::new, written)
            ),
        };
        let fact =
            format!("condition {phase}: rule '{name}' {next}; its time runs out at {}", written(rule.limit));
        let event = Event::new("rule.changed", rule_subject(rule)).fact(fact).verdict(Verdict::Waiting);
        if rule.stands.is_some() { event } else { event.with(WAITS_FOR, CLOCK) }
    }
}

fn by_hand(stands: Stands) -> &'static str {
    match stands {
        Stands::Hangs => "hangs, as a behaviour says, until it is stepped",
        Stands::Manual => "stands until it is stepped: its pace is manual",
    }
}
