//! What an execution leaves of a stage: its phase, its conditions with their rules, its retries.

use super::{Failed, Outcome, RuleRunId, Stands};
use crate::named::Named;
use crate::shapes::{
    Condition, ConditionExecutionStatus, RetryTrigger, RuleDeclaration, RuleExecutionStatus,
    StageDeclaration, StageExecutionStatus,
};
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an execution does in a stage, in this order; not every stage has every phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// The condition that decides whether the stage runs.
    BeforeEntry,
    /// The groups of actions.
    Actions,
    /// The condition that all must pass before the stage counts as succeeded.
    OnSuccess,
    /// The condition that decides what a failed action leads to.
    OnFailure,
}

impl Phase {
    /// The condition that a stage declares for a phase. Docs: exactly one where any is given.
    pub fn condition(self, stage: &StageDeclaration) -> Option<&Condition> {
        let conditions = match self {
            Phase::BeforeEntry => stage.before_entry.as_ref().map(|gate| &gate.conditions),
            Phase::Actions => None,
            Phase::OnSuccess => stage.on_success.as_ref().map(|gate| &gate.conditions),
            Phase::OnFailure => stage.on_failure.as_ref().and_then(|gate| gate.conditions.as_ref()),
        };
        conditions.and_then(|all| all.first())
    }
    /// A rule of the stage's condition for this phase, by its place.
    pub fn rule(self, stage: &StageDeclaration, rule: usize) -> Option<&RuleDeclaration> {
        self.condition(stage)?.rules.as_ref()?.get(rule)
    }
    /// As a declaration names it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::BeforeEntry => "beforeEntry",
            Phase::Actions => "actions",
            Phase::OnSuccess => "onSuccess",
            Phase::OnFailure => "onFailure",
        }
    }
}

/// A stage as one execution went through it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    /// The stage's place in the declaration.
    pub stage: usize,
    /// Where it stands.
    pub status: StageExecutionStatus,
    /// What it does, or did last.
    pub phase: Phase,
    /// Runs of its actions: the action's place in the declaration and the run's number, in order of their start.
    pub runs: Vec<(usize, u64)>,
    /// What most stages do not have.
    pub more: Option<Box<StageMore>>,
}

/// The conditions and retries of a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageMore {
    /// The conditions that were looked at, in order.
    pub conditions: Vec<ConditionRun>,
    /// How often somebody asked for a retry.
    pub manual_retries: u32,
    /// How often the stage retried by itself.
    pub automatic_retries: u32,
    /// What the last retry came from.
    pub latest_retry: Option<RetryTrigger>,
    /// How many of the runs belong to earlier attempts, which a retry of all actions does not go on from.
    pub earlier: usize,
}

impl StageRun {
    /// A stage that was entered just now.
    pub fn entered(stage: usize) -> Self {
        StageRun {
            stage,
            status: StageExecutionStatus::InProgress,
            phase: Phase::Actions,
            runs: Vec::new(),
            more: None,
        }
    }
    /// The rare part, made where there is none.
    pub fn more_mut(&mut self) -> &mut StageMore {
        self.more.get_or_insert_default()
    }
    /// The newest run of each action of the present attempt: (place of the action, number of the run).
    pub fn present_runs(&self) -> BTreeMap<usize, u64> {
        let earlier = self.more.as_ref().map_or(0, |more| more.earlier);
        self.runs.iter().skip(earlier).copied().collect()
    }
    /// The newest run of each action that has one, of whichever attempt.
    pub fn newest_runs(&self) -> BTreeMap<usize, u64> {
        self.runs.iter().copied().collect()
    }
    /// How often the stage was retried.
    pub fn retries(&self) -> u32 {
        self.more.as_ref().map_or(0, |more| more.manual_retries.saturating_add(more.automatic_retries))
    }
    /// The condition of a phase that was looked at last.
    pub fn condition(&self, phase: Phase) -> Option<&ConditionRun> {
        self.more.as_ref()?.conditions.iter().rev().find(|condition| condition.phase == phase)
    }
    /// The condition that is being looked at.
    pub fn open_condition(&self) -> Option<&ConditionRun> {
        self.more.as_ref()?.conditions.last().filter(|condition| condition.is_open())
    }
}

/// A condition that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionRun {
    /// Which of the stage's.
    pub phase: Phase,
    /// Where it stands.
    pub status: ConditionExecutionStatus,
    /// Why, in a sentence.
    pub summary: Option<String>,
    /// When its status changed last.
    pub changed: Timestamp,
    /// The runs of its rules, in order of declaration.
    pub rules: Vec<u64>,
}

impl ConditionRun {
    /// Whether its rules are still looked at.
    pub fn is_open(&self) -> bool {
        self.status == ConditionExecutionStatus::InProgress
    }
}

/// One run of one rule: what the API calls a rule execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleRun {
    /// Its id.
    pub id: RuleRunId,
    /// The execution it belongs to.
    pub execution: u64,
    /// The place of its stage in the declaration.
    pub stage: usize,
    /// Whose condition it belongs to.
    pub phase: Phase,
    /// The rule's place in the condition.
    pub rule: usize,
    /// Where it stands.
    pub status: RuleExecutionStatus,
    /// When it began.
    pub started: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// How it came out, in a sentence.
    pub summary: Option<String>,
    /// Where its work was done.
    pub external_id: Option<String>,
    /// Where that can be looked at.
    pub external_url: Option<String>,
    /// Why it could not be evaluated, or why its work failed.
    pub error: Option<Failed>,
    /// Whether it could not be evaluated at all.
    pub is_broken: bool,
    /// The configuration with its variables replaced, where that differs from the declared one.
    pub resolved: Option<Named<String>>,
    /// What a behaviour says that it comes to.
    pub planned: Option<Box<Outcome>>,
    /// Why it does not come out by itself.
    pub stands: Option<Stands>,
    /// When it must have come out.
    pub limit: Timestamp,
    /// When it is looked at next; `None` when it is over.
    pub due: Option<Timestamp>,
}

impl RuleRun {
    /// Whether it has not come out yet.
    pub fn is_open(&self) -> bool {
        self.status == RuleExecutionStatus::InProgress
    }
}
