//! How far the stages and jobs of a build have come. What they are stands in the build's pipeline.

use crate::store::{Build, Checkpoint, DeploysTo, Play, ResourceId, StepRun};
use parhelion_azure_pipelines::pipeline::{Job, Stage};
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What something waits for before it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None`: until somebody steps it.
    pub until: Option<Timestamp>,
}

/// How far a stage, job or step has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended; there exactly when it has a result.
    pub finished: Option<Timestamp>,
    /// How it came out.
    pub result: Option<RecordResult>,
}

/// How a stage, job or step came out, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordResult {
    /// It was left out.
    Skipped,
    /// It went well.
    Succeeded,
    /// It went well, with issues.
    SucceededWithIssues,
    /// It was given up, since its condition could not be told.
    Abandoned,
    /// It failed.
    Failed,
    /// It was ended before its time.
    Canceled,
}

impl RecordResult {
    /// Whether what depends on it may go on.
    pub fn is_good(self) -> bool {
        matches!(self, RecordResult::Succeeded | RecordResult::SucceededWithIssues)
    }
}

/// The timeline records of the earlier attempts at something, oldest first.
pub type Attempts = Vec<Uuid>;

/// A stage of a build: the one of the pipeline at the same place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    /// The timeline record.
    pub record: Uuid,
    /// `__default` where the YAML names none.
    pub name: String,
    /// As shown.
    pub display: String,
    /// The stages that it waits for.
    pub depends_on: Vec<String>,
    /// Whether the caller asked to leave it out; it then has no jobs.
    pub skipped: bool,
    /// Its condition as written; `None` means `succeeded()`.
    #[serde(default)]
    pub condition: Option<String>,
    /// Why it was left out or given up.
    #[serde(default)]
    pub why: Option<String>,
    /// The resources that its YAML names and checks may guard; its queue and repository come on top of them.
    #[serde(default)]
    pub needs: Vec<ResourceId>,
    /// Whether it waits for exclusive locks in turn; else only the newest run gets one.
    #[serde(default)]
    pub sequential: bool,
    /// The checks that stand before it; `None`: there are none, or it has not come to them.
    #[serde(default)]
    pub checkpoint: Option<Box<Checkpoint>>,
    /// How far it is.
    pub life: Life,
    /// The records of earlier attempts.
    pub earlier: Attempts,
    /// Its jobs.
    pub jobs: Vec<JobRun>,
}

impl StageRun {
    /// Whether it waits for checks.
    pub fn is_held(&self) -> bool {
        self.life.finished.is_none() && self.checkpoint.as_ref().is_some_and(|c| c.is_open())
    }
}

/// A job of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRun {
    /// Its place among the jobs of the pipeline's stage.
    pub of: usize,
    /// Which one of those that its strategy makes.
    pub leg: Leg,
    /// The phase's timeline record: the same for all that its strategy makes.
    pub phase: Uuid,
    /// The job's timeline record.
    pub record: Uuid,
    /// The YAML's `job`: the same for all entries of a matrix.
    pub base: String,
    /// `Job` where the YAML names none; with the entry of the matrix.
    pub name: String,
    /// As shown.
    pub display: String,
    /// What was worked out when it began, by name in lower case: its variables with `$[ … ]`.
    #[serde(default)]
    pub worked_out: BTreeMap<String, String>,
    /// How a behaviour says that it comes out, until its first step takes that over.
    #[serde(default)]
    pub play: Option<Box<Play>>,
    /// The output variables of its steps: `step.name`.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    /// Why it was left out or given up.
    #[serde(default)]
    pub why: Option<String>,
    /// Of a deployment job: what it deploys to.
    #[serde(default)]
    pub deploys_to: Option<Box<DeploysTo>>,
    /// How far it is.
    pub life: Life,
    /// What it waits for before it begins.
    pub wait: Option<Wait>,
    /// The records of earlier attempts.
    pub earlier: Attempts,
    /// Its steps, the service's own at both ends among them.
    pub steps: Vec<StepRun>,
}

/// Which one a job is of those that a strategy makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leg {
    /// The only one.
    #[default]
    Only,
    /// The entry of the matrix at this place.
    Entry(usize),
    /// A slice: which, from 1, of how many.
    Slice(usize, usize),
    /// Of a matrix that was worked out in the run: the name and variables of the entry.
    WorkedOut(String, Vec<(String, String)>),
}

impl Build {
    /// A stage as the YAML has it.
    pub fn stage_plan(&self, s: usize) -> Option<&Stage> {
        self.pipeline.stages.get(s)
    }
    /// A job as the YAML has it.
    pub fn job_plan(&self, s: usize, j: usize) -> Option<&Job> {
        let of = self.stages.get(s)?.jobs.get(j)?.of;
        self.pipeline.stages.get(s)?.jobs.get(of)
    }
    /// A job.
    pub fn job(&self, s: usize, j: usize) -> Option<&JobRun> {
        self.stages.get(s)?.jobs.get(j)
    }
    /// A job, to be changed.
    pub fn job_mut(&mut self, s: usize, j: usize) -> Option<&mut JobRun> {
        self.stages.get_mut(s)?.jobs.get_mut(j)
    }
}
