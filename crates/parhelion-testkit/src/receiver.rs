//! [`Receiver`]: a real HTTP/1.1 receiver on a local port. It records what came, byte for byte as far as tests compare
//! it (order and case of headers, which server libraries lose), and answers as told, or misbehaves as told.

use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Longest that [`Receiver::wait_for`] waits.
const WAIT: Duration = Duration::from_secs(10);
/// Largest request that is taken, bytes.
const REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// A request as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// HTTP method.
    pub method: String,
    /// The path as sent, without the query.
    pub path: String,
    /// The query as sent, without its question mark.
    pub query: Option<String>,
    /// Headers in order and case.
    pub headers: Vec<(String, String)>,
    /// The body, chunks put together.
    pub body: Bytes,
}

impl Received {
    /// The first value of a header, its name compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    /// The body as JSON; fails the test when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        self.query.as_ref().map_or(Ok(()), |q| write!(f, "?{q}"))?;
        self.headers.iter().try_for_each(|(n, v)| write!(f, "\n  {n}: {v}"))?;
        let body = self.text();
        let cut: String = body.chars().take(2_000).collect();
        write!(f, "\n  {} bytes: {cut}", self.body.len())
    }
}

#[derive(Clone)]
enum Reply {
    Answer(Bytes),
    /// The same, and the connection is closed.
    Raw(Bytes),
    Hang,
    Reset,
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    first_used: bool,
}

impl Script {
    fn next(&mut self) -> Reply {
        if self.first_used && self.replies.len() > 1 {
            self.replies.pop_front();
        }
        self.first_used = true;
        let empty = Bytes::from_static(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        self.replies.front().cloned().unwrap_or(Reply::Answer(empty))
    }
    fn then(&mut self, reply: Reply) {
        if self.replies.is_empty() {
            self.first_used = false;
        }
        self.replies.push_back(reply);
    }
}

struct Shared {
    received: watch::Sender<Vec<Received>>,
    script: Mutex<Script>,
}

/// A receiver that listens until it is dropped. Without a script it answers 200 with an empty body.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free local port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared { received: watch::Sender::new(Vec::new()), script: Mutex::default() });
        let listening = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        Receiver { address, shared, listening }
    }
    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
    /// The port alone.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Adds an answer to the script: each request takes the next one, the last repeats.
    pub fn respond(&self, status: u16, body: impl Into<Bytes>) -> &Self {
        self.respond_with(status, &[], body)
    }
    /// The same with headers (`Content-Length` is added).
    pub fn respond_with(&self, status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> &Self {
        let body = body.into();
        let reason = match status {
            200 => "OK",
            201 => "Created",
            202 => "Accepted",
            204 => "No Content",
            301 => "Moved Permanently",
            302 => "Found",
            303 => "See Other",
            307 => "Temporary Redirect",
            308 => "Permanent Redirect",
            401 => "Unauthorized",
            404 => "Not Found",
            410 => "Gone",
            500 => "Internal Server Error",
            503 => "Service Unavailable",
            _ => "Answer",
        };
        let mut bytes = format!("HTTP/1.1 {status} {reason}\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(&body);
        self.then(Reply::Answer(bytes.into()))
    }
    /// Adds these very bytes to the script, after which the connection is closed: answers that are none.
    pub fn raw(&self, bytes: impl Into<Bytes>) -> &Self {
        self.then(Reply::Raw(bytes.into()))
    }
    /// Adds to the script that nothing is answered, ever.
    pub fn hang(&self) -> &Self {
        self.then(Reply::Hang)
    }
    /// Adds to the script that the connection is reset when the request is read.
    pub fn reset(&self) -> &Self {
        self.then(Reply::Reset)
    }
    fn then(&self, reply: Reply) -> &Self {
        self.shared.script.lock().then(reply);
        self
    }

    /// What came so far, in order of arrival.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }
    /// Forgets what came so far; the script stays.
    pub fn forget(&self) {
        self.shared.received.send_modify(Vec::clear);
    }
    /// Waits until `n` requests have come, and gives all that came. Fails the test after 10 s, showing what did come.
    pub async fn wait_for(&self, n: usize) -> Vec<Received> {
        let mut received = self.shared.received.subscribe();
        let enough = tokio::time::timeout(WAIT, received.wait_for(|r| r.len() >= n)).await;
        match enough {
            Ok(Ok(all)) => all.clone(),
            _ => {
                let have = self.requests();
                panic!("{} waited {WAIT:?} for {n} requests, {} came:\n{have:#?}", self.url(), have.len())
            }
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, shared.clone()))),
                Err(_) => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    // A connection that breaks or does not speak HTTP is the sender's affair: its request never came.
    while let Ok(Some(request)) = read_request(&mut stream, &mut buffer).await {
        let head_only = request.method == "HEAD";
        let reply = shared.script.lock().next();
        shared.received.send_modify(|all| all.push(request));
        match reply {
            Reply::Hang => std::future::pending::<()>().await,
            Reply::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Reply::Answer(bytes) => {
                let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
                let bytes = if head_only { bytes.slice(..end) } else { bytes };
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    if buffer.len() > REQUEST_BYTES {
        return Err(io::Error::other("the request is too long for a test receiver"));
    }
    Ok(stream.read_buf(buffer).await? > 0)
}

/// The next request of a connection; `None` at its end.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Received>> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if !more(stream, buffer).await? {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (first.next(), first.next()) else {
        return Err(broken("no request line"));
    };
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').map(|(n, v)| (n.to_owned(), v.trim().to_owned())))
        .collect::<Option<_>>()
        .ok_or_else(|| broken("a header without a colon"))?;
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q.to_owned())));
    let mut received =
        Received { method: method.to_owned(), path: path.to_owned(), query, headers, body: Bytes::new() };
    if received.header("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    received.body = if received
        .header("transfer-encoding")
        .is_some_and(|t| t.to_ascii_lowercase().contains("chunked"))
    {
        read_chunks(stream, buffer).await?
    } else {
        let length =
            received.header("content-length").map_or(Ok(0), str::parse).map_err(|_| broken("no length"))?;
        take(stream, buffer, length).await?
    };
    Ok(Some(received))
}

