//! AbortMultipartUpload.

use super::parts;
use crate::error::Result;
use crate::wire::{Ask, Given, answer};
use parhelion_http::Response;

/// Forgets an upload and its parts.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    ask.change(|buckets, tx| buckets.abort_upload(ask.bucket(), ask.key(), parts::upload(ask), tx))?;
    Ok(answer::empty(204))
}
