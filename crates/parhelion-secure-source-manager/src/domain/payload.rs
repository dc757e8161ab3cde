//! The bodies of deliveries. Member names, types and order are those of seed 004 (the service's own examples);
//! values without a counterpart here are Gitea's, which the service is made from.

use crate::{
    domain::{identity, urls},
    store::{Instance, Key, Repository, User},
};
use parhelion_core::Timestamp;
use parhelion_git::{CommitInfo, Person};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Gitea's zero time.
const NEVER: &str = "0001-01-01T00:00:00Z";
/// What stands for "no such commit".
pub const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A `push`.
#[derive(Debug, Serialize)]
pub struct PushBody {
    secret: &'static str,
    #[serde(rename = "ref")]
    ref_name: String,
    before: String,
    after: String,
    compare_url: String,
    commits: Vec<CommitBody>,
    head_commit: Option<CommitBody>,
    repository: RepositoryBody,
    pusher: UserBody,
    sender: UserBody,
}

#[derive(Debug, Serialize)]
struct CommitBody {
    id: String,
    message: String,
    url: String,
    author: PersonBody,
    committer: PersonBody,
    verification: Option<()>,
    timestamp: String,
    added: Vec<String>,
    removed: Vec<String>,
    modified: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PersonBody {
    name: String,
    email: String,
    username: String,
}

/// A user, or (as owner of a repository) a project.
#[derive(Clone, Debug, Serialize)]
pub struct UserBody {
    id: u64,
    login: String,
    full_name: String,
    email: String,
    avatar_url: String,
    language: &'static str,
    is_admin: bool,
    last_login: &'static str,
    created: String,
    restricted: bool,
    username: String,
}

#[derive(Clone, Debug, Serialize)]
struct RepositoryBody {
    id: u64,
    owner: UserBody,
    name: String,
    full_name: String,
    description: String,
    empty: bool,
    private: bool,
    fork: bool,
    template: bool,
    parent: Option<()>,
    mirror: bool,
    size: u64,
    html_url: String,
    ssh_url: String,
    clone_url: String,
    original_url: &'static str,
    website: &'static str,
    stars_count: u64,
    forks_count: u64,
    watchers_count: u64,
    open_issues_count: u64,
    open_pr_counter: u64,
    release_counter: u64,
    default_branch: String,
    archived: bool,
    created_at: String,
    updated_at: String,
    permissions: Permissions,
    has_issues: bool,
    internal_tracker: InternalTracker,
    has_wiki: bool,
    has_pull_requests: bool,
    has_projects: bool,
    ignore_whitespace_conflicts: bool,
    allow_merge_commits: bool,
    allow_rebase: bool,
    allow_rebase_explicit: bool,
    allow_squash_merge: bool,
    avatar_url: &'static str,
    internal: bool,
    mirror_interval: &'static str,
    uris: UrisBody,
}

#[derive(Clone, Debug, Serialize)]
struct Permissions {
    admin: bool,
    push: bool,
    pull: bool,
}

#[derive(Clone, Debug, Serialize)]
struct InternalTracker {
    enable_time_tracker: bool,
    allow_only_contributors_to_track_time: bool,
    enable_issue_dependencies: bool,
}

#[derive(Clone, Debug, Serialize)]
struct UrisBody {
    api: String,
    html: String,
    git_https: String,
}

/// What the bodies of one repository are made of.
pub struct Scene<'a> {
    /// Base of URLs: of the call or push that caused the delivery.
    pub base: &'a str,
    /// The repository's key.
    pub key: &'a Key,
    /// Its record, as it is after the event.
    pub repository: &'a Repository,
    /// Its instance.
    pub instance: &'a Instance,
    /// Who did it.
    pub email: &'a str,
    /// Who did it, as the instance knows them.
    pub user: &'a User,
}

