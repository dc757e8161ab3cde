//! Receivers inside the emulator.

use super::{hook, publish};
use parhelion_testkit::{Api, TestServer};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn put(api: &Api, name: &str, script: Value) {
    api.put(&format!("/_parhelion/sinks/{name}"), &script).await.want(200);
}

#[tokio::test]
async fn a_sink_answers_200_to_anything_and_keeps_it() {
    let server = TestServer::start().await;
    let api = server.main();
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer =
            api.call(method, "/_parhelion/sink/s/a/b%20c?q=%C3%A4&q=2").header("x-mine", method).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{answer:?}");
    }
    api.call("POST", "/_parhelion/sink/s").body("text/plain", "hello").await.want(200);
    api.call("POST", "/_parhelion/sink/s").body("x/y", vec![0xff]).await.want(200);
    let got = api.items("/_parhelion/sinks/s/requests").await;
    assert_eq!(got.len(), 8);
    assert_eq!(
        (&got[0]["method"], &got[0]["path"], &got[0]["query"]),
        (&json!("GET"), &json!("/a/b%20c"), &json!("q=%C3%A4&q=2"))
    );
    assert!(
        got[0]["headers"].as_array().is_some_and(|all| all.contains(&json!(["x-mine", "GET"]))),
        "{got:?}"
    );
    assert_eq!((&got[6]["path"], &got[6]["body"]), (&json!("/"), &json!("hello")));
    assert_eq!((&got[7]["body_base64"], &got[7]["body"]), (&json!("/w=="), &Value::Null));
    assert!(got[0]["at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let sinks = api.items("/_parhelion/sinks").await;
    assert_eq!(
        (&sinks[0]["name"], &sinks[0]["received"], &sinks[0]["gone"]),
        (&json!("s"), &json!(8), &json!(0))
    );
}

#[tokio::test]
async fn a_script_is_played_and_its_last_answer_repeats() {
    let server = TestServer::start().await;
    let api = server.main();
    let statuses = async |n: usize| {
        let mut all = Vec::new();
        for _ in 0..n {
            all.push(api.post("/_parhelion/sink/s", &json!({})).await.status);
        }
        all
    };
    let responses = json!([{"status": 500}, {"status": 503}, {"status": 201}]);
    put(&api, "s", json!({"responses": responses})).await;
    assert_eq!(statuses(5).await, [500, 503, 201, 201, 201]);
    put(&api, "s", json!({"responses": responses, "repeat": "cycle"})).await;
    assert_eq!(statuses(5).await, [500, 503, 201, 500, 503]);
    // A new script forgets what was received.
    put(&api, "s", json!({"responses": [], "repeat": "last"})).await;
    assert_eq!(api.items("/_parhelion/sinks/s/requests").await.len(), 0);
    assert_eq!(statuses(1).await, [200]);
}

#[tokio::test]
async fn a_scripted_answer_has_headers_body_and_delay() {
    let server = TestServer::start().await;
    let api = server.main();
    put(
        &api,
        "s",
        json!({"responses": [
            {"status": 202, "headers": {"X-Mine": "1", "Content-Type": "application/xml"}, "body": "<a/>"},
            {"body": {"a": [1]}},
            {"delay": "200ms"},
        ]}),
    )
    .await;
    let call = async || api.post("/_parhelion/sink/s", &json!({})).await;
    let first = call().await.want(202);
    assert_eq!(
        (first.header("x-mine"), first.header("content-type"), first.text().as_str()),
        ("1", "application/xml", "<a/>")
    );
    let second = call().await.want(200);
    assert_eq!((second.header("content-type"), second.json()), ("application/json", json!({"a": [1]})));
    let begun = Instant::now();
    call().await.want(200);
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_sink_can_drop_its_connection() {
    let server = TestServer::start().await;
    let api = server.main();
    put(&api, "s", json!({"responses": [{"reset": true}, {"reset": true}, {"status": 200}]})).await;
    let mut raw = server.raw().await;
    raw.send("POST /_parhelion/sink/s HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(raw.rest().await, "", "not a byte of an answer");
    // A delivery to it fails as one to a receiver that resets.
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    publish(&api, "site", "x").await;
    let failed = api.get("/_parhelion/deliveries/d1").await.want(200).json();
    assert_eq!(
        (&failed["status"], &failed["error"]["class"]),
        (&json!("failed"), &json!("reset")),
        "{failed}"
    );
    publish(&api, "site", "x").await;
    assert_eq!(api.get("/_parhelion/deliveries/d2").await.json()["status"], "succeeded");
    assert_eq!(api.items("/_parhelion/sinks/s/requests").await.len(), 3);
}

#[tokio::test]
async fn waiting_for_requests_ends_when_they_came_or_says_what_is_missing() {
    let server = TestServer::start().await;
    let api = server.main();
    let waiting = tokio::spawn({
        let api = api.clone();
        async move { api.items("/_parhelion/sinks/s/requests?count=2&wait=30s").await.len() }
    });
    for _ in 0..2 {
        api.post("/_parhelion/sink/s", &json!({})).await.want(200);
    }
    assert_eq!(waiting.await.expect("an answer"), 2);
    for query in ["count=3&wait=20ms", "count=3"] {
        let answer = api.get(&format!("/_parhelion/sinks/s/requests?{query}")).await;
        answer.problem(408, "2 of 3");
        assert_eq!((&answer.json()["have"], &answer.json()["wanted"]), (&json!(2), &json!(3)));
    }
    // A sink that nobody has made yet has received nothing.
    assert_eq!(api.items("/_parhelion/sinks/none/requests").await.len(), 0);
    api.get("/_parhelion/sinks/none/requests?count=1").await.problem(408, "0 of 1");
    for (query, detail) in
        [("count=x", "count=x"), ("wait=1m30s", "1m30s"), ("wait=2m", "at most 60s"), ("from=1", "\"from\"")]
    {
        api.get(&format!("/_parhelion/sinks/s/requests?{query}")).await.problem(400, detail);
    }
}

#[tokio::test]
async fn requests_and_sinks_come_in_pages() {
    let server = TestServer::start().await;
    let api = server.main();
    for n in 0..5 {
        api.post(&format!("/_parhelion/sink/s/{n}"), &json!({})).await.want(200);
        api.post(&format!("/_parhelion/sink/t{n}"), &json!({})).await.want(200);
    }
    let page = api.get("/_parhelion/sinks/s/requests?limit=2").await.json();
    assert_eq!((&page["items"][1]["path"], &page["next"]), (&json!("/1"), &json!("2")));
    let page = api.get("/_parhelion/sinks/s/requests?limit=2&after=4").await.json();
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next"]), (Some(1), &Value::Null));
    let page = api.get("/_parhelion/sinks?limit=2&after=s").await.json();
    assert_eq!((&page["items"][0]["name"], &page["next"]), (&json!("t0"), &json!("t1")));
}

#[tokio::test]
async fn a_deleted_sink_forgets() {
    let server = TestServer::start().await;
    let api = server.main();
    put(&api, "s", json!({"responses": [{"status": 500}]})).await;
    api.delete("/_parhelion/sinks/s").await.want(204);
    api.delete("/_parhelion/sinks/s").await.problem(404, "\"s\"");
    api.post("/_parhelion/sink/s", &json!({})).await.want(200);
}

#[tokio::test]
async fn what_is_no_script_is_refused() {
    let server = TestServer::start().await;
    let api = server.main();
    for (bad, detail) in [
        (json!({"response": []}), "unknown field `response`"),
        (json!({"responses": [{"code": 200}]}), "unknown field `code`"),
        (json!({"responses": [{"status": 99}]}), "from 200 to 599"),
        (json!({"responses": [{"status": 600}]}), "from 200 to 599"),
        (json!({"responses": [{"status": "200"}]}), "the body cannot be read"),
        (json!({"responses": [{"headers": {"a b": "c"}}]}), "\"a b: c\" is no header"),
        (json!({"responses": [{"headers": {"a": "\n"}}]}), "is no header"),
        (json!({"responses": [{"delay": "5"}]}), "\"5\" is no duration"),
        (json!({"responses": [{"delay": "2m"}]}), "at most 60s"),
        (json!({"responses": [{"reset": "yes"}]}), "the body cannot be read"),
        (json!({"repeat": "first"}), "unknown variant `first`"),
        (json!({"responses": vec![json!({}); 1001]}), "at most 1000"),
    ] {
        api.put("/_parhelion/sinks/s", &bad).await.problem(400, detail);
    }
    assert_eq!(api.items("/_parhelion/sinks").await.len(), 0);
}
