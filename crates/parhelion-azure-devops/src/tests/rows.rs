//! Every row of the specification's tables: each operation answers, every other method of its location is refused with 405.

use crate::{
    operations::ROWS,
    testing::Bench,
    wire::{
        locations,
        route::{self, Found, Place},
    },
};
use parhelion_core::Pace;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The methods of each location, as the specification's tables have them.
// OBSERVED: ids; PATCH of a definition's tags, and PATCH and DELETE of pools, are what clients send beside the table.
#[rustfmt::skip]
const LOCATIONS: &[(&str, &str)] = &[
    ("e81700f7-3be2-46de-8624-2eb35882fcaa", "GET"),
    ("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "GET"),
    ("44f7ed85-9a3a-4669-bd4c-312d021559f4", "POST"),
    ("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "GET POST PATCH DELETE"),
    ("93878975-88c5-4e6a-8abb-7ddd77a8a7d8", "GET"),
    ("4976a71a-4487-49aa-8aab-a1eda469037a", "GET PATCH"),
    ("d30a3dd1-f8ba-442a-b86a-bd0c0c383e59", "GET"),
    ("9a1b74b4-2ca8-4a9f-8470-c2f2e6fdc949", "GET"),
    ("14e48fdc-2c8b-41ce-a0c3-e26f6cc55bd0", "POST PUT PATCH DELETE"),
    ("e85f1c62-adfc-4b74-b618-11a150fb195e", "GET POST"),
    ("5a7938a4-655e-486c-b562-b78c54a7e87b", "GET"),
    ("10a16738-9299-4cd1-9a81-fd23ad6200d0", "GET"),
    ("28e1305e-2afe-47bf-abaf-cbb0e6a91988", "GET POST"),
    ("53df2d18-29ea-46a9-bee0-933540f80abf", "POST"),
    ("7859261e-d2e9-4a68-b820-a5d84cc5bb3d", "GET POST"),
    ("fb1b6d27-3957-43d5-a14b-a2d70403e545", "GET"),
    ("85023071-bd5e-4438-89b0-2a5bf362a19d", "GET"),
    ("0cd358e1-9217-4d94-8269-1c1ee6f93dcf", "GET POST PATCH DELETE"),
    ("dbeaf647-6167-421a-bda9-c9327b25e2e6", "GET POST PUT PATCH DELETE"),
    ("8baac422-4c6e-4de5-8532-db96d92acffa", "GET"),
    ("35a80daf-7f30-45fc-86e8-6b813d9c90df", "GET"),
    ("1db06c96-014e-44e1-ac91-90b2d4b3e984", "GET POST"),
    ("6e6114b2-8161-44c8-8f6c-c5505782427f", "GET PUT POST PATCH DELETE"),
    ("cb894432-134a-4d31-a839-83beceaace4b", "GET PUT POST PATCH DELETE"),
    ("d84ac5c6-edc7-43d5-adc9-1b34be5dea09", "GET DELETE"),
    ("54572c7b-bbd3-45d4-80dc-28be08941620", "GET"),
    ("b8aac6c9-744b-46e1-88fc-3550969f9313", "PATCH"),
    ("0a6312e9-0627-49b7-8083-7d74a64849c9", "GET PATCH"),
    ("7c116775-52e5-453e-8c5d-914d9762d8c4", "GET"),
    ("7c3df3a1-7e51-4150-8cf7-540347f8697f", "GET"),
    ("54481611-01f4-47f3-998f-160da0f0c229", "GET"),
    ("a906531b-d2da-4f55-bda7-f3e676cc50d9", "GET PUT POST DELETE"),
    ("398c85bc-81aa-4822-947c-a194a05f0fef", "GET PATCH"),
    ("ea623316-1967-45eb-89ab-e9e6110cf2d6", "GET PATCH"),
    ("c4aefd19-30ff-405b-80ad-aca021e7242a", "GET PATCH"),
    ("225f7195-f9c7-4d14-ab28-a83f7ff77e1f", "GET POST PATCH DELETE"),
    ("2d874a60-a811-4f62-9c9f-963a6ea0a55b", "GET POST PATCH"),
    ("ea98d07b-3c87-4971-8ede-a613694ffb55", "GET POST"),
    ("fb93c0db-47ed-4a31-8c20-47552878fb44", "GET"),
    ("c2570c3b-5b3f-41b8-98bf-5407bfde8d58", "GET"),
    ("d5b216de-d8d5-4d32-ae76-51df755b16d3", "GET"),
    ("ef5b7057-ffc3-4c77-bbad-c10b4a4abcc7", "POST PUT PATCH DELETE"),
    ("f5b09dd5-9d54-45a1-8b5a-1c8287d634cc", "GET POST PUT DELETE"),
    ("a8c47e17-4d56-4a56-92bb-de7ea7dc65be", "GET POST PATCH DELETE"),
    ("900fa995-c559-4923-aae7-f8424fe4fbea", "GET POST DELETE"),
    ("1f9990b9-1dba-441f-9c2e-6485888c42b6", "GET"),
    ("fc50d02a-849f-41fb-8af1-0a5216103269", "GET POST PUT DELETE"),
    ("c7c3c1cf-9e05-4c0d-a425-a0f922c2c6ed", "POST"),
    ("1139462c-7e27-4524-a997-31b9b73551fe", "POST"),
    ("0c62d343-21b0-4732-997b-017fde84dc28", "GET"),
    ("1a57562f-160a-4b5c-9185-905e95b39d36", "POST"),
    ("3b36bcb5-02ad-43c6-bbfa-6dfc6f8e9d68", "GET PUT"),
    ("4301c514-5f34-4f5d-a145-f0ea7b5b7d19", "GET"),
    ("c3428e90-7a69-4194-8ed8-0f153185ee0d", "GET"),
    ("1e83a210-5b53-43bc-90f0-d476a4e5d731", "GET"),
    ("db4777cd-8e08-4a84-8ba3-c974ea033718", "GET"),
];

/// One exchange for each operation, in an order in which each finds what it needs: the call, its body, the status.
/// `{endpoint}`, `{operation}` and `{scrum}` stand for ids.
#[rustfmt::skip]
fn exchanges() -> Vec<(&'static str, Value, u16)> {
    let webhook = json!({ "name": "W", "type": "incomingwebhook", "url": "https://dev.azure.com",
        "authorization": { "scheme": "None", "parameters": { "webhookname": "w" } } });
    let mut shared = webhook.clone();
    shared["name"] = json!("V");
    shared["serviceEndpointProjectReferences"] = json!([{ "projectReference": { "name": "P" }, "name": "V" }]);
    let yaml = json!({ "name": "two", "process": { "type": 2, "yamlFilename": "azure-pipelines.yml" } });
    let mut again = yaml.clone();
    again["revision"] = json!(1);
    let patch = json!([{ "op": "add", "path": "/a", "value": "b" }]);
    let hook = json!({ "publisherId": "tfs", "eventType": "build.complete", "consumerId": "webHooks",
        "consumerActionId": "httpRequest", "consumerInputs": { "url": "http://127.0.0.1:9/" } });
    let group = json!({ "name": "G", "variables": { "a": { "value": "1" } },
        "variableGroupProjectReferences": [{ "projectReference": { "name": "P" }, "name": "G" }] });
    let none = Value::Null;
    vec![
        ("GET _apis/ResourceAreas", none.clone(), 200),
        ("GET _apis/resourceareas/965220d5-5bb9-42cf-8d67-9b146df2a5a4", none.clone(), 200),
        ("GET _apis/connectionData", none.clone(), 200),
        ("POST _apis/public/distributedtask/webhooks/nope", json!({}), 500),
        ("POST _apis/projects", json!({ "name": "Q" }), 202),
        ("GET _apis/projects", none.clone(), 200),
        ("GET _apis/projects/Q", none.clone(), 200),
        ("PATCH _apis/projects/Q", json!({ "description": "d" }), 202),
        ("GET _apis/projects/Q/properties", none.clone(), 200),
        ("PATCH _apis/projects/Q/properties", patch.clone(), 204),
        ("GET _apis/projects/Q/teams", none.clone(), 200),
        ("GET _apis/projects/Q/teams/Q%20Team", none.clone(), 200),
        ("GET _apis/process/processes", none.clone(), 200),
        ("GET _apis/process/processes/{scrum}", none.clone(), 200),
        ("DELETE _apis/projects/Q", none.clone(), 202),
        ("GET _apis/operations/{operation}", none.clone(), 200),

        ("POST P/_apis/serviceendpoint/endpoints", webhook.clone(), 200),
        ("POST _apis/serviceendpoint/endpoints", shared, 200),
        ("GET P/_apis/serviceendpoint/endpoints", none.clone(), 200),
        ("GET P/_apis/serviceendpoint/endpoints/{endpoint}", none.clone(), 200),
        ("PUT _apis/serviceendpoint/endpoints/{endpoint}", webhook.clone(), 200),
        ("PUT _apis/serviceendpoint/endpoints", json!([]), 200),
        ("PATCH _apis/serviceendpoint/endpoints/{endpoint}", json!([]), 204),
        ("GET _apis/serviceendpoint/types", none.clone(), 200),
        ("GET P/_apis/serviceendpoint/{endpoint}/executionhistory", none.clone(), 200),
        ("DELETE _apis/serviceendpoint/endpoints/{endpoint}?projectIds=P", none.clone(), 204),

        ("POST P/_apis/build/definitions", yaml.clone(), 200),
        ("GET P/_apis/build/Definitions", none.clone(), 200),
        ("GET P/_apis/build/definitions/2", none.clone(), 200),
        ("PUT P/_apis/build/definitions/2", again, 200),
        ("GET P/_apis/build/definitions/2/revisions", none.clone(), 200),
        ("GET P/_apis/build/definitions/2/yaml", none.clone(), 200),
        ("POST P/_apis/build/definitions/2/tags", json!(["a", "b"]), 200),
        ("PUT P/_apis/build/definitions/2/tags/c/d", none.clone(), 200),
        ("PATCH P/_apis/build/definitions/2/tags", json!({ "tagsToRemove": ["a"] }), 200),
        ("GET P/_apis/build/definitions/2/tags", none.clone(), 200),
        ("DELETE P/_apis/build/definitions/2/tags/c%2Fd", none.clone(), 200),
        ("GET P/_apis/build/definitions/2/resources", none.clone(), 200),
        ("PATCH P/_apis/build/definitions/2/resources", json!([{ "type": "queue", "id": "1" }]), 200),
        ("GET P/_apis/build/authorizedresources", none.clone(), 200),
        ("PATCH P/_apis/build/authorizedresources", json!([{ "type": "queue", "id": 1 }]), 200),
        ("PUT P/_apis/build/folders?path=%5Ca", json!({ "description": "d" }), 200),
        ("PUT P/_apis/build/folders/%5Cb", json!({}), 200),
        ("POST P/_apis/build/folders?path=%5Ca", json!({ "path": "\\c" }), 200),
        ("POST P/_apis/build/folders/%5Cb", json!({ "description": "e" }), 200),
        ("GET P/_apis/build/folders", none.clone(), 200),
        ("GET P/_apis/build/folders/%5Cb", none.clone(), 200),
        ("DELETE P/_apis/build/folders?path=%5Cb", none.clone(), 204),
        ("DELETE P/_apis/build/folders/%5Cc", none.clone(), 204),
        ("GET P/_apis/build/generalSettings", none.clone(), 200),
        ("PATCH P/_apis/build/generalsettings", json!({ "enforceSettableVar": false }), 200),
        ("DELETE P/_apis/build/definitions/2", none.clone(), 204),
        ("PATCH P/_apis/build/definitions/2?deleted=false", none.clone(), 200),

        ("POST P/_apis/pipelines", json!({ "name": "three", "configuration": { "type": "yaml" } }), 200),
        ("GET P/_apis/Pipelines", none.clone(), 200),
        ("GET P/_apis/pipelines/1", none.clone(), 200),
        ("POST P/_apis/pipelines/1/preview", json!({}), 200),
        ("POST P/_apis/pipelines/1/runs", json!({}), 200),
        ("GET P/_apis/pipelines/1/runs", none.clone(), 200),
        ("GET P/_apis/pipelines/1/runs/1", none.clone(), 200),
        ("GET P/_apis/pipelines/1/runs/1/logs", none.clone(), 200),
        ("GET P/_apis/pipelines/1/runs/1/logs/1", none.clone(), 200),
        ("GET P/_apis/pipelines/1/runs/1/artifacts?artifactName=out", none.clone(), 200),

        ("POST P/_apis/build/builds", json!({ "definition": { "id": 1 } }), 200),
        ("GET P/_apis/build/builds", none.clone(), 200),
        ("GET P/_apis/build/Builds/1", none.clone(), 200),
        ("PATCH P/_apis/build/builds/1", json!({ "keepForever": false }), 200),
        ("PATCH P/_apis/build/builds", json!([{ "id": 1, "quality": "good" }]), 200),
        ("GET P/_apis/build/builds/1/timeline", none.clone(), 200),
        ("GET P/_apis/build/builds/1/timeline/6d15af64-176c-496d-b583-fd2ae21d4df4", none.clone(), 200),
        ("GET P/_apis/build/builds/1/logs", none.clone(), 200),
        ("GET P/_apis/build/builds/1/logs/1", none.clone(), 200),
        ("GET P/_apis/build/builds/1/artifacts", none.clone(), 200),
        ("POST P/_apis/build/builds/1/artifacts", json!({ "name": "x", "resource": { "type": "Container", "data": "#/1/x" } }), 200),
        ("GET P/_apis/build/builds/1/artifacts/x", none.clone(), 200),
        ("POST P/_apis/build/builds/1/tags", json!(["a"]), 200),
        ("PUT P/_apis/build/builds/1/tags/b", none.clone(), 200),
        ("PATCH P/_apis/build/builds/1/tags", json!({ "tagsToAdd": ["c"] }), 200),
        ("GET P/_apis/build/builds/1/tags", none.clone(), 200),
        ("DELETE P/_apis/build/builds/1/tags/b", none.clone(), 200),
        ("GET P/_apis/build/tags", none.clone(), 200),
        ("DELETE P/_apis/build/tags/c", none.clone(), 200),
        ("GET P/_apis/build/builds/1/changes", none.clone(), 200),
        ("PATCH P/_apis/build/builds/1/stages/__default", json!({ "state": "cancel" }), 204),
        ("GET P/_apis/build/builds/1/properties", none.clone(), 200),
        ("PATCH P/_apis/build/builds/1/properties", patch, 200),
        ("GET P/_apis/build/latest/one", none.clone(), 200),
        ("DELETE P/_apis/build/builds/2", none.clone(), 204),

        ("POST P/_apis/git/repositories", json!({ "name": "R" }), 201),
        ("GET P/_apis/git/repositories", none.clone(), 200),
        ("GET P/_apis/git/repositories/P", none.clone(), 200),
        ("PATCH P/_apis/git/repositories/R", json!({ "name": "S" }), 200),
        ("DELETE P/_apis/git/repositories/S", none.clone(), 204),
        ("GET P/_apis/git/repositories/P/refs", none.clone(), 200),
        ("GET P/_apis/git/repositories/P/refs/heads/main", none.clone(), 200),
        ("POST P/_apis/git/repositories/P/refs", json!([]), 200),
        ("PATCH P/_apis/git/repositories/P/refs?filter=heads/main", json!({ "isLocked": true }), 200),
        ("PATCH P/_apis/git/repositories/P/refs/heads/main", json!({ "isLocked": false }), 200),
        ("POST P/_apis/git/repositories/P/pushes", json!({
            "refUpdates": [{ "name": "refs/heads/new", "oldObjectId": "0000000000000000000000000000000000000000" }],
            "commits": [{ "comment": "[skip ci]", "changes": [{ "changeType": "add", "item": { "path": "/a" },
                "newContent": { "content": "a", "contentType": "rawtext" } }] }] }), 201),
        ("GET P/_apis/git/repositories/P/pushes", none.clone(), 200),
        ("GET P/_apis/git/repositories/P/pushes/1", none.clone(), 200),
        ("GET P/_apis/git/repositories/P/items?path=/azure-pipelines.yml", none.clone(), 200),
        ("GET P/_apis/git/repositories/P/items/azure-pipelines.yml", none.clone(), 200),
        ("GET P/_apis/git/repositories/P/commits", none.clone(), 200),
        ("GET P/_apis/git/repositories/P/commits/{commit}", none.clone(), 200),
        ("GET P/_apis/git/repositories/P/stats/branches", none.clone(), 200),

        ("POST _apis/distributedtask/variablegroups", group.clone(), 200),
        ("POST P/_apis/distributedtask/variablegroups", json!({ "name": "H", "variables": { "a": "1" } }), 200),
        ("GET P/_apis/distributedtask/variablegroups", none.clone(), 200),
        ("GET P/_apis/distributedtask/variablegroups/1", none.clone(), 200),
        ("PUT _apis/distributedtask/variablegroups/1", group.clone(), 200),
        ("PUT P/_apis/distributedtask/variablegroups/2", json!({ "name": "H", "variables": { "a": "2" } }), 200),
        ("PATCH _apis/distributedtask/variablegroups?variableGroupId=1", json!([]), 204),
        ("PATCH _apis/distributedtask/variablegroups/1", json!([]), 204),
        ("DELETE _apis/distributedtask/variablegroups/1?projectIds=P", none.clone(), 204),
        ("DELETE P/_apis/distributedtask/variablegroups/2", none.clone(), 204),
        ("POST _apis/distributedtask/pools", json!({ "name": "Mine" }), 200),
        ("GET _apis/distributedtask/pools", none.clone(), 200),
        ("GET _apis/distributedtask/pools/3", none.clone(), 200),
        ("PATCH _apis/distributedtask/pools/3", json!({ "autoProvision": true }), 200),
        ("POST P/_apis/distributedtask/queues", json!({ "pool": { "id": 3 } }), 200),
        ("GET P/_apis/distributedtask/queues", none.clone(), 200),
        ("GET P/_apis/distributedtask/queues/1", none.clone(), 200),
        ("DELETE P/_apis/distributedtask/queues/1", none.clone(), 204),
        ("DELETE _apis/distributedtask/pools/3", none.clone(), 204),
        ("GET _apis/distributedtask/yamlschema", none.clone(), 200),

        ("GET _apis/hooks/publishers", none.clone(), 200),
        ("GET _apis/hooks/publishers/tfs", none.clone(), 200),
        ("GET _apis/hooks/publishers/pipelines/eventTypes", none.clone(), 200),
        ("GET _apis/hooks/publishers/tfs/eventTypes/git.push", none.clone(), 200),
        ("GET _apis/hooks/consumers", none.clone(), 200),
        ("GET _apis/hooks/consumers/webHooks", none.clone(), 200),
        ("GET _apis/hooks/consumers/webHooks/actions", none.clone(), 200),
        ("GET _apis/hooks/consumers/webHooks/actions/httpRequest", none.clone(), 200),
        ("POST _apis/hooks/subscriptions", hook.clone(), 200),
        ("GET _apis/hooks/subscriptions", none.clone(), 200),
        ("GET _apis/hooks/subscriptions/{subscription}", none.clone(), 200),
        ("PUT _apis/hooks/subscriptions/{subscription}", hook.clone(), 200),
        ("POST _apis/hooks/subscriptionsQuery", json!({ "publisherId": "tfs" }), 200),
        ("POST _apis/hooks/testNotifications", json!({ "details": hook }), 200),
        ("GET _apis/hooks/subscriptions/00000000-0000-0000-0000-000000000000/notifications", none.clone(), 200),
        ("GET _apis/hooks/subscriptions/00000000-0000-0000-0000-000000000000/notifications/1", none.clone(), 200),
        ("POST _apis/hooks/notificationsQuery", json!({ "includeDetails": true }), 200),
        ("GET _apis/hooks/subscriptions/{subscription}/diagnostics", none.clone(), 200),
        ("PUT _apis/hooks/subscriptions/{subscription}/diagnostics", json!({ "evaluationTracing": { "enabled": true } }), 200),
        ("PUT _apis/hooks/subscriptions", json!({ "id": "{subscription}" }), 404),
        ("DELETE _apis/hooks/subscriptions/{subscription}", none, 204),
    ]
}

fn bench() -> Bench {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n- publish: x\n  artifact: out\n");
    bench.define("one");
    bench
}

/// The newest commit of the default branch.
fn tip(bench: &Bench) -> String {
    let refs = bench.get("/contoso/P/_apis/git/repositories/P/refs?filter=heads/main");
    refs["value"][0]["objectId"].as_str().unwrap().to_owned()
}

/// The row that a call leads to.
fn row_of(method: &str, path: &str) -> &'static str {
    let place = Place::read(path.split('?').next().unwrap()).unwrap();
    match route::find(&method.parse().unwrap(), &place) {
        Found::Operation(row, _) => row.info.route,
        other => panic!("{method} {path}: {other:?}"),
    }
}

#[test]
fn every_operation_of_the_tables_answers() {
    let bench = bench();
    let mut asked = BTreeSet::new();
    let commit = tip(&bench);
    let (mut endpoint, mut operation, mut subscription) = (String::new(), String::new(), String::new());
    for (line, body, status) in exchanges() {
        let (method, path) = line.split_once(' ').unwrap();
        let path = format!("/contoso/{path}")
            .replace("{endpoint}", &endpoint)
            .replace("{operation}", &operation)
            .replace("{subscription}", &subscription)
            .replace("{commit}", &commit)
            .replace("{scrum}", "6b724908-ef14-45cf-84f8-768b5384da45");
        asked.insert(row_of(method, &path));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = bench.send(method, &path, &[("content-type", "application/json")], body);
        assert_eq!(answer.status, status, "{line}: {}", answer.body);
        assert_eq!(answer.body.is_empty(), status == 204, "{line}");
        for name in ["x-tfs-processid", "activityid", "x-tfs-session", "x-vss-e2eid", "x-vss-userdata"] {
            assert!(answer.header(name).is_some(), "{line}: {name}");
        }
        let made = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
        match line {
            "POST P/_apis/serviceendpoint/endpoints" => endpoint = made["id"].as_str().unwrap().to_owned(),
            "POST _apis/hooks/subscriptions" => subscription = made["id"].as_str().unwrap().to_owned(),
            "DELETE _apis/projects/Q" => operation = made["id"].as_str().unwrap().to_owned(),
            _ => {}
        }
    }
    for row in ROWS.iter().filter(|r| LOCATIONS.iter().any(|(id, _)| *id == r.location)) {
        assert!(asked.contains(row.info.route), "{} was not asked", row.info.route);
    }
}

#[test]
fn every_location_has_the_methods_of_the_table_and_refuses_the_others() {
    let bench = bench();
    for (id, methods) in LOCATIONS {
        let location = locations::by_id(id).unwrap_or_else(|| panic!("{id} is not published"));
        let wanted: BTreeSet<&str> = methods.split(' ').collect();
        let rows: Vec<_> = ROWS.iter().filter(|r| r.location == *id).collect();
        let found: BTreeSet<&str> = rows.iter().map(|r| r.method()).collect();
        assert_eq!(found, wanted, "{}", location.template);
        for row in rows {
            let path: Vec<String> = row
                .path()
                .split('/')
                .map(|s| match s {
                    "{organization}" => "contoso".to_owned(),
                    "{project}" => "P".to_owned(),
                    s => s.trim_matches(['{', '}', '*']).to_owned(),
                })
                .collect();
            let path = path.join("/");
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let served = ROWS.iter().any(|r| r.path() == row.path() && r.method() == method);
                if served {
                    continue;
                }
                let answer = bench.send(method, &path, &[], "{}");
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.body);
                assert_eq!(answer.json()["typeKey"], "VssRequestMethodNotAllowedException");
                let allow = answer.header("allow").unwrap();
                assert!(allow.split(", ").any(|m| m == row.method()) && !allow.contains(method), "{allow}");
            }
        }
    }
}

