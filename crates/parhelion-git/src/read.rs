//! Files and folders of a commit.

use crate::{
    GitError, GitHost, ObjectId,
    host::{Inner, limited},
    recent::{Found, Recent},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

/// A file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The blob's id.
    pub id: ObjectId,
    /// Its bytes.
    pub content: Bytes,
}

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A folder.
    Tree,
    /// A file or a symbolic link.
    Blob,
    /// A submodule.
    Commit,
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// From the root of the repository.
    pub path: String,
    /// Its kind.
    pub kind: EntryKind,
    /// Its id.
    pub id: ObjectId,
    /// Six digits: `100644`, `100755`, `120000`, `040000`, `160000`.
    pub mode: String,
    /// Bytes, of blobs.
    pub size: Option<u64>,
}

impl GitHost {
    /// A file of a commit (or tree) by its path from the root; `None` when there is no file at that path, or no
    /// such commit.
    pub async fn file(&self, commit: ObjectId, path: &str) -> Result<Option<File>, GitError> {
        let path = path.trim_matches('/');
        if path.is_empty() || path.contains(['\0', '\n']) {
            return Ok(None);
        }
        self.object(&format!("{commit}:{path}"), "blob").await
    }

    /// A blob by its id; `None` when there is no blob of that id in the store (ask [`GitHost::contains`] whether a
    /// repository has it).
    pub async fn blob(&self, id: ObjectId) -> Result<Option<File>, GitError> {
        self.object(&id.to_string(), "blob").await
    }

    /// The entries of a folder of a commit (`""`: the root), with everything below when `recursive`; `None` when
    /// there is no folder at that path, or no such commit.
    pub async fn tree(
        &self,
        commit: ObjectId,
        path: &str,
        recursive: bool,
    ) -> Result<Option<Vec<TreeEntry>>, GitError> {
        let path = path.trim_matches('/');
        if path.contains(['\0', '\n']) {
            return Ok(None);
        }
        let spec = format!("{commit}:{path}");
        let mut args = vec!["ls-tree", "-z", "-l"];
        if recursive {
            args.extend(["-r", "-t"]);
        }
        args.extend(["--", &spec]);
        let output = self.inner.output(&self.inner.reader(), &args, b"").await?;
        if !output.status.success() {
            return Ok(None);
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let listing = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Some(listing.split('\0').filter_map(|line| parse_entry(line, &prefix)).collect()))
    }

    pub(crate) async fn object(&self, spec: &str, kind: &str) -> Result<Option<File>, GitError> {
        let host = &self.inner;
        if let Some((found, file)) = host.readers.recent.get(spec) {
            return Ok((found == kind).then_some(file));
        }
        host.version().await?;
        let _turn = host.calls.acquire().await;
        let work = async {
            let mut reader = match host.readers.take() {
                Some(reader) => reader,
                None => Reader::start(host).await?,
            };
            let found = reader.read(spec, host.settings.read_bytes).await?;
            // Only after a whole answer: a reader dropped in the middle is killed, never used again.
            host.readers.give_back(reader);
            Ok(found)
        };
        let found = limited("cat-file", host.settings.call_secs, work).await?;
        found.iter().for_each(|found| host.readers.recent.put(spec, found));
        Ok(found.and_then(|(k, file)| (k == kind).then_some(file)))
    }
}

fn parse_entry(line: &str, prefix: &str) -> Option<TreeEntry> {
    let (facts, path) = line.split_once('\t')?;
    let mut words = facts.split_whitespace();
    let mode = words.next()?.to_owned();
    let kind = match words.next()? {
        "tree" => EntryKind::Tree,
        "blob" => EntryKind::Blob,
        "commit" => EntryKind::Commit,
        _ => return None,
    };
    let id = words.next()?.parse().ok()?;
    let size = words.next().and_then(|s| s.parse().ok());
    Some(TreeEntry { path: format!("{prefix}{path}"), kind, id, mode, size })
}

/// Long-lived `cat-file --batch` children (0.06 ms for an object instead of 2), what was read lately, and what refs are
/// known to reach.
#[derive(Default)]
pub(crate) struct Readers {
    idle: Mutex<Vec<Reader>>,
    recent: Recent,
    reachable: Mutex<Reachable>,
}

type Tips = BTreeSet<ObjectId>;
type Reachable = VecDeque<(Tips, Arc<BTreeSet<ObjectId>>)>;

/// Idle children kept.
const IDLE: usize = 2;
/// Sets of reachable objects kept.
const REACHABLE: usize = 8;

impl Readers {
    fn take(&self) -> Option<Reader> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
    fn give_back(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(reader);
        }
    }
    /// Ends the idle children.
    pub(crate) fn dismiss(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
    pub(crate) fn reachable(&self, tips: &Tips) -> Option<Arc<BTreeSet<ObjectId>>> {
        let known = self.reachable.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(t, _)| t == tips).map(|(_, all)| Arc::clone(all))
    }
    pub(crate) fn remember(&self, tips: Tips, all: Arc<BTreeSet<ObjectId>>) {
        let mut known = self.reachable.lock().unwrap_or_else(PoisonError::into_inner);
        known.push_front((tips, all));
        known.truncate(REACHABLE);
    }
}

struct Reader {
    _child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Reader {
    async fn start(host: &Arc<Inner>) -> Result<Reader, GitError> {
        let mut command = host.command(&host.reader(), &["cat-file", "--batch", "-z"]);
        command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
        let mut child = host.spawn(command)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(GitError::Malformed("git has no pipes".to_owned()));
        };
        Ok(Reader { _child: child, stdin, stdout: BufReader::new(stdout) })
    }

    /// The object that a spec without NUL and newline names: its type and content.
    async fn read(&mut self, spec: &str, limit: u64) -> Result<Option<Found>, GitError> {
        let io = |source| GitError::Io { what: "reading an object", source };
        self.stdin.write_all(format!("{spec}\0").as_bytes()).await.map_err(io)?;
        self.stdin.flush().await.map_err(io)?;
        let mut header = String::new();
        if self.stdout.read_line(&mut header).await.map_err(io)? == 0 {
            return Err(io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let mut words = header.trim_end().split(' ');
        let (Some(Ok(id)), Some(kind), Some(Ok(size))) =
            (words.next().map(str::parse::<ObjectId>), words.next(), words.next().map(str::parse::<u64>))
        else {
            // `{spec} missing`: there is nothing after it.
            return Ok(None);
        };
        if size > limit {
            return Err(GitError::TooLarge { limit });
        }
        let mut content = vec![0; size as usize + 1];
        self.stdout.read_exact(&mut content).await.map_err(io)?;
        content.pop();
        Ok(Some((kind.to_owned(), File { id, content: content.into() })))
    }
}
