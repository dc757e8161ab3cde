//! Measures the emulator against a bare hyper server in the same run: `scripts/bench` builds and starts it.
//!
//! Prints figures, judges none: what a machine can do differs, the ratios are what to look at.

mod azure;
mod codepipeline;
mod expansion;
mod kudu;
mod load;
mod servers;
mod ssm;

use load::{CONNECTIONS, Call, LOAD, ROUNDS, connect, once, rate};
use servers::{bare, cold_start, emulator, rss_kib, start};

/// What goes wrong ends it.
type Fault = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.first().map(String::as_str) {
        Some("--bare") => runtime.block_on(bare()),
        Some(binary) => runtime.block_on(measure(binary, arguments.get(1).map_or("", String::as_str))),
        None => {
            Err("usage: parhelion-bench PATH-OF-PARHELION [rates|azure|runs|kudu|sizes|expansion|history]"
                .into())
        }
    }
}

/// All of it, or the part of that name.
async fn measure(binary: &str, part: &str) -> Result<(), Fault> {
    let wanted = |name: &str| part.is_empty() || part == name;
    if wanted("rates") {
        starts_and_rates(binary).await?;
    }
    if part == "azure" {
        let own = std::env::current_exe()?;
        let bare = start(own.to_str().ok_or("a path that is no text")?, &["--bare"])?;
        let server = emulator(binary)?;
        azure::rates(server.addr, bare.addr).await?;
    }
    if wanted("kudu") {
        let own = std::env::current_exe()?;
        let sink = start(own.to_str().ok_or("a path that is no text")?, &["--bare"])?;
        kudu::measure(&emulator(binary)?, sink.addr).await?;
    }
    if wanted("ssm") {
        let own = std::env::current_exe()?;
        let bare = start(own.to_str().ok_or("a path that is no text")?, &["--bare"])?;
        let server = emulator(binary)?;
        println!("Secure Source Manager, requests a second");
        ssm::measure(server.addr, bare.addr).await?;
    }
    if wanted("runs") {
        azure::runs(emulator(binary)?).await?;
    }
    if wanted("sizes") {
        codepipeline::sizes(emulator(binary)?).await?;
    }
    if wanted("expansion") {
        expansion::measure()?;
    }
    if wanted("history") {
        codepipeline::many_executions(emulator(binary)?).await?;
    }
    Ok(())
}

async fn starts_and_rates(binary: &str) -> Result<(), Fault> {
    let own = std::env::current_exe()?;
    let own = own.to_str().ok_or("a path that is no text")?;
    let health = Call::get("/_parhelion/health");
    let any = Call::get("/");

    let cold = cold_start(|| emulator(binary), &health).await?;
    let cold_bare = cold_start(|| start(own, &["--bare"]), &any).await?;
    println!("cold start to the first answer, median of {}", servers::STARTS);
    println!("  emulator   {:8.1} ms", cold.as_secs_f64() * 1e3);
    println!(
        "  bare hyper {:8.1} ms   ratio {:.2}",
        cold_bare.as_secs_f64() * 1e3,
        cold.as_secs_f64() / cold_bare.as_secs_f64()
    );

    let server = emulator(binary)?;
    let bare = start(own, &["--bare"])?;
    once(&mut connect(server.addr).await?, &health).await?;
    once(&mut connect(bare.addr).await?, &any).await?;
    let (idle, idle_bare) = (rss_kib(&server.process), rss_kib(&bare.process));
    println!("idle memory (resident)");
    if let (Some(idle), Some(idle_bare)) = (idle, idle_bare) {
        println!("  emulator   {:8.1} MiB", idle as f64 / 1024.0);
        println!(
            "  bare hyper {:8.1} MiB  ratio {:.2}",
            idle_bare as f64 / 1024.0,
            idle as f64 / idle_bare as f64
        );
    }

    println!(
        "requests a second, {CONNECTIONS} connections, best of {ROUNDS} rounds of {LOAD:?}; ratios to bare hyper under the same requests"
    );
    let base = rate(bare.addr, move |_, _| any.clone()).await?;
    println!("  {:44} {base:9.0}", "bare hyper, GET");
    for (name, call) in [("control health", health), ("Kudu list hooks", Call::get("/kudu/bench/api/hooks"))]
    {
        let rate = rate(server.addr, move |_, _| call.clone()).await?;
        println!("  {name:44} {rate:9.0}   ratio {:.2}", rate / base);
    }
    codepipeline::rates(server.addr, bare.addr).await?;
    azure::rates(server.addr, bare.addr).await
}
