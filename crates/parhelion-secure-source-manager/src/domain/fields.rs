//! Rules for single fields.

use crate::{
    domain::{delivery, names},
    error::Error,
    store::{HookEvent, Key, SsmStore},
};
use parhelion_state::Tx;
use std::collections::BTreeMap;

/// Longest URL of a hook. CHOICE.
const URL_BYTES: usize = 2048;

/// An id of an instance or hook, that the client chooses.
pub fn id(field: &str, id: &str) -> Result<(), Error> {
    let why = "must have 1 to 63 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen.";
    chosen(field, id, names::valid_id(id), why)
}

/// An id of a repository.
pub fn repository_id(field: &str, id: &str) -> Result<(), Error> {
    let why = "must have 4 to 63 lower-case letters, digits and hyphens, with no hyphen at either end.";
    chosen(field, id, names::valid_repository_id(id), why)
}

fn chosen(field: &str, id: &str, valid: bool, why: &str) -> Result<(), Error> {
    match id {
        "" => Err(Error::field(field, "is required.")),
        _ if valid => Ok(()),
        _ => Err(Error::field(field, why)),
    }
}

/// Labels of a resource.
pub fn labels(field: &str, labels: &BTreeMap<String, String>) -> Result<(), Error> {
    let plain = |text: &str| {
        text.len() <= 63
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    if labels.len() > 64 {
        return Err(Error::field(field, "at most 64 labels are allowed."));
    }
    match labels.iter().find(|(key, value)| key.is_empty() || !plain(key) || !plain(value)) {
        None => Ok(()),
        Some((key, _)) => {
            let key = parhelion_core::text::prefix(key, 100);
            Err(Error::field(
                field,
                format!(
                    "label \"{key}\" or its value has other characters than [a-z0-9_-], or more than 63."
                ),
            ))
        }
    }
}

/// `projects/*/locations/*/keyRings/*/cryptoKeys/*`, or empty.
pub fn kms_key(field: &str, key: &str) -> Result<(), Error> {
    form(field, key, &["projects", "locations", "keyRings", "cryptoKeys"])
}

/// `projects/*/locations/*/caPools/*`, or empty.
pub fn ca_pool(field: &str, pool: &str) -> Result<(), Error> {
    form(field, pool, &["projects", "locations", "caPools"])
}

fn form(field: &str, name: &str, collections: &[&str]) -> Result<(), Error> {
    let segments: Vec<&str> = name.split('/').collect();
    let right = segments.len() == collections.len() * 2
        && segments.iter().step_by(2).zip(collections).all(|(a, b)| a == b)
        && segments.iter().all(|s| !s.is_empty());
    if name.is_empty() || right && name.len() <= 1024 {
        return Ok(());
    }
    Err(Error::field(
        field,
        format!(
            "must have the form {}.",
            collections.iter().map(|c| format!("{c}/*")).collect::<Vec<_>>().join("/")
        ),
    ))
}

/// Docs: at most 500 characters.
pub fn description(field: &str, text: &str) -> Result<(), Error> {
    match text.chars().count() {
        0..=500 => Ok(()),
        _ => Err(Error::field(field, "must not be longer than 500 characters.")),
    }
}

/// An e-mail address of a service account, or empty; other short texts are bounded and kept as they are.
pub fn short(field: &str, text: &str) -> Result<(), Error> {
    match text.len() {
        0..=1024 => Ok(()),
        _ => Err(Error::field(field, "must not be longer than 1024 bytes.")),
    }
}

/// Longest text of a title. CHOICE: Gitea's.
const TITLE_CHARS: usize = 255;
/// Longest body of a pull request, issue or comment, bytes. CHOICE.
const TEXT_BYTES: usize = 256 * 1024;

/// A title of a pull request or issue.
pub fn title(field: &str, title: &str) -> Result<(), Error> {
    match title.chars().count() {
        _ if title.trim().is_empty() => Err(Error::field(field, "is required.")),
        0..=TITLE_CHARS => Ok(()),
        _ => Err(Error::field(field, format!("must not be longer than {TITLE_CHARS} characters."))),
    }
}

/// A body, which may be empty.
pub fn text(field: &str, text: &str) -> Result<(), Error> {
    match text.len() {
        0..=TEXT_BYTES => Ok(()),
        _ => Err(Error::field(field, format!("must not be longer than {TEXT_BYTES} bytes."))),
    }
}

/// A body that says something.
pub fn required_text(field: &str, given: &str) -> Result<(), Error> {
    if given.trim().is_empty() { Err(Error::field(field, "is required.")) } else { text(field, given) }
}

/// The next number of a pull request or issue. CHOICE: they share a counter, as in Gitea.
pub fn next_number(store: &SsmStore, repository: &Key, tx: &mut Tx<'_>) -> u64 {
    numbered(store, repository, "number", tx)
}

/// The next number of a comment.
pub fn next_comment(store: &SsmStore, repository: &Key, tx: &mut Tx<'_>) -> u64 {
    numbered(store, repository, "comment", tx)
}

/// A repository that has the name of one that is gone begins anew: counters go by its own uid.
fn numbered(store: &SsmStore, repository: &Key, what: &str, tx: &mut Tx<'_>) -> u64 {
    let uid = store.repository(repository).map_or("", |r| r.uid.as_str());
    tx.number(&format!("{what} {uid}"))
}

/// A hook's target: an absolute http(s) URL. CHOICE: loopback and private hosts are allowed (the real service wants
/// a public one).
pub fn target_uri(field: &str, uri: &str) -> Result<(), Error> {
    let bad = |why: &str| Err(Error::field(field, why));
    if uri.is_empty() {
        return bad("is required.");
    }
    if uri.len() > URL_BYTES {
        return bad("must not be longer than 2048 bytes.");
    }
    match uri.parse::<http::Uri>() {
        Ok(parsed)
            if matches!(parsed.scheme_str(), Some("http" | "https"))
                && parsed.host().is_some_and(|h| !h.is_empty()) =>
        {
            Ok(())
        }
        _ => bad("must be an absolute http or https URL."),
    }
}

/// What may be appended to a URL as it is.
pub fn sensitive_query_string(field: &str, text: &str) -> Result<(), Error> {
    if text.len() <= URL_BYTES && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
        return Ok(());
    }
    Err(Error::field(field, "must consist of at most 2048 printable ASCII characters without spaces and #."))
}

