//! The service's own location ids, and what it publishes about each (azure-devops.md 3).
//!
//! Clients find a resource by its id in the `OPTIONS` answer and keep that answer for hours, on disk too: a
//! published location is never taken away or given another route.

use super::version::{MAX_TEXT, RELEASED_TEXT};
use serde_json::{Value, json};

/// A resource as `OPTIONS` publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The id by which clients look it up.
    pub id: &'static str,
    /// The area, in the service's own case.
    pub area: &'static str,
    /// The resource's name, in the service's own case.
    pub resource: &'static str,
    /// What follows the organization in its URL.
    pub template: &'static str,
    /// The newest revision of its previews.
    pub resource_version: u32,
    /// The oldest version that is served.
    pub min_version: &'static str,
    /// Whether it is more than a preview.
    pub released: bool,
}

// OBSERVED: the real service's OPTIONS answer of January 2025.
const fn released(
    id: &'static str,
    area: &'static str,
    resource: &'static str,
    template: &'static str,
    resource_version: u32,
    min_version: &'static str,
) -> Location {
    Location { id, area, resource, template, resource_version, min_version, released: true }
}
const fn preview(
    id: &'static str,
    area: &'static str,
    resource: &'static str,
    template: &'static str,
    resource_version: u32,
    min_version: &'static str,
) -> Location {
    Location { id, area, resource, template, resource_version, min_version, released: false }
}

