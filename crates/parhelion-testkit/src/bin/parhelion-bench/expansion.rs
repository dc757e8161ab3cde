//! Expanding a pipeline against running the YAML parser alone over all that goes in and all that comes out.

use crate::Fault;
use parhelion_azure_pipelines::{Expanded, Inputs, expand_with, joined, parse};
use std::{
    collections::BTreeMap,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

/// How long each of the three runs in a round.
const RUN: Duration = Duration::from_millis(300);
/// Rounds; the best of each counts, since a neighbour's work only ever slows one down.
const ROUNDS: usize = 10;

/// The pipeline of `examples/bench`: its own file and its templates.
struct Example {
    text: String,
    templates: BTreeMap<String, String>,
}

/// Prints both rates and their ratio.
pub fn measure() -> Result<(), Fault> {
    let example = Example::read()?;
    let expanded = example.expand()?;
    let inputs = || std::iter::once(&example.text).chain(example.templates.values()).map(String::as_str);
    let (bytes_in, bytes_out) = (inputs().map(str::len).sum::<usize>(), expanded.final_yaml.len());
    let lines = example.text.lines().count();
    println!(
        "expanding a pipeline of {lines} lines and {} templates, {:.1} KB, to {:.1} KB of finalYaml; best of {ROUNDS} rounds of {RUN:?}",
        example.templates.len(),
        bytes_in as f64 / 1e3,
        bytes_out as f64 / 1e3,
    );
    let [mut parsed_in, mut parsed_out, mut expansion] = [f64::MAX; 3];
    for _ in 0..ROUNDS {
        parsed_in = parsed_in.min(seconds(|| inputs().try_for_each(events))?);
        parsed_out = parsed_out.min(seconds(|| events(&expanded.final_yaml))?);
        expansion = expansion.min(seconds(|| example.expand().map(drop))?);
    }
    let row = |name: &str, seconds: f64, bytes: usize| {
        println!("  {name:44} {:9.0} a second {:8.1} MB/s", 1.0 / seconds, bytes as f64 / seconds / 1e6);
    };
    row("YAML parser alone, all input files", parsed_in, bytes_in);
    row("YAML parser alone, finalYaml", parsed_out, bytes_out);
    row("expansion, MB of both", expansion, bytes_in + bytes_out);
    println!("  {:44} {:9.2}", "expansion to the sum of both", expansion / (parsed_in + parsed_out));
    Ok(())
}

impl Example {
    fn read() -> Result<Self, Fault> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bench");
        let mut templates = BTreeMap::new();
        for file in std::fs::read_dir(folder.join("templates"))? {
            let file = file?;
            let name = file.file_name().into_string().map_err(|_| "a file name that is no text")?;
            templates.insert(format!("/templates/{name}"), std::fs::read_to_string(file.path())?);
        }
        Ok(Self { text: std::fs::read_to_string(folder.join("azure-pipelines.yml"))?, templates })
    }

    /// All that a user waits for: reading, templates, expansion, checks, `finalYaml`.
    fn expand(&self) -> Result<Expanded, Fault> {
        parse("/azure-pipelines.yml", &self.text)
            .and_then(|document| expand_with(&document, &Inputs::default(), &self.templates))
            .map_err(|issues| joined(&issues).into())
    }
}

/// Runs the parser over a text and looks at each event.
fn events(text: &str) -> Result<(), Fault> {
    for event in saphyr_parser::Parser::new_from_str(text) {
        black_box(event?);
    }
    Ok(())
}

/// Seconds that one call takes.
fn seconds(mut call: impl FnMut() -> Result<(), Fault>) -> Result<f64, Fault> {
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < RUN {
        call()?;
        calls += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(calls))
}
