//! Resources that all pipelines of a project, or one of them, may use.
// CHOICE: what stands here counts as a permission beside those of `pipelinePermissions`.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/authorizedresources

use crate::{
    domain::{checks::waits_for_permission, run::drive},
    error::{Error, Result},
    operations::Input,
    store::{AzureDevOpsStore, Project, ResourceId, ResourceReference},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Resources of one project or pipeline at most.
// CHOICE: the service's own bound is not documented.
const MAX_RESOURCES: usize = 1_000;
/// Characters of a type, id or name at most.
const MAX_CHARS: usize = 400;

#[derive(Deserialize)]
struct Given {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    authorized: Option<bool>,
}

/// A project, perhaps a definition, and which resources.
pub struct Wanted {
    project: String,
    definition: Option<String>,
    kind: Option<String>,
    id: Option<String>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let definition = request.value("definitionId");
        let text = |name| request.query.get(name).map(str::to_owned);
        Ok(Wanted {
            project: request.project()?.to_owned(),
            definition: (!definition.is_empty()).then(|| definition.to_owned()),
            kind: text("type"),
            id: text("id"),
        })
    }
}

/// What is authorized, and for whom: the project, or the definition with that id.
fn find(
    store: &AzureDevOpsStore,
    wanted: &Wanted,
) -> Result<(Arc<Project>, Option<u32>, Vec<ResourceReference>)> {
    let project = store.project(&wanted.project)?;
    let Some(id) = &wanted.definition else {
        let authorized = project.authorized.clone();
        return Ok((project, None, authorized));
    };
    let found = store.definition(&project, id).cloned();
    let definition = found.ok_or_else(|| Error::DefinitionUnknown { id: id.chars().take(80).collect() })?;
    Ok((project, Some(definition.id), definition.authorized.clone()))
}

fn show(of: &ResourceReference) -> Value {
    json!({ "type": of.kind, "id": of.id, "name": of.name, "authorized": of.authorized })
}

/// Authorizedresources_List, Resources_List.
pub struct List<const OF_DEFINITION: bool>;

fn list(store: &AzureDevOpsStore, wanted: &Wanted) -> Result<Reply> {
    let (_, _, all) = find(store, wanted)?;
    let is = |asked: &Option<String>, text: &str| asked.as_ref().is_none_or(|a| a.eq_ignore_ascii_case(text));
    let found = all.iter().filter(|r| is(&wanted.kind, &r.kind) && is(&wanted.id, &r.id));
    Ok(Reply::list(found.map(show).collect()))
}

impl Query for List<false> {
    const NAME: &'static str = "Authorizedresources_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, _: &View<'_>) -> Result<Reply> {
        list(store, &wanted)
    }
}

impl Query for List<true> {
    const NAME: &'static str = "Resources_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, _: &View<'_>) -> Result<Reply> {
        list(store, &wanted)
    }
}

/// Authorizedresources_AuthorizeProjectResources, Resources_AuthorizeDefinitionResources.
pub struct Authorize<const OF_DEFINITION: bool>;

/// For whom, and what.
pub struct Changed {
    wanted: Wanted,
    given: Vec<ResourceReference>,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Vec<Given> = request.json_list()?;
        let mut resources = Vec::new();
        for one in given {
            let id = match one.id {
                Some(Value::String(id)) => id,
                Some(Value::Number(id)) => id.to_string(),
                _ => String::new(),
            };
            let (kind, name) = (one.kind.unwrap_or_default(), one.name.unwrap_or_default());
            let long = [&kind, &id, &name].iter().any(|t| t.chars().count() > MAX_CHARS);
            if kind.trim().is_empty() || id.trim().is_empty() || long {
                return Err(Error::invalid(
                    "A resource of the list has no type or no id, or they are too long.",
                ));
            }
            let authorized = one.authorized.unwrap_or(true);
            resources.push(ResourceReference { kind: kind.to_lowercase(), id, name, authorized });
        }
        Ok(Changed { wanted: Wanted::read(request)?, given: resources })
    }
}

/// The name that a resource has here, where its caller gives none.
fn name(store: &AzureDevOpsStore, project: &Project, of: &ResourceReference) -> Option<String> {
    match of.kind.as_str() {
        "endpoint" => {
            let endpoint = store.endpoints.get(&Uuid::parse_str(&of.id).ok()?)?;
            Some(endpoint.share(project.id)?.name.clone())
        }
        "variablegroup" => {
            let group = store.variable_groups.get(&of.id.parse::<u32>().ok()?)?;
            Some(group.share(project.id)?.name.clone())
        }
        "queue" => Some(project.queue(of.id.parse().ok()?)?.name.clone()),
        _ => None,
    }
}

fn authorize(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
    let (project, definition, mut all) = find(store, &input.wanted)?;
    let mut shown = Vec::new();
    let mut permitted = Vec::new();
    for mut one in input.given {
        if one.name.is_empty() {
            one.name = name(store, &project, &one).unwrap_or_default();
        }
        shown.push(show(&one));
        all.retain(|r| (r.kind.as_str(), r.id.to_lowercase()) != (one.kind.as_str(), one.id.to_lowercase()));
        let verb = if one.authorized { "may" } else { "may not" };
        let subject = definition.map_or(format!("project:{}", project.id), |id| format!("pipeline:{id}"));
        let kind = if definition.is_some() { "pipeline.changed" } else { "project.changed" };
        let fact = format!("the {} {} {verb} be used", one.kind, one.id);
        let told = tx.emit(Event::new(kind, subject).fact(fact).verdict(Verdict::Ok));
        if one.authorized {
            permitted.push((ResourceId::new(&one.kind, &one.id), told));
            all.push(one);
        }
    }
    if all.len() > MAX_RESOURCES {
        return Err(Error::invalid(format!("There are more than {MAX_RESOURCES} authorized resources.")));
    }
    match definition {
        Some(id) => store.definitions.edit(&id, |d| d.authorized = all),
        None => store.projects.edit(&project.id, |p| p.authorized = all),
    };
    // A stage that waits for it goes on.
    for (resource, told) in permitted {
        let waiting = waits_for_permission(store, &resource);
        drive::again(store, &waiting, &told.into(), tx);
    }
    Ok(Reply::list(shown))
}

impl Operation for Authorize<false> {
    const NAME: &'static str = "Authorizedresources_AuthorizeProjectResources";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        authorize(store, input, tx)
    }
}

impl Operation for Authorize<true> {
    const NAME: &'static str = "Resources_AuthorizeDefinitionResources";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        authorize(store, input, tx)
    }
}
