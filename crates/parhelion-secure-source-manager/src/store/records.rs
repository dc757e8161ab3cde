//! Instances, repositories, hooks, people and operations.

use super::Key;
use parhelion_core::Timestamp;
use parhelion_git::{ObjectId, Refs};
use parhelion_state::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The project as the creating call wrote it.
    pub project: String,
    /// As given.
    pub labels: BTreeMap<String, String>,
    /// As given.
    pub kms_key: String,
    /// As given.
    pub private_config: Option<PrivateConfig>,
    /// As given.
    pub workforce_federation: Option<bool>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Whether it is ready.
    pub state: InstanceState,
}

/// Whether an instance is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    /// Its operation is under way.
    Creating,
    /// It is.
    Active,
    /// It is about to go.
    Deleting,
}

/// How a private instance is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PrivateConfig {
    /// As given.
    pub is_private: bool,
    /// As given.
    pub ca_pool: String,
    /// As given.
    pub psc_allowed_projects: Vec<String>,
    /// html, api, git_ssh, git_http.
    pub custom_hosts: Option<[String; 4]>,
}

/// A repository with its refs; the objects lie in the git host's store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// The project as the creating call wrote it.
    pub project: String,
    /// As given.
    pub description: String,
    /// Id of its instance.
    pub instance: String,
    /// The instance's name as the client gave it.
    pub instance_name: String,
    /// UUID.
    pub uid: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed (pushes included).
    pub updated: Timestamp,
    /// Changes with each API write.
    pub etag: String,
    /// As given.
    pub service_account: String,
    /// As given: enabled, template.
    pub secret_scan: Option<(bool, String)>,
    /// Number within its instance, in deliveries.
    pub number: u64,
    /// Short name of the branch that HEAD names.
    pub default_branch: String,
    /// Full ref names and what they point to.
    pub refs: Table<String, ObjectId>,
    /// Bytes of objects that pushes brought.
    pub bytes: u64,
}

impl Repository {
    /// The refs as the git host takes them.
    pub fn refs(&self) -> Refs {
        let by_name = self.refs.iter().map(|(name, id)| (name.clone(), **id)).collect();
        Refs { default_branch: self.default_branch.clone(), by_name }
    }
    /// The commit of the default branch.
    pub fn tip(&self) -> Option<ObjectId> {
        self.refs.get(&format!("refs/heads/{}", self.default_branch)).map(|id| **id)
    }
}

/// What a hook may listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookEvent {
    /// `push`
    Push,
    /// `pull_request`
    PullRequest,
    /// `pull_request_comment`
    PullRequestComment,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    /// The project as the creating call wrote it.
    pub project: String,
    /// Where it sends.
    pub target_uri: String,
    /// Whether it sends nothing.
    pub disabled: bool,
    /// Never empty, each once.
    pub events: Vec<HookEvent>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// UUID.
    pub uid: String,
    /// The glob for branches; `None`: no push option was given.
    pub branch_filter: Option<String>,
    /// Appended to the target; a secret.
    pub sensitive_query_string: String,
}

/// Somebody who was seen at an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Number within the instance; 1 is the project itself.
    pub number: u64,
    /// When it was first seen.
    pub created: Timestamp,
}

/// What is left to do when an operation that is under way is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Then {
    /// That instance is ready.
    Activate(Key),
    /// That instance goes, with all that is on it.
    Remove(Key),
}

/// That an operation is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None`: until it is stepped.
    pub until: Option<Timestamp>,
}

/// A long-running operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationRecord {
    /// The project as the call wrote it.
    pub project: String,
    /// Full name of what it was about.
    pub target: String,
    /// `create`, `update`, `delete`, `merge` …
    pub verb: String,
    /// When it began.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Full name of the message that it gives.
    pub response_type: String,
    /// That message's bytes, in hexadecimal.
    pub response: String,
    /// Code and text, when it fails.
    pub error: Option<(i32, String)>,
    /// Whether it is under way.
    pub wait: Option<Wait>,
    /// What is left to do when it is done.
    pub then: Option<Then>,
    /// Whether somebody asked it to stop.
    pub cancel_requested: bool,
}
