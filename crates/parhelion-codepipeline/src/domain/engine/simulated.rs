//! Simulated work: how long it takes, what it comes to, and how it is moved by hand (section 6 of the specification).

use super::objects::Object;
use super::records::{Due, Execution, JobId, Key, Outcome, Planned, Run, Stands};
use super::tell::{action_subject, job_subject, written};
use super::tell_flow::rule_subject;
use super::work::time_limit;
use super::{Engine, Machine};
use crate::domain::{jobs::JobState, simulation};
use crate::shapes::{ActionDeclaration, ActionExecutionStatus};
use parhelion_core::{Cause, Event, Pace, Scripted, Timestamp, Verdict};

/// The kind of pace that work of actions and rules has.
pub(super) const PACE: &str = "action";

/// Something that stands until it is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stood {
    /// A run of an action.
    Action(Key),
    /// A run of a rule.
    Rule(Key),
    /// A job that polls do not see yet.
    Job(JobId),
}

/// When work is done: `None` when it does not end by itself, and why.
pub(super) fn wait_of(
    scripted: Option<&Scripted>,
    pace: Pace,
    now: Timestamp,
) -> (Option<Stands>, Option<Timestamp>) {
    if scripted.is_some_and(|s| s.outcome == "hang") {
        return (Some(Stands::Hangs), None);
    }
    match scripted.and_then(Scripted::delay).map_or(pace, Pace::After) {
        Pace::Manual => (Some(Stands::Manual), None),
        Pace::Immediate => (None, Some(now)),
        Pace::After(delay) => (None, now.checked_add_signed(delay)),
    }
}

impl Engine {
    /// What stands until it is stepped: that of this id (its own, or its execution's), or what has stood longest.
    pub fn standing_still(&self, id: Option<&str>) -> Option<Stood> {
        let live = self.lines.iter().flat_map(|(line, record)| record.live.iter().map(move |n| (*line, *n)));
        let live = live.filter_map(|key| Some((key, self.executions.get(&key)?)));
        let found = live.flat_map(|(key, execution)| {
            let of_it = self.stood_in(key, execution);
            let all = id.is_none_or(|id| execution.id.to_string() == id);
            of_it.into_iter().filter(move |(_, own, _)| all || id.is_some_and(|id| own == id))
        });
        found.map(|(since, _, stood)| (since, stood)).min().map(|(_, stood)| stood)
    }

    /// What stands in an execution: since when, its id, what it is.
    fn stood_in(&self, key: Key, execution: &Execution) -> Vec<(Timestamp, String, Stood)> {
        let mut all = Vec::new();
        for entered in &execution.stages {
            for number in entered.runs.iter().map(|(_, number)| (key.0, *number)) {
                let Some(run) =
                    self.runs.get(&number).filter(|run| run.status == ActionExecutionStatus::InProgress)
                else {
                    continue;
                };
                if run.stands().is_some() {
                    all.push((run.started, run.id.to_string(), Stood::Action(number)));
                }
                let job = run.job.and_then(|id| Some((id, self.jobs.get(&id)?)));
                if let Some((id, job)) = job.filter(|(_, job)| job.state == JobState::Created { until: None })
                {
                    all.push((job.created, id.to_string(), Stood::Job(id)));
                }
            }
            let rules = entered.open_condition().into_iter().flat_map(|condition| &condition.rules);
            for number in rules.map(|number| (key.0, *number)) {
                if let Some(run) = self.rules.get(&number).filter(|run| run.is_open() && run.stands.is_some())
                {
                    all.push((run.started, run.id.to_string(), Stood::Rule(number)));
                }
            }
        }
        all
    }

    /// What stands, in the words of the journal.
    pub fn subject_of(&self, stood: Stood) -> Option<String> {
        match stood {
            Stood::Action(key) => self.runs.get(&key).map(|run| action_subject(run)),
            Stood::Rule(key) => self.rules.get(&key).map(|run| rule_subject(run)),
            Stood::Job(id) => Some(job_subject(id)),
        }
    }
}

