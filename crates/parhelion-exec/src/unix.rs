//! Running it, where there are process groups.

use crate::{Ended, Stream, Task, group::Group};
use std::{io, os::unix::process::ExitStatusExt, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::unix::pipe::Receiver,
    process::Command,
    time::Instant,
};

/// How long a group has to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long output is read after the command itself has ended: others of its group may still hold the pipe.
const LINGER: Duration = Duration::from_millis(500);
/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Runs a command until it ends, takes too long, or `stop` is ready. `take` gets its output as it comes, in pieces that
/// end anywhere.
///
/// # Errors
/// When it cannot be started.
pub async fn run(
    task: Task,
    stop: impl Future<Output = ()>,
    mut take: impl FnMut(Stream, &[u8]),
) -> io::Result<Ended> {
    let (output, for_output) = io::pipe()?;
    let mut command = Command::new(&task.program);
    command.args(&task.arguments).current_dir(&task.folder).env_clear().envs(task.environment);
    command.stdin(Stdio::null()).process_group(0).kill_on_drop(true);
    let error = if task.apart {
        let (error, for_error) = io::pipe()?;
        command.stderr(for_error);
        Some(error)
    } else {
        command.stderr(for_output.try_clone()?);
        None
    };
    command.stdout(for_output);
    let mut child = command.spawn()?;
    // The command holds the writing ends: without them closed here the output never ends.
    drop(command);
    let group = Group::of(child.id());
    let mut output = Some(Receiver::from_owned_fd(output.into())?);
    let mut error = error.map(|error| Receiver::from_owned_fd(error.into())).transpose()?;

    let mut stop = std::pin::pin!(stop);
    let mut limit = std::pin::pin!(tokio::time::sleep(task.limit));
    let (mut first, mut second) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut status = None;
    let mut until = Instant::now();
    while status.is_none() || output.is_some() || error.is_some() {
        tokio::select! {
            n = next(&mut output, &mut first) => if let Some(bytes) = n { take(Stream::Output, first.get(..bytes).unwrap_or_default()) },
            n = next(&mut error, &mut second) => if let Some(bytes) = n { take(Stream::Error, second.get(..bytes).unwrap_or_default()) },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended?);
                until = Instant::now() + LINGER;
            }
            () = tokio::time::sleep_until(until), if status.is_some() => break,
            () = &mut limit, if status.is_none() => {
                end(&mut child, &group).await;
                return Ok(Ended::TimedOut);
            }
            () = &mut stop, if status.is_none() => {
                end(&mut child, &group).await;
                return Ok(Ended::Stopped);
            }
        }
    }
    group.kill();
    let status = match status {
        Some(status) => status,
        None => child.wait().await?,
    };
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, Some(signal)) => Ended::Signalled(signal),
        (None, None) => Ended::Exited(-1),
    })
}

/// How many bytes came; a pipe that is at its end is closed. Never ready without one.
async fn next<R: AsyncRead + Unpin>(pipe: &mut Option<R>, buffer: &mut [u8]) -> Option<usize> {
    let Some(open) = pipe else { return std::future::pending().await };
    match open.read(buffer).await {
        Ok(n) if n > 0 => Some(n),
        Ok(_) | Err(_) => {
            *pipe = None;
            None
        }
    }
}

/// Ends a group: it is asked to, then it is killed.
async fn end(child: &mut tokio::process::Child, group: &Group) {
    group.terminate();
    let _ = tokio::time::timeout(GRACE, child.wait()).await;
    group.kill();
    let _ = child.wait().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str, limit: Duration) -> Task {
        Task {
            program: "sh".into(),
            arguments: vec!["-c".into(), text.into()],
            folder: "/".into(),
            environment: vec![
                ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
                ("A".into(), "b".into()),
            ],
            limit,
            apart: false,
        }
    }

    async fn heard(task: Task) -> (Ended, String) {
        let mut all = Vec::new();
        let ended = run(task, std::future::pending(), |_, bytes| all.extend_from_slice(bytes)).await.unwrap();
        (ended, String::from_utf8(all).unwrap())
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn output_comes_in_its_order_with_the_status() {
        let text = "echo one; echo two >&2; echo $A $HOME; exit 3";
        assert_eq!(heard(script(text, LONG)).await, (Ended::Exited(3), "one\ntwo\nb\n".into()));
        let apart = Task { apart: true, ..script("echo x >&2", LONG) };
        let mut streams = Vec::new();
        run(apart, std::future::pending(), |stream, _| streams.push(stream)).await.unwrap();
        assert_eq!(streams, [Stream::Error]);
        assert_eq!(heard(script("kill -9 $$", LONG)).await.0, Ended::Signalled(9));
        assert!(
            run(Task { program: "/none".into(), ..script("", LONG) }, std::future::pending(), |_, _| {})
                .await
                .is_err()
        );
    }

    /// The id that a script printed of a process of its group; whether it is alive.
    fn alive(printed: &str) -> bool {
        let id: u32 = printed.lines().next().unwrap().trim().parse().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // What nobody has waited for yet is dead all the same.
        !status.is_empty() && !status.contains(") Z ")
    }

    /// Whether it is dead before long: a signal is sent at once, and taken when its receiver's turn comes.
    fn gone(printed: &str) -> bool {
        (0..200_000).any(|_| {
            std::thread::yield_now();
            !alive(printed)
        })
    }

    #[tokio::test]
    async fn what_forks_and_never_ends_is_killed_with_its_children() {
        let endless = "trap '' TERM; (trap '' TERM; while :; do sleep 100; done) & echo $!; while :; do sleep 100; done";
        let (ended, said) = heard(script(endless, Duration::from_millis(300))).await;
        assert_eq!(ended, Ended::TimedOut);
        assert!(gone(&said));
        // One that ends and leaves others behind.
        let (ended, said) = heard(script("(while :; do sleep 100; done) & echo $!", LONG)).await;
        assert_eq!(ended, Ended::Exited(0));
        assert!(gone(&said));
    }

    #[tokio::test]
    async fn what_nobody_wants_any_more_is_killed() {
        let (told, wait) = tokio::sync::oneshot::channel::<()>();
        let mut told = Some(told);
        let stop = async {
            let _ = wait.await;
        };
        let take = |_: Stream, _: &[u8]| drop(told.take());
        let ended = run(script("echo begun; sleep 100", LONG), stop, take).await.unwrap();
        assert_eq!(ended, Ended::Stopped);
    }
}
