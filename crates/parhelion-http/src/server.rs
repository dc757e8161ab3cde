//! The socket: HTTP/1.1 and h2c on one port, bounded, and an end that lets requests in flight finish.

use crate::{
    Body, DropConnection, Limits, Origin, Router,
    arriving::{Arriving, Leftover},
    io::{Lingering, Protocol, sniff},
};
use bytes::Bytes;
use http::{HeaderValue, header::CONNECTION};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

/// Connections over the limit that are told so at one time; further ones are only closed.
const REFUSALS: usize = 64;
/// Pause after a connection could not be accepted, for want of file descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often an h2 client is asked whether it is still there.
const H2_PING: Duration = Duration::from_secs(60);
/// How long it has to answer.
const H2_PONG: Duration = Duration::from_secs(20);

/// A socket that listens; nobody is answered before [`Server::serve`].
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
}

/// Why a server cannot listen, in one line that names the address.
#[derive(Debug)]
pub enum BindError {
    /// Somebody else has the port.
    InUse(SocketAddr),
    /// The system does not let us have it.
    Denied(SocketAddr),
    /// Another reason: the address is not this machine's, for one.
    Other(SocketAddr, io::Error),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::InUse(addr) => {
                write!(f, "cannot listen on {addr}: the port is already in use (another parhelion?)")
            }
            BindError::Denied(addr) => write!(f, "cannot listen on {addr}: permission denied"),
            BindError::Other(addr, why) => write!(f, "cannot listen on {addr}: {why}"),
        }
    }
}
impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BindError::Other(_, why) => Some(why),
            BindError::InUse(_) | BindError::Denied(_) => None,
        }
    }
}

/// How a server's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were still at work when the time given ran out, and were cut.
    pub cut: usize,
}

impl Server {
    /// Takes the address; port 0 takes any free one.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn bind(addr: SocketAddr) -> Result<Self, BindError> {
        let bound = match TcpListener::bind(addr).await {
            Ok(listener) => listener.local_addr().map(|addr| Server { listener, addr }),
            Err(e) => Err(e),
        };
        bound.map_err(|e| match e.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(addr),
            io::ErrorKind::PermissionDenied => BindError::Denied(addr),
            _ => BindError::Other(addr, e),
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until `shutdown` is done. Then it accepts nobody any more, tells idle clients to go, lets requests
    /// in flight end within `grace`, and cuts the rest.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>, grace: Duration) -> Stopped {
        let (stop, stopping) = watch::channel(false);
        let seats = Arc::new(Semaphore::new(router.settings().limits.connections));
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        let mut open = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = open.join_next(), if !open.is_empty() => {
                    report(ended);
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(e) if is_clients_fault(&e) => continue,
                Err(e) => {
                    tracing::error!(error = %e, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // Answers are written whole: waiting for more to send only costs time.
            let _ = stream.set_nodelay(true);
            match Arc::clone(&seats).try_acquire_owned() {
                Ok(seat) => {
                    open.spawn(connection(stream, peer.ip(), router.clone(), stopping.clone(), seat));
                }
                Err(_) => {
                    tracing::warn!(peer = %peer, "too many connections: one was refused");
                    if let Ok(seat) = Arc::clone(&refusals).try_acquire_owned() {
                        open.spawn(refuse(stream, seat));
                    }
                }
            }
        }
        drop(self.listener);
        let _ = stop.send(true);
        let all_ended = async {
            while let Some(ended) = open.join_next().await {
                report(ended);
            }
        };
        let cut = if timeout(grace, all_ended).await.is_ok() { 0 } else { open.len() };
        open.shutdown().await;
        Stopped { cut }
    }
}

/// A client that went before it was accepted is no reason to pause.
fn is_clients_fault(e: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(e.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(e) = ended
        && e.is_panic()
    {
        tracing::error!(error = %e, "the handling of a connection panicked");
    }
}

/// One connection from its first byte to its last.
async fn connection<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    mut io: T,
    peer: IpAddr,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    _seat: OwnedSemaphorePermit,
) {
    let limits = router.settings().limits.clone();
    let sniffed = tokio::select! {
        sniffed = timeout(limits.head_time, sniff(&mut io)) => sniffed,
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    // Silence, or gone: there is nobody to tell.
    let Ok(Ok((protocol, first))) = sniffed else { return };
    let io = Lingering::new(io, first);
    let leftover = match protocol {
        Protocol::Http1 => Leftover::Flag(io.unread()),
        Protocol::Http2 => Leftover::Discard,
    };
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (router, leftover) = (router.clone(), leftover.clone());
        if let Leftover::Flag(unread) = &leftover {
            // One request after the other: the last one's body has been read after all.
            unread.store(false, Ordering::Relaxed);
        }
        async move {
            let unread = leftover.flag();
            let request = request.map(|body| Body::new(Arriving::new(body, leftover)));
            let mut answer = router.call(request, Origin::plain(peer)).await;
            // hyper closes the connection behind such an answer, and does not say so: its client would use it again.
            if unread.is_some_and(|unread| unread.load(Ordering::Relaxed)) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            // An error of the service makes hyper drop the connection (h2: reset the stream).
            if answer.extensions().get::<DropConnection>().is_some() { Err(Dropped) } else { Ok(answer) }
        }
    });
    match protocol {
        Protocol::Http1 => drive(h1(&limits).serve_connection(TokioIo::new(io), service), stopping).await,
        Protocol::Http2 => drive(h2(&limits).serve_connection(TokioIo::new(io), service), stopping).await,
    }
}

fn h1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        // A client may end its side when all is sent and still wants the answer.
        .half_close(true);
    builder
}

fn h2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.streams_per_connection)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PONG);
    builder
}

async fn drive<C>(connection: C, mut stopping: watch::Receiver<bool>)
where
    C: GracefulConnection,
    C::Error: fmt::Display,
{
    let mut connection = pin!(connection);
    let stop = async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let mut stop = pin!(stop);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.as_mut() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // What a client did to its connection is no failure of ours.
    if let Err(e) = ended {
        tracing::debug!(error = %e, "a connection ended badly");
    }
}

/// An answer that wants its connection dropped.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was dropped on purpose")
    }
}
impl std::error::Error for Dropped {}

/// Tells a client over the limit, in the one form that needs nothing of it to be read.
async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(io: T, _seat: OwnedSemaphorePermit) {
    let mut io = Lingering::new(io, Bytes::new());
    let body = "{\"type\":\"about:blank\",\"title\":\"Too many connections\",\"status\":503,\
                \"detail\":\"the limit of open connections is reached\"}";
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    if io.write_all((head + body).as_bytes()).await.is_ok() {
        let _ = io.shutdown().await;
    }
}
