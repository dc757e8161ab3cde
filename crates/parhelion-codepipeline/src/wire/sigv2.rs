//! S3's older signature, in URLs that were presigned with it: boto3 still makes them where nobody says otherwise.
//!
//! Docs: S3 user guide, "Signing and authenticating REST requests (AWS signature version 2)".

use super::sigv4::verify::{Denied, Key};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method, Uri, header};
use parhelion_core::{Timestamp, text::hex};
use percent_encoding::percent_decode_str;
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

/// The members of a query that are signed. Docs: the subresources, and what overrides headers of the answer.
const SUBRESOURCES: [&str; 21] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
];

/// The access key of a presigned URL, when it is one of this kind.
pub fn access_key(query: &str) -> Option<String> {
    let fields = fields(query);
    let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    get("Signature").and(get("Expires")).and(get("AWSAccessKeyId"))
}

/// Verifies the signature of a presigned URL, in the form that the client signed it in. `bucket` is the one that the
/// host names, if it does.
///
/// # Errors
/// Why it is turned away.
pub fn verify(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    bucket: Option<&str>,
    key: impl FnOnce(&str, Option<&str>) -> Option<Key>,
    now: Timestamp,
) -> Result<(), Denied> {
    let fields = fields(uri.query().unwrap_or(""));
    let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let (Some(access_key), Some(given), Some(expires)) =
        (get("AWSAccessKeyId"), get("Signature"), get("Expires"))
    else {
        return Err(Denied::Missing);
    };
    let Some(until) = expires.parse().ok().and_then(|secs| DateTime::from_timestamp(secs, 0)) else {
        return Err(Denied::Incomplete("Expires must be a number of seconds since 1970.".into()));
    };
    let unknown = |why| Denied::UnknownKey { access_key: access_key.to_owned(), why };
    let token = get("x-amz-security-token");
    let key = key(access_key, token).ok_or_else(|| unknown("it is not known"))?;
    if key.token.as_deref().is_some_and(|wanted| token != Some(wanted)) {
        return Err(unknown("its session token is missing or another"));
    }
    if now > until {
        return Err(Denied::Expired { until, now });
    }
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let standard = |name: header::HeaderName| get(name.as_str()).or_else(|| header(name)).unwrap_or("");
    let content_md5 = standard(header::HeaderName::from_static("content-md5"));
    let mut amz: BTreeMap<String, String> = BTreeMap::new();
    let of_headers = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let of_query = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in of_headers.chain(of_query).filter(|(name, _)| name.starts_with("x-amz-")) {
        amz.insert(name.to_owned(), value.trim().to_owned());
    }
    let amz: String = amz.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let bucket = bucket.map_or_else(String::new, |bucket| format!("/{bucket}"));
    let text = format!(
        "{method}\n{content_md5}\n{}\n{expires}\n{amz}{bucket}{}{}",
        standard(header::CONTENT_TYPE),
        uri.path(),
        subresources(&fields)
    );
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.secret.as_bytes()) else {
        // HMAC takes keys of any length.
        return Err(unknown("it is not known"));
    };
    mac.update(text.as_bytes());
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Ok(());
    }
    Err(Denied::Mismatch {
        canonical: hex(&sha2::Sha256::digest(text.as_bytes())),
        differs: "it is a signature of version 2, whose string to sign that is".to_owned(),
    })
}

/// The signed members of the query, as they end the string to sign.
fn subresources(fields: &[(String, String)]) -> String {
    let is_signed = |name: &str| SUBRESOURCES.contains(&name) || name.starts_with("response-");
    let mut signed: Vec<&(String, String)> = fields.iter().filter(|(name, _)| is_signed(name)).collect();
    signed.sort();
    let texts: Vec<String> = signed
        .iter()
        .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
        .collect();
    if texts.is_empty() { String::new() } else { format!("?{}", texts.join("&")) }
}

/// The members of a query, decoded.
fn fields(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', "%20")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(n, v)| (decoded(n), decoded(v)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(method: &str, uri: &str, bucket: Option<&str>, now: i64) -> Result<(), Denied> {
        let key = |id: &str, _: Option<&str>| {
            let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned();
            (id == "AKIAIOSFODNN7EXAMPLE").then_some(Key { secret, token: None })
        };
        let now = DateTime::from_timestamp(now, 0).unwrap();
        verify(&method.parse().unwrap(), &uri.parse().unwrap(), &HeaderMap::new(), bucket, key, now)
    }

    // Docs: the guide's example of query string authentication.
    const EXAMPLE: &str = "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";

    #[test]
    fn the_published_signature_is_right_until_it_expires() {
        let bucket = Some("johnsmith");
        assert_eq!(judged("GET", EXAMPLE, bucket, 1_175_139_620), Ok(()));
        assert!(matches!(judged("GET", EXAMPLE, bucket, 1_175_139_621), Err(Denied::Expired { .. })));
        assert!(matches!(judged("PUT", EXAMPLE, bucket, 1), Err(Denied::Mismatch { .. })));
        assert!(matches!(judged("GET", EXAMPLE, None, 1), Err(Denied::Mismatch { .. })));
        let other = EXAMPLE.replace("AKIA", "AKIB");
        assert!(matches!(judged("GET", &other, bucket, 1), Err(Denied::UnknownKey { .. })));
        let never = EXAMPLE.replace("1175139620", "soon");
        assert!(matches!(judged("GET", &never, bucket, 1), Err(Denied::Incomplete(_))));
        assert_eq!(judged("GET", "/a", bucket, 1), Err(Denied::Missing));
    }

    #[test]
    fn what_names_a_part_of_the_object_is_signed() {
        let fields = fields("versionId=a%2Fb&uploads&x=1&response-content-type=text%2Fplain&Expires=1");
        assert_eq!(subresources(&fields), "?response-content-type=text/plain&uploads&versionId=a/b");
    }
}
