//! [`Tree`]: a site's files and folders below HOME, as a value.

use super::{Content, Hash};
use parhelion_state::{AnyTable, Table};
use serde::{Deserialize, Serialize};
use std::ops::Bound;
use std::sync::Arc;

/// Most files and folders of a site together.
pub const MAX_NODES: usize = 500_000;

/// A file of the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// SHA-256 of its content.
    pub hash: Hash,
    /// Its content's length, bytes.
    pub size: u64,
    /// When it was last written, .NET ticks. No two writes of a site have the same one.
    pub written: i64,
    /// When it came into being, .NET ticks.
    pub created: i64,
    /// Its bytes.
    pub content: Content,
}

/// A folder of the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Folder {
    /// When something in it last came or went, .NET ticks.
    pub written: i64,
    /// When it came into being, .NET ticks.
    pub created: i64,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A file.
    File(Arc<File>),
    /// A folder.
    Folder(Folder),
}

/// Why something cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A folder stands there.
    IsFolder,
    /// A file stands there, or where one of its folders would have to be: that path.
    IsFile(String),
    /// There are [`MAX_NODES`] already.
    Full,
}

/// Files and folders by their path below HOME (`site/wwwroot/a.txt`): no slash at either end, no empty part. Every
/// folder on the way to something is there. A copy costs nothing, and contents are shared between copies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    files: Table<String, File>,
    folders: Table<String, Folder>,
    /// Of all files.
    bytes: u64,
    /// The time of the newest write: the next one is later, also within one tick of the clock.
    newest: i64,
}

