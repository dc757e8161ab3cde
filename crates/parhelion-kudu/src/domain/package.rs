//! A zip package, read into memory within bounds before anything of the site changes.

use crate::store::{Content, Hash};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use zip::result::ZipError;

/// Most entries of a package.
pub const MAX_ENTRIES: u64 = 100_000;
/// Longest name of an entry, bytes.
pub const MAX_NAME_BYTES: usize = 4_096;

// .NET's texts for what is no zip.
const NO_END: &str = "End of Central Directory record could not be found.";
const BAD_DIRECTORY: &str = "Central Directory corrupt.";
const BAD_METHOD: &str = "The archive entry was compressed using an unsupported compression method.";
const BAD_HEADER: &str = "A local file header is corrupt.";
const BAD_DATA: &str = "Found invalid data while decoding.";

/// The files of a package, by their paths within it (`/` between folders, no leading one).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Package {
    /// Path to content.
    pub files: BTreeMap<String, (Hash, Content)>,
    /// All contents together, bytes.
    pub bytes: u64,
    /// The zip itself, where the site is to run from it.
    pub zip: Option<Content>,
}

/// Why a package could not be unpacked. The texts of the first kind are .NET's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// No zip, or a damaged one.
    #[error("{0}")]
    Corrupt(&'static str),
    /// An entry that would be written outside the folder it is unpacked into, or is a link.
    #[error("The zip entry '{entry}' is refused: {why}.")]
    Unsafe {
        /// Its name.
        entry: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It unpacks to more than is allowed.
    #[error(
        "The package unpacks to more than {limit} bytes, the most that the setting kudu.max_unzip_bytes allows."
    )]
    TooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// The site's files would take more than is allowed.
    #[error(
        "The files of the site would take more than {limit} bytes, the most that the setting kudu.max_site_bytes allows."
    )]
    SiteTooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// More entries than are allowed.
    #[error("The package has more than {MAX_ENTRIES} entries.")]
    TooManyEntries,
    /// The disk that the package was spooled to failed.
    #[error("{0}")]
    Disk(String),
    /// It could not be fetched.
    #[error("{0}")]
    Fetch(String),
}

impl PackageError {
    /// The error that a log told of.
    pub fn of_text(why: String) -> PackageError {
        let texts = [NO_END, BAD_DIRECTORY, BAD_METHOD, BAD_HEADER, BAD_DATA];
        match texts.into_iter().find(|text| *text == why) {
            Some(text) => PackageError::Corrupt(text),
            None => PackageError::Fetch(why),
        }
    }
    /// The .NET type that stands in the error body.
    pub fn exception_type(&self) -> &'static str {
        match self {
            PackageError::Corrupt(_) => "System.IO.InvalidDataException",
            PackageError::Fetch(_) => "System.Net.Http.HttpRequestException",
            _ => "System.IO.IOException",
        }
    }
}

impl Package {
    /// Unpacks a zip. Stops at the first entry that is refused and as soon as `max_bytes` are passed, whatever
    /// sizes the archive declares.
    pub fn read(mut source: impl Read + Seek, max_bytes: u64) -> Result<Package, PackageError> {
        if declared_entries(&mut source).is_some_and(|n| n > MAX_ENTRIES) {
            return Err(PackageError::TooManyEntries);
        }
        let mut archive = zip::ZipArchive::new(source).map_err(not_a_zip)?;
        if archive.len() as u64 > MAX_ENTRIES {
            return Err(PackageError::TooManyEntries);
        }
        // What admits to being too large is not unpacked at all; what denies it is found out below.
        if archive.decompressed_size().is_some_and(|bytes| bytes > u128::from(max_bytes)) {
            return Err(PackageError::TooLarge { limit: max_bytes });
        }
        let mut package = Package::default();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(bad_entry)?;
            let name = String::from_utf8_lossy(entry.name().map_err(bad_entry)?.as_bytes()).into_owned();
            let Some(path) = path_of(&name)? else { continue };
            if entry.is_symlink() {
                return Err(refused(&name, "it is a symbolic link"));
            }
            let left = max_bytes - package.bytes;
            let mut content = Vec::with_capacity(entry.size().min(left).min(16 * 1024 * 1024) as usize);
            entry.by_ref().take(left.saturating_add(1)).read_to_end(&mut content).map_err(broken_entry)?;
            if content.len() as u64 > left {
                return Err(PackageError::TooLarge { limit: max_bytes });
            }
            package.bytes += content.len() as u64;
            let content = Content::new(Bytes::from(content.into_boxed_slice()));
            // The later of two entries of one name is the one that stays.
            package.files.insert(path, (content.hash(), content));
        }
        package.refuse_files_that_are_folders()?;
        Ok(package)
    }

    fn refuse_files_that_are_folders(&self) -> Result<(), PackageError> {
        for path in self.files.keys() {
            for (at, _) in path.match_indices('/') {
                if self.files.contains_key(&path[..at]) {
                    return Err(refused(&path[..at], "it is a file and a folder"));
                }
            }
        }
        Ok(())
    }

    /// The text of a file at the package's root.
    pub fn text(&self, name: &str) -> Option<String> {
        self.files.get(name).map(|(_, content)| String::from_utf8_lossy(content.bytes()).into_owned())
    }
}

