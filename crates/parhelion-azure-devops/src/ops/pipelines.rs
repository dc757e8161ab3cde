//! Pipelines: definitions, as the pipelines API sees them.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/pipelines/pipelines

use super::definitions::{self, Wanted, create, ordered};
use crate::{
    domain::definitions::Given,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, definition as show},
    store::AzureDevOpsStore,
    tenant::Tenant,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde::Deserialize;

/// What a caller gives of a pipeline.
#[derive(Deserialize)]
struct GivenPipeline {
    name: Option<String>,
    folder: Option<String>,
    configuration: Option<Configuration>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    #[serde(rename = "type")]
    kind: Option<serde_json::Value>,
    path: Option<String>,
    repository: Option<crate::domain::definitions::GivenRepository>,
}

/// Pipelines_Create.
pub struct Create;
/// A project and a pipeline for it.
pub struct New(definitions::New);

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: GivenPipeline = request.json()?;
        let configuration = given.configuration.unwrap_or_default();
        let kind =
            configuration.kind.as_ref().map(|k| k.as_str().map_or_else(|| k.to_string(), str::to_lowercase));
        if !matches!(kind.as_deref(), None | Some("yaml" | "1" | "null")) {
            return Err(Error::invalid("Only pipelines of the configuration type yaml can be made."));
        }
        // CHOICE: the Python client's model loses path and repository; then the pipeline is the usual file of the
        // project's own repository.
        let path = configuration.path.filter(|p| !p.trim().is_empty());
        let path = path.unwrap_or_else(|| "/azure-pipelines.yml".to_owned());
        let given = Given::yaml(given.name, given.folder, &path, configuration.repository);
        Ok(New(definitions::New { project: request.project()?.to_owned(), given }))
    }
}

impl Work for Create {
    const NAME: &'static str = "Pipelines_Create";
    type Input = New;
    async fn run(tenant: &Tenant, New(input): New) -> Result<Reply> {
        create(tenant, input, |_, definition, project, links| {
            show::pipeline(definition, project, links, true)
        })
        .await
    }
}

/// Pipelines_List: by name unless asked otherwise.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Pipelines_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let found = store.definitions.values().filter(|d| d.project == project.id).collect();
        let (page, next) = ordered(found, wanted.order.as_deref().unwrap_or("name asc"), &wanted)?;
        let items = page.into_iter().map(|d| show::pipeline(d, &project, &links, false)).collect();
        Ok(Reply::List { items, next })
    }
}

/// A pipeline of a project, perhaps an earlier revision.
pub struct One {
    project: String,
    id: String,
    revision: Option<u32>,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let revision = request.query.parsed("pipelineVersion")?;
        Ok(One {
            project: request.project()?.to_owned(),
            id: request.value("pipelineId").to_owned(),
            revision,
        })
    }
}

/// Pipelines_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Pipelines_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let found = store.revision(&project, &input.id, input.revision);
        let definition = found.ok_or(Error::PipelineUnknown { id: input.id, preview: false })?;
        Ok(Reply::One(show::pipeline(definition, &project, &Links::of(store, view.call), true)))
    }
}
