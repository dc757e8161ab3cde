//! Azure's repositories as git itself sees them, beside what the REST API says of the same.

use parhelion::settings::Settings;
use parhelion_testkit::{Api, TestServer};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Output,
};
use tokio::process::Command;

const R: &str = "/contoso/P/_apis/git/repositories/P";
const BUILDS: &str = "/contoso/P/_apis/build/builds";
const YAML: &str = "trigger:\n  branches: {include: [main, releases/*]}\nsteps:\n- script: echo one\n";

/// A folder for clones, and the client in it with nothing of this machine's configuration.
struct Clones(tempfile::TempDir);

impl Clones {
    fn new() -> Clones {
        Clones(tempfile::tempdir().unwrap())
    }
    /// A clone of a URL in a folder of that name.
    async fn of(&self, url: &str, name: &str) -> Work {
        let output = git(self.0.path(), &["clone", "-q", url, name]).await;
        assert!(output.status.success(), "{}", said(&output));
        Work(self.0.path().join(name))
    }
}

/// A work tree.
struct Work(PathBuf);

impl Work {
    async fn git(&self, args: &[&str]) -> Output {
        git(&self.0, args).await
    }
    #[track_caller]
    fn ok<'a>(&'a self, args: &'a [&'a str]) -> impl Future<Output = String> + 'a {
        let at = std::panic::Location::caller();
        async move {
            let output = self.git(args).await;
            assert!(output.status.success(), "{at}: git {args:?}: {}", said(&output));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        }
    }
    /// Writes files and commits; the commit's id.
    async fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (file, content) in files {
            let path = self.0.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.ok(&["add", "-A"]).await;
        self.ok(&["commit", "-q", "-m", message]).await;
        self.ok(&["rev-parse", "HEAD"]).await
    }
}

async fn git(dir: &Path, args: &[&str]) -> Output {
    let mut git = Command::new("git");
    git.current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", dir);
    git.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "A U Thor").env(format!("GIT_{who}_EMAIL"), "author@example.com");
        git.env(format!("GIT_{who}_DATE"), "1720031258 +0200");
    }
    git.args(["-c", "init.defaultBranch=main"]).args(args).output().await.unwrap()
}
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server with the project `P`.
async fn server() -> (TestServer, Api) {
    let server = TestServer::start().await;
    let api = server.main();
    api.post("/contoso/_apis/projects", &json!({ "name": "P" })).await.want(202);
    (server, api)
}
fn url(api: &Api) -> String {
    format!("{}/contoso/P/_git/P", api.url())
}
async fn define(api: &Api) {
    let definition = json!({
        "name": "ci", "process": { "type": 2, "yamlFilename": "azure-pipelines.yml" },
        "repository": { "name": "P", "type": "TfsGit" },
    });
    api.post("/contoso/P/_apis/build/definitions", &definition).await.want(200);
}
/// `branch commit reason` of the runs, oldest first.
async fn runs(api: &Api) -> Vec<String> {
    let mut all = api.get(BUILDS).await.want(200).json()["value"].as_array().unwrap().clone();
    all.sort_by_key(|b| b["id"].as_u64());
    let word = |v: &Value| v.as_str().unwrap().to_owned();
    let shown = |b: &Value| [&b["sourceBranch"], &b["sourceVersion"], &b["reason"]].map(word).join(" ");
    all.iter().map(shown).collect()
}

