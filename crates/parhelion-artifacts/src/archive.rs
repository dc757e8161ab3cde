//! Zip archives: what artifacts are. Unpacked within bounds, whatever an archive says of itself.

use crate::budget::Budget;
use crate::content::{Content, Incoming};
use crate::limits;
use bytes::Bytes;
use std::fmt;
use std::io::{Cursor, Read, Write};
use std::sync::Arc;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Why an archive is not unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadArchive {
    /// It is no zip archive, or a broken one.
    NoZip(String),
    /// More files than may be.
    TooManyFiles(usize),
    /// More bytes than may be.
    TooLarge(u64),
    /// A file would come to lie outside of where it is unpacked.
    Outside(String),
}

impl fmt::Display for BadArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadArchive::NoZip(why) => write!(f, "it is no zip archive: {why}"),
            BadArchive::TooManyFiles(limit) => write!(f, "it holds more than {limit} files"),
            BadArchive::TooLarge(limit) => write!(f, "it holds more than {limit} bytes"),
            BadArchive::Outside(name) => write!(f, "its file '{name}' leads out of it"),
        }
    }
}
impl std::error::Error for BadArchive {}

/// The files of an archive, by name in its order, at most `max_bytes` in all. Folders are left out.
///
/// # Errors
/// [`BadArchive`].
pub fn unpack(
    content: &Content,
    budget: &Arc<Budget>,
    max_bytes: u64,
) -> Result<Vec<(String, Content)>, BadArchive> {
    let broken = |error: &dyn fmt::Display| BadArchive::NoZip(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(content.whole())).map_err(|e| broken(&e))?;
    if archive.len() > limits::ZIP_FILES {
        return Err(BadArchive::TooManyFiles(limits::ZIP_FILES));
    }
    let mut files = Vec::new();
    let mut left = max_bytes;
    let mut buffer = vec![0; 64 * 1024];
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(|e| broken(&e))?;
        if file.is_dir() {
            continue;
        }
        let name = file.enclosed_name().and_then(|name| name.to_str().map(str::to_owned));
        let name = name.filter(|name| !name.is_empty());
        let name = match (name, file.name()) {
            (Some(name), _) => name,
            (None, Ok(bad)) => return Err(BadArchive::Outside(bad.chars().take(200).collect())),
            (None, Err(error)) => return Err(broken(&error)),
        };
        let mut incoming = Incoming::new(budget);
        loop {
            // The sizes that an archive tells are not believed: what comes out is counted.
            let read = file.read(&mut buffer).map_err(|e| broken(&e))?;
            if read == 0 {
                break;
            }
            left = left.checked_sub(read as u64).ok_or(BadArchive::TooLarge(max_bytes))?;
            let piece = buffer.get(..read).unwrap_or_default();
            incoming.push(piece).map_err(|_| BadArchive::TooLarge(budget.limit()))?;
        }
        files.push((name, incoming.finish()));
    }
    Ok(files)
}

/// An archive of one small file; empty should that ever fail.
pub fn of_one_file(name: &str, text: &str) -> Bytes {
    let written = || {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, options)?;
        writer.write_all(text.as_bytes())?;
        writer.finish()
    };
    written().map(|cursor| cursor.into_inner().into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget() -> Arc<Budget> {
        Budget::limited(1 << 20, None)
    }
    fn zip(files: &[(&str, &[u8])]) -> Content {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        Content::free(writer.finish().unwrap().into_inner().into())
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let files =
            unpack(&zip(&[("a.txt", b"a"), ("d/b.txt", b"b"), ("d/e/", b"")]), &budget(), 100).unwrap();
        let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.whole())).collect();
        assert_eq!(files, [("a.txt", Bytes::from_static(b"a")), ("d/b.txt", Bytes::from_static(b"b"))]);
        let one = unpack(&Content::free(of_one_file("x", "text")), &budget(), 100).unwrap();
        assert_eq!((one[0].0.as_str(), &one[0].1.whole()[..]), ("x", &b"text"[..]));
    }

    #[test]
    fn bombs_and_paths_that_lead_out_are_refused() {
        let bomb = zip(&[("zeros", &vec![0; 600_000])]);
        assert!(bomb.size() < 10_000);
        assert_eq!(unpack(&bomb, &budget(), 500_000).unwrap_err(), BadArchive::TooLarge(500_000));
        let tight = Budget::limited(1000, None);
        assert_eq!(unpack(&bomb, &tight, u64::MAX).unwrap_err(), BadArchive::TooLarge(1000));
        assert_eq!(tight.used(), 0);
        assert_eq!(
            unpack(&zip(&[("../x", b"")]), &budget(), 100).unwrap_err(),
            BadArchive::Outside("../x".into())
        );
        assert!(matches!(unpack(&Content::free("PK".into()), &budget(), 100), Err(BadArchive::NoZip(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn a_damaged_archive_is_read_or_refused(at in 0usize..200, byte in any::<u8>(), cut in 0usize..220) {
            let mut bytes = zip(&[("a.txt", b"hello hello hello"), ("b", b"x")]).whole().to_vec();
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
            bytes.truncate(cut);
            let _ = unpack(&Content::free(bytes.into()), &budget(), 10_000);
        }
    }
}
