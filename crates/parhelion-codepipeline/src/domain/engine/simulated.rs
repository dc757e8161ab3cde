//! Simulated work: how long it takes, what it comes to, and how it is moved by hand (section 6 of the specification).

use super::records::{Due, Key, Outcome, Planned, Run, Stands};
use super::tell::{action_subject, written};
use super::work::time_limit;
use super::{Engine, Machine};
use crate::domain::simulation;
use crate::shapes::{ActionDeclaration, ActionExecutionStatus};
use parhelion_core::{Cause, Event, Pace, Scripted, Verdict};

/// The kind of pace that work of actions and rules has.
pub(super) const PACE: &str = "action";

impl Engine {
    /// The run that stands until it is stepped: that of this id (its own, or its execution's), or the one that has
    /// stood longest.
    pub fn standing_run(&self, id: Option<&str>) -> Option<Key> {
        let live = self.lines.iter().flat_map(|(line, record)| record.live.iter().map(move |n| (*line, *n)));
        let runs =
            live.filter_map(|key| Some((key, self.executions.get(&key)?))).flat_map(|(key, execution)| {
                let meant = id.is_some_and(|id| execution.id.to_string() == id);
                let numbers =
                    execution.stages.iter().flat_map(|stage| stage.runs.iter().map(|(_, number)| *number));
                numbers.filter_map(move |number| {
                    let key = (key.0, number);
                    let run = self.runs.get(&key)?;
                    let is_it = id.is_none() || meant || id.is_some_and(|id| run.id.to_string() == id);
                    (is_it && run.status == ActionExecutionStatus::InProgress && run.stands().is_some())
                        .then_some((run.started, key))
                })
            });
        runs.min().map(|(_, key)| key)
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
        let pace = match scripted.as_ref().and_then(Scripted::delay) {
            Some(delay) => Pace::After(delay),
            None => self.draw.pace(PACE),
        };
        let limit = run.started + time_limit(self.engine, action);
        if let Some(scripted) = &scripted {
            let subject = action_subject(&run);
            self.tell(scripted.used(subject.clone()).because(Cause::Last(subject)));
        }
        let hangs = scripted.as_ref().is_some_and(|s| s.outcome == "hang");
        let (stands, done) = match pace {
            _ if hangs => (Some(Stands::Hangs), None),
            Pace::Manual => (Some(Stands::Manual), None),
            Pace::Immediate => (None, Some(self.now)),
            Pace::After(delay) => (None, self.now.checked_add_signed(delay)),
        };
        if let Some(planned) = scripted.map(|s| simulation::planned(&s)) {
            self.engine.runs.edit(&key, |run| {
                // What is known from the beginning shows from the beginning.
                run.external_id.clone_from(&planned.external_id);
                run.external_url.clone_from(&planned.external_url);
                run.percent = planned.percent;
                if hangs {
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

    /// Work that stands goes on.
    pub(super) fn step_run(&mut self, key: Key) {
        let Some((run, ..)) = self.under_way(key).filter(|(run, ..)| run.stands().is_some()) else { return };
        self.engine.runs.edit(&key, |run| run.more_mut().stands = None);
        // The call is its cause.
        let event = Event::new("action.changed", action_subject(&run)).fact("the action was stepped");
        self.tell(event.verdict(Verdict::Ok));
        self.schedule(key, self.now, Due::Done(key));
    }

    /// What simulated work comes to.
    pub(super) fn simulated(&self, key: Key, run: &Run, action: &ActionDeclaration) -> Outcome {
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
            scripted: planned,
        };
        simulation::outcome(&asked)
    }
}
