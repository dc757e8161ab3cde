//! Holding deliveries back, and letting them go.

use super::{deliveries, hook, publish, publishing};
use parhelion_testkit::{Api, TestServer};
use serde_json::{Value, json};

async fn change(api: &Api, what: &str, body: Value) -> Value {
    api.post(&format!("/_parhelion/deliveries/{what}"), &body).await.want(200).json()
}

#[tokio::test]
async fn a_pause_holds_and_a_resume_sends() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    assert_eq!(change(&api, "pause", json!({})).await, json!({"paused": true}));
    // A call of the cloud that waits for its deliveries waits while they are held.
    let waiting = [publishing(&api, "site", "x"), publishing(&api, "site", "x")];
    deliveries(&api, "held", 2).await;
    assert_eq!(api.items("/_parhelion/sinks/s/requests").await.len(), 0);
    // A held delivery is not pending: it holds up neither idle nor advance.
    api.idle().await;
    api.post("/_parhelion/clock/advance", &json!({"by": "1h"})).await.want(200);
    assert_eq!(deliveries(&api, "held", 2).await.len(), 2);
    assert!(waiting.iter().all(|publishing| !publishing.is_finished()));
    assert_eq!(change(&api, "resume", json!({})).await, json!({"paused": false, "released": 2}));
    for publishing in waiting {
        publishing.await.expect("an answer");
    }
    assert_eq!(api.items("/_parhelion/sinks/s/requests").await.len(), 2);
    publish(&api, "site", "x").await;
    assert_eq!(change(&api, "resume", json!({})).await["released"], 0);
    let kinds = ["control.deliveries_paused", "control.deliveries_resumed"];
    for (kind, n) in kinds.into_iter().zip([1, 2]) {
        assert_eq!(api.items(&format!("/_parhelion/events?kind={kind}")).await.len(), n);
    }
}

#[tokio::test]
async fn held_deliveries_are_let_go_by_number_or_by_name() {
    let server = TestServer::start().await;
    let api = server.main();
    for n in 1..=4 {
        hook(&api, "site", "x", &format!("{}/_parhelion/sink/s{n}", api.url())).await;
    }
    change(&api, "pause", json!({})).await;
    let waiting = publishing(&api, "site", "x");
    deliveries(&api, "held", 4).await;
    assert_eq!(change(&api, "release", json!({"id": "d3"})).await, json!({"released": 1}));
    deliveries(&api, "succeeded", 1).await;
    assert_eq!(api.get("/_parhelion/deliveries/d3").await.json()["status"], "succeeded");
    // The oldest first.
    assert_eq!(change(&api, "release", json!({"count": 2})).await, json!({"released": 2}));
    deliveries(&api, "succeeded", 3).await;
    assert_eq!(deliveries(&api, "held", 1).await[0]["id"], "d4");
    // No more than there are.
    assert_eq!(change(&api, "release", json!({"count": 100})).await, json!({"released": 1}));
    waiting.await.expect("an answer");
    assert_eq!(change(&api, "release", json!({"count": 0})).await, json!({"released": 0}));
    assert_eq!(api.items("/_parhelion/events?kind=control.deliveries_released").await.len(), 4);

    let release = async |body: Value| api.post("/_parhelion/deliveries/release", &body).await;
    release(json!({"id": "d3"})).await.problem(409, "d3 is not held");
    release(json!({"id": "x"})).await.problem(404, "\"x\"");
    release(json!({})).await.problem(400, "either \"count\" or \"id\"");
    release(json!({"count": 1, "id": "d3"})).await.problem(400, "either \"count\" or \"id\"");
    release(json!({"count": -1})).await.problem(400, "the body cannot be read");
    release(json!({"number": 1})).await.problem(400, "unknown field `number`");
    change(&api, "resume", json!({})).await;
}

#[tokio::test]
async fn other_worlds_go_on() {
    let server = TestServer::start().await;
    let (api, other) = (server.main(), server.world("other"));
    change(&api, "pause", json!({})).await;
    hook(&other, "site", "x", &format!("{}/_parhelion/sink/s", other.url())).await;
    publish(&other, "site", "x").await;
    assert_eq!(other.items("/_parhelion/sinks/s/requests").await.len(), 1);
}