/// Ids that the table of operations refers to.
pub mod id {
    pub const RESOURCE_AREAS: &str = "e81700f7-3be2-46de-8624-2eb35882fcaa";
    pub const CONNECTION_DATA: &str = "00d9565f-ed9c-4a06-9a50-00e7896ccab4";
    pub const WEBHOOKS: &str = "44f7ed85-9a3a-4669-bd4c-312d021559f4";
    pub const PROJECTS: &str = "603fe2ac-9723-48b9-88ad-09305aa6c6e1";
    pub const OPERATIONS: &str = "9a1b74b4-2ca8-4a9f-8470-c2f2e6fdc949";
    pub const ENDPOINTS: &str = "14e48fdc-2c8b-41ce-a0c3-e26f6cc55bd0";
    pub const PROJECT_ENDPOINTS: &str = "e85f1c62-adfc-4b74-b618-11a150fb195e";
    pub const PIPELINES: &str = "28e1305e-2afe-47bf-abaf-cbb0e6a91988";
    pub const PREVIEW: &str = "53df2d18-29ea-46a9-bee0-933540f80abf";
    pub const RUNS: &str = "7859261e-d2e9-4a68-b820-a5d84cc5bb3d";
    pub const RUN_LOGS: &str = "fb1b6d27-3957-43d5-a14b-a2d70403e545";
    pub const BUILDS: &str = "0cd358e1-9217-4d94-8269-1c1ee6f93dcf";
    pub const DEFINITIONS: &str = "dbeaf647-6167-421a-bda9-c9327b25e2e6";
    pub const TIMELINE: &str = "8baac422-4c6e-4de5-8532-db96d92acffa";
    pub const BUILD_LOGS: &str = "35a80daf-7f30-45fc-86e8-6b813d9c90df";
    pub const PROCESSES: &str = "93878975-88c5-4e6a-8abb-7ddd77a8a7d8";
    pub const PROJECT_PROPERTIES: &str = "4976a71a-4487-49aa-8aab-a1eda469037a";
    pub const TEAMS: &str = "d30a3dd1-f8ba-442a-b86a-bd0c0c383e59";
    pub const ENDPOINT_TYPES: &str = "5a7938a4-655e-486c-b562-b78c54a7e87b";
    pub const ENDPOINT_HISTORY: &str = "10a16738-9299-4cd1-9a81-fd23ad6200d0";
    pub const RUN_ARTIFACTS: &str = "85023071-bd5e-4438-89b0-2a5bf362a19d";
    pub const BUILD_ARTIFACTS: &str = "1db06c96-014e-44e1-ac91-90b2d4b3e984";
    pub const BUILD_TAGS: &str = "6e6114b2-8161-44c8-8f6c-c5505782427f";
    pub const DEFINITION_TAGS: &str = "cb894432-134a-4d31-a839-83beceaace4b";
    pub const TAGS: &str = "d84ac5c6-edc7-43d5-adc9-1b34be5dea09";
    pub const CHANGES: &str = "54572c7b-bbd3-45d4-80dc-28be08941620";
    pub const STAGES: &str = "b8aac6c9-744b-46e1-88fc-3550969f9313";
    pub const BUILD_PROPERTIES: &str = "0a6312e9-0627-49b7-8083-7d74a64849c9";
    pub const REVISIONS: &str = "7c116775-52e5-453e-8c5d-914d9762d8c4";
    pub const YAML: &str = "7c3df3a1-7e51-4150-8cf7-540347f8697f";
    pub const LATEST: &str = "54481611-01f4-47f3-998f-160da0f0c229";
    pub const FOLDERS: &str = "a906531b-d2da-4f55-bda7-f3e676cc50d9";
    pub const AUTHORIZED_RESOURCES: &str = "398c85bc-81aa-4822-947c-a194a05f0fef";
    pub const DEFINITION_RESOURCES: &str = "ea623316-1967-45eb-89ab-e9e6110cf2d6";
    pub const GENERAL_SETTINGS: &str = "c4aefd19-30ff-405b-80ad-aca021e7242a";
    pub const REPOSITORIES: &str = "225f7195-f9c7-4d14-ab28-a83f7ff77e1f";
    pub const REFS: &str = "2d874a60-a811-4f62-9c9f-963a6ea0a55b";
    pub const PUSHES: &str = "ea98d07b-3c87-4971-8ede-a613694ffb55";
    pub const ITEMS: &str = "fb93c0db-47ed-4a31-8c20-47552878fb44";
    pub const COMMITS: &str = "c2570c3b-5b3f-41b8-98bf-5407bfde8d58";
    pub const COMMIT_CHANGES: &str = "5bf884f5-3e07-42e9-afb8-1b872267bf16";
    pub const BRANCH_STATS: &str = "d5b216de-d8d5-4d32-ae76-51df755b16d3";
    pub const COMMIT_DIFFS: &str = "615588d5-c0c7-4b88-88f8-e625306446e8";
    pub const ITEMS_BATCH: &str = "630fd2e4-fb88-4f85-ad21-13f3fd1fbca9";
    pub const COMMITS_BATCH: &str = "6400dfb2-0bcb-462b-b992-5a57f8f1416c";
    pub const MERGE_BASES: &str = "7cf2abb6-c964-4f7e-9872-f78c66e72e9c";
    pub const BLOBS: &str = "7b28e929-2c99-405d-9c5c-6167a06e6816";
    pub const TREES: &str = "729f6437-6f92-44ec-8bee-273a7111063c";
    pub const ANNOTATED_TAGS: &str = "5e8a8081-3851-4626-b677-9891cc04102e";
    pub const VARIABLE_GROUPS: &str = "ef5b7057-ffc3-4c77-bbad-c10b4a4abcc7";
    pub const PROJECT_VARIABLE_GROUPS: &str = "f5b09dd5-9d54-45a1-8b5a-1c8287d634cc";
    pub const POOLS: &str = "a8c47e17-4d56-4a56-92bb-de7ea7dc65be";
    pub const QUEUES: &str = "900fa995-c559-4923-aae7-f8424fe4fbea";
    pub const YAML_SCHEMA: &str = "1f9990b9-1dba-441f-9c2e-6485888c42b6";
    pub const ENVIRONMENTS: &str = "8572b1fc-2482-47fa-8f74-7e3ed53ee54b";
    pub const PIPELINE_ENVIRONMENTS: &str = "d86b72de-d240-4d6f-8d06-08c2d66b015d";
    pub const DEPLOYMENTS: &str = "51bb5d21-4305-4ea6-9dbb-b7488af73334";
    pub const KUBERNETES: &str = "73fba52f-15ab-42b3-a538-ce67a9223a04";
    pub const PIPELINE_KUBERNETES: &str = "73fba52f-33ab-42b3-a538-ce67a9223b15";
    pub const CHECKS: &str = "86c8381e-5aee-4cde-8ae4-25c0c7f5eaea";
    pub const CHECKS_QUERY: &str = "5f3d0e64-f943-4584-8811-77eb495e831e";
    pub const CHECK_RUNS: &str = "91282c1d-c183-444f-9554-1485bfb3879d";
    pub const APPROVALS: &str = "37794717-f36f-4d78-b2bf-4dc30d0cfbcd";
    pub const PERMISSIONS: &str = "b5b9a4a4-e6cd-4096-853c-ab7d8b0c4eb2";
    pub const SUBSCRIPTIONS: &str = "fc50d02a-849f-41fb-8af1-0a5216103269";
    pub const SUBSCRIPTIONS_QUERY: &str = "c7c3c1cf-9e05-4c0d-a425-a0f922c2c6ed";
    pub const TEST_NOTIFICATIONS: &str = "1139462c-7e27-4524-a997-31b9b73551fe";
    pub const NOTIFICATIONS: &str = "0c62d343-21b0-4732-997b-017fde84dc28";
    pub const NOTIFICATIONS_QUERY: &str = "1a57562f-160a-4b5c-9185-905e95b39d36";
    pub const DIAGNOSTICS: &str = "3b36bcb5-02ad-43c6-bbfa-6dfc6f8e9d68";
    pub const CONSUMERS: &str = "4301c514-5f34-4f5d-a145-f0ea7b5b7d19";
    pub const ACTIONS: &str = "c3428e90-7a69-4194-8ed8-0f153185ee0d";
    pub const PUBLISHERS: &str = "1e83a210-5b53-43bc-90f0-d476a4e5d731";
    pub const EVENT_TYPES: &str = "db4777cd-8e08-4a84-8ba3-c974ea033718";
}

