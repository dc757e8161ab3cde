//! What was sent: listed, looked at, sent again.

use super::{hook, publish};
use parhelion_testkit::{Receiver, TestServer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_delivery_shows_what_was_sent_and_what_came_back() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.respond_with(202, &[("X-Mine", "1")], "thanks");
    let target = format!("{}/path?q=1", receiver.url());
    let id = hook(&api, "site", "x", &target).await;
    publish(&api, "site", "x").await;
    let got = receiver.wait_for(1).await;

    let listed = api.items("/_parhelion/deliveries").await;
    let one = api.get("/_parhelion/deliveries/d1?secrets=true").await.want(200).json();
    assert_eq!(listed.len(), 1);
    for (member, value) in [
        ("id", json!("d1")),
        ("surface", json!("kudu")),
        ("tenant", json!("site")),
        ("for", json!(format!("hook:{id}"))),
        ("event", json!("x")),
        ("status", json!("succeeded")),
        ("method", json!("POST")),
    ] {
        assert_eq!((&listed[0][member], &one[member]), (&value, &value), "{member}");
    }
    assert_eq!(one["target"], target);
    let attempt = &one["attempts"][0];
    assert_eq!((&attempt["number"], &attempt["error"]), (&json!(1), &Value::Null));
    assert_eq!((&attempt["request"]["method"], &attempt["request"]["url"]), (&json!("POST"), &json!(target)));
    assert_eq!(attempt["request"]["body"], got[0].text());
    let sent: Vec<(String, String)> =
        serde_json::from_value(attempt["request"]["headers"].clone()).expect("pairs");
    assert_eq!(sent, got[0].headers, "the headers as they went over the wire");
    assert_eq!(
        (&attempt["response"]["status"], &attempt["response"]["body"]),
        (&json!(202), &json!("thanks"))
    );
    let back: Vec<(String, String)> =
        serde_json::from_value(attempt["response"]["headers"].clone()).expect("pairs");
    assert!(back.iter().any(|(name, value)| name.eq_ignore_ascii_case("x-mine") && value == "1"), "{one}");
    assert!(attempt["duration_us"].is_u64() && attempt["seq"].is_u64(), "{one}");
}

#[tokio::test]
async fn secrets_of_a_target_are_shown_only_when_asked_for() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.respond_with(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], "").respond(200, "");
    hook(&api, "site", "x", &format!("http://user:s3cr3t@127.0.0.1:{}/", receiver.port())).await;
    publish(&api, "site", "x").await;
    assert_eq!(receiver.wait_for(2).await[1].header("authorization"), Some("Basic dXNlcjpzM2NyM3Q="));
    for path in [
        "/_parhelion/deliveries",
        "/_parhelion/deliveries/d1",
        "/_parhelion/explain/d1",
        "/_parhelion/events",
    ] {
        let shown = api.get(path).await.want(200).text();
        assert!(!shown.contains("s3cr3t") && !shown.contains("dXNlcjpzM2NyM3Q"), "{path}: {shown}");
    }
    let whole = api.get("/_parhelion/deliveries/d1?secrets=true").await.want(200).text();
    assert!(whole.contains("user:s3cr3t@") && whole.contains("Basic dXNlcjpzM2NyM3Q="), "{whole}");
}

