//! HOME as vfs and zip show it: the site's files, and its records in the form of the files that they are to the
//! real service.

use super::{record_files, vfs_path::native};
use crate::store::{File, KuduStore, Node, join};
use bytes::Bytes;
use parhelion_core::text::hex;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A file.
    File(Shown),
    /// A folder.
    Folder {
        /// When something in it last came or went, .NET ticks.
        written: i64,
        /// When it came into being, .NET ticks.
        created: i64,
    },
}

/// A file as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its bytes.
    pub content: Bytes,
    /// When it was last written, .NET ticks.
    pub written: i64,
    /// When it came into being, .NET ticks.
    pub created: i64,
    /// Of a record: its state. A file's is told by the time it was written.
    pub record_tag: Option<String>,
}

impl Shown {
    fn file(file: &Arc<File>) -> Self {
        let content = file.content.bytes().clone();
        Shown { content, written: file.written, created: file.created, record_tag: None }
    }
    fn record(record: record_files::Record) -> Self {
        // Records change without a time of their own: their content tells their states apart.
        let tag = format!("\"{}\"", &hex(&Sha256::digest(&record.content))[..16]);
        let content = record.content.into();
        Shown { content, written: record.written, created: record.written, record_tag: Some(tag) }
    }
}

/// What stands at a path, and how the path is spelled there.
pub fn find(store: &KuduStore, path: &str) -> Option<(String, Found)> {
    if let Some((spelled, found)) = record_files::find(store, path) {
        let found = match found {
            record_files::Found::File(record) => Found::File(Shown::record(record)),
            record_files::Found::Folder(at) => Found::Folder { written: at, created: at },
        };
        return Some((spelled, found));
    }
    let spelled = store.files.spelled(path);
    match store.files.node(&spelled) {
        Some(node) => Some((spelled, of(node))),
        // Somebody may have deleted the folder while it was empty; with the first record it is there again.
        None => record_files::folder(store, path).map(|folder| {
            let at = store.files.newest();
            (folder.to_owned(), Found::Folder { written: at, created: at })
        }),
    }
}

fn of(node: Node) -> Found {
    match node {
        Node::File(file) => Found::File(Shown::file(&file)),
        Node::Folder(folder) => Found::Folder { written: folder.written, created: folder.created },
    }
}

/// What stands directly in a folder (a path as it is spelled), by name.
pub fn list(store: &KuduStore, folder: &str) -> Vec<(String, Found)> {
    let mut all: Vec<(String, Found)> =
        store.files.children(folder).into_iter().map(|(name, node)| (name, of(node))).collect();
    for name in record_files::names(store, folder) {
        if let Some((_, found)) = find(store, &join(folder, &name)) {
            all.retain(|(other, _)| *other != name);
            all.push((name, found));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Everything below a folder, by its path from there; folders that are empty end with a slash.
pub fn everything(store: &KuduStore, folder: &str) -> Vec<(String, Option<Shown>)> {
    let mut all = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, shown_as)) = folders.pop() {
        let children = list(store, &folder);
        if children.is_empty() && !shown_as.is_empty() {
            all.push((format!("{shown_as}/"), None));
        }
        for (name, found) in children {
            let shown_as = join(&shown_as, &name);
            match found {
                Found::File(file) => all.push((shown_as, Some(file))),
                Found::Folder { .. } => folders.push((join(&folder, &name), shown_as)),
            }
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// As the site's own file system names what is not there.
pub fn missing(path: &str) -> String {
    native(parhelion_core::text::prefix(path, 1_000))
}
