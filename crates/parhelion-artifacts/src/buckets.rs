//! [`Buckets`]: the value. All buckets of a partition with their objects; its rules know no HTTP.

mod listing;
mod multipart;
mod object;

pub use listing::{Listed, Page, Versions, Wanted};
pub use multipart::{Part, Upload};
pub use object::{Body, Checksum, Deleted, ETag, Extra, New, Object, Stored};

use crate::error::{Error, Result};
use crate::limits;
use object::{Held, Versioned as _};
use parhelion_core::{Event, Timestamp};
use parhelion_state::{AnyTable, Table, Tx};
use serde::{Deserialize, Serialize};

/// All buckets of a partition: names are one space for all its accounts and regions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Buckets {
    /// How many there ever were.
    last: u64,
    names: Table<String, Bucket>,
    objects: Table<(u64, String), Object>,
    uploads: Table<(u64, String, String), Upload>,
    /// What was put since it was last asked for: the surface that mounts this takes it within the same turn.
    #[serde(skip)]
    news: Vec<Put>,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its place among all that ever were: objects stand under it, so a later bucket of the name begins empty.
    number: u64,
    /// The account that it belongs to, twelve digits.
    pub owner: String,
    /// Where it is said to lie.
    pub region: String,
    /// Since when it exists.
    pub created: Timestamp,
    /// Whether older versions of objects are kept.
    pub versioning: Versioning,
    /// Nobody asked for it: it exists because something here names it.
    pub by_itself: bool,
}

/// Whether older versions of a bucket's objects are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// Never was.
    #[default]
    Off,
    /// Each put makes a version.
    Enabled,
    /// Each put replaces the version `null`; others stay.
    Suspended,
}

/// An object that was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Into which bucket.
    pub bucket: String,
    /// Under which key.
    pub key: String,
    /// The version that it became; `null` in a bucket that keeps none.
    pub version: String,
}

/// The version id of what is not versioned.
pub const NULL: &str = "null";

/// Whether a bucket may have that name. Docs: S3, "General purpose bucket naming rules".
pub fn is_bucket_name(name: &str) -> bool {
    let of_set = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let alphanumeric = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let numbers = name.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    (3..=63).contains(&name.len())
        && name.bytes().all(of_set)
        && alphanumeric(name.bytes().next())
        && alphanumeric(name.bytes().last())
        && !name.contains("..")
        && !(numbers && name.split('.').count() == 4)
}