impl Machine<'_> {
    /// Sets simulated work going.
    pub(super) fn simulate(&mut self, key: Key) {
        let Some((run, execution, plan)) = self.under_way(key) else { return };
        let Some((stage, action)) = plan.stage(run.stage).zip(plan.action(run.stage, run.action)) else {
            return;
        };
        let id = &action.action_type_id;
        let scripted = self.draw.scripted(&[
            ("pipeline", plan.declaration.name.as_str()),
            ("stage", stage.name.as_str()),
            ("action", action.name.as_str()),
            ("category", id.category.as_str()),
            ("provider", id.provider.as_str()),
            ("executionId", execution.id.to_string().as_str()),
        ]);
        let limit = run.started + time_limit(self.engine, action);
        if let Some(scripted) = &scripted {
            let subject = action_subject(&run);
            self.tell(scripted.used(subject.clone()).because(Cause::Last(subject)));
        }
        let (stands, done) = wait_of(scripted.as_ref(), self.draw.pace(PACE), self.now);
        if let Some(planned) = scripted.map(|s| simulation::planned(&s)) {
            self.engine.runs.edit(&key, |run| {
                // What is known from the beginning shows from the beginning.
                run.external_id.clone_from(&planned.external_id);
                run.external_url.clone_from(&planned.external_url);
                run.percent = planned.percent;
                if stands == Some(Stands::Hangs) {
                    run.summary.clone_from(&planned.summary);
                }
                let more = run.more_mut();
                more.targets.clone_from(&planned.targets);
                more.planned = Some(Planned::Scripted(Box::new(planned)));
            });
        }
        if let Some(stands) = stands {
            self.engine.runs.edit(&key, |run| run.more_mut().stands = Some(stands));
            let why = match stands {
                Stands::Hangs => "the action hangs, as a behaviour says",
                Stands::Manual => "the action stands: the pace of actions is manual",
            };
            let fact = format!("{why}; it goes on when it is stepped, and fails at {}", written(limit));
            self.tell_stands(&run, fact);
        }
        match done.filter(|at| *at < limit) {
            Some(at) => {
                if at > self.now {
                    self.tell_stands(&run, format!("the action takes until {}", written(at)));
                }
                self.schedule(key, at, Due::Done(key));
            }
            None => self.schedule(key, limit, Due::Expires(key)),
        }
    }

    fn tell_stands(&mut self, run: &Run, fact: String) {
        let subject = action_subject(run);
        let event = Event::new("action.changed", subject.clone()).fact(fact).verdict(Verdict::Waiting);
        self.tell(event.because(Cause::Last(subject)));
    }

    /// What stands goes on.
    pub(super) fn step_by_hand(&mut self, stood: Stood) {
        match stood {
            Stood::Action(key) => self.step_run(key),
            Stood::Rule(key) => self.step_rule(key),
            Stood::Job(id) => self.show_job(id, "the job was stepped: polls see it"),
        }
    }

    fn step_run(&mut self, key: Key) {
        let Some((run, ..)) = self.under_way(key).filter(|(run, ..)| run.stands().is_some()) else { return };
        self.engine.runs.edit(&key, |run| run.more_mut().stands = None);
        // What follows from it belongs to the execution's story; the call's own tells of the step.
        let subject = action_subject(&run);
        let event = Event::new("action.changed", subject.clone()).fact("the action was stepped");
        self.tell(event.verdict(Verdict::Ok).because(Cause::Last(subject)));
        self.schedule(key, self.now, Due::Done(key));
    }

    /// What simulated work comes to.
    pub(super) fn simulated(
        &self,
        key: Key,
        run: &Run,
        action: &ActionDeclaration,
        object: Option<&Object>,
    ) -> Outcome {
        let Some(execution) = self.execution((key.0, run.execution)) else { return Outcome::default() };
        let line = self.engine.lines.get(&key.0);
        let planned = match run.more.as_ref().and_then(|more| more.planned.as_ref()) {
            Some(Planned::Scripted(outcome)) => Some(&**outcome),
            _ => None,
        };
        let asked = simulation::Asked {
            place: &self.engine.place,
            run,
            execution: &execution,
            action: &run.resolved(action),
            created: line.map_or(self.now, |line| line.created),
            next: line.and_then(|line| line.next_revisions.get(&action.name)),
            object,
            scripted: planned,
        };
        simulation::outcome(&asked)
    }
}
