//! An approval: who is asked, what each answer does to it, and when it is decided.

use crate::{
    error::{Error, Result},
    store::{Approval, ApprovalStatus, ApprovalStep, AzureDevOpsStore, CheckRun, Identity, Reassigned},
};
use parhelion_core::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// Approvers of a check at most.
// CHOICE: the service's own bound is not documented.
pub(super) const MAX_APPROVERS: usize = 100;

/// Who asks for what.
pub(super) struct Asks<'a> {
    /// The project.
    pub project: Uuid,
    /// The run and its pipeline.
    pub run: Option<(u32, u32)>,
    /// The stage.
    pub stage: &'a str,
    /// The attempt at it.
    pub attempt: usize,
    /// Who asked for the run.
    pub requester: Option<&'a Identity>,
}

/// Somebody as settings name them.
// CHOICE: users are not kept: an id that is not the caller's is somebody of the name given with it.
pub fn identity(store: &AzureDevOpsStore, given: &Value) -> Option<Identity> {
    let text = |name: &str| {
        let text = given.get(name).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
        text.map(|t| t.chars().take(256).collect::<String>())
    };
    let id = match given {
        Value::String(id) => Uuid::parse_str(id.trim()).ok()?,
        _ => Uuid::parse_str(&text("id")?).ok()?,
    };
    let known = [store.user(), store.service_identity()].into_iter().find(|known| known.id == id);
    Some(known.unwrap_or_else(|| {
        let name = text("displayName").unwrap_or_else(|| {
            format!("Approver {}", id.simple().to_string().chars().take(8).collect::<String>())
        });
        Identity { id, name, unique_name: text("uniqueName").unwrap_or_default() }
    }))
}

pub(super) fn identities(store: &AzureDevOpsStore, settings: &Value, member: &str) -> Vec<Identity> {
    let given = settings.get(member).and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<Identity> = Vec::new();
    for one in given.filter_map(|g| identity(store, g)).take(MAX_APPROVERS) {
        if !found.iter().any(|f| f.id == one.id) {
            found.push(one);
        }
    }
    found
}

/// An approval that begins now.
pub(super) fn begun(
    store: &AzureDevOpsStore,
    run: &CheckRun,
    asks: &Asks<'_>,
    number: u64,
    now: Timestamp,
) -> Approval {
    let settings = &run.settings;
    let flag = |name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or(false);
    let approvers = identities(store, settings, "approvers");
    // OBSERVED: the order comes as a word or as its number.
    let in_sequence = match settings.get("executionOrder") {
        Some(Value::String(order)) => order.eq_ignore_ascii_case("inSequence"),
        Some(Value::Number(order)) => order.as_u64() == Some(2),
        _ => false,
    };
    let wanted = settings.get("minRequiredApprovers").and_then(Value::as_u64).unwrap_or(0);
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    // Docs: all of them unless said otherwise.
    let min_required = if wanted == 0 { approvers.len() } else { wanted.min(approvers.len()) };
    let step = |(n, assigned): (usize, Identity)| {
        let waits = in_sequence && n > 0;
        ApprovalStep {
            assigned,
            actual: None,
            status: if waits { ApprovalStatus::Uninitiated } else { ApprovalStatus::Pending },
            comment: String::new(),
            order: u32::try_from(n + 1).unwrap_or(u32::MAX),
            initiated: (!waits).then_some(now),
            modified: now,
            modified_by: None,
            deferred_to: None,
            history: Vec::new(),
        }
    };
    Approval {
        id: run.record,
        number,
        project: asks.project,
        run: asks.run.map(|(run, _)| run),
        pipeline: asks.run.map(|(_, pipeline)| pipeline),
        stage: asks.stage.to_owned(),
        attempt: asks.attempt,
        requester: asks.requester.cloned(),
        resource: run.resource.clone(),
        resource_name: run.resource_name.clone(),
        instructions: settings.get("instructions").and_then(Value::as_str).unwrap_or_default().to_owned(),
        in_sequence,
        min_required,
        blocked: identities(store, settings, "blockedApprovers"),
        requester_may_not: flag("requesterCannotBeApprover"),
        status: ApprovalStatus::Pending,
        told: false,
        steps: approvers.into_iter().enumerate().map(step).collect(),
        created: now,
        modified: now,
    }
}

