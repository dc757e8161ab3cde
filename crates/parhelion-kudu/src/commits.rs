//! Commits of git as deployments need them.

use crate::domain::package::{MAX_ENTRIES, Package, PackageError, path_of};
use crate::store::{Commit, Content};
use parhelion_git::{CommitInfo, EntryKind, GitHost, ObjectId};

/// The files of a commit, within the bounds of a package. Submodules are left out; of a symbolic link, the text that
/// it is made of is the file's content, as git writes it where there are no links.
pub async fn files(git: &GitHost, id: ObjectId, max_bytes: u64) -> Result<Package, PackageError> {
    let failed = |e: parhelion_git::GitError| PackageError::Fetch(e.to_string());
    let entries = git.tree(id, "", true).await.map_err(failed)?.unwrap_or_default();
    if entries.len() as u64 > MAX_ENTRIES {
        return Err(PackageError::TooManyEntries);
    }
    let declared: u64 = entries.iter().filter_map(|entry| entry.size).fold(0, u64::saturating_add);
    if declared > max_bytes {
        return Err(PackageError::TooLarge { limit: max_bytes });
    }
    let mut package = Package::default();
    for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::Blob) {
        let Some(path) = path_of(&entry.path)? else { continue };
        let blob = git.blob(entry.id).await.map_err(failed)?;
        let blob = blob.ok_or_else(|| PackageError::Fetch(format!("git has no blob {}", entry.id)))?;
        let content = Content::new(blob.content);
        package.bytes = package.bytes.saturating_add(content.size());
        package.files.insert(path, (content.hash(), content));
    }
    Ok(package)
}

/// What deployments show of a commit.
pub fn about(commit: &CommitInfo) -> Commit {
    Commit {
        author: commit.author.name.clone(),
        email: commit.author.email.clone(),
        message: commit.message.trim_end().to_owned(),
    }
}
