//! Variable groups.

use super::{Links, identity, time, without_nulls};
use crate::store::{AzureDevOpsStore, VariableGroup};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A group, named as it is in that project (or in the first it stands in). Its secrets show as `null`.
pub fn variable_group(
    store: &AzureDevOpsStore,
    group: &VariableGroup,
    project: Option<Uuid>,
    links: &Links,
) -> Value {
    let here = project.and_then(|p| group.share(p)).or_else(|| group.shares.first());
    let variables: Map<String, Value> = group
        .variables
        .iter()
        .map(|(name, variable)| {
            // OBSERVED: only a secret says whether it is one.
            let mut shown = without_nulls(json!({
                "isSecret": variable.is_secret.then_some(true),
                "isReadOnly": variable.is_read_only.then_some(true),
            }));
            shown["value"] = if variable.is_secret { Value::Null } else { json!(variable.value) };
            (name.clone(), shown)
        })
        .collect();
    let references: Vec<Value> = group
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
    without_nulls(json!({
        "variables": variables,
        "id": group.id,
        "type": group.kind,
        "name": here.map_or("", |s| &s.name),
        "description": here.map_or("", |s| &s.description),
        "providerData": group.provider,
        "createdBy": identity(&store.user(), links),
        "createdOn": time(group.created),
        "modifiedBy": identity(&store.user(), links),
        "modifiedOn": time(group.modified),
        "isShared": group.shares.len() > 1,
        "variableGroupProjectReferences": references,
    }))
}
