//! Sites by host, by prefix and by neither; routes that are none.

use crate::testing::{JSON, Server};
use parhelion_http::Body;
use serde_json::json;

#[tokio::test]
async fn one_site_has_three_addresses() {
    let server = Server::new();
    let first = server.post("Default.scm.localhost:4600/hooks", &json!({"url": "http://a/"})).await;
    assert_eq!(first.status, 201);
    for target in [
        "/api/hooks",
        "/kudu/DEFAULT/hooks/",
        "/KUDU/default/API/HOOKS",
        "default.scm.azurewebsites.net/api/hooks",
        "default.scm.localhost/hooks",
    ] {
        assert_eq!(server.get(target).await.body, format!("[{}]", first.body), "{target}");
    }
    assert_eq!(server.get("/kudu/other/api/hooks").await.body, "[]");
}

#[tokio::test]
async fn what_has_no_route_is_404_with_its_path() {
    let server = Server::new();
    let no_route = |path: &str| format!("\"No route registered for '{path}'\"");
    for (method, target, path) in [
        ("GET", "/kudu/site/api/nope?x=1", "/api/nope?x=1"),
        ("GET", "/api/nope?x=1", "/api/nope?x=1"),
        ("PUT", "/kudu/site/api/hooks", "/api/hooks"),
        ("PATCH", "/kudu/site/hooks/1", "/hooks/1"),
        ("POST", "/kudu/site/api/deployments/1", "/api/deployments/1"),
        ("GET", "/kudu/site/api/zipdeploy", "/api/zipdeploy"),
        ("GET", "site.scm.localhost/", "/"),
    ] {
        let answer = server.call(method, target, JSON, Body::empty()).await;
        assert_eq!(answer.pair(), (404, no_route(path).as_str()), "{method} {target}");
        assert_eq!(answer.named.operation, "", "{target}");
    }
    let answer = server.call("POST", "/kudu/site/api/deployments/1/log", JSON, "{}").await;
    let text = r#"{"Message":"The requested resource does not support http method 'POST'."}"#;
    assert_eq!(answer.pair(), (405, text));
    for method in ["HEAD", "OPTIONS"] {
        assert_eq!(
            server.call(method, "/kudu/site/api/hooks", "", Body::empty()).await.status,
            405,
            "{method}"
        );
    }
}

#[tokio::test]
async fn answers_name_the_request() {
    let server = Server::new();
    // The id of the request is no GUID here: one is made of it.
    let id = server.get("/api/hooks").await.header("x-ms-request-id").to_owned();
    assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
    let error = server.get("/api/nope").await;
    assert_eq!(error.header("x-ms-request-id"), id);
}

#[test]
fn packages_may_be_large() {
    let server = Server::new();
    let limit =
        |path: &str| (server.surface.body_limit)(&http::Request::post(path).body(()).unwrap().into_parts().0);
    assert_eq!(limit("/kudu/site/api/ZipDeploy/"), 2 * 1024 * 1024 * 1024);
    assert_eq!(limit("/kudu/site/api/hooks"), 32 * 1024 * 1024);
}

#[test]
fn the_table_has_a_page_for_each_operation() {
    let server = Server::new();
    for info in server.surface.operations {
        assert!(info.doc.starts_with("https://") && info.route.contains(" /"), "{info:?}");
    }
    assert_eq!(server.surface.name, "kudu");
    assert!((server.surface.banner)("http://h").contains("http://h/kudu/{site}/api/"));
}
