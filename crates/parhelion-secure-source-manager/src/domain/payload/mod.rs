//! The bodies of deliveries. Member names, types and order are those of seed 004 (the service's own examples);
//! values without a counterpart here are Gitea's, which the service is made from.

mod pull;

pub use pull::{Change, CommentAction, PullScene};

use crate::{
    domain::{identity, urls},
    store::{Instance, Key, PullState, Repository, SsmStore, User},
};
use parhelion_core::Timestamp;
use parhelion_git::{CommitInfo, Person};
use parhelion_state::Tx;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

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

/// What a body may do with the repository that it shows.
#[derive(Clone, Copy, Debug)]
enum Shown {
    /// In a push: the pusher's own view of it.
    Push,
    /// In a pull request: that of a reader.
    Reader,
    /// In the branches of a pull request: nobody's.
    Branch,
}

/// Somebody, as an instance knows them.
#[derive(Clone, Debug)]
pub struct Somebody {
    /// E-mail address.
    pub email: String,
    /// Number and date.
    pub user: User,
}

/// What the bodies of one repository are made of.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Base of URLs: of the call or push that caused the delivery.
    pub base: String,
    /// The repository's key.
    pub key: Key,
    /// Its record, as it is after the event.
    pub repository: Arc<Repository>,
    /// Its instance.
    pub instance: Arc<Instance>,
    /// Who did it.
    pub actor: Somebody,
    open_issues: u64,
    open_pulls: u64,
}

impl Scene {
    /// Of a repository as it is now; `None` when it is gone. The caller is who did it.
    pub fn of(store: &mut SsmStore, key: &Key, tx: &mut Tx<'_>) -> Option<Scene> {
        let repository = store.repository(key)?.clone();
        let instance = store.instances.get(&(key.0.clone(), repository.instance.clone()))?.clone();
        let email = tx.call().caller.clone();
        let actor = Scene::somebody(store, key, &repository, &email, tx);
        let open_issues = store.issues_of(key).filter(|(_, issue)| issue.closed.is_none()).count() as u64;
        let open_pulls = store.pulls_of(key).filter(|(_, pull)| pull.state == PullState::Open).count() as u64;
        let base = tx.call().base.clone();
        Some(Scene { base, key: key.clone(), repository, instance, actor, open_issues, open_pulls })
    }
    fn somebody(
        store: &mut SsmStore,
        key: &Key,
        repository: &Repository,
        email: &str,
        tx: &mut Tx<'_>,
    ) -> Somebody {
        let user = store.user(&key.0, &repository.instance, email, tx);
        Somebody { email: email.to_owned(), user }
    }
    fn html(&self) -> String {
        urls::uris(&self.base, &self.key.0, &self.key.1, &self.repository).html
    }
    /// A push of one ref. `before` and `after` are ids as text, [`ZEROS`] for "none"; commits newest first.
    pub fn push(&self, ref_name: &str, before: &str, after: &str, commits: &[CommitInfo]) -> PushBody {
        let html = self.html();
        let user = user(&self.actor);
        PushBody {
            secret: "",
            ref_name: ref_name.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            compare_url: format!("{html}/compare/{before}...{after}"),
            commits: commits.iter().map(|c| commit(&html, c)).collect(),
            // Seed 004: null, whatever was pushed.
            head_commit: None,
            repository: self.repository_body(Shown::Push),
            pusher: user.clone(),
            sender: user,
        }
    }

    fn repository_body(&self, shown: Shown) -> RepositoryBody {
        let (repository, (location, id)) = (&self.repository, &self.key);
        let project = &repository.project;
        let uris = urls::uris(&self.base, location, id, repository);
        let instance_key = (location.clone(), repository.instance.clone());
        let hosts = urls::host_config(&self.base, project, &instance_key, &self.instance);
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
                // Seed 004: one date in push bodies, another in those of pull requests.
                last_login: if matches!(shown, Shown::Push) { "1970-01-01T00:00:00Z" } else { NEVER },
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
            open_issues_count: self.open_issues,
            // CHOICE: the true number everywhere (the seed's branches were taken before the request was counted).
            open_pr_counter: self.open_pulls,
            release_counter: tags as u64,
            default_branch: repository.default_branch.clone(),
            archived: false,
            created_at: time(repository.created),
            updated_at: time(repository.updated),
            permissions: match shown {
                Shown::Push => Permissions { admin: true, push: true, pull: true },
                Shown::Reader => Permissions { admin: false, push: false, pull: true },
                Shown::Branch => Permissions { admin: false, push: false, pull: false },
            },
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
        bytes(self)
    }
}

/// A body as it is sent.
fn bytes(body: &impl Serialize) -> Vec<u8> {
    // A struct of texts, numbers and lists always has a JSON form.
    go_escaped(serde_json::to_string_pretty(body).unwrap_or_default()).into_bytes()
}

fn user(somebody: &Somebody) -> UserBody {
    let email = &somebody.email;
    UserBody {
        id: somebody.user.number,
        login: email.clone(),
        full_name: identity::full_name(email).to_owned(),
        email: email.clone(),
        // CHOICE: Gitea's default source of avatars.
        avatar_url: format!("https://www.gravatar.com/avatar/{}", sha256(email)),
        language: "",
        is_admin: false,
        last_login: NEVER,
        created: time(somebody.user.created),
        restricted: false,
        username: email.clone(),
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
