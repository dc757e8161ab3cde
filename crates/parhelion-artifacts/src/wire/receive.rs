//! An upload's bytes on their way in: framing off, digests compared, kept in pieces.

use super::checksum::{self, Algorithm, Running};
use super::chunked::Decoder;
use crate::buckets::{Checksum, ETag};
use crate::budget::Budget;
use crate::content::{Content, Incoming};
use crate::error::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use http_body_util::BodyExt;
use md5::Md5;
use parhelion_core::text::hex;
use parhelion_http::{Body, BodyError};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What came in.
#[derive(Debug)]
pub struct Received {
    /// The bytes.
    pub content: Content,
    /// Their tag.
    pub etag: ETag,
    /// The checksum that the client asked for, verified where it gave one.
    pub checksum: Option<Checksum>,
}

/// What a request's head says of its bytes.
struct Announced {
    chunked: bool,
    length: Option<u64>,
    md5: Option<Vec<u8>>,
    sha256: Option<String>,
    checksum: Option<(Algorithm, Option<String>)>,
}

impl Announced {
    fn of(headers: &HeaderMap) -> Result<Announced> {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
        let hash = text("x-amz-content-sha256").unwrap_or_default();
        let encoded = text("content-encoding").unwrap_or_default();
        let chunked = hash.starts_with("STREAMING-")
            || encoded.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("aws-chunked"));
        let md5 = match text("content-md5") {
            Some(md5) => {
                let bytes = STANDARD.decode(md5).map_err(|_| Error::InvalidDigest)?;
                Some(Some(bytes).filter(|bytes| bytes.len() == 16).ok_or(Error::InvalidDigest)?)
            }
            None => None,
        };
        let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let length = match text("x-amz-decoded-content-length") {
            Some(length) if chunked => Some(length.parse().map_err(|_| Error::IncompleteBody)?),
            _ => None,
        };
        Ok(Announced {
            chunked,
            length,
            md5,
            sha256: (is_hash && !chunked).then(|| hash.to_ascii_lowercase()),
            checksum: checksum::given(headers)?,
        })
    }
}

/// Reads an upload.
///
/// # Errors
/// A digest that does not hold; framing that is wrong; more than an object may have or the budget allows.
pub async fn receive(headers: &HeaderMap, mut body: Body, budget: &Arc<Budget>) -> Result<Received> {
    let announced = Announced::of(headers)?;
    let mut incoming = Incoming::new(budget);
    let mut decoder = announced.chunked.then(Decoder::new);
    let mut md5 = Md5::new();
    let mut sha256 = announced.sha256.is_some().then(Sha256::new);
    let mut running = announced.checksum.as_ref().map(|(algorithm, _)| Running::new(*algorithm));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| refusal(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        let mut take = |bytes: &[u8]| {
            incoming.push(bytes)?;
            md5.update(bytes);
            if let Some(sha256) = &mut sha256 {
                sha256.update(bytes);
            }
            if let Some(running) = &mut running {
                running.push(bytes);
            }
            Ok(())
        };
        match &mut decoder {
            Some(decoder) => decoder.push(&data, &mut take)?,
            None => take(&data)?,
        }
    }
    let trailers = decoder.map(Decoder::finish).transpose()?.unwrap_or_default();
    if announced.length.is_some_and(|length| length != incoming.size()) {
        return Err(Error::IncompleteBody);
    }
    if let (Some(client), Some(sha256)) = (announced.sha256, sha256) {
        let server = hex(&sha256.finalize());
        if server != client {
            return Err(Error::ContentSha256Mismatch { client, server });
        }
    }
    let md5: [u8; 16] = md5.finalize().into();
    if announced.md5.is_some_and(|given| given != md5) {
        return Err(Error::BadDigest { what: "Content-MD5".to_owned() });
    }
    let checksum = match (announced.checksum, running) {
        (Some((algorithm, given)), Some(running)) => {
            let value = running.text();
            let in_trailer =
                || trailers.iter().find(|(name, _)| name == algorithm.header()).map(|t| t.1.clone());
            if let Some(given) = given.or_else(in_trailer) {
                algorithm.check(&given)?;
                if given != value {
                    return Err(Error::BadDigest { what: algorithm.name().to_owned() });
                }
            }
            Some(Checksum { algorithm: algorithm.name().to_owned(), value, composite: false })
        }
        _ => None,
    };
    Ok(Received { content: incoming.finish(), etag: ETag::whole(md5), checksum })
}

/// Why a body could not be read, in S3's words.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Error {
    match BodyError::find(error) {
        BodyError::TooLarge { limit } => Error::EntityTooLarge { proposed: limit },
        BodyError::Stalled => Error::RequestTimeout,
        BodyError::Broken(_) => Error::IncompleteBody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }
    fn budget() -> Arc<Budget> {
        Budget::limited(1 << 20, None)
    }
    fn put(pairs: &[(&'static str, &str)], body: &'static [u8]) -> Result<Received> {
        let headers =
            pairs.iter().map(|(n, v)| (http::HeaderName::from_static(n), v.parse().unwrap())).collect();
        block_on(receive(&headers, Body::from(body), &budget()))
    }

    #[test]
    fn digests_that_hold_pass_and_others_do_not() {
        let plain = put(&[], b"hello").unwrap();
        assert_eq!(plain.etag.to_string(), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!((&plain.content.whole()[..], plain.checksum), (&b"hello"[..], None));
        assert!(put(&[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")], b"hello").is_ok());
        assert_eq!(
            put(&[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")], b"hallo").unwrap_err(),
            Error::BadDigest { what: "Content-MD5".into() }
        );
        assert_eq!(put(&[("content-md5", "abc")], b"hello").unwrap_err(), Error::InvalidDigest);
        let crc = put(&[("x-amz-checksum-crc32", "NhCmhg==")], b"hello").unwrap().checksum.unwrap();
        assert_eq!((crc.algorithm.as_str(), crc.value.as_str()), ("CRC32", "NhCmhg=="));
        assert_eq!(
            put(&[("x-amz-checksum-crc32", "NhCmhg==")], b"hallo").unwrap_err().to_string(),
            "The CRC32 you specified did not match the calculated checksum."
        );
        let sha = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert!(put(&[("x-amz-content-sha256", sha)], b"hello").is_ok());
        assert_eq!(
            put(&[("x-amz-content-sha256", sha)], b"hallo").unwrap_err().code(),
            "XAmzContentSHA256Mismatch"
        );
    }

    #[test]
    fn a_checksum_in_a_trailer_is_compared() {
        let head = [
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("x-amz-decoded-content-length", "5"),
        ];
        let good = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        assert_eq!(put(&head, good).unwrap().checksum.unwrap().value, "NhCmhg==");
        let bad = b"5\r\nhallo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        assert_eq!(put(&head, bad).unwrap_err(), Error::BadDigest { what: "CRC32".into() });
        let short = b"4\r\nhell\r\n0\r\n\r\n";
        assert_eq!(put(&head, short).unwrap_err(), Error::IncompleteBody);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_nothing_behind() {
        let tight = Budget::limited(4, None);
        let refused = block_on(receive(&HeaderMap::new(), Body::from("hello"), &tight));
        assert_eq!(refused.unwrap_err(), Error::Full { what: "bytes", limit: 4 });
        assert_eq!(tight.used(), 0);
    }
}
