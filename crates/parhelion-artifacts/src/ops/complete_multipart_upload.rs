//! CompleteMultipartUpload.

use super::parts;
use crate::buckets::{Checksum, Upload};
use crate::content::Content;
use crate::error::{Error, Result};
use crate::limits;
use crate::wire::checksum::{self, Algorithm};
use crate::wire::{
    Ask, Given, answer, conditions, meta,
    xml::{Document, Element},
};
use parhelion_http::Response;

/// Makes an object of the parts of an upload.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
pub fn run(ask: &Ask<'_>, given: Given) -> Result<Response> {
    let Given::Xml(Some(root)) = given else { return Err(Error::MalformedXml) };
    let asked = listed(&root)?;
    let chosen: Vec<(u16, String)> = asked.iter().map(|part| (part.0, part.1.clone())).collect();
    let id = parts::upload(ask);
    // Parts are immutable: what is computed of them now holds in the turn, which asks for the same tags.
    let upload = ask.look(|buckets| buckets.upload(ask.bucket(), ask.key(), id).cloned())?;
    let checksum = whole(ask, &upload, &asked, &chosen)?;
    let kept = checksum.clone();
    let (etag, version) = ask.change(|buckets, tx| {
        let there = buckets.find(ask.bucket(), ask.key(), None).ok().map(|(_, body)| body);
        conditions::write(&ask.parts.headers, ask.key(), there)?;
        buckets.complete_upload(ask.bucket(), ask.key(), id, &chosen, kept, tx)
    })?;
    let mut document = Document::new("CompleteMultipartUploadResult");
    document.text("Location", ask.location()).text("Bucket", ask.bucket()).text("Key", ask.key());
    document.text("ETag", etag.quoted());
    if let Some(checksum) = &checksum {
        let element = Algorithm::named(&checksum.algorithm).map(Algorithm::element).unwrap_or_default();
        document.text(&element, &checksum.value).text("ChecksumType", meta::kind(checksum));
    }
    let mut response = answer::document(document);
    answer::maybe(&mut response, "x-amz-version-id", version.as_deref());
    Ok(response)
}

/// The parts that the request lists: number, tag, checksum.
fn listed(root: &Element) -> Result<Vec<(u16, String, Option<String>)>> {
    let part = |part: &Element| {
        let number =
            part.get("PartNumber")?.trim().parse().ok().filter(|n| (1..=limits::PARTS).contains(n))?;
        let checksum = Algorithm::ALL
            .iter()
            .find_map(|(algorithm, ..)| part.get(&algorithm.element()).map(|value| value.trim().to_owned()));
        Some((number, part.get("ETag")?.trim().to_owned(), checksum))
    };
    let parts: Option<Vec<_>> = root.all("Part").map(part).collect();
    let good = |parts: &Vec<_>| root.name == "CompleteMultipartUpload" && !parts.is_empty();
    parts.filter(good).ok_or(Error::MalformedXml)
}

/// The checksum of the whole, where the upload has one. What the client says of it or of a part must hold.
fn whole(
    ask: &Ask<'_>,
    upload: &Upload,
    asked: &[(u16, String, Option<String>)],
    chosen: &[(u16, String)],
) -> Result<Option<Checksum>> {
    let parts = upload.chosen(chosen)?;
    for ((number, _, given), part) in asked.iter().zip(&parts) {
        if let (Some(given), Some(there)) = (given, &part.checksum)
            && *given != there.value
        {
            return Err(Error::InvalidPart { part: *number });
        }
    }
    let Some((name, composite)) = &upload.checksum else { return Ok(None) };
    let Some(algorithm) = Algorithm::named(name) else { return Ok(None) };
    let whole = if *composite {
        let of_parts: Option<Vec<&Checksum>> = parts.iter().map(|part| part.checksum.as_ref()).collect();
        let of_parts = of_parts.ok_or_else(|| Error::InvalidRequest {
            why: format!("The upload was created using a {} checksum. The complete request must include the checksum for each part.", algorithm.name().to_ascii_lowercase()),
        })?;
        checksum::of_parts(algorithm, of_parts.into_iter())
    } else {
        let content = Content::joined(parts.iter().map(|part| part.content.clone()).collect());
        Some(checksum::of_content(algorithm, &content))
    };
    if let (Some(given), Some(whole)) = (ask.header(algorithm.header()), &whole)
        && given != whole.value
        && !whole.value.starts_with(&format!("{given}-"))
    {
        return Err(Error::BadDigest { what: algorithm.name().to_owned() });
    }
    Ok(whole)
}
