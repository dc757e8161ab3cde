//! Zips as answers.

use crate::domain::home::Shown;
use crate::domain::time;
use chrono::{Datelike, Timelike};
use std::io::{Cursor, Write};
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A zip of files by their paths in it; a path without a file is a folder, and ends with a slash.
///
/// # Errors
/// A path that no zip can hold.
pub fn zip(entries: &[(String, Option<Shown>)]) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, file) in entries {
        let Some(file) = file else {
            zip.add_directory(path.as_str(), SimpleFileOptions::default())?;
            continue;
        };
        let large = file.content.len() >= u32::MAX as usize;
        let options =
            SimpleFileOptions::default().large_file(large).last_modified_time(written(file.written));
        zip.start_file(path.as_str(), options)?;
        zip.write_all(&file.content).map_err(ZipError::Io)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A zip counts time from 1980, in steps of two seconds.
fn written(ticks: i64) -> zip::DateTime {
    let at = time::of_ticks(ticks);
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    let (day, hour) = (small(at.day()), small(at.hour()));
    zip::DateTime::from_date_and_time(
        year,
        small(at.month()),
        day,
        hour,
        small(at.minute()),
        small(at.second()),
    )
    .unwrap_or_default()
}
