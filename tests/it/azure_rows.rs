//! Every row of the specification's table of Azure DevOps operations: published as the real service publishes it, and
//! served by the methods that it names.

use parhelion_testkit::TestServer;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Location id, area, resource name, template, resource version, least version, whether it is a preview only, methods.
type Row = (&'static str, &'static str, &'static str, &'static str, u64, &'static str, bool, &'static str);

// OBSERVED: the real service's own answer to OPTIONS, as the specification has it.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1, "3.2", true, "GET"),
    ("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "Location", "ConnectionData", "_apis/{resource}", 1, "1.0", true, "GET"),
    ("44f7ed85-9a3a-4669-bd4c-312d021559f4", "distributedtask", "webhooks", "_apis/public/{area}/{resource}/{webHookId}", 1, "6.0", true, "POST"),
    ("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "core", "projects", "_apis/{resource}/{*projectId}", 4, "1.0", false, "GET POST PATCH DELETE"),
    ("93878975-88c5-4e6a-8abb-7ddd77a8a7d8", "core", "processes", "_apis/process/{resource}/{*processId}", 1, "1.0", false, "GET"),
    ("4976a71a-4487-49aa-8aab-a1eda469037a", "core", "properties", "_apis/projects/{projectId}/{resource}", 1, "3.2", true, "GET PATCH"),
    ("d30a3dd1-f8ba-442a-b86a-bd0c0c383e59", "core", "teams", "_apis/projects/{projectId}/{resource}/{*teamId}", 3, "1.0", false, "GET"),
    ("9a1b74b4-2ca8-4a9f-8470-c2f2e6fdc949", "operations", "operations", "_apis/{resource}/{operationId}", 1, "2.0", false, "GET"),
    ("14e48fdc-2c8b-41ce-a0c3-e26f6cc55bd0", "serviceendpoint", "endpoints", "_apis/{area}/{resource}/{endpointId}", 4, "5.2", false, "POST PUT PATCH DELETE"),
    ("e85f1c62-adfc-4b74-b618-11a150fb195e", "serviceendpoint", "endpoints", "{project}/_apis/{area}/{resource}/{endpointId}", 4, "4.1", false, "GET POST"),
    ("5a7938a4-655e-486c-b562-b78c54a7e87b", "serviceendpoint", "types", "_apis/{area}/{resource}", 1, "4.1", false, "GET"),
    ("10a16738-9299-4cd1-9a81-fd23ad6200d0", "serviceendpoint", "executionhistory", "{project}/_apis/{area}/{endpointId}/{resource}", 1, "4.1", false, "GET"),
    ("28e1305e-2afe-47bf-abaf-cbb0e6a91988", "Pipelines", "pipelines", "{project}/_apis/{area}/{pipelineId}", 1, "5.1", false, "GET POST"),
    ("53df2d18-29ea-46a9-bee0-933540f80abf", "pipelines", "preview", "{project}/_apis/{area}/{pipelineId}/{resource}", 2, "5.1", false, "POST"),
    ("7859261e-d2e9-4a68-b820-a5d84cc5bb3d", "Pipelines", "runs", "{project}/_apis/{area}/{pipelineId}/{resource}/{runId}", 2, "5.1", false, "GET POST"),
    ("fb1b6d27-3957-43d5-a14b-a2d70403e545", "Pipelines", "logs", "{project}/_apis/{area}/{pipelineId}/runs/{runId}/{resource}/{logId}", 1, "5.1", false, "GET"),
    ("85023071-bd5e-4438-89b0-2a5bf362a19d", "Pipelines", "artifacts", "{project}/_apis/{area}/{pipelineId}/runs/{runId}/{resource}", 1, "5.2", false, "GET"),
    ("0cd358e1-9217-4d94-8269-1c1ee6f93dcf", "Build", "Builds", "{project}/_apis/build/{resource}/{buildId}", 7, "1.0", false, "GET POST PATCH DELETE"),
    ("dbeaf647-6167-421a-bda9-c9327b25e2e6", "Build", "Definitions", "{project}/_apis/build/{resource}/{definitionId}", 7, "1.0", false, "GET POST PUT PATCH DELETE"),
    ("8baac422-4c6e-4de5-8532-db96d92acffa", "build", "Timeline", "{project}/_apis/{area}/builds/{buildId}/{resource}/{timelineId}", 3, "2.0", false, "GET"),
    ("35a80daf-7f30-45fc-86e8-6b813d9c90df", "build", "logs", "{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}", 2, "2.0", false, "GET"),
    ("1db06c96-014e-44e1-ac91-90b2d4b3e984", "build", "artifacts", "{project}/_apis/{area}/builds/{buildId}/{resource}/{artifactName}", 5, "2.0", false, "GET POST"),
    ("6e6114b2-8161-44c8-8f6c-c5505782427f", "build", "tags", "{project}/_apis/{area}/builds/{buildId}/{resource}/{*tag}", 3, "2.0", false, "GET PUT POST PATCH DELETE"),
    ("cb894432-134a-4d31-a839-83beceaace4b", "build", "tags", "{project}/_apis/{area}/definitions/{definitionId}/{resource}/{*tag}", 3, "3.1", false, "GET PUT POST DELETE"),
    ("d84ac5c6-edc7-43d5-adc9-1b34be5dea09", "build", "tags", "{project}/_apis/{area}/{resource}/{*tag}", 3, "2.0", false, "GET DELETE"),
    ("54572c7b-bbd3-45d4-80dc-28be08941620", "build", "changes", "{project}/_apis/{area}/builds/{buildId}/{resource}", 2, "2.0", false, "GET"),
    ("b8aac6c9-744b-46e1-88fc-3550969f9313", "build", "stages", "{project}/_apis/{area}/builds/{buildId}/{resource}/{stageRefName}", 5, "5.2", false, "PATCH"),
    ("0a6312e9-0627-49b7-8083-7d74a64849c9", "build", "properties", "{project}/_apis/{area}/builds/{buildId}/{resource}", 1, "3.2", false, "GET PATCH"),
    ("7c116775-52e5-453e-8c5d-914d9762d8c4", "build", "revisions", "{project}/_apis/{area}/definitions/{definitionId}/{resource}", 3, "2.0", false, "GET"),
    ("7c3df3a1-7e51-4150-8cf7-540347f8697f", "build", "yaml", "{project}/_apis/{area}/definitions/{definitionId}/{resource}", 1, "6.0", false, "GET"),
    ("54481611-01f4-47f3-998f-160da0f0c229", "build", "latest", "{project}/_apis/{area}/{resource}/{*definition}", 1, "5.0", true, "GET"),
    ("a906531b-d2da-4f55-bda7-f3e676cc50d9", "build", "folders", "{project}/_apis/{area}/{resource}/{*path}", 2, "3.0", true, "GET PUT POST DELETE"),
    ("398c85bc-81aa-4822-947c-a194a05f0fef", "build", "authorizedresources", "{project}/_apis/{area}/{resource}", 1, "5.0", true, "GET PATCH"),
    ("ea623316-1967-45eb-89ab-e9e6110cf2d6", "build", "resources", "{project}/_apis/{area}/definitions/{definitionId}/{resource}", 1, "5.0", true, "GET PATCH"),
    ("c4aefd19-30ff-405b-80ad-aca021e7242a", "build", "generalSettings", "{project}/_apis/{area}/{resource}", 1, "6.0", false, "GET PATCH"),
    ("225f7195-f9c7-4d14-ab28-a83f7ff77e1f", "git", "repositories", "{project}/_apis/{area}/{resource}/{repositoryId}", 1, "1.0", false, "GET POST PATCH DELETE"),
    ("2d874a60-a811-4f62-9c9f-963a6ea0a55b", "git", "refs", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*filter}", 2, "1.0", false, "GET POST PATCH"),
    ("ea98d07b-3c87-4971-8ede-a613694ffb55", "git", "pushes", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{pushId}", 3, "1.0", false, "GET POST"),
    ("fb93c0db-47ed-4a31-8c20-47552878fb44", "git", "items", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*path}", 1, "1.0", false, "GET"),
    ("c2570c3b-5b3f-41b8-98bf-5407bfde8d58", "git", "commits", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{commitId}", 2, "1.0", false, "GET"),
    ("d5b216de-d8d5-4d32-ae76-51df755b16d3", "git", "branchStats", "{project}/_apis/{area}/repositories/{repositoryId}/stats/branches", 2, "1.0", false, "GET"),
    ("ef5b7057-ffc3-4c77-bbad-c10b4a4abcc7", "distributedtask", "variablegroups", "_apis/{area}/{resource}/{groupId}", 2, "5.2", false, "POST PUT PATCH DELETE"),
    ("f5b09dd5-9d54-45a1-8b5a-1c8287d634cc", "distributedtask", "variablegroups", "{project}/_apis/{area}/{resource}/{groupId}", 2, "3.1", false, "GET POST PUT DELETE"),
    ("8572b1fc-2482-47fa-8f74-7e3ed53ee54b", "distributedtask", "environments", "{project}/_apis/{area}/{resource}/{environmentId}", 1, "5.0", false, "GET POST PATCH DELETE"),
    ("d86b72de-d240-4d6f-8d06-08c2d66b015d", "environments", "environments", "{project}/_apis/pipelines/{resource}/{environmentId}", 1, "5.2", false, "GET POST PATCH DELETE"),
    ("a8c47e17-4d56-4a56-92bb-de7ea7dc65be", "distributedtask", "pools", "_apis/{area}/{resource}/{poolId}", 1, "1.0", false, "GET POST"),
    ("900fa995-c559-4923-aae7-f8424fe4fbea", "distributedtask", "queues", "{project}/_apis/{area}/{resource}/{queueId}", 1, "2.0", false, "GET POST DELETE"),
    ("1f9990b9-1dba-441f-9c2e-6485888c42b6", "distributedtask", "yamlschema", "_apis/{area}/{resource}", 1, "5.0", false, "GET"),
    ("86c8381e-5aee-4cde-8ae4-25c0c7f5eaea", "PipelinesChecks", "configurations", "{project}/_apis/pipelines/checks/{resource}/{id}", 1, "5.1", true, "GET POST PATCH DELETE"),
    ("5f3d0e64-f943-4584-8811-77eb495e831e", "PipelinesChecks", "queryconfigurations", "{project}/_apis/pipelines/checks/{resource}", 1, "5.2", true, "POST"),
    ("91282c1d-c183-444f-9554-1485bfb3879d", "PipelinesChecks", "runs", "{project}/_apis/pipelines/checks/{resource}/{checkSuiteId}", 1, "5.1", true, "GET POST"),
    ("37794717-f36f-4d78-b2bf-4dc30d0cfbcd", "approval", "approvals", "{project}/_apis/pipelines/{resource}/{approvalId}", 2, "5.1", false, "GET PATCH"),
    ("b5b9a4a4-e6cd-4096-853c-ab7d8b0c4eb2", "pipelinePermissions", "pipelinePermissions", "{project}/_apis/pipelines/{resource}/{resourceType}/{resourceId}", 1, "5.1", true, "GET PATCH"),
    ("fc50d02a-849f-41fb-8af1-0a5216103269", "hooks", "subscriptions", "_apis/{area}/{resource}/{subscriptionId}", 1, "1.0", false, "GET POST PUT DELETE"),
    ("c7c3c1cf-9e05-4c0d-a425-a0f922c2c6ed", "hooks", "subscriptionsQuery", "_apis/{area}/{resource}", 1, "1.0", false, "POST"),
    ("1139462c-7e27-4524-a997-31b9b73551fe", "hooks", "testNotifications", "_apis/{area}/{resource}/{notificationId}", 1, "1.0", false, "POST"),
    ("0c62d343-21b0-4732-997b-017fde84dc28", "hooks", "notifications", "_apis/{area}/subscriptions/{subscriptionId}/{resource}/{notificationId}", 1, "1.0", false, "GET"),
    ("1a57562f-160a-4b5c-9185-905e95b39d36", "hooks", "notificationsQuery", "_apis/{area}/{resource}", 1, "1.0", false, "POST"),
    ("3b36bcb5-02ad-43c6-bbfa-6dfc6f8e9d68", "hooks", "Diagnostics", "_apis/{area}/subscriptions/{subscriptionId}/diagnostics", 1, "4.1", false, "GET PUT"),
    ("4301c514-5f34-4f5d-a145-f0ea7b5b7d19", "hooks", "consumers", "_apis/{area}/{resource}/{consumerId}", 1, "1.0", false, "GET"),
    ("c3428e90-7a69-4194-8ed8-0f153185ee0d", "hooks", "actions", "_apis/{area}/consumers/{consumerId}/{resource}/{consumerActionId}", 1, "1.0", false, "GET"),
    ("1e83a210-5b53-43bc-90f0-d476a4e5d731", "hooks", "publishers", "_apis/{area}/{resource}/{publisherId}", 1, "1.0", false, "GET"),
    ("db4777cd-8e08-4a84-8ba3-c974ea033718", "hooks", "eventTypes", "_apis/{area}/publishers/{publisherId}/{resource}/{eventTypeId}", 1, "1.0", false, "GET"),
];

/// The path of a call: area and resource put in, the project `P`, and `1` for every other variable; without the last
/// segment where `short` is asked for and that is a variable.
fn path(row: &Row, short: bool) -> String {
    let (_, area, resource, template, ..) = row;
    let mut segments: Vec<&str> = template.split('/').collect();
    if short && segments.last().is_some_and(|last| last.starts_with('{')) {
        segments.pop();
    }
    let filled = segments.into_iter().map(|segment| match segment {
        "{area}" => area,
        "{resource}" => resource,
        "{project}" => "P",
        segment if segment.starts_with('{') => "1",
        segment => segment,
    });
    format!("/contoso/{}", filled.collect::<Vec<_>>().join("/"))
}

#[tokio::test]
async fn every_row_is_published_and_served_by_its_methods() {
    let server = TestServer::start().await;
    let api = server.main();
    api.post("/contoso/_apis/projects", &json!({ "name": "P" })).await.want(202);
    let published = api.call("OPTIONS", "/contoso/_apis").await.want(200).json();
    let by_id: BTreeMap<&str, &Value> =
        published["value"].as_array().unwrap().iter().map(|l| (l["id"].as_str().unwrap(), l)).collect();
    let mut wrong = Vec::new();
    for row in ROWS {
        let (id, area, resource, template, version, least, preview, methods) = *row;
        let expected = json!({
            "id": id, "area": area, "resourceName": resource, "routeTemplate": template,
            "resourceVersion": version, "minVersion": least, "maxVersion": "7.2",
            "releasedVersion": if preview { "0.0" } else { "7.1" },
        });
        if by_id.get(id) != Some(&&expected) {
            wrong.push(format!("{template} is published as {:?}", by_id.get(id)));
        }
        for method in methods.split(' ') {
            let mut answers = Vec::new();
            for short in [false, true] {
                let answer = api.call(method, &path(row, short)).body("application/json", "{}").await;
                let key = match answer.status {
                    404 | 405 | 501 => answer.json()["typeKey"].as_str().unwrap_or_default().to_owned(),
                    _ => String::new(),
                };
                let missing =
                    ["HttpException", "VssRequestMethodNotAllowedException"].contains(&key.as_str());
                answers.push(!missing && answer.status != 501);
            }
            if !answers.contains(&true) {
                wrong.push(format!("{method} {template} is not served"));
            }
            // What the calls before have deleted.
            api.post("/contoso/_apis/projects", &json!({ "name": "P" })).await;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
