//! What a copy is made of: `x-amz-copy-source`.

use crate::buckets::{Body, Buckets, Stored, Versioning};
use crate::error::{Error, Result};
use crate::wire::{Ask, conditions};
use percent_encoding::percent_decode_str;

/// The source of a copy.
pub struct Source {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    version: Option<String>,
}

impl Source {
    /// As the request names it: `[/]bucket/key[?versionId=…]`, percent-encoded.
    ///
    /// # Errors
    /// A source that is none.
    pub fn of(ask: &Ask<'_>) -> Result<Source> {
        let text = ask.header("x-amz-copy-source").unwrap_or_default();
        let bad = || Error::InvalidArgument {
            name: "x-amz-copy-source",
            value: text.to_owned(),
            why: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey".to_owned(),
        };
        let (path, version) = match text.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version.to_owned()).filter(|version| !version.is_empty())),
            None => (text, None),
        };
        let path = percent_decode_str(path).decode_utf8().map_err(|_| bad())?;
        let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/').ok_or_else(bad)?;
        if bucket.is_empty() || key.is_empty() {
            return Err(bad());
        }
        Ok(Source { bucket: bucket.to_owned(), key: key.to_owned(), version })
    }
    /// The object, when the request's conditions hold; with its version where the bucket has versions.
    ///
    /// # Errors
    /// It is not there; a condition does not hold.
    pub fn find<'b>(
        &self,
        ask: &Ask<'_>,
        buckets: &'b Buckets,
    ) -> Result<(&'b Stored, &'b Body, Option<&'b str>)> {
        let versioned = buckets.bucket(&self.bucket)?.versioning != Versioning::Off;
        let (stored, body) = buckets.find(&self.bucket, &self.key, self.version.as_deref())?;
        conditions::copy(&ask.parts.headers, stored, body)?;
        Ok((stored, body, versioned.then(|| stored.version())))
    }
    /// Whether it is the newest version of the very object that the copy becomes.
    pub fn is_target(&self, ask: &Ask<'_>) -> bool {
        self.version.is_none() && self.bucket == ask.bucket() && self.key == ask.key()
    }
}