impl Tree {
    /// The file of a path.
    pub fn get(&self, path: &str) -> Option<&Arc<File>> {
        self.files.get(path)
    }
    /// Whether a folder is there; HOME, the empty path, is one.
    pub fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains_key(path)
    }
    /// What stands at a path.
    pub fn node(&self, path: &str) -> Option<Node> {
        if let Some(file) = self.files.get(path) {
            return Some(Node::File(file.clone()));
        }
        if path.is_empty() {
            return Some(Node::Folder(Folder { written: self.newest, created: 0 }));
        }
        self.folders.get(path).map(|folder| Node::Folder((**folder).clone()))
    }
    /// A path as it is spelled here: names ignore case where none has just that spelling. What is not there keeps the
    /// spelling it was asked by.
    pub fn spelled(&self, path: &str) -> String {
        if path.is_empty() || self.files.contains_key(path) || self.folders.contains_key(path) {
            return path.to_owned();
        }
        let mut found = String::new();
        let mut rest = path.split('/');
        for part in rest.by_ref() {
            let exact = join(&found, part);
            if self.files.contains_key(&exact) || self.folders.contains_key(&exact) {
                found = exact;
                continue;
            }
            let folded = part.to_lowercase();
            let alike = self.children(&found).into_iter().find(|(name, _)| name.to_lowercase() == folded);
            match alike {
                Some((name, _)) => found = join(&found, &name),
                None => {
                    found = exact;
                    break;
                }
            }
        }
        rest.fold(found, |path, part| join(&path, part))
    }
    /// What stands directly in a folder, by name.
    pub fn children(&self, folder: &str) -> Vec<(String, Node)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut found: Vec<(String, Node)> = Vec::new();
        direct(&self.folders, &prefix, |name, it| {
            found.push((name.to_owned(), Node::Folder((**it).clone())))
        });
        direct(&self.files, &prefix, |name, it| found.push((name.to_owned(), Node::File(it.clone()))));
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }
    /// All files below a folder (`site/wwwroot/`, with its slash), by their path from there.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Arc<File>)> {
        let from = self.files.range::<_, str>((Bound::Included(prefix), Bound::Unbounded));
        from.map_while(move |(path, file)| Some((path.strip_prefix(prefix)?, file)))
    }
    /// All folders below a folder (with its slash), by their path from there.
    pub fn folders_below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let from = self.folders.range::<_, str>((Bound::Included(prefix), Bound::Unbounded));
        from.map_while(move |(path, _)| path.strip_prefix(prefix))
    }
    /// The bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    /// When something was last written, .NET ticks.
    pub fn newest(&self) -> i64 {
        self.newest
    }
    /// How many files and folders there are.
    pub fn nodes(&self) -> usize {
        self.files.len() + self.folders.len()
    }

    /// Writes a file, with the folders on the way to it. `now` in .NET ticks.
    ///
    /// # Errors
    /// When something else stands in the way; then nothing was changed.
    pub fn put(&mut self, path: &str, hash: Hash, content: Content, now: i64) -> Result<(), Obstacle> {
        if self.is_folder(path) {
            return Err(Obstacle::IsFolder);
        }
        self.make_parents(path, now)?;
        let written = self.next_time(now);
        let size = content.size();
        let old = self.files.get(path).map(|old| (old.size, old.created));
        let (freed, created) = old.unwrap_or((0, written));
        self.bytes = self.bytes.saturating_sub(freed).saturating_add(size);
        self.files.put(path.to_owned(), File { hash, size, written, created, content });
        if old.is_none() {
            self.touch_parent(path, written);
        }
        Ok(())
    }
    /// Makes a folder, with those on the way to it; whether it is new.
    ///
    /// # Errors
    /// When a file stands in the way; then nothing was changed.
    pub fn make_folder(&mut self, path: &str, now: i64) -> Result<bool, Obstacle> {
        if self.is_folder(path) {
            return Ok(false);
        }
        if self.files.contains_key(path) {
            return Err(Obstacle::IsFile(path.to_owned()));
        }
        self.make_parents(path, now)?;
        self.add_folder(path, now);
        Ok(true)
    }
    /// Takes a file away; its folder stays.
    pub fn remove(&mut self, path: &str, now: i64) -> Option<Arc<File>> {
        let gone = self.files.remove(&path.to_owned())?;
        self.bytes = self.bytes.saturating_sub(gone.size);
        let at = self.next_time(now);
        self.touch_parent(path, at);
        Some(gone)
    }
    /// Takes a folder away with all that is in it; how many files and folders went. Of HOME, what is in it.
    pub fn remove_folder(&mut self, path: &str, now: i64) -> usize {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let files: Vec<String> = self.below(&prefix).map(|(rest, _)| format!("{prefix}{rest}")).collect();
        let mut folders: Vec<String> =
            self.folders_below(&prefix).map(|rest| format!("{prefix}{rest}")).collect();
        folders.extend((!path.is_empty() && self.is_folder(path)).then(|| path.to_owned()));
        for file in &files {
            let size = self.files.remove(file).map_or(0, |gone| gone.size);
            self.bytes = self.bytes.saturating_sub(size);
        }
        for folder in &folders {
            self.folders.remove(folder);
        }
        let gone = files.len() + folders.len();
        if gone > 0 {
            let at = self.next_time(now);
            self.touch_parent(path, at);
        }
        gone
    }
    /// Takes the folders on the way to a path away as far as nothing is in them, from the deepest up to, but not with,
    /// `keep`.
    pub fn prune(&mut self, path: &str, keep: &str) {
        let mut at = parent(path);
        while at.len() > keep.len() && at.starts_with(keep) {
            let prefix = format!("{at}/");
            if self.below(&prefix).next().is_some() || self.folders_below(&prefix).next().is_some() {
                break;
            }
            self.folders.remove(&at.to_owned());
            at = parent(at);
        }
    }

    fn make_parents(&mut self, path: &str, now: i64) -> Result<(), Obstacle> {
        let folders: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
        if let Some(file) = folders.iter().find(|folder| self.files.contains_key(**folder)) {
            return Err(Obstacle::IsFile((*file).to_owned()));
        }
        if self.nodes().saturating_add(folders.len()) >= MAX_NODES {
            return Err(Obstacle::Full);
        }
        for folder in folders {
            if !self.folders.contains_key(folder) {
                self.add_folder(folder, now);
            }
        }
        Ok(())
    }
    fn add_folder(&mut self, path: &str, now: i64) {
        let at = self.next_time(now);
        self.folders.put(path.to_owned(), Folder { written: at, created: at });
        self.touch_parent(path, at);
    }
    fn touch_parent(&mut self, path: &str, at: i64) {
        self.folders.edit(&parent(path).to_owned(), |folder| folder.written = at);
    }
    fn next_time(&mut self, now: i64) -> i64 {
        self.newest = now.max(self.newest.saturating_add(1));
        self.newest
    }

    /// Its tables, for counts.
    pub fn tables(&self) -> [(&'static str, &dyn AnyTable); 2] {
        [("files", &self.files), ("folders", &self.folders)]
    }
    /// Panics when what always holds does not.
    pub fn check(&self) {
        let mut bytes = 0u64;
        let parents_are_there =
            |path: &str| path.match_indices('/').all(|(at, _)| self.folders.contains_key(&path[..at]));
        for (path, file) in self.files.iter() {
            bytes += file.size;
            assert_eq!(file.size, file.content.size(), "the size of {path}");
            assert!(
                !self.folders.contains_key(path) && parents_are_there(path),
                "a file in no folder: {path}"
            );
            assert!(is_path(path), "no path: {path}");
        }
        assert!(
            self.folders.keys().all(|path| is_path(path) && parents_are_there(path)),
            "a folder in no folder"
        );
        assert_eq!(bytes, self.bytes, "the bytes of all files");
    }
}

/// Whether a text is a path of the tree: parts that are names, with single slashes between.
pub fn is_path(path: &str) -> bool {
    path.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains('\0'))
}

/// The folder that a path is in; empty for HOME.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A name in a folder.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The keys directly below a prefix; what lies deeper is leapt over.
fn direct<'a, V>(table: &'a Table<String, V>, prefix: &str, mut each: impl FnMut(&'a str, &'a Arc<V>)) {
    let mut from = Bound::Included(prefix.to_owned());
    loop {
        let mut leap = None;
        for (path, value) in table.range((from, Bound::Unbounded)) {
            let Some(rest) = path.strip_prefix(prefix) else { return };
            match rest.split_once('/') {
                None => each(rest, value),
                // The next character after the slash: the first key that is no longer in that folder.
                Some((folder, _)) => {
                    leap = Some(format!("{prefix}{folder}0"));
                    break;
                }
            }
        }
        match leap {
            Some(key) => from = Bound::Included(key),
            None => return,
        }
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
