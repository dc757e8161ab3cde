//! Environments: what deployment jobs deploy to, and what was deployed there.

use super::AzureDevOpsStore;
use crate::store::{Identity, RecordResult, ResourceId};
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Environments of an organization at most.
// CHOICE: the service's own bound is not documented.
pub const MAX_ENVIRONMENTS: usize = 10_000;
/// Resources of an environment at most.
pub const MAX_ENVIRONMENT_RESOURCES: usize = 1_000;
/// Deployment records kept in an organization; the oldest go first.
pub const MAX_DEPLOYMENTS: usize = 10_000;

/// Something that can be deployed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The id, of the organization's counter.
    pub id: u32,
    /// Its project.
    pub project: Uuid,
    /// Its name, unique in the project ignoring case.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Who made it.
    pub created_by: Identity,
    /// When.
    pub created: Timestamp,
    /// Who changed it last.
    pub modified_by: Identity,
    /// When.
    pub modified: Timestamp,
    /// What stands in it.
    pub resources: Vec<EnvironmentResource>,
}

impl Environment {
    /// A resource by its name, ignoring case.
    pub fn resource(&self, name: &str) -> Option<&EnvironmentResource> {
        self.resources.iter().find(|r| r.name.eq_ignore_ascii_case(name))
    }
}

/// A namespace of a cluster that belongs to an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentResource {
    /// The id, of the organization's counter.
    pub id: u32,
    /// Its name, unique in the environment ignoring case.
    pub name: String,
    /// What it is.
    pub kind: ResourceKind,
    /// Its tags.
    pub tags: Vec<String>,
    /// Of a cluster: its name.
    pub cluster: String,
    /// Of a cluster: the namespace.
    pub namespace: String,
    /// Of a cluster: the service connection through which it is reached.
    pub endpoint: Option<Uuid>,
    /// Who made it.
    pub created_by: Identity,
    /// When.
    pub created: Timestamp,
}

/// What a resource of an environment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResourceKind {
    /// A namespace of a Kubernetes cluster.
    Kubernetes,
}

/// What a deployment job deploys to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploysTo {
    /// The environment's id.
    pub environment: u32,
    /// Its name when the run was queued.
    pub name: String,
    /// The resource of it, where the YAML names one.
    pub resource: Option<u32>,
}

/// One deployment job at an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// The id, of the organization's counter.
    pub id: u64,
    /// The environment.
    pub environment: u32,
    /// The resource of it.
    pub resource: Option<u32>,
    /// The project of the run.
    pub project: Uuid,
    /// The run.
    pub run: u32,
    /// The run's number.
    pub run_name: String,
    /// The pipeline.
    pub definition: u32,
    /// The pipeline's name.
    pub definition_name: String,
    /// The run's plan.
    pub plan: Uuid,
    /// The job's timeline record in this attempt.
    pub job: Uuid,
    /// `Stage.Job.__default`
    pub identifier: String,
    /// The stage's name.
    pub stage_name: String,
    /// The stage's attempt, from 1.
    pub stage_attempt: usize,
    /// The job's name.
    pub job_name: String,
    /// The job's attempt, from 1.
    pub job_attempt: usize,
    /// When the run was queued.
    pub queued: Timestamp,
    /// When the job began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// How.
    pub result: Option<RecordResult>,
}

impl AzureDevOpsStore {
    /// An environment of a project by its name, ignoring case.
    pub fn environment_named(&self, project: Uuid, name: &str) -> Option<&Arc<Environment>> {
        let wanted = name.to_lowercase();
        self.environments.values().find(|e| e.project == project && e.name.to_lowercase() == wanted)
    }
    /// Takes an environment out with what was deployed to it and what guards it.
    pub fn forget_environment(&mut self, id: u32) {
        self.environments.remove(&id);
        let deployments: Vec<u64> =
            self.deployments.values().filter(|d| d.environment == id).map(|d| d.id).collect();
        for deployment in deployments {
            self.deployments.remove(&deployment);
        }
        self.forget_resource(&ResourceId::new("environment", id));
    }
    /// Takes out the environments of a project, and all that guards anything in it.
    pub(super) fn forget_environments(&mut self, project: Uuid) {
        let environments: Vec<u32> =
            self.environments.values().filter(|e| e.project == project).map(|e| e.id).collect();
        for environment in environments {
            self.forget_environment(environment);
        }
        let checks: Vec<u32> = self.checks.values().filter(|c| c.project == project).map(|c| c.id).collect();
        for check in checks {
            self.take_check(check);
        }
        let permissions: Vec<_> = self.permissions.keys().filter(|(p, _)| *p == project).cloned().collect();
        for key in permissions {
            self.permissions.remove(&key);
        }
        let suites: Vec<Uuid> =
            self.suites.iter().filter(|(_, s)| s.project == project).map(|(id, _)| *id).collect();
        for suite in suites {
            self.suites.remove(&suite);
        }
        let approvals: Vec<Uuid> =
            self.approvals.values().filter(|a| a.project == project).map(|a| a.id).collect();
        for approval in approvals {
            self.take_approval(&approval);
        }
    }
    /// Keeps what was deployed; the oldest go when there are too many.
    pub fn keep_deployment(&mut self, deployment: Deployment) {
        self.deployments.put(deployment.id, deployment);
        while self.deployments.len() > MAX_DEPLOYMENTS {
            let Some(oldest) = self.deployments.get_min().map(|(id, _)| *id) else { return };
            self.deployments.remove(&oldest);
        }
    }
}
