//! The table of operations: route, location, what runs it, what stands behind it.
//!
//! To add one: its location in `wire/locations.rs`, a row here, its file in `ops/`, error variants if new.

use crate::{
    error::{Error, Result},
    ops::{
        branches, builds, commit_changes, commits, connection_data, definitions, diffs, endpoints, folders,
        general_settings, items, objects, operations, pipelines, processes, project_properties, projects,
        pushes, refs, repositories, resource_areas, resources, runs, service_hooks, tags, teams,
    },
    store::AzureDevOpsStore,
    tenant::Tenant,
    wire::{locations::id, reply::Reply, request::ApiRequest, webhook},
};
use parhelion_core::{OperationInfo, Standing};
use parhelion_state::{Operation, Query, Tx, View};
use std::{future::Future, pin::Pin};

/// An operation, its way in and its way out.
#[derive(Debug)]
pub struct Row {
    /// Name, route, documentation, standing.
    pub info: OperationInfo,
    /// The id of its location.
    pub location: &'static str,
    /// Whether the project may be left out of the path.
    pub project_optional: bool,
    /// The status of a successful answer.
    pub status: u16,
    /// What runs it.
    pub run: Run,
}

/// What runs an operation.
pub enum Run {
    /// Reads one instant.
    Read(fn(&AzureDevOpsStore, &ApiRequest, &View<'_>) -> Result<Reply>),
    /// Writes.
    Write(fn(&mut AzureDevOpsStore, &ApiRequest, &mut Tx<'_>) -> Result<Reply>),
    /// Works outside the state first or afterwards (git).
    Work(fn(Tenant, ApiRequest) -> Working),
    /// The public webhook endpoint, which has a way of its own (`wire/webhook.rs`).
    Webhook,
}

/// Work under way.
pub type Working = Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Run::Read(_) => "Read",
            Run::Write(_) => "Write",
            Run::Work(_) => "Work",
            Run::Webhook => "Webhook",
        })
    }
}

impl Row {
    /// The HTTP method.
    pub fn method(&self) -> &'static str {
        self.info.route.split_once(' ').map_or("", |(m, _)| m)
    }
    /// The path's template.
    pub fn path(&self) -> &'static str {
        self.info.route.split_once(' ').map_or("", |(_, p)| p)
    }
}

/// An operation's input, read from a call.
pub trait Input: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it cannot be read.
    fn read(request: &ApiRequest) -> Result<Self>;
}

