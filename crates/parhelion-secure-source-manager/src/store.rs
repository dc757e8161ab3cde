//! A project's data.

mod records;
mod work;

pub use records::{
    Hook, HookEvent, Instance, InstanceState, OperationRecord, PrivateConfig, Repository, Then, User, Wait,
};
pub use work::{
    Audit, Binding, BranchRule, CommentKey, CommentKind, Issue, IssueComment, Merged, NumberKey, Policy,
    PolicyKey, PullComment, PullRequest, PullState, ReviewAction, StatusKey, StatusState,
};

use crate::domain::{lro, pulls};
use parhelion_core::{Event, TenantKey, Timestamp};
use parhelion_state::{AnyTable, Store, Table, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{convert::Infallible, fmt, ops::RangeInclusive, str::FromStr, sync::Arc};

/// The tenant: a project, by id (or by number, when nothing else is known of it).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProjectKey(pub String);

impl fmt::Display for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl FromStr for ProjectKey {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        crate::domain::names::valid_project(text).then(|| ProjectKey(text.to_owned())).ok_or(())
    }
}
impl TenantKey for ProjectKey {}

/// Location and id of an instance, repository or operation.
pub type Key = (String, String);
/// Location, repository and id of a hook or branch rule.
pub type HookKey = (String, String, String);

/// All of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SsmStore {
    /// The tenant.
    pub project: ProjectKey,
    /// By location and id.
    pub instances: Table<Key, Instance>,
    /// By location and id.
    pub repositories: Table<Key, Repository>,
    /// By location, repository and id.
    pub hooks: Table<HookKey, Hook>,
    /// By location and id.
    pub operations: Table<Key, OperationRecord>,
    /// The operations' keys in order of their making, oldest first: the bound drops from the front.
    pub operation_order: Table<u64, Key>,
    /// Those that are under way.
    pub open_operations: Table<Key, ()>,
    /// By location, repository and id.
    pub branch_rules: Table<HookKey, BranchRule>,
    /// By location, repository and number.
    pub pull_requests: Table<NumberKey, PullRequest>,
    /// By location, repository, pull request and number.
    pub pull_comments: Table<CommentKey, PullComment>,
    /// By location, repository and number.
    pub issues: Table<NumberKey, Issue>,
    /// By location, repository, issue and number.
    pub issue_comments: Table<CommentKey, IssueComment>,
    /// By what they are about.
    pub policies: Table<PolicyKey, Policy>,
    /// By location, repository, commit and context.
    pub statuses: Table<StatusKey, StatusState>,
    /// By location, instance and e-mail address.
    pub users: Table<HookKey, User>,
    /// What request ids of the last hour led to, by method and id: the operation's key.
    pub request_ids: Table<String, (Timestamp, Key)>,
}

/// Finished operations kept of a project.
pub const OPERATIONS_KEPT: usize = 2000;
/// Instances of a project.
pub const INSTANCES: usize = 1000;
/// Repositories of a project.
pub const REPOSITORIES: usize = 10_000;
/// Hooks of a repository.
pub const HOOKS: usize = 100;
/// Branch rules of a repository.
pub const BRANCH_RULES: usize = 100;
/// Pull requests, and issues, of a repository, each.
pub const TRACKED: usize = 10_000;
/// Comments of a pull request or issue.
pub const COMMENTS: usize = 2_000;
/// Commit statuses of a repository.
pub const STATUSES: usize = 10_000;
/// Refs of a repository.
pub const REFS: usize = 100_000;
/// People remembered of a project.
pub const USERS: usize = 10_000;

impl Store for SsmStore {
    const SURFACE: &'static str = crate::NAME;
    const NAME: &'static str = crate::NAME;
    const VERSION: u32 = 2;
    type Key = ProjectKey;
    type Mail = Infallible;

