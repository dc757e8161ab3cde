//! Service hooks: who is told of which events, and what came of each telling.

use super::AzureDevOpsStore;
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// Subscriptions of an organization at most.
// CHOICE: each costs a look at every event.
pub const MAX_SUBSCRIPTIONS: usize = 1_000;
/// Notifications kept in an organization; the oldest go first.
// CHOICE: stands for the service's fourteen days.
pub const MAX_NOTIFICATIONS: usize = 2_000;
/// Texts of those notifications in all, bytes.
pub const MAX_NOTIFICATION_BYTES: usize = 32 * 1024 * 1024;
/// What stands in answers for an input that is kept to ourselves.
pub const MASKED: &str = "********";

/// The inputs of a publisher or consumer by name.
pub type Inputs = BTreeMap<String, String>;

/// Whether an input of a consumer is shown as [`MASKED`].
pub fn is_confidential(input: &str) -> bool {
    input.eq_ignore_ascii_case("basicAuthPassword")
}

/// Somebody who wants to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// The id.
    pub id: Uuid,
    /// Whether events go out.
    pub status: SubscriptionStatus,
    /// The publisher of the event.
    pub publisher: String,
    /// The event.
    pub event_type: String,
    /// The form of the resource, as answers show it.
    pub resource_version: String,
    /// Who is told: `webHooks`.
    pub consumer: String,
    /// How: `httpRequest`.
    pub action: String,
    /// Which of the events; an absent or empty one leaves all in.
    pub publisher_inputs: Inputs,
    /// Where and how they go.
    pub consumer_inputs: Inputs,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed.
    pub modified: Timestamp,
    /// Where the links of its events begin: the server as the one who made it addressed it.
    pub base: String,
    /// While its status is `onProbation`.
    pub probation: Option<Probation>,
    /// What is counted of the events that were considered.
    pub evaluation: Tracing,
    /// What is counted of the attempts to deliver.
    pub delivery: Tracing,
    /// What is counted of the outcomes.
    pub results: Tracing,
}

/// Whether a subscription's events go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SubscriptionStatus {
    /// They do.
    Enabled,
    /// Only the one that failed.
    OnProbation,
    /// No: somebody said so.
    DisabledByUser,
    /// No: the receiver failed too often, or is gone.
    DisabledBySystem,
}

/// A subscription whose receiver failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probation {
    /// The notification that is sent again.
    pub notification: u64,
    /// How often it has been.
    pub retries: u32,
    /// When it was last.
    pub last: Option<Timestamp>,
    /// When it is next; `None` while it is out.
    pub next: Option<Timestamp>,
}

/// A counter that can be switched on (`Diagnostics`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracing {
    /// Since when it counts.
    pub since: Option<Timestamp>,
    /// What it has counted.
    pub entries: u32,
}

impl Tracing {
    /// Counts one, if it is on.
    pub fn count(&mut self) {
        if self.since.is_some() {
            self.entries = self.entries.saturating_add(1);
        }
    }
}

/// An event told, or to be told, to one subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The number, of the organization's counter.
    pub number: u64,
    /// The subscription; nil for a test of none.
    pub subscription: Uuid,
    /// The event.
    pub event: Uuid,
    /// The event's publisher.
    pub publisher: String,
    /// The event's type.
    pub event_type: String,
    /// The consumer.
    pub consumer: String,
    /// The consumer's action.
    pub action: String,
    /// The subscription's filters at that time.
    pub publisher_inputs: Inputs,
    /// The subscription's settings at that time.
    pub consumer_inputs: Inputs,
    /// Whether somebody asked for it, so that its outcome changes no subscription.
    pub test: bool,
    /// Where it stands.
    pub status: NotificationStatus,
    /// What came of it.
    pub result: NotificationResult,
    /// When it was made.
    pub created: Timestamp,
    /// When something of it changed.
    pub modified: Timestamp,
    /// When the first attempt began.
    pub sent: Option<Timestamp>,
    /// When it was over.
    pub completed: Option<Timestamp>,
    /// Attempts so far.
    pub attempts: u32,
    /// How long the last attempt took, milliseconds.
    pub duration_ms: u64,
    /// Method, address and headers as they may be shown.
    pub request: String,
    /// The answer to the last attempt.
    pub response: Option<String>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The event as it is sent.
    pub body: Arc<str>,
}

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotificationStatus {
    /// It has not been sent.
    Queued,
    /// It has been, and will be again.
    Processing,
    /// It is over.
    Completed,
}

