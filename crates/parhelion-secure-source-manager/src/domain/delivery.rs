//! From an event to a request at a hook's target.

use crate::{
    Settings,
    store::{Hook, HookEvent, HookKey},
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use parhelion_core::{
    Cause, Delivery, Event, EventNo, Policy, Verdict,
    glob::{Dialect, Glob},
};
use parhelion_state::Tx;
use sha2::Sha256;

/// OBSERVED: Gitea's DeliverTimeout.
const TIMEOUT_SECS: u64 = 5;
/// Docs: how the service's pages show the sensitive query string.
const PLACEHOLDER: &str = "{sensitive_query_string_placeholder}";

/// Journal subject of a hook; its id is the path that the control API uses.
pub fn subject(key: &HookKey) -> String {
    format!("hook:{}/{}/{}", key.0, key.1, key.2)
}

/// Reads a branch filter. Docs: the API names gobwas/glob; compiled without separators, so `*` crosses `/`.
pub fn branch_filter(pattern: &str) -> Result<Glob, parhelion_core::glob::GlobError> {
    Glob::new(pattern, &Dialect::TEXT)
}

/// Whether an event is for a hook, as far as its switches go: writes why (not), and gives the journal's entry that a
/// delivery goes back to. `what` says what happened, for people.
pub fn listens(
    key: &HookKey,
    hook: &Hook,
    event: HookEvent,
    what: &str,
    because: EventNo,
    tx: &mut Tx<'_>,
) -> Option<EventNo> {
    let id = &key.2;
    let name = match event {
        HookEvent::Push => "PUSH",
        HookEvent::PullRequest => "PULL_REQUEST",
        HookEvent::PullRequestComment => "PULL_REQUEST_COMMENT",
    };
    let why = if hook.disabled {
        Some(format!("hook {id} is disabled"))
    } else if !hook.events.contains(&event) {
        Some(format!("hook {id} does not listen to {name}"))
    } else {
        None
    };
    if let Some(why) = why {
        tx.emit(told(key, why, Verdict::Skipped).because(because));
        return None;
    }
    // A push says it after its branch filter.
    if event == HookEvent::Push {
        return Some(because);
    }
    Some(tx.emit(told(key, format!("hook {id} is for {what}"), Verdict::Ok).because(because)))
}

fn told(key: &HookKey, fact: String, verdict: Verdict) -> Event {
    Event::new("hook.matched", subject(key)).fact(fact).verdict(verdict).with("hook", key.2.as_str())
}

/// Whether a push of that ref is for a hook: writes why (not), and gives the event that a delivery goes back to.
pub fn matched(
    key: &HookKey,
    hook: &Hook,
    ref_name: &str,
    because: EventNo,
    tx: &mut Tx<'_>,
) -> Option<EventNo> {
    let id = &key.2;
    let mut because = listens(key, hook, HookEvent::Push, ref_name, because, tx)?;
    let pattern = hook.branch_filter.as_deref().unwrap_or_default();
    // OBSERVED: the filter is for branches; tags pass it.
    if let Some(branch) = ref_name.strip_prefix("refs/heads/")
        && !pattern.is_empty()
    {
        let passes = branch_filter(pattern).is_ok_and(|glob| glob.matches(branch));
        let (word, verdict) =
            if passes { ("takes", Verdict::Ok) } else { ("does not take", Verdict::Failed) };
        let evaluated = Event::new("filter.evaluated", subject(key))
            .fact(format!("branch filter \"{pattern}\" {word} branch \"{branch}\""))
            .verdict(verdict)
            .with("filter", pattern)
            .with("compared_with", branch)
            .because(because);
        because = tx.emit(evaluated);
        if !passes {
            let skipped = told(key, format!("hook {id} is for other branches"), Verdict::Skipped);
            tx.emit(skipped.with("ref", ref_name).because(because));
            return None;
        }
    }
    let matched = told(key, format!("hook {id} is for this push of {ref_name}"), Verdict::Ok);
    Some(tx.emit(matched.with("ref", ref_name).because(because)))
}

/// Sends an event's body to a hook; the delivery's UUID.
pub fn send(
    key: &HookKey,
    hook: &Hook,
    event: &str,
    body: Bytes,
    cause: impl Into<Cause>,
    tx: &mut Tx<'_>,
) -> String {
    let id = tx.uuid("delivery").to_string();
    // Seed 004: always there, always empty; the API has no secret to sign with. OBSERVED: with one in the settings, as
    // Gitea signs.
    let secret = tx.settings::<Settings>().and_then(|s| s.webhook_secret.as_deref());
    let signature = secret.map(|secret| signature(secret, &body)).unwrap_or_default();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let delivery = Delivery {
        subject: subject(key),
        event: event.to_owned(),
        method: "POST",
        url: url(&hook.target_uri, &hook.sensitive_query_string),
        shown_url: url(
            &hook.target_uri,
            if hook.sensitive_query_string.is_empty() { "" } else { PLACEHOLDER },
        ),
        headers: vec![
            // CHOICE: Gitea's default.
            header("User-Agent", "Go-http-client/1.1"),
            header("Content-Type", "application/json"),
            header("X-SecureSourceManager-Delivery", &id),
            header("X-SecureSourceManager-Event", event),
            header("X-SecureSourceManager-Signature", &signature),
        ],
        body,
        // OBSERVED: one attempt. CHOICE: no redirects.
        policy: Policy { timeout_secs: TIMEOUT_SECS, ..Policy::default() },
        order: Some(subject(key)),
    };
    tx.deliver(delivery, cause);
    id
}

/// The HMAC of a body, in lower-case hexadecimal digits.
fn signature(secret: &str, body: &[u8]) -> String {
    // A key of any length will do.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    hmac.update(body);
    parhelion_core::text::hex(&hmac.finalize().into_bytes())
}

/// Docs: `TARGET_URL?SENSITIVE_QUERY_STRING`. CHOICE: a target with a query of its own is continued by `&`, a `?` or
/// `&` at the head of the string is dropped, and a fragment stays at the end. Nothing is encoded anew.
fn url(target: &str, sensitive: &str) -> String {
    let sensitive = sensitive.trim_start_matches(['?', '&']);
    if sensitive.is_empty() {
        return target.to_owned();
    }
    let (target, fragment) = target.split_once('#').map_or((target, None), |(t, f)| (t, Some(f)));
    let joint = match target.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let fragment = fragment.map(|f| format!("#{f}")).unwrap_or_default();
    format!("{target}{joint}{sensitive}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sensitive_string_is_appended_as_it_is() {
        for (target, sensitive, expected) in [
            ("https://example.com", "", "https://example.com"),
            ("https://example.com", "token=a%20b&x=1", "https://example.com?token=a%20b&x=1"),
            ("https://example.com/h?a=1", "token=x", "https://example.com/h?a=1&token=x"),
            ("https://example.com/h?", "?token=x", "https://example.com/h?token=x"),
            ("https://example.com/h#part", "&token=x", "https://example.com/h?token=x#part"),
        ] {
            assert_eq!(url(target, sensitive), expected);
        }
    }
}
