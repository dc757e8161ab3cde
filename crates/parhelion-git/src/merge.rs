//! Merges and patches, without a work tree.

use crate::{GitError, GitHost, ObjectId, Person, Refs, host::failed, view::View};

/// A merge commit to be made.
#[derive(Clone, Debug)]
pub struct NewMerge {
    /// Its first parent: the tip of the branch that it is to go to.
    pub into: ObjectId,
    /// Its second parent.
    pub from: ObjectId,
    /// Who merges, and when.
    pub person: Person,
    /// Kept as it is.
    pub message: String,
}

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The tree of both, or the commit that has it.
    Clean(ObjectId),
    /// Both changed the same places of these paths; none when the two have no common commit.
    Conflict(Vec<String>),
}

/// What happened to a file between two commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// It is new.
    Added,
    /// It is different.
    Modified,
    /// It is gone.
    Deleted,
}

/// A file's difference as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// From the root of the repository.
    pub path: String,
    /// What happened.
    pub change: FileChange,
    /// The unified diff, from `diff --git` on.
    pub text: String,
}

impl GitHost {
    /// Whether two commits can be merged; nothing is kept.
    pub async fn can_merge(&self, into: ObjectId, from: ObjectId) -> Result<bool, GitError> {
        let view = View::make(&self.inner, &Refs::empty("merge")).await?;
        Ok(matches!(self.merged_tree(&view, into, from).await?, Merge::Clean(_)))
    }

    /// Makes a merge commit and keeps its objects; no ref moves. Of a conflict nothing is kept. The same input gives the
    /// same id.
    pub async fn merge(&self, new: NewMerge) -> Result<Merge, GitError> {
        let view = View::make(&self.inner, &Refs::empty("merge")).await?;
        let tree = match self.merged_tree(&view, new.into, new.from).await? {
            Merge::Clean(tree) => tree,
            conflict @ Merge::Conflict(_) => return Ok(conflict),
        };
        let clean = |text: &str| text.replace(['<', '>', '\n', '\0'], "").trim().to_owned();
        let (name, email) = (clean(&new.person.name), clean(&new.person.email));
        let who = format!("{name} <{email}> {} +0000", new.person.at.timestamp().max(0));
        let object = format!(
            "tree {tree}\nparent {}\nparent {}\nauthor {who}\ncommitter {who}\n\n{}",
            new.into, new.from, new.message
        );
        let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
        let id = self.inner.run(view.path(), &args, object.as_bytes()).await?;
        let id = first_id(&id).ok_or_else(|| GitError::Malformed("git made no commit".to_owned()))?;
        view.keep(&self.inner).await?;
        Ok(Merge::Clean(id))
    }

    async fn merged_tree(&self, view: &View, into: ObjectId, from: ObjectId) -> Result<Merge, GitError> {
        let (into, from) = (into.to_string(), from.to_string());
        let args = ["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", &into, &from];
        let output = self.inner.output(view.path(), &args, b"").await?;
        // Docs: git-merge-tree, exit status 0 clean, 1 conflicts, else it could not be tried. Observed: 1 and no tree for a
        // commit that is not there.
        match output.status.code() {
            Some(0) => match first_id(&output.stdout) {
                Some(tree) => Ok(Merge::Clean(tree)),
                None => Err(failed(&args, &output)),
            },
            Some(1) if first_id(&output.stdout).is_some() => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let paths = text.split('\0').skip(1).take_while(|path| !path.is_empty()).map(str::to_owned);
                Ok(Merge::Conflict(paths.collect()))
            }
            _ if String::from_utf8_lossy(&output.stderr).contains("unrelated histories") => {
                Ok(Merge::Conflict(Vec::new()))
            }
            _ => Err(failed(&args, &output)),
        }
    }

    /// What changed between two commits, file by file in the order of their names; a rename is a file that is gone and
    /// one that is new.
    pub async fn patches(&self, old: ObjectId, new: ObjectId) -> Result<Vec<Patch>, GitError> {
        let changed = self.diff(Some(old), new, false).await?;
        let (old, new) = (old.to_string(), new.to_string());
        let args = [
            "diff-tree",
            "-r",
            "-p",
            "--no-renames",
            "--full-index",
            "--no-color",
            "--no-ext-diff",
            &old,
            &new,
        ];
        let all = self.inner.run(&self.inner.reader(), &args, b"").await?;
        let texts = sections(&String::from_utf8_lossy(&all));
        let patches = changed.into_iter().zip(texts).map(|(difference, text)| {
            let change = match (&difference.old, &difference.new) {
                (None, _) => FileChange::Added,
                (_, None) => FileChange::Deleted,
                _ => FileChange::Modified,
            };
            Patch { path: difference.path, change, text }
        });
        Ok(patches.collect())
    }
}

