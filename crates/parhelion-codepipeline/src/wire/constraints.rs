//! Judging an input by the model: first its types ([`coerce`]), then its constraints ([`violations`]), so that a
//! value which passes both is one that the generated shapes take.

use super::shape::{Kind, Member, Shape};
use super::value::{Members, Value, instant_of};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use parhelion_core::text::prefix;
use std::fmt;

/// Most violations that one answer lists; the walk ends there.
// CHOICE: AWS shows no bound; without one a 30 MB list of nulls would be answered with a message larger than itself.
const LISTED_MAX: usize = 100;

/// Where a value stands in the input: `pipeline.stages.2.member.name`. Built on the stack, written only when needed.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
    Entry(&'a Path<'a>, &'a str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Member(Path::Root, name) => f.write_str(name),
            Path::Member(above, name) => write!(f, "{above}.{name}"),
            // OBSERVED: indexes count from 1.
            Path::Item(above, i) => write!(f, "{above}.{}.member", i + 1),
            // CHOICE: AWS publishes no path into a map of structures; the key is the client's, hence cut.
            Path::Entry(above, key) => write!(f, "{above}.{}.member", prefix(key, 100)),
        }
    }
}

/// Whether instants may come as plain numbers and texts (JSON), or are marked as such (CBOR's tag 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instants {
    /// Numbers of seconds, ISO 8601 or HTTP dates.
    Plain,
    /// Only [`Value::Timestamp`].
    Tagged,
}

/// The value in the form of its shape: members that the shape does not know and members without a value are gone,
/// instants are instants. A missing required member is none of its business.
///
/// # Errors
/// The text of a `SerializationException`, for the first value of a wrong type.
pub fn coerce(shape: &Shape, value: Value, instants: Instants) -> Result<Value, String> {
    typed(shape, value, instants, &Path::Root)
}

fn typed(shape: &Shape, value: Value, instants: Instants, at: &Path<'_>) -> Result<Value, String> {
    match (&shape.kind, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Kind::Structure(known), Value::Map(mut given)) => {
            let mut out = Members::with_capacity(known.len().min(given.len()));
            for Member { name, shape, .. } in *known {
                if let Some(value) = given.swap_remove(*name).filter(|v| !matches!(v, Value::Null)) {
                    out.insert((*name).to_owned(), typed(shape, value, instants, &Path::Member(at, name))?);
                }
            }
            Ok(Value::Map(out))
        }
        (Kind::Map { value: shape, .. }, Value::Map(given)) => {
            let mut out = Members::with_capacity(given.len());
            for (key, value) in given.into_iter().filter(|(_, v)| !matches!(v, Value::Null)) {
                let value = typed(shape, value, instants, &Path::Entry(at, &key))?;
                out.insert(key, value);
            }
            Ok(Value::Map(out))
        }
        (Kind::List { member, .. }, Value::List(given)) => {
            let item = |(i, value)| typed(member, value, instants, &Path::Item(at, i));
            Ok(Value::List(given.into_iter().enumerate().map(item).collect::<Result<_, _>>()?))
        }
        (Kind::Text { .. }, value @ Value::Text(_)) | (Kind::Boolean, value @ Value::Bool(_)) => Ok(value),
        (Kind::Integer { .. }, Value::Int(n)) if i32::try_from(n).is_ok() => Ok(Value::Int(n)),
        // Docs (smithy): a whole number may come as a float.
        (Kind::Integer { .. }, Value::Float(n)) if n.fract() == 0.0 && n.abs() <= f64::from(i32::MAX) => {
            Ok(Value::Int(n as i64))
        }
        (Kind::Timestamp, value @ Value::Timestamp(_)) => Ok(value),
        (Kind::Timestamp, Value::Int(n)) if instants == Instants::Plain => moment(instant_of(n as f64), at),
        (Kind::Timestamp, Value::Float(n)) if instants == Instants::Plain => moment(instant_of(n), at),
        (Kind::Timestamp, Value::Text(text)) if instants == Instants::Plain => moment(written(&text), at),
        (_, other) => Err(misfit(shape, &other, at)),
    }
}

