//! Subscriptions, notifications, and what they are made of.

use super::{Links, identity, link, time, with, without_nulls};
use crate::{
    domain::service_hooks::{
        catalog::{EVENTS, EventType, Filter, HTTP_REQUEST, PUBLISHERS, SETTINGS, WEB_HOOKS},
        masked, shown_url,
    },
    store::{AzureDevOpsStore, Inputs, Notification, Subscription, Tracing, is_confidential},
};
use serde_json::{Map, Value, json};

fn to(path: impl std::fmt::Display, links: &Links) -> Value {
    link(links.to(format_args!("_apis/hooks/{path}")))
}

/// A subscription.
pub fn subscription(store: &AzureDevOpsStore, of: &Subscription, links: &Links) -> Value {
    let url = links.to(format_args!("_apis/hooks/subscriptions/{}", of.id));
    let user = identity(&store.user(), links);
    let mut filters = of.publisher_inputs.clone();
    filters.entry("tfsSubscriptionId".to_owned()).or_insert_with(|| of.id.to_string());
    let address = shown_url(of.consumer_inputs.get("url").map(String::as_str).unwrap_or_default());
    without_nulls(json!({
        "id": of.id,
        "url": url,
        "status": of.status,
        "publisherId": of.publisher,
        "eventType": of.event_type,
        "resourceVersion": of.resource_version,
        "eventDescription": described(of),
        "consumerId": of.consumer,
        "consumerActionId": of.action,
        "actionDescription": format!("To {address}"),
        "probationRetries": of.probation.as_ref().map(|p| p.retries),
        "lastProbationRetryDate": of.probation.as_ref().and_then(|p| p.last).map(time),
        "createdBy": user,
        "createdDate": time(of.created),
        "modifiedBy": user,
        "modifiedDate": time(of.modified),
        "publisherInputs": filters,
        "consumerInputs": masked(&of.consumer_inputs),
        "_links": {
            "self": link(url.clone()),
            "consumer": to(format_args!("consumers/{}", of.consumer), links),
            "actions": to(format_args!("consumers/{}/actions", of.consumer), links),
            "notifications": to(format_args!("subscriptions/{}/notifications", of.id), links),
            "publisher": to(format_args!("publishers/{}", of.publisher), links),
        },
    }))
}

/// The filters of a subscription in words.
fn described(of: &Subscription) -> String {
    let set = |(name, value): (&String, &String)| {
        (name != "projectId" && !value.is_empty()).then(|| format!("{name}: {value}"))
    };
    let all: Vec<String> = of.publisher_inputs.iter().filter_map(set).collect();
    if all.is_empty() { "Any".to_owned() } else { all.join(", ") }
}

/// A notification; `whole` with its request, answer and event.
pub fn notification(of: &Notification, whole: bool) -> Value {
    let shown = json!({
        "id": of.number,
        "subscriptionId": of.subscription,
        "subscriberId": uuid::Uuid::nil(),
        "eventId": of.event,
        "status": of.status,
        "result": of.result,
        "createdDate": time(of.created),
        "modifiedDate": time(of.modified),
    });
    if !whole {
        return shown;
    }
    let details = without_nulls(json!({
        "eventType": of.event_type,
        "event": serde_json::from_str::<Value>(&of.body).ok(),
        "publisherId": of.publisher,
        "consumerId": of.consumer,
        "consumerActionId": of.action,
        "publisherInputs": of.publisher_inputs,
        "consumerInputs": of.consumer_inputs,
        "request": of.request,
        "response": of.response,
        "errorMessage": of.error,
        "requestAttempts": of.attempts,
        // Seconds.
        "requestDuration": std::time::Duration::from_millis(of.duration_ms).as_secs_f64(),
        "queuedDate": time(of.created),
        "dequeuedDate": of.sent.map(time),
        "processedDate": of.sent.map(time),
        "completedDate": of.completed.map(time),
    }));
    with(shown, [("details", details)])
}

