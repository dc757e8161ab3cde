//! ListObjectVersions.

use super::listing::{self, Asked};
use crate::error::{Error, Result};
use crate::wire::{Ask, Given, answer, time, xml::Document};
use parhelion_http::Response;

/// A page of all versions and delete markers of a bucket's keys, the newest of each key first.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let mut asked = Asked::of(ask)?;
    asked.wanted.after = ask.query("key-marker").unwrap_or("");
    let version_marker = ask.query("version-id-marker").unwrap_or("");
    if asked.wanted.after.is_empty() && !version_marker.is_empty() {
        return Err(Error::InvalidArgument {
            name: "version-id-marker",
            value: version_marker.to_owned(),
            why: "A version-id marker cannot be specified without a key marker.".to_owned(),
        });
    }
    let document = ask.look(|buckets| {
        let owner = buckets.bucket(ask.bucket())?.owner.clone();
        let page = buckets.list_versions(ask.bucket(), &asked.wanted, version_marker)?;
        let mut document = Document::new("ListVersionsResult");
        asked.head(&mut document, ask.bucket());
        document.text("KeyMarker", asked.key(asked.wanted.after)).text("VersionIdMarker", version_marker);
        document.text("IsTruncated", page.more_after.is_some().to_string());
        if let Some((key, version)) = &page.more_after {
            document.text("NextKeyMarker", asked.key(key));
            document.maybe("NextVersionIdMarker", Some(version).filter(|version| !version.is_empty()));
        }
        for (key, stored, newest) in &page.versions {
            let body = stored.with_body().map(|(_, body)| body);
            document.open(if body.is_some() { "Version" } else { "DeleteMarker" });
            document.text("Key", asked.key(key)).text("VersionId", stored.version());
            document.text("IsLatest", newest.to_string()).text("LastModified", time::xml(stored.modified));
            if let Some(body) = body {
                document.text("ETag", body.etag.quoted()).text("Size", body.content.size().to_string());
                document.text("StorageClass", body.header("x-amz-storage-class").unwrap_or("STANDARD"));
            }
            listing::owner(&mut document, "Owner", &owner);
            document.close();
        }
        asked.prefixes(&mut document, &page.prefixes);
        Ok(document)
    })?;
    Ok(answer::document(document))
}
