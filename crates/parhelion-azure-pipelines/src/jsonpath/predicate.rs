//! The conditions of a path: `[?(@.k == 'v' && @.n > 3)]`. `@` is the item at hand, `$` the whole payload.
// CHOICE: the grammar of the .NET library that the service is likely to use, without regular expressions: what is
// compared must be of one kind, a path that selects nothing is false, one of several selected values is enough.

use super::{
    Step, Walk,
    parse::{quoted, within},
};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// How deep parentheses, and conditions within paths of conditions, may go.
const DEPTH: usize = 20;

/// A condition.
#[derive(Debug, PartialEq)]
pub(super) enum Predicate {
    Or(Vec<Predicate>),
    And(Vec<Predicate>),
    Not(Box<Predicate>),
    /// There is such a thing.
    There(Operand),
    Compare(Operand, Operator, Operand),
}

#[derive(Debug, PartialEq)]
pub(super) enum Operand {
    /// From the item at hand.
    Here(Vec<Step>),
    /// From the root.
    Root(Vec<Step>),
    Literal(Value),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Operator {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = order(left, right);
        match self {
            Operator::Equal => order == Some(Ordering::Equal),
            Operator::NotEqual => order != Some(Ordering::Equal),
            Operator::Less => order == Some(Ordering::Less),
            Operator::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Operator::More => order == Some(Ordering::Greater),
            Operator::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// How two scalars of a kind compare; others do not.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}

impl Predicate {
    /// Whether it holds for an item.
    pub(super) fn holds<'v>(&self, walk: &Walk<'v>, item: &'v Value) -> bool {
        walk.spend(1);
        match self {
            Predicate::Or(all) => all.iter().any(|p| p.holds(walk, item)),
            Predicate::And(all) => all.iter().all(|p| p.holds(walk, item)),
            Predicate::Not(inner) => !inner.holds(walk, item),
            Predicate::There(operand) => operand.with(walk, item, |found| !found.is_empty()),
            Predicate::Compare(left, operator, right) => left.with(walk, item, |left| {
                right.with(walk, item, |right| {
                    let pairs = left.iter().flat_map(|l| right.iter().map(move |r| (*l, *r)));
                    let mut looked_at = 0;
                    let holds = pairs.take(walk.left.get()).any(|(left, right)| {
                        looked_at += 1;
                        operator.holds(left, right)
                    });
                    walk.spend(looked_at);
                    holds
                })
            }),
        }
    }

    /// Reads one from the `(` after its `?` on; gives where it ends.
    pub(super) fn read(chars: &[char], at: usize, depth: usize) -> Result<(Predicate, usize), String> {
        let mut reader = Reader { chars, at, depth };
        if reader.next() != Some('(') {
            return Err(format!("`(` is missing after `?` at character {}", at + 1));
        }
        let predicate = reader.parenthesis()?;
        Ok((predicate, reader.at))
    }
}

impl Operand {
    fn with<'v, T>(&self, walk: &Walk<'v>, item: &'v Value, then: impl FnOnce(&[&Value]) -> T) -> T {
        match self {
            Operand::Here(steps) => then(&walk.select(steps, item)),
            Operand::Root(steps) => then(&walk.select(steps, walk.root)),
            Operand::Literal(value) => then(&[value]),
        }
    }
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    /// The character at hand, blanks passed over.
    fn next(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }
    fn takes(&mut self, text: &str) -> bool {
        self.next();
        let found = text.chars().enumerate().all(|(n, c)| self.chars.get(self.at + n) == Some(&c));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// From a `(` to behind its `)`.
    fn parenthesis(&mut self) -> Result<Predicate, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("a condition is nested more than {DEPTH} times"));
        }
        self.at += 1;
        let predicate = self.any()?;
        if self.next() != Some(')') {
            return Err(match self.chars.get(self.at) {
                Some(c) if *c != ']' => {
                    format!("`{c}` is not expected in a condition at character {}", self.at + 1)
                }
                _ => format!("`)` is missing in a condition at character {}", self.at + 1),
            });
        }
        self.at += 1;
        self.depth -= 1;
        Ok(predicate)
    }

    fn any(&mut self) -> Result<Predicate, String> {
        let mut all = vec![self.all()?];
        while self.takes("||") {
            all.push(self.all()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Predicate::Or(all) })
    }

    fn all(&mut self) -> Result<Predicate, String> {
        let mut all = vec![self.one()?];
        while self.takes("&&") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Predicate::And(all) })
    }

    fn one(&mut self) -> Result<Predicate, String> {
        match self.next() {
            Some('(') => return self.parenthesis(),
            Some('!') => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return Err(format!("a condition is nested more than {DEPTH} times"));
                }
                self.at += 1;
                let inner = self.one()?;
                self.depth -= 1;
                return Ok(Predicate::Not(Box::new(inner)));
            }
            _ => {}
        }
        let left = self.operand()?;
        let operators = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::More),
        ];
        if self.takes("=~") {
            return Err("`=~` is not supported in a condition".to_owned());
        }
        match operators.into_iter().find(|(text, _)| self.takes(text)) {
            Some((_, operator)) => Ok(Predicate::Compare(left, operator, self.operand()?)),
            None => Ok(Predicate::There(left)),
        }
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let none = |at: usize| format!("a condition compares nothing at character {}", at + 1);
        match self.next() {
            Some(sign @ ('@' | '$')) => {
                let (steps, end) = within(self.chars, self.at + 1, self.depth)?;
                self.at = end;
                Ok(if sign == '@' { Operand::Here(steps) } else { Operand::Root(steps) })
            }
            Some('\'' | '"') => {
                let (text, end) = quoted(self.chars, self.at).ok_or_else(|| none(self.at))?;
                self.at = end;
                Ok(Operand::Literal(Value::String(text)))
            }
            _ => {
                let rest = self.chars.get(self.at..).unwrap_or_default();
                let word: String =
                    rest.iter().take_while(|c| c.is_alphanumeric() || "+-.".contains(**c)).collect();
                let value = match word.as_str() {
                    "true" => Some(Value::Bool(true)),
                    "false" => Some(Value::Bool(false)),
                    "null" => Some(Value::Null),
                    number => serde_json::from_str::<Number>(number).ok().map(Value::Number),
                };
                let value = value.ok_or_else(|| none(self.at))?;
                self.at += word.chars().count();
                Ok(Operand::Literal(value))
            }
        }
    }
}
