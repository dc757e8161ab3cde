//! What is new in a site's logs since somebody looked.

use super::time;
use crate::store::{KuduStore, LogEntry};
use std::collections::BTreeMap;

/// Where logs stand below HOME.
const FOLDER: &str = "LogFiles";
/// Extensions of files that are logs.
const EXTENSIONS: [&str; 3] = ["txt", "log", "htm"];
/// Where the real service logs deployments.
const DEPLOYMENTS: &str = "kudu/deployment";
/// Folders that are there as soon as somebody asks for them.
const ALWAYS: [&str; 3] = ["application", "http", DEPLOYMENTS];

/// What somebody has read of a site's logs.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The folder, with a slash at its end.
    folder: String,
    /// Whether it is about deployments as well.
    deployments: bool,
    /// Bytes read of each file.
    files: BTreeMap<String, usize>,
    /// Lines read of each deployment's log.
    lines: BTreeMap<String, usize>,
}

impl Reader {
    /// A reader of a folder below `LogFiles` (empty: all of it, and the deployments) who knows all that is there but the
    /// newest deployment; `None` when there is no such folder.
    pub fn new(store: &KuduStore, below: &str) -> Option<Reader> {
        let is_always = ALWAYS.iter().any(|name| name.eq_ignore_ascii_case(below));
        let asked = format!("{FOLDER}/{below}");
        let folder = store.files.spelled(asked.trim_end_matches('/'));
        if !is_always && !store.files.is_folder(&folder) {
            return None;
        }
        let deployments = below.is_empty() || below.eq_ignore_ascii_case(DEPLOYMENTS);
        let folder = format!("{folder}/");
        let mut reader = Reader { folder, deployments, files: BTreeMap::new(), lines: BTreeMap::new() };
        reader.read(store);
        if let Some((newest, _)) = store.newest_first().first().copied() {
            reader.lines.remove(newest);
        }
        Some(reader)
    }

    /// What is new, line by line.
    pub fn read(&mut self, store: &KuduStore) -> String {
        let mut text = String::new();
        for (path, file) in store.files.below(&self.folder) {
            let is_log = path.rsplit_once('.').is_some_and(|(_, extension)| {
                EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
            });
            let bytes = file.content.bytes();
            let read = self.files.get(path).copied().unwrap_or_default();
            // One that has become shorter was begun anew.
            let from = if read > bytes.len() { 0 } else { read };
            if is_log && from < bytes.len() {
                text.push_str(&String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()));
                if !text.ends_with('\n') {
                    text.push_str("\r\n");
                }
            }
            self.files.insert(path.to_owned(), bytes.len());
        }
        if self.deployments {
            for (id, log) in store.logs.iter() {
                let read = self.lines.get(id).copied().unwrap_or_default();
                let all: Vec<String> = log.iter().flat_map(lines_of).collect();
                let from = if read > all.len() { 0 } else { read };
                text.extend(all.iter().skip(from).map(String::as_str));
                self.lines.insert(id.clone(), all.len());
            }
        }
        text
    }
}

fn lines_of(entry: &LogEntry) -> Vec<String> {
    let line = |at, indent: &str, message: &str| format!("{}  {indent}{message}\r\n", time::iso(at));
    let below = entry.details.iter().map(|detail| line(detail.at, "  ", &detail.message));
    std::iter::once(line(entry.at, "", &entry.message)).chain(below).collect()
}
