//! Bodies of `pull_request` and `pull_request_comment`.

use super::{RepositoryBody, Scene, Shown, Somebody, UserBody, bytes, time, user};
use crate::store::{NumberKey, PullComment, PullRequest, PullState, SsmStore};
use parhelion_state::Tx;
use serde::Serialize;

/// What an edit changed, with what was there before.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Change {
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Before>,
    /// The body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Before>,
    /// The base branch.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub base: Option<Before>,
}

/// What was there before.
#[derive(Clone, Debug, Serialize)]
pub struct Before {
    /// The text.
    pub from: String,
}

impl Change {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.body.is_none() && self.base.is_none()
    }
    /// A text, if it is not what it was.
    pub fn of(old: &str, new: &str) -> Option<Before> {
        (old != new).then(|| Before { from: old.to_owned() })
    }
}

/// A repository's scene with one of its pull requests.
#[derive(Clone, Debug)]
pub struct PullScene {
    scene: Scene,
    number: u64,
    pull: PullRequest,
    author: Somebody,
    merged_by: Option<Somebody>,
    comments: u64,
    mergeable: bool,
}

#[derive(Debug, Serialize)]
struct PullRequestEvent {
    secret: &'static str,
    action: String,
    number: u64,
    // OBSERVED: Gitea sends it with `edited`, and only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Change>,
    pull_request: PullBody,
    repository: RepositoryBody,
    sender: UserBody,
    review: Option<()>,
}

#[derive(Debug, Serialize)]
struct PullBody {
    id: u64,
    url: String,
    number: u64,
    user: UserBody,
    title: String,
    body: String,
    labels: Vec<()>,
    milestone: Option<()>,
    assignee: Option<()>,
    assignees: Option<()>,
    state: &'static str,
    is_locked: bool,
    comments: u64,
    html_url: String,
    diff_url: String,
    patch_url: String,
    mergeable: bool,
    merged: bool,
    merged_at: Option<String>,
    merge_commit_sha: Option<String>,
    merged_by: Option<UserBody>,
    base: BranchBody,
    head: BranchBody,
    merge_base: String,
    due_date: Option<()>,
    created_at: String,
    updated_at: String,
    closed_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct BranchBody {
    label: String,
    #[serde(rename = "ref")]
    ref_name: String,
    sha: String,
    repo_id: u64,
    repo: RepositoryBody,
}

/// What happened to a comment.
#[derive(Clone, Debug)]
pub enum CommentAction {
    /// It was written.
    Created,
    /// Its text changed; what it was before.
    Edited(String),
    /// It is gone.
    Deleted,
}

impl CommentAction {
    /// The action's name in the body.
    pub fn name(&self) -> &'static str {
        match self {
            CommentAction::Created => "created",
            CommentAction::Edited(_) => "edited",
            CommentAction::Deleted => "deleted",
        }
    }
}

#[derive(Debug, Serialize)]
struct CommentEvent {
    action: &'static str,
    issue: IssueBody,
    comment: CommentBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Change>,
    repository: RepositoryBody,
    sender: UserBody,
    is_pull: bool,
}

#[derive(Debug, Serialize)]
struct IssueBody {
    id: u64,
    url: String,
    html_url: String,
    number: u64,
    user: UserBody,
    title: String,
    body: String,
    labels: Vec<()>,
    milestone: Option<()>,
    assignee: Option<()>,
    assignees: Option<()>,
    state: &'static str,
    is_locked: bool,
    comments: u64,
    created_at: String,
    updated_at: String,
    closed_at: Option<String>,
    due_date: Option<()>,
    pull_request: MergedBody,
    repository: ShortRepository,
}

#[derive(Debug, Serialize)]
struct MergedBody {
    merged: bool,
    merged_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShortRepository {
    id: u64,
    name: String,
    owner: String,
    full_name: String,
}

#[derive(Debug, Serialize)]
struct CommentBody {
    id: u64,
    html_url: String,
    pull_request_url: String,
    issue_url: &'static str,
    user: UserBody,
    body: String,
    created_at: String,
    updated_at: String,
}

impl PullScene {
    /// Of a pull request as it is now; `None` when it is gone.
    pub fn of(store: &mut SsmStore, key: &NumberKey, mergeable: bool, tx: &mut Tx<'_>) -> Option<PullScene> {
        let repository = (key.0.clone(), key.1.clone());
        let scene = Scene::of(store, &repository, tx)?;
        let pull = PullRequest::clone(store.pull_requests.get(key)?);
        let mut known = |email: &str| Scene::somebody(store, &repository, &scene.repository, email, tx);
        let author = known(&pull.author);
        let merged_by = pull.merged.as_ref().map(|merged| known(&merged.by));
        let comments = store.pull_comments_of(key).count() as u64;
        let mergeable = mergeable && pull.state == PullState::Open;
        Some(PullScene { scene, number: key.2, pull, author, merged_by, comments, mergeable })
    }

