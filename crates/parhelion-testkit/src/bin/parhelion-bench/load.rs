//! Requests, one at a time or many at once.

use crate::Fault;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Connections of the load, each with one request at a time.
pub const CONNECTIONS: usize = 16;
/// How long each load runs.
pub const LOAD: Duration = Duration::from_secs(3);
/// Rounds; the best one counts, since a neighbour's work only ever slows a round down.
pub const ROUNDS: usize = 3;
/// Calls of a latency.
const CALLS: usize = 1000;

/// A connection.
pub type Connection = SendRequest<Full<Bytes>>;

/// Opens a connection.
pub async fn connect(addr: SocketAddr) -> Result<Connection, Fault> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// One request of a load.
#[derive(Clone)]
pub struct Call {
    method: &'static str,
    path: Cow<'static, str>,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Bytes,
}

impl Call {
    /// A plain GET.
    pub fn get(path: &'static str) -> Call {
        Call { method: "GET", path: path.into(), headers: vec![], body: Bytes::new() }
    }
    /// A POST of a body.
    pub fn post(path: String, body: Bytes) -> Call {
        Call { method: "POST", path: path.into(), headers: vec![], body }
    }
    /// A PUT of a JSON body.
    pub fn put(path: &'static str, body: String) -> Call {
        let call = Call { method: "PUT", path: path.into(), headers: vec![], body: body.into() };
        call.with("content-type", "application/json")
    }
    /// The same at another path.
    pub fn at(mut self, path: &'static str) -> Call {
        self.path = path.into();
        self
    }
    /// A call of CodePipeline.
    pub fn aws(operation: &str, body: impl Into<Bytes>) -> Call {
        let target = format!("CodePipeline_20150709.{operation}");
        Call::post("/".to_owned(), body.into())
            .with("content-type", "application/x-amz-json-1.1")
            .with("x-amz-target", target)
    }
    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Call {
        self.headers.push((name, value.into()));
        self
    }
    /// The same for an account of its own.
    pub fn of_account(self, account: usize) -> Call {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential={account:012}/20260101/us-east-1/codepipeline/aws4_request, SignedHeaders=host, Signature=0"
        );
        self.with("authorization", signature)
    }
    fn request(&self) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::builder().method(self.method).uri(&*self.path).header("host", "localhost");
        for (name, value) in &self.headers {
            request = request.header(*name, &**value);
        }
        Ok(request.body(Full::new(self.body.clone()))?)
    }
}

/// Sends a request and reads its answer.
pub async fn once(connection: &mut Connection, call: &Call) -> Result<(StatusCode, Bytes), Fault> {
    connection.ready().await?;
    let answer = connection.send_request(call.request()?).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// As [`once`], of what must go well.
pub async fn done(connection: &mut Connection, call: &Call) -> Result<Bytes, Fault> {
    match once(connection, call).await? {
        (status, body) if status.is_success() => Ok(body),
        (status, body) => Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()),
    }
}

/// Requests a second over all connections: the best of the rounds. `call` makes the nth request of a connection, which
/// counts on through all rounds.
pub async fn rate(
    addr: SocketAddr,
    call: impl Fn(usize, usize) -> Call + Clone + Send + 'static,
) -> Result<f64, Fault> {
    let (mut best, mut sent) = (0.0_f64, [0; CONNECTIONS]);
    for _ in 0..ROUNDS {
        let until = Instant::now() + LOAD;
        let mut loads = Vec::new();
        for (who, first) in sent.into_iter().enumerate() {
            let call = call.clone();
            loads.push(tokio::spawn(async move {
                let mut connection = connect(addr).await?;
                let mut n = first;
                while Instant::now() < until {
                    done(&mut connection, &call(who, n)).await?;
                    n += 1;
                }
                Ok::<usize, Fault>(n)
            }));
        }
        let mut all = 0;
        for (who, load) in loads.into_iter().enumerate() {
            let n = load.await??;
            all += n - sent[who];
            sent[who] = n;
        }
        best = best.max(all as f64 / LOAD.as_secs_f64());
    }
    Ok(best)
}

/// Sends so many requests over all connections.
pub async fn many(
    addr: SocketAddr,
    each: usize,
    call: impl Fn(usize, usize) -> Call + Clone + Send + 'static,
) -> Result<(), Fault> {
    let mut loads = Vec::new();
    for who in 0..CONNECTIONS {
        let call = call.clone();
        loads.push(tokio::spawn(async move {
            let mut connection = connect(addr).await?;
            for n in 0..each {
                done(&mut connection, &call(who, n)).await?;
            }
            Ok::<(), Fault>(())
        }));
    }
    for load in loads {
        load.await??;
    }
    Ok(())
}

/// From sending a request to having read its answer: the median over one connection.
pub async fn latency(addr: SocketAddr, call: &Call) -> Result<Duration, Fault> {
    let mut connection = connect(addr).await?;
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let began = Instant::now();
        done(&mut connection, call).await?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times[CALLS / 2])
}
