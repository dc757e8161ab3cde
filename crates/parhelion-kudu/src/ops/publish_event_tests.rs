//! What hooks are sent and what they show afterwards.

use super::*;
use crate::ops::subscribe_hook::SubscribeHook;
use crate::store::Hook;
use crate::testing::Fixture;
use crate::wire::hook::Subscription;
use parhelion_core::{Credentials, ErrorClass, Policy};

fn subscribe(site: &Fixture, url: &str, event: &str) -> u64 {
    let wanted =
        Subscription { event: Some(event.into()), url: url.into(), insecure_ssl: url.contains("insecure") };
    site.write::<SubscribeHook>(wanted).unwrap().value.0
}
fn publish(site: &Fixture, event: &str, body: &str) -> usize {
    let input = Publication { event: event.into(), body: body.into(), remove_when_gone: true };
    site.write::<PublishEvent>(input).unwrap().deliveries.len()
}
fn hook(site: &Fixture, id: u64) -> Option<Hook> {
    site.read(|store| store.hooks.get(&id).map(|hook| (**hook).clone()))
}

#[test]
fn only_hooks_of_the_event_are_told() {
    let site = Fixture::new();
    let mine = subscribe(&site, "http://u:p@a/x", "MyEvent");
    let other = subscribe(&site, "https://insecure/", "Other");
    assert_eq!(publish(&site, "myEVENT", "{}"), 1);
    let sent = site.sent();
    let delivery = &sent[0].delivery;
    assert_eq!((delivery.method, delivery.url.as_str()), ("POST", "http://u:p@a/x"));
    assert_eq!(delivery.shown_url, "http://u:****@a/x");
    assert_eq!(delivery.headers, [("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())]);
    assert_eq!((&delivery.body[..], &delivery.event[..]), (&b"{}"[..], "myEVENT"));
    assert_eq!(delivery.subject, format!("hook:{mine}"));
    assert_eq!(delivery.order, None);
    let policy = Policy {
        timeout_secs: 10,
        follow_redirects: 50,
        credentials: Credentials::WhenChallenged,
        ..Policy::default()
    };
    assert_eq!(delivery.policy, policy);
    let facts = site.facts();
    assert!(
        facts.iter().any(|f| f == &format!("hook {other} is for \"Other\", not for \"myEVENT\"")),
        "{facts:?}"
    );
    assert!(!facts.iter().any(|fact| fact.contains("u:p@")), "{facts:?}");

    assert_eq!(publish(&site, "Other", "{}"), 1);
    assert!(!site.sent()[1].delivery.policy.verify_tls);
}

#[test]
fn a_hook_shows_what_is_sent_before_the_outcome_is_known() {
    let site = Fixture::new();
    let id = subscribe(&site, "http://a/", "x");
    assert_eq!(hook(&site, id).unwrap().last, crate::store::Last::default());
    publish(&site, "x", "[1]");
    let last = hook(&site, id).unwrap().last;
    assert_eq!((last.status, last.at, last.context.as_deref()), (None, Some(site.now()), Some("[1]")));
    site.settle(0, Ok(500));
    let last = hook(&site, id).unwrap().last;
    assert_eq!(last.status.as_deref(), Some("InternalServerError"));
    assert_eq!(
        (last.reason.as_deref(), last.context.as_deref()),
        (Some("Internal Server Error"), Some("[1]"))
    );
}

#[test]
fn gone_removes_the_hook_or_keeps_it() {
    let site = Fixture::new();
    let id = subscribe(&site, "http://a/", "x");
    publish(&site, "x", "1");
    site.settle(0, Ok(410));
    assert_eq!(hook(&site, id), None);

    let id = subscribe(&site, "http://a/", "x");
    let input = Publication { event: "x".into(), body: "1".into(), remove_when_gone: false };
    site.write::<PublishEvent>(input).unwrap();
    site.settle(1, Ok(410));
    assert_eq!(hook(&site, id).unwrap().last.status.as_deref(), Some("Gone"));
}

#[test]
fn failures_have_their_reasons() {
    let site = Fixture::new();
    let http = subscribe(&site, "http://a/", "x");
    let ftp = subscribe(&site, "ftp://a/", "x");
    publish(&site, "x", "1");
    site.settle(0, Err(ErrorClass::Timeout));
    site.settle(1, Err(ErrorClass::NotAllowed));
    let shown = |id| hook(&site, id).map(|h| (h.last.status.unwrap(), h.last.reason.unwrap())).unwrap();
    assert_eq!(shown(http), ("Failure".into(), "A task was canceled.".into()));
    assert_eq!(shown(ftp).1, "Only 'http' and 'https' schemes are allowed.\r\nParameter name: value");
}

#[test]
fn a_hook_deleted_meanwhile_stays_deleted() {
    let site = Fixture::new();
    let id = subscribe(&site, "http://a/", "x");
    publish(&site, "x", "1");
    site.change(|store| {
        store.hooks.remove(&id);
    });
    let added = subscribe(&site, "http://b/", "x");
    site.settle(0, Ok(200));
    assert_eq!(hook(&site, id), None);
    assert_eq!(hook(&site, added).unwrap().last.status, None);
}

#[test]
fn nobody_to_tell_is_a_fact_too() {
    let site = Fixture::new();
    assert_eq!(publish(&site, "x", "1"), 0);
    assert!(site.facts().last().unwrap().contains("has no hooks"), "{:?}", site.facts());
}

#[test]
fn deliveries_that_overlap_leave_one_whole_outcome() {
    let site = Fixture::new();
    let id = subscribe(&site, "http://a/", "x");
    publish(&site, "x", "1");
    publish(&site, "x", "2");
    site.settle(1, Ok(200));
    site.settle(0, Ok(500));
    let last = hook(&site, id).unwrap().last;
    assert_eq!((last.status.as_deref(), last.context.as_deref()), (Some("InternalServerError"), Some("1")));
}
