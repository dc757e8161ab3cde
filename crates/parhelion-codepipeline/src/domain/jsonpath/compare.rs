//! Comparisons in filters, by Jayway's rules: numbers and texts that say the same are equal, order is only between
//! numbers or between texts, what is missing equals nothing. Each pays for the values and bytes it looks at.

use super::select::Walk;
use super::{Operand, Operator, Selection, TooMuch};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What one side of a comparison says.
enum Side<'v> {
    Nothing,
    One(Cow<'v, Value>),
    /// What an indefinite path finds: compared as a list.
    Found(Vec<Cow<'v, Value>>),
}

/// Whether a comparison holds for the value `@`.
pub(super) fn holds<'v>(
    left: &Operand,
    operator: Operator,
    right: &Operand,
    at: &'v Value,
    walk: &Walk<'v>,
) -> Result<bool, TooMuch> {
    // `=~` takes the pattern on either side. OBSERVED: Jayway's source: of a list one item is enough, and what is
    // neither text, number nor truth value is an empty text, also what is not there.
    if let (Operand::Pattern(pattern), other) | (other, Operand::Pattern(pattern)) = (left, right) {
        let other = side(other, at, walk)?;
        let matches = |value: Option<&Value>| {
            let text = value.and_then(text).unwrap_or_default();
            walk.pay_for_bytes(text.len())?;
            Ok(pattern.is_match(&text))
        };
        let Some(items) = other.items() else { return matches(other.one()) };
        for item in items {
            walk.pay()?;
            if matches(Some(item))? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let (left, right) = (side(left, at, walk)?, side(right, at, walk)?);
    Ok(match operator {
        Operator::Equal => same(&left, &right, walk)?,
        Operator::NotEqual => !same(&left, &right, walk)?,
        Operator::Same => left.is_like(&right) && same(&left, &right, walk)?,
        Operator::NotSame => !(left.is_like(&right) && same(&left, &right, walk)?),
        Operator::Less => order(&left, &right, walk)?.is_some_and(Ordering::is_lt),
        Operator::LessOrEqual => order(&left, &right, walk)?.is_some_and(Ordering::is_le),
        Operator::Greater => order(&left, &right, walk)?.is_some_and(Ordering::is_gt),
        Operator::GreaterOrEqual => order(&left, &right, walk)?.is_some_and(Ordering::is_ge),
        Operator::In => is_in(&left, &right, walk)?,
        Operator::NotIn => !is_in(&left, &right, walk)?,
        Operator::All => match (left.items(), right.items()) {
            (Some(a), Some(b)) => count_shared(&b, &a, walk)? == b.len(),
            _ => false,
        },
        Operator::SubsetOf => match (left.items(), right.items()) {
            (Some(a), Some(b)) => count_shared(&a, &b, walk)? == a.len(),
            _ => false,
        },
        Operator::AnyOf => match (left.items(), right.items()) {
            (Some(a), Some(b)) => count_shared(&a, &b, walk)? > 0,
            _ => false,
        },
        Operator::NoneOf => match (left.items(), right.items()) {
            (Some(a), Some(b)) => count_shared(&a, &b, walk)? == 0,
            _ => false,
        },
        Operator::Size => {
            left.size(walk)?.is_some_and(|n| right.one().and_then(Value::as_u64) == Some(n as u64))
        }
        Operator::Empty => {
            left.size(walk)?.is_some_and(|n| right.one().and_then(Value::as_bool) == Some(n == 0))
        }
        Operator::Contains => contains(&left, &right, walk)?,
        // With a pattern it was answered before, and without one it is no path.
        Operator::Matches => false,
    })
}

fn side<'s, 'v: 's>(operand: &'s Operand, at: &'v Value, walk: &Walk<'v>) -> Result<Side<'s>, TooMuch> {
    Ok(match operand {
        Operand::Literal(value) => Side::One(Cow::Borrowed(value)),
        Operand::Pattern(_) => Side::Nothing,
        Operand::Path(path) => match path.from(at, walk)? {
            Selection::Missing => Side::Nothing,
            Selection::One(value) => Side::One(value),
            Selection::Many(found) => Side::Found(found),
        },
    })
}

