//! The functions by name, with their arity.

/// A function of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    And,
    Coalesce,
    Contains,
    ContainsValue,
    ConvertToJson,
    EndsWith,
    Eq,
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
    Trim,
    Upper,
    Xor,
}

/// Functions known in `${{ }}`, with least and most arguments.
// OBSERVED. `counter`, `always`, `succeeded` … belong to other places and are unknown here.
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

impl Function {
    /// The function of that name in any case, with least and most arguments.
    pub fn find(name: &str) -> Option<(Function, usize, usize)> {
        TABLE.iter().find(|(n, ..)| n.eq_ignore_ascii_case(name)).map(|&(_, f, min, max)| (f, min, max))
    }
}
