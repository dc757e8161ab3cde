//! Builds, which are also the runs of pipelines.

use crate::store::{Delivered, Identity, Lines, Variable};
use parhelion_core::Timestamp;
use parhelion_git::ObjectId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

/// A build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// The id, of the organization's counter.
    pub id: u32,
    /// `20260101.1`, or what the YAML's `name` says.
    pub number: String,
    /// The `Rev` in the number.
    pub number_revision: u32,
    /// The project.
    pub project: Uuid,
    /// The definition.
    pub definition: u32,
    /// The definition's revision that was run.
    pub definition_revision: u32,
    /// Where it stands.
    pub status: BuildStatus,
    /// How it came out; there exactly when it is completed.
    pub result: Option<BuildResult>,
    /// Why it was started.
    pub reason: Reason,
    /// When it was queued.
    pub queued: Timestamp,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The full ref that was built.
    pub branch: String,
    /// The commit that was built.
    pub commit: ObjectId,
    /// Who asked for it.
    pub requested_by: Identity,
    /// `low`, `belowNormal`, `normal`, `aboveNormal` or `high`.
    pub priority: String,
    /// The agent queue.
    pub queue: u32,
    /// The id of its plan and timeline.
    pub plan: Uuid,
    /// Template parameters as given.
    pub template_parameters: BTreeMap<String, String>,
    /// `parameters` of the queueing as given: a JSON text.
    pub parameters: Option<String>,
    /// Variables set when it was queued.
    pub variables: BTreeMap<String, Variable>,
    /// What the trigger tells.
    pub trigger_info: BTreeMap<String, String>,
    /// The webhook delivery that started it.
    pub delivery: Option<Delivered>,
    /// Whether the YAML was given with the call.
    pub overridden: bool,
    /// The expanded pipeline.
    pub final_yaml: Arc<str>,
    /// The variables that were known when it was queued, by name in lower case, the YAML's own among them; secrets as
    /// `***`.
    #[serde(default)]
    pub known: Arc<BTreeMap<String, String>>,
    /// What is run.
    pub stages: Vec<StageRun>,
    /// What the run itself waits for: its start, or the end of its cancellation.
    pub wait: Option<Wait>,
    /// When something about it last changed.
    pub changed: Timestamp,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Its properties.
    pub properties: BTreeMap<String, Value>,
    /// Its quality, where somebody gave it one.
    pub quality: Option<String>,
    /// What its agent must have, as given.
    pub demands: Vec<Value>,
    /// Whether it is kept forever.
    pub keep_forever: bool,
    /// Whether a release keeps it.
    pub retained_by_release: bool,
    /// Its artifacts.
    pub artifacts: Vec<Artifact>,
}

impl Build {
    /// What its texts hold, bytes.
    pub fn weight(&self) -> usize {
        let lines = self.steps().map(|s| s.lines.bytes() + s.said.bytes()).sum::<usize>();
        let payload = self.delivery.as_ref().map_or(0, |d| d.payload.0.len());
        let properties = self.properties.iter().map(|(name, value)| name.len() + value.to_string().len());
        let artifacts = self.artifacts.iter().map(Artifact::weight);
        let tags = self.tags.iter().map(String::len);
        self.final_yaml.len() + lines + payload + properties.chain(artifacts).chain(tags).sum::<usize>()
    }
    /// How it stands as a run, in the words of the pipelines API.
    pub fn standing(&self) -> Value {
        let (state, result) = (self.run_state(), self.run_result());
        serde_json::json!({"id": self.id, "name": self.number, "state": state, "result": result})
    }
    /// The state of the run.
    pub fn run_state(&self) -> &'static str {
        match self.status {
            BuildStatus::NotStarted | BuildStatus::InProgress => "inProgress",
            BuildStatus::Cancelling => "canceling",
            BuildStatus::Completed => "completed",
        }
    }
    /// The result of the run.
    // CHOICE: the pipelines API knows no partial success.
    pub fn run_result(&self) -> Option<BuildResult> {
        match self.result {
            Some(BuildResult::PartiallySucceeded) => Some(BuildResult::Succeeded),
            other => other,
        }
    }
    /// All its steps in order.
    pub fn steps(&self) -> impl Iterator<Item = &StepRun> {
        self.stages.iter().flat_map(|s| &s.jobs).flat_map(|j| &j.steps)
    }
    /// Its steps that have a log: those that are over and did something.
    pub fn logged(&self) -> impl Iterator<Item = &StepRun> {
        self.steps().filter(|s| s.has_log())
    }
    /// A log by its number as text.
    pub fn log(&self, id: &str) -> Option<&StepRun> {
        let id: u32 = id.parse().ok()?;
        self.logged().find(|s| s.log == id)
    }
}

/// Where a build stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BuildStatus {
    /// It waits for its first job.
    NotStarted,
    /// Jobs are at work.
    InProgress,
    /// It was told to end.
    Cancelling,
    /// Nothing further happens.
    Completed,
}

/// How a build came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BuildResult {
    /// Everything went well.
    Succeeded,
    /// It went well, with issues.
    PartiallySucceeded,
    /// Something failed.
    Failed,
    /// It was ended before its time.
    Canceled,
}

/// Why a build was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Somebody asked for it.
    Manual,
    /// A resource's trigger: a webhook.
    ResourceTrigger,
    /// A push.
    IndividualCI,
    /// A schedule.
    Schedule,
    /// A pull request.
    PullRequest,
    /// Somebody wants to know whether a shelveset builds.
    ValidateShelveset,
    /// A user-created reason.
    UserCreated,
    /// Several pushes together.
    BatchedCI,
    /// A schedule, without anything new.
    ScheduleForced,
    /// A gated check-in.
    CheckInShelveset,
    /// Another build's end.
    BuildCompletion,
}

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

