//! A request's body as it comes off a connection, and what becomes of the part that nobody reads.

use crate::io::{LINGER, LINGER_BYTES, LINGER_IDLE};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::{runtime::Handle, time::timeout};

/// What to do about a body that is dropped before its end.
#[derive(Clone)]
pub(crate) enum Leftover {
    /// HTTP/1: raise the flag. The connection is closed after the answer, and lingers
    /// ([`crate::io::Lingering`]). Not read here: that would ask for a body that waits for `100 Continue`.
    Flag(Arc<AtomicBool>),
    /// HTTP/2: read it and throw it away. The stream would be reset otherwise, which the protocol allows after
    /// an answer (RFC 9113, 8.1), but which makes some clients lose the answer (OBSERVED: curl 7.88).
    Discard,
}

impl Leftover {
    /// HTTP/1's flag.
    pub(crate) fn flag(&self) -> Option<Arc<AtomicBool>> {
        match self {
            Leftover::Flag(unread) => Some(unread.clone()),
            Leftover::Discard => None,
        }
    }
}

/// A body off a connection.
pub(crate) struct Arriving {
    /// Gone when it was handed on for discarding.
    body: Option<Incoming>,
    leftover: Leftover,
    ended: bool,
}

impl Arriving {
    pub(crate) fn new(body: Incoming, leftover: Leftover) -> Self {
        Arriving { body: Some(body), leftover, ended: false }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        self.ended = !matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }
    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if self.ended || self.is_end_stream() {
            return;
        }
        match (&self.leftover, self.body.take(), Handle::try_current()) {
            (Leftover::Flag(unread), ..) => unread.store(true, Ordering::Relaxed),
            (Leftover::Discard, Some(body), Ok(runtime)) => drop(runtime.spawn(discard(body))),
            // The runtime is gone, and the connections with it.
            (Leftover::Discard, ..) => {}
        }
    }
}

/// Reads a body to its end, within the bounds of a connection's lingering.
async fn discard(mut body: Incoming) {
    let to_the_end = async {
        let mut left = LINGER_BYTES;
        while let Ok(Some(Ok(frame))) = timeout(LINGER_IDLE, body.frame()).await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len) as u64);
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(LINGER, to_the_end).await;
}
