//! `git push` to a site: the deployment runs within the push, and the terminal shows it.

use parhelion_testkit::{Receiver, TestServer};
use serde_json::json;
use std::path::Path;
use std::process::Output;
use tokio::process::Command;

const SITE: &str = "/kudu/site/api";

async fn git(dir: &Path, args: &[&str]) -> Output {
    let mut git = Command::new("git");
    git.current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", dir);
    git.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "A U Thor").env(format!("GIT_{who}_EMAIL"), "author@example.com");
    }
    git.args(["-c", "init.defaultBranch=master"]).args(args).output().await.unwrap()
}
pub async fn ok(dir: &Path, args: &[&str]) -> String {
    let output = git(dir, args).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {args:?}: {said}");
    format!("{}{said}", String::from_utf8_lossy(&output.stdout))
}
pub async fn commit(dir: &Path, message: &str, files: &[(&str, &str)]) -> String {
    for (name, content) in files {
        std::fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.join(name), content).unwrap();
    }
    ok(dir, &["add", "-A"]).await;
    ok(dir, &["commit", "-q", "-m", message]).await;
    ok(dir, &["rev-parse", "HEAD"]).await.trim().to_owned()
}

#[tokio::test]
async fn a_push_deploys_and_fires() {
    let server = TestServer::start().await;
    let (api, receiver) = (server.main(), Receiver::start().await);
    api.post(&format!("{SITE}/hooks"), &json!({"url": receiver.url(), "event": "PostDeployment"}))
        .await
        .want(201);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    ok(dir, &["init", "-q"]).await;
    let first = commit(dir, "First\n\nand more", &[("index.html", "<h1>one"), ("sub/a.txt", "a")]).await;
    let url = format!("{}/kudu/site/site.git", server.url());
    // As `user:secret`: nobody asks for it, so the client has to be told to send it.
    let user = "http.extraHeader=Authorization: Basic dXNlcjpzZWNyZXQ=";
    let said = ok(dir, &["-c", user, "push", &url, "master"]).await;
    assert!(said.contains("remote: Updating branch 'master'."), "{said}");
    assert!(said.contains("remote: Deployment successful."), "{said}");
    let told = receiver.requests()[0].json();
    assert_eq!(
        (&told["id"], &told["status"], &told["deployer"]),
        (&json!(first), &json!("success"), &json!("user"))
    );
    assert_eq!((&told["author"], &told["message"]), (&json!("A U Thor"), &json!("First\n\nand more")));
    assert!(told.get("isReadOnly").is_none(), "{told}");
    let page = api.get(&format!("{SITE}/vfs/site/wwwroot/index.html")).await.want(200);
    assert_eq!(page.text(), "<h1>one");

    // A failing build: the push is taken, the terminal and the record say what became of it.
    let second =
        commit(dir, "Second", &[(".deployment", "[config]\ncommand = nonsense\n"), ("b.txt", "b")]).await;
    let said = ok(dir, &["push", &url, "master", "master:other"]).await;
    assert!(said.contains("remote: Deployment Failed."), "{said}");
    assert!(said.contains("deployment to website failed"), "{said}");
    let failed = api.get(&format!("{SITE}/deployments/{second}")).await.want(200).json();
    assert_eq!((&failed["status"], &failed["active"]), (&json!(3), &json!(false)));
    api.get(&format!("{SITE}/vfs/site/wwwroot/b.txt")).await.want(404);
    // The first one again, by its id; then the head, which still fails.
    api.put(&format!("{SITE}/deployments/{first}"), &json!({"clean": true})).await.want(200);
    let again = api.get(&format!("{SITE}/deployments/{first}")).await.want(200).json();
    assert_eq!((&again["status"], &again["active"]), (&json!(4), &json!(true)));
    api.put(&format!("{SITE}/deployments"), &json!({})).await.want(200);
    assert_eq!(receiver.requests().len(), 4);
    let none = "f".repeat(40);
    let unknown = api.put(&format!("{SITE}/deployments/{none}"), &json!({})).await.want(404);
    assert_eq!(unknown.json()["Message"], format!("Deployment '{none}' not found."));

    // It can be cloned, from the site's root too.
    ok(dir, &["clone", "-q", &url, "clone"]).await;
    assert_eq!(std::fs::read_to_string(dir.join("clone/index.html")).unwrap(), "<h1>one");
    ok(dir, &["ls-remote", &format!("{}/kudu/site", server.url())]).await;
}

#[tokio::test]
async fn other_branches_and_stored_pushes_deploy_nothing_and_a_held_lock_refuses() {
    let server = TestServer::start().await;
    let api = server.main();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    ok(dir, &["init", "-q"]).await;
    commit(dir, "First", &[("a.txt", "one")]).await;
    let url = format!("{}/kudu/site/site.git", server.url());
    ok(dir, &["push", &url, "master:feature"]).await;
    assert_eq!(api.get(&format!("{SITE}/deployments")).await.want(200).text(), "[]");
    api.put("/_parhelion/surfaces/kudu/site/lock", &json!({})).await.want(200);
    let refused = git(dir, &["push", &url, "master"]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("409"), "{said}");
    api.delete("/_parhelion/surfaces/kudu/site/lock").await.want(204);
    ok(dir, &["push", &url, "master"]).await;
    assert_eq!(api.get(&format!("{SITE}/deployments")).await.want(200).json().as_array().unwrap().len(), 1);
    // A checkpoint holds the repository, too.
    api.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    let second = commit(dir, "Second", &[("a.txt", "two")]).await;
    ok(dir, &["push", &url, "master"]).await;
    api.post("/_parhelion/snapshots/s/restore", &json!({})).await.want(204);
    assert_eq!(api.get(&format!("{SITE}/vfs/site/wwwroot/a.txt")).await.want(200).text(), "one");
    let listed = ok(dir, &["ls-remote", &url]).await;
    assert!(!listed.contains(&second), "{listed}");
}
