//! ListObjectsV2.

use super::list_objects::entry;
use super::listing::{self, Asked};
use crate::error::Result;
use crate::wire::{Ask, Given, answer, xml::Document};
use parhelion_http::Response;

/// A page of a bucket's keys, in the order of UTF-8.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let mut asked = Asked::of(ask)?;
    // Docs: a token outranks start-after.
    let after = match ask.given("continuation-token") {
        Some(token) => listing::read_token(token)?,
        None => ask.query("start-after").unwrap_or("").to_owned(),
    };
    asked.wanted.after = &after;
    let with_owner = ask.query("fetch-owner") == Some("true");
    let document = ask.look(|buckets| {
        let owner = buckets.bucket(ask.bucket())?.owner.clone();
        let page = buckets.list(ask.bucket(), &asked.wanted)?;
        let mut document = Document::new("ListBucketResult");
        asked.head(&mut document, ask.bucket());
        document.maybe("StartAfter", ask.given("start-after").map(|after| asked.key(after)));
        document.maybe("ContinuationToken", ask.given("continuation-token"));
        document.text("KeyCount", (page.keys.len() + page.prefixes.len()).to_string());
        document.text("IsTruncated", page.more_after.is_some().to_string());
        document.maybe("NextContinuationToken", page.more_after.as_deref().map(listing::token));
        for listed in &page.keys {
            entry(&mut document, &asked, listed, with_owner.then_some(owner.as_str()));
        }
        asked.prefixes(&mut document, &page.prefixes);
        Ok(document)
    })?;
    Ok(answer::document(document))
}
