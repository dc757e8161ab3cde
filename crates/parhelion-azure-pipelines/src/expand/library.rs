//! The files of one expansion: which repositories there are, and every file read so far.

use super::path;
use crate::{
    files::{Files, Repository, Unread},
    issue::Issue,
    limits,
    yaml::{Node, Tree, read, read::TOO_LARGE, read::fold},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a template is made for: the key that it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Stages,
    Jobs,
    Steps,
    Variables,
    /// The pipeline itself.
    Extends,
}

impl Kind {
    /// The key that it fills; none for a whole pipeline.
    pub fn key(self) -> &'static str {
        match self {
            Kind::Stages => "stages",
            Kind::Jobs => "jobs",
            Kind::Steps => "steps",
            Kind::Variables => "variables",
            Kind::Extends => "",
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// What messages call it.
    pub name: Arc<str>,
    /// Its repository: an index into the library's; `None`: the pipeline's own.
    repository: Option<usize>,
    /// From the root of its repository.
    path: Arc<str>,
    pub root: Arc<Node>,
    /// Work of binding its declared parameters once.
    pub binding: u64,
}

/// Why a template cannot be had.
pub(crate) enum Refused {
    /// Known already: it has been reported.
    Again,
    /// A message about the including file.
    Here(String),
    /// A bound is met.
    Stop(&'static str),
    /// The file is there and cannot be read.
    There(Vec<Issue>),
    /// A message of no place.
    Bare(String),
}

impl Refused {
    /// What is to be told, about the including file where it is not about another.
    pub fn issues(self, including: &str) -> Vec<Issue> {
        match self {
            Refused::Again => Vec::new(),
            Refused::Here(message) => vec![Issue::of_file(including, message)],
            Refused::Stop(message) => vec![Issue::of_file(including, message)],
            Refused::There(issues) => issues,
            Refused::Bare(message) => vec![Issue::bare(message)],
        }
    }
}

/// All files of an expansion. A file's index is [`crate::yaml::Mark::file`].
pub(crate) struct Library<'d> {
    source: &'d dyn Files,
    repositories: Vec<Repository>,
    /// Their indices by folded alias.
    aliases: BTreeMap<String, usize>,
    /// Those that cannot be had.
    refused: BTreeSet<usize>,
    files: Vec<File>,
    /// By repository and path; `None`: could not be read.
    found: BTreeMap<(Option<usize>, String), Option<usize>>,
    /// Cost of all that was read.
    bytes: usize,
}

/// Text for a pipeline of too many files.
// CHOICE: the text.
const TOO_MANY: &str = "A maximum of 100 YAML files can be used";

impl<'d> Library<'d> {
    /// A library that holds the pipeline's own file.
    pub fn new(name: &str, root: Arc<Node>, source: &'d dyn Files) -> Self {
        let binding = binding(&root);
        let own = File { name: Arc::from(name), repository: None, path: Arc::from(name), root, binding };
        Self {
            source,
            repositories: Vec::new(),
            aliases: BTreeMap::new(),
            refused: BTreeSet::new(),
            files: vec![own],
            found: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// A file by its index.
    pub fn file(&self, index: usize) -> Option<&File> {
        self.files.get(index)
    }

    /// What messages call a file.
    pub fn name(&self, index: usize) -> &str {
        self.files.get(index).or(self.files.first()).map_or("", |f| &f.name)
    }

    /// The names of all files but the pipeline's own, in the order they were read.
    pub fn included(&self) -> Vec<String> {
        self.files.iter().skip(1).map(|f| f.name.to_string()).collect()
    }

    /// The repository of an alias.
    pub fn repository(&self, alias: &str) -> Option<&Repository> {
        self.aliases.get(&fold(alias)).and_then(|at| self.repositories.get(*at))
    }

    /// Takes up a repository.
    ///
    /// # Errors
    /// The whole message why it cannot be had.
    pub fn declare(&mut self, repository: Repository) -> Result<(), String> {
        let opened = self.source.open(&repository);
        if opened.is_err() {
            self.refused.insert(self.repositories.len());
        }
        self.aliases.insert(fold(&repository.alias), self.repositories.len());
        self.repositories.push(repository);
        opened
    }

    /// The file that a reference of the file `from` means, read at its first use.
    pub fn get(&mut self, reference: &str, from: usize) -> Result<usize, Refused> {
        let path::Reference { path, alias } = path::reference(reference);
        let base = self.file(from).map(|f| (f.repository, f.path.clone()));
        let repository = match alias.map(fold).as_deref() {
            None => base.as_ref().and_then(|(repository, _)| *repository),
            Some("" | "self") => None,
            Some(wanted) => match self.aliases.get(wanted) {
                Some(at) => Some(*at),
                // OBSERVED
                None => {
                    let alias = alias.unwrap_or_default();
                    return Err(Refused::Here(format!("No repository found by name {alias}")));
                }
            },
        };
        if repository.is_some_and(|at| self.refused.contains(&at)) {
            return Err(Refused::Again);
        }
        let beside = base.filter(|(of, _)| *of == repository).map(|(_, path)| path);
        let path = path::resolve(path, beside.as_deref())
            .map_err(|path| Refused::Here(format!("The file path {path} is invalid")))?;
        let key = (repository, path);
        match self.found.get(&key) {
            Some(Some(index)) => Ok(*index),
            Some(None) => Err(Refused::Again),
            None => {
                let read = self.read(repository, &key.1);
                self.found.insert(key, read.as_ref().ok().copied());
                read
            }
        }
    }

    fn read(&mut self, repository: Option<usize>, path: &str) -> Result<usize, Refused> {
        // Those that are not there count too: each was looked for.
        if self.found.len() >= limits::FILES {
            return Err(Refused::Stop(TOO_MANY));
        }
        let of = repository.and_then(|at| self.repositories.get(at));
        let text = match self.source.read(of, path) {
            Ok(text) => text,
            Err(Unread::TooLarge) => return Err(Refused::Stop(TOO_LARGE)),
            Err(unread) => return Err(Refused::Here(unread.message(path))),
        };
        let name = of.map_or_else(|| path.to_owned(), |r| format!("{path}@{}", r.alias));
        let index = self.files.len();
        let file = u16::try_from(index).unwrap_or(u16::MAX);
        let read = read::read(&text, file, &name).map_err(Refused::There)?;
        // CHOICE: all files together may be as large as one.
        self.bytes = self.bytes.saturating_add(read.bytes);
        if self.bytes > limits::TREE_BYTES {
            return Err(Refused::Stop(TOO_LARGE));
        }
        let root = Arc::new(read.root);
        self.files.push(File {
            name: Arc::from(name),
            repository,
            path: Arc::from(path),
            binding: binding(&root),
            root,
        });
        if read.issues.is_empty() { Ok(index) } else { Err(Refused::There(read.issues)) }
    }
}

/// Work of binding a file's parameters: one for each node of the block, and for each 64 bytes of text.
fn binding(root: &Node) -> u64 {
    root.get("parameters").map_or(0, work)
}

/// Recursion is bounded by the reader's depth.
fn work(node: &Node) -> u64 {
    let below = match &node.tree {
        Tree::Scalar(s) => s.text.len() as u64 / 64,
        Tree::Sequence(items) => items.iter().map(work).sum(),
        Tree::Mapping(entries) => entries.iter().map(|e| work(&e.value)).sum(),
    };
    below.saturating_add(1)
}
