//! Builds, which are also the runs of pipelines.

use crate::{
    domain::variables::Variables,
    store::{Delivered, Identity, OtherSource, StageRun, StepRun, Variable, Wait},
};
use parhelion_azure_pipelines::pipeline::Pipeline;
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
    /// Whether its scripts are executed.
    #[serde(default)]
    pub executes: bool,
    /// The expanded pipeline.
    pub final_yaml: Arc<str>,
    /// The template that its YAML extends.
    #[serde(default)]
    pub extends: Option<Arc<Extended>>,
    /// The same in types.
    pub pipeline: Arc<Pipeline>,
    /// The name of the repository that is checked out.
    pub repository: String,
    /// The variables that were known when it was queued, the YAML's own among them.
    pub known: Arc<Variables>,
    /// The other repositories that the YAML names, as they were read.
    pub others: Vec<OtherSource>,
    /// Those of the variable groups that the YAML names, by the group's name in lower case.
    #[serde(default)]
    pub groups: Arc<BTreeMap<String, Variables>>,
    /// How far what is run has come.
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
        let lines = self.steps().map(StepRun::weight).sum::<usize>();
        let payload = self.delivery.as_ref().map_or(0, |d| d.payload.0.len());
        let properties = self.properties.iter().map(|(name, value)| name.len() + value.to_string().len());
        let artifacts = self.artifacts.iter().map(Artifact::weight);
        let tags = self.tags.iter().map(String::len);
        let groups = self.groups.values().flat_map(Variables::all).map(|v| v.0.len() + v.1.len());
        // The YAML is there twice: as text and in types.
        2 * self.final_yaml.len()
            + lines
            + payload
            + properties.chain(artifacts).chain(tags).chain(groups).sum::<usize>()
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
    /// Its steps that have a log, with their places: those that are over and did something.
    pub fn logged(&self) -> impl Iterator<Item = ((usize, usize, usize), &StepRun)> {
        let jobs = self
            .stages
            .iter()
            .enumerate()
            .flat_map(|(s, stage)| stage.jobs.iter().enumerate().map(move |(j, job)| (s, j, job)));
        let steps =
            jobs.flat_map(|(s, j, job)| job.steps.iter().enumerate().map(move |(t, step)| ((s, j, t), step)));
        steps.filter(|(_, step)| step.has_log())
    }
    /// The place of the step whose log has this number: its stage, job and step.
    pub fn log(&self, id: &str) -> Option<(usize, usize, usize)> {
        let id: u32 = id.parse().ok()?;
        self.logged().find(|(_, step)| step.log == id).map(|(at, _)| at)
    }
}

/// A template that a pipeline extends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extended {
    /// Its path from the root of its repository, without a slash in front.
    pub path: String,
    /// The repository, as its resource names it, or by its own name.
    pub repository: String,
    /// The full ref that it was read at; may be empty.
    pub reference: String,
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

/// Replaces the secrets in the JSON form of a build: among what was known of variables, and what steps set.
pub fn mask(build: &mut Value) {
    fn hide(known: &mut Value) {
        for variable in known.as_array_mut().into_iter().flatten() {
            if variable.get(2).and_then(Value::as_bool) == Some(true)
                && let Some(value) = variable.get_mut(1)
            {
                *value = "****".into();
            }
        }
    }
    if let Some(known) = build.get_mut("known") {
        hide(known);
    }
    for (_, group) in build.get_mut("groups").and_then(Value::as_object_mut).into_iter().flatten() {
        hide(group);
    }
    let stages = build.get_mut("stages").and_then(Value::as_array_mut).into_iter().flatten();
    let jobs = stages.filter_map(|stage| stage.get_mut("jobs")?.as_array_mut()).flatten();
    let steps = jobs.filter_map(|job| job.get_mut("steps")?.as_array_mut()).flatten();
    for trail in steps.filter_map(|step| step.get_mut("trail")) {
        for set in trail.get_mut("set").and_then(Value::as_array_mut).into_iter().flatten() {
            if set.get("is_secret") == Some(&Value::Bool(true)) {
                set["value"] = "****".into();
            }
        }
        for secret in trail.get_mut("secrets").and_then(Value::as_array_mut).into_iter().flatten() {
            *secret = "****".into();
        }
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
