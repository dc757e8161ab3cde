//! How fast things move, and moving by hand what stands: the forms. What comes of it is the surfaces' own tests'.

use parhelion_testkit::TestServer;
use serde_json::{Value, json};

#[tokio::test]
async fn a_pace_is_set_and_shown() {
    let server = TestServer::manual().await;
    let api = server.main();
    let put = async |pace: Value| api.put("/_parhelion/pace", &pace).await.want(200).json();
    assert_eq!(api.get("/_parhelion/pace").await.want(200).json(), json!({"items": []}));
    let action = json!({"surface": "codepipeline", "kind": "action", "mode": "after", "delay": "90m"});
    assert_eq!(put(action.clone()).await, action);
    let whole = put(json!({"surface": "codepipeline", "mode": "after", "delay": "3600s"})).await;
    assert_eq!(whole, json!({"surface": "codepipeline", "mode": "after", "delay": "1h"}));
    put(json!({"mode": "immediate"})).await;
    put(json!({"kind": "job", "mode": "manual"})).await;
    put(json!({"surface": "codepipeline", "mode": "manual"})).await;
    let items = api.items("/_parhelion/pace").await;
    assert_eq!(items.len(), 4, "{items:?}");
    for pace in [
        action,
        json!({"mode": "immediate"}),
        json!({"kind": "job", "mode": "manual"}),
        json!({"surface": "codepipeline", "mode": "manual"}),
    ] {
        assert!(items.contains(&pace), "{pace} in {items:?}");
    }
    assert_eq!(api.get("/_parhelion/info").await.json()["paces"], 4);
    let events = api.items("/_parhelion/events?kind=control.pace_set").await;
    assert_eq!(events[0]["fact"], "the pace of codepipeline action is after 90m");
}

#[tokio::test]
async fn what_is_no_pace_is_refused() {
    let server = TestServer::manual().await;
    let api = server.main();
    for (bad, says) in [
        (json!({}), "mode"),
        (json!({"mode": "slow"}), "slow"),
        (json!({"mode": "after"}), "takes a \"delay\""),
        (json!({"mode": "manual", "delay": "1s"}), "only the mode \"after\""),
        (json!({"mode": "immediate", "delay": "1s"}), "only the mode \"after\""),
        (json!({"mode": "after", "delay": "1 s"}), "\"1 s\" is no duration"),
        (json!({"mode": "after", "delay": "99999d"}), "100 years"),
        (json!({"mode": "manual", "kind": "stage"}), "unknown kind \"stage\"; known: action"),
        (json!({"mode": "manual", "surface": "gitlab"}), "unknown surface \"gitlab\""),
        (json!({"mode": "manual", "tenant": "x"}), "unknown field `tenant`"),
    ] {
        api.put("/_parhelion/pace", &bad).await.problem(400, says);
    }
    assert!(api.items("/_parhelion/pace").await.is_empty());
}

#[tokio::test]
async fn a_step_of_nothing_says_so() {
    let server = TestServer::manual().await;
    let api = server.main();
    let step = async |step: Value| api.post("/_parhelion/step", &step).await;
    step(json!({"surface": "codepipeline"})).await.problem(409, "nothing of codepipeline stands");
    step(json!({"surface": "codepipeline", "id": "action:x"}))
        .await
        .problem(409, "no \"action:x\" of codepipeline");
    step(json!({})).await.problem(400, "surface");
    step(json!({"surface": "gitlab"})).await.problem(400, "unknown surface \"gitlab\"");
    step(json!({"surface": "codepipeline", "name": "x"})).await.problem(400, "unknown field `name`");
}
