//! The journal: listed, filtered, awaited, streamed.

use super::{hook, publish};
use parhelion_testkit::{Api, TestServer};
use serde_json::{Value, json};
use std::time::Instant;

async fn seqs(api: &Api, query: &str) -> Vec<u64> {
    let events = api.items(&format!("/_parhelion/events{query}")).await;
    events.iter().map(|event| event["seq"].as_u64().expect("a seq")).collect()
}

/// A hook, a publication that goes to a sink, and another that goes to nobody.
async fn some_events(api: &Api) {
    hook(api, "one", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    publish(api, "one", "x").await;
    publish(api, "two", "y").await;
}

#[tokio::test]
async fn entries_are_whole_and_in_order() {
    let server = TestServer::manual().await;
    let api = server.world("w1");
    some_events(&api).await;
    let events = api.items("/_parhelion/events").await;
    let seqs = seqs(&api, "").await;
    assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>());
    for event in &events {
        for member in ["at", "surface", "tenant", "kind", "subject", "fact"] {
            assert!(event[member].is_string(), "{member}: {event}");
        }
        assert!(event["data"].is_object() && event["cause"].is_u64(), "{event}");
        assert_eq!((&event["world"], &event["at"]), (&json!("w1"), &json!("2026-01-01T00:00:00Z")));
        // What led here was there before.
        assert!(event["cause"].as_u64() < event["seq"].as_u64(), "{event}");
    }
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["kind"].as_str()).collect();
    for kind in
        ["request", "hook.created", "event.published", "hook.matched", "delivery.created", "delivery.attempt"]
    {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    // Reading does not write; changing through the control API does.
    assert_eq!(self::seqs(&api, "").await, seqs);
}

#[tokio::test]
async fn every_filter_filters() {
    let server = TestServer::start().await;
    let api = server.main();
    some_events(&api).await;
    let all = api.items("/_parhelion/events?limit=1000").await;
    let published =
        all.iter().find(|event| event["kind"] == "event.published").expect("a publication").clone();
    for member in ["surface", "tenant", "kind", "subject", "request_id", "cause"] {
        let wanted = match &published[member] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let found = api.items(&format!("/_parhelion/events?{member}={}", wanted.replace(':', "%3A"))).await;
        let same: Vec<&Value> = all.iter().filter(|event| event[member] == published[member]).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), same, "{member}");
        // Everything here is Kudu's.
        assert!(!found.is_empty() && (found.len() < all.len() || member == "surface"), "{member}");
    }
    assert_eq!(api.items("/_parhelion/events?kind=event.published&tenant=two").await.len(), 1);
    assert_eq!(api.items("/_parhelion/events?kind=nothing").await.len(), 0);
}

#[tokio::test]
async fn pages_go_on_where_they_ended() {
    let server = TestServer::start().await;
    let api = server.main();
    some_events(&api).await;
    let all = seqs(&api, "?kind=hook.matched").await;
    let mut paged = Vec::new();
    let mut after = "0".to_owned();
    loop {
        let page =
            api.get(&format!("/_parhelion/events?kind=hook.matched&limit=1&after={after}")).await.json();
        paged.extend(page["items"].as_array().expect("a list").iter().filter_map(|e| e["seq"].as_u64()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, all);
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn a_long_poll_answers_as_soon_as_one_comes() {
    let server = TestServer::start().await;
    let api = server.main();
    let waiting = tokio::spawn({
        let api = api.clone();
        async move { api.items("/_parhelion/events?kind=hook.created&wait=30s").await }
    });
    // Entries of other kinds do not end it.
    publish(&api, "site", "x").await;
    hook(&api, "site", "x", "http://h/1").await;
    let found = waiting.await.expect("an answer");
    assert_eq!((found.len(), &found[0]["kind"]), (1, &json!("hook.created")));
    // What is there already is given at once.
    let begun = Instant::now();
    assert_eq!(api.items("/_parhelion/events?kind=hook.created&wait=30s").await.len(), 1);
    // At its end the list is empty.
    assert_eq!(api.items("/_parhelion/events?kind=none&wait=20ms").await.len(), 0);
    assert!(begun.elapsed().as_secs() < 20);
}

#[tokio::test]
async fn a_stream_gives_what_was_and_what_comes() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", "http://h/1").await;
    let call = api.get("/_parhelion/events?kind=hook.created").header("accept", "text/event-stream");
    let mut stream = call.stream().await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    let first = stream.next().await.expect("an event");
    assert_eq!((first.kind.as_str(), &first.data["kind"]), ("hook.created", &json!("hook.created")));
    assert_eq!(first.id, first.data["seq"].to_string());
    hook(&api, "site", "x", "http://h/2").await;
    let second = stream.next().await.expect("an event");
    assert!(second.data["seq"].as_u64() > first.data["seq"].as_u64());
    drop(stream);

    // It goes on behind what was seen; the header outranks the query, which a reconnecting client repeats.
    hook(&api, "site", "x", "http://h/3").await;
    let call = api.get("/_parhelion/events?kind=hook.created&after=0").header("accept", "text/event-stream");
    let mut resumed = call.header("last-event-id", &second.id).stream().await;
    let third = resumed.next().await.expect("an event");
    assert!(third.data["seq"].as_u64() > second.data["seq"].as_u64());
    let all = seqs(&api, "?kind=hook.created").await;
    assert_eq!(all.last(), third.data["seq"].as_u64().as_ref());
}

#[tokio::test]
async fn wrong_queries_are_refused_by_name() {
    let server = TestServer::start().await;
    let api = server.main();
    for (query, detail) in [
        ("kinds=x", "unknown query member \"kinds\""),
        ("kind=a&kind=b", "\"kind\" stands twice"),
        ("after=x", "after=x"),
        ("cause=x", "cause=x"),
        ("limit=0", "limit=0"),
        ("limit=1001", "limit=1001"),
        ("limit=many", "limit=many"),
        ("wait=61s", "at most 60s"),
        ("wait=5", "\"5\" is no duration"),
        ("kind=%ff", "UTF-8"),
        ("surface=gitlab", "unknown surface \"gitlab\""),
    ] {
        api.get(&format!("/_parhelion/events?{query}")).await.problem(400, detail);
    }
    let call = api.get("/_parhelion/events?wait=1s").header("accept", "text/event-stream");
    call.await.problem(400, "\"wait\" is for long polls");
    let call =
        api.get("/_parhelion/events").header("accept", "text/event-stream").header("last-event-id", "x");
    call.await.problem(400, "last-event-id");
}
