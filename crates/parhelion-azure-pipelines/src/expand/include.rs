//! Templates: a reference is expanded, its file bound and walked in a frame of its own, and the result put in.

use super::{
    interpolate::{Stop, Walk},
    library::{File, Kind, Refused},
    parameters::{self, Given, Role},
    place::Place,
    walk::Built,
};
use crate::{
    expr::{Fail, Value},
    files::Repository,
    issue::Issue,
    limits,
    pipeline::normal,
    webhooks::unexpected,
    yaml::{Entry, Mark, Node, Tree, read::already_defined, read::fold, read::push_bounded},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A reference whose file is read and whose arguments are expanded.
pub(super) struct Include {
    file: usize,
    kind: Kind,
    arguments: Vec<Entry>,
}

/// What a pipeline extends. It is walked when all that stands beside it is known.
pub(super) struct Extends {
    /// Where its entries go.
    at: usize,
    include: Option<Include>,
}

/// Whether a list's item, written or expanded, asks for a template.
// OBSERVED: its first key says what an item is.
pub(super) fn is_reference(item: &Node) -> bool {
    item.as_mapping().and_then(<[Entry]>::first).is_some_and(|e| &*e.key.text == "template")
}

impl Walk<'_> {
    /// Takes up the repositories of expanded `resources`.
    pub fn declare(&mut self, resources: &Node) {
        let items = resources.get("repositories").and_then(Node::as_sequence).unwrap_or_default();
        for repository in items.iter().filter_map(Repository::of) {
            match self.library.repository(&repository.alias) {
                // CHOICE: a template that is extended may name the same repository again, another one not.
                Some(known) if known.is_same(&repository) => {}
                Some(_) => self.report(repository.mark, already_defined(&repository.alias)),
                None => {
                    if let Err(message) = self.library.declare(repository) {
                        push_bounded(&mut self.issues, Issue::bare(message));
                        self.incomplete = true;
                    }
                }
            }
        }
    }

    /// Expands a reference as it is written: `template` first, then what stands beside it.
    pub fn reference(&mut self, item: &Node, kind: Kind) -> Result<Option<Include>, Stop> {
        let Some([target, beside @ ..]) = item.as_mapping() else { return Ok(None) };
        let before = self.bytes;
        let target = self.node(&target.value, Place::Other)?;
        let file = self.target(&target)?;
        let types = match file.and_then(|f| self.library.file(f)).cloned() {
            Some(File { root, binding, .. }) => {
                self.budget.take(binding).map_err(|f| self.stop(f))?;
                parameters::types(role(kind), &root)
            }
            None => BTreeMap::new(),
        };
        self.arguments.push(types);
        let mut out = Built::default();
        self.entries(beside, Place::Include, &mut out)?;
        self.arguments.pop();
        // It does not stay: what is made of it does.
        self.bytes = before;
        Ok(self.beside(out.entries).and_then(|arguments| Some(Include { file: file?, kind, arguments })))
    }

    /// The same of one that came out of an expression.
    fn expanded(&mut self, item: Node, kind: Kind) -> Result<Option<Include>, Stop> {
        let Tree::Mapping(mut entries) = item.tree else { return Ok(None) };
        let beside = entries.split_off(1);
        let file = match entries.pop() {
            Some(target) => self.target(&target.value)?,
            None => None,
        };
        Ok(self.beside(beside).and_then(|arguments| Some(Include { file: file?, kind, arguments })))
    }

    /// The file that a reference means.
    fn target(&mut self, target: &Node) -> Result<Option<usize>, Stop> {
        let Some(text) = target.as_text() else {
            self.report(target.mark, unexpected(target));
            return Ok(None);
        };
        match self.library.get(text, target.mark.file.into()) {
            Ok(file) => return Ok(Some(file)),
            Err(Refused::Stop(message)) => return Err(self.stop(Fail::Stop(message))),
            Err(refused) => {
                let issues = refused.issues(self.library.name(self.file));
                issues.into_iter().for_each(|issue| push_bounded(&mut self.issues, issue));
            }
        }
        self.incomplete = true;
        Ok(None)
    }

    /// The arguments, of all that stands beside `template`.
    fn beside(&mut self, entries: Vec<Entry>) -> Option<Vec<Entry>> {
        let mut arguments = Some(Vec::new());
        for entry in entries {
            if &*entry.key.text != "parameters" {
                self.report(entry.mark, format!("Unexpected value '{}'", entry.key.text));
                continue;
            }
            match entry.value.tree {
                Tree::Mapping(given) => arguments = Some(given),
                Tree::Scalar(s) if s.text.is_empty() => {}
                tree => {
                    let node = Node { tree, ..entry.value };
                    self.report(node.mark, unexpected(&node));
                    arguments = None;
                }
            }
        }
        arguments
    }

    /// Puts a list's template into the list.
    pub fn include(&mut self, include: Include, out: &mut Vec<Node>) -> Result<(), Stop> {
        let kind = include.kind;
        for entry in self.template(include)? {
            if &*entry.key.text != kind.key() {
                self.report(entry.mark, format!("Unexpected value '{}'", entry.key.text));
                continue;
            }
            let value = if kind == Kind::Variables { normal::variables(entry.value) } else { entry.value };
            match value.tree {
                Tree::Sequence(items) => out.extend(items),
                // An absent list is an empty one.
                Tree::Scalar(s) if s.text.is_empty() => {}
                tree => {
                    let node = Node { tree, ..value };
                    self.report(node.mark, unexpected(&node));
                }
            }
        }
        Ok(())
    }

    /// Binds and walks a template's file: its entries.
    fn template(&mut self, include: Include) -> Result<Vec<Entry>, Stop> {
        let Include { file, kind, arguments } = include;
        if self.levels >= limits::LEVELS {
            return Err(self.stop(Fail::too_deep()));
        }
        let Some(File { root, binding, .. }) = self.library.file(file).cloned() else {
            return Ok(Vec::new());
        };
        self.budget.take(binding).map_err(|f| self.stop(f))?;
        let payloads = match kind {
            Kind::Extends => super::payloads(&root, self.payloads, &mut |_, _| {}),
            _ => BTreeMap::new(),
        };
        let bound = parameters::bind(role(kind), &root, Given::Arguments(&arguments), &payloads);
        drop(arguments);
        self.report_bound(bound.wrong);
        let parameters = Value::Object(Arc::new(bound.parameters));
        let (parameters, loops) = self.frame.turn(parameters, Vec::new());
        let (from, each_at) = (std::mem::replace(&mut self.file, file), self.each_at.take());
        self.levels += 1;
        // What it gives takes the place of the reference: the level around that is open already.
        self.leave();
        let entries = self.file_root(&root, kind)?;
        self.reenter();
        self.levels -= 1;
        (self.file, self.each_at) = (from, each_at);
        self.frame.turn(parameters, loops);
        Ok(entries)
    }

    fn file_root(&mut self, root: &Node, kind: Kind) -> Result<Vec<Entry>, Stop> {
        let Some(entries) = root.as_mapping() else {
            self.report(root.mark, unexpected(root));
            self.incomplete = true;
            return Ok(Vec::new());
        };
        let mut out = Built::default();
        if kind == Kind::Extends {
            self.enter()?;
        }
        self.entries(entries, Place::Template(kind), &mut out)?;
        if let Some(extends) = out.extends.take() {
            self.extend(extends, &mut out)?;
        }
        if kind == Kind::Extends {
            self.leave();
        }
        Ok(out.entries)
    }

    /// Reports what is wrong with parameters.
    pub fn report_bound(&mut self, wrong: Vec<(Option<Mark>, String)>) {
        for (mark, message) in wrong {
            match mark {
                Some(mark) => self.report(mark, message),
                None => push_bounded(&mut self.issues, Issue::bare(message)),
            }
        }
    }

    /// Notes what a file extends.
    pub fn extends(&mut self, entry: &Entry, out: &mut Built) -> Result<(), Stop> {
        if out.extends.is_some() {
            self.report_once(entry.mark, already_defined("extends"));
            return Ok(());
        }
        let include = if is_reference(&entry.value) {
            self.reference(&entry.value, Kind::Extends)?
        } else {
            // Something else, or the reference comes out of an expression.
            let value = self.node(&entry.value, Place::Include)?;
            if is_reference(&value) {
                self.expanded(value, Kind::Extends)?
            } else {
                self.not_a_reference(&value);
                None
            }
        };
        self.incomplete |= include.is_none();
        out.extends = Some(Extends { at: out.entries.len(), include });
        Ok(())
    }

    fn not_a_reference(&mut self, value: &Node) {
        let (mark, message) = match value.as_mapping().and_then(<[Entry]>::first) {
            Some(first) => (first.mark, format!("Unexpected value '{}'", first.key.text)),
            None => (value.mark, unexpected(value)),
        };
        self.report(mark, message);
    }

    /// Puts what a file extends beside what it says itself.
    pub fn extend(&mut self, extends: Extends, out: &mut Built) -> Result<(), Stop> {
        for entry in out.entries.iter().filter(|e| !BESIDE_EXTENDS.contains(&&*e.key.text)) {
            self.report(entry.mark, format!("Unexpected value '{}'", entry.key.text));
        }
        let Some(include) = extends.include else { return Ok(()) };
        let mut at = extends.at;
        for entry in self.template(include)? {
            let key = &*entry.key.text;
            if !OF_EXTENDED.contains(&key) {
                self.report(entry.mark, format!("Unexpected value '{key}'"));
                continue;
            }
            match out.entries.iter_mut().find(|e| &*e.key.text == key) {
                None => {
                    out.entries.insert(at, entry);
                    at += 1;
                }
                // CHOICE: the pipeline's own first, then the template's.
                Some(own) if key == "variables" => {
                    let first = normal::variables(own.value.clone());
                    own.value = joined(first, normal::variables(entry.value));
                }
                Some(own) if key == "resources" => merge_resources(&mut own.value, entry.value),
                // CHOICE: the pipeline's own `trigger` wins.
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// One item that is expanded: put in as it is, or as what its template gives.
    pub fn placed(&mut self, item: Node, place: Place, out: &mut Vec<Node>) -> Result<(), Stop> {
        match place.takes() {
            Some(kind) if is_reference(&item) => match self.expanded(item, kind)? {
                Some(include) => self.include(include, out),
                None => Ok(()),
            },
            _ => {
                out.push(item);
                Ok(())
            }
        }
    }

    /// A tree that came out of an expression, with the templates that it asks for put in.
    // CHOICE: relative to the file of the expression. Recursion is bounded by the depth of trees.
    pub fn resolved(&mut self, node: Node, place: Place) -> Result<Node, Stop> {
        if place == Place::Other {
            return Ok(node);
        }
        let tree = match node.tree {
            Tree::Sequence(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    let item = self.resolved(item, place.item())?;
                    self.placed(item, place, &mut out)?;
                }
                Tree::Sequence(out)
            }
            Tree::Mapping(entries) => {
                let mut out = Vec::with_capacity(entries.len());
                for entry in entries {
                    let value = self.resolved(entry.value, place.below(&entry.key.text))?;
                    out.push(Entry { value, ..entry });
                }
                Tree::Mapping(out)
            }
            scalar => scalar,
        };
        Ok(Node { mark: node.mark, tree })
    }
}

/// What may stand beside `extends`.
// Docs: the schema of a pipeline.
const BESIDE_EXTENDS: &[&str] = &[
    "trigger",
    "pr",
    "schedules",
    "resources",
    "parameters",
    "variables",
    "name",
    "appendCommitMessageToRunName",
    "lockBehavior",
    "pool",
];

/// What a template that is extended may say.
// Docs: the schema of such a template.
const OF_EXTENDED: &[&str] = &["trigger", "resources", "variables", "stages", "jobs", "steps"];

fn role(kind: Kind) -> Role {
    match kind {
        Kind::Extends => Role::Extended,
        _ => Role::Template,
    }
}

/// One list of two.
fn joined(first: Node, second: Node) -> Node {
    let Tree::Sequence(mut items) = first.tree else { return second };
    if let Tree::Sequence(more) = second.tree {
        items.extend(more);
    }
    Node { mark: first.mark, tree: Tree::Sequence(items) }
}

/// The lists of both, kind by kind; a repository that both name is there once.
fn merge_resources(own: &mut Node, other: Node) {
    let (Tree::Mapping(own), Tree::Mapping(other)) = (&mut own.tree, other.tree) else { return };
    let kinds: BTreeMap<Arc<str>, usize> =
        own.iter().enumerate().map(|(at, e)| (e.key.text.clone(), at)).collect();
    for entry in other {
        match kinds.get(&entry.key.text).and_then(|at| own.get_mut(*at)) {
            None => own.push(entry),
            Some(kind) => {
                let alias = |n: &Node| n.get("repository").and_then(Node::as_text).map(fold);
                let (Tree::Sequence(items), Tree::Sequence(more)) = (&mut kind.value.tree, entry.value.tree)
                else {
                    continue;
                };
                let known: BTreeSet<String> = items.iter().filter_map(alias).collect();
                items.extend(more.into_iter().filter(|n| alias(n).is_none_or(|a| !known.contains(&a))));
            }
        }
    }
}
