//! Expressions in texts, and what an expansion has to work with: its names, its budget, its errors.

use super::{
    directive::directive,
    library::Library,
    names::Frame,
    parameters::{Type, string_literal},
    place::Place,
    text::{self, Piece, has_expression},
    walk::Built,
};
use crate::{
    expr::{self, Budget, Fail, Fault, Kind, Value, to_text},
    issue::Issue,
    limits,
    yaml::{Entry, Mark, Node, Scalar, Style, Tree, cost, read::push_bounded},
};
use std::{collections::BTreeMap, sync::Arc};

/// A bound was met: nothing more is expanded. Its text has been reported.
#[derive(Debug)]
pub(super) struct Stop;

/// The expansion of a file and of all that it includes.
pub(super) struct Walk<'d> {
    pub library: Library<'d>,
    /// The file that is being walked.
    pub file: usize,
    /// Files that include each other, the current one the last.
    pub levels: usize,
    /// Collections and directives that are being walked.
    pub nesting: usize,
    /// Types of the parameters whose arguments are being walked, by folded name; innermost last.
    pub arguments: Vec<BTreeMap<String, Type>>,
    /// Payloads of webhooks that were given, for the aliases of files that are extended.
    pub payloads: &'d BTreeMap<String, Arc<serde_json::Value>>,
    /// Whether a template could not be had: the tree has a hole.
    pub incomplete: bool,
    pub frame: Frame,
    pub budget: Budget,
    pub issues: Vec<Issue>,
    /// Cost of what has been built.
    pub bytes: usize,
    /// Levels open in what is being built.
    depth: usize,
    /// The outermost loop that is running.
    pub each_at: Option<Mark>,
}

impl<'d> Walk<'d> {
    pub fn new(
        library: Library<'d>,
        payloads: &'d BTreeMap<String, Arc<serde_json::Value>>,
        frame: Frame,
        issues: Vec<Issue>,
    ) -> Self {
        Self {
            library,
            file: 0,
            levels: 1,
            nesting: 0,
            arguments: Vec::new(),
            payloads,
            incomplete: false,
            frame,
            budget: Budget::default(),
            issues,
            bytes: 0,
            depth: 0,
            each_at: None,
        }
    }

    /// Interpolates a scalar: its text, or (`Err`) the collection that a lone expression gives. `None`: it failed.
    pub fn scalar(
        &mut self,
        scalar: &Scalar,
        mark: Mark,
        place: Place,
    ) -> Result<Option<Result<Scalar, Value>>, Stop> {
        self.look_at(&scalar.text)?;
        // OBSERVED: as a value a directive stays text, which the schema refuses. As a key it comes here inside
        // `trigger`.
        if !has_expression(&scalar.text) || matches!(directive(&scalar.text), Some(Ok(_))) {
            return Ok(Some(Ok(scalar.clone())));
        }
        // OBSERVED: a default that is a literal in braces shows as that literal.
        if place == Place::AsWritten {
            let literal = string_literal(&scalar.text).map_or_else(|| scalar.clone(), Scalar::made);
            return Ok(Some(Ok(literal)));
        }
        let pieces = match text::pieces(&scalar.text) {
            Ok(pieces) => pieces,
            Err(message) => {
                self.report(mark, message.to_owned());
                return Ok(None);
            }
        };
        let text = match pieces.as_slice() {
            [Piece::Hole(hole)] => match self.value(hole, mark)? {
                Some(value @ (Value::Array(_) | Value::Object(_))) => return Ok(Some(Err(value))),
                Some(value) => {
                    let text = self.text_or_report(&value, mark)?;
                    return Ok(text.map(|text| Ok(Scalar { text, style: style_of(&value) })));
                }
                None => None,
            },
            _ => self.mixed(&pieces, mark)?,
        };
        Ok(text.map(|t| Ok(Scalar::made(t))))
    }

