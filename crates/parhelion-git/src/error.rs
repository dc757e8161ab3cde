//! What can go wrong, for callers to turn into their own error form.

use crate::ObjectId;

/// Why a git call did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No usable `git` on `PATH`. The sentence is fit for a client.
    #[error("git hosting needs the git program, version 2.38 or newer, on the server's PATH: {0}")]
    Missing(String),
    /// The time limit passed; the child was killed.
    #[error("git {command} took longer than {seconds} seconds")]
    TooSlow {
        /// The git command.
        command: String,
        /// The limit.
        seconds: u64,
    },
    /// More bytes than the settings allow.
    #[error("the request is larger than {limit} bytes")]
    TooLarge {
        /// The limit that was passed.
        limit: u64,
    },
    /// The client's bytes are no such request (bad pkt-lines, bad gzip).
    #[error("{0}")]
    Malformed(String),
    /// The client's body ended or stalled before it was whole. The inner text says how.
    #[error("the request's body broke off: {0}")]
    Interrupted(String),
    /// No such commit, tree or blob in the store.
    #[error("object {0} does not exist")]
    NoSuchObject(ObjectId),
    /// A change names a path that its base does not have.
    #[error("path \"{0}\" does not exist")]
    NoSuchPath(String),
    /// A change names a path that git could not hold.
    #[error("\"{0}\" is no valid path")]
    BadPath(String),
    /// A ref name that git does not allow.
    #[error("\"{0}\" is no valid ref name")]
    BadRefName(String),
    /// Git ended with an error of its own.
    #[error("git {command} failed ({status}): {stderr}")]
    Failed {
        /// The git command.
        command: String,
        /// Its exit status as text.
        status: String,
        /// The first lines of its standard error.
        stderr: String,
    },
    /// The file system or a pipe.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The cause.
        source: std::io::Error,
    },
}

impl GitError {
    /// For `map_err`: an I/O error while doing that.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> GitError {
        move |source| GitError::Io { what, source }
    }
    /// Whether it is the client's fault (a 4xx), not the server's.
    pub fn is_clients(&self) -> bool {
        matches!(
            self,
            GitError::TooLarge { .. }
                | GitError::Malformed(_)
                | GitError::Interrupted(_)
                | GitError::NoSuchObject(_)
                | GitError::NoSuchPath(_)
                | GitError::BadPath(_)
                | GitError::BadRefName(_)
        )
    }
}
