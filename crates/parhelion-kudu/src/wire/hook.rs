//! Hooks as JSON.

use crate::domain::time;
use crate::error::Error;
use crate::store::Hook;
use serde::Serialize;
use serde_json::Value;

/// What a client asks for when it subscribes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The event, casing kept.
    pub event: Option<String>,
    /// The address, trimmed; empty when it is missing.
    pub url: String,
    /// Whether certificates are left unchecked.
    pub insecure_ssl: bool,
}

impl Subscription {
    /// Reads a hook as the service's JSON library does: member names ignore case, the last of equal ones counts,
    /// unknown ones (`id` and `last_*` among them) are ignored, numbers do for texts and the words `true` and
    /// `false` for booleans. Anything else of a wrong type leaves no hook at all.
    pub fn parse(json: &Value) -> Result<Subscription, Error> {
        let members = json.as_object().ok_or(Error::NoHook)?;
        let (mut url, mut event) = (None, None);
        let mut wanted = Subscription::default();
        for (name, value) in members {
            match name.to_ascii_lowercase().as_str() {
                "url" => url = text(value)?,
                "event" => event = text(value)?,
                // OBSERVED: the names of the constructor's parameters do as well.
                "hookaddress" => wanted.url = text(value)?.unwrap_or_default(),
                "hookeventtype" => wanted.event = text(value)?,
                "insecure_ssl" => wanted.insecure_ssl = flag(value)?,
                _ => {}
            }
        }
        if let Some(url) = url {
            wanted.url = url;
        }
        wanted.url = wanted.url.trim().to_owned();
        wanted.event = event.or(wanted.event);
        Ok(wanted)
    }
}

fn text(value: &Value) -> Result<Option<String>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Array(_) | Value::Object(_) => Err(Error::NoHook),
    }
}

fn flag(value: &Value) -> Result<bool, Error> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Error::NoHook),
    }
}

/// A hook as answers show it: all eight members, nulls written.
#[derive(Debug, Serialize)]
pub struct HookView {
    id: String,
    event: Option<String>,
    url: String,
    insecure_ssl: bool,
    last_status: Option<String>,
    last_reason: Option<String>,
    last_datetime: String,
    last_context: Option<std::sync::Arc<str>>,
}

impl HookView {
    /// A hook of an id.
    pub fn of(id: u64, hook: &Hook) -> HookView {
        HookView {
            // A text: 18 digits as a number would be rounded by JavaScript clients.
            id: id.to_string(),
            event: hook.event.clone(),
            url: hook.url.clone(),
            insecure_ssl: hook.insecure_ssl,
            last_status: hook.last.status.clone(),
            last_reason: hook.last.reason.clone(),
            last_datetime: hook.last.at.map_or(time::UNSET.to_owned(), time::iso),
            last_context: hook.last.context.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(json: Value) -> Result<Subscription, Error> {
        Subscription::parse(&json)
    }

    #[test]
    fn names_ignore_case_and_unknown_ones_are_ignored() {
        let hook = parse(
            json!({"URL": " http://h/ ", "Event": "x", "Insecure_SSL": "True", "id": 7, "last_status": {}}),
        );
        assert_eq!(
            hook,
            Ok(Subscription { event: Some("x".into()), url: "http://h/".into(), insecure_ssl: true })
        );
        let aliases = parse(json!({"hookAddress": "http://h/", "hookEventType": "y"})).unwrap();
        assert_eq!((aliases.url.as_str(), aliases.event.as_deref()), ("http://h/", Some("y")));
        let both = parse(json!({"url": "a", "hookAddress": "b"})).unwrap();
        assert_eq!(both.url, "a");
        assert_eq!(parse(json!({"url": 12})).unwrap().url, "12");
        assert_eq!(parse(json!({})), Ok(Subscription::default()));
        assert_eq!(parse(json!({"url": null, "insecure_ssl": 0})), Ok(Subscription::default()));
    }

    #[test]
    fn the_wrong_shape_is_no_hook() {
        for json in [
            json!(null),
            json!([{"url": "http://h/"}]),
            json!("http://h/"),
            json!(5),
            json!({"url": ["http://h/"]}),
            json!({"event": {}}),
            json!({"insecure_ssl": "maybe"}),
            json!({"insecure_ssl": null}),
        ] {
            assert_eq!(parse(json.clone()), Err(Error::NoHook), "{json}");
        }
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(text in "\\{(\"(url|event|insecure_ssl|x)\":(null|true|1e9|-0|\"\"|\\[\\]|\"\\\\ud83d\"),?){0,3}\\}?") {
            if let Ok(json) = serde_json::from_str(&text) {
                let _ = parse(json);
            }
        }
    }
}
