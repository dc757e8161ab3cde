//! How far the steps of a job have come. What they are stands in the build's pipeline, and what their logs say beyond
//! what was said in the run is made of that when somebody reads it.

use crate::{
    domain::{commands::Detail, run::handed::Done},
    store::{Build, JobRun, Life, Lines, Wait},
};
use parhelion_azure_pipelines::pipeline::Step;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    /// What it is.
    pub what: What,
    /// The log's id within the build, from 1.
    pub log: u32,
    /// How far it is.
    pub life: Life,
    /// What it waits for before it ends.
    pub wait: Option<Wait>,
    /// What this attempt at it left besides; most leave nothing.
    #[serde(default)]
    pub trail: Option<Box<Trail>>,
}

/// What a step is: one of the YAML's, by its place among all steps of its job from 0, or one of the service's own, which
/// always run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// `Initialize job`
    Initialize,
    /// The checkout of a job that names none.
    Checkout,
    /// A step of the YAML.
    Step(u32),
    /// A step of a hook that is taken for each increment of a canary deployment: the step, and which of the increments
    /// from 0.
    Increment(u32, u32),
    /// What comes after a checkout; `None`: after the one that the YAML does not name.
    PostCheckout(Option<u32>),
    /// `Finalize Job`
    Finalize,
}

impl What {
    /// The place of the step of the YAML that it is, from 0.
    pub fn place(self) -> Option<u32> {
        match self {
            What::Step(n) | What::Increment(n, _) => Some(n),
            _ => None,
        }
    }
}

/// What an attempt at a step left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// How a behaviour says that it comes out, while it runs.
    #[serde(default)]
    pub play: Option<Play>,
    /// What it complained of: the first of each kind.
    #[serde(default)]
    pub issues: Vec<Complaint>,
    /// How many errors there were.
    #[serde(default)]
    pub errors: u32,
    /// How many warnings there were.
    #[serde(default)]
    pub warnings: u32,
    /// Why it was left out.
    #[serde(default)]
    pub why: Option<String>,
    /// Lines that its outcome adds to its log.
    #[serde(default)]
    pub said: Lines,
    /// The variables that it set, in order.
    #[serde(default)]
    pub set: Vec<Set>,
    /// Texts that it declared secret.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Folders that it put in front of the path of later steps.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Records of its own parts.
    #[serde(default)]
    pub details: Vec<Detail>,
    /// How far it says to be, in percent.
    #[serde(default)]
    pub progress: Option<u8>,
    /// What it says to be at.
    #[serde(default)]
    pub operation: Option<String>,
    /// How often it was tried again.
    #[serde(default)]
    pub tries: u32,
    /// Whether it is being executed.
    #[serde(default)]
    pub at_work: bool,
    /// What its execution came to, until the run goes on.
    #[serde(default)]
    pub done: Option<Box<Done>>,
}

/// A variable that a step set for those that come after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    /// Its name; of an output with the step's in front.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it is a secret.
    pub is_secret: bool,
    /// Whether nobody may set it again.
    pub is_read_only: bool,
}

/// An error or a warning of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// Whether it is an error; else a warning.
    pub error: bool,
    /// The text.
    pub message: String,
    /// What else is told of it: `sourcepath`, `linenumber`, `columnnumber`, `code` …
    #[serde(default)]
    pub data: BTreeMap<String, String>,
}

impl Complaint {
    /// An error of these words.
    pub fn error(message: impl Into<String>) -> Complaint {
        Complaint { error: true, message: message.into(), data: BTreeMap::new() }
    }
}

/// Complaints of a kind that a step's record shows; more are counted only.
// OBSERVED: the agent's own bound.
const MAX_COMPLAINTS: u32 = 10;

impl Trail {
    /// Adds a complaint; of many of a kind only the first are kept.
    pub fn complain(&mut self, complaint: Complaint) {
        let count = if complaint.error { &mut self.errors } else { &mut self.warnings };
        *count = count.saturating_add(1);
        if *count <= MAX_COMPLAINTS {
            self.issues.push(complaint);
        }
    }
}

/// How an attempt at a step or job comes out, as a behaviour says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// What comes of it.
    pub end: Ending,
    /// How long it takes, milliseconds; `None`: as its pace says.
    pub delay: Option<i64>,
    /// Output variables that it sets.
    pub outputs: BTreeMap<String, String>,
    /// Variables that it sets for the steps after it.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Lines of its log.
    pub log: Vec<String>,
    /// What it complains of.
    pub issues: Vec<Complaint>,
    /// Whether it is about the whole job.
    pub of_job: bool,
}

/// What comes of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It goes well.
    #[default]
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
    /// Its own time limit ends it.
    TimeOut,
}

impl StepRun {
    /// A step that has not begun.
    pub fn new(what: What, log: u32) -> StepRun {
        StepRun { what, log, life: Life::default(), wait: None, trail: None }
    }
    /// Sets it back for another attempt.
    pub fn reset(&mut self) {
        *self = StepRun::new(self.what, self.log);
    }
    /// Whether its log can be read: it is over, and it was not left out.
    pub fn has_log(&self) -> bool {
        self.life.started.is_some() && self.life.finished.is_some()
    }
    /// What it left, to be added to.
    pub fn trail_mut(&mut self) -> &mut Trail {
        self.trail.get_or_insert_default()
    }
    /// Why it was left out.
    pub fn why(&self) -> Option<&str> {
        self.trail.as_ref()?.why.as_deref()
    }
    /// The variables that it set.
    pub fn set(&self) -> &[Set] {
        self.trail.as_ref().map_or(&[], |trail| &trail.set)
    }
    /// What its own texts hold, bytes.
    pub fn weight(&self) -> usize {
        let Some(trail) = &self.trail else { return 0 };
        let issues = trail.issues.iter().map(|i| i.message.len()).sum::<usize>();
        let set = trail.set.iter().map(|set| set.name.len() + set.value.len()).sum::<usize>();
        trail.said.bytes() + issues + set
    }
}

impl JobRun {
    /// The timeline record of one of its steps in this attempt.
    pub fn step_record(&self, t: usize) -> Uuid {
        derived(self.record, t as u64 + 1)
    }
}

impl Build {
    /// A step of a job.
    pub fn step(&self, s: usize, j: usize, t: usize) -> Option<&StepRun> {
        self.job(s, j)?.steps.get(t)
    }
    /// A step of a job, to be changed.
    pub fn step_mut(&mut self, s: usize, j: usize, t: usize) -> Option<&mut StepRun> {
        self.job_mut(s, j)?.steps.get_mut(t)
    }
    /// A step as the YAML has it, with the hook of a deployment that it belongs to; `None` for the service's own.
    pub fn step_plan(&self, s: usize, j: usize, what: What) -> Option<(Option<&str>, &Step)> {
        self.job_plan(s, j)?.step_at(what.place()? as usize)
    }
}

/// An id that follows from another one: as good as drawn, for what nobody asks for most of the time.
// CHOICE: SHA-1 as in a name-based UUID, with the bits of a random one.
pub fn derived(of: Uuid, n: u64) -> Uuid {
    use sha1::{Digest, Sha1};
    let mut hash = Sha1::new();
    hash.update(of.as_bytes());
    hash.update(n.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
