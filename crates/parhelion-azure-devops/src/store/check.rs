//! Checks on resources: what has to hold before a stage may use one, and how far a stage is with them.

use super::AzureDevOpsStore;
use crate::store::Identity;
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// Check configurations of an organization at most.
// CHOICE: the service's own bound is not documented.
pub const MAX_CHECKS: usize = 10_000;
/// Evaluations that were asked for by themselves, kept in an organization; the oldest go first.
pub const MAX_SUITES: usize = 1_000;

/// A resource that pipelines use: its kind in lower case, and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceId {
    /// `environment`, `endpoint`, `queue`, `variablegroup`, `repository` or `securefile`.
    pub kind: String,
    /// The id, in lower case.
    pub id: String,
}

impl ResourceId {
    /// One of a kind.
    pub fn new(kind: &str, id: impl std::fmt::Display) -> Self {
        ResourceId { kind: kind.to_ascii_lowercase(), id: id.to_string().to_ascii_lowercase() }
    }
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckKind {
    /// Whether the pipeline may use the resource at all: the service's own check.
    Authorization,
    /// Somebody has to agree.
    Approval,
    /// The run is of an allowed branch.
    BranchControl,
    /// It is an hour of business.
    BusinessHours,
    /// The pipeline extends a certain template.
    RequiredTemplate,
    /// No other run is at the resource.
    ExclusiveLock,
    /// A task of the service's outside says so (a REST API, a function, an alert).
    Task,
}

/// When a check is looked at: those of one turn together, when all of the turn before hold.
// Docs: the five categories and their order. CHOICE: authorization comes before all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CheckTurn {
    /// May the pipeline use the resource?
    Authorization,
    /// What is known at once: branch control, required template.
    Static,
    /// Approvals before the others.
    PreApproval,
    /// Approvals, hours, tasks.
    Dynamic,
    /// Approvals after the others.
    PostApproval,
    /// Exclusive locks.
    Lock,
}

/// A check on a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckConfiguration {
    /// The id, of the organization's counter.
    pub id: u32,
    /// The project that it was made in.
    pub project: Uuid,
    /// What it guards.
    pub resource: ResourceId,
    /// The resource's name as answers show it; may be empty.
    pub resource_name: String,
    /// What it looks at.
    pub kind: CheckKind,
    /// When it is looked at.
    pub turn: CheckTurn,
    /// Its settings, as given.
    pub settings: Arc<Value>,
    /// Minutes that it may take.
    pub timeout: u32,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Who made it.
    pub created_by: Identity,
    /// When.
    pub created: Timestamp,
    /// Who changed it last.
    pub modified_by: Identity,
    /// When.
    pub modified: Timestamp,
    /// How often it was changed, from 1.
    pub version: u32,
}

/// How far a check, or all of a stage's checks, are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckStatus {
    /// Its turn has not come.
    Queued,
    /// It is being looked at, or waited for.
    Running,
    /// It holds.
    Approved,
    /// It does not hold.
    Rejected,
    /// It was given up, since another does not hold or the run was ended.
    Canceled,
    /// Its time ran out.
    TimedOut,
}

impl CheckStatus {
    /// Whether nothing further comes of it.
    pub fn is_final(self) -> bool {
        !matches!(self, CheckStatus::Queued | CheckStatus::Running)
    }
}

/// The checks that stand before a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its timeline record, which is also the id of the check suite.
    pub record: Uuid,
    /// When it was first looked at.
    pub begun: Timestamp,
    /// When it was over.
    pub finished: Option<Timestamp>,
    /// How far it is.
    pub status: CheckStatus,
    /// When it is next looked at by itself; there exactly while it is not over.
    pub due: Option<Timestamp>,
    /// Its checks, by the resources' order and then by age.
    pub runs: Vec<CheckRun>,
}

impl Checkpoint {
    /// Whether the stage waits for it.
    pub fn is_open(&self) -> bool {
        self.finished.is_none()
    }
    /// Gives it up, with what is open of it.
    pub fn cancel(&mut self, now: Timestamp) {
        if !self.is_open() {
            return;
        }
        for run in self.runs.iter_mut().filter(|r| !r.status.is_final()) {
            // OBSERVED: the text.
            run.end(CheckStatus::Canceled, "Check aborted. This could be because the run was canceled or another check on the stage failed.", now);
        }
        self.end(CheckStatus::Canceled, now);
    }
    /// Ends it.
    pub fn end(&mut self, status: CheckStatus, now: Timestamp) {
        self.status = status;
        self.finished = Some(now);
        self.due = None;
    }
}

/// A check at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRun {
    /// Its timeline record, which is also the id of its approval.
    pub record: Uuid,
    /// The configuration; `None` for the service's own.
    pub configuration: Option<u32>,
    /// What it guards.
    pub resource: ResourceId,
    /// The resource's name.
    pub resource_name: String,
    /// What it looks at.
    pub kind: CheckKind,
    /// When it is looked at.
    pub turn: CheckTurn,
    /// The name that the configuration gives it; may be empty.
    pub label: String,
    /// Its settings when the stage came to it: later changes do not matter.
    pub settings: Arc<Value>,
    /// Minutes that it may take.
    pub timeout: u32,
    /// When its turn came.
    pub begun: Option<Timestamp>,
    /// When its time runs out.
    pub until: Option<Timestamp>,
    /// When it is looked at again by itself.
    pub again: Option<Timestamp>,
    /// Of a scripted one: what comes of it then, and what is said.
    pub drawn: Option<(CheckStatus, String)>,
    /// How often it was tried, of one that is tried again.
    pub tries: u32,
    /// When it was over.
    pub finished: Option<Timestamp>,
    /// How far it is.
    pub status: CheckStatus,
    /// Why, or what it waits for.
    pub message: String,
}

