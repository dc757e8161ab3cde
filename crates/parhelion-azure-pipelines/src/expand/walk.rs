//! The walk: depth first in written order, directive or key first, then the value.

use super::{
    directive::{Directive, directive},
    names::Frame,
    parameters::string_literal,
    text::{self, Piece, has_expression, lone},
};
use crate::{
    expr::{self, Budget, Fail, Value, to_bool, to_text},
    issue::Issue,
    limits,
    yaml::{Entry, Mark, Node, Scalar, Tree, cost, read::already_defined, read::fold, read::push_bounded},
};
use std::{collections::BTreeSet, sync::Arc};

/// A bound was met: nothing more is expanded. Its text has been reported.
#[derive(Debug)]
pub(super) struct Stop;

/// What a part of the file is, as far as the walk treats it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Root,
    Stages,
    Stage,
    Jobs,
    Job,
    Resources,
    /// A `variables` block: what it defines is known from the next entry on.
    Variables,
    /// Directives are refused.
    Repositories,
    /// Directives stay as they are.
    Trigger,
    /// Nothing is expanded but a lone string literal: the `parameters` block.
    AsWritten,
    Other,
}

impl Place {
    fn below(self, key: &str) -> Place {
        match (self, key) {
            (Place::Root, "parameters") => Place::AsWritten,
            (Place::Root, "trigger") => Place::Trigger,
            (Place::Root, "resources") => Place::Resources,
            (Place::Root, "stages") => Place::Stages,
            (Place::Root | Place::Stage, "jobs") => Place::Jobs,
            (Place::Root | Place::Stage | Place::Job, "variables") => Place::Variables,
            (Place::Resources, "repositories") => Place::Repositories,
            (Place::Repositories | Place::Trigger | Place::AsWritten, _) => self,
            _ => Place::Other,
        }
    }

    fn item(self) -> Place {
        match self {
            Place::Stages => Place::Stage,
            Place::Jobs => Place::Job,
            Place::Repositories | Place::Trigger | Place::AsWritten => self,
            _ => Place::Other,
        }
    }
}

/// Where an `if` chain stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chain {
    /// There is none that could go on.
    None,
    /// No branch taken yet.
    Open,
    /// A branch was taken, or a condition failed: the rest is passed over.
    Done,
}

/// What a directive asks its container to do.
enum Asked<'n> {
    /// Put the body in, once for each of the loop's values (`None`: once, no loop).
    Body {
        body: &'n Node,
        rounds: Option<(String, Vec<Value>)>,
    },
    /// Merge a mapping.
    Insert(&'n Node),
    Nothing,
    /// It could not be evaluated; that has been reported.
    Failed,
    /// An `else` or `elseif` without `if`; that has been reported.
    Orphan,
}

pub(super) struct Walk<'d> {
    file: &'d str,
    pub frame: Frame,
    pub budget: Budget,
    pub issues: Vec<Issue>,
    bytes: usize,
    depth: usize,
}

impl<'d> Walk<'d> {
    pub fn new(file: &'d str, frame: Frame, issues: Vec<Issue>) -> Self {
        Self { file, frame, budget: Budget::default(), issues, bytes: 0, depth: 0 }
    }

    /// Expands a whole file.
    pub fn root(&mut self, root: &Node) -> Result<Node, Stop> {
        self.node(root, Place::Root)
    }

    fn node(&mut self, node: &Node, place: Place) -> Result<Node, Stop> {
        self.step()?;
        match &node.tree {
            Tree::Scalar(scalar) => match self.scalar(scalar, node.mark, place)? {
                Ok(scalar) => {
                    self.pay(Some(&scalar.text))?;
                    Ok(Node { mark: node.mark, tree: Tree::Scalar(scalar) })
                }
                Err(value) => self.insert(&value, node.mark),
            },
            Tree::Sequence(items) => {
                self.enter()?;
                let mut out = Vec::with_capacity(items.len());
                self.items(items, place, &mut out)?;
                self.depth -= 1;
                Ok(Node { mark: node.mark, tree: Tree::Sequence(out) })
            }
            Tree::Mapping(entries) => {
                self.enter()?;
                let layer = matches!(place, Place::Stage | Place::Job);
                if layer {
                    self.frame.open();
                }
                let mut out = Built::default();
                self.entries(entries, place, &mut out)?;
                if layer {
                    self.frame.close();
                }
                self.depth -= 1;
                Ok(Node { mark: node.mark, tree: Tree::Mapping(out.entries) })
            }
        }
    }

