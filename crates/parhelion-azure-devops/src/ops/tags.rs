//! Tags of builds, of definitions and of a project.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/tags

use super::builds::Key;
use crate::{
    domain::tags,
    error::{Error, Result},
    operations::Input,
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use http::Method;
use parhelion_core::Event;
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What becomes of the tags.
pub struct Change {
    add: Vec<String>,
    remove: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    tags_to_add: Option<Vec<String>>,
    tags_to_remove: Option<Vec<String>>,
}

impl Input for Change {
    fn read(request: &ApiRequest) -> Result<Self> {
        let tag = request.value("tag").to_owned();
        Ok(match (&request.method, tag.is_empty()) {
            (&Method::PUT, _) => Change { add: vec![tag], remove: Vec::new() },
            (&Method::DELETE, _) => Change { add: Vec::new(), remove: vec![tag] },
            (&Method::POST, true) => Change { add: request.json_list()?, remove: Vec::new() },
            _ => {
                let given: Given = request.json()?;
                let (add, remove) = (given.tags_to_add, given.tags_to_remove);
                Change { add: add.unwrap_or_default(), remove: remove.unwrap_or_default() }
            }
        })
    }
}

// OBSERVED: strings in an envelope, as every list.
fn list(tags: &BTreeSet<String>) -> Reply {
    Reply::list(tags.iter().map(|t| Value::from(t.as_str())).collect())
}

/// Tags_GetBuildTags.
pub struct OfBuild;

impl Query for OfBuild {
    const NAME: &'static str = "Tags_GetBuildTags";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, key: Key, _: &View<'_>) -> Result<Reply> {
        Ok(list(&key.find(store)?.build.tags))
    }
}

/// A build and what becomes of its tags.
pub struct BuildChange(Key, Change);

impl Input for BuildChange {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(BuildChange(Key::read(request)?, Change::read(request)?))
    }
}

fn change_build(store: &mut AzureDevOpsStore, input: BuildChange, tx: &mut Tx<'_>) -> Result<Reply> {
    let BuildChange(key, Change { add, remove }) = input;
    let build = key.find(store)?.build;
    let mut tags = build.tags.clone();
    tags::change(&mut tags, &add, &remove)?;
    if tags != build.tags {
        let all: Vec<&str> = tags.iter().map(String::as_str).collect();
        let event = Event::new("run.changed", format!("run:{}", build.id));
        tx.emit(event.fact(format!("its tags are now: {}", all.join(", "))));
        let (tags, now) = (tags.clone(), tx.now());
        store.edit_build(build.id, |b| {
            b.tags = tags;
            b.changed = now;
        });
    }
    Ok(list(&tags))
}

/// Tags_GetDefinitionTags.
pub struct OfDefinition;
/// A definition of a project, perhaps at an earlier revision.
pub struct DefinitionKey {
    project: String,
    id: String,
    revision: Option<u32>,
}

impl Input for DefinitionKey {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(DefinitionKey {
            project: request.project()?.to_owned(),
            id: request.value("definitionId").to_owned(),
            revision: request.query.parsed("revision")?,
        })
    }
}

impl Query for OfDefinition {
    const NAME: &'static str = "Tags_GetDefinitionTags";
    type Store = AzureDevOpsStore;
    type Input = DefinitionKey;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, key: DefinitionKey, _: &View<'_>) -> Result<Reply> {
        let project = store.project(&key.project)?;
        let found = store.revision(&project, &key.id, key.revision);
        Ok(list(&found.ok_or(Error::DefinitionUnknown { id: key.id })?.tags))
    }
}

/// A definition and what becomes of its tags.
pub struct DefinitionChange(DefinitionKey, Change);

impl Input for DefinitionChange {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(DefinitionChange(DefinitionKey::read(request)?, Change::read(request)?))
    }
}

