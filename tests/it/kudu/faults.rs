//! Deliveries that go wrong by rule: what waits for them waits on, and nothing else does.

use super::deploy;
use parhelion_testkit::{Api, Receiver, TestServer};
use serde_json::{Value, json};

const SITE: &str = "/kudu/site/api";

async fn subscribe(api: &Api, url: &str) -> String {
    let hook = json!({"url": url, "event": "PostDeployment"});
    let made = api.post(&format!("{SITE}/hooks"), &hook).await.want(201).json();
    made["id"].as_str().unwrap().to_owned()
}
async fn fault(api: &Api, name: &str, effect: Value) {
    let rule = json!({"match": {"surface": "kudu", "event": "PostDeployment"}, "effect": effect});
    api.put(&format!("/_parhelion/faults/{name}"), &rule).await.want(200);
}

#[tokio::test]
async fn a_delayed_delivery_holds_the_lock_until_the_clock_moves() {
    let server = TestServer::manual().await;
    let (api, receiver) = (server.main(), Receiver::start().await);
    let hook = subscribe(&api, &receiver.url()).await;
    fault(&api, "slow", json!({"delay": "5s"})).await;
    let other = api.clone();
    let first = tokio::spawn(async move { deploy(&other, "", &[("a.txt", "one")]).await });
    let hit = api.get("/_parhelion/events?kind=fault.applied&wait=30s").await.want(200).json();
    assert_eq!(hit["items"][0]["data"]["rule"], "slow");

    let second = deploy(&api, "", &[("b.txt", "two")]).await.want(409);
    assert!(
        second.text().contains("conflicts with the pending 'Performing continuous deployment'"),
        "{}",
        second.text()
    );
    let shown = api.get(&format!("{SITE}/hooks/{hook}")).await.want(200).json();
    assert_eq!(shown["last_status"], Value::Null);
    let latest = api.get(&format!("{SITE}/deployments/latest")).await.want(202);
    assert_eq!(latest.json()["status_text"], "Receiving changes.");
    let all = api.get(&format!("{SITE}/deployments")).await.want(200).json();
    let id = all[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&all[0]["status"], &all[0]["active"]), (&json!(4), &json!(true)));
    assert!(!first.is_finished() && receiver.requests().is_empty());
    let lock = api.get("/_parhelion/surfaces/kudu/site/lock").await.want(200).json();
    assert_eq!(
        (&lock["held"], &lock["phase"], &lock["deployment"]),
        (&json!(true), &json!("telling"), &json!(id))
    );

    let advanced = api.post("/_parhelion/clock/advance", &json!({"by": "4s"})).await.want(200);
    assert!(advanced.json()["now"].is_string() && receiver.requests().is_empty());
    api.post("/_parhelion/clock/advance", &json!({"by": "1s"})).await.want(200);
    assert_eq!(first.await.unwrap().want(200).text(), "");
    assert_eq!(receiver.requests()[0].json()["id"], json!(id));
    let shown = api.get(&format!("{SITE}/hooks/{hook}")).await.want(200).json();
    assert_eq!(shown["last_status"], "OK");
    api.get(&format!("{SITE}/deployments/latest")).await.want(200);
    let story = api.explain(&id).await;
    assert!(story.contains("fault rule \"slow\" hit the delivery: it goes 5s later"), "{story}");
}

#[tokio::test]
async fn dropped_and_doubled_ones_are_as_the_rule_says() {
    let server = TestServer::start().await;
    let (api, receiver) = (server.main(), Receiver::start().await);
    let hook = subscribe(&api, &receiver.url()).await;
    fault(&api, "lost", json!({"drop": true})).await;
    deploy(&api, "", &[("a.txt", "one")]).await.want(200);
    assert!(receiver.requests().is_empty());
    let shown = api.get(&format!("{SITE}/hooks/{hook}")).await.want(200).json();
    assert_eq!(shown["last_status"], "Failure");
    let rules = api.get("/_parhelion/faults").await.want(200).json();
    assert_eq!(
        (&rules["items"][0]["hits"], &rules["items"][0]["effect"]),
        (&json!(1), &json!({"drop": true}))
    );
    api.delete("/_parhelion/faults/lost").await.want(204);
    fault(&api, "twice", json!({"duplicate": true})).await;
    deploy(&api, "", &[("a.txt", "two")]).await.want(200);
    let came = receiver.wait_for(2).await;
    assert_eq!(came[0].text(), came[1].text());
    api.idle().await;
    api.delete("/_parhelion/faults").await.want(204);
    deploy(&api, "", &[("a.txt", "three")]).await.want(200);
    assert_eq!(receiver.requests().len(), 3);
    // Rules are part of what is reset and restored.
    fault(&api, "lost", json!({"drop": true})).await;
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    api.post("/_parhelion/reset", &json!({})).await.want(204);
    assert_eq!(api.get("/_parhelion/faults").await.want(200).json()["items"], json!([]));
    api.post("/_parhelion/snapshots/s/restore", &json!({})).await.want(204);
    api.get("/_parhelion/faults/lost").await.want(200);
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused_by_name() {
    let server = TestServer::start().await;
    let api = server.main();
    for (rule, says) in [
        (json!({}), "missing field `effect`"),
        (json!({"effect": {}}), "one member"),
        (json!({"effect": {"delay": "5s", "drop": true}}), "one member"),
        (json!({"effect": {"dealy": "5s"}}), "unknown effect \"dealy\""),
        (json!({"effect": {"delay": 5}}), "as in 60m"),
        (json!({"effect": {"delay": "5 s"}}), "no duration"),
        (json!({"effect": {"drop": false}}), "\"drop\" is true"),
        (json!({"effect": {"drop": true}, "match": {"site": "x"}}), "unknown match member \"site\""),
        (json!({"effect": {"drop": true}, "match": {"surface": "kudo"}}), "unknown surface \"kudo\""),
        (
            json!({"effect": {"drop": true}, "match": {"surface": "kudu", "tenant": "a_b"}}),
            "no name of a tenant",
        ),
        (json!({"effect": {"drop": true}, "match": {"event": 5}}), "is a text"),
        (json!({"effect": {"drop": true}, "probability": 2}), "from 0 to 1"),
        (json!({"effect": {"drop": true}, "times": -1}), "invalid value"),
        (json!({"effect": {"drop": true}, "sometimes": true}), "unknown field `sometimes`"),
    ] {
        api.put("/_parhelion/faults/f", &rule).await.problem(400, says);
    }
    api.put("/_parhelion/faults/a%20b", &json!({"effect": {"drop": true}})).await.problem(400, "name");
    api.get("/_parhelion/faults/none").await.problem(404, "none");
}
