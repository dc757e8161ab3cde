//! A work tree for those who run commands in it.

use crate::{
    GitError, GitHost, ObjectId, Refs,
    host::{failed, limited, read_all},
    view::View,
};
use std::{path::Path, process::Stdio};

impl GitHost {
    /// Makes a real clone of a repository in a folder, which is empty or not there yet, with a commit checked out and the
    /// head detached. Its remote `origin` is `url`. It shares the store's objects, which are never taken away while the
    /// host lives.
    ///
    /// # Errors
    /// When git fails; [`GitError::Failed`] says what it said.
    pub async fn check_out(
        &self,
        refs: &Refs,
        commit: ObjectId,
        url: &str,
        folder: &Path,
    ) -> Result<(), GitError> {
        let host = &self.inner;
        host.version().await?;
        let view = View::make(host, refs).await?;
        let (from, to) = (view.path().to_string_lossy(), folder.to_string_lossy());
        let commit = commit.to_string();
        // What a push made of a repository runs nothing here.
        let quiet = ["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"];
        let clone = ["clone", "--quiet", "--no-checkout", "--no-hardlinks", "--", &from, &to];
        self.plain(view.path(), &[&quiet[..], &clone].concat()).await?;
        self.plain(folder, &["remote", "set-url", "origin", url]).await?;
        self.plain(folder, &[&quiet[..], &["checkout", "--quiet", "--detach", &commit]].concat()).await?;
        Ok(())
    }

    /// `git …` that finds its repository by itself.
    async fn plain(&self, folder: &Path, args: &[&str]) -> Result<(), GitError> {
        let host = &self.inner;
        let _turn = host.calls.acquire().await;
        let mut command = host.command(folder, args);
        command.env_remove("GIT_DIR").stdout(Stdio::null());
        let mut child = host.spawn(command)?;
        let stderr = child.stderr.take();
        let name = args.iter().find(|arg| ["clone", "checkout", "remote"].contains(arg)).copied();
        let work = async {
            let said = read_all(stderr, 64 * 1024).await.unwrap_or_default();
            let status = child.wait().await.map_err(GitError::io("waiting for git"))?;
            Ok::<_, GitError>(std::process::Output { status, stdout: Vec::new(), stderr: said })
        };
        let name = name.unwrap_or("git");
        let output = limited(name, host.settings.transfer_secs, work).await?;
        if output.status.success() { Ok(()) } else { Err(failed(&[name], &output)) }
    }
}