    /// The body of a `pull_request` event.
    pub fn event(&self, action: &str, changes: Option<Change>) -> Vec<u8> {
        bytes(&PullRequestEvent {
            secret: "",
            action: action.to_owned(),
            number: self.number,
            changes,
            pull_request: self.pull_body(),
            repository: self.scene.repository_body(Shown::Reader),
            sender: user(&self.scene.actor),
            review: None,
        })
    }

    /// The body of a `pull_request_comment` event. OBSERVED: as Gitea's.
    pub fn comment(
        &self,
        store: &mut SsmStore,
        comment: &PullComment,
        action: &CommentAction,
        tx: &mut Tx<'_>,
    ) -> Vec<u8> {
        let repository = &self.scene.repository;
        let author = Scene::somebody(store, &self.scene.key, repository, &comment.author, tx);
        let (url, pull) = (self.url(), &self.pull);
        let changes = match action {
            CommentAction::Edited(from) => {
                Some(Change { body: Some(Before { from: from.clone() }), ..Change::default() })
            }
            _ => None,
        };
        bytes(&CommentEvent {
            action: action.name(),
            issue: IssueBody {
                id: pull.instance_number,
                url: url.clone(),
                html_url: url.clone(),
                number: self.number,
                user: user(&self.author),
                title: pull.title.clone(),
                body: pull.body.clone(),
                labels: Vec::new(),
                milestone: None,
                assignee: None,
                assignees: None,
                state: self.state(),
                is_locked: false,
                comments: self.comments,
                created_at: time(pull.created),
                updated_at: time(pull.updated),
                closed_at: pull.closed.map(time),
                due_date: None,
                pull_request: MergedBody {
                    merged: pull.merged.is_some(),
                    merged_at: pull.merged.as_ref().map(|m| time(m.at)),
                },
                repository: ShortRepository {
                    id: repository.number,
                    name: self.scene.key.1.clone(),
                    owner: repository.project.clone(),
                    full_name: format!("{}/{}", repository.project, self.scene.key.1),
                },
            },
            comment: CommentBody {
                id: comment.instance_number,
                html_url: format!("{url}#issuecomment-{}", comment.instance_number),
                pull_request_url: url,
                issue_url: "",
                user: user(&author),
                body: comment.body.clone(),
                created_at: time(comment.created),
                updated_at: time(comment.updated),
            },
            changes,
            repository: self.scene.repository_body(Shown::Reader),
            sender: user(&self.scene.actor),
            is_pull: true,
        })
    }

    fn url(&self) -> String {
        format!("{}/pulls/{}", self.scene.html(), self.number)
    }

    fn state(&self) -> &'static str {
        if self.pull.state == PullState::Open { "open" } else { "closed" }
    }

    fn pull_body(&self) -> PullBody {
        let (url, pull) = (self.url(), &self.pull);
        let branch = |name: &str, sha: parhelion_git::ObjectId| BranchBody {
            label: name.to_owned(),
            ref_name: name.to_owned(),
            sha: sha.to_string(),
            repo_id: self.scene.repository.number,
            repo: self.scene.repository_body(Shown::Branch),
        };
        PullBody {
            id: pull.instance_number,
            url: url.clone(),
            number: self.number,
            user: user(&self.author),
            title: pull.title.clone(),
            body: pull.body.clone(),
            labels: Vec::new(),
            milestone: None,
            assignee: None,
            assignees: None,
            state: self.state(),
            is_locked: false,
            comments: self.comments,
            html_url: url.clone(),
            diff_url: format!("{url}.diff"),
            patch_url: format!("{url}.patch"),
            mergeable: self.mergeable,
            merged: pull.merged.is_some(),
            merged_at: pull.merged.as_ref().map(|m| time(m.at)),
            merge_commit_sha: pull.merged.as_ref().map(|m| m.commit.to_string()),
            merged_by: self.merged_by.as_ref().map(user),
            base: branch(&pull.base, pull.base_sha),
            head: branch(&pull.head, pull.head_sha),
            merge_base: pull.merge_base.map(|id| id.to_string()).unwrap_or_default(),
            due_date: None,
            created_at: time(pull.created),
            updated_at: time(pull.updated),
            closed_at: pull.closed.map(time),
        }
    }
}
