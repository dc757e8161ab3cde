//! `resources.webhooks`: which webhooks start the pipeline, and under which alias their payload is seen.

use crate::{
    document::Document,
    expand::library::{Library, Refused},
    files::{Files, NoFiles, Repository},
    issue::Issue,
    limits,
    yaml::read::{TOO_DEEP, already_defined, fold, push_bounded},
    yaml::{Mark, Node, Tree},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One `- webhook:` of a pipeline.
// Docs: seed 001, resources.webhooks.webhook definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookResource {
    /// `webhook`: the name under `parameters` that the payload gets.
    pub alias: String,
    /// `connection`: the name of the service connection.
    pub connection: String,
    /// `type`: name of an extension's webhook; `None` for an incoming webhook.
    pub kind: Option<String>,
    /// `filters`: all must hold.
    pub filters: Vec<Filter>,
    /// Place of the resource in the file.
    pub mark: Mark,
}

/// One entry of `filters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Path into the payload.
    pub path: String,
    /// What the text there must be.
    pub value: String,
    /// Place of the filter in the file.
    pub mark: Mark,
}

/// Reads the webhook resources of a file as written: registration happens without expansion.
///
/// # Errors
/// As [`webhooks_with`]; a template that the file extends is missing.
pub fn webhooks(document: &Document) -> Result<Vec<WebhookResource>, Vec<Issue>> {
    webhooks_with(document, &NoFiles)
}

/// Reads the webhook resources of a file and of the templates that it extends, as written.
///
/// # Errors
/// What is wrong with `resources.webhooks`, keys given twice anywhere in these files, and a template that cannot be
/// had.
// CHOICE: entries made by a directive (`${{ if … }}`) are not seen: alias and connection must be literals; nor is a
// template seen whose path or repository is an expression.
pub fn webhooks_with(document: &Document, files: &dyn Files) -> Result<Vec<WebhookResource>, Vec<Issue>> {
    let mut issues = document.issues.clone();
    let mut found: Vec<WebhookResource> = Vec::new();
    let mut library = Library::new(&document.name, document.root.clone(), files);
    let mut next = Some(0);
    for level in 1..=limits::LEVELS {
        let Some((at, file)) = next.and_then(|at| Some((at, library.file(at)?.clone()))) else { break };
        let mut report = |mark, message| push_bounded(&mut issues, Issue::at(&file.name, mark, message));
        let own = read(&file.root, &mut report);
        let known: BTreeSet<String> = found.iter().map(|w| fold(&w.alias)).collect();
        for webhook in own.iter().filter(|w| known.contains(&fold(&w.alias))) {
            report(webhook.mark, already_defined(&webhook.alias));
        }
        found.extend(own);
        let extended = match extended(&file.root, at, &mut library) {
            Ok(Some(_)) if level == limits::LEVELS => Err(Refused::Stop(TOO_DEEP)),
            other => other,
        };
        next = extended.unwrap_or_else(|refused| {
            refused.issues(&file.name).into_iter().for_each(|issue| push_bounded(&mut issues, issue));
            None
        });
    }
    if issues.is_empty() { Ok(found) } else { Err(issues) }
}

/// The file that a file extends, if it says so in literals.
fn extended(root: &Node, at: usize, library: &mut Library<'_>) -> Result<Option<usize>, Refused> {
    let literal = |text: &str| !text.contains("${{");
    let Some(wanted) = root.get("extends").and_then(|e| e.get("template")).and_then(Node::as_text) else {
        return Ok(None);
    };
    let alias = fold(wanted.split_once('@').map_or("", |(_, alias)| alias));
    let named = root.get("resources").and_then(|r| r.get("repositories")).and_then(Node::as_sequence);
    let mut readable = literal(wanted);
    for repository in named.unwrap_or_default().iter().filter_map(Repository::of) {
        if literal(&repository.name) && repository.reference.as_deref().is_none_or(literal) {
            if library.repository(&repository.alias).is_none() {
                library.declare(repository).map_err(Refused::Bare)?;
            }
        } else {
            readable &= fold(&repository.alias) != alias;
        }
    }
    if readable { library.get(wanted, at).map(Some) } else { Ok(None) }
}

