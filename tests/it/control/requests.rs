//! What was asked and answered.

use super::{hook, hooks, publish};
use parhelion_testkit::TestServer;
use serde_json::{Value, json};

#[tokio::test]
async fn a_request_is_kept_with_all_that_was_said() {
    let server = TestServer::manual().await;
    let api = server.main();
    let body = r#"{"url": "http://h/1", "event": "x"}"#;
    let answer = api
        .call("POST", "/kudu/site/api/hooks?a=b")
        .header("X-Mine", "1")
        .body("application/json", body)
        .await
        .want(201);
    let id = answer.header("x-parhelion-request-id");
    let listed = api.items("/_parhelion/requests").await;
    assert_eq!(listed.len(), 1);
    let kept = api.get(&format!("/_parhelion/requests/{id}")).await.want(200).json();
    for (member, value) in [
        ("id", json!(id)),
        ("seq", json!(1)),
        ("at", json!("2026-01-01T00:00:00Z")),
        ("surface", json!("kudu")),
        ("operation", json!("SubscribeHook")),
        ("tenant", json!("site")),
        ("method", json!("POST")),
        ("path", json!("/kudu/site/api/hooks?a=b")),
        ("status", json!(201)),
    ] {
        assert_eq!((&listed[0][member], &kept[member]), (&value, &value), "{member}");
    }
    assert!(kept["duration_us"].is_u64() && listed[0]["request"].is_null());
    assert_eq!(kept["request"]["body"], body);
    assert_eq!(kept["response"]["body"], answer.text());
    let headers = |message: &str| kept[message]["headers"].as_array().expect("a list of pairs").clone();
    assert!(headers("request").contains(&json!(["x-mine", "1"])), "{kept}");
    assert!(headers("response").contains(&json!(["x-parhelion-request-id", id])), "{kept}");
}

#[tokio::test]
async fn credentials_in_headers_are_masked() {
    let server = TestServer::start().await;
    let api = server.main();
    for (given, shown) in
        [("Basic dXNlcjpzZWNyZXQ=", "Basic ****"), ("Bearer s3cr3t", "Bearer ****"), ("s3cr3t", "****")]
    {
        let answer = api.get("/kudu/site/api/hooks").header("Authorization", given).await.want(200);
        let id = answer.header("x-parhelion-request-id");
        let kept = api.get(&format!("/_parhelion/requests/{id}")).await.want(200);
        assert!(kept.text().contains(&format!(r#"["authorization","{shown}"]"#)), "{kept:?}");
        assert!(!kept.text().contains("dXNl") && !kept.text().contains("s3cr3t"), "{kept:?}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_text_are_base64_and_long_ones_are_cut() {
    let server = TestServer::start().await;
    let api = server.main();
    let kept = async |body: Vec<u8>| {
        let answer = api.call("POST", "/kudu/site/api/hooks").body("application/json", body).await.want(400);
        let id = answer.header("x-parhelion-request-id").to_owned();
        api.get(&format!("/_parhelion/requests/{id}")).await.want(200).json()["request"].clone()
    };
    let binary = kept(vec![0xff, 0xfe, 0]).await;
    assert_eq!((&binary["body_base64"], &binary["body"]), (&json!("//4A"), &Value::Null));
    assert_eq!(binary["body_truncated"], Value::Null);
    let long = kept(vec![b'x'; 300_000]).await;
    assert_eq!(long["body"].as_str().map(str::len), Some(256 * 1024));
    assert_eq!(long["body_truncated"], true);
}

#[tokio::test]
async fn requests_are_listed_by_what_they_were() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "one", "x", "http://h/1").await;
    hooks(&api, "one").await;
    hooks(&api, "two").await;
    api.get("/kudu/one/api/nothing").await.want(404);
    api.get("/nobody/answers/this").await.want(404);
    let count = async |query: &str| api.items(&format!("/_parhelion/requests?{query}")).await.len();
    assert_eq!(count("").await, 5);
    assert_eq!(count("surface=kudu").await, 4);
    assert_eq!(count("operation=ListHooks").await, 2);
    assert_eq!(count("operation=ListHooks&tenant=two").await, 1);
    assert_eq!(count("status=404").await, 2);
    assert_eq!(count("tenant=nobody").await, 0);
    let all = api.items("/_parhelion/requests").await;
    let seqs: Vec<u64> = all.iter().filter_map(|request| request["seq"].as_u64()).collect();
    assert!(seqs.is_sorted());
    // `since` takes a seq in, `after` goes on behind it.
    assert_eq!(count(&format!("since={}", seqs[2])).await, 3);
    assert_eq!(count(&format!("after={}", seqs[2])).await, 2);
    let page = api.get("/_parhelion/requests?limit=2").await.json();
    assert_eq!(
        (page["items"].as_array().map(Vec::len), &page["next"]),
        (Some(2), &json!(seqs[1].to_string()))
    );
    for (query, detail) in [
        ("status=many", "status=many"),
        ("since=x", "since=x"),
        ("host=x", "\"host\""),
        ("surface=gitlab", "\"gitlab\""),
    ] {
        api.get(&format!("/_parhelion/requests?{query}")).await.problem(400, detail);
    }
    api.get("/_parhelion/requests/none").await.problem(404, "\"none\"");
}

#[tokio::test]
async fn requests_are_counted_by_what_matches() {
    let server = TestServer::start().await;
    let api = server.main();
    for n in ["1", "2"] {
        api.get("/kudu/one/api/hooks").header("x-mine", n).await.want(200);
    }
    publish(&api, "one", "x").await;
    let count = async |wanted: Value| {
        let answer = api.post("/_parhelion/requests/count", &json!({"match": wanted})).await.want(200);
        answer.json()["count"].as_u64().expect("a number")
    };
    assert_eq!(count(json!({})).await, 3);
    assert_eq!(count(json!({"surface": "kudu", "tenant": "one"})).await, 3);
    assert_eq!(count(json!({"operation": "ListHooks"})).await, 2);
    assert_eq!(count(json!({"path": "/kudu/one/api/hooks"})).await, 2);
    assert_eq!(count(json!({"header": {"X-Mine": "2"}})).await, 1);
    assert_eq!(count(json!({"header": {"x-mine": "2"}, "operation": "PublishEvent"})).await, 0);
    assert_eq!(count(json!({"status": 200})).await, 3);
    assert_eq!(
        api.post("/_parhelion/requests/count", &json!({})).await.want(200).json(),
        json!({"count": 3})
    );
    for (bad, detail) in [
        (json!({"match": {"operations": "x"}}), "operations"),
        (json!({"matches": {}}), "matches"),
        (json!({"match": {"surface": "gitlab"}}), "unknown surface \"gitlab\""),
        (json!({"match": {"status": "200"}}), "u16"),
        (json!({"match": []}), "the body cannot be read"),
        (json!([]), "the body cannot be read"),
    ] {
        api.post("/_parhelion/requests/count", &bad).await.problem(400, detail);
    }
}

#[tokio::test]
async fn calls_of_the_control_api_are_not_among_them() {
    let server = TestServer::start().await;
    let api = server.main();
    api.post("/_parhelion/reset", &json!({})).await.want(204);
    api.get("/_parhelion/health").await.want(200);
    assert_eq!(api.items("/_parhelion/requests").await.len(), 0);
}
