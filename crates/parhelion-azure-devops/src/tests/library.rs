//! Variable groups, agent pools and queues, and the schema.

use crate::testing::{Bench, golden};
use expect_test::expect;
use serde_json::{Value, json};

fn group(name: &str, variables: Value) -> Value {
    json!({
        "name": name,
        "type": "Vsts",
        "description": "d",
        "variables": variables,
        "variableGroupProjectReferences": [{ "projectReference": { "name": "P" }, "name": name, "description": "d" }],
    })
}

#[test]
fn a_group_never_tells_its_secrets() {
    let bench = Bench::with_project("P");
    let variables = json!({ "open": { "value": "1" }, "key": { "value": "s3cret", "isSecret": true } });
    let made = bench.ok("POST /contoso/_apis/distributedtask/variablegroups", group("G", variables));
    expect![[r#"
        {
          "variables": {
            "key": {
              "isSecret": true,
              "value": null
            },
            "open": {
              "value": "1"
            }
          },
          "id": 1,
          "type": "Vsts",
          "name": "G",
          "description": "d",
          "createdBy": {
            "displayName": "Parhelion User",
            "url": "http://localhost/contoso/_apis/Identities/{{id:1}}",
            "id": "{{id:1}}",
            "uniqueName": "user@example.com",
            "imageUrl": "http://localhost/contoso/_api/_common/identityImage?id={{id:1}}",
            "descriptor": "msa.{{id:1}}"
          },
          "createdOn": "2026-01-01T00:00:00Z",
          "modifiedBy": {
            "displayName": "Parhelion User",
            "url": "http://localhost/contoso/_apis/Identities/{{id:1}}",
            "id": "{{id:1}}",
            "uniqueName": "user@example.com",
            "imageUrl": "http://localhost/contoso/_api/_common/identityImage?id={{id:1}}",
            "descriptor": "msa.{{id:1}}"
          },
          "modifiedOn": "2026-01-01T00:00:00Z",
          "isShared": false,
          "variableGroupProjectReferences": [
            {
              "projectReference": {
                "id": "{{id:2}}",
                "name": "P"
              },
              "name": "G",
              "description": "d"
            }
          ]
        }"#]]
    .assert_eq(&golden(&made));
    let path = "/contoso/P/_apis/distributedtask/variablegroups";
    for told in [bench.get(path), bench.get(&format!("{path}/1")), bench.dump(false)] {
        assert!(!told.to_string().contains("s3cret"), "{told}");
    }
    assert!(bench.dump(true).to_string().contains("s3cret"));
    let journal = serde_json::to_string(&bench.journal()).unwrap();
    assert!(journal.contains("variable_group.created") && !journal.contains("s3cret"), "{journal}");
}

/// What the store holds: name, value, secret.
fn held(bench: &Bench) -> Vec<(String, String, bool)> {
    let store = bench.store();
    let group = store.variable_groups.values().next().unwrap().clone();
    group.variables.iter().map(|(n, v)| (n.clone(), v.value.clone(), v.is_secret)).collect()
}

#[test]
fn replacing_a_group_keeps_the_secrets_that_come_back_empty() {
    let bench = Bench::with_project("P");
    let variables = json!({ "a": { "value": "1" }, "key": { "value": "k", "isSecret": true } });
    bench.ok("POST /contoso/_apis/distributedtask/variablegroups", group("G", variables));
    let put = "PUT /contoso/_apis/distributedtask/variablegroups/1";
    let of = |name: &str, value: &str, secret: bool| (name.to_owned(), value.to_owned(), secret);
    for given in [
        json!({ "isSecret": true }),
        json!({ "isSecret": true, "value": null }),
        json!({ "isSecret": true, "value": "" }),
    ] {
        bench.ok(put, group("G", json!({ "key": given, "b": "plain" })));
        assert_eq!(held(&bench), [of("b", "plain", false), of("key", "k", true)]);
    }
    bench.ok(put, group("G", json!({ "KEY": { "isSecret": true }, "b": { "isSecret": true } })));
    assert_eq!(held(&bench), [of("KEY", "k", true), of("b", "plain", true)]);
    bench.ok(put, group("G", json!({ "KEY": { "value": "now open" } })));
    assert_eq!(held(&bench), [of("KEY", "now open", false)]);
}

#[test]
fn what_cannot_be_a_group_is_refused() {
    let bench = Bench::with_project("P");
    let good = || json!({ "a": { "value": "1" } });
    let post = "POST /contoso/_apis/distributedtask/variablegroups";
    bench.ok(post, group("Taken", good()));
    let with = |member: &str, value: Value| {
        let mut body = group("N", good());
        body[member] = value;
        body
    };
    let nowhere = json!([{ "projectReference": { "name": "Nope" }, "name": "N" }]);
    let unnamed = json!([{ "name": "N" }]);
    let long = json!({ "a": "x".repeat(2 * 1024 * 1024) });
    for (body, status, key, text) in [
        (group("taken", good()), 409, "VariableGroupExistsException", "already exists"),
        (with("variables", json!({})), 400, "ArgumentException", "must have at least one variable defined"),
        (with("variables", json!({ "a": "1", "A": "2" })), 400, "ArgumentException", "more than once"),
        (with("variables", json!({ " ": "1" })), 400, "ArgumentException", "is empty"),
        (with("variables", json!({ "a": 7 })), 400, "VssPropertyValidationException", "could not be read"),
        (with("variables", long), 400, "ArgumentException", "bytes"),
        (
            with("type", json!("Other")),
            400,
            "ArgumentException",
            "Variable group type Other is not supported.",
        ),
        (with("variableGroupProjectReferences", json!([])), 400, "ArgumentException", "Atleast one"),
        (
            with("variableGroupProjectReferences", unnamed),
            400,
            "ArgumentException",
            "Project information name",
        ),
        (
            with("variableGroupProjectReferences", nowhere),
            404,
            "ProjectDoesNotExistWithNameException",
            "TF200016",
        ),
        (json!([]), 400, "VssPropertyValidationException", "not an object"),
    ] {
        let (s, answer) = bench.call(post, body);
        assert_eq!((s, answer["typeKey"].as_str().unwrap()), (status, key), "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(text), "{answer}");
    }
    for (line, status) in [
        ("PUT /contoso/_apis/distributedtask/variablegroups/9", 404),
        ("DELETE /contoso/_apis/distributedtask/variablegroups/9?projectIds=P", 404),
        ("DELETE /contoso/_apis/distributedtask/variablegroups/1", 400),
        ("GET /contoso/_apis/distributedtask/variablegroups/1", 405),
        ("GET /contoso/P/_apis/distributedtask/variablegroups?groupIds=x", 400),
    ] {
        assert_eq!(bench.call(line, Value::Null).0, status, "{line}");
    }
    // OBSERVED: unknown ones are null.
    for id in ["9", "x", "99999999999"] {
        assert_eq!(bench.get(&format!("/contoso/P/_apis/distributedtask/variablegroups/{id}")), Value::Null);
    }
    assert_eq!(bench.store().variable_groups.len(), 1);
}

#[test]
fn groups_are_listed_by_name_ids_and_pages() {
    let bench = Bench::with_project("P");
    for name in ["alpha", "beta", "alphabet"] {
        bench.ok("POST /contoso/_apis/distributedtask/variablegroups", group(name, json!({ "a": "1" })));
    }
    let path = "/contoso/P/_apis/distributedtask/variablegroups";
    let ids = |query: &str| {
        let listed = bench.get(&format!("{path}{query}"));
        let ids = listed["value"].as_array().unwrap().iter().map(|g| g["id"].as_u64().unwrap());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(""), [3, 2, 1]);
    assert_eq!(ids("?queryOrder=IdAscending"), [1, 2, 3]);
    assert_eq!(ids("?groupName=ALPHA*"), [3, 1]);
    assert_eq!(ids("?groupName=alpha&actionFilter=manage"), [1]);
    assert_eq!(ids("?groupIds=2,3,9"), [3, 2]);
    let first = bench.send("GET", &format!("{path}?$top=2"), &[], "");
    let token = first.header("x-ms-continuationtoken").unwrap().to_owned();
    assert_eq!(ids(&format!("?$top=2&continuationToken={token}")), [1]);
}

#[test]
fn a_group_goes_with_its_last_project() {
    let bench = Bench::with_project("P");
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "Q" }));
    bench.ok("POST /contoso/_apis/distributedtask/variablegroups", group("G", json!({ "a": "1" })));
    let path = "/contoso/_apis/distributedtask/variablegroups";
    let share = r#"[{"projectReference":{"name":"Q"},"name":"H"}]"#;
    assert_eq!(bench.send("PATCH", &format!("{path}?variableGroupId=1"), &[], share).status, 204);
    let there = bench.get("/contoso/Q/_apis/distributedtask/variablegroups/1");
    assert_eq!((there["name"].clone(), there["isShared"].clone()), (json!("H"), json!(true)));
    assert_eq!(bench.send("DELETE", &format!("{path}/1?projectIds=P"), &[], "").status, 204);
    assert_eq!(bench.get("/contoso/P/_apis/distributedtask/variablegroups")["count"], 0);
    bench.ok("DELETE /contoso/_apis/projects/Q", Value::Null);
    assert!(bench.store().variable_groups.is_empty());
}

