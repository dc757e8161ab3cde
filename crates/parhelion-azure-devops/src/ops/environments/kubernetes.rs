//! Namespaces of clusters that belong to an environment. No cluster is ever called.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/environments/kubernetes

use super::Key;
use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, environment as show},
    store::{AzureDevOpsStore, Environment, EnvironmentResource, MAX_ENVIRONMENT_RESOURCES, ResourceKind},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// Characters of a name at most.
const MAX_CHARS: usize = 256;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    name: Option<String>,
    namespace: Option<String>,
    cluster_name: Option<String>,
    tags: Option<Vec<String>>,
    service_endpoint_id: Option<Uuid>,
}

/// An environment and a new resource of it.
pub struct New {
    key: Key,
    given: Given,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(New { key: Key::read(request)?, given: request.json()? })
    }
}

/// An environment and one of its resources.
pub struct Resource {
    key: Key,
    resource: String,
}

impl Input for Resource {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Resource { key: Key::read(request)?, resource: request.value("resourceId").to_owned() })
    }
}

impl Resource {
    fn find(&self, store: &AzureDevOpsStore) -> Result<(Arc<Environment>, EnvironmentResource)> {
        let (_, environment) = self.key.find(store)?;
        let id: Option<u32> = self.resource.parse().ok();
        let found = environment.resources.iter().find(|r| Some(r.id) == id).cloned();
        let unknown = || Error::EnvironmentResourceUnknown {
            id: self.resource.chars().take(80).collect(),
            environment: environment.id,
        };
        Ok((environment.clone(), found.ok_or_else(unknown)?))
    }
}

/// Kubernetes_Add.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Kubernetes_Add";
    type Store = AzureDevOpsStore;
    type Input = New;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: New, tx: &mut Tx<'_>) -> Result<Reply> {
        let (project, environment) = input.key.find(store)?;
        let given = input.given;
        let namespace = given.namespace.unwrap_or_default().trim().to_owned();
        let name = given.name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        // CHOICE: a resource without a name has its namespace's.
        let name = name.unwrap_or_else(|| namespace.clone());
        let cluster = given.cluster_name.unwrap_or_default();
        let tags = given.tags.unwrap_or_default();
        let long =
            [&name, &namespace, &cluster].into_iter().chain(&tags).any(|t| t.chars().count() > MAX_CHARS);
        if namespace.is_empty() || long || tags.len() > 100 {
            return Err(Error::invalid(
                "A Kubernetes resource needs a namespace; texts have at most 256 characters, and there are at most 100 tags.",
            ));
        }
        let shared = |id: &Uuid| store.endpoints.get(id).is_some_and(|e| e.share(project.id).is_some());
        if let Some(unknown) = given.service_endpoint_id.filter(|id| !shared(id)) {
            return Err(Error::EndpointUnknown { id: unknown.to_string() });
        }
        if environment.resource(&name).is_some() {
            return Err(Error::EnvironmentResourceExists { name, environment: environment.id });
        }
        if environment.resources.len() >= MAX_ENVIRONMENT_RESOURCES {
            return Err(Error::invalid(format!(
                "An environment may have at most {MAX_ENVIRONMENT_RESOURCES} resources."
            )));
        }
        let id = u32::try_from(tx.number("environment resource")).unwrap_or(u32::MAX);
        let fact = format!("resource {name} was added to environment {}", environment.name);
        let event = Event::new("environment.changed", format!("environment:{}", environment.id));
        tx.emit(event.fact(fact).verdict(Verdict::Ok));
        let made = EnvironmentResource {
            id,
            name,
            kind: ResourceKind::Kubernetes,
            tags,
            cluster,
            namespace,
            endpoint: given.service_endpoint_id,
            created_by: store.user(),
            created: tx.now(),
        };
        let shown = show::kubernetes(&made, &environment, &Links::of(store, tx.call()));
        store.environments.edit(&environment.id, |e| e.resources.push(made));
        Ok(Reply::One(shown))
    }
}

/// Kubernetes_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Kubernetes_Get";
    type Store = AzureDevOpsStore;
    type Input = Resource;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, input: Resource, view: &View<'_>) -> Result<Reply> {
        let (environment, found) = input.find(store)?;
        Ok(Reply::One(show::kubernetes(&found, &environment, &Links::of(store, view.call))))
    }
}

/// Kubernetes_Delete.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Kubernetes_Delete";
    type Store = AzureDevOpsStore;
    type Input = Resource;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Resource, tx: &mut Tx<'_>) -> Result<Reply> {
        let (environment, found) = input.find(store)?;
        store.environments.edit(&environment.id, |e| e.resources.retain(|r| r.id != found.id));
        let fact = format!("resource {} was taken out of environment {}", found.name, environment.name);
        let event = Event::new("environment.changed", format!("environment:{}", environment.id));
        tx.emit(event.fact(fact).verdict(Verdict::Ok));
        Ok(Reply::Nothing)
    }
}
