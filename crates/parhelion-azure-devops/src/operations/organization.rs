//! The organization, its projects, and the public webhook endpoint.

use super::{
    Run::{Read, Write},
    *,
};
use crate::{
    ops::{connection_data, operations, processes, project_properties, projects, resource_areas, teams},
    wire::{locations::id, webhook},
};

/// The organization, its projects, and the public webhook endpoint.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
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
];
