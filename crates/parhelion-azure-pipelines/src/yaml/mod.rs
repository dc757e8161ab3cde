//! YAML as a tree in which every key and every value knows its place and how it was written.
//!
//! `read` makes it from text, `emit` writes it back. Nothing is typed: a scalar is its text, since the service
//! decides by the schema what `1.10` or `yes` is.

pub(crate) mod emit;
pub(crate) mod read;
mod scalar;
mod source;
mod syntax;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A place: a file of the expansion (0 is the pipeline's own), line and column from 1, the column in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// Index into the expansion's list of files.
    pub file: u16,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub col: u32,
}

/// How a scalar was written, and so how it is written back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bare.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// Made by an expression or by us: the emitter chooses.
    Any,
    /// The same, of a number or a boolean: an `object` parameter that it is given to knows it from a text.
    Typed,
}

/// A scalar: its text after quotes, escapes and folding are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text. Shared: `each` copies a body many times.
    pub text: Arc<str>,
    /// How it was written.
    pub style: Style,
}

impl Scalar {
    /// A scalar that nobody wrote.
    pub fn made(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), style: Style::Any }
    }
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// A scalar's first character (a block scalar's `|` or `>`), a block sequence's first `-`, a mapping's first key.
    pub mark: Mark,
    /// What it is.
    pub tree: Tree,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Text.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in written order.
    Mapping(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Place of the key.
    pub mark: Mark,
    /// The key.
    pub key: Scalar,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A scalar of ours at `mark`.
    pub fn text(mark: Mark, text: impl Into<Arc<str>>) -> Self {
        Self { mark, tree: Tree::Scalar(Scalar::made(text)) }
    }

    /// The text, if it is a scalar.
    pub fn as_text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Scalar(s) => Some(&s.text),
            _ => None,
        }
    }

    /// The items, if it is a sequence.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.tree {
            Tree::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a mapping.
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.tree {
            Tree::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of the first entry of that exact key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.iter().find(|e| &*e.key.text == key).map(|e| &e.value)
    }

    /// The same tree, at other places and in other styles: what `re-expanding` is compared by.
    pub fn same_content(&self, other: &Node) -> bool {
        match (&self.tree, &other.tree) {
            (Tree::Scalar(a), Tree::Scalar(b)) => a.text == b.text,
            (Tree::Sequence(a), Tree::Sequence(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_content(b))
            }
            (Tree::Mapping(a), Tree::Mapping(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a.key.text == b.key.text && a.value.same_content(&b.value))
            }
            _ => false,
        }
    }
}

impl Entry {
    /// An entry of ours, both halves at `mark`.
    pub fn made(mark: Mark, key: &str, value: Node) -> Self {
        Self { mark, key: Scalar::made(key), value }
    }
}

/// What a scalar (`Some`) or a collection (`None`) costs against [`crate::limits::TREE_BYTES`].
// CHOICE: a fixed part and two bytes a character, about what a UTF-16 platform spends.
pub fn cost(text: Option<&str>) -> usize {
    24 + text.map_or(0, |t| 26 + 2 * t.len())
}
