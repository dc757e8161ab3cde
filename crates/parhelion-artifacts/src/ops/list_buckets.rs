//! ListBuckets.

use super::listing::{self, page_size};
use crate::error::Result;
use crate::wire::{Ask, Given, answer, time, xml::Document};
use parhelion_http::Response;

/// The buckets of the caller's account, by name.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let account = ask.caller.account.as_str();
    let (prefix, region) = (ask.query("prefix").unwrap_or(""), ask.given("bucket-region"));
    let after = ask.given("continuation-token").map(listing::read_token).transpose()?.unwrap_or_default();
    let size = page_size(ask, "max-buckets", 10_000)?;
    let document = ask.look(|buckets| {
        let mut document = Document::new("ListAllMyBucketsResult");
        listing::owner(&mut document, "Owner", account);
        document.open("Buckets");
        let wanted =
            |name: &str, at: &str| name.starts_with(prefix) && region.is_none_or(|region| region == at);
        let mut all =
            buckets.of_account(account, &after).filter(|(name, bucket)| wanted(name, &bucket.region));
        let mut last = None;
        for (name, bucket) in all.by_ref().take(size) {
            document.open("Bucket").text("Name", name).text("CreationDate", time::xml(bucket.created));
            document.text("BucketRegion", &bucket.region).close();
            last = Some(name);
        }
        document.close();
        document.maybe("Prefix", ask.given("prefix"));
        if let (Some(last), Some(_)) = (last, all.next()) {
            document.text("ContinuationToken", listing::token(last));
        }
        Ok(document)
    })?;
    Ok(answer::document(document))
}
