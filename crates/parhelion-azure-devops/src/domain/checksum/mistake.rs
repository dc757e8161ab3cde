//! What a wrong checksum is, where it can be recognised. The right one is never told: only readings of the body and
//! of the secret are named under which the given one would be right.

use super::{Sum, bare, digest, plain, sum};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// One clause about a header's value that is not the right checksum.
pub fn of(value: &str, secret: &str, body: &[u8]) -> String {
    let Some(given) = digest(value) else { return form(value, secret, body) };
    let is = |sum: Option<Sum>| sum == Some(given);
    let (key, bytes) = (secret.as_bytes(), secret.trim().as_bytes());
    let cut = body.trim_ascii_end();
    let what = if plain(body) == given {
        "it is the plain SHA-1 of the body, made without the secret"
    } else if body.len() != cut.len() && is(sum(key, &[cut])) {
        "it is right for the body without the blanks and line breaks at its end: what was signed is not what was sent"
    } else if is(sum(key, &[body, b"\n"])) || is(sum(key, &[body, b"\r\n"])) {
        "it is right for the body with one more line break: what was signed is not what was sent"
    } else if is(minimised(body).and_then(|m| sum(key, &[&m]))) {
        "it is right for the body in minimised form: what was signed is not what was sent"
    } else if is(sum(key, &[])) {
        "it is right for an empty body"
    } else if is(sum(&[key, b"\n"].concat(), &[body])) || (bytes != key && is(sum(bytes, &[body]))) {
        "it is right but for blanks or a line break at the end of the secret"
    } else {
        "another secret or other bytes were signed"
    };
    what.to_owned()
}

/// The body as JSON without white space between its tokens.
fn minimised(body: &[u8]) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    serde_json::to_vec(&value).ok().filter(|m| m != body)
}

/// About a value that is no SHA-1 in hexadecimal at all.
fn form(value: &str, secret: &str, body: &[u8]) -> String {
    let given = bare(value);
    let hexadecimal = !given.is_empty() && given.bytes().all(|b| b.is_ascii_hexdigit());
    // Base64 may end in `=`, which is no end of a prefix.
    let encoded = BASE64_STANDARD.decode(value.trim()).ok();
    if encoded.is_some_and(|e| sum(secret.as_bytes(), &[body]).is_some_and(|s| s[..] == e[..])) {
        return "it is right but written in Base64, where 40 hexadecimal digits are expected".to_owned();
    }
    match given.len() {
        0 => "it holds no digest".to_owned(),
        64 if hexadecimal => {
            "it has the length of a SHA-256, where the 40 hexadecimal digits of a SHA-1 are expected"
                .to_owned()
        }
        n if hexadecimal => {
            format!("it has {n} hexadecimal digits, where the 40 of a SHA-1 are expected")
        }
        _ => "it is not hexadecimal, where the 40 digits of a SHA-1 are expected".to_owned(),
    }
}
