//! A signature in full, as a request carries it: in its `Authorization` header or in a presigned query.

use super::{ALGORITHM, Scope};
use chrono::{DateTime, NaiveDateTime};
use http::{HeaderMap, header};
use parhelion_core::Timestamp;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// How AWS writes an instant in signatures.
pub const INSTANT: &str = "%Y%m%dT%H%M%SZ";
/// Longest that a presigned request is good, seconds. Docs: seven days.
const EXPIRES_MAX: i64 = 604_800;
/// Most headers that a signature may list.
const SIGNED_MAX: usize = 200;

/// Where a signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In the `Authorization` header.
    Header,
    /// In the query; good for that many seconds.
    Query { expires: i64 },
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub carrier: Carrier,
    /// What the key was made for.
    pub scope: Scope,
    /// `yyyymmdd` of the scope.
    pub day: String,
    /// Header names in small letters, as listed.
    pub signed: Vec<String>,
    /// Hexadecimal.
    pub value: String,
    /// When it was made.
    pub at: Timestamp,
    /// `X-Amz-Security-Token`.
    pub token: Option<String>,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// The request carries no signature.
    Missing,
    /// It carries something that is none: what is wanted, in AWS's words.
    Incomplete(String),
}

impl Signature {
    /// The signature of a request.
    ///
    /// # Errors
    /// When there is none, or one without all its parts.
    pub fn of(headers: &HeaderMap, query: &str) -> Result<Signature, Unsigned> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text =
                value.to_str().map_err(|_| Unsigned::Incomplete("Authorization is no text.".into()))?;
            return of_header(text, headers);
        }
        let fields = fields(query);
        if fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Algorithm")) {
            return of_query(&fields);
        }
        Err(Unsigned::Missing)
    }
}

fn of_header(text: &str, headers: &HeaderMap) -> Result<Signature, Unsigned> {
    let Some(rest) = text.trim().strip_prefix(ALGORITHM).filter(|r| r.starts_with(char::is_whitespace))
    else {
        // What was sent may be a secret of another kind.
        return Err(Unsigned::Incomplete(format!("Authorization header is not of {ALGORITHM}.")));
    };
    let part = |wanted: &str| {
        let named = rest.split(',').filter_map(|field| field.trim().split_once('='));
        named.filter(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value).next_back()
    };
    let date = headers.get("x-amz-date").or_else(|| headers.get(header::DATE)).and_then(|d| d.to_str().ok());
    let token = headers.get("x-amz-security-token").and_then(|t| t.to_str().ok());
    assembled(
        "Authorization header",
        Carrier::Header,
        [part("Credential"), part("Signature"), part("SignedHeaders"), date],
        token,
    )
}

fn of_query(fields: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Signature, Unsigned> {
    let part = |wanted: &str| {
        let mut named =
            fields.iter().filter(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty());
        named.next_back().map(|(_, value)| &**value)
    };
    if part("X-Amz-Algorithm") != Some(ALGORITHM) {
        return Err(Unsigned::Incomplete(format!("X-Amz-Algorithm only supports \"{ALGORITHM}\".")));
    }
    let expires = part("X-Amz-Expires").and_then(|text| text.parse().ok());
    let Some(expires) = expires.filter(|secs| (1..=EXPIRES_MAX).contains(secs)) else {
        let text = format!("X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_MAX}.");
        return Err(Unsigned::Incomplete(text));
    };
    assembled(
        "AWS query-string",
        Carrier::Query { expires },
        [part("X-Amz-Credential"), part("X-Amz-Signature"), part("X-Amz-SignedHeaders"), part("X-Amz-Date")],
        part("X-Amz-Security-Token"),
    )
}

/// A signature of its parts: credential, signature, signed headers, date.
// OBSERVED: the sentences are AWS's. CHOICE: they do not repeat what was sent.
fn assembled(
    place: &str,
    carrier: Carrier,
    parts: [Option<&str>; 4],
    token: Option<&str>,
) -> Result<Signature, Unsigned> {
    let names = match carrier {
        Carrier::Header => [
            "'Credential'",
            "'Signature'",
            "'SignedHeaders'",
            "existence of either a 'X-Amz-Date' or a 'Date' header",
        ],
        Carrier::Query { .. } => ["X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"],
    };
    let [Some(credential), Some(value), Some(signed), Some(date)] = parts else {
        let missing = names.iter().zip(parts).filter(|(_, part)| part.is_none());
        let said: Vec<String> = missing
            .map(|(name, _)| {
                let parameter = if name.starts_with("existence") { "" } else { " parameter" };
                format!("{place} requires {name}{parameter}.")
            })
            .collect();
        return Err(Unsigned::Incomplete(said.join(" ")));
    };
    let Some((scope, day)) = Scope::read(credential) else {
        let said =
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.";
        return Err(Unsigned::Incomplete(said.to_owned()));
    };
    let signed: Vec<String> = signed.split(';').map(str::to_ascii_lowercase).collect();
    if signed.len() > SIGNED_MAX {
        return Err(Unsigned::Incomplete(format!("SignedHeaders lists more than {SIGNED_MAX} headers.")));
    }
    let Some(at) = instant(date) else {
        return Err(Unsigned::Incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'.",
            parhelion_core::text::prefix(date, 40)
        )));
    };
    Ok(Signature {
        carrier,
        scope,
        day: day.to_owned(),
        signed,
        value: value.to_owned(),
        at,
        token: token.map(str::to_owned),
    })
}

/// An instant as signatures or HTTP write it.
fn instant(text: &str) -> Option<Timestamp> {
    let basic = NaiveDateTime::parse_from_str(text, INSTANT).ok().map(|naive| naive.and_utc());
    basic.or_else(|| DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc()))
}

/// The fields of a query, decoded.
fn fields(query: &str) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// A presigned query without its signature.
pub fn unsigned_query(query: &str) -> String {
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
            !percent_decode_str(name).decode_utf8_lossy().eq_ignore_ascii_case("X-Amz-Signature")
        })
        .collect();
    kept.join("&")
}