#[tokio::test]
async fn deliveries_are_listed_by_what_they_are() {
    let server = TestServer::start().await;
    let api = server.main();
    let good = format!("{}/_parhelion/sink/good", api.url());
    hook(&api, "one", "x", &good).await;
    hook(&api, "two", "x", "http://127.0.0.1:1/").await;
    for site in ["one", "two", "two"] {
        publish(&api, site, "x").await;
    }
    let ids = async |query: &str| -> Vec<String> {
        let items = api.items(&format!("/_parhelion/deliveries?{query}")).await;
        items.iter().map(|d| d["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids("").await, ["d1", "d2", "d3"]);
    assert_eq!(ids("status=succeeded").await, ["d1"]);
    assert_eq!(ids("status=failed").await, ["d2", "d3"]);
    assert_eq!(ids("surface=kudu&tenant=two").await, ["d2", "d3"]);
    assert_eq!(ids("surface=codepipeline").await, Vec::<String>::new());
    assert_eq!(ids(&format!("target={}", good.replace(':', "%3A").replace('/', "%2F"))).await, ["d1"]);
    assert_eq!(ids("limit=1&after=d1").await, ["d2"]);
    let page = api.get("/_parhelion/deliveries?limit=2").await.json();
    assert_eq!(page["next"], "d2");
    for (query, detail) in [
        ("status=lost", "unknown status \"lost\""),
        ("surface=gitlab", "unknown surface \"gitlab\""),
        ("hook=1", "\"hook\""),
        ("secrets=1", "secrets=1"),
        ("limit=-1", "limit=-1"),
    ] {
        api.get(&format!("/_parhelion/deliveries?{query}")).await.problem(400, detail);
    }
    for unknown in ["d9", "9", "x", "d", "d-1", "d99999999999999999999999"] {
        api.get(&format!("/_parhelion/deliveries/{unknown}")).await.problem(404, "delivery");
    }
}

#[tokio::test]
async fn every_way_to_fail_has_its_class() {
    let server = TestServer::with(|b| b.deliver_to("loopback".parse().expect("targets"))).await;
    let api = server.main();
    let receiver = Receiver::start().await;
    let one = async |target: &str| {
        hook(&api, "site", "x", target).await;
        publish(&api, "site", "x").await;
        let all = api.items("/_parhelion/deliveries?limit=1000").await;
        api.post("/_parhelion/reset", &json!({"surface": "kudu"})).await.want(204);
        let last = all.last().expect("a delivery").clone();
        assert_eq!(last["status"], "failed", "{last}");
        assert!(last["error"]["message"].as_str().is_some_and(|why| !why.is_empty()), "{last}");
        last["error"]["class"].as_str().unwrap_or_default().to_owned()
    };
    receiver.respond(500, "no");
    assert_eq!(one(&receiver.url()).await, "status");
    let reset = Receiver::start().await;
    reset.reset();
    assert_eq!(one(&reset.url()).await, "reset");
    let gone = Receiver::start().await.url();
    assert_eq!(one(&gone).await, "refused");
    assert_eq!(one("http://8.8.8.8/").await, "not_allowed");
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = format!("https://{}/", plain.local_addr().expect("an address"));
    let answering = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.expect("a connection");
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    assert_eq!(one(&target).await, "tls");
    answering.await.expect("no panic");
}

#[tokio::test]
async fn a_delivery_is_sent_again_with_the_old_one_as_its_cause() {
    let server = TestServer::start().await;
    let api = server.main();
    let (first, other) = (Receiver::start().await, Receiver::start().await);
    first.respond(500, "").respond(200, "");
    hook(&api, "site", "x", &first.url()).await;
    publish(&api, "site", "x").await;
    let again = api.post("/_parhelion/deliveries/d1/replay", &json!({})).await.want(201).json();
    assert_eq!((&again["id"], &again["replay_of"]), (&json!("d2"), &json!("d1")));
    api.idle().await;
    let got = first.wait_for(2).await;
    assert_eq!(got[0].body, got[1].body);
    assert_eq!(api.get("/_parhelion/deliveries/d2").await.json()["status"], "succeeded");
    assert_eq!(api.get("/_parhelion/deliveries/d1").await.json()["status"], "failed");
    let story = api.explain("d2").await;
    assert!(story.contains("delivery d1 is sent again by request"), "{story}");

    let elsewhere = json!({"url": other.url()});
    api.post("/_parhelion/deliveries/d1/replay", &elsewhere).await.want(201);
    assert_eq!(other.wait_for(1).await[0].body, got[0].body);
    api.idle().await;

    for bad in ["", "nothing", "ftp://h/", "/relative", "http://"] {
        api.post("/_parhelion/deliveries/d1/replay", &json!({"url": bad})).await.problem(400, "");
    }
    api.post("/_parhelion/deliveries/d1/replay", &json!({"to": "x"}))
        .await
        .problem(400, "unknown field `to`");
    api.post("/_parhelion/deliveries/d77/replay", &json!({})).await.problem(404, "d77");
    api.post("/_parhelion/deliveries/x/replay", &json!({})).await.problem(404, "\"x\"");
}
