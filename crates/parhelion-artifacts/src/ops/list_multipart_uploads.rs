//! ListMultipartUploads.

use super::listing::{self, page_size};
use crate::error::Result;
use crate::limits;
use crate::wire::{Ask, Given, address, answer, time, xml::Document};
use parhelion_http::Response;

/// A page of the uploads in progress in a bucket.
// CHOICE: without common prefixes: a delimiter is repeated and changes nothing.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let size = page_size(ask, "max-uploads", limits::PAGE)?;
    let (key_marker, id_marker) =
        (ask.query("key-marker").unwrap_or(""), ask.query("upload-id-marker").unwrap_or(""));
    let prefix = ask.query("prefix").unwrap_or("");
    let encode = ask.query("encoding-type") == Some("url");
    let shown = |key: &str| if encode { address::encoded(key) } else { key.to_owned() };
    let document = ask.look(|buckets| {
        let owner = buckets.bucket(ask.bucket())?.owner.clone();
        let mut document = Document::new("ListMultipartUploadsResult");
        document
            .text("Bucket", ask.bucket())
            .text("KeyMarker", shown(key_marker))
            .text("UploadIdMarker", id_marker);
        document.text("Prefix", shown(prefix)).maybe("Delimiter", ask.given("delimiter"));
        document.maybe("EncodingType", encode.then_some("url")).text("MaxUploads", size.to_string());
        let all = buckets.uploads(ask.bucket(), (key_marker, id_marker))?;
        let mut all = all.filter(|(key, ..)| key.starts_with(prefix)).peekable();
        let mut last = None;
        for (key, id, upload) in all.by_ref().take(size) {
            document.open("Upload").text("Key", shown(key)).text("UploadId", id);
            listing::owner(&mut document, "Initiator", &owner);
            listing::owner(&mut document, "Owner", &owner);
            document.text("StorageClass", "STANDARD").text("Initiated", time::xml(upload.started)).close();
            last = Some((key, id));
        }
        let truncated = last.filter(|_| all.next().is_some());
        document.text("IsTruncated", truncated.is_some().to_string());
        if let Some((key, id)) = truncated {
            document.text("NextKeyMarker", shown(key)).text("NextUploadIdMarker", id);
        }
        Ok(document)
    })?;
    Ok(answer::document(document))
}
