//! The requests that surfaces answered (control.md 6).

use crate::ask::{Answer, Ask, ok, page, unknown};
use base64::Engine;
use bytes::Bytes;
use parhelion_core::{HeaderLines, RequestRecord, Seq, text::masked};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub const QUERY: &[&str] = &["surface", "operation", "tenant", "status", "since", "limit", "after"];

/// A record without its bodies.
fn shown(record: &RequestRecord) -> Map<String, Value> {
    let shown = json!({
        "id": record.id,
        "seq": record.seq,
        "at": record.at,
        "surface": record.surface,
        "operation": record.operation,
        "tenant": record.tenant,
        "method": record.method,
        "path": record.path,
        "status": record.status,
        "duration_us": record.duration_us,
    });
    match shown {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// `body` as text where it is UTF-8, else `body_base64`.
pub fn put_body(to: &mut Map<String, Value>, body: &Bytes) {
    match std::str::from_utf8(body) {
        Ok(text) => to.insert("body".into(), text.into()),
        Err(_) => {
            to.insert("body_base64".into(), base64::engine::general_purpose::STANDARD.encode(body).into())
        }
    };
}

/// Headers as they are shown: of credentials the scheme alone. An AWS signature stays: it is made anew for each
/// request, gives nothing away, and tells why one was refused.
fn shown_headers(headers: &HeaderLines) -> Vec<(&str, Cow<'_, str>)> {
    headers.iter().map(|(name, value)| (name, shown_value(name, value))).collect()
}

fn shown_value<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    let secret = ["authorization", "proxy-authorization"].iter().any(|n| name.eq_ignore_ascii_case(n));
    if !secret || value.starts_with("AWS4-HMAC-SHA256 ") {
        return value.into();
    }
    match value.trim().split_once(' ') {
        Some((scheme, credentials)) => format!("{scheme} {}", masked(credentials)).into(),
        None => masked(value).into(),
    }
}

fn message(headers: &HeaderLines, body: &Bytes, truncated: bool) -> Value {
    let mut message = Map::from_iter([("headers".to_owned(), json!(shown_headers(headers)))]);
    put_body(&mut message, body);
    if truncated {
        message.insert("body_truncated".into(), true.into());
    }
    Value::Object(message)
}

pub async fn list(ask: Ask) -> Answer {
    ask.known_filter()?;
    let q = &ask.query;
    let (limit, status) = (q.limit()?, q.read::<u16>("status")?);
    // `since` and `after` are both a seq: `since` takes it in, `after` goes on behind it.
    let since = q.read::<Seq>("since")?.unwrap_or(0);
    let after = q.read::<Seq>("after")?;
    let wanted = |r: &RequestRecord| {
        q.admits("surface", r.surface)
            && q.admits("operation", &r.operation)
            && q.admits_tenant(&r.tenant)
            && status.is_none_or(|status| status == r.status)
            && r.seq >= since
            && after.is_none_or(|after| r.seq > after)
    };
    let mut found: Vec<_> = ask.world.requests().lock().iter().filter(|r| wanted(r)).cloned().collect();
    // Records are kept in the order in which they ended; shown in the order in which they came.
    found.sort_by_key(|record| record.seq);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|record| record.seq.to_string());
    page(found.iter().map(|record| Value::Object(shown(record))).collect(), next)
}

pub async fn get(ask: Ask) -> Answer {
    let record =
        ask.world.requests().lock().get(ask.param(0)).ok_or_else(|| unknown("request", ask.param(0)))?;
    let mut whole = shown(&record);
    whole.insert(
        "request".into(),
        message(&record.request_headers, &record.request_body, record.request_truncated),
    );
    whole.insert(
        "response".into(),
        message(&record.response_headers, &record.response_body, record.response_truncated),
    );
    ok(&whole)
}

/// Which requests count: all members that are given must agree.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    surface: Option<String>,
    operation: Option<String>,
    tenant: Option<String>,
    status: Option<u16>,
    path: Option<String>,
    #[serde(default)]
    header: BTreeMap<String, String>,
}

impl Match {
    fn takes(&self, record: &RequestRecord) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        same(&self.surface, record.surface)
            && same(&self.operation, &record.operation)
            && self.tenant.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&record.tenant))
            && same(&self.path, &record.path)
            && self.status.is_none_or(|status| status == record.status)
            && self.header.iter().all(|(name, value)| record.request_headers.has(name, value))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    #[serde(default)]
    r#match: Match,
}

pub async fn count(ask: Ask) -> Answer {
    let Count { r#match: wanted } = ask.json()?;
    if let Some(surface) = &wanted.surface {
        ask.known_surface(surface)?;
    }
    let count = ask.world.requests().lock().iter().filter(|record| wanted.takes(record)).count();
    ok(&json!({"count": count}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_and_their_scheme_stays() {
        let shown = |name, value| shown_value(name, value).into_owned();
        assert_eq!(shown("authorization", "Basic dXNlcjpwYXNz"), "Basic ****");
        assert_eq!(shown("Authorization", "Bearer abc def"), "Bearer ****");
        assert_eq!(shown("proxy-authorization", "token"), "****");
        let signed =
            "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/codepipeline/aws4_request, Signature=f00";
        assert_eq!(shown("authorization", signed), signed);
        assert_eq!(shown("x-other", "Basic dXNlcjpwYXNz"), "Basic dXNlcjpwYXNz");
    }
}
