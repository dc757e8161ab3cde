//! What the engine keeps: lines, gates, executions, runs of actions.

mod more;
mod numbers;
mod stages;

pub use more::{Planned, RunMore, Stands};
pub use numbers::Numbers;
pub use stages::{ConditionRun, Phase, RuleRun, StageRun};

use crate::domain::{catalogue, structure};
use crate::named::Named;
use crate::shapes::{
    ActionDeclaration, ActionExecutionStatus, ExecutionMode, PipelineDeclaration, PipelineExecutionStatus,
    StageDeclaration, TriggerType,
};
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::BTreeMap, fmt, num::NonZeroU64, str::FromStr, sync::Arc};
use uuid::Uuid;

macro_rules! uuid_kind {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map($name)
            }
        }
    };
}
uuid_kind!(
    /// `pipelineExecutionId`.
    ExecutionId
);
uuid_kind!(
    /// `actionExecutionId`.
    RunId
);
uuid_kind!(
    /// `ruleExecutionId`.
    RuleRunId
);
uuid_kind!(
    /// A job's id.
    JobId
);

/// A pipeline from its creation to its deletion; a later pipeline of the same name is another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineId(pub u64);

/// An execution, or the run of an action or of a rule, within its line: each kind is numbered from 1 in order of start.
pub type Key = (LineId, u64);

/// A pipeline in operation: its gates, and what is on the way through them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The pipeline's name.
    pub name: String,
    /// The version that new executions get.
    pub version: i32,
    /// When the pipeline was created.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// How many executions were started.
    pub executions: u64,
    /// How many runs of actions were started.
    pub runs: u64,
    /// How many runs of rules were started.
    pub rules: u64,
    /// The executions that are not over.
    pub live: Numbers,
    /// One gate for each stage, by name: it outlives updates.
    pub gates: Named<Gate>,
    /// What each source action found last.
    pub revisions: Named<Arc<Revision>>,
    /// What source actions find next, where somebody said it.
    pub next_revisions: Named<Revision>,
}

/// The entry of a stage: who is within, who waits in front of it, and whether anybody may pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// The executions in the stage. In SUPERSEDED and QUEUED mode it is one, which keeps the stage locked.
    pub holders: Numbers,
    /// The executions that wait to enter, the next one first. In SUPERSEDED mode it is one.
    pub waiting: Numbers,
    /// The execution that entered last.
    pub latest: Option<NonZeroU64>,
    /// The execution of type STANDARD that succeeded here last: what an automatic rollback goes back to.
    pub succeeded: Option<NonZeroU64>,
    /// The newest run of each action, by name.
    pub actions: Named<u64>,
    /// Who opened or closed the way into the stage last; `None` where nobody ever did: it is open.
    pub transition: Option<Box<Transition>>,
}

impl Gate {
    /// Whether the transition into the stage is enabled.
    pub fn is_enabled(&self) -> bool {
        self.transition.as_ref().is_none_or(|transition| transition.disabled.is_none())
    }
    /// Whether an execution of a pipeline in that mode may enter now.
    pub fn admits(&self, mode: ExecutionMode) -> bool {
        // Docs: in PARALLEL mode nobody waits for another; a disabled transition holds all the same.
        self.is_enabled() && (mode == ExecutionMode::Parallel || self.holders.is_empty())
    }
}

/// The way into a stage, as somebody left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Why it is disabled; `None`: it is enabled.
    pub disabled: Option<String>,
    /// Who changed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// One version of a pipeline, as it was declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The declaration with its defaults filled in and its secrets in clear.
    pub declaration: PipelineDeclaration,
    /// When the version came to be.
    pub created: Timestamp,
    /// Whether an action of a built-in type has a secret. What is secret in other types may change at any time.
    #[serde(default = "perhaps")]
    pub holds_secrets: bool,
}

/// What is not known is looked for.
fn perhaps() -> bool {
    true
}

impl Plan {
    /// A version that came to be at that time.
    pub fn new(declaration: PipelineDeclaration, created: Timestamp) -> Self {
        let holds_secrets =
            structure::holds_secrets(&declaration, &|id| catalogue::action_kind(id).map(Cow::Borrowed));
        Plan { declaration, created, holds_secrets }
    }
    /// A stage by its place.
    pub fn stage(&self, stage: usize) -> Option<&StageDeclaration> {
        self.declaration.stages.get(stage)
    }
    /// An action by its place.
    pub fn action(&self, stage: usize, action: usize) -> Option<&ActionDeclaration> {
        self.stage(stage)?.actions.get(action)
    }
    /// How its executions treat each other.
    pub fn mode(&self) -> ExecutionMode {
        // Docs: SUPERSEDED where nothing was said.
        self.declaration.execution_mode.unwrap_or(ExecutionMode::Superseded)
    }
    /// A stage's place by its name.
    pub fn place_of(&self, stage: &str) -> Option<usize> {
        self.declaration.stages.iter().position(|declared| declared.name == stage)
    }
    /// The source actions: those of the first stage.
    pub fn sources(&self) -> impl Iterator<Item = &ActionDeclaration> {
        self.stage(0).into_iter().flat_map(|stage| &stage.actions)
    }
}

/// The order in which an action runs within its stage. Docs: 1 where the declaration says nothing.
pub fn run_order(action: &ActionDeclaration) -> i32 {
    action.run_order.unwrap_or(1)
}