/// An input as it is described.
fn input(of: &Filter, required: bool) -> Value {
    let possible: Vec<Value> = of.values.iter().map(|v| json!({ "value": v, "displayValue": v })).collect();
    let values = (!possible.is_empty()).then(|| {
        json!({
            "inputId": of.id,
            "defaultValue": "",
            "isLimitedToPossibleValues": true,
            "possibleValues": possible,
        })
    });
    let mode = match (is_confidential(of.id), of.values.is_empty()) {
        (true, _) => "passwordBox",
        (_, true) => "textBox",
        _ => "combo",
    };
    without_nulls(json!({
        "id": of.id,
        "name": of.id,
        "description": of.description,
        "inputMode": mode,
        "isConfidential": is_confidential(of.id),
        "hasDynamicValueInformation": false,
        "useInDefaultDescription": true,
        "validation": { "dataType": "string", "isRequired": required },
        "values": values,
    }))
}

/// An event type.
pub fn event_type(of: &EventType, links: &Links) -> Value {
    json!({
        "id": of.id,
        "name": of.name,
        "description": of.description,
        "publisherId": of.publisher,
        "supportedResourceVersions": of.versions,
        "inputDescriptors": of.filters.iter().map(|f| input(f, false)).collect::<Vec<_>>(),
        "url": links.to(format_args!("_apis/hooks/publishers/{}/eventTypes/{}", of.publisher, of.id)),
    })
}

/// All publishers.
pub fn publishers(links: &Links) -> Vec<Value> {
    let shown = |(id, name, description): &(&str, &str, &str)| {
        let url = links.to(format_args!("_apis/hooks/publishers/{id}"));
        let events = EVENTS.iter().filter(|e| e.publisher == *id).map(|e| event_type(e, links));
        json!({
            "id": id,
            "name": name,
            "description": description,
            "url": url,
            "inputDescriptors": [],
            "supportedEvents": events.collect::<Vec<_>>(),
            "_links": { "self": link(url.clone()) },
        })
    };
    PUBLISHERS.iter().map(shown).collect()
}

/// The one action.
pub fn action(links: &Links) -> Value {
    let url = links.to(format_args!("_apis/hooks/consumers/{WEB_HOOKS}/actions/{HTTP_REQUEST}"));
    let versions: Map<String, Value> = EVENTS.iter().map(|e| (e.id.to_owned(), json!(e.versions))).collect();
    json!({
        "id": HTTP_REQUEST,
        "consumerId": WEB_HOOKS,
        "name": "Post via HTTP",
        "description": "Posts a JSON representation of the event to a URL",
        "allowResourceVersionOverride": true,
        "supportedEventTypes": EVENTS.iter().map(|e| e.id).collect::<Vec<_>>(),
        "supportedResourceVersions": versions,
        "inputDescriptors": SETTINGS.iter().map(|f| input(f, f.id == "url")).collect::<Vec<_>>(),
        "url": url,
        "_links": { "self": link(url.clone()) },
    })
}

/// The one consumer.
pub fn consumer(links: &Links) -> Value {
    let url = links.to(format_args!("_apis/hooks/consumers/{WEB_HOOKS}"));
    json!({
        "id": WEB_HOOKS,
        "name": "Web Hooks",
        "description": "Posts events to a URL of yours",
        "authenticationType": "none",
        "inputDescriptors": [],
        "actions": [action(links)],
        "url": url,
        "_links": { "self": link(url.clone()) },
    })
}

/// What is counted of a subscription.
pub fn diagnostics(of: &Subscription) -> Value {
    let shown = |t: &Tracing| {
        without_nulls(json!({
            "enabled": t.since.is_some(),
            "startDate": t.since.map(time),
            "tracedEntries": t.entries,
            // CHOICE: counting does not end by itself.
            "maxTracedEntries": i32::MAX,
        }))
    };
    json!({
        "deliveryResults": shown(&of.results),
        "deliveryTracing": shown(&of.delivery),
        "evaluationTracing": shown(&of.evaluation),
    })
}

/// Inputs out of a body, as filters compare them.
pub fn value_of<'a>(inputs: &'a Inputs, name: &str) -> &'a str {
    inputs.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v)
}
