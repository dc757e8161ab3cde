//! What is said of a file that cannot be read: the texts and places of the service's YAML library, which descends from
//! libyaml as the parser's do, but for a few.

use super::{read::TOO_DEEP, source::Source};
use crate::issue::Issue;
use saphyr_parser::{Marker, ScanError};
use std::ops::Range;

/// A text of the parser's own, and libyaml's for the same mistake.
const TRANSLATED: &[(&str, &str)] = &[
    ("unexpected character: ", NO_TOKEN),
    (TAB_INDENTS, NO_TOKEN),
    (TAB_AFTER_COLON, NO_TOKEN),
    (TAB_AFTER_DASH, NO_TOKEN),
    (TAB_AFTER_MARK, NO_TOKEN),
    (TAB_IN_PLAIN, "while scanning a plain scalar, found a tab character that violates indentation"),
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

const TAB_INDENTS: &str = "tabs disallowed within this context";
const TAB_AFTER_MARK: &str = "tabs disallowed in this context";
const TAB_AFTER_COLON: &str = "':' must be followed by a valid YAML whitespace";
const TAB_AFTER_DASH: &str = "'-' must be followed by a valid YAML whitespace";
const TAB_IN_PLAIN: &str = "while scanning a plain scalar, found a tab";
const TAB_IN_QUOTED: &str = "tab cannot be used as indentation";

/// The bytes of tabs that the parser refuses and libyaml takes for blanks: between a key and its value, and as
/// indentation inside of quotes and brackets.
pub(super) fn tabs_for_blanks(e: &ScanError, source: &Source<'_>, in_flow: bool) -> Option<Range<usize>> {
    match e.info() {
        TAB_AFTER_COLON | TAB_IN_QUOTED => {}
        info if info.starts_with(TAB_INDENTS) && in_flow => {}
        _ => return None,
    }
    let blanks = source.blanks_around(e.marker().index());
    source.bytes(blanks.clone()).contains('\t').then_some(blanks)
}

/// The place of the first tab among the blanks before a place.
fn first_tab(at: Marker, source: &Source<'_>) -> Marker {
    let before = |n: usize| at.index().checked_sub(n).and_then(|index| source.char(index));
    let blanks = (1..=at.col()).take_while(|n| matches!(before(*n), Some(' ' | '\t')));
    let back = blanks.filter(|n| before(*n) == Some('\t')).last().unwrap_or(0);
    Marker::new(at.index() - back, at.line(), at.col() - back)
}

/// The place of the first tab that indents a line after a place.
fn tab_below(at: Marker, source: &Source<'_>) -> Marker {
    let mut here = at;
    let mut indents = false;
    for c in source.from(at.index()).chars() {
        match c {
            '\t' if indents => return here,
            '\n' => indents = true,
            ' ' => {}
            _ => indents = false,
        }
        here = match c {
            '\n' => Marker::new(here.index() + 1, here.line() + 1, 0),
            _ => Marker::new(here.index() + 1, here.line(), here.col() + 1),
        };
    }
    at
}

/// What the parser refuses.
pub(super) fn unreadable(name: &str, e: &ScanError, source: &Source<'_>) -> Vec<Issue> {
    // It reads ahead of what it tells: its own bound, which is above ours, may be met first.
    if e.info() == "recursion limit exceeded" {
        return vec![Issue::of_file(name, TOO_DEEP)];
    }
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
    // libyaml names the tab itself.
    match e.info() {
        TAB_IN_PLAIN => at = tab_below(at, source),
        tab if [TAB_INDENTS, TAB_AFTER_COLON, TAB_AFTER_DASH].iter().any(|t| tab.starts_with(t)) => {
            at = first_tab(at, source);
        }
        _ => {}
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
