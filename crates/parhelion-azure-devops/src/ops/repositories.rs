//! Git repositories: create, list, get, delete.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/repositories

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, git as show},
    store::{AzureDevOpsStore, Repository},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::Event;
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    name: Option<String>,
    project: Option<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: Option<String>,
    name: Option<String>,
}

/// A project and a repository's name.
pub struct New {
    project: Option<String>,
    name: String,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let inside = given.project.and_then(|p| p.id.or(p.name));
        Ok(New { project: request.project.clone().or(inside), name: given.name.unwrap_or_default() })
    }
}

/// Repositories_Create: without any branch.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Repositories_Create";
    type Store = AzureDevOpsStore;
    type Input = New;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: New, tx: &mut Tx<'_>) -> Result<Reply> {
        let named = input.project.ok_or_else(|| Error::invalid("The repository names no project."))?;
        let project = store.project(&named)?;
        let name = input.name.trim().to_owned();
        let bad = |c: char| c.is_control() || "\\/:*?\"<>|;#${},+=[]".contains(c);
        if name.is_empty() || name.chars().count() > 64 || name.contains(bad) || name.starts_with(['.', '_'])
        {
            return Err(Error::invalid(
                "The repository's name is empty, longer than 64 characters, or holds a character that is not allowed.",
            ));
        }
        let wanted = name.to_lowercase();
        let taken = |r: &Repository| r.project == project.id && r.name.to_lowercase() == wanted;
        if store.repositories.values().any(|r| taken(r)) {
            return Err(Error::RepositoryExists { name });
        }
        let id = tx.uuid("repository");
        let made = Repository { id, project: project.id, name, default_branch: None, refs: BTreeMap::new() };
        tx.emit(
            Event::new("repository.created", format!("repository:{id}"))
                .fact(format!("repository {} was created", made.name)),
        );
        store.repositories.put(id, made.clone());
        Ok(Reply::One(show::repository(store, &made, &Links::of(store, tx.call()))))
    }
}

/// A project, where one is named, and a repository.
pub struct One {
    /// The project.
    pub project: Option<String>,
    /// The repository, by id or name.
    pub repository: String,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One { project: request.project.clone(), repository: request.value("repositoryId").to_owned() })
    }
}

impl One {
    /// Finds it.
    pub fn find(&self, store: &AzureDevOpsStore) -> Result<std::sync::Arc<Repository>> {
        let project = self.project.as_deref().map(|p| store.project(p)).transpose()?;
        store.repository(project.as_deref(), &self.repository)
    }
}

/// Repositories_List: of a project or all, by name.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Repositories_List";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let project = input.project.as_deref().map(|p| store.project(p)).transpose()?;
        let links = Links::of(store, view.call);
        let mut found: Vec<_> = store
            .repositories
            .values()
            .filter(|r| project.as_ref().is_none_or(|p| p.id == r.project))
            .collect();
        found.sort_by_cached_key(|r| (r.name.to_lowercase(), r.id));
        Ok(Reply::list(found.into_iter().map(|r| show::repository(store, r, &links)).collect()))
    }
}

/// Repositories_GetRepository.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Repositories_GetRepository";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let found = input.find(store)?;
        Ok(Reply::One(show::repository(store, &found, &Links::of(store, view.call))))
    }
}

/// Repositories_Delete.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Repositories_Delete";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: One, tx: &mut Tx<'_>) -> Result<Reply> {
        let found = input.find(store)?;
        store.forget_repository(found.id);
        // What a pipeline's YAML named is no longer there.
        let id = found.id.to_string();
        let orphans: Vec<u32> =
            store.definitions.values().filter(|d| d.repository.id == id).map(|d| d.id).collect();
        for definition in orphans {
            store.definitions.edit(&definition, |d| d.registered = Default::default());
        }
        tx.emit(
            Event::new("repository.deleted", format!("repository:{id}"))
                .fact(format!("repository {} was deleted", found.name)),
        );
        Ok(Reply::Nothing)
    }
}
