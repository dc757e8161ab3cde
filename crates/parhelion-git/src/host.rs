//! The object store on disk, and the one place that starts git.

use crate::{GitError, read::Readers};
use parhelion_core::text;
use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    sync::{OnceCell, Semaphore},
};

/// Bounds of git hosting, each with its default.
#[derive(Clone, Debug)]
pub struct GitSettings {
    /// The program: a name to be looked for on `PATH`, or a path.
    pub program: PathBuf,
    /// Seconds for one transfer of a clone, fetch or push.
    pub transfer_secs: u64,
    /// Seconds for any other call.
    pub call_secs: u64,
    /// Largest push, bytes (decoded).
    pub push_bytes: u64,
    /// Largest request of a fetch (its list of wants and haves), bytes (decoded).
    pub fetch_request_bytes: u64,
    /// Largest file or listing that is read into memory, bytes.
    pub read_bytes: u64,
    /// Git processes at one time, of transfers and of other calls each; further ones wait.
    pub children: usize,
}

impl Default for GitSettings {
    fn default() -> Self {
        GitSettings {
            program: PathBuf::from("git"),
            transfer_secs: 600,
            call_secs: 60,
            push_bytes: 500 * 1000 * 1000,
            fetch_request_bytes: 32 * 1024 * 1024,
            read_bytes: 256 * 1024 * 1024,
            children: 32,
        }
    }
}

/// Tries to remove a temporary host's folder.
const REMOVALS: usize = 10;

/// Git hosting: one object store for all repositories. A clone is the same host.
#[derive(Clone)]
pub struct GitHost {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: GitSettings,
    /// `objects`: the store. `reader`: a repository without refs over it, for plumbing. `views`: one folder for each
    /// call under way. `home`: an empty home folder. All on one file system, so that objects move by rename.
    root: PathBuf,
    /// Removes the root when nobody asked for a lasting one.
    temporary: Mutex<Option<tempfile::TempDir>>,
    version: OnceCell<(u32, u32)>,
    /// Turns of short calls. A transfer can last as long as its client is slow: it must not hold these up.
    pub(crate) calls: Semaphore,
    /// Turns of transfers.
    pub(crate) transfers: Arc<Semaphore>,
    pub(crate) readers: Readers,
}

impl GitHost {
    /// A host whose objects live below `root`, which is made if need be. Git itself is looked for on first use.
    pub fn open(root: impl Into<PathBuf>, settings: GitSettings) -> Result<GitHost, GitError> {
        GitHost::on(root.into(), None, settings)
    }
    /// A host whose objects go when it is dropped or closed.
    pub fn temporary(settings: GitSettings) -> Result<GitHost, GitError> {
        let folder = tempfile::Builder::new()
            .prefix("parhelion-git-")
            .tempdir()
            .map_err(GitError::io("making a temporary folder for git objects"))?;
        GitHost::on(folder.path().to_owned(), Some(folder), settings)
    }

    fn on(
        root: PathBuf,
        temporary: Option<tempfile::TempDir>,
        settings: GitSettings,
    ) -> Result<GitHost, GitError> {
        let make = || -> std::io::Result<PathBuf> {
            std::fs::create_dir_all(&root)?;
            let root = root.canonicalize()?;
            for folder in
                ["objects/pack", "objects/info", "reader/objects/info", "reader/refs", "views", "home"]
            {
                std::fs::create_dir_all(root.join(folder))?;
            }
            // What an earlier server left unfinished belongs to no push any more.
            for left in std::fs::read_dir(root.join("views"))? {
                std::fs::remove_dir_all(left?.path())?;
            }
            std::fs::write(root.join("reader/HEAD"), "ref: refs/heads/none\n")?;
            std::fs::write(
                root.join("reader/config"),
                "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
            )?;
            std::fs::write(
                root.join("reader/objects/info/alternates"),
                format!("{}\n", root.join("objects").display()),
            )?;
            Ok(root)
        };
        let root = make().map_err(GitError::io("preparing the folder for git objects"))?;
        let children = settings.children.max(1);
        let inner = Inner {
            settings,
            root,
            temporary: Mutex::new(temporary),
            version: OnceCell::new(),
            calls: Semaphore::new(children),
            transfers: Arc::new(Semaphore::new(children)),
            readers: Readers::default(),
        };
        Ok(GitHost { inner: Arc::new(inner) })
    }

    /// The installed git's version; fails with a sentence for the user when it is missing or too old.
    pub async fn version(&self) -> Result<(u32, u32), GitError> {
        self.inner.version().await
    }
    /// Removes a temporary host's folder now. A process that ends without dropping the host calls this first; git
    /// calls fail from then on.
    pub fn close(&self) {
        self.inner.readers.dismiss();
        let folder = self.inner.temporary.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(root) = folder.map(tempfile::TempDir::keep) else { return };
        // A view that is being removed at the same time, or a child's last file, can make one try fail.
        let mut done = Ok(());
        for _ in 0..REMOVALS {
            done = std::fs::remove_dir_all(&root);
            if !root.exists() {
                return;
            }
        }
        if let Err(e) = done {
            tracing::warn!(error = %e, folder = %root.display(), "the folder of git objects could not be removed");
        }
    }
    /// The bounds in force.
    pub fn settings(&self) -> &GitSettings {
        &self.inner.settings
    }
}

