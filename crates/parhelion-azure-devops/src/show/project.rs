//! Projects and operations.

use super::{Links, identity, link, segment, time, with, without_nulls};
use crate::store::{AzureDevOpsStore, OperationRecord, Project};
use serde_json::{Value, json};
use uuid::Uuid;

/// Agile, Scrum, Basic, CMMI.
// OBSERVED: the ids of the service's own process templates.
const PROCESSES: &[(&str, &str)] = &[
    ("adcc42ab-9882-485e-a3ed-7678f01f66bc", "Agile"),
    ("6b724908-ef14-45cf-84f8-768b5384da45", "Scrum"),
    ("b8a3a935-7e91-48b8-a94c-606d37c3e9f2", "Basic"),
    ("27450541-8e31-4150-9947-dc59f998fc01", "CMMI"),
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
        "state": "wellFormed",
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
    let template = PROCESSES.iter().find(|(id, _)| *id == process).map_or("Custom", |(_, name)| name);
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
    // CHOICE: it has succeeded by the first poll.
    json!({ "id": operation.id, "status": "succeeded", "url": url, "_links": { "self": link(url.clone()) } })
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
