//! Whether a signature is right (`--auth strict`): the only place that compares one.

use super::canonical::{self, PathForm};
use super::signature::{Carrier, INSTANT, Signature, Unsigned, unsigned_query};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use http::Uri;
use http::request::Parts;
use parhelion_core::{Timestamp, text::hex, text::prefix};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// How far a client's clock may be off. Docs: fifteen minutes.
const SKEW: TimeDelta = TimeDelta::minutes(15);
/// S3's word for a body that is not signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The services whose calls are verified here: their names in scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    CodePipeline,
    Iam,
    Sts,
    S3,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Service::CodePipeline => "codepipeline",
            Service::Iam => "iam",
            Service::Sts => "sts",
            Service::S3 => "s3",
        }
    }
}

/// A key that is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// The secret access key.
    pub secret: String,
    /// What must come with it, when it is a temporary one.
    pub token: Option<String>,
}

/// A request to be verified.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// Method and headers; its URI may have lost a prefix on the way here.
    pub parts: &'a Parts,
    /// The URI as the client signed it.
    pub uri: &'a Uri,
    /// Whose call it is.
    pub service: Service,
    /// The body. Of S3 only the headers are looked at: they say what the body is to be.
    pub body: &'a [u8],
}

/// What is promised of the body of a call to S3, once its signature is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// It has this SHA-256 digest, hexadecimal.
    Digest(String),
    /// It is not signed, or in chunks.
    // CHOICE: chunks' own signatures are not looked at.
    Nothing,
}

/// Why a request is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It carries no signature.
    Missing,
    /// It carries something that is none.
    Incomplete(String),
    /// The access key is none of ours, or its session token is not the one that belongs to it.
    UnknownKey { access_key: String, why: &'static str },
    /// The key was made for something else.
    Scope(String),
    /// A header that must be signed is not.
    HeaderUnsigned(String),
    /// It was signed too long ago, or for later.
    Skew { signed: Timestamp, now: Timestamp },
    /// A presigned request whose time is over.
    Expired { until: Timestamp, now: Timestamp },
    /// S3: no word on the body.
    NoPayload,
    /// The signature is not the one that we calculate.
    Mismatch {
        /// SHA-256 of the canonical request, hexadecimal: the last line of the string to sign.
        canonical: String,
        /// What was signed instead, as far as it can be found out.
        differs: String,
    },
}

impl fmt::Display for Denied {
    /// One sentence for the journal; it holds no secret and no signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Missing => f.write_str("the request is not signed"),
            Denied::Incomplete(what) => write!(f, "the signature is not whole: {what}"),
            Denied::UnknownKey { access_key, why } => {
                write!(f, "access key {}: {why}", prefix(access_key, 128))
            }
            Denied::Scope(why) => write!(f, "the signature is for something else: {why}"),
            Denied::HeaderUnsigned(name) => write!(f, "the header '{name}' is not signed"),
            Denied::Skew { .. } => f.write_str(&self.skew()),
            Denied::Expired { until, now } => {
                write!(f, "the presigned request was good until {until}; now it is {now}")
            }
            Denied::NoPayload => f.write_str("the header 'x-amz-content-sha256' is missing"),
            Denied::Mismatch { canonical, differs } => write!(
                f,
                "the signature is not that of this request, whose canonical form has the SHA-256 {canonical}: {differs}"
            ),
        }
    }
}

impl Denied {
    // OBSERVED: the sentences are AWS's.
    fn skew(&self) -> String {
        let Denied::Skew { signed, now } = self else { return String::new() };
        let at = |time: Timestamp| time.format(INSTANT).to_string();
        if signed < now {
            let edge = at(*now - SKEW);
            format!("Signature expired: {} is now earlier than {edge} ({} - 15 min.)", at(*signed), at(*now))
        } else {
            let edge = at(*now + SKEW);
            format!(
                "Signature not yet current: {} is still later than {edge} ({} + 15 min.)",
                at(*signed),
                at(*now)
            )
        }
    }

    /// What a client of CodePipeline reads: exception and message; the status is 400.
    pub fn exception(&self) -> (&'static str, String) {
        match self {
            Denied::Missing => ("MissingAuthenticationTokenException", "Missing Authentication Token".into()),
            Denied::Incomplete(what) => ("IncompleteSignatureException", what.clone()),
            Denied::UnknownKey { .. } => (
                "UnrecognizedClientException",
                "The security token included in the request is invalid.".into(),
            ),
            Denied::Scope(why) => ("InvalidSignatureException", why.clone()),
            Denied::HeaderUnsigned(name) => (
                "InvalidSignatureException",
                format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."),
            ),
            Denied::Skew { .. } => ("InvalidSignatureException", self.skew()),
            Denied::Expired { .. } => ("InvalidSignatureException", "Request has expired.".into()),
            Denied::NoPayload | Denied::Mismatch { .. } => ("InvalidSignatureException", MISMATCH.into()),
        }
    }

