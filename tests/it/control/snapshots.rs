//! Named moments: taken, listed, restored, and going back to a journal entry.

use super::{deliveries, hook, hooks, publish, publishing};
use parhelion_testkit::{START, TestServer};
use serde_json::json;

#[tokio::test]
async fn a_snapshot_has_a_name_a_seq_and_a_time() {
    let server = TestServer::manual().await;
    let api = server.main();
    let unnamed = api.post("/_parhelion/snapshots", &json!({})).await.want(201).json();
    assert_eq!(
        (&unnamed["name"], &unnamed["seq"], &unnamed["at"]),
        (&json!("snapshot-1"), &json!(0), &json!(START))
    );
    api.post("/_parhelion/snapshots", &json!({})).await.want(201);
    let first = api.post("/_parhelion/snapshots", &json!({"name": "a"})).await.want(201).json();
    hook(&api, "site", "x", "http://h/1").await;
    let second = api.post("/_parhelion/snapshots", &json!({"name": "a"})).await.want(201).json();
    assert!(second["seq"].as_u64() > first["seq"].as_u64());
    let names = async |query: &str| -> Vec<String> {
        let items = api.items(&format!("/_parhelion/snapshots{query}")).await;
        items.iter().map(|s| s["name"].as_str().expect("a name").to_owned()).collect()
    };
    // The same name replaced the first one.
    assert_eq!(names("").await, ["a", "snapshot-1", "snapshot-2"]);
    assert_eq!(names("?limit=1&after=a").await, ["snapshot-1"]);
    let page = api.get("/_parhelion/snapshots?limit=1").await.want(200).json();
    assert_eq!(page["next"], "a");
    api.delete("/_parhelion/snapshots/a").await.want(204);
    api.delete("/_parhelion/snapshots/a").await.problem(404, "\"a\"");
    assert_eq!(names("").await, ["snapshot-1", "snapshot-2"]);
}

#[tokio::test]
async fn restoring_the_world_takes_everything_back() {
    let server = TestServer::manual().await;
    let api = server.main();
    let before = hook(&api, "site", "x", "http://h/1").await;
    api.put("/_parhelion/sinks/s", &json!({"responses": [{"status": 418}]})).await.want(200);
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    let next = hook(&api, "site", "x", "http://h/2").await;
    hook(&api, "other", "x", "http://h/1").await;
    api.put("/_parhelion/sinks/s", &json!({})).await.want(200);
    api.post("/_parhelion/clock/advance", &json!({"by": "2h"})).await.want(200);

    let restore = async || api.post("/_parhelion/snapshots/s/restore", &json!({})).await.want(204);
    restore().await;
    let left = api.get("/kudu/site/api/hooks").await.json();
    assert_eq!((left.as_array().map(Vec::len), &left[0]["id"]), (Some(1), &json!(before)));
    assert_eq!(api.get("/_parhelion/state").await.json()["kudu"]["other"], json!(null));
    assert_eq!(api.get("/_parhelion/clock").await.json()["now"], START);
    api.post("/_parhelion/sink/s", &json!({})).await.want(418);
    // Ids go on from where they were, so they repeat; numbers of the journal do not.
    assert_eq!(hook(&api, "site", "x", "http://h/2").await, next);
    let restored = api.items("/_parhelion/events?kind=control.restored").await;
    assert_eq!((restored.len(), &restored[0]["data"]["snapshot"]), (1, &json!("s")));
    // Any number of times.
    restore().await;
    assert_eq!(hooks(&api, "site").await, 1);
}

#[tokio::test]
async fn restoring_a_part_leaves_the_rest_and_the_clock_alone() {
    let server = TestServer::manual().await;
    let api = server.main();
    hook(&api, "one", "x", "http://h/1").await;
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    for site in ["one", "two"] {
        hook(&api, site, "x", "http://h/2").await;
    }
    api.post("/_parhelion/clock/advance", &json!({"by": "2h"})).await.want(200);
    let restore = async |part: serde_json::Value| {
        api.post("/_parhelion/snapshots/s/restore", &part).await.want(204);
        (hooks(&api, "one").await, hooks(&api, "two").await)
    };
    assert_eq!(restore(json!({"surface": "codepipeline"})).await, (2, 1));
    assert_eq!(restore(json!({"surface": "kudu", "tenant": "two"})).await, (2, 0));
    assert_eq!(restore(json!({"surface": "kudu", "tenant": "one"})).await, (1, 0));
    hook(&api, "two", "x", "http://h/2").await;
    assert_eq!(restore(json!({"surface": "kudu"})).await, (1, 0));
    assert_eq!(api.get("/_parhelion/clock").await.json()["now"], "2026-01-01T02:00:00Z");
}

