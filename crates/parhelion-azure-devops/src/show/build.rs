//! Builds, and the same as runs of pipelines.

use super::{Links, definition as definitions, identity, link, segment, time, with, without_nulls};
use crate::store::{Artifact, AzureDevOpsStore, Build, Definition, DeletedBuild, Project};
use serde_json::{Map, Value, json};

/// A build with what it refers to.
pub struct Shown<'a> {
    /// The organization.
    pub store: &'a AzureDevOpsStore,
    /// The project.
    pub project: &'a Project,
    /// The definition as it is now.
    pub definition: &'a Definition,
    /// The build.
    pub build: &'a Build,
    /// Where links begin.
    pub links: &'a Links,
}

impl Shown<'_> {
    fn path(&self, rest: &str) -> String {
        self.links.to(format_args!("{}/_apis/build/Builds/{}{rest}", self.project.id, self.build.id))
    }
    fn web(&self) -> String {
        self.links.to(format_args!("{}/_build/results?buildId={}", self.project.id, self.build.id))
    }
    fn run(&self) -> String {
        let (project, pipeline) = (self.project.id, self.definition.id);
        self.links.to(format_args!("{project}/_apis/pipelines/{pipeline}/runs/{}", self.build.id))
    }

    /// As the build API shows it.
    pub fn as_build(&self) -> Value {
        let (build, links) = (self.build, self.links);
        let by = identity(&build.requested_by, links);
        let shown = without_nulls(json!({
            "_links": {
                "self": link(self.path("")),
                "web": link(self.web()),
                "sourceVersionDisplayUri": link(self.path("/sources")),
                "timeline": link(self.path("/Timeline")),
                "badge": link(links.to(format_args!("{}/_apis/build/status/{}", self.project.id, self.definition.id))),
            },
            "properties": properties(&build.properties),
            "tags": build.tags,
            "validationResults": [],
            "plans": [{ "planId": build.plan }],
            "triggerInfo": build.trigger_info,
            "id": build.id,
            "buildNumber": build.number,
            "status": build.status,
            "result": build.result,
            "queueTime": time(build.queued),
            "startTime": build.started.map(time),
            "finishTime": build.finished.map(time),
            "url": self.path(""),
            "definition": definitions::reference(self.definition, self.project, links),
            "buildNumberRevision": build.number_revision,
            "project": super::project::reference(self.project, links),
            "uri": format!("vstfs:///Build/Build/{}", build.id),
            "sourceBranch": build.branch,
            "sourceVersion": (!build.commit.is_zero()).then(|| build.commit.to_string()),
            "queue": definitions::queue(self.project, build.queue, links),
            "priority": build.priority,
            "reason": build.reason,
            "requestedFor": by,
            "requestedBy": by,
            "demands": (!build.demands.is_empty()).then_some(&build.demands),
            "quality": build.quality,
            "keepForever": build.keep_forever.then_some(true),
            "lastChangedDate": time(build.changed),
            "lastChangedBy": identity(&self.store.service_identity(), links),
            "parameters": build.parameters,
            "orchestrationPlan": { "planId": build.plan },
            "logs": { "id": 0, "type": "Container", "url": self.path("/logs") },
            "repository": self.repository(),
            "retainedByRelease": build.retained_by_release,
            "templateParameters": build.template_parameters,
            "appendCommitMessageToRunName": true,
        }));
        // OBSERVED: this one is null, not absent.
        with(shown, [("triggeredByBuild", Value::Null)])
    }

    /// One of its artifacts, as the build API shows it.
    pub fn artifact(&self, artifact: &Artifact) -> Value {
        let of = |more: &str| {
            let name = segment(&artifact.name);
            self.path(&format!(
                "/artifacts?artifactName={name}&api-version={}{more}",
                crate::wire::version::RELEASED_TEXT
            ))
        };
        without_nulls(json!({
            "id": artifact.id,
            "name": artifact.name,
            "source": artifact.source,
            "resource": {
                "type": artifact.kind,
                "data": artifact.data,
                "properties": artifact.properties,
                "url": of(""),
                "downloadUrl": of("&$format=zip"),
            },
        }))
    }

    /// One of its artifacts, as the pipelines API shows it.
    pub fn run_artifact(&self, artifact: &Artifact, signed: bool) -> Value {
        let name = segment(&artifact.name);
        let content = || self.path(&format!("/artifacts?artifactName={name}&$format=zip"));
        without_nulls(json!({
            "name": artifact.name,
            "url": format!("{}/artifacts?artifactName={name}", self.run()),
            "signedContent": signed.then(|| super::timeline::signed_url(content(), self.build.changed)),
        }))
    }

    fn repository(&self) -> Value {
        let source = self.store.source_of(self.definition);
        let name = source.map_or(&self.definition.repository.name, |r| &r.name);
        json!({
            "id": self.definition.repository.id,
            "type": self.definition.repository.kind,
            "name": name,
            "url": self.links.to(format_args!("{}/_git/{}", segment(&self.project.name), segment(name))),
            "clean": null,
            "checkoutSubmodules": false,
        })
    }

    /// As the pipelines API shows it.
    pub fn as_run(&self) -> Value {
        let build = self.build;
        let variables = definitions::variables(&build.variables);
        let without_permission = |v: Value| match v {
            Value::Object(members) => {
                Value::Object(members.into_iter().filter(|(k, _)| k != "allowOverride").collect())
            }
            other => other,
        };
        let variables: Option<Map<String, Value>> = match variables {
            Value::Object(all) if !all.is_empty() => {
                Some(all.into_iter().map(|(k, v)| (k, without_permission(v))).collect())
            }
            _ => None,
        };
        let own = json!({
            "repository": { "id": self.definition.repository.id, "type": "azureReposGit" },
            "refName": build.branch,
            "version": (!build.commit.is_zero()).then(|| build.commit.to_string()),
        });
        let mut repositories = Map::from_iter([("self".to_owned(), without_nulls(own))]);
        for other in &build.others {
            let shown = json!({
                "repository": { "id": other.repository, "type": "azureReposGit" },
                "refName": other.branch,
                "version": other.commit.map(|c| c.to_string()),
            });
            repositories.insert(other.alias.clone(), without_nulls(shown));
        }
        without_nulls(json!({
            "_links": {
                "self": link(self.run()),
                "web": link(self.web()),
                "pipeline.web": link(self.links.to(format_args!(
                    "{}/_build/definition?definitionId={}", self.project.id, self.definition.id))),
                "pipeline": link(self.links.to(format_args!(
                    "{}/_apis/pipelines/{}?revision={}", self.project.id, self.definition.id, build.definition_revision))),
            },
            "templateParameters": build.template_parameters,
            "pipeline": definitions::pipeline_reference(self.definition, self.project, self.links),
            "state": build.run_state(),
            "result": build.run_result(),
            "createdDate": time(build.queued),
            "finishedDate": build.finished.map(time),
            "url": self.run(),
            "resources": { "repositories": repositories },
            "variables": variables,
            // CHOICE: always shown; when the service leaves it out is not documented.
            "finalYaml": build.final_yaml,
            "id": build.id,
            "name": build.number,
        }))
    }
}

/// A deleted build, as lists show it.
pub fn deleted(shown: &Shown<'_>, of: &DeletedBuild) -> Value {
    with(
        shown.as_build(),
        [
            ("deleted", json!(true)),
            ("deletedDate", json!(time(of.at))),
            ("deletedBy", identity(&of.by, shown.links)),
        ],
    )
}

/// Properties as the service shows them: each value with its .NET type.
// OBSERVED: the form.
pub fn properties(of: &std::collections::BTreeMap<String, Value>) -> Value {
    let typed = |value: &Value| {
        let kind = match value {
            Value::Number(n) if n.is_i64() => "System.Int32",
            Value::Number(_) => "System.Double",
            Value::Bool(_) => "System.Boolean",
            _ => "System.String",
        };
        json!({ "$type": kind, "$value": value })
    };
    Value::Object(of.iter().map(|(name, value)| (name.clone(), typed(value))).collect())
}
