//! JSONPath in the Jayway dialect, in which CodePipeline documents webhook filters: [`parse`] and
//! [`JsonPath::select`]; [`rule`] puts a filter's two halves together.
//!
//! The dialect is not RFC 9535: paths need no `$`, functions stand at the end, a filter on an object tests the
//! object itself, `..[?(…)]` finds every object that passes, `'1' == 1`, and there are `=~ /re/`, `in`, `nin` and
//! their kin. Evaluation is bounded ([`STEPS_MAX`]): `$..*..*..*` over 25 MB would otherwise never end. These two
//! are why no RFC 9535 library stands here; one is compared with in the tests, on what both dialects share.

mod compare;
mod parse;
pub mod rule;
mod select;

pub use parse::parse;

use regex::Regex;
use serde_json::Value;
use std::borrow::Cow;

/// Most values that one evaluation looks at.
pub const STEPS_MAX: usize = 1_000_000;
/// Longest path that is read, bytes. (The API's own bound on a filter is 150 characters.)
pub const PATH_BYTES_MAX: usize = 4096;

/// A path that was read.
#[derive(Clone, Debug)]
pub struct JsonPath {
    /// Whether it starts at the document (`$`) or at the value that a filter tests (`@`).
    from_document: bool,
    steps: Vec<Step>,
    /// `.length()` at the end.
    length: bool,
}

/// What a path selects of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection<'v> {
    /// A definite path that leads nowhere.
    Missing,
    /// What a definite path leads to.
    One(Cow<'v, Value>),
    /// What an indefinite path (wildcards, `..`, filters, slices) finds, in the document's order; perhaps nothing.
    Many(Vec<Cow<'v, Value>>),
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {at}")]
pub struct BadPath {
    /// What is wrong, in a few words.
    pub what: String,
    /// Where, from 1.
    pub at: usize,
}

/// An evaluation was given up after [`STEPS_MAX`] values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path was given up after {STEPS_MAX} values")]
pub struct TooMuch;

#[derive(Clone, Debug)]
struct Step {
    /// After `..`: on every container below as well.
    deep: bool,
    pick: Pick,
}

/// What a step picks of one value.
#[derive(Clone, Debug)]
enum Pick {
    /// `.a`, `['a']`, `['a','b']`.
    Names(Vec<String>),
    /// `[0]`, `[-1]`, `[0,2]`.
    Indexes(Vec<i64>),
    /// `[a:b]`, `[a:]`, `[:b]`.
    Slice(Option<i64>, Option<i64>),
    /// `*`.
    All,
    /// `[?(…)]`.
    Filter(Test),
}

/// A filter's expression.
#[derive(Clone, Debug)]
enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    /// A path that leads somewhere.
    Exists(JsonPath),
    Compare(Operand, Operator, Operand),
}

/// One side of a comparison.
#[derive(Clone, Debug)]
enum Operand {
    Path(JsonPath),
    Literal(Value),
    Pattern(Regex),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    /// `===`: equal, and of one kind.
    Same,
    NotSame,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    All,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
    Contains,
}

impl JsonPath {
    /// Whether it leads to one value at most.
    fn is_definite(&self) -> bool {
        self.steps.iter().all(|step| {
            !step.deep
                && match &step.pick {
                    // CHOICE: several names at the end are a list too; Jayway makes one object of them, which no
                    // text could ever equal.
                    Pick::Names(names) => names.len() == 1,
                    Pick::Indexes(indexes) => indexes.len() == 1,
                    Pick::Slice(..) | Pick::All | Pick::Filter(_) => false,
                }
        })
    }
}

#[cfg(test)]
mod tests;
