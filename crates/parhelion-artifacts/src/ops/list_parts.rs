//! ListParts.

use super::{
    listing::{self, page_size},
    parts,
};
use crate::error::Result;
use crate::limits;
use crate::wire::checksum::Algorithm;
use crate::wire::{Ask, Given, answer, time, xml::Document};
use parhelion_http::Response;

/// A page of the parts of an upload.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let size = page_size(ask, "max-parts", limits::PAGE)?;
    let after = ask.number("part-number-marker")?.unwrap_or(0);
    let document = ask.look(|buckets| {
        let owner = buckets.bucket(ask.bucket())?.owner.clone();
        let upload = buckets.upload(ask.bucket(), ask.key(), parts::upload(ask))?;
        let mut document = Document::new("ListPartsResult");
        document.text("Bucket", ask.bucket()).text("Key", ask.key()).text("UploadId", parts::upload(ask));
        listing::owner(&mut document, "Initiator", &owner);
        listing::owner(&mut document, "Owner", &owner);
        document.text("StorageClass", "STANDARD").text("PartNumberMarker", after.to_string());
        let mut all = upload.parts.iter().filter(|(number, _)| u64::from(**number) > after).peekable();
        let mut last = after;
        for (number, part) in all.by_ref().take(size) {
            last = u64::from(*number);
            document.open("Part").text("PartNumber", number.to_string());
            document.text("LastModified", time::xml(part.modified)).text("ETag", part.etag.quoted());
            document.text("Size", part.content.size().to_string());
            if let Some(checksum) = &part.checksum {
                let element =
                    Algorithm::named(&checksum.algorithm).map(Algorithm::element).unwrap_or_default();
                document.text(&element, &checksum.value);
            }
            document.close();
        }
        let truncated = size > 0 && all.next().is_some();
        document.text("NextPartNumberMarker", last.to_string()).text("MaxParts", size.to_string());
        document.text("IsTruncated", truncated.to_string());
        Ok(document)
    })?;
    Ok(answer::document(document))
}
