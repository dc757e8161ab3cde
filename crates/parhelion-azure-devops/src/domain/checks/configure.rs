//! A check as a caller gives it.

use super::{
    approve::{self, MAX_APPROVERS},
    gate::TIMEOUT,
    hours::Hours,
    needs,
};
use crate::{
    error::{Error, Result},
    store::{AzureDevOpsStore, CheckConfiguration, CheckKind, CheckTurn, MAX_CHECKS, Project, ResourceId},
};
use parhelion_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Tries of a check that is asked again.
// Docs: retries are kept to ten.
pub const RETRIES: u32 = 10;
/// Bytes of a check's settings at most.
const MAX_SETTINGS: usize = 256 * 1024;
/// Minutes that a check may take at most.
// OBSERVED: what Terraform lets pass.
const MAX_TIMEOUT: u64 = 2_147_483_647;

// OBSERVED: the ids of the types, and of what tasks they run.
const APPROVAL: &str = "8c6f20a7-a545-4486-9777-f762fafe0d4d";
const TASK: &str = "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7";
const TEMPLATE: &str = "4020e66e-b0f3-47e1-bc88-48f3cc59b5f3";
const LOCK: &str = "2ef31ad6-baa0-403a-8b45-2cbc9b4e5563";
const AUTHORIZATION: &str = "e1a1fc6c-c278-4492-ae1c-c42f8697612c";
const HOURS: &str = "445fde2f-6c39-441c-807f-8a59ff2e075f";
const BRANCH: &str = "86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b";
const BEFORE: &str = "0f52a19b-c67e-468f-b8eb-0ae83b532c99";
const AFTER: &str = "06441319-13fb-4756-b198-c2da116894a4";

/// The type of a check as answers show it: id and name.
pub fn type_of(kind: CheckKind) -> (&'static str, &'static str) {
    match kind {
        CheckKind::Approval => (APPROVAL, "Approval"),
        CheckKind::Authorization => (AUTHORIZATION, "Authorization"),
        CheckKind::RequiredTemplate => (TEMPLATE, "ExtendsCheck"),
        CheckKind::ExclusiveLock => (LOCK, "ExclusiveLock"),
        CheckKind::BranchControl | CheckKind::BusinessHours | CheckKind::Task => (TASK, "Task Check"),
    }
}

/// A check in a call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    #[serde(rename = "type")]
    kind: Option<GivenType>,
    resource: Option<GivenResource>,
    settings: Option<Value>,
    timeout: Option<u64>,
    is_disabled: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct GivenType {
    id: Option<String>,
    name: Option<String>,
}

/// A resource in a call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GivenResource {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its id, a text or a number.
    pub id: Option<Value>,
    /// Its name.
    pub name: Option<String>,
}

/// The kinds of resources that checks guard.
// OBSERVED: Terraform's list; `agentpool` is what the portal calls a pool's queue.
const KINDS: &[&str] =
    &["environment", "endpoint", "queue", "repository", "securefile", "variablegroup", "agentpool"];

impl GivenResource {
    /// The resource that is meant.
    ///
    /// # Errors
    /// When type or id are missing, or nothing has such resources.
    pub fn read(&self) -> Result<ResourceId> {
        let kind = self.kind.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
        if !KINDS.contains(&kind.as_str()) {
            let bad: String = kind.chars().take(60).collect();
            return Err(Error::invalid(format!(
                "The type of the resource, '{bad}', is none of {}.",
                KINDS.join(", ")
            )));
        }
        let id = match &self.id {
            Some(Value::String(id)) => id.trim().to_owned(),
            Some(Value::Number(id)) => id.to_string(),
            _ => String::new(),
        };
        if id.is_empty() || id.len() > 200 {
            return Err(Error::invalid("The resource has no id, or it is too long."));
        }
        // Docs: a repository is named with its project in front: `{project}.{repository}`.
        let id = if kind == "repository" { id.rsplit('.').next().unwrap_or_default() } else { &id };
        Ok(ResourceId::new(&kind, id))
    }
}

