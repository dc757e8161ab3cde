//! What is measured of Kudu: a zip deployment beside unpacking the same zip with the library alone, and telling a
//! hundred hooks beside a loop that sends the same.

use crate::Fault;
use crate::load::{Call, connect, done, once};
use crate::servers::Server;
use bytes::Bytes;
use serde_json::json;
use std::io::{Cursor, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Files of the package.
const FILES: usize = 1_000;
/// About how long the package is, bytes.
const PACKAGE_BYTES: usize = 20_000_000;
/// Hooks that are told.
const HOOKS: usize = 100;
/// Times that each thing is done; the best one counts, since a neighbour's work only ever slows one down.
const TIMES: usize = 7;
/// Events that are published in one measurement.
const EVENTS: usize = 10;

/// Text as sites have it: words of a small vocabulary, some of them unheard of.
fn text(length: usize, state: &mut u64) -> String {
    const WORDS: [&str; 16] = [
        "<div class=\"",
        "\">",
        "</div>\n",
        "function",
        " return ",
        "const ",
        "=> {",
        "};\n",
        "margin: ",
        "0 auto;\n",
        "import ",
        " from \"",
        "\";\n",
        "<span>",
        "</span>",
        "undefined",
    ];
    let mut out = String::with_capacity(length + 32);
    while out.len() < length {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = *state >> 33;
        out.push_str(WORDS[(drawn % 16) as usize]);
        if drawn & 16 != 0 {
            out.push_str(&format!("{:x}", drawn >> 5));
        }
    }
    out
}

/// The package. `version` makes every file another one than in the last package.
fn package(version: usize) -> Result<Vec<u8>, Fault> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut state = 1 + version as u64;
    // What a file becomes in the zip is tried out once.
    let packed = |length: usize| -> Result<usize, Fault> {
        let mut one = ZipWriter::new(Cursor::new(Vec::new()));
        one.start_file("a", SimpleFileOptions::default())?;
        one.write_all(text(length, &mut 7).as_bytes())?;
        Ok(one.finish()?.into_inner().len())
    };
    let length = PACKAGE_BYTES / FILES * 10_000 / packed(10_000)?.max(1);
    for n in 0..FILES {
        zip.start_file(format!("folder-{}/file-{n}.js", n % 20), SimpleFileOptions::default())?;
        zip.write_all(text(length, &mut state).as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Unpacks with the library alone, into memory.
fn unpack(zip: &[u8]) -> Result<usize, Fault> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip))?;
    let mut bytes = 0;
    for n in 0..archive.len() {
        let mut content = Vec::new();
        archive.by_index(n)?.read_to_end(&mut content)?;
        bytes += content.len();
    }
    Ok(bytes)
}

/// Both measurements.
pub async fn measure(server: &Server, sink: SocketAddr) -> Result<(), Fault> {
    zip_deploy(server).await?;
    publish(server, sink).await
}

async fn zip_deploy(server: &Server) -> Result<(), Fault> {
    let packages = [package(0)?, package(1)?];
    let (mut alone, mut deployed) = (Duration::MAX, Duration::MAX);
    let mut connection = connect(server.addr).await?;
    let mut unpacked = 0;
    for n in 0..TIMES {
        let bytes = &packages[n % packages.len()];
        let began = Instant::now();
        unpacked = unpack(bytes)?;
        alone = alone.min(began.elapsed());
        let call = Call::post("/kudu/bench/api/zipdeploy".to_owned(), Bytes::from(bytes.clone()));
        let call = call.with("content-type", "application/zip");
        let began = Instant::now();
        done(&mut connection, &call).await?;
        deployed = deployed.min(began.elapsed());
    }
    println!(
        "zipdeploy of {FILES} files, {:.1} MB packed, {:.1} MB unpacked",
        packages[0].len() as f64 / 1e6,
        unpacked as f64 / 1e6
    );
    println!("  unpacking with the library alone {:8.1} ms", alone.as_secs_f64() * 1e3);
    println!(
        "  zipdeploy                        {:8.1} ms   ratio {:.2}, goal 2",
        deployed.as_secs_f64() * 1e3,
        deployed.as_secs_f64() / alone.as_secs_f64()
    );
    Ok(())
}

async fn publish(server: &Server, sink: SocketAddr) -> Result<(), Fault> {
    let body =
        json!({"id": "cd5bee7181e74ea38a3522e73253f6ebb8ed72fb", "status": "success", "author": "Some One"});
    let mut connection = connect(server.addr).await?;
    for n in 0..HOOKS {
        let hook = json!({"url": format!("http://{sink}/hook/{n}"), "event": "Bench"}).to_string();
        let call = Call::post("/kudu/hooks/api/hooks".to_owned(), hook.into());
        done(&mut connection, &call.with("content-type", "application/json")).await?;
    }
    let event = Call::post("/kudu/hooks/api/hooks/publish/Bench".to_owned(), body.to_string().into());
    let event = event.with("content-type", "application/json");
    let (mut bare, mut told) = (Duration::MAX, Duration::MAX);
    for _ in 0..TIMES {
        let began = Instant::now();
        for _ in 0..EVENTS {
            send_all(sink, &body.to_string()).await?;
        }
        bare = bare.min(began.elapsed());
        let began = Instant::now();
        for _ in 0..EVENTS {
            done(&mut connection, &event).await?;
        }
        told = told.min(began.elapsed());
    }
    let rate = |took: Duration| (HOOKS * EVENTS) as f64 / took.as_secs_f64();
    println!("publish to {HOOKS} hooks at a local sink, deliveries a second");
    println!("  a loop that sends the same       {:8.0}", rate(bare));
    println!(
        "  publish                          {:8.0}   ratio {:.2}, goal 0.6",
        rate(told),
        rate(told) / rate(bare)
    );
    Ok(())
}

/// Sends to all hooks, in parallel, each over a connection of its own, as the emulator does.
async fn send_all(sink: SocketAddr, body: &str) -> Result<(), Fault> {
    let mut sending = tokio::task::JoinSet::new();
    for n in 0..HOOKS {
        let call = Call::post(format!("/hook/{n}"), Bytes::copy_from_slice(body.as_bytes()));
        let call = call.with("content-type", "application/json; charset=utf-8");
        sending.spawn(async move {
            let mut connection = connect(sink).await?;
            once(&mut connection, &call).await.map(drop)
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(())
}
