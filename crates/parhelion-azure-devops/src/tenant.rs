//! One organization of one world, as operations that must work outside the state reach it.

use crate::{
    domain::documents::Documents,
    error::{Error, Result},
    settings::Settings,
    store::{AzureDevOpsStore, Organization},
};
use parhelion_git::{GitError, GitHost};
use parhelion_state::{Call, Tx, View, World};
use std::sync::Arc;

/// How often work between two looks at the value is done again when somebody else was faster.
pub const ATTEMPTS: usize = 5;

/// An organization, the call at hand, and what slow work needs.
#[derive(Clone)]
pub struct Tenant {
    /// The world.
    pub world: Arc<World>,
    /// The organization.
    pub key: Organization,
    /// The call.
    pub call: Call,
    /// Git objects.
    pub git: Arc<GitHost>,
    /// Pipelines' files that were parsed lately, of all worlds.
    pub documents: Arc<Documents>,
    /// The surface's settings.
    pub settings: Arc<Settings>,
}

impl Tenant {
    /// Reads one instant.
    pub fn read<T>(&self, f: impl FnOnce(&AzureDevOpsStore, &View<'_>) -> T) -> T {
        self.world.shelf::<AzureDevOpsStore>().read(&self.key, &self.call, f)
    }
    /// Writes.
    pub fn write<T>(&self, f: impl FnOnce(&mut AzureDevOpsStore, &mut Tx<'_>) -> Result<T>) -> Result<T> {
        let done = self.world.shelf::<AzureDevOpsStore>().write(&self.key, &self.call, f)?;
        Ok(done.value)
    }
}

/// A failure of git hosting that no rule of the API explains.
pub fn unavailable(error: GitError) -> Error {
    match error {
        GitError::TooLarge { limit } => Error::TooLarge { limit },
        other => Error::Unavailable { why: other.to_string() },
    }
}
