//! PutObject.

use crate::buckets::{Body, New};
use crate::error::{Error, Result};
use crate::wire::{Ask, Given, answer, conditions, meta};
use parhelion_http::Response;

/// Keeps an object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub fn run(ask: &Ask<'_>, given: Given) -> Result<Response> {
    let Given::Upload(received) = given else { return Err(Error::Internal) };
    let mut extra = meta::of(&ask.parts.headers)?;
    let checksum = received.checksum.clone();
    extra.checksum = checksum.clone();
    let encryption = extra.headers.iter().find(|(name, _)| name == "x-amz-server-side-encryption").cloned();
    let body = Body { content: received.content, etag: received.etag, extra: extra.boxed() };
    let version = ask.change(|buckets, tx| {
        buckets.bucket(ask.bucket())?;
        let there = buckets.find(ask.bucket(), ask.key(), None).ok().map(|(_, body)| body);
        conditions::write(&ask.parts.headers, ask.key(), there)?;
        buckets.put(ask.bucket(), ask.key(), New { body }, tx)
    })?;
    let mut response = answer::empty(200);
    answer::set(&mut response, "etag", &received.etag.quoted());
    answer::maybe(&mut response, "x-amz-version-id", version.as_deref());
    answer::maybe(
        &mut response,
        "x-amz-server-side-encryption",
        encryption.as_ref().map(|(_, value)| value.as_str()),
    );
    meta::tell_checksum(&mut response, checksum.as_ref());
    Ok(response)
}
