//! What a push does to a project: refs set by compare-and-set, and a delivery for each hook that it is for, in one
//! commit.

use crate::{
    domain::{
        delivery,
        payload::{Scene, ZEROS},
        pulls, rules,
    },
    store::{Hook, HookKey, Key, NumberKey, REFS, SsmStore},
};
use parhelion_core::{Event, EventNo, Verdict};
use parhelion_git::{CommitInfo, ObjectId, RefUpdate};
use parhelion_state::{Table, Tx};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A push that git found good, with what its bodies need.
pub struct Push {
    /// Which repository.
    pub key: Key,
    /// Its uid: another one may have taken the name while the push was on its way.
    pub uid: String,
    /// Its changes in command order.
    pub refs: Vec<PushedRef>,
    /// All or nothing.
    pub atomic: bool,
    /// Bytes of new objects.
    pub bytes: u64,
    /// Whether `refs` hold what bodies need: not so when nobody listened as the push came.
    pub told: bool,
}

/// One changed ref.
pub struct PushedRef {
    /// The change.
    pub update: RefUpdate,
    /// The newest new commits of a branch, newest first.
    pub commits: Vec<CommitInfo>,
    /// The commit that the new value is or (a tag) points to.
    pub after: Option<ObjectId>,
    /// Whether there are merge commits among the new ones, as far as a rule wants to know.
    pub merges: bool,
    /// Open pull requests whose head is in the new value, as far as the settings want to know.
    pub merged: Vec<NumberKey>,
}

/// What git shows for a ref that a rule refused.
const DECLINED: &str = "pre-receive hook declined";

/// What is to be said against a push before its refs are set.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Refs that are not set, with the word that git shows for each.
    pub refused: BTreeMap<String, String>,
    /// Lines for the user's terminal.
    pub messages: Vec<String>,
    /// What branch rules found: the ref, the rule's id, what is broken.
    verdicts: Vec<rules::Verdict>,
}

/// Sets the refs; what was said against it.
pub fn apply(store: &mut SsmStore, push: &Push, tx: &mut Tx<'_>) -> Judgement {
    let subject = format!("repository:{}/{}", push.key.0, push.key.1);
    let judged = judge(store, push);
    let refused = &judged.refused;
    let accepted: Vec<&PushedRef> =
        push.refs.iter().filter(|r| !refused.contains_key(&r.update.name)).collect();
    let email = tx.call().caller.clone();
    let received = Event::new("git.received", &*subject)
        .fact(format!("{email} pushed {} to {}", counted(push.refs.len(), "ref"), push.key.1))
        .verdict(if accepted.is_empty() { Verdict::Failed } else { Verdict::Ok })
        .with("pusher", &*email)
        .with("refs", push.refs.iter().map(|r| r.update.name.clone()).collect::<Vec<_>>());
    let received = tx.emit(received);
    for verdict in &judged.verdicts {
        let (fact, outcome) = match &verdict.broken {
            Some(why) => (format!("branch rule \"{}\": {why}", verdict.rule), Verdict::Failed),
            None => (format!("branch rule \"{}\" lets {} be set", verdict.rule, verdict.name), Verdict::Ok),
        };
        let rule = format!("branch_rule:{}/{}/{}", push.key.0, push.key.1, verdict.rule);
        let evaluated = Event::new("rule.evaluated", rule).fact(fact).verdict(outcome);
        tx.emit(evaluated.with("ref", verdict.name.as_str()).because(received));
    }
    for (name, why) in refused {
        let fact = format!("{name} was not set: {why}");
        tx.emit(Event::new("ref.changed", &*subject).fact(fact).verdict(Verdict::Failed).because(received));
    }
    if accepted.is_empty() {
        return judged;
    }
    set(store, push, &accepted, tx);

    // A hook made while the push was on its way comes too late for it.
    let hooks = if push.told { hooks(store, &push.key) } else { Vec::new() };
    let Some(scene) = Scene::of(store, &push.key, tx) else { return judged };
    for pushed in accepted {
        let changed = tell(&scene, pushed, &hooks, received, tx);
        pulls::follow(store, &push.key, &pushed.update, &pushed.merged, changed, tx);
    }
    judged
}

/// The hooks of a repository.
pub fn hooks(store: &SsmStore, key: &Key) -> Vec<(HookKey, Arc<Hook>)> {
    store.hooks_of(key).map(|(k, h)| (k.clone(), Arc::clone(h))).collect()
}

/// What is to be said against a push as things stand now: refs that were changed meanwhile, and branch rules. One ref
/// that a rule refuses takes the others with it, as git's own hook does.
pub fn judge(store: &SsmStore, push: &Push) -> Judgement {
    let merges = push.refs.iter().filter(|r| r.merges).map(|r| r.update.name.clone()).collect();
    let there = store.repository(&push.key).is_some_and(|r| r.uid == push.uid);
    let updates = push.refs.iter().map(|r| &r.update);
    let verdicts = if there { rules::of_push(store, &push.key, updates, &merges) } else { Vec::new() };
    let broken = |v: &rules::Verdict| Some(format!("branch rule \"{}\": {}", v.rule, v.broken.as_ref()?));
    let messages: Vec<String> = verdicts.iter().filter_map(broken).collect();
    let refused = if messages.is_empty() {
        refused(store, push)
    } else {
        push.refs.iter().map(|r| (r.update.name.clone(), DECLINED.to_owned())).collect()
    };
    Judgement { refused, messages, verdicts }
}

