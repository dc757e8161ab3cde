//! The request that tells an event, and how it is attempted.

use super::given;
use crate::store::{Inputs, Notification};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use parhelion_core::{Delivery, Policy};

/// Real time for one attempt, seconds.
// CHOICE: azure-devops.md 3.3.
const TIMEOUT_SECS: u64 = 20;
/// Before the 2nd, 3rd … attempt, seconds.
// Docs: service hooks, troubleshoot.
const RETRIES_SECS: [u64; 8] = [1, 2, 4, 8, 16, 32, 60, 60];
/// The answers after which it is attempted again; no answer at all is another.
// Docs: the same.
const RETRIED: [u16; 4] = [408, 502, 503, 504];
/// What the service calls itself.
// OBSERVED: the beginning. CHOICE: the version.
const VENDOR: &str = "VSServices/19.255.36012.3 (NetStandard; Linux) VstsHttpClient/19.255.36012.3";

/// An address without what may be secret in it: user and password, and the query.
pub fn shown_url(url: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, ""), |(before, _)| (before, "?****"));
    let (scheme, rest) = before.split_once("://").unwrap_or(("", before));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => format!("****@{host}"),
        None => authority.to_owned(),
    };
    format!("{scheme}://{host}{path}{query}")
}

/// Headers of a request in order: ours, then the subscription's, which take the place of ours.
fn headers(settings: &Inputs) -> Vec<(String, String)> {
    let setting = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
    let mut all = vec![
        ("User-Agent".to_owned(), VENDOR.to_owned()),
        ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned()),
    ];
    let (user, password) = (setting("basicAuthUsername"), setting("basicAuthPassword"));
    if !user.is_empty() || !password.is_empty() {
        let value = BASE64_STANDARD.encode(format!("{user}:{password}"));
        all.push(("Authorization".to_owned(), format!("Basic {value}")));
    }
    // What was checked when it was given can be read.
    let further = given::headers(setting("httpHeaders")).unwrap_or_default();
    all.retain(|(name, _)| !further.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)));
    all.extend(further);
    all
}

/// A request as records show it: of the caller's headers only the names, since a value may be a secret.
pub fn shown_request(settings: &Inputs) -> String {
    let url = shown_url(settings.get("url").map(String::as_str).unwrap_or_default());
    let plain = ["user-agent", "content-type"];
    let lines = headers(settings).into_iter().map(|(name, value)| {
        let value =
            if plain.contains(&name.to_ascii_lowercase().as_str()) { value } else { "****".to_owned() };
        format!("  {name}: {value}\n")
    });
    format!("Method: POST\nURI: {url}\nHTTP Version: 1.1\nHeaders:\n{{\n{}}}\n", lines.collect::<String>())
}

/// A notification as a delivery; `once`: without further attempts.
pub fn delivery(notification: &Notification, settings: &Inputs, once: bool) -> Delivery {
    let url = settings.get("url").cloned().unwrap_or_default();
    let any = settings.get("acceptUntrustedCerts").is_some_and(|a| a == "true");
    Delivery {
        subject: super::notification_subject(notification.number),
        event: notification.event_type.clone(),
        method: "POST",
        shown_url: shown_url(&url),
        url,
        headers: headers(settings),
        body: bytes::Bytes::copy_from_slice(notification.body.as_bytes()),
        policy: Policy {
            schedule_secs: if once { Vec::new() } else { RETRIES_SECS.to_vec() },
            timeout_secs: TIMEOUT_SECS,
            retry_on: RETRIED.to_vec(),
            verify_tls: !any,
            ..Policy::default()
        },
        order: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Inputs {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn headers_are_ours_and_the_subscriptions() {
        let of = |pairs: &[(&str, &str)]| headers(&settings(pairs));
        let names = |all: &[(String, String)]| all.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
        assert_eq!(names(&of(&[])), ["User-Agent", "Content-Type"]);
        let auth = of(&[("basicAuthUsername", "me"), ("basicAuthPassword", "geheim")]);
        assert_eq!(auth[2], ("Authorization".into(), "Basic bWU6Z2VoZWlt".into()));
        let own = of(&[("basicAuthPassword", "x"), ("httpHeaders", "authorization: Key k\nX-A: 1")]);
        assert_eq!(names(&own), ["User-Agent", "Content-Type", "authorization", "X-A"]);
    }

    #[test]
    fn no_secret_is_shown() {
        let all = settings(&[
            ("url", "https://u:geheim@host/hook?key=geheim"),
            ("basicAuthPassword", "geheim"),
            ("httpHeaders", "X-Key: geheim"),
        ]);
        let shown = shown_request(&all);
        assert!(!shown.contains("geheim") && !shown.contains("OmdlaGVpbQ"), "{shown}");
        assert!(
            shown.contains("URI: https://****@host/hook?****") && shown.contains("X-Key: ****"),
            "{shown}"
        );
    }
}
