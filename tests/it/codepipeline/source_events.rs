//! Repository events and the triggers of V2 pipelines.

use super::{COMMIT, Protocol, client};
use aws_sdk_codepipeline::types::{PipelineExecutionSummary, TriggerType};
use parhelion_testkit::{Answer, Api, TestServer};
use serde_json::{Value, json};

/// A call of the API by its JSON, for members that are many.
async fn call(api: &Api, operation: &str, input: &Value) -> Answer {
    let target = format!("CodePipeline_20150709.{operation}");
    let scope = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/codepipeline/aws4_request, \
                 SignedHeaders=host, Signature=00";
    api.call("POST", "/")
        .header("x-amz-target", &target)
        .header("authorization", scope)
        .body("application/x-amz-json-1.1", input.to_string())
        .await
}

/// A pipeline whose source is a connection's repository `octo/site`, branch `main`, with these triggers.
fn connected(name: &str, triggers: Value) -> Value {
    let aws = |category: &str, provider: &str| json!({"category": category, "owner": "AWS", "provider": provider, "version": "1"});
    let source = json!({
        "name": "Pull",
        "actionTypeId": aws("Source", "CodeStarSourceConnection"),
        "configuration": {"ConnectionArn": "arn:aws:codestar-connections:eu-west-1:000000000000:connection/c",
            "FullRepositoryId": "octo/site", "BranchName": "main"},
        "outputArtifacts": [{"name": "Code"}],
        "namespace": "Source",
    });
    let build = json!({
        "name": "Build",
        "actionTypeId": aws("Build", "CodeBuild"),
        "configuration": {"ProjectName": "site"},
        "inputArtifacts": [{"name": "Code"}],
    });
    let mut pipeline = json!({
        "name": name,
        "pipelineType": "V2",
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [{"name": "Source", "actions": [source]}, {"name": "Build", "actions": [build]}],
    });
    if triggers != Value::Null {
        pipeline["triggers"] =
            json!([{"providerType": "CodeStarSourceConnection", "gitConfiguration": triggers}]);
    }
    json!({"pipeline": pipeline})
}

async fn tell(api: &Api, event: Value) -> Answer {
    let mut event = event;
    event["region"] = "eu-west-1".into();
    event["fullRepositoryId"] = "octo/site".into();
    event["commitId"] = COMMIT.into();
    api.post("/_parhelion/surfaces/codepipeline/source-events", &event).await.want(202)
}

/// The names of the pipelines that an event starts.
async fn started(api: &Api, event: Value) -> Vec<String> {
    let answer = tell(api, event).await.json();
    let all = answer["started"].as_array().expect("a list");
    all.iter().filter_map(|one| one["pipeline"].as_str()).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn an_event_starts_the_pipelines_whose_filters_it_passes() {
    let server = TestServer::start().await;
    let api = server.main();
    for (name, triggers) in [
        ("branchless", Value::Null),
        (
            "branches",
            json!({"sourceActionName": "Pull", "push": [{
                "branches": {"includes": ["main", "feature/*"], "excludes": ["feature/x*"]},
                "filePaths": {"includes": ["src/**"], "excludes": ["**/*.md"]},
            }]}),
        ),
        ("tags", json!({"sourceActionName": "Pull", "push": [{"tags": {"includes": ["v[0-9]*"]}}]})),
        (
            "requests",
            json!({"sourceActionName": "Pull", "pullRequest": [{"events": ["OPEN", "UPDATED"], "branches": {"includes": ["main"]}}]}),
        ),
    ] {
        call(&api, "CreatePipeline", &connected(name, triggers)).await.want(200);
    }
    let push = |branch: &str, files: &[&str]| json!({"kind": "push", "branch": branch, "files": files});
    assert_eq!(started(&api, push("main", &["src/a.rs"])).await, ["branches", "branchless"]);
    assert_eq!(started(&api, push("main", &["src/a.md", "b.rs"])).await, ["branchless"]);
    assert_eq!(started(&api, push("feature/y", &["src/a/b.rs"])).await, ["branches"]);
    assert_eq!(started(&api, push("feature/xy", &["src/a.rs"])).await, [""; 0]);
    assert_eq!(started(&api, json!({"kind": "tag", "tag": "v1.0"})).await, ["tags"]);
    assert_eq!(started(&api, json!({"kind": "tag", "tag": "nightly"})).await, [""; 0]);
    let request = |event: &str, target: &str| json!({"kind": "pullRequest", "prEvent": event, "targetBranch": target, "branch": "topic"});
    assert_eq!(started(&api, request("OPEN", "main")).await, ["requests"]);
    assert_eq!(started(&api, request("CLOSED", "main")).await, [""; 0]);
    assert_eq!(started(&api, request("UPDATED", "dev")).await, [""; 0]);
}

#[tokio::test]
async fn an_execution_runs_the_events_commit_and_the_story_tells_each_filter() {
    let server = TestServer::start().await;
    let api = server.main();
    let triggers = json!({"sourceActionName": "Pull", "push": [{"branches": {"includes": ["release/*"]}}]});
    call(&api, "CreatePipeline", &connected("site", triggers)).await.want(200);
    let missed = tell(&api, json!({"kind": "push", "branch": "main"})).await;
    assert_eq!(missed.json(), json!({"started": []}));
    let story = api.explain(missed.header("x-parhelion-request-id")).await;
    assert!(story.contains("branch 'main' is not included by 'release/*'"), "{story}");

    let event = json!({"kind": "push", "branch": "release/1", "message": "Ship it"});
    let answer = tell(&api, event).await;
    let id = answer.json()["started"][0]["pipelineExecutionId"].as_str().expect("an id").to_owned();
    api.idle().await;
    let aws = client(api.url(), Protocol::Cbor);
    let listed = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
    let ours: &PipelineExecutionSummary = listed
        .pipeline_execution_summaries()
        .iter()
        .find(|e| e.pipeline_execution_id() == Some(&id))
        .expect("it is listed");
    let trigger = ours.trigger().expect("a trigger");
    assert_eq!(trigger.trigger_type(), Some(&TriggerType::WebhookV2));
    let detail: Value = serde_json::from_str(trigger.trigger_detail().unwrap_or_default()).expect("JSON");
    assert_eq!((&detail["branch"], &detail["commitId"]), (&json!("release/1"), &json!(COMMIT)));
    let revision = &ours.source_revisions()[0];
    assert_eq!((revision.revision_id(), revision.revision_summary()), (Some(COMMIT), Some("Ship it")));
    let actions = aws.list_action_executions().pipeline_name("site").send().await.expect("a list");
    let pull = actions
        .action_execution_details()
        .iter()
        .find(|a| a.action_name() == Some("Pull"))
        .expect("the newest");
    let variables = pull.output().and_then(|output| output.output_variables()).expect("variables");
    assert_eq!(variables.get("BranchName").map(String::as_str), Some("release/1"));
    let story = api.explain(answer.header("x-parhelion-request-id")).await;
    assert!(story.contains("included by 'release/*'") && story.contains("execution.started"), "{story}");

    let malformed =
        json!({"kind": "push", "fullRepositoryId": "octo/site", "commitId": COMMIT, "brnch": "main"});
    api.post("/_parhelion/surfaces/codepipeline/source-events", &malformed).await.problem(400, "'brnch'");
}
