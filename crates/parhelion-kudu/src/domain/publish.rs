//! Telling hooks: which of them match an event, what they are sent, and what they show of it afterwards.

use super::hook_url::HookUrl;
use super::{outcome, text::same};
use crate::error::MAX_EVENT_BYTES;
use crate::store::{Hook, KuduStore};
use bytes::Bytes;
use parhelion_core::delivery::Credentials;
use parhelion_core::{Cause, Delivery, Event, Policy, Settled, Verdict};
use parhelion_state::Tx;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Real time for one delivery, seconds.
const TIMEOUT_SECS: u64 = 10;
/// Redirects that are followed. Docs: the .NET handler's default.
const REDIRECTS: u8 = 50;
/// How many of the hooks that an event is not for are named one by one in the journal.
const NAMED_MISSES: usize = 100;

/// Sends `body` to all hooks of an event, in parallel; the ids of those hooks.
///
/// No lock is held while they are told: a receiver may call back. So a hook deleted meanwhile stays deleted, one
/// added meanwhile stays.
pub fn publish(
    store: &mut KuduStore,
    event: &str,
    body: &Arc<str>,
    cause: Cause,
    tx: &mut Tx<'_>,
) -> BTreeSet<u64> {
    // No hook is for an event of a longer name, and the journal repeats it for each of them.
    let shown = parhelion_core::text::prefix(event, MAX_EVENT_BYTES);
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let hooks: Vec<(u64, Arc<Hook>)> = store.hooks.iter().map(|(id, hook)| (*id, hook.clone())).collect();
    let mut told = BTreeSet::new();
    let mut misses = 0usize;
    for (id, hook) in hooks {
        let matched =
            Event::new("hook.matched", format!("hook:{id}")).because(cause.clone()).with("event", shown);
        let subscribed = hook.event.as_deref();
        if !subscribed.is_some_and(|name| same(name, event)) {
            misses += 1;
            if misses <= NAMED_MISSES {
                let what = subscribed.map_or("no event".to_owned(), |name| format!("\"{name}\""));
                let fact = format!("hook {id} is for {what}, not for \"{shown}\"");
                tx.emit(matched.fact(fact).verdict(Verdict::Skipped));
            }
            continue;
        }
        // Addresses were checked when they came in; a value loaded from elsewhere may hold others.
        let Some(url) = HookUrl::parse(&hook.url) else {
            tx.emit(matched.fact(format!("hook {id} has no address to send to")).verdict(Verdict::Failed));
            continue;
        };
        let fact = format!("hook {id} is for \"{event}\": {} is told", url.shown());
        let number = tx.emit(matched.fact(fact).verdict(Verdict::Ok).with("url", url.shown()));
        tx.deliver(delivery(id, &hook, &url, event, bytes.clone()), number);
        let now = tx.now();
        store.hooks.edit(&id, |hook| {
            hook.last.at = Some(now);
            hook.last.context = Some(body.clone());
        });
        told.insert(id);
    }
    if misses > NAMED_MISSES {
        let fact = format!("{} more hooks are for other events than \"{shown}\"", misses - NAMED_MISSES);
        let site = format!("site:{}", store.site);
        tx.emit(Event::new("hook.matched", site).because(cause).fact(fact).verdict(Verdict::Skipped));
    } else if store.hooks.is_empty() {
        let fact = format!("the site has no hooks: nobody is told of \"{shown}\"");
        let site = format!("site:{}", store.site);
        tx.emit(Event::new("hook.matched", site).because(cause).fact(fact).verdict(Verdict::Skipped));
    }
    told
}

fn delivery(id: u64, hook: &Hook, url: &HookUrl<'_>, event: &str, body: Bytes) -> Delivery {
    Delivery {
        subject: format!("hook:{id}"),
        event: event.to_owned(),
        method: "POST",
        url: hook.url.clone(),
        shown_url: url.shown(),
        headers: vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())],
        body,
        policy: Policy {
            schedule_secs: Vec::new(),
            timeout_secs: TIMEOUT_SECS,
            give_up_on: Vec::new(),
            retry_on: Vec::new(),
            follow_redirects: REDIRECTS,
            verify_tls: !hook.insecure_ssl,
            // User info of exactly two parts is a credential, kept back until the receiver asks for it.
            credentials: Credentials::WhenChallenged,
        },
        order: None,
    }
}

/// The hook that a delivery was for.
pub fn hook_of(report: &Settled) -> Option<u64> {
    report.subject.strip_prefix("hook:")?.parse().ok()
}

/// Writes the outcome of a delivery into its hook, if it is still there. 410 takes the hook away.
pub fn settled(store: &mut KuduStore, report: &Settled, tx: &mut Tx<'_>) {
    let Some((id, hook)) = hook_of(report).and_then(|id| Some((id, store.hooks.get(&id)?.clone()))) else {
        return;
    };
    let is_http = HookUrl::parse(&hook.url).is_some_and(|url| url.is_http());
    let Some((status, reason)) = outcome::of(report, is_http) else { return };
    let subject = format!("hook:{id}");
    if status == "Gone" && store.remove_hooks_when_gone {
        store.hooks.remove(&id);
        let fact = format!("the receiver of hook {id} answered 410 Gone: the hook is removed");
        tx.emit(Event::new("hook.deleted", subject).fact(fact).verdict(Verdict::Ok));
        return;
    }
    let fact = format!("hook {id} now shows last_status \"{status}\"");
    let verdict = if report.ok() { Verdict::Ok } else { Verdict::Failed };
    let changed = Event::new("hook.changed", subject).fact(fact).verdict(verdict);
    tx.emit(changed.with("last_status", status.clone()).with("last_reason", reason.clone()));
    store.hooks.edit(&id, |hook| {
        // Where deliveries to one hook overlap, it shows the whole of the one that ended last.
        let same_body = hook.last.context.as_ref().is_some_and(|c| c.as_bytes() == report.request_body);
        if !same_body {
            hook.last.context = Some(String::from_utf8_lossy(&report.request_body).into());
        }
        hook.last.at = Some(report.sent_at);
        hook.last.status = Some(status);
        hook.last.reason = Some(reason);
    });
}
