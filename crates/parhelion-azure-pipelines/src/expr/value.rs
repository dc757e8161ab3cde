//! The seven kinds of value, and the moment that the run adds.

use super::date::Moment;
use crate::yaml::read::fold;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A value of an expression.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or False.
    Boolean(bool),
    /// A double.
    Number(f64),
    /// Text.
    String(Arc<str>),
    /// Two to four numbers.
    Version(Version),
    /// A moment: only the run knows one, and only `format` makes something of it.
    DateTime(Moment),
    /// A list. Two are equal when they are the same one.
    Array(Arc<Vec<Value>>),
    /// Names and values. Two are equal when they are the same one.
    Object(Arc<Object>),
}

/// Two to four parts; a missing part is -1 and so below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([i32; 4]);

/// Names and values in written order.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Value)>,
    /// Where each name stands, folded where names fold; empty while there are few, which are looked through.
    index: BTreeMap<Arc<str>, usize>,
    folds: bool,
}

/// So many names are looked through faster than they are looked up.
const FEW: usize = 8;

impl Value {
    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::String(text.into())
    }

    /// A list.
    pub fn array(items: Vec<Value>) -> Self {
        Value::Array(Arc::new(items))
    }

    /// The kind's name in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "Null",
            Value::Boolean(_) => "Boolean",
            Value::Number(_) => "Number",
            Value::String(_) => "String",
            Value::Version(_) => "Version",
            Value::DateTime(_) => "DateTime",
            Value::Array(_) => "Array",
            Value::Object(_) => "Object",
        }
    }
}

impl From<&serde_json::Value> for Value {
    /// A JSON value; its depth is bounded by the JSON reader.
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(b) => Value::Boolean(*b),
            serde_json::Value::Number(n) => Value::Number(n.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(s) => Value::text(s.as_str()),
            serde_json::Value::Array(items) => Value::array(items.iter().map(Value::from).collect()),
            serde_json::Value::Object(map) => {
                let entries = map.iter().map(|(k, v)| (Arc::from(k.as_str()), Value::from(v)));
                Value::Object(Arc::new(Object::exact(entries)))
            }
        }
    }
}

impl Object {
    /// An object whose names are case-sensitive: parameter values and payloads.
    pub fn exact(entries: impl IntoIterator<Item = (Arc<str>, Value)>) -> Self {
        entries.into_iter().fold(Self::default(), |mut object, (name, value)| {
            object.put(name, value);
            object
        })
    }

    /// An object whose names fold case: `parameters` and `variables` themselves.
    pub fn folding(entries: impl IntoIterator<Item = (Arc<str>, Value)>) -> Self {
        entries.into_iter().fold(Self { folds: true, ..Self::default() }, |mut object, (name, value)| {
            object.put(name, value);
            object
        })
    }

    /// Adds a name, or gives it another value at its old place.
    pub fn put(&mut self, name: Arc<str>, value: Value) {
        if let Some(at) = self.place(&name) {
            self.entries[at].1 = value;
            return;
        }
        self.entries.push((name, value));
        if self.entries.len() > FEW {
            // All of them when they have become many, then the one that came.
            for at in self.index.len()..self.entries.len() {
                self.index.insert(self.key(&self.entries[at].0), at);
            }
        }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).and_then(|at| self.entries.get(at)).map(|(_, v)| v)
    }

    fn place(&self, name: &str) -> Option<usize> {
        match (self.index.is_empty(), self.folds) {
            (true, false) => self.entries.iter().position(|(there, _)| **there == *name),
            (true, true) => self.entries.iter().position(|(there, _)| same_folded(there, name)),
            (false, false) => self.index.get(name).copied(),
            (false, true) => self.index.get(fold(name).as_str()).copied(),
        }
    }

    fn key(&self, name: &Arc<str>) -> Arc<str> {
        if self.folds { Arc::from(fold(name)) } else { name.clone() }
    }

    /// Names and values in order.
    pub fn entries(&self) -> &[(Arc<str>, Value)] {
        &self.entries
    }
}

/// Whether two names are one, case aside.
fn same_folded(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        one.eq_ignore_ascii_case(other)
    } else {
        fold(one) == fold(other)
    }
}

impl Version {
    /// Two to four numbers with dots between them, blanks around them allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = [-1; 4];
        let mut count = 0;
        for piece in text.trim().split('.') {
            let part = parts.get_mut(count)?;
            if piece.is_empty() || !piece.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            *part = piece.parse().ok()?;
            count += 1;
        }
        (count >= 2).then_some(Self(parts))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in self.0.iter().take_while(|p| **p >= 0).enumerate() {
            let dot = if n == 0 { "" } else { "." };
            write!(f, "{dot}{part}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Few names are looked through, many are looked up: nobody can tell.
        #[test]
        fn an_object_is_what_was_put_into_it(names in proptest::collection::vec("[a-cA-Cäé]{1,2}", 0..40), folds: bool) {
            let entries = names.iter().enumerate().map(|(n, name)| (Arc::from(name.as_str()), Value::Number(n as f64)));
            let object = if folds { Object::folding(entries) } else { Object::exact(entries) };
            let same = |one: &str, other: &str| if folds { fold(one) == fold(other) } else { one == other };
            for name in &names {
                let last = names.iter().rposition(|other| same(other, name)).map(|n| n as f64);
                let Some(Value::Number(found)) = object.get(name) else { panic!("{name} is not there") };
                prop_assert_eq!(Some(*found), last);
            }
            let firsts: Vec<&String> =
                names.iter().enumerate().filter(|(n, name)| names.iter().position(|o| same(o, name)) == Some(*n)).map(|(_, name)| name).collect();
            let there: Vec<&str> = object.entries().iter().map(|(name, _)| &**name).collect();
            prop_assert_eq!(there, firsts);
            prop_assert!(object.get("x").is_none());
        }
    }
}
