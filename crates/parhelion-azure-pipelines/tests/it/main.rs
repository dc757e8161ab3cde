//! The library as its users see it: text in, pipeline or errors out.

mod bounds;
mod directives;
mod errors;
mod examples;
mod expressions;
mod final_yaml;
mod parameters;
mod properties;
mod run_time;
mod seed;
mod tables;
mod webhooks;

use parhelion_azure_pipelines::{Expanded, Inputs, Issue, expand, joined, parse};

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
    Inputs { webhooks: [(alias.to_owned(), json)].into(), ..Inputs::default() }
}

/// Inputs with parameter values.
pub fn given(parameters: serde_json::Value) -> Inputs {
    let parameters = parameters.as_object().cloned().unwrap_or_default().into_iter().collect();
    Inputs { parameters, ..Inputs::default() }
}
