//! The site's files as a folder, and what became of them there.

use crate::domain::vfs_path::is_name;
use crate::store::{Content, Hash, MAX_NODES, Tree, join};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use tempfile::TempDir;

/// A folder that holds a site's files. It goes with this.
pub struct Workspace {
    tree: Tree,
    folder: TempDir,
}

/// Something that is no longer as it was.
#[derive(Debug)]
pub enum Change {
    /// A file that is new or another.
    Put(String, Hash, Content),
    /// A file or folder that is gone.
    Gone(String),
    /// A new folder.
    Folder(String),
}

impl Change {
    /// What it is about.
    pub fn path(&self) -> &str {
        match self {
            Change::Put(path, _, _) | Change::Gone(path) | Change::Folder(path) => path,
        }
    }
}

impl Workspace {
    /// Writes the files.
    ///
    /// # Errors
    /// The disk's.
    pub fn of(tree: Tree) -> io::Result<Workspace> {
        let folder = tempfile::Builder::new().prefix("parhelion-site-").tempdir()?;
        for path in tree.folders_below("") {
            fs::create_dir_all(folder.path().join(path))?;
        }
        for (path, file) in tree.below("") {
            let to = folder.path().join(path);
            fs::write(&to, file.content.bytes())?;
            if file.content.bytes().starts_with(b"#!") {
                fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            }
        }
        Ok(Workspace { tree, folder })
    }
    /// Where HOME is.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }
    /// What is no longer as it was written. Links, pipes and names that no site's file can have are left out.
    ///
    /// # Errors
    /// The disk's, and more files than a site may have.
    pub fn changes(self, max_bytes: u64) -> io::Result<Vec<Change>> {
        let mut walk =
            Walk { changes: Vec::new(), seen: BTreeSet::new(), bytes: 0, max_bytes, tree: &self.tree };
        walk.folder(self.folder.path(), "")?;
        let Walk { mut changes, seen, .. } = walk;
        let gone = |path: &&str| !seen.contains(*path);
        let files = self.tree.below("").map(|(path, _)| path);
        changes.extend(files.filter(gone).map(|path| Change::Gone(path.to_owned())));
        let folders = self.tree.folders_below("");
        changes.extend(folders.filter(gone).map(|path| Change::Gone(path.to_owned())));
        Ok(changes)
    }
}

/// Makes changes to files that may have changed otherwise meanwhile; how many could not be made, as something stands in
/// their way. `now` in .NET ticks.
pub fn apply(tree: &mut Tree, changes: Vec<Change>, now: i64) -> usize {
    let (gone, come): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| matches!(change, Change::Gone(_)));
    let mut blocked = 0usize;
    for change in gone.into_iter().chain(come) {
        let made = match change {
            Change::Gone(path) => {
                tree.remove(&path, now);
                tree.remove_folder(&path, now);
                Ok(())
            }
            Change::Folder(path) => tree.make_folder(&path, now).map(drop),
            Change::Put(path, hash, content) => tree.put(&path, hash, content, now),
        };
        blocked += usize::from(made.is_err());
    }
    blocked
}

struct Walk<'a> {
    tree: &'a Tree,
    changes: Vec<Change>,
    seen: BTreeSet<String>,
    bytes: u64,
    max_bytes: u64,
}

impl Walk<'_> {
    fn folder(&mut self, at: &Path, path: &str) -> io::Result<()> {
        for entry in fs::read_dir(at)? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().filter(|name| is_name(name)).map(str::to_owned)
            else {
                continue;
            };
            if name.contains('\\') || name.len() > 255 {
                continue;
            }
            let path = join(path, &name);
            // The kind of the entry itself: links are not looked through.
            let kind = entry.file_type()?;
            if self.seen.len() >= MAX_NODES {
                return Err(io::Error::other(format!("A site has at most {MAX_NODES} files and folders.")));
            }
            if kind.is_dir() {
                if !self.tree.is_folder(&path) {
                    self.changes.push(Change::Folder(path.clone()));
                }
                self.folder(&entry.path(), &path)?;
                self.seen.insert(path);
            } else if kind.is_file() {
                self.file(&entry.path(), &path)?;
                self.seen.insert(path);
            }
        }
        Ok(())
    }
    fn file(&mut self, at: &Path, path: &str) -> io::Result<()> {
        let left = self.max_bytes.saturating_sub(self.bytes);
        let mut bytes = Vec::new();
        fs::File::open(at)?.take(left.saturating_add(1)).read_to_end(&mut bytes)?;
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.max_bytes {
            let text = format!(
                "The files of the site would take more than {} bytes, the most that the setting kudu.max_site_bytes \
                 allows.",
                self.max_bytes
            );
            return Err(io::Error::new(io::ErrorKind::StorageFull, text));
        }
        let content = Content::new(Bytes::from(bytes));
        let same = self.tree.get(path).is_some_and(|old| old.content == content);
        if !same {
            self.changes.push(Change::Put(path.to_owned(), content.hash(), content));
        }
        Ok(())
    }
}
