//! Telling an event to the subscriptions that want it.

use super::{
    envelope::{Envelope, Message},
    filter,
    happened::Happening,
    send,
};
use crate::{
    domain::{
        push::Pushed,
        run::life::{Moved, Part, Turn},
    },
    show::Links,
    store::{
        Approval, AzureDevOpsStore, Build, Inputs, MASKED, Notification, NotificationResult,
        NotificationStatus, Subscription, is_confidential,
    },
};
use parhelion_core::{Cause, Event, EventNo, Verdict};
use parhelion_state::Tx;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Subscriptions that do not want an event and are named one by one in the journal.
const NAMED_MISSES: usize = 10;

/// An event as it is told to one subscription.
#[derive(Clone, Debug)]
pub struct Told {
    /// The event's id.
    pub event: Uuid,
    /// Where it happened.
    pub project: Option<Uuid>,
    /// What it is about.
    pub resource: Value,
    /// What it says, in short and in long.
    pub messages: (Message, Message),
}

/// Tells what moved of a run.
pub fn moved(store: &mut AzureDevOpsStore, build: &Build, moved: Moved, cause: Cause, tx: &mut Tx<'_>) {
    if store.subscriptions.is_empty() {
        return;
    }
    let Moved(part, turn) = moved;
    tell(store, Happening::Moved(build, part, turn), cause.clone(), tx);
    if (part, turn) == (Part::Run, Turn::Ended) {
        tell(store, Happening::Built(build), cause, tx);
    }
}

/// Tells that an approval is asked for, or is over.
pub fn approval(
    store: &mut AzureDevOpsStore,
    build: &Build,
    approval: &Approval,
    over: bool,
    cause: Cause,
    tx: &mut Tx<'_>,
) {
    tell(store, Happening::Approval(build, approval, over), cause, tx);
}

/// Tells a push.
pub fn pushed(store: &mut AzureDevOpsStore, pushed: &Pushed, cause: EventNo, tx: &mut Tx<'_>) {
    tell(store, Happening::Pushed(&pushed.record, &pushed.repository), cause.into(), tx);
}

/// Tells an event to each subscription of its type that wants it, and the journal why to the others not.
fn tell(store: &mut AzureDevOpsStore, happening: Happening<'_>, cause: Cause, tx: &mut Tx<'_>) {
    let Some(event) = happening.event() else { return };
    let of_type = |s: &&Arc<Subscription>| s.event_type == event.id;
    let considered: Vec<Arc<Subscription>> = store.subscriptions.values().filter(of_type).cloned().collect();
    if considered.is_empty() {
        return;
    }
    let id = tx.uuid("event");
    let mut misses = 0usize;
    for subscription in considered {
        if subscription.evaluation.since.is_some() {
            store.subscriptions.edit(&subscription.id, |s| s.evaluation.count());
        }
        let matched = Event::new("hook.matched", super::subject(subscription.id))
            .because(cause.clone())
            .with("event", event.id)
            .with("of", happening.subject());
        let miss = match filter::judge(&subscription, &happening, store) {
            Err(miss) => miss,
            Ok(()) => {
                let links = Links::at(store, &subscription.base);
                let Some(resource) = happening.resource(store, &subscription.resource_version, &links) else {
                    continue;
                };
                let messages = happening.messages(store, &links);
                let project = Some(happening.project());
                let told = Told { event: id, project, resource, messages };
                let url = subscription.consumer_inputs.get("url").map(String::as_str).unwrap_or_default();
                let shown = send::shown_url(url);
                let fact = format!("subscription {} wants {}: {shown} is told", subscription.id, event.id);
                let number = tx.emit(matched.fact(fact).verdict(Verdict::Ok).with("url", shown));
                notify(store, &subscription, told, false, number, tx);
                continue;
            }
        };
        misses += 1;
        if misses <= NAMED_MISSES {
            let fact = format!("subscription {} is not told of {}: {}", subscription.id, event.id, miss.fact);
            tx.emit(matched.fact(fact).verdict(Verdict::Skipped).with("filter", miss.filter));
        }
    }
    if let Some(more) = misses.checked_sub(NAMED_MISSES).filter(|more| *more > 0) {
        let fact = format!("{more} more subscriptions are not told of {}", event.id);
        let event = Event::new("hook.matched", happening.subject()).because(cause);
        tx.emit(event.fact(fact).verdict(Verdict::Skipped));
    }
}

/// Inputs as answers show them.
pub fn masked(inputs: &Inputs) -> Inputs {
    let shown = |(name, value): (&String, &String)| {
        let value = if is_confidential(name) && !value.is_empty() { MASKED } else { value.as_str() };
        (name.clone(), value.to_owned())
    };
    inputs.iter().map(shown).collect()
}

/// Sends an event to a subscription; the notification's number. A test is sent once, whatever comes of it.
pub fn notify(
    store: &mut AzureDevOpsStore,
    subscription: &Subscription,
    told: Told,
    test: bool,
    cause: EventNo,
    tx: &mut Tx<'_>,
) -> u64 {
    let number = tx.number("notification");
    let links = Links::at(store, &subscription.base);
    let envelope = Envelope {
        subscription: subscription.id,
        notification: number,
        id: told.event,
        event_type: subscription.event_type.clone(),
        publisher: subscription.publisher.clone(),
        messages: told.messages,
        resource: told.resource,
        version: subscription.resource_version.clone(),
        containers: containers(store, told.project, &links),
        created: tx.now(),
    };
    let settings = &subscription.consumer_inputs;
    let notification = Notification {
        number,
        subscription: subscription.id,
        event: told.event,
        publisher: subscription.publisher.clone(),
        event_type: subscription.event_type.clone(),
        consumer: subscription.consumer.clone(),
        action: subscription.action.clone(),
        publisher_inputs: subscription.publisher_inputs.clone(),
        consumer_inputs: masked(settings),
        test,
        status: NotificationStatus::Queued,
        result: NotificationResult::Pending,
        created: tx.now(),
        modified: tx.now(),
        sent: None,
        completed: None,
        attempts: 0,
        duration_ms: 0,
        request: send::shown_request(settings),
        response: None,
        error: None,
        body: envelope.body(settings).to_string().into(),
    };
    tx.deliver(send::delivery(&notification, settings, test), cause);
    store.keep_notification(notification);
    number
}

fn containers(store: &AzureDevOpsStore, project: Option<Uuid>, links: &Links) -> Value {
    let base = links.to("");
    let instance = store.profile.as_ref().map_or_else(Uuid::nil, |p| p.instance);
    let project = project.unwrap_or_default();
    json!({
        "collection": { "id": instance, "baseUrl": base },
        "account": { "id": instance, "baseUrl": base },
        "project": { "id": project, "baseUrl": base },
    })
}
