//! What becomes of a notification, and of a subscription whose receiver fails: it is put on probation, where only the
//! failed event is sent again, and is disabled when that keeps failing.
// CHOICE: the figures of probation (azure-devops.md 3.3).

use super::{send, subject};
use crate::store::{
    AzureDevOpsStore, NotificationResult, NotificationStatus, Probation, Subscription, SubscriptionStatus,
};
use chrono::TimeDelta;
use parhelion_core::{DeliveryStatus, Event, Settled, Timestamp, Verdict};
use parhelion_state::Tx;
use std::sync::Arc;

/// Before the failed event is sent again for the first time, seconds; doubled with every time.
const FIRST_SECS: i64 = 20;
/// How often it is.
const RETRIES: u32 = 7;
/// Gone: the receiver wants no more.
const GONE: u16 = 410;
/// Bytes of an answer that a record repeats.
const SHOWN_BYTES: usize = 4096;

/// The subject of a notification's deliveries.
pub fn notification_subject(number: u64) -> String {
    format!("notification:{number}")
}

/// Learns how an attempt came out. Reports of other deliveries are none of its business.
pub fn settled(store: &mut AzureDevOpsStore, report: &Settled, tx: &mut Tx<'_>) {
    let number = report.subject.strip_prefix("notification:").and_then(|n| n.parse::<u64>().ok());
    let Some(found) = number.and_then(|n| store.notifications.get(&n)) else { return };
    let mut notification = found.as_ref().clone();
    let over = report.status.is_final();
    notification.attempts = notification.attempts.saturating_add(1);
    notification.modified = tx.now();
    notification.sent = notification.sent.or(Some(report.sent_at));
    let took = (report.at - report.sent_at).num_milliseconds();
    notification.duration_ms = u64::try_from(took).unwrap_or_default();
    notification.response = report.response_status.map(|status| {
        let body = String::from_utf8_lossy(&report.response_body);
        let reason = report.response_reason.as_deref().unwrap_or_default();
        let body = parhelion_core::text::prefix(&body, SHOWN_BYTES);
        format!("Status Code: {status}\nReason Phrase: {reason}\nContent: {body}")
    });
    notification.error = report.error.as_ref().map(|(_, why)| match report.response_status {
        Some(status) => {
            let reason = report.response_reason.as_deref().unwrap_or_default();
            format!("{reason} ({status})").trim_start().to_owned()
        }
        None => why.clone(),
    });
    if over {
        notification.status = NotificationStatus::Completed;
        let well = report.status == DeliveryStatus::Succeeded;
        notification.result = if well { NotificationResult::Succeeded } else { NotificationResult::Failed };
        notification.completed = Some(tx.now());
    } else {
        notification.status = NotificationStatus::Processing;
    }
    let (of, test, number) = (notification.subscription, notification.test, notification.number);
    store.keep_notification(notification);
    let Some(subscription) = store.subscriptions.get(&of) else { return };
    let mut subscription = subscription.as_ref().clone();
    subscription.delivery.count();
    if over {
        subscription.results.count();
    }
    if over && !test && report.status != DeliveryStatus::Cancelled {
        judge(&mut subscription, number, report, tx);
    }
    store.put_subscription(subscription);
}

