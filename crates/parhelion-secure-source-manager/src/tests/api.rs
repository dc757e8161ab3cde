//! The API over REST.

use super::harness::{Emulator, PLACE};
use serde_json::{Value, json};

/// Code, status and message of an error.
pub fn said((status, body): (u16, Value)) -> String {
    let error = &body["error"];
    assert_eq!(error["code"], status, "{body}");
    format!("{status} {} {}", error["status"].as_str().unwrap(), error["message"].as_str().unwrap())
}

#[tokio::test]
async fn the_life_of_an_instance() {
    let emulator = Emulator::new();
    let path = format!("{PLACE}/instances?instanceId=my-instance");
    let (status, operation) = emulator.call("POST", &path, r#"{"labels":{"team":"a"},"state":3}"#).await;
    assert_eq!(status, 200);
    let name = operation["name"].as_str().unwrap();
    assert!(name.starts_with(&format!("{PLACE}/operations/operation-1767225600000-")), "{name}");
    assert_eq!(
        operation["metadata"]["@type"],
        "type.googleapis.com/google.cloud.securesourcemanager.v1.OperationMetadata"
    );
    assert_eq!(operation["metadata"]["verb"], "create");
    let instance = &operation["response"];
    assert_eq!(instance["@type"], "type.googleapis.com/google.cloud.securesourcemanager.v1.Instance");
    assert_eq!(instance["name"], format!("{PLACE}/instances/my-instance"));
    assert_eq!(instance["state"], "ACTIVE");
    let number = crate::domain::names::project_number("my-project");
    let host = format!("my-instance-{number}-git.us-central1.sourcemanager.localhost:4600");
    assert_eq!(instance["hostConfig"]["gitHttp"], host);

    assert_eq!(emulator.call("GET", name, "").await.1, operation);
    let again = said(emulator.call("POST", &path, "{}").await);
    assert_eq!(again, format!("409 ALREADY_EXISTS Resource '{PLACE}/instances/my-instance' already exists"));
    let (_, list) = emulator.call("GET", &format!("{PLACE}/instances?filter=labels.team%3Da"), "").await;
    assert_eq!(list["instances"].as_array().unwrap().len(), 1);
    // By its number it is the same project.
    let by_number = format!("projects/{number}/locations/us-central1/instances/my-instance");
    assert_eq!(
        emulator.call("GET", &by_number, "").await.1["name"],
        format!("{PLACE}/instances/my-instance")
    );

    emulator.create_repository("my-repo", "{}").await;
    let not_empty = said(emulator.call("DELETE", &format!("{PLACE}/instances/my-instance"), "").await);
    assert!(not_empty.starts_with("400 FAILED_PRECONDITION Instance"), "{not_empty}");
    let gone = emulator.done("DELETE", &format!("{PLACE}/instances/my-instance?force=true"), "").await;
    assert_eq!(gone, json!({"@type": "type.googleapis.com/google.protobuf.Empty"}));
    let missing = said(emulator.call("GET", &format!("{PLACE}/repositories/my-repo"), "").await);
    assert_eq!(missing, format!("404 NOT_FOUND Resource '{PLACE}/repositories/my-repo' was not found"));
}

#[tokio::test]
async fn a_request_id_makes_a_call_repeatable_for_an_hour() {
    let emulator = Emulator::new();
    let path = format!("{PLACE}/instances?instanceId=one&requestId=6546af81-25c6-46d9-aa41-70c00dc67752");
    let (_, first) = emulator.call("POST", &path, "{}").await;
    assert_eq!(emulator.call("POST", &path, "{}").await, (200, first));
    emulator.world.clock.reach(emulator.world.clock.now() + chrono::TimeDelta::minutes(61));
    assert!(said(emulator.call("POST", &path, "{}").await).starts_with("409 ALREADY_EXISTS"));
    let zero = format!("{PLACE}/instances?instanceId=two&requestId=00000000-0000-0000-0000-000000000000");
    assert!(
        said(emulator.call("POST", &zero, "{}").await)
            .starts_with("400 INVALID_ARGUMENT Invalid value for field 'request_id'")
    );
}

#[tokio::test]
async fn the_life_of_a_repository() {
    let emulator = Emulator::new().with_repository().await;
    let path = format!("{PLACE}/repositories/my-repo");
    let (_, got) = emulator.call("GET", &path, "").await;
    assert_eq!(got["uid"].as_str().unwrap().len(), 36);
    let git = "http://127.0.0.1:4600/_ssm/git/us-central1/my-instance/my-project/my-repo.git";
    assert_eq!(got["uris"]["gitHttps"], git);
    let etag = got["etag"].as_str().unwrap();

    let body = json!({"description": "new", "etag": etag}).to_string();
    let would = emulator.done("PATCH", &format!("{path}?validateOnly=true"), &body).await;
    assert_eq!(would["description"], "new");
    assert_eq!(emulator.call("GET", &path, "").await.1.get("description"), None);
    let updated = emulator.done("PATCH", &format!("{path}?updateMask=description"), &body).await;
    assert_eq!(updated["description"], "new");
    assert_ne!(updated["etag"], etag);
    assert!(said(emulator.call("PATCH", &path, &body).await).starts_with("409 ABORTED"));
    for (query, body, expected) in [
        ("?updateMask=colour", "{}".to_owned(), "400 INVALID_ARGUMENT Invalid field mask path: colour"),
        (
            "",
            json!({"instance": format!("{PLACE}/instances/other")}).to_string(),
            "400 INVALID_ARGUMENT Invalid value for field 'repository.instance': is immutable.",
        ),
        (
            "",
            json!({"description": "x".repeat(501)}).to_string(),
            "400 INVALID_ARGUMENT Invalid value for field 'repository.description': must not be longer than 500 characters.",
        ),
    ] {
        assert_eq!(said(emulator.call("PATCH", &format!("{path}{query}"), &body).await), expected);
    }
    let scan = r#"{"scanConfig":{"secretScanConfig":{"enabled":true}}}"#;
    let scanned = emulator
        .done("PATCH", &format!("{path}?updateMask=scan_config.secret_scan_config.enabled"), scan)
        .await;
    assert_eq!(
        (&scanned["scanConfig"]["secretScanConfig"]["enabled"], &scanned["description"]),
        (&true.into(), &"new".into())
    );

    emulator.done("DELETE", &path, "").await;
    assert!(said(emulator.call("DELETE", &path, "").await).starts_with("404 NOT_FOUND"));
    emulator.done("DELETE", &format!("{path}?allowMissing=true"), "").await;
}

#[tokio::test]
async fn bad_repositories_are_refused() {
    let emulator = Emulator::new().with_repository().await;
    let instance = format!("{PLACE}/instances/my-instance");
    for (id, body, expected) in [
        (
            "abc",
            json!({"instance": instance}),
            "400 INVALID_ARGUMENT Invalid value for field 'repository_id'",
        ),
        (
            "",
            json!({"instance": instance}),
            "400 INVALID_ARGUMENT Invalid value for field 'repository_id': is required.",
        ),
        (
            "..%2F..%2Fx",
            json!({"instance": instance}),
            "400 INVALID_ARGUMENT Invalid value for field 'repository_id'",
        ),
        (
            "good",
            json!({}),
            "400 INVALID_ARGUMENT Invalid value for field 'repository.instance': is required.",
        ),
        ("good", json!({"instance": format!("{instance}2")}), "404 NOT_FOUND"),
        (
            "good",
            json!({"instance": instance.replace("us-central1", "us-east1")}),
            "400 INVALID_ARGUMENT Invalid value for field 'repository.instance'",
        ),
        (
            "good",
            json!({"instance": instance, "initialConfig": {"gitignores": ["x"]}}),
            "400 INVALID_ARGUMENT Invalid value for field 'repository.initial_config.gitignores'",
        ),
        ("my-repo", json!({"instance": instance}), "409 ALREADY_EXISTS"),
    ] {
        let got = said(
            emulator
                .call("POST", &format!("{PLACE}/repositories?repositoryId={id}"), &body.to_string())
                .await,
        );
        assert!(got.starts_with(expected), "{got}");
    }
    let elsewhere = PLACE.replace("us-central1", "Mars");
    let got = said(emulator.call("GET", &format!("{elsewhere}/repositories"), "").await);
    assert_eq!(got, "400 INVALID_ARGUMENT Invalid value for field 'parent': \"Mars\" is not a location.");
}

#[tokio::test]
async fn the_life_of_a_hook() {
    let emulator = Emulator::new().with_repository().await;
    let hooks = format!("{PLACE}/repositories/my-repo/hooks");
    let made = emulator
        .hook("ci", r#"{"targetUri":"http://127.0.0.1:9/x","events":[1,2,1],"sensitiveQueryString":"t=1"}"#)
        .await;
    assert_eq!(made["events"], json!(["PUSH", "PULL_REQUEST"]));
    assert_eq!(made.get("sensitiveQueryString"), None);
    let (_, got) = emulator.call("GET", &format!("{hooks}/ci"), "").await;
    assert_eq!(got["name"], format!("{hooks}/ci"));
    let secret = |emulator: &Emulator| {
        let stored = emulator.world.dump(crate::NAME, "my-project", true).unwrap().to_string();
        stored.split("\"sensitive_query_string\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    // Read, changed, written back without a mask: what could not be read stays.
    let mut back = got.clone();
    back["disabled"] = true.into();
    emulator.done("PATCH", &format!("{hooks}/ci"), &back.to_string()).await;
    assert_eq!(secret(&emulator), "t=1");
    emulator.done("PATCH", &format!("{hooks}/ci?updateMask=sensitiveQueryString,events"), "{}").await;
    assert_eq!(secret(&emulator), "");
    let (_, got) = emulator.call("GET", &format!("{hooks}/ci"), "").await;
    assert_eq!((&got["disabled"], &got["events"]), (&true.into(), &json!(["PUSH"])));
    assert!(!emulator.world.dump(crate::NAME, "my-project", false).unwrap().to_string().contains("t=1"));

    for (id, body, expected) in [
        ("ci", r#"{"targetUri":"http://x"}"#, "409 ALREADY_EXISTS"),
        ("1ci", r#"{"targetUri":"http://x"}"#, "400 INVALID_ARGUMENT Invalid value for field 'hook_id'"),
        ("new", "{}", "400 INVALID_ARGUMENT Invalid value for field 'hook.target_uri': is required."),
        (
            "new",
            r#"{"targetUri":"ftp://x"}"#,
            "400 INVALID_ARGUMENT Invalid value for field 'hook.target_uri'",
        ),
        (
            "new",
            r#"{"targetUri":"http://x","events":[0]}"#,
            "400 INVALID_ARGUMENT Invalid value for field 'hook.events[0]'",
        ),
        (
            "new",
            r#"{"targetUri":"http://x","pushOption":{"branchFilter":"[a"}}"#,
            "400 INVALID_ARGUMENT Invalid value for field 'hook.push_option.branch_filter': unclosed [ in the pattern.",
        ),
        (
            "new",
            r#"{"targetUri":"http://x","colour":1}"#,
            "400 INVALID_ARGUMENT Invalid JSON payload received. Unknown name \"colour\" at 'hook': Cannot find field.",
        ),
        ("new", "{", "400 INVALID_ARGUMENT Invalid JSON payload received."),
        ("new", "", "400 INVALID_ARGUMENT Invalid value for field 'hook': is required."),
    ] {
        let got = said(emulator.call("POST", &format!("{hooks}?hookId={id}"), body).await);
        assert!(got.starts_with(expected), "{got}");
    }
    let missing = hooks.replace("my-repo", "other");
    let got =
        said(emulator.call("POST", &format!("{missing}?hookId=x"), r#"{"targetUri":"http://x"}"#).await);
    assert_eq!(got, format!("404 NOT_FOUND Resource '{}' was not found", missing.trim_end_matches("/hooks")));
    emulator.done("DELETE", &format!("{hooks}/ci"), "").await;
    assert_eq!(emulator.call("GET", &hooks, "").await, (200, json!({})));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let emulator = Emulator::new().with_repository().await;
    for n in 0..34 {
        emulator.create_repository(&format!("repo-{n:02}"), "{}").await;
    }
    let list = format!("{PLACE}/repositories");
    let (_, first) = emulator.call("GET", &list, "").await;
    assert_eq!(first["repositories"].as_array().unwrap().len(), 30);
    let token = first["nextPageToken"].as_str().unwrap();
    let (_, second) = emulator.call("GET", &format!("{list}?pageToken={token}&pageSize=100"), "").await;
    assert_eq!(second["repositories"].as_array().unwrap().len(), 5);
    assert_eq!(second.get("nextPageToken"), None);
    let other = said(emulator.call("GET", &format!("{list}?pageToken={token}&filter=name:x"), "").await);
    assert_eq!(other, "400 INVALID_ARGUMENT The page token is invalid.");
    assert!(said(emulator.call("GET", &format!("{list}?pageSize=-1"), "").await).contains("page_size"));
    let (_, filtered) = emulator.call("GET", &format!("{list}?filter=name:repo-1&pageSize=100"), "").await;
    assert_eq!(filtered["repositories"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn operations_and_locations() {
    let emulator = Emulator::new().with_repository().await;
    let (_, list) = emulator.call("GET", &format!("{PLACE}/operations"), "").await;
    let operations = list["operations"].as_array().unwrap();
    assert_eq!(operations.len(), 2);
    let name = operations[0]["name"].as_str().unwrap();
    assert_eq!(emulator.call("POST", &format!("{name}:cancel"), "{}").await, (200, json!({})));
    assert_eq!(emulator.call("DELETE", name, "").await, (200, json!({})));
    assert_eq!(
        said(emulator.call("GET", name, "").await),
        format!("404 NOT_FOUND Resource '{name}' was not found")
    );
    let (_, locations) = emulator.call("GET", "projects/my-project/locations?pageSize=5", "").await;
    assert_eq!(locations["locations"].as_array().unwrap().len(), 5);
    assert_eq!(emulator.call("GET", PLACE, "").await.1["locationId"], "us-central1");
    assert!(
        said(emulator.call("GET", "projects/my-project/locations/us-nowhere9", "").await).starts_with("404")
    );
}

#[tokio::test]
async fn what_nobody_serves_is_not_found_and_large_bodies_are_refused() {
    let emulator = Emulator::new();
    for (verb, path) in [
        ("GET", "projects/p"),
        ("PUT", "projects/p/locations"),
        ("GET", "nonsense"),
        ("POST", &format!("{PLACE}/branchRules")),
    ] {
        assert_eq!(said(emulator.call(verb, path, "").await), "404 NOT_FOUND Not Found", "{verb} {path}");
    }
    let large = "x".repeat(33 * 1024 * 1024);
    let got = said(emulator.call("POST", &format!("{PLACE}/instances?instanceId=a"), &large).await);
    assert_eq!(got, "400 INVALID_ARGUMENT Request payload size exceeds the limit: 33554432 bytes.");
    let deep = "[".repeat(100_000);
    let got = said(emulator.call("POST", &format!("{PLACE}/instances?instanceId=a"), &deep).await);
    assert!(got.starts_with("400 INVALID_ARGUMENT Invalid JSON payload received."), "{got}");
    let (_, named, _) =
        emulator.raw(&emulator.surface.service, "GET", &format!("/v1/{PLACE}/instances"), "").await;
    let named = named.unwrap();
    assert_eq!((named.operation.as_ref(), named.tenant.as_str()), ("ListInstances", "my-project"));
    // A refused call makes no tenant.
    assert!(emulator.world.tenants(crate::NAME).is_empty());
}

#[tokio::test]
async fn without_git_what_needs_it_says_so_and_the_rest_works() {
    let settings = parhelion_git::GitSettings { program: "/nonexistent/git".into(), ..Default::default() };
    let emulator = Emulator::with(settings).with_repository().await;
    let body =
        json!({"instance": format!("{PLACE}/instances/my-instance"), "initialConfig": {"readme": "default"}});
    let got = said(
        emulator.call("POST", &format!("{PLACE}/repositories?repositoryId=other"), &body.to_string()).await,
    );
    assert!(got.starts_with("400 FAILED_PRECONDITION git hosting needs the git program"), "{got}");
    let path = "/_ssm/git/us-central1/my-instance/my-project/my-repo.git/info/refs?service=git-upload-pack";
    let (status, _, text) = emulator.raw(&emulator.surface.service, "GET", path, "").await;
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(status == 503 && text.starts_with("git hosting needs the git program"), "{status} {text}");
    let facts = emulator.facts("git.asked");
    assert!(facts[0].starts_with("git hosting needs the git program"), "{facts:?}");
}
