//! The runs of rules: when they are looked at, how long they may take, what behaviours say of them.

use super::Machine;
use super::records::{Due, Failed, Key, Outcome, Phase, RuleRun, RuleRunId};
use super::simulated::{PACE, wait_of};
use super::tell_flow::rule_subject;
use crate::domain::rules::{self, Verdict};
use crate::domain::{simulation, variables};
use crate::named::Named;
use crate::shapes::{RuleDeclaration, RuleExecutionStatus};
use chrono::TimeDelta;
use parhelion_core::{Cause, Event, Pace, Timestamp};

impl Machine<'_> {
    pub(super) fn begin_rule(&mut self, key: Key, execution: u64, stage: usize, phase: Phase, rule: usize) {
        let of = (key.0, execution);
        let Some(plan) = self.plan(of) else { return };
        let Some(in_stage) = plan.stage(stage) else { return };
        let Some(declared) = phase.rule(in_stage, rule) else { return };
        let run = RuleRun {
            id: RuleRunId(self.draw.uuid("rule-execution")),
            execution,
            stage,
            phase,
            rule,
            status: RuleExecutionStatus::InProgress,
            started: self.now,
            updated: self.now,
            summary: None,
            external_id: None,
            external_url: None,
            error: None,
            is_broken: false,
            resolved: None,
            planned: None,
            stands: None,
            limit: self.now + rules::time_limit(declared),
            due: None,
        };
        self.engine.rules.put(key, run);
        self.tell_rule(key);
        let configuration = declared.configuration.clone().unwrap_or_default();
        let engine = &*self.engine;
        match variables::resolve(&configuration, &|space, name| engine.variable(of, space, name)) {
            Ok(resolved) => {
                self.engine.rules.edit(&key, |run| run.resolved = resolved);
                self.set_going(key, declared, &in_stage.name, &plan.declaration.name);
            }
            // CHOICE: the code, as for an action. It fails when it is looked at, in this same step.
            Err(why) => {
                self.engine.rules.edit(&key, |run| {
                    run.is_broken = true;
                    run.error = Some(Failed::new("InvalidVariable", why.to_string()));
                });
                self.look_at(key, self.now);
            }
        }
    }

    /// Decides when a rule is looked at first. A behaviour says it of any rule, the pace only of those whose work is
    /// simulated: what is evaluated takes no time.
    fn set_going(&mut self, key: Key, declared: &RuleDeclaration, stage: &str, pipeline: &str) {
        let Some(run) = self.engine.rules.get(&key).cloned() else { return };
        let execution = self.execution((key.0, run.execution)).map_or(String::new(), |e| e.id.to_string());
        let id = &declared.rule_type_id;
        let scripted = self.draw.scripted(&[
            ("pipeline", pipeline),
            ("stage", stage),
            ("rule", declared.name.as_str()),
            ("category", id.category.as_str()),
            ("provider", id.provider.as_str()),
            ("executionId", execution.as_str()),
        ]);
        let is_paced = rules::is_simulated(declared) || scripted.is_some();
        let pace = if is_paced { self.draw.pace(PACE) } else { Pace::Immediate };
        if let Some(scripted) = &scripted {
            let subject = rule_subject(&run);
            self.tell(scripted.used(subject.clone()).because(Cause::Last(subject)));
        }
        let (stands, first) = wait_of(scripted.as_ref(), pace, self.now);
        let planned = scripted.map(|scripted| Box::new(simulation::planned(&scripted)));
        self.engine.rules.edit(&key, |run| {
            run.stands = stands;
            run.planned = planned;
        });
        self.look_at(key, first.unwrap_or(run.limit).min(run.limit));
    }

    fn look_at(&mut self, key: Key, at: Timestamp) {
        if let Some(before) = self.engine.rules.get(&key).and_then(|run| run.due) {
            self.engine.due.remove(&(before, Due::Rule(key)));
        }
        self.engine.rules.edit(&key, |run| run.due = Some(at));
        self.set_due(at, Due::Rule(key));
    }

    /// A rule that stands goes on.
    pub(super) fn step_rule(&mut self, key: Key) {
        let Some(run) = self.engine.rules.get(&key).filter(|run| run.stands.is_some()).cloned() else {
            return;
        };
        self.engine.rules.edit(&key, |run| run.stands = None);
        // The call is its cause.
        let subject = rule_subject(&run);
        let event = Event::new("rule.changed", subject.clone()).fact("the rule was stepped");
        self.tell(event.because(Cause::Last(subject)));
        self.look_at(key, self.now);
    }

    /// A rule is to be looked at.
    pub(super) fn rule_due(&mut self, key: Key) {
        let Some(run) = self.engine.rules.get(&key).filter(|run| run.is_open()).cloned() else { return };
        let Some(plan) = self.plan((key.0, run.execution)) else { return };
        let Some(declared) = plan.stage(run.stage).and_then(|s| run.phase.rule(s, run.rule)) else { return };
        if let Some(error) = run.error.clone() {
            return self.end_rule(key, RuleExecutionStatus::Failed, None, Some(error));
        }
        let late = self.now >= run.limit;
        if late && run.stands.is_some() {
            return self.end_late(key);
        }
        if let Some(planned) = &run.planned {
            return if late { self.end_late(key) } else { self.end_planned(key, planned) };
        }
        let none = Named::new();
        let configuration = run.resolved.as_ref().or(declared.configuration.as_ref()).unwrap_or(&none);
        match rules::evaluate(declared, configuration, self.now) {
            Verdict::Met(summary) => self.end_rule(key, RuleExecutionStatus::Succeeded, Some(summary), None),
            Verdict::NotMet(summary) => self.end_rule(key, RuleExecutionStatus::Failed, Some(summary), None),
            Verdict::Simulated | Verdict::NextLook(_) if late => self.end_late(key),
            Verdict::Simulated => self.end_planned(key, &Outcome::default()),
            Verdict::Failed { code, message } => {
                self.engine.rules.edit(&key, |run| run.is_broken = true);
                self.end_rule(key, RuleExecutionStatus::Failed, None, Some(Failed::new(code, message)));
            }
            // A look that does not lie ahead would be looked at for ever.
            Verdict::NextLook(at) => {
                self.look_at(key, at.max(self.now + TimeDelta::milliseconds(1)).min(run.limit));
            }
        }
    }

    /// Simulated work comes to what a behaviour says, else to success.
    fn end_planned(&mut self, key: Key, planned: &Outcome) {
        let Some(id) = self.engine.rules.get(&key).map(|run| run.id.to_string()) else { return };
        self.engine.rules.edit(&key, |run| {
            run.external_id = Some(planned.external_id.clone().unwrap_or(id));
            run.external_url.clone_from(&planned.external_url);
        });
        let status = match planned.failed {
            Some(_) => RuleExecutionStatus::Failed,
            None => RuleExecutionStatus::Succeeded,
        };
        self.end_rule(key, status, planned.summary.clone(), planned.failed.clone());
    }

    fn end_late(&mut self, key: Key) {
        let late = Self::timed_out("The rule did not come out in time");
        self.end_rule(key, RuleExecutionStatus::Failed, None, Some(late));
    }

    pub(super) fn end_rule(
        &mut self,
        key: Key,
        status: RuleExecutionStatus,
        summary: Option<String>,
        error: Option<Failed>,
    ) {
        let Some(run) = self.engine.rules.get(&key).filter(|run| run.is_open()).cloned() else { return };
        if let Some(at) = run.due {
            self.engine.due.remove(&(at, Due::Rule(key)));
        }
        let now = self.now;
        self.engine.rules.edit(&key, |run| {
            run.status = status;
            run.summary = summary.or(run.summary.take());
            run.error = error;
            run.updated = now;
            run.due = None;
            run.planned = None;
            run.stands = None;
        });
        self.tell_rule(key);
        if status != RuleExecutionStatus::Abandoned {
            self.go_on((key.0, run.execution));
        }
    }
}