#[test]
fn every_location_is_found_by_options_at_all_levels() {
    let bench = Bench::new();
    let ids = |path: &str| -> BTreeSet<String> {
        let list = bench.send("OPTIONS", path, &[], "").json();
        assert_eq!(list["count"], list["value"].as_array().unwrap().len());
        list["value"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids("/contoso/_apis");
    assert!(LOCATIONS.iter().all(|(id, _)| all.contains(*id)));
    assert_eq!(all, ids("/_apis"));
    assert_eq!(all, ids("/contoso/_apis?allHostTypes=True"));
    let mut by_area = BTreeSet::new();
    for area in [
        "Location",
        "core",
        "build",
        "pipelines",
        "serviceendpoint",
        "operations",
        "distributedtask",
        "git",
        "hooks",
        "environments",
        "PipelinesChecks",
        "approval",
        "pipelinePermissions",
    ] {
        let of_area = ids(&format!("/contoso/_apis/{}", area.to_uppercase()));
        assert!(!of_area.is_empty(), "{area}");
        by_area.extend(of_area);
    }
    assert_eq!(all, by_area);
}

#[test]
fn everything_is_asked_with_bad_input_and_nothing_panics() {
    let bench = bench();
    bench.pace("step", Pace::Manual);
    bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    let bodies: [&[u8]; 8] = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[null]",
        b"\"x\"",
        b"\xff\xfe",
        br#"{"name":{},"path":7,"status":[],"definition":{"id":-1},"tagsToAdd":{"a":1},"op":9}"#,
    ];
    let queries = [
        "",
        "?$top=-1",
        "?continuationToken=%ff&queryOrder=9&statusFilter=-7&$skip=18446744073709551615",
        "?deleted=x&path=%5C..%5C&retry=true",
    ];
    for row in ROWS.iter().filter(|r| LOCATIONS.iter().any(|(id, _)| *id == r.location)) {
        for value in ["1", "%F0%9F%98%80", "99999999999999999999"] {
            let path: Vec<String> = row
                .path()
                .split('/')
                .map(|s| match s {
                    "{organization}" => "contoso".to_owned(),
                    "{project}" => "P".to_owned(),
                    s if s.starts_with('{') => value.to_owned(),
                    s => s.to_owned(),
                })
                .collect();
            // The project itself stays, so that the rest has something to be wrong about.
            if row.method() == "DELETE" && value == "1" {
                continue;
            }
            for query in queries {
                for body in bodies {
                    let answer =
                        bench.send(row.method(), &format!("{}{query}", path.join("/")), &[], body.to_vec());
                    assert!(
                        answer.status < 502 && answer.status != 501,
                        "{} {body:?}: {}",
                        row.info.route,
                        answer.body
                    );
                    let webhook = row.location == locations::id::WEBHOOKS;
                    assert!(
                        answer.status < 500 || webhook || row.location == locations::id::PREVIEW,
                        "{} {query} {body:?}: {} {}",
                        row.info.route,
                        answer.status,
                        answer.body
                    );
                }
            }
        }
    }
}