fn reads<Q>(store: &AzureDevOpsStore, request: &ApiRequest, view: &View<'_>) -> Result<Reply>
where
    Q: Query<Store = AzureDevOpsStore, Output = Reply, Error = Error, Input: Input>,
{
    Q::run(store, Q::Input::read(request)?, view)
}

fn writes<O>(store: &mut AzureDevOpsStore, request: &ApiRequest, tx: &mut Tx<'_>) -> Result<Reply>
where
    O: Operation<Store = AzureDevOpsStore, Output = Reply, Error = Error, Input: Input>,
{
    O::run(store, O::Input::read(request)?, tx)
}

/// An operation that works outside the state.
pub trait Work {
    /// The API's name for it.
    const NAME: &'static str;
    /// What it takes.
    type Input: Input + Send + 'static;
    /// Runs it.
    fn run(tenant: &Tenant, input: Self::Input) -> impl Future<Output = Result<Reply>> + Send;
}

fn works<W: Work + 'static>(tenant: Tenant, request: ApiRequest) -> Working {
    Box::pin(async move {
        let input = W::Input::read(&request)?;
        drop(request);
        W::run(&tenant, input).await
    })
}

/// The vendor's page of an operation.
macro_rules! doc {
    ($page:literal) => {
        concat!(
            "https://learn.microsoft.com/en-us/rest/api/azure/devops/",
            $page,
            "?view=azure-devops-rest-7.1"
        )
    };
}

const fn row(
    name: &'static str,
    route: &'static str,
    location: &'static str,
    doc: &'static str,
    status: u16,
    run: Run,
) -> Row {
    let info = OperationInfo { name, route, doc, standing: Standing::Real };
    Row { info, location, project_optional: false, status, run }
}
const fn simulated(row: Row) -> Row {
    Row { info: OperationInfo { standing: Standing::Simulated, ..row.info }, ..row }
}
// OBSERVED: calls of the clients may leave the project out, of git when the repository is named by its id, and of a
// build's stages.
const fn anywhere(row: Row) -> Row {
    Row { project_optional: true, ..row }
}
use Run::{Read, Work as Works, Write};

/// All operations.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(resource_areas::List::NAME, "GET /{organization}/_apis/ResourceAreas", id::RESOURCE_AREAS,
        doc!("core/resource-areas/list"), 200, Read(reads::<resource_areas::List>)),
    row(resource_areas::Get::NAME, "GET /{organization}/_apis/ResourceAreas/{areaId}", id::RESOURCE_AREAS,
        doc!("core/resource-areas/get"), 200, Read(reads::<resource_areas::Get>)),
    row(connection_data::Get::NAME, "GET /{organization}/_apis/ConnectionData", id::CONNECTION_DATA,
        doc!("core"), 200, Read(reads::<connection_data::Get>)),
    row(webhook::OPERATION, "POST /{organization}/_apis/public/distributedtask/webhooks/{webHookId}", id::WEBHOOKS,
        "https://learn.microsoft.com/en-us/azure/devops/pipelines/yaml-schema/resources-webhooks-webhook", 200, Run::Webhook),

    // The routes below a project stand before the project's own, which takes any number of segments.
    row(project_properties::Get::NAME, "GET /{organization}/_apis/projects/{projectId}/properties", id::PROJECT_PROPERTIES,
        doc!("core/projects/get-project-properties"), 200, Read(reads::<project_properties::Get>)),
    row(project_properties::Set::NAME, "PATCH /{organization}/_apis/projects/{projectId}/properties", id::PROJECT_PROPERTIES,
        doc!("core/projects/set-project-properties"), 204, Write(writes::<project_properties::Set>)),
    row(teams::List::NAME, "GET /{organization}/_apis/projects/{projectId}/teams", id::TEAMS,
        doc!("core/teams/get-teams"), 200, Read(reads::<teams::List>)),
    row(teams::Get::NAME, "GET /{organization}/_apis/projects/{projectId}/teams/{*teamId}", id::TEAMS,
        doc!("core/teams/get"), 200, Read(reads::<teams::Get>)),
    row(projects::Create::NAME, "POST /{organization}/_apis/projects", id::PROJECTS,
        doc!("core/projects/create"), 202, Write(writes::<projects::Create>)),
    row(projects::List::NAME, "GET /{organization}/_apis/projects", id::PROJECTS,
        doc!("core/projects/list"), 200, Read(reads::<projects::List>)),
    row(projects::Get::NAME, "GET /{organization}/_apis/projects/{*projectId}", id::PROJECTS,
        doc!("core/projects/get"), 200, Read(reads::<projects::Get>)),
    row(projects::Update::NAME, "PATCH /{organization}/_apis/projects/{*projectId}", id::PROJECTS,
        doc!("core/projects/update"), 202, Write(writes::<projects::Update>)),
    row(projects::Delete::NAME, "DELETE /{organization}/_apis/projects/{*projectId}", id::PROJECTS,
        doc!("core/projects/delete"), 202, Write(writes::<projects::Delete>)),
    row(processes::List::NAME, "GET /{organization}/_apis/process/processes", id::PROCESSES,
        doc!("core/processes/list"), 200, Read(reads::<processes::List>)),
    row(processes::Get::NAME, "GET /{organization}/_apis/process/processes/{*processId}", id::PROCESSES,
        doc!("core/processes/get"), 200, Read(reads::<processes::Get>)),
    row(operations::Get::NAME, "GET /{organization}/_apis/operations/{operationId}", id::OPERATIONS,
        doc!("operations/operations/get"), 200, Read(reads::<operations::Get>)),

    row(endpoints::Create::NAME, "POST /{organization}/_apis/serviceendpoint/endpoints", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/create"), 200, Write(writes::<endpoints::Create>)),
    row(endpoints::CreateInProject::NAME, "POST /{organization}/{project}/_apis/serviceendpoint/endpoints", id::PROJECT_ENDPOINTS,
        doc!("serviceendpoint/endpoints/create"), 200, Write(writes::<endpoints::CreateInProject>)),
    row(endpoints::List::NAME, "GET /{organization}/{project}/_apis/serviceendpoint/endpoints", id::PROJECT_ENDPOINTS,
        doc!("serviceendpoint/endpoints/get-service-endpoints"), 200, Read(reads::<endpoints::List>)),
    row(endpoints::Get::NAME, "GET /{organization}/{project}/_apis/serviceendpoint/endpoints/{endpointId}", id::PROJECT_ENDPOINTS,
        doc!("serviceendpoint/endpoints/get"), 200, Read(reads::<endpoints::Get>)),
    row(endpoints::Update::NAME, "PUT /{organization}/_apis/serviceendpoint/endpoints/{endpointId}", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/update-service-endpoint"), 200, Write(writes::<endpoints::Update>)),
    row(endpoints::UpdateMany::NAME, "PUT /{organization}/_apis/serviceendpoint/endpoints", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/update-service-endpoints"), 200, Write(writes::<endpoints::UpdateMany>)),
    row(endpoints::Share::NAME, "PATCH /{organization}/_apis/serviceendpoint/endpoints/{endpointId}", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/share-service-endpoint"), 204, Write(writes::<endpoints::Share>)),
    row(endpoints::Delete::NAME, "DELETE /{organization}/_apis/serviceendpoint/endpoints/{endpointId}", id::ENDPOINTS,
        doc!("serviceendpoint/endpoints/delete"), 204, Write(writes::<endpoints::Delete>)),

    row(endpoints::Types::NAME, "GET /{organization}/_apis/serviceendpoint/types", id::ENDPOINT_TYPES,
        doc!("serviceendpoint/types/list"), 200, Read(reads::<endpoints::Types>)),
    row(endpoints::History::NAME, "GET /{organization}/{project}/_apis/serviceendpoint/{endpointId}/executionhistory", id::ENDPOINT_HISTORY,
        doc!("serviceendpoint/executionhistory/list"), 200, Read(reads::<endpoints::History>)),

    row(definitions::Create::NAME, "POST /{organization}/{project}/_apis/build/definitions", id::DEFINITIONS,
        doc!("build/definitions/create"), 200, Works(works::<definitions::Create>)),
    row(definitions::List::NAME, "GET /{organization}/{project}/_apis/build/definitions", id::DEFINITIONS,
        doc!("build/definitions/list"), 200, Read(reads::<definitions::List>)),
    row(definitions::Get::NAME, "GET /{organization}/{project}/_apis/build/definitions/{definitionId}", id::DEFINITIONS,
        doc!("build/definitions/get"), 200, Read(reads::<definitions::Get>)),
    row(definitions::Update::NAME, "PUT /{organization}/{project}/_apis/build/definitions/{definitionId}", id::DEFINITIONS,
        doc!("build/definitions/update"), 200, Works(works::<definitions::Update>)),
    row(definitions::Delete::NAME, "DELETE /{organization}/{project}/_apis/build/definitions/{definitionId}", id::DEFINITIONS,
        doc!("build/definitions/delete"), 204, Write(writes::<definitions::Delete>)),
    row(definitions::Restore::NAME, "PATCH /{organization}/{project}/_apis/build/definitions/{definitionId}", id::DEFINITIONS,
        doc!("build/definitions/restore-definition"), 200, Works(works::<definitions::Restore>)),
    row(definitions::GetRevisions::NAME, "GET /{organization}/{project}/_apis/build/definitions/{definitionId}/revisions", id::REVISIONS,
        doc!("build/definitions/get-definition-revisions"), 200, Read(reads::<definitions::GetRevisions>)),
    row(definitions::GetYaml::NAME, "GET /{organization}/{project}/_apis/build/definitions/{definitionId}/yaml", id::YAML,
        doc!("build/yaml/get"), 200, Works(works::<definitions::GetYaml>)),
    row(tags::OfDefinition::NAME, "GET /{organization}/{project}/_apis/build/definitions/{definitionId}/tags", id::DEFINITION_TAGS,
        doc!("build/tags/get-definition-tags"), 200, Read(reads::<tags::OfDefinition>)),
    row(tags::AddAllToDefinition::NAME, "POST /{organization}/{project}/_apis/build/definitions/{definitionId}/tags", id::DEFINITION_TAGS,
        doc!("build/tags/add-definition-tags"), 200, Write(writes::<tags::AddAllToDefinition>)),
    row(tags::UpdateOfDefinition::NAME, "PATCH /{organization}/{project}/_apis/build/definitions/{definitionId}/tags", id::DEFINITION_TAGS,
        doc!("build/tags/update-definition-tags"), 200, Write(writes::<tags::UpdateOfDefinition>)),
    row(tags::AddToDefinition::NAME, "PUT /{organization}/{project}/_apis/build/definitions/{definitionId}/tags/{*tag}", id::DEFINITION_TAGS,
        doc!("build/tags/add-definition-tag"), 200, Write(writes::<tags::AddToDefinition>)),
    row(tags::DeleteOfDefinition::NAME, "DELETE /{organization}/{project}/_apis/build/definitions/{definitionId}/tags/{*tag}", id::DEFINITION_TAGS,
        doc!("build/tags/delete-definition-tag"), 200, Write(writes::<tags::DeleteOfDefinition>)),
    row(resources::List::<true>::NAME, "GET /{organization}/{project}/_apis/build/definitions/{definitionId}/resources", id::DEFINITION_RESOURCES,
        doc!("build/resources/list"), 200, Read(reads::<resources::List::<true>>)),
    row(resources::Authorize::<true>::NAME, "PATCH /{organization}/{project}/_apis/build/definitions/{definitionId}/resources", id::DEFINITION_RESOURCES,
        doc!("build/resources/authorize-definition-resources"), 200, Write(writes::<resources::Authorize::<true>>)),
    row(resources::List::<false>::NAME, "GET /{organization}/{project}/_apis/build/authorizedresources", id::AUTHORIZED_RESOURCES,
        doc!("build/authorizedresources/list"), 200, Read(reads::<resources::List::<false>>)),
    row(resources::Authorize::<false>::NAME, "PATCH /{organization}/{project}/_apis/build/authorizedresources", id::AUTHORIZED_RESOURCES,
        doc!("build/authorizedresources/authorize-project-resources"), 200, Write(writes::<resources::Authorize::<false>>)),
    row(folders::List::NAME, "GET /{organization}/{project}/_apis/build/folders", id::FOLDERS,
        doc!("build/folders/list"), 200, Read(reads::<folders::List>)),
    row(folders::List::NAME, "GET /{organization}/{project}/_apis/build/folders/{*path}", id::FOLDERS,
        doc!("build/folders/list"), 200, Read(reads::<folders::List>)),
    row(folders::Create::NAME, "PUT /{organization}/{project}/_apis/build/folders", id::FOLDERS,
        doc!("build/folders/create"), 200, Write(writes::<folders::Create>)),
    row(folders::Create::NAME, "PUT /{organization}/{project}/_apis/build/folders/{*path}", id::FOLDERS,
        doc!("build/folders/create"), 200, Write(writes::<folders::Create>)),
    row(folders::Update::NAME, "POST /{organization}/{project}/_apis/build/folders", id::FOLDERS,
        doc!("build/folders/update"), 200, Write(writes::<folders::Update>)),
    row(folders::Update::NAME, "POST /{organization}/{project}/_apis/build/folders/{*path}", id::FOLDERS,
        doc!("build/folders/update"), 200, Write(writes::<folders::Update>)),
    row(folders::Delete::NAME, "DELETE /{organization}/{project}/_apis/build/folders", id::FOLDERS,
        doc!("build/folders/delete"), 204, Write(writes::<folders::Delete>)),
    row(folders::Delete::NAME, "DELETE /{organization}/{project}/_apis/build/folders/{*path}", id::FOLDERS,
        doc!("build/folders/delete"), 204, Write(writes::<folders::Delete>)),
    row(general_settings::Get::NAME, "GET /{organization}/{project}/_apis/build/generalSettings", id::GENERAL_SETTINGS,
        doc!("build/general-settings/get"), 200, Read(reads::<general_settings::Get>)),
    row(general_settings::Update::NAME, "PATCH /{organization}/{project}/_apis/build/generalSettings", id::GENERAL_SETTINGS,
        doc!("build/general-settings/update"), 200, Write(writes::<general_settings::Update>)),

    row(pipelines::Create::NAME, "POST /{organization}/{project}/_apis/pipelines", id::PIPELINES,
        doc!("pipelines/pipelines/create"), 200, Works(works::<pipelines::Create>)),
    row(pipelines::List::NAME, "GET /{organization}/{project}/_apis/pipelines", id::PIPELINES,
        doc!("pipelines/pipelines/list"), 200, Read(reads::<pipelines::List>)),
    row(pipelines::Get::NAME, "GET /{organization}/{project}/_apis/pipelines/{pipelineId}", id::PIPELINES,
        doc!("pipelines/pipelines/get"), 200, Read(reads::<pipelines::Get>)),
    row(runs::Preview::NAME, "POST /{organization}/{project}/_apis/pipelines/{pipelineId}/preview", id::PREVIEW,
        doc!("pipelines/preview/preview"), 200, Works(works::<runs::Preview>)),
    simulated(row(runs::RunPipeline::NAME, "POST /{organization}/{project}/_apis/pipelines/{pipelineId}/runs", id::RUNS,
        doc!("pipelines/runs/run-pipeline"), 200, Works(works::<runs::RunPipeline>))),
    row(runs::List::NAME, "GET /{organization}/{project}/_apis/pipelines/{pipelineId}/runs", id::RUNS,
        doc!("pipelines/runs/list"), 200, Read(reads::<runs::List>)),
    row(runs::Get::NAME, "GET /{organization}/{project}/_apis/pipelines/{pipelineId}/runs/{runId}", id::RUNS,
        doc!("pipelines/runs/get"), 200, Read(reads::<runs::Get>)),
    simulated(row(runs::ListLogs::NAME, "GET /{organization}/{project}/_apis/pipelines/{pipelineId}/runs/{runId}/logs", id::RUN_LOGS,
        doc!("pipelines/logs/list"), 200, Read(reads::<runs::ListLogs>))),
    simulated(row(runs::GetLog::NAME, "GET /{organization}/{project}/_apis/pipelines/{pipelineId}/runs/{runId}/logs/{logId}", id::RUN_LOGS,
        doc!("pipelines/logs/get"), 200, Read(reads::<runs::GetLog>))),
    simulated(row(runs::GetArtifact::NAME, "GET /{organization}/{project}/_apis/pipelines/{pipelineId}/runs/{runId}/artifacts", id::RUN_ARTIFACTS,
        doc!("pipelines/artifacts/get"), 200, Read(reads::<runs::GetArtifact>))),

    simulated(row(builds::Queue::NAME, "POST /{organization}/{project}/_apis/build/builds", id::BUILDS,
        doc!("build/builds/queue"), 200, Works(works::<builds::Queue>))),
    row(builds::List::NAME, "GET /{organization}/{project}/_apis/build/builds", id::BUILDS,
        doc!("build/builds/list"), 200, Read(reads::<builds::List>)),
    row(builds::Get::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}", id::BUILDS,
        doc!("build/builds/get"), 200, Read(reads::<builds::Get>)),
    simulated(row(builds::Update::NAME, "PATCH /{organization}/{project}/_apis/build/builds/{buildId}", id::BUILDS,
        doc!("build/builds/update-build"), 200, Write(writes::<builds::Update>))),
    simulated(row(builds::UpdateMany::NAME, "PATCH /{organization}/{project}/_apis/build/builds", id::BUILDS,
        doc!("build/builds/update-builds"), 200, Write(writes::<builds::UpdateMany>))),
    row(builds::Delete::NAME, "DELETE /{organization}/{project}/_apis/build/builds/{buildId}", id::BUILDS,
        doc!("build/builds/delete"), 204, Write(writes::<builds::Delete>)),
    simulated(row(builds::GetTimeline::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/timeline", id::TIMELINE,
        doc!("build/timeline/get"), 200, Read(reads::<builds::GetTimeline>))),
    simulated(row(builds::GetTimeline::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/timeline/{timelineId}", id::TIMELINE,
        doc!("build/timeline/get"), 200, Read(reads::<builds::GetTimeline>))),
    simulated(row(builds::GetLogs::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/logs", id::BUILD_LOGS,
        doc!("build/builds/get-build-logs"), 200, Works(works::<builds::GetLogs>))),
    simulated(row(builds::GetLog::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/logs/{logId}", id::BUILD_LOGS,
        doc!("build/builds/get-build-log"), 200, Works(works::<builds::GetLog>))),
    simulated(row(builds::GetArtifacts::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/artifacts", id::BUILD_ARTIFACTS,
        doc!("build/artifacts/list"), 200, Works(works::<builds::GetArtifacts>))),
    simulated(row(builds::GetArtifacts::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/artifacts/{artifactName}", id::BUILD_ARTIFACTS,
        doc!("build/artifacts/list"), 200, Works(works::<builds::GetArtifacts>))),
    row(builds::CreateArtifact::NAME, "POST /{organization}/{project}/_apis/build/builds/{buildId}/artifacts", id::BUILD_ARTIFACTS,
        doc!("build/artifacts/create"), 200, Write(writes::<builds::CreateArtifact>)),
    row(tags::OfBuild::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/tags", id::BUILD_TAGS,
        doc!("build/tags/get-build-tags"), 200, Read(reads::<tags::OfBuild>)),
    row(tags::AddAllToBuild::NAME, "POST /{organization}/{project}/_apis/build/builds/{buildId}/tags", id::BUILD_TAGS,
        doc!("build/tags/add-build-tags"), 200, Write(writes::<tags::AddAllToBuild>)),
    row(tags::UpdateOfBuild::NAME, "PATCH /{organization}/{project}/_apis/build/builds/{buildId}/tags", id::BUILD_TAGS,
        doc!("build/tags/update-build-tags"), 200, Write(writes::<tags::UpdateOfBuild>)),
    row(tags::AddToBuild::NAME, "PUT /{organization}/{project}/_apis/build/builds/{buildId}/tags/{*tag}", id::BUILD_TAGS,
        doc!("build/tags/add-build-tag"), 200, Write(writes::<tags::AddToBuild>)),
    row(tags::DeleteOfBuild::NAME, "DELETE /{organization}/{project}/_apis/build/builds/{buildId}/tags/{*tag}", id::BUILD_TAGS,
        doc!("build/tags/delete-build-tag"), 200, Write(writes::<tags::DeleteOfBuild>)),
    row(tags::OfProject::NAME, "GET /{organization}/{project}/_apis/build/tags", id::TAGS,
        doc!("build/tags/get-tags"), 200, Read(reads::<tags::OfProject>)),
    row(tags::DeleteOfProject::NAME, "DELETE /{organization}/{project}/_apis/build/tags/{*tag}", id::TAGS,
        doc!("build/tags/delete-tag"), 200, Write(writes::<tags::DeleteOfProject>)),
    row(builds::Changes::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/changes", id::CHANGES,
        doc!("build/builds/get-build-changes"), 200, Works(works::<builds::Changes>)),
    anywhere(simulated(row(builds::UpdateStage::NAME, "PATCH /{organization}/{project}/_apis/build/builds/{buildId}/stages/{stageRefName}", id::STAGES,
        doc!("build/stages/update"), 204, Write(writes::<builds::UpdateStage>)))),
    row(builds::GetProperties::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/properties", id::BUILD_PROPERTIES,
        doc!("build/properties/get-build-properties"), 200, Read(reads::<builds::GetProperties>)),
    row(builds::UpdateProperties::NAME, "PATCH /{organization}/{project}/_apis/build/builds/{buildId}/properties", id::BUILD_PROPERTIES,
        doc!("build/properties/update-build-properties"), 200, Write(writes::<builds::UpdateProperties>)),
    row(builds::Latest::NAME, "GET /{organization}/{project}/_apis/build/latest/{*definition}", id::LATEST,
        doc!("build/latest/get"), 200, Read(reads::<builds::Latest>)),

    anywhere(row(repositories::Create::NAME, "POST /{organization}/{project}/_apis/git/repositories", id::REPOSITORIES,
        doc!("git/repositories/create"), 201, Write(writes::<repositories::Create>))),
    anywhere(row(repositories::List::NAME, "GET /{organization}/{project}/_apis/git/repositories", id::REPOSITORIES,
        doc!("git/repositories/list"), 200, Read(reads::<repositories::List>))),
    anywhere(row(repositories::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}", id::REPOSITORIES,
        doc!("git/repositories/get-repository"), 200, Read(reads::<repositories::Get>))),
    anywhere(row(repositories::Update::NAME, "PATCH /{organization}/{project}/_apis/git/repositories/{repositoryId}", id::REPOSITORIES,
        doc!("git/repositories/update"), 200, Works(works::<repositories::Update>))),
    anywhere(row(repositories::Delete::NAME, "DELETE /{organization}/{project}/_apis/git/repositories/{repositoryId}", id::REPOSITORIES,
        doc!("git/repositories/delete"), 204, Write(writes::<repositories::Delete>))),
    anywhere(row(refs::List::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs", id::REFS,
        doc!("git/refs/list"), 200, Read(reads::<refs::List>))),
    anywhere(row(refs::List::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs/{*filter}", id::REFS,
        doc!("git/refs/list"), 200, Read(reads::<refs::List>))),
    anywhere(row(refs::Update::NAME, "POST /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs", id::REFS,
        doc!("git/refs/update-refs"), 200, Works(works::<refs::Update>))),
    anywhere(row(refs::Lock::NAME, "PATCH /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs", id::REFS,
        doc!("git/refs/update-ref"), 200, Write(writes::<refs::Lock>))),
    anywhere(row(refs::Lock::NAME, "PATCH /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs/{*filter}", id::REFS,
        doc!("git/refs/update-ref"), 200, Write(writes::<refs::Lock>))),
    anywhere(row(pushes::Create::NAME, "POST /{organization}/{project}/_apis/git/repositories/{repositoryId}/pushes", id::PUSHES,
        doc!("git/pushes/create"), 201, Works(works::<pushes::Create>))),
    anywhere(row(pushes::List::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/pushes", id::PUSHES,
        doc!("git/pushes/list"), 200, Read(reads::<pushes::List>))),
    anywhere(row(pushes::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/pushes/{pushId}", id::PUSHES,
        doc!("git/pushes/get"), 200, Read(reads::<pushes::Get>))),
    anywhere(row(items::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/items", id::ITEMS,
        doc!("git/items/get"), 200, Works(works::<items::Get>))),
    anywhere(row(items::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/items/{*path}", id::ITEMS,
        doc!("git/items/get"), 200, Works(works::<items::Get>))),
    anywhere(row(commits::List::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/commits", id::COMMITS,
        doc!("git/commits/get-commits"), 200, Works(works::<commits::List>))),
    anywhere(row(commits::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/commits/{commitId}", id::COMMITS,
        doc!("git/commits/get"), 200, Works(works::<commits::Get>))),
    anywhere(row(commit_changes::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/commits/{commitId}/changes", id::COMMIT_CHANGES,
        doc!("git/commits/get-changes"), 200, Works(works::<commit_changes::Get>))),
    anywhere(row(branches::List::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/stats/branches", id::BRANCH_STATS,
        doc!("git/stats/list"), 200, Works(works::<branches::List>))),
    anywhere(row(diffs::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/diffs/commits", id::COMMIT_DIFFS,
        doc!("git/diffs/get"), 200, Works(works::<diffs::Get>))),
    anywhere(row(objects::Blob::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/blobs/{sha1}", id::BLOBS,
        doc!("git/blobs/get-blob"), 200, Works(works::<objects::Blob>))),
    anywhere(row(objects::Tree::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/trees/{sha1}", id::TREES,
        doc!("git/trees/get"), 200, Works(works::<objects::Tree>))),
    anywhere(row(objects::Tag::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/annotatedtags/{objectId}", id::ANNOTATED_TAGS,
        doc!("git/annotated-tags/get"), 200, Works(works::<objects::Tag>))),

    row(service_hooks::subscriptions::Create::NAME, "POST /{organization}/_apis/hooks/subscriptions", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/create"), 200, Write(writes::<service_hooks::subscriptions::Create>)),
    row(service_hooks::subscriptions::List::NAME, "GET /{organization}/_apis/hooks/subscriptions", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/list"), 200, Read(reads::<service_hooks::subscriptions::List>)),
    row(service_hooks::subscriptions::Get::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/get"), 200, Read(reads::<service_hooks::subscriptions::Get>)),
    row(service_hooks::subscriptions::Replace::NAME, "PUT /{organization}/_apis/hooks/subscriptions/{subscriptionId}", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/replace-subscription"), 200, Write(writes::<service_hooks::subscriptions::Replace>)),
    row(service_hooks::subscriptions::Replace::NAME, "PUT /{organization}/_apis/hooks/subscriptions", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/replace-subscription"), 200, Write(writes::<service_hooks::subscriptions::Replace>)),
    row(service_hooks::subscriptions::Delete::NAME, "DELETE /{organization}/_apis/hooks/subscriptions/{subscriptionId}", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/delete"), 204, Write(writes::<service_hooks::subscriptions::Delete>)),
    row(service_hooks::query::Query::NAME, "POST /{organization}/_apis/hooks/subscriptionsQuery", id::SUBSCRIPTIONS_QUERY,
        doc!("hooks/subscriptions/create-subscriptions-query"), 200, Read(reads::<service_hooks::query::Query>)),
    row(service_hooks::test::Create::NAME, "POST /{organization}/_apis/hooks/testNotifications", id::TEST_NOTIFICATIONS,
        doc!("hooks/notifications/create"), 200, Write(writes::<service_hooks::test::Create>)),
    row(service_hooks::notifications::List::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}/notifications", id::NOTIFICATIONS,
        doc!("hooks/notifications/list"), 200, Read(reads::<service_hooks::notifications::List>)),
    row(service_hooks::notifications::Get::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}/notifications/{notificationId}", id::NOTIFICATIONS,
        doc!("hooks/notifications/get"), 200, Read(reads::<service_hooks::notifications::Get>)),
    row(service_hooks::notifications::Query::NAME, "POST /{organization}/_apis/hooks/notificationsQuery", id::NOTIFICATIONS_QUERY,
        doc!("hooks/notifications/query"), 200, Read(reads::<service_hooks::notifications::Query>)),
    row(service_hooks::diagnostics::Get::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}/diagnostics", id::DIAGNOSTICS,
        doc!("hooks/diagnostics/get"), 200, Read(reads::<service_hooks::diagnostics::Get>)),
    row(service_hooks::diagnostics::Update::NAME, "PUT /{organization}/_apis/hooks/subscriptions/{subscriptionId}/diagnostics", id::DIAGNOSTICS,
        doc!("hooks/diagnostics/update"), 200, Write(writes::<service_hooks::diagnostics::Update>)),
    row(service_hooks::catalog::ListConsumers::NAME, "GET /{organization}/_apis/hooks/consumers", id::CONSUMERS,
        doc!("hooks/consumers/list"), 200, Read(reads::<service_hooks::catalog::ListConsumers>)),
    row(service_hooks::catalog::GetConsumer::NAME, "GET /{organization}/_apis/hooks/consumers/{consumerId}", id::CONSUMERS,
        doc!("hooks/consumers/get"), 200, Read(reads::<service_hooks::catalog::GetConsumer>)),
    row(service_hooks::catalog::ListActions::NAME, "GET /{organization}/_apis/hooks/consumers/{consumerId}/actions", id::ACTIONS,
        doc!("hooks/consumers/list-consumer-actions"), 200, Read(reads::<service_hooks::catalog::ListActions>)),
    row(service_hooks::catalog::GetAction::NAME, "GET /{organization}/_apis/hooks/consumers/{consumerId}/actions/{consumerActionId}", id::ACTIONS,
        doc!("hooks/consumers/get-consumer-action"), 200, Read(reads::<service_hooks::catalog::GetAction>)),
    row(service_hooks::catalog::ListPublishers::NAME, "GET /{organization}/_apis/hooks/publishers", id::PUBLISHERS,
        doc!("hooks/publishers/list"), 200, Read(reads::<service_hooks::catalog::ListPublishers>)),
    row(service_hooks::catalog::GetPublisher::NAME, "GET /{organization}/_apis/hooks/publishers/{publisherId}", id::PUBLISHERS,
        doc!("hooks/publishers/get"), 200, Read(reads::<service_hooks::catalog::GetPublisher>)),
    row(service_hooks::catalog::ListEventTypes::NAME, "GET /{organization}/_apis/hooks/publishers/{publisherId}/eventTypes", id::EVENT_TYPES,
        doc!("hooks/publishers/list-event-types"), 200, Read(reads::<service_hooks::catalog::ListEventTypes>)),
    row(service_hooks::catalog::GetEventType::NAME, "GET /{organization}/_apis/hooks/publishers/{publisherId}/eventTypes/{eventTypeId}", id::EVENT_TYPES,
        doc!("hooks/publishers/get-event-type"), 200, Read(reads::<service_hooks::catalog::GetEventType>)),
];

/// All operations.
pub static ROWS: &[Row] = TABLE;

/// Their facts, for coverage and documentation.
pub static INFOS: [OperationInfo; TABLE.len()] = {
    let mut infos = [TABLE[0].info; TABLE.len()];
    let mut i = 1;
    while i < TABLE.len() {
        infos[i] = TABLE[i].info;
        i += 1;
    }
    infos
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::locations;

    /// A location's template with area and resource put in, as a client would.
    fn filled(location: &locations::Location) -> Vec<String> {
        let template = format!("{{organization}}/{}", location.template);
        let put = |s: &str| match s {
            "{area}" => location.area.to_lowercase(),
            "{resource}" => location.resource.to_lowercase(),
            s => s.to_lowercase(),
        };
        template.split('/').map(put).collect()
    }

    #[test]
    fn every_route_is_its_published_location() {
        for row in ROWS {
            let whole = filled(locations::by_id(row.location).unwrap());
            let route: Vec<String> = row.path()[1..].split('/').map(str::to_lowercase).collect();
            // The template's last variable is optional.
            let last = whole.last().is_some_and(|s| s.starts_with('{'));
            let short = &whole[..whole.len() - usize::from(last)];
            assert!(route == whole || route == short, "{}: {route:?} {whole:?}", row.info.name);
        }
    }

    #[test]
    fn every_location_has_an_operation() {
        for location in locations::LOCATIONS {
            assert!(ROWS.iter().any(|r| r.location == location.id), "{}", location.template);
        }
    }

    #[test]
    fn no_two_rows_answer_the_same() {
        let mut seen = std::collections::BTreeSet::new();
        for row in ROWS {
            assert!(seen.insert(row.info.route.to_lowercase()), "{}", row.info.route);
        }
    }
}
