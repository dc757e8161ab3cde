//! Projects.

use crate::testing::Bench;
use expect_test::expect;
use serde_json::{Value, json};

#[test]
fn a_created_project_has_a_repository_and_two_queues() {
    let bench = Bench::new();
    let answer = bench.ok("POST /contoso/_apis/projects", json!({ "name": "Fabrikam", "description": "d" }));
    assert_eq!(answer["status"], "notSet");
    let url = answer["url"].as_str().unwrap();
    assert_eq!(url, format!("http://localhost/contoso/_apis/operations/{}", answer["id"].as_str().unwrap()));
    let polled = bench.get(&format!("/contoso/_apis/operations/{}", answer["id"].as_str().unwrap()));
    assert_eq!(polled["status"], "succeeded");
    let repositories = bench.get("/contoso/fabrikam/_apis/git/repositories");
    assert_eq!(repositories["value"][0]["name"], "Fabrikam");
    assert!(repositories["value"][0].get("defaultBranch").is_none());
    let project = bench.store().project("FABRIKAM").unwrap();
    assert_eq!(
        project.queues.iter().map(|q| q.name.as_str()).collect::<Vec<_>>(),
        ["Default", "Azure Pipelines"]
    );
}

#[test]
fn a_project_is_shown_with_its_links() {
    let bench = Bench::new();
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "My Project" }));
    let shown = bench.get("/contoso/_apis/projects/my%20project?includeCapabilities=true");
    expect![[r#"
        {
          "id": "{{id:1}}",
          "name": "My Project",
          "url": "http://localhost/contoso/_apis/projects/{{id:1}}",
          "state": "wellFormed",
          "revision": 1,
          "visibility": "private",
          "lastUpdateTime": "2026-01-01T00:00:00Z",
          "_links": {
            "self": {
              "href": "http://localhost/contoso/_apis/projects/{{id:1}}"
            },
            "collection": {
              "href": "http://localhost/contoso/_apis/projectCollections/{{id:2}}"
            },
            "web": {
              "href": "http://localhost/contoso/My%20Project"
            }
          },
          "defaultTeam": {
            "id": "{{id:3}}",
            "name": "My Project Team",
            "url": "http://localhost/contoso/_apis/projects/{{id:1}}/teams/{{id:3}}"
          },
          "capabilities": {
            "processTemplate": {
              "templateName": "Basic",
              "templateTypeId": "{{id:4}}"
            },
            "versioncontrol": {
              "sourceControlType": "Git",
              "gitEnabled": "True",
              "tfvcEnabled": "False"
            }
          }
        }"#]]
    .assert_eq(&crate::testing::golden(&shown));
}

#[test]
fn names_are_checked_and_unique_in_any_case() {
    let bench = Bench::new();
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
    for (name, status, key) in [
        ("p", 400, "ProjectAlreadyExistsException"),
        ("", 400, "InvalidProjectNameException"),
        ("a:b", 400, "InvalidProjectNameException"),
    ] {
        let (s, body) = bench.call("POST /contoso/_apis/projects", json!({ "name": name }));
        assert_eq!((s, body["typeKey"].as_str().unwrap()), (status, key), "{name}");
    }
    let (s, body) = bench.call("GET /contoso/_apis/projects/nope", Value::Null);
    assert_eq!((s, body["typeKey"].as_str().unwrap()), (404, "ProjectDoesNotExistWithNameException"));
}

#[test]
fn lists_are_paged_by_name() {
    let bench = Bench::new();
    for name in ["c", "A", "b"] {
        bench.ok("POST /contoso/_apis/projects", json!({ "name": name }));
    }
    let names = |path: &str| {
        let list = bench.get(path);
        let names: Vec<_> = list["value"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect();
        assert_eq!(list["count"], names.len());
        Value::from(names).to_string()
    };
    assert_eq!(names("/contoso/_apis/projects"), r#"["A","b","c"]"#);
    assert_eq!(names("/contoso/_apis/projects?$top=2"), r#"["A","b"]"#);
    assert_eq!(names("/contoso/_apis/projects?$top=2&continuationToken=2"), r#"["c"]"#);
    assert_eq!(names("/contoso/_apis/projects?stateFilter=deleting"), "[]");
    let response = bench.send("GET", "/contoso/_apis/projects?$top=2", &[], "");
    assert_eq!(response.header("x-ms-continuationtoken"), Some("2"));
}

#[test]
fn a_project_can_be_renamed_and_deleted() {
    let bench = Bench::new();
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
    let response = bench.send("PATCH", "/contoso/_apis/projects/P", &[], r#"{"name":"Q","visibility":2}"#);
    assert_eq!(response.status, 202);
    assert_eq!(bench.get("/contoso/_apis/projects/Q")["visibility"], "public");
    assert_eq!(bench.send("DELETE", "/contoso/_apis/projects/Q", &[], "").status, 202);
    assert_eq!(bench.get("/contoso/_apis/projects")["count"], 0);
    assert!(bench.store().repositories.is_empty());
}
