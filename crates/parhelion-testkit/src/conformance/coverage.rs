//! `docs/coverage.md`: every operation of every surface, and how much of the model was found to hold.

use super::{Protocol, Report};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where it stands, from the root of the repository.
pub const PATH: &str = "docs/coverage.md";

/// Cases and how many were answered as the model says, by operation and protocol.
pub type Figures = BTreeMap<(String, Protocol), (usize, usize)>;

/// The figures of a run.
pub fn figures(report: &Report) -> Figures {
    report.tallies.iter().map(|(key, tally)| (key.clone(), (tally.cases, tally.right))).collect()
}

/// The figures that a document states.
pub fn stated(document: &str) -> Figures {
    let mut all = Figures::new();
    for line in document.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, json, cbor, _] = cells[..] else { continue };
        for (protocol, cell) in [(Protocol::Json, json), (Protocol::Cbor, cbor)] {
            let figure = cell.split_once(" of ").and_then(|(right, cases)| {
                Some((cases.parse::<usize>().ok()?, right.parse::<usize>().ok()?))
            });
            if let Some(figure) = figure {
                all.insert((name.to_owned(), protocol), figure);
            }
        }
    }
    all
}

/// The document. `coverage` is what `/_parhelion/coverage` answers.
pub fn document(coverage: &Value, figures: &Figures) -> String {
    let mut out = String::from(
        "# What is covered\n\n\
         Written by `scripts/conformance codepipeline --write` from a running server; a test says when it is not \
         current.\n",
    );
    let surfaces = coverage["surfaces"].as_array().map(Vec::as_slice).unwrap_or_default();
    let _ =
        writeln!(out, "\n| surface | operations | real | simulated | stored only |\n|---|---|---|---|---|");
    for surface in surfaces {
        let count =
            |standing: &str| operations(surface).iter().filter(|o| word(&o["standing"]) == standing).count();
        let [real, simulated, stored] = ["real", "simulated", "stored only"].map(count);
        let name = text(&surface["surface"]);
        let _ = writeln!(out, "| {name} | {} | {real} | {simulated} | {stored} |", operations(surface).len());
    }

    let (cases, right) = figures.values().fold((0, 0), |(c, r), (cases, right)| (c + cases, r + right));
    let names = figures.keys().map(|(name, _)| name).collect::<std::collections::BTreeSet<_>>();
    let _ = write!(
        out,
        "\n## CodePipeline against its model\n\n\
         Cases made of the model's facts, tried against a live server in both protocols: lengths and ranges at their \
         bounds, enumerations, patterns, members missing and unknown, nulls, wrong types, forms of the body. As the \
         model says means: a broken input is answered with exactly the violations it has, a sound one with an \
         output of its shape or a refusal of the operation's own.\n\n\
         **{} operations, {cases} cases, {right} answered as the model says.**\n\n\
         | operation | awsJson1_1 | rpc-v2-cbor |\n|---|---|---|\n",
        names.len()
    );
    for name in names {
        let cell = |protocol| {
            let (cases, right) = figures.get(&(name.clone(), protocol)).copied().unwrap_or_default();
            format!("{right} of {cases}")
        };
        let _ = writeln!(out, "| {name} | {} | {} |", cell(Protocol::Json), cell(Protocol::Cbor));
    }

    for surface in surfaces {
        let _ = writeln!(
            out,
            "\n## {}\n\n| operation | route | standing |\n|---|---|---|",
            text(&surface["surface"])
        );
        for operation in operations(surface) {
            let (name, doc) = (text(&operation["name"]), text(&operation["doc"]));
            let name = if doc.starts_with("http") { format!("[{name}]({doc})") } else { name.to_owned() };
            let route = text(&operation["route"]).replace('|', "\\|");
            let _ = writeln!(out, "| {name} | `{route}` | {} |", word(&operation["standing"]));
        }
    }
    out
}

fn operations(surface: &Value) -> &[Value] {
    surface["operations"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn word(value: &Value) -> String {
    text(value).replace('_', " ")
}
