//! What happens to pull requests, and who is told.

use crate::{
    Settings,
    domain::{
        delivery,
        payload::{Change, CommentAction, PullScene},
        rules,
    },
    store::{
        CommentKind, Hook, HookEvent, HookKey, Key, Merged, NumberKey, PullComment, PullRequest, PullState,
        SsmStore,
    },
};
use bytes::Bytes;
use parhelion_core::{Cause, Event, EventNo, Verdict};
use parhelion_git::{ObjectId, RefUpdate};
use parhelion_state::Tx;
use std::sync::Arc;

/// Journal subject of a pull request.
pub fn subject(key: &NumberKey) -> String {
    format!("pull_request:{}/{}/{}", key.0, key.1, key.2)
}

/// What an open pull request waits for by the rule of its base, for explain. Code owners are not looked at here: that
/// takes git.
pub fn standing(store: &SsmStore, subject: &str) -> Option<Event> {
    let mut parts = subject.strip_prefix("pull_request:")?.split('/');
    let (location, repository) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let key = (location, repository, parts.next()?.parse().ok()?);
    let pull = store.pull_requests.get(&key).filter(|pull| pull.state == PullState::Open)?;
    let event = Event::new("pull_request.changed", subject).verdict(Verdict::Waiting);
    Some(match rules::of_merge(store, &key, pull, false) {
        Some((rule, field, why)) => {
            event.fact(format!("branch rule \"{rule}\" ({field}) does not let it be merged yet: {why}"))
        }
        None => event.fact("it is open, and no rule keeps it from being merged"),
    })
}

/// A pull request's name, with the project as at its creation.
pub fn full_name(key: &NumberKey, record: &PullRequest) -> String {
    format!("projects/{}/locations/{}/repositories/{}/pullRequests/{}", record.project, key.0, key.1, key.2)
}

/// The open pull request of that pair of branches.
pub fn open_one<'a>(store: &'a SsmStore, repository: &Key, base: &str, head: &str) -> Option<&'a NumberKey> {
    let same = |pull: &PullRequest| pull.state == PullState::Open && pull.base == base && pull.head == head;
    store.pulls_of(repository).find(|(_, pull)| same(pull)).map(|(key, _)| key)
}

fn hooks(store: &SsmStore, key: &NumberKey) -> Vec<(HookKey, Arc<Hook>)> {
    let repository = (key.0.clone(), key.1.clone());
    store.hooks_of(&repository).map(|(k, h)| (k.clone(), Arc::clone(h))).collect()
}

/// Tells hooks that something happened to a pull request. `mergeable` counts for an open one.
pub fn tell(
    store: &mut SsmStore,
    key: &NumberKey,
    action: &str,
    changes: Option<Change>,
    mergeable: bool,
    cause: impl Into<Cause>,
    tx: &mut Tx<'_>,
) -> EventNo {
    let changed = Event::new("pull_request.changed", subject(key))
        .fact(format!("pull request {} of {} was {action}", key.2, key.1))
        .verdict(Verdict::Ok)
        .with("action", action)
        .because(cause);
    let changed = tx.emit(changed);
    let hooks = hooks(store, key);
    if hooks.is_empty() {
        return changed;
    }
    let Some(scene) = PullScene::of(store, key, mergeable, tx) else { return changed };
    let body = Bytes::from(scene.event(action, changes));
    for (hook_key, hook) in hooks {
        let what = format!("pull request {} {action}", key.2);
        if let Some(matched) = delivery::listens(&hook_key, &hook, HookEvent::PullRequest, &what, changed, tx)
        {
            delivery::send(&hook_key, &hook, "pull_request", body.clone(), matched, tx);
        }
    }
    changed
}

