//! What the functions do. OBSERVED rules unless marked.

use super::{
    budget::{Fail, Text},
    convert::{cannot, equal, lower, order, to_bool, to_number, to_text, upper},
    eval::{Evaluation, Status},
    format,
    functions::Function,
    json,
    value::Value,
};
use std::{cmp::Ordering, sync::Arc};

/// Calls a function; the parser has checked how many arguments there are.
pub(super) fn call(e: &Evaluation<'_>, function: Function, arguments: &[usize]) -> Result<Value, Fail> {
    let value = |n: usize| arguments.get(n).map_or(Ok(Value::Null), |a| e.operand(*a));
    let text = |n: usize| -> Result<Arc<str>, Fail> {
        let text = to_text(&value(n)?)?;
        e.budget.text(text.len())?;
        Ok(text)
    };
    let compared = |wanted: fn(Ordering) -> bool| {
        let (left, right) = (value(0)?, value(1)?);
        pay_for(e, &left, &right)?;
        Ok(Value::Boolean(wanted(order(&left, &right)?)))
    };
    let asked = |status: Status| {
        let names = (0..arguments.len()).map(text).collect::<Result<Vec<_>, _>>()?;
        Ok(Value::Boolean(e.scope.status(status, &names)))
    };
    match function {
        Function::And => {
            for a in arguments {
                if !to_bool(&e.operand(*a)?) {
                    return Ok(Value::Boolean(false));
                }
            }
            Ok(Value::Boolean(true))
        }
        Function::Or => {
            for a in arguments {
                if to_bool(&e.operand(*a)?) {
                    return Ok(Value::Boolean(true));
                }
            }
            Ok(Value::Boolean(false))
        }
        Function::Not => Ok(Value::Boolean(!to_bool(&value(0)?))),
        Function::Xor => Ok(Value::Boolean(to_bool(&value(0)?) != to_bool(&value(1)?))),
        Function::Eq => Ok(Value::Boolean(paid_equal(e, &value(0)?, &value(1)?)?)),
        Function::Ne => Ok(Value::Boolean(!paid_equal(e, &value(0)?, &value(1)?)?)),
        Function::Lt => compared(Ordering::is_lt),
        Function::Le => compared(Ordering::is_le),
        Function::Gt => compared(Ordering::is_gt),
        Function::Ge => compared(Ordering::is_ge),
        Function::In => Ok(Value::Boolean(among(e, arguments)?)),
        Function::NotIn => Ok(Value::Boolean(!among(e, arguments)?)),
        Function::Contains => Ok(Value::Boolean(folded(&text(0)?).contains(&folded(&text(1)?)))),
        Function::StartsWith => Ok(Value::Boolean(folded(&text(0)?).starts_with(&folded(&text(1)?)))),
        Function::EndsWith => Ok(Value::Boolean(folded(&text(0)?).ends_with(&folded(&text(1)?)))),
        Function::ContainsValue => {
            let (all, wanted) = (value(0)?, value(1)?);
            let mut found = false;
            match &all {
                Value::Array(items) => {
                    for item in items.iter() {
                        found = found || paid_equal(e, &wanted, item)?;
                    }
                }
                Value::Object(object) => {
                    for (_, item) in object.entries() {
                        found = found || paid_equal(e, &wanted, item)?;
                    }
                }
                _ => {}
            }
            Ok(Value::Boolean(found))
        }
        Function::Coalesce => {
            for a in arguments {
                let value = e.operand(*a)?;
                let empty = match &value {
                    Value::Null => true,
                    Value::String(s) => s.is_empty(),
                    _ => false,
                };
                if !empty {
                    return Ok(value);
                }
            }
            Ok(Value::Null)
        }
        Function::Iif => {
            let (condition, yes, no) = (value(0)?, value(1)?, value(2)?);
            Ok(if to_bool(&condition) { yes } else { no })
        }
        Function::Lower => Ok(Value::text(text(0)?.chars().map(lower).collect::<String>())),
        Function::Upper => Ok(Value::text(text(0)?.chars().map(upper).collect::<String>())),
        Function::Trim => Ok(Value::text(text(0)?.trim())),
        Function::Length => length(&value(0)?),
        Function::Replace => replace(e, &text(0)?, &text(1)?, &text(2)?),
        Function::Split => {
            let (whole, delimiter) = (text(0)?, text(1)?);
            if delimiter.is_empty() {
                return Ok(Value::array(vec![Value::String(whole)]));
            }
            // Paid before they are made: a text of delimiters is a hundred times as large in pieces.
            e.budget.take(whole.matches(&*delimiter).count() as u64 + 1)?;
            Ok(Value::array(whole.split(&*delimiter).map(Value::text).collect()))
        }
        Function::Join => join(e, &text(0)?, &value(1)?),
        Function::Format => {
            let pattern = text(0)?;
            let values = arguments[1..].iter().map(|a| e.operand(*a)).collect::<Result<Vec<_>, _>>()?;
            format::format(&pattern, &values, e.budget).map(Value::text)
        }
        Function::Counter => {
            let prefix = text(0)?;
            let seed = value(1)?;
            let number = to_number(&seed).ok_or_else(|| cannot(&seed, "Number"))?;
            Ok(e.scope.counter(&prefix, number))
        }
        Function::Always => Ok(Value::Boolean(true)),
        Function::Canceled => asked(Status::Canceled),
        Function::Failed => asked(Status::Failed),
        Function::Succeeded => asked(Status::Succeeded),
        Function::SucceededOrFailed => asked(Status::SucceededOrFailed),
        Function::ConvertToJson => json::write(&value(0)?, e.budget).map(Value::text),
    }
}

