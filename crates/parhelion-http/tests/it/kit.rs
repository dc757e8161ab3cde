//! Two toy surfaces, a recorder that takes notes, and a server around them.

use bytes::Bytes;
use parhelion_core::{OperationInfo, RequestRecord, Scripting, Standing, WorldName};
use parhelion_http::{
    Arrival, Begun, Body, BodyError, DropConnection, Head, Limits, Named, Origin, Recorder, Request,
    Response, Router, Server, Settings, Stopped, Surface, Unavailable, answer, changes_or_reads,
    general_body_limit, problem, read_body, service,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, mpsc, oneshot},
    task::JoinHandle,
};

/// An arrival as noted: world, surface, method, path, cause.
pub type Noted = (String, &'static str, String, String, Option<u64>);

/// Notes what it is told; the world `full` cannot be had, and control calls are not recorded.
pub struct Notes {
    next: AtomicU64,
    pub arrivals: Mutex<Vec<Noted>>,
    ended: mpsc::UnboundedSender<(String, RequestRecord)>,
}

impl Recorder for Notes {
    fn request_id(&self) -> String {
        format!("req-{}", self.next.fetch_add(1, Ordering::Relaxed))
    }
    fn begin(&self, a: &Arrival<'_>) -> Result<Begun, Unavailable> {
        let noted = (a.world.to_string(), a.surface, a.method.to_owned(), a.path.to_owned(), a.cause);
        let mut arrivals = self.arrivals.lock();
        arrivals.push(noted);
        if a.world.as_str() == "full" {
            return Err(Unavailable { detail: "all 10000 worlds are taken".into() });
        }
        let seq = 100 + arrivals.len() as u64;
        Ok(Begun { seq, now: chrono::DateTime::UNIX_EPOCH, recorded: a.surface != "control" })
    }
    fn end(&self, world: &WorldName, record: RequestRecord) {
        let _ = self.ended.send((world.to_string(), record));
    }
}

/// What `/alpha/wait` reports and waits for, and what `/alpha/stream` sends.
pub struct Strings {
    pub entered: mpsc::UnboundedReceiver<()>,
    pub release: Arc<Semaphore>,
    pub pieces: mpsc::UnboundedSender<Bytes>,
}

static OPERATIONS: &[OperationInfo] =
    &[OperationInfo { name: "Echo", route: "POST /alpha/echo", doc: "", standing: Standing::Real }];

async fn alpha(
    request: Request,
    entered: mpsc::UnboundedSender<()>,
    release: Arc<Semaphore>,
    pieces: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Bytes>>>,
) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts);
    match parts.uri.path() {
        "/alpha/echo" => match read_body(body, u64::MAX).await {
            Ok(bytes) => {
                let mut response = answer(200, "text/plain", bytes);
                response.extensions_mut().insert(Named { operation: "Echo".into(), tenant: "t1".into() });
                response
            }
            Err(BodyError::TooLarge { limit }) => {
                answer(413, "text/plain", format!("alpha: more than {limit}"))
            }
            Err(e) => answer(400, "text/plain", format!("alpha: {e}")),
        },
        "/alpha/length" => match read_body(body, u64::MAX).await {
            Ok(bytes) => answer(200, "text/plain", bytes.len().to_string()),
            Err(e) => answer(413, "text/plain", format!("alpha: {e}")),
        },
        "/alpha/unread" => answer(401, "text/plain", "alpha: who are you?"),
        "/alpha/panic" => panic!("alpha cannot do this"),
        "/alpha/wait" => {
            let _ = entered.send(());
            release.acquire().await.unwrap().forget();
            answer(200, "text/plain", "waited")
        }
        "/alpha/stream" => {
            let stream = futures_util::stream::unfold(pieces, |pieces| async move {
                let next = pieces.lock().await.recv().await?;
                Some((Ok::<_, std::io::Error>(next), pieces))
            });
            answer(200, "text/event-stream", Body::from_stream(stream))
        }
        "/alpha/drop" => {
            let mut response = answer(200, "text/plain", "never seen");
            response.extensions_mut().insert(DropConnection);
            response
        }
        "/alpha/none" => answer(204, "text/plain", Body::empty()),
        _ => {
            let host = parts.headers.get("host").map(|h| String::from_utf8_lossy(h.as_bytes()).into_owned());
            let said = json!({
                "world": head.world.as_str(), "base": head.base, "original": head.original_uri.to_string(),
                "uri": parts.uri.to_string(), "peer": head.peer.to_string(), "id": head.request_id,
                "cause": head.cause, "host": host, "version": format!("{:?}", parts.version),
            });
            answer(200, "application/json", said.to_string())
        }
    }
}

