//! A bench for tests: the whole surface in a test world, called as a client would, without a socket.

use crate::{
    Settings,
    domain::simulation,
    drivers, shelves, shelves_with,
    store::{AzureDevOpsStore, Organization},
    surface_with,
};
use http_body_util::BodyExt;
use parhelion_core::{Call, Pace, WorldName};
use parhelion_git::{GitHost, GitSettings};
use parhelion_http::{Body, Head, HttpService, Surface};
use parhelion_state::{AnyShelf, Entry, JobDriver, World, Worlds, testing};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use tower::{Service, ServiceExt};

/// The surface over a fresh world with seed 1.
pub struct Bench {
    pub surface: Surface,
    pub world: Arc<World>,
    _worlds: Arc<Worlds>,
    runtime: tokio::runtime::Runtime,
    drivers: BTreeMap<&'static str, Arc<dyn JobDriver>>,
}

fn executing() -> Vec<Arc<dyn AnyShelf>> {
    shelves_with(&Arc::new(Settings { exec: true, ..Settings::default() }))
}

fn strict_shelves() -> Vec<Arc<dyn parhelion_state::AnyShelf>> {
    shelves_with(&Arc::new(Settings { strict_permissions: true, ..Settings::default() }))
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Bench {
    pub fn new() -> Self {
        Bench::with(Settings::default())
    }
    pub fn with(settings: Settings) -> Self {
        // A world's shelves are made by a plain function.
        let made = match (settings.strict_permissions, settings.exec) {
            (true, _) => strict_shelves,
            (false, true) => executing,
            (false, false) => shelves,
        };
        let worlds = testing::worlds(1, made);
        let world = worlds.find(&WorldName::main()).unwrap();
        let git = Arc::new(GitHost::temporary(GitSettings::default()).unwrap());
        let drivers = drivers(git.clone(), &settings).into_iter().collect();
        let surface = surface_with(worlds.clone(), git, settings);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Bench { surface, world, _worlds: worlds, runtime, drivers }
    }
    /// Runs the jobs that wait, and those that come of them, until none is left.
    pub fn work(&self) {
        while let Some(ticket) = self.world.take_job() {
            let driver = self.drivers[ticket.job.kind.as_str()].clone();
            let outcome = self.runtime.block_on(driver.run(self.world.clone(), ticket.clone()));
            self.world.job_done(&ticket, outcome);
        }
    }
    /// Begins the next job that waits; the run goes on meanwhile.
    pub fn begin_work(&self) -> tokio::task::JoinHandle<()> {
        let ticket = self.world.take_job().unwrap();
        let (driver, world) = (self.drivers[ticket.job.kind.as_str()].clone(), self.world.clone());
        self.runtime.spawn(async move {
            let outcome = driver.run(world.clone(), ticket.clone()).await;
            world.job_done(&ticket, outcome);
        })
    }
    /// Waits for work that was begun.
    pub fn finish_work(&self, work: tokio::task::JoinHandle<()>) {
        self.runtime.block_on(work).unwrap();
    }
    /// With a project in the organization `contoso`.
    pub fn with_project(name: &str) -> Self {
        let bench = Bench::new();
        bench.ok("POST /contoso/_apis/projects", json!({ "name": name }));
        bench
    }

    /// With a project `P`, that pipeline in its repository, and the definition `one` of it.
    pub fn with_pipeline(yaml: &str) -> Self {
        let bench = Bench::with_project("P");
        bench.commit("/azure-pipelines.yml", yaml);
        bench.define("one");
        bench
    }

    fn through(&self, service: &HttpService, request: http::Request<Body>) -> Answer {
        let mut service = service.clone();
        self.runtime.block_on(async {
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: String::from_utf8_lossy(&body).into_owned(),
            }
        })
    }
    fn request(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> http::Request<Body> {
        let mut request = http::Request::builder().method(method).uri(path).extension(Head {
            world: WorldName::main(),
            base: "http://localhost".into(),
            original_uri: path.parse().unwrap(),
            peer: [127, 0, 0, 1].into(),
            request_id: "r-1".into(),
            cause: 0,
        });
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.into()).unwrap()
    }

    /// Sends a request to the surface, which must claim it.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let request = Bench::request(method, path, headers, body);
        let (parts, body) = request.into_parts();
        assert!((self.surface.claims)(&parts), "{path} is not claimed");
        self.through(&self.surface.service, http::Request::from_parts(parts, body))
    }
    /// The bytes of an answer.
    pub fn send_for_bytes(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut service = self.surface.service.clone();
        self.runtime.block_on(async {
            let request = Bench::request(method, path, headers, "");
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            response.into_body().collect().await.unwrap().to_bytes().to_vec()
        })
    }
    /// A control call below the surface's name.
    pub fn control(&self, method: &str, path: &str) -> Answer {
        let request = Bench::request(method, path, &[], "");
        self.through(self.surface.control.as_ref().unwrap(), request)
    }
    /// `METHOD /path` with a JSON body: status and answer.
    pub fn call(&self, line: &str, body: Value) -> (u16, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.send(method, path, &[("content-type", "application/json")], body);
        (answer.status, if answer.body.is_empty() { Value::Null } else { answer.json() })
    }
    /// The same, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str, body: Value) -> Value {
        let (status, answer) = self.call(line, body);
        assert!((200..300).contains(&status), "{line}: {status} {answer}");
        answer
    }
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.ok(&format!("GET {path}"), Value::Null)
    }

    /// How fast work of a kind goes from now on.
    pub fn pace(&self, kind: &str, pace: Pace) {
        self.world.edit_script(|script| script.set_pace(Some("azure-devops"), Some(kind), pace));
    }
    /// Steps by hand: what it was, without the id of a record.
    pub fn step(&self, id: Option<&str>) -> Option<String> {
        let stepped = self.world.step_by_hand("azure-devops", id, &Call::default())?;
        Some(stepped.what)
    }
    /// Lets time pass.
    pub fn advance(&self, seconds: i64) {
        let to = self.world.clock.now() + chrono::TimeDelta::seconds(seconds);
        self.runtime.block_on(self.world.advance(to));
    }

    /// The data of `contoso`.
    pub fn store(&self) -> AzureDevOpsStore {
        let key: Organization = "contoso".parse().unwrap();
        self.world.shelf::<AzureDevOpsStore>().load(&key).store.clone()
    }
    pub fn dump(&self, secrets: bool) -> Value {
        self.world.dump("azure-devops", "contoso", secrets).unwrap()
    }
    /// The lines of the logs of a build's scripts.
    pub fn script_logs(&self, build: u32) -> Vec<Vec<String>> {
        let store = self.store();
        let build = &store.builds[&build];
        let is_script = |s, j, what| simulation::task(build, s, j, what).is_some_and(|t| t.0 == "CmdLine");
        let scripts = build.logged().filter(|((s, j, _), step)| is_script(*s, *j, step.what));
        scripts.map(|(at, _)| simulation::lines(build, at)).collect()
    }
    /// The journal, oldest first.
    pub fn journal(&self) -> Vec<Arc<Entry>> {
        self.world.entries(0, 10_000, |_| true)
    }
    /// `kind: fact [verdict]` of the journal's entries whose kind is among these.
    pub fn facts(&self, kinds: &[&str]) -> String {
        let wanted = self.journal().into_iter().filter(|e| kinds.contains(&e.kind));
        wanted
            .map(|e| {
                let verdict = e.verdict.map_or_else(String::new, |v| format!(" [{v:?}]"));
                format!("{}: {}{verdict}\n", e.kind, e.fact)
            })
            .collect()
    }

    /// Commits a file to the default branch of `contoso`'s repository `P` in the project `P`, without starting runs.
    pub fn commit(&self, path: &str, text: &str) -> Value {
        self.commit_to("P/_apis/git/repositories/P", path, text)
    }
    /// The same to another repository: `{project}/_apis/git/repositories/{repository}`.
    pub fn commit_to(&self, repository: &str, path: &str, text: &str) -> Value {
        let repository = format!("/contoso/{repository}");
        let refs = self.get(&format!("{repository}/refs?filter=heads/main"));
        let old = refs["value"][0]["objectId"].as_str().unwrap_or("0000000000000000000000000000000000000000");
        let item = self.send("GET", &format!("{repository}/items?path={path}"), &[], "");
        let kind = if item.status == 200 { "edit" } else { "add" };
        self.ok(
            &format!("POST {repository}/pushes"),
            json!({
                "refUpdates": [{ "name": "refs/heads/main", "oldObjectId": old }],
                "commits": [{ "comment": format!("{kind} {path} [skip ci]"), "changes": [{
                    "changeType": kind,
                    "item": { "path": path },
                    "newContent": { "content": text, "contentType": "rawtext" },
                }] }],
            }),
        )
    }
    /// Makes a definition of `azure-pipelines.yml`; gives its id.
    pub fn define(&self, name: &str) -> u64 {
        let made = self.ok(
            "POST /contoso/P/_apis/build/definitions",
            json!({
                "name": name,
                "process": { "type": 2, "yamlFilename": "azure-pipelines.yml" },
                "repository": { "name": "P", "type": "TfsGit", "defaultBranch": "refs/heads/main" },
            }),
        );
        made["id"].as_u64().unwrap()
    }
    /// Makes the connection of an incoming webhook in the project `P`.
    pub fn connect(&self, name: &str, webhook: &str, secret: &str, header: &str) -> Value {
        self.ok(
            "POST /contoso/_apis/serviceendpoint/endpoints",
            json!({
                "name": name,
                "type": "incomingwebhook",
                "url": "https://dev.azure.com",
                "authorization": { "scheme": "None", "parameters": {
                    "webhookname": webhook, "secret": secret, "header": header,
                } },
                "serviceEndpointProjectReferences": [{ "projectReference": { "name": "P" }, "name": name }],
            }),
        )
    }
}

/// JSON with each id (a GUID, with or without hyphens, or a SHA-1) replaced by a name that it keeps.
pub fn golden(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap();
    let (mut out, mut seen): (String, Vec<String>) = (String::new(), Vec::new());
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        let run = bytes[i..].iter().take_while(|c| hex(**c) || **c == b'-').count();
        let word = &text[i..i + run];
        let id = match run {
            36 if word.matches('-').count() == 4 => Some(word.replace('-', "")),
            32 | 40 if !word.contains('-') => Some(word.to_owned()),
            _ => None,
        };
        match id {
            Some(id) => {
                let at = seen.iter().position(|s| *s == id).unwrap_or_else(|| {
                    seen.push(id);
                    seen.len() - 1
                });
                out.push_str(&format!("{{{{id:{}}}}}", at + 1));
                i += run;
            }
            None if run > 0 => {
                out.push_str(word);
                i += run;
            }
            None => {
                let c = text[i..].chars().next().unwrap();
                out.push(c);
                i += c.len_utf8();
            }
        }
    }
    out
}
