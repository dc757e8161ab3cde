//! Measures the emulator against a bare hyper server in the same run: `scripts/bench` builds and starts it.
//!
//! Prints figures, judges none: what a machine can do differs, the ratios are what to look at.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

/// Connections of the load, each with one request at a time.
const CONNECTIONS: usize = 16;
/// How long each load runs.
const LOAD: Duration = Duration::from_secs(3);
/// Rounds; the best one counts, since a neighbour's work only ever slows a round down.
const ROUNDS: usize = 3;
/// Starts that are timed.
const STARTS: usize = 10;
/// What the bare server answers: about as long as GetPipeline's answer.
const BARE_BODY: usize = 900;

type Fault = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.first().map(String::as_str) {
        Some("--bare") => runtime.block_on(bare()),
        Some(binary) => runtime.block_on(measure(binary)),
        None => Err("usage: parhelion-bench PATH-OF-PARHELION".into()),
    }
}

/// A server of hyper and nothing else; its first line of output is its URL, as the emulator's.
async fn bare() -> Result<(), Fault> {
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
struct Server {
    process: Child,
    addr: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start(program: &str, arguments: &[&str]) -> Result<Server, Fault> {
    use std::io::BufRead;
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

fn emulator(binary: &str) -> Result<Server, Fault> {
    start(binary, &["--listen", "127.0.0.1:0", "--log", "off"])
}

async fn connect(addr: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Fault> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// One request of a load.
#[derive(Clone)]
struct Call {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Bytes,
}

impl Call {
    fn get(path: &'static str) -> Call {
        Call { method: "GET", path, headers: vec![], body: Bytes::new() }
    }
    fn aws(target: &'static str, body: &str) -> Call {
        let headers = vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        Call { method: "POST", path: "/", headers, body: Bytes::copy_from_slice(body.as_bytes()) }
    }
    fn request(&self) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::builder().method(self.method).uri(self.path).header("host", "localhost");
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        Ok(request.body(Full::new(self.body.clone()))?)
    }
}

async fn once(sender: &mut SendRequest<Full<Bytes>>, call: &Call) -> Result<(StatusCode, usize), Fault> {
    sender.ready().await?;
    let answer = sender.send_request(call.request()?).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes().len()))
}

/// Requests a second over all connections: the best of the rounds.
async fn rate(addr: SocketAddr, call: &Call) -> Result<f64, Fault> {
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let until = Instant::now() + LOAD;
        let mut loads = Vec::new();
        for _ in 0..CONNECTIONS {
            let call = call.clone();
            loads.push(tokio::spawn(async move {
                let mut sender = connect(addr).await?;
                let mut done = 0_u64;
                while Instant::now() < until {
                    let (status, _) = once(&mut sender, &call).await?;
                    if status != StatusCode::OK {
                        return Err(format!("{} answered {status}", call.path).into());
                    }
                    done += 1;
                }
                Ok::<u64, Fault>(done)
            }));
        }
        let mut all = 0;
        for load in loads {
            all += load.await??;
        }
        best = best.max(all as f64 / LOAD.as_secs_f64());
    }
    Ok(best)
}

fn rss_kib(process: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

async fn cold_start(begin: impl Fn() -> Result<Server, Fault>, call: &Call) -> Result<Duration, Fault> {
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

const PIPELINE: &str = r#"{"pipeline":{"name":"bench","roleArn":"arn:aws:iam::000000000000:role/r",
"artifactStore":{"type":"S3","location":"artifacts"},"stages":[
{"name":"Source","actions":[{"name":"Push","actionTypeId":{"category":"Source","owner":"AWS","provider":"S3","version":"1"},
 "configuration":{"S3Bucket":"b","S3ObjectKey":"k","PollForSourceChanges":"false"},"outputArtifacts":[{"name":"Code"}]}]},
{"name":"Deploy","actions":[{"name":"Go","actionTypeId":{"category":"Deploy","owner":"AWS","provider":"S3","version":"1"},
 "configuration":{"BucketName":"b","Extract":"true"},"inputArtifacts":[{"name":"Code"}]}]}]}}"#;

async fn measure(binary: &str) -> Result<(), Fault> {
    let own = std::env::current_exe()?;
    let own = own.to_str().ok_or("a path that is no text")?;
    let health = Call::get("/_parhelion/health");
    let any = Call::get("/");

    let cold = cold_start(|| emulator(binary), &health).await?;
    let cold_bare = cold_start(|| start(own, &["--bare"]), &any).await?;
    println!("cold start to the first answer, median of {STARTS}");
    println!("  emulator   {:8.1} ms", cold.as_secs_f64() * 1e3);
    println!(
        "  bare hyper {:8.1} ms   ratio {:.2}",
        cold_bare.as_secs_f64() * 1e3,
        cold.as_secs_f64() / cold_bare.as_secs_f64()
    );

    let emulator = emulator(binary)?;
    let bare = start(own, &["--bare"])?;
    let mut sender = connect(emulator.addr).await?;
    once(&mut sender, &health).await?;
    once(&mut connect(bare.addr).await?, &any).await?;
    let (idle, idle_bare) = (rss_kib(&emulator.process), rss_kib(&bare.process));
    println!("idle memory (resident)");
    if let (Some(idle), Some(idle_bare)) = (idle, idle_bare) {
        println!("  emulator   {:8.1} MiB", idle as f64 / 1024.0);
        println!(
            "  bare hyper {:8.1} MiB  ratio {:.2}",
            idle_bare as f64 / 1024.0,
            idle as f64 / idle_bare as f64
        );
    }

    let (made, _) = once(&mut sender, &Call::aws("CodePipeline_20150709.CreatePipeline", PIPELINE)).await?;
    if made != StatusCode::OK {
        return Err(format!("CreatePipeline answered {made}").into());
    }
    let reads = [
        (
            "CodePipeline GetPipeline (JSON)",
            Call::aws("CodePipeline_20150709.GetPipeline", r#"{"name":"bench"}"#),
        ),
        ("Kudu list hooks", Call::get("/kudu/bench/api/hooks")),
        ("control health", health.clone()),
    ];
    let base = rate(bare.addr, &any).await?;
    println!("reads a second, {CONNECTIONS} connections, best of {ROUNDS} rounds of {LOAD:?}");
    println!("  {:32} {base:9.0}", "bare hyper");
    for (name, call) in reads {
        let rate = rate(emulator.addr, &call).await?;
        println!("  {name:32} {rate:9.0}   ratio {:.2}", rate / base);
    }
    Ok(())
}
