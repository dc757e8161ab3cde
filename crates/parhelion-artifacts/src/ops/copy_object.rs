//! CopyObject.

use super::copy_source::Source;
use crate::buckets::{Body, Extra, New};
use crate::error::{Error, Result};
use crate::wire::checksum::{self, Algorithm};
use crate::wire::{Ask, Given, answer, conditions, meta, time, xml::Document};
use parhelion_http::Response;

/// Puts an object that is there under another key, or gives it other metadata. The bytes are shared, not copied.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let source = Source::of(ask)?;
    let replace = match ask.header("x-amz-metadata-directive").unwrap_or("COPY") {
        "COPY" => false,
        "REPLACE" => true,
        other => {
            return Err(Error::InvalidArgument {
                name: "x-amz-metadata-directive",
                value: other.to_owned(),
                why: "Unknown metadata directive.".to_owned(),
            });
        }
    };
    let algorithm = ask.header("x-amz-checksum-algorithm");
    let algorithm =
        algorithm.map(|name| Algorithm::named(name).ok_or_else(|| checksum::unknown(name))).transpose()?;
    let said = meta::of(&ask.parts.headers)?;
    if source.is_target(ask) && !replace && said.headers.is_empty() {
        let why = "This copy request is illegal because it is trying to copy an object to itself without changing \
                   the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(Error::InvalidRequest { why: why.to_owned() });
    }
    // A checksum that the source has not is computed before the turn: it may take a while.
    let ahead = ask.look(|buckets| Ok(source.find(ask, buckets)?.1.clone()))?;
    let has = |body: &Body, wanted: Algorithm| {
        let there = body.extra.as_ref().and_then(|extra| extra.checksum.clone());
        there.filter(|there| there.algorithm == wanted.name())
    };
    let computed = algorithm
        .map(|wanted| has(&ahead, wanted).unwrap_or_else(|| checksum::of_content(wanted, &ahead.content)));
    let (stored, from, version) = ask.change(|buckets, tx| {
        buckets.bucket(ask.bucket())?;
        let there = buckets.find(ask.bucket(), ask.key(), None).ok().map(|(_, body)| body);
        conditions::write(&ask.parts.headers, ask.key(), there)?;
        let (_, body, from) = source.find(ask, buckets)?;
        let (body, from) = (body.clone(), from.map(str::to_owned));
        let mut extra = body.extra.as_deref().cloned().unwrap_or_default();
        if replace {
            let Extra { headers, metadata, .. } = said;
            (extra.headers, extra.metadata) = (headers, metadata);
        }
        // Another object may have come in between: its checksum is its own.
        if let Some(computed) = computed.filter(|_| body.etag == ahead.etag) {
            extra.checksum = Some(computed);
        }
        // Docs: a copy is one object of no parts; only its tag remembers.
        extra.parts.clear();
        let etag =
            if body.etag.is_of_parts() { crate::buckets::ETag::whole(body.content.md5()) } else { body.etag };
        let body = Body { content: body.content, etag, extra: extra.boxed() };
        let version = buckets.put(ask.bucket(), ask.key(), New { body: body.clone() }, tx)?;
        Ok(((tx.now(), body), from, version))
    })?;
    let (modified, body) = stored;
    let mut document = Document::new("CopyObjectResult");
    document.text("LastModified", time::xml(modified)).text("ETag", body.etag.quoted());
    if let Some(checksum) = body.extra.as_ref().and_then(|extra| extra.checksum.as_ref()) {
        let element = Algorithm::named(&checksum.algorithm).map(Algorithm::element).unwrap_or_default();
        document.text(&element, &checksum.value).text("ChecksumType", meta::kind(checksum));
    }
    let mut response = answer::document(document);
    answer::maybe(&mut response, "x-amz-version-id", version.as_deref());
    answer::maybe(&mut response, "x-amz-copy-source-version-id", from.as_deref());
    Ok(response)
}