/// Tells hooks that something happened to a general comment. Docs: of the enumeration's text; CHOICE: reviews and
/// comments on lines are no such event.
pub fn tell_comment(
    store: &mut SsmStore,
    key: &NumberKey,
    number: u64,
    comment: &PullComment,
    action: &CommentAction,
    tx: &mut Tx<'_>,
) {
    let changed = Event::new("pull_request_comment.changed", subject(key))
        .fact(format!("comment {number} on pull request {} of {} was {}", key.2, key.1, action.name()))
        .with("action", action.name());
    let hooks = hooks(store, key);
    if comment.kind != CommentKind::General {
        let fact = format!(
            "comment {number} on pull request {} of {} was {}; only general comments are an event of hooks",
            key.2,
            key.1,
            action.name()
        );
        tx.emit(changed.fact(fact).verdict(Verdict::Skipped));
        return;
    }
    let changed = tx.emit(changed.verdict(Verdict::Ok));
    if hooks.is_empty() {
        return;
    }
    let Some(scene) = PullScene::of(store, key, false, tx) else { return };
    let body = Bytes::from(scene.comment(store, comment, action, tx));
    for (hook_key, hook) in hooks {
        let what = format!("comment {number} on pull request {} {}", key.2, action.name());
        let event = HookEvent::PullRequestComment;
        if let Some(matched) = delivery::listens(&hook_key, &hook, event, &what, changed, tx) {
            delivery::send(&hook_key, &hook, "pull_request_comment", body.clone(), matched, tx);
        }
    }
}

/// The open pull requests that a change of a branch is about.
pub fn touched(store: &SsmStore, repository: &Key, branch: &str) -> Vec<(NumberKey, Arc<PullRequest>)> {
    let open = store.pulls_of(repository).filter(|(_, pull)| pull.state == PullState::Open);
    let touched = open.filter(|(_, pull)| pull.head == branch || pull.base == branch);
    touched.map(|(key, pull)| (key.clone(), Arc::clone(pull))).collect()
}

/// What a changed branch does to open pull requests: their tips follow it, and one whose head is gone is closed.
/// Refs are set already.
pub fn follow(
    store: &mut SsmStore,
    repository: &Key,
    update: &RefUpdate,
    merged: &[NumberKey],
    because: EventNo,
    tx: &mut Tx<'_>,
) {
    let synchronized = tx.settings::<Settings>().is_some_and(|s| s.synchronized);
    let Some(branch) = update.name.strip_prefix("refs/heads/") else { return };
    let now = tx.now();
    for (key, pull) in touched(store, repository, branch) {
        match update.new {
            Some(new) if merged.contains(&key) => {
                let by = tx.call().caller.clone();
                store.pull_requests.edit(&key, |p| {
                    p.state = PullState::Merged;
                    p.closed = Some(now);
                    p.updated = now;
                    p.base_sha = update.old.unwrap_or(p.base_sha);
                    p.merged = Some(Merged { commit: new, by, at: now });
                });
                tell(store, &key, "closed", None, false, because, tx);
            }
            Some(new) => {
                store.pull_requests.edit(&key, |p| {
                    if p.head == branch {
                        p.head_sha = new;
                    } else {
                        p.base_sha = new;
                    }
                    p.updated = now;
                });
                // Docs: not among the events of hooks; a setting turns it on.
                if synchronized && pull.head == branch {
                    tell(store, &key, "synchronized", None, false, because, tx);
                }
            }
            // OBSERVED: Gitea closes pull requests whose head is deleted.
            None if pull.head == branch => {
                store.pull_requests.edit(&key, |p| {
                    p.state = PullState::Closed;
                    p.closed = Some(now);
                    p.updated = now;
                });
                tell(store, &key, "closed", None, false, because, tx);
            }
            None => {}
        }
    }
}

/// The tips of a pull request's branches now; `None` for one that is not there.
pub fn tips(
    store: &SsmStore,
    repository: &Key,
    base: &str,
    head: &str,
) -> (Option<ObjectId>, Option<ObjectId>) {
    let of = |branch: &str| {
        let record = store.repository(repository)?;
        record.refs.get(&format!("refs/heads/{branch}")).map(|id| **id)
    };
    (of(base), of(head))
}
