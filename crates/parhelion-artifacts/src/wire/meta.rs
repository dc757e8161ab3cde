//! What is said of an object in headers: kept when it is put, told when it is read.

use super::answer::{maybe, set};
use super::{checksum::Algorithm, time};
use crate::buckets::{Body, Checksum, Extra, Stored};
use crate::error::{Error, Result};
use crate::limits;
use http::HeaderMap;
use parhelion_http::Response;

/// Headers that are kept and come back.
const KEPT: [&str; 12] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-storage-class",
    "x-amz-tagging-count",
    "x-amz-website-redirect-location",
];

/// Of what nobody said what it is. Docs: S3.
const OCTETS: &str = "binary/octet-stream";

/// Before the names of user-defined metadata.
const META: &str = "x-amz-meta-";

/// What a request says of the object that it puts.
///
/// # Errors
/// `MetadataTooLarge`.
pub fn of(headers: &HeaderMap) -> Result<Extra> {
    let mut extra = Extra::default();
    for (name, value) in headers {
        let (name, value) = (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned());
        if let Some(own) = name.strip_prefix(META) {
            // Docs: several of a name are one, separated by commas.
            match extra.metadata.iter_mut().find(|(n, _)| n == own) {
                Some((_, there)) => *there = format!("{there},{value}"),
                None => extra.metadata.push((own.to_owned(), value)),
            }
        } else if name == "content-encoding" {
            // The framing of the upload is no property of the object.
            let codings = value.split(',').map(str::trim).filter(|c| !c.eq_ignore_ascii_case("aws-chunked"));
            let codings: Vec<&str> = codings.filter(|coding| !coding.is_empty()).collect();
            if !codings.is_empty() {
                extra.headers.push((name.to_owned(), codings.join(",")));
            }
        } else if KEPT.contains(&name) && !(name == "x-amz-storage-class" && value == "STANDARD") {
            extra.headers.push((name.to_owned(), value));
        }
    }
    let bytes = extra.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits::METADATA_BYTES {
        return Err(Error::MetadataTooLarge { bytes });
    }
    Ok(extra)
}

/// Tells all of an object but its bytes; `version` where the bucket has versions.
pub fn tell(response: &mut Response, stored: &Stored, body: &Body, version: Option<&str>) {
    set(response, "accept-ranges", "bytes");
    set(response, "content-type", OCTETS);
    set(response, "last-modified", &time::http(stored.modified));
    set(response, "etag", &body.etag.quoted());
    maybe(response, "x-amz-version-id", version);
    for (name, value) in body.extra.iter().flat_map(|extra| &extra.headers) {
        set(response, name, value);
    }
    for (name, value) in body.extra.iter().flat_map(|extra| &extra.metadata) {
        set(response, &format!("{META}{name}"), value);
    }
}

/// Tells an object's checksum.
pub fn tell_checksum(response: &mut Response, checksum: Option<&Checksum>) {
    let Some(checksum) = checksum else { return };
    if let Some(algorithm) = Algorithm::named(&checksum.algorithm) {
        set(response, algorithm.header(), &checksum.value);
        set(response, "x-amz-checksum-type", kind(checksum));
    }
}

/// The kind of a checksum, in S3's word.
pub fn kind(checksum: &Checksum) -> &'static str {
    if checksum.composite { "COMPOSITE" } else { "FULL_OBJECT" }
}