impl Side<'_> {
    fn one(&self) -> Option<&Value> {
        match self {
            Side::One(value) => Some(value),
            _ => None,
        }
    }
    /// The items of a list.
    fn items(&self) -> Option<Vec<&Value>> {
        match self {
            Side::One(value) => Some(value.as_array()?.iter().collect()),
            Side::Found(found) => Some(found.iter().map(|v| &**v).collect()),
            Side::Nothing => None,
        }
    }
    /// Whether both are of one kind: text, number, list or object …
    fn is_like(&self, other: &Self) -> bool {
        let kind = |side: &Self| match side {
            Side::Nothing => 0,
            Side::Found(_) => 1,
            Side::One(value) => match &**value {
                Value::Array(_) | Value::Object(_) => 1,
                Value::String(_) => 2,
                Value::Number(_) => 3,
                Value::Bool(_) => 4,
                Value::Null => 5,
            },
        };
        kind(self) == kind(other)
    }
    /// Items of a list, characters of a text.
    fn size(&self, walk: &Walk<'_>) -> Result<Option<usize>, TooMuch> {
        Ok(match self {
            Side::Found(found) => Some(found.len()),
            Side::One(value) => match &**value {
                Value::Array(list) => Some(list.len()),
                Value::String(text) => {
                    walk.pay_for_bytes(text.len())?;
                    Some(text.chars().count())
                }
                _ => None,
            },
            Side::Nothing => None,
        })
    }
}

fn same(a: &Side<'_>, b: &Side<'_>, walk: &Walk<'_>) -> Result<bool, TooMuch> {
    match (a, b) {
        (Side::One(a), Side::One(b)) => equal(a, b, walk),
        (Side::Nothing, _) | (_, Side::Nothing) => Ok(false),
        _ => match (a.items(), b.items()) {
            (Some(a), Some(b)) if a.len() == b.len() => all_equal(a.into_iter().zip(b), walk),
            _ => Ok(false),
        },
    }
}

fn is_in(one: &Side<'_>, list: &Side<'_>, walk: &Walk<'_>) -> Result<bool, TooMuch> {
    match (one.one(), list.items()) {
        (Some(one), Some(list)) => any_equal(one, &list, walk),
        _ => Ok(false),
    }
}

fn contains(whole: &Side<'_>, part: &Side<'_>, walk: &Walk<'_>) -> Result<bool, TooMuch> {
    let Some(part) = part.one() else { return Ok(false) };
    if let (Some(Value::String(whole)), Some(part)) = (whole.one(), text(part)) {
        walk.pay_for_bytes(whole.len() + part.len())?;
        return Ok(whole.contains(&*part));
    }
    whole.items().map_or(Ok(false), |list| any_equal(part, &list, walk))
}

/// How many of `a` are in `b`.
fn count_shared(a: &[&Value], b: &[&Value], walk: &Walk<'_>) -> Result<usize, TooMuch> {
    let mut n = 0;
    for value in a {
        n += usize::from(any_equal(value, b, walk)?);
    }
    Ok(n)
}

fn any_equal(one: &Value, list: &[&Value], walk: &Walk<'_>) -> Result<bool, TooMuch> {
    for value in list {
        if equal(one, value, walk)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn all_equal<'a>(
    pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
    walk: &Walk<'_>,
) -> Result<bool, TooMuch> {
    for (a, b) in pairs {
        if !equal(a, b, walk)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal(a: &Value, b: &Value, walk: &Walk<'_>) -> Result<bool, TooMuch> {
    walk.pay()?;
    Ok(match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::String(a), Value::String(b)) => {
            walk.pay_for_bytes(a.len().min(b.len()))?;
            a == b
        }
        (Value::String(_), Value::Number(_)) | (Value::Number(_), Value::String(_)) => text(a) == text(b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && all_equal(a.iter().zip(b), walk)?,
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && {
                for (name, a) in a {
                    match b.get(name) {
                        Some(b) if equal(a, b, walk)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
        }
        (a, b) => a == b,
    })
}

fn order(a: &Side<'_>, b: &Side<'_>, walk: &Walk<'_>) -> Result<Option<Ordering>, TooMuch> {
    Ok(match (a.one(), b.one()) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => None,
        },
        (Some(Value::String(a)), Some(Value::String(b))) => {
            walk.pay_for_bytes(a.len().min(b.len()))?;
            Some(a.cmp(b))
        }
        _ => None,
    })
}

/// A text raw, a number or truth value as in JSON.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
        Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
