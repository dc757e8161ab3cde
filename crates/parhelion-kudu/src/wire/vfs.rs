//! Files and folders as vfs tells of them.

use super::etag;
use crate::domain::home::{Found, Shown};
use crate::domain::{media, time, vfs_path};
use crate::store::join;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

/// What .NET's `EscapeUriString` escapes, and what would end a path.
const NAME: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'#')
    .add(b'?');

/// An entry of a folder's list.
#[derive(Debug, Serialize)]
pub struct StatEntry {
    name: String,
    size: u64,
    mtime: String,
    crtime: String,
    mime: &'static str,
    href: String,
    path: String,
}

impl StatEntry {
    /// An entry of a folder whose own address is `base`, with a slash at its end; the query goes with each address.
    pub fn of(folder: &str, name: String, found: &Found, base: &str, query: &str) -> StatEntry {
        let (size, mime, slash, written, created) = match found {
            Found::File(file) => {
                let size = file.content.len() as u64;
                (size, media::type_of(&name), "", file.written, file.created)
            }
            Found::Folder { written, created } => (0, "inode/directory", "/", *written, *created),
        };
        let date = |ticks| time::with_offset(time::of_ticks(ticks));
        StatEntry {
            size,
            mtime: date(written),
            crtime: date(created),
            mime,
            href: format!("{base}{}{slash}{query}", utf8_percent_encode(&name, NAME)),
            path: vfs_path::native(&join(folder, &name)),
            name,
        }
    }
}

/// A file's tag.
pub fn tag(file: &Shown) -> String {
    file.record_tag.clone().unwrap_or_else(|| etag::of_ticks(file.written))
}
