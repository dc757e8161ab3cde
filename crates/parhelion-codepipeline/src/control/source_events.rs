//! `POST source-events`: something happened in a repository, which may start pipelines (4.9 of the specification).

use super::{Ask, bad_body};
use crate::domain::{
    engine::{Input, Start, records::ExecutionId},
    source_events::{self, Judged, SourceEvent, What},
    starts,
};
use crate::shapes::{GitPullRequestEventType, TriggerType};
use crate::store::CodePipelineStore;
use parhelion_core::{Cause, Event, Verdict};
use parhelion_http::{Problem, Response, answer as answered};
use parhelion_state::Tx;
use serde_json::{Value, json};

/// Largest body, bytes.
pub const BODY_BYTES: u64 = 1024 * 1024;
/// Longest name of a branch or tag, of a repository or connection; characters. Docs: a branch's pattern has 255.
const TEXT_CHARS: usize = 256;
/// Longest id of a commit, characters.
const COMMIT_CHARS: usize = 100;
/// Longest path of a file, characters.
const PATH_CHARS: usize = 1024;
/// Longest message of a commit, characters.
const MESSAGE_CHARS: usize = 65_536;
/// Most files of an event.
const FILES_MAX: usize = 3000;
/// Most pipelines that do not start of which the journal tells one by one.
const NAMED_MISSES: usize = 100;

/// Answers it: 202 with what was started.
pub fn answer(ask: &Ask<'_>) -> Result<Response, Problem> {
    let place = ask.place()?;
    let event = event(ask)?;
    // Patterns are matched before the write: with many files and pipelines that takes a while.
    let judged = ask.read(&place, |store| source_events::judge_all(&store.engine, &event));
    let started = ask.write(&place, |store, tx| Ok(carry_out(store, &event, judged, tx)))?;
    let started: Vec<Value> = started
        .into_iter()
        .map(|(pipeline, id)| json!({"pipeline": pipeline, "pipelineExecutionId": id.to_string()}))
        .collect();
    Ok(answered(202, "application/json", json!({"started": started}).to_string()))
}

fn carry_out(
    store: &mut CodePipelineStore,
    event: &SourceEvent,
    judged: Vec<Judged>,
    tx: &mut Tx<'_>,
) -> Vec<(String, ExecutionId)> {
    let received = tx.emit(event.received());
    if judged.is_empty() {
        let fact = format!("no pipeline has a source action for repository '{}'", event.repository);
        let event = Event::new("filter.evaluated", event.subject()).because(received);
        tx.emit(event.fact(fact).verdict(Verdict::Failed));
    }
    let (mut started, mut misses) = (Vec::new(), 0usize);
    for old in judged {
        // Somebody may have changed the pipeline since.
        let now = store.engine.line(&old.pipeline).map(|(id, line)| (id, line.version));
        let judged = match now == Some(old.basis) {
            true => Some(old),
            false => source_events::judge(&store.engine, &old.pipeline, event),
        };
        let Some(judged) = judged else { continue };
        if judged.wanted.is_empty() {
            misses += 1;
            if misses > NAMED_MISSES {
                continue;
            }
        }
        let mut cause = Cause::from(received);
        for fact in judged.facts {
            cause = tx.emit(fact.because(cause)).into();
        }
        let line = judged.basis.0;
        if judged.wanted.is_empty() {
            continue;
        }
        let Some(variables) = store.engine.plan(line).map(starts::defaults) else { continue };
        if !store.engine.has_room(line) {
            let fact = format!("pipeline '{}' is not started: {}", judged.pipeline, starts::NO_ROOM);
            let event = Event::new("filter.evaluated", format!("pipeline:{}", judged.pipeline));
            tx.emit(event.fact(fact).verdict(Verdict::Failed).because(cause));
            continue;
        }
        let id = ExecutionId(tx.uuid("execution"));
        let start = Start {
            line,
            id,
            trigger: TriggerType::WebhookV2,
            trigger_detail: event.detail(),
            variables,
            wanted: judged.wanted,
            awaited_by: None,
            cause,
        };
        store.step(Input::Start(Box::new(start)), tx);
        started.push((judged.pipeline, id));
    }
    if let Some(more) = misses.checked_sub(NAMED_MISSES).filter(|more| *more > 0) {
        let event = Event::new("filter.evaluated", event.subject()).because(received);
        tx.emit(event.fact(format!("{more} more pipelines are not started")).verdict(Verdict::Failed));
    }
    started
}

/// The event that a body tells of.
fn event(ask: &Ask<'_>) -> Result<SourceEvent, Problem> {
    let of_all = ["connectionArn", "fullRepositoryId", "kind", "commitId", "message", "files"];
    let (kind, own): (_, &[&str]) = match ask.text("kind")? {
        Some(kind @ "push") => (kind, &["branch"]),
        Some(kind @ "tag") => (kind, &["tag"]),
        Some(kind @ "pullRequest") => (kind, &["targetBranch", "prEvent", "branch"]),
        _ => return Err(bad_body("'kind' is push, tag or pullRequest")),
    };
    ask.only(&[&of_all[..], own].concat())?;
    let what = match kind {
        "push" => What::Push { branch: wanted(ask, "branch")? },
        "tag" => What::Tag { tag: wanted(ask, "tag")? },
        _ => What::PullRequest {
            target: wanted(ask, "targetBranch")?,
            event: match wanted(ask, "prEvent")?.as_str() {
                "OPEN" => GitPullRequestEventType::Open,
                "UPDATED" => GitPullRequestEventType::Updated,
                "CLOSED" => GitPullRequestEventType::Closed,
                _ => return Err(bad_body("'prEvent' is OPEN, UPDATED or CLOSED")),
            },
            branch: given(ask, "branch")?,
        },
    };
    let message = ask.text("message")?.map(ToOwned::to_owned);
    if message.as_ref().is_some_and(|message| message.chars().count() > MESSAGE_CHARS) {
        return Err(bad_body(format!("'message' has at most {MESSAGE_CHARS} characters")));
    }
    Ok(SourceEvent {
        connection: given(ask, "connectionArn")?,
        repository: wanted(ask, "fullRepositoryId")?,
        what,
        commit: wanted(ask, "commitId")?,
        message,
        files: files(ask)?,
    })
}

fn given(ask: &Ask<'_>, name: &str) -> Result<Option<String>, Problem> {
    let most = if name == "commitId" { COMMIT_CHARS } else { TEXT_CHARS };
    ask.text(name)?.map(|text| plain(name, text, most)).transpose()
}

fn wanted(ask: &Ask<'_>, name: &str) -> Result<String, Problem> {
    given(ask, name)?.ok_or_else(|| bad_body(format!("'{name}' is wanted")))
}

fn plain(name: &str, text: &str, most: usize) -> Result<String, Problem> {
    if !(1..=most).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(bad_body(format!("'{name}' has 1 to {most} characters, none of control")));
    }
    Ok(text.to_owned())
}

fn files(ask: &Ask<'_>) -> Result<Vec<String>, Problem> {
    let files = match ask.members.get("files") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(files)) => files,
        Some(_) => return Err(bad_body("'files' is a list of paths")),
    };
    if files.len() > FILES_MAX {
        return Err(bad_body(format!("'files' has at most {FILES_MAX} paths")));
    }
    let path = |file: &Value| match file {
        Value::String(path) => plain("files", path, PATH_CHARS),
        _ => Err(bad_body("'files' is a list of paths")),
    };
    files.iter().map(path).collect()
}