    fn new(key: &ProjectKey) -> Self {
        SsmStore {
            project: key.clone(),
            instances: Table::default(),
            repositories: Table::default(),
            hooks: Table::default(),
            operations: Table::default(),
            operation_order: Table::default(),
            open_operations: Table::default(),
            branch_rules: Table::default(),
            pull_requests: Table::default(),
            pull_comments: Table::default(),
            issues: Table::default(),
            issue_comments: Table::default(),
            policies: Table::default(),
            statuses: Table::default(),
            users: Table::default(),
            request_ids: Table::default(),
        }
    }
    fn next_deadline(&self) -> Option<Timestamp> {
        lro::next_deadline(self)
    }
    fn on_time(&mut self, tx: &mut Tx<'_>) {
        lro::on_time(self, tx);
    }
    fn on_step(&mut self, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
        lro::step(self, id, tx)
    }
    fn standing(&self, subject: &str, _: Timestamp) -> Vec<Event> {
        lro::standing(self, subject).or_else(|| pulls::standing(self, subject)).into_iter().collect()
    }
    fn things(&self, kind: &str, id: Option<&str>) -> Vec<Value> {
        id.filter(|_| kind == "operation").and_then(|id| lro::thing(self, id)).into_iter().collect()
    }
    fn on_mail(&mut self, mail: Infallible, _: &mut Tx<'_>) {
        match mail {}
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![
            ("instances", &self.instances),
            ("repositories", &self.repositories),
            ("hooks", &self.hooks),
            ("branch rules", &self.branch_rules),
            ("pull requests", &self.pull_requests),
            ("pull request comments", &self.pull_comments),
            ("issues", &self.issues),
            ("issue comments", &self.issue_comments),
            ("policies", &self.policies),
            ("operations", &self.operations),
            ("users", &self.users),
        ]
    }
    fn check(&self) {
        for ((location, repository, hook), record) in self.hooks.iter() {
            let key = (location.clone(), repository.clone());
            assert!(self.repositories.contains_key(&key), "hook {hook} of a repository that is not there");
            assert!(!record.events.is_empty(), "hook {hook} without events");
        }
        for ((location, id), repository) in self.repositories.iter() {
            let key = (location.clone(), repository.instance.clone());
            assert!(self.instances.contains_key(&key), "repository {id} of an instance that is not there");
        }
        assert_eq!(self.operations.len(), self.operation_order.len());
        for (key, record) in self.operations.iter() {
            let open = self.open_operations.contains_key(key);
            assert_eq!(record.wait.is_some(), open, "operation {}", key.1);
            assert_eq!(record.ended.is_none(), open, "operation {}", key.1);
        }
        for (key, instance) in self.instances.iter() {
            let awaited = self.open_operations.keys().filter_map(|key| self.operations.get(key)).any(|operation| {
                matches!(&operation.then, Some(Then::Activate(of) | Then::Remove(of)) if of == key)
            });
            let ready = instance.state == InstanceState::Active;
            assert_ne!(ready, awaited, "instance {} and its operation", key.1);
        }
        for ((location, repository, number), pull) in self.pull_requests.iter() {
            let key = (location.clone(), repository.clone());
            assert!(self.repositories.contains_key(&key), "pull request {number} of no repository");
            assert_eq!(pull.state == PullState::Merged, pull.merged.is_some(), "pull request {number}");
            assert_eq!(pull.state == PullState::Open, pull.closed.is_none(), "pull request {number}");
        }
        for (location, repository, number, comment) in self.pull_comments.keys() {
            let key = (location.clone(), repository.clone(), *number);
            assert!(self.pull_requests.contains_key(&key), "comment {comment} of no pull request");
        }
        for (location, repository, number, comment) in self.issue_comments.keys() {
            let key = (location.clone(), repository.clone(), *number);
            assert!(self.issues.contains_key(&key), "comment {comment} of no issue");
        }
    }
    fn mask(store: &mut Value) {
        let hooks = store.get_mut("hooks").and_then(Value::as_array_mut);
        for pair in hooks.into_iter().flatten() {
            if let Some(secret) = pair.pointer_mut("/1/sensitive_query_string")
                && let Some(text) = secret.as_str()
            {
                *secret = parhelion_core::text::masked(text).into();
            }
        }
    }
}

