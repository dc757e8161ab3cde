//! This surface's own calls below `/_parhelion/surfaces/secure-source-manager/`.

use crate::{
    domain::{delivery, identity, payload::Scene, payload::ZEROS},
    operations::Context,
    store::{HookKey, Key, STATUSES, SsmStore, StatusState},
    wire::Server,
};
use bytes::Bytes;
use parhelion_core::{Call, Event, Timestamp, Verdict, limits};
use parhelion_git::{CommitInfo, ObjectId, Person};
use parhelion_http::{Head, Request, Response, answer as respond, problem, read_body};
use parhelion_state::Tx;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Answers them. The path begins after the surface's name.
pub async fn answer(server: Arc<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let segments: Vec<String> = parts
        .uri
        .path()
        .trim_start_matches('/')
        .split('/')
        .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let head = Head::of(&parts);
    let Some(world) = server.world(head) else { return problem(404, "Not found", "there is no such world") };
    let context = Context {
        world,
        git: Arc::clone(&server.git),
        settings: Arc::clone(&server.settings),
        call: Call { caller: identity::ANONYMOUS.to_owned(), ..head.call() },
    };
    match segments.as_slice() {
        [project, "hooks", location, repository, hook, "test"] => {
            if parts.method != http::Method::POST {
                return problem(405, "Method not allowed", "a test delivery is asked for by POST");
            }
            if let Some(query) = parts.uri.query().filter(|q| !q.is_empty()) {
                return problem(400, "Unknown query member", format!("\"{query}\" is not known here"));
            }
            let key = ((*location).to_owned(), (*repository).to_owned(), (*hook).to_owned());
            test_delivery(&context, project, &key).await
        }
        [project, "statuses", location, repository, sha] => {
            if parts.method != http::Method::PUT {
                return problem(405, "Method not allowed", "a commit status is set by PUT");
            }
            let key = ((*location).to_owned(), (*repository).to_owned());
            match read_body(body, limits::BODY_BYTES).await {
                Ok(body) => set_status(&context, project, &key, sha, &body).await,
                Err(e) => problem(400, "Bad request", e.to_string()),
            }
        }
        _ => problem(
            404,
            "Not found",
            "POST /{project}/hooks/{location}/{repository}/{hook}/test or \
             PUT /{project}/statuses/{location}/{repository}/{sha}",
        ),
    }
}

/// Why there is no test delivery.
enum Refused {
    NoHook,
    Filtered,
}

/// The button "Test Delivery": a push that changes nothing, of the default branch. Whether the hook listens to
/// pushes or is disabled does not matter; its branch filter does (CHOICE).
async fn test_delivery(context: &Context, project: &str, key: &HookKey) -> Response {
    let tenant = context.tenant(&format!("projects/{project}"));
    let shelf = context.world.shelf::<SsmStore>();
    let tip = shelf.load(&tenant).store.repository(&(key.0.clone(), key.1.clone())).and_then(|r| r.tip());
    let commit = match tip {
        None => None,
        Some(tip) => match context.git.commit(tip).await {
            Ok(commit) => commit,
            Err(e) => return problem(503, "Git failed", e.to_string()),
        },
    };
    match shelf.write(&tenant, &context.call, |store, tx| send(store, key, commit, tx)) {
        Ok(id) => respond(202, "application/json", json!({"delivery_id": id.value}).to_string()),
        Err(Refused::NoHook) => problem(
            404,
            "No such hook",
            format!("project {project} has no hook {}/{}/{}", key.0, key.1, key.2),
        ),
        Err(Refused::Filtered) => problem(
            409,
            "Filtered out",
            "the hook's branch filter does not take the repository's default branch",
        ),
    }
}

