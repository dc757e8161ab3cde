//! Values that a shape takes: the shortest, the longest, and a whole input with every member that there is.

use super::datum::Datum;
use super::model::{Model, Shape, Type};

/// Texts that the model's patterns take, each but for its length: [`text`] stretches them.
const STEMS: [&str; 8] = [
    "a",
    "000000000000",
    "AWS",
    "0a0b0c0d-1a1b-4c1d-8a8b-0123456789ab",
    "arn:aws:iam::000000000000:role/r",
    "arn:aws:lambda:us-east-1:000000000000:function:f",
    "arn:aws:codepipeline:us-east-1:000000000000:p",
    "",
];

/// A text that a shape takes, of a length or of the stem's own; nothing when there is none of that length.
/// Panics when no stem suits the shape's pattern: a new model wants a new stem.
pub fn text(model: &Model, shape: &Shape, length: Option<usize>) -> Option<String> {
    if let Some(value) = shape.r#enum.first() {
        return length.is_none().then(|| value.clone());
    }
    let takes = |text: &str| shape.pattern.as_deref().is_none_or(|p| model.matches(p, text));
    let stem = STEMS.iter().find(|stem| takes(stem)).unwrap_or_else(|| panic!("no stem for {shape:?}"));
    let least = shape.min.unwrap_or(0).max(0) as usize;
    let wanted = length.unwrap_or(least.max(stem.chars().count()));
    if wanted < stem.len() {
        let cut = &stem[..wanted];
        return takes(cut).then(|| cut.to_owned());
    }
    let stretched = format!("{stem}{}", "a".repeat(wanted - stem.len()));
    takes(&stretched).then_some(stretched)
}

/// Texts like a good one that break a shape's pattern, and nothing else of it; empty when none of ours does.
pub fn breaking(model: &Model, shape: &Shape, good: &str) -> Vec<String> {
    let Some(pattern) = shape.pattern.as_deref() else { return Vec::new() };
    let body: String = good.chars().skip(1).collect();
    let bad = [" ", "!", "\n", "é", "/", "\u{1f600}", "Ü"].map(|c| format!("{c}{body}"));
    let mut bad: Vec<String> = bad.into_iter().filter(|text| !model.matches(pattern, text)).collect();
    let end =
        format!("{}\n", good.chars().rev().skip(1).collect::<String>().chars().rev().collect::<String>());
    if !model.matches(pattern, &end) {
        bad.push(end);
    }
    bad.truncate(4);
    bad
}

/// The same value with its instants as instants: written down as JSON they are numbers.
pub fn timed(model: &Model, shape: &Shape, value: Datum) -> Datum {
    match (shape.r#type, value) {
        (Type::Structure, Datum::Map(entries)) => {
            let timed = |(name, value): (String, Datum)| {
                let member = shape.members.iter().find(|m| m.name == name);
                let value = member.map_or(value.clone(), |m| timed(model, model.shape(&m.shape), value));
                (name, value)
            };
            Datum::Map(entries.into_iter().map(timed).collect())
        }
        (Type::List, Datum::List(items)) => {
            Datum::List(items.into_iter().map(|item| timed(model, model.item(shape), item)).collect())
        }
        (Type::Timestamp, Datum::Float(n)) => Datum::Time(n),
        (_, value) => value,
    }
}

/// A value of a shape with everything in it that it can hold: every member, an item in each list, an entry in each map.
pub fn full(model: &Model, shape: &Shape) -> Datum {
    match shape.r#type {
        Type::Structure => {
            let members = shape.members.iter();
            Datum::Map(members.map(|m| (m.name.clone(), full(model, model.shape(&m.shape)))).collect())
        }
        Type::List => {
            let item = full(model, model.item(shape));
            Datum::List(vec![item; shape.min.unwrap_or(1).max(1) as usize])
        }
        Type::Map => {
            let key = text(model, model.key(shape), None).expect("a key");
            Datum::Map(vec![(key, full(model, model.value(shape)))])
        }
        Type::String => Datum::Text(text(model, shape, None).expect("a text")),
        Type::Integer => Datum::Int(shape.min.unwrap_or(1)),
        Type::Boolean => Datum::Bool(true),
        Type::Timestamp => Datum::Time(1_767_322_800.5),
    }
}
