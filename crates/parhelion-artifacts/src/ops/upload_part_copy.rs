//! UploadPartCopy.

use super::{copy_source::Source, parts};
use crate::buckets::ETag;
use crate::content::Content;
use crate::error::{Error, Result};
use crate::wire::checksum::{self, Algorithm};
use crate::wire::{Ask, Given, answer, range, time, xml::Document};
use parhelion_http::Response;

/// Makes a part of an upload of an object that is there, or of a range of it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let number = parts::number(ask)?;
    let source = Source::of(ask)?;
    // What is read is immutable: it may be cut and hashed outside of the turn.
    let (content, from, algorithm) = ask.look(|buckets| {
        let upload = buckets.upload(ask.bucket(), ask.key(), parts::upload(ask))?;
        let algorithm = upload.checksum.as_ref().and_then(|(name, _)| Algorithm::named(name));
        let (_, body, from) = source.find(ask, buckets)?;
        Ok((body.content.clone(), from.map(str::to_owned), algorithm))
    })?;
    let asked = ask.header("x-amz-copy-source-range");
    let content = match (range::asked(asked, content.size())?, asked) {
        (Some(range), _) => {
            let pieces = content.slice(range).into_iter();
            // The pieces share the source's bytes, which stay counted as long as it holds the source too.
            Content::joined(pieces.map(Content::free).collect()).with(content)
        }
        (None, Some(text)) => {
            return Err(Error::InvalidArgument {
                name: "x-amz-copy-source-range",
                value: text.to_owned(),
                why: "The x-amz-copy-source-range value must be of the form bytes=first-last".to_owned(),
            });
        }
        (None, None) => content,
    };
    let etag = ETag::whole(content.md5());
    let checksum = algorithm.map(|algorithm| checksum::of_content(algorithm, &content));
    let kept = checksum.clone();
    let modified = ask.change(|buckets, tx| {
        let part = (number, content, etag, kept);
        buckets.put_part(ask.bucket(), ask.key(), parts::upload(ask), part, tx)?;
        Ok(tx.now())
    })?;
    let mut document = Document::new("CopyPartResult");
    document.text("LastModified", time::xml(modified)).text("ETag", etag.quoted());
    if let (Some(algorithm), Some(checksum)) = (algorithm, &checksum) {
        document.text(&algorithm.element(), &checksum.value);
    }
    let mut response = answer::document(document);
    answer::maybe(&mut response, "x-amz-copy-source-version-id", from.as_deref());
    Ok(response)
}
