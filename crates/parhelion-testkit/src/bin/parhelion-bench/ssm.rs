//! What is measured of Secure Source Manager: a list over REST and over gRPC, a push and a clone.

use crate::Fault;
use crate::load::{CONNECTIONS, Call, LOAD, ROUNDS, connect, done, rate};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const PLACE: &str = "/v1/projects/bench/locations/us-central1";
/// Repositories in the list.
const REPOSITORIES: usize = 3;
/// Pushes and clones of which the median counts.
const TURNS: usize = 9;
/// The file that makes a clone large, bytes.
const LARGE: usize = 10 * 1024 * 1024;

/// Lists beside the bare server, and git beside a plain path.
pub async fn measure(addr: SocketAddr, bare: SocketAddr) -> Result<(), Fault> {
    let mut connection = connect(addr).await?;
    let mut post = async |path: String, body: serde_json::Value| {
        let call = Call::post(format!("{PLACE}/{path}"), body.to_string().into());
        done(&mut connection, &call.with("content-type", "application/json")).await
    };
    post("instances?instanceId=bench".to_owned(), json!({})).await?;
    for n in 0..REPOSITORIES {
        let instance = json!({"instance": "projects/bench/locations/us-central1/instances/bench"});
        post(format!("repositories?repositoryId=bench-{n}"), instance).await?;
    }

    let list = Call::get("/v1/projects/bench/locations/us-central1/repositories");
    let again = list.clone();
    let base = rate(bare, move |_, _| again.clone()).await?;
    println!("  {:44} {base:9.0}", "bare hyper, GET");
    let rest = rate(addr, move |_, _| list.clone()).await?;
    println!("  {:44} {rest:9.0}   ratio {:.2}", "ListRepositories over REST, goal 0.35", rest / base);
    let grpc = grpc_rate(addr).await?;
    println!("  {:44} {grpc:9.0}   ratio {:.2}", "ListRepositories over gRPC, goal 0.25", grpc / base);
    git(addr)
}

/// A call of ListRepositories in gRPC's frame: no compression, the length, field 1 with the parent.
fn frame() -> Bytes {
    let parent = b"projects/bench/locations/us-central1";
    let mut frame = vec![0, 0, 0, 0, parent.len() as u8 + 2, 0x0a, parent.len() as u8];
    frame.extend_from_slice(parent);
    frame.into()
}

/// Calls a second over as many h2 connections as the other loads have, each with one call at a time.
async fn grpc_rate(addr: SocketAddr) -> Result<f64, Fault> {
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let until = Instant::now() + LOAD;
        let loads: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(grpc_load(addr, until))).collect();
        let mut all = 0;
        for load in loads {
            all += load.await??;
        }
        best = best.max(all as f64 / LOAD.as_secs_f64());
    }
    Ok(best)
}

async fn grpc_load(addr: SocketAddr, until: Instant) -> Result<usize, Fault> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let uri =
        format!("http://{addr}/google.cloud.securesourcemanager.v1.SecureSourceManager/ListRepositories");
    let (frame, mut calls) = (frame(), 0);
    while Instant::now() < until {
        let request = Request::post(&uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(frame.clone()))?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let body = answer.into_body().collect().await?;
        let status = body.trailers().and_then(|t| t.get("grpc-status").cloned());
        if status.as_ref().is_none_or(|s| s != "0") || body.to_bytes().len() < 100 {
            return Err(format!("a call failed: {status:?}").into());
        }
        calls += 1;
    }
    Ok(calls)
}

/// A push of one commit and a clone of 10 MB, each beside the same through a local path.
fn git(addr: SocketAddr) -> Result<(), Fault> {
    let folder = std::env::temp_dir().join(format!("parhelion-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = git_in(&folder, addr);
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn git_in(folder: &Path, addr: SocketAddr) -> Result<(), Fault> {
    let plain = folder.join("plain.git");
    run(folder, &["init", "-q", "--bare", "-b", "main", text(&plain)?])?;
    let work = folder.join("work");
    run(folder, &["init", "-q", "-b", "main", text(&work)?])?;
    // Bytes that do not compress, and are the same each time.
    let mut noise = 0x9e37_79b9_u32;
    let large: Vec<u8> = std::iter::repeat_with(|| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        noise as u8
    })
    .take(LARGE)
    .collect();
    std::fs::write(work.join("large"), large)?;
    commit(&work, "large")?;
    let ours = format!("http://{addr}/_ssm/git/us-central1/bench/bench/bench-0.git");
    let targets = [("through the emulator", ours.as_str()), ("through a path", text(&plain)?)];
    for (_, target) in &targets {
        run(&work, &["push", "-q", target, "main"])?;
    }
    println!("git, median of {TURNS}; goal at most 1.5 times a path");
    let mut pushes = [Vec::new(), Vec::new()];
    let mut clones = [Vec::new(), Vec::new()];
    for turn in 0..TURNS {
        std::fs::write(work.join("small"), format!("{turn}\n"))?;
        commit(&work, "small")?;
        for (n, (_, target)) in targets.iter().enumerate() {
            pushes[n].push(timed(|| run(&work, &["push", "-q", target, "main"]))?);
            let copy = folder.join(format!("copy-{n}-{turn}"));
            // A path is cloned as a remote would be, not by links to its files.
            clones[n].push(timed(|| run(folder, &["clone", "-q", "--no-local", target, text(&copy)?]))?);
            std::fs::remove_dir_all(&copy)?;
        }
    }
    for (what, mut times) in [("push of one commit", pushes), ("clone of 10 MB", clones)] {
        times.iter_mut().for_each(|times| times.sort());
        let [ours, plain] = times.map(|times| times[TURNS / 2].as_secs_f64() * 1e3);
        println!("  {what:24} {ours:8.1} ms, a path {plain:8.1} ms   ratio {:.2}", ours / plain);
    }
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<(), Fault>) -> Result<Duration, Fault> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed())
}

fn commit(work: &Path, message: &str) -> Result<(), Fault> {
    run(work, &["add", "-A"])?;
    run(work, &["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", message])
}

fn text(path: &Path) -> Result<&str, Fault> {
    path.to_str().ok_or_else(|| "a path that is no text".into())
}

/// Git, with nothing of this machine's configuration.
fn run(folder: &Path, arguments: &[&str]) -> Result<(), Fault> {
    let ran = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()?;
    if ran.status.success() {
        return Ok(());
    }
    Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr)).into())
}
