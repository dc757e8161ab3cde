//! Seed 001: a POST with the HMAC-SHA1 checksum starts a run whose step holds the title; an object does not.

use super::stage::{Outcome, Stage, expect, text};
use http::Method;
use serde_json::json;

/// The seed's own example: key `secret`, this body, this checksum.
const BODY: &str = r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}}}"#;
const CHECKSUM: &str = "750D33212D3AD4932CC390819050734831A0A94F";

fn yaml(path: &str) -> String {
    format!(
        "resources:\n  webhooks:\n    - webhook: WebHook\n      connection: IncomingWH\n\nsteps:\n- script: echo ${{{{ parameters.WebHook.{path} }}}}\n"
    )
}

pub async fn play(stage: &Stage) -> Outcome {
    stage.transcript.title("Azure DevOps");
    stage
        .transcript
        .say("A project, an Incoming WebHook service connection, and two pipelines in its repository.");
    let org = "/fabrikam";
    stage
        .json(
            Method::POST,
            &format!("{org}/_apis/projects?api-version=7.1"),
            &json!({
                "name": "site", "visibility": "private",
                "capabilities": {
                    "versioncontrol": {"sourceControlType": "Git"},
                    "processTemplate": {"templateTypeId": "b8a3a935-7e91-48b8-a94c-606d37c3e9f2"},
                },
            }),
            202,
        )
        .await?;
    let project = stage
        .json(Method::GET, &format!("{org}/_apis/projects/site?api-version=7.1"), &json!(null), 200)
        .await?;
    let project_id = text(&project, "/id")?;
    stage
        .json(
            Method::POST,
            &format!("{org}/_apis/serviceendpoint/endpoints?api-version=7.1"),
            &json!({
                "name": "IncomingWH", "type": "incomingwebhook", "url": "https://dev.azure.com",
                "authorization": {"scheme": "None", "parameters": {
                    "webhookname": "WebHook", "secret": "secret", "header": "X-WH-Checksum"}},
                "serviceEndpointProjectReferences": [
                    {"projectReference": {"id": project_id, "name": "site"}, "name": "IncomingWH"}],
            }),
            200,
        )
        .await?;
    let add = |path: &str, content: String| {
        json!({"changeType": "add", "item": {"path": path},
               "newContent": {"content": content, "contentType": "rawtext"}})
    };
    stage
        .json(
            Method::POST,
            &format!("{org}/site/_apis/git/repositories/site/pushes?api-version=7.1"),
            &json!({
                "refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0".repeat(40)}],
                "commits": [{"comment": "Two pipelines", "changes": [
                    add("/title.yml", yaml("resource.message.title")),
                    add("/object.yml", yaml("resource.message")),
                ]}],
            }),
            201,
        )
        .await?;
    let repository = stage
        .json(
            Method::GET,
            &format!("{org}/site/_apis/git/repositories/site?api-version=7.1"),
            &json!(null),
            200,
        )
        .await?;
    let repository_id = text(&repository, "/id")?;
    let mut pipelines = Vec::new();
    for name in ["title", "object"] {
        let made = stage
            .json(
                Method::POST,
                &format!("{org}/site/_apis/pipelines?api-version=7.1"),
                &json!({
                    "name": name, "folder": "\\",
                    "configuration": {"type": "yaml", "path": format!("/{name}.yml"),
                        "repository": {"id": repository_id, "type": "azureReposGit"}},
                }),
                200,
            )
            .await?;
        pipelines.push(text(&made, "/id")?);
    }

    stage.transcript.say("Anybody who knows the name and the secret may start them.");
    let url =
        format!("{}{org}/_apis/public/distributedtask/webhooks/WebHook?api-version=6.0-preview", stage.url);
    let json_type = ("content-type", "application/json");
    let refused =
        stage.call(Method::POST, &url, &[json_type, ("X-WH-Checksum", &"0".repeat(40))], BODY).await?;
    expect(refused.status == 401, "a wrong checksum was not refused")?;
    let accepted = stage.call(Method::POST, &url, &[json_type, ("X-WH-Checksum", CHECKSUM)], BODY).await?;
    expect(accepted.status == 200, "the seed's own example was not accepted")?;
    stage.json(Method::POST, "/_parhelion/idle", &json!({"timeout": "5s"}), 200).await?;

    let runs = format!("{org}/site/_apis/pipelines/{}/runs?api-version=7.1", pipelines[0]);
    let listed = stage.json(Method::GET, &runs, &json!(null), 200).await?;
    let run = text(&listed, "/value/0/id")?;
    let run = stage
        .json(
            Method::GET,
            &format!("{org}/site/_apis/pipelines/{}/runs/{run}?api-version=7.1", pipelines[0]),
            &json!(null),
            200,
        )
        .await?;
    expect(text(&run, "/finalYaml")?.contains("echo Hello, world!"), "the step does not hold the title")?;
    let none = format!("{org}/site/_apis/pipelines/{}/runs?api-version=7.1", pipelines[1]);
    let listed = stage.json(Method::GET, &none, &json!(null), 200).await?;
    expect(listed["value"].as_array().is_some_and(Vec::is_empty), "an object in a text started a run")?;
    let records = "/_parhelion/surfaces/azure-devops/fabrikam/webhook-deliveries";
    let records = stage.json(Method::GET, records, &json!(null), 200).await?;
    expect(
        records.to_string().contains("Unable to convert from Object to String"),
        "the delivery record does not say why",
    )
}
