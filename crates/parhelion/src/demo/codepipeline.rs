//! Seeds 000 and 003: a GitHub push, signed, to the URL that PutWebhook gave; then a third-party job worker.

use super::stage::{Outcome, Stage, expect, text};
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use parhelion_core::text::hex;
use serde_json::{Value, json};
use sha1::Sha1;

const SECRET: &str = "a shared secret of the demo";
const COMMIT: &str = "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93";

/// A call of the API; what it answers.
pub async fn aws(stage: &Stage, operation: &str, input: &Value) -> Outcome<Value> {
    let target = format!("CodePipeline_20150709.{operation}");
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/codepipeline/aws4_request, \
                         SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000";
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
        ("authorization", authorization),
    ];
    let answer = stage.call(Method::POST, &format!("{}/", stage.url), &headers, input.to_string()).await?;
    expect(answer.status == 200, format!("{operation} answered {}", answer.status))?;
    Ok(answer.json())
}

pub async fn play(stage: &Stage) -> Outcome {
    stage.transcript.title("AWS CodePipeline");
    stage.transcript.say("A pipeline of a GitHub source and a partner's test, and a webhook for it.");
    let pipeline = json!({"pipeline": {
        "name": "site",
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [{
                "name": "Push",
                "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
                "configuration": {"Owner": "octo", "Repo": "site", "Branch": "main", "OAuthToken": "demo", "PollForSourceChanges": "false"},
                "outputArtifacts": [{"name": "Code"}],
            }]},
            {"name": "Test", "actions": [{
                "name": "Load",
                "actionTypeId": {"category": "Test", "owner": "ThirdParty", "provider": "BlazeMeter", "version": "1"},
                "configuration": {"Scenario": "home page"},
                "inputArtifacts": [{"name": "Code"}],
            }]},
        ],
    }});
    aws(stage, "CreatePipeline", &pipeline).await?;
    let put = aws(
        stage,
        "PutWebhook",
        &json!({"webhook": {
            "name": "push",
            "targetPipeline": "site",
            "targetAction": "Push",
            "filters": [{"jsonPath": "$.ref", "matchEquals": "refs/heads/{Branch}"}],
            "authentication": "GITHUB_HMAC",
            "authenticationConfiguration": {"SecretToken": SECRET},
        }}),
    )
    .await?;
    let url = text(&put, "/webhook/url")?;

    stage.transcript.say("GitHub pushes, signed with HMAC-SHA1 of the body.");
    let push = json!({
        "ref": "refs/heads/main",
        "after": COMMIT,
        "head_commit": {"id": COMMIT, "message": "Greet the newcomer", "timestamp": "2026-01-01T12:00:00Z",
            "url": format!("https://github.example/octo/site/commit/{COMMIT}")},
        "repository": {"full_name": "octo/site"},
    })
    .to_string();
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).map_err(|e| e.to_string())?;
    mac.update(push.as_bytes());
    let signature = format!("sha1={}", hex(&mac.finalize().into_bytes()));
    let github = |signature: &str| {
        vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("X-GitHub-Event".to_owned(), "push".to_owned()),
            ("X-Hub-Signature".to_owned(), signature.to_owned()),
        ]
    };
    let post = async |signature: &str| {
        let headers = github(signature);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        stage.call(Method::POST, &url, &headers, push.clone()).await
    };
    let refused = post(&format!("sha1={}", "0".repeat(40))).await?;
    expect(refused.status == 403, "a wrong signature was not refused")?;
    let id = refused
        .headers
        .get("x-parhelion-request-id")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    stage.explain(&id).await?;
    let accepted = post(&signature).await?;
    expect(accepted.status == 200, "the push was not accepted")?;
    stage.json(Method::POST, "/_parhelion/idle", &json!({"timeout": "5s"}), 200).await?;

    let listed = aws(stage, "ListPipelineExecutions", &json!({"pipelineName": "site"})).await?;
    let executions = listed["pipelineExecutionSummaries"].as_array().cloned().unwrap_or_default();
    let ours = executions.iter().find(|e| e["trigger"]["triggerType"] == "Webhook");
    let ours = ours.ok_or("no execution has the trigger type Webhook")?;
    expect(
        ours["sourceRevisions"][0]["revisionId"] == COMMIT,
        "the execution does not name the pushed commit",
    )?;
    let execution = text(ours, "/pipelineExecutionId")?;

    stage
        .transcript
        .say("The partner's job worker: poll, details, acknowledge, success. First for the execution that");
    stage.transcript.say("CreatePipeline started, since it holds the stage; then for the push.");
    work(stage).await?;
    work(stage).await?;
    stage.json(Method::POST, "/_parhelion/idle", &json!({"timeout": "5s"}), 200).await?;
    let done = aws(
        stage,
        "GetPipelineExecution",
        &json!({"pipelineName": "site", "pipelineExecutionId": execution}),
    )
    .await?;
    expect(
        done["pipelineExecution"]["status"] == "Succeeded",
        format!("the execution stands at {}", done["pipelineExecution"]["status"]),
    )?;
    stage.explain(&execution).await.map(|_| ())
}

/// One round of a partner's job worker.
async fn work(stage: &Stage) -> Outcome {
    let provider =
        json!({"category": "Test", "owner": "ThirdParty", "provider": "BlazeMeter", "version": "1"});
    let polled =
        aws(stage, "PollForThirdPartyJobs", &json!({"actionTypeId": provider, "maxBatchSize": 1})).await?;
    let job = text(&polled, "/jobs/0/jobId")?;
    let client = json!({"jobId": job, "clientToken": "DEFAULT_CLIENT_TOKEN"});
    let details = aws(stage, "GetThirdPartyJobDetails", &client).await?;
    let of = &details["jobDetails"]["data"]["pipelineContext"]["pipelineName"];
    expect(of == "site", "the job is of another pipeline")?;
    let mut acknowledge = client.clone();
    acknowledge["nonce"] = details["jobDetails"]["nonce"].clone();
    aws(stage, "AcknowledgeThirdPartyJob", &acknowledge).await?;
    aws(stage, "PutThirdPartyJobSuccessResult", &client).await?;
    Ok(())
}