#[tokio::test]
async fn restoring_the_world_takes_the_outbox_back() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let waiting = publishing(&api, "site", "x");
    let held = deliveries(&api, "held", 1).await;
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    api.post("/_parhelion/deliveries/release", &json!({"count": 1})).await.want(200);
    waiting.await.expect("an answer");
    assert_eq!(api.items("/_parhelion/deliveries?status=succeeded").await.len(), 1);

    api.post("/_parhelion/snapshots/s/restore", &json!({})).await.want(204);
    let again = deliveries(&api, "held", 1).await;
    assert_eq!(again[0]["id"], held[0]["id"]);
    assert_eq!(api.items("/_parhelion/sinks/s/requests").await.len(), 0);
    api.post("/_parhelion/deliveries/resume", &json!({})).await.want(200);
    api.get("/_parhelion/sinks/s/requests?count=1&wait=20s").await.want(200);
    api.idle().await;
}

#[tokio::test]
async fn wrong_names_and_parts_are_refused() {
    let server = TestServer::start().await;
    let api = server.main();
    let long = "a".repeat(129);
    for name in ["", "a/b", "a b", "ä", &long] {
        api.post("/_parhelion/snapshots", &json!({"name": name})).await.problem(400, "a snapshot's name");
    }
    api.post("/_parhelion/snapshots", &json!({"name": 1})).await.problem(400, "string");
    api.post("/_parhelion/snapshots", &json!({"nmae": "a"})).await.problem(400, "nmae");
    api.post("/_parhelion/snapshots/none/restore", &json!({})).await.problem(404, "\"none\"");
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    let refused = async |part: serde_json::Value, detail: &str| {
        api.post("/_parhelion/snapshots/s/restore", &part).await.problem(400, detail);
    };
    refused(json!({"tenant": "one"}), "\"tenant\" without its \"surface\"").await;
    refused(json!({"surface": "gitlab"}), "unknown surface \"gitlab\"").await;
    refused(json!({"surfaces": "kudu"}), "surfaces").await;
}

#[tokio::test]
async fn rollback_goes_to_just_after_an_entry() {
    let server = TestServer::start().await;
    let api = server.main();
    let after = async || api.get("/_parhelion/info").await.json()["journal"]["seq"].as_u64().expect("a seq");
    hook(&api, "one", "x", "http://h/1").await;
    let one = after().await;
    hook(&api, "one", "x", "http://h/2").await;
    hook(&api, "two", "x", "http://h/1").await;
    let two = after().await;
    hook(&api, "two", "x", "http://h/2").await;
    let back = async |to: u64| {
        api.post("/_parhelion/rollback", &json!({"to_seq": to})).await.want(204);
        (hooks(&api, "one").await, hooks(&api, "two").await)
    };
    assert_eq!(back(two).await, (2, 1));
    assert_eq!(back(one).await, (1, 0));
    assert_eq!(back(0).await, (0, 0));
    assert_eq!(api.items("/_parhelion/events?kind=control.rolled_back").await.len(), 3);

    let newest = after().await;
    let ahead = json!({"to_seq": newest + 1000});
    api.post("/_parhelion/rollback", &ahead).await.problem(400, "lies ahead");
    for bad in [json!({}), json!({"to_seq": -1}), json!({"to_seq": "1"}), json!({"to_seq": 1.5})] {
        api.post("/_parhelion/rollback", &bad).await.problem(400, "the body cannot be read");
    }
}

#[tokio::test]
async fn rollback_beyond_what_is_kept_names_the_tenant_and_changes_nothing() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "many", "x", "http://h/0").await;
    let early = api.get("/_parhelion/info").await.json()["journal"]["seq"].clone();
    for n in 1..=300 {
        hook(&api, "many", "x", &format!("http://h/{n}")).await;
    }
    let answer = api.post("/_parhelion/rollback", &json!({"to_seq": early})).await;
    answer.problem(409, "many");
    assert!(answer.json()["tenant"].as_str().is_some_and(|tenant| tenant.contains("many")), "{answer:?}");
    assert_eq!(hooks(&api, "many").await, 301);
}

#[tokio::test]
async fn rollback_cancels_what_is_not_sent() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    let seq = api.get("/_parhelion/info").await.json()["journal"]["seq"].clone();
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let waiting = publishing(&api, "site", "x");
    deliveries(&api, "held", 1).await;
    api.post("/_parhelion/rollback", &json!({"to_seq": seq})).await.want(204);
    waiting.await.expect("an answer");
    assert_eq!(api.items("/_parhelion/deliveries?status=cancelled").await.len(), 1);
    api.post("/_parhelion/deliveries/resume", &json!({})).await.want(200);
    publish(&api, "site", "x").await;
    assert_eq!(api.items("/_parhelion/sinks/s/requests").await.len(), 1);
}
