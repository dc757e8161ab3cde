//! What the listings have in common: page sizes, tokens, encoding, owners.

use crate::buckets::Wanted;
use crate::error::{Error, Result};
use crate::limits;
use crate::wire::{Ask, address, xml::Document};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parhelion_core::text::hex;

/// The size of a page: what is asked for, at most `max`.
///
/// # Errors
/// A number that is none.
pub fn page_size(ask: &Ask<'_>, name: &'static str, max: usize) -> Result<usize> {
    let asked = ask.number(name)?.and_then(|n| usize::try_from(n).ok());
    Ok(asked.unwrap_or(max).min(max))
}

/// A token that leads on after a key.
pub fn token(after: &str) -> String {
    // The number says what a token of ours is: other texts are not taken for one.
    URL_SAFE_NO_PAD.encode(format!("1{after}"))
}

/// The key that a token leads on after.
///
/// # Errors
/// A token that was not issued here.
pub fn read_token(token: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::InvalidToken)?;
    let text = String::from_utf8(bytes).map_err(|_| Error::InvalidToken)?;
    text.strip_prefix('1').map(str::to_owned).ok_or(Error::InvalidToken)
}

/// The canonical id of an account: 64 hex digits, the same each time.
pub fn canonical_id(account: &str) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(format!("canonical id\0{account}")))
}

/// Whose something is.
pub fn owner(document: &mut Document, name: &'static str, account: &str) {
    document.open(name).text("ID", canonical_id(account)).text("DisplayName", account).close();
}

/// The parts of a listing that all kinds share.
pub struct Asked<'a> {
    /// Prefix, delimiter, size; `after` is the kind's own.
    pub wanted: Wanted<'a>,
    encode: bool,
}

impl<'a> Asked<'a> {
    /// What a request asks for.
    ///
    /// # Errors
    /// A number that is none; an encoding that is not known.
    pub fn of(ask: &'a Ask<'_>) -> Result<Asked<'a>> {
        let encode = match ask.given("encoding-type") {
            None => false,
            Some(kind) if kind.eq_ignore_ascii_case("url") => true,
            Some(other) => {
                return Err(Error::InvalidArgument {
                    name: "encoding-type",
                    value: other.to_owned(),
                    why: "Invalid Encoding Method specified in Request".to_owned(),
                });
            }
        };
        let wanted = Wanted {
            prefix: ask.query("prefix").unwrap_or(""),
            delimiter: ask.query("delimiter").unwrap_or(""),
            after: "",
            limit: page_size(ask, "max-keys", limits::PAGE)?,
        };
        Ok(Asked { wanted, encode })
    }
    /// A key as the answer has it.
    pub fn key(&self, key: &str) -> String {
        if self.encode { address::encoded(key) } else { key.to_owned() }
    }
    /// What the answer repeats of the request.
    pub fn head(&self, document: &mut Document, bucket: &str) {
        document.text("Name", bucket).text("Prefix", self.key(self.wanted.prefix));
        document.text("MaxKeys", self.wanted.limit.to_string());
        let delimiter = Some(self.wanted.delimiter).filter(|delimiter| !delimiter.is_empty());
        document.maybe("Delimiter", delimiter.map(|delimiter| self.key(delimiter)));
        document.maybe("EncodingType", self.encode.then_some("url"));
    }
    /// The common prefixes.
    pub fn prefixes(&self, document: &mut Document, prefixes: &[String]) {
        for prefix in prefixes {
            document.open("CommonPrefixes").text("Prefix", self.key(prefix)).close();
        }
    }
}