/// What came of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotificationResult {
    /// It is not over.
    Pending,
    /// The receiver took it.
    Succeeded,
    /// It did not.
    Failed,
}

impl Notification {
    /// What its texts hold, bytes.
    pub fn weight(&self) -> usize {
        let inputs = |i: &Inputs| i.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>();
        let texts = [Some(&self.request), self.response.as_ref(), self.error.as_ref()];
        self.body.len()
            + texts.into_iter().flatten().map(String::len).sum::<usize>()
            + inputs(&self.publisher_inputs)
            + inputs(&self.consumer_inputs)
    }
}

impl AzureDevOpsStore {
    /// Keeps a notification; the oldest go when there are too many. One on which a subscription's probation rests stays.
    pub fn keep_notification(&mut self, notification: Notification) {
        self.take_notification(notification.number);
        self.notification_bytes += notification.weight();
        self.notifications.put(notification.number, notification);
        let on_trial = |n: &Notification| {
            let of = self.subscriptions.get(&n.subscription).and_then(|s| s.probation.as_ref());
            of.is_some_and(|p| p.notification == n.number)
        };
        let (mut gone, mut left, mut bytes) = (Vec::new(), self.notifications.len(), self.notification_bytes);
        for oldest in self.notifications.values().filter(|n| !on_trial(n)) {
            if left <= MAX_NOTIFICATIONS && bytes <= MAX_NOTIFICATION_BYTES {
                break;
            }
            gone.push(oldest.number);
            left -= 1;
            bytes = bytes.saturating_sub(oldest.weight());
        }
        for number in gone {
            self.take_notification(number);
        }
    }
    fn take_notification(&mut self, number: u64) {
        if let Some(gone) = self.notifications.get(&number).cloned() {
            self.notification_bytes = self.notification_bytes.saturating_sub(gone.weight());
            self.notifications.remove(&number);
        }
    }
    /// Puts a subscription in its place, and in the queue of those on probation.
    pub fn put_subscription(&mut self, subscription: Subscription) {
        let due = |s: &Subscription| Some((s.probation.as_ref()?.next?, s.id));
        if let Some(before) = self.subscriptions.get(&subscription.id).and_then(|s| due(s)) {
            self.probations.remove(&before);
        }
        if let Some(next) = due(&subscription) {
            self.probations.put(next, ());
        }
        self.subscriptions.put(subscription.id, subscription);
    }
    /// Takes out a subscription with its notifications.
    pub fn forget_subscription(&mut self, id: Uuid) {
        if let Some(mut gone) = self.subscriptions.get(&id).map(|s| s.as_ref().clone()) {
            gone.probation = None;
            self.put_subscription(gone);
            self.subscriptions.remove(&id);
        }
        let told: Vec<u64> =
            self.notifications.values().filter(|n| n.subscription == id).map(|n| n.number).collect();
        for number in told {
            self.take_notification(number);
        }
    }
    /// When the next event of a subscription on probation is sent again.
    pub fn next_probation(&self) -> Option<Timestamp> {
        self.probations.get_min().map(|((at, _), _)| *at)
    }
    /// The subscription whose failed event is to be sent again by now.
    pub fn due_probation(&self, now: Timestamp) -> Option<Arc<Subscription>> {
        let ((at, id), _) = self.probations.get_min()?;
        (*at <= now).then(|| self.subscriptions.get(id).cloned()).flatten()
    }
    /// Panics when an invariant does not hold.
    pub(super) fn check_service_hooks(&self) {
        assert!(self.subscriptions.len() <= MAX_SUBSCRIPTIONS);
        let weights = self.notifications.values().map(|n| n.weight());
        assert_eq!(self.notification_bytes, weights.sum::<usize>());
        for subscription in self.subscriptions.values() {
            let on = subscription.status == SubscriptionStatus::OnProbation;
            assert_eq!(on, subscription.probation.is_some(), "subscription {}", subscription.id);
            let next = subscription.probation.as_ref().and_then(|p| p.next);
            assert!(next.is_none_or(|at| self.probations.contains_key(&(at, subscription.id))));
        }
        for (_, id) in self.probations.keys() {
            assert!(self.subscriptions.contains_key(id), "subscription {id} is gone");
        }
    }
}