fn send(
    store: &mut SsmStore,
    key: &HookKey,
    commit: Option<CommitInfo>,
    tx: &mut Tx<'_>,
) -> Result<String, Refused> {
    let repository_key = (key.0.clone(), key.1.clone());
    let Some(hook) = store.hooks.get(key).cloned() else {
        let fact = format!("there is no hook {}/{}/{}", key.0, key.1, key.2);
        tx.explain(Event::new("hook.missing", delivery::subject(key)).fact(fact).verdict(Verdict::Failed));
        return Err(Refused::NoHook);
    };
    let repository = store.repository(&repository_key).cloned().ok_or(Refused::NoHook)?;
    let pattern = hook.branch_filter.as_deref().unwrap_or_default();
    let branch = &repository.default_branch;
    if !pattern.is_empty() && !delivery::branch_filter(pattern).is_ok_and(|glob| glob.matches(branch)) {
        let fact = format!("branch filter \"{pattern}\" does not take branch \"{branch}\"");
        tx.explain(
            Event::new("filter.evaluated", delivery::subject(key)).fact(fact).verdict(Verdict::Failed),
        );
        return Err(Refused::Filtered);
    }
    let scene = Scene::of(store, &repository_key, tx).ok_or(Refused::NoHook)?;
    let id = commit.as_ref().map_or_else(|| ZEROS.to_owned(), |c| c.id.to_string());
    let commit = commit.unwrap_or_else(|| fake_commit(tx.now()));
    let body = scene.push(&format!("refs/heads/{branch}"), &id, &id, &[commit]).without_usernames();
    let fact = format!("a test delivery of hook {} was asked for", key.2);
    let asked =
        tx.emit(Event::new("control.hook_tested", delivery::subject(key)).fact(fact).verdict(Verdict::Ok));
    Ok(delivery::send(key, &hook, "push", Bytes::from(body.to_bytes()), asked, tx))
}

/// What a build or test says of a commit: for rules that require status checks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    context: String,
    state: StatusState,
}

async fn set_status(context: &Context, project: &str, key: &Key, sha: &str, body: &[u8]) -> Response {
    let status: Status = match serde_json::from_slice(body) {
        Ok(status) => status,
        Err(e) => return problem(400, "Bad request", e.to_string()),
    };
    if status.context.is_empty() || status.context.len() > 256 {
        return problem(400, "Bad request", "\"context\" is a text of 1 to 256 bytes");
    }
    let tenant = context.tenant(&format!("projects/{project}"));
    let shelf = context.world.shelf::<SsmStore>();
    let refs = shelf.load(&tenant).store.repository(key).map(|r| r.refs());
    let there = match (refs, sha.parse::<ObjectId>()) {
        (Some(refs), Ok(id)) => context.git.contains(&refs, id).await,
        _ => Ok(false),
    };
    match there {
        Ok(true) => {}
        Ok(false) => {
            let detail = format!("project {project} has no commit {sha} in {}/{}", key.0, key.1);
            return problem(404, "No such commit", detail);
        }
        Err(e) => return problem(503, "Git failed", e.to_string()),
    }
    let done = shelf.write(&tenant, &context.call, |store, tx| {
        let status_key = (key.0.clone(), key.1.clone(), sha.to_ascii_lowercase(), status.context.clone());
        if !store.statuses.contains_key(&status_key) && store.statuses_of(key).count() >= STATUSES {
            return Err(());
        }
        let state = serde_json::to_value(status.state).unwrap_or_default();
        let fact =
            format!("status check \"{}\" of {sha} is {}", status.context, state.as_str().unwrap_or("?"));
        let subject = format!("repository:{}/{}", key.0, key.1);
        tx.emit(Event::new("control.status_set", subject).fact(fact).verdict(Verdict::Ok));
        store.statuses.put(status_key, status.state);
        Ok(())
    });
    match done {
        Ok(_) => respond(204, "application/json", ""),
        Err(()) => problem(429, "Too many", format!("a repository has at most {STATUSES} statuses")),
    }
}

/// OBSERVED: what Gitea tells of a repository without commits.
fn fake_commit(now: Timestamp) -> CommitInfo {
    let ghost = Person { name: "Ghost".to_owned(), email: String::new(), at: now };
    CommitInfo {
        id: ObjectId::ZERO,
        tree: ObjectId::ZERO,
        parents: Vec::new(),
        author: ghost.clone(),
        committer: ghost,
        message: "This is a fake commit".to_owned(),
        added: Vec::new(),
        removed: Vec::new(),
        modified: Vec::new(),
    }
}
