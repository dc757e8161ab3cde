//! Approvals, checks, suites and permissions as the service shows them.

use super::{Links, identity, link, time, with, without_nulls};
use crate::{
    domain::checks,
    store::{
        Approval, ApprovalStep, AzureDevOpsStore, CheckConfiguration, CheckRun, CheckStatus, Permission,
        Permissions, ResourceId, Suite,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

/// An approval; its steps are shown when they are asked for.
pub fn approval(approval: &Approval, project: Uuid, links: &Links, steps: bool) -> Value {
    let shown: Vec<Value> =
        if steps { approval.steps.iter().map(|s| step(s, links)).collect() } else { Vec::new() };
    let blocked: Vec<Value> = approval.blocked.iter().map(|b| identity(b, links)).collect();
    let base = links.to(format_args!("{project}/_apis"));
    let run = approval.run.map(|run| {
        let pipeline = approval.pipeline.unwrap_or_default();
        json!({
            "owner": {
                "_links": { "self": link(format!("{base}/build/builds/{run}")) },
                "id": run,
            },
            "id": pipeline.to_string(),
        })
    });
    without_nulls(json!({
        "id": approval.id,
        "steps": shown,
        "status": approval.status,
        "createdOn": time(approval.created),
        "lastModifiedOn": time(approval.modified),
        "executionOrder": if approval.in_sequence { "inSequence" } else { "anyOrder" },
        "minRequiredApprovers": approval.min_required,
        "instructions": (!approval.instructions.is_empty()).then_some(&approval.instructions),
        "blockedApprovers": blocked,
        "pipeline": run,
        "_links": { "self": link(format!("{base}/pipelines/approvals/{}", approval.id)) },
    }))
}

fn step(step: &ApprovalStep, links: &Links) -> Value {
    let history: Vec<Value> = step
        .history
        .iter()
        .map(|h| {
            json!({
                "assignedTo": identity(&h.assigned, links),
                "createdBy": identity(&h.by, links),
                "createdOn": time(h.at),
                "comment": h.comment,
            })
        })
        .collect();
    without_nulls(json!({
        "assignedApprover": identity(&step.assigned, links),
        "actualApprover": step.actual.as_ref().map(|a| identity(a, links)),
        "status": step.status,
        "comment": (!step.comment.is_empty()).then_some(&step.comment),
        "lastModifiedOn": time(step.modified),
        "order": step.order,
        "lastModifiedBy": step.modified_by.as_ref().map(|m| identity(m, links)),
        "initiatedOn": step.initiated.map(time),
        "deferredTo": step.deferred_to.map(time),
        "history": history,
    }))
}

fn resource(resource: &ResourceId, name: &str) -> Value {
    let name = (!name.is_empty()).then_some(name);
    without_nulls(json!({ "type": resource.kind, "id": resource.id, "name": name }))
}

/// A check; its settings are shown when they are asked for.
pub fn check(check: &CheckConfiguration, links: &Links, settings: bool) -> Value {
    let url = links.to(format_args!("{}/_apis/pipelines/checks/configurations/{}", check.project, check.id));
    let (id, name) = checks::type_of(check.kind);
    let shown = json!({
        "createdBy": identity(&check.created_by, links),
        "createdOn": time(check.created),
        "modifiedBy": identity(&check.modified_by, links),
        "modifiedOn": time(check.modified),
        "timeout": check.timeout,
        "isDisabled": check.disabled,
        "_links": { "self": link(url.clone()) },
        "id": check.id,
        "version": check.version,
        "type": { "id": id, "name": name },
        "url": url,
        "resource": resource(&check.resource, &check.resource_name),
    });
    if settings { with(shown, [("settings", (*check.settings).clone())]) } else { shown }
}

/// An evaluation of checks.
pub fn suite(suite: &Suite, links: &Links, resources: bool) -> Value {
    let checkpoint = &suite.checkpoint;
    let url = links.to(format_args!("{}/_apis/pipelines/checks/runs/{}", suite.project, checkpoint.record));
    let message =
        checkpoint.runs.iter().find(|r| r.status == checkpoint.status && r.status != CheckStatus::Approved);
    let runs: Vec<Value> = checkpoint.runs.iter().map(|run| check_run(run, suite.project, links)).collect();
    let mut named: Vec<&CheckRun> = checkpoint.runs.iter().collect();
    named.dedup_by(|a, b| a.resource == b.resource);
    let named = named.iter().map(|r| resource(&r.resource, &r.resource_name));
    without_nulls(json!({
        "status": checkpoint.status,
        "message": message.map_or("", |run| &run.message),
        "completedDate": checkpoint.finished.map(time),
        "checkRuns": runs,
        "resources": resources.then(|| named.collect::<Vec<Value>>()),
        "_links": { "self": link(url) },
        "id": checkpoint.record,
        "context": suite.context,
    }))
}

fn check_run(run: &CheckRun, project: Uuid, links: &Links) -> Value {
    let (id, name) = checks::type_of(run.kind);
    let url = run
        .configuration
        .map(|id| links.to(format_args!("{project}/_apis/pipelines/checks/configurations/{id}")));
    without_nulls(json!({
        "id": run.record,
        "createdDate": run.begun.map(time),
        "completedDate": run.finished.map(time),
        "checkConfigurationRef": without_nulls(json!({
            "id": run.configuration,
            "type": { "id": id, "name": name },
            "url": url,
            "resource": resource(&run.resource, &run.resource_name),
        })),
        "status": run.status,
        "resultMessage": run.message,
    }))
}

fn permission(of: &Permission, links: &Links) -> Value {
    json!({ "authorized": of.authorized, "authorizedBy": identity(&of.by, links), "authorizedOn": time(of.at) })
}

/// Which pipelines may use a resource.
// CHOICE: in the default mode all may, and it is shown as such.
pub fn permissions(of: &ResourceId, name: &str, said: &Permissions, strict: bool, links: &Links) -> Value {
    let pipelines: Vec<Value> = said
        .pipelines
        .iter()
        .filter(|(_, p)| p.authorized)
        .map(|(id, p)| with(permission(p, links), [("id", json!(id))]))
        .collect();
    let all = match &said.all {
        Some(all) => all.authorized.then(|| permission(all, links)),
        None => (!strict).then(|| json!({ "authorized": true })),
    };
    without_nulls(json!({ "resource": resource(of, name), "allPipelines": all, "pipelines": pipelines }))
}

/// The evaluation that stands before a stage of a run.
pub fn of_stage(store: &AzureDevOpsStore, project: Uuid, id: Uuid) -> Option<Suite> {
    let builds = store.builds.values().rev().filter(|b| b.project == project);
    builds
        .filter_map(|build| {
            let stage =
                build.stages.iter().find(|s| s.checkpoint.as_ref().is_some_and(|c| c.record == id))?;
            let checkpoint = (**stage.checkpoint.as_ref()?).clone();
            let context = json!({
                "Pipeline.Id": build.definition, "PlanId": build.plan, "GraphNode.Id": stage.name,
                "GraphNode.Attempt": stage.earlier.len() + 1,
            });
            Some(Suite { project, pipeline: Some(build.definition), context, number: 0, checkpoint })
        })
        .next()
}
