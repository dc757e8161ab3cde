//! The data of one organization, and what always holds about it.

mod approval;
mod batch;
mod build;
mod check;
mod check_all;
mod definition;
mod delivery;
mod endpoint;
mod environment;
mod forget;
mod lines;
mod mask;
mod organization;
mod pool;
mod project;
mod repository;
mod run;
mod service_hook;
mod step;
mod variable_group;

pub use approval::{Approval, ApprovalStatus, ApprovalStep, Reassigned};
pub use batch::Batch;
pub use build::{Artifact, Build, BuildResult, BuildStatus, DeletedBuild, Extended, Reason};
pub use check::{
    CheckConfiguration, CheckKind, CheckRun, CheckStatus, CheckTurn, Checkpoint, MAX_CHECKS, Permission,
    Permissions, ResourceId, Suite,
};
pub use definition::{Definition, OtherSource, Process, QueueStatus, Registered, SourceRepository, Variable};
pub use delivery::{Blob, Delivered, Outcome, OutcomeKind, TriggerIssue, WebhookDelivery};
pub use endpoint::{Endpoint, Share, is_secret};
pub use environment::{
    Deployment, DeploysTo, Environment, EnvironmentResource, MAX_ENVIRONMENT_RESOURCES, MAX_ENVIRONMENTS,
    ResourceKind,
};
pub use lines::Lines;
pub use organization::{Identity, Organization, Profile};
pub use pool::Pool;
pub use project::{
    Folder, OperationKind, OperationRecord, Project, ProjectState, Queue, ResourceReference,
    valid_project_name,
};
pub use repository::{CommitSummary, Push, RefChange, Repository};
pub use run::{JobRun, Leg, Life, RecordResult, StageRun, Wait};
pub use service_hook::{
    Inputs, MASKED, MAX_SUBSCRIPTIONS, Notification, NotificationResult, NotificationStatus, Probation,
    Subscription, SubscriptionStatus, Tracing, is_confidential,
};
pub use step::{Complaint, Ending, Play, Set, StepRun, What, derived};
pub use variable_group::{GroupVariable, VariableGroup};

use crate::{
    domain::{
        checks, operations,
        run::{drive, handed},
        service_hooks,
    },
    error::{Error, Result},
};
use parhelion_core::{Event, Settled, Timestamp};
use parhelion_state::{AnyTable, Job, Store, Table, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// Builds kept in an organization; the oldest go first.
// CHOICE: stands for the service's retention, which is by days and settings.
pub const MAX_BUILDS: usize = 20_000;
/// Texts of those builds (final YAML and logs) in all, bytes.
pub const MAX_BUILD_BYTES: usize = 512 * 1024 * 1024;
/// Pushes kept in an organization; the oldest go first. Their commits stay in git.
pub const MAX_PUSHES: usize = 20_000;
/// Texts of those pushes in all, bytes.
pub const MAX_PUSH_BYTES: usize = 128 * 1024 * 1024;
/// Records of incoming webhook requests kept in an organization.
pub const MAX_DELIVERIES: usize = 1_000;
/// Bodies of those records in all, bytes.
pub const MAX_DELIVERY_BYTES: usize = 32 * 1024 * 1024;
/// Trigger issues kept in an organization.
pub const MAX_ISSUES: usize = 1_000;
/// Operations (of creating and deleting projects) kept in an organization.
pub const MAX_OPERATIONS: usize = 1_000;
/// Deleted builds, and deleted definitions, kept in an organization.
pub const MAX_DELETED: usize = 1_000;
/// Earlier revisions kept of a definition.
pub const MAX_REVISIONS: u32 = 100;

/// One organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AzureDevOpsStore {
    key: Organization,
    /// `None` until it has come into being.
    pub profile: Option<Profile>,
    /// Projects by id.
    pub projects: Table<Uuid, Project>,
    /// Operations by id.
    pub operations: Table<Uuid, OperationRecord>,
    /// The operations that are not done.
    pub open_operations: Table<Uuid, ()>,
    /// Service endpoints by id.
    pub endpoints: Table<Uuid, Endpoint>,
    /// Variable groups by id.
    pub variable_groups: Table<u32, VariableGroup>,
    /// Agent pools by id.
    pub pools: Table<u32, Pool>,
    /// Git repositories by id.
    pub repositories: Table<Uuid, Repository>,
    /// Pushes by number.
    pub pushes: Table<u32, Push>,
    /// The texts of all pushes together, bytes.
    push_bytes: usize,
    /// Definitions, which are also the pipelines, by id.
    pub definitions: Table<u32, Definition>,
    /// Earlier revisions by (definition, revision).
    pub revisions: Table<(u32, u32), Definition>,
    /// Builds, which are also the runs, by id.
    pub builds: Table<u32, Build>,
    /// The texts of all builds together, bytes.
    build_bytes: usize,
    /// When builds go on by themselves.
    due: Table<(Timestamp, u32), ()>,
    /// Since when something of a build stands until it is stepped.
    held: Table<(Timestamp, u32), ()>,
    /// Pushes held back, by definition and full ref.
    pub batches: Table<(u32, String), Batch>,
    /// Deleted builds by id.
    pub deleted_builds: Table<u32, DeletedBuild>,
    /// Deleted definitions by id.
    pub deleted_definitions: Table<u32, Definition>,
    /// Incoming webhook requests by number.
    pub deliveries: Table<u64, WebhookDelivery>,
    /// The bodies of all deliveries together, bytes.
    delivery_bytes: usize,
    /// Trigger issues by number.
    pub issues: Table<u64, TriggerIssue>,
    /// Subscriptions of service hooks by id.
    pub subscriptions: Table<Uuid, Subscription>,
    /// Notifications of those by number.
    pub notifications: Table<u64, Notification>,
    /// The texts of all notifications together, bytes.
    notification_bytes: usize,
    /// When the failed event of a subscription on probation is sent again.
    probations: Table<(Timestamp, Uuid), ()>,
    /// Environments by id.
    pub environments: Table<u32, Environment>,
    /// What was deployed to them, by number.
    pub deployments: Table<u64, Deployment>,
    /// Checks on resources by id.
    pub checks: Table<u32, CheckConfiguration>,
    /// The same by what they guard.
    checks_of: Table<(ResourceId, u32), ()>,
    /// Which pipelines may use resources, where somebody has said so.
    pub permissions: Table<(Uuid, ResourceId), Permissions>,
    /// Approvals by number.
    pub approvals: Table<u64, Approval>,
    /// Their numbers by id.
    approval_numbers: Table<Uuid, u64>,
    /// Checks that were evaluated by themselves.
    pub suites: Table<Uuid, Suite>,
}

