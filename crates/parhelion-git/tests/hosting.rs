//! The real `git` client against a host behind a bare HTTP server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use parhelion_git::{
    Change, Encoding, GitError, GitHost, GitSettings, NewCommit, ObjectId, Person, Refs, Service,
};
use std::{
    collections::BTreeMap,
    path::Path,
    process::Output,
    sync::{Arc, Mutex},
};
use tokio::process::Command;

type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;

/// One repository, its refs held here as a surface would.
struct Server {
    git: GitHost,
    refs: Mutex<Refs>,
    pushes: Mutex<Vec<Vec<String>>>,
    /// Names that a rule refuses.
    protected: Mutex<Option<String>>,
    /// Both pushes of a race wait here, between judging and setting.
    race: tokio::sync::Barrier,
    racing: bool,
}

fn full(status: u16, kind: &str, body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(status).header("content-type", kind).body(body).unwrap()
}

impl Server {
    async fn start(settings: GitSettings, racing: bool) -> (Arc<Server>, String) {
        let server = Arc::new(Server {
            git: GitHost::temporary(settings).unwrap(),
            refs: Mutex::new(Refs::empty("main")),
            pushes: Mutex::default(),
            protected: Mutex::default(),
            race: tokio::sync::Barrier::new(2),
            racing,
        });
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/r.git", socket.local_addr().unwrap());
        let shared = Arc::clone(&server);
        tokio::spawn(async move {
            loop {
                let (stream, _) = socket.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request| {
                        let shared = Arc::clone(&shared);
                        async move { Ok::<_, std::convert::Infallible>(shared.serve(request).await) }
                    });
                    let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        (server, url)
    }

    async fn serve(&self, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let encoding = Encoding::of(header("content-encoding")).unwrap();
        let refs = self.refs.lock().unwrap().clone();
        let protocol = header("git-protocol");
        let result = match (parts.uri.path(), parts.uri.query()) {
            ("/r.git/info/refs", Some(query)) => {
                let service = Service::of(query.strip_prefix("service=").unwrap()).unwrap();
                let body = self.git.advertise(&refs, service, protocol).await;
                body.map(|b| full(200, service.advertisement_type(), b))
            }
            ("/r.git/git-upload-pack", _) => {
                let answer = self.git.upload_pack(&refs, protocol, body, encoding).await;
                answer.map(|a| Response::new(a.boxed_unsync()))
            }
            ("/r.git/git-receive-pack", _) => self.push(&refs, protocol, body, encoding).await,
            _ => Ok(full(404, "text/plain", "no")),
        };
        result.unwrap_or_else(|e| full(if e.is_clients() { 400 } else { 500 }, "text/plain", e.to_string()))
    }

    async fn push(
        &self,
        refs: &Refs,
        protocol: Option<&str>,
        body: Incoming,
        encoding: Encoding,
    ) -> Result<Answer, GitError> {
        let push = self.git.receive_pack(refs, protocol, body, encoding).await?;
        if push.is_probe() {
            return Ok(full(200, Service::ReceivePack.result_type(), push.answer(&BTreeMap::new(), &[])));
        }
        let protected = self.protected.lock().unwrap().clone();
        if push.updates().iter().any(|u| Some(&u.name) == protected.as_ref()) {
            let all = push
                .updates()
                .iter()
                .map(|u| (u.name.clone(), "pre-receive hook declined".to_owned()))
                .collect();
            let answer = push.answer(&all, &["main is protected".to_owned()]);
            return Ok(full(200, Service::ReceivePack.result_type(), answer));
        }
        if self.racing {
            self.race.wait().await;
        }
        push.keep().await?;
        let mut refused = BTreeMap::new();
        let mut done = Vec::new();
        {
            let mut current = self.refs.lock().unwrap();
            for u in push.updates() {
                if current.by_name.get(&u.name).copied() != u.old {
                    refused.insert(u.name.clone(), "fetch first".to_owned());
                    continue;
                }
                match u.new {
                    Some(new) => current.by_name.insert(u.name.clone(), new),
                    None => current.by_name.remove(&u.name),
                };
                let kind = match (u.old, u.new) {
                    (None, _) => "+",
                    (_, None) => "-",
                    _ if u.forced => "!",
                    _ => "=",
                };
                done.push(format!("{kind}{}", u.name));
            }
        }
        done.extend(push.options().iter().map(|o| format!("-o {o}")));
        self.pushes.lock().unwrap().push(done);
        Ok(full(200, Service::ReceivePack.result_type(), push.answer(&refused, &[])))
    }

    fn branch(&self, name: &str) -> Option<ObjectId> {
        self.refs.lock().unwrap().branch(name)
    }
    fn last_push(&self) -> Vec<String> {
        self.pushes.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

/// Runs the client with an environment of its own.
async fn git(dir: &Path, args: &[&str]) -> Output {
    let mut git = Command::new("git");
    git.current_dir(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    git.env("HOME", dir).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "A U Thor").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        git.env(format!("GIT_{who}_DATE"), "1720031258 +0200");
    }
    git.args(["-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false"])
        .args(args)
        .output()
        .await
        .unwrap()
}
async fn ok(dir: &Path, args: &[&str]) -> String {
    let output = git(dir, args).await;
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
async fn work_tree(folder: &Path, name: &str, url: &str) -> std::path::PathBuf {
    ok(folder, &["clone", "-q", url, name]).await;
    folder.join(name)
}
async fn commit(dir: &Path, file: &str, content: &str, message: &str) -> String {
    std::fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
    std::fs::write(dir.join(file), content).unwrap();
    ok(dir, &["add", "-A"]).await;
    ok(dir, &["commit", "-q", "-m", message]).await;
    ok(dir, &["rev-parse", "HEAD"]).await
}
fn walk(dir: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries.flatten().map(|e| if e.path().is_dir() { walk(&e.path()) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_push_tag_force_and_delete() {
    let (server, url) = Server::start(GitSettings::default(), false).await;
    let folder = tempfile::tempdir().unwrap();
    let a = work_tree(folder.path(), "a", &url).await;
    commit(&a, "README.md", "one", "First").await;
    let first = commit(&a, "src/lib.rs", "two", "Second").await;
    ok(&a, &["push", "-q", "origin", "main"]).await;
    assert_eq!(server.branch("main").unwrap().to_string(), first);
    assert_eq!(server.last_push(), ["+refs/heads/main"]);

    for (name, args) in [
        ("v0", vec!["-c", "protocol.version=0", "clone", "-q"]),
        ("v2", vec!["-c", "protocol.version=2", "clone", "-q"]),
        ("shallow", vec!["clone", "-q", "--depth", "1"]),
        ("partial", vec!["clone", "-q", "--filter=blob:none"]),
        ("single", vec!["clone", "-q", "--single-branch"]),
    ] {
        let mut args = args;
        args.extend([url.as_str(), name]);
        ok(folder.path(), &args).await;
        assert_eq!(
            std::fs::read_to_string(folder.path().join(name).join("src/lib.rs")).unwrap(),
            "two",
            "{name}"
        );
    }
    let shallow = folder.path().join("shallow");
    commit(&shallow, "c", "3", "From a shallow clone").await;
    ok(&shallow, &["push", "-q", "origin", "main"]).await;
    assert_eq!(server.last_push(), ["=refs/heads/main"]);
    ok(&shallow, &["fetch", "-q", "--unshallow"]).await;

    ok(&a, &["pull", "-q", "origin", "main"]).await;
    ok(&a, &["tag", "-a", "v1", "-m", "one"]).await;
    ok(&a, &["push", "-q", "origin", "v1", "HEAD:refs/heads/dev"]).await;
    let mut pushed = server.last_push();
    pushed.sort();
    assert_eq!(pushed, ["+refs/heads/dev", "+refs/tags/v1"]);
    let tag = server.refs.lock().unwrap().by_name["refs/tags/v1"];
    assert_eq!(server.git.peel(tag).await.unwrap(), server.branch("main"));

    ok(&a, &["commit", "-q", "--amend", "-m", "Other"]).await;
    assert!(!git(&a, &["push", "-q", "origin", "main"]).await.status.success());
    ok(&a, &["push", "-q", "-f", "-o", "a=b", "origin", "main"]).await;
    assert_eq!(server.last_push(), ["!refs/heads/main", "-o a=b"]);
    ok(&a, &["push", "-q", "origin", ":dev", ":main"]).await;
    let mut pushed = server.last_push();
    pushed.sort();
    assert_eq!(pushed, ["-refs/heads/dev", "-refs/heads/main"]);
    assert_eq!(server.branch("main"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_push_is_probed_and_chunked() {
    let (server, url) = Server::start(GitSettings::default(), false).await;
    let folder = tempfile::tempdir().unwrap();
    let a = work_tree(folder.path(), "a", &url).await;
    // Bytes that do not compress.
    let mut noise = Vec::with_capacity(3 << 20);
    let mut x: u64 = 88172645463325252;
    while noise.len() < 3 << 20 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        noise.extend_from_slice(&x.to_le_bytes());
    }
    std::fs::write(a.join("noise"), &noise).unwrap();
    commit(&a, "README", "x", "Big").await;
    ok(&a, &["push", "-q", "origin", "main"]).await;
    assert_eq!(server.pushes.lock().unwrap().len(), 1);
    let file = server.git.file(server.branch("main").unwrap(), "noise").await.unwrap().unwrap();
    assert_eq!(file.content, noise);
    let back = work_tree(folder.path(), "b", &url).await;
    assert_eq!(std::fs::read(back.join("noise")).unwrap(), noise);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_beyond_the_bound_is_refused_and_leaves_nothing() {
    let settings = GitSettings { push_bytes: 100_000, ..GitSettings::default() };
    let store = tempfile::tempdir().unwrap();
    let git_host = GitHost::open(store.path(), settings).unwrap();
    let list = format!("{} {} refs/heads/main\0report-status", ObjectId::ZERO, "1".repeat(40));
    let mut body = format!("{:04x}{list}0000PACK", list.len() + 4).into_bytes();
    body.resize(200_000, 7);
    let end = git_host
        .receive_pack(&Refs::empty("main"), None, Full::new(Bytes::from(body)), Encoding::Identity)
        .await;
    assert!(matches!(end, Err(GitError::TooLarge { limit: 100_000 })));
    assert_eq!(walk(&store.path().join("objects")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_pack_gets_gits_own_answer() {
    let git_host = GitHost::temporary(GitSettings::default()).unwrap();
    let list = format!("{} {} refs/heads/main\0report-status", ObjectId::ZERO, "1".repeat(40));
    let body = format!("{:04x}{list}0000PACKnot a pack at all", list.len() + 4);
    let push = git_host
        .receive_pack(&Refs::empty("main"), None, Full::new(Bytes::from(body)), Encoding::Identity)
        .await
        .unwrap();
    assert!(push.updates().is_empty());
    let answer = push.answer(&BTreeMap::new(), &[]);
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(text.contains("unpack") && text.contains("ng refs/heads/main"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_view_can_hold_again_is_refused_alone() {
    let (server, url) = Server::start(GitSettings::default(), false).await;
    let folder = tempfile::tempdir().unwrap();
    let a = work_tree(folder.path(), "a", &url).await;
    commit(&a, "README.md", "one", "First").await;
    // Git itself takes it: each part is short, and so is the path.
    let long = format!("refs/heads/{}end", "d/".repeat(600));
    let output = git(&a, &["push", "origin", &format!("HEAD:{long}"), "HEAD:refs/heads/main"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("(funny refname)"), "{said}");
    let names: Vec<String> = server.refs.lock().unwrap().by_name.keys().cloned().collect();
    assert_eq!(names, ["refs/heads/main"]);
    ok(&a, &["ls-remote", "origin"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_push_shows_the_message_and_leaves_no_object() {
    let (server, url) = Server::start(GitSettings::default(), false).await;
    let folder = tempfile::tempdir().unwrap();
    let a = work_tree(folder.path(), "a", &url).await;
    let id = commit(&a, "README.md", "one", "First").await;
    *server.protected.lock().unwrap() = Some("refs/heads/main".to_owned());
    let output = git(&a, &["push", "origin", "main"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("remote: main is protected"), "{said}");
    assert!(said.contains("! [remote rejected] main -> main (pre-receive hook declined)"), "{said}");
    assert_eq!(server.git.blob(id.parse().unwrap()).await.unwrap(), None);
    assert_eq!(server.git.peel(id.parse().unwrap()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pushes_at_once_to_one_ref_exactly_one_wins() {
    let (server, url) = Server::start(GitSettings::default(), true).await;
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (work_tree(folder.path(), "a", &url).await, work_tree(folder.path(), "b", &url).await);
    commit(&a, "a", "1", "From a").await;
    commit(&b, "b", "1", "From b").await;
    let (one, two) = tokio::join!(git(&a, &["push", "origin", "main"]), git(&b, &["push", "origin", "main"]));
    let (won, lost) = if one.status.success() { (one, two) } else { (two, one) };
    let said = String::from_utf8_lossy(&lost.stderr).into_owned();
    assert!(won.status.success() && !lost.status.success(), "{said}");
    assert!(said.contains("main -> main (fetch first)"), "{said}");
    assert_eq!(server.pushes.lock().unwrap().iter().flatten().count(), 1);
}

fn person(name: &str, secs: i64) -> Person {
    let at = parhelion_core::Timestamp::from_timestamp(secs, 0).unwrap();
    Person { name: name.to_owned(), email: format!("{name}@example.com"), at }
}
fn new_commit(base: Option<ObjectId>, changes: Vec<Change>, message: &str) -> NewCommit {
    NewCommit {
        base,
        changes,
        author: person("ann", 1000),
        committer: person("carl", 2000),
        message: message.to_owned(),
    }
}
fn put(path: &str, content: &str) -> Change {
    Change::Put { path: path.to_owned(), content: content.as_bytes().to_vec() }
}
fn delete(path: &str) -> Change {
    Change::Delete { path: path.to_owned() }
}
fn rename(from: &str, to: &str) -> Change {
    Change::Rename { from: from.to_owned(), to: to.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_made_here_are_read_back_and_cloned() {
    let (server, url) = Server::start(GitSettings::default(), false).await;
    let host = &server.git;
    let changes =
        vec![put("a b/\"q\".txt", "one"), put("azure-pipelines.yml", "steps: []\n"), put("old", "x")];
    let first = host.commit_files(new_commit(None, changes.clone(), "First\n")).await.unwrap();
    let again = host.commit_files(new_commit(None, changes, "First\n")).await.unwrap();
    assert_eq!(first, again, "the same input gives the same id");
    let changes = vec![
        rename("old", "new/place"),
        put("new/place", "y"),
        delete("a b"),
        put("azure-pipelines.yml", ""),
    ];
    let second = host.commit_files(new_commit(Some(first), changes, "Second\n\nbody\n")).await.unwrap();

    let log = host.commits(&[second], &[], 10).await.unwrap();
    assert_eq!(log.iter().map(|c| c.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!(log[0].message, "Second\n\nbody\n");
    assert_eq!(log[0].author, person("ann", 1000));
    assert_eq!(log[0].committer, person("carl", 2000));
    assert_eq!(
        (log[0].added.join(","), log[0].removed.join(",")),
        ("new/place".into(), "a b/\"q\".txt,old".into())
    );
    assert_eq!(log[0].modified, ["azure-pipelines.yml"]);
    assert_eq!(log[1].added.len(), 3);
    assert_eq!(host.commits(&[second], &[first], 10).await.unwrap().len(), 1);
    assert_eq!(host.commit(first).await.unwrap().unwrap(), log[1]);

    assert_eq!(host.file(first, "azure-pipelines.yml").await.unwrap().unwrap().content, "steps: []\n");
    assert_eq!(host.file(second, "azure-pipelines.yml").await.unwrap().unwrap().content, "");
    assert_eq!(host.file(second, "old").await.unwrap(), None);
    assert_eq!(host.file(second, "new").await.unwrap(), None, "a folder is no file");
    let all = host.tree(second, "", true).await.unwrap().unwrap();
    assert_eq!(
        all.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(),
        ["azure-pipelines.yml", "new", "new/place"]
    );
    assert_eq!(host.tree(second, "nope", false).await.unwrap(), None);
    assert!(
        host.is_ancestor(first, second).await.unwrap() && !host.is_ancestor(second, first).await.unwrap()
    );

    server.refs.lock().unwrap().by_name.insert("refs/heads/main".to_owned(), first);
    let refs = server.refs.lock().unwrap().clone();
    assert!(host.contains(&refs, first).await.unwrap());
    assert!(!host.contains(&refs, second).await.unwrap(), "in the store, but not of this repository");
    let folder = tempfile::tempdir().unwrap();
    let clone = work_tree(folder.path(), "a", &url).await;
    assert_eq!(std::fs::read_to_string(clone.join("a b/\"q\".txt")).unwrap(), "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_cannot_be_are_named() {
    let host = GitHost::temporary(GitSettings::default()).unwrap();
    let base = host.commit_files(new_commit(None, vec![put("dir/file", "1")], "x")).await.unwrap();
    for (changes, expected) in [
        (vec![delete("nope")], "path \"nope\" does not exist"),
        (vec![rename("nope", "x")], "path \"nope\" does not exist"),
        (vec![delete("dir/file"), delete("dir/file")], "path \"dir/file\" does not exist"),
        (vec![put("../x", "")], "\"../x\" is no valid path"),
        (vec![put("a/.git/config", "")], "\"a/.git/config\" is no valid path"),
        (vec![put("/x", "")], "\"/x\" is no valid path"),
        (vec![put("a\nb", "")], "\"a\nb\" is no valid path"),
    ] {
        let end = host.commit_files(new_commit(Some(base), changes, "x")).await;
        assert_eq!(end.unwrap_err().to_string(), expected);
    }
    let unknown: ObjectId = "1".repeat(40).parse().unwrap();
    let end = host.commit_files(new_commit(Some(unknown), vec![], "x")).await;
    assert!(matches!(end, Err(GitError::NoSuchObject(id)) if id == unknown));
    assert!(matches!(host.commits(&[unknown], &[], 1).await, Err(GitError::NoSuchObject(_))));
    assert_eq!(host.file(unknown, "x").await.unwrap(), None);
    let moved =
        vec![put("dir/other", "2"), delete("dir/file"), rename("dir/other", "dir/file"), delete("dir")];
    let end = host.commit_files(new_commit(Some(base), moved, "x")).await.unwrap();
    assert_eq!(host.tree(end, "", true).await.unwrap().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told_apart() {
    let host = GitHost::temporary(GitSettings::default()).unwrap();
    let refs = Refs::empty("main");
    for body in ["", "00", "zzzz", "0009hello", "0000000"] {
        let end = host.receive_pack(&refs, None, Full::new(Bytes::from(body)), Encoding::Identity).await;
        match body {
            "0000000" => assert!(end.unwrap().is_probe()),
            _ => assert!(matches!(end, Err(GitError::Malformed(_))), "{body}"),
        }
    }
    let end = host.receive_pack(&refs, None, Full::new(Bytes::from("0000")), Encoding::Gzip).await;
    assert!(matches!(end, Err(GitError::Malformed(_))));
    let bad =
        Refs { default_branch: "main".into(), by_name: BTreeMap::from([("x\ny".into(), ObjectId::ZERO)]) };
    assert!(matches!(host.advertise(&bad, Service::UploadPack, None).await, Err(GitError::BadRefName(_))));
    // A fetch of nothing is answered; one of nonsense is the client's fault.
    let fetch =
        |body: &'static str| host.upload_pack(&refs, None, Full::new(Bytes::from(body)), Encoding::Identity);
    assert!(fetch("0000").await.unwrap().collect().await.unwrap().to_bytes().is_empty());
    for body in ["zzzz", "0009hello", "0032want 1111111111111111111111111111111111111111"] {
        assert!(matches!(fetch(body).await, Err(GitError::Malformed(_))), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_in_the_middle_leaves_nothing() {
    let store = tempfile::tempdir().unwrap();
    let host = GitHost::open(store.path(), GitSettings::default()).unwrap();
    let list = format!("{} {} refs/heads/main\0report-status", ObjectId::ZERO, "1".repeat(40));
    let head = Bytes::from(format!("{:04x}{list}0000PACK", list.len() + 4));
    let frames = futures_util::stream::iter([
        Ok(hyper::body::Frame::data(head)),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]);
    let body = http_body_util::StreamBody::new(frames);
    let end = host.receive_pack(&Refs::empty("main"), None, body, Encoding::Identity).await;
    assert!(matches!(end, Err(GitError::Interrupted(_))));
    assert_eq!(walk(&store.path().join("objects")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_git_the_error_says_so() {
    let settings = GitSettings { program: "/nonexistent/git".into(), ..GitSettings::default() };
    let host = GitHost::temporary(settings).unwrap();
    for end in [
        host.advertise(&Refs::empty("main"), Service::UploadPack, None).await.map(|_| ()),
        host.commit_files(new_commit(None, vec![put("a", "1")], "x")).await.map(|_| ()),
        host.blob(ObjectId::ZERO).await.map(|_| ()),
    ] {
        let said = end.unwrap_err().to_string();
        assert!(said.starts_with("git hosting needs the git program, version 2.38 or newer"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pushes_at_once_take_turns() {
    let (server, url) = Server::start(GitSettings { children: 1, ..GitSettings::default() }, false).await;
    let folder = tempfile::tempdir().unwrap();
    let a = work_tree(folder.path(), "a", &url).await;
    commit(&a, "a", "1", "One").await;
    ok(&a, &["push", "-q", "origin", "main"]).await;
    commit(&a, "a", "2", "Two").await;
    let pushes = (0..6).map(|n| {
        let (a, branch) = (a.clone(), format!("main:b{n}"));
        async move { git(&a, &["push", "-q", "origin", &branch, "+main:main"]).await }
    });
    futures_util::future::join_all(pushes).await;
    assert_eq!(server.refs.lock().unwrap().by_name.len(), 7);
}
