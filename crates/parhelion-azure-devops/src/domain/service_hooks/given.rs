//! A subscription as it is given, checked.

use super::catalog::{self, EventType, Filter};
use crate::{
    error::{Error, Result},
    store::{AzureDevOpsStore, Inputs, MASKED, Subscription, SubscriptionStatus, Tracing, is_confidential},
};
use parhelion_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Inputs that a publisher or consumer is given at most.
pub const MAX_INPUTS: usize = 50;
/// Longest input, bytes.
pub const MAX_INPUT_BYTES: usize = 4096;
/// Longest address, bytes.
pub const MAX_URL_BYTES: usize = 2048;
/// Further headers at most.
const MAX_HEADERS: usize = 50;
/// What a caller may not set: it belongs to the transport.
const RESERVED: &[&str] =
    &["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"];

/// A subscription as a body holds it; unknown members are left alone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Given {
    /// Its id, where it is replaced.
    pub id: Option<String>,
    /// Its publisher.
    pub publisher_id: Option<String>,
    /// Its event.
    pub event_type: Option<String>,
    /// The form of the resource.
    pub resource_version: Option<String>,
    /// Its consumer.
    pub consumer_id: Option<String>,
    /// The consumer's action.
    pub consumer_action_id: Option<String>,
    /// The filters.
    pub publisher_inputs: Option<Map<String, Value>>,
    /// The settings.
    pub consumer_inputs: Option<Map<String, Value>>,
    /// Its status: a word or a number.
    pub status: Option<Value>,
}

/// Makes a subscription of what is given. `before` is what it replaces: a password that comes back masked stays, and so
/// does whatever was not chosen by the caller.
///
/// # Errors
/// [`Error::SubscriptionInput`] for what is no input; the project's, when it is unknown.
pub fn build(
    store: &AzureDevOpsStore,
    given: &Given,
    id: Uuid,
    before: Option<&Subscription>,
    now: Timestamp,
    base: &str,
) -> Result<Subscription> {
    let event = event_of(given)?;
    let consumer = given.consumer_id.as_deref().unwrap_or_default();
    if !consumer.eq_ignore_ascii_case(catalog::WEB_HOOKS) {
        return Err(Error::ConsumerUnknown { id: shown(consumer) });
    }
    let action = given.consumer_action_id.as_deref().unwrap_or_default();
    if !action.eq_ignore_ascii_case(catalog::HTTP_REQUEST) {
        return Err(Error::ConsumerActionUnknown { id: shown(action), consumer: catalog::WEB_HOOKS.into() });
    }
    let version = event.version(given.resource_version.as_deref()).ok_or_else(|| {
        let versions = event.versions.join(", ");
        let given = shown(given.resource_version.as_deref().unwrap_or_default());
        Error::input("resourceVersion", format!("'{given}' is none of {versions} of the event {}", event.id))
    })?;
    let mut filters = inputs(given.publisher_inputs.as_ref(), event.filters)?;
    if let Some(project) = filters.get("projectId").filter(|p| !p.is_empty()).cloned() {
        let known = store.project(&project)?;
        filters.insert("projectId".to_owned(), known.id.to_string());
    }
    let mut settings = inputs(given.consumer_inputs.as_ref(), catalog::SETTINGS)?;
    for (name, value) in settings.iter_mut().filter(|(n, v)| is_confidential(n) && v.as_str() == MASKED) {
        *value = before.and_then(|b| b.consumer_inputs.get(name)).cloned().unwrap_or_default();
    }
    check_settings(&settings)?;
    let (status, probation) = status(given.status.as_ref(), before)?;
    let count = |of: fn(&Subscription) -> &Tracing| before.map(|b| of(b).clone()).unwrap_or_default();
    Ok(Subscription {
        id,
        status,
        publisher: event.publisher.to_owned(),
        event_type: event.id.to_owned(),
        resource_version: version,
        consumer: catalog::WEB_HOOKS.to_owned(),
        action: catalog::HTTP_REQUEST.to_owned(),
        publisher_inputs: filters,
        consumer_inputs: settings,
        created: before.map_or(now, |b| b.created),
        modified: now,
        base: base.to_owned(),
        probation,
        evaluation: count(|b| &b.evaluation),
        delivery: count(|b| &b.delivery),
        results: count(|b| &b.results),
    })
}

