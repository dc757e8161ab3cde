//! State changes as EventBridge would tell them: in the journal, and at HTTP targets that want them.

use super::{Protocol, client, pipeline};
use parhelion_testkit::{Api, Received, Receiver, TestServer};
use serde_json::{Value, json};

const REGION: &str = "eu-west-1";

async fn target(api: &Api, name: &str, body: Value) {
    let mut body = body;
    body["region"] = REGION.into();
    api.put(&format!("/_parhelion/surfaces/codepipeline/event-targets/{name}"), &body).await.want(200);
}

/// What an event says, in short: `pipeline STARTED`, `stage Source STARTED`, `action Push SUCCEEDED`.
fn short(event: &Value) -> String {
    let detail = &event["detail"];
    let text = |name: &str| detail[name].as_str();
    let state = text("state").unwrap_or("?");
    match (text("action"), text("stage")) {
        (Some(action), _) => format!("action {action} {state}"),
        (None, Some(stage)) => format!("stage {stage} {state}"),
        (None, None) => format!("pipeline {state}"),
    }
}

fn told(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| short(&request.json())).collect()
}

#[tokio::test]
async fn a_target_gets_what_matches_its_pattern_in_order() {
    let server = TestServer::start().await;
    let api = server.main();
    let (all, some) = (Receiver::start().await, Receiver::start().await);
    target(&api, "all", json!({"url": format!("{}/events?key=s3cret", all.url())})).await;
    let pattern = json!({
        "source": ["aws.codepipeline"],
        "detail-type": [{"prefix": "CodePipeline Stage"}],
        "detail": {"state": [{"anything-but": "FAILED"}], "stage": ["Source"]},
    });
    target(&api, "some", json!({"url": some.url(), "pattern": pattern})).await;
    let aws = client(api.url(), Protocol::Json);
    aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
    api.idle().await;

    let wanted = [
        "pipeline STARTED",
        "stage Source STARTED",
        "action Push STARTED",
        "action Push SUCCEEDED",
        "stage Source SUCCEEDED",
        "stage Test STARTED",
        "action Load STARTED",
    ];
    assert_eq!(told(&all.requests()), wanted);
    assert_eq!(told(&some.requests()), ["stage Source STARTED", "stage Source SUCCEEDED"]);

    // They are the journal's, envelope and all.
    let kept = api.items("/_parhelion/events?kind=codepipeline.event").await;
    let bodies: Vec<Value> = all.requests().iter().map(Received::json).collect();
    assert_eq!(kept.iter().map(|entry| entry["data"].clone()).collect::<Vec<_>>(), bodies);
    let first = &bodies[0];
    assert_eq!(first["detail-type"], "CodePipeline Pipeline Execution State Change");
    assert_eq!(
        (&first["version"], &first["account"], &first["region"]),
        (&json!("0"), &json!("000000000000"), &json!(REGION))
    );
    assert_eq!(first["resources"], json!(["arn:aws:codepipeline:eu-west-1:000000000000:site"]));
    assert_eq!(first["detail"]["execution-trigger"]["trigger-type"], "CreatePipeline");
    assert_eq!(bodies[2]["detail"]["type"]["provider"], "GitHub");
    assert_eq!(all.requests()[0].header("content-type"), Some("application/json; charset=utf-8"));

    // Deliveries show it, secrets left out, and each goes back to the event.
    let listed = api.items("/_parhelion/deliveries?surface=codepipeline").await;
    assert_eq!(listed.len(), wanted.len() + 2);
    assert!(!listed[0].to_string().contains("s3cret"), "{}", listed[0]);
    let of_all: Vec<&Value> = listed.iter().filter(|d| d["for"] == "event-target:all").collect();
    let story = api.explain(of_all[0]["id"].as_str().expect("an id")).await;
    assert!(story.contains("event target 'all' wants it") && story.contains("codepipeline.event"), "{story}");
    // And an event that nobody wanted says why.
    let misses = api.items("/_parhelion/events?kind=hook.matched&subject=event-target:some").await;
    assert!(
        misses[0]["fact"].as_str().is_some_and(|fact| fact.contains("'detail-type' is")),
        "{}",
        misses[0]
    );
}

#[tokio::test]
async fn a_target_that_fails_is_tried_again_and_the_order_stays() {
    let server = TestServer::manual().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.respond(503, "").respond(200, "");
    target(&api, "t", json!({"url": receiver.url()})).await;
    let aws = client(api.url(), Protocol::Json);
    aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
    api.idle().await;
    assert_eq!(told(&receiver.requests()), ["pipeline STARTED"], "the others wait for it");
    api.post("/_parhelion/clock/advance", &json!({"by": "1s"})).await.want(200);
    let told = told(&receiver.requests());
    assert_eq!(told[..3], ["pipeline STARTED", "pipeline STARTED", "stage Source STARTED"]);
    assert_eq!(told.len(), 8);
}

#[tokio::test]
async fn a_target_of_another_region_or_deleted_hears_nothing() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    let path = "/_parhelion/surfaces/codepipeline/event-targets/t";
    api.put(path, &json!({"url": receiver.url(), "region": "us-east-1"})).await.want(200);
    target(&api, "t", json!({"url": receiver.url()})).await;
    api.delete(&format!("{path}?region={REGION}")).await.want(204);
    let aws = client(api.url(), Protocol::Json);
    aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
    api.idle().await;
    assert!(receiver.requests().is_empty());
    api.put(path, &json!({"url": receiver.url(), "pattern": {"source": [{"cidr": "10.0.0.0/8"}]}}))
        .await
        .problem(400, "there is no matcher 'cidr'");
}
