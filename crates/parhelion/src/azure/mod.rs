//! `parhelion azure expand`: a pipeline file of the working directory, expanded as the service would, unpushed.

mod folder;

use crate::settings::{Assignment, ExpandSettings};
use folder::{Folder, Folders, Unreadable};
use parhelion_azure_pipelines::{Document, Inputs, WebhookResource, expand_with, joined, judge_all, parse};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// What standard input is called when the pipeline is read from it.
const STANDARD_INPUT: &str = "/azure-pipelines.yml";

/// How an expansion came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The expanded YAML, and what a user may want to know though nothing is wrong; each a line.
    Expanded(String, Vec<String>),
    /// The service's messages, one a line.
    Invalid(String),
    /// The command line makes no sense; a sentence.
    Misused(String),
}

/// Expands a file.
pub fn expand(settings: &ExpandSettings) -> Outcome {
    tried(settings).unwrap_or_else(Outcome::Misused)
}

fn tried(settings: &ExpandSettings) -> Result<Outcome, String> {
    let given = settings.repo.as_deref();
    let folder = Folder::open(given.unwrap_or(Path::new(".")))?;
    let mut notes = Vec::new();
    let (name, bytes) = source(&settings.file, &folder, given)?;
    let text = folder::text(&name, &bytes, &mut notes);
    let mut others = BTreeMap::new();
    once("--repository", &settings.repository)?;
    for Assignment { name, value } in &settings.repository {
        let folder = Folder::open(Path::new(value)).map_err(|why| format!("--repository {name}: {why}"))?;
        others.insert(name.to_lowercase(), folder);
    }
    let folders = Folders::new(folder, others);
    let document = match parse(&name, &text) {
        Ok(document) => document,
        Err(issues) => return Ok(Outcome::Invalid(joined(&issues))),
    };
    let inputs = inputs(settings, &document, &folders)?;
    let expanded = match expand_with(&document, &inputs, &folders) {
        Ok(expanded) => expanded,
        Err(issues) => return Ok(Outcome::Invalid(joined(&issues))),
    };
    notes.extend(folders.notes());
    notes.extend(expanded.warnings.iter().map(ToString::to_string));
    notes.extend(misses(&expanded.pipeline.webhooks, &inputs.webhooks));
    Ok(Outcome::Expanded(expanded.final_yaml, notes))
}

/// The pipeline's own file: what messages call it, and its bytes.
fn source(file: &Path, folder: &Folder, repo: Option<&Path>) -> Result<(String, Vec<u8>), String> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(folder::MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|e| format!("standard input: {e}"))?;
        return Ok((STANDARD_INPUT.to_owned(), bytes));
    }
    // Beside the caller, else in the repository.
    let places = std::iter::once(file.to_owned()).chain(repo.map(|repo| repo.join(file)));
    let found = places.clone().find(|place| place.exists());
    let Some(found) = found else {
        let looked: Vec<String> = places.map(|p| p.display().to_string()).collect();
        return Err(format!("there is no file {}", looked.join(", nor ")));
    };
    let name = folder.name_of(&found)?;
    match folder.read(&name) {
        Ok(bytes) => Ok((name, bytes)),
        Err(why) => Err(format!("{}: {why}", found.display())),
    }
}

fn inputs(settings: &ExpandSettings, document: &Document, folders: &Folders) -> Result<Inputs, String> {
    let mut inputs = Inputs::default();
    once("--param", &settings.param)?;
    once("--webhook", &settings.webhook)?;
    once("--variable", &settings.variable)?;
    for Assignment { name, value } in &settings.param {
        inputs.parameters.insert(name.clone(), Value::from(value.clone()));
    }
    // What is wrong with the resources is told when they are expanded.
    let declared = parhelion_azure_pipelines::webhooks_with(document, folders).ok();
    for Assignment { name, value } in &settings.webhook {
        let is_meant = |w: &WebhookResource| w.alias.to_lowercase() == name.to_lowercase();
        if let Some(declared) = &declared
            && !declared.iter().any(is_meant)
        {
            let aliases: Vec<&str> = declared.iter().map(|w| w.alias.as_str()).collect();
            return Err(format!(
                "--webhook {name}: the pipeline names no webhook of that alias{}{}",
                if aliases.is_empty() { "" } else { "; it names " },
                aliases.join(", ")
            ));
        }
        inputs.webhooks.insert(name.clone(), payload(Path::new(value))?.into());
    }
    // As for a run that a webhook starts, or somebody by hand.
    let mut set = |name: &str, value: &str| inputs.variables.insert(name.to_owned(), value.to_owned());
    match settings.webhook.first() {
        Some(Assignment { name, .. }) => {
            set("Build.Reason", "ResourceTrigger");
            set("Resources.TriggeringAlias", name);
            set("Resources.TriggeringCategory", "webhook");
        }
        None => {
            set("Build.Reason", "Manual");
        }
    }
    for Assignment { name, value } in &settings.variable {
        inputs.variables.retain(|known, _| !known.eq_ignore_ascii_case(name));
        inputs.variables.insert(name.clone(), value.clone());
    }
    Ok(inputs)
}

/// Refuses a name that is given twice: the service folds the case of all of them.
fn once(flag: &str, given: &[Assignment]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    match given.iter().find(|a| !seen.insert(a.name.to_lowercase())) {
        Some(Assignment { name, .. }) => Err(format!("{flag} {name} is given twice")),
        None => Ok(()),
    }
}

/// A payload; an empty file is an empty object, as an empty body is.
fn payload(path: &Path) -> Result<Value, String> {
    let bytes = folder::read_bounded(path).map_err(|why| format!("{}: {why}", path.display()))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(&bytes).map_err(|e| format!("{} is no JSON: {e}", path.display()))
}

/// Filters that keep the service from starting the pipeline for a payload.
fn misses(webhooks: &[WebhookResource], payloads: &BTreeMap<String, Arc<Value>>) -> Vec<String> {
    let mut misses = Vec::new();
    for (alias, payload) in payloads {
        for webhook in webhooks.iter().filter(|w| w.alias.to_lowercase() == alias.to_lowercase()) {
            for verdict in judge_all(&webhook.filters, payload).into_iter().filter(|v| !v.matched) {
                let there = match verdict.selected.as_slice() {
                    [] => "is not there".to_owned(),
                    values => format!("is {}", values.join(", ")),
                };
                misses.push(format!(
                    "the payload of {alias} would start nothing: {} {there}, the filter wants \"{}\"",
                    verdict.path, verdict.expected
                ));
            }
        }
    }
    misses
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unreadable::Missing => f.write_str("there is no such file"),
            Unreadable::NoFile => f.write_str("it is no file"),
            Unreadable::TooLarge => write!(f, "a file has at most {} bytes", folder::MAX_BYTES),
            Unreadable::Other(why) => f.write_str(why),
        }
    }
}
