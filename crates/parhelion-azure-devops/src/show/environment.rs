//! Environments as the service shows them.

use super::{Links, identity, link, time, without_nulls};
use crate::store::{Deployment, Environment, EnvironmentResource, Project};
use serde_json::{Value, json};

/// An environment; its resources are shown when they are asked for.
pub fn environment(of: &Environment, project: &Project, links: &Links, resources: bool) -> Value {
    let reference =
        |r: &EnvironmentResource| json!({ "id": r.id, "name": r.name, "type": r.kind, "tags": r.tags });
    let resources: Vec<Value> =
        if resources { of.resources.iter().map(reference).collect() } else { Vec::new() };
    json!({
        "id": of.id,
        "name": of.name,
        "description": of.description,
        "createdBy": identity(&of.created_by, links),
        "createdOn": time(of.created),
        "lastModifiedBy": identity(&of.modified_by, links),
        "lastModifiedOn": time(of.modified),
        "resources": resources,
        "project": { "id": project.id, "name": project.name },
    })
}

/// A namespace of a cluster.
pub fn kubernetes(of: &EnvironmentResource, environment: &Environment, links: &Links) -> Value {
    without_nulls(json!({
        "namespace": of.namespace,
        "clusterName": of.cluster,
        "serviceEndpointId": of.endpoint,
        "environmentReference": { "id": environment.id, "name": environment.name },
        "id": of.id,
        "name": of.name,
        "type": of.kind,
        "tags": of.tags,
        "createdBy": identity(&of.created_by, links),
        "createdOn": time(of.created),
        "lastModifiedBy": identity(&of.created_by, links),
        "lastModifiedOn": time(of.created),
    }))
}

/// What was deployed.
pub fn deployment(of: &Deployment, links: &Links) -> Value {
    let web = links.to(format_args!("{}/_build/results?buildId={}", of.project, of.run));
    let build = links.to(format_args!("{}/_apis/build/Builds/{}", of.project, of.run));
    let pipeline = links.to(format_args!("{}/_apis/build/Definitions/{}", of.project, of.definition));
    let page = links.to(format_args!("{}/_build/definition?definitionId={}", of.project, of.definition));
    without_nulls(json!({
        "id": of.id,
        "requestIdentifier": of.identifier,
        "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7",
        "scopeId": of.project,
        "environmentId": of.environment,
        "resourceId": of.resource,
        "planType": "Build",
        "planId": of.plan,
        "stageName": of.stage_name,
        "jobName": of.job_name,
        "stageAttempt": of.stage_attempt,
        "jobAttempt": of.job_attempt,
        "definition": {
            "_links": { "web": link(page), "self": link(pipeline) }, "id": of.definition, "name": of.definition_name,
        },
        "owner": { "_links": { "web": link(web), "self": link(build) }, "id": of.run, "name": of.run_name },
        "result": of.result,
        "queueTime": time(of.queued),
        "startTime": time(of.started),
        "finishTime": of.finished.map(time),
    }))
}
