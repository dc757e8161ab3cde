//! Runs one command of the machine in a folder: a process group of its own, only the environment that it is given, a time
//! limit, its output as it comes. Nothing of the group is left when it is over.
//!
//! It knows no cloud, keeps no output and decides nothing: whoever calls it says what to run, listens, and judges how it
//! ended. On systems that are no Unix nothing is run.

#[cfg(unix)]
mod group;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use unix::run;

use std::{ffi::OsString, path::PathBuf, time::Duration};

/// What to run.
#[derive(Clone, Debug)]
pub struct Task {
    /// The program: a path, or a name that is looked for on `PATH` of this environment.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// How long it may take, in real time.
    pub limit: Duration,
    /// Whether standard error comes apart from standard output; together they come in the order of writing.
    pub apart: bool,
}

/// Where bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output, or both when they are not apart.
    Output,
    /// Standard error.
    Error,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// It was killed: it took too long.
    TimedOut,
    /// It was killed: nobody wanted it any more.
    Stopped,
}

/// Nothing is run here.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub async fn run(
    _task: Task,
    _stop: impl Future<Output = ()>,
    _take: impl FnMut(Stream, &[u8]),
) -> std::io::Result<Ended> {
    Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "commands are run on Unix only"))
}
