//! Bad input, each kind against every surface of the whole server: answered in the surface's own wire form, nothing
//! lost, no panic (the server asserts that when it is dropped), and others not affected.

mod broken;
mod forms;
mod receivers;
mod signatures;
mod sizes;

use parhelion_testkit::{Answer, Api, Call};
use serde_json::{Value, json};

/// Where a JSON body goes, by surface: a call that exists and takes one.
const JSON_CALLS: [(&str, &str); 6] = [
    ("codepipeline", "/"),
    ("azure-devops", "/org/_apis/projects?api-version=7.1"),
    ("azure-devops", "/org/site/_apis/git/repositories/site/pushes?api-version=7.1"),
    ("secure-source-manager", "/v1/projects/p/locations/us-central1/instances?instanceId=i"),
    ("kudu", "/kudu/site/api/hooks"),
    ("control", "/_parhelion/reset"),
];

/// A call of CodePipeline's JSON protocol.
fn aws(api: &Api, operation: &str) -> Call {
    api.call("POST", "/").header("x-amz-target", &format!("CodePipeline_20150709.{operation}"))
}

/// The same with a body.
fn aws_json(api: &Api, operation: &str, body: impl Into<bytes::Bytes>) -> Call {
    aws(api, operation).body("application/x-amz-json-1.1", body)
}

/// A call of CodePipeline's CBOR protocol.
fn aws_cbor(api: &Api, operation: &str, body: impl Into<bytes::Bytes>) -> Call {
    api.call("POST", &format!("/service/CodePipeline_20150709/operation/{operation}"))
        .header("smithy-protocol", "rpc-v2-cbor")
        .body("application/cbor", body)
}

/// A call of a surface's that takes a JSON body, with this body.
fn with_json(api: &Api, surface: &str, path: &str, body: impl Into<bytes::Bytes>) -> Call {
    match surface {
        "codepipeline" => aws_json(api, "GetPipeline", body),
        _ => api.call("POST", path).body("application/json", body),
    }
}

/// The form of CodePipeline's errors, JSON.
#[track_caller]
fn is_aws(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "application/x-amz-json-1.1"),
        "{answer:?}"
    );
    assert_eq!(answer.json()["__type"], code, "{answer:?}");
    assert!(!answer.header("x-amzn-requestid").is_empty(), "{answer:?}");
}

/// The form of CodePipeline's errors, CBOR: `__type` is the whole shape id.
#[track_caller]
fn is_aws_cbor(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "application/cbor"), "{answer:?}");
    assert_eq!(answer.header("smithy-protocol"), "rpc-v2-cbor", "{answer:?}");
    assert!(answer.text().contains(&format!("com.amazonaws.codepipeline#{code}")), "{answer:?}");
    assert!(!answer.header("x-amzn-requestid").is_empty(), "{answer:?}");
}

/// The form of Azure DevOps' errors.
#[track_caller]
fn is_azure(answer: &Answer, status: u16, key: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.header("content-type").starts_with("application/json; charset=utf-8"), "{answer:?}");
    let error = answer.json();
    assert_eq!((&error["$id"], &error["typeKey"]), (&json!("1"), &json!(key)), "{answer:?}");
    assert!(error["message"].as_str().is_some_and(|said| !said.is_empty()), "{answer:?}");
    assert!(
        error["typeName"].is_string() && error["errorCode"] == 0 && error["eventId"].is_u64(),
        "{answer:?}"
    );
}

/// The form of Google's errors.
#[track_caller]
fn is_google(answer: &Answer, code: u16, name: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (code, "application/json; charset=UTF-8"),
        "{answer:?}"
    );
    let error = &answer.json()["error"];
    assert_eq!((&error["code"], &error["status"]), (&json!(code), &json!(name)), "{answer:?}");
    assert!(error["message"].as_str().is_some_and(|said| !said.is_empty()), "{answer:?}");
}

/// The form of Kudu's errors that name an exception.
#[track_caller]
fn is_kudu(answer: &Answer, status: u16, exception: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "application/json; charset=utf-8"),
        "{answer:?}"
    );
    assert_eq!(answer.json()["ExceptionType"], exception, "{answer:?}");
}

/// A body that cannot be read, in the form of the surface that it was sent to.
#[track_caller]
fn is_unreadable(answer: &Answer, surface: &str) {
    match surface {
        "codepipeline" => is_aws(answer, 400, "SerializationException"),
        "azure-devops" => is_azure(answer, 400, "VssPropertyValidationException"),
        "secure-source-manager" => is_google(answer, 400, "INVALID_ARGUMENT"),
        // OBSERVED: malformed JSON is no body there, and a subscription without a body is 400 and empty.
        "kudu" => assert_eq!((answer.status, answer.text().as_str()), (400, ""), "{answer:?}"),
        _ => answer.problem(400, "the body cannot be read"),
    }
}