/// Refs that are no longer what the push was checked against.
fn refused(store: &SsmStore, push: &Push) -> BTreeMap<String, String> {
    let names = |why: &str| push.refs.iter().map(|r| (r.update.name.clone(), why.to_owned())).collect();
    let Some(repository) = store.repository(&push.key).filter(|r| r.uid == push.uid) else {
        return names("repository was deleted");
    };
    let refs = &repository.refs;
    let lost = |u: &RefUpdate| refs.get(&u.name).map(|id| **id) != u.old;
    let updates = || push.refs.iter().map(|r| &r.update);
    let gone: BTreeSet<&str> =
        updates().filter(|u| u.new.is_none() && !lost(u)).map(|u| u.name.as_str()).collect();
    let made = updates().filter(|u| u.old.is_none() && u.new.is_some()).count();
    let why = |u: &RefUpdate| match u {
        u if lost(u) => Some("fetch first"),
        u if u.old.is_some() || u.new.is_none() => None,
        u if clashes(refs, &gone, &u.name) => Some("failed to update ref"),
        _ => (refs.len() + made > REFS + gone.len()).then_some("too many refs"),
    };
    let mut refused: BTreeMap<String, String> =
        updates().filter_map(|u| Some((u.name.clone(), why(u)?.to_owned()))).collect();
    if push.atomic && !refused.is_empty() {
        let mut all: BTreeMap<String, String> = names("atomic push failed");
        all.append(&mut refused);
        return all;
    }
    refused
}

/// Whether a new ref cannot stand beside those that are there and stay: `a` and `a/b` exclude each other. Git has
/// seen to that within the push's own view; this is for what came in since.
fn clashes(refs: &Table<String, ObjectId>, gone: &BTreeSet<&str>, name: &str) -> bool {
    let below = format!("{name}/");
    let above = name.match_indices('/').any(|(at, _)| {
        let folder = &name[..at];
        refs.contains_key(folder) && !gone.contains(folder)
    });
    above
        || refs
            .range(below.clone()..)
            .take_while(|(other, _)| other.starts_with(&below))
            .any(|(other, _)| !gone.contains(other.as_str()))
}

fn set(store: &mut SsmStore, push: &Push, accepted: &[&PushedRef], tx: &Tx<'_>) {
    store.repositories.edit(&push.key, |repository| {
        let had_branches = repository.refs.keys().any(|name| name.starts_with("refs/heads/"));
        for RefUpdate { name, new, .. } in accepted.iter().map(|r| &r.update) {
            match new {
                Some(id) => repository.refs.put(name.clone(), *id),
                None => repository.refs.remove(name),
            };
        }
        // OBSERVED: Gitea makes the first pushed branch the default one. CHOICE: of several, the old default if it
        // is among them.
        let default = format!("refs/heads/{}", repository.default_branch);
        if !had_branches && !repository.refs.contains_key(&default) {
            let first = accepted.iter().find_map(|r| r.update.name.strip_prefix("refs/heads/"));
            if let Some(first) = first.filter(|f| repository.refs.contains_key(&format!("refs/heads/{f}"))) {
                repository.default_branch = first.to_owned();
            }
        }
        repository.bytes += push.bytes;
        repository.updated = tx.now();
    });
}

/// The journal's entry for a changed ref, and its deliveries.
pub fn tell(
    scene: &Scene,
    pushed: &PushedRef,
    hooks: &[(HookKey, Arc<Hook>)],
    because: EventNo,
    tx: &mut Tx<'_>,
) -> EventNo {
    let subject = format!("repository:{}/{}", scene.key.0, scene.key.1);
    let RefUpdate { name, old, new, forced } = &pushed.update;
    let is_tag = name.starts_with("refs/tags/");
    let how = match (old, new) {
        (None, _) => "created",
        (_, None) => "deleted",
        _ if *forced => "forced to another history",
        _ => "updated",
    };
    let text = |id: Option<ObjectId>| id.map_or_else(|| ZEROS.to_owned(), |id| id.to_string());
    let (before, after) = (text(*old), text(if is_tag { pushed.after } else { *new }));
    let changed = Event::new("ref.changed", subject)
        .because(because)
        .with("ref", name.as_str())
        .with("before", &*before)
        .with("after", &*after)
        .with("forced", *forced)
        .with("commits", json!(pushed.commits.iter().map(|c| c.id).collect::<Vec<_>>()));

    // OBSERVED: the deletion of a branch is an event that this service lacks; other refs are no event.
    let silent = if !is_tag && new.is_none() {
        Some("a deleted branch is no push event")
    } else if !is_tag && !name.starts_with("refs/heads/") {
        Some("only branches and tags are push events")
    } else if hooks.is_empty() {
        Some("the repository has no hooks")
    } else {
        None
    };
    if let Some(why) = silent {
        return tx.emit(changed.fact(format!("{name} was {how}; {why}")).verdict(Verdict::Skipped));
    }
    let changed = tx.emit(changed.fact(format!("{name} was {how}")).verdict(Verdict::Ok));
    let body = scene.push(name, &before, &after, &pushed.commits);
    let body = bytes::Bytes::from(body.to_bytes());
    for (key, hook) in hooks {
        if let Some(matched) = delivery::matched(key, hook, name, changed, tx) {
            delivery::send(key, hook, "push", body.clone(), matched, tx);
        }
    }
    changed
}

fn counted(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}
