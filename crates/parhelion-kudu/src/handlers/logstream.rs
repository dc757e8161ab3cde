//! `logstream`: what is written to logs, as it is written.

use super::{Answer, Ask};
use crate::domain::log_stream::Reader;
use crate::domain::vfs_path::native;
use crate::error::FilesError;
use crate::store::{KuduStore, Site};
use bytes::Bytes;
use http_body::Frame;
use parhelion_http::{Body, answer};
use parhelion_state::World;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Real time after which the stream gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// `GET logstream/{path}`.
pub async fn stream(ask: Ask, _: Body) -> Answer {
    let path = ask.file_path()?;
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    let Some(reader) = Reader::new(&version.store, &path.path) else {
        return Err(FilesError::NotFound { path: native(&format!("LogFiles/{}", path.path)) }.into());
    };
    let now = ask.world.clock.now().format("%Y-%m-%dT%H:%M:%S");
    let welcome = format!("{now}  Welcome, you are now connected to log-streaming service.\r\n");
    let set =
        version.store.settings.filled("SCM_LOGSTREAM_TIMEOUT").and_then(|text| text.parse::<u64>().ok());
    let beats = set.unwrap_or(7_200).div_ceil(HEARTBEAT.as_secs());
    let state =
        State { world: ask.world.clone(), site: ask.site.clone(), reader, beats_left: beats, quiet: 0 };
    let first: Next = Box::pin(async move { Some((Bytes::from(welcome), state)) });
    Ok(answer(200, "text/plain", Body::new(Lines { next: Some(first) })))
}

type Next = Pin<Box<dyn Future<Output = Option<(Bytes, State)>> + Send>>;

/// The lines of a stream, without an end but by the clock.
struct Lines {
    next: Option<Next>,
}

struct State {
    world: Arc<World>,
    site: Site,
    reader: Reader,
    beats_left: u64,
    /// Minutes without a line.
    quiet: u64,
}

impl State {
    /// Waits for the next lines.
    async fn next(mut self) -> Option<(Bytes, State)> {
        let mut changes = self.world.changes();
        loop {
            changes.borrow_and_update();
            if self.world.is_closed() || self.beats_left == 0 {
                return None;
            }
            let lines = self.reader.read(&self.world.shelf::<KuduStore>().load(&self.site).store);
            if !lines.is_empty() {
                self.quiet = 0;
                return Some((Bytes::from(lines), self));
            }
            match tokio::time::timeout(HEARTBEAT, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => {
                    self.quiet += 1;
                    self.beats_left -= 1;
                    let now = self.world.clock.now().format("%Y-%m-%dT%H:%M:%S");
                    let line = format!("{now}  No new trace in the past {} min(s).\r\n", self.quiet);
                    return Some((Bytes::from(line), self));
                }
            }
        }
    }
}

impl http_body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        match next.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.next = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some((bytes, state))) => {
                self.next = Some(Box::pin(state.next()));
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
        }
    }
}