/// The event that is asked for, of the publisher that is named.
fn event_of(given: &Given) -> Result<&'static EventType> {
    let publisher = given.publisher_id.as_deref().unwrap_or_default();
    if !catalog::PUBLISHERS.iter().any(|(id, ..)| id.eq_ignore_ascii_case(publisher)) {
        return Err(Error::PublisherUnknown { id: shown(publisher) });
    }
    let asked = given.event_type.as_deref().unwrap_or_default();
    let found = catalog::event(asked).filter(|e| e.publisher.eq_ignore_ascii_case(publisher));
    found.ok_or_else(|| Error::EventTypeUnknown { id: shown(asked), publisher: shown(publisher) })
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The inputs given: the known ones under their own names and with a value that they may have, the others as they are.
fn inputs(given: Option<&Map<String, Value>>, known: &[Filter]) -> Result<Inputs> {
    let mut all = Inputs::new();
    for (name, value) in given.into_iter().flatten() {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(Error::input(&shown(name), "it is to be a text")),
        };
        if name.len() > 200 || value.len() > MAX_INPUT_BYTES {
            return Err(Error::input(&shown(name), format!("it is longer than {MAX_INPUT_BYTES} bytes")));
        }
        let filter = known.iter().find(|f| f.id.eq_ignore_ascii_case(name));
        let id = filter.map_or(name.as_str(), |f| f.id);
        let value = match filter.filter(|f| !f.values.is_empty() && !value.is_empty()) {
            None => value,
            Some(filter) => {
                let word = filter.values.iter().find(|v| v.eq_ignore_ascii_case(&value));
                let bad = || {
                    Error::input(id, format!("'{}' is none of {}", shown(&value), filter.values.join(", ")))
                };
                (*word.ok_or_else(bad)?).to_owned()
            }
        };
        all.insert(id.to_owned(), value);
    }
    if all.len() > MAX_INPUTS {
        return Err(Error::input("inputs", format!("there are more than {MAX_INPUTS}")));
    }
    Ok(all)
}

fn check_settings(settings: &Inputs) -> Result<()> {
    let url = settings.get("url").map(String::as_str).unwrap_or_default();
    check_url(url).map_err(|why| Error::input("url", why))?;
    headers(settings.get("httpHeaders").map(String::as_str).unwrap_or_default())
        .map_err(|why| Error::input("httpHeaders", why))?;
    if settings.get("basicAuthUsername").is_some_and(|u| u.contains(':')) {
        return Err(Error::input("basicAuthUsername", "a user's name has no colon"));
    }
    Ok(())
}

/// Whether a text is an address that events can be posted to.
fn check_url(url: &str) -> std::result::Result<(), String> {
    if url.is_empty() {
        return Err("it is required".to_owned());
    }
    if url.len() > MAX_URL_BYTES {
        return Err(format!("it is longer than {MAX_URL_BYTES} bytes"));
    }
    let Ok(uri) = url.parse::<http::Uri>() else { return Err("it cannot be read".to_owned()) };
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    if !known || uri.host().is_none_or(str::is_empty) {
        return Err("an absolute http or https URL is wanted".to_owned());
    }
    Ok(())
}

/// Further headers out of lines `Name:Value`.
///
/// # Errors
/// What is wrong with one, in a few words; no value is repeated.
pub fn headers(lines: &str) -> std::result::Result<Vec<(String, String)>, String> {
    let mut all = Vec::new();
    for line in lines.split('\n').map(str::trim).filter(|l| !l.is_empty()) {
        let (name, value) = line.split_once(':').ok_or("a line is no Name:Value")?;
        let (name, value) = (name.trim(), value.trim());
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(format!("'{}' is no header's name", shown(name)));
        }
        if RESERVED.iter().any(|r| r.eq_ignore_ascii_case(name)) {
            return Err(format!("the header {name} cannot be set"));
        }
        if http::HeaderValue::from_str(value).is_err() {
            return Err(format!("the value of the header {name} cannot be sent"));
        }
        all.push((name.to_owned(), value.to_owned()));
        if all.len() > MAX_HEADERS {
            return Err(format!("there are more than {MAX_HEADERS}"));
        }
    }
    Ok(all)
}

// OBSERVED: names and numbers.
const STATUS: crate::wire::words::Words = crate::wire::words::Words(&[
    ("enabled", 0),
    ("onProbation", 10),
    ("disabledByUser", 20),
    ("disabledBySystem", 30),
    ("disabledByInactiveIdentity", 40),
]);

type Standing = (SubscriptionStatus, Option<crate::store::Probation>);

/// The status after it. A caller can enable and disable; what the system set comes back as it was read.
fn status(given: Option<&Value>, before: Option<&Subscription>) -> Result<Standing> {
    let word = STATUS.member("status", given)?;
    Ok(match (word, before) {
        (Some("disabledByUser"), _) => (SubscriptionStatus::DisabledByUser, None),
        (Some("enabled"), _) | (_, None) => (SubscriptionStatus::Enabled, None),
        // CHOICE: an absent status, or one that only the system sets, changes nothing.
        (_, Some(before)) => (before.status, before.probation.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_absolute_and_of_http() {
        assert_eq!(check_url("https://u:p@host:8/x?y"), Ok(()));
        let long = format!("http://h/{}", "x".repeat(MAX_URL_BYTES));
        for bad in ["", "/x", "host", "ftp://h/", "http://", "http://a b/", "javascript:1", &long] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_are_lines() {
        let two = headers("X-A: 1\r\nx-b:c:d\n\n").unwrap();
        assert_eq!(two, [("X-A".to_owned(), "1".to_owned()), ("x-b".to_owned(), "c:d".to_owned())]);
        for bad in ["nothing", ":x", "a b:c", "Host:x", "content-length: 5", "X:\u{7}", &"a:b\n".repeat(51)] {
            assert!(headers(bad).is_err(), "{bad}");
        }
        assert!(!headers("X:geheim\u{1}").unwrap_err().contains("geheim"));
    }

    proptest! {
        #[test]
        fn any_text_is_checked(text in ".{0,60}") {
            let _ = (check_url(&text), headers(&text));
        }
    }
}
