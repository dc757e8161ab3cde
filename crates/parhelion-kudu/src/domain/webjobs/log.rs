//! The log files that jobs leave below `data/jobs`.

use crate::domain::time;
use crate::store::{Content, KuduStore};
use bytes::Bytes;
use parhelion_core::Timestamp;
use sha2::{Digest, Sha256};

/// Most that a log keeps, bytes: what is older goes first.
const KEPT: usize = 1024 * 1024;

/// Who says a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The service.
    System,
    /// The service, about what went wrong.
    SystemError,
    /// The script.
    Output,
}

/// The short name of the machine that the site runs on: made of the site's name.
pub fn instance(store: &KuduStore) -> String {
    parhelion_core::text::hex(&Sha256::digest(store.site.as_str())[..3])
}

/// Adds lines to a log. OBSERVED: JobLogger.GetFormattedMessage.
pub fn append(store: &mut KuduStore, path: &str, at: Timestamp, lines: &[(Level, &str)]) {
    let instance = instance(store);
    let mut text = match store.files.get(path) {
        Some(file) => String::from_utf8_lossy(file.content.bytes()).into_owned(),
        None => String::new(),
    };
    let when = at.format("%m/%d/%Y %H:%M:%S");
    for (level, line) in lines {
        let level = match level {
            Level::System => "SYS INFO",
            Level::SystemError => "SYS ERR ",
            Level::Output => "INFO",
        };
        text.push_str(&format!("[{when} > {instance}: {level}] {line}\r\n"));
    }
    if text.len() > KEPT {
        let cut = text.floor_char_boundary(text.len() - KEPT);
        let line = text.get(cut..).and_then(|rest| rest.find('\n')).map_or(cut, |end| cut + end + 1);
        text = text.get(line..).unwrap_or_default().to_owned();
    }
    write(store, path, text, at);
}

/// Writes a small file of a job's.
pub fn write(store: &mut KuduStore, path: &str, text: String, at: Timestamp) {
    let content = Content::new(Bytes::from(text));
    // A log that a file stands in the way of is not written; the run goes on, as it does when the disk is full.
    let _ = store.files.put(path, content.hash(), content, time::ticks(at));
}
