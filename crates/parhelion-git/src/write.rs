//! Commits made without a client: a list of changes on top of a base.

use crate::{GitError, GitHost, ObjectId, Person, Refs, view::View};
use std::collections::{BTreeMap, BTreeSet};

/// A change of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Makes or overwrites a file. An existing file keeps its mode, a new one is not executable.
    Put {
        /// From the root, without a slash at the beginning.
        path: String,
        /// The whole content.
        content: Vec<u8>,
    },
    /// Removes a file or folder.
    Delete {
        /// From the root.
        path: String,
    },
    /// Moves a file or folder.
    Rename {
        /// From the root.
        from: String,
        /// From the root.
        to: String,
    },
}

/// A commit to be made.
#[derive(Clone, Debug)]
pub struct NewCommit {
    /// Its parent; `None`: it begins a history.
    pub base: Option<ObjectId>,
    /// In order; each sees what the ones before it did.
    pub changes: Vec<Change>,
    /// Who wrote it, and when.
    pub author: Person,
    /// Who commits it, and when.
    pub committer: Person,
    /// Kept as it is.
    pub message: String,
}

impl GitHost {
    /// Makes a commit and keeps its objects; no ref moves. The same input gives the same id.
    ///
    /// # Errors
    /// [`GitError::NoSuchObject`] for an unknown base, [`GitError::NoSuchPath`] when a change deletes or renames
    /// what is not there, [`GitError::BadPath`].
    pub async fn commit_files(&self, new: NewCommit) -> Result<ObjectId, GitError> {
        let host = &self.inner;
        if let Some(base) = new.base
            && self.peel(base).await? != Some(base)
        {
            return Err(GitError::NoSuchObject(base));
        }
        let mut stream = Stream::default();
        stream.line("feature done");
        stream.line("commit refs/heads/new");
        stream.line("mark :1");
        stream.person("author", &new.author);
        stream.person("committer", &new.committer);
        stream.data(new.message.as_bytes());
        if let Some(base) = new.base {
            stream.line(&format!("from {base}"));
        }
        let mut files = Files::of(self, new.base, new.changes.len()).await?;
        for change in &new.changes {
            match change {
                Change::Put { path, content } => {
                    // A folder or submodule in its place gives way.
                    let kept = files.mode(path).await?.filter(|m| m.starts_with("10") || m == "120000");
                    let mode = kept.unwrap_or_else(|| "100644".to_owned());
                    stream.line(&format!("M {mode} inline {}", quoted(path)?));
                    stream.data(content);
                    files.put(path, mode);
                }
                Change::Delete { path } => {
                    files.require(path).await?;
                    stream.line(&format!("D {}", quoted(path)?));
                    files.take(path);
                }
                Change::Rename { from, to } => {
                    let mode = files.require(from).await?;
                    stream.line(&format!("R {} {}", quoted(from)?, quoted(to)?));
                    files.take(from);
                    files.put(to, mode);
                }
            }
        }
        stream.line("");
        stream.line("get-mark :1");
        stream.line("done");
        let view = View::make(host, &Refs::empty("new")).await?;
        let output = host.run(view.path(), &["fast-import", "--quiet", "--done"], &stream.0).await?;
        let said = String::from_utf8_lossy(&output);
        let id = said.trim().parse().map_err(|_| GitError::Failed {
            command: "fast-import".to_owned(),
            status: "no id".to_owned(),
            stderr: said.chars().take(200).collect(),
        })?;
        view.keep(host).await?;
        Ok(id)
    }
}

/// Changes from which on the whole base is listed at once, not folder by folder as they are met.
const MANY: usize = 100;
/// The mode of a folder.
const FOLDER: &str = "040000";

/// What the base and the changes before this one leave at a path. Git's importer passes over the deletion of a
/// missing path and dies of a rename of one, so both are looked at first.
struct Files<'a> {
    host: &'a GitHost,
    base: Option<ObjectId>,
    /// The modes that the base has, as far as its folders were listed.
    known: BTreeMap<String, String>,
    /// The folders that were; `None`: all of them.
    listed: Option<BTreeSet<String>>,
    /// The modes of what was put, by path; `None`: it was taken, with everything below that was not put since.
    done: BTreeMap<String, Option<String>>,
}

