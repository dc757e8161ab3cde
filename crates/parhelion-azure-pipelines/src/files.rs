//! Where the texts of templates come from: the caller's business, asked one file at a time.

use crate::{
    limits,
    yaml::{Mark, Node},
};
use std::{collections::BTreeMap, fmt};

/// A repository of `resources.repositories`, expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `repository`: what follows the `@` of a reference; compared ignoring case.
    pub alias: String,
    /// `type`: `git` is one of the same organization. `None`: not given.
    // Docs: required by the schema's reference, optional in the schema itself.
    pub kind: Option<String>,
    /// `name`: `repo`, or `project/repo`.
    pub name: String,
    /// `ref`: a branch or tag; `None`: the default.
    pub reference: Option<String>,
    /// `endpoint`: the service connection.
    pub endpoint: Option<String>,
    /// Place of the resource.
    pub mark: Mark,
}

impl Repository {
    /// Whether it is a repository of the pipeline's own organization.
    pub fn is_git(&self) -> bool {
        self.kind.as_deref().is_none_or(|k| k.is_empty() || k.eq_ignore_ascii_case("git"))
    }

    /// Whether another resource of the alias means the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let means = |r: &Self| (r.is_git(), r.name.to_lowercase(), r.reference.clone(), r.endpoint.clone());
        means(self) == means(other)
    }

    /// Reads an entry of `resources.repositories`; `None` if it names no repository.
    pub(crate) fn of(node: &Node) -> Option<Self> {
        let text = |key| node.get(key).and_then(Node::as_text).map(str::to_owned);
        Some(Self {
            alias: text("repository").filter(|a| !a.is_empty())?,
            kind: text("type"),
            name: text("name").unwrap_or_default(),
            reference: text("ref").filter(|r| !r.is_empty()),
            endpoint: text("endpoint"),
            mark: node.mark,
        })
    }
}

/// Gives the texts of templates. Within one expansion the same question has the same answer: what stands behind it
/// is one commit of each repository.
pub trait Files {
    /// Looks at a repository as soon as the file declares it, used or not.
    ///
    /// # Errors
    /// The whole message why it cannot be had. A source that only finds out when it reads says `Ok`.
    fn open(&self, _repository: &Repository) -> Result<(), String> {
        Ok(())
    }

    /// The text at a path from the root, which begins with `/` and has no `.`, `..` or empty parts. `None` is the
    /// pipeline's own repository.
    ///
    /// # Errors
    /// Why there is none.
    fn read(&self, repository: Option<&Repository>, path: &str) -> Result<String, Unread>;
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is not there. What was searched, as the message shows it: `{url} branch {ref} version {commit}`.
    Missing(String),
    /// It is larger than [`limits::TREE_BYTES`].
    TooLarge,
    /// Any other reason, in words.
    Other(String),
}

impl Unread {
    /// The message about a file.
    // OBSERVED: the first.
    pub fn message(&self, path: &str) -> String {
        match self {
            Self::Missing(searched) => format!("File {path} not found in repository {searched}."),
            Self::TooLarge => crate::yaml::read::TOO_LARGE.to_owned(),
            Self::Other(why) => why.clone(),
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(""))
    }
}

/// No files at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: Option<&Repository>, _: &str) -> Result<String, Unread> {
        Err(Unread::Missing("(none)".to_owned()))
    }
}

/// Files held in memory, by what messages call them: `/a.yml`, and `/a.yml@alias` of another repository.
impl Files for BTreeMap<String, String> {
    fn read(&self, repository: Option<&Repository>, path: &str) -> Result<String, Unread> {
        let mut at = repository.map_or_else(String::new, |r| format!("@{}", r.alias));
        match self.get(&format!("{path}{at}")) {
            Some(text) if text.len() > limits::TREE_BYTES => Err(Unread::TooLarge),
            Some(text) => Ok(text.clone()),
            None => Err(Unread::Missing(if at.is_empty() { "self".to_owned() } else { at.split_off(1) })),
        }
    }
}
