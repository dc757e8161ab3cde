//! What people do with a repository: branch rules, pull requests, issues, comments, policies.

use parhelion_core::Timestamp;
use parhelion_git::ObjectId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Location, repository and number of a pull request or issue.
pub type NumberKey = (String, String, u64);
/// Location, repository, number of the pull request or issue, number of the comment.
pub type CommentKey = (String, String, u64, u64);
/// Location, repository, commit and context of a status.
pub type StatusKey = (String, String, String, String);
/// Collection (`instances`, `repositories`), location and id of what has a policy.
pub type PolicyKey = (String, String, String);

/// What is asked of changes to a branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BranchRule {
    /// The project as the creating call wrote it.
    pub project: String,
    /// UUID.
    pub uid: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// As given.
    pub annotations: BTreeMap<String, String>,
    /// Changes with each write.
    pub etag: String,
    /// The branches that it is for: a name, or a pattern.
    pub include_pattern: String,
    /// Whether it asks nothing.
    pub disabled: bool,
    /// Changes come by pull requests alone.
    pub require_pull_request: bool,
    /// People who must have reviewed.
    pub minimum_reviews: u32,
    /// People who must have approved.
    pub minimum_approvals: u32,
    /// No thread may be open, no change asked for.
    pub require_comments_resolved: bool,
    /// No merge commits.
    pub require_linear_history: bool,
    /// Contexts that must have succeeded on the head.
    pub required_status_checks: Vec<String>,
    /// Whether reviews of an older head count.
    pub allow_stale_reviews: bool,
    /// An owner must have approved.
    pub require_code_owner_approval: bool,
}

/// How a pull request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// It can be merged.
    Open,
    /// Closed without being merged.
    Closed,
    /// Its head is in its base.
    Merged,
}

/// How a pull request was merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    /// The new tip of the base.
    pub commit: ObjectId,
    /// Whose doing it was, an e-mail address.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The project as the creating call wrote it.
    pub project: String,
    /// Number within the instance, in deliveries.
    pub instance_number: u64,
    /// Who made it, an e-mail address.
    pub author: String,
    /// As given.
    pub title: String,
    /// As given.
    pub body: String,
    /// Short name of the branch that it is to go to.
    pub base: String,
    /// Short name of the branch that it comes from.
    pub head: String,
    /// The base's tip; while it is open, the present one.
    pub base_sha: ObjectId,
    /// The head's tip; while it is open, the present one.
    pub head_sha: ObjectId,
    /// Where the two part, as last looked at.
    pub merge_base: Option<ObjectId>,
    /// How it stands.
    pub state: PullState,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it was closed or merged.
    pub closed: Option<Timestamp>,
    /// How it was merged.
    pub merged: Option<Merged>,
}

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReviewAction {
    /// Just words.
    Comment,
    /// Changes are asked for.
    ChangeRequested,
    /// It is fine.
    Approved,
}

/// A comment on a pull request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PullComment {
    /// The project as the creating call wrote it.
    pub project: String,
    /// Number within the instance, in deliveries.
    pub instance_number: u64,
    /// Who wrote it, an e-mail address.
    pub author: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The text.
    pub body: String,
    /// What it is.
    pub kind: CommentKind,
}

/// What a comment on a pull request is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CommentKind {
    /// About the whole.
    General,
    /// A verdict.
    Review {
        /// Which.
        action: ReviewAction,
        /// The head that was looked at.
        commit: ObjectId,
    },
    /// About a line, or an answer to such a one.
    Code {
        /// Path and line (positive: the new side, negative: the old one); `None` on answers that give none.
        position: Option<(String, i64)>,
        /// The comment that began the thread; `None` on that one itself.
        root: Option<u64>,
        /// Whether it is settled.
        resolved: bool,
        /// The head that was looked at.
        commit: ObjectId,
    },
}

/// An issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// The project as the creating call wrote it.
    pub project: String,
    /// Who made it, an e-mail address.
    pub author: String,
    /// As given.
    pub title: String,
    /// As given.
    pub body: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it was closed; `None`: it is open.
    pub closed: Option<Timestamp>,
    /// Changes with each write.
    pub etag: String,
}

/// A comment on an issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IssueComment {
    /// The project as the creating call wrote it.
    pub project: String,
    /// Who wrote it, an e-mail address.
    pub author: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The text.
    pub body: String,
}

/// Who may do what. Kept and told; nobody is turned away by it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// 0, 1 or 3.
    pub version: i32,
    /// Changes with each write.
    pub etag: Vec<u8>,
    /// Roles and who has them.
    pub bindings: Vec<Binding>,
    /// Which calls are to be logged.
    pub audit_configs: Vec<Audit>,
}

/// Which calls of a service are to be logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// The service.
    pub service: String,
    /// The kind of log (1 to 3), and who is left out of it.
    pub logs: Vec<(i32, Vec<String>)>,
}

/// A role and who has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// `roles/…`.
    pub role: String,
    /// `user:ann@example.com`.
    pub members: Vec<String>,
    /// Expression, title, description, location.
    pub condition: Option<[String; 4]>,
}

/// What a build or test says of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// Good.
    Success,
    /// Bad.
    Failure,
    /// Not known yet.
    Pending,
}
