//! DeleteObject.

use crate::error::Result;
use crate::wire::{Ask, Given, answer};
use parhelion_http::Response;

/// Deletes an object, or for ever one of its versions.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let version = ask.given("versionId");
    let deleted = ask.change(|buckets, tx| buckets.delete(ask.bucket(), ask.key(), version, tx))?;
    let mut response = answer::empty(204);
    answer::maybe(&mut response, "x-amz-version-id", deleted.version.as_deref());
    answer::maybe(&mut response, "x-amz-delete-marker", deleted.marker.then_some("true"));
    Ok(response)
}