fn moment(instant: Option<parhelion_core::Timestamp>, at: &Path<'_>) -> Result<Value, String> {
    instant.map(Value::Timestamp).ok_or_else(|| format!("Value at '{at}' is no timestamp"))
}

/// An instant written as ISO 8601 or as an HTTP date, to the millisecond.
// CHOICE: AWS documents numbers; these two are what its other protocols take.
fn written(text: &str) -> Option<parhelion_core::Timestamp> {
    let parsed = DateTime::from_str(text, Format::DateTimeWithOffset)
        .or_else(|_| DateTime::from_str(text, Format::HttpDate));
    instant_of(parsed.ok()?.to_millis().ok()? as f64 / 1000.0)
}

/// The text for a value of a wrong type.
// OBSERVED: the first two forms are those of AWS's JSON services. CHOICE: the rest, and the path at the end.
fn misfit(shape: &Shape, value: &Value, at: &Path<'_>) -> String {
    let at: &dyn fmt::Display = match at {
        Path::Root => &"the request",
        path => path,
    };
    let token = match value {
        Value::List(_) => return format!("Start of list found where not expected, at '{at}'"),
        Value::Map(_) => return format!("Start of structure or map found where not expected, at '{at}'"),
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Int(_) => "NUMBER_VALUE",
        Value::Float(_) => "DECIMAL_VALUE",
        Value::Text(_) => "STRING_VALUE",
        Value::Bytes(_) => "BYTES_VALUE",
        Value::Timestamp(_) => "TIMESTAMP_VALUE",
        Value::Null => "NULL_VALUE",
    };
    let wanted = match shape.kind {
        Kind::Structure(_) | Kind::Map { .. } => "a structure or map",
        Kind::List { .. } => "a list",
        Kind::Text { .. } => "a String",
        Kind::Integer { .. } => "an Integer",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "a Timestamp",
    };
    format!("{token} can not be converted to {wanted}, at '{at}'")
}

/// Every constraint of the model that a coerced value breaks, in the model's order of members, depth first: the
/// parts of AWS's message. At most [`LISTED_MAX`].
pub fn violations(shape: &Shape, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    judge(shape, value, &Path::Root, &mut found);
    found
}

/// The message of a `ValidationException` for one or more violations.
// OBSERVED: form and texts; CodePipeline shows no values.
pub fn message(violations: &[String]) -> String {
    let (n, s) = (violations.len(), if violations.len() == 1 { "" } else { "s" });
    format!("{n} validation error{s} detected: {}", violations.join("; "))
}

