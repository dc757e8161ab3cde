//! Seed 004: an instance, a repository, a hook, a real `git push`, and its delivery.

use super::receiver::Receiver;
use super::stage::{Outcome, Stage, expect, text};
use http::Method;
use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

/// The real git, with nothing of this machine's settings.
pub async fn git(stage: &Stage, folder: &Path, arguments: &[&str]) -> Outcome {
    stage.transcript.sent(&format!("git {}", arguments.join(" ")).replace(&stage.url, "…"), "");
    let ran = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .await
        .map_err(|e| format!("git did not start: {e}"))?;
    for line in String::from_utf8_lossy(&ran.stderr).lines() {
        stage.transcript.say(&line.replace(&stage.url, "…"));
    }
    expect(ran.status.success(), format!("git {} failed", arguments.first().unwrap_or(&"")))
}

pub async fn play(stage: &Stage) -> Outcome {
    stage.transcript.title("Google Cloud Secure Source Manager");
    let receiver = Receiver::start().await?;
    let place = "projects/my-project/locations/us-central1";
    stage
        .transcript
        .say("An instance, a repository and a hook, each a long-running operation that is done at once.");
    let made = stage
        .json(Method::POST, &format!("/v1/{place}/instances?instanceId=my-instance"), &json!({}), 200)
        .await?;
    expect(made["done"] == true, "the instance was not made")?;
    stage
        .json(
            Method::POST,
            &format!("/v1/{place}/repositories?repositoryId=my-repo"),
            &json!({"instance": format!("{place}/instances/my-instance")}),
            200,
        )
        .await?;
    let repository =
        stage.json(Method::GET, &format!("/v1/{place}/repositories/my-repo"), &Value::Null, 200).await?;
    stage.json(Method::POST, &format!("/v1/{place}/repositories/my-repo/hooks?hookId=on-main"), &json!({
        "targetUri": format!("{}/push", receiver.url()), "events": ["PUSH"], "sensitiveQueryString": "token=demo",
        "pushOption": {"branchFilter": "main"},
    }), 200).await?;

    stage.transcript.say("A clone, a commit and a push with the real git.");
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let clone = folder.path().join("my-repo");
    git(stage, folder.path(), &["clone", "-q", &text(&repository, "/uris/gitHttps")?, "my-repo"]).await?;
    std::fs::write(clone.join("README.md"), "# Hello\n").map_err(|e| e.to_string())?;
    git(stage, &clone, &["add", "README.md"]).await?;
    git(stage, &clone, &["commit", "-q", "-m", "Say hello"]).await?;
    git(stage, &clone, &["push", "-q", "origin", "HEAD:refs/heads/elsewhere"]).await?;
    git(stage, &clone, &["push", "-q", "origin", "HEAD:refs/heads/main"]).await?;

    let received = receiver.next().await?;
    stage.transcript.delivered(&received);
    expect(received.path == "/push?token=demo", "the sensitive query string was not appended")?;
    expect(
        received.headers.get("x-securesourcemanager-event").is_some_and(|v| v == "push"),
        "the event header is missing",
    )?;
    let body: Value = serde_json::from_slice(&received.body).map_err(|e| e.to_string())?;
    expect(body["ref"] == "refs/heads/main", "the branch filter let another branch through")?;
    expect(body["commits"][0]["added"] == json!(["README.md"]), "the delivery does not name the added file")
}
