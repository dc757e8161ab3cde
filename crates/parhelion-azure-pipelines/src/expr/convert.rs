//! Conversions between kinds, equality and order. OBSERVED, all of it, unless marked.

use super::{
    budget::Fail,
    value::{Value, Version},
};
use std::{cmp::Ordering, sync::Arc};

/// Truth of a value; every conversion to Boolean succeeds.
pub(crate) fn to_bool(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Boolean(b) => *b,
        Value::Number(n) => *n != 0.0,
        Value::String(s) => !s.is_empty(),
        Value::Version(_) | Value::DateTime(_) | Value::Array(_) | Value::Object(_) => true,
    }
}

/// The text of a value.
///
/// # Errors
/// A collection has none.
pub(crate) fn to_text(value: &Value) -> Result<Arc<str>, Fail> {
    match value {
        Value::Null => Ok(Arc::from("")),
        Value::Boolean(b) => Ok(Arc::from(if *b { "True" } else { "False" })),
        Value::Number(n) => Ok(Arc::from(number_text(*n))),
        Value::String(s) => Ok(s.clone()),
        Value::Version(v) => Ok(Arc::from(v.to_string())),
        Value::DateTime(at) => Ok(Arc::from(at.text())),
        Value::Array(_) | Value::Object(_) => Err(cannot(value, "String")),
    }
}

/// The number of a value, if it has one.
pub(super) fn to_number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Boolean(b) => Some(if *b { 1.0 } else { 0.0 }),
        Value::Number(n) => Some(*n),
        Value::String(s) => number_from_text(s),
        Value::Version(_) | Value::DateTime(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn to_version(value: &Value) -> Option<Version> {
    match value {
        Value::Version(v) => Some(*v),
        Value::String(s) => Version::parse(s),
        // 1.3 is a version, 2 and 2.0 are not.
        Value::Number(n) => Version::parse(&number_text(*n)),
        _ => None,
    }
}

/// A number in text: blanks around it, a sign, commas among the digits before the point. Empty is 0.
pub(crate) fn number_from_text(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0.0);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.starts_with(',') || !digits(&whole.replace(',', "")) || !digits(fraction) {
        return None;
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    text.replace(',', "").parse().ok()
}

/// A number as .NET writes it in the invariant culture: the shortest digits that read back the same, with an
/// exponent from 1E+15 on and below 1E-04.
pub(super) fn number_text(n: f64) -> String {
    if !n.is_finite() || n == 0.0 {
        // CHOICE: texts of the two that no literal can give.
        return if n.is_nan() {
            "NaN".to_owned()
        } else if n.is_infinite() {
            if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        } else {
            n.to_string()
        };
    }
    let scientific = format!("{n:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&exponent) {
        return n.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}E{sign}{:02}", exponent.unsigned_abs())
}

/// The error of a conversion that fails.
pub(super) fn cannot(value: &Value, kind: &str) -> Fail {
    let shown = match value {
        Value::String(s) => format!("'{s}'"),
        Value::Boolean(_) | Value::Number(_) | Value::Version(_) | Value::DateTime(_) => {
            to_text(value).map(|t| t.to_string()).unwrap_or_default()
        }
        Value::Null | Value::Array(_) | Value::Object(_) => value.kind().to_owned(),
    };
    Fail::here(format!("Unable to convert from {} to {kind}. Value: {shown}", value.kind()))
}

/// `eq`: the right is converted to the kind of the left; a conversion that fails means not equal.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match left {
        Value::Null => match right {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            _ => false,
        },
        Value::Boolean(b) => to_bool(right) == *b,
        Value::Number(n) => to_number(right) == Some(*n),
        Value::String(s) => to_text(right).is_ok_and(|r| order_text(s, &r).is_eq()),
        Value::Version(v) => to_version(right) == Some(*v),
        Value::DateTime(at) => matches!(right, Value::DateTime(other) if at == other),
        Value::Array(a) => matches!(right, Value::Array(b) if Arc::ptr_eq(a, b)),
        Value::Object(a) => matches!(right, Value::Object(b) if Arc::ptr_eq(a, b)),
    }
}

/// `lt`, `le`, `gt`, `ge`.
///
/// # Errors
/// The right cannot be converted to the kind of the left, or the left is a collection.
pub(super) fn order(left: &Value, right: &Value) -> Result<Ordering, Fail> {
    match left {
        Value::Null => match right {
            Value::Null => Ok(Ordering::Equal),
            Value::String(s) if s.is_empty() => Ok(Ordering::Equal),
            _ => Err(cannot(right, "Null")),
        },
        Value::Boolean(b) => Ok(b.cmp(&to_bool(right))),
        Value::Number(n) => {
            let right = to_number(right).ok_or_else(|| cannot(right, "Number"))?;
            // None of the two is NaN, and -0 is 0.
            Ok(n.partial_cmp(&right).unwrap_or(Ordering::Equal))
        }
        Value::String(s) => Ok(order_text(s, &to_text(right)?)),
        Value::Version(v) => Ok(v.cmp(&to_version(right).ok_or_else(|| cannot(right, "Version"))?)),
        Value::DateTime(at) => match right {
            Value::DateTime(other) => Ok(at.cmp(other)),
            // CHOICE: texts are not read as moments.
            _ => Err(cannot(right, "DateTime")),
        },
        // CHOICE: the kind that the message names.
        Value::Array(_) | Value::Object(_) => Err(cannot(left, "Number")),
    }
}

/// Order of texts without regard to case, character by character.
fn order_text(a: &str, b: &str) -> Ordering {
    a.chars().map(upper).cmp(b.chars().map(upper))
}

/// A character's upper case where that is one character, as invariant comparison has it.
pub(crate) fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(u), None) => u,
        _ => c,
    }
}

/// A character's lower case where that is one character.
pub(super) fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(l), None) => l,
        _ => c,
    }
}