/// Every surface answers a good request.
async fn all_is_well(api: &Api) {
    api.get("/_parhelion/health").await.want(200);
    aws_json(api, "ListPipelines", "{}").await.want(200);
    api.get("/fresh/_apis/projects?api-version=7.1").await.want(200);
    api.get("/kudu/fresh/api/hooks").await.want(200);
    api.get("/v1/projects/fresh/locations/us-central1/instances").await.want(200);
}

/// An Azure DevOps organization `org` with the project `site`, and an incoming webhook `WebHook` with a secret.
async fn azure_webhook(api: &Api) {
    let project = json!({
        "name": "site", "visibility": "private",
        "capabilities": {
            "versioncontrol": {"sourceControlType": "Git"},
            "processTemplate": {"templateTypeId": "b8a3a935-7e91-48b8-a94c-606d37c3e9f2"},
        },
    });
    api.post("/org/_apis/projects?api-version=7.1", &project).await.want(202);
    api.idle().await;
    let made: Value = api.get("/org/_apis/projects/site?api-version=7.1").await.want(200).json();
    let endpoint = json!({
        "name": "IncomingWH", "type": "incomingwebhook", "url": "https://dev.azure.com",
        "authorization": {"scheme": "None", "parameters": {
            "webhookname": "WebHook", "secret": "s3cr3t", "header": "X-WH-Checksum"}},
        "serviceEndpointProjectReferences": [
            {"projectReference": {"id": made["id"], "name": "site"}, "name": "IncomingWH"}],
    });
    api.post("/org/_apis/serviceendpoint/endpoints?api-version=7.1", &endpoint).await.want(200);
    // The address exists as soon as a pipeline listens at it.
    let yaml = "resources:\n  webhooks:\n  - webhook: WebHook\n    connection: IncomingWH\nsteps:\n- script: echo hello\n";
    let push = json!({
        "refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0".repeat(40)}],
        "commits": [{"comment": "A pipeline", "changes": [{
            "changeType": "add", "item": {"path": "/a.yml"},
            "newContent": {"content": yaml, "contentType": "rawtext"}}]}],
    });
    api.post("/org/site/_apis/git/repositories/site/pushes?api-version=7.1", &push).await.want(201);
    let repository = api.get("/org/site/_apis/git/repositories/site?api-version=7.1").await.want(200).json();
    let pipeline = json!({
        "name": "listens", "folder": "\\",
        "configuration": {"type": "yaml", "path": "/a.yml",
            "repository": {"id": repository["id"], "type": "azureReposGit"}},
    });
    api.post("/org/site/_apis/pipelines?api-version=7.1", &pipeline).await.want(200);
    api.idle().await;
}

/// How many runs Azure's pipeline has.
async fn runs(api: &Api) -> usize {
    api.idle().await;
    let listed = api.get("/org/site/_apis/build/builds?api-version=7.1").await.want(200).json();
    listed["value"].as_array().expect("a list").len()
}

/// Azure's public address of webhooks.
const AZURE_WEBHOOK: &str = "/org/_apis/public/distributedtask/webhooks/WebHook?api-version=6.0-preview";

/// A CodePipeline pipeline `site` with a webhook of this authentication; its URL.
pub async fn aws_webhook(api: &Api, authentication: &str, configuration: Value) -> String {
    let github = json!({"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"});
    let approval = json!({"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"});
    let pipeline = json!({"pipeline": {
        "name": "site",
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [{
                "name": "Push", "actionTypeId": github, "outputArtifacts": [{"name": "Code"}],
                "configuration": {"Owner": "octo", "Repo": "site", "Branch": "main", "OAuthToken": "t", "PollForSourceChanges": "false"},
            }]},
            {"name": "Ask", "actions": [{"name": "Ask", "actionTypeId": approval}]},
        ],
    }});
    aws_json(api, "CreatePipeline", pipeline.to_string()).await.want(200);
    let webhook = json!({"webhook": {
        "name": "push", "targetPipeline": "site", "targetAction": "Push",
        "filters": [{"jsonPath": "$.ref", "matchEquals": "refs/heads/main"}],
        "authentication": authentication, "authenticationConfiguration": configuration,
    }});
    let put = aws_json(api, "PutWebhook", webhook.to_string()).await.want(200);
    api.idle().await;
    put.json()["webhook"]["url"].as_str().expect("a URL").to_owned()
}

/// How many executions the pipeline has.
async fn executions(api: &Api) -> usize {
    api.idle().await;
    let listed = aws_json(api, "ListPipelineExecutions", r#"{"pipelineName":"site"}"#).await.want(200);
    listed.json()["pipelineExecutionSummaries"].as_array().expect("a list").len()
}
