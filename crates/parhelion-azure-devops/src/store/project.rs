//! Projects, their queues, and the operations that make and delete them.

use crate::error::{Error, Result};
use crate::store::Wait;
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A team project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// `private` or `public`.
    pub visibility: String,
    /// The id of the process template that was asked for.
    pub process: Uuid,
    /// Raised by each change.
    pub revision: u64,
    /// When it was last changed.
    pub updated: Timestamp,
    /// The id of the team `{name} Team`.
    pub team: Uuid,
    /// The agent queues, `Default` and `Azure Pipelines` among them.
    pub queues: Vec<Queue>,
    /// Whether it can be used.
    pub state: ProjectState,
    /// Its properties.
    pub properties: BTreeMap<String, Value>,
    /// Folders of definitions that were made as such, by their path in lower case.
    pub folders: BTreeMap<String, Folder>,
    /// The general settings of its pipelines that were set, by name.
    pub pipeline_settings: BTreeMap<String, bool>,
    /// Resources that all its pipelines may use.
    pub authorized: Vec<ResourceReference>,
}

/// Whether a project can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProjectState {
    /// It can.
    #[default]
    WellFormed,
    /// It is being made.
    CreatePending,
    /// It is being deleted.
    Deleting,
}

/// A folder of definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// `\a\b`.
    pub path: String,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

/// A resource that pipelines may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceReference {
    /// `endpoint`, `queue`, `variablegroup` …
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
    /// Whether they may.
    pub authorized: bool,
}

/// An agent queue of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// The id, of the organization's counter.
    pub id: u32,
    /// Its own name: the pool's unless another was given.
    pub name: String,
    /// The pool.
    pub pool: u32,
    /// Whether the pool is the service's.
    pub hosted: bool,
}

impl Project {
    /// The queue that a definition uses when it names none: the hosted one.
    pub fn hosted_queue(&self) -> u32 {
        self.queues.iter().find(|q| q.hosted).map_or(0, |q| q.id)
    }
    /// A queue by its id.
    pub fn queue(&self, id: u32) -> Option<&Queue> {
        self.queues.iter().find(|q| q.id == id)
    }
}

/// What was started by creating, changing or deleting a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationRecord {
    /// The id.
    pub id: Uuid,
    /// When it was started.
    pub started: Timestamp,
    /// What it does.
    pub kind: OperationKind,
    /// The project that it is about.
    pub project: Uuid,
    /// What it waits for before it is done; `None`: it is.
    pub wait: Option<Wait>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperationKind {
    /// It makes a project.
    Create,
    /// It changes one.
    Update,
    /// It deletes one.
    Delete,
}

/// Checks a project's name.
// Docs: naming restrictions of projects. CHOICE: which text each breach gives.
pub fn valid_project_name(name: &str) -> Result<()> {
    let bad = |why| Err(Error::ProjectNameBad { name: name.chars().take(80).collect(), why });
    if name.trim().is_empty() {
        bad("The name must not be empty.")
    } else if name.chars().count() > 64 {
        bad("The name must not be longer than 64 characters.")
    } else if name.contains(|c: char| "\\/:*?\"<>|;#$*{},+=[]".contains(c) || c.is_control()) {
        bad("The name contains a character that is not allowed: \\ / : * ? \" < > | ; # $ { } , + = [ ].")
    } else if name.starts_with(['_', '.']) || name.ends_with('.') {
        bad("The name must not begin with an underscore or a period, or end with a period.")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_names_follow_the_services_rules() {
        for good in ["P", "My Project", "a_b.c", "Ünïcode", &"x".repeat(64)] {
            assert!(valid_project_name(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "_a", ".a", "a.", "a/b", "a;b", "a[b", "a\nb", &"x".repeat(65)] {
            assert!(valid_project_name(bad).is_err(), "{bad}");
        }
    }
}
