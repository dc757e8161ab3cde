//! Answers that are zip archives.

use super::reply::Reply;
use crate::error::{Error, Result};
use std::io::{Cursor, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// An archive of files, in order; a name that ends with `/` is an empty folder. Packed apart from the threads that
/// serve everybody: logs may be long.
///
/// # Errors
/// [`Error::Unavailable`] when it cannot be packed.
pub async fn of_files<C>(name: String, files: Vec<(String, C)>) -> Result<Reply>
where
    C: AsRef<[u8]> + Send + 'static,
{
    let failed = |why: String| Error::Unavailable { why: format!("the archive could not be packed: {why}") };
    let packed = tokio::task::spawn_blocking(move || pack(&files)).await;
    let bytes = packed.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))?;
    Ok(Reply::Raw { media: "application/zip", body: bytes.into(), file_name: Some(format!("{name}.zip")) })
}

fn pack<C: AsRef<[u8]>>(files: &[(String, C)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut names = std::collections::BTreeSet::new();
    for (name, content) in files {
        // A name stands once in an archive.
        let mut own = name.clone();
        let mut n = 1;
        while !names.insert(own.clone()) {
            n += 1;
            own = format!("{n}_{name}");
        }
        if own.ends_with('/') {
            writer.add_directory(own, options)?;
            continue;
        }
        writer.start_file(own, options)?;
        writer.write_all(content.as_ref())?;
    }
    Ok(writer.finish()?.into_inner())
}
