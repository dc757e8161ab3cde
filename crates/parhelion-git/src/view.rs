//! A view: the throw-away folder that git takes for a repository during one call.

use crate::{GitError, ObjectId, Refs, host::Inner, valid_ref_name};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// `HEAD`, `config` and `packed-refs` written from the caller's refs, an object folder of its own, and the store as
/// alternate. New objects land in the view: a call that is dropped, killed or refused leaves nothing behind.
pub(crate) struct View {
    folder: Option<tempfile::TempDir>,
    path: PathBuf,
}

impl View {
    pub(crate) async fn make(host: &Arc<Inner>, refs: &Refs) -> Result<View, GitError> {
        let mut packed = String::from("# pack-refs with: sorted\n");
        for (name, id) in &refs.by_name {
            if !valid_ref_name(name) {
                return Err(GitError::BadRefName(name.clone()));
            }
            let _ = writeln!(packed, "{id} {name}");
        }
        let head = format!("refs/heads/{}", refs.default_branch);
        if !valid_ref_name(&head) {
            return Err(GitError::BadRefName(head));
        }
        let (views, objects, limit) = (host.views(), host.objects(), host.settings.push_bytes);
        let make = move || -> std::io::Result<View> {
            let folder = tempfile::Builder::new().prefix("v").tempdir_in(views)?;
            let path = folder.path().to_owned();
            for sub in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
                fs::create_dir_all(path.join(sub))?;
            }
            fs::write(path.join("HEAD"), format!("ref: {head}\n"))?;
            fs::write(path.join("config"), config(limit))?;
            fs::write(path.join("packed-refs"), packed)?;
            fs::write(path.join("objects/info/alternates"), format!("{}\n", objects.display()))?;
            Ok(View { folder: Some(folder), path })
        };
        blocking("making a view of a repository", make).await
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All refs as git left them: `packed-refs` (rewritten by deletions) with the loose files on top.
    pub(crate) async fn refs(&self) -> Result<BTreeMap<String, ObjectId>, GitError> {
        let path = self.path.clone();
        blocking("reading a view's refs", move || {
            let mut refs = BTreeMap::new();
            for line in fs::read_to_string(path.join("packed-refs")).unwrap_or_default().lines() {
                // Lines with `#` and `^` are the head and peeled values.
                if let Some((id, name)) = line.split_once(' ')
                    && let Ok(id) = id.parse()
                {
                    refs.insert(name.to_owned(), id);
                }
            }
            loose(&path.join("refs"), "refs", &mut refs)?;
            Ok(refs)
        })
        .await
    }

    /// Moves the view's new objects into the store, packs before their indexes. Equal files already there win: they
    /// hold the same objects. How many bytes there were.
    pub(crate) async fn keep(&self, host: &Arc<Inner>) -> Result<u64, GitError> {
        let (from, to) = (self.path.join("objects"), host.objects());
        blocking("moving objects into the store", move || {
            let mut packs = Vec::new();
            let mut bytes = 0;
            for entry in fs::read_dir(&from)? {
                let entry = entry?;
                let name = entry.file_name();
                match name.to_str() {
                    Some("pack") => packs = files(&entry.path())?,
                    Some(fan) if fan.len() == 2 => {
                        fs::create_dir_all(to.join(fan))?;
                        for file in files(&entry.path())? {
                            bytes += rename_into(&file, &to.join(fan))?;
                        }
                    }
                    // `info` is the view's own.
                    _ => {}
                }
            }
            // Git finds a pack by its index: that comes last.
            packs.sort_by_key(|p| p.extension().is_some_and(|e| e == "idx"));
            for pack in packs {
                bytes += rename_into(&pack, &to.join("pack"))?;
            }
            Ok(bytes)
        })
        .await
    }
}

impl Drop for View {
    /// Removing a folder takes the disk's time, which is not the runtime's.
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(folder));
        }
    }
}

/// What a view's repository is told. No hooks, no housekeeping: the store has no refs to protect anything.
fn config(push_limit: u64) -> String {
    format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tlogAllRefUpdates = false\n\thooksPath = /dev/null\n\
         \tfsync = none\n\
         [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
         [receive]\n\tautogc = false\n\tdenyDeleteCurrent = ignore\n\tdenyNonFastForwards = false\n\
         \tdenyCurrentBranch = ignore\n\tadvertisePushOptions = true\n\tadvertiseAtomic = true\n\
         \tmaxInputSize = {push_limit}\n\
         [uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n"
    )
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect()
}

fn rename_into(file: &Path, folder: &Path) -> std::io::Result<u64> {
    let Some(name) = file.file_name() else { return Ok(0) };
    // Half-written files of a child that failed are not objects.
    if name.to_string_lossy().starts_with("tmp_") || file.is_dir() {
        return Ok(0);
    }
    let bytes = file.metadata()?.len();
    let to = folder.join(name);
    if !to.exists() {
        fs::rename(file, to)?;
    }
    Ok(bytes)
}

fn loose(folder: &Path, name: &str, refs: &mut BTreeMap<String, ObjectId>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(|n| format!("{name}/{n}")) else { continue };
        if entry.file_type()?.is_dir() {
            loose(&entry.path(), &name, refs)?;
        } else if let Ok(id) = fs::read_to_string(entry.path())?.trim().parse() {
            refs.insert(name, id);
        }
    }
    Ok(())
}

/// File work off the runtime's own threads.
pub(crate) async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, GitError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(GitError::io(what)),
        Err(panicked) => Err(GitError::Io { what, source: std::io::Error::other(panicked) }),
    }
}
