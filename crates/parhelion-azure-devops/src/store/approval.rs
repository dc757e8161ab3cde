//! Approvals: who has to agree before a stage goes on, and who did.

use super::AzureDevOpsStore;
use crate::store::{Identity, ResourceId};
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Approvals kept in an organization; the oldest that are over go first.
pub const MAX_APPROVALS: usize = 10_000;

/// An approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// The id, which is also that of its timeline record.
    pub id: Uuid,
    /// Counts the organization's approvals.
    pub number: u64,
    /// The project.
    pub project: Uuid,
    /// The run that waits; `None`: it was asked for by itself.
    pub run: Option<u32>,
    /// The pipeline of the run.
    pub pipeline: Option<u32>,
    /// The stage that waits.
    pub stage: String,
    /// The attempt at the stage, from 1.
    pub attempt: usize,
    /// Who asked for the run.
    pub requester: Option<Identity>,
    /// What is guarded.
    pub resource: ResourceId,
    /// The resource's name.
    pub resource_name: String,
    /// What the approvers are told.
    pub instructions: String,
    /// Whether they agree one after another.
    pub in_sequence: bool,
    /// How many have to agree.
    pub min_required: usize,
    /// Who may not.
    pub blocked: Vec<Identity>,
    /// Whether who asked for the run may not.
    pub requester_may_not: bool,
    /// How far it is.
    pub status: ApprovalStatus,
    /// Whether it was told to everybody that it is over.
    pub told: bool,
    /// One for each approver.
    pub steps: Vec<ApprovalStep>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// One approver's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalStep {
    /// Who is to agree.
    pub assigned: Identity,
    /// Who did, or did not.
    pub actual: Option<Identity>,
    /// How far it is.
    pub status: ApprovalStatus,
    /// What they said.
    pub comment: String,
    /// Its place, from 1.
    pub order: u32,
    /// When it could first be answered.
    pub initiated: Option<Timestamp>,
    /// When it last changed.
    pub modified: Timestamp,
    /// Who changed it.
    pub modified_by: Option<Identity>,
    /// From when on the answer counts.
    pub deferred_to: Option<Timestamp>,
    /// Who it was assigned to before.
    pub history: Vec<Reassigned>,
}

/// A step's earlier approver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reassigned {
    /// Whose it was.
    pub assigned: Identity,
    /// Who gave it on.
    pub by: Identity,
    /// When.
    pub at: Timestamp,
    /// What they said.
    pub comment: String,
}

/// How far an approval or a step of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalStatus {
    /// Its turn has not come.
    Uninitiated,
    /// It waits for an answer.
    Pending,
    /// The answer is yes.
    Approved,
    /// The answer is no.
    Rejected,
    /// No answer was needed.
    Skipped,
    /// It was given up.
    Canceled,
    /// Nobody answered in time.
    TimedOut,
    /// The answer is yes, from a later time on.
    Deferred,
}

impl ApprovalStatus {
    /// Whether nothing further comes of it.
    pub fn is_final(self) -> bool {
        !matches!(self, ApprovalStatus::Uninitiated | ApprovalStatus::Pending | ApprovalStatus::Deferred)
    }
}

impl AzureDevOpsStore {
    /// An approval by its id.
    pub fn approval(&self, id: &Uuid) -> Option<&Arc<Approval>> {
        self.approvals.get(&**self.approval_numbers.get(id)?)
    }
    /// Puts an approval in its place; of too many, the oldest that are over go.
    pub fn put_approval(&mut self, approval: Approval) {
        self.approval_numbers.put(approval.id, approval.number);
        self.approvals.put(approval.number, approval);
        let surplus = self.approvals.len().saturating_sub(MAX_APPROVALS);
        let over = self.approvals.values().filter(|a| surplus > 0 && a.status.is_final()).take(surplus);
        let over: Vec<Uuid> = over.map(|a| a.id).collect();
        for id in over {
            self.take_approval(&id);
        }
    }
    /// Takes an approval out.
    pub fn take_approval(&mut self, id: &Uuid) {
        if let Some(number) = self.approval_numbers.get(id).map(|n| **n) {
            self.approvals.remove(&number);
            self.approval_numbers.remove(id);
        }
    }
    /// Panics when an invariant does not hold.
    pub(super) fn check_approvals(&self) {
        assert_eq!(self.approvals.len(), self.approval_numbers.len());
        for (id, number) in self.approval_numbers.iter() {
            assert!(self.approvals.get(&**number).is_some_and(|a| a.id == *id), "approval {id} is gone");
        }
        for (number, approval) in self.approvals.iter() {
            assert_eq!(*number, approval.number);
            assert!(!approval.steps.is_empty(), "approval {} has no approver", approval.id);
        }
    }
}
