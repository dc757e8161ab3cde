//! In which style a text can be written, by the rules that libyaml's emitter made common.

use super::Style;

/// What a text allows.
#[derive(Debug, PartialEq)]
struct Allows {
    plain: bool,
    single: bool,
    block: bool,
    multiline: bool,
}

/// The style a scalar is written in. `key` is true for a mapping's key on one line.
pub(super) fn choose(text: &str, style: Style, key: bool) -> Style {
    let allows = analyse(text);
    let style = match if style == Style::Typed { Style::Any } else { style } {
        Style::Any if allows.multiline => Style::Folded,
        // OBSERVED for 0.5, which comes out quoted while 1 and -1.25 do not. CHOICE: all like it.
        Style::Any if is_small_fraction(text) => Style::Single,
        Style::Any => Style::Plain,
        written => written,
    };
    // An empty text is always visible.
    let plain = allows.plain && !text.is_empty();
    let single = allows.single && !(key && allows.multiline);
    let block = allows.block && !key;
    match style {
        Style::Plain if plain => Style::Plain,
        Style::Plain | Style::Single if single => Style::Single,
        Style::Literal if block => Style::Literal,
        Style::Folded if block => Style::Folded,
        _ => Style::Double,
    }
}

/// A character of words and of the blanks between them.
fn is_of_words(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b' ' | b'_' | b'-' | b'.' | b'/' | b'@' | b'$' | b'(' | b')' | b'=' | b'+')
}

fn analyse(text: &str) -> Allows {
    if text.is_empty() {
        return Allows { plain: true, single: true, block: false, multiline: false };
    }
    // Most texts are plain words: nothing in them needs a look at its neighbours.
    let bytes = text.as_bytes();
    if bytes[0].is_ascii_alphanumeric() && bytes.iter().all(|b| is_of_words(*b)) && !text.ends_with(' ') {
        return Allows { plain: true, single: true, block: true, multiline: false };
    }
    closely(text)
}

/// Character by character, of a text that is not empty.
fn closely(text: &str) -> Allows {
    let mut indicator = text.starts_with("---") || text.starts_with("...");
    let (mut space_break, mut tab_break, mut break_space) = (false, false, false);
    let (mut special, mut multiline) = (false, false);
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends_word = chars.peek().is_none_or(|n| is_blank(*n) || is_break(*n));
        indicator |= match before {
            // OBSERVED: a backslash too.
            None => "#,[]{}&*!|>'\"%@`\\".contains(c) || (matches!(c, '?' | ':' | '-') && ends_word),
            Some(b) => (c == ':' && ends_word) || (c == '#' && (is_blank(b) || is_break(b))),
        };
        special |= !is_printable(c);
        multiline |= is_break(c);
        break_space |= is_blank(c) && before.is_some_and(is_break);
        space_break |= is_break(c) && before == Some(' ');
        tab_break |= is_break(c) && before == Some('\t');
        before = Some(c);
    }
    let edge = |c: Option<char>| c.is_some_and(|c| is_blank(c) || is_break(c));
    let at_edge = edge(text.chars().next()) || edge(text.chars().next_back());
    let ends_blank = text.ends_with(' ');
    Allows {
        plain: !(at_edge || multiline || indicator || special),
        single: !(break_space || space_break || tab_break || special),
        block: !(ends_blank || space_break || special),
        multiline,
    }
}

/// Every other break of old (CR, NEL, LS, PS) is escaped: readers do not agree on them.
pub(super) fn is_break(c: char) -> bool {
    c == '\n'
}

/// `0.` and digits.
fn is_small_fraction(text: &str) -> bool {
    text.strip_prefix("0.").is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Whether a character may stand as it is.
// CHOICE: a tab may.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_words_need_no_close_look(text in "[a-zA-Z0-9 _./@$()=+-]{1,12}") {
            prop_assert_eq!(analyse(&text), closely(&text));
        }
        #[test]
        fn whatever_stands_there_is_judged_alike(text in "[a-c \\PC\n\t:#-]{1,8}") {
            prop_assert_eq!(analyse(&text), closely(&text));
        }
    }
}
