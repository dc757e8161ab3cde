//! Asks a server all that CodePipeline's model has a word on, and tells what it does not answer as the model says:
//! `scripts/conformance` builds and starts it.

use parhelion_testkit::conformance::{self, BOTH, Choice, Protocol, Report, Tally, coverage};
use parhelion_testkit::{Api, TestServer};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: parhelion-conformance codepipeline [--url URL] [--operation NAME] [--every N] [--all] [--write]
  --url URL         a server that runs already (its worlds conformance-0 to -3 are used); else one is started
  --operation NAME  this operation alone
  --every N         one case of every N
  --all             list everything that differs, not the first 40
  --write           write docs/coverage.md, from a whole run";

#[derive(Default)]
struct Asked {
    url: Option<String>,
    choice: Choice,
    all: bool,
    write: bool,
}

fn asked() -> Option<Asked> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == "codepipeline").then_some(())?;
    let mut asked = Asked::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--url" => asked.url = Some(arguments.next()?),
            "--operation" => asked.choice.operation = Some(arguments.next()?),
            "--every" => asked.choice.every = arguments.next()?.parse().ok()?,
            "--all" => asked.all = true,
            "--write" => asked.write = true,
            _ => return None,
        }
    }
    let whole = asked.choice.operation.is_none() && asked.choice.every <= 1;
    (!asked.write || whole).then_some(asked)
}

fn main() -> ExitCode {
    let Some(asked) = asked() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let held = runtime.block_on(async {
        let (api, server) = match &asked.url {
            Some(url) => (Api::new(url.trim_end_matches('/')), None),
            None => {
                let server = TestServer::start().await;
                server.may_leave_deliveries();
                (server.main(), Some(server))
            }
        };
        let report = conformance::run(&api, &asked.choice).await;
        tell(&report, asked.all);
        if asked.write {
            let answered = api.get("/_parhelion/coverage").await.want(200).json();
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(coverage::PATH);
            let text = coverage::document(&answered, &coverage::figures(&report));
            std::fs::write(path, text).expect("the document is written");
            println!("{} is written", coverage::PATH);
        }
        drop(server);
        report.holds()
    });
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(report: &Report, all: bool) {
    println!("{:34} {:>15} {:>15}   done  violations told", "operation", "awsJson1_1", "rpc-v2-cbor");
    let names: BTreeSet<&String> = report.tallies.keys().map(|(name, _)| name).collect();
    for name in &names {
        let of = |protocol: Protocol| {
            report.tallies.get(&((*name).clone(), protocol)).copied().unwrap_or_default()
        };
        let [json, cbor] = BOTH.map(of);
        let figure = |tally: Tally| format!("{} of {}", tally.right, tally.cases);
        let (done, told) = (json.done + cbor.done, json.violations + cbor.violations);
        let missing = if report.missing.contains(*name) { "   not there" } else { "" };
        println!("{name:34} {:>15} {:>15} {done:>6} {told:>16}{missing}", figure(json), figure(cbor));
    }
    for what in &report.not_set_up {
        println!("not set up: {what}");
    }
    let shown = if all { report.differences.len() } else { 40 };
    for difference in report.differences.iter().take(shown) {
        println!(
            "differs: {} {:?}: {}\n    {}",
            difference.operation, difference.protocol, difference.about, difference.why
        );
    }
    if report.differences.len() > shown {
        println!("and {} more that differ (--all lists them)", report.differences.len() - shown);
    }
    let (cases, right) = report.sum();
    let there = names.len() - report.missing.len();
    println!(
        "conformance codepipeline: {there} of {} operations answer, {right} of {cases} cases as the model says",
        names.len()
    );
}
