//! GetBucketLocation.

use crate::error::Result;
use crate::wire::{Ask, Given, answer, xml::Document};
use parhelion_http::Response;

/// Says where a bucket lies. Docs: nothing stands for us-east-1.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let region = ask.look(|buckets| buckets.bucket(ask.bucket()).map(|bucket| bucket.region.clone()))?;
    let mut document = Document::new("LocationConstraint");
    document.bare_text(if region == "us-east-1" { "" } else { &region });
    Ok(answer::document(document))
}