#[test]
fn clients_of_the_older_version_name_the_project_in_the_path() {
    let bench = Bench::with_project("P");
    let path = "/contoso/P/_apis/distributedtask/variablegroups";
    let body = json!({ "name": "Old", "type": "Vsts", "variables": { "a": { "value": "1" } } });
    let made = bench.ok(&format!("POST {path}?api-version=5.1-preview.1"), body.clone());
    assert_eq!(made["variableGroupProjectReferences"][0]["name"], "Old");
    let mut renamed = body;
    renamed["name"] = json!("New");
    assert_eq!(bench.ok(&format!("PUT {path}/1"), renamed)["name"], "New");
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "Q" }));
    assert_eq!(
        bench.send("DELETE", "/contoso/Q/_apis/distributedtask/variablegroups/1", &[], "").status,
        404
    );
    assert_eq!(bench.send("DELETE", &format!("{path}/1"), &[], "").status, 204);
    assert!(bench.store().variable_groups.is_empty());
}

#[test]
fn pools_and_queues_are_rows_that_can_be_made_and_named() {
    let bench = Bench::with_project("P");
    let pools = bench.get("/contoso/_apis/distributedtask/pools");
    let names: Vec<_> =
        pools["value"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Default", "Azure Pipelines"]);
    assert_eq!(
        bench.get("/contoso/_apis/distributedtask/pools?poolName=azure%20pipelines")["value"][0]["isHosted"],
        true
    );
    let made = bench
        .ok("POST /contoso/_apis/distributedtask/pools", json!({ "name": "Mine", "autoProvision": true }));
    assert_eq!((made["id"].clone(), made["poolType"].clone()), (json!(3), json!("automation")));
    assert_eq!(bench.get("/contoso/_apis/distributedtask/pools?poolIds=3,1")["count"], 2);
    assert_eq!(bench.get("/contoso/_apis/distributedtask/pools?poolType=deployment")["count"], 0);
    let (status, taken) = bench.call("POST /contoso/_apis/distributedtask/pools", json!({ "name": "mine" }));
    assert_eq!((status, taken["typeKey"].as_str().unwrap()), (409, "TaskAgentPoolExistsException"));
    // A project gets a queue of each pool that provides itself.
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "Q" }));
    assert_eq!(bench.get("/contoso/Q/_apis/distributedtask/queues?queueName=Mine")["count"], 1);
    let queues = "/contoso/P/_apis/distributedtask/queues";
    let queue = bench.ok(
        &format!("POST {queues}?authorizePipelines=true"),
        json!({ "name": "Mine", "pool": { "id": 3 } }),
    );
    assert_eq!(queue["pool"]["name"], "Mine");
    let id = queue["id"].as_u64().unwrap();
    let allowed = bench.get(&format!("/contoso/P/_apis/build/authorizedresources?type=queue&id={id}"));
    assert_eq!(allowed["value"][0]["name"], "Mine");
    assert_eq!(bench.call(&format!("POST {queues}"), json!({ "pool": { "name": "Mine" } })).0, 409);
    assert_eq!(bench.ok(&format!("POST {queues}"), json!({ "name": "Other" }))["pool"]["id"], 4);
    for query in ["?queueNames=mine,other", "?poolIds=3,4", "?queueIds=1,2"] {
        assert_eq!(bench.get(&format!("{queues}{query}"))["count"], 2, "{query}");
    }
    assert_eq!(bench.send("DELETE", &format!("{queues}/{id}"), &[], "").status, 204);
    assert_eq!(bench.send("GET", &format!("{queues}/{id}"), &[], "").status, 404);
    assert_eq!(bench.send("DELETE", "/contoso/_apis/distributedtask/pools/3", &[], "").status, 204);
    assert_eq!(bench.get("/contoso/Q/_apis/distributedtask/queues?queueName=Mine")["count"], 0);
    for (line, body, status) in [
        ("DELETE /contoso/_apis/distributedtask/pools/2", Value::Null, 400),
        ("GET /contoso/_apis/distributedtask/pools/99", Value::Null, 404),
        ("GET /contoso/_apis/distributedtask/pools/x", Value::Null, 404),
        ("POST /contoso/_apis/distributedtask/pools", json!({ "name": "" }), 400),
        ("POST /contoso/_apis/distributedtask/pools", json!({ "name": "N", "poolType": "huge" }), 400),
        ("POST /contoso/P/_apis/distributedtask/queues", json!({}), 400),
        ("POST /contoso/P/_apis/distributedtask/queues", json!({ "pool": { "id": 99 } }), 404),
        ("PATCH /contoso/_apis/distributedtask/pools/4", json!({ "name": "default" }), 409),
    ] {
        assert_eq!(bench.call(line, body).0, status, "{line}");
    }
    assert_eq!(
        bench.ok("PATCH /contoso/_apis/distributedtask/pools/4", json!({ "name": "Third" }))["name"],
        "Third"
    );
}

