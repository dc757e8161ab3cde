//! Who is told of the events of section 9: HTTP targets, each with the pattern of the events that it wants.

use super::{event_pattern, outbound::shown_url};
use parhelion_core::{Delivery, Event, EventNo, Policy, Verdict};
use parhelion_state::{Table, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Targets of a tenant at most.
// CHOICE: EventBridge has 300 rules with 5 targets each; every one costs a look at each event.
pub const TARGETS_MAX: usize = 100;
/// Longest name of a target, characters. Docs: that of a rule.
pub const NAME_CHARS: usize = 64;
/// How many of the targets that do not want an event are named one by one in the journal.
const NAMED_MISSES: usize = 10;
/// Real time for one attempt, seconds. Docs: API destinations, 5 s for a target's answer.
const TIMEOUT_SECS: u64 = 5;
// CHOICE: EventBridge goes on for a day; a test wants to see the end.
const RETRIES_SECS: [u64; 3] = [1, 5, 30];

/// A target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventTarget {
    /// Where it is told.
    pub url: String,
    /// Which events it wants, as checked by [`event_pattern::check`]; `None`: all.
    pub pattern: Option<Map<String, Value>>,
}

/// The subject of a target's journal entries and deliveries.
pub fn subject(name: &str) -> String {
    format!("event-target:{name}")
}

/// Tells an event, which is `cause` in the journal, to the targets that want it: to each in the order of the events.
pub fn publish(
    targets: &Table<String, EventTarget>,
    event: &Map<String, Value>,
    cause: EventNo,
    tx: &mut Tx<'_>,
) {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let state = event.get("detail").and_then(|d| d.get("state")).and_then(Value::as_str).unwrap_or_default();
    let what = format!("{} {state}", text("detail-type"));
    let body = bytes::Bytes::from(Value::Object(event.clone()).to_string());
    let mut misses = 0usize;
    for (name, target) in targets.iter() {
        let judged = target.pattern.as_ref().map_or(Ok(()), |pattern| event_pattern::judge(pattern, event));
        let matched = Event::new("hook.matched", subject(name)).because(cause);
        match judged {
            Ok(()) => {
                let shown = shown_url(&target.url);
                let fact = format!("event target '{name}' wants it: {shown} is told");
                let number = tx.emit(matched.fact(fact).verdict(Verdict::Ok).with("url", shown.clone()));
                tx.deliver(delivery(name, target, shown, &what, body.clone()), number);
            }
            Err(miss) => {
                misses += 1;
                if misses <= NAMED_MISSES {
                    let fact = format!("event target '{name}' does not want it: {}", miss.fact);
                    tx.emit(matched.fact(fact).verdict(Verdict::Skipped).with("path", miss.path));
                }
            }
        }
    }
    if let Some(more) = misses.checked_sub(NAMED_MISSES).filter(|more| *more > 0) {
        let fact = format!("{more} more event targets do not want it");
        let event = Event::new("hook.matched", format!("event:{}", text("id"))).because(cause);
        tx.emit(event.fact(fact).verdict(Verdict::Skipped));
    }
}

fn delivery(name: &str, target: &EventTarget, shown_url: String, what: &str, body: bytes::Bytes) -> Delivery {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Delivery {
        subject: subject(name),
        event: what.to_owned(),
        method: "POST",
        url: target.url.clone(),
        shown_url,
        // Docs: API destinations.
        headers: vec![
            header("Content-Type", "application/json; charset=utf-8"),
            header("User-Agent", "Amazon/EventBridge/ApiDestinations"),
        ],
        body,
        policy: Policy {
            schedule_secs: RETRIES_SECS.to_vec(),
            timeout_secs: TIMEOUT_SECS,
            ..Policy::default()
        },
        order: Some(subject(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;
    use serde_json::json;

    fn target(bench: &Bench, name: &str, pattern: Option<Value>) {
        let pattern = pattern.map(|pattern| {
            event_pattern::check(&pattern).unwrap();
            pattern.as_object().unwrap().clone()
        });
        let target = EventTarget { url: "http://127.0.0.1:9/events?key=geheim".into(), pattern };
        bench.change(|store, _| {
            store.event_targets.put(name.into(), target);
        });
    }

    fn facts(bench: &Bench, kind: &str) -> Vec<(String, Value)> {
        let entries = bench.world.entries(0, usize::MAX, |entry| entry.kind == kind);
        entries
            .iter()
            .map(|e| (format!("{} {}", e.subject, e.fact), Value::Object(e.data.to_object())))
            .collect()
    }

    #[test]
    fn each_event_is_held_against_each_pattern_and_the_journal_tells() {
        let bench = Bench::new();
        target(&bench, "all", None);
        target(
            &bench,
            "ends",
            Some(json!({"detail": {"state": ["SUCCEEDED"], "stage": [{"exists": false}]}})),
        );
        bench.pipeline("p");
        let published = facts(&bench, "codepipeline.event");
        let matched = facts(&bench, "hook.matched");
        let told = |name: &str, how: &str| {
            matched
                .iter()
                .filter(|(fact, _)| fact.starts_with(&format!("event-target:{name} ")) && fact.contains(how))
                .count()
        };
        assert!(published.len() > 6);
        assert_eq!(told("all", "wants it"), published.len());
        assert_eq!((told("ends", "' wants it"), told("ends", "does not want it")), (1, published.len() - 1));
        assert!(
            matched.iter().any(|(fact, _)| fact.contains("'detail.state' is \"STARTED\"; wanted is")),
            "{matched:?}"
        );
        assert!(
            matched
                .iter()
                .all(|(fact, data)| !fact.contains("geheim") && !data.to_string().contains("geheim"))
        );
        let (queued, ..) = bench.world.delivery_counts();
        assert_eq!(queued, published.len() + 1, "a delivery for each");
    }

    #[test]
    fn many_targets_that_want_nothing_are_summed_up() {
        let bench = Bench::new();
        for n in 0..15 {
            target(&bench, &format!("t{n}"), Some(json!({"source": ["other"]})));
        }
        bench.pipeline("p");
        let published = facts(&bench, "codepipeline.event").len();
        let matched = facts(&bench, "hook.matched");
        assert_eq!(matched.len(), published * (NAMED_MISSES + 1));
        assert!(matched.iter().any(|(fact, _)| fact.ends_with("5 more event targets do not want it")));
    }
}