fn judge(shape: &Shape, value: &Value, at: &Path<'_>, found: &mut Vec<String>) {
    if found.len() >= LISTED_MAX {
        return;
    }
    let mut violated = |constraint: &str| {
        if found.len() < LISTED_MAX {
            found.push(format!("Value at '{at}' failed to satisfy constraint: {constraint}"));
        }
    };
    match (&shape.kind, value) {
        (Kind::Structure(members), value) => {
            for Member { name, required, shape } in *members {
                let at = Path::Member(at, name);
                match value.get(name) {
                    Some(value) => judge(shape, value, &at, found),
                    None if *required => absent(&at, found),
                    None => {}
                }
            }
        }
        (Kind::List { member, min, max }, Value::List(values)) => {
            length(values.len(), *min, *max).into_iter().for_each(|c| violated(&c));
            // A list of scalars is one violation at the list's path, a list of structures is looked into.
            let scalar = scalar_constraints(member);
            let broken = |v: &Value| !matches!(v, Value::Null) && !scalar_holds(member, v);
            if !scalar.is_empty() && values.iter().any(broken) {
                violated(&format!("Member must satisfy constraint: [{}]", scalar.join(", ")));
            }
            for (i, value) in values.iter().enumerate() {
                let at = Path::Item(at, i);
                match value {
                    // CHOICE: an item without a value is a missing member, in AWS's words for one.
                    Value::Null => absent(&at, found),
                    value if !is_scalar(member) => judge(member, value, &at, found),
                    _ => {}
                }
                if found.len() >= LISTED_MAX {
                    return;
                }
            }
        }
        (Kind::Map { key, value: each, min, max }, Value::Map(entries)) => {
            length(entries.len(), *min, *max).into_iter().for_each(|c| violated(&c));
            if entries.keys().any(|k| !text_holds(key, k)) {
                violated(&format!(
                    "Map keys must satisfy constraint: [{}]",
                    scalar_constraints(key).join(", ")
                ));
            }
            if entries.values().any(|v| !scalar_holds(each, v)) {
                violated(&format!(
                    "Map value must satisfy constraint: [{}]",
                    scalar_constraints(each).join(", ")
                ));
            }
            if !is_scalar(each) {
                for (key, value) in entries {
                    judge(each, value, &Path::Entry(at, key), found);
                }
            }
        }
        (Kind::Text { min, max, pattern, values }, Value::Text(text)) => {
            length(text.chars().count(), *min, *max).into_iter().for_each(|c| violated(&c));
            if let Some(pattern) = pattern.filter(|p| !p.matches(text)) {
                violated(&format!("Member must satisfy regular expression pattern: {}", pattern.source));
            }
            if !values.is_empty() && !values.contains(&text.as_str()) {
                violated(&format!("Member must satisfy enum value set: [{}]", values.join(", ")));
            }
        }
        (Kind::Integer { min, max }, Value::Int(n)) => {
            if let Some(max) = max.filter(|max| n > max) {
                violated(&format!("Member must have value less than or equal to {max}"));
            }
            if let Some(min) = min.filter(|min| n < min) {
                violated(&format!("Member must have value greater than or equal to {min}"));
            }
        }
        _ => {}
    }
}

fn absent(at: &Path<'_>, found: &mut Vec<String>) {
    if found.len() < LISTED_MAX {
        found.push(format!("Value at '{at}' failed to satisfy constraint: Member must not be null"));
    }
}

/// The bound on a length that does not hold.
pub(super) fn length(n: usize, min: Option<i64>, max: Option<i64>) -> Option<String> {
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    match (min, max) {
        (_, Some(max)) if n > max => Some(format!("Member must have length less than or equal to {max}")),
        (Some(min), _) if n < min => Some(format!("Member must have length greater than or equal to {min}")),
        _ => None,
    }
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(shape.kind, Kind::Structure(_) | Kind::List { .. } | Kind::Map { .. })
}

/// All constraints of a scalar shape, as listed for items and map entries: greatest first, then least.
fn scalar_constraints(shape: &Shape) -> Vec<String> {
    let mut out = Vec::new();
    match &shape.kind {
        Kind::Text { min, max, pattern, values } => {
            out.extend(max.map(|max| format!("Member must have length less than or equal to {max}")));
            out.extend(min.map(|min| format!("Member must have length greater than or equal to {min}")));
            out.extend(
                pattern.map(|p| format!("Member must satisfy regular expression pattern: {}", p.source)),
            );
            if !values.is_empty() {
                out.push(format!("Member must satisfy enum value set: [{}]", values.join(", ")));
            }
        }
        Kind::Integer { min, max } => {
            out.extend(max.map(|max| format!("Member must have value less than or equal to {max}")));
            out.extend(min.map(|min| format!("Member must have value greater than or equal to {min}")));
        }
        _ => {}
    }
    out
}

fn scalar_holds(shape: &Shape, value: &Value) -> bool {
    match (&shape.kind, value) {
        (Kind::Text { .. }, Value::Text(text)) => text_holds(shape, text),
        (Kind::Integer { min, max }, Value::Int(n)) => {
            min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max)
        }
        _ => true,
    }
}

/// Whether a text meets all constraints of its shape.
pub(super) fn text_holds(shape: &Shape, text: &str) -> bool {
    match &shape.kind {
        Kind::Text { min, max, pattern, values } => {
            length(text.chars().count(), *min, *max).is_none()
                && pattern.is_none_or(|p| p.matches(text))
                && (values.is_empty() || values.contains(&text))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests;
