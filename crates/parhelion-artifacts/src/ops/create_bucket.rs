//! CreateBucket.

use crate::error::{Error, Result};
use crate::wire::{Ask, Given, answer};
use parhelion_http::Response;

/// Makes a bucket of the caller's account.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
pub fn run(ask: &Ask<'_>, given: Given) -> Result<Response> {
    let constraint = match &given {
        Given::Xml(Some(root)) if root.name != "CreateBucketConfiguration" => {
            return Err(Error::MalformedXml);
        }
        Given::Xml(Some(root)) => root.get("LocationConstraint").map(str::trim).unwrap_or_default(),
        _ => "",
    };
    let signed = ask.caller.region.as_str();
    // Docs: an endpoint of a region makes buckets of that region; the one of us-east-1 makes them anywhere, and the
    // old name of eu-west-1 is taken too.
    // CHOICE: without a constraint the bucket lies where the request was signed for, at any endpoint.
    let region = match constraint {
        "" => signed,
        "EU" if signed == "eu-west-1" || signed == "us-east-1" => "eu-west-1",
        named if named == signed || (signed == "us-east-1" && named != "us-east-1") => named,
        other => return Err(Error::IllegalLocation { constraint: other.to_owned() }),
    };
    let good = (1..=30).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !good {
        return Err(Error::IllegalLocation { constraint: region.to_owned() });
    }
    ask.change(|buckets, tx| buckets.create(ask.bucket(), &ask.caller.account, region, tx))?;
    let mut response = answer::empty(200);
    answer::set(&mut response, "location", &format!("/{}", ask.bucket()));
    Ok(response)
}
