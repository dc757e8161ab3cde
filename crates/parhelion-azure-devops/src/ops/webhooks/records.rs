//! The records of incoming requests and of trigger issues: bounded, and as the control API shows them.

use crate::store::{AzureDevOpsStore, MAX_ISSUES, TriggerIssue, WebhookDelivery};
use parhelion_state::Tx;
use serde_json::{Value, json};

/// Keeps a trigger issue.
pub fn issue(store: &mut AzureDevOpsStore, issue: TriggerIssue, tx: &mut Tx<'_>) {
    store.issues.put(tx.number("trigger-issue"), issue);
    if store.issues.len() > MAX_ISSUES
        && let Some(oldest) = store.issues.get_min().map(|(n, _)| *n)
    {
        store.issues.remove(&oldest);
    }
}

/// The requests to a name, or those that considered a pipeline; oldest first, each with its number.
pub fn deliveries<'s>(
    store: &'s AzureDevOpsStore,
    name: Option<&str>,
    pipeline: Option<u32>,
) -> impl Iterator<Item = (u64, &'s WebhookDelivery)> {
    let wanted = move |d: &WebhookDelivery| {
        name.is_none_or(|n| n.eq_ignore_ascii_case(&d.name))
            && pipeline.is_none_or(|p| d.outcomes.iter().any(|o| o.pipeline_id == p))
    };
    store.deliveries.iter().map(|(n, d)| (*n, &**d)).filter(move |(_, d)| wanted(d))
}

/// Headers that hold credentials: nobody asks for them here, and they are never shown.
pub fn is_credential(header: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie"].iter().any(|h| h.eq_ignore_ascii_case(header))
}

/// One request.
pub fn delivery(of: &WebhookDelivery) -> Value {
    let outcomes = of.outcomes.iter().map(|o| {
        let mut shown = serde_json::to_value(o).unwrap_or_default();
        if let Some(filter) = &o.filter {
            shown["filter"] = json!({
                "path": filter.path, "selected": filter.selected, "expected": filter.expected, "reason": filter.reason,
            });
        }
        shown
    });
    let show = |(name, value): &(String, String)| {
        (name.clone(), if is_credential(name) { "****".to_owned() } else { value.clone() })
    };
    let mut shown = json!({
        "id": of.id,
        "received_at": crate::show::time(of.at),
        "webhook_name": of.name,
        "headers": of.headers.iter().map(show).collect::<Vec<_>>(),
        "body_base64": of.body,
        "status": of.status,
        "outcomes": outcomes.collect::<Vec<_>>(),
    });
    if let Some(message) = &of.message {
        shown["message"] = json!(message);
    }
    if let Some(first) = of.redelivery_of {
        shown["redelivery_of"] = json!(first);
    }
    shown
}

/// Trigger issues, of one pipeline or all; oldest first, each with its number.
pub fn issues(store: &AzureDevOpsStore, pipeline: Option<u32>) -> impl Iterator<Item = (u64, &TriggerIssue)> {
    let wanted = move |i: &TriggerIssue| pipeline.is_none_or(|p| i.pipeline_id == p);
    store.issues.iter().map(|(n, i)| (*n, &**i)).filter(move |(_, i)| wanted(i))
}

/// One trigger issue.
pub fn trigger_issue(of: &TriggerIssue) -> Value {
    json!({
        "timestamp": crate::show::time(of.timestamp),
        "pipeline_id": of.pipeline_id,
        "alias": of.alias,
        "is_error": of.is_error,
        "message": of.message,
    })
}
