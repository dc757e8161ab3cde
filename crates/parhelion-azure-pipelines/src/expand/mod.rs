//! Expansion: parameters are bound, the file is walked, the result checked, put into its normal form and typed.

mod branch;
mod directive;
mod include;
mod interpolate;
pub(crate) mod library;
mod names;
mod parameters;
mod path;
mod place;
mod text;
mod walk;

use crate::{
    document::Document,
    expr::{Object, Value, budget::Budget},
    files::{Files, NoFiles},
    issue::Issue,
    pipeline::{Pipeline, graph, normal, read as typed, tasks},
    runtime::queue,
    schema, webhooks,
    yaml::{Mark, Node, emit, read::fold, read::push_bounded},
};
use library::Library;
use parameters::{Given, Role};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What an expansion depends on besides the file.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Values for the declared parameters (`templateParameters` of a queue request), by name in any case.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Payloads of webhooks by alias, in any case. An alias of the file without a payload is an empty object.
    pub webhooks: BTreeMap<String, Arc<serde_json::Value>>,
    /// Variables known to `${{ variables.x }}` besides those of the file: predefined ones (`Build.Reason` …) and the
    /// definition's.
    pub variables: BTreeMap<String, String>,
}

/// An expanded pipeline.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// The expanded, checked and normalised tree.
    pub tree: Node,
    /// The same in types.
    pub pipeline: Arc<Pipeline>,
    /// The same as text, as the preview operation gives it.
    pub final_yaml: String,
    /// What a user may want to know though nothing is wrong.
    pub warnings: Vec<Issue>,
    /// The templates that it was made of, as messages call them, in the order they were read.
    pub files: Vec<String>,
    /// The template that the file extends.
    pub extends: Option<Extends>,
}

/// A template that a file extends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extends {
    /// Its path from the root of its repository, without a slash in front.
    pub path: String,
    /// The repository's name and ref as its resource has them; `None`: the file's own.
    pub resource: Option<(String, Option<String>)>,
}

/// Expands a file that includes no others.
///
/// # Errors
/// As [`expand_with`]; every template is missing.
pub fn expand(document: &Document, inputs: &Inputs) -> Result<Expanded, Vec<Issue>> {
    expand_with(document, inputs, &NoFiles)
}

/// Expands a file and the templates that it includes, which `files` gives.
///
/// The same document, inputs and files give the same result.
///
/// # Errors
/// All errors found: of the text, the parameters, the walk, the schema, the graph, in this order; at most
/// [`crate::limits::ISSUES`].
pub fn expand_with(document: &Document, inputs: &Inputs, files: &dyn Files) -> Result<Expanded, Vec<Issue>> {
    expand_counted(document, inputs, files).0
}

/// What an expansion took of its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Of [`crate::limits::EVENTS`].
    pub events: u64,
    /// Of [`crate::limits::TREE_BYTES`].
    pub bytes: usize,
}

/// As [`expand_with`], and what it took.
pub fn expand_counted(
    document: &Document,
    inputs: &Inputs,
    files: &dyn Files,
) -> (Result<Expanded, Vec<Issue>>, Spent) {
    expand_within(document, inputs, files, crate::limits::EVENTS)
}

/// As [`expand_counted`], with no more than so many steps of work: what takes more is refused as too large, having
/// spent all of them. For callers who would rather do a long expansion elsewhere.
pub fn expand_within(
    document: &Document,
    inputs: &Inputs,
    files: &dyn Files,
    events: u64,
) -> (Result<Expanded, Vec<Issue>>, Spent) {
    let library = Library::new(&document.name, document.root.clone(), files);
    let mut warnings = Vec::new();
    let payloads = payloads(&document.root, &inputs.webhooks, &mut |mark, message| {
        push_bounded(&mut warnings, Issue::at(&document.name, mark, message));
    });
    let bound = parameters::bind(Role::Root, &document.root, Given::Outside(&inputs.parameters), &payloads);
    let frame = names::Frame::new(bound.parameters, &inputs.variables);
    let mut walk = interpolate::Walk::new(library, &inputs.webhooks, frame, document.issues.clone());
    walk.budget = Budget::of(events);
    walk.report_bound(bound.wrong);
    let walked = walk.root(&document.root);
    let spent = Spent { events: walk.budget.spent(), bytes: walk.bytes };
    let interpolate::Walk { library, issues, incomplete, .. } = walk;
    // A bound was met, or a part is missing: there is no whole tree to look at.
    let expanded = match walked {
        Ok(tree) if !incomplete => finish(tree, &library, issues, warnings),
        _ => Err(issues),
    };
    let expanded = expanded.map(|expanded| {
        let extends = extended(&document.root, &expanded.tree, &expanded.files);
        Expanded { extends, ..expanded }
    });
    (expanded, spent)
}

