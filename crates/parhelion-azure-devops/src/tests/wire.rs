//! Discovery, credentials, versions, headers, organizations, bad input.

use crate::{Settings, testing::Bench};
use expect_test::expect;
use serde_json::{Value, json};

#[test]
fn options_lists_every_location_for_any_name_and_makes_nothing() {
    let bench = Bench::with(Settings { auth_required: true, ..Settings::default() });
    for path in ["/contoso/_apis", "/_apis", "/_apis?allHostTypes=True"] {
        let answer = bench.send("OPTIONS", path, &[], "");
        assert_eq!(answer.status, 200, "{path}");
        let list = answer.json();
        assert_eq!(list["count"], crate::wire::locations::LOCATIONS.len());
    }
    let area = bench.send("OPTIONS", "/contoso/_apis/Build", &[], "").json();
    expect![[r#"{"id":"0cd358e1-9217-4d94-8269-1c1ee6f93dcf","area":"Build","resourceName":"Builds","routeTemplate":"{project}/_apis/build/{resource}/{buildId}","resourceVersion":7,"minVersion":"1.0","maxVersion":"7.2","releasedVersion":"7.1"}"#]]
        .assert_eq(&area["value"][0].to_string());
    assert!(bench.world.tenants("azure-devops").is_empty());
}

#[test]
fn areas_and_connection_data_answer_discovery() {
    let bench = Bench::new();
    assert_eq!(bench.get("/Contoso/_apis/ResourceAreas").to_string(), r#"{"count":0,"value":[]}"#);
    let area = bench.get("/contoso/_apis/resourceareas/5d6898bb-45ec-463f-95f9-54d49c71752e");
    assert_eq!(
        area,
        json!({
            "id": "5d6898bb-45ec-463f-95f9-54d49c71752e", "name": "build", "locationUrl": "http://localhost/Contoso/",
        })
    );
    assert_eq!(bench.send("GET", "/contoso/_apis/ResourceAreas/nope", &[], "").status, 400);
    let data = bench.get("/contoso/_apis/connectionData?connectOptions=1");
    assert_eq!(data["deploymentType"], "hosted");
    assert_eq!(data["authenticatedUser"]["providerDisplayName"], "Parhelion User");
    assert_eq!(data["authenticatedUser"], data["authorizedUser"]);
}

#[test]
fn every_answer_has_the_services_headers() {
    let bench = Bench::new();
    let answer = bench.send(
        "GET",
        "/contoso/_apis/projects?api-version=7.1-preview.4",
        &[("X-TFS-Session", "s-1")],
        "",
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8; api-version=7.1-preview.4")
    );
    assert_eq!(answer.header("x-tfs-session"), Some("s-1"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    for name in ["x-tfs-processid", "activityid", "x-vss-e2eid", "x-vss-userdata"] {
        assert!(answer.header(name).is_some(), "{name}");
    }
    assert!(bench.send("GET", "/contoso/_apis/projects", &[], "").header("x-tfs-session").is_some());
    let listed = bench.send("OPTIONS", "/contoso/_apis", &[("X-TFS-Session", "s-2")], "");
    assert_eq!(listed.header("x-tfs-session"), Some("s-2"));
}

#[test]
fn required_credentials_are_asked_for_but_not_looked_into() {
    let bench = Bench::with(Settings { auth_required: true, ..Settings::default() });
    let refused = bench.send("GET", "/contoso/_apis/projects", &[], "");
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));
    assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"http://localhost\""));
    assert!(bench.world.tenants("azure-devops").is_empty());
    for value in ["Basic OnBhdA==", "Bearer x", "anything"] {
        assert_eq!(bench.send("GET", "/contoso/_apis/projects", &[("authorization", value)], "").status, 200);
    }
}

#[test]
fn versions_are_checked() {
    let bench = Bench::new();
    let key = |path: &str| {
        let answer = bench.send("GET", path, &[], "");
        (answer.status, answer.json()["typeKey"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(key("/contoso/_apis/projects?api-version=9.0"), (400, "VssVersionOutOfRangeException".into()));
    assert_eq!(
        key("/contoso/_apis/projects?api-version=x"),
        (400, "VssInvalidApiResourceVersionException".into())
    );
    assert_eq!(key("/contoso/_apis/projects?api-version=7.2-preview"), (200, String::new()));
}

#[test]
fn organizations_come_with_the_first_call_unless_they_are_listed() {
    let bench = Bench::new();
    bench.get("/Contoso/_apis/projects");
    let made = bench.ok("POST /CONTOSO/_apis/projects", json!({ "name": "P" }));
    // The name shows as it was first written.
    assert!(made["url"].as_str().unwrap().starts_with("http://localhost/Contoso/_apis/operations/"));
    assert_eq!(bench.world.tenants("azure-devops"), ["contoso"]);
    let listed = Settings { organizations: Some(["fabrikam".to_owned()].into()), ..Settings::default() };
    let bench = Bench::with(listed);
    assert_eq!(bench.send("GET", "/Fabrikam/_apis/projects", &[], "").status, 200);
    let (status, body) = bench.call("GET /contoso/_apis/projects", Value::Null);
    assert_eq!((status, body["typeKey"].as_str().unwrap()), (404, "HostDoesNotExistException"));
    assert_eq!(bench.send("GET", "/-bad-/_apis/projects", &[], "").status, 400);
}

#[test]
fn bad_requests_have_the_services_error_form() {
    let bench = Bench::with_project("P");
    for (method, path, body, status, key) in [
        ("GET", "/contoso/_apis/nope", "", 404, "HttpException"),
        ("GET", "/contoso/P/_git/P", "", 404, "HttpException"),
        ("PUT", "/contoso/_apis/projects", "{}", 405, "VssRequestMethodNotAllowedException"),
        ("POST", "/contoso/_apis/projects", "{", 400, "VssPropertyValidationException"),
        ("POST", "/contoso/_apis/projects", "[]", 400, "VssPropertyValidationException"),
        ("POST", "/contoso/_apis/projects", r#"{"name":1}"#, 400, "VssPropertyValidationException"),
        ("GET", "/contoso/_apis/projects?$top=x", "", 400, "VssPropertyValidationException"),
        ("GET", "/contoso/_apis/operations/nope", "", 404, "OperationNotFoundException"),
        ("GET", "/contoso/nope/_apis/build/builds", "", 404, "ProjectDoesNotExistWithNameException"),
        ("GET", "/contoso/P/_apis/build/builds/7", "", 404, "BuildNotFoundException"),
        ("GET", "/contoso/P/_apis/build/builds/x", "", 404, "BuildNotFoundException"),
        ("GET", "/contoso/P/_apis/build/definitions/7", "", 404, "DefinitionNotFoundException"),
        ("GET", "/contoso/P/_apis/pipelines/7", "", 404, "PipelineNotFoundException"),
        ("POST", "/contoso/P/_apis/pipelines/7/preview", "{}", 500, "PipelineNotFoundException"),
        ("GET", "/contoso/P/_apis/git/repositories/nope", "", 404, "GitRepositoryNotFoundException"),
    ] {
        let answer = bench.send(method, path, &[], body);
        let found = answer.json();
        assert_eq!((answer.status, found["typeKey"].as_str().unwrap()), (status, key), "{method} {path}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
    }
    assert_eq!(bench.send("PUT", "/contoso/_apis/projects", &[], "").header("allow"), Some("POST, GET"));
    let large = bench.send("POST", "/contoso/_apis/projects", &[], vec![b' '; 33 * 1024 * 1024]);
    assert_eq!(
        (large.status, large.json()["typeKey"].as_str().unwrap()),
        (413, "VssRequestContentTooLargeException")
    );
    let deep = bench.send(
        "POST",
        "/contoso/_apis/projects",
        &[],
        format!("{{\"capabilities\":{}", "{\"a\":".repeat(100_000)),
    );
    assert_eq!(deep.status, 400);
    assert_eq!(bench.send("POST", "/contoso/_apis/projects", &[], vec![0xff; 10]).status, 400);
}

#[test]
fn a_refusal_is_explained_with_its_reason() {
    let bench = Bench::with_project("P");
    bench.get("/contoso/_apis/projects");
    for (line, body) in [
        ("POST /contoso/_apis/projects", json!({ "name": "p" })),
        ("GET /contoso/Q/_apis/build/builds", Value::Null),
        ("GET /contoso/_apis/projects?api-version=9.0", Value::Null),
        ("GET /contoso/_apis/nope", Value::Null),
        ("POST /contoso/P/_apis/build/builds", json!({})),
    ] {
        assert!(bench.call(line, body).0 >= 400);
    }
    expect![[r#"
        request.refused: ProjectAlreadyExistsException: TF200019: The following project already exists on the Azure DevOps Server: p. You cannot create a new project with the same name as an existing project. Provide a different name. [Failed]
        request.refused: ProjectDoesNotExistWithNameException: TF200016: The following project does not exist: Q. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server. [Failed]
        request.refused: VssVersionOutOfRangeException: The requested REST API version of 9.0 is out of range for this server. This resource is served from version 1.0 to 7.2. [Failed]
        request.refused: HttpException: Page not found. [Failed]
        request.refused: VssPropertyValidationException: The build names no definition: {"definition":{"id":…}}. [Failed]
    "#]]
    .assert_eq(&bench.facts(&["request.refused"]));
    let told = bench.journal();
    let first = told.iter().find(|e| e.kind == "request.refused").unwrap();
    assert_eq!(
        (first.tenant.as_str(), first.data["operation"].as_str()),
        ("contoso", Some("Projects_Create"))
    );
    let long = format!("/contoso/_apis/projects/{}", "x".repeat(10_000));
    bench.send("GET", &long, &[], "");
    assert!(bench.journal().last().unwrap().fact.len() < 4_200);
}

#[test]
fn an_answer_names_its_operation_and_tenant() {
    let bench = Bench::new();
    assert!((bench.surface.banner)("http://h").contains("http://h/{organization}"));
    assert_eq!(
        (bench.surface.body_limit)(&parts("/contoso/_apis/public/distributedtask/webhooks/x")),
        2 * 1024 * 1024
    );
    assert_eq!((bench.surface.body_limit)(&parts("/contoso/_apis/projects")), 32 * 1024 * 1024);
}

fn parts(path: &str) -> http::request::Parts {
    http::Request::builder().uri(path).body(()).unwrap().into_parts().0
}