/// A check as it is given; `before` is what it was.
///
/// # Errors
/// What is wrong with it.
pub fn configure(
    store: &AzureDevOpsStore,
    project: &Project,
    given: Given,
    id: u32,
    before: Option<&CheckConfiguration>,
    now: Timestamp,
) -> Result<CheckConfiguration> {
    let bad = |why: &str| Error::CheckBad { why: why.to_owned() };
    if before.is_none() && store.checks.len() >= MAX_CHECKS {
        return Err(bad("there are too many"));
    }
    let resource = match (&given.resource, before) {
        (Some(resource), _) => resource.read()?,
        (None, Some(before)) => before.resource.clone(),
        (None, None) => return Err(bad("it names no resource")),
    };
    let found = needs::resource_name(store, project, &resource);
    if found.is_none()
        && matches!(
            resource.kind.as_str(),
            "environment" | "endpoint" | "queue" | "repository" | "variablegroup"
        )
    {
        return Err(Error::ResourceUnknown { kind: resource.kind, id: resource.id });
    }
    let settings = match (given.settings, before) {
        (Some(Value::Null) | None, Some(before)) => before.settings.clone(),
        (Some(Value::Null) | None, None) => Arc::new(json!({})),
        (Some(settings), _) => Arc::new(settings),
    };
    if !settings.is_object() || settings.to_string().len() > MAX_SETTINGS {
        return Err(bad("its settings are no object, or too large"));
    }
    let (kind, turn) = match (&given.kind, before) {
        (None, Some(before)) => (before.kind, before.turn),
        (kind, _) => kind_of(kind.as_ref(), &settings)?,
    };
    match kind {
        CheckKind::Approval => {
            let count = settings.get("approvers").and_then(Value::as_array).map_or(0, Vec::len);
            let read = approve::identities(store, &settings, "approvers").len();
            if read == 0 || count > MAX_APPROVERS {
                return Err(bad("an approval needs one to 100 approvers, each with the id of a user"));
            }
            let wanted = settings.get("minRequiredApprovers").filter(|w| !w.is_null());
            let wanted = wanted.map_or(Some(0), Value::as_u64);
            if wanted.is_none_or(|wanted| usize::try_from(wanted).is_ok_and(|w| w > read)) {
                return Err(bad("minRequiredApprovers is more than there are approvers"));
            }
        }
        CheckKind::BusinessHours => {
            let inputs = settings.get("inputs").unwrap_or(&Value::Null);
            Hours::read(inputs).map_err(|why| Error::CheckBad { why })?;
        }
        CheckKind::RequiredTemplate => {
            let templates = settings.get("extendsChecks").and_then(Value::as_array);
            if templates.is_none_or(|t| t.is_empty() || t.len() > 100) {
                return Err(bad("a required template needs one to 100 extendsChecks"));
            }
        }
        _ => {}
    }
    let timeout = match (given.timeout, before) {
        (Some(minutes), _) if minutes > MAX_TIMEOUT => return Err(bad("its timeout is too long")),
        // CHOICE: 0 is the default.
        (Some(minutes), _) if minutes > 0 => u32::try_from(minutes).unwrap_or(u32::MAX),
        (_, Some(before)) => before.timeout,
        _ => TIMEOUT,
    };
    let user = store.user();
    let name = given.resource.and_then(|r| r.name).map(|n| n.chars().take(256).collect());
    Ok(CheckConfiguration {
        id,
        project: project.id,
        resource_name: found.or(name).unwrap_or_default(),
        resource,
        kind,
        turn,
        settings,
        timeout,
        disabled: given.is_disabled.unwrap_or_else(|| before.is_some_and(|b| b.disabled)),
        created_by: before.map_or_else(|| user.clone(), |b| b.created_by.clone()),
        created: before.map_or(now, |b| b.created),
        modified_by: user,
        modified: now,
        version: before.map_or(1, |b| b.version.saturating_add(1)),
    })
}

/// What a check is, by its type's id, else by its type's name.
fn kind_of(given: Option<&GivenType>, settings: &Value) -> Result<(CheckKind, CheckTurn)> {
    let text = |of: Option<&String>| of.map(|t| t.trim().to_ascii_lowercase()).unwrap_or_default();
    let (id, name) = (text(given.and_then(|g| g.id.as_ref())), text(given.and_then(|g| g.name.as_ref())));
    let reference = settings.get("definitionRef").and_then(|d| d.get("id")).and_then(Value::as_str);
    let reference = reference.unwrap_or_default().to_ascii_lowercase();
    let names = |known: &str, word: &str| id == known || (id.is_empty() && name == word);
    if names(APPROVAL, "approval") {
        let turn = match reference.as_str() {
            BEFORE => CheckTurn::PreApproval,
            AFTER => CheckTurn::PostApproval,
            _ => CheckTurn::Dynamic,
        };
        Ok((CheckKind::Approval, turn))
    } else if names(LOCK, "exclusivelock") {
        Ok((CheckKind::ExclusiveLock, CheckTurn::Lock))
    } else if names(TEMPLATE, "extendscheck") {
        Ok((CheckKind::RequiredTemplate, CheckTurn::Static))
    } else if names(TASK, "task check") {
        Ok(match reference.as_str() {
            BRANCH => (CheckKind::BranchControl, CheckTurn::Static),
            HOURS => (CheckKind::BusinessHours, CheckTurn::Dynamic),
            "" => {
                return Err(Error::CheckBad {
                    why: "a task check needs settings.definitionRef.id".to_owned(),
                });
            }
            _ => (CheckKind::Task, CheckTurn::Dynamic),
        })
    } else {
        let shown: String = if id.is_empty() { name } else { id }.chars().take(60).collect();
        let known = "Approval, Task Check, ExtendsCheck, ExclusiveLock";
        Err(Error::CheckBad { why: format!("'{shown}' is no type of checks; known are {known}") })
    }
}