impl CheckRun {
    /// Ends it.
    pub fn end(&mut self, status: CheckStatus, message: impl Into<String>, now: Timestamp) {
        self.status = status;
        self.message = message.into();
        self.finished = Some(now);
        self.again = None;
        self.drawn = None;
    }
    /// What it is, in words.
    pub fn what(&self) -> String {
        let kind = match self.kind {
            CheckKind::Authorization => "permission",
            CheckKind::Approval => "approval",
            CheckKind::BranchControl => "branch control",
            CheckKind::BusinessHours => "business hours",
            CheckKind::RequiredTemplate => "required template",
            CheckKind::ExclusiveLock => "exclusive lock",
            CheckKind::Task => "check",
        };
        let label = if self.label.is_empty() { String::new() } else { format!(" \"{}\"", self.label) };
        let id = if self.kind == CheckKind::Approval { format!(" {}", self.record) } else { String::new() };
        let name = if self.resource_name.is_empty() { &self.resource.id } else { &self.resource_name };
        format!("{kind}{id}{label} of {} {name}", self.resource.kind)
    }
}

/// Checks of resources, evaluated by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// The project.
    pub project: Uuid,
    /// The pipeline that the context names.
    pub pipeline: Option<u32>,
    /// What was given with it.
    pub context: Value,
    /// When it was asked for.
    pub number: u64,
    /// The checks.
    pub checkpoint: Checkpoint,
}

/// Which pipelines may use a resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Permissions {
    /// All of them; `None`: nobody has said.
    pub all: Option<Permission>,
    /// Single ones.
    pub pipelines: BTreeMap<u32, Permission>,
}

/// Whether a resource may be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Permission {
    /// It may.
    pub authorized: bool,
    /// Who said so.
    pub by: Identity,
    /// When.
    pub at: Timestamp,
}

/// Hides what a check's settings may hold to let it in elsewhere: the headers that it sends.
pub(super) fn mask(settings: Option<&mut Value>) {
    let inputs = settings.and_then(|s| s.get_mut("inputs")).and_then(Value::as_object_mut);
    for (name, value) in inputs.into_iter().flat_map(|i| i.iter_mut()) {
        if name.eq_ignore_ascii_case("headers") || name.to_ascii_lowercase().contains("key") {
            *value = "****".into();
        }
    }
}

/// The same in the checks of a checkpoint.
pub(super) fn mask_runs(checkpoint: Option<&mut Value>) {
    let runs = checkpoint.and_then(|c| c.get_mut("runs")).and_then(Value::as_array_mut);
    for run in runs.into_iter().flatten() {
        mask(run.get_mut("settings"));
    }
}

impl AzureDevOpsStore {
    /// Puts a check in its place.
    pub fn put_check(&mut self, check: CheckConfiguration) {
        self.checks_of.put((check.resource.clone(), check.id), ());
        self.checks.put(check.id, check);
    }
    /// Takes a check out.
    pub fn take_check(&mut self, id: u32) {
        if let Some(gone) = self.checks.remove(&id) {
            self.checks_of.remove(&(gone.resource.clone(), id));
        }
    }
    /// The checks on a resource, the oldest first.
    pub fn checks_on(&self, resource: &ResourceId) -> impl Iterator<Item = &Arc<CheckConfiguration>> {
        let all = (resource.clone(), 0)..=(resource.clone(), u32::MAX);
        self.checks_of.range(all).filter_map(|((_, id), _)| self.checks.get(id))
    }
    /// Takes out what is kept of a resource that is gone: its checks and permissions.
    pub fn forget_resource(&mut self, resource: &ResourceId) {
        let checks: Vec<u32> = self.checks_on(resource).map(|c| c.id).collect();
        for check in checks {
            self.take_check(check);
        }
        let permissions: Vec<_> = self.permissions.keys().filter(|(_, r)| r == resource).cloned().collect();
        for key in permissions {
            self.permissions.remove(&key);
        }
    }
    /// Keeps an evaluation; the oldest go when there are too many.
    pub fn put_suite(&mut self, suite: Suite) {
        self.suites.put(suite.checkpoint.record, suite);
        while self.suites.len() > MAX_SUITES {
            let oldest = self.suites.values().min_by_key(|s| s.number).map(|s| s.checkpoint.record);
            let Some(gone) = oldest.and_then(|id| self.suites.remove(&id)) else { return };
            for run in &gone.checkpoint.runs {
                self.take_approval(&run.record);
            }
        }
    }
    /// Panics when an invariant does not hold.
    pub(super) fn check_checks(&self) {
        assert_eq!(self.checks.len(), self.checks_of.len());
        for (id, check) in self.checks.iter() {
            assert_eq!(*id, check.id);
            assert!(self.checks_of.contains_key(&(check.resource.clone(), *id)), "check {id} is not found");
            assert!(self.projects.contains_key(&check.project), "check {id} has no project");
        }
        for environment in self.environments.values() {
            assert!(self.projects.contains_key(&environment.project), "{} has no project", environment.name);
        }
        for deployment in self.deployments.values() {
            assert!(self.environments.contains_key(&deployment.environment), "{} is nowhere", deployment.id);
        }
        let runs = self.builds.values().flat_map(|b| b.stages.iter());
        for checkpoint in runs.filter_map(|s| s.checkpoint.as_ref()) {
            assert_eq!(checkpoint.is_open(), checkpoint.due.is_some(), "checkpoint {}", checkpoint.record);
        }
    }
}
