//! Records of deployments over HTTP.

use crate::testing::{JSON, Server, zip_of};
use expect_test::expect;
use parhelion_http::Body;
use serde_json::{Value, json};

const ALL: &str = "/kudu/site/api/deployments";

async fn deploy(server: &Server) -> String {
    let zip = zip_of(&[("a.txt", "one")]);
    assert_eq!(server.call("POST", "/kudu/site/api/zipdeploy", "", zip).await.status, 200);
    server.get(&format!("{ALL}/latest")).await.json()["id"].as_str().unwrap().to_owned()
}
fn record() -> Value {
    json!({"status": 4, "message": "{\"type\":\"deployment\"}", "deployer": "GITHUB", "author": "Some One",
        "start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-02T00:00:10.5Z", "details": "all went well"})
}

#[tokio::test]
async fn a_deployment_shows_all_members_in_order() {
    let server = Server::new();
    let id = deploy(&server).await;
    let answer = server.get(&format!("{ALL}/{id}")).await;
    expect![[r#"
        {"id":"ID","status":4,"status_text":"","author_email":"N/A","author":"N/A","deployer":"ZipDeploy","message":"Created via a push deployment","progress":"","received_time":"2026-01-01T00:00:00Z","start_time":"2026-01-01T00:00:00Z","end_time":"2026-01-01T00:00:00Z","last_success_end_time":"2026-01-01T00:00:00Z","complete":true,"active":true,"is_temp":false,"is_readonly":true,"url":"http://127.0.0.1:4600/kudu/site/api/deployments/ID","log_url":"http://127.0.0.1:4600/kudu/site/api/deployments/ID/log","site_name":"site","provisioningState":"Succeeded"}
    "#]]
    .assert_eq(&format!("{}\n", answer.body.replace(&id, "ID")));
    let listed = server.get(&format!("{ALL}/")).await;
    assert_eq!(listed.body, format!("[{}]", answer.body));
    // By the old path and by `latest`, addresses are those that were asked.
    let old = server.get(&format!("site.scm.localhost:4600/deployments/{id}")).await.json();
    assert_eq!(old["log_url"], format!("http://site.scm.localhost:4600/deployments/{id}/log"));
    let latest = server.get(&format!("{ALL}/Latest")).await.json();
    assert_eq!(latest["url"], "http://127.0.0.1:4600/kudu/site/api/deployments/Latest");
    assert_eq!(server.get(&format!("{ALL}/{}", id.to_uppercase())).await.json()["id"], id);
}

#[tokio::test]
async fn the_list_has_a_tag_that_changes_with_it() {
    let server = Server::new();
    let empty = server.get(ALL).await;
    assert_eq!(empty.pair(), (200, "[]"));
    deploy(&server).await;
    let first = server.get(&format!("{ALL}?warmup=true")).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag != empty.header("etag"));
    assert_ne!(server.get(ALL).await.header("etag"), tag);
    let known = if_none_match(&server, &format!("{ALL}?warmup=true"), &tag).await;
    assert_eq!((known.status().as_u16(), known.headers()["etag"].to_str().unwrap()), (304, tag.as_str()));
    deploy(&server).await;
    assert_eq!(if_none_match(&server, &format!("{ALL}?warmup=true"), &tag).await.status().as_u16(), 200);
}

async fn if_none_match(server: &Server, path: &str, tag: &str) -> parhelion_http::Response {
    let mut request = http::Request::get(path).header("if-none-match", tag).body(Body::empty()).unwrap();
    request.extensions_mut().insert(parhelion_http::Head {
        world: parhelion_core::WorldName::main(),
        base: "http://127.0.0.1:4600".to_owned(),
        original_uri: path.parse().unwrap(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        request_id: String::new(),
        cause: 0,
    });
    tower::ServiceExt::oneshot(server.surface.service.clone(), request).await.unwrap()
}

#[tokio::test]
async fn logs_have_lines_below_lines() {
    let server = Server::new();
    let id = deploy(&server).await;
    let log = server.get(&format!("{ALL}/{id}/log")).await.json();
    let lines = log.as_array().unwrap();
    assert_eq!(
        (lines.len(), &lines[0]["message"], &lines[0]["details_url"]),
        (7, &json!("Updating submodules."), &Value::Null)
    );
    let line = &lines[3];
    let members: Vec<&String> = line.as_object().unwrap().keys().collect();
    assert_eq!(members, ["log_time", "id", "message", "type", "details_url"]);
    let url = line["details_url"].as_str().unwrap();
    let expected = format!("http://127.0.0.1:4600{ALL}/{id}/log/{}", line["id"].as_str().unwrap());
    assert_eq!(url, expected);
    let details = server.get(url.strip_prefix("http://127.0.0.1:4600").unwrap()).await.json();
    assert_eq!(details[2]["message"], "Copying file: 'a.txt'");
    assert_eq!((&details[2]["id"], &details[2]["details_url"]), (&json!(""), &Value::Null));

    let plain = lines[0]["id"].as_str().unwrap();
    for entry in [plain, "nope"] {
        let answer = server.get(&format!("{ALL}/{id}/log/{entry}")).await;
        let text = format!("{{\"Message\":\"LogId '{entry}' was not found in Deployment '{id}'.\"}}");
        assert_eq!(answer.pair(), (404, text.as_str()));
    }
    let none = server.get(&format!("{ALL}/latest/log")).await;
    let body = none.json();
    assert_eq!((none.status, &body["ExceptionType"]), (404, &json!("System.IO.FileNotFoundException")));
    assert_eq!(body["ExceptionMessage"], "No log found for 'latest'.");
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let server = Server::new();
    for id in ["nope", "latest"] {
        let answer = server.get(&format!("{ALL}/{id}")).await;
        let text = format!("{{\"Message\":\"Deployment '{id}' not found.\"}}");
        assert_eq!(answer.pair(), (404, text.as_str()));
    }
    let answer = server.call("DELETE", &format!("{ALL}/nope"), "", Body::empty()).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["ExceptionMessage"], "Unable to delete 'nope'. No deployment found.");
    for target in [ALL, &format!("{ALL}/nope")] {
        for body in ["", "{}", "no json", r#"{"status":1}"#] {
            let answer = server.call("PUT", target, JSON, body).await;
            assert_eq!(
                answer.pair(),
                (404, r#"{"Message":"Repository could not be found."}"#),
                "{target} {body}"
            );
        }
    }
}

#[tokio::test]
async fn a_deployment_from_elsewhere_is_recorded() {
    let server = Server::new();
    let target = format!("{ALL}/abc-1");
    let answer = server.call("PUT", &target, "", record().to_string()).await;
    assert_eq!(answer.status, 200);
    expect![[r#"{"id":"abc-1","status":4,"status_text":null,"author_email":null,"author":"Some One","deployer":"GITHUB","message":"{\"type\":\"deployment\"}","progress":null,"received_time":"0001-01-01T00:00:00","start_time":"2026-01-02T00:00:00Z","end_time":"2026-01-02T00:00:10.5Z","last_success_end_time":null,"complete":false,"active":true,"is_temp":false,"is_readonly":false,"url":"http://127.0.0.1:4600/kudu/site/api/deployments/abc-1","log_url":"http://127.0.0.1:4600/kudu/site/api/deployments/abc-1/log","site_name":null,"provisioningState":"Succeeded"}"#]]
    .assert_eq(&answer.body);
    let stored = server.get(&target).await.json();
    assert_eq!(
        (&stored["complete"], &stored["is_readonly"], &stored["active"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(stored["received_time"], "2026-01-02T00:00:00Z");
    let log = server.get(&format!("{target}/log")).await.json();
    assert_eq!(log[0]["message"], "Deployment successful.");

    let again = server.call("PUT", &target, JSON, record().to_string()).await;
    assert_eq!(again.pair(), (409, r#"{"Message":"Deployment with id 'abc-1' exists"}"#));
    let mut failed = record();
    (failed["status"], failed["active"]) = (3.into(), true.into());
    let refused = server.call("PUT", &format!("{ALL}/x"), JSON, failed.to_string()).await;
    assert_eq!(refused.pair(), (400, r#"{"Message":"Only successful status can be active!"}"#));
    for id in ["a%2Fb", "%2e%2e", "latest", "a%00", &"x".repeat(300)] {
        let refused = server.call("PUT", &format!("{ALL}/{id}"), JSON, record().to_string()).await;
        assert_eq!(refused.status, 400, "{id}");
    }
    assert!(server.outbox.sent().is_empty());
}

#[tokio::test]
async fn the_active_deployment_cannot_be_deleted() {
    let server = Server::new();
    let first = deploy(&server).await;
    let second = deploy(&server).await;
    let delete = async |id: &str| server.call("DELETE", &format!("{ALL}/{id}"), "", Body::empty()).await;
    let active = delete(&second).await;
    assert_eq!(
        (active.status, &active.json()["ExceptionType"]),
        (409, &json!("System.InvalidOperationException"))
    );
    assert_eq!(delete(&first).await.pair(), (204, ""));
    assert_eq!(delete(&first).await.status, 404);
    assert_eq!(server.get(ALL).await.json().as_array().unwrap().len(), 1);
}
