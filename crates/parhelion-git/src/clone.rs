//! Fetching a branch of a repository elsewhere into the store.

use crate::{
    GitError, GitHost, ObjectId, Refs,
    host::{failed, limited, read_all},
    valid_branch_name,
    view::View,
};
use std::process::{Output, Stdio};

/// The ref that a fetched branch has in the view.
const FETCHED: &str = "refs/heads/fetched";

impl GitHost {
    /// Fetches a branch over HTTP and keeps its objects; what it points to. `None`: there is no such branch.
    /// Bounded as a push is.
    ///
    /// # Errors
    /// [`GitError::Failed`] with git's own words when the repository cannot be had. Credentials in the URL are not
    /// repeated.
    pub async fn fetch(&self, url: &str, branch: &str) -> Result<Option<ObjectId>, GitError> {
        let host = &self.inner;
        host.version().await?;
        if !valid_branch_name(branch) || url.starts_with('-') {
            return Err(GitError::BadRefName(branch.to_owned()));
        }
        let view = View::make(host, &Refs::empty("main")).await?;
        let turn = host.transfers.acquire().await;
        let from_to = format!("+refs/heads/{branch}:{FETCHED}");
        let args = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", url, &from_to];
        let mut command = host.command(view.path(), &args);
        // No protocol that would start programs or read files of this machine.
        command.env("GIT_ALLOW_PROTOCOL", "http:https").stdin(Stdio::null());
        let mut child = host.spawn(command)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (out, err) = tokio::join!(read_all(stdout, 64 * 1024), read_all(stderr, 64 * 1024));
            let status = child.wait().await.map_err(GitError::io("waiting for git"))?;
            Ok(Output { status, stdout: out?, stderr: err.unwrap_or_default() })
        };
        let output = limited("fetch", host.settings.transfer_secs, work).await?;
        drop(turn);
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            if said.contains("couldn't find remote ref") {
                return Ok(None);
            }
            let error = failed(&["fetch"], &output);
            return Err(match (error, user_info(url)) {
                (GitError::Failed { command, status, stderr }, Some(secret)) => {
                    GitError::Failed { command, status, stderr: stderr.replace(secret, "****") }
                }
                (error, _) => error,
            });
        }
        let tip = view.refs().await?.get(FETCHED).copied();
        view.keep(host).await?;
        Ok(tip)
    }
}

/// What stands before the `@` of an address.
fn user_info(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split('/').next()?;
    authority.rsplit_once('@').map(|(user, _)| user)
}
