//! A repository's refs as plain data, and git's rules for their names.

use crate::ObjectId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A repository as git sees it, apart from objects: where each ref points, and which branch `HEAD` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refs {
    /// Short name of the branch that `HEAD` names (`main`); it need not exist.
    pub default_branch: String,
    /// Full names (`refs/heads/main`, `refs/tags/v1`) and what they point to; an annotated tag's own id.
    pub by_name: BTreeMap<String, ObjectId>,
}

impl Refs {
    /// No refs at all.
    pub fn empty(default_branch: impl Into<String>) -> Self {
        Refs { default_branch: default_branch.into(), by_name: BTreeMap::new() }
    }
    /// What a branch, given by its short name, points to.
    pub fn branch(&self, short: &str) -> Option<ObjectId> {
        self.by_name.get(&format!("refs/heads/{short}")).copied()
    }
    /// What `HEAD` points to; `None` while the default branch does not exist.
    pub fn head(&self) -> Option<ObjectId> {
        self.branch(&self.default_branch)
    }
    /// What a name means: `HEAD` or nothing, a full ref name, a branch, a tag (in this order). Object ids are not
    /// looked at: whether one belongs to this repository takes [`crate::GitHost::contains`].
    pub fn find(&self, name: &str) -> Option<ObjectId> {
        if name.is_empty() || name == "HEAD" {
            return self.head();
        }
        let tag = || self.by_name.get(&format!("refs/tags/{name}")).copied();
        self.by_name.get(name).copied().or_else(|| self.branch(name)).or_else(tag)
    }
}

/// Whether git allows a full ref name (`refs/heads/x`), by the rules of `git check-ref-format`.
pub fn valid_ref_name(name: &str) -> bool {
    // Docs: git-check-ref-format, rules 1 to 10.
    let bad = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    name.len() <= 1024
        && name.contains('/')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(bad)
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

/// Whether a short branch name is one that git lets a user create.
pub fn valid_branch_name(short: &str) -> bool {
    short != "HEAD" && !short.starts_with('-') && valid_ref_name(&format!("refs/heads/{short}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ref_names_follow_git() {
        for good in ["refs/heads/main", "refs/tags/v1.0", "refs/heads/a/b", "refs/heads/ü", "refs/heads/@"] {
            assert!(valid_ref_name(good), "{good}");
        }
        for bad in [
            "main",
            "refs/heads/",
            "refs/heads/.a",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/a\n",
            "/refs/a",
            "refs/heads/a.lock",
            "refs/heads/a.",
            "refs/heads/a@{b",
            "refs//heads",
            "refs/heads/a:b",
            "refs/heads/*",
        ] {
            assert!(!valid_ref_name(bad), "{bad}");
        }
        assert!(!valid_branch_name("-x") && !valid_branch_name("HEAD") && !valid_branch_name(""));
    }

    #[test]
    fn a_name_is_looked_up_as_git_does() {
        let id = |c: &str| c.repeat(40).parse::<ObjectId>().unwrap();
        let by_name = [("refs/heads/main", id("1")), ("refs/tags/v1", id("2")), ("refs/heads/v1", id("3"))];
        let refs =
            Refs { default_branch: "main".into(), by_name: by_name.map(|(n, i)| (n.to_owned(), i)).into() };
        assert_eq!(refs.find(""), Some(id("1")));
        assert_eq!(refs.find("HEAD"), Some(id("1")));
        assert_eq!(refs.find("v1"), Some(id("3")));
        assert_eq!(refs.find("refs/tags/v1"), Some(id("2")));
        assert_eq!(refs.find("nope"), None);
    }
}
