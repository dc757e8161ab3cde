//! The functions by name, with their arity.

use super::Slot;

/// A function of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Always,
    And,
    Canceled,
    Coalesce,
    Contains,
    ContainsValue,
    ConvertToJson,
    Counter,
    EndsWith,
    Eq,
    Failed,
    Format,
    Ge,
    Gt,
    Iif,
    In,
    Join,
    Le,
    Length,
    Lower,
    Lt,
    Ne,
    Not,
    NotIn,
    Or,
    Replace,
    Split,
    StartsWith,
    Succeeded,
    SucceededOrFailed,
    Trim,
    Upper,
    Xor,
}

/// Functions known everywhere, with least and most arguments. OBSERVED.
const TABLE: &[(&str, Function, usize, usize)] = &[
    ("and", Function::And, 2, usize::MAX),
    ("coalesce", Function::Coalesce, 2, usize::MAX),
    ("contains", Function::Contains, 2, 2),
    ("containsvalue", Function::ContainsValue, 2, 2),
    ("converttojson", Function::ConvertToJson, 1, 1),
    ("endswith", Function::EndsWith, 2, 2),
    ("eq", Function::Eq, 2, 2),
    ("format", Function::Format, 1, usize::MAX),
    ("ge", Function::Ge, 2, 2),
    ("gt", Function::Gt, 2, 2),
    ("iif", Function::Iif, 3, 3),
    ("in", Function::In, 2, usize::MAX),
    ("join", Function::Join, 2, 2),
    ("le", Function::Le, 2, 2),
    ("length", Function::Length, 1, 1),
    ("lower", Function::Lower, 1, 1),
    ("lt", Function::Lt, 2, 2),
    ("ne", Function::Ne, 2, 2),
    ("not", Function::Not, 1, 1),
    ("notin", Function::NotIn, 2, usize::MAX),
    ("or", Function::Or, 2, usize::MAX),
    ("replace", Function::Replace, 3, 3),
    ("split", Function::Split, 2, 2),
    ("startswith", Function::StartsWith, 2, 2),
    ("trim", Function::Trim, 1, 1),
    ("upper", Function::Upper, 1, 1),
    ("xor", Function::Xor, 2, 2),
];

/// Those of `$[ … ]` of the file's own variables. OBSERVED: unknown even in `$[ … ]` of conditions.
const OF_VARIABLES: &[(&str, Function, usize, usize)] = &[("counter", Function::Counter, 1, 2)];

/// Those of conditions of stages and jobs. OBSERVED: two take no names.
const OF_CONDITIONS: &[(&str, Function, usize, usize)] = &[
    ("always", Function::Always, 0, 0),
    ("canceled", Function::Canceled, 0, 0),
    ("failed", Function::Failed, 0, usize::MAX),
    ("succeeded", Function::Succeeded, 0, usize::MAX),
    ("succeededorfailed", Function::SucceededOrFailed, 0, usize::MAX),
];

/// Those of conditions of steps, in the run.
const OF_STEPS: &[(&str, Function, usize, usize)] = &[
    ("always", Function::Always, 0, 0),
    ("canceled", Function::Canceled, 0, 0),
    ("failed", Function::Failed, 0, 0),
    ("succeeded", Function::Succeeded, 0, 0),
    ("succeededorfailed", Function::SucceededOrFailed, 0, 0),
];

impl Function {
    /// The function of that name in any case, with least and most arguments, if it is known at that place.
    pub fn find(name: &str, slot: Slot) -> Option<(Function, usize, usize)> {
        let more = match slot {
            Slot::Template | Slot::JobVariable | Slot::StepSyntax => &[],
            Slot::RootVariable => OF_VARIABLES,
            Slot::Condition => OF_CONDITIONS,
            Slot::StepCondition => OF_STEPS,
        };
        let mut all = TABLE.iter().chain(more);
        all.find(|(n, ..)| n.eq_ignore_ascii_case(name)).map(|&(_, f, min, max)| (f, min, max))
    }
}
