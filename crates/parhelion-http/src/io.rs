//! A connection's bytes: which protocol they begin with, and an end that loses no answer.

use bytes::{Buf, Bytes, BytesMut};
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// What an h2 client sends first (RFC 9113, 3.4).
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a closed connection waits for the next piece of what its client still sends.
pub(crate) const LINGER_IDLE: Duration = Duration::from_secs(2);
/// How long it waits in all.
pub(crate) const LINGER: Duration = Duration::from_secs(30);
/// Most that it reads and throws away: as much as the largest body that any route takes.
pub(crate) const LINGER_BYTES: u64 = parhelion_core::limits::STREAMED_BODY_BYTES;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Reads as much of a connection as tells its protocol, at most the preface of h2. The bytes are given back.
pub(crate) async fn sniff<T: AsyncRead + Unpin>(io: &mut T) -> io::Result<(Protocol, Bytes)> {
    let mut first = BytesMut::with_capacity(H2_PREFACE.len());
    loop {
        if !H2_PREFACE.starts_with(&first) {
            return Ok((Protocol::Http1, first.freeze()));
        }
        let missing = H2_PREFACE.len() - first.len();
        if missing == 0 {
            return Ok((Protocol::Http2, first.freeze()));
        }
        if io.take(missing as u64).read_buf(&mut first).await? == 0 {
            return Ok((Protocol::Http1, first.freeze()));
        }
    }
}

/// A connection that, when it is shut down while its client may still be sending, goes on reading for a while.
///
/// Closing a TCP socket with unread bytes resets it, and the reset overtakes the answer: a client that sends
/// all before it reads (most do) would see a broken pipe in place of the 413 or 431 it was sent.
pub(crate) struct Lingering<T> {
    io: T,
    /// Read before the protocol was known.
    first: Bytes,
    /// The last look found bytes: there may be more.
    hot: bool,
    /// A request's body was not read to its end.
    unread: Arc<AtomicBool>,
    last_wait: Option<LastWait>,
}

struct LastWait {
    patience: Pin<Box<Sleep>>,
    until: Instant,
    left: u64,
}

impl<T> Lingering<T> {
    /// Of a connection from which `first` was already read.
    pub(crate) fn new(io: T, first: Bytes) -> Self {
        Lingering { io, first, hot: true, unread: Arc::default(), last_wait: None }
    }
    /// The flag to set when a request's body is left unread.
    pub(crate) fn unread(&self) -> Arc<AtomicBool> {
        self.unread.clone()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lingering<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let take = self.first.len().min(buf.remaining());
            buf.put_slice(&self.first[..take]);
            self.first.advance(take);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        self.hot = matches!(read, Poll::Ready(Ok(()))) && buf.filled().len() > before;
        read
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }
    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.last_wait.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            if !this.hot && !this.unread.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
        }
        let wait = this.last_wait.get_or_insert_with(|| LastWait {
            patience: Box::pin(sleep(LINGER_IDLE)),
            until: Instant::now() + LINGER,
            left: LINGER_BYTES,
        });
        let mut room = [0; 16 * 1024];
        loop {
            let mut scratch = ReadBuf::new(&mut room);
            match Pin::new(&mut this.io).poll_read(cx, &mut scratch) {
                Poll::Pending => return wait.patience.as_mut().poll(cx).map(Ok),
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    let read = scratch.filled().len() as u64;
                    let now = Instant::now();
                    wait.left = wait.left.saturating_sub(read);
                    if read == 0 || wait.left == 0 || now >= wait.until {
                        return Poll::Ready(Ok(()));
                    }
                    wait.patience.as_mut().reset(wait.until.min(now + LINGER_IDLE));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::io::{AsyncWriteExt, duplex};

    #[tokio::test]
    async fn the_protocol_is_told_by_the_first_bytes_and_no_byte_is_lost() {
        for (sent, protocol) in [
            (&b"GET / HTTP/1.1\r\n"[..], Protocol::Http1),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", Protocol::Http2),
            (b"PRI * HTTP/1.1\r\n", Protocol::Http1),
            (b"PR", Protocol::Http1),
            (b"", Protocol::Http1),
        ] {
            // One byte at a time, which is how a hostile client would do it.
            let (mut client, mut server) = duplex(1);
            let sender = async move {
                client.write_all(sent).await.unwrap();
            };
            let reader = async move {
                let (found, first) = sniff(&mut server).await.unwrap();
                assert!(first.len() <= H2_PREFACE.len());
                let mut all = Vec::new();
                Lingering::new(server, first).read_to_end(&mut all).await.unwrap();
                (found, all)
            };
            let ((), (found, all)) = tokio::join!(sender, reader);
            assert_eq!((found, &all[..]), (protocol, sent));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_ends_at_once() {
        let (_client, server) = duplex(64);
        let mut server = Lingering::new(server, Bytes::new());
        assert!(server.read_u8().now_or_never().is_none());
        let begun = Instant::now();
        server.shutdown().await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_an_unread_body_reads_on_for_a_bounded_time() {
        let (_client, server) = duplex(64);
        let mut server = Lingering::new(server, Bytes::new());
        assert!(server.read_u8().now_or_never().is_none());
        server.unread().store(true, Ordering::Relaxed);
        let begun = Instant::now();
        server.shutdown().await.unwrap();
        assert_eq!(begun.elapsed(), LINGER_IDLE);

        // A client that never stops sending, a byte a second.
        let (mut client, server) = duplex(64);
        let endless = tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let mut server = Lingering::new(server, Bytes::new());
        let begun = Instant::now();
        server.shutdown().await.unwrap();
        assert_eq!(begun.elapsed(), LINGER);
        drop(server);
        endless.await.unwrap();
    }
}
