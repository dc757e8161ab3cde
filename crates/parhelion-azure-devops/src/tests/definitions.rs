//! Definitions, which are also the pipelines.

use crate::testing::{Bench, golden};
use expect_test::expect;
use serde_json::{Value, json};

const D: &str = "/contoso/P/_apis/build/definitions";

#[test]
fn a_definition_is_a_pipeline_too() {
    let bench = Bench::with_project("P");
    let made = bench.ok(
        &format!("POST {D}"),
        json!({
            "name": "build it",
            "path": "\\team",
            "description": "d",
            "process": { "type": 2, "yamlFilename": "ci/azure-pipelines.yml" },
            "repository": { "name": "P", "type": "TfsGit", "defaultBranch": "main" },
            "variables": { "v": { "value": "1", "allowOverride": true }, "s": { "value": "hidden", "isSecret": true } },
            "triggers": [{ "triggerType": 2, "settingsSourceType": 2 }],
            "unknownMember": 7,
        }),
    );
    expect![[r#"
        {
          "triggers": [
            {
              "triggerType": "continuousIntegration",
              "settingsSourceType": 2
            }
          ],
          "properties": {},
          "tags": [],
          "jobAuthorizationScope": "project",
          "jobTimeoutInMinutes": 60,
          "jobCancelTimeoutInMinutes": 5,
          "description": "d",
          "process": {
            "yamlFilename": "ci/azure-pipelines.yml",
            "type": 2
          },
          "repository": {
            "properties": {},
            "id": "{{id:1}}",
            "type": "TfsGit",
            "name": "P",
            "url": "http://localhost/contoso/P/_git/P",
            "defaultBranch": "refs/heads/main",
            "checkoutSubmodules": false,
            "clean": null
          },
          "variables": {
            "s": {
              "value": null,
              "isSecret": true
            },
            "v": {
              "value": "1",
              "allowOverride": true
            }
          },
          "drafts": [],
          "id": 1,
          "name": "build it",
          "url": "http://localhost/contoso/{{id:2}}/_apis/build/Definitions/1?revision=1",
          "uri": "vstfs:///Build/Definition/1",
          "path": "\\team",
          "type": "build",
          "queueStatus": "enabled",
          "revision": 1,
          "project": {
            "id": "{{id:2}}",
            "name": "P",
            "url": "http://localhost/contoso/_apis/projects/{{id:2}}",
            "state": "wellFormed",
            "revision": 1,
            "visibility": "private",
            "lastUpdateTime": "2026-01-01T00:00:00Z"
          },
          "_links": {
            "self": {
              "href": "http://localhost/contoso/{{id:2}}/_apis/build/Definitions/1?revision=1"
            },
            "web": {
              "href": "http://localhost/contoso/{{id:2}}/_build/definition?definitionId=1"
            },
            "editor": {
              "href": "http://localhost/contoso/{{id:2}}/_build/designer?id=1&_a=edit-build-definition"
            },
            "badge": {
              "href": "http://localhost/contoso/{{id:2}}/_apis/build/status/1"
            }
          },
          "quality": "definition",
          "authoredBy": {
            "displayName": "Parhelion User",
            "url": "http://localhost/contoso/_apis/Identities/{{id:3}}",
            "id": "{{id:3}}",
            "uniqueName": "user@example.com",
            "imageUrl": "http://localhost/contoso/_api/_common/identityImage?id={{id:3}}",
            "descriptor": "msa.{{id:3}}"
          },
          "queue": {
            "_links": {
              "self": {
                "href": "http://localhost/contoso/_apis/build/Queues/2"
              }
            },
            "id": 2,
            "name": "Azure Pipelines",
            "url": "http://localhost/contoso/_apis/build/Queues/2",
            "pool": {
              "id": 2,
              "name": "Azure Pipelines",
              "isHosted": true
            }
          },
          "createdDate": "2026-01-01T00:00:00Z"
        }"#]]
    .assert_eq(&golden(&made));
    expect![[r#"
        {
          "_links": {
            "self": {
              "href": "http://localhost/contoso/{{id:1}}/_apis/pipelines/1?revision=1"
            },
            "web": {
              "href": "http://localhost/contoso/{{id:1}}/_build/definition?definitionId=1"
            }
          },
          "configuration": {
            "path": "ci/azure-pipelines.yml",
            "repository": {
              "id": "{{id:2}}",
              "type": "azureReposGit"
            },
            "type": "yaml"
          },
          "url": "http://localhost/contoso/{{id:1}}/_apis/pipelines/1?revision=1",
          "id": 1,
          "revision": 1,
          "name": "build it",
          "folder": "\\team"
        }"#]]
    .assert_eq(&golden(&bench.get("/contoso/P/_apis/pipelines/1")));
    assert!(!bench.dump(false).to_string().contains("hidden"));
}

#[test]
fn an_update_needs_the_current_revision_and_keeps_secrets_and_the_past() {
    let bench = Bench::with_project("P");
    let id = bench.define("one");
    let mut definition = bench.get(&format!("{D}/{id}"));
    definition["variables"] = json!({ "s": { "value": "hidden", "isSecret": true } });
    let second = bench.ok(&format!("PUT {D}/{id}"), definition.clone());
    assert_eq!(second["revision"], 2);
    let (status, answer) = bench.call(&format!("PUT {D}/{id}"), definition);
    assert_eq!((status, answer["typeKey"].as_str().unwrap()), (409, "DefinitionRevisionConflictException"));
    let mut third = second.clone();
    third["name"] = json!("renamed");
    bench.ok(&format!("PUT {D}/{id}"), third);
    assert_eq!(bench.store().definitions[&1].variables["s"].value, "hidden");
    assert_eq!(bench.get(&format!("{D}/{id}?revision=1"))["name"], "one");
    assert_eq!(bench.get(&format!("{D}/{id}"))["name"], "renamed");
    assert_eq!(bench.send("GET", &format!("{D}/{id}?revision=9"), &[], "").status, 404);
}

#[test]
fn names_are_unique_in_a_folder_and_lists_are_filtered() {
    let bench = Bench::with_project("P");
    bench.define("b-one");
    bench.define("a-two");
    let same = json!({ "name": "B-ONE", "process": { "yamlFilename": "x.yml" } });
    let (status, answer) = bench.call(&format!("POST {D}"), same.clone());
    assert_eq!((status, answer["typeKey"].as_str().unwrap()), (409, "DefinitionExistsException"));
    let mut elsewhere = same;
    elsewhere["path"] = json!("/folder");
    bench.ok(&format!("POST {D}"), elsewhere);
    let names = |query: &str| {
        let list = bench.get(&format!("{D}{query}"));
        Value::from(list["value"].as_array().unwrap().iter().map(|d| d["name"].clone()).collect::<Vec<_>>())
            .to_string()
    };
    assert_eq!(names(""), r#"["b-one","a-two","B-ONE"]"#);
    assert_eq!(names("?queryOrder=definitionNameAscending&$top=2"), r#"["a-two","b-one"]"#);
    assert_eq!(names("?name=B-*&path=\\"), r#"["b-one"]"#);
    assert_eq!(names("?definitionIds=2,3"), r#"["a-two","B-ONE"]"#);
    assert_eq!(names("?yamlFilename=/x.yml&includeAllProperties=true"), r#"["B-ONE"]"#);
    assert_eq!(names("?$top=1&continuationToken=MDAwMDAwMDAwMQ"), r#"["a-two"]"#);
    let pipelines = bench.get("/contoso/P/_apis/pipelines");
    assert_eq!(pipelines["value"][0]["name"], "a-two");
    assert!(pipelines["value"][0].get("configuration").is_none());
}

#[test]
fn bad_definitions_are_refused() {
    let bench = Bench::with_project("P");
    for (body, status, key) in [
        (json!({}), 400, "VssPropertyValidationException"),
        (json!({ "name": "x" }), 400, "VssPropertyValidationException"),
        (json!({ "name": "x", "process": { "type": 3 } }), 400, "VssPropertyValidationException"),
        (
            json!({ "name": "x", "process": { "type": 2, "yamlFilename": "a" }, "queueStatus": "odd" }),
            400,
            "VssPropertyValidationException",
        ),
        (
            json!({ "name": "x", "process": { "type": 2, "yamlFilename": "a" }, "repository": { "name": "nope" } }),
            404,
            "GitRepositoryNotFoundException",
        ),
        (json!({ "name": ["x"] }), 400, "VssPropertyValidationException"),
    ] {
        let (s, answer) = bench.call(&format!("POST {D}"), body.clone());
        assert_eq!((s, answer["typeKey"].as_str().unwrap()), (status, key), "{body}");
    }
    let (status, _) = bench.call(
        "POST /contoso/P/_apis/pipelines",
        json!({ "name": "x", "configuration": { "type": "designerJson" } }),
    );
    assert_eq!(status, 400);
    assert!(bench.store().definitions.is_empty());
}

#[test]
fn a_deleted_definition_takes_its_runs_along() {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n");
    bench.define("one");
    bench.ok("POST /contoso/P/_apis/pipelines/1/runs", json!({}));
    assert_eq!(bench.send("DELETE", &format!("{D}/1"), &[], "").status, 204);
    assert_eq!(bench.get("/contoso/P/_apis/build/builds")["count"], 0);
    assert_eq!(bench.send("DELETE", &format!("{D}/1"), &[], "").status, 404);
}
