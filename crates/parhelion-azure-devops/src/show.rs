//! Resources as the service shows them: JSON with its member names, links included.

pub mod approval;
pub mod build;
pub mod definition;
pub mod endpoint;
pub mod environment;
pub mod git;
pub mod pool;
pub mod project;
pub mod service_hook;
pub mod timeline;
pub mod variable_group;

use crate::store::{AzureDevOpsStore, Identity};
use parhelion_core::{Call, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where links begin: `{base}/{organization}`.
#[derive(Clone, Debug)]
pub struct Links(String);

impl Links {
    /// The links of an organization, as the caller addressed the server.
    pub fn of(store: &AzureDevOpsStore, call: &Call) -> Self {
        Links(format!("{}/{}", call.base, store.name()))
    }
    /// The links of an organization of a server that is addressed so.
    pub fn at(store: &AzureDevOpsStore, base: &str) -> Self {
        Links(format!("{base}/{}", store.name()))
    }
    /// `{base}/{organization}/{path}`.
    pub fn to(&self, path: impl std::fmt::Display) -> String {
        format!("{}/{path}", self.0)
    }
}

/// A path segment, percent-encoded.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// An instant: ISO 8601 in UTC, up to seven digits of a second.
pub fn time(at: Timestamp) -> String {
    let ticks = at.timestamp_subsec_nanos() / 100;
    let seconds = at.format("%Y-%m-%dT%H:%M:%S");
    if ticks == 0 {
        return format!("{seconds}Z");
    }
    let digits = format!("{ticks:07}");
    format!("{seconds}.{}Z", digits.trim_end_matches('0'))
}

/// A link as `_links` holds it.
pub fn link(href: String) -> Value {
    json!({ "href": href })
}

/// Somebody.
pub fn identity(of: &Identity, links: &Links) -> Value {
    json!({
        "displayName": of.name,
        "url": links.to(format_args!("_apis/Identities/{}", of.id)),
        "id": of.id,
        "uniqueName": of.unique_name,
        "imageUrl": links.to(format_args!("_api/_common/identityImage?id={}", of.id)),
        "descriptor": format!("msa.{}", of.id.simple()),
    })
}

/// An object without its null members: the service leaves them out.
pub fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.into_iter().filter(|(_, v)| !v.is_null()).collect()),
        other => other,
    }
}

/// Adds members to an object.
pub fn with(value: Value, more: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut members: Map<String, Value> = match value {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.extend(more.into_iter().map(|(k, v)| (k.to_owned(), v)));
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn times_have_up_to_seven_digits() {
        let at = |ns| time(Timestamp::UNIX_EPOCH + TimeDelta::nanoseconds(ns));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(500_000_000), "1970-01-01T00:00:00.5Z");
        assert_eq!(at(123_456_789), "1970-01-01T00:00:00.1234567Z");
    }
}