/// What somebody says to an approval.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// `approved`, `rejected`, `skipped` or `deferred`; `None` when it is only given on.
    pub status: Option<ApprovalStatus>,
    /// What they say.
    pub comment: String,
    /// Whose step it is about.
    pub assigned: Option<Identity>,
    /// Who it is given on to.
    pub reassign_to: Option<Identity>,
    /// From when on an approval counts.
    pub deferred_to: Option<Timestamp>,
}

/// Takes an answer in; what it did, in words.
///
/// # Errors
/// When the approval is over, nobody of the name is asked, or who answers may not.
// CHOICE: every caller is the same user; the answer is that of the approver named by `assignedApprover`, else of the
// caller if they are asked, else of the first who is.
pub fn answer(approval: &mut Approval, answer: &Answer, caller: &Identity, now: Timestamp) -> Result<String> {
    let id = approval.id;
    if approval.status.is_final() {
        let status = approval.status;
        return Err(Error::ApprovalOver { id, status: super::gate::word(status) });
    }
    if answer.status == Some(ApprovalStatus::Skipped) {
        // Docs: an administrator of the resource may go past a check.
        for step in approval.steps.iter_mut().filter(|s| !s.status.is_final()) {
            end(step, ApprovalStatus::Skipped, caller, &answer.comment, now);
        }
        approval.status = ApprovalStatus::Skipped;
        approval.modified = now;
        return Ok(format!("{} bypassed it", caller.name));
    }
    let asked = |s: &ApprovalStep| matches!(s.status, ApprovalStatus::Pending | ApprovalStatus::Deferred);
    let whose = |who: Uuid| approval.steps.iter().position(|s| asked(s) && s.assigned.id == who);
    let step = match &answer.assigned {
        Some(named) => whose(named.id),
        None => whose(caller.id).or_else(|| approval.steps.iter().position(asked)),
    };
    let named = || answer.assigned.as_ref().unwrap_or(caller).name.clone();
    let step = step.ok_or_else(|| Error::NotAnApprover { id, who: named() })?;
    let assigned = approval.steps.get(step).map(|s| s.assigned.clone()).unwrap_or_else(|| caller.clone());
    if let Some(to) = &answer.reassign_to {
        if approval.steps.iter().any(|s| s.assigned.id == to.id) {
            return Err(Error::invalid(format!("{} is an approver of {id} already.", to.name)));
        }
        if let Some(step) = approval.steps.get_mut(step) {
            let by = caller.clone();
            step.history.push(Reassigned { assigned, by, at: now, comment: answer.comment.clone() });
            step.history.truncate(MAX_APPROVERS);
            let from = std::mem::replace(&mut step.assigned, to.clone());
            step.modified = now;
            step.modified_by = Some(caller.clone());
            approval.modified = now;
            return Ok(format!("{} gave the part of {} to {}", caller.name, from.name, to.name));
        }
    }
    let status = answer.status.unwrap_or(ApprovalStatus::Pending);
    let says_yes = matches!(status, ApprovalStatus::Approved | ApprovalStatus::Deferred);
    let is_requester = approval.requester.as_ref().is_some_and(|r| r.id == assigned.id);
    if says_yes && approval.requester_may_not && is_requester {
        return Err(Error::ApproverBlocked { id, who: assigned.name, why: "they asked for the run" });
    }
    if approval.blocked.iter().any(|b| b.id == assigned.id) {
        return Err(Error::ApproverBlocked { id, who: assigned.name, why: "they are blocked" });
    }
    let later = answer.deferred_to.filter(|to| says_yes && *to > now);
    let Some(step) = approval.steps.get_mut(step) else {
        return Err(Error::NotAnApprover { id, who: assigned.name });
    };
    let said = if answer.comment.is_empty() { String::new() } else { format!(": {}", answer.comment) };
    let told = match (status, later) {
        (ApprovalStatus::Rejected, _) => {
            end(step, ApprovalStatus::Rejected, &assigned, &answer.comment, now);
            format!("{} rejected it{said}", assigned.name)
        }
        (_, Some(to)) => {
            end(step, ApprovalStatus::Deferred, &assigned, &answer.comment, now);
            step.deferred_to = Some(to);
            format!("{} approved it from {} on{said}", assigned.name, crate::show::time(to))
        }
        (ApprovalStatus::Approved | ApprovalStatus::Deferred, None) => {
            end(step, ApprovalStatus::Approved, &assigned, &answer.comment, now);
            format!("{} approved it{said}", assigned.name)
        }
        _ => {
            return Err(Error::invalid(
                "The status of an approval is set to approved, rejected, skipped or deferred.",
            ));
        }
    };
    approval.modified = now;
    decide(approval, now);
    Ok(told)
}

