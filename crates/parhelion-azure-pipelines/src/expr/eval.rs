//! Expression → value.

use super::{
    budget::{Budget, Fail},
    call::call,
    convert::{to_number, to_text},
    parse::{Expr, Post, Primary},
    value::Value,
};
use std::sync::Arc;

/// What named values stand for.
pub(crate) trait Scope {
    /// The value of a name in lower case that [`super::Names`] knows.
    fn named(&self, name: &str) -> Value;
    /// A variable by name in any case.
    fn variable(&self, name: &str) -> Option<Value>;
    /// The next value of the counter of a prefix; only where [`super::Slot::RootVariable`] is evaluated.
    fn counter(&self, _prefix: &str, _seed: f64) -> Value {
        Value::Null
    }
    /// How it stands with the jobs or stages of those names (none: with all that are waited for); only where
    /// conditions are evaluated.
    fn status(&self, _asked: Status, _names: &[Arc<str>]) -> bool {
        false
    }
}

/// What a condition asks of what ran before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `canceled()`
    Canceled,
    /// `failed(…)`
    Failed,
    /// `succeeded(…)`
    Succeeded,
    /// `succeededOrFailed(…)`
    SucceededOrFailed,
}

/// The value of an expression.
///
/// # Errors
/// Conversions that fail, a name that `parameters` does not have, or the budget is spent.
pub(crate) fn eval(expr: &Expr, scope: &dyn Scope, budget: &Budget) -> Result<Value, Fail> {
    Evaluation { expr, scope, budget }.operand(expr.root())
}

pub(super) struct Evaluation<'e> {
    expr: &'e Expr,
    pub scope: &'e dyn Scope,
    pub budget: &'e Budget,
}

/// What the postfixes so far have come to.
enum Reached {
    One(Value),
    /// After a wildcard: later postfixes go to each.
    Each(Vec<Value>),
}

impl Evaluation<'_> {
    /// Recursion is bounded by the parser: as deep as calls and brackets nest.
    pub fn operand(&self, at: usize) -> Result<Value, Fail> {
        self.budget.step()?;
        let Some(operand) = self.expr.operand(at) else { return Ok(Value::Null) };
        let mut posts = operand.posts.as_slice();
        let key = match &operand.primary {
            Primary::Name(name) if matches!(&**name, "variables" | "parameters") => {
                self.key(posts.first())?
            }
            _ => None,
        };
        let first = match &operand.primary {
            Primary::Literal(value) => value.clone(),
            Primary::Call(function, arguments) => call(self, *function, arguments)?,
            Primary::Name(name) => match (&**name, key) {
                // Variables are asked one by one: the whole would have to be built anew for each layer.
                ("variables", Some(key)) => {
                    posts = &posts[1..];
                    self.scope.variable(&key).unwrap_or(Value::Null)
                }
                // OBSERVED: only a miss on `parameters` itself is an error.
                ("parameters", Some(key)) => {
                    posts = &posts[1..];
                    match self.scope.named(name) {
                        Value::Object(all) => match all.get(&key) {
                            Some(value) => value.clone(),
                            None => return Err(Fail::here(format!("Key not found '{key}'"))),
                        },
                        _ => Value::Null,
                    }
                }
                (_, _) => {
                    let value = self.scope.named(name);
                    if let ("variables", Value::Object(all)) = (&**name, &value) {
                        self.budget.take(all.entries().len() as u64)?;
                    }
                    value
                }
            },
        };
        let mut reached = Reached::One(first);
        for post in posts {
            self.budget.step()?;
            reached = self.apply(reached, post)?;
        }
        Ok(match reached {
            Reached::One(value) => value,
            Reached::Each(values) => Value::array(values),
        })
    }

    /// The text of a property or index; `None` for a wildcard or no postfix.
    fn key(&self, post: Option<&Post>) -> Result<Option<Arc<str>>, Fail> {
        match post {
            None | Some(Post::All) => Ok(None),
            Some(Post::Property(name)) => Ok(Some(name.clone())),
            Some(Post::Index(at)) => to_text(&self.operand(*at)?).map(Some),
        }
    }

    fn apply(&self, reached: Reached, post: &Post) -> Result<Reached, Fail> {
        let index = match post {
            Post::All => {
                let values = match reached {
                    Reached::One(value) => self.children(&value)?,
                    // A further wildcard flattens one level.
                    Reached::Each(values) => {
                        let mut all = Vec::new();
                        for value in &values {
                            all.extend(self.children(value)?);
                        }
                        all
                    }
                };
                return Ok(Reached::Each(values));
            }
            Post::Property(name) => Value::String(name.clone()),
            Post::Index(at) => self.operand(*at)?,
        };
        Ok(match reached {
            Reached::One(value) => Reached::One(access(&value, &index).unwrap_or(Value::Null)),
            Reached::Each(values) => {
                self.budget.take(values.len() as u64)?;
                Reached::Each(values.iter().filter_map(|v| access(v, &index)).collect())
            }
        })
    }

    fn children(&self, value: &Value) -> Result<Vec<Value>, Fail> {
        let children = match value {
            Value::Array(items) => items.to_vec(),
            Value::Object(object) => object.entries().iter().map(|(_, v)| v.clone()).collect(),
            _ => Vec::new(),
        };
        self.budget.take(children.len() as u64)?;
        Ok(children)
    }
}

/// One access; `None` for a miss.
fn access(value: &Value, index: &Value) -> Option<Value> {
    match value {
        Value::Object(object) => object.get(&to_text(index).ok()?).cloned(),
        Value::Array(items) => {
            let at = to_number(index)?.floor();
            // An index as large as a list can be is far below where doubles lose whole numbers.
            (at >= 0.0 && at < items.len() as f64).then(|| items[at as usize].clone())
        }
        _ => None,
    }
}
