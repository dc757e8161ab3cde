//! Listings: keys by their order in UTF-8, common prefixes, pages.

use super::{Buckets, Object, Stored};
use crate::error::Result;
use std::ops::Bound::{Excluded, Included, Unbounded};

/// What is to be listed.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// Keys that have this after the prefix are told as one.
    pub delimiter: &'a str,
    /// Only what comes after this key (or common prefix).
    pub after: &'a str,
    /// The most that is told, keys and common prefixes together.
    pub limit: usize,
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page<'a> {
    /// The keys.
    pub keys: Vec<Listed<'a>>,
    /// What several keys have in common up to the delimiter.
    pub prefixes: Vec<String>,
    /// There is more after this key or common prefix.
    pub more_after: Option<String>,
}

/// A key of a listing.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// The key.
    pub key: &'a str,
    /// Its newest version.
    pub stored: &'a Stored,
}

/// A page of a listing of all versions.
#[derive(Clone, Debug, Default)]
pub struct Versions<'a> {
    /// The versions, of each key the newest first; `true`: the newest of its key.
    pub versions: Vec<(&'a str, &'a Stored, bool)>,
    /// What several keys have in common up to the delimiter.
    pub prefixes: Vec<String>,
    /// There is more after this key and version (empty: after the key or common prefix).
    pub more_after: Option<(String, String)>,
}

enum Met<'a> {
    Key(&'a str, &'a Object),
    Prefix(String),
}

impl Buckets {
    /// A page of the keys of a bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn list<'a>(&'a self, bucket: &str, wanted: &Wanted<'_>) -> Result<Page<'a>> {
        let number = self.bucket(bucket)?.number;
        let mut page = Page::default();
        let mut last = String::new();
        for met in Walk::new(self, number, wanted, wanted.after, true) {
            if page.keys.len() + page.prefixes.len() >= wanted.limit {
                // Docs: a page of none is never truncated.
                page.more_after = (wanted.limit > 0).then_some(last);
                break;
            }
            match met {
                Met::Key(key, object) => {
                    key.clone_into(&mut last);
                    page.keys.push(Listed { key, stored: &object.newest });
                }
                Met::Prefix(prefix) => {
                    prefix.clone_into(&mut last);
                    page.prefixes.push(prefix);
                }
            }
        }
        Ok(page)
    }

    /// A page of all versions of the keys of a bucket; after the version of that id where one is given.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn list_versions<'a>(
        &'a self,
        bucket: &str,
        wanted: &Wanted<'_>,
        after_version: &str,
    ) -> Result<Versions<'a>> {
        let number = self.bucket(bucket)?.number;
        let mut page = Versions::default();
        let full = |page: &Versions<'_>| page.versions.len() + page.prefixes.len() >= wanted.limit;
        if wanted.limit == 0 {
            return Ok(page);
        }
        // The rest of the key that the last page ended in.
        let begun = (!after_version.is_empty()).then(|| (number, wanted.after.to_owned()));
        let begun = begun.and_then(|place| self.objects.get_key_value(&place));
        let begun = begun.map(|((_, key), object)| Met::Key(key, object));
        let skipped = begun.is_some();
        let mut last = (String::new(), String::new());
        let all = begun.into_iter().chain(Walk::new(self, number, wanted, wanted.after, false));
        for (n, met) in all.enumerate() {
            if full(&page) {
                page.more_after = Some(last);
                break;
            }
            let (key, object) = match met {
                Met::Prefix(prefix) => {
                    last = (prefix.clone(), String::new());
                    page.prefixes.push(prefix);
                    continue;
                }
                Met::Key(key, object) => (key, object),
            };
            let all = std::iter::once(&object.newest).chain(object.older.iter().rev().map(|older| &**older));
            let mut all = all.enumerate().peekable();
            if n == 0 && skipped {
                // On to the version after the one named.
                for (_, stored) in all.by_ref() {
                    if stored.version() == after_version {
                        break;
                    }
                }
            }
            for (place, stored) in all {
                if full(&page) {
                    page.more_after = Some(last);
                    return Ok(page);
                }
                last = (key.to_owned(), stored.version().to_owned());
                page.versions.push((key, stored, place == 0));
            }
        }
        Ok(page)
    }
}

/// A walk over the keys of a bucket: keys with a common prefix are met once, as that prefix.
struct Walk<'a, 'w> {
    buckets: &'a Buckets,
    number: u64,
    wanted: &'w Wanted<'w>,
    from: std::ops::Bound<String>,
    living: bool,
}

impl<'a, 'w> Walk<'a, 'w> {
    fn new(buckets: &'a Buckets, number: u64, wanted: &'w Wanted<'w>, after: &str, living: bool) -> Self {
        let mut walk = Walk { buckets, number, wanted, from: Included(wanted.prefix.to_owned()), living };
        if !after.is_empty() && after >= wanted.prefix {
            // What was told last may be a common prefix: then everything below it is over.
            walk.from = match walk.common(after) {
                Some(prefix) if prefix == after => beyond(&prefix),
                _ => Excluded(after.to_owned()),
            };
        }
        walk
    }
    /// What a key is told as, when it is told as a common prefix.
    fn common(&self, key: &str) -> Option<String> {
        let rest = key.strip_prefix(self.wanted.prefix)?;
        let delimiter = Some(self.wanted.delimiter).filter(|d| !d.is_empty())?;
        let end = rest.find(delimiter)? + delimiter.len();
        key.get(..self.wanted.prefix.len() + end).map(str::to_owned)
    }
}

/// The first text that does not begin so: there is always a greater one, or none at all.
fn beyond(prefix: &str) -> std::ops::Bound<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            text.push(next);
            return Included(text);
        }
    }
    Unbounded
}

impl<'a> Iterator for Walk<'a, '_> {
    type Item = Met<'a>;
    fn next(&mut self) -> Option<Met<'a>> {
        loop {
            let from = match &self.from {
                Included(key) => Included((self.number, key.clone())),
                Excluded(key) => Excluded((self.number, key.clone())),
                Unbounded => return None,
            };
            let end = Excluded((self.number + 1, String::new()));
            let ((_, key), object) = self.buckets.objects.range((from, end)).next()?;
            if !key.starts_with(self.wanted.prefix) {
                return None;
            }
            self.from = Excluded(key.clone());
            if self.living && object.newest.is_marker() {
                continue;
            }
            if let Some(prefix) = self.common(key) {
                self.from = beyond(&prefix);
                return Some(Met::Prefix(prefix));
            }
            return Some(Met::Key(key, object));
        }
    }
}
