//! ListObjects: version 1 of the listing.

use super::listing::{self, Asked};
use crate::buckets::Listed;
use crate::error::Result;
use crate::wire::{Ask, Given, answer, meta, time, xml::Document};
use parhelion_http::Response;

/// A page of a bucket's keys after a marker.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let mut asked = Asked::of(ask)?;
    asked.wanted.after = ask.query("marker").unwrap_or("");
    let document = ask.look(|buckets| {
        let owner = buckets.bucket(ask.bucket())?.owner.clone();
        let page = buckets.list(ask.bucket(), &asked.wanted)?;
        let mut document = Document::new("ListBucketResult");
        asked.head(&mut document, ask.bucket());
        document.text("Marker", asked.key(asked.wanted.after));
        document.text("IsTruncated", page.more_after.is_some().to_string());
        // Docs: only with a delimiter; without one the last key serves.
        let next = page.more_after.as_deref().filter(|_| !asked.wanted.delimiter.is_empty());
        document.maybe("NextMarker", next.map(|next| asked.key(next)));
        for listed in &page.keys {
            entry(&mut document, &asked, listed, Some(&owner));
        }
        asked.prefixes(&mut document, &page.prefixes);
        Ok(document)
    })?;
    Ok(answer::document(document))
}

/// One key of a listing.
pub fn entry(document: &mut Document, asked: &Asked<'_>, listed: &Listed<'_>, owner: Option<&str>) {
    let Some((stored, body)) = listed.stored.with_body() else { return };
    document.open("Contents").text("Key", asked.key(listed.key));
    document.text("LastModified", time::xml(stored.modified)).text("ETag", body.etag.quoted());
    if let Some(checksum) = body.extra.as_ref().and_then(|extra| extra.checksum.as_ref()) {
        document.text("ChecksumAlgorithm", &checksum.algorithm).text("ChecksumType", meta::kind(checksum));
    }
    document.text("Size", body.content.size().to_string());
    if let Some(owner) = owner {
        listing::owner(document, "Owner", owner);
    }
    document.text("StorageClass", body.header("x-amz-storage-class").unwrap_or("STANDARD")).close();
}
