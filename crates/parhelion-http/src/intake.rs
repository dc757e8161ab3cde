//! A request's body on its way in: bounded in length, watched for progress, kept for the record.

use crate::{Body, BodyError, capture::Kept};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use parking_lot::Mutex;
use std::{
    error::Error as _,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// A body that fails with [`BodyError`].
pub(crate) struct Intake {
    inner: Body,
    /// Bytes that may still come.
    left: u64,
    limit: u64,
    idle: Duration,
    /// Made when the body first keeps us waiting.
    patience: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    over: bool,
    kept: Option<Arc<Mutex<Kept>>>,
}

impl Intake {
    /// Lets at most `limit` bytes of `inner` through, and waits at most `idle` for each piece.
    pub(crate) fn new(inner: Body, limit: u64, idle: Duration, kept: Option<Arc<Mutex<Kept>>>) -> Self {
        let mut intake =
            Intake { inner, left: limit, limit, idle, patience: None, waiting: false, over: false, kept };
        if intake.inner.is_end_stream() {
            intake.ended();
        }
        intake
    }

    fn ended(&mut self) {
        self.over = true;
        if let Some(kept) = &self.kept {
            kept.lock().end();
        }
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.over = true;
        // The connection hears at once that nobody reads on, and can send the answer.
        self.inner = Body::empty();
        Poll::Ready(Some(Err(error)))
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(self.idle)));
        if !self.waiting {
            self.waiting = true;
            patience.as_mut().reset(Instant::now() + self.idle);
        }
        patience.as_mut().poll(cx)
    }
}

impl http_body::Body for Intake {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        // A declared length beyond the limit is refused unread; who waits for `100 Continue` sends nothing then.
        if self.inner.size_hint().lower() > self.left {
            let limit = self.limit;
            return self.fail(BodyError::TooLarge { limit });
        }
        let frame = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => {
                return match self.wait(cx) {
                    Poll::Ready(()) => self.fail(BodyError::Stalled),
                    Poll::Pending => Poll::Pending,
                };
            }
            Poll::Ready(frame) => frame,
        };
        self.waiting = false;
        match frame {
            None => {
                self.ended();
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                let why = chain(&error);
                self.fail(BodyError::Broken(why))
            }
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let Some(left) = self.left.checked_sub(data.len() as u64) else {
                        let limit = self.limit;
                        return self.fail(BodyError::TooLarge { limit });
                    };
                    self.left = left;
                    if let Some(kept) = &self.kept {
                        kept.lock().push(data);
                    }
                }
                if self.inner.is_end_stream() {
                    self.ended();
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }
    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An error's text with those of its sources, as far as they say something new.
fn chain(error: &axum::Error) -> String {
    let mut said = error.to_string();
    let mut at = error.source();
    while let Some(source) = at {
        let text = source.to_string();
        if !said.contains(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
        at = source.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_body;
    use futures_util::stream;

    fn intake(body: Body, limit: u64, kept: &Arc<Mutex<Kept>>) -> Body {
        Body::new(Intake::new(body, limit, Duration::from_secs(300), Some(kept.clone())))
    }
    fn pieces(pieces: &'static [&'static [u8]]) -> Body {
        Body::from_stream(stream::iter(pieces.iter().map(|p| Ok::<_, std::io::Error>(Bytes::from_static(p)))))
    }

    #[tokio::test]
    async fn a_body_of_the_limit_passes_and_one_byte_more_does_not() {
        for (body, outcome) in [
            (Body::from("abcd"), Ok(Bytes::from_static(b"abcd"))),
            (pieces(&[b"ab", b"cd"]), Ok(Bytes::from_static(b"abcd"))),
            (Body::from("abcde"), Err(BodyError::TooLarge { limit: 4 })),
            (pieces(&[b"ab", b"cd", b"e"]), Err(BodyError::TooLarge { limit: 4 })),
            (Body::empty(), Ok(Bytes::new())),
        ] {
            assert_eq!(read_body(intake(body, 4, &Arc::default()), u64::MAX).await, outcome);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_fails_after_five_minutes() {
        let kept = Arc::<Mutex<Kept>>::default();
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"ab"))]);
        let body = Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()));
        let started = Instant::now();
        assert_eq!(read_body(intake(body, 4, &kept), u64::MAX).await, Err(BodyError::Stalled));
        assert_eq!(started.elapsed().as_secs(), parhelion_core::limits::BODY_IDLE_SECS);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_begins_anew_with_each_piece() {
        // Ten pieces, each after 200 s: 2000 s in all, never 300 s without progress.
        let slow = stream::unfold(0, |n| async move {
            tokio::time::sleep(Duration::from_secs(200)).await;
            (n < 10).then(|| (Ok::<_, std::io::Error>(Bytes::from_static(b"x")), n + 1))
        });
        let read = read_body(intake(Body::from_stream(slow), 100, &Arc::default()), u64::MAX).await;
        assert_eq!(read.map(|b| b.len()), Ok(10));
    }

    #[tokio::test]
    async fn a_broken_body_says_why() {
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("the cable was cut"))]);
        let read = read_body(intake(Body::from_stream(broken), 4, &Arc::default()), u64::MAX).await;
        assert_eq!(read, Err(BodyError::Broken("the cable was cut".into())));
    }
}
