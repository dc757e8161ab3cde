//! Bytes in and out: a client's body with its bounds and gzip undone, and a child's output as a body.

use crate::{GitError, view::View};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use std::{
    io::Write as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, ReadBuf},
    process::{Child, ChildStdout},
    sync::OwnedSemaphorePermit,
};

/// How a request's body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// gzip: git does so with large fetch requests.
    Gzip,
}

impl Encoding {
    /// From the value of `Content-Encoding`.
    ///
    /// # Errors
    /// Anything but gzip.
    pub fn of(header: Option<&str>) -> Result<Encoding, GitError> {
        match header.map(|h| h.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(Encoding::Identity),
            Some("gzip" | "x-gzip") => Ok(Encoding::Gzip),
            Some(_) => Err(GitError::Malformed("the body's Content-Encoding is not gzip".to_owned())),
        }
    }
}

/// A body's bytes, decoded, at most `limit` of them.
pub(crate) struct Input<B> {
    body: B,
    gzip: Option<flate2::write::GzDecoder<Vec<u8>>>,
    /// Arrived and not yet decoded.
    waiting: Bytes,
    ended: bool,
    taken: u64,
    limit: u64,
}

impl<B> Input<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    pub(crate) fn new(body: B, encoding: Encoding, limit: u64) -> Self {
        let gzip = (encoding == Encoding::Gzip).then(|| flate2::write::GzDecoder::new(Vec::new()));
        Input { body, gzip, waiting: Bytes::new(), ended: false, taken: 0, limit }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, GitError> {
        let Some(bytes) = self.decoded().await? else { return Ok(None) };
        self.taken += bytes.len() as u64;
        if self.taken > self.limit { Err(GitError::TooLarge { limit: self.limit }) } else { Ok(Some(bytes)) }
    }

    async fn decoded(&mut self) -> Result<Option<Bytes>, GitError> {
        let bad = |e: std::io::Error| GitError::Malformed(format!("the body is no gzip: {e}"));
        loop {
            if let Some(gzip) = &mut self.gzip {
                // Small steps: 4 KiB decode to 4 MiB at most, whatever the client sends.
                let step = self.waiting.split_to(self.waiting.len().min(4096));
                gzip.write_all(&step).map_err(bad)?;
                if self.ended && step.is_empty() {
                    gzip.try_finish().map_err(bad)?;
                }
                let out = std::mem::take(gzip.get_mut());
                if !out.is_empty() {
                    return Ok(Some(out.into()));
                }
            } else if !self.waiting.is_empty() {
                return Ok(Some(std::mem::take(&mut self.waiting)));
            }
            if self.waiting.is_empty() {
                if self.ended {
                    return Ok(None);
                }
                match self.frame().await? {
                    Some(bytes) => self.waiting = bytes,
                    None => self.ended = true,
                }
            }
        }
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, GitError> {
        loop {
            match std::future::poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await {
                None => return Ok(None),
                Some(Err(e)) => return Err(GitError::Interrupted(e.to_string())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// A child's standard output as a response body; dropping it kills the child and removes the view.
pub struct Answer {
    /// What was read before the answer began.
    first: BytesMut,
    stdout: ChildStdout,
    buffer: BytesMut,
    deadline: Pin<Box<tokio::time::Sleep>>,
    ended: bool,
    _child: Child,
    _view: View,
    _turn: OwnedSemaphorePermit,
}

impl Answer {
    pub(crate) fn new(
        first: BytesMut,
        stdout: ChildStdout,
        child: Child,
        view: View,
        turn: OwnedSemaphorePermit,
        secs: u64,
    ) -> Self {
        Answer {
            first,
            stdout,
            buffer: BytesMut::new(),
            deadline: Box::pin(tokio::time::sleep(Duration::from_secs(secs))),
            ended: false,
            _child: child,
            _view: view,
            _turn: turn,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if !this.first.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(this.first.split().freeze()))));
        }
        if this.deadline.as_mut().poll(cx).is_ready() {
            this.ended = true;
            return Poll::Ready(Some(Err(std::io::ErrorKind::TimedOut.into())));
        }
        this.buffer.resize(64 * 1024, 0);
        let mut space = ReadBuf::new(&mut this.buffer);
        match Pin::new(&mut this.stdout).poll_read(cx, &mut space) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(e)) => {
                this.ended = true;
                Poll::Ready(Some(Err(e)))
            }
            Poll::Ready(Ok(())) => {
                let read = space.filled().len();
                if read == 0 {
                    this.ended = true;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Ok(Frame::data(this.buffer.split_to(read).freeze()))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    struct Frames(VecDeque<Bytes>);
    impl Body for Frames {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(self.0.pop_front().map(|b| Ok(Frame::data(b))))
        }
    }

    async fn all(mut input: Input<Frames>) -> Result<Vec<u8>, GitError> {
        let mut out = Vec::new();
        while let Some(bytes) = input.next().await? {
            out.extend_from_slice(&bytes);
        }
        Ok(out)
    }

    fn frames(bytes: &[u8], size: usize) -> Frames {
        Frames(bytes.chunks(size.max(1)).map(Bytes::copy_from_slice).collect())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut z = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        z.write_all(bytes).unwrap();
        z.finish().unwrap()
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    proptest! {
        #[test]
        fn bodies_come_out_as_they_went_in(bytes in proptest::collection::vec(any::<u8>(), 0..20_000), size in 1usize..9000, packed in any::<bool>()) {
            let (sent, encoding) = if packed { (gzip(&bytes), Encoding::Gzip) } else { (bytes.clone(), Encoding::Identity) };
            let got = block_on(all(Input::new(frames(&sent, size), encoding, 20_000))).unwrap();
            prop_assert_eq!(got, bytes);
        }
        #[test]
        fn no_bytes_are_gzip_by_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = block_on(all(Input::new(frames(&bytes, 7), Encoding::Gzip, 1000)));
        }
    }

    #[test]
    fn what_a_bomb_decodes_to_is_counted() {
        let bomb = gzip(&vec![0; 50_000_000]);
        let end = block_on(all(Input::new(frames(&bomb, 65_536), Encoding::Gzip, 1_000_000)));
        assert!(matches!(end, Err(GitError::TooLarge { limit: 1_000_000 })));
    }

    #[test]
    fn half_a_gzip_is_refused() {
        let whole = gzip(b"some bytes");
        let end = block_on(all(Input::new(frames(&whole[..whole.len() - 5], 4), Encoding::Gzip, 1000)));
        assert!(matches!(end, Err(GitError::Malformed(_))), "{end:?}");
    }
}
