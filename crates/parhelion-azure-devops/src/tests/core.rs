//! Processes, teams, properties, folders, history, resources, settings, types and use of service endpoints.

use crate::testing::Bench;
use expect_test::expect;
use serde_json::{Value, json};

const D: &str = "/contoso/P/_apis/build/definitions";

/// A member of each item of a list.
fn all(list: &Value, member: &str) -> String {
    let items = list["value"].as_array().unwrap();
    Value::from(items.iter().map(|i| i[member].clone()).collect::<Vec<_>>()).to_string()
}

#[track_caller]
fn refused(bench: &Bench, line: &str, body: Value) -> String {
    let (status, answer) = bench.call(line, body);
    assert!(status >= 400, "{line}: {status} {answer}");
    format!("{status} {}: {}", answer["typeKey"].as_str().unwrap(), answer["message"].as_str().unwrap())
}

#[test]
fn processes_and_teams_are_those_that_there_are() {
    let bench = Bench::with_project("P");
    let processes = bench.get("/contoso/_apis/process/processes");
    assert_eq!(all(&processes, "name"), r#"["Agile","Scrum","Basic","CMMI"]"#);
    assert_eq!(all(&processes, "isDefault"), "[false,false,true,false]");
    let one = processes["value"][1].clone();
    assert_eq!(bench.get(&format!("/contoso/_apis/process/processes/{}", one["id"].as_str().unwrap())), one);
    assert!(
        refused(&bench, "GET /contoso/_apis/process/processes/x", Value::Null).starts_with("404 Process")
    );
    let teams = bench.get("/contoso/_apis/projects/P/teams");
    assert_eq!(all(&teams, "name"), r#"["P Team"]"#);
    let team = &teams["value"][0];
    assert_eq!(
        bench.get(&format!("/contoso/_apis/projects/p/teams/{}", team["id"].as_str().unwrap())),
        *team
    );
    assert_eq!(team["id"], bench.get("/contoso/_apis/projects/P")["defaultTeam"]["id"]);
    assert_eq!(bench.get("/contoso/_apis/projects/P/teams?$skip=1")["count"], 0);
    assert!(refused(&bench, "GET /contoso/_apis/projects/P/teams/x", Value::Null).starts_with("404 TeamNot"));
    assert!(refused(&bench, "GET /contoso/_apis/projects/Q/teams", Value::Null).starts_with("404 Project"));
}

#[test]
fn properties_of_a_project_are_patched() {
    let bench = Bench::with_project("P");
    let path = "/contoso/_apis/projects/P/properties";
    let patch = json!([{ "op": "add", "path": "/Team.Size", "value": 7 }, { "op": "add", "path": "/b", "value": "x" }]);
    assert_eq!(bench.send("PATCH", path, &[], patch.to_string()).status, 204);
    let found = bench.get(&format!("{path}?keys=team.*,System.Process%20Template"));
    assert_eq!(
        found["value"],
        json!([{ "name": "System.Process Template", "value": "Basic" }, { "name": "Team.Size", "value": 7 }])
    );
    let gone = json!([{ "op": "remove", "path": "/b" }]);
    assert_eq!(bench.send("PATCH", path, &[], gone.to_string()).status, 204);
    assert_eq!(bench.send("PATCH", path, &[], gone.to_string()).status, 400);
    assert_eq!(bench.get(&format!("{path}?keys=b"))["count"], 0);
}

#[test]
fn folders_are_made_moved_and_deleted_with_what_is_in_them() {
    let bench = Bench::with_project("P");
    let folders = "/contoso/P/_apis/build/folders";
    let paths = |query: &str| all(&bench.get(&format!("{folders}{query}")), "path");
    assert_eq!(paths(""), r#"["\\"]"#);
    let made = bench.ok(&format!("PUT {folders}?path=%5Ca%5Cb"), json!({ "description": "d" }));
    assert_eq!((&made["path"], &made["description"]), (&json!("\\a\\b"), &json!("d")));
    let definition = |name: &str, path: &str| json!({ "name": name, "path": path, "process": { "yamlFilename": "a.yml" } });
    bench.ok(&format!("POST {D}"), definition("x", "\\a\\b\\c"));
    assert_eq!(paths(""), r#"["\\","\\a","\\a\\b","\\a\\b\\c"]"#);
    assert_eq!(paths("/%5Ca%5Cb?queryOrder=folderDescending"), r#"["\\a\\b\\c","\\a\\b"]"#);
    let moved = bench.ok(&format!("POST {folders}?path=%5CA%5CB"), json!({ "path": "new" }));
    assert_eq!((&moved["path"], &moved["description"]), (&json!("\\new"), &json!("d")));
    assert_eq!(paths(""), r#"["\\","\\new","\\new\\c"]"#);
    assert_eq!(bench.get(&format!("{D}/1"))["path"], "\\new\\c");
    bench.ok(&format!("PUT {folders}/%5Cother"), Value::Null);
    for (line, body, says) in [
        (format!("PUT {folders}/new"), json!({}), "409 FolderExistsException"),
        (format!("PUT {folders}"), json!({}), "400 VssProperty"),
        (format!("PUT {folders}/a%3Cb"), json!({}), "400 VssProperty"),
        (format!("POST {folders}/nope"), json!({}), "404 FolderNotFoundException"),
        (format!("POST {folders}/new"), json!({ "path": "\\OTHER" }), "409 FolderExistsException"),
        (format!("POST {folders}/new"), json!({ "path": "\\new\\below" }), "409 FolderExistsException"),
        (format!("DELETE {folders}/nope"), Value::Null, "404 FolderNotFoundException"),
        (format!("DELETE {folders}"), Value::Null, "400 VssProperty"),
    ] {
        assert!(refused(&bench, &line, body).starts_with(says), "{line}");
    }
    assert_eq!(bench.send("DELETE", &format!("{folders}?path=%5Cnew"), &[], "").status, 204);
    assert_eq!((paths(""), bench.get(D)["count"].clone()), (r#"["\\","\\other"]"#.to_owned(), json!(0)));
    let told = bench.facts(&["project.changed"]);
    assert!(told.contains("folder \\new was deleted with 1 definitions"), "{told}");
}

#[test]
fn a_definition_has_revisions_yaml_and_comes_back() {
    let bench = Bench::with_project("P");
    bench.define("one");
    assert!(
        refused(&bench, &format!("GET {D}/1/yaml"), Value::Null)
            .starts_with("400 PipelineValidationException")
    );
    bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n");
    assert_eq!(bench.get(&format!("{D}/1/yaml")), json!({ "yaml": "steps:\n- script: echo\n" }));
    let mut changed = bench.get(&format!("{D}/1"));
    changed["name"] = json!("renamed");
    changed["comment"] = json!("because");
    bench.ok(&format!("PUT {D}/1"), changed);
    let revisions = bench.get(&format!("{D}/1/revisions"));
    assert_eq!(all(&revisions, "name"), r#"["one","renamed"]"#);
    assert_eq!(all(&revisions, "changeType"), r#"["add","update"]"#);
    assert_eq!(revisions["value"][1]["comment"], "because");
    bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    assert!(refused(&bench, &format!("PATCH {D}/1"), Value::Null).contains("deleted must be false"));
    assert!(refused(&bench, &format!("PATCH {D}/1?deleted=false"), Value::Null).starts_with("404"));
    assert_eq!(bench.send("DELETE", &format!("{D}/1"), &[], "").status, 204);
    assert_eq!(bench.call(&format!("GET {D}/1"), Value::Null).0, 404);
    let back = bench.ok(&format!("PATCH {D}/1?deleted=false"), Value::Null);
    assert_eq!((&back["name"], &back["revision"]), (&json!("renamed"), &json!(3)));
    assert_eq!(bench.get("/contoso/P/_apis/build/builds")["count"], 0);
    // A name that was taken meanwhile stays taken.
    bench.send("DELETE", &format!("{D}/1"), &[], "");
    bench.define("renamed");
    assert!(
        refused(&bench, &format!("PATCH {D}/1?deleted=false"), Value::Null)
            .starts_with("409 DefinitionExists")
    );
}

#[test]
fn definitions_are_listed_by_use_and_with_their_builds() {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n");
    bench.define("b");
    bench.define("a");
    bench.advance(60);
    bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 2 } }));
    let names = |query: &str| all(&bench.get(&format!("{D}{query}")), "name");
    for (query, expected) in [
        ("?builtAfter=2026-01-01T00:00:30Z", r#"["a"]"#),
        ("?builtAfter=2026-01-02T00:00:00Z", "[]"),
        ("?notBuiltAfter=2026-01-01T00:00:30Z", r#"["b"]"#),
        ("?repositoryType=tfsgit&queryOrder=4", r#"["b","a"]"#),
        ("?repositoryType=GitHub", "[]"),
        ("?queryOrder=LastModifiedAscending", r#"["b","a"]"#),
        ("?processType=1", "[]"),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    let listed = bench.get(&format!("{D}?includeLatestBuilds=true&name=a"));
    assert_eq!(listed["value"][0]["latestBuild"]["id"], 1);
    assert_eq!(bench.get(&format!("{D}/2?includeLatestBuilds=true"))["latestCompletedBuild"]["id"], 1);
    assert!(bench.get(&format!("{D}/1?includeLatestBuilds=true")).get("latestBuild").is_none());
    for bad in ["?queryOrder=x", "?continuationToken=%25", "?builtAfter=x", "?definitionIds=x"] {
        assert_eq!(bench.call(&format!("GET {D}{bad}"), Value::Null).0, 400, "{bad}");
    }
    let answer = bench.send("GET", "/contoso/P/_apis/pipelines?$top=1&orderBy=name%20desc", &[], "");
    let token = answer.header("x-ms-continuationtoken").unwrap();
    let next =
        bench.get(&format!("/contoso/P/_apis/pipelines?orderBy=name%20desc&continuationToken={token}"));
    assert_eq!((all(&answer.json(), "name"), all(&next, "name")), (r#"["b"]"#.into(), r#"["a"]"#.into()));
}

#[test]
fn resources_are_authorized_for_all_or_one() {
    let bench = Bench::with_project("P");
    bench.define("one");
    let connection = bench.connect("C", "hook", "", "");
    let id = connection["id"].as_str().unwrap();
    let all_of = "/contoso/P/_apis/build/authorizedresources";
    let given = json!([{ "type": "Endpoint", "id": id, "authorized": true }, { "type": "queue", "id": 2 }]);
    let done = bench.ok(&format!("PATCH {all_of}"), given);
    assert_eq!(all(&done, "name"), r#"["C","Azure Pipelines"]"#);
    assert_eq!(all(&bench.get(&format!("{all_of}?type=endpoint&id={id}")), "authorized"), "[true]");
    let of_one = format!("{D}/1/resources");
    bench.ok(&format!("PATCH {of_one}"), json!([{ "type": "endpoint", "id": id }]));
    assert_eq!(bench.get(&of_one)["count"], 1);
    let done =
        bench.ok(&format!("PATCH {of_one}"), json!([{ "type": "endpoint", "id": id, "authorized": false }]));
    assert_eq!(
        (all(&done, "authorized"), bench.get(&of_one)["count"].clone()),
        ("[false]".to_owned(), json!(0))
    );
    assert_eq!(bench.get(all_of)["count"], 2);
    assert!(refused(&bench, &format!("PATCH {all_of}"), json!([{ "id": "1" }])).starts_with("400"));
    assert!(refused(&bench, &format!("GET {D}/9/resources"), Value::Null).starts_with("404 DefinitionNot"));
}

#[test]
fn general_settings_are_read_and_set() {
    let bench = Bench::with_project("P");
    let path = "/contoso/P/_apis/build/generalSettings";
    assert_eq!(bench.get(path)["enforceSettableVar"], true);
    let set = bench.ok(
        &format!("PATCH {path}"),
        json!({ "enforceSettableVar": false, "statusBadgesArePrivate": null, "other": 1 }),
    );
    assert_eq!((&set["enforceSettableVar"], &set["statusBadgesArePrivate"]), (&json!(false), &json!(true)));
    assert_eq!(bench.get(path), set);
    assert!(
        refused(&bench, &format!("PATCH {path}"), json!({ "publishPipelineMetadata": "yes" }))
            .contains("publishPipelineMetadata")
    );
    // Then a run may set any variable.
    bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n");
    bench.define("one");
    bench.ok("POST /contoso/P/_apis/pipelines/1/runs", json!({ "variables": { "x": { "value": "1" } } }));
    bench.ok(&format!("PATCH {path}"), json!({ "enforceSettableVar": true }));
    let (status, _) = bench
        .call("POST /contoso/P/_apis/pipelines/1/runs", json!({ "variables": { "x": { "value": "1" } } }));
    assert_eq!(status, 400);
}

#[test]
fn endpoint_types_are_described() {
    let bench = Bench::with_project("P");
    let types =
        |query: &str| all(&bench.get(&format!("/contoso/_apis/serviceendpoint/types{query}")), "name");
    assert_eq!(types("?type=IncomingWebhook"), r#"["incomingwebhook"]"#);
    assert_eq!(types("?scheme=None"), r#"["incomingwebhook"]"#);
    assert_eq!(types("?type=generic&scheme=None"), "[]");
    let webhook = bench.get("/contoso/_apis/serviceendpoint/types?type=incomingwebhook");
    let inputs = &webhook["value"][0]["authenticationSchemes"][0]["inputDescriptors"];
    let shown: Vec<String> = inputs
        .as_array()
        .unwrap()
        .iter()
        .map(|i| format!("{} {} {}", i["id"], i["isConfidential"], i["validation"]["isRequired"]))
        .collect();
    expect![[r#"
        "webhookname" false true
        "secret" true false
        "header" false false"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn the_runs_that_a_webhook_started_are_its_connections_history() {
    let bench = super::webhooks::bench(super::webhooks::YAML, "", "");
    let id = bench.get("/contoso/P/_apis/serviceendpoint/endpoints")["value"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/contoso/P/_apis/serviceendpoint/{id}/executionhistory");
    assert_eq!(bench.get(&path)["count"], 0);
    bench.send("POST", super::webhooks::URL, &[], super::webhooks::BODY);
    bench.send("POST", super::webhooks::URL, &[], super::webhooks::BODY);
    bench.ok("POST /contoso/P/_apis/pipelines/1/runs", json!({ "yamlOverride": "steps: []" }));
    let history = bench.get(&path);
    assert_eq!(history["count"], 2);
    let data = &history["value"][0]["data"];
    assert_eq!(
        (&data["owner"]["id"], &data["definition"]["id"], &data["result"]),
        (&json!(2), &json!(1), &json!("succeeded"))
    );
    let first = bench.send("GET", &format!("{path}?top=1"), &[], "");
    assert_eq!(
        (first.json()["count"].clone(), first.header("x-ms-continuationtoken")),
        (json!(1), Some("1"))
    );
    assert_eq!(bench.get(&format!("{path}?top=1&continuationToken=1"))["value"][0]["data"]["owner"]["id"], 1);
    assert!(
        refused(&bench, "GET /contoso/P/_apis/serviceendpoint/x/executionhistory", Value::Null)
            .starts_with("404 ServiceEndpoint")
    );
}
