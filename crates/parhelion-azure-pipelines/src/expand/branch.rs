//! What directives ask for: which branch of an `if`, how many rounds of an `each`.

use super::{
    directive::Directive,
    interpolate::{Stop, Walk},
    place::Place,
};
use crate::{
    expr::{self, Value, to_bool},
    yaml::{Entry, Mark, Node},
};
use std::sync::Arc;

/// Where an `if` chain stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    /// There is none that could go on.
    None,
    /// No branch taken yet.
    Open,
    /// A branch was taken, or a condition failed: the rest is passed over.
    Done,
}

/// What a directive asks its container to do.
pub(super) enum Asked<'n> {
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

/// A directive's expression is not even well formed.
struct Unreadable;

impl Walk<'_> {
    /// Evaluates a directive.
    pub fn asked<'n>(
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
                if self.taken(variable, entry.mark) {
                    return Ok(Asked::Nothing);
                }
                let Ok(over) = self.readable(over, entry.mark) else { return Ok(Asked::Failed) };
                let rounds = match over {
                    Some(over) => self.each(variable, &over, entry.mark)?,
                    None => None,
                };
                return Ok(rounds.map_or(Asked::Nothing, |r| Asked::Body { body, rounds: Some(r) }));
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
        let Ok(condition) = self.readable(condition.unwrap_or_default(), entry.mark) else {
            *chain = Chain::Done;
            return Ok(Asked::Failed);
        };
        let value = match condition {
            Some(condition) => self.evaluated(&condition, entry.mark)?,
            None => None,
        };
        match value {
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
                Ok(Asked::Nothing)
            }
        }
    }

    /// Whether a loop's variable has a name that is in use; reported if so.
    fn taken(&mut self, variable: &str, mark: Mark) -> bool {
        let taken = self.frame.taken(variable);
        if taken {
            // OBSERVED: spelled so.
            let message =
                format!("The idenfifier '{variable}' has already been defined within the current scope");
            self.report(mark, message);
        }
        taken
    }

    /// The expression of a directive. `Ok(None)`: it names what does not exist. `Err`: it cannot be read. Both are
    /// reported.
    fn readable(&mut self, inner: &str, mark: Mark) -> Result<Option<expr::Expr>, Unreadable> {
        match self.parse(inner, 0) {
            Ok(expr) => Ok(Some(expr)),
            Err(fault) => {
                self.report(mark, fault.message(inner, 0));
                if fault.is_name() { Ok(None) } else { Err(Unreadable) }
            }
        }
    }

    /// What a loop runs over; `None` when that failed.
    fn each(
        &mut self,
        variable: &str,
        over: &expr::Expr,
        mark: Mark,
    ) -> Result<Option<(String, Vec<Value>)>, Stop> {
        let Some(value) = self.evaluated(over, mark)? else { return Ok(None) };
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

    pub fn rounds(
        &mut self,
        rounds: Option<(String, Vec<Value>)>,
        mark: Mark,
        mut body: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Some((variable, values)) = rounds else { return body(self) };
        let outer = self.each_at;
        self.each_at = outer.or(Some(mark));
        for value in values {
            self.step()?;
            self.frame.enter(&variable, value);
            body(self)?;
            self.frame.leave();
        }
        self.each_at = outer;
        Ok(())
    }
}

/// The text for an expression where only literals may stand.
pub(super) const NOT_ALLOWED: &str = "A template expression is not allowed in this context";
