//! [`Raw`]: a connection that sends bytes as they stand, for requests that no client would send.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
pub struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    /// Connects; fails the test when that does not work.
    pub async fn connect(to: SocketAddr) -> Raw {
        let stream = bounded("a connection", TcpStream::connect(to)).await.expect("a connection");
        Raw { stream, read: Vec::new() }
    }
    /// Sends bytes. A server that does not want them any more is no failure: its answer tells.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Raw {
        let _ = bounded("sending", self.stream.write_all(bytes.as_ref())).await;
        self
    }
    /// Ends our side.
    pub async fn finish(&mut self) -> &mut Raw {
        let _ = bounded("ending", self.stream.shutdown()).await;
        self
    }
    /// Drops the connection hard: the other end gets a reset.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }
    /// All that comes until the server closes the connection; as text, lossily.
    pub async fn rest(mut self) -> String {
        // A reset after the answer is an end too.
        let _ = bounded("the end of the connection", self.stream.read_to_end(&mut self.read)).await;
        String::from_utf8_lossy(&self.read).into_owned()
    }
    /// One answer: its head, and as much body as its `content-length` says. The connection stays.
    pub async fn answer(&mut self) -> String {
        loop {
            if let Some(head) = self.read.windows(4).position(|w| w == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&self.read[..head]).to_ascii_lowercase();
                let length =
                    text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
                let end = head + 4 + length.unwrap_or(0usize);
                if self.read.len() >= end {
                    let answer: Vec<u8> = self.read.drain(..end).collect();
                    return String::from_utf8_lossy(&answer).into_owned();
                }
            }
            let n = bounded("an answer", self.stream.read_buf(&mut self.read)).await.unwrap_or(0);
            assert!(
                n > 0,
                "the connection ended before an answer: {:?}",
                String::from_utf8_lossy(&self.read)
            );
        }
    }
}

async fn bounded<T>(what: &str, doing: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, doing)
        .await
        .unwrap_or_else(|_| panic!("{what} took more than {PATIENCE:?}"))
}