/// Every location that is served.
#[rustfmt::skip]
pub static LOCATIONS: &[Location] = &[
    preview(id::RESOURCE_AREAS, "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1, "3.2"),
    preview(id::CONNECTION_DATA, "Location", "ConnectionData", "_apis/{resource}", 1, "1.0"),
    preview(id::WEBHOOKS, "distributedtask", "webhooks", "_apis/public/{area}/{resource}/{webHookId}", 1, "6.0"),
    released(id::PROJECTS, "core", "projects", "_apis/{resource}/{*projectId}", 4, "1.0"),
    released(id::PROCESSES, "core", "processes", "_apis/process/{resource}/{*processId}", 1, "1.0"),
    preview(id::PROJECT_PROPERTIES, "core", "properties", "_apis/projects/{projectId}/{resource}", 1, "3.2"),
    released(id::TEAMS, "core", "teams", "_apis/projects/{projectId}/{resource}/{*teamId}", 3, "1.0"),
    released(id::OPERATIONS, "operations", "operations", "_apis/{resource}/{operationId}", 1, "2.0"),
    released(id::ENDPOINTS, "serviceendpoint", "endpoints", "_apis/{area}/{resource}/{endpointId}", 4, "5.2"),
    released(id::PROJECT_ENDPOINTS, "serviceendpoint", "endpoints", "{project}/_apis/{area}/{resource}/{endpointId}", 4, "4.1"),
    released(id::ENDPOINT_TYPES, "serviceendpoint", "types", "_apis/{area}/{resource}", 1, "4.1"),
    released(id::ENDPOINT_HISTORY, "serviceendpoint", "executionhistory", "{project}/_apis/{area}/{endpointId}/{resource}", 1, "4.1"),
    released(id::PIPELINES, "Pipelines", "pipelines", "{project}/_apis/{area}/{pipelineId}", 1, "5.1"),
    released(id::PREVIEW, "pipelines", "preview", "{project}/_apis/{area}/{pipelineId}/{resource}", 2, "5.1"),
    released(id::RUNS, "Pipelines", "runs", "{project}/_apis/{area}/{pipelineId}/{resource}/{runId}", 2, "5.1"),
    released(id::RUN_LOGS, "Pipelines", "logs", "{project}/_apis/{area}/{pipelineId}/runs/{runId}/{resource}/{logId}", 1, "5.1"),
    released(id::RUN_ARTIFACTS, "Pipelines", "artifacts", "{project}/_apis/{area}/{pipelineId}/runs/{runId}/{resource}", 1, "5.2"),
    released(id::BUILDS, "Build", "Builds", "{project}/_apis/build/{resource}/{buildId}", 7, "1.0"),
    released(id::DEFINITIONS, "Build", "Definitions", "{project}/_apis/build/{resource}/{definitionId}", 7, "1.0"),
    released(id::TIMELINE, "build", "Timeline", "{project}/_apis/{area}/builds/{buildId}/{resource}/{timelineId}", 3, "2.0"),
    released(id::BUILD_LOGS, "build", "logs", "{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}", 2, "2.0"),
    released(id::BUILD_ARTIFACTS, "build", "artifacts", "{project}/_apis/{area}/builds/{buildId}/{resource}/{artifactName}", 5, "2.0"),
    released(id::BUILD_TAGS, "build", "tags", "{project}/_apis/{area}/builds/{buildId}/{resource}/{*tag}", 3, "2.0"),
    // CHOICE: the service writes {DefinitionId}; the Python and JavaScript clients know the value as definitionId, and would
    // leave the segment out.
    released(id::DEFINITION_TAGS, "build", "tags", "{project}/_apis/{area}/definitions/{definitionId}/{resource}/{*tag}", 3, "3.1"),
    released(id::TAGS, "build", "tags", "{project}/_apis/{area}/{resource}/{*tag}", 3, "2.0"),
    released(id::CHANGES, "build", "changes", "{project}/_apis/{area}/builds/{buildId}/{resource}", 2, "2.0"),
    released(id::STAGES, "build", "stages", "{project}/_apis/{area}/builds/{buildId}/{resource}/{stageRefName}", 5, "5.2"),
    released(id::BUILD_PROPERTIES, "build", "properties", "{project}/_apis/{area}/builds/{buildId}/{resource}", 1, "3.2"),
    released(id::REVISIONS, "build", "revisions", "{project}/_apis/{area}/definitions/{definitionId}/{resource}", 3, "2.0"),
    released(id::YAML, "build", "yaml", "{project}/_apis/{area}/definitions/{definitionId}/{resource}", 1, "6.0"),
    preview(id::LATEST, "build", "latest", "{project}/_apis/{area}/{resource}/{*definition}", 1, "5.0"),
    preview(id::FOLDERS, "build", "folders", "{project}/_apis/{area}/{resource}/{*path}", 2, "3.0"),
    preview(id::AUTHORIZED_RESOURCES, "build", "authorizedresources", "{project}/_apis/{area}/{resource}", 1, "5.0"),
    preview(id::DEFINITION_RESOURCES, "build", "resources", "{project}/_apis/{area}/definitions/{definitionId}/{resource}", 1, "5.0"),
    released(id::GENERAL_SETTINGS, "build", "generalSettings", "{project}/_apis/{area}/{resource}", 1, "6.0"),
    released(id::REPOSITORIES, "git", "repositories", "{project}/_apis/{area}/{resource}/{repositoryId}", 1, "1.0"),
    released(id::REFS, "git", "refs", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*filter}", 2, "1.0"),
    released(id::PUSHES, "git", "pushes", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{pushId}", 3, "1.0"),
    released(id::ITEMS, "git", "items", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*path}", 1, "1.0"),
    released(id::COMMITS, "git", "commits", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{commitId}", 2, "1.0"),
    released(id::COMMIT_CHANGES, "git", "changes", "{project}/_apis/{area}/repositories/{repositoryId}/commits/{commitId}/{resource}", 1, "1.0"),
    released(id::BRANCH_STATS, "git", "branchStats", "{project}/_apis/{area}/repositories/{repositoryId}/stats/branches", 2, "1.0"),
    released(id::COMMIT_DIFFS, "git", "commitDiffs", "{project}/_apis/{area}/repositories/{repositoryId}/diffs/commits", 1, "1.0"),
    // The clients' ids, the documentation's routes.
    released(id::ITEMS_BATCH, "git", "itemsBatch", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}", 1, "1.0"),
    released(id::COMMITS_BATCH, "git", "commitsBatch", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}", 1, "1.0"),
    released(id::MERGE_BASES, "git", "mergeBases", "{project}/_apis/{area}/repositories/{repositoryNameOrId}/commits/{commitId}/{resource}", 1, "4.1"),
    released(id::BLOBS, "git", "blobs", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{sha1}", 1, "1.0"),
    released(id::TREES, "git", "trees", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{sha1}", 1, "1.0"),
    released(id::ANNOTATED_TAGS, "git", "annotatedTags", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{objectId}", 1, "3.1"),
    released(id::VARIABLE_GROUPS, "distributedtask", "variablegroups", "_apis/{area}/{resource}/{groupId}", 2, "5.2"),
    released(id::PROJECT_VARIABLE_GROUPS, "distributedtask", "variablegroups", "{project}/_apis/{area}/{resource}/{groupId}", 2, "3.1"),
    released(id::POOLS, "distributedtask", "pools", "_apis/{area}/{resource}/{poolId}", 1, "1.0"),
    released(id::QUEUES, "distributedtask", "queues", "{project}/_apis/{area}/{resource}/{queueId}", 1, "2.0"),
    released(id::YAML_SCHEMA, "distributedtask", "yamlschema", "_apis/{area}/{resource}", 1, "5.0"),
    released(id::ENVIRONMENTS, "distributedtask", "environments", "{project}/_apis/{area}/{resource}/{environmentId}", 1, "5.0"),
    released(id::PIPELINE_ENVIRONMENTS, "environments", "environments", "{project}/_apis/pipelines/{resource}/{environmentId}", 1, "5.2"),
    released(id::DEPLOYMENTS, "distributedtask", "environmentdeploymentRecords", "{project}/_apis/{area}/environments/{environmentId}/{resource}", 1, "5.0"),
    preview(id::KUBERNETES, "distributedtask", "kubernetes", "{project}/_apis/{area}/environments/{environmentId}/providers/{resource}/{resourceId}", 1, "5.0"),
    preview(id::PIPELINE_KUBERNETES, "environments", "kubernetes", "{project}/_apis/pipelines/environments/{environmentId}/providers/{resource}/{resourceId}", 2, "5.2"),
    preview(id::CHECKS, "PipelinesChecks", "configurations", "{project}/_apis/pipelines/checks/{resource}/{id}", 1, "5.1"),
    preview(id::CHECKS_QUERY, "PipelinesChecks", "queryconfigurations", "{project}/_apis/pipelines/checks/{resource}", 1, "5.2"),
    preview(id::CHECK_RUNS, "PipelinesChecks", "runs", "{project}/_apis/pipelines/checks/{resource}/{checkSuiteId}", 1, "5.1"),
    released(id::APPROVALS, "approval", "approvals", "{project}/_apis/pipelines/{resource}/{approvalId}", 2, "5.1"),
    preview(id::PERMISSIONS, "pipelinePermissions", "pipelinePermissions", "{project}/_apis/pipelines/{resource}/{resourceType}/{resourceId}", 1, "5.1"),
    released(id::SUBSCRIPTIONS, "hooks", "subscriptions", "_apis/{area}/{resource}/{subscriptionId}", 1, "1.0"),
    released(id::SUBSCRIPTIONS_QUERY, "hooks", "subscriptionsQuery", "_apis/{area}/{resource}", 1, "1.0"),
    released(id::TEST_NOTIFICATIONS, "hooks", "testNotifications", "_apis/{area}/{resource}/{notificationId}", 1, "1.0"),
    released(id::NOTIFICATIONS, "hooks", "notifications", "_apis/{area}/subscriptions/{subscriptionId}/{resource}/{notificationId}", 1, "1.0"),
    released(id::NOTIFICATIONS_QUERY, "hooks", "notificationsQuery", "_apis/{area}/{resource}", 1, "1.0"),
    released(id::DIAGNOSTICS, "hooks", "Diagnostics", "_apis/{area}/subscriptions/{subscriptionId}/diagnostics", 1, "4.1"),
    released(id::CONSUMERS, "hooks", "consumers", "_apis/{area}/{resource}/{consumerId}", 1, "1.0"),
    released(id::ACTIONS, "hooks", "actions", "_apis/{area}/consumers/{consumerId}/{resource}/{consumerActionId}", 1, "1.0"),
    released(id::PUBLISHERS, "hooks", "publishers", "_apis/{area}/{resource}/{publisherId}", 1, "1.0"),
    released(id::EVENT_TYPES, "hooks", "eventTypes", "_apis/{area}/publishers/{publisherId}/{resource}/{eventTypeId}", 1, "1.0"),
];

/// The location of an id.
pub fn by_id(id: &str) -> Option<&'static Location> {
    LOCATIONS.iter().find(|l| l.id == id)
}

/// The entries of an `OPTIONS` answer, of one area if one is named (ignoring case).
pub fn published(area: Option<&str>) -> Vec<Value> {
    let wanted = |l: &&Location| area.is_none_or(|a| a.eq_ignore_ascii_case(l.area));
    LOCATIONS
        .iter()
        .filter(wanted)
        .map(|l| {
            json!({
                "id": l.id,
                "area": l.area,
                "resourceName": l.resource,
                "routeTemplate": l.template,
                "resourceVersion": l.resource_version,
                "minVersion": l.min_version,
                "maxVersion": MAX_TEXT,
                "releasedVersion": if l.released { RELEASED_TEXT } else { "0.0" },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_guids() {
        let ids: BTreeSet<_> = LOCATIONS.iter().map(|l| l.id).collect();
        assert_eq!(ids.len(), LOCATIONS.len());
        assert!(ids.iter().all(|i| uuid::Uuid::parse_str(i).is_ok()));
    }

    #[test]
    fn an_area_is_found_in_any_case() {
        assert_eq!(published(Some("PIPELINES")).len(), 5);
        assert_eq!(published(Some("nope")).len(), 0);
        assert_eq!(published(None).len(), LOCATIONS.len());
    }
}
