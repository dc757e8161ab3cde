//! The canonical request of a signature: what of a request is signed, in one text.
//!
//! Docs: "Create a signed AWS API request"; for S3 "Authenticating Requests (AWS Signature Version 4)".

use http::{HeaderMap, HeaderName, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a service makes a path canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathForm {
    /// Dot segments and empty ones gone, and what the client encoded encoded once more.
    Twice,
    /// As S3 wants it: a key is any text, so nothing is taken away, and it is encoded once.
    Once,
}

/// What of a request goes into its canonical form.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    pub method: &'a Method,
    /// As it came over the wire.
    pub path: &'a str,
    pub path_form: PathForm,
    /// As it came over the wire; without the signature it holds itself, if it does.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    /// The names that the signature lists, in its order.
    pub signed: &'a [&'a str],
    /// The digest of the body in hexadecimal, or a word in its place.
    pub payload: &'a str,
    /// Takes the place of the header `host`.
    pub host: Option<&'a str>,
}

impl Parts<'_> {
    /// The canonical request.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(512);
        out.push_str(self.method.as_str());
        out.push('\n');
        path(&mut out, self.path, self.path_form);
        out.push('\n');
        query(&mut out, self.query);
        out.push('\n');
        for name in self.signed {
            out.push_str(name);
            out.push(':');
            match self.host {
                Some(host) if *name == "host" => out.push_str(host),
                _ => header(&mut out, self.headers, name),
            }
            out.push('\n');
        }
        out.push('\n');
        out.push_str(&self.signed.join(";"));
        out.push('\n');
        out.push_str(self.payload);
        out
    }
}

fn path(out: &mut String, path: &str, form: PathForm) {
    match form {
        PathForm::Once => {
            for (n, segment) in path.split('/').enumerate() {
                if n > 0 {
                    out.push('/');
                }
                encode_again(out, segment);
            }
        }
        PathForm::Twice => {
            let mut segments: Vec<&str> = Vec::new();
            for segment in path.split('/') {
                match segment {
                    "" | "." => {}
                    ".." => {
                        segments.pop();
                    }
                    other => segments.push(other),
                }
            }
            for segment in &segments {
                out.push('/');
                out.extend(utf8_percent_encode(segment, RESERVED));
            }
            if segments.is_empty() || path.ends_with('/') {
                out.push('/');
            }
        }
    }
}

/// A text that a client encoded, encoded as signatures have it.
fn encode_again(out: &mut String, text: &str) {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    out.extend(percent_encoding::percent_encode(&bytes, RESERVED));
}

fn query(out: &mut String, query: &str) {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let again = |text: &str| {
                let mut out = String::with_capacity(text.len());
                // A plus is a space here, as S3 reads it; signers write %20 for one and %2B for the other.
                encode_again(&mut out, &text.replace('+', "%20"));
                out
            };
            (again(name), again(value))
        })
        .collect();
    pairs.sort();
    for (n, (name, value)) in pairs.iter().enumerate() {
        if n > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

/// A header's values: runs of spaces are one, several values stand with commas between them.
fn header(out: &mut String, headers: &HeaderMap, name: &str) {
    let Ok(name) = HeaderName::try_from(name) else { return };
    for (n, value) in headers.get_all(name).iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        for (n, word) in text.split_ascii_whitespace().enumerate() {
            if n > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
}
