//! Commits and how they hang together.

use crate::{GitError, GitHost, ObjectId, Refs, host::Inner};
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// Author or committer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// When, in UTC.
    pub at: Timestamp,
}

/// A commit and what it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitInfo {
    /// Its id.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, first parent first.
    pub parents: Vec<ObjectId>,
    /// Who wrote it.
    pub author: Person,
    /// Who committed it.
    pub committer: Person,
    /// The whole message, with its newline at the end.
    pub message: String,
    /// Paths that are new against the first parent.
    pub added: Vec<String>,
    /// Paths that are gone against the first parent.
    pub removed: Vec<String>,
    /// Paths that differ from the first parent.
    pub modified: Vec<String>,
}

impl GitHost {
    /// Commits that `tips` reach and `not` do not, newest first, at most `max`. [`GitError::NoSuchObject`] when one
    /// of them is not in the store.
    pub async fn commits(
        &self,
        tips: &[ObjectId],
        not: &[ObjectId],
        max: usize,
    ) -> Result<Vec<CommitInfo>, GitError> {
        commits(&self.inner, &self.inner.reader(), tips, not, max).await
    }
    /// One commit; `None` when there is no commit of that id.
    pub async fn commit(&self, id: ObjectId) -> Result<Option<CommitInfo>, GitError> {
        if self.peel(id).await? != Some(id) {
            return Ok(None);
        }
        Ok(describe(&self.inner, &self.inner.reader(), &[id]).await?.pop())
    }
    /// The commit that an object is or (a tag) points to.
    pub async fn peel(&self, id: ObjectId) -> Result<Option<ObjectId>, GitError> {
        peel(&self.inner, &self.inner.reader(), id).await
    }
    /// Whether `new` contains `old`. A commit contains itself.
    pub async fn is_ancestor(&self, old: ObjectId, new: ObjectId) -> Result<bool, GitError> {
        is_ancestor(&self.inner, &self.inner.reader(), old, new).await
    }
    /// Whether a repository's refs reach that object (of any kind): the store is shared, so being in it says nothing.
    pub async fn contains(&self, refs: &Refs, id: ObjectId) -> Result<bool, GitError> {
        let tips: BTreeSet<ObjectId> = refs.by_name.values().copied().collect();
        if tips.contains(&id) {
            return Ok(true);
        }
        if tips.is_empty() {
            return Ok(false);
        }
        if let Some(known) = self.inner.readers.reachable(&tips) {
            return Ok(known.contains(&id));
        }
        let input: String = tips.iter().map(|t| format!("{t}\n")).collect();
        let dir = self.inner.reader();
        let listing = self.inner.run(
            &dir,
            &["rev-list", "--objects", "--no-object-names", "--stdin"],
            input.as_bytes(),
        );
        let listing = listing.await?;
        let all: BTreeSet<ObjectId> =
            String::from_utf8_lossy(&listing).lines().filter_map(|line| line.trim().parse().ok()).collect();
        let found = all.contains(&id);
        self.inner.readers.remember(tips, Arc::new(all));
        Ok(found)
    }
}

pub(crate) async fn peel(host: &Arc<Inner>, dir: &Path, id: ObjectId) -> Result<Option<ObjectId>, GitError> {
    let spec = format!("{id}^{{commit}}");
    let output = host.output(dir, &["rev-parse", "--verify", "--quiet", &spec], b"").await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}

pub(crate) async fn is_ancestor(
    host: &Arc<Inner>,
    dir: &Path,
    old: ObjectId,
    new: ObjectId,
) -> Result<bool, GitError> {
    let (old, new) = (old.to_string(), new.to_string());
    let args = ["merge-base", "--is-ancestor", &old, &new];
    let output = host.output(dir, &args, b"").await?;
    // Docs: git-merge-base, exit status 0 yes, 1 no, else an error (no such commit: then it is no ancestor either).
    Ok(output.status.success())
}

pub(crate) async fn commits(
    host: &Arc<Inner>,
    dir: &Path,
    tips: &[ObjectId],
    not: &[ObjectId],
    max: usize,
) -> Result<Vec<CommitInfo>, GitError> {
    if tips.is_empty() || max == 0 {
        return Ok(Vec::new());
    }
    let mut input = String::new();
    tips.iter().for_each(|t| input.push_str(&format!("{t}\n")));
    not.iter().for_each(|n| input.push_str(&format!("^{n}\n")));
    let count = format!("--max-count={max}");
    let listing = match host.run(dir, &["rev-list", &count, "--stdin"], input.as_bytes()).await {
        Err(GitError::Failed { .. }) => {
            for id in tips.iter().chain(not) {
                if peel(host, dir, *id).await?.is_none() {
                    return Err(GitError::NoSuchObject(*id));
                }
            }
            return Ok(Vec::new());
        }
        other => other?,
    };
    let ids: Vec<ObjectId> =
        String::from_utf8_lossy(&listing).lines().filter_map(|line| line.trim().parse().ok()).collect();
    describe(host, dir, &ids).await
}