/// Equality, paid for by the length of what is compared.
fn paid_equal(e: &Evaluation<'_>, left: &Value, right: &Value) -> Result<bool, Fail> {
    pay_for(e, left, right)?;
    Ok(equal(left, right))
}

fn pay_for(e: &Evaluation<'_>, left: &Value, right: &Value) -> Result<(), Fail> {
    e.budget.step()?;
    // Texts are read as numbers too: the longer one counts.
    let len = |v: &Value| if let Value::String(s) = v { s.len() } else { 0 };
    e.budget.text(len(left).max(len(right)))
}

/// `in`: the first against each of the rest, until one is equal.
fn among(e: &Evaluation<'_>, arguments: &[usize]) -> Result<bool, Fail> {
    let Some((first, rest)) = arguments.split_first() else { return Ok(false) };
    let left = e.operand(*first)?;
    for a in rest {
        if paid_equal(e, &left, &e.operand(*a)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Folded for comparison, character by character.
fn folded(text: &str) -> String {
    text.chars().map(upper).collect()
}

fn length(value: &Value) -> Result<Value, Fail> {
    let count = match value {
        Value::Array(items) => items.len(),
        Value::Object(object) => object.entries().len(),
        // UTF-16 units, as the service's platform counts.
        other => to_text(other)?.encode_utf16().count(),
    };
    Ok(Value::Number(count as f64))
}

fn replace(e: &Evaluation<'_>, whole: &str, from: &str, to: &str) -> Result<Value, Fail> {
    if from.is_empty() {
        return Ok(Value::text(whole));
    }
    let mut out = Text::new(e.budget);
    for (n, piece) in whole.split(from).enumerate() {
        if n > 0 {
            out.push(to)?;
        }
        out.push(piece)?;
    }
    Ok(Value::text(out.done()))
}

fn join(e: &Evaluation<'_>, separator: &str, value: &Value) -> Result<Value, Fail> {
    let Value::Array(items) = value else { return Ok(Value::String(to_text(value)?)) };
    let mut out = Text::new(e.budget);
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(separator)?;
        }
        if !matches!(item, Value::Array(_) | Value::Object(_)) {
            out.push(&to_text(item)?)?;
        }
    }
    Ok(Value::text(out.done()))
}
