//! What a site keeps: hooks, deployments, their logs, its repository.

use parhelion_core::Timestamp;
use parhelion_git::ObjectId;
use parhelion_state::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A subscription. Its key is its id: the .NET ticks of its creation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    /// The event it is for, as sent; without one it never fires.
    pub event: Option<String>,
    /// The address, as sent but for white space around it.
    pub url: String,
    /// Whether the receiver's certificate is left unchecked.
    pub insecure_ssl: bool,
    /// The last delivery.
    pub last: Last,
}

/// What a hook shows of its last delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// The name of the answer's status, or `Failure`; `None` before the first outcome.
    pub status: Option<String>,
    /// The answer's reason phrase, or what went wrong.
    pub reason: Option<String>,
    /// When it was sent.
    pub at: Option<Timestamp>,
    /// The body that was sent.
    pub context: Option<Arc<str>>,
}

/// How far a deployment is. Numbers on the wire; there is also 2, Deploying, which is never set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeployStatus {
    /// Nothing done yet.
    Pending = 0,
    /// Being built.
    Building = 1,
    /// It failed.
    Failed = 3,
    /// It succeeded.
    Success = 4,
}

impl DeployStatus {
    /// Whether it is at its end.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Success)
    }
}

/// A deployment's record (its `status.xml`). Its key is its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Which of two of the same time came later.
    pub order: u64,
    /// How far it is.
    pub status: DeployStatus,
    /// What it is doing, in words.
    pub status_text: String,
    /// `N/A` when nobody is named.
    pub author_email: String,
    /// `N/A` when nobody is named.
    pub author: String,
    /// What or who deployed.
    pub deployer: Option<String>,
    /// What it is about.
    pub message: String,
    /// What its build is doing.
    pub progress: String,
    /// When it came in.
    pub received: Timestamp,
    /// When its build began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// When it last ended well.
    pub last_success_end: Option<Timestamp>,
    /// Whether it is at its end.
    pub complete: bool,
    /// Whether it stands for changes still being received.
    pub is_temp: bool,
    /// Whether it cannot be deployed again.
    pub is_readonly: bool,
    /// How it was built (`BASIC`, `CUSTOM DEPLOYMENT`); empty as long as that is open.
    pub project_type: String,
}

/// Message, warning or error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LogKind {
    /// Plain.
    Message = 0,
    /// Worth a look.
    Warning = 1,
    /// Something failed.
    Error = 2,
}

/// A line of a deployment's log, with the lines below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// A GUID; details are asked for by it.
    pub id: String,
    /// What.
    pub message: String,
    /// At least the greatest of its details'.
    pub kind: LogKind,
    /// The lines below.
    pub details: Vec<LogDetail>,
}

/// A line below a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogDetail {
    /// When.
    pub at: Timestamp,
    /// What.
    pub message: String,
    /// Message, warning or error.
    pub kind: LogKind,
}

/// The paths that a deployment put into the site, below its target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest(pub BTreeSet<String>);

/// The repository of a site that git was pushed to, or that fetches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// Where its branches and tags point.
    pub refs: Table<String, ObjectId>,
    /// Commits that were made of payloads alone, by their ids: no object of git's stands behind them.
    pub simulated: Table<String, Commit>,
    /// The commit that the deployment branch was last fetched at, where that was simulated.
    pub fetched: Option<String>,
}

/// A commit as deployments show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Who wrote it; may be empty.
    pub author: String,
    /// Their address; may be empty.
    pub email: String,
    /// Its message, trimmed.
    pub message: String,
}

/// A deployment as it is shown: with what its record alone does not tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its record.
    pub deployment: Deployment,
    /// Whether the site shows its content.
    pub active: bool,
}