fn first_id(output: &[u8]) -> Option<ObjectId> {
    let text = String::from_utf8_lossy(output);
    text.split(['\0', '\n']).next()?.trim().parse().ok()
}

/// A diff in the parts of its files. A file that became something else (a link) has two parts under one heading, which
/// belong together.
fn sections(diff: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    let mut heading = "";
    for line in diff.split_inclusive('\n') {
        // Lines of files begin with a blank, a sign or a backslash.
        if line.starts_with("diff --git ") && line != heading {
            heading = line;
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push_str(line);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, GitSettings, NewCommit};
    use parhelion_core::Timestamp;

    fn ada() -> Person {
        Person { name: "Ada <x>".to_owned(), email: "ada@example.com".to_owned(), at: Timestamp::UNIX_EPOCH }
    }

    async fn commit(host: &GitHost, base: Option<ObjectId>, files: &[(&str, &str)]) -> ObjectId {
        let changes = files.iter().map(|(path, content)| match *content {
            "" => Change::Delete { path: (*path).to_owned() },
            content => Change::Put { path: (*path).to_owned(), content: content.into() },
        });
        let changes = changes.collect();
        let new = NewCommit { base, changes, author: ada(), committer: ada(), message: "m\n".to_owned() };
        host.commit_files(new).await.unwrap()
    }

    fn stored(host: &GitHost) -> usize {
        let folders = std::fs::read_dir(host.inner.objects()).unwrap();
        folders.map(|f| std::fs::read_dir(f.unwrap().path()).unwrap().count()).sum()
    }

    #[tokio::test]
    async fn a_merge_has_both_sides_and_a_conflict_leaves_nothing() {
        let host = GitHost::temporary(GitSettings::default()).unwrap();
        let root = commit(&host, None, &[("a", "1\n"), ("b", "1\n")]).await;
        let ours = commit(&host, Some(root), &[("a", "2\n")]).await;
        let theirs = commit(&host, Some(root), &[("b", "2\n"), ("c/d", "new\n")]).await;
        let new = |from| NewMerge { into: ours, from, person: ada(), message: "Merge\n".to_owned() };
        let Merge::Clean(merged) = host.merge(new(theirs)).await.unwrap() else { panic!("it is clean") };
        let info = host.commit(merged).await.unwrap().unwrap();
        assert_eq!((info.parents, info.message.as_str()), (vec![ours, theirs], "Merge\n"));
        assert_eq!(info.author.name, "Ada x");
        let file = host.file(merged, "b").await.unwrap().unwrap();
        assert_eq!(&file.content[..], b"2\n");
        assert_eq!(host.merge(new(theirs)).await.unwrap(), Merge::Clean(merged), "the same id");

        let clash = commit(&host, Some(root), &[("a", "3\n")]).await;
        let before = stored(&host);
        assert_eq!(host.merge(new(clash)).await.unwrap(), Merge::Conflict(vec!["a".to_owned()]));
        assert!(!host.can_merge(ours, clash).await.unwrap() && host.can_merge(ours, theirs).await.unwrap());
        assert_eq!(stored(&host), before);
        let stranger = commit(&host, None, &[("z", "1\n")]).await;
        assert_eq!(host.merge(new(stranger)).await.unwrap(), Merge::Conflict(Vec::new()));
        assert!(host.merge(new(ObjectId::ZERO)).await.is_err());
    }

    #[tokio::test]
    async fn patches_are_told_file_by_file() {
        let host = GitHost::temporary(GitSettings::default()).unwrap();
        let old =
            commit(&host, None, &[("gone", "x\n"), ("same", "s\n"), ("text", "diff --git a/b\nb\n")]).await;
        let new =
            commit(&host, Some(old), &[("gone", ""), ("new file", "n\n"), ("text", "diff --git a/b\nc\n")])
                .await;
        let patches = host.patches(old, new).await.unwrap();
        let told: Vec<(&str, FileChange)> = patches.iter().map(|p| (p.path.as_str(), p.change)).collect();
        let expected =
            [("gone", FileChange::Deleted), ("new file", FileChange::Added), ("text", FileChange::Modified)];
        assert_eq!(told, expected);
        assert!(patches[2].text.starts_with("diff --git a/text b/text\n"), "{}", patches[2].text);
        assert!(
            patches[2].text.ends_with("@@ -1,2 +1,2 @@\n diff --git a/b\n-b\n+c\n"),
            "{}",
            patches[2].text
        );
    }

    #[test]
    fn a_file_that_became_a_link_is_one_part() {
        let diff = "diff --git a/x b/x\ndeleted\n-a\ndiff --git a/x b/x\nnew\n+b\ndiff --git a/y b/y\n+z\n";
        let parts = sections(diff);
        assert_eq!(parts.len(), 2);
        assert!(parts[0].ends_with("+b\n"));
    }
}