/// What the outcome of a notification makes of its subscription.
fn judge(subscription: &mut Subscription, number: u64, report: &Settled, tx: &mut Tx<'_>) {
    use SubscriptionStatus::{DisabledBySystem, DisabledByUser, Enabled, OnProbation};
    let told = |fact: String, verdict| {
        Event::new("hook.changed", subject(subscription.id)).fact(fact).verdict(verdict)
    };
    let gone = report.response_status == Some(GONE);
    let on_trial = subscription.probation.as_ref().filter(|p| p.notification == number);
    let why = match (report.response_status, &report.error) {
        (Some(status), _) => format!("its receiver answered {status}"),
        (None, Some((_, why))) => format!("its receiver did not answer: {why}"),
        (None, None) => "its receiver failed".to_owned(),
    };
    match subscription.status {
        DisabledByUser | DisabledBySystem => {}
        _ if gone => {
            tx.emit(told(
                format!("the subscription is disabled: {why}, which is gone for good"),
                Verdict::Failed,
            ));
            (subscription.status, subscription.probation) = (DisabledBySystem, None);
        }
        Enabled if report.ok() => {}
        Enabled => {
            let next = after(tx.now(), 0);
            let fact = format!(
                "the subscription is on probation: {why}; notification {number} is sent again in {FIRST_SECS} s, others are not"
            );
            tx.emit(told(fact, Verdict::Failed));
            subscription.status = OnProbation;
            let probation = Probation { notification: number, retries: 0, last: None, next: Some(next) };
            subscription.probation = Some(probation);
        }
        OnProbation => {
            let Some(probation) = on_trial else { return };
            if report.ok() {
                tx.emit(told(
                    "the subscription is enabled again: its receiver took the event".to_owned(),
                    Verdict::Ok,
                ));
                (subscription.status, subscription.probation) = (Enabled, None);
            } else if probation.retries >= RETRIES {
                let fact =
                    format!("the subscription is disabled: {why}, for the {RETRIES}th time on probation");
                tx.emit(told(fact, Verdict::Failed));
                (subscription.status, subscription.probation) = (DisabledBySystem, None);
            } else {
                let next = after(tx.now(), probation.retries);
                let fact = format!(
                    "the subscription stays on probation: {why}; notification {number} is sent again at {}",
                    crate::show::time(next)
                );
                tx.emit(told(fact, Verdict::Failed));
                if let Some(probation) = &mut subscription.probation {
                    probation.next = Some(next);
                }
            }
        }
    }
}

/// When the failed event is sent again, after so many times.
fn after(now: Timestamp, retries: u32) -> Timestamp {
    let secs = FIRST_SECS.saturating_mul(1_i64.checked_shl(retries.min(20)).unwrap_or(i64::MAX));
    TimeDelta::try_seconds(secs).and_then(|by| now.checked_add_signed(by)).unwrap_or(Timestamp::MAX_UTC)
}

/// Sends again what is due of the subscriptions on probation.
pub fn on_time(store: &mut AzureDevOpsStore, tx: &mut Tx<'_>) {
    while let Some(due) = store.due_probation(tx.now()) {
        again(store, due, tx);
    }
}

fn again(store: &mut AzureDevOpsStore, due: Arc<Subscription>, tx: &mut Tx<'_>) {
    let mut subscription = Arc::unwrap_or_clone(due);
    let now = tx.now();
    let Some(probation) = &mut subscription.probation else { return };
    probation.next = None;
    probation.last = Some(now);
    probation.retries = probation.retries.saturating_add(1);
    let (number, retries) = (probation.notification, probation.retries);
    match store.notifications.get(&number).map(|n| n.as_ref().clone()) {
        // Notifications on which a probation rests are kept; without it there is nothing to prove.
        None => (subscription.status, subscription.probation) = (SubscriptionStatus::Enabled, None),
        Some(mut notification) => {
            notification.status = NotificationStatus::Processing;
            notification.result = NotificationResult::Pending;
            notification.completed = None;
            notification.modified = now;
            let last = parhelion_core::Cause::Last(subject(subscription.id));
            let fact = format!("notification {number} is sent again, {retries} of {RETRIES}");
            let event = Event::new("hook.changed", subject(subscription.id)).fact(fact).verdict(Verdict::Ok);
            let cause = tx.emit(event.because(last));
            tx.deliver(send::delivery(&notification, &subscription.consumer_inputs, true), cause);
            store.keep_notification(notification);
        }
    }
    store.put_subscription(subscription);
}

/// What a subscription on probation waits for, for explain.
pub fn standing(store: &AzureDevOpsStore, of: &str) -> Option<Event> {
    let id = uuid::Uuid::parse_str(of.strip_prefix("subscription:")?).ok()?;
    let probation = store.subscriptions.get(&id)?.probation.as_ref()?;
    let event = Event::new("hook.changed", of).verdict(Verdict::Waiting);
    Some(match probation.next {
        Some(next) => {
            let at = crate::show::time(next);
            let fact =
                format!("it is on probation: notification {} is sent again at {at}", probation.notification);
            event.fact(fact).with("waits_for", "clock")
        }
        None => event
            .fact(format!("it is on probation: notification {} is under way", probation.notification))
            .with("waiting", notification_subject(probation.notification)),
    })
}