    /// What a client of IAM or STS reads: status, code, message.
    // OBSERVED: the live services; codes are the JSON ones without their ending, but for two.
    pub fn query_error(&self) -> (u16, &'static str, String) {
        let (code, message) = self.exception();
        match code {
            "MissingAuthenticationTokenException" => {
                (403, "MissingAuthenticationToken", "Request is missing Authentication Token".into())
            }
            "IncompleteSignatureException" => (400, "IncompleteSignature", message),
            "UnrecognizedClientException" => (403, "InvalidClientTokenId", message),
            _ => (403, "SignatureDoesNotMatch", message),
        }
    }

    /// What a client of S3 reads: status, code, message.
    // Docs: S3's list of error codes.
    pub fn s3_error(&self) -> (u16, &'static str, String) {
        match self {
            Denied::Missing => (403, "AccessDenied", "Access Denied".into()),
            Denied::Incomplete(what) => (400, "AuthorizationHeaderMalformed", what.clone()),
            Denied::UnknownKey { .. } => (
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.".into(),
            ),
            Denied::Scope(why) => (
                400,
                "AuthorizationHeaderMalformed",
                format!("The authorization header is malformed; {why}"),
            ),
            Denied::HeaderUnsigned(_) => {
                (403, "AccessDenied", "There were headers present in the request which were not signed".into())
            }
            Denied::Skew { .. } => (
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.".into(),
            ),
            Denied::Expired { .. } => (403, "AccessDenied", "Request has expired".into()),
            Denied::NoPayload => {
                (400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256".into())
            }
            Denied::Mismatch { .. } => (
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and signing method.".into(),
            ),
        }
    }
}

// OBSERVED: the live service, whose answers go on with the canonical request; here the journal has its digest.
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
    Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// Verifies a request's signature. `key` finds the key of an access key id; `now` is the real time, since clients
/// sign with real clocks.
///
/// # Errors
/// Why it is turned away.
pub fn verify(
    signed: &Signed<'_>,
    key: impl FnOnce(&str, Option<&str>) -> Option<Key>,
    now: Timestamp,
) -> Result<Promise, Denied> {
    let (headers, query) = (&signed.parts.headers, signed.uri.query().unwrap_or(""));
    let signature = Signature::of(headers, query).map_err(|unsigned| match unsigned {
        Unsigned::Missing => Denied::Missing,
        Unsigned::Incomplete(what) => Denied::Incomplete(what),
    })?;
    let scope = &signature.scope;
    let unknown = |why| Denied::UnknownKey { access_key: scope.access_key.clone(), why };
    let key = key(&scope.access_key, signature.token.as_deref()).ok_or_else(|| unknown("it is not known"))?;
    let same_token = match (&key.token, &signature.token) {
        // A token with a key that needs none is no concern of ours: nothing else knows it.
        (None, _) => true,
        (Some(wanted), Some(given)) => bool::from(wanted.as_bytes().ct_eq(given.as_bytes())),
        (Some(_), None) => false,
    };
    if !same_token {
        return Err(unknown("its session token is missing or another"));
    }
    check_scope(&signature, signed.service)?;
    check_time(&signature, now)?;
    check_headers(&signature, signed)?;
    let payload = payload(&signature, signed)?;

    let names: Vec<&str> = signature.signed.iter().map(String::as_str).collect();
    let query = match signature.carrier {
        Carrier::Header => query.to_owned(),
        Carrier::Query { .. } => unsigned_query(query),
    };
    let request = canonical::Parts {
        method: &signed.parts.method,
        path: signed.uri.path(),
        path_form: if signed.service == Service::S3 { PathForm::Once } else { PathForm::Twice },
        query: &query,
        headers,
        signed: &names,
        payload: &payload,
        host: None,
    };
    let text = request.text();
    if fits(&signature, &text, &key.secret) {
        let is_digest = signed.service == Service::S3
            && payload.len() == 64
            && payload.bytes().all(|b| b.is_ascii_hexdigit());
        return Ok(if is_digest { Promise::Digest(payload) } else { Promise::Nothing });
    }
    Err(Denied::Mismatch {
        canonical: hex(&Sha256::digest(text.as_bytes())),
        differs: differing(&signature, signed, request, &key.secret).to_owned(),
    })
}

fn check_scope(signature: &Signature, service: Service) -> Result<(), Denied> {
    // OBSERVED: the sentences are AWS's.
    if signature.scope.service != service.name() {
        let text = format!("Credential should be scoped to correct service: '{}'.", service.name());
        return Err(Denied::Scope(text));
    }
    let day = signature.at.format("%Y%m%d").to_string();
    if signature.day != day {
        return Err(Denied::Scope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{}'.",
            prefix(&signature.day, 20),
            signature.at.format(INSTANT)
        )));
    }
    Ok(())
}

