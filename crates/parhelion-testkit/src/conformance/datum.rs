//! A value as it goes over the wire, and its bytes in both protocols.

use serde_json::Value;

/// A value of either protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// `null`.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or one that is written like that.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes; JSON has none.
    Bytes(Vec<u8>),
    /// An instant in seconds: a number in JSON, tagged in CBOR.
    Time(f64),
    /// Values.
    List(Vec<Datum>),
    /// Values by name, in the order in which they are written.
    Map(Vec<(String, Datum)>),
}

impl Datum {
    /// A text.
    pub fn text(text: impl Into<String>) -> Datum {
        Datum::Text(text.into())
    }
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Datum> {
        match self {
            Datum::Map(entries) => entries.iter().find(|(of, _)| of == name).map(|(_, value)| value),
            _ => None,
        }
    }
    /// The same with another value (or none) at the end of a way; a way that is not there changes nothing.
    #[must_use]
    pub fn with(&self, way: &[Step], new: Option<Datum>) -> Datum {
        let Some((step, rest)) = way.split_first() else {
            return new.unwrap_or(Datum::Null);
        };
        match (self, step) {
            (Datum::Map(entries), Step::Name(name)) => {
                let mut entries = entries.clone();
                match (entries.iter().position(|(of, _)| of == name), rest.is_empty(), new) {
                    (Some(i), true, None) => drop(entries.remove(i)),
                    (Some(i), _, new) => entries[i].1 = entries[i].1.with(rest, new),
                    (None, true, Some(new)) => entries.push(((*name).clone(), new)),
                    (None, ..) => {}
                }
                Datum::Map(entries)
            }
            (Datum::List(items), Step::Item(i)) => {
                let mut items = items.clone();
                if let Some(item) = items.get_mut(*i) {
                    *item = item.with(rest, new);
                }
                Datum::List(items)
            }
            (other, _) => other.clone(),
        }
    }
    /// Bytes for awsJson1_1.
    pub fn json(&self) -> Vec<u8> {
        self.as_json().to_string().into_bytes()
    }
    fn as_json(&self) -> Value {
        match self {
            Datum::Null => Value::Null,
            Datum::Bool(value) => Value::Bool(*value),
            Datum::Int(n) => Value::from(*n),
            Datum::Float(n) | Datum::Time(n) => Value::from(*n),
            Datum::Text(text) => Value::from(text.as_str()),
            Datum::Bytes(_) => panic!("JSON has no bytes: a case for CBOR alone"),
            Datum::List(items) => Value::Array(items.iter().map(Datum::as_json).collect()),
            Datum::Map(entries) => {
                Value::Object(entries.iter().map(|(name, value)| (name.clone(), value.as_json())).collect())
            }
        }
    }
    /// Of JSON, as it stands: instants are numbers there.
    pub fn of_json(value: &Value) -> Datum {
        match value {
            Value::Null => Datum::Null,
            Value::Bool(value) => Datum::Bool(*value),
            Value::Number(n) => n.as_i64().map_or(Datum::Float(n.as_f64().unwrap_or(f64::NAN)), Datum::Int),
            Value::String(text) => Datum::text(text),
            Value::Array(items) => Datum::List(items.iter().map(Datum::of_json).collect()),
            Value::Object(members) => Datum::Map(
                members.iter().map(|(name, value)| (name.clone(), Datum::of_json(value))).collect(),
            ),
        }
    }
}

/// A step down into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the value of a name.
    Name(String),
    /// To an item, counted from 0.
    Item(usize),
}

/// A way as it is told: `pipeline.stages.1.actions.0.name`.
pub fn told(way: &[Step]) -> String {
    let steps = way.iter().map(|step| match step {
        Step::Name(name) => name.clone(),
        Step::Item(i) => i.to_string(),
    });
    steps.collect::<Vec<_>>().join(".")
}
