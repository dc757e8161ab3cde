//! One push through three clouds: git at Google, a pipeline at Azure, an execution at AWS. Each tells the next by the
//! webhook that it would call outside.

use super::codepipeline::aws;
use super::secure_source_manager::git;
use super::stage::{Outcome, Stage, expect, text};
use http::Method;
use serde_json::{Value, json};

const YAML: &str = "\
resources:
  webhooks:
    - webhook: FromGit
      connection: FromGit
      filters:
        - path: ref
          value: refs/heads/main
steps:
- script: echo ${{ parameters.FromGit.after }}
";
const ORGANIZATION: &str = "/contoso";

pub async fn play(stage: &Stage) -> Outcome {
    stage.transcript.title("Across the clouds");
    stage.transcript.say("At AWS: a pipeline, and a webhook for what Azure tells of a build that succeeded.");
    let execution_url = release(stage).await?;
    stage.transcript.say("At Azure: a pipeline that git's pushes start, and a subscription to its builds.");
    let run_url = build(stage, &execution_url).await?;
    stage.transcript.say("At Google: a repository, and a hook that calls Azure.");
    let place = "projects/across/locations/us-central1";
    let instance = format!("{place}/instances/house");
    for (path, given) in [
        ("instances?instanceId=house".to_owned(), json!({})),
        ("repositories?repositoryId=site".to_owned(), json!({"instance": instance})),
        (
            "repositories/site/hooks?hookId=to-azure".to_owned(),
            json!({"targetUri": run_url, "events": ["PUSH"]}),
        ),
    ] {
        stage.json(Method::POST, &format!("/v1/{place}/{path}"), &given, 200).await?;
    }
    let repository =
        stage.json(Method::GET, &format!("/v1/{place}/repositories/site"), &Value::Null, 200).await?;

    stage.transcript.say("One push.");
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let clone = folder.path().join("site");
    git(stage, folder.path(), &["clone", "-q", &text(&repository, "/uris/gitHttps")?, "site"]).await?;
    std::fs::write(clone.join("index.html"), "<h1>Hello</h1>\n").map_err(|e| e.to_string())?;
    git(stage, &clone, &["add", "index.html"]).await?;
    git(stage, &clone, &["commit", "-q", "-m", "Greet the visitor"]).await?;
    git(stage, &clone, &["push", "-q", "origin", "HEAD:refs/heads/main"]).await?;
    stage.json(Method::POST, "/_parhelion/idle", &json!({"timeout": "10s"}), 200).await?;

    let listed = aws(stage, "ListPipelineExecutions", &json!({"pipelineName": "release"})).await?;
    let executions = listed["pipelineExecutionSummaries"].as_array().cloned().unwrap_or_default();
    let ours = executions.iter().find(|e| e["trigger"]["triggerType"] == "Webhook");
    let ours = ours.ok_or("no execution of the release was started by a webhook")?;
    expect(
        ours["status"] == "Succeeded",
        format!("the execution that the push led to stands at {}", ours["status"]),
    )?;
    stage.transcript.say("Why that execution ran, back to the push:");
    let told = stage.explain(&text(ours, "/pipelineExecutionId")?).await?;
    for link in ["receive-pack", "FromGit", "build.complete", "/trigger"] {
        expect(told.contains(link), format!("the explanation does not mention {link}"))?;
    }
    Ok(())
}

/// The pipeline at AWS; the URL of its webhook.
async fn release(stage: &Stage) -> Outcome<String> {
    let pipeline = json!({"pipeline": {
        "name": "release",
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [{
                "name": "Fetch",
                "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
                "configuration": {"Owner": "contoso", "Repo": "site", "Branch": "main", "OAuthToken": "demo", "PollForSourceChanges": "false"},
                "outputArtifacts": [{"name": "Code"}],
            }]},
            {"name": "Build", "actions": [{
                "name": "Bundle",
                "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
                "configuration": {"ProjectName": "site"},
                "inputArtifacts": [{"name": "Code"}],
            }]},
        ],
    }});
    aws(stage, "CreatePipeline", &pipeline).await?;
    let webhook = json!({"webhook": {
        "name": "from-azure",
        "targetPipeline": "release",
        "targetAction": "Fetch",
        "filters": [
            {"jsonPath": "$.eventType", "matchEquals": "build.complete"},
            {"jsonPath": "$.resource.result", "matchEquals": "succeeded"},
        ],
        "authentication": "UNAUTHENTICATED",
        "authenticationConfiguration": {},
    }});
    text(&aws(stage, "PutWebhook", &webhook).await?, "/webhook/url")
}

/// The project at Azure, whose builds are told to `listener`; the URL that starts one.
async fn build(stage: &Stage, listener: &str) -> Outcome<String> {
    let at = |path: &str| format!("{ORGANIZATION}{path}?api-version=7.1");
    let post =
        async |path: &str, given: Value, status| stage.json(Method::POST, &at(path), &given, status).await;
    post("/_apis/projects", json!({"name": "site"}), 202).await?;
    let project = stage.json(Method::GET, &at("/_apis/projects/site"), &Value::Null, 200).await?;
    let endpoint = json!({
        "name": "FromGit", "type": "incomingwebhook", "url": "https://dev.azure.com",
        "authorization": {"scheme": "None", "parameters": {"webhookname": "FromGit"}},
        "serviceEndpointProjectReferences": [
            {"projectReference": {"id": text(&project, "/id")?, "name": "site"}, "name": "FromGit"}],
    });
    post("/_apis/serviceendpoint/endpoints", endpoint, 200).await?;
    let push = json!({
        "refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0".repeat(40)}],
        "commits": [{"comment": "A pipeline [skip ci]", "changes": [{
            "changeType": "add", "item": {"path": "/azure-pipelines.yml"},
            "newContent": {"content": YAML, "contentType": "rawtext"}}]}],
    });
    post("/site/_apis/git/repositories/site/pushes", push, 201).await?;
    let definition = json!({"name": "build", "process": {"type": 2, "yamlFilename": "azure-pipelines.yml"}});
    post("/site/_apis/build/definitions", definition, 200).await?;
    let subscription = json!({
        "publisherId": "tfs", "eventType": "build.complete", "consumerId": "webHooks",
        "consumerActionId": "httpRequest", "consumerInputs": {"url": listener},
    });
    post("/_apis/hooks/subscriptions", subscription, 200).await?;
    let webhook = "/_apis/public/distributedtask/webhooks/FromGit?api-version=6.0-preview";
    Ok(format!("{}{ORGANIZATION}{webhook}", stage.url))
}
