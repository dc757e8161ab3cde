//! A call, taken apart: what operations read their input from.

use crate::error::{Error, Result};
use bytes::Bytes;
use http::Method;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// The parameters of a query string; names are compared ignoring case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string. Bytes that are no UTF-8 are replaced.
    pub fn read(text: &str) -> Self {
        let decode = |s: &str| percent_decode_str(&s.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|p| !p.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Query(pairs.collect())
    }
    /// A parameter that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }
    /// A parameter as a number or other plain value.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let bad = |v: &str| {
            Error::invalid(format!(
                "The query parameter {name} has the value '{}', which cannot be read.",
                shown(v)
            ))
        };
        self.get(name).map(|v| v.parse().map_err(|_| bad(v))).transpose()
    }
    /// `true` in any case, or absent.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }
    /// A list with commas.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.get(name).map(|v| v.split(',').map(str::trim).filter(|v| !v.is_empty()).collect())
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A parser's message without the names that our own types have.
fn worded(message: &str) -> String {
    let mut words = message.split(' ');
    let mut out: Vec<&str> = Vec::new();
    while let Some(word) = words.next() {
        match (out.last(), word) {
            (Some(&"expected"), "struct") => {
                words.next();
                out.push("an object");
            }
            (Some(&"expected"), "u32" | "u64" | "usize") => out.push("a whole number"),
            _ => out.push(word),
        }
    }
    out.join(" ")
}

/// What an operation is asked.
#[derive(Clone, Debug, Default)]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The values of the route's variables.
    pub values: Vec<(&'static str, String)>,
    /// The project in the path, by name or id.
    pub project: Option<String>,
    /// The query.
    pub query: Query,
    /// The `Accept` header, in lower case.
    pub accept: String,
    /// The body.
    pub body: Bytes,
}

impl ApiRequest {
    /// A variable of the route; empty when the route has none of that name.
    pub fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v)
    }
    /// A variable of the route or, where the client sends it so, of the query.
    pub fn value_or_query(&self, name: &str) -> &str {
        match self.value(name) {
            "" => self.query.get(name).unwrap_or_default(),
            value => value,
        }
    }
    /// Whether the client asks for an archive: by `$format`, or by what it accepts.
    pub fn wants_zip(&self) -> bool {
        let format = self.query.get("$format").unwrap_or_default();
        format.eq_ignore_ascii_case("zip") || self.accepts("application/zip")
    }
    /// The project in the path.
    pub fn project(&self) -> Result<&str> {
        self.project.as_deref().ok_or(Error::PageNotFound)
    }
    /// The body as a JSON object; an empty one reads as `{}`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        // Serde would take a list for a structure.
        self.parsed(b'{', "an object")
    }
    /// Whether the call has no body, or one without a word.
    pub fn is_bodyless(&self) -> bool {
        self.body.trim_ascii().is_empty()
    }
    /// The body as a JSON list.
    pub fn json_list<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        self.parsed(b'[', "a list")
    }

    fn parsed<T: DeserializeOwned>(&self, first: u8, wanted: &str) -> Result<T> {
        let body: &[u8] = if self.body.trim_ascii().is_empty() { b"{}" } else { &self.body };
        // Clients on Windows put a byte order mark in front.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if body.trim_ascii_start().first() != Some(&first)
            && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
        {
            return Err(Error::invalid(format!("The body of the request is not {wanted}.")));
        }
        // CHOICE: the service's message for a malformed body is not known; ours is the parser's.
        serde_json::from_slice(body).map_err(|e| {
            Error::invalid(format!("The body of the request could not be read: {}.", worded(&e.to_string())))
        })
    }
    /// Whether the client asks for that media type rather than JSON.
    pub fn accepts(&self, media: &str) -> bool {
        self.accept.split(',').any(|a| a.split(';').next().is_some_and(|m| m.trim() == media))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_ignoring_case() {
        let q = Query::read("$top=5&%24skip=1&Name=a+b%2Bc&empty=&flag=True&ids=1,%202,");
        assert_eq!(q.parsed::<u32>("$top"), Ok(Some(5)));
        assert_eq!(q.parsed::<u32>("$SKIP"), Ok(Some(1)));
        assert_eq!(q.get("name"), Some("a b+c"));
        assert_eq!(q.get("empty"), None);
        assert!(q.flag("flag") && !q.flag("name"));
        assert_eq!(q.list("ids"), Some(vec!["1", "2"]));
        assert!(q.parsed::<u32>("name").is_err());
        let _ = Query::read("%ff=%zz&&=&a");
    }

    #[test]
    fn bodies_are_read_or_refused() {
        let of = |body: &'static [u8]| {
            ApiRequest { body: Bytes::from_static(body), ..ApiRequest::default() }.json::<serde_json::Value>()
        };
        assert_eq!(of(b"").unwrap(), serde_json::json!({}));
        assert_eq!(of(b"\xef\xbb\xbf{}").unwrap(), serde_json::json!({}));
        for bad in [&b"{"[..], b"\xff", b"{} x"] {
            assert_eq!(of(bad).unwrap_err().status(), 400);
        }
        let said = |body: &'static [u8]| {
            #[derive(Debug, serde::Deserialize)]
            struct Inner {
                #[serde(rename = "id")]
                _id: u32,
            }
            let request = ApiRequest { body: Bytes::from_static(body), ..ApiRequest::default() };
            request.json::<std::collections::BTreeMap<String, Inner>>().unwrap_err().to_string()
        };
        assert_eq!(said(b"null"), "The body of the request is not an object.");
        assert_eq!(said(b" [1]"), "The body of the request is not an object.");
        assert_eq!(
            said(br#"{"a":7}"#),
            "The body of the request could not be read: invalid type: integer `7`, expected an object at line 1 column 6."
        );
        assert_eq!(
            said(br#"{"a":{"id":"x"}}"#),
            "The body of the request could not be read: invalid type: string \"x\", expected a whole number at line 1 column 14."
        );
        let deep = Bytes::from("[".repeat(100_000));
        assert!(ApiRequest { body: deep, ..ApiRequest::default() }.json::<serde_json::Value>().is_err());
    }
}
