//! What the journal says of an attempt: one entry when it begins, one when its outcome is known.

use crate::attempt::Attempt;
use crate::machine::Report;
use chrono::TimeDelta;
use parhelion_core::{DeliveryStatus, ErrorClass, Event, Verdict};

/// The entry `delivery.sending`, written before anything is sent. What the receiver does is caused by it, where the
/// receiver is ourselves, and so is [`attempt_event`].
pub fn sending_event(attempt: &Attempt) -> Event {
    let delivery = &attempt.delivery;
    let (number, of) = (attempt.id.number, attempt.of);
    Event::new("delivery.sending", format!("delivery:{}", attempt.id.delivery))
        .fact(format!("{} {} is being sent, attempt {number} of {of}", delivery.method, delivery.shown_url))
        .with("for", delivery.subject.clone())
        .with("event", delivery.event.clone())
        .with("attempt", number)
        .with("of", of)
}

/// The entry `delivery.attempt`, written when the outcome is known: what came back, and what follows from it.
pub fn attempt_event(report: &Report) -> Event {
    let settled = &report.settled;
    let mut fact = format!("{} {} ", report.method, report.shown_url);
    match (&settled.error, settled.response_status) {
        (Some((ErrorClass::Status, _)) | None, Some(status)) => {
            fact += &format!("answered {status} in {} ms", report.took_ms);
        }
        (Some((_, why)), _) if settled.attempts == 0 => fact += &format!("was not attempted: {why}"),
        (Some((class, why)), _) => {
            fact += &format!("failed after {} ms ({}): {why}", report.took_ms, word(*class))
        }
        (None, None) => fact += "was done",
    }
    match report.detours.len() {
        0 => {}
        1 => fact += ", by way of another request",
        _ => fact += ", by way of other requests",
    }
    if settled.attempts > 0 {
        fact += &format!(", attempt {} of {}", settled.attempts, report.of);
    }
    match (settled.status, report.next_at) {
        (DeliveryStatus::Held, _) => fact += "; the next one is held",
        (_, Some(next)) => fact += &format!("; next in {}", short(next - settled.at)),
        (DeliveryStatus::Failed, None) if settled.attempts < report.of => fact += "; given up",
        _ => {}
    }
    let mut event = Event::new("delivery.attempt", format!("delivery:{}", settled.delivery))
        .fact(fact)
        .verdict(if settled.ok() { Verdict::Ok } else { Verdict::Failed })
        .with("for", settled.subject.clone())
        .with("event", settled.event.clone())
        .with("attempt", settled.attempts)
        .with("of", report.of)
        .with("took_ms", report.took_ms);
    if let Ok(status) = serde_json::to_value(settled.status) {
        event = event.with("standing", status);
    }
    if let Some(status) = settled.response_status {
        event = event.with("status", status);
    }
    if !report.detours.is_empty() {
        event = event.with("on_the_way", report.detours.clone());
    }
    if let Some((class, why)) = &settled.error {
        event = event.with("error_class", word(*class)).with("error", why.clone());
    }
    if let Some(next) = report.next_at {
        event = event.with("next_at", next.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    }
    event
}

/// An error class as control.md 7 writes it.
pub fn word(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Dns => "dns",
        ErrorClass::Refused => "refused",
        ErrorClass::Tls => "tls",
        ErrorClass::Timeout => "timeout",
        ErrorClass::Reset => "reset",
        ErrorClass::Status => "status",
        ErrorClass::Body => "body",
        ErrorClass::NotAllowed => "not_allowed",
    }
}

/// A duration in its two largest units that are not zero.
fn short(time: TimeDelta) -> String {
    let secs = time.num_seconds();
    let parts = [(secs / 86_400, "d"), (secs / 3_600 % 24, "h"), (secs / 60 % 60, "min"), (secs % 60, "s")];
    let shown: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n} {unit}")).collect();
    if shown.is_empty() { "0 s".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parhelion_core::{DeliveryId, Owner, Settled, Timestamp};

    fn report() -> Report {
        let at = Timestamp::UNIX_EPOCH;
        Report {
            owner: Owner::new("kudu", "site"),
            cause: 3,
            settled: Settled {
                delivery: DeliveryId(12),
                subject: "hook:7".into(),
                event: "push".into(),
                status: DeliveryStatus::Queued,
                attempts: 1,
                sent_at: at,
                at,
                response_status: Some(500),
                response_reason: None,
                response_body: Default::default(),
                error: Some((ErrorClass::Status, "answered 500".into())),
                request_body: Default::default(),
            },
            method: "POST",
            shown_url: "http://h/?****".into(),
            detours: Vec::new(),
            of: 3,
            next_at: Some(at + TimeDelta::seconds(5)),
            took_ms: 12,
        }
    }

    #[test]
    fn an_attempt_tells_what_came_back_and_what_follows() {
        let fact = |edit: &dyn Fn(&mut Report)| {
            let mut r = report();
            edit(&mut r);
            attempt_event(&r).fact
        };
        assert_eq!(fact(&|_| {}), "POST http://h/?**** answered 500 in 12 ms, attempt 1 of 3; next in 5 s");
        assert_eq!(
            fact(&|r| {
                r.next_at = r.next_at.map(|t| t + TimeDelta::seconds(93_595));
                r.settled.error = Some((ErrorClass::Timeout, "no answer within 10s".into()));
            }),
            "POST http://h/?**** failed after 12 ms (timeout): no answer within 10s, attempt 1 of 3; next in 1 d 2 h"
        );
        assert_eq!(
            fact(&|r| {
                (r.next_at, r.settled.status, r.settled.response_status) =
                    (None, DeliveryStatus::Failed, Some(410));
            }),
            "POST http://h/?**** answered 410 in 12 ms, attempt 1 of 3; given up"
        );
        assert_eq!(
            fact(&|r| {
                (r.next_at, r.settled.status) = (None, DeliveryStatus::Succeeded);
                (r.settled.error, r.settled.response_status) = (None, Some(204));
            }),
            "POST http://h/?**** answered 204 in 12 ms, attempt 1 of 3"
        );
        assert_eq!(
            fact(&|r| {
                (r.next_at, r.settled.status, r.settled.attempts) = (None, DeliveryStatus::Failed, 0);
                r.settled.error = Some((ErrorClass::NotAllowed, "not queued: too many".into()));
                r.of = 1;
            }),
            "POST http://h/?**** was not attempted: not queued: too many; given up"
        );
        let detour = "POST http://h/?**** answered 302: then GET http://i/ without the body";
        let mut led_on = report();
        led_on.detours = vec![detour.to_owned()];
        let event = attempt_event(&led_on);
        assert!(
            event.fact.contains("answered 500 in 12 ms, by way of another request, attempt 1"),
            "{}",
            event.fact
        );
        assert_eq!(event.data["on_the_way"], serde_json::json!([detour]));
        let event = attempt_event(&report());
        assert_eq!((event.kind, event.subject.as_str()), ("delivery.attempt", "delivery:d12"));
        assert_eq!(event.verdict, Some(Verdict::Failed));
        assert_eq!(
            serde_json::Value::Object(event.data.to_object()),
            serde_json::json!({"for": "hook:7", "event": "push", "attempt": 1, "of": 3, "took_ms": 12, "standing": "queued",
                "status": 500, "error_class": "status", "error": "answered 500", "next_at": "1970-01-01T00:00:05Z"})
        );
    }
}
