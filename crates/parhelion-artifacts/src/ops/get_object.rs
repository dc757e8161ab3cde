//! GetObject, and HeadObject: the same head, of which the server leaves the body out.

use crate::buckets::Versioning;
use crate::error::{Error, Result};
use crate::wire::{Ask, Given, answer, conditions, meta, range};
use parhelion_http::Response;

/// Query members that replace headers of the answer. Docs: API_GetObject, "Overriding response header values".
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

/// An object's bytes, or a range of them.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let (stored, body, versioned) = ask.look(|buckets| {
        let versioned = buckets.bucket(ask.bucket())?.versioning != Versioning::Off;
        let (stored, body) = buckets.find(ask.bucket(), ask.key(), ask.given("versionId"))?;
        Ok((stored.clone(), body.clone(), versioned))
    })?;
    conditions::read(&ask.parts.headers, &stored, &body)?;
    let size = body.content.size();
    let (range, parts) = match (ask.number("partNumber")?, ask.header("range")) {
        (Some(_), Some(_)) => {
            let why = "Cannot specify both Range header and partNumber query parameter".to_owned();
            return Err(Error::InvalidRequest { why });
        }
        (Some(number), None) => {
            let (range, count) = body.part(number)?;
            (Some(range), Some(count))
        }
        (None, header) => (range::asked(header, size)?, None),
    };
    let mut response = answer::empty(if range.is_some() { 206 } else { 200 });
    meta::tell(&mut response, &stored, &body, versioned.then(|| stored.version()));
    if let Some(range) = &range {
        let last = range.end.saturating_sub(1);
        answer::set(&mut response, "content-range", &format!("bytes {}-{last}/{size}", range.start));
    } else if ask.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("enabled")) {
        // A checksum is one of all bytes.
        meta::tell_checksum(&mut response, body.extra.as_ref().and_then(|extra| extra.checksum.as_ref()));
    }
    let of_parts = body.extra.as_ref().is_some_and(|extra| !extra.parts.is_empty());
    if let Some(count) = parts.filter(|_| of_parts) {
        answer::set(&mut response, "x-amz-mp-parts-count", &count.to_string());
    }
    for (member, header) in OVERRIDES {
        answer::maybe(&mut response, header, ask.given(member));
    }
    answer::bytes(&mut response, &body.content, range.unwrap_or(0..size));
    Ok(response)
}
