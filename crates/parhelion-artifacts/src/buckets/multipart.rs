//! Multipart uploads: parts that become an object.

use super::{Body, Buckets, Checksum, ETag, Extra, New, check_key, told};
use crate::content::Content;
use crate::error::{Error, Result};
use crate::limits;
use parhelion_core::Timestamp;
use parhelion_state::{Table, Tx};
use serde::{Deserialize, Serialize};
use std::ops::Bound::Excluded;

/// An upload in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// When it was begun.
    pub started: Timestamp,
    /// What the object will be said to be.
    pub extra: Extra,
    /// The algorithm of the checksums, and whether the object's is made of the parts'.
    pub checksum: Option<(String, bool)>,
    /// The parts by number.
    pub parts: Table<u16, Part>,
}

/// A part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// When it was uploaded.
    pub modified: Timestamp,
    /// The bytes.
    pub content: Content,
    /// Their tag.
    pub etag: ETag,
    /// Their checksum.
    pub checksum: Option<Checksum>,
}

impl Buckets {
    /// Begins an upload; its id.
    ///
    /// # Errors
    /// `NoSuchBucket`; a key that is too long; a bound.
    pub fn begin_upload(
        &mut self,
        bucket: &str,
        key: &str,
        extra: Extra,
        checksum: Option<(String, bool)>,
        tx: &mut Tx<'_>,
    ) -> Result<String> {
        let number = self.bucket(bucket)?.number;
        check_key(key)?;
        if self.uploads.len() >= limits::UPLOADS {
            return Err(Error::Full { what: "uploads in progress", limit: limits::UPLOADS as u64 });
        }
        let id = tx.token("upload", 64);
        let upload = Upload { started: tx.now(), extra, checksum, parts: Table::default() };
        self.uploads.put((number, key.to_owned(), id.clone()), upload);
        tx.emit(told(bucket, key, format!("an upload of '{key}' to the bucket '{bucket}' has begun")));
        Ok(id)
    }

    fn upload_place(&self, bucket: &str, key: &str, id: &str) -> Result<(u64, String, String)> {
        let place = (self.bucket(bucket)?.number, key.to_owned(), id.to_owned());
        if self.uploads.contains_key(&place) {
            Ok(place)
        } else {
            Err(Error::NoSuchUpload { id: id.to_owned() })
        }
    }

    /// An upload in progress.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`.
    pub fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<&Upload> {
        let place = self.upload_place(bucket, key, id)?;
        self.uploads.get(&place).map(|u| &**u).ok_or_else(|| Error::NoSuchUpload { id: id.to_owned() })
    }

    /// The uploads of a bucket after a key and id, by both.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn uploads<'a>(
        &'a self,
        bucket: &str,
        after: (&str, &str),
    ) -> Result<impl Iterator<Item = (&'a str, &'a str, &'a Upload)> + use<'a>> {
        let number = self.bucket(bucket)?.number;
        // After all ids of that key when none is named.
        let id = if after.1.is_empty() && !after.0.is_empty() { "\u{10FFFF}" } else { after.1 };
        let from = Excluded((number, after.0.to_owned(), id.to_owned()));
        let all = self.uploads.range((from, Excluded((number + 1, String::new(), String::new()))));
        Ok(all.map(|((_, key, id), upload)| (key.as_str(), id.as_str(), &**upload)))
    }

    pub(super) fn uploads_of(&self, number: u64) -> impl Iterator<Item = (&(u64, String, String), &Upload)> {
        let all = self
            .uploads
            .range((number, String::new(), String::new())..(number + 1, String::new(), String::new()));
        all.map(|(place, upload)| (place, &**upload))
    }

    /// Keeps a part; one of that number is replaced.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`.
    pub fn put_part(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
        part: (u16, Content, ETag, Option<Checksum>),
        tx: &Tx<'_>,
    ) -> Result<()> {
        let place = self.upload_place(bucket, key, id)?;
        let (number, content, etag, checksum) = part;
        let part = Part { modified: tx.now(), content, etag, checksum };
        self.uploads.edit(&place, |upload| upload.parts.put(number, part));
        Ok(())
    }

    /// Makes an object of the parts named. What was computed of them before (`checksum`) holds, because the same parts
    /// are asked for by their tags.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`; a part that is not there or too small; more than an object may have.
    pub fn complete_upload(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
        asked: &[(u16, String)],
        checksum: Option<Checksum>,
        tx: &mut Tx<'_>,
    ) -> Result<(ETag, Option<String>)> {
        let place = self.upload_place(bucket, key, id)?;
        let upload = self.upload(bucket, key, id)?;
        let parts = upload.chosen(asked)?;
        let etag = etag_of(&parts);
        let sizes = parts.iter().map(|part| part.content.size()).collect();
        let content = Content::joined(parts.iter().map(|part| part.content.clone()).collect());
        if content.size() > limits::OBJECT_BYTES {
            return Err(Error::EntityTooLarge { proposed: content.size() });
        }
        let extra = Extra { parts: sizes, checksum, ..upload.extra.clone() };
        let body = Body { content, etag, extra: extra.boxed() };
        let version = self.put(bucket, key, New { body }, tx)?;
        self.uploads.remove(&place);
        Ok((etag, version))
    }

    /// Forgets an upload.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`.
    pub fn abort_upload(&mut self, bucket: &str, key: &str, id: &str, tx: &mut Tx<'_>) -> Result<()> {
        let place = self.upload_place(bucket, key, id)?;
        self.uploads.remove(&place);
        tx.emit(told(bucket, key, format!("the upload of '{key}' to the bucket '{bucket}' was aborted")));
        Ok(())
    }
}

impl Upload {
    /// The parts of these numbers and tags.
    ///
    /// # Errors
    /// `InvalidPartOrder`, `InvalidPart`, `EntityTooSmall`.
    pub fn chosen(&self, asked: &[(u16, String)]) -> Result<Vec<std::sync::Arc<Part>>> {
        if !asked.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(Error::InvalidPartOrder);
        }
        let mut parts = Vec::new();
        for (number, etag) in asked {
            let part = self.parts.get(number).filter(|part| part.etag.is(etag));
            parts.push((*number, part.ok_or(Error::InvalidPart { part: *number })?.clone()));
        }
        for (number, part) in parts.iter().rev().skip(1).rev() {
            if part.content.size() < limits::PART_BYTES_MIN {
                return Err(Error::EntityTooSmall { part: *number, size: part.content.size() });
            }
        }
        Ok(parts.into_iter().map(|(_, part)| part).collect())
    }
}

/// Docs: S3, "Checking object integrity": MD5 of the parts' MD5s, a dash, their number.
fn etag_of(parts: &[std::sync::Arc<Part>]) -> ETag {
    use md5::{Digest, Md5};
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part.etag.md5()));
    ETag::of_parts(hash.finalize().into(), u16::try_from(parts.len()).unwrap_or(u16::MAX))
}
