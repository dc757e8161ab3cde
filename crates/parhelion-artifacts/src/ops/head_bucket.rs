//! HeadBucket.

use crate::error::Result;
use crate::wire::{Ask, Given, answer};
use parhelion_http::Response;

/// Says whether a bucket exists, and where.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let region = ask.look(|buckets| buckets.bucket(ask.bucket()).map(|bucket| bucket.region.clone()))?;
    let mut response = answer::empty(200);
    answer::set(&mut response, "x-amz-bucket-region", &region);
    answer::set(&mut response, "x-amz-access-point-alias", "false");
    answer::set(&mut response, "content-type", "application/xml");
    Ok(response)
}
