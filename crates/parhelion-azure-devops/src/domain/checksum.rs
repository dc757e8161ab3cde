//! The checksum of an incoming webhook: HMAC-SHA1 of the body's bytes under the connection's secret, in a header
//! that the connection names (azure-devops.md 4.2).

mod mistake;
#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq;

/// The header that is looked at when a connection has a secret but names no header.
// CHOICE: what the service takes then is not documented; it is the name that GitHub uses.
pub const DEFAULT_HEADER: &str = "X-Hub-Signature";

/// What came of checking one connection's checksum.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// The connection has no secret: nothing to check.
    Open,
    /// The header holds the right digest.
    Right(Given),
    /// It does not, or it is not there.
    Wrong(Given, Wrong),
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The header.
    pub header: String,
    /// What it held; `None`: it is not there.
    pub value: Option<String>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// One clause for a reader.
    pub why: String,
    /// The digest that the header had to hold, in upper case (control.md 6: digests are shown, secrets are not).
    pub expected: String,
    /// The plain SHA-1 of the body as it arrived, without the secret: whoever signed can compare the bytes.
    pub body_sha1: String,
}

impl Checked {
    /// Whether the request may go on for that connection.
    pub fn accepts(&self) -> bool {
        !matches!(self, Checked::Wrong(..))
    }
}

type Sum = [u8; 20];

/// HMAC-SHA1.
// Docs: "SHA1(secret).ComputeHash(requestBody)", with .NET's HMACSHA1. The parts are those of one message.
fn sum(secret: &[u8], parts: &[&[u8]]) -> Option<Sum> {
    // An HMAC takes a key of any length: the error cannot occur, and no digest matches nothing.
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

fn plain(body: &[u8]) -> Sum {
    Sha1::digest(body).into()
}

/// Checks a request for a connection. `secret` and `header` as the connection has them, empty meaning none.
// CHOICE: of a header that is there more than once the first counts.
pub fn check(secret: &str, header: &str, headers: &[(String, String)], body: &[u8]) -> Checked {
    if secret.is_empty() {
        return Checked::Open;
    }
    let header = if header.trim().is_empty() { DEFAULT_HEADER } else { header.trim() };
    let value =
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header)).map(|(_, value)| value.clone());
    let right = sum(secret.as_bytes(), &[body]);
    let agrees = |value: &str| match (right, digest(value)) {
        (Some(right), Some(value)) => bool::from(right.ct_eq(&value)),
        _ => false,
    };
    let given = Given { header: header.to_owned(), value };
    if given.value.as_deref().is_some_and(agrees) {
        return Checked::Right(given);
    }
    let elsewhere = headers.iter().find(|(name, value)| !name.eq_ignore_ascii_case(header) && agrees(value));
    let why = match (elsewhere, &given.value) {
        (Some((name, _)), _) => format!("the header {name} holds the right checksum instead"),
        (None, None) => "the header is missing".to_owned(),
        (None, Some(value)) => mistake::of(value, secret, body),
    };
    let expected = right.map_or_else(String::new, |right| parhelion_core::text::hex(&right).to_uppercase());
    Checked::Wrong(given, Wrong { why, expected, body_sha1: parhelion_core::text::hex(&plain(body)) })
}

/// The digest inside a header's value: blanks around it and everything up to the last `=` are not part of it
/// (`sha1=…` of GitHub, `SHA1(stdin)= …` of openssl); hexadecimal in either case.
// CHOICE: the clients are observed; that the service takes each form is not.
fn digest(value: &str) -> Option<Sum> {
    let bytes = parhelion_core::text::unhex(bare(value))?;
    bytes.try_into().ok()
}

fn bare(value: &str) -> &str {
    value.rsplit('=').next().unwrap_or_default().trim()
}
