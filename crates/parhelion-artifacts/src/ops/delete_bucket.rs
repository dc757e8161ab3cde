//! DeleteBucket.

use crate::error::Result;
use crate::wire::{Ask, Given, answer};
use parhelion_http::Response;

/// Takes an empty bucket away.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    ask.change(|buckets, tx| buckets.remove_bucket(ask.bucket(), tx))?;
    Ok(answer::empty(204))
}
