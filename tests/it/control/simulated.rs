//! Behaviours, paces and steps as they are seen in a pipeline of AWS CodePipeline.

use parhelion_testkit::{Api, TestServer};
use serde_json::{Value, json};

pub async fn aws(api: &Api, operation: &str, input: Value) -> Value {
    let call = api.call("POST", "/").header("x-amz-target", &format!("CodePipeline_20150709.{operation}"));
    call.body("application/x-amz-json-1.1", input.to_string()).await.want(200).json()
}

/// A pipeline of a source and one more action; creating it starts it. The id of that execution.
pub async fn pipeline(api: &Api, name: &str, category: &str, provider: &str, configuration: Value) -> String {
    let id = |category: &str, provider: &str| json!({"category": category, "owner": "AWS", "provider": provider, "version": "1"});
    let source = json!({
        "name": "checkout", "actionTypeId": id("Source", "CodeCommit"), "outputArtifacts": [{"name": "code"}],
        "configuration": {"RepositoryName": "r", "BranchName": "main"},
    });
    let inputs = if category == "Approval" { json!([]) } else { json!([{"name": "code"}]) };
    let action = json!({
        "name": "act", "actionTypeId": id(category, provider), "inputArtifacts": inputs,
        "configuration": configuration,
    });
    let declaration = json!({
        "name": name, "roleArn": "arn:aws:iam::000000000000:role/pipeline", "pipelineType": "V2",
        "artifactStore": {"type": "S3", "location": "bucket"},
        "stages": [{"name": "Source", "actions": [source]}, {"name": "Work", "actions": [action]}],
    });
    aws(api, "CreatePipeline", json!({"pipeline": declaration})).await;
    newest(api, name).await
}
pub async fn build(api: &Api, name: &str) -> String {
    pipeline(api, name, "Build", "CodeBuild", json!({"ProjectName": "p"})).await
}
pub async fn start(api: &Api, name: &str) -> String {
    let started = aws(api, "StartPipelineExecution", json!({"name": name})).await;
    started["pipelineExecutionId"].as_str().expect("an id").to_owned()
}
async fn newest(api: &Api, name: &str) -> String {
    let listed = aws(api, "ListPipelineExecutions", json!({"pipelineName": name})).await;
    let newest = &listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"];
    newest.as_str().expect("an id").to_owned()
}
pub async fn status(api: &Api, name: &str, id: &str) -> String {
    let got =
        aws(api, "GetPipelineExecution", json!({"pipelineName": name, "pipelineExecutionId": id})).await;
    got["pipelineExecution"]["status"].as_str().expect("a status").to_owned()
}
async fn behaviour(api: &Api, name: &str, matches: Value, outcomes: Value) {
    let body = json!({"match": matches, "outcomes": outcomes});
    api.put(&format!("/_parhelion/behaviours/{name}"), &body).await.want(200);
}

#[tokio::test]
async fn a_behaviour_decides_attempt_by_attempt_and_explain_names_it() {
    let server = TestServer::manual().await;
    let api = server.main();
    let outcomes = json!([
        {"outcome": "fail", "code": "JobFailed", "message": "the disk is full"},
        {"outcome": "succeed", "outputVariables": {"tag": "v1"}},
    ]);
    behaviour(&api, "flaky", json!({"pipeline": "p", "action": "act"}), outcomes).await;
    let first = build(&api, "p").await;
    assert_eq!(status(&api, "p", &first).await, "Failed");
    let text = api.explain(&format!("execution:{first}")).await;
    assert!(text.contains("behaviour \"flaky\" says how this attempt comes out: fail"), "{text}");
    assert!(text.contains("the disk is full"), "{text}");
    for _ in 0..2 {
        let next = start(&api, "p").await;
        assert_eq!(status(&api, "p", &next).await, "Succeeded");
    }
    assert_eq!(api.get("/_parhelion/behaviours/flaky").await.json()["used"], 3);
    // It is about that pipeline alone.
    let other = build(&api, "q").await;
    assert_eq!(status(&api, "q", &other).await, "Succeeded");
    assert_eq!(api.items("/_parhelion/events?kind=behaviour.used").await.len(), 3);
}

