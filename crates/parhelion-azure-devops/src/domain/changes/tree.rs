//! What the changes of a commit find at a path: the base commit's tree with the changes before them on top.

use crate::{
    error::{Error, Result},
    tenant::unavailable,
};
use parhelion_git::{EntryKind, GitHost, ObjectId, TreeEntry};
use std::collections::{BTreeMap, BTreeSet};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Nothing.
    Nothing,
    /// A file (or a submodule).
    File,
    /// A folder.
    Folder,
}

/// Changes from which on the whole base is listed at once, not folder by folder as they are met.
const MANY: usize = 100;

/// A tree under change.
pub struct Tree<'a> {
    git: &'a GitHost,
    base: Option<ObjectId>,
    /// What the base has, as far as its folders were listed.
    known: BTreeMap<String, At>,
    /// The folders that were; `None`: all of them.
    listed: Option<BTreeSet<String>>,
    /// Files put (`true`) and paths taken (`false`, with everything below that was not put since).
    done: BTreeMap<String, bool>,
}

impl<'a> Tree<'a> {
    /// The tree of a commit, to which so many changes are made; without one an empty tree.
    ///
    /// # Errors
    /// Git hosting does not work.
    pub async fn of(git: &'a GitHost, base: Option<ObjectId>, changes: usize) -> Result<Self> {
        let mut tree =
            Tree { git, base, known: BTreeMap::new(), listed: Some(BTreeSet::new()), done: BTreeMap::new() };
        if changes >= MANY
            && let Some(base) = base
        {
            let entries = git.tree(base, "", true).await.map_err(unavailable)?.unwrap_or_default();
            tree.know(entries);
            tree.listed = None;
        }
        Ok(tree)
    }

    fn know(&mut self, entries: Vec<TreeEntry>) {
        for entry in entries {
            let at = if entry.kind == EntryKind::Tree { At::Folder } else { At::File };
            self.known.insert(entry.path, at);
        }
    }

    /// What is at a path.
    pub async fn at(&mut self, path: &str) -> Result<At> {
        if self.done.get(path) == Some(&true) {
            return Ok(At::File);
        }
        if self.below(path).any(|(_, there)| there) {
            return Ok(At::Folder);
        }
        if self.is_covered(path) {
            return Ok(At::Nothing);
        }
        let base = self.at_base(path).await?;
        if base == At::Folder && self.below(path).next().is_some() && self.files(path).await?.is_empty() {
            // Git knows no empty folders.
            return Ok(At::Nothing);
        }
        Ok(base)
    }

    /// Refuses a path at which there is something else.
    ///
    /// # Errors
    /// [`Error::ChangeMisfit`].
    pub async fn require(&mut self, path: &str, wanted: At) -> Result<()> {
        let why = match (self.at(path).await?, wanted) {
            (found, wanted) if found == wanted => return Ok(()),
            (At::Nothing, _) => "it does not exist",
            (_, At::Nothing) => "it exists already",
            (At::File, _) => "it is a file",
            (At::Folder, _) => "it is a folder",
        };
        Err(misfit(path, why))
    }

    /// Refuses a path that is taken, or that lies below a file.
    ///
    /// # Errors
    /// [`Error::ChangeMisfit`].
    pub async fn require_free(&mut self, path: &str) -> Result<()> {
        self.require(path, At::Nothing).await?;
        for (end, _) in path.rmatch_indices('/') {
            match self.at(&path[..end]).await? {
                At::Folder => break,
                At::File => return Err(misfit(path, &format!("/{} is a file", &path[..end]))),
                At::Nothing => {}
            }
        }
        Ok(())
    }

    /// The files at and below a path, relative to it; of a file one empty name.
    pub async fn files(&mut self, path: &str) -> Result<Vec<String>> {
        if self.done.get(path) == Some(&true) {
            return Ok(vec![String::new()]);
        }
        let start = path.len() + 1;
        let mut found: Vec<String> =
            self.below(path).filter(|(_, there)| *there).map(|(p, _)| p[start..].to_owned()).collect();
        let at_base = if self.is_covered(path) { At::Nothing } else { self.at_base(path).await? };
        match (at_base, self.base) {
            (At::File, _) => found.push(String::new()),
            (At::Folder, Some(base)) => {
                let entries = self.git.tree(base, path, true).await.map_err(unavailable)?.unwrap_or_default();
                let files = entries.iter().filter(|e| e.kind != EntryKind::Tree);
                let left = files.filter(|e| !self.is_covered(&e.path));
                found.extend(left.filter_map(|e| e.path.get(start..).map(str::to_owned)));
            }
            _ => {}
        }
        Ok(found)
    }

    /// Puts a file.
    pub fn put(&mut self, path: &str) {
        self.done.insert(path.to_owned(), true);
    }

    /// Takes a path with everything below it.
    pub fn take(&mut self, path: &str) {
        let gone: Vec<String> = self.below(path).map(|(p, _)| p.to_owned()).collect();
        for below in gone {
            self.done.remove(&below);
        }
        self.done.insert(path.to_owned(), false);
    }

    /// What was done below a path.
    fn below(&self, path: &str) -> impl Iterator<Item = (&str, bool)> {
        let start = format!("{path}/");
        let from = self.done.range(start.clone()..);
        from.take_while(move |(p, _)| p.starts_with(&start)).map(|(p, there)| (p.as_str(), *there))
    }

    /// Whether what the base has at a path is taken or hidden by what was done there or above.
    fn is_covered(&self, path: &str) -> bool {
        self.done.contains_key(path)
            || path.match_indices('/').any(|(i, _)| self.done.contains_key(&path[..i]))
    }

    async fn at_base(&mut self, path: &str) -> Result<At> {
        let Some(base) = self.base else { return Ok(At::Nothing) };
        // Down from the root, each folder listed once: a thousand changes in a folder ask git once.
        let ends = path.match_indices('/').map(|(i, _)| i).chain([path.len()]);
        let mut folder = "";
        for end in ends {
            if self.listed.as_mut().is_some_and(|listed| listed.insert(folder.to_owned())) {
                let entries = self.git.tree(base, folder, false).await.map_err(unavailable)?;
                self.know(entries.unwrap_or_default());
            }
            match self.known.get(&path[..end]) {
                found if end == path.len() => return Ok(found.copied().unwrap_or(At::Nothing)),
                Some(At::Folder) => folder = &path[..end],
                _ => return Ok(At::Nothing),
            }
        }
        Ok(At::Nothing)
    }
}

fn misfit(path: &str, why: &str) -> Error {
    Error::ChangeMisfit { path: format!("/{path}"), why: why.to_owned() }
}