impl Buckets {
    /// A bucket by name.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn bucket(&self, name: &str) -> Result<&Bucket> {
        let found = self.names.get(name).map(|bucket| &**bucket);
        found.ok_or_else(|| Error::NoSuchBucket { bucket: name.to_owned() })
    }

    /// The buckets of an account after a name, by name.
    pub fn of_account<'a>(
        &'a self,
        account: &'a str,
        after: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Bucket)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let after = after.to_owned();
        let all = self.names.range((Excluded(after), Unbounded));
        all.filter(move |(_, bucket)| bucket.owner == account)
            .map(|(name, bucket)| (name.as_str(), &**bucket))
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// A name that is none, or taken; too many buckets.
    pub fn create(&mut self, name: &str, owner: &str, region: &str, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(there) = self.names.get(name) {
            if there.owner != owner {
                return Err(Error::BucketAlreadyExists { bucket: name.to_owned() });
            }
            // Docs: API_CreateBucket: in us-east-1 the owner may create it again.
            // CHOICE: so may, once, the owner of one that exists by itself: fixtures that make it later run unchanged.
            if !there.by_itself && there.region != "us-east-1" {
                return Err(Error::BucketAlreadyOwnedByYou { bucket: name.to_owned() });
            }
            self.names.edit(&name.to_owned(), |bucket| bucket.by_itself = false);
            tx.emit(told(name, "", format!("the bucket '{name}' exists already, and is its creator's")));
            return Ok(());
        }
        if !is_bucket_name(name) {
            return Err(Error::InvalidBucketName { bucket: name.to_owned() });
        }
        self.make(name, owner, region, false, tx)?;
        tx.emit(told(name, "", format!("the bucket '{name}' was created in {region} by account {owner}")));
        Ok(())
    }

    /// Makes a bucket that something here names, where there is none.
    ///
    /// # Errors
    /// Too many buckets.
    pub fn ensure(&mut self, name: &str, owner: &str, region: &str, tx: &mut Tx<'_>) -> Result<()> {
        if self.names.contains_key(name) {
            return Ok(());
        }
        self.make(name, owner, region, true, tx)?;
        let fact =
            format!("the bucket '{name}' exists by itself, because a pipeline of account {owner} names it");
        tx.emit(told(name, "", fact));
        Ok(())
    }

    fn make(&mut self, name: &str, owner: &str, region: &str, by_itself: bool, tx: &Tx<'_>) -> Result<()> {
        if self.names.len() >= limits::BUCKETS {
            return Err(Error::TooManyBuckets);
        }
        self.last += 1;
        let bucket = Bucket {
            number: self.last,
            owner: owner.to_owned(),
            region: region.to_owned(),
            created: tx.now(),
            versioning: Versioning::Off,
            by_itself,
        };
        self.names.put(name.to_owned(), bucket);
        Ok(())
    }

    /// Takes an empty bucket away, with the uploads that were begun in it.
    ///
    /// # Errors
    /// `NoSuchBucket`, `BucketNotEmpty`.
    pub fn remove_bucket(&mut self, name: &str, tx: &mut Tx<'_>) -> Result<()> {
        let number = self.bucket(name)?.number;
        if self.objects_of(number, "").next().is_some() {
            return Err(Error::BucketNotEmpty { bucket: name.to_owned() });
        }
        self.names.remove(&name.to_owned());
        let uploads: Vec<_> = self.uploads_of(number).map(|(key, _)| key.clone()).collect();
        for upload in uploads {
            self.uploads.remove(&upload);
        }
        tx.emit(told(name, "", format!("the bucket '{name}' was deleted")));
        Ok(())
    }

    /// Keeps older versions from now on, or no longer.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn set_versioning(&mut self, name: &str, versioning: Versioning, tx: &mut Tx<'_>) -> Result<()> {
        self.bucket(name)?;
        self.names.edit(&name.to_owned(), |bucket| bucket.versioning = versioning);
        tx.emit(told(name, "", format!("versioning of the bucket '{name}' is {versioning:?}")));
        Ok(())
    }

    /// An object that was put, by its key and perhaps version.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`; a version that is a delete marker.
    pub fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<(&Stored, &Body)> {
        let number = self.bucket(bucket)?.number;
        let object = self.objects.get(&(number, key.to_owned()));
        let Some(version) = version else {
            let object = object.ok_or_else(|| Error::NoSuchKey { key: key.to_owned(), marker: None })?;
            let marker =
                || Error::NoSuchKey { key: key.to_owned(), marker: Some(object.newest.version().to_owned()) };
            return object.newest.with_body().ok_or_else(marker);
        };
        let found = object.and_then(|object| object.version(version));
        let found =
            found.ok_or_else(|| Error::NoSuchVersion { key: key.to_owned(), version: version.to_owned() })?;
        found.with_body().ok_or_else(|| Error::IsDeleteMarker { version: version.to_owned() })
    }

    /// Puts an object; the id of the version that it became, where the bucket has versions.
    ///
    /// # Errors
    /// `NoSuchBucket`; a key that is too long; a bound.
    pub fn put(&mut self, bucket: &str, key: &str, new: New, tx: &mut Tx<'_>) -> Result<Option<String>> {
        let (number, versioning) = self.bucket(bucket).map(|b| (b.number, b.versioning))?;
        check_key(key)?;
        let place = (number, key.to_owned());
        if self.objects.len() >= limits::OBJECTS && !self.objects.contains_key(&place) {
            return Err(Error::Full { what: "objects", limit: limits::OBJECTS as u64 });
        }
        let version = (versioning == Versioning::Enabled).then(|| tx.token("version", 32));
        let stored = Stored::new(version.as_deref(), tx.now(), Some(new.body));
        let (size, etag) =
            stored.with_body().map_or((0, String::new()), |(_, b)| (b.content.size(), b.etag.to_string()));
        self.keep(&place, stored, versioning)?;
        let shown = version.clone().unwrap_or_else(|| NULL.to_owned());
        let fact = format!("'{key}' in the bucket '{bucket}' has {size} bytes, ETag {etag}, version {shown}");
        tx.emit(told(bucket, key, fact).with("version", shown.clone()).with("size", size).with("etag", etag));
        self.news.push(Put { bucket: bucket.to_owned(), key: key.to_owned(), version: shown.clone() });
        // Docs: an answer names the version unless the bucket never had versions.
        Ok((versioning != Versioning::Off).then_some(shown))
    }

    /// Deletes an object, or for ever one of its versions. What is not there counts as deleted.
    ///
    /// # Errors
    /// `NoSuchBucket`; a bound.
    pub fn delete(
        &mut self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        tx: &mut Tx<'_>,
    ) -> Result<Deleted> {
        let (number, versioning) = self.bucket(bucket).map(|b| (b.number, b.versioning))?;
        check_key(key)?;
        let place = (number, key.to_owned());
        let (deleted, fact) = if let Some(version) = version {
            let marker = self.forget(&place, version).unwrap_or(false);
            let deleted = Deleted { version: Some(version.to_owned()), marker, made: None };
            (deleted, format!("version {version} of '{key}' in the bucket '{bucket}' is gone for ever"))
        } else if versioning == Versioning::Off {
            self.objects.remove(&place);
            (Deleted::default(), format!("'{key}' in the bucket '{bucket}' is gone"))
        } else {
            let id = (versioning == Versioning::Enabled).then(|| tx.token("version", 32));
            let marker = Stored::new(id.as_deref(), tx.now(), None);
            let id = marker.version().to_owned();
            self.keep(&place, marker, versioning)?;
            let fact = format!("'{key}' in the bucket '{bucket}' has a delete marker, version {id}");
            (Deleted { version: Some(id.clone()), marker: true, made: Some(id) }, fact)
        };
        tx.emit(told(bucket, key, fact));
        Ok(deleted)
    }

    /// Makes this the newest version of an object.
    fn keep(&mut self, place: &(u64, String), stored: Stored, versioning: Versioning) -> Result<()> {
        let Some(there) = self.objects.get(place).filter(|_| versioning != Versioning::Off) else {
            self.objects.put(place.clone(), Object { newest: stored, older: Vec::new() });
            return Ok(());
        };
        if there.older.len() + 1 >= limits::VERSIONS {
            return Err(Error::Full { what: "versions", limit: limits::VERSIONS as u64 });
        }
        self.objects.edit(place, |object| object.push(stored));
        Ok(())
    }

    /// Takes a version away; whether it was a delete marker, `None` when there was none.
    fn forget(&mut self, place: &(u64, String), version: &str) -> Option<bool> {
        let marker = self.objects.get(place)?.version(version)?.is_marker();
        let left = self.objects.edit(place, |object| object.remove(version))?;
        if left == Held::Nothing {
            self.objects.remove(place);
        }
        Some(marker)
    }

    /// The objects of a bucket from a key on, delete markers too.
    fn objects_of(&self, number: u64, from: &str) -> impl Iterator<Item = (&str, &Object)> {
        let all = self.objects.range((number, from.to_owned())..(number + 1, String::new()));
        all.map(|((_, key), object)| (key.as_str(), &**object))
    }

    /// What was put since this was last asked.
    pub fn take_news(&mut self) -> Vec<Put> {
        std::mem::take(&mut self.news)
    }

    /// The tables, for counts.
    pub fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![("buckets", &self.names), ("objects", &self.objects), ("uploads", &self.uploads)]
    }

    /// Panics when an invariant does not hold.
    pub fn check(&self) {
        assert!(self.news.is_empty(), "news were taken");
        let numbers: std::collections::BTreeSet<u64> =
            self.names.values().map(|bucket| bucket.number).collect();
        assert_eq!(numbers.len(), self.names.len(), "each bucket has a number of its own");
        // One look at the first object behind each number tells of orphans, without a walk over all objects.
        let mut from = 0;
        while let Some(((number, _), _)) = self.objects.range((from, String::new())..).next() {
            assert!(numbers.contains(number), "an object lies in a bucket");
            from = number + 1;
        }
        for ((number, ..), upload) in self.uploads.iter() {
            assert!(numbers.contains(number), "an upload goes to a bucket");
            assert!(upload.parts.len() <= usize::from(limits::PARTS));
        }
    }
}

/// A key that an object may have.
///
/// # Errors
/// `KeyTooLongError`.
pub(crate) fn check_key(key: &str) -> Result<()> {
    if key.len() > limits::KEY_BYTES { Err(Error::KeyTooLong { bytes: key.len() }) } else { Ok(()) }
}

/// An event about a bucket, or an object in it.
fn told(bucket: &str, key: &str, fact: String) -> Event {
    let (kind, subject) = match key {
        "" => ("bucket.changed", format!("bucket:{bucket}")),
        key => ("object.changed", format!("object:{bucket}/{key}")),
    };
    Event::new(kind, subject).fact(fact)
}