    /// Whether a key is one expression that cannot even be read; reported if so.
    pub fn malformed(&mut self, key: &Scalar, mark: Mark) -> bool {
        let Some(inner) = text::lone(&key.text) else { return false };
        match self.parse(inner, 0) {
            Err(fault) if !fault.is_name() => {
                self.report(mark, fault.message(inner, 0));
                true
            }
            _ => false,
        }
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
                    // OBSERVED: what cannot be read is shown alone, an unknown name within the whole.
                    Err(fault @ Fault::Name { kind: Kind::UnrecognizedValue, .. }) => {
                        let (shown, offsets) = text::synthetic(pieces);
                        let offset = offsets.get(hole).copied().unwrap_or_default();
                        self.report(mark, fault.message(&shown, offset));
                        return Ok(None);
                    }
                    Err(fault) => {
                        self.report_once(mark, fault.message(inner, 0));
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
                    let Some(value) = self.evaluated(&expr, mark)? else { return Ok(None) };
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
    pub fn value(&mut self, inner: &str, mark: Mark) -> Result<Option<Value>, Stop> {
        match self.parsed(inner, mark) {
            Some(expr) => self.evaluated(&expr, mark),
            None => Ok(None),
        }
    }

    pub fn parsed(&mut self, inner: &str, mark: Mark) -> Option<expr::Expr> {
        match self.parse(inner, 0) {
            Ok(expr) => Some(expr),
            Err(fault @ Fault::Name { kind: Kind::UnrecognizedValue, .. }) => {
                self.report(mark, fault.message(inner, 0));
                None
            }
            Err(fault) => {
                self.report_once(mark, fault.message(inner, 0));
                None
            }
        }
    }

    pub fn evaluated(&mut self, expr: &expr::Expr, mark: Mark) -> Result<Option<Value>, Stop> {
        let value = expr::eval(expr, &self.frame, &self.budget);
        self.settled(value, mark)
    }

    pub fn parse(&self, inner: &str, outer: usize) -> Result<expr::Expr, expr::Fault> {
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
    pub fn insert(&mut self, value: &Value, mark: Mark) -> Result<Node, Stop> {
        self.step()?;
        let tree = match value {
            Value::Array(items) => {
                self.enter()?;
                let items = items.iter().map(|v| self.insert(v, mark)).collect::<Result<_, _>>()?;
                self.leave();
                Tree::Sequence(items)
            }
            Value::Object(object) => {
                self.enter()?;
                let mut out = Built::default();
                for (name, value) in object.entries() {
                    self.pay(Some(name))?;
                    let value = self.insert(value, mark)?;
                    self.put(&mut out, Place::Other, Entry { mark, key: Scalar::made(name.clone()), value });
                }
                self.leave();
                Tree::Mapping(out.entries)
            }
            other => {
                let text = self.text_or_report(other, mark)?.unwrap_or_default();
                self.pay(Some(&text))?;
                Tree::Scalar(Scalar { text, style: style_of(other) })
            }
        };
        Ok(Node { mark, tree })
    }

    pub fn enter(&mut self) -> Result<(), Stop> {
        self.pay(None)?;
        self.depth += 1;
        if self.depth > limits::DEPTH {
            return Err(self.stop(Fail::too_deep()));
        }
        Ok(())
    }

    pub fn pay(&mut self, text: Option<&str>) -> Result<(), Stop> {
        self.bytes = self.bytes.saturating_add(cost(text));
        if self.bytes > limits::TREE_BYTES {
            return Err(self.stop(Fail::too_large()));
        }
        Ok(())
    }

    pub fn step(&mut self) -> Result<(), Stop> {
        self.budget.step().map_err(|f| self.stop(f))
    }

    pub fn stop(&mut self, fail: Fail) -> Stop {
        let message = match fail {
            Fail::Here(message) => message,
            Fail::Stop(message) => message.to_owned(),
        };
        self.report_file(message);
        Stop
    }

    /// Pays for searching a text for expressions and reading them, however little comes of it.
    pub fn look_at(&mut self, text: &str) -> Result<(), Stop> {
        self.budget.text(text.len()).map_err(|f| self.stop(f))
    }

    /// Reports what is wrong with a text however often it is expanded: it is found when the text is read.
    pub fn report_once(&mut self, mark: Mark, message: String) {
        let issue = Issue::at(self.library.name(mark.file.into()), mark, message);
        if !self.issues.contains(&issue) {
            push_bounded(&mut self.issues, issue);
        }
    }

    pub fn report(&mut self, mark: Mark, message: String) {
        let issue = Issue::at(self.library.name(mark.file.into()), mark, message);
        push_bounded(&mut self.issues, issue);
    }

    /// Reports about the file that is being walked as a whole.
    pub fn report_file(&mut self, message: String) {
        let issue = Issue::of_file(self.library.name(self.file), message);
        push_bounded(&mut self.issues, issue);
    }

    /// Closes a level.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Opens a level again that was closed for a while.
    pub fn reenter(&mut self) {
        self.depth += 1;
    }

    /// Opens a level of the walk itself: what it holds on the stack.
    pub fn descend(&mut self) -> Result<(), Stop> {
        self.nesting += 1;
        if self.nesting > limits::WALK_DEPTH {
            return Err(self.stop(Fail::too_deep()));
        }
        Ok(())
    }

    /// Closes it.
    pub fn ascend(&mut self) {
        self.nesting = self.nesting.saturating_sub(1);
    }
}

/// How the text of a value is kept.
fn style_of(value: &Value) -> Style {
    match value {
        Value::Boolean(_) | Value::Number(_) => Style::Typed,
        _ => Style::Any,
    }
}