fn end(step: &mut ApprovalStep, status: ApprovalStatus, by: &Identity, comment: &str, now: Timestamp) {
    step.status = status;
    step.actual = Some(by.clone());
    step.comment = comment.to_owned();
    step.modified = now;
    step.modified_by = Some(by.clone());
    step.deferred_to = None;
}

/// Lets count what was deferred until now, and decides an approval as far as its steps do.
pub(super) fn decide(approval: &mut Approval, now: Timestamp) {
    if approval.status.is_final() {
        return;
    }
    for step in &mut approval.steps {
        if step.deferred_to.is_some_and(|to| to <= now) {
            step.status = ApprovalStatus::Approved;
            step.modified = now;
        }
    }
    let count = |status| approval.steps.iter().filter(|s| s.status == status).count();
    let decided = if count(ApprovalStatus::Rejected) > 0 {
        Some(ApprovalStatus::Rejected)
    } else if count(ApprovalStatus::Approved) >= approval.min_required {
        Some(ApprovalStatus::Approved)
    } else {
        None
    };
    match decided {
        // CHOICE: who was not needed any more was skipped.
        Some(status) => close(approval, status, ApprovalStatus::Skipped, now),
        None => {
            // The next of a sequence is asked when the one before has answered.
            let waits =
                |s: &ApprovalStep| matches!(s.status, ApprovalStatus::Pending | ApprovalStatus::Deferred);
            if approval.in_sequence
                && !approval.steps.iter().any(waits)
                && let Some(next) =
                    approval.steps.iter_mut().find(|s| s.status == ApprovalStatus::Uninitiated)
            {
                next.status = ApprovalStatus::Pending;
                next.initiated = Some(now);
                next.modified = now;
            }
        }
    }
}

/// Ends an approval; its open steps end as `rest`.
pub(super) fn close(approval: &mut Approval, status: ApprovalStatus, rest: ApprovalStatus, now: Timestamp) {
    for step in approval.steps.iter_mut().filter(|s| !s.status.is_final()) {
        step.status = rest;
        step.modified = now;
    }
    approval.status = status;
    approval.modified = now;
}

/// When something of an approval changes by itself.
pub(super) fn deferred(approval: &Approval) -> Option<Timestamp> {
    let open = approval.steps.iter().filter(|s| s.status == ApprovalStatus::Deferred);
    open.filter_map(|s| s.deferred_to).min()
}

/// Who is still asked, in words.
pub(super) fn asked(approval: &Approval) -> String {
    let open = approval.steps.iter().filter(|s| s.status == ApprovalStatus::Pending);
    let names: Vec<&str> = open.map(|s| s.assigned.name.as_str()).take(5).collect();
    let done = approval.steps.iter().filter(|s| s.status == ApprovalStatus::Approved).count();
    let (of, order) = (approval.min_required, if approval.in_sequence { " in this order" } else { "" });
    format!("{done} of {of} approved, asked{order}: {}", names.join(", "))
}
