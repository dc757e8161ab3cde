//! The servers that are measured, each in a process of its own.

use crate::Fault;
use crate::load::{Call, connect, once};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::BufRead;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Starts that are timed.
pub const STARTS: usize = 10;
/// What the bare server answers: about as long as GetPipeline's answer.
const BARE_BODY: usize = 900;

/// A server of hyper and nothing else; its first line of output is its URL, as the emulator's.
pub async fn bare() -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let body = Bytes::from(vec![b'x'; BARE_BODY]);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        tokio::spawn(async move {
            let answer = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
                let body = body.clone();
                async move {
                    let _ = request.into_body().collect().await;
                    Ok::<_, Infallible>(Response::new(Full::new(body)))
                }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

/// A server in a process of its own.
pub struct Server {
    /// The process; it ends with this.
    pub process: Child,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a server whose first line of output is its URL.
pub fn start(program: &str, arguments: &[&str]) -> Result<Server, Fault> {
    let mut process = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn()?;
    let out = process.stdout.take().ok_or("no output")?;
    let mut line = String::new();
    let mut out = std::io::BufReader::new(out);
    out.read_line(&mut line)?;
    // The rest is read away, so that the server never waits for us.
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    let addr = line.trim().strip_prefix("http://").ok_or("the first line is no URL")?.parse()?;
    Ok(Server { process, addr })
}

/// Starts the emulator.
pub fn emulator(binary: &str) -> Result<Server, Fault> {
    start(binary, &["--listen", "127.0.0.1:0", "--log", "off"])
}

/// Resident memory, KiB.
pub fn rss_kib(process: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

/// From start to the first answer, the median.
pub async fn cold_start(begin: impl Fn() -> Result<Server, Fault>, call: &Call) -> Result<Duration, Fault> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = begin()?;
        once(&mut connect(server.addr).await?, call).await?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}
