//! Where calls meet the bounds, each other, and the end of their world.

use super::{deliveries, hook, hooks, publish, publishing};
use parhelion_testkit::{Api, Receiver, START, TestServer};
use serde_json::{Value, json};

#[tokio::test]
async fn nothing_comes_after_the_last_number() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", "http://h/1").await;
    let last = u64::MAX.to_string();
    for path in ["events", "requests"] {
        let page = api.get(&format!("/_parhelion/{path}?after={last}")).await.want(200).json();
        assert_eq!(page, json!({"items": []}), "{path}");
    }
    let stream = api.get("/_parhelion/events").header("accept", "text/event-stream");
    let stream = stream.header("last-event-id", &last).stream().await;
    assert_eq!((stream.status, stream.headers["cache-control"].as_bytes()), (200, &b"no-cache"[..]));
}

#[tokio::test]
async fn a_stream_tells_what_is_wanted_however_much_is_not() {
    let server = TestServer::start().await;
    let api = server.main();
    let stream = api.get("/_parhelion/events?kind=hook.created").header("accept", "text/event-stream");
    let mut stream = stream.stream().await;
    for n in 0..3 {
        hooks(&api, "site").await;
        let id = hook(&api, "site", "x", &format!("http://h/{n}")).await;
        let told = stream.next().await.expect("an event");
        assert_eq!(
            (told.kind.as_str(), &told.data["subject"]),
            ("hook.created", &json!(format!("hook:{id}")))
        );
    }
}

#[tokio::test]
async fn time_ends_with_the_year_9999() {
    let server = TestServer::manual().await;
    let api = server.main();
    let now = "+262142-12-31T23:59:59Z";
    for mode in ["system", "manual"] {
        api.put("/_parhelion/clock", &json!({"mode": mode, "now": now})).await.problem(400, "is no time");
    }
    let last = json!({"mode": "manual", "now": "9999-12-31T23:00:00Z"});
    api.put("/_parhelion/clock", &last).await.want(200);
    let advance = async |by: &str| api.post("/_parhelion/clock/advance", &json!({"by": by})).await;
    advance("2h").await.problem(400, "9999-12-31T23:59:59Z");
    advance("59m").await.want(200);
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    publish(&api, "site", "x").await;
    // Times in texts have the form of times in members.
    advance("0s").await.want(200);
    let told = api.items("/_parhelion/events?kind=clock.advanced").await;
    assert_eq!(
        told[1]["fact"],
        "the clock went from 9999-12-31T23:59:00Z to 9999-12-31T23:59:00Z, over 0 deadlines"
    );
}

#[tokio::test]
async fn a_sink_has_a_plain_name_and_leaves_the_connection_alone() {
    let server = TestServer::start().await;
    let api = server.main();
    let long = "n".repeat(129);
    for name in ["%00%0a", "a%20b", "%C3%A4", &long] {
        api.put(&format!("/_parhelion/sinks/{name}"), &json!({})).await.problem(400, "a sink's name");
        api.post(&format!("/_parhelion/sink/{name}"), &json!({})).await.problem(400, "a sink's name");
    }
    for name in ["Content-Length", "transfer-encoding", "Connection"] {
        let script = json!({"responses": [{"headers": {name: "5"}, "body": "abc"}]});
        api.put("/_parhelion/sinks/s", &script).await.problem(400, "the server writes the header");
    }
    assert_eq!(api.items("/_parhelion/sinks").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_tenant_is_named_in_any_case() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "MySite", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    publish(&api, "MySite", "x").await;
    for list in ["events", "requests", "deliveries"] {
        let found = api.items(&format!("/_parhelion/{list}?tenant=MYSITE&surface=kudu")).await;
        assert!(!found.is_empty() && found.iter().all(|item| item["tenant"] == "mysite"), "{list}");
        assert_eq!(api.items(&format!("/_parhelion/{list}?tenant=MYSIT")).await.len(), 0, "{list}");
    }
    let count = json!({"match": {"tenant": "MySite"}});
    assert_eq!(api.post("/_parhelion/requests/count", &count).await.want(200).json(), json!({"count": 2}));
    let reset = async |tenant: &str| {
        api.post("/_parhelion/reset", &json!({"surface": "kudu", "tenant": tenant})).await
    };
    reset("a/b").await.problem(400, "\"a/b\" is no name of a tenant of kudu");
    reset("nobody").await.want(204);
    reset("MYsite").await.want(204);
    assert_eq!(api.get("/_parhelion/state").await.json()["kudu"], json!({}));
}

#[tokio::test]
async fn waiting_ends_with_the_world() {
    let server = TestServer::start().await;
    let (main, api) = (server.main(), server.world("short"));
    let receiver = Receiver::start().await;
    receiver.hang();
    hook(&api, "site", "x", &receiver.url()).await;
    let publishing = publishing(&api, "site", "x");
    receiver.wait_for(1).await;
    let seq = api.items("/_parhelion/events?limit=1000").await.len();
    let wait = |call: parhelion_testkit::Call| tokio::spawn(call.into_future());
    let waiting = [
        wait(api.get(&format!("/_parhelion/events?after={}&wait=20s", seq + 100))),
        wait(api.post("/_parhelion/idle", &json!({"timeout": "20s"}))),
        wait(api.post("/_parhelion/clock/advance", &json!({"by": "1h"}))),
    ];
    // A call that comes only after the end finds a new world of that name: that one ends as well.
    while waiting.iter().any(|call| !call.is_finished()) {
        main.delete("/_parhelion/worlds/short").await;
    }
    for (n, waited) in waiting.into_iter().enumerate() {
        let answer = waited.await.expect("an answer");
        match answer.status {
            // In a new world all is quiet, and time may move; nothing new is told there either.
            200 if n > 0 => {}
            // It came in the moment between the world's making and its end.
            404 => {
                answer.problem(404, "there is no world");
            }
            _ => {
                answer.problem(503, "the world was deleted");
            }
        }
    }
    publishing.await.expect("an answer");
}

#[tokio::test]
async fn an_advance_waits_for_a_receiver_that_hangs_and_no_longer() {
    let server = TestServer::manual().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.hang();
    hook(&api, "site", "x", &receiver.url()).await;
    let publishing = publishing(&api, "site", "x");
    receiver.wait_for(1).await;
    let advancing = tokio::spawn(api.post("/_parhelion/clock/advance", &json!({"by": "1h"})).into_future());
    drop(receiver);
    let advanced = advancing.await.expect("an answer").want(200).json();
    assert_eq!(advanced, json!({"now": "2026-01-01T01:00:00Z", "steps": 0}));
    publishing.await.expect("an answer");
    // What was being sent ended before the time moved on.
    let hook = &api.get("/kudu/site/api/hooks").await.json()[0];
    assert_eq!((&hook["last_status"], &hook["last_datetime"]), (&json!("Failure"), &json!(START)));
}

#[tokio::test]
async fn what_is_refused_is_not_journaled_as_done() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    publish(&api, "site", "x").await;
    api.post("/_parhelion/deliveries/d1/replay", &json!({"url": "nowhere"})).await.want(400);
    api.post("/_parhelion/deliveries/release", &json!({"id": "d9"})).await.problem(404, "\"d9\"");
    for kind in ["control.replayed", "control.deliveries_released"] {
        assert_eq!(api.items(&format!("/_parhelion/events?kind={kind}")).await.len(), 0, "{kind}");
    }
}

