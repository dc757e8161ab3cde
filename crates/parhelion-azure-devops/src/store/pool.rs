//! Agent pools of an organization. A project reaches one through a queue of its own.

use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};

/// The pool that stands for agents of one's own.
pub const DEFAULT_POOL: &str = "Default";
/// The service's pool.
pub const HOSTED_POOL: &str = "Azure Pipelines";

/// An agent pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// The id, of the organization's counter.
    pub id: u32,
    /// The name.
    pub name: String,
    /// Whether it is the service's.
    pub hosted: bool,
    /// `automation` or `deployment`.
    pub kind: String,
    /// Whether new projects get a queue of it.
    pub auto_provision: bool,
    /// Whether its agents are kept up to date.
    pub auto_update: bool,
    /// When it was made.
    pub created: Timestamp,
}
