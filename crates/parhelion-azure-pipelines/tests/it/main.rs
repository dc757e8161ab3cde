//! The library as its users see it: text in, pipeline or errors out.

mod arguments;
mod bounds;
mod directives;
mod errors;
mod examples;
mod expressions;
mod final_yaml;
mod holds;
mod includes;
mod mutations;
mod parameters;
mod properties;
mod reading;
mod references;
mod run_time;
mod seed;
mod tables;
mod templates;
mod webhooks;

use parhelion_azure_pipelines::{Expanded, Inputs, Issue, expand, expand_with, joined, parse};
use std::collections::BTreeMap;

/// The name every test calls its file by: the service's default.
pub const FILE: &str = "/azure-pipelines.yml";

/// Parses and expands.
pub fn run(text: &str, inputs: &Inputs) -> Result<Expanded, Vec<Issue>> {
    parse(FILE, text).and_then(|document| expand(&document, inputs))
}

/// What the preview operation would answer: the text, or the message.
pub fn preview(text: &str) -> String {
    preview_with(text, &Inputs::default())
}

/// The same with inputs.
pub fn preview_with(text: &str, inputs: &Inputs) -> String {
    match run(text, inputs) {
        Ok(expanded) => expanded.final_yaml,
        Err(issues) => joined(&issues),
    }
}

/// Inputs with one payload.
pub fn payload(alias: &str, json: serde_json::Value) -> Inputs {
    Inputs { webhooks: [(alias.to_owned(), json.into())].into(), ..Inputs::default() }
}

/// Inputs with parameter values.
pub fn given(parameters: serde_json::Value) -> Inputs {
    let parameters = parameters.as_object().cloned().unwrap_or_default().into_iter().collect();
    Inputs { parameters, ..Inputs::default() }
}

/// Files by what messages call them.
pub fn files(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// What the preview operation would answer for a file that includes others.
pub fn preview_files(text: &str, inputs: &Inputs, files: &BTreeMap<String, String>) -> String {
    match parse(FILE, text).and_then(|document| expand_with(&document, inputs, files)) {
        Ok(expanded) => expanded.final_yaml,
        Err(issues) => joined(&issues),
    }
}