impl<'a> Files<'a> {
    async fn of(host: &'a GitHost, base: Option<ObjectId>, changes: usize) -> Result<Files<'a>, GitError> {
        let mut files = Files {
            host,
            base,
            known: BTreeMap::new(),
            listed: Some(BTreeSet::new()),
            done: BTreeMap::new(),
        };
        if changes >= MANY
            && let Some(base) = base
        {
            let all = host.tree(base, "", true).await?.unwrap_or_default();
            files.known = all.into_iter().map(|e| (e.path, e.mode)).collect();
            files.listed = None;
        }
        Ok(files)
    }

    /// The mode of the file at a path, or of the folder (`040000`).
    async fn mode(&mut self, path: &str) -> Result<Option<String>, GitError> {
        quoted(path)?;
        if let Some(Some(mode)) = self.done.get(path) {
            return Ok(Some(mode.clone()));
        }
        if self.below(path).any(|(_, mode)| mode.is_some()) {
            return Ok(Some(FOLDER.to_owned()));
        }
        let above = path.rmatch_indices('/').map(|(i, _)| &path[..i]);
        if let Some(nearest) = std::iter::once(path).chain(above).find_map(|p| self.done.get(p)) {
            // A folder that moved took this path along, if it had it; git will say if not.
            return Ok(nearest.as_ref().filter(|mode| *mode == FOLDER).map(|_| "100644".to_owned()));
        }
        self.at_base(path).await
    }

    async fn at_base(&mut self, path: &str) -> Result<Option<String>, GitError> {
        let Some(base) = self.base else { return Ok(None) };
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(listed) = &mut self.listed
            && listed.insert(folder.to_owned())
        {
            let entries = self.host.tree(base, folder, false).await?.unwrap_or_default();
            self.known.extend(entries.into_iter().map(|e| (e.path, e.mode)));
        }
        Ok(self.known.get(path).cloned())
    }

    async fn require(&mut self, path: &str) -> Result<String, GitError> {
        self.mode(path).await?.ok_or_else(|| GitError::NoSuchPath(path.to_owned()))
    }

    fn put(&mut self, path: &str, mode: String) {
        self.done.insert(path.to_owned(), Some(mode));
    }

    fn take(&mut self, path: &str) {
        let gone: Vec<String> = self.below(path).map(|(p, _)| p.to_owned()).collect();
        for below in gone {
            self.done.remove(&below);
        }
        self.done.insert(path.to_owned(), None);
    }

    /// What was done below a path.
    fn below(&self, path: &str) -> impl Iterator<Item = (&str, &Option<String>)> {
        let start = format!("{path}/");
        let from = self.done.range(start.clone()..);
        from.take_while(move |(p, _)| p.starts_with(&start)).map(|(p, mode)| (p.as_str(), mode))
    }
}

/// A path as the importer's stream wants it, in quotes.
fn quoted(path: &str) -> Result<String, GitError> {
    let bad_part =
        |part: &str| part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git");
    if path.is_empty() || path.len() > 4096 || path.contains(['\0', '\n']) || path.split('/').any(bad_part) {
        return Err(GitError::BadPath(path.chars().take(200).collect()));
    }
    Ok(format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[derive(Default)]
struct Stream(Vec<u8>);
impl Stream {
    fn line(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'\n');
    }
    fn data(&mut self, bytes: &[u8]) {
        self.line(&format!("data {}", bytes.len()));
        self.0.extend_from_slice(bytes);
        self.0.push(b'\n');
    }
    fn person(&mut self, role: &str, person: &Person) {
        let clean = |text: &str| text.replace(['<', '>', '\n', '\0'], "").trim().to_owned();
        let (name, email) = (clean(&person.name), clean(&person.email));
        self.line(&format!("{role} {name} <{email}> {} +0000", person.at.timestamp().max(0)));
    }
}
