//! Variable groups: variables that pipelines of several projects may name.

use super::Share;
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A variable group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariableGroup {
    /// The id, of the organization's counter.
    pub id: u32,
    /// `Vsts`, or `AzureKeyVault`: its variables are names of secrets that stay in a vault.
    pub kind: String,
    /// The variables by name.
    pub variables: BTreeMap<String, GroupVariable>,
    /// What the provider of its variables needs, as given.
    pub provider: Option<Value>,
    /// The projects it stands in, each with its name there; at least one.
    pub shares: Vec<Share>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// A variable of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupVariable {
    /// The value.
    pub value: String,
    /// Whether it is never shown.
    pub is_secret: bool,
    /// Whether a run may not set it.
    pub is_read_only: bool,
}

impl VariableGroup {
    /// Its place in a project.
    pub fn share(&self, project: Uuid) -> Option<&Share> {
        self.shares.iter().find(|s| s.project == project)
    }
}
