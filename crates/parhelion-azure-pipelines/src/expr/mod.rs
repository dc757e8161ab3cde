//! The expression language of `${{ … }}`, `$[ … ]` and conditions: calls, names, literals, property and index
//! access. No operators.
//!
//! [`lex`] → tokens, [`parse`] → [`Expr`] with all errors that need no values, [`eval`] → [`Value`].

pub(crate) mod budget;
mod call;
mod convert;
mod date;
mod eval;
mod format;
mod functions;
mod json;
pub(crate) mod lex;
mod parse;
mod value;

pub(crate) use budget::{Budget, Fail};
pub(crate) use convert::{number_from_text, to_bool, to_text};
pub use date::Moment;
pub use eval::Status;
pub(crate) use eval::{Scope, eval};
pub(crate) use parse::{Expr, Names, is_property, parse};
pub(crate) use value::{Object, Value};

/// Where an expression stands: it decides which functions exist there, and one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// `${{ … }}`
    Template,
    /// `$[ … ]` of a variable of the file itself.
    RootVariable,
    /// `$[ … ]` of a variable of a stage or a job.
    JobVariable,
    /// The condition of a stage or a job.
    Condition,
    /// The condition of a step while the run is queued: unknown names are none of a mistake yet.
    StepSyntax,
    /// The condition of a step in the run.
    StepCondition,
}

/// What is wrong with an expression as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Something stands at the wrong place.
    Placed {
        /// Which of the five kinds.
        kind: Kind,
        /// The text it is about.
        raw: String,
        /// Where, in characters from 0.
        at: usize,
    },
    /// A name that means nothing here, or a function without its arguments; the form is fine.
    Name {
        /// One of two kinds.
        kind: Kind,
        /// The name.
        raw: String,
        /// Where, in characters from 0.
        at: usize,
    },
    /// Functions nested too deep.
    TooDeep,
    /// Nothing between the braces.
    Empty,
}

/// The kinds of errors that name a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    UnrecognizedValue,
    UnexpectedSymbol,
    ExpectedPropertyName,
    UnclosedFunction,
    ExpectedParenthesis,
}

const HELP: &str = "For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996";

impl Fault {
    /// Whether only a name is wrong.
    pub fn is_name(&self) -> bool {
        matches!(self, Fault::Name { .. })
    }

    /// The service's text. `shown` is the expression as it appears in the message, `offset` the characters of it
    /// before the text that was parsed.
    // OBSERVED: these three shapes.
    pub fn message(&self, shown: &str, offset: usize) -> String {
        match self {
            Fault::Placed { kind, raw, at } | Fault::Name { kind, raw, at } => {
                let kind = match kind {
                    Kind::UnrecognizedValue => "Unrecognized value",
                    Kind::UnexpectedSymbol => "Unexpected symbol",
                    Kind::ExpectedPropertyName => {
                        "Expected a property name to follow the dereference operator '.'"
                    }
                    Kind::UnclosedFunction => "Unclosed function",
                    Kind::ExpectedParenthesis => "Expected '(' to follow a function",
                };
                let at = at + offset + 1;
                format!("{kind}: '{raw}'. Located at position {at} within expression: '{shown}'. {HELP}")
            }
            Fault::TooDeep => {
                format!("Exceeded max expression depth {}. {HELP}", crate::limits::EXPRESSION_DEPTH)
            }
            Fault::Empty => "An expression was expected".to_owned(),
        }
    }
}
