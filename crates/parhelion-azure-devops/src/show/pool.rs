//! Agent pools and queues.

use super::{Links, identity, time, with};
use crate::store::{AzureDevOpsStore, Pool, Project, Queue};
use serde_json::{Value, json};

/// A pool as others refer to it.
fn reference(store: &AzureDevOpsStore, pool: &Pool) -> Value {
    json!({
        "id": pool.id,
        "scope": store.profile.as_ref().map(|p| p.instance),
        "name": pool.name,
        "isHosted": pool.hosted,
        "poolType": pool.kind,
        // Nothing stands in a pool: what runs is simulated, or run by the emulator itself.
        "size": 0,
        "isLegacy": false,
        "options": "none",
    })
}

/// A pool in full.
pub fn pool(store: &AzureDevOpsStore, pool: &Pool, links: &Links) -> Value {
    let by = identity(&store.user(), links);
    with(
        reference(store, pool),
        [
            ("createdOn", json!(time(pool.created))),
            ("autoProvision", json!(pool.auto_provision)),
            ("autoUpdate", json!(pool.auto_update)),
            ("autoSize", json!(true)),
            ("targetSize", Value::Null),
            ("agentCloudId", if pool.hosted { json!(1) } else { Value::Null }),
            ("createdBy", by.clone()),
            ("owner", by),
        ],
    )
}

/// A queue of a project.
pub fn queue(store: &AzureDevOpsStore, queue: &Queue, project: &Project) -> Value {
    json!({
        "id": queue.id,
        "projectId": project.id,
        "name": queue.name,
        "pool": store.pools.get(&queue.pool).map(|pool| reference(store, pool)),
    })
}
