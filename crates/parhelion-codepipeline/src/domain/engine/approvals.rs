//! Approvals: somebody answers, or the time runs out (4.5 of the specification).

use super::records::{Due, Failed, Key, Outcome};
use super::tell::action_subject;
use super::work::{Work, work_of};
use super::{Effect, Engine, Machine};
use crate::shapes::{ActionExecutionStatus, ExecutionMode};
use parhelion_core::{Event, Timestamp, Verdict};
use uuid::Uuid;

/// An answer to an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether the execution may go on.
    pub approved: bool,
    /// What was said about it.
    pub summary: String,
    /// Who answered.
    pub by: String,
}

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnswerable {
    /// It was answered before.
    Answered,
    /// The token was never given out, for this action, or its approval ended without an answer.
    Token,
}

impl Engine {
    /// The approval that a token answers, if it is one of this action.
    ///
    /// # Errors
    /// Why it cannot be answered.
    pub fn answerable(
        &self,
        line: super::records::LineId,
        stage: &str,
        action: &str,
        token: &str,
    ) -> Result<Key, NotAnswerable> {
        let token: Uuid = token.parse().map_err(|_| NotAnswerable::Token)?;
        let key = self.approvals.get(&token).map(|key| **key).filter(|key| key.0 == line);
        let key = key.ok_or(NotAnswerable::Token)?;
        let run = self.runs.get(&key).ok_or(NotAnswerable::Token)?;
        let execution = self.executions.get(&(line, run.execution)).ok_or(NotAnswerable::Token)?;
        let plan = self.plan_of(line, execution).ok_or(NotAnswerable::Token)?;
        let is_it = plan.stage(run.stage).is_some_and(|s| s.name == stage)
            && plan.action(run.stage, run.action).is_some_and(|a| a.name == action);
        match run.status {
            _ if !is_it => Err(NotAnswerable::Token),
            ActionExecutionStatus::InProgress => Ok(key),
            _ if run.answered_by().is_some() => Err(NotAnswerable::Answered),
            _ => Err(NotAnswerable::Token),
        }
    }

    /// Whether an action waits for an answer when it runs.
    pub fn is_approval(&self, action: &crate::shapes::ActionDeclaration) -> bool {
        work_of(self, &action.action_type_id) == Work::Approval
    }
}

impl Machine<'_> {
    /// Waits for an answer.
    pub(super) fn ask(&mut self, key: Key, limit: Timestamp) {
        let Some((run, _, plan)) = self.under_way(key) else { return };
        let Some(token) = run.token else { return };
        self.engine.approvals.put(token, key);
        if plan.mode() == ExecutionMode::Parallel {
            // Docs: where executions run beside each other, the token is found here.
            self.engine.runs.edit(&key, |run| run.external_id = Some(token.to_string()));
        }
        self.schedule(key, limit, Due::Expires(key));
        self.tell_approval(key, limit);
        if self.engine.adapters.approvals.is_some() {
            self.effects.push(Effect::Notify(key));
        }
    }

    pub(super) fn answer(&mut self, key: Key, answer: Answer) {
        let Some((run, ..)) = self.under_way(key) else { return };
        let (fact, verdict) = if answer.approved {
            (format!("{} approved the action", answer.by), Verdict::Ok)
        } else {
            (format!("{} rejected the action", answer.by), Verdict::Failed)
        };
        // The call is its cause.
        let event = Event::new("action.changed", action_subject(&run)).fact(fact).verdict(verdict);
        self.tell(event.with("summary", answer.summary.clone()));
        self.engine.runs.edit(&key, |run| run.more_mut().answered_by = Some(answer.by));
        let failed = (!answer.approved).then(|| Failed::new("JobFailed", answer.summary.clone()));
        self.finish(key, Outcome { failed, summary: Some(answer.summary), ..Outcome::default() });
    }
}
