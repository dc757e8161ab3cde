//! An object and its versions.

use super::{NULL, Put};
use crate::content::Content;
use crate::error::{Error, Result};
use parhelion_core::{Timestamp, text::hex};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// All versions of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// What a plain GET finds.
    pub newest: Stored,
    /// What was before, the oldest first.
    pub older: Vec<Arc<Stored>>,
}

/// One version: what was put, or a delete marker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Its id; `None` is `null`.
    version: Option<Box<str>>,
    /// When it was put.
    pub modified: Timestamp,
    body: Option<Body>,
}

/// What was put.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The bytes.
    pub content: Content,
    /// Their tag.
    pub etag: ETag,
    /// What else was said of them.
    pub extra: Option<Box<Extra>>,
}

/// What is said of an object beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    /// Headers that come back with it, by lower-case name: `content-type`, `cache-control` …
    pub headers: Vec<(String, String)>,
    /// User-defined metadata, without `x-amz-meta-`.
    pub metadata: Vec<(String, String)>,
    /// The checksum that came with it, verified.
    pub checksum: Option<Checksum>,
    /// The sizes of the parts that it was uploaded in; empty when it was put at once.
    pub parts: Vec<u64>,
}

impl Extra {
    /// Nothing to be kept where nothing was said.
    pub fn boxed(self) -> Option<Box<Extra>> {
        (self != Extra::default()).then(|| Box::new(self))
    }
}

/// A checksum beside MD5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// `CRC32`, `CRC32C`, `CRC64NVME`, `SHA1`, `SHA256`.
    pub algorithm: String,
    /// Base64; of the parts' checksums it is made of, then `-` and their number.
    pub value: String,
    /// Whether it is made of the parts' checksums.
    pub composite: bool,
}

/// What an object is put with.
#[derive(Clone, Debug)]
pub struct New {
    /// Bytes, tag and the rest.
    pub body: Body,
}

impl New {
    /// Bytes of which nothing is said.
    pub fn plain(content: Content) -> New {
        let etag = ETag::whole(content.md5());
        New { body: Body { content, etag, extra: None } }
    }
}

/// How a deletion came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The version that was deleted, or the delete marker that was made.
    pub version: Option<String>,
    /// Whether that is a delete marker.
    pub marker: bool,
    /// The delete marker that was made.
    pub made: Option<String>,
}

/// An entity tag: MD5 of the bytes, or of the parts' MD5s and then their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ETag {
    md5: [u8; 16],
    parts: u16,
}

impl ETag {
    /// Of bytes that were put at once.
    pub fn whole(md5: [u8; 16]) -> ETag {
        ETag { md5, parts: 0 }
    }
    /// Of so many parts.
    pub fn of_parts(md5: [u8; 16], parts: u16) -> ETag {
        ETag { md5, parts }
    }
    /// Whether it is one of parts.
    pub fn is_of_parts(&self) -> bool {
        self.parts > 0
    }
    /// Its MD5.
    pub fn md5(&self) -> &[u8; 16] {
        &self.md5
    }
    /// As it stands in headers and XML.
    pub fn quoted(&self) -> String {
        format!("\"{self}\"")
    }
    /// Whether a client means this one: with or without quotes.
    pub fn is(&self, given: &str) -> bool {
        given.trim().trim_matches('"').eq_ignore_ascii_case(&self.to_string())
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.md5))?;
        if self.parts > 0 { write!(f, "-{}", self.parts) } else { Ok(()) }
    }
}

impl Stored {
    pub(super) fn new(version: Option<&str>, modified: Timestamp, body: Option<Body>) -> Stored {
        Stored { version: version.map(Box::from), modified, body }
    }
    /// Its version id.
    pub fn version(&self) -> &str {
        self.version.as_deref().unwrap_or(NULL)
    }
    /// Whether it was made in a bucket that keeps versions.
    pub fn is_versioned(&self) -> bool {
        self.version.is_some()
    }
    /// Whether it says that the object is deleted.
    pub fn is_marker(&self) -> bool {
        self.body.is_none()
    }
    /// It, and what was put; `None` of a delete marker.
    pub fn with_body(&self) -> Option<(&Stored, &Body)> {
        Some((self, self.body.as_ref()?))
    }
}

impl Body {
    /// A header that was kept with it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = &self.extra.as_ref()?.headers;
        headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
    /// The range of bytes of a part, counted from 1, and how many parts there are. What was put at once is one part.
    ///
    /// # Errors
    /// There is no such part.
    pub fn part(&self, number: u64) -> Result<(std::ops::Range<u64>, u64)> {
        let one = [self.content.size()];
        let sizes = self.extra.as_ref().map(|extra| &extra.parts[..]).filter(|parts| !parts.is_empty());
        let sizes = sizes.unwrap_or(&one);
        let none = Error::InvalidPartNumber { asked: number, count: sizes.len() as u64 };
        let index = number.checked_sub(1).and_then(|n| usize::try_from(n).ok()).filter(|n| *n < sizes.len());
        let index = index.ok_or(none)?;
        let from: u64 = sizes.iter().take(index).sum();
        let size = sizes.get(index).copied().unwrap_or(0);
        Ok((from..from + size, sizes.len() as u64))
    }
}

/// Whether an object has versions left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Something,
    Nothing,
}

/// An object's way with its versions.
pub(super) trait Versioned {
    fn version(&self, id: &str) -> Option<&Stored>;
    fn push(&mut self, stored: Stored);
    fn remove(&mut self, id: &str) -> Held;
}

impl Versioned for Object {
    fn version(&self, id: &str) -> Option<&Stored> {
        if self.newest.version() == id {
            return Some(&self.newest);
        }
        self.older.iter().rev().find(|stored| stored.version() == id).map(|stored| &**stored)
    }
    /// Docs: "Adding objects to versioning-suspended buckets": a version `null` takes the place of the one there is.
    fn push(&mut self, stored: Stored) {
        let replaces = |old: &Stored| !stored.is_versioned() && !old.is_versioned();
        self.older.retain(|old| !replaces(old));
        let in_place = replaces(&self.newest);
        let before = std::mem::replace(&mut self.newest, stored);
        if !in_place {
            self.older.push(Arc::new(before));
        }
    }
    fn remove(&mut self, id: &str) -> Held {
        if self.newest.version() != id {
            self.older.retain(|stored| stored.version() != id);
            return Held::Something;
        }
        match self.older.pop() {
            Some(before) => {
                self.newest = Arc::unwrap_or_clone(before);
                Held::Something
            }
            None => Held::Nothing,
        }
    }
}

impl fmt::Display for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} version {}", self.bucket, self.key, self.version)
    }
}
