//! Git repositories: their refs, and the pushes that moved them. Objects are in the server's shared store.

use crate::store::Identity;
use parhelion_core::Timestamp;
use parhelion_git::{CommitInfo, ObjectId, Person, Refs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A git repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// The id.
    pub id: Uuid,
    /// The project.
    pub project: Uuid,
    /// The name, unique in its project.
    pub name: String,
    /// A full ref, set by the first push.
    pub default_branch: Option<String>,
    /// Full names and what they point to.
    pub refs: BTreeMap<String, ObjectId>,
    /// Refs that are locked. Everybody who calls is the one who holds the lock, so it stops nobody.
    #[serde(default)]
    pub locked: BTreeSet<String>,
}

impl Repository {
    /// The refs as git hosting takes them.
    pub fn as_refs(&self) -> Refs {
        let branch =
            self.default_branch.as_deref().and_then(|b| b.strip_prefix("refs/heads/")).unwrap_or("main");
        Refs { default_branch: branch.to_owned(), by_name: self.refs.clone() }
    }
    /// What a full ref points to.
    pub fn tip(&self, full_ref: &str) -> Option<ObjectId> {
        self.refs.get(full_ref).copied()
    }
}

/// A push.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Push {
    /// The id, of the organization's counter.
    pub id: u32,
    /// The repository.
    pub repository: Uuid,
    /// When it came.
    pub date: Timestamp,
    /// Who pushed.
    pub by: Identity,
    /// The commits it brought, newest first.
    pub commits: Vec<CommitSummary>,
    /// The refs it moved.
    pub refs: Vec<RefChange>,
}

impl Push {
    /// What its texts hold, bytes.
    pub fn weight(&self) -> usize {
        let person = |p: &Person| p.name.len() + p.email.len();
        let commit = |c: &CommitSummary| c.comment.len() + person(&c.author) + person(&c.committer);
        self.commits.iter().map(commit).sum::<usize>() + self.refs.iter().map(|r| r.name.len()).sum::<usize>()
    }
}

/// A ref that a push moved. Forty zeros: it did not, or does not, exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefChange {
    /// The full name.
    pub name: String,
    /// Where it stood.
    pub old: ObjectId,
    /// Where it stands.
    pub new: ObjectId,
}

/// What a push's record keeps of a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommitSummary {
    /// The commit.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents.
    pub parents: Vec<ObjectId>,
    /// Its message.
    pub comment: String,
    /// Who wrote it.
    pub author: Person,
    /// Who made the commit.
    pub committer: Person,
}

impl From<CommitInfo> for CommitSummary {
    fn from(c: CommitInfo) -> Self {
        CommitSummary {
            id: c.id,
            tree: c.tree,
            parents: c.parents,
            comment: c.message.trim_end_matches('\n').to_owned(),
            author: c.author,
            committer: c.committer,
        }
    }
}
