//! The newest build of a definition.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/latest/get

use super::Found;
use crate::{
    domain::{definitions::folder, refs},
    error::{Error, Result},
    operations::Input,
    show::Links,
    store::{AzureDevOpsStore, Definition, Project},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use std::sync::Arc;

/// A definition by id or name, and perhaps a branch.
pub struct Wanted {
    project: String,
    definition: String,
    branch: Option<String>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Wanted {
            project: request.project()?.to_owned(),
            definition: request.value("definition").to_owned(),
            branch: request.query.get("branchName").map(refs::full),
        })
    }
}

/// A definition by its id, its name, or its folder and name.
// CHOICE: of several of one name the oldest.
fn find(store: &AzureDevOpsStore, project: &Project, wanted: &str) -> Option<Arc<Definition>> {
    let by_id = store.definition(project, wanted).cloned();
    by_id.or_else(|| {
        let lower = wanted.to_lowercase();
        let whole = folder(wanted).to_lowercase();
        let named = |d: &Definition| {
            d.name.to_lowercase() == lower
                || folder(&format!("{}\\{}", d.path, d.name)).to_lowercase() == whole
        };
        store.definitions.values().find(|d| d.project == project.id && named(d)).cloned()
    })
}

/// Latest_Get.
pub struct Latest;

impl Query for Latest {
    const NAME: &'static str = "Latest_Get";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let shown: String = input.definition.chars().take(80).collect();
        let definition = find(store, &project, &input.definition);
        let definition = definition.ok_or(Error::DefinitionUnknown { id: shown.clone() })?;
        let newest = store.builds.values().rev().find(|b| {
            b.definition == definition.id && input.branch.as_ref().is_none_or(|branch| b.branch == *branch)
        });
        let build = newest.cloned().ok_or(Error::NoBuild { definition: shown })?;
        let found = Found { project, definition, build };
        Ok(Reply::One(found.shown(store, &Links::of(store, view.call)).as_build()))
    }
}