impl SsmStore {
    /// A repository.
    pub fn repository(&self, key: &Key) -> Option<&Arc<Repository>> {
        self.repositories.get(key)
    }
    /// The hooks of a repository in the order of their ids.
    pub fn hooks_of<'a>(&'a self, key: &Key) -> impl Iterator<Item = (&'a HookKey, &'a Arc<Hook>)> + use<'a> {
        of_repository(&self.hooks, key)
    }
    /// The branch rules of a repository in the order of their ids.
    pub fn rules_of<'a>(
        &'a self,
        key: &Key,
    ) -> impl Iterator<Item = (&'a HookKey, &'a Arc<BranchRule>)> + use<'a> {
        of_repository(&self.branch_rules, key)
    }
    /// The pull requests of a repository, oldest first.
    pub fn pulls_of<'a>(
        &'a self,
        key: &Key,
    ) -> impl DoubleEndedIterator<Item = (&'a NumberKey, &'a Arc<PullRequest>)> + use<'a> {
        self.pull_requests.range(numbers(key))
    }
    /// The issues of a repository, oldest first.
    pub fn issues_of<'a>(
        &'a self,
        key: &Key,
    ) -> impl DoubleEndedIterator<Item = (&'a NumberKey, &'a Arc<Issue>)> + use<'a> {
        self.issues.range(numbers(key))
    }
    /// The comments of a pull request, oldest first.
    pub fn pull_comments_of<'a>(
        &'a self,
        key: &NumberKey,
    ) -> impl DoubleEndedIterator<Item = (&'a CommentKey, &'a Arc<PullComment>)> + use<'a> {
        self.pull_comments.range(comments(key))
    }
    /// The comments of an issue, oldest first.
    pub fn issue_comments_of<'a>(
        &'a self,
        key: &NumberKey,
    ) -> impl DoubleEndedIterator<Item = (&'a CommentKey, &'a Arc<IssueComment>)> + use<'a> {
        self.issue_comments.range(comments(key))
    }
    /// Removes an issue and its comments.
    pub fn remove_issue(&mut self, key: &NumberKey) {
        let comments: Vec<CommentKey> = self.issue_comments_of(key).map(|(k, _)| k.clone()).collect();
        for comment in comments {
            self.issue_comments.remove(&comment);
        }
        self.issues.remove(key);
    }
    /// Removes a repository and all that belongs to it.
    pub fn remove_repository(&mut self, key: &Key) {
        let hooks: Vec<HookKey> = self.hooks_of(key).map(|(k, _)| k.clone()).collect();
        for hook in hooks {
            self.hooks.remove(&hook);
        }
        let rules: Vec<HookKey> = self.rules_of(key).map(|(k, _)| k.clone()).collect();
        for rule in rules {
            self.branch_rules.remove(&rule);
        }
        let pulls: Vec<NumberKey> = self.pulls_of(key).map(|(k, _)| k.clone()).collect();
        for pull in pulls {
            let comments: Vec<CommentKey> = self.pull_comments_of(&pull).map(|(k, _)| k.clone()).collect();
            for comment in comments {
                self.pull_comments.remove(&comment);
            }
            self.pull_requests.remove(&pull);
        }
        let issues: Vec<NumberKey> = self.issues_of(key).map(|(k, _)| k.clone()).collect();
        for issue in issues {
            self.remove_issue(&issue);
        }
        let statuses: Vec<StatusKey> = self.statuses_of(key).map(|(k, _)| k.clone()).collect();
        for status in statuses {
            self.statuses.remove(&status);
        }
        self.policies.remove(&("repositories".to_owned(), key.0.clone(), key.1.clone()));
        self.repositories.remove(key);
    }
    /// The commit statuses of a repository.
    pub fn statuses_of<'a>(
        &'a self,
        key: &Key,
    ) -> impl Iterator<Item = (&'a StatusKey, &'a Arc<StatusState>)> + use<'a> {
        let first = (key.0.clone(), key.1.clone(), String::new(), String::new());
        let key = key.clone();
        self.statuses.range(first..).take_while(move |(status, _)| status.0 == key.0 && status.1 == key.1)
    }
    /// Removes an instance and all that is on it.
    pub fn remove_instance(&mut self, key: &Key) {
        for repository in self.repositories_of(key) {
            self.remove_repository(&repository);
        }
        let users: Vec<HookKey> =
            self.users.keys().filter(|k| k.0 == key.0 && k.1 == key.1).cloned().collect();
        for user in users {
            self.users.remove(&user);
        }
        self.policies.remove(&("instances".to_owned(), key.0.clone(), key.1.clone()));
        self.instances.remove(key);
    }
    /// The repositories of an instance.
    pub fn repositories_of(&self, instance: &Key) -> Vec<Key> {
        let of = |(key, repository): &(&Key, &Arc<Repository>)| {
            key.0 == instance.0 && repository.instance == instance.1
        };
        self.repositories.iter().filter(of).map(|(key, _)| key.clone()).collect()
    }
    /// Somebody at an instance, numbered at first sight. CHOICE: 1 is the project itself, people follow.
    pub fn user(&mut self, location: &str, instance: &str, email: &str, tx: &mut Tx<'_>) -> User {
        let key = (location.to_owned(), instance.to_owned(), email.to_owned());
        if let Some(user) = self.users.get(&key) {
            return User::clone(user);
        }
        let user = User { number: tx.number(&format!("user {location}/{instance}")) + 1, created: tx.now() };
        // Whoever comes later is numbered anew each time.
        if self.users.len() < USERS {
            self.users.put(key, user.clone());
        }
        user
    }
}

fn numbers(key: &Key) -> RangeInclusive<NumberKey> {
    let at = |number| (key.0.clone(), key.1.clone(), number);
    at(0)..=at(u64::MAX)
}

fn comments(key: &NumberKey) -> RangeInclusive<CommentKey> {
    let at = |number| (key.0.clone(), key.1.clone(), key.2, number);
    at(0)..=at(u64::MAX)
}

fn of_repository<'a, V: Clone>(
    table: &'a Table<HookKey, V>,
    key: &Key,
) -> impl Iterator<Item = (&'a HookKey, &'a Arc<V>)> + use<'a, V> {
    let first = (key.0.clone(), key.1.clone(), String::new());
    let key = key.clone();
    table.range(first..).take_while(move |(k, _)| k.0 == key.0 && k.1 == key.1)
}