/// Reads `resources.webhooks` below `root`, telling `report` what is wrong.
pub(crate) fn read(root: &Node, report: &mut dyn FnMut(Mark, String)) -> Vec<WebhookResource> {
    let Some(list) = root.get("resources").and_then(|r| r.get("webhooks")) else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for item in items(list, report) {
        if let Some(webhook) = resource(item, report) {
            // CHOICE: two resources of one alias cannot both be `parameters.alias`.
            if !seen.insert(fold(&webhook.alias)) {
                report(webhook.mark, already_defined(&webhook.alias));
            }
            found.push(webhook);
        }
    }
    found
}

fn resource(node: &Node, report: &mut dyn FnMut(Mark, String)) -> Option<WebhookResource> {
    let Some(entries) = node.as_mapping() else {
        report(node.mark, unexpected(node));
        return None;
    };
    let first = entries.first()?;
    if first.key.text.trim_start().starts_with("${{") {
        return None;
    }
    // Docs: `webhook` is required as first property.
    if &*first.key.text != "webhook" {
        report(first.mark, format!("Unexpected value '{}'", first.key.text));
        return None;
    }
    let mut webhook = WebhookResource {
        alias: String::new(),
        connection: String::new(),
        kind: None,
        filters: Vec::new(),
        mark: node.mark,
    };
    let mut connected = false;
    for entry in entries {
        match &*entry.key.text {
            "webhook" => webhook.alias = text(&entry.value, report),
            "connection" => {
                webhook.connection = text(&entry.value, report);
                connected = true;
            }
            "type" => webhook.kind = Some(text(&entry.value, report)).filter(|t| !t.is_empty()),
            "filters" => {
                webhook.filters =
                    items(&entry.value, report).iter().filter_map(|f| filter(f, report)).collect();
            }
            other => report(entry.mark, format!("Unexpected value '{other}'")),
        }
    }
    // Docs: acceptable values [-_A-Za-z0-9]*. CHOICE: the text.
    if !webhook.alias.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        report(first.value.mark, format!("Unexpected value '{}'", webhook.alias));
    }
    if !connected {
        // CHOICE: the text.
        report(node.mark, "Required property is missing: connection".to_owned());
    }
    Some(webhook)
}

fn filter(node: &Node, report: &mut dyn FnMut(Mark, String)) -> Option<Filter> {
    let Some(entries) = node.as_mapping() else {
        report(node.mark, unexpected(node));
        return None;
    };
    let (mut path, mut value) = (None, None);
    for entry in entries {
        match &*entry.key.text {
            "path" => path = Some(text(&entry.value, report)),
            "value" => value = Some(text(&entry.value, report)),
            other => report(entry.mark, format!("Unexpected value '{other}'")),
        }
    }
    let Some(path) = path else {
        report(node.mark, "Required property is missing: path".to_owned());
        return None;
    };
    Some(Filter { path, value: value.unwrap_or_default(), mark: node.mark })
}

fn items<'n>(node: &'n Node, report: &mut dyn FnMut(Mark, String)) -> &'n [Node] {
    match &node.tree {
        Tree::Sequence(items) => items,
        // An absent list is an empty one.
        Tree::Scalar(s) if s.text.is_empty() => &[],
        _ => {
            report(node.mark, unexpected(node));
            &[]
        }
    }
}

fn text(node: &Node, report: &mut dyn FnMut(Mark, String)) -> String {
    match &node.tree {
        Tree::Scalar(s) => s.text.to_string(),
        _ => {
            report(node.mark, unexpected(node));
            String::new()
        }
    }
}

/// The service's text for a node of a kind that is not wanted.
// OBSERVED
pub(crate) fn unexpected(node: &Node) -> String {
    match &node.tree {
        Tree::Scalar(s) => format!("Unexpected value '{}'", s.text),
        Tree::Sequence(_) => "A sequence was not expected".to_owned(),
        Tree::Mapping(_) => "A mapping was not expected".to_owned(),
    }
}
