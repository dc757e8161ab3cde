//! The members of a journal entry: few, written once, mostly never read.

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::ops::Index;

/// Named data in the order in which they were added.
///
/// A list, not a map: an operation writes dozens of entries with a handful of members each, and hashing their names
/// costs more than the rare look for one of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members(Vec<(Cow<'static, str>, Datum)>);

/// A piece of data: what JSON has, in the form that is cheapest to make and to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Datum {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'static, str>),
    /// An array.
    List(Vec<Datum>),
    /// An object.
    Members(Members),
}

impl Members {
    /// Puts a value under a name; one that stands there is replaced.
    pub fn insert(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Datum>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(there, _)| *there == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
    /// The same with a member more.
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Datum>) -> Self {
        self.insert(name, value);
        self
    }
    /// The same with all of these more.
    pub fn and(mut self, more: Members) -> Self {
        self.extend(more.0);
        self
    }
    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Datum> {
        self.0.iter().find(|(there, _)| there == name).map(|(_, value)| value)
    }
    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Datum)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
    /// All values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Datum> {
        self.0.iter_mut().map(|(_, value)| value)
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The same as a JSON object.
    pub fn to_object(&self) -> Map<String, Value> {
        self.iter().map(|(name, value)| (name.to_owned(), value.to_value())).collect()
    }
}

impl Datum {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Datum::Text(text) => Some(text),
            _ => None,
        }
    }
    /// The items, if it is an array.
    pub fn as_list(&self) -> Option<&[Datum]> {
        match self {
            Datum::List(items) => Some(items),
            _ => None,
        }
    }
    /// The same as JSON.
    pub fn to_value(&self) -> Value {
        match self {
            Datum::Null => Value::Null,
            Datum::Bool(yes) => Value::Bool(*yes),
            Datum::Number(number) => Value::Number(number.clone()),
            Datum::Text(text) => Value::String(text.clone().into_owned()),
            Datum::List(items) => items.iter().map(Datum::to_value).collect(),
            Datum::Members(members) => Value::Object(members.to_object()),
        }
    }
    /// About how long it is as text. Nesting is that of what surfaces build: a few levels.
    pub fn text_bytes(&self) -> usize {
        match self {
            Datum::Text(text) => text.len(),
            Datum::List(items) => items.iter().map(Datum::text_bytes).sum::<usize>() + items.len(),
            Datum::Members(members) => {
                members.iter().map(|(name, value)| name.len() + value.text_bytes()).sum()
            }
            Datum::Null | Datum::Bool(_) | Datum::Number(_) => 8,
        }
    }
}

/// As an object of JSON: a member that is not there reads as null.
impl Index<&str> for Members {
    type Output = Datum;
    fn index(&self, name: &str) -> &Datum {
        self.get(name).unwrap_or(&Datum::Null)
    }
}

/// As an item of a JSON array: one that is not there reads as null.
impl Index<usize> for Datum {
    type Output = Datum;
    fn index(&self, place: usize) -> &Datum {
        self.as_list().and_then(|items| items.get(place)).unwrap_or(&Datum::Null)
    }
}

impl<N: Into<Cow<'static, str>>, V: Into<Datum>> FromIterator<(N, V)> for Members {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(members: I) -> Self {
        let mut all = Members::default();
        all.extend(members);
        all
    }
}
impl<N: Into<Cow<'static, str>>, V: Into<Datum>> Extend<(N, V)> for Members {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, members: I) {
        members.into_iter().for_each(|(name, value)| self.insert(name, value));
    }
}

impl From<Map<String, Value>> for Members {
    fn from(object: Map<String, Value>) -> Self {
        Members(object.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
impl From<Value> for Datum {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Datum::Null,
            Value::Bool(yes) => Datum::Bool(yes),
            Value::Number(number) => Datum::Number(number),
            Value::String(text) => Datum::Text(text.into()),
            Value::Array(items) => Datum::List(items.into_iter().map(Datum::from).collect()),
            Value::Object(members) => Datum::Members(members.into()),
        }
    }
}
impl From<Members> for Datum {
    fn from(members: Members) -> Self {
        Datum::Members(members)
    }
}
impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Datum::Text(text.to_owned().into())
    }
}
impl From<String> for Datum {
    fn from(text: String) -> Self {
        Datum::Text(text.into())
    }
}
impl From<&String> for Datum {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}
impl From<Cow<'static, str>> for Datum {
    fn from(text: Cow<'static, str>) -> Self {
        Datum::Text(text)
    }
}
impl From<bool> for Datum {
    fn from(yes: bool) -> Self {
        Datum::Bool(yes)
    }
}
macro_rules! from_whole_numbers {
    ($($kind:ty)*) => {$(
        impl From<$kind> for Datum {
            fn from(number: $kind) -> Self {
                Datum::Number(number.into())
            }
        }
    )*};
}
from_whole_numbers!(u8 u16 u32 u64 usize i32 i64);
impl<T: Into<Datum>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Datum::Null, Into::into)
    }
}
impl<T: Into<Datum>> From<Vec<T>> for Datum {
    fn from(items: Vec<T>) -> Self {
        Datum::List(items.into_iter().map(Into::into).collect())
    }
}
impl<T: Into<Datum>> FromIterator<T> for Datum {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Datum::List(items.into_iter().map(Into::into).collect())
    }
}

/// So that what was written can be compared with JSON.
impl PartialEq<Value> for Datum {
    fn eq(&self, other: &Value) -> bool {
        self.to_value() == *other
    }
}
impl PartialEq<&str> for Datum {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(other)
    }
}
impl PartialEq<str> for Datum {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}
impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Datum::Null => to.serialize_unit(),
            Datum::Bool(yes) => to.serialize_bool(*yes),
            Datum::Number(number) => number.serialize(to),
            Datum::Text(text) => to.serialize_str(text),
            Datum::List(items) => to.collect_seq(items),
            Datum::Members(members) => members.serialize(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_value_of_a_name_counts_and_keeps_its_place() {
        let members: Members = [("a", 1), ("b", 2), ("a", 3)].into_iter().collect();
        assert_eq!(serde_json::to_string(&members).unwrap(), r#"{"a":3,"b":2}"#);
        assert_eq!(Datum::from(vec!["x"])[0], "x");
        assert_eq!((&members["b"], &members["c"]), (&Datum::from(2), &Datum::Null));
    }

    #[test]
    fn json_there_and_back() {
        let json = json!({"a": [1, -2, 2.5, null, true, {"b": "text", "c": {}}], "d": []});
        let datum = Datum::from(json.clone());
        assert_eq!(datum, json);
        assert_eq!(serde_json::to_value(&datum).unwrap(), json);
        assert_eq!(
            (datum.text_bytes(), Datum::from("four").text_bytes()),
            (4 * 8 + 8 + 1 + 4 + 1 + 6 + 1 + 1, 4)
        );
    }
}
