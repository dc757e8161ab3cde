//! What every call refuses: bodies that are none, members and queries that it does not know, methods it does not take.

use parhelion_testkit::TestServer;
use serde_json::json;

/// Every call that takes a body.
const WITH_BODY: [(&str, &str); 15] = [
    ("POST", "/_parhelion/reset"),
    ("POST", "/_parhelion/snapshots"),
    ("POST", "/_parhelion/snapshots/s/restore"),
    ("POST", "/_parhelion/rollback"),
    ("PUT", "/_parhelion/clock"),
    ("POST", "/_parhelion/clock/advance"),
    ("POST", "/_parhelion/idle"),
    ("PUT", "/_parhelion/behaviours/b"),
    ("POST", "/_parhelion/await"),
    ("PUT", "/_parhelion/pace"),
    ("POST", "/_parhelion/step"),
    ("POST", "/_parhelion/requests/count"),
    ("POST", "/_parhelion/deliveries/release"),
    ("POST", "/_parhelion/deliveries/d1/replay"),
    ("PUT", "/_parhelion/sinks/s"),
];

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let server = TestServer::start().await;
    let api = server.main();
    let deep = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(100_000);
    for (method, path) in WITH_BODY {
        for body in
            ["{", "nothing", "\"text\"", "7", "[]", "null", "{} {}", "{\"a\":\"\u{0}\"}", &deep, &deep_object]
        {
            let answer = api.call(method, path).body("application/json", body.to_owned()).await;
            answer.problem(400, "the body cannot be read");
        }
        let answer = api.call(method, path).body("application/json", vec![b'{', 0xff, b'}']).await;
        answer.problem(400, "the body cannot be read");
        let unknown = api.call(method, path).json(&json!({"unknown_member": 1})).await;
        unknown.problem(400, "unknown_member");
    }
    assert_eq!(api.items("/_parhelion/events").await.len(), 0, "nothing of it was done");
}

#[tokio::test]
async fn a_query_member_that_nobody_knows_is_refused_by_name() {
    let server = TestServer::start().await;
    let api = server.main();
    let index = api.get("/_parhelion").await.want(200).json();
    for call in index["calls"].as_array().expect("a list") {
        let (method, path) =
            call["call"].as_str().and_then(|c| c.split_once(' ')).expect("a method and a path");
        if method == "ANY" {
            continue;
        }
        let path = path.replace("{}", "nothing");
        let answer = api.call(method, &format!("{path}?limt=1")).await;
        answer.problem(400, "unknown query member \"limt\"");
    }
}

#[tokio::test]
async fn a_surface_that_nobody_knows_is_refused_by_name() {
    let server = TestServer::start().await;
    let api = server.main();
    let unknown = "unknown surface \"gitlab\"";
    api.post("/_parhelion/reset", &json!({"surface": "gitlab"})).await.problem(400, unknown);
    api.post("/_parhelion/reset", &json!({"tenant": "x"}))
        .await
        .problem(400, "\"tenant\" without its \"surface\"");
    api.get("/_parhelion/coverage?surface=gitlab").await.problem(400, unknown);
    for list in ["events", "requests", "deliveries", "explain/d1"] {
        api.get(&format!("/_parhelion/{list}?surface=gitlab")).await.problem(400, unknown);
    }
    // The lists hold what the control API wrote too.
    api.get("/_parhelion/events?surface=control").await.want(200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = TestServer::start().await;
    let api = server.main();
    let huge = vec![b' '; 33 * 1024 * 1024];
    let answer = api.call("POST", "/_parhelion/reset").body("application/json", huge.clone()).await;
    answer.problem(413, "33554432");
    let answer = api.call("POST", "/_parhelion/sink/s").body("text/plain", huge).await;
    answer.problem(413, "33554432");
    let large = vec![b' '; 30 * 1024 * 1024];
    api.call("POST", "/_parhelion/sink/s").body("text/plain", large).await.want(200);
    let got = api.items("/_parhelion/sinks/s/requests").await;
    assert_eq!(got[0]["body"].as_str().map(str::len), Some(256 * 1024));
    assert_eq!(got[0]["body_truncated"], true);
}
