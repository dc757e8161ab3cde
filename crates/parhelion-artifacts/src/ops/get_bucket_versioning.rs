//! GetBucketVersioning.

use crate::buckets::Versioning;
use crate::error::Result;
use crate::wire::{Ask, Given, answer, xml::Document};
use parhelion_http::Response;

/// Says whether a bucket keeps versions; nothing when it never did.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let versioning = ask.look(|buckets| buckets.bucket(ask.bucket()).map(|bucket| bucket.versioning))?;
    let mut document = Document::new("VersioningConfiguration");
    document.maybe(
        "Status",
        match versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some("Enabled"),
            Versioning::Suspended => Some("Suspended"),
        },
    );
    Ok(answer::document(document))
}