#[tokio::test]
async fn a_restored_world_draws_the_same_again() {
    let server = TestServer::manual().await;
    let api = server.main();
    build(&api, "p").await;
    behaviour(&api, "b", json!({"action": "act"}), json!([{"outcome": "fail"}, {"outcome": "succeed"}]))
        .await;
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    for _ in 0..2 {
        let failed = start(&api, "p").await;
        assert_eq!(status(&api, "p", &failed).await, "Failed");
        let done = start(&api, "p").await;
        assert_eq!(status(&api, "p", &done).await, "Succeeded");
        api.post("/_parhelion/snapshots/s/restore", &json!({})).await.want(204);
    }
}

#[tokio::test]
async fn a_call_that_is_refused_uses_no_outcome_up() {
    let server = TestServer::manual().await;
    let api = server.main();
    build(&api, "p").await;
    behaviour(&api, "b", json!({}), json!([{"outcome": "fail"}])).await;
    let call = api.call("POST", "/").header("x-amz-target", "CodePipeline_20150709.StartPipelineExecution");
    call.body("application/x-amz-json-1.1", json!({"name": "none"}).to_string()).await.want(400);
    assert_eq!(api.get("/_parhelion/behaviours/b").await.json()["used"], 0);
}

#[tokio::test]
async fn what_is_slow_takes_its_time_on_the_emulators_clock() {
    let server = TestServer::manual().await;
    let api = server.main();
    let pace = json!({"surface": "codepipeline", "kind": "action", "mode": "after", "delay": "30m"});
    api.put("/_parhelion/pace", &pace).await.want(200);
    let id = build(&api, "p").await;
    api.idle().await;
    assert_eq!(status(&api, "p", &id).await, "InProgress");
    // Two actions, one after the other; a behaviour's delay goes before the pace.
    behaviour(&api, "quick", json!({"action": "act"}), json!([{"outcome": "succeed", "delay": "5m"}])).await;
    let advance = async |by: &str| {
        api.post("/_parhelion/clock/advance", &json!({"by": by})).await.want(200).json()["steps"].clone()
    };
    assert_eq!((advance("34m").await, status(&api, "p", &id).await), (json!(1), "InProgress".into()));
    assert_eq!((advance("1m").await, status(&api, "p", &id).await), (json!(1), "Succeeded".into()));
}

#[tokio::test]
async fn what_is_manual_or_hangs_moves_when_it_is_stepped() {
    let server = TestServer::manual().await;
    let api = server.main();
    behaviour(&api, "stuck", json!({"action": "act"}), json!([{"outcome": "hang", "summary": "half way"}]))
        .await;
    api.put("/_parhelion/pace", &json!({"surface": "codepipeline", "kind": "action", "mode": "manual"}))
        .await
        .want(200);
    let id = build(&api, "p").await;
    // It stands: nothing is pending.
    api.idle().await;
    assert_eq!(status(&api, "p", &id).await, "InProgress");
    let step = async |body: Value| api.post("/_parhelion/step", &body).await;
    let stepped = step(json!({"surface": "codepipeline"})).await.want(200).json();
    assert_eq!(stepped["tenant"], "000000000000/us-east-1");
    let what = stepped["stepped"].as_str().expect("a subject");
    assert!(what.starts_with("action:"), "{what}");
    let text = api.explain(what).await;
    assert!(text.contains("stepped"), "{text}");
    assert_eq!(status(&api, "p", &id).await, "InProgress", "the next one hangs");
    let text = api.explain(&format!("execution:{id}")).await;
    assert!(text.contains("behaviour \"stuck\" says") && text.contains("until it is stepped"), "{text}");
    let first = text.lines().next().unwrap_or_default();
    assert!(first.starts_with("waiting"), "how it stands now: {first}");
    step(json!({"surface": "codepipeline", "id": "nobody"})).await.problem(409, "no \"nobody\"");
    step(json!({"surface": "codepipeline", "id": id})).await.want(200);
    assert_eq!(status(&api, "p", &id).await, "Succeeded");
    step(json!({"surface": "codepipeline"})).await.problem(409, "nothing of codepipeline stands");
}

#[tokio::test]
async fn what_hangs_fails_when_its_time_is_over() {
    let server = TestServer::manual().await;
    let api = server.main();
    behaviour(&api, "stuck", json!({"provider": "CodeBuild"}), json!([{"outcome": "hang"}])).await;
    let id = build(&api, "p").await;
    api.post("/_parhelion/clock/advance", &json!({"by": "7h"})).await.want(200);
    assert_eq!(status(&api, "p", &id).await, "InProgress");
    api.post("/_parhelion/clock/advance", &json!({"by": "61m"})).await.want(200);
    assert_eq!(status(&api, "p", &id).await, "Failed");
}
