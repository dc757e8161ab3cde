//! Builds, which are also the runs of pipelines.

use crate::store::{Delivered, Identity, Variable};
use parhelion_core::Timestamp;
use parhelion_git::ObjectId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    pub final_yaml: String,
    /// What was run.
    pub stages: Vec<StageRun>,
}

impl Build {
    /// What its texts hold, bytes.
    pub fn weight(&self) -> usize {
        let lines = self.steps().flat_map(|s| &s.lines).map(String::len).sum::<usize>();
        let payload = self.delivery.as_ref().map_or(0, |d| d.payload.0.len());
        self.final_yaml.len() + lines + payload
    }
    /// How it stands as a run, in the words of the pipelines API.
    pub fn standing(&self) -> serde_json::Value {
        let state = if self.status == BuildStatus::Completed { "completed" } else { "inProgress" };
        serde_json::json!({"id": self.id, "name": self.number, "state": state, "result": self.result})
    }
    /// All its steps in order.
    pub fn steps(&self) -> impl Iterator<Item = &StepRun> {
        self.stages.iter().flat_map(|s| &s.jobs).flat_map(|j| &j.steps)
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
    /// Nothing further happens.
    Completed,
}

/// How a build came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BuildResult {
    /// Everything went well.
    Succeeded,
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
}

/// A stage of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    /// The timeline record.
    pub record: Uuid,
    /// `__default` where the YAML names none.
    pub name: String,
    /// As shown.
    pub display: String,
    /// Whether the caller asked to leave it out; it then has no jobs.
    pub skipped: bool,
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
    /// `Job` where the YAML names none.
    pub name: String,
    /// As shown.
    pub display: String,
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
    /// The log's id within the build, from 1.
    pub log: u32,
    /// The log's lines.
    pub lines: Vec<String>,
}