impl Inner {
    pub(crate) fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }
    pub(crate) fn views(&self) -> PathBuf {
        self.root.join("views")
    }
    /// The repository without refs over the whole store.
    pub(crate) fn reader(&self) -> PathBuf {
        self.root.join("reader")
    }

    pub(crate) async fn version(&self) -> Result<(u32, u32), GitError> {
        let probe = || async {
            let mut git = Command::new(&self.settings.program);
            git.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
            let output = tokio::time::timeout(Duration::from_secs(10), git.output())
                .await
                .map_err(|_| GitError::Missing("`git --version` did not answer".to_owned()))?
                .map_err(|e| GitError::Missing(format!("it could not be started ({e})")))?;
            let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            match parse_version(&said) {
                // Docs: merge-tree --write-tree and cat-file -z came with 2.38.
                Some(version) if version >= (2, 38) => Ok(version),
                _ => Err(GitError::Missing(format!("found \"{}\"", text::prefix(&said, 60)))),
            }
        };
        self.version.get_or_try_init(probe).await.copied()
    }

    /// `git …` on the repository at `dir`, in an environment where nothing of this machine's configuration counts.
    pub(crate) fn command(&self, dir: &Path, args: &[&str]) -> Command {
        let mut git = Command::new(&self.settings.program);
        git.args(args).env_clear().current_dir(dir).kill_on_drop(true);
        git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(path) = std::env::var_os("PATH") {
            git.env("PATH", path);
        }
        let home = self.root.join("home");
        git.env("HOME", &home).env("XDG_CONFIG_HOME", &home);
        git.env("GIT_DIR", dir).env("LC_ALL", "C").env("TZ", "UTC");
        git.env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1");
        git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ADVICE", "0");
        // Docs: git-config, safe.directory counts only when it does not stand in the repository.
        git.env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*");
        git
    }

    pub(crate) fn spawn(&self, mut command: Command) -> Result<Child, GitError> {
        command.spawn().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => GitError::Missing(format!("it could not be started ({e})")),
            _ => GitError::Io { what: "starting git", source: e },
        })
    }

    /// Runs to the end with that input; any exit status. The output is bounded by the settings.
    pub(crate) async fn output(&self, dir: &Path, args: &[&str], input: &[u8]) -> Result<Output, GitError> {
        self.version().await?;
        let _turn = self.calls.acquire().await;
        let mut command = self.command(dir, args);
        command.stdin(Stdio::piped());
        let mut child = self.spawn(command)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A child that ends early closes its end; its status says why.
                let _ = stdin.write_all(input).await;
                let _ = stdin.shutdown().await;
            }
        };
        let limit = self.settings.read_bytes;
        let name = args.first().copied().unwrap_or_default();
        let work = async {
            let ((), out, err) = tokio::join!(feed, read_all(stdout, limit), read_all(stderr, 64 * 1024));
            let status = child.wait().await.map_err(GitError::io("waiting for git"))?;
            Ok::<_, GitError>(Output { status, stdout: out?, stderr: err.unwrap_or_default() })
        };
        limited(name, self.settings.call_secs, work).await
    }

    /// [`Inner::output`] that must succeed: standard output.
    pub(crate) async fn run(&self, dir: &Path, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let output = self.output(dir, args, input).await?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(args, &output)) }
    }
}

/// What a failed child said.
pub(crate) fn failed(args: &[&str], output: &Output) -> GitError {
    let stderr = String::from_utf8_lossy(&output.stderr);
    GitError::Failed {
        command: args.first().copied().unwrap_or_default().to_owned(),
        status: output.status.to_string(),
        stderr: text::prefix(stderr.trim(), 2000).to_owned(),
    }
}

/// At most `secs` for a child's work; the child is killed when the future is dropped.
pub(crate) async fn limited<T>(
    command: &str,
    secs: u64,
    work: impl Future<Output = Result<T, GitError>>,
) -> Result<T, GitError> {
    match tokio::time::timeout(Duration::from_secs(secs), work).await {
        Ok(result) => result,
        Err(_) => Err(GitError::TooSlow { command: command.to_owned(), seconds: secs }),
    }
}

/// Everything from a pipe, at most `limit` bytes.
pub(crate) async fn read_all<R: tokio::io::AsyncRead + Unpin>(
    pipe: Option<R>,
    limit: u64,
) -> Result<Vec<u8>, GitError> {
    use tokio::io::AsyncReadExt;
    let mut all = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit + 1).read_to_end(&mut all).await.map_err(GitError::io("reading from git"))?;
    }
    if all.len() as u64 > limit { Err(GitError::TooLarge { limit }) } else { Ok(all) }
}

fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.strip_prefix("git version ")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_temporary_host_leaves_no_folder() {
        let host = GitHost::temporary(GitSettings::default()).unwrap();
        let root = host.inner.root.clone();
        assert!(root.join("objects").is_dir());
        host.close();
        assert!(!root.exists());
    }

    #[test]
    fn versions_are_read_with_or_without_suffix() {
        assert_eq!(parse_version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(parse_version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(parse_version("git version 2.45.1.windows.1"), Some((2, 45)));
        assert_eq!(parse_version("bash: git: command not found"), None);
    }
}