/// What is made of a whole tree: checked, put into its normal form, typed and written.
fn finish(
    tree: Node,
    library: &Library<'_>,
    mut issues: Vec<Issue>,
    mut warnings: Vec<Issue>,
) -> Result<Expanded, Vec<Issue>> {
    let mut report = |mark: Mark, message: String| {
        push_bounded(&mut issues, Issue::at(library.name(mark.file.into()), mark, message));
    };
    schema::check(&tree, &mut report);
    webhooks::read(&tree, &mut report);
    schema::reserved::check(&tree, &mut report);
    if !issues.is_empty() {
        return Err(issues);
    }
    let tree = normal::normalise(tree);
    let pipeline = Arc::new(typed::read(&tree));
    for message in graph::check(&pipeline).into_iter().chain(queue::check(&pipeline)) {
        push_bounded(&mut issues, Issue::bare(message));
    }
    if !issues.is_empty() {
        return Err(issues);
    }
    for message in tasks::unknown(&pipeline) {
        push_bounded(&mut warnings, Issue::bare(message));
    }
    let final_yaml = emit::emit(&tree);
    Ok(Expanded { tree, pipeline, final_yaml, warnings, files: library.included(), extends: None })
}

/// Which of the files that were read is the one that a file extends.
fn extended(root: &Node, tree: &Node, files: &[String]) -> Option<Extends> {
    let template = root.get("extends")?.get("template");
    let plain = |path: &str| path.trim_start_matches(['.', '/']).replace('\\', "/");
    let written = template.and_then(Node::as_text).map(plain);
    let is = |file: &&String| {
        let whole = plain(file);
        written.as_deref().is_some_and(|w| whole == w || whole.ends_with(&format!("/{w}")))
    };
    // One that comes out of an expression is taken to be the first.
    let file = files.iter().find(is).or_else(|| files.first())?;
    let (path, alias) = file.rsplit_once('@').unwrap_or((file, ""));
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_text).map(str::to_owned);
    let resources = tree.get("resources").and_then(|r| r.get("repositories")).and_then(Node::as_sequence);
    let named = |r: &&Node| text(r, "repository").is_some_and(|a| a.eq_ignore_ascii_case(alias));
    let resource = resources.into_iter().flatten().find(named);
    let resource = resource.map(|r| (text(r, "name").unwrap_or_default(), text(r, "ref")));
    Some(Extends { path: path.trim_start_matches('/').to_owned(), resource })
}

/// The payload of each webhook resource of a file. What is lost in them is told to `warn`.
fn payloads(
    root: &Node,
    given: &BTreeMap<String, Arc<serde_json::Value>>,
    warn: &mut dyn FnMut(Mark, String),
) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    // What is wrong with the resources is reported once they are expanded, an alias given twice among it.
    for resource in webhooks::read(root, &mut |_, _| {}) {
        if !seen.insert(fold(&resource.alias)) {
            continue;
        }
        let payload = given.iter().find(|(alias, _)| fold(alias) == fold(&resource.alias)).map(|(_, p)| p);
        let value = match payload {
            Some(json) => {
                if loses_digits(json) {
                    let message = format!(
                        "The payload of '{}' holds integers above 2^53: they lose digits as numbers of an expression.",
                        resource.alias
                    );
                    warn(resource.mark, message);
                }
                Value::from(&**json)
            }
            None => Value::Object(Arc::new(Object::exact([]))),
        };
        found.insert(resource.alias, value);
    }
    found
}

/// Whether a whole number of the payload is not exact as a double.
fn loses_digits(json: &serde_json::Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match json {
        serde_json::Value::Number(n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
            (Some(n), ..) => n > EXACT,
            (_, Some(n), _) => n.unsigned_abs() > EXACT,
            // A whole number of more than 64 bits has become a double already.
            (.., n) => n.is_some_and(|n| n.abs() >= 2f64.powi(63)),
        },
        serde_json::Value::Array(items) => items.iter().any(loses_digits),
        serde_json::Value::Object(map) => map.values().any(loses_digits),
        _ => false,
    }
}

/// Whether a text is a well-formed directive.
pub(crate) fn is_directive(text: &str) -> bool {
    matches!(directive::directive(text), Some(Ok(_)))
}