// CHOICE: tags belong to the definition, not to a revision: changing them makes no new one.
fn change_definition(
    store: &mut AzureDevOpsStore,
    input: DefinitionChange,
    tx: &mut Tx<'_>,
) -> Result<Reply> {
    let DefinitionChange(key, Change { add, remove }) = input;
    let project = store.project(&key.project)?;
    let found = store.definition(&project, &key.id).map(|d| (d.id, d.tags.clone()));
    let (id, mut tags) = found.ok_or(Error::DefinitionUnknown { id: key.id })?;
    tags::change(&mut tags, &add, &remove)?;
    let all: Vec<&str> = tags.iter().map(String::as_str).collect();
    let event = Event::new("pipeline.changed", format!("pipeline:{id}"));
    tx.emit(event.fact(format!("its tags are now: {}", all.join(", "))));
    store.definitions.edit(&id, |d| d.tags.clone_from(&tags));
    Ok(list(&tags))
}

/// The changing operations differ by name alone: the method says what they do.
macro_rules! changes {
    ($($operation:ident, $name:literal, $input:ident, $run:ident;)*) => {$(
        #[doc = concat!($name, ".")]
        pub struct $operation;

        impl Operation for $operation {
            const NAME: &'static str = $name;
            type Store = AzureDevOpsStore;
            type Input = $input;
            type Output = Reply;
            type Error = Error;
            fn run(store: &mut AzureDevOpsStore, input: $input, tx: &mut Tx<'_>) -> Result<Reply> {
                $run(store, input, tx)
            }
        }
    )*};
}

changes! {
    AddToBuild, "Tags_AddBuildTag", BuildChange, change_build;
    AddAllToBuild, "Tags_AddBuildTags", BuildChange, change_build;
    UpdateOfBuild, "Tags_UpdateBuildTags", BuildChange, change_build;
    DeleteOfBuild, "Tags_DeleteBuildTag", BuildChange, change_build;
    AddToDefinition, "Tags_AddDefinitionTag", DefinitionChange, change_definition;
    AddAllToDefinition, "Tags_AddDefinitionTags", DefinitionChange, change_definition;
    UpdateOfDefinition, "Tags_UpdateDefinitionTags", DefinitionChange, change_definition;
    DeleteOfDefinition, "Tags_DeleteDefinitionTag", DefinitionChange, change_definition;
}

/// A project, and perhaps a tag.
pub struct OfAll {
    project: String,
    tag: String,
}

impl Input for OfAll {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(OfAll { project: request.project()?.to_owned(), tag: request.value("tag").to_owned() })
    }
}

/// Every tag that a build or definition of a project has.
fn of_all(store: &AzureDevOpsStore, project: uuid::Uuid) -> BTreeSet<String> {
    let builds = store.builds.values().filter(|b| b.project == project).flat_map(|b| &b.tags);
    let definitions = store.definitions.values().filter(|d| d.project == project).flat_map(|d| &d.tags);
    let mut all: BTreeSet<String> = BTreeSet::new();
    for tag in builds.chain(definitions) {
        if !all.contains(tag) && !all.iter().any(|t| tags::same(t, tag)) {
            all.insert(tag.clone());
        }
    }
    all
}

/// Tags_GetTags.
pub struct OfProject;

impl Query for OfProject {
    const NAME: &'static str = "Tags_GetTags";
    type Store = AzureDevOpsStore;
    type Input = OfAll;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, input: OfAll, _: &View<'_>) -> Result<Reply> {
        Ok(list(&of_all(store, store.project(&input.project)?.id)))
    }
}

/// Tags_DeleteTag: off everything in the project.
pub struct DeleteOfProject;

impl Operation for DeleteOfProject {
    const NAME: &'static str = "Tags_DeleteTag";
    type Store = AzureDevOpsStore;
    type Input = OfAll;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: OfAll, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?.id;
        let has = |tags: &BTreeSet<String>| tags.iter().any(|t| tags::same(t, &input.tag));
        let builds = store.builds.values().filter(|b| b.project == project && has(&b.tags));
        for id in builds.map(|b| b.id).collect::<Vec<_>>() {
            store.edit_build(id, |b| b.tags.retain(|t| !tags::same(t, &input.tag)));
        }
        let definitions = store.definitions.values().filter(|d| d.project == project && has(&d.tags));
        for id in definitions.map(|d| d.id).collect::<Vec<_>>() {
            store.definitions.edit(&id, |d| d.tags.retain(|t| !tags::same(t, &input.tag)));
        }
        let fact = format!("tag {} was taken off everything in the project", input.tag);
        tx.emit(Event::new("project.changed", format!("project:{project}")).fact(fact));
        Ok(list(&of_all(store, project)))
    }
}
