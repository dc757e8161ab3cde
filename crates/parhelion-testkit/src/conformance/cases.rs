//! Cases out of a shape and an input that it takes: at every place of it, whatever the model has a word on.

use super::Protocol;
use super::datum::{Datum, Step, told};
use super::judge::WRITTEN_TIMES;
use super::model::{Model, Shape, Type};
use super::sample;

/// An input to try, and what is special about it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where and what: `pipeline.name: 101 characters`.
    pub about: String,
    /// The whole input.
    pub input: Datum,
    /// The one protocol that can say it; nothing: both.
    pub only: Option<Protocol>,
}

/// Hands out every case of an input to an operation: itself, then all its places, depth first. One at a time, as
/// all of them together are large.
pub fn cases(model: &Model, operation: &str, base: &Datum, take: &mut dyn FnMut(Case)) {
    take(Case { about: "as it stands".to_owned(), input: base.clone(), only: None });
    let mut made = Maker { model, base, take };
    made.place(model.shape(&model.operations[operation].input), base, &mut Vec::new());
}

struct Maker<'a> {
    model: &'a Model,
    base: &'a Datum,
    take: &'a mut dyn FnMut(Case),
}

impl Maker<'_> {
    fn add(&mut self, way: &[Step], what: &str, new: Option<Datum>) {
        self.add_for(None, way, what, new);
    }
    fn add_for(&mut self, only: Option<Protocol>, way: &[Step], what: &str, new: Option<Datum>) {
        let about = format!("{}: {what}", told(way));
        (self.take)(Case { about, input: self.base.with(way, new), only });
    }

    fn place(&mut self, shape: &Shape, value: &Datum, way: &mut Vec<Step>) {
        let model = self.model;
        self.wrong_types(shape, way);
        match (shape.r#type, value) {
            (Type::Structure, Datum::Map(_)) => {
                let mut extra = way.clone();
                extra.push(Step::Name("notInTheModel".to_owned()));
                self.add(
                    &extra,
                    "a member that the model does not know",
                    Some(Datum::List(vec![Datum::Int(1)])),
                );
                for member in &shape.members {
                    way.push(Step::Name(member.name.clone()));
                    let inner = model.shape(&member.shape);
                    match value.get(&member.name) {
                        Some(value) => {
                            self.add(way, "left out", None);
                            self.add(way, "null", Some(Datum::Null));
                            self.place(inner, value, way);
                        }
                        None => self.add(way, "put in", Some(sample::full(model, inner))),
                    }
                    way.pop();
                }
            }
            (Type::List, Datum::List(items)) => {
                self.lengths(shape, way, |n| {
                    let fallback = || sample::full(model, model.item(shape));
                    let item = items.first().cloned().unwrap_or_else(fallback);
                    Some(Datum::List(vec![item; n]))
                });
                self.add(way, "an item without value", Some(Datum::List(vec![Datum::Null])));
                for (i, item) in items.iter().enumerate() {
                    way.push(Step::Item(i));
                    self.place(model.item(shape), item, way);
                    way.pop();
                }
            }
            (Type::Map, Datum::Map(entries)) => self.map(shape, entries, way),
            (Type::String, Datum::Text(good)) => self.text(shape, good, way),
            (Type::Integer, _) => {
                let least = shape.min.unwrap_or(i32::MIN.into());
                let most = shape.max.unwrap_or(i32::MAX.into());
                for n in [least - 1, least, most, most + 1] {
                    self.add(way, &n.to_string(), Some(Datum::Int(n)));
                }
                self.add(way, "a whole float", Some(Datum::Float(least.max(0) as f64)));
            }
            (Type::Boolean, _) => {
                self.add(way, "false", Some(Datum::Bool(false)));
                self.add(way, "true", Some(Datum::Bool(true)));
            }
            (Type::Timestamp, _) => {
                for at in [0.0, 1_767_322_800.0, 1_767_322_800.123, -1.5] {
                    self.add(way, &at.to_string(), Some(Datum::Time(at)));
                }
                for text in WRITTEN_TIMES {
                    self.add_for(Some(Protocol::Json), way, text, Some(Datum::text(text)));
                }
                self.add_for(Some(Protocol::Json), way, "a whole number", Some(Datum::Int(1_767_322_800)));
            }
            (kind, value) => panic!("{}: a base of {value:?} for {kind:?}", told(way)),
        }
    }

    /// Just under, at and just over each bound.
    fn lengths(&mut self, shape: &Shape, way: &[Step], of: impl Fn(usize) -> Option<Datum>) {
        let bounds = shape.min.into_iter().flat_map(|min| [min - 1, min]);
        let bounds = bounds.chain(shape.max.into_iter().flat_map(|max| [max, max + 1]));
        let mut bounds: Vec<i64> = bounds.filter(|n| *n >= 0).collect();
        bounds.dedup();
        for n in bounds {
            if let Some(value) = of(n as usize) {
                self.add(way, &format!("length {n}"), Some(value));
            }
        }
    }

    fn text(&mut self, shape: &Shape, good: &str, way: &[Step]) {
        let model = self.model;
        for value in &shape.r#enum {
            self.add(way, value, Some(Datum::text(value)));
        }
        if let Some(value) = shape.r#enum.first() {
            for foreign in ["NoneOfThem".to_owned(), String::new(), swapped(value)] {
                self.add(way, &format!("the foreign value {foreign:?}"), Some(Datum::Text(foreign)));
            }
        }
        self.lengths(shape, way, |n| {
            // Too short or too long for the pattern as well: then both are told.
            let made = sample::text(model, shape, Some(n)).unwrap_or_else(|| "a".repeat(n));
            Some(Datum::Text(made))
        });
        for bad in sample::breaking(model, shape, good) {
            self.add(way, &format!("{bad:?} against the pattern"), Some(Datum::Text(bad)));
        }
        // A character counts once, however many bytes it has.
        if let (Some(max), None) = (shape.max.filter(|max| *max > 0), &shape.pattern)
            && shape.r#enum.is_empty()
        {
            self.add(way, &format!("{max} wide characters"), Some(Datum::Text("ü".repeat(max as usize))));
        }
    }

    fn map(&mut self, shape: &Shape, entries: &[(String, Datum)], way: &mut Vec<Step>) {
        let model = self.model;
        let (key, each) = (model.key(shape), model.value(shape));
        let fallback = || sample::full(model, each);
        let value = entries.first().map_or_else(fallback, |(_, value)| value.clone());
        let named =
            |names: Vec<String>| Datum::Map(names.into_iter().map(|name| (name, value.clone())).collect());
        self.add(way, "empty", Some(Datum::Map(Vec::new())));
        self.lengths(shape, way, |n| Some(named((0..n).map(|i| format!("key{i}")).collect())));
        for n in
            [key.min.map(|min| min - 1), key.min, key.max, key.max.map(|max| max + 1)].into_iter().flatten()
        {
            if n >= 0 {
                self.add(way, &format!("a key of {n} characters"), Some(named(vec!["k".repeat(n as usize)])));
            }
        }
        for bad in sample::breaking(model, key, "key") {
            self.add(way, &format!("the key {bad:?}"), Some(named(vec![bad])));
        }
        self.add(way, "a value that is null", Some(Datum::Map(vec![("key1".to_owned(), Datum::Null)])));
        for (name, value) in entries {
            way.push(Step::Name(name.clone()));
            self.place(each, value, way);
            way.pop();
        }
    }

    /// One value of every other type, and numbers that are none of the shape's.
    fn wrong_types(&mut self, shape: &Shape, way: &[Step]) {
        if way.is_empty() {
            return; // The body as a whole: among the forms.
        }
        let of = shape.r#type;
        let list = Datum::List(vec![Datum::text("a")]);
        let map = Datum::Map(vec![("a".to_owned(), Datum::text("a"))]);
        for (what, wrong, is_it) in [
            ("a text", Datum::text("a"), of == Type::String),
            ("a number", Datum::Int(7), matches!(of, Type::Integer | Type::Timestamp)),
            ("a fraction", Datum::Float(1.5), of == Type::Timestamp),
            ("a boolean", Datum::Bool(true), of == Type::Boolean),
            ("a list", list, of == Type::List),
            ("a map", map, matches!(of, Type::Map | Type::Structure)),
        ] {
            if !is_it {
                self.add(way, &format!("{what} instead"), Some(wrong));
            }
        }
        let cbor = Some(Protocol::Cbor);
        self.add_for(cbor, way, "bytes instead", Some(Datum::Bytes(vec![1])));
        if of != Type::Timestamp {
            self.add_for(cbor, way, "an instant instead", Some(Datum::Time(1.0)));
        } else {
            self.add_for(cbor, way, "an instant without a number", Some(Datum::Time(f64::NAN)));
        }
        if of == Type::Integer {
            self.add(way, "beyond 32 bits", Some(Datum::Int(1 << 40)));
        }
    }
}

/// The same letters in the other case.
fn swapped(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    text.chars().map(swap).collect()
}
