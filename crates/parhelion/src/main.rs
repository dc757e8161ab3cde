//! The program: arguments, signals, exit codes. Everything else is in the library beside it.

use clap::CommandFactory;
use parhelion::settings::{Arguments, AzureCommand, Command, ExpandSettings, HealthSettings, Settings};
use parhelion::{Parhelion, azure, config, demo};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Journal and request records are made of small pieces that live long and go in another order than they came.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let file = match config::find(std::env::args_os().collect()) {
        Ok(file) => file,
        Err(why) => return complain(2, &why),
    };
    let arguments = match config::parse(std::env::args_os().collect(), file.as_ref()) {
        Ok(arguments) => arguments,
        Err(e) => return refused_arguments(&e, file.as_ref()),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return complain(1, &format!("cannot start: {e}")),
    };
    match arguments.command.unwrap_or(Command::Serve(Box::new(arguments.serve))) {
        Command::Serve(settings) => runtime.block_on(serve(*settings, file.as_ref())),
        Command::Demo(settings) => runtime.block_on(demo::play(&settings)),
        Command::Health(settings) => runtime.block_on(health(&settings)),
        Command::Azure(AzureCommand::Expand(settings)) => expand(&settings),
    }
}

/// Needs neither server nor runtime.
fn expand(settings: &ExpandSettings) -> ExitCode {
    let mut err = std::io::stderr();
    match azure::expand(settings) {
        azure::Outcome::Expanded(yaml, notes) => {
            for note in notes {
                let _ = writeln!(err, "parhelion: note: {note}");
            }
            // Nobody may be reading: that is no reason to complain.
            let mut out = std::io::stdout();
            let _ = out.write_all(yaml.as_bytes()).and_then(|()| out.flush());
            ExitCode::SUCCESS
        }
        azure::Outcome::Invalid(messages) => {
            let _ = writeln!(err, "{messages}");
            ExitCode::from(1)
        }
        azure::Outcome::Misused(why) => complain(2, &why),
    }
}

/// One clear line, and the exit code.
fn complain(code: u8, what: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "parhelion: {what}");
    ExitCode::from(code)
}

fn refused_arguments(e: &clap::Error, file: Option<&config::File>) -> ExitCode {
    if !e.use_stderr() {
        let _ = e.print(); // --help, --version
        return ExitCode::SUCCESS;
    }
    let text = e.to_string();
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    // What is missing stands below, a line each.
    if first.ends_with(':') {
        lines.take_while(|l| l.starts_with(' ')).for_each(|l| first = format!("{first} {}", l.trim()));
    }
    complain(2, &format!("{first}{} (parhelion --help lists what there is)", origin(&first, file)))
}

/// `, from PARHELION_X` or `, from parhelion.toml`: where a message is about a flag that was not given, its value came
/// from a variable, else from the file.
fn origin(message: &str, file: Option<&config::File>) -> String {
    let command = Arguments::command();
    let is_given = |flag: &str| {
        std::env::args_os().any(|argument| {
            let argument = argument.to_string_lossy();
            argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    };
    let mut arguments =
        std::iter::once(&command).chain(command.get_subcommands()).flat_map(|c| c.get_arguments());
    let origin = arguments.find_map(|argument| {
        let name = argument.get_long()?;
        let flag = format!("--{name}");
        let meant =
            [" ", "'"].iter().any(|end| message.contains(&format!("{flag}{end}"))) && !is_given(&flag);
        let variable = argument.get_env().filter(|variable| std::env::var_os(variable).is_some());
        let origin = match (variable, file.filter(|file| file.sets(name))) {
            (Some(variable), _) => Some(variable.to_string_lossy().into_owned()),
            (None, Some(file)) => Some(file.path.display().to_string()),
            (None, None) => None,
        };
        origin.filter(|_| meant)
    });
    origin.map_or_else(String::new, |origin| format!(", from {origin}"))
}

async fn serve(settings: Settings, file: Option<&config::File>) -> ExitCode {
    let Ok(filter) = EnvFilter::try_new(&settings.log) else {
        return complain(
            2,
            &format!(
                "--log \"{}\" is no filter{}: try info, debug, or target=level",
                settings.log,
                origin("--log ", file)
            ),
        );
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    // Before anybody can know that it is there: who reads the URL may send a signal at once.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(e) => return complain(1, &format!("cannot listen for signals: {e}")),
    };
    let seeded = settings.seed.is_some();
    let emulator = match Parhelion::builder().settings(settings).start().await {
        Ok(emulator) => emulator,
        Err(e) => return complain(2, &format!("{e}{}", origin(&e.to_string(), file))),
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
    lines.push(format!("{:<24}{}/_parhelion/health", "health", emulator.url()));
    lines.push(String::new());
    // Nobody may be reading: that is no reason to stop.
    let _ = writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush());

    let signal = signals.next().await;
    tracing::info!(signal, "stopping: requests and deliveries in flight are finished first");
    let left = tokio::select! {
        left = emulator.stop() => left,
        _ = signals.next() => return complain(1, "stopped at once by a second signal"),
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

/// SIGTERM and SIGINT, from when this is made.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }
    /// Waits for the next one; which it was.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.int.recv() => "SIGINT",
        }
    }
}

async fn health(settings: &HealthSettings) -> ExitCode {
    match demo::client::get(&format!("{}/_parhelion/health", settings.url.trim_end_matches('/'))).await {
        Ok(answer) if answer.status == 200 => ExitCode::SUCCESS,
        Ok(answer) => complain(1, &format!("{} answers {}", settings.url, answer.status)),
        Err(e) => complain(1, &format!("{} does not answer: {e}", settings.url)),
    }
}