impl Scene<'_> {
    /// A push of one ref. `before` and `after` are ids as text, [`ZEROS`] for "none"; commits newest first.
    pub fn push(&self, ref_name: &str, before: &str, after: &str, commits: &[CommitInfo]) -> PushBody {
        let html = urls::uris(self.base, &self.key.0, &self.key.1, self.repository).html;
        let user = self.user_body();
        PushBody {
            secret: "",
            ref_name: ref_name.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            compare_url: format!("{html}/compare/{before}...{after}"),
            commits: commits.iter().map(|c| commit(&html, c)).collect(),
            // Seed 004: null, whatever was pushed.
            head_commit: None,
            repository: self.repository_body(),
            pusher: user.clone(),
            sender: user,
        }
    }

    fn user_body(&self) -> UserBody {
        UserBody {
            id: self.user.number,
            login: self.email.to_owned(),
            full_name: identity::full_name(self.email).to_owned(),
            email: self.email.to_owned(),
            // CHOICE: Gitea's default source of avatars.
            avatar_url: format!("https://www.gravatar.com/avatar/{}", sha256(self.email)),
            language: "",
            is_admin: false,
            last_login: NEVER,
            created: time(self.user.created),
            restricted: false,
            username: self.email.to_owned(),
        }
    }

    fn repository_body(&self) -> RepositoryBody {
        let (repository, (location, id)) = (self.repository, self.key);
        let project = &repository.project;
        let uris = urls::uris(self.base, location, id, repository);
        let instance_key = (location.clone(), repository.instance.clone());
        let hosts = urls::host_config(self.base, project, &instance_key, self.instance);
        let tags = repository.refs.keys().filter(|name| name.starts_with("refs/tags/")).count();
        RepositoryBody {
            id: repository.number,
            owner: UserBody {
                id: 1,
                login: project.clone(),
                full_name: String::new(),
                email: format!("{project}@example.com"),
                avatar_url: sha256(project),
                language: "",
                is_admin: false,
                // Seed 004: this one date in push bodies.
                last_login: "1970-01-01T00:00:00Z",
                created: time(self.instance.created),
                restricted: false,
                username: project.clone(),
            },
            name: id.clone(),
            full_name: format!("{project}/{id}"),
            description: repository.description.clone(),
            empty: repository.refs.is_empty(),
            private: false,
            fork: false,
            template: false,
            parent: None,
            mirror: false,
            size: repository.bytes.div_ceil(1024),
            html_url: uris.html.clone(),
            ssh_url: format!("git@{}:{project}/{id}.git", hosts.git_ssh),
            clone_url: uris.git_https.clone(),
            original_url: "",
            website: "",
            stars_count: 0,
            forks_count: 0,
            watchers_count: 1,
            open_issues_count: 0,
            open_pr_counter: 0,
            release_counter: tags as u64,
            default_branch: repository.default_branch.clone(),
            archived: false,
            created_at: time(repository.created),
            updated_at: time(repository.updated),
            permissions: Permissions { admin: true, push: true, pull: true },
            has_issues: true,
            internal_tracker: InternalTracker {
                enable_time_tracker: false,
                allow_only_contributors_to_track_time: true,
                enable_issue_dependencies: true,
            },
            has_wiki: true,
            has_pull_requests: true,
            has_projects: true,
            ignore_whitespace_conflicts: false,
            allow_merge_commits: true,
            allow_rebase: true,
            allow_rebase_explicit: true,
            allow_squash_merge: true,
            avatar_url: "",
            internal: false,
            mirror_interval: "",
            uris: UrisBody { api: uris.api, html: uris.html, git_https: uris.git_https },
        }
    }
}

impl PushBody {
    /// The body of a test delivery: the name of its one commit's author and committer is not looked up.
    pub fn without_usernames(mut self) -> PushBody {
        for commit in &mut self.commits {
            commit.author.username.clear();
            commit.committer.username.clear();
        }
        self
    }
    /// The bytes as sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of texts, numbers and lists always has a JSON form.
        go_escaped(serde_json::to_string_pretty(self).unwrap_or_default()).into_bytes()
    }
}

fn commit(html: &str, commit: &CommitInfo) -> CommitBody {
    let person =
        |p: &Person| PersonBody { name: p.name.clone(), email: p.email.clone(), username: p.email.clone() };
    CommitBody {
        id: commit.id.to_string(),
        message: commit.message.clone(),
        url: format!("{html}/commit/{}", commit.id),
        author: person(&commit.author),
        committer: person(&commit.committer),
        verification: None,
        // OBSERVED: Gitea gives the author's date.
        timestamp: time(commit.author.at),
        added: commit.added.clone(),
        removed: commit.removed.clone(),
        modified: commit.modified.clone(),
    }
}

/// A time as deliveries write it: RFC 3339, whole seconds, UTC.
fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn sha256(text: &str) -> String {
    parhelion_core::text::hex(&Sha256::digest(text.as_bytes()))
}

/// OBSERVED: Gitea marshals with Go's indenting encoder. Docs: that encoder escapes these by default, so that a body
/// can stand in HTML. They occur in strings only.
fn go_escaped(json: String) -> String {
    if !json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return json;
    }
    let json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
