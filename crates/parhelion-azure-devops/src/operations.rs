//! The table of operations: route, location, what runs it, what stands behind it.
//!
//! To add one: its location in `wire/locations.rs`, a row here, its file in `ops/`, error variants if new.

use crate::{
    error::{Error, Result},
    ops::{
        builds, commits, connection_data, definitions, endpoints, items, operations, pipelines, projects,
        pushes,
    },
    ops::{refs, repositories, resource_areas, runs},
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
// OBSERVED: git calls of the clients may leave the project out when the repository is named by its id.
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

    simulated(row(builds::Queue::NAME, "POST /{organization}/{project}/_apis/build/builds", id::BUILDS,
        doc!("build/builds/queue"), 200, Works(works::<builds::Queue>))),
    row(builds::List::NAME, "GET /{organization}/{project}/_apis/build/builds", id::BUILDS,
        doc!("build/builds/list"), 200, Read(reads::<builds::List>)),
    row(builds::Get::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}", id::BUILDS,
        doc!("build/builds/get"), 200, Read(reads::<builds::Get>)),
    simulated(row(builds::GetTimeline::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/timeline", id::TIMELINE,
        doc!("build/timeline/get"), 200, Read(reads::<builds::GetTimeline>))),
    simulated(row(builds::GetTimeline::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/timeline/{timelineId}", id::TIMELINE,
        doc!("build/timeline/get"), 200, Read(reads::<builds::GetTimeline>))),
    simulated(row(builds::GetLogs::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/logs", id::BUILD_LOGS,
        doc!("build/builds/get-build-logs"), 200, Read(reads::<builds::GetLogs>))),
    simulated(row(builds::GetLog::NAME, "GET /{organization}/{project}/_apis/build/builds/{buildId}/logs/{logId}", id::BUILD_LOGS,
        doc!("build/builds/get-build-log"), 200, Read(reads::<builds::GetLog>))),

    anywhere(row(repositories::Create::NAME, "POST /{organization}/{project}/_apis/git/repositories", id::REPOSITORIES,
        doc!("git/repositories/create"), 201, Write(writes::<repositories::Create>))),
    anywhere(row(repositories::List::NAME, "GET /{organization}/{project}/_apis/git/repositories", id::REPOSITORIES,
        doc!("git/repositories/list"), 200, Read(reads::<repositories::List>))),
    anywhere(row(repositories::Get::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}", id::REPOSITORIES,
        doc!("git/repositories/get-repository"), 200, Read(reads::<repositories::Get>))),
    anywhere(row(repositories::Delete::NAME, "DELETE /{organization}/{project}/_apis/git/repositories/{repositoryId}", id::REPOSITORIES,
        doc!("git/repositories/delete"), 204, Write(writes::<repositories::Delete>))),
    anywhere(row(refs::List::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs", id::REFS,
        doc!("git/refs/list"), 200, Read(reads::<refs::List>))),
    anywhere(row(refs::List::NAME, "GET /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs/{*filter}", id::REFS,
        doc!("git/refs/list"), 200, Read(reads::<refs::List>))),
    anywhere(row(refs::Update::NAME, "POST /{organization}/{project}/_apis/git/repositories/{repositoryId}/refs", id::REFS,
        doc!("git/refs/update-refs"), 200, Works(works::<refs::Update>))),
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
