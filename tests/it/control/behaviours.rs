//! Scripted outcomes: put, listed, deleted, refused, reset and restored. What comes of them is the surfaces' own tests'.

use parhelion_testkit::{Api, TestServer};
use serde_json::{Value, json};

async fn put(api: &Api, name: &str, matches: Value, outcomes: Value) -> parhelion_testkit::Answer {
    api.put(&format!("/_parhelion/behaviours/{name}"), &json!({"match": matches, "outcomes": outcomes})).await
}
async fn names(api: &Api, query: &str) -> Vec<String> {
    let items = api.items(&format!("/_parhelion/behaviours{query}")).await;
    items.iter().map(|b| b["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_behaviour_is_put_shown_replaced_and_deleted() {
    let server = TestServer::manual().await;
    let api = server.main();
    let outcomes = json!([
        {"outcome": "fail", "code": "JobFailed", "message": "no", "delay": "90m"},
        {"outcome": "succeed", "outputVariables": {"A": "1"}},
    ]);
    let matches = json!({"surface": "codepipeline", "pipeline": "p", "action": "build"});
    let shown = put(&api, "flaky", matches.clone(), outcomes.clone()).await.want(200).json();
    let wanted = json!({"name": "flaky", "match": matches, "outcomes": outcomes, "used": 0});
    assert_eq!(shown, wanted);
    assert_eq!(api.get("/_parhelion/behaviours/flaky").await.want(200).json(), wanted);
    put(&api, "all", json!({}), json!([{"outcome": "hang"}])).await.want(200);
    put(&api, "number", json!({"executionId": 7}), json!([{"outcome": "hang"}])).await.want(200);
    assert_eq!(api.get("/_parhelion/behaviours/number").await.json()["match"]["executionId"], "7");
    assert_eq!(names(&api, "").await, ["all", "flaky", "number"]);
    assert_eq!(names(&api, "?limit=1&after=all").await, ["flaky"]);
    assert_eq!(api.get("/_parhelion/behaviours?limit=2").await.json()["next"], "flaky");
    put(&api, "flaky", json!({}), json!([{"outcome": "succeed"}])).await.want(200);
    let replaced = api.get("/_parhelion/behaviours/flaky").await.json();
    assert_eq!((&replaced["match"], &replaced["outcomes"]), (&json!({}), &json!([{"outcome": "succeed"}])));
    assert_eq!(api.get("/_parhelion/info").await.json()["behaviours"], json!({"kept": 3, "used": 0}));
    // Another world has its own.
    assert!(names(&server.world("w1"), "").await.is_empty());

    api.delete("/_parhelion/behaviours/flaky").await.want(204);
    api.delete("/_parhelion/behaviours/flaky").await.problem(404, "\"flaky\"");
    api.get("/_parhelion/behaviours/flaky").await.problem(404, "\"flaky\"");
    api.delete("/_parhelion/behaviours").await.want(204);
    api.delete("/_parhelion/behaviours").await.want(204);
    assert!(names(&api, "").await.is_empty());
    let text = api.explain("behaviour:flaky").await;
    assert!(text.contains("fail, succeed") && text.contains("was deleted"), "{text}");
}

#[tokio::test]
async fn what_nobody_understands_is_refused_by_name() {
    let server = TestServer::start().await;
    let api = server.main();
    let succeed = || json!([{"outcome": "succeed"}]);
    for (matches, says) in [
        (json!({"pipelin": "p"}), "unknown match member \"pipelin\"; known: "),
        (json!({"surface": "codepipeline", "job": "p"}), "unknown match member \"job\"; known: action, "),
        (json!({"surface": "gitlab"}), "unknown surface \"gitlab\""),
        (json!({"surface": "codepipeline", "tenant": "x"}), "\"x\" is no name of a tenant of codepipeline"),
        (json!({"pipeline": ["p"]}), "\"pipeline\" is a text"),
        (json!({"pipeline": null}), "\"pipeline\" is a text"),
        (json!({"pipeline": "p".repeat(2_049)}), "longer than 2048 bytes"),
    ] {
        put(&api, "b", matches, succeed()).await.problem(400, says);
    }
    for (outcomes, says) in [
        (json!([]), "at least one outcome"),
        (
            json!([{"outcome": "explode"}]),
            "codepipeline has no outcome \"explode\"; known: succeed, fail, hang",
        ),
        (json!([{"outcome": "succeed"}, {"code": "x"}]), "outcomes[1]: \"outcome\" is a text"),
        (json!([{"outcome": 1}]), "outcomes[0]: \"outcome\" is a text"),
        (
            json!([{"outcome": "succeed", "code": "x"}]),
            "outcome succeed has no member \"code\"; known: delay, ",
        ),
        (json!([{"outcome": "fail", "mesage": "x"}]), "no member \"mesage\"; known: code, message"),
        (json!([{"outcome": "fail", "delay": "soon"}]), "outcomes[0]: \"soon\" is no duration"),
        (json!([{"outcome": "fail", "delay": 5}]), "\"delay\" is a text"),
        (json!([{"outcome": "fail", "message": 5}]), "\"message\" is a text"),
        (json!(["succeed"]), "the body cannot be read"),
        (json!("succeed"), "the body cannot be read"),
        (Value::Array(vec![json!({"outcome": "hang"}); 1_001]), "at most 1000 outcomes"),
    ] {
        put(&api, "b", json!({"surface": "codepipeline"}), outcomes).await.problem(400, says);
    }
    let stranger = put(&api, "b", json!({"pipelin": "p"}), succeed()).await.json();
    assert!(
        stranger["known"].as_array().is_some_and(|known| known.contains(&json!("pipeline"))),
        "{stranger}"
    );
    api.put("/_parhelion/behaviours/b", &json!({"match": {}})).await.problem(400, "outcomes");
    api.put("/_parhelion/behaviours/a%20b", &json!({"outcomes": [{"outcome": "hang"}]}))
        .await
        .problem(400, "a behaviour's name is");
    assert!(names(&api, "").await.is_empty());
}

#[tokio::test]
async fn there_are_so_many_and_no_more() {
    let server = TestServer::start().await;
    let api = server.main();
    for n in 0..1_000 {
        put(&api, &n.to_string(), json!({}), json!([{"outcome": "succeed"}])).await.want(200);
    }
    put(&api, "more", json!({}), json!([{"outcome": "succeed"}]))
        .await
        .problem(409, "1000 behaviours already");
    put(&api, "7", json!({}), json!([{"outcome": "hang"}])).await.want(200);
    // Long ones are bounded together: a thousand outcomes with two thousand bytes each, ten times.
    let long = vec![json!({"outcome": "fail", "message": "m".repeat(2_000)}); 1_000];
    let mut full = None;
    for n in 0..10 {
        let answer = put(&api, &n.to_string(), json!({}), json!(long)).await;
        if answer.status != 200 {
            answer.problem(409, "bytes long in all");
            full = Some(n);
            break;
        }
    }
    assert!(full.is_some_and(|n| n > 6), "{full:?}");
}

#[tokio::test]
async fn behaviours_and_paces_are_the_worlds() {
    let server = TestServer::manual().await;
    let api = server.main();
    let both = async || {
        let paces = api.get("/_parhelion/pace").await.want(200).json();
        (names(&api, "").await, paces["items"].as_array().map(Vec::len))
    };
    put(&api, "kept", json!({}), json!([{"outcome": "succeed"}])).await.want(200);
    api.put("/_parhelion/pace", &json!({"mode": "manual"})).await.want(200);
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    put(&api, "later", json!({}), json!([{"outcome": "succeed"}])).await.want(200);
    api.put("/_parhelion/pace", &json!({"kind": "job", "mode": "manual"})).await.want(200);
    let all = (vec!["kept".to_owned(), "later".to_owned()], Some(2));
    let part = json!({"surface": "codepipeline"});
    api.post("/_parhelion/reset", &part).await.want(204);
    assert_eq!(both().await, all, "a part of the world has none of its own");
    api.post("/_parhelion/snapshots/s/restore", &part).await.want(204);
    assert_eq!(both().await, all);
    api.post("/_parhelion/snapshots/s/restore", &json!({})).await.want(204);
    assert_eq!(both().await, (vec!["kept".to_owned()], Some(1)));
    api.post("/_parhelion/reset", &json!({})).await.want(204);
    assert_eq!(both().await, (Vec::new(), Some(0)));
}