/// Those commits, in that order, with their changes: two processes however many there are.
async fn describe(host: &Arc<Inner>, dir: &Path, ids: &[ObjectId]) -> Result<Vec<CommitInfo>, GitError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let input: String = ids.iter().map(|id| format!("{id}\n")).collect();
    let diff = [
        "diff-tree",
        "--stdin",
        "-r",
        "--root",
        "--no-renames",
        "--name-status",
        "-m",
        "--first-parent",
        "--always",
        "-z",
    ];
    let (objects, changes) = tokio::try_join!(
        host.run(dir, &["cat-file", "--batch"], input.as_bytes()),
        host.run(dir, &diff, input.as_bytes()),
    )?;
    let mut commits = parse_objects(&objects);
    let mut by_id: BTreeMap<ObjectId, usize> = BTreeMap::new();
    for (n, commit) in commits.iter().enumerate() {
        by_id.insert(commit.id, n);
    }
    let changes = String::from_utf8_lossy(&changes).into_owned();
    let mut current = None;
    let mut parts = changes.split('\0');
    while let Some(part) = parts.next() {
        if let Ok(id) = part.trim().parse::<ObjectId>() {
            current = by_id.get(&id).copied();
            continue;
        }
        let Some(path) = parts.next() else { break };
        if let Some(commit) = current.and_then(|n| commits.get_mut(n)) {
            match part.trim() {
                "A" => commit.added.push(path.to_owned()),
                "D" => commit.removed.push(path.to_owned()),
                _ => commit.modified.push(path.to_owned()),
            }
        }
    }
    Ok(commits)
}

/// The output of `cat-file --batch` for commits: a line `id type size`, the bytes, a newline.
fn parse_objects(mut bytes: &[u8]) -> Vec<CommitInfo> {
    let mut out = Vec::new();
    while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
        let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 1..];
        let mut words = header.split(' ');
        let (Some(Ok(id)), Some(kind), Some(Ok(size))) =
            (words.next().map(str::parse::<ObjectId>), words.next(), words.next().map(str::parse::<usize>))
        else {
            continue;
        };
        let Some((object, rest)) = bytes.split_at_checked(size) else { break };
        bytes = rest.get(1..).unwrap_or_default();
        if kind == "commit"
            && let Some(commit) = parse_commit(id, object)
        {
            out.push(commit);
        }
    }
    out
}

/// A commit object's bytes.
fn parse_commit(id: ObjectId, bytes: &[u8]) -> Option<CommitInfo> {
    let text = String::from_utf8_lossy(bytes);
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (mut tree, mut parents, mut author, mut committer) = (None, Vec::new(), None, None);
    for line in head.lines() {
        match line.split_once(' ') {
            Some(("tree", id)) => tree = id.parse().ok(),
            Some(("parent", id)) => parents.extend(id.parse::<ObjectId>().ok()),
            Some(("author", who)) => author = author.or_else(|| parse_person(who)),
            Some(("committer", who)) => committer = committer.or_else(|| parse_person(who)),
            // Signatures, encodings, and the lines that continue them.
            _ => {}
        }
    }
    let (author, committer) = (author?, committer?);
    let (added, removed, modified) = Default::default();
    Some(CommitInfo {
        id,
        tree: tree?,
        parents,
        author,
        committer,
        message: message.to_owned(),
        added,
        removed,
        modified,
    })
}

/// `Name <email> seconds zone`.
pub(crate) fn parse_person(text: &str) -> Option<Person> {
    let (name, rest) = text.split_once('<')?;
    let (email, when) = rest.rsplit_once('>')?;
    let secs = when.split_whitespace().next().and_then(|s| s.parse().ok()).unwrap_or(0);
    let at = Timestamp::from_timestamp(secs, 0).unwrap_or_default();
    Some(Person { name: name.trim().to_owned(), email: email.to_owned(), at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_commit_object_is_read_whole() {
        let object = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
            parent 85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93\n\
            author A U Thor <a@example.com> 1720031258 +0200\n\
            committer C <c@example.com> 1720031260 -0330\n\
            gpgsig -----BEGIN\n author no <no@x> 1 +0000\n\nSubject\n\nBody\n";
        let id = "06aa2c971d8e06e5271ce04248ef1920341ce208".parse().unwrap();
        let commit = parse_commit(id, object).unwrap();
        assert_eq!(commit.author.name, "A U Thor");
        assert_eq!(commit.author.at.to_rfc3339(), "2024-07-03T18:27:38+00:00");
        assert_eq!(commit.committer.email, "c@example.com");
        assert_eq!(commit.parents.len(), 1);
        assert_eq!(commit.message, "Subject\n\nBody\n");
    }

    proptest! {
        #[test]
        fn any_object_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_objects(&bytes);
            let _ = parse_commit(ObjectId::ZERO, &bytes);
        }
        #[test]
        fn any_person_is_read_without_panic(text in "\\PC{0,40}") {
            let _ = parse_person(&text);
        }
    }
}
