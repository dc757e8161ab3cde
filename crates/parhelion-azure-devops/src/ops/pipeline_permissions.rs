//! Which pipelines may use a resource. A stage that waits for a permission goes on with it.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/approvalsandchecks/pipeline-permissions

use crate::{
    domain::{
        checks::{GivenResource, is_strict, resource_name, waits_for_permission},
        run::drive,
    },
    error::{Error, Result},
    operations::Input,
    show::{Links, approval as show},
    store::{AzureDevOpsStore, Permission, Permissions, Project, ResourceId},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::Value;

/// Resources of one call at most.
const MAX_RESOURCES: usize = 1_000;
/// Pipelines that are named at a resource at most.
const MAX_PIPELINES: usize = 10_000;

/// A project and a resource.
pub struct Key {
    project: String,
    resource: ResourceId,
}

impl Input for Key {
    fn read(request: &ApiRequest) -> Result<Self> {
        let kind = Some(request.value("resourceType").to_owned());
        let id = Some(Value::from(request.value("resourceId")));
        let resource = GivenResource { kind, id, name: None }.read()?;
        Ok(Key { project: request.project()?.to_owned(), resource })
    }
}

/// The name of a resource that is there.
fn named(store: &AzureDevOpsStore, project: &Project, resource: &ResourceId) -> Result<String> {
    let ours = matches!(
        resource.kind.as_str(),
        "environment" | "endpoint" | "queue" | "repository" | "variablegroup"
    );
    match resource_name(store, project, resource) {
        None if ours => Err(Error::ResourceUnknown { kind: resource.kind.clone(), id: resource.id.clone() }),
        name => Ok(name.unwrap_or_default()),
    }
}

/// PipelinePermissions_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "PipelinePermissions_Get";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, key: Key, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&key.project)?;
        let name = named(store, &project, &key.resource)?;
        let said = store.permissions.get(&(project.id, key.resource.clone()));
        let said = said.map(|s| (**s).clone()).unwrap_or_default();
        let links = Links::of(store, view.call);
        Ok(Reply::One(show::permissions(&key.resource, &name, &said, is_strict(store), &links)))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    resource: Option<GivenResource>,
    all_pipelines: Option<GivenPermission>,
    pipelines: Option<Vec<GivenPermission>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GivenPermission {
    id: Option<u32>,
    authorized: Option<bool>,
}

/// A project, and what is said of resources of it.
pub struct Changed {
    project: String,
    resources: Vec<(ResourceId, Given)>,
}

/// The same of the one resource in the path.
pub struct ChangedOne(Changed);

impl Input for ChangedOne {
    fn read(request: &ApiRequest) -> Result<Self> {
        let key = Key::read(request)?;
        Ok(ChangedOne(Changed { project: key.project, resources: vec![(key.resource, request.json()?)] }))
    }
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Vec<Given> = request.json_list()?;
        if given.len() > MAX_RESOURCES {
            return Err(Error::invalid(format!("The body lists more than {MAX_RESOURCES} resources.")));
        }
        let mut resources = Vec::new();
        for one in given {
            let resource = one
                .resource
                .as_ref()
                .ok_or_else(|| Error::invalid("An item of the list names no resource."))?;
            resources.push((resource.read()?, one));
        }
        Ok(Changed { project: request.project()?.to_owned(), resources })
    }
}

/// Says of each resource what is given; shows them.
fn change(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Vec<Value>> {
    let project = store.project(&input.project)?;
    let mut done = Vec::new();
    for (resource, given) in input.resources {
        let name = named(store, &project, &resource)?;
        let key = (project.id, resource.clone());
        let mut said = store.permissions.get(&key).map(|s| (**s).clone()).unwrap_or_default();
        let told = said_of(store, &project, &mut said, given, tx)?;
        let shown_name = if name.is_empty() { &resource.id } else { &name };
        let fact = format!("permissions of {} {shown_name}: {}", resource.kind, told.join(", "));
        let subject = format!("{}:{}", resource.kind, resource.id);
        let event = Event::new("permission.changed", subject).fact(fact).verdict(Verdict::Ok);
        let event = tx.emit(event);
        store.permissions.put(key, said.clone());
        let waiting = waits_for_permission(store, &resource);
        drive::again(store, &waiting, &event.into(), tx);
        done.push((resource, name, said));
    }
    let (links, strict) = (Links::of(store, tx.call()), is_strict(store));
    Ok(done.iter().map(|(of, name, said)| show::permissions(of, name, said, strict, &links)).collect())
}

fn said_of(
    store: &AzureDevOpsStore,
    project: &Project,
    said: &mut Permissions,
    given: Given,
    tx: &Tx<'_>,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let permission = |authorized| Permission { authorized, by: store.user(), at: tx.now() };
    if let Some(authorized) = given.all_pipelines.and_then(|all| all.authorized) {
        said.all = Some(permission(authorized));
        told.push(
            if authorized { "every pipeline may use it" } else { "not every pipeline may use it" }.to_owned(),
        );
    }
    for one in given.pipelines.unwrap_or_default() {
        let id = one.id.ok_or_else(|| Error::invalid("A pipeline of the list has no id."))?;
        if store.definitions.get(&id).is_none_or(|d| d.project != project.id) {
            return Err(Error::PipelineUnknown { id: id.to_string(), preview: false });
        }
        let authorized = one.authorized.unwrap_or(false);
        said.pipelines.insert(id, permission(authorized));
        told.push(format!("pipeline {id} {}", if authorized { "may" } else { "may not" }));
    }
    if said.pipelines.len() > MAX_PIPELINES {
        return Err(Error::invalid(format!("A resource names at most {MAX_PIPELINES} pipelines.")));
    }
    if told.is_empty() {
        told.push("nothing was said".to_owned());
    }
    Ok(told)
}

/// PipelinePermissions_UpdatePipelinePermisionsForResource (sic).
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "PipelinePermissions_UpdatePipelinePermisionsForResource";
    type Store = AzureDevOpsStore;
    type Input = ChangedOne;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, ChangedOne(input): ChangedOne, tx: &mut Tx<'_>) -> Result<Reply> {
        Ok(Reply::One(change(store, input, tx)?.pop().unwrap_or_default()))
    }
}

/// PipelinePermissions_UpdatePipelinePermisionsForResources (sic): all or none.
pub struct UpdateMany;

impl Operation for UpdateMany {
    const NAME: &'static str = "PipelinePermissions_UpdatePipelinePermisionsForResources";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        Ok(Reply::list(change(store, input, tx)?))
    }
}