impl Store for AzureDevOpsStore {
    const SURFACE: &'static str = "azure-devops";
    const NAME: &'static str = "azure-devops";
    const VERSION: u32 = 1;
    type Key = Organization;
    type Mail = std::convert::Infallible;

    fn new(key: &Organization) -> Self {
        AzureDevOpsStore {
            key: key.clone(),
            profile: None,
            projects: Table::default(),
            operations: Table::default(),
            open_operations: Table::default(),
            endpoints: Table::default(),
            variable_groups: Table::default(),
            pools: Table::default(),
            repositories: Table::default(),
            pushes: Table::default(),
            push_bytes: 0,
            definitions: Table::default(),
            revisions: Table::default(),
            builds: Table::default(),
            build_bytes: 0,
            due: Table::default(),
            held: Table::default(),
            batches: Table::default(),
            deleted_builds: Table::default(),
            deleted_definitions: Table::default(),
            deliveries: Table::default(),
            delivery_bytes: 0,
            issues: Table::default(),
            subscriptions: Table::default(),
            notifications: Table::default(),
            notification_bytes: 0,
            probations: Table::default(),
            environments: Table::default(),
            deployments: Table::default(),
            checks: Table::default(),
            checks_of: Table::default(),
            permissions: Table::default(),
            approvals: Table::default(),
            approval_numbers: Table::default(),
            suites: Table::default(),
        }
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let build = self.due.get_min().map(|((at, _), _)| *at);
        build
            .into_iter()
            .chain(operations::next(self))
            .chain(self.next_probation())
            .chain(checks::next(self))
            .min()
    }

    fn on_time(&mut self, tx: &mut Tx<'_>) {
        operations::on_time(self, tx);
        drive::on_time(self, tx);
        service_hooks::on_time(self, tx);
        checks::on_time(self, tx);
    }

    fn on_delivered(&mut self, report: &Settled, tx: &mut Tx<'_>) {
        service_hooks::settled(self, report, tx);
    }

    fn on_job_done(&mut self, job: &Job, outcome: std::result::Result<Value, String>, tx: &mut Tx<'_>) {
        handed::came_back(self, job, outcome, tx);
    }

    fn on_step(&mut self, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
        operations::step(self, id, tx).or_else(|| drive::step(self, id, tx))
    }

    fn standing(&self, subject: &str, _now: Timestamp) -> Vec<Event> {
        let mut facts = drive::standing(self, subject);
        facts.extend(operations::standing(self, subject));
        facts.extend(service_hooks::standing(self, subject));
        facts.extend(checks::standing(self, subject));
        facts
    }

    fn on_mail(&mut self, mail: Self::Mail, _tx: &mut Tx<'_>) {
        match mail {}
    }

