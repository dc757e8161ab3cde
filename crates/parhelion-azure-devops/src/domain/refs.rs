//! Names of branches, tags and commits, as clients write them.

use crate::{
    error::{Error, Result},
    store::Repository,
};
use parhelion_git::ObjectId;

/// A branch as a full ref: `main` and `heads/main` are `refs/heads/main`.
pub fn full(name: &str) -> String {
    let name = name.trim();
    if name.starts_with("refs/") {
        name.to_owned()
    } else if name.starts_with("heads/") || name.starts_with("tags/") {
        format!("refs/{name}")
    } else {
        format!("refs/heads/{name}")
    }
}

/// A full ref's last part, as `Build.SourceBranchName` has it.
pub fn short(full: &str) -> &str {
    full.rsplit('/').next().unwrap_or(full)
}

/// What a version descriptor asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// The default branch.
    Default,
    /// A branch by its short or full name.
    Branch(String),
    /// A tag.
    Tag(String),
    /// A commit, by its whole id.
    Commit(ObjectId),
}

impl Version {
    /// Reads a type (`branch`, `tag`, `commit`; branch when absent) and a name.
    pub fn read(kind: Option<&str>, name: Option<&str>) -> Result<Version> {
        let Some(name) = name else { return Ok(Version::Default) };
        match kind.unwrap_or("branch").to_ascii_lowercase().as_str() {
            "branch" | "0" => Ok(Version::Branch(name.to_owned())),
            "tag" | "1" => Ok(Version::Tag(name.to_owned())),
            "commit" | "2" => name.parse().map(Version::Commit).map_err(|_| {
                Error::invalid(format!(
                    "'{}' is no commit id: 40 hexadecimal digits.",
                    name.chars().take(80).collect::<String>()
                ))
            }),
            other => Err(Error::invalid(format!(
                "The versionType '{}' is none of branch, tag, commit.",
                other.chars().take(40).collect::<String>()
            ))),
        }
    }

    /// As error texts name it.
    pub fn shown(&self, repository: &Repository) -> String {
        match self {
            Version::Default => {
                let branch =
                    repository.default_branch.as_deref().map_or("", |b| b.trim_start_matches("refs/heads/"));
                format!("<Branch: {branch} >")
            }
            Version::Branch(name) => format!("<Branch: {name} >"),
            Version::Tag(name) => format!("<Tag: {name} >"),
            Version::Commit(id) => format!("<Commit: {id} >"),
        }
    }

    /// The commit (or annotated tag) that it stands for now. A commit id is taken as it is: whether the repository
    /// reaches it takes git.
    ///
    /// # Errors
    /// [`Error::Unresolvable`].
    pub fn resolve(&self, repository: &Repository) -> Result<ObjectId> {
        let found = match self {
            Version::Default => repository.default_branch.as_ref().and_then(|b| repository.tip(b)),
            Version::Branch(name) => repository.tip(&full(name)),
            Version::Tag(name) => {
                let name = name.strip_prefix("refs/tags/").unwrap_or(name);
                repository.tip(&format!("refs/tags/{name}"))
            }
            Version::Commit(id) => Some(*id),
        };
        let version = || self.shown(repository);
        found.ok_or_else(|| Error::Unresolvable { version: version(), repository: repository.name.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_completed() {
        assert_eq!(full("main"), "refs/heads/main");
        assert_eq!(full("heads/a/b"), "refs/heads/a/b");
        assert_eq!(full("refs/tags/v1"), "refs/tags/v1");
        assert_eq!(short("refs/heads/a/b"), "b");
    }

    #[test]
    fn versions_are_read_by_type() {
        assert_eq!(Version::read(None, None), Ok(Version::Default));
        assert_eq!(Version::read(None, Some("x")), Ok(Version::Branch("x".into())));
        assert_eq!(Version::read(Some("TAG"), Some("v1")), Ok(Version::Tag("v1".into())));
        assert!(Version::read(Some("commit"), Some("abc")).is_err());
        assert!(Version::read(Some("previous"), Some("abc")).is_err());
    }
}
