//! What is said of a file that cannot be read: the texts and places of the service's YAML library, which descends from
//! libyaml as the parser's do, but for a few.

use super::source::Source;
use crate::issue::Issue;
use saphyr_parser::{Marker, ScanError};

/// A text of the parser's own, and libyaml's for the same mistake.
const TRANSLATED: &[(&str, &str)] = &[
    ("unexpected character: ", NO_TOKEN),
    ("tabs disallowed within this context", NO_TOKEN),
    (
        "a block scalar content cannot start with a tab",
        "while scanning a block scalar, found a tab character where an indentation space is expected",
    ),
    ("the handle wasn't declared", "while parsing a node, found undefined tag handle"),
    ("invalid trailing content after double-quoted scalar", NO_KEY),
    ("wrongly indented line in block scalar", NO_KEY),
];
const NO_TOKEN: &str = "while scanning for the next token, found character that cannot start any token";
const NO_KEY: &str = "while parsing a block mapping, did not find expected key";
const NO_NODE: &str = "while parsing a node, did not find expected node content";

/// What the parser refuses.
pub(super) fn unreadable(name: &str, e: &ScanError, source: &Source<'_>) -> Vec<Issue> {
    let mut at = *e.marker();
    let before = |n: usize| at.index().checked_sub(n).and_then(|index| source.char(index));
    let info = match e.info() {
        "misplaced bracket" => {
            let blanks = (1..=at.col()).take_while(|n| before(*n) == Some(' ')).count();
            let starts = blanks >= at.col() || matches!(before(blanks + 1), Some(':' | '-' | '?'));
            if starts { NO_NODE } else { NO_KEY }
        }
        own => TRANSLATED.iter().find(|(text, _)| own.starts_with(text)).map_or(own, |(_, text)| text),
    };
    let info = match info.strip_suffix(", expected ',' or ']'") {
        Some(head) => format!("{head}, did not find expected ',' or ']'"),
        None => info.to_owned(),
    };
    // OBSERVED: a `-` that is out of place is the place; the parser points behind it.
    if info.starts_with("while parsing a block") {
        let blanks = (1..=at.col()).take_while(|n| before(*n) == Some(' ')).count();
        if blanks > 0 && at.col() > blanks && before(blanks + 1) == Some('-') {
            at = Marker::new(at.index() - blanks - 1, at.line(), at.col() - blanks - 1);
        }
    }
    let mut chars = info.chars();
    let text: String = match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).chain(['.']).collect(),
        None => "Syntax error.".to_owned(),
    };
    self::at(name, at, &text)
}

/// First control character that may not stand in a file.
pub(super) fn control_character(text: &str) -> Option<Marker> {
    // NEL is a line break of old and printable.
    let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let byte = text.find(bad)?;
    let before = &text[..byte];
    let line = before.replace("\r\n", "\n").matches(['\n', '\r']).count() + 1;
    let col = before.rsplit(['\n', '\r']).next().unwrap_or_default().chars().count();
    Some(Marker::new(before.chars().count(), line, col))
}

/// What follows the error of a file that cannot be read.
// OBSERVED: after syntax errors and anchors, not after a second document.
pub(super) fn null_reference() -> Issue {
    Issue::bare("Object reference not set to an instance of an object.")
}

/// The service's form for what its YAML library says of a place, and what follows it.
pub(super) fn at(name: &str, at: Marker, text: &str) -> Vec<Issue> {
    let place = format!("(Line: {}, Col: {}, Idx: {})", at.line(), at.col() + 1, at.index());
    vec![Issue::of_file(name, format!("{place} - {place}: {text}")), null_reference()]
}
