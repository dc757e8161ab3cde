//! The program: arguments, signals, exit codes. Everything else is in the library beside it.

use clap::Parser;
use parhelion::settings::{Arguments, Command, HealthSettings, Settings};
use parhelion::{Parhelion, demo};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => return refused_arguments(&e),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return complain(1, &format!("cannot start: {e}")),
    };
    match arguments.command.unwrap_or(Command::Serve(arguments.serve)) {
        Command::Serve(settings) => runtime.block_on(serve(settings)),
        Command::Demo(settings) => runtime.block_on(demo::play(&settings)),
        Command::Health(settings) => runtime.block_on(health(&settings)),
    }
}

/// One clear line, and the exit code.
fn complain(code: u8, what: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "parhelion: {what}");
    ExitCode::from(code)
}

fn refused_arguments(e: &clap::Error) -> ExitCode {
    if !e.use_stderr() {
        let _ = e.print(); // --help, --version
        return ExitCode::SUCCESS;
    }
    let text = e.to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    complain(2, &format!("{first} (parhelion --help lists what there is)"))
}

async fn serve(settings: Settings) -> ExitCode {
    let Ok(filter) = EnvFilter::try_new(&settings.log) else {
        return complain(
            2,
            &format!("--log \"{}\" is no filter: try info, debug, or target=level", settings.log),
        );
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let seeded = settings.seed.is_some();
    let emulator = match Parhelion::builder().settings(settings).start().await {
        Ok(emulator) => emulator,
        Err(e) => return complain(2, &e.to_string()),
    };
    let mut out = std::io::stdout();
    // The first line is the URL alone: scripts read it.
    let mut lines = vec![emulator.url().to_owned(), String::new()];
    lines.push(format!(
        "Parhelion {}, seed {}{}",
        env!("CARGO_PKG_VERSION"),
        emulator.seed(),
        if seeded { "" } else { " (drawn)" }
    ));
    lines.extend(emulator.banner());
    lines.push(format!("health              {}/_parhelion/health", emulator.url()));
    lines.push(String::new());
    // Nobody may be reading: that is no reason to stop.
    let _ = writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush());

    let signal = match signals().await {
        Ok(signal) => signal,
        Err(e) => return complain(1, &format!("cannot listen for signals: {e}")),
    };
    tracing::info!(signal, "stopping: requests and deliveries in flight are finished first");
    let left = tokio::select! {
        left = emulator.stop() => left,
        _ = signals() => return complain(1, "stopped at once by a second signal"),
    };
    if left.connections > 0 {
        tracing::warn!(connections = left.connections, "connections were cut in the middle of a request");
    }
    for deliveries in &left.deliveries {
        tracing::warn!(%deliveries, "deliveries in flight were cut");
    }
    tracing::info!("stopped");
    ExitCode::SUCCESS
}

/// Waits for SIGTERM or SIGINT; which it was.
async fn signals() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => Ok("SIGTERM"),
        _ = int.recv() => Ok("SIGINT"),
    }
}

async fn health(settings: &HealthSettings) -> ExitCode {
    match demo::client::get(&format!("{}/_parhelion/health", settings.url.trim_end_matches('/'))).await {
        Ok(answer) if answer.status == 200 => ExitCode::SUCCESS,
        Ok(answer) => complain(1, &format!("{} answers {}", settings.url, answer.status)),
        Err(e) => complain(1, &format!("{} does not answer: {e}", settings.url)),
    }
}