#[test]
fn a_group_that_is_not_there_is_named() {
    let bench = Bench::with_pipeline(
        "variables:\n- group: Root\nstages:\n- stage: A\n  variables:\n  - group: OfStage\n  jobs:\n  - job: J\n    variables:\n    - group: OfJob\n    steps:\n    - script: echo $(a) [${{ variables.a }}]\n",
    );
    let preview = "POST /contoso/P/_apis/pipelines/1/preview";
    let (status, answer) = bench.call(preview, json!({}));
    assert_eq!(status, 400);
    expect![[r#"
        An error occurred while loading the YAML build pipeline. Variable group Root was not found or is not authorized for use. For authorization details, refer to https://aka.ms/yamlauthz.
        Stage A: Variable group OfStage could not be found. The variable group does not exist or has not been authorized for use. For authorization details, refer to https://aka.ms/yamlauthz.
        Job J: Variable group OfJob could not be found. The variable group does not exist or has not been authorized for use. For authorization details, refer to https://aka.ms/yamlauthz."#]]
    .assert_eq(answer["message"].as_str().unwrap());
    for name in ["root", "OfStage", "OfJob"] {
        bench.ok(
            "POST /contoso/_apis/distributedtask/variablegroups",
            group(name, json!({ "a": { "value": name } })),
        );
    }
    // OBSERVED: templates know nothing of groups.
    let yaml = bench.ok(preview, json!({}))["finalYaml"].as_str().unwrap().to_owned();
    assert!(yaml.contains("script: echo $(a) []") && yaml.contains("- group: Root"), "{yaml}");
}

#[test]
fn the_schema_is_the_one_that_files_are_checked_by() {
    let bench = Bench::with_project("P");
    let schema = bench.get("/contoso/_apis/distributedtask/yamlschema?validateTaskNames=false");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(
        schema["definitions"]["webhooks"].is_null() && schema["definitions"]["steps"]["anyOf"].is_array()
    );
}

#[test]
fn a_run_sees_the_groups_that_it_names_in_their_places() {
    let bench = Bench::with_pipeline(
        "variables:\n- name: both\n  value: inline first\n- group: Root\n- name: over\n  value: inline last\nstages:\n- stage: A\n  jobs:\n  - job: J\n    variables:\n    - group: OfJob\n    steps:\n    - script: echo $(open) $(both) $(over) $(key) $(mine) $(linked)\n  - job: K\n    condition: eq(variables['open'], '1')\n    steps:\n    - script: echo $(mine)\n",
    );
    let root = json!({ "open": { "value": "1" }, "both": { "value": "group" }, "over": { "value": "group" },
        "key": { "value": "s3cret", "isSecret": true } });
    for (name, variables) in [
        ("Root", root),
        ("OfJob", json!({ "mine": { "value": "job" } })),
        ("Linked", json!({ "linked": { "value": "yes" }, "open": { "value": "no" } })),
    ] {
        bench.ok("POST /contoso/_apis/distributedtask/variablegroups", group(name, variables));
    }
    let mut definition = bench.get("/contoso/P/_apis/build/definitions/1");
    definition["variableGroups"] = json!([{ "id": 3 }, { "id": 99 }, {}]);
    bench.ok("PUT /contoso/P/_apis/build/definitions/1", definition);
    bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    let logs = bench.get("/contoso/P/_apis/build/builds/1/logs")["count"].as_u64().unwrap();
    let all: String = (1..=logs)
        .map(|n| {
            bench
                .send(
                    "GET",
                    &format!("/contoso/P/_apis/build/builds/1/logs/{n}"),
                    &[("accept", "text/plain")],
                    "",
                )
                .body
        })
        .collect();
    assert!(all.contains("echo 1 group inline last *** job yes"), "{all}");
    assert!(all.contains("echo $(mine)") && !all.contains("s3cret"), "{all}");
    assert_eq!(bench.get("/contoso/P/_apis/build/builds/1")["result"], "succeeded");
    // What is deleted after all is missed by the next run.
    bench.send("DELETE", "/contoso/_apis/distributedtask/variablegroups/2?projectIds=P", &[], "");
    let (status, answer) =
        bench.call("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    assert_eq!(status, 400);
    let why = answer["customProperties"]["ValidationResults"][0]["message"].as_str().unwrap();
    assert!(why.starts_with("Job J: Variable group OfJob could not be found."), "{why}");
}