    /// Expands a list's items into `out`.
    fn items(&mut self, items: &[Node], place: Place, out: &mut Vec<Node>) -> Result<(), Stop> {
        let mut chain = Chain::None;
        for item in items {
            self.step()?;
            // A directive is an item's only key.
            if let Some([entry]) = item.as_mapping()
                && !matches!(place, Place::Trigger | Place::AsWritten)
                && let Some(found) = directive(&entry.key.text)
                && !matches!(found, Ok(Directive::Insert))
            {
                match self.asked(found, entry, place, &mut chain)? {
                    Asked::Body { body, rounds } => {
                        self.rounds(rounds, |walk| walk.spliced(body, place, out))?
                    }
                    // OBSERVED: a directive that fails in a list is an unexpected value besides.
                    Asked::Failed | Asked::Orphan => {
                        self.report(entry.mark, format!("Unexpected value '{}'", entry.key.text));
                    }
                    Asked::Insert(_) | Asked::Nothing => {}
                }
                continue;
            }
            if matches!(item.as_mapping(), Some([entry]) if matches!(directive(&entry.key.text), Some(Ok(Directive::Insert))))
            {
                chain = Chain::None;
            }
            self.spliced_item(item, place, out)?;
        }
        Ok(())
    }

    /// Puts a directive's body into a list: a list item by item, anything else as one item.
    fn spliced(&mut self, body: &Node, place: Place, out: &mut Vec<Node>) -> Result<(), Stop> {
        match &body.tree {
            Tree::Sequence(items) => self.items(items, place, out),
            _ => self.spliced_item(body, place, out),
        }
    }

    /// One ordinary item; a lone expression that gives a list is spliced.
    fn spliced_item(&mut self, item: &Node, place: Place, out: &mut Vec<Node>) -> Result<(), Stop> {
        let from = out.len();
        let lone = matches!(&item.tree, Tree::Scalar(s) if has_expression(&s.text));
        match self.node(item, place.item())? {
            Node { tree: Tree::Sequence(items), .. } if lone => out.extend(items),
            node => out.push(node),
        }
        if place == Place::Variables {
            for item in &out[from..] {
                self.frame.learn(item);
            }
        }
        Ok(())
    }

    /// Expands a mapping's entries into `out`.
    fn entries(&mut self, entries: &[Entry], place: Place, out: &mut Built) -> Result<(), Stop> {
        // CHOICE: a block's own variables are known everywhere in it, wherever they are written.
        let mut early = None;
        if matches!(place, Place::Root | Place::Stage | Place::Job)
            && let Some(at) = entries.iter().position(|e| &*e.key.text == "variables")
        {
            early = Some((at, self.node(&entries[at].value, Place::Variables)?));
        }
        let mut chain = Chain::None;
        for (at, entry) in entries.iter().enumerate() {
            self.step()?;
            let found = match place {
                Place::Trigger | Place::AsWritten => None,
                _ => directive(&entry.key.text),
            };
            if let Some(found) = found {
                match self.asked(found, entry, place, &mut chain)? {
                    Asked::Body { body, rounds } => {
                        self.rounds(rounds, |walk| walk.merged(body, place, out))?
                    }
                    Asked::Insert(value) => self.merged(value, place, out)?,
                    // OBSERVED
                    Asked::Orphan => self.report(entry.value.mark, "A mapping was not expected".to_owned()),
                    Asked::Failed | Asked::Nothing => {}
                }
                continue;
            }
            let key = match self.scalar(&entry.key, entry.mark, place)? {
                Ok(key) => key,
                Err(_) => {
                    self.report(entry.mark, "Expected a scalar value".to_owned());
                    continue;
                }
            };
            self.pay(Some(&key.text))?;
            let value = match early.take_if(|(early, _)| *early == at) {
                Some((_, value)) => value,
                None => self.node(&entry.value, place.below(&key.text))?,
            };
            if place == Place::Variables
                && let Some(text) = value.as_text()
            {
                self.frame.set(&key.text, text);
            }
            self.put(out, Entry { mark: entry.mark, key, value });
        }
        Ok(())
    }