    fn things(&self, kind: &str, id: Option<&str>) -> Vec<Value> {
        let id = id.filter(|_| kind == "run").and_then(|id| id.parse().ok());
        let build = id.and_then(|id: u32| self.builds.get(&id));
        build.map(|build| build.standing()).into_iter().collect()
    }

    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![
            ("projects", &self.projects),
            ("operations", &self.operations),
            ("endpoints", &self.endpoints),
            ("variable_groups", &self.variable_groups),
            ("pools", &self.pools),
            ("repositories", &self.repositories),
            ("pushes", &self.pushes),
            ("definitions", &self.definitions),
            ("revisions", &self.revisions),
            ("builds", &self.builds),
            ("batches", &self.batches),
            ("deleted_builds", &self.deleted_builds),
            ("deleted_definitions", &self.deleted_definitions),
            ("webhook_deliveries", &self.deliveries),
            ("trigger_issues", &self.issues),
            ("subscriptions", &self.subscriptions),
            ("notifications", &self.notifications),
            ("environments", &self.environments),
            ("deployments", &self.deployments),
            ("checks", &self.checks),
            ("permissions", &self.permissions),
            ("approvals", &self.approvals),
            ("suites", &self.suites),
        ]
    }

    fn check(&self) {
        self.check_all();
    }

    fn mask(store: &mut Value) {
        mask::mask(store);
    }
}

impl AzureDevOpsStore {
    /// The name as answers show it.
    pub fn name(&self) -> &str {
        self.profile.as_ref().map_or(self.key.as_str(), |p| &p.name)
    }
    /// A project that can be used, by id or, ignoring case, by name.
    pub fn project(&self, name_or_id: &str) -> Result<Arc<Project>> {
        let found = self.project_in_any_state(name_or_id)?;
        match found.state {
            ProjectState::WellFormed => Ok(found),
            // CHOICE: what is being made or deleted is as good as absent.
            _ => Err(Error::ProjectUnknown { project: name_or_id.to_owned() }),
        }
    }
    /// The same, also while it is being made or deleted.
    pub fn project_in_any_state(&self, name_or_id: &str) -> Result<Arc<Project>> {
        let by_id = Uuid::parse_str(name_or_id).ok().and_then(|id| self.projects.get(&id));
        by_id
            .or_else(|| {
                let wanted = name_or_id.to_lowercase();
                self.projects.values().find(|p| p.name.to_lowercase() == wanted)
            })
            .cloned()
            .ok_or_else(|| Error::ProjectUnknown { project: name_or_id.to_owned() })
    }
    /// A definition of a project by its id as text.
    pub fn definition(&self, project: &Project, id: &str) -> Option<&Arc<Definition>> {
        self.definitions.get(&id.parse::<u32>().ok()?).filter(|d| d.project == project.id)
    }
    /// The same at a revision; by default the current one.
    pub fn revision(&self, project: &Project, id: &str, revision: Option<u32>) -> Option<&Arc<Definition>> {
        let current = self.definition(project, id)?;
        match revision {
            Some(r) if r != current.revision => self.revisions.get(&(current.id, r)),
            _ => Some(current),
        }
    }
    /// A build of a project by its id as text.
    pub fn build(&self, project: &Project, id: &str) -> Result<&Arc<Build>> {
        let found = id.parse().ok().and_then(|id: u32| self.builds.get(&id));
        found.filter(|b| b.project == project.id).ok_or_else(|| Error::BuildUnknown { id: id.to_owned() })
    }
    /// A repository by id, or by name within a project.
    pub fn repository(&self, project: Option<&Project>, name_or_id: &str) -> Result<Arc<Repository>> {
        let inside = |r: &Repository| project.is_none_or(|p| r.project == p.id);
        let by_id = Uuid::parse_str(name_or_id).ok().and_then(|id| self.repositories.get(&id));
        by_id
            .filter(|r| inside(r))
            .or_else(|| {
                // Without a project a name says too little.
                project?;
                let wanted = name_or_id.to_lowercase();
                self.repositories.values().find(|r| inside(r) && r.name.to_lowercase() == wanted)
            })
            .cloned()
            .ok_or_else(|| Error::RepositoryUnknown { repository: name_or_id.to_owned() })
    }
    /// The repository that a definition builds, when it is one of this organization.
    pub fn source_of(&self, definition: &Definition) -> Option<&Arc<Repository>> {
        self.repositories.get(&Uuid::parse_str(&definition.repository.id).ok()?)
    }
    /// The full ref that a definition builds when nothing else is asked for; `None`: it has no branch yet.
    pub fn default_branch(&self, definition: &Definition) -> Option<String> {
        let own = definition.repository.default_branch.clone();
        own.or_else(|| self.source_of(definition)?.default_branch.clone())
    }
}
