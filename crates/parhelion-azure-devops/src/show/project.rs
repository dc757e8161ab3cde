//! Projects and operations.

use super::{Links, identity, link, segment, time, with, without_nulls};
use crate::store::{AzureDevOpsStore, OperationRecord, Project};
use serde_json::{Value, json};
use uuid::Uuid;

/// Agile, Scrum, Basic, CMMI.
// OBSERVED: the ids of the service's own process templates.
const PROCESSES: &[(&str, &str, &str)] = &[
    ("adcc42ab-9882-485e-a3ed-7678f01f66bc", "Agile", "For teams that plan with user stories."),
    ("6b724908-ef14-45cf-84f8-768b5384da45", "Scrum", "For teams that work as Scrum says."),
    ("b8a3a935-7e91-48b8-a94c-606d37c3e9f2", "Basic", "For teams that want issues, tasks and epics only."),
    ("27450541-8e31-4150-9947-dc59f998fc01", "CMMI", "For teams that must show and improve how they work."),
];

/// The process of a project that asks for none.
pub const BASIC: Uuid = Uuid::from_u128(0xb8a3a935_7e91_48b8_a94c_606d37c3e9f2);

/// A project as lists and other resources show it.
pub fn reference(project: &Project, links: &Links) -> Value {
    without_nulls(json!({
        "id": project.id,
        "name": project.name,
        "description": (!project.description.is_empty()).then_some(&project.description),
        "url": links.to(format_args!("_apis/projects/{}", project.id)),
        "state": project.state,
        "revision": project.revision,
        "visibility": project.visibility,
        "lastUpdateTime": time(project.updated),
    }))
}

/// A project as it is got alone.
pub fn whole(store: &AzureDevOpsStore, project: &Project, links: &Links, capabilities: bool) -> Value {
    let url = links.to(format_args!("_apis/projects/{}", project.id));
    let collection = store.profile.as_ref().map_or(Uuid::nil(), |p| p.instance);
    let shown = with(
        reference(project, links),
        [
            (
                "_links",
                json!({
                    "self": link(url.clone()),
                    "collection": link(links.to(format_args!("_apis/projectCollections/{collection}"))),
                    "web": link(links.to(segment(&project.name))),
                }),
            ),
            (
                "defaultTeam",
                json!({
                    "id": project.team,
                    "name": format!("{} Team", project.name),
                    "url": format!("{url}/teams/{}", project.team),
                }),
            ),
        ],
    );
    if !capabilities {
        return shown;
    }
    let process = project.process.to_string();
    let template = PROCESSES.iter().find(|(id, ..)| *id == process).map_or("Custom", |(_, name, _)| name);
    with(
        shown,
        [(
            "capabilities",
            json!({
                "processTemplate": { "templateName": template, "templateTypeId": process },
                "versioncontrol": { "sourceControlType": "Git", "gitEnabled": "True", "tfvcEnabled": "False" },
            }),
        )],
    )
}

/// The properties that every project has.
// OBSERVED: names.
pub fn system_properties(project: &Project) -> [(&'static str, Value); 4] {
    let process = project.process.to_string();
    let template = PROCESSES.iter().find(|(id, ..)| *id == process).map_or("Custom", |(_, name, _)| name);
    [
        ("System.CurrentProcessTemplateId", json!(process)),
        ("System.Process Template", json!(template)),
        ("System.ProcessTemplateType", json!(process)),
        ("System.SourceControlGitEnabled", json!("True")),
    ]
}

/// The project's only team.
pub fn team(project: &Project, links: &Links) -> Value {
    let url = links.to(format_args!("_apis/projects/{}/teams/{}", project.id, project.team));
    json!({
        "id": project.team,
        "name": format!("{} Team", project.name),
        "url": url,
        "description": "The default project team.",
        "identityUrl": links.to(format_args!("_apis/Identities/{}", project.team)),
        "projectName": project.name,
        "projectId": project.id,
    })
}

/// The processes of an organization, or one of them by id.
pub fn processes(id: Option<Uuid>, links: &Links) -> Vec<Value> {
    let found = PROCESSES.iter().filter(|(known, ..)| id.is_none_or(|id| id.to_string() == *known));
    found
        .map(|(id, name, description)| {
            let url = links.to(format_args!("_apis/process/processes/{id}"));
            json!({
                "id": id,
                "description": description,
                "isDefault": *name == "Basic",
                "type": "system",
                "url": url,
                "name": name,
                "_links": { "self": link(url.clone()) },
            })
        })
        .collect()
}

/// What starting an operation answers.
pub fn started(operation: &OperationRecord, links: &Links) -> Value {
    json!({
        "id": operation.id,
        // OBSERVED: the status of the answer that starts it.
        "status": "notSet",
        "url": links.to(format_args!("_apis/operations/{}", operation.id)),
    })
}

/// An operation as it is polled.
pub fn operation(operation: &OperationRecord, links: &Links) -> Value {
    let url = links.to(format_args!("_apis/operations/{}", operation.id));
    let status = if operation.wait.is_some() { "inProgress" } else { "succeeded" };
    json!({ "id": operation.id, "status": status, "url": url, "_links": { "self": link(url.clone()) } })
}

/// `connectionData`.
pub fn connection_data(store: &AzureDevOpsStore, links: &Links) -> Value {
    let (instance, user) = (store.profile.as_ref().map_or(Uuid::nil(), |p| p.instance), store.user());
    let somebody = with(
        identity(&user, links),
        [
            ("subjectDescriptor", json!(format!("msa.{}", user.id.simple()))),
            ("providerDisplayName", json!(user.name)),
            ("isActive", json!(true)),
            ("properties", json!({ "Account": { "$type": "System.String", "$value": user.unique_name } })),
        ],
    );
    json!({
        "authenticatedUser": somebody,
        "authorizedUser": somebody,
        "instanceId": instance,
        "deploymentId": instance,
        "deploymentType": "hosted",
        "locationServiceData": {
            "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7",
            "defaultAccessMappingMoniker": "PublicAccessMapping",
            "lastChangeId": 1,
            "lastChangeId64": 1,
        },
    })
}