/// A stage of a build.
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
    /// Variables of its own, by name in lower case.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Why it was left out or given up.
    #[serde(default)]
    pub why: Option<String>,
    /// How far it is.
    pub life: Life,
    /// The records of earlier attempts.
    pub earlier: Attempts,
    /// Its jobs.
    pub jobs: Vec<JobRun>,
}

/// A job of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRun {
    /// The phase's timeline record.
    pub phase: Uuid,
    /// The job's timeline record.
    pub record: Uuid,
    /// The YAML's `job`: the same for all entries of a matrix.
    pub base: String,
    /// `Job` where the YAML names none; with the entry of the matrix.
    pub name: String,
    /// As shown.
    pub display: String,
    /// The jobs of its stage that it waits for.
    pub depends_on: Vec<String>,
    /// Its condition as written; `None` means `succeeded()`.
    #[serde(default)]
    pub condition: Option<String>,
    /// Whether its failure is an issue only.
    #[serde(default)]
    pub continue_on_error: bool,
    /// Minutes until it is ended, from its beginning.
    #[serde(default)]
    pub timeout: u32,
    /// How many of its matrix run at once; `None`: all.
    #[serde(default)]
    pub max_parallel: Option<u32>,
    /// Variables of its own, those of its matrix entry among them, by name in lower case.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// How a behaviour says that it comes out, until its first step takes that over.
    #[serde(default)]
    pub play: Option<Box<Play>>,
    /// The output variables of its steps: `step.name`.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    /// Why it was left out or given up.
    #[serde(default)]
    pub why: Option<String>,
    /// How far it is.
    pub life: Life,
    /// What it waits for before it begins.
    pub wait: Option<Wait>,
    /// The records of earlier attempts.
    pub earlier: Attempts,
    /// Its steps, the service's own at both ends among them.
    pub steps: Vec<StepRun>,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    /// The timeline record.
    pub record: Uuid,
    /// The YAML's `name`; may be empty.
    pub name: String,
    /// As shown.
    pub display: String,
    /// The task and its version (`CmdLine`, `2`); `None` for the service's own steps.
    pub task: Option<(String, String)>,
    /// Its place among the steps of the YAML's job, from 1; `None` for the service's own steps, which always run.
    #[serde(default)]
    pub position: Option<u32>,
    /// The hook of a deployment that it belongs to.
    #[serde(default)]
    pub hook: Option<String>,
    /// Its condition as written; `None` means `succeeded()`.
    #[serde(default)]
    pub condition: Option<String>,
    /// Whether its failure is an issue only.
    #[serde(default)]
    pub continue_on_error: bool,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// How a behaviour says that it comes out, while it runs.
    #[serde(default)]
    pub play: Option<Box<Play>>,
    /// What it complained of.
    #[serde(default)]
    pub issues: Vec<Complaint>,
    /// Why it was left out.
    #[serde(default)]
    pub why: Option<String>,
    /// The artifact that it publishes.
    pub publishes: Option<String>,
    /// How far it is.
    pub life: Life,
    /// What it waits for before it ends.
    pub wait: Option<Wait>,
    /// The log's id within the build, from 1.
    pub log: u32,
    /// The log's lines, once it has ended.
    pub lines: Lines,
    /// Lines that its outcome adds to its log in this attempt.
    #[serde(default)]
    pub said: Lines,
}

/// An error or a warning of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// Whether it is an error; else a warning.
    pub error: bool,
    /// The text.
    pub message: String,
}

/// How an attempt at a step or job comes out, as a behaviour says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// What comes of it.
    pub end: Ending,
    /// How long it takes, milliseconds; `None`: as its pace says.
    pub delay: Option<i64>,
    /// Output variables that it sets.
    pub outputs: BTreeMap<String, String>,
    /// Lines of its log.
    pub log: Vec<String>,
    /// What it complains of.
    pub issues: Vec<Complaint>,
    /// Whether it is about the whole job.
    pub of_job: bool,
}

/// What comes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It goes well.
    Succeed,
    /// It goes well, with issues.
    SucceedWithIssues,
    /// It fails.
    Fail,
    /// It is ended before its time.
    Cancel,
    /// It is left out.
    Skip,
    /// It does not end by itself: its job's time limit ends it.
    Hang,
}

impl StepRun {
    /// Whether its log can be read: it is over, and it was not left out.
    pub fn has_log(&self) -> bool {
        self.life.started.is_some() && self.life.finished.is_some()
    }
    /// How many lines its log has.
    pub fn log_len(&self) -> usize {
        self.lines.len() + self.said.len()
    }
    /// The lines of its log: what its outcome adds stands before the last.
    pub fn log_lines(&self) -> impl Iterator<Item = &str> {
        let last = self.lines.len().saturating_sub(1);
        self.lines.iter().take(last).chain(self.said.iter()).chain(self.lines.iter().skip(last))
    }
}

/// An artifact of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// The id within the build, from 1.
    pub id: u32,
    /// The name, unique in the build.
    pub name: String,
    /// The timeline record of the job that made it.
    pub source: Option<String>,
    /// `PipelineArtifact`, `Container`, `FilePath` …
    pub kind: String,
    /// Where its content is, as its maker says.
    pub data: String,
    /// Further properties.
    pub properties: BTreeMap<String, String>,
}

impl Artifact {
    /// What its texts hold, bytes.
    pub fn weight(&self) -> usize {
        let properties = self.properties.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>();
        self.name.len() + self.kind.len() + self.data.len() + properties
    }
}

/// A build that was deleted: what lists still tell of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeletedBuild {
    /// The build, without its texts.
    pub build: Build,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Identity,
}
