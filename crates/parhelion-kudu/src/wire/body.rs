//! Reading bodies as the framework binds them.

use crate::error::Refusal;
use bytes::Bytes;
use http::HeaderMap;
use parhelion_core::limits;
use parhelion_http::{Body, BodyError, read_body};

/// A body that an endpoint binds as JSON: its text, `None` when there is none.
///
/// A body of another media type, or of none, is refused; an empty one has no type to be wrong.
pub async fn bound_json(
    headers: &HeaderMap,
    body: Body,
    wanted: &'static str,
) -> Result<Option<String>, Refusal> {
    let bytes = whole(body).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let given = media_type(headers);
    if !["application/json", "text/json"].iter().any(|json| given.eq_ignore_ascii_case(json)) {
        return Err(Refusal::MediaType { given, wanted });
    }
    Ok(text(&bytes))
}

/// The body's text when it is JSON, valid and not too deeply nested, whatever its type says; without a byte order
/// mark.
pub fn text(bytes: &Bytes) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).ok()?;
    serde_json::from_str::<serde_json::Value>(text).is_ok().then(|| text.to_owned())
}

/// The whole body, within the general limit.
pub async fn whole(body: Body) -> Result<Bytes, Refusal> {
    read_body(body, limits::BODY_BYTES).await.map_err(refusal)
}

/// The whole body of a route whose bodies may be long, but no longer than this. What comes of a longer one is read
/// and dropped, so that a client that is still sending gets to read the answer.
pub async fn large(mut body: Body, limit: u64) -> Result<Bytes, Refusal> {
    let limit = limit.min(limits::STREAMED_BODY_BYTES);
    let mut all = bytes::BytesMut::new();
    let mut total = 0u64;
    while let Some(data) = super::spool::next(&mut body).await? {
        total = total.saturating_add(data.len() as u64);
        if total <= limit {
            all.extend_from_slice(&data);
        } else {
            all = bytes::BytesMut::new();
        }
    }
    if total > limit { Err(Refusal::BodyTooLarge(limit)) } else { Ok(all.freeze()) }
}

/// Why a body could not be read, in this surface's terms.
pub fn refusal(error: BodyError) -> Refusal {
    match error {
        BodyError::TooLarge { limit } => Refusal::BodyTooLarge(limit),
        BodyError::Stalled => Refusal::BodyStalled,
        BodyError::Broken(why) => Refusal::BodyBroken(why),
    }
}

/// The media type without parameters. Docs: without the header it counts as `application/octet-stream`.
pub fn media_type(headers: &HeaderMap) -> String {
    let given =
        headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bare = given.split(';').next().unwrap_or_default().trim();
    if bare.is_empty() { "application/octet-stream".to_owned() } else { bare.to_owned() }
}
