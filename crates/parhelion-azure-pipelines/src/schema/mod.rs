//! What an expanded pipeline may look like: [`tables`] says it as data, [`check`] walks a tree along it.

mod check;
mod json;
pub(crate) mod reserved;
mod tables;

pub(crate) use check::{check, check_part, check_trigger};
pub use json::json_schema;

/// A part that a parameter can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Step,
    /// A job or a deployment.
    Job,
    Stage,
    /// An entry of `resources.containers`.
    Container,
}

/// What may stand at a place.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// A scalar.
    Text,
    /// One of these scalars, in any case.
    Words(&'static [&'static str]),
    /// A list of such.
    List(&'static Shape),
    /// A mapping with these keys.
    Record(&'static Record),
    /// A mapping with any keys to such values.
    Dict(&'static Shape),
    /// One of these.
    Either(&'static [Shape]),
}

/// A mapping whose keys are known.
#[derive(Debug)]
pub(crate) struct Record {
    /// The key that must come first, if any: it tells the record from its alternatives.
    pub lead: Option<&'static str>,
    /// Keys that must be there besides.
    pub required: &'static [&'static str],
    /// All keys, in several lists so that they can be shared.
    pub fields: &'static [Fields],
}

/// Keys and what may stand there.
pub(crate) type Fields = &'static [(&'static str, &'static Shape)];

impl Record {
    fn field(&self, name: &str) -> Option<&'static Shape> {
        self.fields.iter().flat_map(|f| f.iter()).find(|(n, _)| *n == name).map(|(_, shape)| *shape)
    }
}
