//! An emulator of this one surface: a world that only records deliveries.

#![expect(clippy::disallowed_methods, reason = "a test's server needs tasks; the surface itself has none")]

use crate::{Settings, shelves, surface};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parhelion_core::{Delivery, WorldName};
use parhelion_git::{GitHost, GitSettings};
use parhelion_http::{Body, Head, HttpService, Named, Surface};
use parhelion_state::{Entry, Ids, World, Worlds, testing};
use serde_json::Value;
use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
};
use tokio::process::Command;
use tower::ServiceExt;

pub const PLACE: &str = "projects/my-project/locations/us-central1";

pub struct Emulator {
    pub surface: Surface,
    pub world: Arc<World>,
    outbox: Arc<testing::Recorded>,
    pub base: String,
    pub git: Arc<GitHost>,
    folder: tempfile::TempDir,
}

fn head(base: &str, uri: &http::Uri) -> Head {
    Head {
        world: WorldName::main(),
        base: base.to_owned(),
        original_uri: uri.clone(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        request_id: "request-1".to_owned(),
        cause: 0,
    }
}

/// A request's way through a service as the server would send it.
pub async fn through(
    service: HttpService,
    base: &str,
    mut request: http::Request<Body>,
) -> http::Response<Body> {
    let head = head(base, request.uri());
    request.extensions_mut().insert(head);
    service.oneshot(request).await.unwrap()
}

impl Emulator {
    pub fn new() -> Emulator {
        Emulator::with(GitSettings::default())
    }

    pub fn with(settings: GitSettings) -> Emulator {
        Emulator::told(settings, Settings::default())
    }

    pub fn told(git: GitSettings, settings: Settings) -> Emulator {
        let settings = Arc::new(settings);
        let (world, outbox) = testing::world(1, shelves(&settings));
        let only = world.clone();
        let worlds = Worlds::new(Ids::seeded(1), Box::new(move |_| only.clone()));
        let git = Arc::new(GitHost::temporary(git).unwrap());
        let folder = tempfile::tempdir().unwrap();
        Emulator {
            surface: surface(worlds, Arc::clone(&git), settings),
            git,
            world,
            outbox,
            base: "http://127.0.0.1:4600".to_owned(),
            folder,
        }
    }

    /// The same behind a socket.
    pub async fn listening() -> Emulator {
        Emulator::listening_told(Settings::default()).await
    }

    pub async fn listening_told(settings: Settings) -> Emulator {
        let mut emulator = Emulator::told(GitSettings::default(), settings);
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        emulator.base = format!("http://{}", socket.local_addr().unwrap());
        let (service, base) = (emulator.surface.service.clone(), emulator.base.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = socket.accept().await.unwrap();
                let (service, base) = (service.clone(), base.clone());
                tokio::spawn(async move {
                    let handler =
                        hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                            let (service, base) = (service.clone(), base.clone());
                            async move {
                                let request = request.map(Body::new);
                                Ok::<_, std::convert::Infallible>(through(service, &base, request).await)
                            }
                        });
                    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), handler).await;
                });
            }
        });
        emulator
    }

    /// A call of the API; status and JSON.
    pub async fn call(&self, verb: &str, path: &str, body: &str) -> (u16, Value) {
        let (status, _, bytes) = self.raw(&self.surface.service, verb, &format!("/v1/{path}"), body).await;
        (status, serde_json::from_slice(&bytes).unwrap())
    }
    /// A call that succeeds; what its operation gave.
    pub async fn done(&self, verb: &str, path: &str, body: &str) -> Value {
        let (status, operation) = self.call(verb, path, body).await;
        assert_eq!((status, &operation["done"]), (200, &Value::Bool(true)), "{operation}");
        operation["response"].clone()
    }
    /// A call of the surface's part of the control API.
    pub async fn control(&self, verb: &str, path: &str) -> (u16, Value) {
        let service = self.surface.control.clone().unwrap();
        let (status, _, bytes) = self.raw(&service, verb, path, "").await;
        (status, serde_json::from_slice(&bytes).unwrap())
    }
    /// The same with a body, which says nothing in return; its status.
    pub async fn control_with(&self, verb: &str, path: &str, body: &str) -> u16 {
        let service = self.surface.control.clone().unwrap();
        self.raw(&service, verb, path, body).await.0
    }
    pub async fn raw(
        &self,
        service: &HttpService,
        verb: &str,
        path: &str,
        body: &str,
    ) -> (u16, Option<Named>, Bytes) {
        let request = http::Request::builder().method(verb).uri(path).header("host", "127.0.0.1:4600");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = through(service.clone(), &self.base, request).await;
        let named = response.extensions().get::<Named>().cloned();
        (response.status().as_u16(), named, response.into_body().collect().await.unwrap().to_bytes())
    }

    /// What was to be delivered, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.outbox.sent().into_iter().map(|s| s.delivery).collect()
    }
    /// The journal's entries of a kind.
    pub fn facts(&self, kind: &str) -> Vec<String> {
        let all: Vec<Arc<Entry>> = self.world.entries(0, 10_000, |e| e.kind == kind);
        all.iter().map(|e| e.fact.clone()).collect()
    }

    /// An instance and a repository `my-repo`.
    pub async fn with_repository(self) -> Emulator {
        self.done("POST", &format!("{PLACE}/instances?instanceId=my-instance"), "{}").await;
        self.create_repository("my-repo", "{}").await;
        self
    }
    pub async fn create_repository(&self, id: &str, more: &str) -> Value {
        let mut body: Value = serde_json::from_str(more).unwrap();
        body["instance"] = format!("{PLACE}/instances/my-instance").into();
        self.done("POST", &format!("{PLACE}/repositories?repositoryId={id}"), &body.to_string()).await
    }
    /// A branch rule of `my-repo`.
    pub async fn rule(&self, id: &str, body: &str) -> Value {
        let path = format!("{PLACE}/repositories/my-repo/branchRules?branchRuleId={id}");
        self.done("POST", &path, body).await
    }
    /// A hook of `my-repo`.
    pub async fn hook(&self, id: &str, body: &str) -> Value {
        self.done("POST", &format!("{PLACE}/repositories/my-repo/hooks?hookId={id}"), body).await
    }
    pub async fn git_url(&self, repository: &str) -> String {
        let (_, got) = self.call("GET", &format!("{PLACE}/repositories/{repository}"), "").await;
        got["uris"]["gitHttps"].as_str().unwrap().to_owned()
    }
    /// A clone of `my-repo` in a folder of that name.
    pub async fn clone_to(&self, name: &str) -> Work {
        let url = self.git_url("my-repo").await;
        git_ok(self.folder.path(), &["clone", "-q", &url, name]).await;
        Work(self.folder.path().join(name))
    }
}

/// A work tree.
pub struct Work(pub PathBuf);
impl Work {
    pub async fn ok(&self, args: &[&str]) -> String {
        git_ok(&self.0, args).await
    }
    pub async fn git(&self, args: &[&str]) -> Output {
        git(&self.0, args).await
    }
    /// Writes a file and commits; the commit's id.
    pub async fn commit(&self, file: &str, content: &str, message: &str) -> String {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self.ok(&["add", "-A"]).await;
        self.ok(&["commit", "-q", "-m", message]).await;
        self.ok(&["rev-parse", "HEAD"]).await
    }
}

/// The client, with nothing of this machine's configuration.
pub async fn git(dir: &Path, args: &[&str]) -> Output {
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
async fn git_ok(dir: &Path, args: &[&str]) -> String {
    let output = git(dir, args).await;
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
