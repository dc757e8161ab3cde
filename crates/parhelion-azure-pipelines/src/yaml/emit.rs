//! Tree → text: block style, lists not indented below their key, no line ever wrapped, styles kept. The same tree
//! gives the same bytes.

use super::{
    Entry, Node, Scalar, Style, Tree,
    scalar::{choose, is_blank, is_break, is_printable},
};
use std::fmt::Write as _;

/// Longest key that is written before its value on one line, in bytes; a longer one takes the form `? key`.
const SIMPLE_KEY_BYTES: usize = 128;

/// Writes a tree as a document. Ends with an empty line.
// OBSERVED: the form of the service's `finalYaml`.
pub(crate) fn emit(root: &Node) -> String {
    let mut out = Emitter { out: String::new() };
    match &root.tree {
        Tree::Scalar(s) => out.scalar(s, 2),
        Tree::Sequence(items) if items.is_empty() => out.out.push_str("[]"),
        Tree::Sequence(items) => out.sequence(items, 0, true),
        Tree::Mapping(entries) if entries.is_empty() => out.out.push_str("{}"),
        Tree::Mapping(entries) => out.mapping(entries, 0, true),
    }
    out.end_line();
    // A block that keeps its breaks has left one already; one more would be part of its text.
    if !out.out.ends_with("\n\n") {
        out.out.push('\n');
    }
    out.out
}

struct Emitter {
    out: String,
}

impl Emitter {
    /// Entries at a column; the first may stand where the cursor is. Recursion is bounded by the depth of trees.
    fn mapping(&mut self, entries: &[Entry], indent: usize, first_inline: bool) {
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 || !first_inline {
                self.start_line(indent);
            }
            if is_simple(&entry.key) {
                let style = choose(&entry.key.text, entry.key.style, true);
                self.text(&entry.key.text, style, indent + 2);
                self.out.push(':');
                self.below_key(&entry.value, indent);
            } else {
                self.out.push_str("? ");
                self.scalar(&entry.key, indent + 2);
                self.start_line(indent);
                self.out.push(':');
                self.inline(&entry.value, indent);
            }
        }
    }

    fn sequence(&mut self, items: &[Node], indent: usize, first_inline: bool) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 || !first_inline {
                self.start_line(indent);
            }
            self.out.push('-');
            self.inline(item, indent);
        }
    }

    /// A value after `key:`.
    fn below_key(&mut self, value: &Node, indent: usize) {
        match &value.tree {
            Tree::Mapping(entries) if !entries.is_empty() => self.mapping(entries, indent + 2, false),
            Tree::Sequence(items) if !items.is_empty() => self.sequence(items, indent, false),
            _ => self.inline(value, indent),
        }
    }

    /// A value on the line of its indicator.
    fn inline(&mut self, value: &Node, indent: usize) {
        self.out.push(' ');
        match &value.tree {
            Tree::Scalar(s) => self.scalar(s, indent + 2),
            Tree::Sequence(items) if items.is_empty() => self.out.push_str("[]"),
            Tree::Sequence(items) => self.sequence(items, indent + 2, true),
            Tree::Mapping(entries) if entries.is_empty() => self.out.push_str("{}"),
            Tree::Mapping(entries) => self.mapping(entries, indent + 2, true),
        }
    }

    fn scalar(&mut self, scalar: &Scalar, indent: usize) {
        self.text(&scalar.text, choose(&scalar.text, scalar.style, false), indent);
    }

    fn text(&mut self, text: &str, style: Style, indent: usize) {
        match style {
            Style::Plain | Style::Any | Style::Typed => self.out.push_str(text),
            Style::Single => self.single(text, indent),
            Style::Double => self.double(text),
            Style::Literal => self.literal(text, indent),
            Style::Folded => self.folded(text, indent),
        }
    }

    /// `'…'`: a quote is doubled, a line break is an empty line more.
    fn single(&mut self, text: &str, indent: usize) {
        self.out.push('\'');
        let mut breaks = false;
        for c in text.chars() {
            if is_break(c) {
                if !breaks {
                    self.out.push('\n');
                }
                self.out.push(c);
                breaks = true;
                continue;
            }
            if breaks {
                self.blanks(indent);
                breaks = false;
            }
            if c == '\'' {
                self.out.push('\'');
            }
            self.out.push(c);
        }
        if breaks {
            self.blanks(indent);
        }
        self.out.push('\'');
    }

    /// `"…"` on one line, everything unusual escaped.
    fn double(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            if is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
                self.out.push(c);
                continue;
            }
            let short = match c {
                '\0' => '0',
                '\u{7}' => 'a',
                '\u{8}' => 'b',
                '\n' => 'n',
                '\u{b}' => 'v',
                '\u{c}' => 'f',
                '\r' => 'r',
                '\u{1b}' => 'e',
                '"' => '"',
                '\\' => '\\',
                '\u{85}' => 'N',
                '\u{2028}' => 'L',
                '\u{2029}' => 'P',
                other => {
                    let code = u32::from(other);
                    // Writing to a String cannot fail.
                    let _ = match code {
                        0..=0xff => write!(self.out, "\\x{code:02X}"),
                        0x100..=0xffff => write!(self.out, "\\u{code:04X}"),
                        _ => write!(self.out, "\\U{code:08X}"),
                    };
                    continue;
                }
            };
            self.out.push('\\');
            self.out.push(short);
        }
        self.out.push('"');
    }

    /// `|` or `>` with what they need to say about indentation and the end.
    fn block_header(&mut self, indicator: char, text: &str) {
        self.out.push(indicator);
        if text.starts_with(|c| is_blank(c) || is_break(c)) {
            self.out.push('2');
        }
        let mut back = text.chars().rev();
        match (back.next().is_some_and(is_break), back.next()) {
            (false, _) => self.out.push('-'),
            (true, None) => self.out.push('+'),
            (true, Some(c)) if is_break(c) => self.out.push('+'),
            _ => {}
        }
        self.out.push('\n');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.block_header('|', text);
        let mut fresh = true;
        for c in text.chars() {
            if fresh && !is_break(c) {
                self.blanks(indent);
            }
            self.out.push(c);
            fresh = is_break(c);
        }
    }

    /// `>`: a line break between two lines of text is doubled, except beside lines that start with a blank.
    fn folded(&mut self, text: &str, indent: usize) {
        self.block_header('>', text);
        let mut breaks = true;
        let mut indented = true;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if is_break(c) {
                if !breaks && !indented {
                    let next = rest.as_str().chars().find(|c| !is_break(*c));
                    if next.is_some_and(|n| !is_blank(n)) {
                        self.out.push('\n');
                    }
                }
                self.out.push(c);
                breaks = true;
                continue;
            }
            if breaks {
                self.blanks(indent);
                indented = is_blank(c);
                breaks = false;
            }
            self.out.push(c);
        }
    }

    /// Ends the line if one is begun: blocks end theirs themselves.
    fn end_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn start_line(&mut self, indent: usize) {
        self.end_line();
        self.blanks(indent);
    }

    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }
}

fn is_simple(key: &Scalar) -> bool {
    key.text.len() <= SIMPLE_KEY_BYTES && !key.text.contains(is_break)
}