fn check_time(signature: &Signature, now: Timestamp) -> Result<(), Denied> {
    let skew = || Denied::Skew { signed: signature.at, now };
    match signature.carrier {
        _ if signature.at - now > SKEW => Err(skew()),
        Carrier::Header if now - signature.at > SKEW => Err(skew()),
        Carrier::Header => Ok(()),
        Carrier::Query { expires } => {
            let until = signature.at + TimeDelta::seconds(expires);
            if now > until { Err(Denied::Expired { until, now }) } else { Ok(()) }
        }
    }
}

/// Docs: the host must be signed; S3 wants all `x-amz-` headers signed too.
fn check_headers(signature: &Signature, signed: &Signed<'_>) -> Result<(), Denied> {
    let is_signed = |name: &str| signature.signed.iter().any(|s| s == name);
    if !is_signed("host") && !is_signed(":authority") {
        return Err(Denied::HeaderUnsigned("Host".into()));
    }
    if signed.service == Service::S3 {
        let mut names = signed.parts.headers.keys().map(http::HeaderName::as_str);
        if let Some(name) = names.find(|name| name.starts_with("x-amz-") && !is_signed(name)) {
            return Err(Denied::HeaderUnsigned(name.to_owned()));
        }
    }
    Ok(())
}

/// What stands for the body in the canonical request.
fn payload(signature: &Signature, signed: &Signed<'_>) -> Result<String, Denied> {
    if signed.service != Service::S3 {
        return Ok(hex(&Sha256::digest(signed.body)));
    }
    let given = signed.parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    match (given, signature.carrier) {
        (Some(given), _) => Ok(given.trim().to_owned()),
        (None, Carrier::Query { .. }) => Ok(UNSIGNED_PAYLOAD.to_owned()),
        (None, Carrier::Header) => Err(Denied::NoPayload),
    }
}

/// Whether the signature is that of a canonical request.
fn fits(signature: &Signature, canonical: &str, secret: &str) -> bool {
    let expected = calculated(signature, canonical, secret);
    bool::from(expected.as_bytes().ct_eq(signature.value.as_bytes()))
}

/// The signature of a canonical request, hexadecimal.
fn calculated(signature: &Signature, canonical: &str, secret: &str) -> String {
    let scope = &signature.scope;
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!(
        "{}\n{}\n{}/{}/{}/aws4_request\n{digest}",
        super::ALGORITHM,
        signature.at.format(INSTANT),
        signature.day,
        scope.region,
        scope.service
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [signature.day.as_str(), &scope.region, &scope.service, "aws4_request"] {
        key = mac(&key, part.as_bytes());
    }
    hex(&mac(&key, to_sign.as_bytes()))
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // HMAC takes keys of any length.
        return Vec::new();
    };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// What was signed instead: the one change to the request, or to the secret, under which the signature fits.
fn differing(
    signature: &Signature,
    signed: &Signed<'_>,
    request: canonical::Parts<'_>,
    secret: &str,
) -> &'static str {
    let fits = |request: canonical::Parts<'_>, secret: &str| fits(signature, &request.text(), secret);
    if secret != "test" && fits(request, "test") {
        return "it was made with the secret 'test', which is not this key's";
    }
    if fits(canonical::Parts { path: signed.parts.uri.path(), ..request }, secret) {
        return "the path that was signed has no world prefix";
    }
    let other = match request.path_form {
        PathForm::Once => PathForm::Twice,
        PathForm::Twice => PathForm::Once,
    };
    if fits(canonical::Parts { path_form: other, ..request }, secret) {
        return "the path was encoded once where this service wants it twice, or the other way round";
    }
    if !request.query.is_empty() && fits(canonical::Parts { query: "", ..request }, secret) {
        return "the query was not signed";
    }
    let host = request.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let bare = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if fits(canonical::Parts { host: Some(bare), ..request }, secret) {
        return "the host was signed without its port";
    }
    let claimed = request.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    let empty = hex(&Sha256::digest(b""));
    let payloads = claimed.into_iter().chain([UNSIGNED_PAYLOAD, &empty]);
    for payload in payloads {
        if payload != request.payload && fits(canonical::Parts { payload, ..request }, secret) {
            return "another body was signed than the one that came";
        }
    }
    "neither path, host, query nor body alone explains it: the secret access key is another, or several parts of the request were changed"
}