/// The path of an entry below the folder it is unpacked into; `None` for a folder.
/// Refuses absolute names, drives, `..`, and what no file system takes.
pub fn path_of(name: &str) -> Result<Option<String>, PackageError> {
    if name.len() > MAX_NAME_BYTES {
        let shown = parhelion_core::text::prefix(name, 80);
        return Err(refused(shown, "its name is too long"));
    }
    if name.chars().any(char::is_control) {
        return Err(refused(&name.replace(char::is_control, "?"), "its name holds control characters"));
    }
    // Windows writes and reads both.
    let name = name.replace('\\', "/");
    if name.starts_with('/') {
        return Err(refused(&name, "its name is absolute"));
    }
    if name.contains(':') {
        return Err(refused(&name, "its name holds a colon, which marks a drive or a stream"));
    }
    let parts: Vec<&str> = name.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    if parts.contains(&"..") {
        return Err(refused(&name, "its name leads out of the folder it is unpacked into"));
    }
    if parts.is_empty() || name.ends_with('/') {
        return Ok(None);
    }
    Ok(Some(parts.join("/")))
}

fn refused(entry: &str, why: &'static str) -> PackageError {
    PackageError::Unsafe { entry: entry.to_owned(), why }
}

/// How many entries the archive says it has, read before its directory is: that is read whole.
fn declared_entries(source: &mut (impl Read + Seek)) -> Option<u64> {
    const END: &[u8] = b"PK\x05\x06";
    const END_64_LOCATOR: &[u8] = b"PK\x06\x07";
    let length = source.seek(SeekFrom::End(0)).ok()?;
    // The end record (22 bytes), its comment (64 KiB at most) and the 64-bit locator before it (20).
    let tail_bytes = length.min(22 + 65_535 + 20);
    source.seek(SeekFrom::Start(length - tail_bytes)).ok()?;
    let mut tail = Vec::with_capacity(tail_bytes as usize);
    source.take(tail_bytes).read_to_end(&mut tail).ok()?;
    let end = tail.windows(4).rposition(|w| w == END)?;
    let count = u16::from_le_bytes(tail.get(end + 10..end + 12)?.try_into().ok()?);
    if count != u16::MAX {
        return Some(u64::from(count));
    }
    let Some(locator) =
        end.checked_sub(20).and_then(|at| tail.get(at..end)).filter(|l| l.starts_with(END_64_LOCATOR))
    else {
        return Some(u64::from(count));
    };
    let record = u64::from_le_bytes(locator.get(8..16)?.try_into().ok()?);
    source.seek(SeekFrom::Start(record.checked_add(32)?)).ok()?;
    let mut count = [0; 8];
    source.read_exact(&mut count).ok()?;
    Some(u64::from_le_bytes(count))
}

fn not_a_zip(error: ZipError) -> PackageError {
    match error {
        ZipError::Io(e) if e.kind() != std::io::ErrorKind::UnexpectedEof => PackageError::Disk(e.to_string()),
        ZipError::InvalidArchive(why) if !why.contains("EOCD") && !why.contains("end of central") => {
            PackageError::Corrupt(BAD_DIRECTORY)
        }
        _ => PackageError::Corrupt(NO_END),
    }
}

fn bad_entry(error: ZipError) -> PackageError {
    match error {
        ZipError::CompressionMethodNotSupported(_)
        | ZipError::UnsupportedArchive(_)
        | ZipError::InvalidPassword => PackageError::Corrupt(BAD_METHOD),
        ZipError::Io(e) => broken_entry(e),
        _ => PackageError::Corrupt(BAD_HEADER),
    }
}

fn broken_entry(error: std::io::Error) -> PackageError {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof | Other => PackageError::Corrupt(BAD_DATA),
        _ => PackageError::Disk(error.to_string()),
    }
}

#[cfg(test)]
#[path = "package_tests.rs"]
mod tests;
