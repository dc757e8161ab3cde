//! What differs between two trees.

use crate::{EntryKind, GitError, GitHost, ObjectId};

/// The tree without entries, which git knows even where nobody stored it.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// One side of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What is there.
    pub kind: EntryKind,
    /// Its id.
    pub id: ObjectId,
    /// Six digits: `100644`, `040000` …
    pub mode: String,
}

/// A path that is not the same in two trees. At least one side is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// From the root of the repository.
    pub path: String,
    /// What was there; `None`: the path is new.
    pub old: Option<Side>,
    /// What is there; `None`: the path is gone.
    pub new: Option<Side>,
}

impl GitHost {
    /// The paths in which two commits (or trees) differ, in order of their names; a rename is a path that is gone and
    /// one that is new. `old` `None`: against nothing. With `folders` the folders above them, too.
    /// [`GitError::NoSuchObject`] when one of them is no commit and no tree of the store.
    pub async fn diff(
        &self,
        old: Option<ObjectId>,
        new: ObjectId,
        folders: bool,
    ) -> Result<Vec<Difference>, GitError> {
        let sides = [old.map_or_else(|| EMPTY_TREE.to_owned(), |id| id.to_string()), new.to_string()];
        let mut args = vec!["diff-tree", "-r", "--raw", "--no-renames", "--full-index", "-z"];
        if folders {
            args.push("-t");
        }
        args.extend(sides.iter().map(String::as_str));
        let host = &self.inner;
        match host.run(&host.reader(), &args, b"").await {
            Ok(listing) => Ok(parse(&listing)),
            Err(failed @ GitError::Failed { .. }) => {
                for id in old.into_iter().chain([new]) {
                    if !self.is_treeish(id).await? {
                        return Err(GitError::NoSuchObject(id));
                    }
                }
                Err(failed)
            }
            Err(other) => Err(other),
        }
    }

    /// The newest commit that both contain; `None` when they have no common one.
    pub async fn merge_base(&self, one: ObjectId, other: ObjectId) -> Result<Option<ObjectId>, GitError> {
        let (one, other) = (one.to_string(), other.to_string());
        let output = self.inner.output(&self.inner.reader(), &["merge-base", &one, &other], b"").await?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().next().and_then(|line| line.trim().parse().ok()))
    }

    /// All best common commits, of which histories that were merged crosswise have several.
    pub async fn merge_bases(&self, one: ObjectId, other: ObjectId) -> Result<Vec<ObjectId>, GitError> {
        let (one, other) = (one.to_string(), other.to_string());
        let args = ["merge-base", "--all", &one, &other];
        let output = self.inner.output(&self.inner.reader(), &args, b"").await?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| line.trim().parse().ok())
            .collect())
    }

    /// How many commits `from` has that `to` has not, and the other way round.
    pub async fn ahead_behind(&self, from: ObjectId, to: ObjectId) -> Result<(u64, u64), GitError> {
        let range = format!("{from}...{to}");
        let args = ["rev-list", "--left-right", "--count", &range, "--"];
        let counted = self.inner.run(&self.inner.reader(), &args, b"").await?;
        let text = String::from_utf8_lossy(&counted).into_owned();
        let mut numbers = text.split_whitespace().map(|n| n.parse().unwrap_or(0));
        Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
    }

    async fn is_treeish(&self, id: ObjectId) -> Result<bool, GitError> {
        let spec = format!("{id}^{{tree}}");
        let args = ["rev-parse", "--verify", "--quiet", &spec];
        Ok(self.inner.output(&self.inner.reader(), &args, b"").await?.status.success())
    }
}

/// The output of `diff-tree --raw -z`: `:mode mode id id status`, NUL, path, NUL.
fn parse(listing: &[u8]) -> Vec<Difference> {
    let listing = String::from_utf8_lossy(listing);
    let mut parts = listing.split('\0');
    let mut found = Vec::new();
    while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
        let mut words = facts.trim_start_matches(':').split(' ');
        let (Some(old_mode), Some(new_mode)) = (words.next(), words.next()) else { continue };
        let (Some(Ok(old)), Some(Ok(new))) =
            (words.next().map(str::parse::<ObjectId>), words.next().map(str::parse::<ObjectId>))
        else {
            continue;
        };
        let (old, new) = (side(old_mode, old), side(new_mode, new));
        if old.is_some() || new.is_some() {
            found.push(Difference { path: path.to_owned(), old, new });
        }
    }
    found
}

fn side(mode: &str, id: ObjectId) -> Option<Side> {
    let kind = match mode {
        "000000" => return None,
        "040000" => EntryKind::Tree,
        "160000" => EntryKind::Commit,
        _ => EntryKind::Blob,
    };
    Some(Side { kind, id, mode: mode.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn raw_differences_are_read() {
        let (a, z) = ("1".repeat(40), "0".repeat(40));
        let listing = format!(":000000 100644 {z} {a} A\0dir/new file\0:040000 000000 {a} {z} D\0gone\0");
        let found = parse(listing.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path, "dir/new file");
        assert!(found[0].old.is_none());
        assert_eq!(found[1].old.as_ref().unwrap().kind, EntryKind::Tree);
        assert!(found[1].new.is_none());
    }

    proptest! {
        #[test]
        fn any_listing_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }
    }
}