#[tokio::test]
async fn a_pushed_yaml_starts_the_run_of_that_branch_and_not_of_others() {
    let (_server, api) = server().await;
    let clones = Clones::new();
    let work = clones.of(&url(&api), "a").await;
    work.commit("First", &[("azure-pipelines.yml", YAML)]).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    assert_eq!(api.get(R).await.json()["defaultBranch"], "refs/heads/main");
    define(&api).await;
    assert!(runs(&api).await.is_empty());

    work.ok(&["checkout", "-q", "-b", "releases/1"]).await;
    let yaml = YAML.replace("echo one", "echo two");
    let tip = work.commit("Change", &[("azure-pipelines.yml", &yaml)]).await;
    work.ok(&["push", "-q", "origin", "releases/1", "main:topic"]).await;
    assert_eq!(runs(&api).await, [format!("refs/heads/releases/1 {tip} individualCI")]);
    let logs = api.get(&format!("{BUILDS}/1/logs")).await.json();
    let last = logs["count"].as_u64().unwrap();
    let mut text = String::new();
    for log in 1..=last {
        text += &api.get(&format!("{BUILDS}/1/logs/{log}")).header("accept", "text/plain").await.text();
    }
    assert!(text.contains("echo two") && !text.contains("echo one"), "{text}");

    // The record of the push is that of REST's own.
    let pushes = api.get(&format!("{R}/pushes")).await.json();
    assert_eq!(pushes["count"], 2);
    let push = &pushes["value"][0];
    assert_eq!(push["pushedBy"]["displayName"], "Parhelion User");
    let refs: Vec<&str> =
        push["refUpdates"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(refs, ["refs/heads/releases/1", "refs/heads/topic"]);
    let comments: Vec<&str> =
        push["commits"].as_array().unwrap().iter().map(|c| c["comment"].as_str().unwrap()).collect();
    assert_eq!(comments, ["Change"]);

    let told = api.explain("pipeline:1").await;
    assert!(
        told.contains("pipeline ci runs on releases/1: branch filter includes releases/1 by 'releases/*'"),
        "{told}"
    );
    assert!(
        told.contains("pipeline ci does not run on topic: branch filter does not include topic"),
        "{told}"
    );
    let run = api.explain("run:1").await;
    assert!(run.contains("push 2 by git to 2 refs of P with 1 commit"), "{run}");

    work.ok(&["commit", "-q", "--amend", "-m", "Quiet [skip ci]"]).await;
    work.ok(&["push", "-q", "-f", "origin", "releases/1"]).await;
    work.ok(&["push", "-q", "origin", ":releases/1"]).await;
    assert_eq!(runs(&api).await.len(), 1);
}

#[tokio::test]
async fn a_clone_is_what_the_items_say() {
    let (_server, api) = server().await;
    let clones = Clones::new();
    let work = clones.of(&url(&api), "a").await;
    let binary = "\u{0}\u{1}\u{2}";
    work.commit("First", &[("a.txt", "one\n"), ("dir/ü b.txt", "two\n"), ("dir/deep/bin", binary)]).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    // REST goes on where git stopped.
    let tip = work.ok(&["rev-parse", "HEAD"]).await;
    let pushed = api
        .post(
            &format!("{R}/pushes"),
            &json!({
                "refUpdates": [{ "name": "refs/heads/main", "oldObjectId": tip }],
                "commits": [{ "comment": "By REST", "changes": [
                    { "changeType": "edit", "item": { "path": "/a.txt" }, "newContent": { "content": "three\n" } },
                    { "changeType": "rename", "item": { "path": "/moved.txt" }, "sourceServerItem": "/dir/ü b.txt" },
                ] }],
            }),
        )
        .await
        .want(201)
        .json();
    let again = clones.of(&url(&api), "b").await;
    assert_eq!(again.ok(&["rev-parse", "HEAD"]).await, pushed["refUpdates"][0]["newObjectId"]);
    work.ok(&["pull", "-q", "origin", "main"]).await;
    assert_eq!(std::fs::read_to_string(work.0.join("a.txt")).unwrap(), "three\n");

    let listed = api.get(&format!("{R}/items?recursionLevel=full")).await.json();
    let mut items: Vec<String> = Vec::new();
    for item in listed["value"].as_array().unwrap().iter().filter(|i| i["gitObjectType"] == "blob") {
        let path = item["path"].as_str().unwrap();
        let here = std::fs::read(again.0.join(&path[1..])).unwrap();
        let encoded = path.replace('ü', "%C3%BC").replace(' ', "%20");
        let there = api.get(&format!("{R}/items?path={encoded}&$format=octetStream")).await.want(200);
        assert_eq!(there.body.to_vec(), here, "{path}");
        items.push(format!("{} {}", item["objectId"].as_str().unwrap(), &path[1..]));
    }
    let tree = again
        .ok(&["-c", "core.quotepath=off", "ls-tree", "-r", "--format=%(objectname) %(path)", "HEAD"])
        .await;
    items.sort();
    let mut tree: Vec<&str> = tree.lines().collect();
    tree.sort_unstable();
    assert_eq!(items, tree);
    assert_eq!(tree.len(), 3);
    again.ok(&["fsck", "--strict"]).await;
}

#[tokio::test]
async fn an_annotated_tag_is_shown_and_starts_the_run_of_its_commit() {
    let (_server, api) = server().await;
    let clones = Clones::new();
    let work = clones.of(&url(&api), "a").await;
    let yaml = "trigger: {tags: {include: ['v*']}}\nsteps:\n- script: echo\n";
    let commit = work.commit("First", &[("azure-pipelines.yml", yaml)]).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    define(&api).await;
    work.ok(&["tag", "-a", "v1", "-m", "Version one"]).await;
    work.ok(&["tag", "other"]).await;
    work.ok(&["push", "-q", "origin", "--tags"]).await;
    assert_eq!(runs(&api).await, [format!("refs/tags/v1 {commit} individualCI")]);
    let tag = work.ok(&["rev-parse", "v1"]).await;
    let shown = api.get(&format!("{R}/annotatedtags/{tag}")).await.want(200).json();
    assert_eq!((&shown["name"], &shown["message"]), (&json!("v1"), &json!("Version one")));
    assert_eq!(shown["taggedObject"], json!({ "objectId": commit, "objectType": "commit" }));
    assert_eq!(shown["taggedBy"]["email"], "author@example.com");
    let tree = work.ok(&["rev-parse", "HEAD^{tree}"]).await;
    let shown = api.get(&format!("{R}/trees/{tree}")).await.want(200).json();
    assert_eq!(shown["treeEntries"][0]["relativePath"], "azure-pipelines.yml");
}

#[tokio::test]
async fn of_two_pushes_to_one_branch_one_wins() {
    let (_server, api) = server().await;
    let clones = Clones::new();
    let one = clones.of(&url(&api), "one").await;
    one.commit("First", &[("azure-pipelines.yml", "steps:\n- script: echo\n")]).await;
    one.ok(&["push", "-q", "origin", "main"]).await;
    define(&api).await;
    let two = clones.of(&url(&api), "two").await;
    let mine = one.commit("Mine", &[("mine", "1")]).await;
    let theirs = two.commit("Theirs", &[("theirs", "1")]).await;
    let push = ["push", "origin", "main"];
    let (first, second) = tokio::join!(one.git(&push), two.git(&push));
    assert_ne!(first.status.success(), second.status.success(), "{}\n{}", said(&first), said(&second));
    let (won, lost) = if first.status.success() { (mine, second) } else { (theirs, first) };
    assert!(said(&lost).contains("rejected"), "{}", said(&lost));
    assert_eq!(runs(&api).await, [format!("refs/heads/main {won} individualCI")]);
    assert_eq!(api.get(&format!("{R}/pushes")).await.json()["count"], 2);
}

#[tokio::test]
async fn git_says_what_is_wrong() {
    let (server, api) = server().await;
    let clones = Clones::new();
    let nowhere = git(clones.0.path(), &["clone", &format!("{}/contoso/P/_git/nope", api.url())]).await;
    assert!(
        said(&nowhere).contains("remote: TF401019: The Git repository with name or identifier nope"),
        "{}",
        said(&nowhere)
    );
    // Without its project, below a world's prefix, with a name and password: the same repository.
    let base = server.main().url().replace("http://", "http://user:pat@");
    clones.of(&format!("{base}/contoso/_git/P"), "short").await;
    let w1 = server.world("w1");
    w1.post("/contoso/_apis/projects", &json!({ "name": "My P" })).await.want(202);
    let work = clones.of(&format!("{}/contoso/My%20P/_git/My%20P", w1.url()), "w1").await;
    work.commit("First", &[("a", "1")]).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    assert_eq!(api.get(R).await.json()["defaultBranch"], Value::Null);
    // Large enough that git sends it in pieces, after an empty request.
    let large: String = (0..400_000u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    let tip = work.commit("Large", &[("large", &large)]).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    let refs = w1.get("/contoso/My%20P/_apis/git/repositories/My%20P/refs").await.json();
    assert_eq!(refs["value"][0]["objectId"], tip);
    assert_eq!(w1.get("/contoso/My%20P/_apis/git/repositories/My%20P/pushes").await.json()["count"], 2);
    // `a` is a branch: nothing can be below it.
    work.ok(&["push", "-q", "origin", "main:a"]).await;
    let below = work.git(&["push", "origin", "main:a/b"]).await;
    assert!(!below.status.success(), "{}", said(&below));
}

#[tokio::test]
async fn credentials_are_asked_for_where_they_are_required() {
    let settings = Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        seed: Some(42),
        azure_auth: "required".to_owned(),
        ..Settings::default()
    };
    let server = TestServer::with(|builder| builder.settings(settings)).await;
    let api = server.main();
    let made = api
        .post("/contoso/_apis/projects", &json!({ "name": "P" }))
        .header("authorization", "Basic OnBhdA==");
    made.await.want(202);
    let clones = Clones::new();
    let without = git(clones.0.path(), &["clone", &url(&api)]).await;
    assert!(said(&without).contains("could not read Username"), "{}", said(&without));
    clones.of(&url(&api).replace("http://", "http://user:pat@"), "with").await;
}

#[tokio::test]
async fn a_push_of_many_files_is_one_run() {
    let (_server, api) = server().await;
    let clones = Clones::new();
    let work = clones.of(&url(&api), "a").await;
    let yaml = "trigger: {paths: {include: ['many/*/last'], exclude: [docs]}}\nsteps:\n- script: echo\n";
    work.commit("First", &[("azure-pipelines.yml", yaml)]).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    define(&api).await;
    let files: Vec<(String, String)> =
        (0..3_000).map(|n| (format!("many/{n}/file"), format!("{n}"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    work.commit("Many", &files).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    assert!(runs(&api).await.is_empty());
    work.commit("Last", &[("many/7/last", "x")]).await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    assert_eq!(runs(&api).await.len(), 1);
    let told = api.explain("pipeline:1").await;
    assert!(told.contains("none of 3000 changed paths") && told.contains("takes many/7/last"), "{told}");
}