#[tokio::test]
async fn a_snapshot_brings_its_clock_back_also_after_a_reset() {
    let server = TestServer::start().await;
    let api = server.main();
    let now = "2040-01-01T00:00:00Z";
    api.put("/_parhelion/clock", &json!({"mode": "manual", "now": now})).await.want(200);
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let waiting = publishing(&api, "site", "x");
    deliveries(&api, "held", 1).await;
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    api.post("/_parhelion/reset", &json!({})).await.want(204);
    waiting.await.expect("an answer");
    assert_eq!(api.get("/_parhelion/clock").await.json()["mode"], "system");
    api.post("/_parhelion/snapshots/s/restore", &json!({})).await.want(204);
    assert_eq!(api.get("/_parhelion/clock").await.json(), json!({"mode": "manual", "now": now}));
    // What was held at that time is due at that time.
    api.post("/_parhelion/deliveries/resume", &json!({})).await.want(200);
    api.get("/_parhelion/sinks/s/requests?count=1&wait=20s").await.want(200);
    api.idle().await;
}

/// Deploys an empty zip in the background.
fn deploying(api: &Api, query: &str) -> tokio::task::JoinHandle<parhelion_testkit::Answer> {
    let empty: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let call = api.call("POST", &format!("/kudu/site/api/zipdeploy{query}")).body("application/zip", empty);
    tokio::spawn(call.into_future())
}

#[tokio::test]
async fn a_deployment_whose_deliveries_were_cancelled_is_over() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "PostDeployment", &format!("{}/_parhelion/sink/s", api.url())).await;
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let waiting = deploying(&api, "");
    deliveries(&api, "held", 1).await;
    let latest = async || api.get("/kudu/site/api/deployments/latest").await;
    assert_eq!(latest().await.want(202).json()["is_temp"], true);
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    // A part is taken back without its deliveries: nobody will ever tell of them.
    let part = json!({"surface": "kudu", "tenant": "site"});
    api.post("/_parhelion/snapshots/s/restore", &part).await.want(204);
    waiting.await.expect("an answer").want(200);
    assert_eq!(latest().await.want(200).json()["status"], 4);
    assert_eq!(api.get("/kudu/site/api/deployments").await.json().as_array().map(Vec::len), Some(1));
    deploying(&api, "?isAsync=true").await.expect("an answer").want(202);
    server.may_leave_deliveries();
}

#[tokio::test]
async fn a_replay_does_not_stand_for_the_delivery_that_is_held() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "PostDeployment", &format!("{}/_parhelion/sink/s", api.url())).await;
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let waiting = deploying(&api, "");
    deliveries(&api, "held", 1).await;
    let again = api.post("/_parhelion/deliveries/d1/replay", &json!({})).await.want(201).json();
    api.post("/_parhelion/deliveries/release", &json!({"id": again["id"]})).await.want(200);
    deliveries(&api, "succeeded", 1).await;
    api.idle().await;
    // The first one is still held, and so is the deployment's lock.
    api.get("/kudu/site/api/deployments/latest").await.want(202);
    api.post("/_parhelion/deliveries/resume", &json!({})).await.want(200);
    waiting.await.expect("an answer").want(200);
    api.idle().await;
    api.get("/kudu/site/api/deployments/latest").await.want(200);
}

#[tokio::test]
async fn a_redirect_is_told_of() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.respond_with(302, &[("Location", "/there")], "").respond(200, "");
    let id = hook(&api, "site", "x", &receiver.url()).await;
    publish(&api, "site", "x").await;
    let story = api.explain(&id).await;
    let url = receiver.url();
    assert!(
        story.contains(&format!("POST {url} answered 302: then GET {url}/there without the body")),
        "{story}"
    );
}
