//! Folders as repositories. Nothing outside of them is read, whatever a path or a symbolic link says.

use parhelion_azure_pipelines::{Files, Repository, Unread, decode, limits};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

/// Most of a file that is read, bytes.
pub const MAX_BYTES: u64 = limits::TREE_BYTES as u64;

/// Why a file was not read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not there.
    Missing,
    /// It is a folder, a pipe or a device.
    NoFile,
    /// It is larger than [`MAX_BYTES`].
    TooLarge,
    /// Any other reason, in words.
    Other(String),
}

/// A folder that stands for a repository.
#[derive(Debug)]
pub struct Folder {
    /// Without symbolic links.
    root: PathBuf,
}

impl Folder {
    /// Takes a folder.
    ///
    /// # Errors
    /// A sentence: it is not there, or is none.
    pub fn open(path: &Path) -> Result<Self, String> {
        let root = path.canonicalize().map_err(|e| format!("{}: {e}", path.display()))?;
        if root.is_dir() { Ok(Self { root }) } else { Err(format!("{} is no folder", path.display())) }
    }

    /// The path of a file from the root, beginning with `/`.
    ///
    /// # Errors
    /// A sentence: it is not inside.
    pub fn name_of(&self, file: &Path) -> Result<String, String> {
        let whole = file.canonicalize().map_err(|e| format!("{}: {e}", file.display()))?;
        let Ok(inner) = whole.strip_prefix(&self.root) else {
            return Err(format!(
                "{} is not inside {}: name the root of its repository with --repo",
                file.display(),
                self.root.display()
            ));
        };
        let parts = inner.components().map(|part| part.as_os_str().to_string_lossy());
        Ok(parts.fold(String::new(), |name, part| format!("{name}/{part}")))
    }

    /// The bytes of the file of that path from the root.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Unreadable> {
        let inner = Path::new(name.trim_start_matches('/'));
        // A commit has no folder `.git`.
        let is_plain = |(at, part): (usize, Component<'_>)| match part {
            Component::Normal(part) => at > 0 || !part.eq_ignore_ascii_case(".git"),
            _ => false,
        };
        if !inner.components().enumerate().all(is_plain) {
            return Err(Unreadable::Missing);
        }
        let whole = match self.root.join(inner).canonicalize() {
            Ok(whole) => whole,
            Err(e) => return Err(of_error(&e)),
        };
        // A link may lead anywhere; a commit holds it as a text, so nothing beyond the folder can be meant.
        if !whole.starts_with(&self.root) {
            return Err(Unreadable::Other(format!("it leads out of {}", self.root.display())));
        }
        read_bounded(&whole)
    }
}

/// Reads a file, unless it is too large.
pub fn read_bounded(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let there = std::fs::metadata(path).map_err(|e| of_error(&e))?;
    // A pipe or a device may never end.
    if !there.is_file() {
        return Err(Unreadable::NoFile);
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| of_error(&e))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| of_error(&e))?;
    if bytes.len() as u64 > MAX_BYTES { Err(Unreadable::TooLarge) } else { Ok(bytes) }
}

fn of_error(e: &std::io::Error) -> Unreadable {
    match e.kind() {
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => Unreadable::Missing,
        _ => Unreadable::Other(e.to_string()),
    }
}

/// The pipeline's own folder, and those of other repositories.
#[derive(Debug)]
pub struct Folders {
    own: Folder,
    /// By alias in lower case.
    others: BTreeMap<String, Folder>,
    /// Aliases that the pipeline names, in lower case.
    declared: RefCell<BTreeSet<String>>,
    notes: RefCell<Vec<String>>,
}

impl Folders {
    /// The pipeline's own folder, and others by alias in lower case.
    pub fn new(own: Folder, others: BTreeMap<String, Folder>) -> Self {
        Self { own, others, declared: RefCell::default(), notes: RefCell::default() }
    }

    /// What a user may want to know after an expansion.
    pub fn notes(&self) -> Vec<String> {
        let declared = self.declared.borrow();
        let unused = self.others.keys().filter(|alias| !declared.contains(*alias));
        let unused =
            unused.map(|alias| format!("--repository {alias}: the pipeline names no such repository"));
        self.notes.borrow().iter().cloned().chain(unused).collect()
    }
}

impl Files for Folders {
    fn open(&self, repository: &Repository) -> Result<(), String> {
        self.declared.borrow_mut().insert(repository.alias.to_lowercase());
        Ok(())
    }

    fn read(&self, repository: Option<&Repository>, path: &str) -> Result<String, Unread> {
        let folder = match repository {
            None => &self.own,
            Some(Repository { alias, name, .. }) => match self.others.get(&alias.to_lowercase()) {
                Some(folder) => folder,
                None => {
                    return Err(Unread::Other(format!(
                        "The repository {name} is not in this folder: say where it is with --repository {alias}=DIR"
                    )));
                }
            },
        };
        match folder.read(path) {
            Ok(bytes) => Ok(text(path, &bytes, &mut self.notes.borrow_mut())),
            // A commit has files only.
            Err(Unreadable::Missing | Unreadable::NoFile) => {
                Err(Unread::Missing(folder.root.display().to_string()))
            }
            Err(Unreadable::TooLarge) => Err(Unread::TooLarge),
            Err(Unreadable::Other(why)) => Err(Unread::Other(format!("File {path} cannot be read: {why}."))),
        }
    }
}

/// The text of a file; what is no text is noted.
pub fn text(name: &str, bytes: &[u8], notes: &mut Vec<String>) -> String {
    let text = decode(bytes).into_owned();
    let note = format!("{name} is not UTF-8: what is none of it is replaced");
    if text.contains('\u{fffd}') && std::str::from_utf8(bytes).is_err() && !notes.contains(&note) {
        notes.push(note);
    }
    text
}
