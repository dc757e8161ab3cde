//! Build definitions, which are also the pipelines.

use crate::store::ResourceReference;
use parhelion_azure_pipelines::WebhookResource;
use parhelion_core::Timestamp;
use parhelion_git::ObjectId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A build definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The id, of the organization's counter.
    pub id: u32,
    /// The project.
    pub project: Uuid,
    /// The name, unique in its folder.
    pub name: String,
    /// The folder: `\` or `\a\b`.
    pub path: String,
    /// From 1; raised by each change.
    pub revision: u32,
    /// When this revision was made.
    pub created: Timestamp,
    /// Whether runs start.
    pub queue_status: QueueStatus,
    /// Where its steps come from.
    pub process: Process,
    /// What it builds.
    pub repository: SourceRepository,
    /// The agent queue.
    pub queue: u32,
    /// Variables of the definition.
    pub variables: BTreeMap<String, Variable>,
    /// Members that are kept and returned as they were given (triggers, options, description …).
    pub settings: Map<String, Value>,
    /// Its tags: those of all its revisions.
    pub tags: BTreeSet<String>,
    /// Resources that it may use.
    pub authorized: Vec<ResourceReference>,
    /// The webhooks that its YAML names on its default branch.
    pub registered: Registered,
    /// Whether it was run or saved again since it was made.
    pub activated: bool,
    /// The newest run's number without its `Rev`, and that `Rev`.
    pub numbering: Option<(String, u32)>,
    /// The newest run.
    #[serde(default)]
    pub last_build: Option<u32>,
    /// The last value of each counter of its YAML, by prefix.
    #[serde(default)]
    pub counters: BTreeMap<String, i64>,
}

/// Whether a definition's runs start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QueueStatus {
    /// They do.
    #[default]
    Enabled,
    /// Nothing starts.
    // CHOICE: on the service, what is queued by hand then waits; here it is refused.
    Paused,
    /// Nothing starts.
    Disabled,
}

/// Where a definition's steps come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Process {
    /// A file of the repository: its path from the root, beginning with `/`.
    Yaml(String),
    /// The classic designer: kept as given, cannot run.
    Designer(Map<String, Value>),
}

/// The repository that a definition builds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceRepository {
    /// For `TfsGit` the repository's id.
    pub id: String,
    /// `TfsGit` for a repository of this organization.
    pub kind: String,
    /// The name as given or found.
    pub name: String,
    /// The URL as given; empty: made of the repository's.
    pub url: String,
    /// A full ref; `None`: the repository's own.
    pub default_branch: Option<String>,
}

impl SourceRepository {
    /// Whether it is a repository of this organization.
    pub fn is_ours(&self) -> bool {
        self.kind.eq_ignore_ascii_case("TfsGit")
    }
}

/// A variable of a definition or a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The value.
    pub value: String,
    /// Whether it is never shown.
    pub is_secret: bool,
    /// Whether a run may set it.
    pub allow_override: bool,
}

/// What was found when the YAML on the default branch was last read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The commit that was read; `None`: the branch does not exist, or there is nothing to read.
    pub commit: Option<ObjectId>,
    /// The webhook resources, in order.
    pub webhooks: Vec<WebhookResource>,
    /// Why there are none, where something is wrong.
    pub problem: Option<String>,
    /// Other repositories that the YAML names: what they hold may have been read, too.
    #[serde(default)]
    pub others: Vec<OtherSource>,
}

/// A commit of a repository that a pipeline's YAML names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherSource {
    /// What the YAML calls it.
    pub alias: String,
    /// The repository.
    pub repository: Uuid,
    /// The full ref.
    pub branch: String,
    /// What it pointed to; `None`: it does not exist.
    pub commit: Option<ObjectId>,
    /// Whether that commit was asked for, wherever the branch stands.
    pub pinned: bool,
}