/// One way of a revision through the stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// The version of the pipeline that it runs.
    pub version: i32,
    /// Where it stands.
    pub status: PipelineExecutionStatus,
    /// Why it ended, where the status does not say it.
    pub summary: Option<String>,
    /// When it was started.
    pub started: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// What kind of thing started it.
    pub trigger: TriggerType,
    /// What started it.
    pub trigger_detail: String,
    /// The pipeline's variables with their values, in order of declaration.
    pub variables: Vec<(String, String)>,
    /// What the start asked for, by source action.
    pub wanted: BTreeMap<String, Wanted>,
    /// The revisions that the source actions found, in the order in which they did.
    pub revisions: Vec<(String, Arc<Revision>)>,
    /// The stages that it entered, in order.
    pub stages: Vec<StageRun>,
    /// Where it is.
    pub position: Position,
    /// Since when it takes no further step, because the pipeline was updated.
    pub outdated: Option<Timestamp>,
    /// The run of an action (of another pipeline, mostly) that waits for it.
    pub awaited_by: Option<Key>,
    /// Who wants it to stop. It stays when the execution has stopped, and goes with a retry.
    pub stop: Option<Box<Stop>>,
    /// What it goes back to, if it is of type ROLLBACK.
    pub rollback: Option<Box<Target>>,
}

/// Where an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// In front of a stage.
    Before(usize),
    /// In a stage, which it locks.
    In(usize),
    /// At its end, whichever.
    Over,
}

/// A request to stop an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What was said about it.
    pub reason: Option<String>,
    /// Whether running actions are abandoned; else they are let finish.
    pub abandon: bool,
}

/// What a rollback goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The execution's number.
    pub number: u64,
    /// Its id.
    pub id: ExecutionId,
}

impl Execution {
    /// Whether nothing further will happen to it.
    pub fn is_over(&self) -> bool {
        self.position == Position::Over
    }
    /// What it left of a stage, if it entered that.
    pub fn in_stage(&self, stage: usize) -> Option<&StageRun> {
        self.stages.iter().find(|entered| entered.stage == stage)
    }
    /// The same, to be changed.
    pub fn in_stage_mut(&mut self, stage: usize) -> Option<&mut StageRun> {
        self.stages.iter_mut().find(|entered| entered.stage == stage)
    }
    /// The newest run of each action of a stage that has one: (place of the action, number of the run).
    pub fn newest_runs(&self, stage: usize) -> BTreeMap<usize, u64> {
        self.in_stage(stage).map(StageRun::newest_runs).unwrap_or_default()
    }
    /// Which attempt it is: the first, and one more for each retry of a stage.
    pub fn attempt(&self) -> u32 {
        self.stages.iter().map(StageRun::retries).fold(1, u32::saturating_add)
    }
}

/// A source's state at one instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// The commit, object version or digest.
    pub id: String,
    /// What tells changes apart, where it is not the id.
    pub change: Option<String>,
    /// A line about it.
    pub summary: Option<String>,
    /// Where it can be looked at.
    pub url: Option<String>,
    /// When it came to be.
    pub created: Option<Timestamp>,
}

/// What the start of an execution asks of a source action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// The revision to find.
    pub revision: Option<Revision>,
    /// The object to take in place of the configured one.
    pub object_key: Option<String>,
    /// The branch that the revision is of, where it may be another than the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// One run of one action: what the API calls an action execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The execution it belongs to.
    pub execution: u64,
    /// The place of its stage in the declaration.
    pub stage: usize,
    /// The place of its action in the stage.
    pub action: usize,
    /// Where it stands.
    pub status: ActionExecutionStatus,
    /// When it began.
    pub started: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// What the worker said of it.
    pub summary: Option<String>,
    /// The worker's own id for it.
    pub external_id: Option<String>,
    /// Where the worker's own page of it is.
    pub external_url: Option<String>,
    /// How far it is, where the worker said so.
    pub percent: Option<i32>,
    /// Why it failed.
    pub error: Option<Failed>,
    /// What its approval is answered with.
    pub token: Option<Uuid>,
    /// The job that does it, the newest where several follow each other.
    pub job: Option<JobId>,
    /// The execution of another pipeline that it waits for.
    pub awaits: Option<Key>,
    /// The keys of its output artifacts in the store, in order of declaration.
    pub outputs: Vec<String>,
    /// What it tells to later actions.
    pub variables: Named<String>,
    /// When something is due for it: its end, if nothing comes before.
    pub due: Option<Timestamp>,
    /// What only some runs have.
    pub more: Option<Box<RunMore>>,
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// `errorDetails.code`.
    pub code: String,
    /// `errorDetails.message`.
    pub message: String,
}

impl Failed {
    /// A failure.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Failed { code: code.into(), message: message.into() }
    }
}

/// How an action came out, and what is known of it then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Why it failed; `None`: it succeeded.
    pub failed: Option<Failed>,
    /// See [`Run::summary`].
    pub summary: Option<String>,
    /// See [`Run::external_id`].
    pub external_id: Option<String>,
    /// See [`Run::external_url`].
    pub external_url: Option<String>,
    /// See [`Run::percent`].
    pub percent: Option<i32>,
    /// See [`Run::variables`].
    pub variables: Named<String>,
    /// What a source action found.
    pub revision: Option<Revision>,
    /// See [`RunMore::targets`].
    pub targets: Vec<Map<String, Value>>,
}

impl Outcome {
    /// A failure of which nothing else is known.
    pub fn failure(code: impl Into<String>, message: impl Into<String>) -> Self {
        Outcome { failed: Some(Failed::new(code, message)), ..Outcome::default() }
    }
}

/// What falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Due {
    /// Simulated work is done, or the awaited execution is over.
    Done(Key),
    /// The time limit of a run is reached.
    Expires(Key),
    /// A job that was handed out was not acknowledged in time.
    Lapses(JobId),
    /// A job is to be seen by polls.
    Queues(JobId),
    /// A rule is looked at.
    Rule(Key),
}
