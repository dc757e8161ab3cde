//! Conditions of a request: `If-Match` and its kin.

use super::time;
use crate::buckets::{Body, Stored};
use crate::error::{Error, Result};
use http::HeaderMap;

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a list of tags names one.
fn names(list: &str, body: &Body) -> bool {
    list.trim() == "*" || list.split(',').any(|tag| body.etag.is(tag.trim().trim_start_matches("W/")))
}

/// Whether a read may go on. Docs: API_GetObject, "Overriding response header values": `If-Match` outranks
/// `If-Unmodified-Since`, `If-None-Match` outranks `If-Modified-Since`.
///
/// # Errors
/// `PreconditionFailed`, `NotModified`.
pub fn read(headers: &HeaderMap, stored: &Stored, body: &Body) -> Result<()> {
    check(headers, "", stored, body, || Error::NotModified {
        etag: body.etag.quoted(),
        modified: time::http(stored.modified),
    })
}

/// Whether a copy's source may be read: the same conditions under longer names, and what is not modified fails too.
///
/// # Errors
/// `PreconditionFailed`.
pub fn copy(headers: &HeaderMap, stored: &Stored, body: &Body) -> Result<()> {
    let failed = || Error::PreconditionFailed { condition: "x-amz-copy-source-If-None-Match" };
    check(headers, "x-amz-copy-source-", stored, body, failed)
}

fn check(
    headers: &HeaderMap,
    prefix: &str,
    stored: &Stored,
    body: &Body,
    same: impl Fn() -> Error,
) -> Result<()> {
    let given = |name: &str| text(headers, &format!("{prefix}{name}"));
    let instant = |name: &str| given(name).and_then(time::read_http);
    // Headers know no fractions of a second.
    let modified = stored.modified.timestamp();
    if let Some(tags) = given("if-match") {
        if !names(tags, body) {
            return Err(Error::PreconditionFailed { condition: "If-Match" });
        }
    } else if instant("if-unmodified-since").is_some_and(|since| modified > since.timestamp()) {
        return Err(Error::PreconditionFailed { condition: "If-Unmodified-Since" });
    }
    if let Some(tags) = given("if-none-match") {
        if names(tags, body) {
            return Err(same());
        }
    } else if instant("if-modified-since").is_some_and(|since| modified <= since.timestamp()) {
        return Err(same());
    }
    Ok(())
}

/// Whether a write may go on, given what stands there now. Docs: S3, "Conditional writes".
///
/// # Errors
/// `PreconditionFailed`; `NoSuchKey` where `If-Match` meets nothing; an `If-None-Match` other than `*`.
pub fn write(headers: &HeaderMap, key: &str, there: Option<&Body>) -> Result<()> {
    if let Some(tags) = text(headers, "if-match") {
        let there = there.ok_or_else(|| Error::NoSuchKey { key: key.to_owned(), marker: None })?;
        if !names(tags, there) {
            return Err(Error::PreconditionFailed { condition: "If-Match" });
        }
    }
    match text(headers, "if-none-match").map(str::trim) {
        None => Ok(()),
        Some("*") if there.is_some() => Err(Error::PreconditionFailed { condition: "If-None-Match" }),
        Some("*") => Ok(()),
        Some(_) => Err(Error::NotImplemented { what: "If-None-Match with an entity tag".to_owned() }),
    }
}
