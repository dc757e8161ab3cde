//! Environments: creating, listing, getting, changing, deleting.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/environments/environments

pub mod deployments;
pub mod kubernetes;

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, environment as show},
    store::{AzureDevOpsStore, Environment, MAX_ENVIRONMENTS, Project},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use std::sync::Arc;

/// Environments of a page at most.
const MAX_PAGE: usize = 1_000;
/// Characters of a description at most.
const MAX_DESCRIPTION: usize = 4_096;

/// A project and one of its environments.
pub struct Key {
    project: String,
    id: String,
    resources: bool,
}

impl Input for Key {
    fn read(request: &ApiRequest) -> Result<Self> {
        let expands = request.query.get("expands").unwrap_or_default();
        Ok(Key {
            project: request.project()?.to_owned(),
            id: request.value("environmentId").to_owned(),
            // A number is as good as the name.
            resources: expands.eq_ignore_ascii_case("resourceReferences") || expands == "1",
        })
    }
}

impl Key {
    fn find(&self, store: &AzureDevOpsStore) -> Result<(Arc<Project>, Arc<Environment>)> {
        let project = store.project(&self.project)?;
        let found = self.id.parse::<u32>().ok().and_then(|id| store.environments.get(&id));
        let found = found.filter(|e| e.project == project.id).cloned();
        let unknown = || Error::EnvironmentUnknown { id: self.id.chars().take(80).collect() };
        Ok((project, found.ok_or_else(unknown)?))
    }
}

/// What a caller gives of an environment.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    name: Option<String>,
    description: Option<String>,
}

// CHOICE: the rules of names, but for the point, which YAML puts between an environment and its resource.
fn valid_name(name: &str) -> Result<String> {
    let name = name.trim();
    let bad = |why| Err(Error::EnvironmentNameBad { name: name.chars().take(80).collect(), why });
    if name.is_empty() || name.chars().count() > 128 {
        bad("it has 1 to 128 characters.")
    } else if name.contains(|c: char| "\"/\\[]:|<>+=;?*,".contains(c) || c.is_control()) {
        bad("it must not hold \" / \\ [ ] : | < > + = ; ? * or a comma.")
    } else {
        Ok(name.to_owned())
    }
}

fn described(text: Option<String>) -> Result<String> {
    let text = text.unwrap_or_default();
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(Error::invalid(format!("The description is longer than {MAX_DESCRIPTION} characters.")));
    }
    Ok(text)
}

fn free(store: &AzureDevOpsStore, project: &Project, name: &str, own: Option<u32>) -> Result<()> {
    match store.environment_named(project.id, name) {
        Some(other) if Some(other.id) != own => Err(Error::EnvironmentExists { name: name.to_owned() }),
        _ => Ok(()),
    }
}

fn event(kind: &'static str, id: u32, fact: String) -> Event {
    Event::new(kind, format!("environment:{id}")).fact(fact).verdict(Verdict::Ok)
}

/// A project and a new environment.
pub struct New {
    project: String,
    given: Given,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(New { project: request.project()?.to_owned(), given: request.json()? })
    }
}

/// Environments_Add.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Environments_Add";
    type Store = AzureDevOpsStore;
    type Input = New;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: New, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let name = valid_name(input.given.name.as_deref().unwrap_or_default())?;
        free(store, &project, &name, None)?;
        if store.environments.len() >= MAX_ENVIRONMENTS {
            return Err(Error::invalid(format!(
                "An organization may have at most {MAX_ENVIRONMENTS} environments."
            )));
        }
        let description = described(input.given.description)?;
        let id = u32::try_from(tx.number("environment")).unwrap_or(u32::MAX);
        let (by, now) = (store.user(), tx.now());
        tx.emit(event("environment.created", id, format!("environment {name} was created")));
        let made = Environment {
            id,
            project: project.id,
            name,
            description,
            created_by: by.clone(),
            created: now,
            modified_by: by,
            modified: now,
            resources: Vec::new(),
        };
        let shown = show::environment(&made, &project, &Links::of(store, tx.call()), true);
        store.environments.put(id, made);
        Ok(Reply::One(shown))
    }
}

/// A project and which of its environments.
pub struct Wanted {
    project: String,
    name: Option<String>,
    skip: usize,
    top: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Wanted {
            project: request.project()?.to_owned(),
            name: request.query.get("name").map(str::to_owned),
            skip: request.query.parsed("continuationToken")?.unwrap_or(0),
            top: request.query.parsed("$top")?.unwrap_or(MAX_PAGE).min(MAX_PAGE),
        })
    }
}

/// Environments_List: those whose names begin so, `*` being any characters.
// CHOICE: without a `*` the whole name is meant.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Environments_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let pattern = wanted.name.map(|n| n.to_lowercase());
        let is = |name: &str| match &pattern {
            None => true,
            Some(pattern) => {
                let glob = parhelion_core::glob::Glob::new(pattern, &parhelion_core::glob::Dialect::STAR);
                glob.is_ok_and(|g| g.matches(&name.to_lowercase()))
            }
        };
        let all = store.environments.values().filter(|e| e.project == project.id && is(&e.name));
        let (found, next) = page(all, wanted.skip, wanted.top);
        let items = found.into_iter().map(|e| show::environment(e, &project, &links, false)).collect();
        Ok(Reply::List { items, next: next.map(|n| n.to_string()) })
    }
}

/// Environments_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Environments_Get";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, key: Key, view: &View<'_>) -> Result<Reply> {
        let (project, found) = key.find(store)?;
        Ok(Reply::One(show::environment(&found, &project, &Links::of(store, view.call), key.resources)))
    }
}

/// An environment and what becomes of it.
pub struct Changed {
    key: Key,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { key: Key::read(request)?, given: request.json()? })
    }
}

/// Environments_Update.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Environments_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let (project, before) = input.key.find(store)?;
        let mut changed = (*before).clone();
        if let Some(name) = &input.given.name {
            changed.name = valid_name(name)?;
            free(store, &project, &changed.name, Some(before.id))?;
        }
        if input.given.description.is_some() {
            changed.description = described(input.given.description)?;
        }
        (changed.modified, changed.modified_by) = (tx.now(), store.user());
        tx.emit(event("environment.changed", before.id, format!("environment {} was changed", changed.name)));
        let shown = show::environment(&changed, &project, &Links::of(store, tx.call()), true);
        store.environments.put(before.id, changed);
        Ok(Reply::One(shown))
    }
}

/// Environments_Delete: with its resources, checks and what is known of its deployments.
// CHOICE: what waits for one of its checks goes on waiting: those were fixed when the stage came to them.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Environments_Delete";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, key: Key, tx: &mut Tx<'_>) -> Result<Reply> {
        let (_, found) = key.find(store)?;
        store.forget_environment(found.id);
        tx.emit(event("environment.deleted", found.id, format!("environment {} was deleted", found.name)));
        Ok(Reply::Nothing)
    }
}
