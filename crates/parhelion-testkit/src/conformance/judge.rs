//! What the model says of an input: the exact answer where it is broken.

use super::Protocol;
use super::datum::Datum;
use super::model::{Model, Shape, Type};

/// Instants as texts; JSON takes both forms (section 1.1 of the specification).
pub const WRITTEN_TIMES: [&str; 2] = ["2026-01-02T03:04:05Z", "Fri, 02 Jan 2026 03:04:05 GMT"];

/// What an input must be answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The model has nothing against it: an answer of the output's shape, or a refusal of the operation's own.
    Accepted,
    /// The message of the `ValidationException`.
    Violations(String),
    /// A `SerializationException`; its words are free.
    Serialization,
}

/// What the model says of an input to an operation.
pub fn judge(model: &Model, operation: &str, input: &Datum, protocol: Protocol) -> Expected {
    let shape = model.shape(&model.operations[operation].input);
    if !fits(model, shape, input, protocol) || *input == Datum::Null {
        return Expected::Serialization;
    }
    let mut found = Vec::new();
    walk(model, shape, input, "", &mut found);
    if found.is_empty() {
        return Expected::Accepted;
    }
    let s = if found.len() == 1 { "" } else { "s" };
    Expected::Violations(format!("{} validation error{s} detected: {}", found.len(), found.join("; ")))
}

/// Whether a value and all in it have the types of a shape.
fn fits(model: &Model, shape: &Shape, value: &Datum, protocol: Protocol) -> bool {
    match (shape.r#type, value) {
        (_, Datum::Null) => true,
        (Type::Structure, Datum::Map(entries)) => entries.iter().all(|(name, value)| {
            let known = shape.members.iter().find(|m| m.name == *name);
            known.is_none_or(|m| fits(model, model.shape(&m.shape), value, protocol))
        }),
        (Type::List, Datum::List(items)) => {
            items.iter().all(|item| fits(model, model.item(shape), item, protocol))
        }
        (Type::Map, Datum::Map(entries)) => {
            entries.iter().all(|(_, value)| fits(model, model.value(shape), value, protocol))
        }
        (Type::String, Datum::Text(_)) | (Type::Boolean, Datum::Bool(_)) => true,
        (Type::Integer, Datum::Int(n)) => i32::try_from(*n).is_ok(),
        (Type::Integer, Datum::Float(n)) => n.fract() == 0.0 && n.abs() <= f64::from(i32::MAX),
        (Type::Timestamp, Datum::Time(n)) => n.is_finite(),
        (Type::Timestamp, Datum::Int(_) | Datum::Float(_)) => protocol == Protocol::Json,
        (Type::Timestamp, Datum::Text(text)) => {
            protocol == Protocol::Json && WRITTEN_TIMES.contains(&text.as_str())
        }
        _ => false,
    }
}

fn walk(model: &Model, shape: &Shape, value: &Datum, path: &str, found: &mut Vec<String>) {
    let mut add = |constraint: String| {
        found.push(format!("Value at '{path}' failed to satisfy constraint: {constraint}"));
    };
    match (shape.r#type, value) {
        (Type::Structure, value) => {
            for member in &shape.members {
                let path =
                    if path.is_empty() { member.name.clone() } else { format!("{path}.{}", member.name) };
                match value.get(&member.name).filter(|value| **value != Datum::Null) {
                    Some(value) => walk(model, model.shape(&member.shape), value, &path, found),
                    None if member.required => absent(&path, found),
                    None => {}
                }
            }
        }
        (Type::List, Datum::List(items)) => {
            bounds(shape, items.len() as i64, "length").into_iter().for_each(&mut add);
            let item = model.item(shape);
            let broken = |value: &Datum| !scalar(model, item, value).is_empty();
            if item.r#type.is_scalar() && items.iter().any(broken) {
                add(format!("Member must satisfy constraint: [{}]", whole(item)));
            }
            for (i, value) in items.iter().enumerate() {
                let path = format!("{path}.{}.member", i + 1);
                match value {
                    Datum::Null => absent(&path, found),
                    value if !item.r#type.is_scalar() => walk(model, item, value, &path, found),
                    _ => {}
                }
            }
        }
        (Type::Map, Datum::Map(entries)) => {
            // An entry without a value is none.
            let entries: Vec<_> = entries.iter().filter(|(_, value)| *value != Datum::Null).collect();
            let (key, each) = (model.key(shape), model.value(shape));
            bounds(shape, entries.len() as i64, "length").into_iter().for_each(&mut add);
            if entries.iter().any(|(name, _)| !scalar(model, key, &Datum::text(name)).is_empty()) {
                add(format!("Map keys must satisfy constraint: [{}]", whole(key)));
            }
            if entries.iter().any(|(_, value)| !scalar(model, each, value).is_empty()) {
                add(format!("Map value must satisfy constraint: [{}]", whole(each)));
            }
            if !each.r#type.is_scalar() {
                for (name, value) in entries {
                    walk(model, each, value, &format!("{path}.{name}.member"), found);
                }
            }
        }
        (_, value) => scalar(model, shape, value).into_iter().for_each(add),
    }
}

fn absent(path: &str, found: &mut Vec<String>) {
    found.push(format!("Value at '{path}' failed to satisfy constraint: Member must not be null"));
}

/// What of a number or length is out of a shape's bounds.
fn bounds(shape: &Shape, n: i64, what: &str) -> Option<String> {
    let over = shape.max.filter(|max| n > *max).map(|max| most(what, max));
    over.or_else(|| shape.min.filter(|min| n < *min).map(|min| least(what, min)))
}

fn most(what: &str, max: i64) -> String {
    format!("Member must have {what} less than or equal to {max}")
}

fn least(what: &str, min: i64) -> String {
    format!("Member must have {what} greater than or equal to {min}")
}

fn one_of(shape: &Shape) -> String {
    format!("Member must satisfy enum value set: [{}]", shape.r#enum.join(", "))
}

fn matching(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

/// What a scalar breaks: length, then pattern, then values.
fn scalar(model: &Model, shape: &Shape, value: &Datum) -> Vec<String> {
    match value {
        Datum::Text(text) if shape.r#type == Type::String => {
            let length = bounds(shape, text.chars().count() as i64, "length");
            let pattern = shape.pattern.as_deref().filter(|p| !model.matches(p, text)).map(matching);
            let foreign = !shape.r#enum.is_empty() && !shape.r#enum.contains(text);
            length.into_iter().chain(pattern).chain(foreign.then(|| one_of(shape))).collect()
        }
        Datum::Int(n) if shape.r#type == Type::Integer => bounds(shape, *n, "value").into_iter().collect(),
        Datum::Float(n) if shape.r#type == Type::Integer => {
            bounds(shape, *n as i64, "value").into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// All that a scalar shape demands, as listed for items and entries: the greatest first, then the least.
fn whole(shape: &Shape) -> String {
    let what = if shape.r#type == Type::Integer { "value" } else { "length" };
    let bounds =
        shape.max.map(|max| most(what, max)).into_iter().chain(shape.min.map(|min| least(what, min)));
    let pattern = shape.pattern.as_deref().map(matching);
    let values = (!shape.r#enum.is_empty()).then(|| one_of(shape));
    bounds.chain(pattern).chain(values).collect::<Vec<_>>().join(", ")
}