fn surfaces() -> (Vec<Surface>, Strings) {
    let (entered_tx, entered) = mpsc::unbounded_channel();
    let (pieces, pieces_rx) = mpsc::unbounded_channel();
    let release = Arc::new(Semaphore::new(0));
    let pieces_rx = Arc::new(tokio::sync::Mutex::new(pieces_rx));
    let strings = Strings { entered, release: release.clone(), pieces };
    let alpha = Surface {
        name: "alpha",
        claims: |parts| parts.extensions.get::<Head>().is_some() && parts.uri.path().starts_with("/alpha"),
        body_limit: |parts| if parts.uri.query() == Some("small") { 1 } else { general_body_limit(parts) },
        opens_world: |parts| parts.uri.query() != Some("unknown"),
        operations: OPERATIONS,
        scripting: Scripting::NONE,
        service: service(move |r| alpha(r, entered_tx.clone(), release.clone(), pieces_rx.clone())),
        control: Some(service(|request: Request| async move {
            if request.uri().path() == "/panic" {
                panic!("no");
            }
            answer(200, "text/plain", format!("alpha's own {} {}", request.method(), request.uri()))
        })),
        panicked: |head| answer(500, "text/plain", format!("alpha broke at {}", head.request_id)),
        banner: |base| format!("{base}/alpha/…"),
    };
    let beta = Surface {
        name: "beta",
        claims: |parts| parts.headers.get("host").is_some_and(|h| h == "beta.example"),
        body_limit: general_body_limit,
        opens_world: changes_or_reads,
        operations: &[],
        scripting: Scripting::NONE,
        service: service(|_| async { answer(200, "text/plain", "beta") }),
        control: None,
        panicked: |_| problem(500, "beta broke", ""),
        banner: |base| format!("{base}/ with Host: beta.example"),
    };
    (vec![alpha, beta], strings)
}

/// A router without a socket.
pub struct Kit {
    pub router: Router,
    pub notes: Arc<Notes>,
    pub ended: mpsc::UnboundedReceiver<(String, RequestRecord)>,
    pub strings: Strings,
}

impl Kit {
    pub fn new(settings: Settings) -> Self {
        let (surfaces, strings) = surfaces();
        let (tx, ended) = mpsc::unbounded_channel();
        let notes = Arc::new(Notes { next: AtomicU64::new(1), arrivals: Mutex::default(), ended: tx });
        Kit { router: Router::new(surfaces, settings, notes.clone()), notes, ended, strings }
    }
    pub fn local() -> Self {
        Kit::new(Settings::new("127.0.0.1:4600".parse().unwrap()))
    }
    pub async fn call(&self, request: http::request::Builder, body: impl Into<Body>) -> Response {
        self.router.call(request.body(body.into()).unwrap(), Origin::plain([127, 0, 0, 1].into())).await
    }
    pub async fn ended(&mut self) -> (String, RequestRecord) {
        self.ended.recv().await.unwrap()
    }
}

/// A running server.
pub struct Running {
    pub kit: Kit,
    pub addr: SocketAddr,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<Stopped>,
}

impl Running {
    pub async fn start() -> Self {
        Running::with(Limits::default(), Duration::from_secs(30)).await
    }
    pub async fn with(limits: Limits, grace: Duration) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let addr = server.local_addr();
        let kit = Kit::new(Settings { limits, ..Settings::new(addr) });
        let (stop, asked) = oneshot::channel();
        let router = kit.router.clone();
        let shutdown = async move {
            let _ = asked.await;
        };
        let stopped = tokio::spawn(async move { server.serve(router, shutdown, grace).await });
        Running { kit, addr, stop, stopped }
    }
    /// Asks the server to stop; the kit stays.
    pub fn stop(self) -> (Kit, JoinHandle<Stopped>) {
        let _ = self.stop.send(());
        (self.kit, self.stopped)
    }
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }
    /// Sends bytes on a connection of their own and reads all that comes until the server closes it.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        String::from_utf8(all).unwrap()
    }
    /// GET with headers (each line ended), as status line and body.
    pub async fn get(&self, target: &str, headers: &str) -> (u16, String) {
        parse(&self.raw(format!("GET {target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n")).await)
    }
}

/// Sends all before it reads anything, as most clients do.
pub fn blocking(addr: SocketAddr, head: String, body: Vec<u8>) -> JoinHandle<std::io::Result<String>> {
    use std::io::{Read, Write};
    tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(addr)?;
        stream.write_all(head.as_bytes())?;
        for piece in body.chunks(64 * 1024) {
            stream.write_all(piece)?;
        }
        // The server must not wait for more than was announced.
        let mut all = String::new();
        stream.read_to_string(&mut all)?;
        Ok(all)
    })
}

/// Status and body of an h1 answer with a length.
pub fn parse(answer: &str) -> (u16, String) {
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (status, answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

pub async fn text(response: Response) -> String {
    String::from_utf8(read_body(response.into_body(), u64::MAX).await.unwrap().to_vec()).unwrap()
}
