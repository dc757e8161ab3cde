//! Definitions, and the same as pipelines.

use super::{Links, identity, link, segment, time, with, without_nulls};
use crate::store::{AzureDevOpsStore, BuildStatus, Definition, Process, Project, Variable};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A definition as other resources refer to it.
pub fn reference(definition: &Definition, project: &Project, links: &Links) -> Value {
    json!({
        "drafts": [],
        "id": definition.id,
        "name": definition.name,
        "url": url(definition, project, links),
        "uri": format!("vstfs:///Build/Definition/{}", definition.id),
        "path": definition.path,
        "type": "build",
        "queueStatus": definition.queue_status,
        "revision": definition.revision,
        "project": super::project::reference(project, links),
    })
}

fn url(definition: &Definition, project: &Project, links: &Links) -> String {
    links.to(format_args!(
        "{}/_apis/build/Definitions/{}?revision={}",
        project.id, definition.id, definition.revision
    ))
}

fn web(definition: &Definition, project: &Project, links: &Links) -> String {
    links.to(format_args!("{}/_build/definition?definitionId={}", project.id, definition.id))
}

/// A queue of the project.
pub fn queue(project: &Project, id: u32, links: &Links) -> Value {
    let Some(queue) = project.queue(id) else { return Value::Null };
    json!({
        "_links": { "self": link(links.to(format_args!("_apis/build/Queues/{id}"))) },
        "id": id,
        "name": queue.name,
        "url": links.to(format_args!("_apis/build/Queues/{id}")),
        "pool": { "id": queue.pool, "name": queue.name, "isHosted": queue.hosted },
    })
}

/// A definition as lists show it.
pub fn shallow(store: &AzureDevOpsStore, definition: &Definition, project: &Project, links: &Links) -> Value {
    with(
        reference(definition, project, links),
        [
            (
                "_links",
                json!({
                    "self": link(url(definition, project, links)),
                    "web": link(web(definition, project, links)),
                    "editor": link(links.to(format_args!(
                        "{}/_build/designer?id={}&_a=edit-build-definition", project.id, definition.id))),
                    "badge": link(links.to(format_args!("{}/_apis/build/status/{}", project.id, definition.id))),
                }),
            ),
            ("quality", json!("definition")),
            ("authoredBy", identity(&store.user(), links)),
            ("queue", queue(project, definition.queue, links)),
            ("createdDate", json!(time(definition.created))),
        ],
    )
}

/// A definition in full.
pub fn whole(store: &AzureDevOpsStore, definition: &Definition, project: &Project, links: &Links) -> Value {
    let source = store.source_of(definition);
    let repository = without_nulls(json!({
        "properties": {},
        "id": definition.repository.id,
        "type": definition.repository.kind,
        // A repository that was renamed shows its present name.
        "name": source.map_or(&definition.repository.name, |r| &r.name),
        "url": if definition.repository.url.is_empty() {
            source.map(|r| links.to(format_args!("{}/_git/{}", segment(&project.name), segment(&r.name))))
        } else {
            Some(definition.repository.url.clone())
        },
        "defaultBranch": store.default_branch(definition),
        "checkoutSubmodules": false,
    }));
    let process = match &definition.process {
        Process::Yaml(file) => json!({ "yamlFilename": file, "type": 2 }),
        Process::Designer(members) => with(Value::Object(members.clone()), [("type", json!(1))]),
    };
    let mut shown = Map::new();
    for (name, default) in [
        ("triggers", json!([])),
        ("properties", json!({})),
        ("tags", json!(definition.tags)),
        ("jobAuthorizationScope", json!("project")),
        ("jobTimeoutInMinutes", json!(60)),
        ("jobCancelTimeoutInMinutes", json!(5)),
    ] {
        shown.insert(name.to_owned(), default);
    }
    shown.extend(definition.settings.clone());
    shown.insert("process".into(), process);
    shown.insert("repository".into(), with(repository, [("clean", Value::Null)]));
    if !definition.variables.is_empty() {
        shown.insert("variables".into(), variables(&definition.variables));
    }
    if let Value::Object(members) = shallow(store, definition, project, links) {
        shown.extend(members);
    }
    Value::Object(shown)
}

/// A definition with the newest of its builds, and the newest that is completed.
pub fn with_latest_builds(
    store: &AzureDevOpsStore,
    shown: Value,
    definition: &Definition,
    project: &Project,
    links: &Links,
) -> Value {
    let of = || store.builds.values().rev().filter(|b| b.definition == definition.id);
    let show = |build| super::build::Shown { store, project, definition, build, links }.as_build();
    let latest = of().next().map(|b| ("latestBuild", show(b)));
    let completed =
        of().find(|b| b.status == BuildStatus::Completed).map(|b| ("latestCompletedBuild", show(b)));
    with(shown, latest.into_iter().chain(completed))
}

/// A definition's place in its history.
pub fn revision(
    store: &AzureDevOpsStore,
    definition: &Definition,
    project: &Project,
    links: &Links,
) -> Value {
    without_nulls(json!({
        "revision": definition.revision,
        "name": definition.name,
        "changedBy": identity(&store.user(), links),
        "changedDate": time(definition.created),
        "changeType": if definition.revision == 1 { "add" } else { "update" },
        "comment": definition.settings.get("comment"),
        "definitionUrl": url(definition, project, links),
    }))
}

/// Variables; a secret's value shows as `null`.
pub fn variables(of: &BTreeMap<String, Variable>) -> Value {
    let shown = of.iter().map(|(name, v)| {
        let mut one = json!({ "value": if v.is_secret { Value::Null } else { json!(v.value) } });
        if v.is_secret {
            one["isSecret"] = json!(true);
        }
        if v.allow_override {
            one["allowOverride"] = json!(true);
        }
        (name.clone(), one)
    });
    Value::Object(shown.collect())
}

/// A pipeline as runs refer to it.
pub fn pipeline_reference(definition: &Definition, project: &Project, links: &Links) -> Value {
    json!({
        "url": pipeline_url(definition, project, links),
        "id": definition.id,
        "revision": definition.revision,
        "name": definition.name,
        "folder": definition.path,
    })
}

fn pipeline_url(definition: &Definition, project: &Project, links: &Links) -> String {
    links
        .to(format_args!("{}/_apis/pipelines/{}?revision={}", project.id, definition.id, definition.revision))
}

/// A pipeline in full.
pub fn pipeline(definition: &Definition, project: &Project, links: &Links, configuration: bool) -> Value {
    let shown = with(
        json!({
            "_links": {
                "self": link(pipeline_url(definition, project, links)),
                "web": link(web(definition, project, links)),
            },
        }),
        configuration.then(|| ("configuration", configured(definition))),
    );
    let Value::Object(reference) = pipeline_reference(definition, project, links) else { return shown };
    match shown {
        Value::Object(mut members) => {
            members.extend(reference);
            Value::Object(members)
        }
        other => other,
    }
}

fn configured(definition: &Definition) -> Value {
    match &definition.process {
        Process::Yaml(file) => {
            let kind = if definition.repository.is_ours() {
                "azureReposGit".to_owned()
            } else {
                let mut kind = definition.repository.kind.clone();
                if let Some(first) = kind.get_mut(..1) {
                    first.make_ascii_lowercase();
                }
                kind
            };
            json!({ "path": file, "repository": { "id": definition.repository.id, "type": kind }, "type": "yaml" })
        }
        Process::Designer(_) => json!({ "type": "designerJson" }),
    }
}
