//! Looking at state and emptying it.

use super::{deliveries, hook, hooks, publishing};
use parhelion_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn counts_are_by_surface_tenant_and_table() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "one", "x", "http://h/1").await;
    hook(&api, "one", "x", "http://h/2").await;
    hook(&api, "two", "x", "http://h/1").await;
    let state = api.get("/_parhelion/state").await.want(200).json();
    assert_eq!(state["kudu"]["one"]["hooks"], 2);
    assert_eq!(state["kudu"]["two"]["hooks"], 1);
    assert_eq!(state["codepipeline"], json!({}));
    // Reading makes no tenant.
    assert_eq!(hooks(&api, "three").await, 0);
    assert_eq!(api.get("/_parhelion/state").await.json()["kudu"]["three"], json!(null));
}

#[tokio::test]
async fn a_tenant_is_shown_whole_and_its_secrets_only_when_asked_for() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", "http://user:pass@h/p").await;
    let masked = api.get("/_parhelion/state/kudu/site").await.want(200);
    assert!(masked.json()["kudu"]["hooks"].is_array(), "{masked:?}");
    assert!(!masked.text().contains(":pass"), "{masked:?}");
    let whole = api.get("/_parhelion/state/kudu/site?secrets=true").await.want(200);
    assert!(whole.text().contains("user:pass@h"), "{whole:?}");

    api.get("/_parhelion/state/kudu/nobody").await.problem(404, "\"nobody\"");
    api.get("/_parhelion/state/gitlab/site").await.problem(400, "unknown surface \"gitlab\"");
    api.get("/_parhelion/state/kudu/site?secrets=maybe").await.problem(400, "secrets=maybe");
    // A tenant with a slash is one segment, percent-encoded.
    api.get("/_parhelion/state/codepipeline/000000000000%2Fus-east-1")
        .await
        .problem(404, "000000000000/us-east-1");
    api.get("/_parhelion/state/codepipeline/000000000000/us-east-1").await.problem(404, "no call");
}

#[tokio::test]
async fn reset_empties_what_it_names_and_nothing_else() {
    let server = TestServer::start().await;
    let api = server.main();
    let fill = async || {
        for site in ["one", "two"] {
            hook(&api, site, "x", "http://h/1").await;
        }
        api.put("/_parhelion/sinks/s", &json!({})).await.want(200);
    };
    let reset = async |part: serde_json::Value| api.post("/_parhelion/reset", &part).await.want(204);
    fill().await;
    reset(json!({"surface": "kudu", "tenant": "one"})).await;
    assert_eq!((hooks(&api, "one").await, hooks(&api, "two").await), (0, 1));
    reset(json!({"surface": "codepipeline"})).await;
    assert_eq!(hooks(&api, "two").await, 1);
    reset(json!({"surface": "kudu"})).await;
    assert_eq!(hooks(&api, "two").await, 0);
    assert_eq!(api.items("/_parhelion/sinks").await.len(), 1);
    fill().await;
    api.post("/_parhelion/snapshots", &json!({"name": "kept"})).await.want(201);
    reset(json!({})).await;
    assert_eq!(api.get("/_parhelion/state").await.json()["kudu"], json!({}));
    assert_eq!(api.items("/_parhelion/sinks").await.len(), 0);
    // The journal and the snapshots stay, and the journal tells of it.
    assert_eq!(api.items("/_parhelion/snapshots").await.len(), 1);
    let resets = api.items("/_parhelion/events?kind=control.reset").await;
    assert_eq!(resets.len(), 4);
    assert_eq!(
        (&resets[0]["data"]["surface"], &resets[0]["data"]["tenant"]),
        (&json!("kudu"), &json!("one"))
    );
    assert!(!api.items("/_parhelion/events?kind=request").await.is_empty());
    // An empty body is `{}`.
    api.call("POST", "/_parhelion/reset").await.want(204);
}

#[tokio::test]
async fn reset_sets_the_clock_back_to_its_start() {
    let server = TestServer::manual().await;
    let api = server.main();
    api.post("/_parhelion/clock/advance", &json!({"by": "1h"})).await.want(200);
    api.post("/_parhelion/reset", &json!({"surface": "kudu"})).await.want(204);
    assert_eq!(api.get("/_parhelion/clock").await.json()["now"], "2026-01-01T01:00:00Z");
    api.post("/_parhelion/reset", &json!({})).await.want(204);
    assert_eq!(api.get("/_parhelion/clock").await.json()["now"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn reset_of_a_tenant_cancels_its_deliveries_and_no_others() {
    let server = TestServer::start().await;
    let api = server.main();
    for site in ["one", "two"] {
        hook(&api, site, "x", &format!("{}/_parhelion/sink/{site}", api.url())).await;
    }
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let (one, two) = (publishing(&api, "one", "x"), publishing(&api, "two", "x"));
    deliveries(&api, "held", 2).await;
    api.post("/_parhelion/reset", &json!({"surface": "kudu", "tenant": "one"})).await.want(204);
    // Who waited for the cancelled one is answered.
    one.await.expect("an answer");
    let cancelled = api.items("/_parhelion/deliveries?status=cancelled").await;
    assert_eq!((cancelled.len(), &cancelled[0]["tenant"]), (1, &json!("one")));
    api.post("/_parhelion/deliveries/resume", &json!({})).await.want(200);
    two.await.expect("an answer");
    assert_eq!(api.items("/_parhelion/sinks/two/requests").await.len(), 1);
    assert_eq!(api.items("/_parhelion/sinks/one/requests").await.len(), 0);
}

#[tokio::test]
async fn reset_of_everything_forgets_the_outbox() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "one", "x", &format!("{}/_parhelion/sink/one", api.url())).await;
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let one = publishing(&api, "one", "x");
    deliveries(&api, "held", 1).await;
    api.post("/_parhelion/reset", &json!({})).await.want(204);
    one.await.expect("an answer");
    assert_eq!(api.items("/_parhelion/deliveries").await.len(), 0);
    // The pause is over with the rest.
    hook(&api, "one", "x", &format!("{}/_parhelion/sink/one", api.url())).await;
    super::publish(&api, "one", "x").await;
    assert_eq!(api.items("/_parhelion/sinks/one/requests").await.len(), 1);
}
