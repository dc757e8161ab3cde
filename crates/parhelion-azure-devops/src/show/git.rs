//! Repositories, refs, pushes, commits.

use super::{Links, identity, segment, time, with, without_nulls};
use crate::store::{AzureDevOpsStore, CommitSummary, Push, RefChange, Repository};
use parhelion_git::{CommitInfo, Difference, EntryKind, ObjectId, Person};
use serde_json::{Value, json};

/// `{base}/{project}/_apis/git/repositories/{repository}`.
pub fn url(repository: &Repository, links: &Links) -> String {
    links.to(format_args!("{}/_apis/git/repositories/{}", repository.project, repository.id))
}

/// Where git finds a repository, which is also its page.
pub fn remote(store: &AzureDevOpsStore, repository: &Repository, links: &Links) -> String {
    let project = store.projects.get(&repository.project).map(|p| p.name.clone()).unwrap_or_default();
    links.to(format_args!("{}/_git/{}", segment(&project), segment(&repository.name)))
}

/// A repository.
pub fn repository(store: &AzureDevOpsStore, repository: &Repository, links: &Links) -> Value {
    let project = store.projects.get(&repository.project);
    let remote = remote(store, repository, links);
    let name = project.map(|p| p.name.clone()).unwrap_or_default();
    without_nulls(json!({
        "id": repository.id,
        "name": repository.name,
        "url": url(repository, links),
        "project": project.map(|p| super::project::reference(p, links)),
        "defaultBranch": repository.default_branch,
        "size": 0,
        "remoteUrl": remote,
        "sshUrl": format!("git@ssh.dev.azure.com:v3/{}/{}/{}", store.name(), segment(&name), segment(&repository.name)),
        "webUrl": remote,
        "isDisabled": false,
        "isInMaintenance": false,
    }))
}

/// A ref.
pub fn git_ref(
    store: &AzureDevOpsStore,
    repository: &Repository,
    name: &str,
    id: ObjectId,
    links: &Links,
) -> Value {
    let filter = segment(name.strip_prefix("refs/").unwrap_or(name)).replace("%2F", "/");
    let by = identity(&store.user(), links);
    let locked =
        repository.locked.contains(name).then(|| [("isLocked", json!(true)), ("isLockedBy", by.clone())]);
    let shown = json!({
        "name": name,
        "objectId": id.to_string(),
        "creator": by,
        "url": format!("{}/refs?filter={filter}", url(repository, links)),
    });
    with(shown, locked.into_iter().flatten())
}

fn ref_change(repository: &Repository, change: &RefChange) -> Value {
    json!({
        "repositoryId": repository.id,
        "name": change.name,
        "oldObjectId": change.old.to_string(),
        "newObjectId": change.new.to_string(),
    })
}

/// A push.
pub fn push(store: &AzureDevOpsStore, repository: &Repository, push: &Push, links: &Links) -> Value {
    let base = url(repository, links);
    json!({
        "commits": push.commits.iter().map(|c| summary(c, &base)).collect::<Vec<_>>(),
        "refUpdates": push.refs.iter().map(|r| ref_change(repository, r)).collect::<Vec<_>>(),
        "repository": self::repository(store, repository, links),
        "pushedBy": identity(&push.by, links),
        "pushId": push.id,
        "date": time(push.date),
        "url": format!("{base}/pushes/{}", push.id),
    })
}

/// An author, committer or tagger.
pub fn person(of: &Person) -> Value {
    json!({ "name": of.name, "email": of.email, "date": time(of.at) })
}

fn summary(of: &CommitSummary, base: &str) -> Value {
    json!({
        "treeId": of.tree.to_string(),
        "commitId": of.id.to_string(),
        "author": person(&of.author),
        "committer": person(&of.committer),
        "comment": of.comment,
        "parents": of.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "url": format!("{base}/commits/{}", of.id),
    })
}

/// A commit; `whole` with its tree and parents.
pub fn commit(
    store: &AzureDevOpsStore,
    repository: &Repository,
    of: &CommitInfo,
    links: &Links,
    whole: bool,
) -> Value {
    let base = url(repository, links);
    without_nulls(json!({
        "treeId": whole.then(|| of.tree.to_string()),
        "parents": whole.then(|| of.parents.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "commitId": of.id.to_string(),
        "author": person(&of.author),
        "committer": person(&of.committer),
        "comment": of.message.trim_end_matches('\n'),
        "changeCounts": { "Add": of.added.len(), "Edit": of.modified.len(), "Delete": of.removed.len() },
        "url": format!("{base}/commits/{}", of.id),
        "remoteUrl": format!("{}/commit/{}", remote(store, repository, links), of.id),
    }))
}

/// A path that differs, as it is at a commit (or was, where it is gone).
pub fn change(repository: &Repository, of: &Difference, commit: ObjectId, links: &Links) -> Value {
    let kind = of.new.as_ref().or(of.old.as_ref()).map(|side| side.kind);
    let path = format!("/{}", of.path);
    let item = without_nulls(json!({
        "objectId": of.new.as_ref().map(|side| side.id.to_string()),
        "originalObjectId": of.old.as_ref().map(|side| side.id.to_string()),
        "gitObjectType": match kind {
            Some(EntryKind::Tree) => "tree",
            Some(EntryKind::Commit) => "commit",
            Some(EntryKind::Blob) | None => "blob",
        },
        "commitId": commit.to_string(),
        "path": path,
        "isFolder": (kind == Some(EntryKind::Tree)).then_some(true),
        "url": format!(
            "{}/items{}?versionType=Commit&version={commit}",
            url(repository, links), segment(&path).replace("%2F", "/")
        ),
    }));
    json!({ "item": item, "changeType": change_type(of) })
}

fn change_type(of: &Difference) -> &'static str {
    match (&of.old, &of.new) {
        (None, _) => "add",
        (Some(_), None) => "delete",
        (Some(_), Some(_)) => "edit",
    }
}

/// How many files were added, edited and deleted.
// CHOICE: folders are listed and not counted.
pub fn change_counts(all: &[Difference]) -> Value {
    let is_folder =
        |d: &&Difference| d.new.as_ref().or(d.old.as_ref()).is_some_and(|s| s.kind == EntryKind::Tree);
    let files = all.iter().filter(|d| !is_folder(d));
    let (mut add, mut edit, mut delete) = (0, 0, 0);
    for file in files {
        match change_type(file) {
            "add" => add += 1,
            "delete" => delete += 1,
            _ => edit += 1,
        }
    }
    json!({ "Add": add, "Edit": edit, "Delete": delete })
}