/// A glob for branches, or empty.
pub fn branch_filter(field: &str, pattern: &str) -> Result<(), Error> {
    delivery::branch_filter(pattern).map(|_| ()).map_err(|e| Error::field(field, format!("{e}.")))
}

/// A hook's events, each once. CHOICE: none given means PUSH.
pub fn events(field: &str, given: &[i32]) -> Result<Vec<HookEvent>, Error> {
    let mut events = Vec::new();
    for (n, number) in given.iter().enumerate() {
        let event = match number {
            1 => HookEvent::Push,
            2 => HookEvent::PullRequest,
            3 => HookEvent::PullRequestComment,
            other => {
                return Err(Error::field(
                    format!("{field}[{n}]"),
                    format!("{other} is not an event of hooks."),
                ));
            }
        };
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if events.is_empty() {
        events.push(HookEvent::Push);
    }
    Ok(events)
}

/// Docs: a UUID that is not the zero one; may be left out.
pub fn request_id(field: &str, text: &str) -> Result<(), Error> {
    if text.is_empty() || uuid::Uuid::parse_str(text).is_ok_and(|id| !id.is_nil()) {
        return Ok(());
    }
    Err(Error::field(field, "must be a UUID other than the zero UUID."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_absolute_urls() {
        for good in
            ["http://127.0.0.1:9/x?y=1", "https://example.com", "http://[::1]:80/", "https://u:p@host/x"]
        {
            assert!(target_uri("t", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "/x",
            "ftp://h/x",
            "http://",
            "http:///x",
            "http://a b/",
            &format!("http://h/{}", "x".repeat(3000)),
        ] {
            assert!(target_uri("t", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn events_are_folded_and_default_to_push() {
        assert_eq!(events("e", &[]).unwrap(), [HookEvent::Push]);
        assert_eq!(events("e", &[2, 1, 2]).unwrap(), [HookEvent::PullRequest, HookEvent::Push]);
        assert_eq!(
            events("hook.events", &[1, 0]).unwrap_err().to_string(),
            "Invalid value for field 'hook.events[1]': 0 is not an event of hooks."
        );
        assert!(events("e", &[4]).is_err());
    }

    #[test]
    fn other_fields() {
        assert!(
            kms_key("k", "").is_ok()
                && kms_key("k", "projects/p/locations/l/keyRings/r/cryptoKeys/c").is_ok()
        );
        assert!(kms_key("k", "key").is_err() && ca_pool("c", "projects/p/locations/l/caPools/").is_err());
        assert!(
            request_id("r", "").is_ok() && request_id("r", "6546af81-25c6-46d9-aa41-70c00dc67752").is_ok()
        );
        assert!(
            request_id("r", "00000000-0000-0000-0000-000000000000").is_err() && request_id("r", "1").is_err()
        );
        assert!(
            sensitive_query_string("s", "a=b%20c").is_ok() && sensitive_query_string("s", "a b").is_err()
        );
        assert!(branch_filter("b", "{main,release*}").is_ok() && branch_filter("b", "[a").is_err());
        let label = |k: &str, v: &str| labels("l", &BTreeMap::from([(k.to_owned(), v.to_owned())])).is_ok();
        assert!(
            label("team", "a_1-b") && !label("Team", "a") && !label("", "a") && !label("a", &"b".repeat(64))
        );
    }
}