    /// Merges a directive's body or an insertion into a mapping.
    fn merged(&mut self, body: &Node, place: Place, out: &mut Built) -> Result<(), Stop> {
        match &body.tree {
            Tree::Mapping(entries) => self.entries(entries, place, out),
            Tree::Scalar(s) if lone(&s.text).is_some() => match self.node(body, Place::Other)?.tree {
                Tree::Mapping(entries) => {
                    for entry in entries {
                        self.put(out, entry);
                    }
                    Ok(())
                }
                _ => self.expected_mapping(body),
            },
            _ => self.expected_mapping(body),
        }
    }

    fn expected_mapping(&mut self, body: &Node) -> Result<(), Stop> {
        self.report(body.mark, "Expected a mapping".to_owned());
        Ok(())
    }

    /// Adds an entry, unless its key is there already. Two literal keys were compared when the file was read: that
    /// is not reported again.
    fn put(&mut self, out: &mut Built, entry: Entry) {
        if !out.seen.insert(fold(&entry.key.text)) {
            let issue = Issue::at(self.file, entry.mark, already_defined(&entry.key.text));
            if !self.issues.contains(&issue) {
                push_bounded(&mut self.issues, issue);
            }
            return;
        }
        out.entries.push(entry);
    }

    /// Evaluates a directive.
    fn asked<'n>(
        &mut self,
        found: Result<Directive<'_>, String>,
        entry: &'n Entry,
        place: Place,
        chain: &mut Chain,
    ) -> Result<Asked<'n>, Stop> {
        let before = *chain;
        *chain = Chain::None;
        if place == Place::Repositories {
            self.report(entry.mark, NOT_ALLOWED.to_owned());
            return Ok(Asked::Nothing);
        }
        let body = &entry.value;
        let once = Asked::Body { body, rounds: None };
        let (keyword, condition) = match found {
            Err(message) => {
                self.report(entry.mark, message);
                return Ok(Asked::Failed);
            }
            Ok(Directive::Insert) => return Ok(Asked::Insert(body)),
            Ok(Directive::Each { variable, over }) => {
                let rounds = self.each(variable, over, entry.mark)?;
                return Ok(rounds.map_or(Asked::Failed, |r| Asked::Body { body, rounds: Some(r) }));
            }
            Ok(Directive::If(condition)) => ("if", Some(condition)),
            Ok(Directive::ElseIf(condition)) => ("elseif", Some(condition)),
            Ok(Directive::Else) => ("else", None),
        };
        match (keyword, before) {
            ("elseif" | "else", Chain::None) => {
                let message =
                    format!("The expression directive '{keyword}' is not supported in this context");
                self.report(entry.mark, message);
                return Ok(Asked::Orphan);
            }
            ("elseif", Chain::Done) => {
                *chain = Chain::Done;
                return Ok(Asked::Nothing);
            }
            ("else", Chain::Done) => return Ok(Asked::Nothing),
            ("else", _) => return Ok(once),
            _ => {}
        }
        match self.value(condition.unwrap_or_default(), entry.mark)? {
            Some(value) if to_bool(&value) => {
                *chain = Chain::Done;
                Ok(once)
            }
            Some(_) => {
                *chain = Chain::Open;
                Ok(Asked::Nothing)
            }
            // CHOICE: after a condition that fails the rest of the chain is passed over.
            None => {
                *chain = Chain::Done;
                Ok(Asked::Failed)
            }
        }
    }

    /// What a loop runs over; `None` when that failed.
    fn each(&mut self, variable: &str, over: &str, mark: Mark) -> Result<Option<(String, Vec<Value>)>, Stop> {
        if self.frame.taken(variable) {
            // OBSERVED: spelled so.
            let message =
                format!("The idenfifier '{variable}' has already been defined within the current scope");
            self.report(mark, message);
            return Ok(None);
        }
        let Some(value) = self.value(over, mark)? else { return Ok(None) };
        let rounds = match &value {
            Value::Array(items) => items.to_vec(),
            Value::Object(object) => object
                .entries()
                .iter()
                .map(|(key, value)| {
                    let pair = [("key", Value::String(key.clone())), ("value", value.clone())];
                    let pair = pair.into_iter().map(|(name, value)| (Arc::from(name), value));
                    Value::Object(Arc::new(expr::Object::exact(pair)))
                })
                .collect(),
            // CHOICE: nothing to run over is no round; any other value is a mistake.
            Value::Null => Vec::new(),
            Value::String(s) if s.is_empty() => Vec::new(),
            _ => {
                self.report(mark, "Expected a sequence".to_owned());
                return Ok(None);
            }
        };
        self.budget.take(rounds.len() as u64 / 8).map_err(|f| self.stop(f))?;
        Ok(Some((variable.to_owned(), rounds)))
    }

    fn rounds(
        &mut self,
        rounds: Option<(String, Vec<Value>)>,
        mut body: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Some((variable, values)) = rounds else { return body(self) };
        for value in values {
            self.step()?;
            self.frame.enter(&variable, value);
            let done = body(self);
            self.frame.leave();
            done?;
        }
        Ok(())
    }

    /// Interpolates a scalar: its text, or (`Err`) the collection that a lone expression gives.
    fn scalar(&mut self, scalar: &Scalar, mark: Mark, place: Place) -> Result<Result<Scalar, Value>, Stop> {
        // OBSERVED: as a value a directive stays text.
        if !has_expression(&scalar.text) || matches!(directive(&scalar.text), Some(Ok(_))) {
            return Ok(Ok(scalar.clone()));
        }
        // OBSERVED: a default that is a literal in braces shows as that literal.
        if place == Place::AsWritten {
            return Ok(Ok(string_literal(&scalar.text).map_or_else(|| scalar.clone(), Scalar::made)));
        }
        self.budget.text(scalar.text.len()).map_err(|f| self.stop(f))?;
        let pieces = match text::pieces(&scalar.text) {
            Ok(pieces) => pieces,
            Err(message) => {
                self.report(mark, message.to_owned());
                return Ok(Ok(Scalar::made("")));
            }
        };
        if let [Piece::Hole(hole)] = pieces.as_slice() {
            let Some(value) = self.value(hole, mark)? else { return Ok(Ok(Scalar::made(""))) };
            return Ok(match value {
                Value::Array(_) | Value::Object(_) => Err(value),
                other => Ok(Scalar::made(self.text_or_report(&other, mark)?.unwrap_or_default())),
            });
        }
        Ok(Ok(Scalar::made(self.mixed(&pieces, mark)?.unwrap_or_default())))
    }

    /// Mixed text: every hole as text, put together. `None` if one of them failed.
    fn mixed(&mut self, pieces: &[Piece<'_>], mark: Mark) -> Result<Option<Arc<str>>, Stop> {
        let mut parsed = Vec::with_capacity(pieces.len());
        let mut hole = 0;
        for piece in pieces {
            parsed.push(match piece {
                Piece::Plain(plain) => Err(*plain),
                Piece::Hole(inner) => match self.parse(inner, 1) {
                    Ok(expr) => {
                        hole += 1;
                        Ok(expr)
                    }
                    Err(fault) => {
                        let (shown, offsets) = text::synthetic(pieces);
                        let offset = offsets.get(hole).copied().unwrap_or_default();
                        self.report(mark, fault.message(&shown, offset));
                        return Ok(None);
                    }
                },
            });
        }
        let mut out = String::new();
        for part in parsed {
            match part {
                Err(plain) => out.push_str(plain),
                Ok(expr) => {
                    let value = expr::eval(&expr, &self.frame, &self.budget);
                    let Some(value) = self.settled(value, mark)? else { return Ok(None) };
                    let Some(text) = self.text_or_report(&value, mark)? else { return Ok(None) };
                    out.push_str(&text);
                }
            }
            if out.len() > limits::TREE_BYTES {
                return Err(self.stop(Fail::too_large()));
            }
        }
        self.budget.text(out.len()).map_err(|f| self.stop(f))?;
        Ok(Some(Arc::from(out)))
    }

    /// Parses and evaluates an expression that stands alone; `None` if it failed.
    fn value(&mut self, inner: &str, mark: Mark) -> Result<Option<Value>, Stop> {
        match self.parse(inner, 0) {
            Ok(expr) => {
                let value = expr::eval(&expr, &self.frame, &self.budget);
                self.settled(value, mark)
            }
            Err(fault) => {
                self.report(mark, fault.message(inner, 0));
                Ok(None)
            }
        }
    }

    fn parse(&self, inner: &str, outer: usize) -> Result<expr::Expr, expr::Fault> {
        expr::parse(inner, &self.frame, outer)
    }

    fn text_or_report(&mut self, value: &Value, mark: Mark) -> Result<Option<Arc<str>>, Stop> {
        let text = to_text(value);
        self.settled(text, mark)
    }

    /// Reports a failure at its host.
    fn settled<T>(&mut self, result: Result<T, Fail>, mark: Mark) -> Result<Option<T>, Stop> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Fail::Here(message)) => {
                self.report(mark, message);
                Ok(None)
            }
            Err(stop) => Err(self.stop(stop)),
        }
    }

    /// A value as a tree, all of it at its host's place. Recursion is bounded by [`limits::DEPTH`].
    fn insert(&mut self, value: &Value, mark: Mark) -> Result<Node, Stop> {
        self.step()?;
        let tree = match value {
            Value::Array(items) => {
                self.enter()?;
                let items = items.iter().map(|v| self.insert(v, mark)).collect::<Result<_, _>>()?;
                self.depth -= 1;
                Tree::Sequence(items)
            }
            Value::Object(object) => {
                self.enter()?;
                let mut out = Built::default();
                for (name, value) in object.entries() {
                    self.pay(Some(name))?;
                    let value = self.insert(value, mark)?;
                    self.put(&mut out, Entry { mark, key: Scalar::made(name.clone()), value });
                }
                self.depth -= 1;
                Tree::Mapping(out.entries)
            }
            other => {
                let text = self.text_or_report(other, mark)?.unwrap_or_default();
                self.pay(Some(&text))?;
                Tree::Scalar(Scalar::made(text))
            }
        };
        Ok(Node { mark, tree })
    }

    fn enter(&mut self) -> Result<(), Stop> {
        self.pay(None)?;
        self.depth += 1;
        if self.depth > limits::DEPTH {
            return Err(self.stop(Fail::too_deep()));
        }
        Ok(())
    }

    fn pay(&mut self, text: Option<&str>) -> Result<(), Stop> {
        self.bytes = self.bytes.saturating_add(cost(text));
        if self.bytes > limits::TREE_BYTES {
            return Err(self.stop(Fail::too_large()));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), Stop> {
        self.budget.step().map_err(|f| self.stop(f))
    }

    fn stop(&mut self, fail: Fail) -> Stop {
        let message = match fail {
            Fail::Here(message) => message,
            Fail::Stop(message) => message.to_owned(),
        };
        push_bounded(&mut self.issues, Issue::of_file(self.file, message));
        Stop
    }

    fn report(&mut self, mark: Mark, message: String) {
        push_bounded(&mut self.issues, Issue::at(self.file, mark, message));
    }
}

/// A mapping in the making.
#[derive(Default)]
struct Built {
    entries: Vec<Entry>,
    seen: BTreeSet<String>,
}

pub(super) const NOT_ALLOWED: &str = "A template expression is not allowed in this context";
