//! Builds: queue, list, get, change, delete, and what is in them.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/builds

mod artifacts;
mod changes;
mod inner;
mod latest;
mod list;
mod properties;
mod queue;
mod stages;
mod update;

pub use artifacts::{Create as CreateArtifact, List as GetArtifacts};
pub use changes::Changes;
pub use inner::{Get, GetLog, GetLogs, GetTimeline};
pub use latest::Latest;
pub use list::List;
pub use properties::{GetProperties, UpdateProperties};
pub use queue::Queue;
pub use stages::UpdateStage;
pub use update::{Delete, Update, UpdateMany};

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, build::Shown},
    store::{AzureDevOpsStore, Build, Definition, Project},
    wire::request::ApiRequest,
};
use std::sync::Arc;

/// Which build a call is about.
#[derive(Clone, Debug)]
pub struct Key {
    project: Option<String>,
    build: String,
}

impl Input for Key {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Key { project: request.project.clone(), build: request.value("buildId").to_owned() })
    }
}

/// A build with what it refers to.
pub struct Found {
    /// The project.
    pub project: Arc<Project>,
    /// The definition as it is now.
    pub definition: Arc<Definition>,
    /// The build.
    pub build: Arc<Build>,
}

impl Key {
    /// Finds it. Build ids are the organization's: where the route may do without the project, so may this.
    pub fn find(&self, store: &AzureDevOpsStore) -> Result<Found> {
        let unknown = || Error::BuildUnknown { id: self.build.chars().take(80).collect() };
        let project = match &self.project {
            Some(project) => store.project(project)?,
            None => {
                let found = self.build.parse().ok().and_then(|id: u32| store.builds.get(&id));
                store.project(&found.ok_or_else(unknown)?.project.to_string())?
            }
        };
        let build = store.build(&project, &self.build)?.clone();
        let definition = store.definitions.get(&build.definition).cloned().ok_or_else(unknown)?;
        Ok(Found { project, definition, build })
    }
}

impl Found {
    /// How it is shown.
    pub fn shown<'a>(&'a self, store: &'a AzureDevOpsStore, links: &'a Links) -> Shown<'a> {
        Shown { store, project: &self.project, definition: &self.definition, build: &self.build, links }
    }
}
