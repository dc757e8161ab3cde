//! Git repositories: create, list, get, update, delete.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/repositories

use crate::{
    domain::{push, refs},
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show},
    store::{AzureDevOpsStore, Repository},
    tenant::{ATTEMPTS, Tenant},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::Event;
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

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
        let name = free_name(store, project.id, None, &input.name)?;
        let id = tx.uuid("repository");
        let made = Repository {
            id,
            project: project.id,
            name,
            default_branch: None,
            refs: BTreeMap::new(),
            locked: BTreeSet::new(),
        };
        tx.emit(
            Event::new("repository.created", format!("repository:{id}"))
                .fact(format!("repository {} was created", made.name)),
        );
        store.repositories.put(id, made.clone());
        Ok(Reply::One(show::repository(store, &made, &Links::of(store, tx.call()))))
    }
}

/// A name that a repository of the project (another than `own`) may have.
fn free_name(store: &AzureDevOpsStore, project: Uuid, own: Option<Uuid>, given: &str) -> Result<String> {
    let name = given.trim().to_owned();
    let bad = |c: char| c.is_control() || "\\/:*?\"<>|;#${},+=[]".contains(c);
    if name.is_empty() || name.chars().count() > 64 || name.contains(bad) || name.starts_with(['.', '_']) {
        return Err(Error::invalid(
            "The repository's name is empty, longer than 64 characters, or holds a character that is not allowed.",
        ));
    }
    let wanted = name.to_lowercase();
    let taken = |r: &Repository| r.project == project && Some(r.id) != own && r.name.to_lowercase() == wanted;
    if store.repositories.values().any(|r| taken(r)) {
        return Err(Error::RepositoryExists { name });
    }
    Ok(name)
}

/// A repository, and what of it is to be changed.
pub struct Changed {
    repository: One,
    name: Option<String>,
    default_branch: Option<String>,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Given {
            name: Option<String>,
            default_branch: Option<String>,
        }
        let given: Given = request.json()?;
        Ok(Changed {
            repository: One::read(request)?,
            name: given.name,
            default_branch: given.default_branch.filter(|b| !b.trim().is_empty()),
        })
    }
}

impl Changed {
    /// Makes the changes; gives the repository as it was.
    fn apply(&self, store: &mut AzureDevOpsStore) -> Result<Arc<Repository>> {
        let found = self.repository.find(store)?;
        let name = match &self.name {
            Some(name) => free_name(store, found.project, Some(found.id), name)?,
            None => found.name.clone(),
        };
        let branch = self.default_branch.as_ref().map(|b| refs::full(b));
        let bad = |b: &&String| !b.starts_with("refs/heads/") || found.tip(b).is_none();
        if let Some(branch) = branch.as_ref().filter(bad) {
            let version = refs::Version::Branch(branch.clone()).shown(&found);
            return Err(Error::Unresolvable { version, repository: found.name.clone() });
        }
        store.repositories.edit(&found.id, |r| {
            r.name = name.clone();
            r.default_branch = branch.clone().or(r.default_branch.take());
        });
        Ok(found)
    }
}

/// Repositories_Update: its name and default branch. With the branch goes where pipelines find their YAML.
pub struct Update;

impl Work for Update {
    const NAME: &'static str = "Repositories_Update";
    type Input = Changed;
    async fn run(tenant: &Tenant, input: Changed) -> Result<Reply> {
        for _ in 0..ATTEMPTS {
            // What is wrong is told by the write.
            let edit = |store: &mut AzureDevOpsStore| drop(input.apply(store));
            let read = push::reread(tenant, edit).await?;
            let done = tenant.write(|store, tx| {
                let before = store.clone();
                let was = input.apply(store)?;
                push::register(&before, store, &read)?;
                let now = store.repository(None, &was.id.to_string())?;
                let branch = now.default_branch.as_deref().unwrap_or("none");
                let fact =
                    format!("repository {} is now {}, its default branch {branch}", was.name, now.name);
                tx.emit(Event::new("repository.changed", format!("repository:{}", now.id)).fact(fact));
                Ok(Reply::One(show::repository(store, &now, &Links::of(store, tx.call()))))
            });
            match done {
                Err(Error::Contended) => continue,
                other => return other,
            }
        }
        Err(Error::Contended)
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
        Ok(One::named(request, "repositoryId"))
    }
}

impl One {
    /// Reads it where the route gives the repository this name.
    pub fn named(request: &ApiRequest, name: &str) -> Self {
        One { project: request.project.clone(), repository: request.value(name).to_owned() }
    }
    /// Finds it.
    pub fn find(&self, store: &AzureDevOpsStore) -> Result<Arc<Repository>> {
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
