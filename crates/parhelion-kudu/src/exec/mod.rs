//! Running a command for real, where the setting `kudu.exec` says so: in a folder made of the site's files, which is
//! read back afterwards.
//!
//! A command has the rights of this process and is no prisoner of its folder; that is why the setting is off by
//! default. It has no environment but `PATH`, `HOME` and what it is given.

mod workspace;

pub use workspace::{Change, Workspace, apply};

use crate::store::Tree;
use parhelion_exec::{Ended, Stream};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Most that is kept of either output, bytes.
pub const OUTPUT_BYTES: usize = 1024 * 1024;
/// Longest that any command may take, seconds.
pub const MAX_SECS: u64 = 600;

/// What is to be run.
pub struct Task {
    /// The site's files.
    pub tree: Tree,
    /// The folder to run in, below HOME.
    pub folder: String,
    /// What the shell is given.
    pub command: String,
    /// Its environment besides `PATH` and `HOME`; `{home}` in a value stands for the folder that HOME is made in.
    pub environment: BTreeMap<String, String>,
    /// Real time that it may take.
    pub timeout: Duration,
    /// Most bytes that the site's files may take afterwards.
    pub max_site_bytes: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// What it wrote to its output.
    pub output: String,
    /// What it wrote to its error output.
    pub error: String,
    /// Its exit code; that of a signal is 128 and the signal's number.
    pub code: i32,
    /// What it changed of the files.
    pub changes: Vec<Change>,
}

/// Runs a command with `sh -c`.
///
/// # Errors
/// When it cannot be started, takes too long, or leaves more files than a site may have; nothing is changed then.
pub async fn run(task: Task) -> io::Result<Ran> {
    let Task { tree, folder, command, environment, timeout, max_site_bytes } = task;
    let made = tokio::task::spawn_blocking(move || Workspace::of(tree));
    let workspace = made.await.map_err(io::Error::other)??;
    let ran = shell(workspace.home(), &folder, &command, &environment, timeout).await;
    let (code, output, error) = ran?;
    let read = tokio::task::spawn_blocking(move || workspace.changes(max_site_bytes));
    let changes = read.await.map_err(io::Error::other)??;
    Ok(Ran { output, error, code, changes })
}

async fn shell(
    home: &Path,
    folder: &str,
    command: &str,
    environment: &BTreeMap<String, String>,
    timeout: Duration,
) -> io::Result<(i32, String, String)> {
    let home_text = home.to_string_lossy();
    let given =
        environment.iter().map(|(name, value)| (name.into(), value.replace("{home}", &home_text).into()));
    let own = [("HOME".into(), home.into()), ("PATH".into(), std::env::var_os("PATH").unwrap_or_default())];
    let task = parhelion_exec::Task {
        program: "sh".into(),
        arguments: vec!["-c".into(), command.into()],
        folder: home.join(folder),
        environment: given.chain(own).collect(),
        limit: timeout,
        apart: true,
    };
    let (mut output, mut error) = (Vec::new(), Vec::new());
    let take = |stream: Stream, bytes: &[u8]| {
        let kept = if stream == Stream::Output { &mut output } else { &mut error };
        let room = OUTPUT_BYTES.saturating_sub(kept.len());
        kept.extend(bytes.iter().take(room));
    };
    let code = match parhelion_exec::run(task, std::future::pending(), take).await? {
        Ended::Exited(code) => code,
        Ended::Signalled(signal) => 128 + signal,
        Ended::TimedOut | Ended::Stopped => {
            let text = format!("The command was ended: it took more than {} seconds.", timeout.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((code, text(output), text(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Content;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            let content = Content::new(bytes::Bytes::copy_from_slice(text.as_bytes()));
            tree.put(path, content.hash(), content, 1).unwrap();
        }
        tree
    }
    async fn sh(files: &[(&str, &str)], command: &str) -> io::Result<Ran> {
        let environment = [("GREETING".to_owned(), "hi from {home}".to_owned())].into();
        run(Task {
            tree: tree(files),
            folder: "site".to_owned(),
            command: command.to_owned(),
            environment,
            timeout: Duration::from_secs(20),
            max_site_bytes: 1_000,
        })
        .await
    }

    #[tokio::test]
    async fn a_command_sees_the_files_and_changes_them() {
        let files = [("site/a", "one"), ("site/b", "two"), ("site/d/e", "")];
        let ran =
            sh(&files, "cat a; echo err >&2; rm b; echo new > d/f; mkdir g; rm d/e; exit 3").await.unwrap();
        assert_eq!((ran.output.as_str(), ran.error.as_str(), ran.code), ("one", "err\n", 3));
        let mut changed: Vec<String> = ran.changes.iter().map(|change| format!("{change:?}")).collect();
        changed.sort();
        let expected = ["Folder(\"site/g\")", "Gone(\"site/b\")", "Gone(\"site/d/e\")", "Put(\"site/d/f\""];
        assert_eq!(changed.len(), 4, "{changed:?}");
        for (change, start) in changed.iter().zip(expected) {
            assert!(change.starts_with(start), "{changed:?}");
        }
    }

    #[tokio::test]
    async fn its_environment_is_its_own() {
        let ran = sh(&[("site/a", "")], "echo $GREETING; pwd; env | sort | cut -d= -f1 | tr '\\n' ' '")
            .await
            .unwrap();
        let lines: Vec<&str> = ran.output.lines().collect();
        let home = lines[0].strip_prefix("hi from ").unwrap();
        assert_eq!(lines[1], format!("{home}/site"));
        for name in lines[2].split_whitespace() {
            assert!(["GREETING", "HOME", "PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name), "{name}");
        }
        assert!(!Path::new(home).exists());
    }

    #[tokio::test]
    async fn what_it_leaves_running_is_ended() {
        let ran = sh(&[("site/a", "")], "sleep 600 & echo $!").await.unwrap();
        let left = ran.output.trim().to_owned();
        let is_there = || {
            // A process that was ended and that nobody has asked after is no longer running.
            let stat = std::fs::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        for _ in 0..200_000 {
            if !is_there() {
                return;
            }
            std::thread::yield_now();
        }
        assert!(!is_there(), "{left}");
    }

    #[tokio::test]
    async fn one_that_goes_too_far_changes_nothing() {
        let full = sh(&[("site/a", "")], "head -c 2000 /dev/zero > big").await.unwrap_err();
        assert!(full.to_string().contains("kudu.max_site_bytes"), "{full}");
        let slow = run(Task {
            tree: tree(&[("site/a", "")]),
            folder: "site".to_owned(),
            command: "sleep 600".to_owned(),
            environment: BTreeMap::new(),
            timeout: Duration::from_millis(100),
            max_site_bytes: 1_000,
        });
        assert_eq!(slow.await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(sh(&[("a", "")], "true").await.is_err(), "no such folder");
        assert!(sh(&[("site/a", "")], "a\0b").await.is_err());
    }

    #[tokio::test]
    async fn links_are_not_followed() {
        let ran = sh(&[("site/a", "")], "ln -s /etc/passwd link; ln -s / root; mkfifo pipe").await.unwrap();
        assert!(ran.changes.is_empty(), "{:?}", ran.changes);
    }
}
