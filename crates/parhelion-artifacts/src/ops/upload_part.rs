//! UploadPart.

use super::parts;
use crate::error::{Error, Result};
use crate::wire::{Ask, Given, answer, meta};
use parhelion_http::Response;

/// Keeps a part of an upload.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
pub fn run(ask: &Ask<'_>, given: Given) -> Result<Response> {
    let Given::Upload(received) = given else { return Err(Error::Internal) };
    let number = parts::number(ask)?;
    let checksum = received.checksum.clone();
    ask.change(|buckets, tx| {
        let part = (number, received.content, received.etag, received.checksum);
        buckets.put_part(ask.bucket(), ask.key(), parts::upload(ask), part, tx)
    })?;
    let mut response = answer::empty(200);
    answer::set(&mut response, "etag", &received.etag.quoted());
    meta::tell_checksum(&mut response, checksum.as_ref());
    response.headers_mut().remove("x-amz-checksum-type");
    Ok(response)
}
