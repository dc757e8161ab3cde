//! Service endpoints.

use super::{Links, identity, without_nulls};
use crate::store::{AzureDevOpsStore, Endpoint, is_secret};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// An endpoint, named as it is in that project (or in the first it stands in). Its secrets show as `null`, or,
/// without `secrets`, not at all.
pub fn endpoint(
    store: &AzureDevOpsStore,
    endpoint: &Endpoint,
    project: Option<Uuid>,
    links: &Links,
    secrets: bool,
) -> Value {
    let here = project.and_then(|p| endpoint.share(p)).or_else(|| endpoint.shares.first());
    let parameters: Map<String, Value> = endpoint
        .parameters
        .iter()
        .filter(|(name, _)| secrets || !is_secret(name))
        .map(|(name, value)| (name.clone(), if is_secret(name) { Value::Null } else { json!(value) }))
        .collect();
    let references: Vec<Value> = endpoint
        .shares
        .iter()
        .map(|share| {
            let name = store.projects.get(&share.project).map(|p| p.name.clone());
            json!({
                "projectReference": without_nulls(json!({ "id": share.project, "name": name })),
                "name": share.name,
                "description": share.description,
            })
        })
        .collect();
    json!({
        "data": endpoint.data,
        "id": endpoint.id,
        "name": here.map_or("", |s| &s.name),
        "type": endpoint.kind,
        "url": endpoint.url,
        "createdBy": identity(&store.user(), links),
        "description": here.map_or("", |s| &s.description),
        "authorization": { "parameters": parameters, "scheme": endpoint.scheme },
        "isShared": endpoint.shares.len() > 1,
        "isReady": true,
        "isOutdated": false,
        "owner": endpoint.owner,
        "operationStatus": { "state": "Ready", "statusMessage": "" },
        "serviceEndpointProjectReferences": references,
    })
}
