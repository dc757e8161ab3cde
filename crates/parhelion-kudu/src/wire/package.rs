//! Making a package of the bytes that were received.

use super::spool::Spooled;
use crate::domain::package::{Package, PackageError};
use crate::store::Content;
use bytes::Bytes;
use std::io::Read;

/// What the bytes of a package are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// A zip that is unpacked; otherwise a file.
    pub unpack: bool,
    /// The folder that unpacked files stand in, or the file's name.
    pub at: String,
    /// Whether the zip itself is kept.
    pub keep_zip: bool,
}

impl Shape {
    /// A zip whose files stand as they are.
    pub const ZIP: Shape = Shape { unpack: true, at: String::new(), keep_zip: false };
}

/// Makes a package of bytes.
pub fn package(mut source: Spooled, shape: &Shape, max_bytes: u64) -> Result<Package, PackageError> {
    if shape.keep_zip || !shape.unpack {
        let mut bytes = Vec::new();
        let read = source.by_ref().take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|e| PackageError::Disk(e.to_string()))?;
        if bytes.len() as u64 > max_bytes {
            return Err(PackageError::TooLarge { limit: max_bytes });
        }
        let content = Content::new(Bytes::from(bytes.into_boxed_slice()));
        if !shape.unpack {
            let (size, file) = (content.size(), (content.hash(), content));
            return Ok(Package { files: [(shape.at.clone(), file)].into(), bytes: size, zip: None });
        }
        // It is looked into all the same: what is no zip is not kept.
        let looked = Package::read(std::io::Cursor::new(content.bytes().clone()), max_bytes)?;
        return Ok(Package { zip: Some(content), ..looked });
    }
    let mut unpacked = Package::read(source, max_bytes)?;
    if !shape.at.is_empty() {
        let files = std::mem::take(&mut unpacked.files);
        unpacked.files =
            files.into_iter().map(|(path, file)| (format!("{}/{path}", shape.at), file)).collect();
    }
    Ok(unpacked)
}
