//! Expansion: `${{ … }}` in texts and keys, directives, parameters.

use crate::{document::Document, issue::Issue, pipeline::Pipeline, yaml::Node};
use std::collections::BTreeMap;

/// What an expansion depends on besides the file.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Values for the declared parameters (`templateParameters` of a queue request), by name in any case.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Payloads of webhooks by alias, in any case. An alias of the file without a payload is an empty object.
    pub webhooks: BTreeMap<String, serde_json::Value>,
    /// Variables known to `${{ variables.x }}` besides those of the file: predefined ones (`Build.Reason` …) and the
    /// definition's.
    pub variables: BTreeMap<String, String>,
}

/// An expanded pipeline.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// The expanded, validated and normalised tree.
    pub tree: Node,
    /// The same in types.
    pub pipeline: Pipeline,
    /// The same as text, as the preview operation gives it.
    pub final_yaml: String,
    /// What a user may want to know though nothing is wrong.
    pub warnings: Vec<Issue>,
}

/// Expands a file.
///
/// # Errors
/// All errors found, in the order of the walk; at most [`crate::limits::ISSUES`].
pub fn expand(document: &Document, _inputs: &Inputs) -> Result<Expanded, Vec<Issue>> {
    Err(vec![Issue::of_file(&document.name, "expansion is being written")])
}
