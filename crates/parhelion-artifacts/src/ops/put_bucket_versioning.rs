//! PutBucketVersioning.

use crate::buckets::Versioning;
use crate::error::{Error, Result};
use crate::wire::{Ask, Given, answer};
use parhelion_http::Response;

/// Has a bucket keep versions, or no longer.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html>
pub fn run(ask: &Ask<'_>, given: Given) -> Result<Response> {
    let Given::Xml(Some(root)) = given else { return Err(Error::MalformedXml) };
    if root.name != "VersioningConfiguration" {
        return Err(Error::MalformedXml);
    }
    if root.get("MfaDelete") == Some("Enabled") {
        return Err(Error::NotImplemented { what: "MfaDelete".to_owned() });
    }
    let versioning = match root.get("Status") {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        Some(_) => return Err(Error::MalformedXml),
        None => {
            let why = "The Versioning element must be specified".to_owned();
            return Err(Error::InvalidRequest { why });
        }
    };
    ask.change(|buckets, tx| buckets.set_versioning(ask.bucket(), versioning, tx))?;
    Ok(answer::empty(200))
}
