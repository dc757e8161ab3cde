//! Calls under other emulators' names.

use super::{hook, hooks};
use parhelion_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn fixtures_of_other_emulators_work() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", "http://h/1").await;
    api.put("/_parhelion/sinks/s", &json!({})).await.want(200);
    let data = api.get("/moto-api/data.json").await.want(200).json();
    assert_eq!(data["kudu"]["tenants"], 1);
    assert!(data["kudu"]["records"].as_u64().is_some_and(|records| records > 0), "{data}");
    let health = api.get("/_localstack/health").await.want(200).json();
    assert_eq!(health["services"]["codepipeline"], "running");
    let reset = api.call("POST", "/moto-api/reset").await.want(200);
    assert_eq!(reset.json(), json!({"status": "ok"}));
    assert_eq!(hooks(&api, "site").await, 0);
    assert_eq!(api.items("/_parhelion/sinks").await.len(), 0);
    assert_eq!(api.items("/_parhelion/events?kind=control.reset").await.len(), 1);
    // Of one world alone.
    let other = server.world("other");
    hook(&other, "site", "x", "http://h/1").await;
    api.call("POST", "/moto-api/reset").await.want(200);
    assert_eq!(hooks(&other, "site").await, 1);
    api.get("/moto-api/nothing").await.problem(404, "/moto-api/nothing");
    api.get("/moto-api/reset").await.problem(405, "POST");
}
