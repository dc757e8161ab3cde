//! What `parameters`, `variables` and loop variables stand for while a file is walked.

use crate::{
    expr::{Names, Object, Scope, Value},
    yaml::{Node, Scalar, Style, Tree, read::fold},
};
use std::{collections::BTreeMap, sync::Arc};

/// The names of one file. Variables are those of the pipeline: a template sees what is known where it is put in.
#[derive(Debug)]
pub(super) struct Frame {
    /// The file's parameters, webhook payloads among them.
    pub parameters: Value,
    /// Innermost last: predefined and root, stage, job.
    layers: Vec<Layer>,
    /// Innermost last; names folded.
    loops: Loops,
}

/// Loop variables with their values.
pub(super) type Loops = Vec<(String, Value)>;

/// Variables by folded name, with the name as written.
type Layer = BTreeMap<String, (Arc<str>, Value)>;

impl Frame {
    pub fn new(parameters: Object, predefined: &BTreeMap<String, String>) -> Self {
        let mut frame = Self {
            parameters: Value::Object(Arc::new(parameters)),
            layers: vec![Layer::new()],
            loops: Vec::new(),
        };
        for (name, value) in predefined {
            frame.set(name, value);
        }
        frame
    }

    /// Turns to another file: its parameters, and none of the loops around the reference. Gives what was there.
    pub fn turn(&mut self, parameters: Value, loops: Loops) -> (Value, Loops) {
        (std::mem::replace(&mut self.parameters, parameters), std::mem::replace(&mut self.loops, loops))
    }

    /// Opens the layer of a stage or a job.
    pub fn open(&mut self) {
        self.layers.push(Layer::new());
    }

    /// Closes the innermost layer.
    pub fn close(&mut self) {
        self.layers.pop();
    }

    /// Sets a variable of the innermost layer.
    pub fn set(&mut self, name: &str, value: &str) {
        if let Some(layer) = self.layers.last_mut() {
            layer.insert(fold(name), (Arc::from(name), Value::text(value)));
        }
    }

    /// Takes over what an expanded entry or item of a `variables` block defines.
    pub fn learn(&mut self, item: &Node) {
        if let (Some(name), Some(value)) =
            (item.get("name").and_then(Node::as_text), item.get("value").and_then(Node::as_text))
        {
            self.set(name, value);
        }
    }

    /// Whether a loop may not call its variable so.
    pub fn taken(&self, name: &str) -> bool {
        self.known(&fold(name))
    }

    /// Runs a loop's round with its variable.
    pub fn enter(&mut self, variable: &str, value: Value) {
        self.loops.push((fold(variable), value));
    }

    /// Ends a round.
    pub fn leave(&mut self) {
        self.loops.pop();
    }
}

impl Names for Frame {
    fn known(&self, name: &str) -> bool {
        matches!(name, "parameters" | "variables") || self.loops.iter().any(|(n, _)| n == name)
    }
}

/// Where no names are known: literals only.
pub(super) struct Nothing;

impl Names for Nothing {
    fn known(&self, _: &str) -> bool {
        false
    }
}

impl Scope for Frame {
    fn named(&self, name: &str) -> Value {
        match name {
            "parameters" => self.parameters.clone(),
            "variables" => {
                let all = self.layers.iter().flat_map(|l| l.values().cloned());
                Value::Object(Arc::new(Object::folding(all)))
            }
            other => {
                let found = self.loops.iter().rev().find(|(n, _)| n == other);
                found.map_or(Value::Null, |(_, v)| v.clone())
            }
        }
    }

    fn variable(&self, name: &str) -> Option<Value> {
        let name = fold(name);
        self.layers.iter().rev().find_map(|l| l.get(&name)).map(|(_, v)| v.clone())
    }
}

/// A tree as a value: scalars are texts. Recursion is bounded by the reader's depth.
pub(super) fn value_of(node: &Node) -> Value {
    tree_value(node, &|s| Value::String(s.text.clone()))
}

/// A tree as the value of an `object` parameter: bare numbers and booleans are such.
// OBSERVED: `default: {a: true}` comes out of an expression as `True`, `n: 3` as 3; an absent value and a bare `null`
// are empty texts.
pub(super) fn typed_value_of(node: &Node) -> Value {
    tree_value(node, &|s| {
        if is_null(s) {
            return Value::text("");
        }
        let bare = if matches!(s.style, Style::Plain | Style::Typed) { bare(&s.text) } else { None };
        bare.unwrap_or_else(|| Value::String(s.text.clone()))
    })
}

fn tree_value(node: &Node, scalar: &dyn Fn(&Scalar) -> Value) -> Value {
    match &node.tree {
        Tree::Scalar(s) => scalar(s),
        Tree::Sequence(items) => Value::array(items.iter().map(|i| tree_value(i, scalar)).collect()),
        Tree::Mapping(entries) => {
            let entries = entries.iter().map(|e| (e.key.text.clone(), tree_value(&e.value, scalar)));
            Value::Object(Arc::new(Object::exact(entries)))
        }
    }
}

/// Whether a scalar is a bare `null` by YAML's core schema.
pub(super) fn is_null(scalar: &Scalar) -> bool {
    scalar.style == Style::Plain && matches!(&*scalar.text, "null" | "Null" | "NULL" | "~")
}

/// A bare scalar by YAML's core schema, if it is no text.
fn bare(text: &str) -> Option<Value> {
    match text {
        "true" | "True" | "TRUE" => return Some(Value::Boolean(true)),
        "false" | "False" | "FALSE" => return Some(Value::Boolean(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().any(|b| b.is_ascii_digit())
        && unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return text.parse().ok().map(Value::Number);
    }
    let (digits, radix) = match text.split_at_checked(2)? {
        ("0x", digits) => (digits, 16),
        ("0o", digits) => (digits, 8),
        _ => return None,
    };
    u64::from_str_radix(digits, radix).ok().map(|n| Value::Number(n as f64))
}