async fn take(stream: &mut TcpStream, buffer: &mut Vec<u8>, n: usize) -> io::Result<Bytes> {
    while buffer.len() < n {
        if !more(stream, buffer).await? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.drain(..n).collect())
}

async fn read_chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Bytes> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(take(stream, buffer, 1).await?);
        }
        let size =
            std::str::from_utf8(&line).unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no size of a chunk"))?;
        body.extend(take(stream, buffer, size).await?);
        take(stream, buffer, 2).await?;
        if size == 0 {
            return Ok(body.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(receiver: &Receiver, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", receiver.port())).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map(|_| answer).unwrap_or_else(|e| format!("{:?}", e.kind()))
    }

    #[tokio::test]
    async fn records_what_came_and_plays_its_script() {
        let receiver = Receiver::start().await;
        receiver.respond(500, "no").respond_with(201, &[("X-A", "b")], "yes");
        let post =
            "POST /a/b?c=%20d HTTP/1.1\r\nHost: h\r\nX-CaSe: 1\r\nx-case: 2\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(
            send(&receiver, post).await,
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno"
        );
        let chunked = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\n\r\n";
        let twice = send(&receiver, &format!("{chunked}{chunked}")).await;
        assert_eq!(twice, "HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 3\r\n\r\nyes".repeat(2));
        let got = receiver.wait_for(3).await;
        assert_eq!((got[0].path.as_str(), got[0].query.as_deref()), ("/a/b", Some("c=%20d")));
        let names: Vec<_> = got[0].headers.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["Host", "X-CaSe", "x-case", "Content-Length"]);
        assert_eq!((got[0].json(), got[1].text()), (serde_json::json!({}), "hi".to_owned()));
        receiver.forget();
        assert!(receiver.requests().is_empty());
    }

    #[tokio::test]
    async fn resets_when_told() {
        let receiver = Receiver::start().await;
        receiver.reset();
        assert_eq!(send(&receiver, "GET / HTTP/1.1\r\n\r\n").await, "ConnectionReset");
        assert_eq!(receiver.wait_for(1).await.len(), 1, "the request did come");
    }
}
