//! The text being read, addressed by characters as the parser counts them, and the search for the places that its
//! events do not tell.

use super::Mark;
use std::ops::Range;

/// Every so many characters a byte offset is kept.
const STEP: usize = 256;

/// The text with an index from characters to bytes.
pub(super) struct Source<'a> {
    text: &'a str,
    /// Byte offset of character `n * STEP`; empty when all is ASCII.
    steps: Vec<usize>,
}

/// A place while scanning: character index and mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub index: usize,
    pub mark: Mark,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STEP).map(|(b, _)| b).collect()
        };
        Self { text, steps }
    }

    /// Byte offset of a character; the text's end if there is none.
    fn byte(&self, index: usize) -> usize {
        if self.steps.is_empty() {
            return index.min(self.text.len());
        }
        let Some(&from) = self.steps.get(index / STEP) else { return self.text.len() };
        self.text[from..].char_indices().nth(index % STEP).map_or(self.text.len(), |(b, _)| from + b)
    }

    /// The bytes of the blanks and tabs around a character's place.
    pub fn blanks_around(&self, index: usize) -> Range<usize> {
        let (before, after) = self.text.split_at(self.byte(index));
        let blank = [' ', '\t'];
        let start = before.trim_end_matches(blank).len();
        start..self.text.len() - after.trim_start_matches(blank).len()
    }

    /// The text of some bytes of it.
    pub fn bytes(&self, bytes: Range<usize>) -> &'a str {
        self.text.get(bytes).unwrap_or_default()
    }

    /// The text from a character on.
    pub fn from(&self, index: usize) -> &'a str {
        &self.text[self.byte(index)..]
    }

    /// The character at an index.
    pub fn char(&self, index: usize) -> Option<char> {
        self.from(index).chars().next()
    }

    /// From the end of what was read before, over blanks, line breaks, comments, tags, anchors and the indicators
    /// `:` and `?`, to the indicator that opens a block scalar or a block sequence. `dashes` of `-` are passed
    /// first: an item's own. `None` if something else stands there.
    pub fn origin(&self, from: Spot, dashes: usize, wanted: &[char]) -> Option<Spot> {
        let mut spot = from;
        let mut dashes = dashes;
        let mut chars = self.from(from.index).chars().peekable();
        let mut blank_before = true;
        while let Some(&c) = chars.peek() {
            match c {
                '#' if blank_before => {
                    while chars.next_if(|c| !matches!(c, '\n' | '\r')).is_some() {
                        spot.step();
                    }
                }
                '\n' | '\r' => {
                    chars.next();
                    spot.index += 1;
                    if c == '\r' && chars.next_if_eq(&'\n').is_some() {
                        spot.index += 1;
                    }
                    spot.mark.line += 1;
                    spot.mark.col = 1;
                    blank_before = true;
                }
                '!' | '&' => {
                    while chars.next_if(|c| !c.is_whitespace()).is_some() {
                        spot.step();
                    }
                    blank_before = false;
                }
                '-' if dashes > 0 => {
                    dashes -= 1;
                    chars.next();
                    spot.step();
                    blank_before = false;
                }
                c if wanted.contains(&c) => return Some(spot),
                ' ' | '\t' | ':' | '?' => {
                    chars.next();
                    spot.step();
                    blank_before = matches!(c, ' ' | '\t');
                }
                _ => return None,
            }
        }
        None
    }

    /// The name of the anchor whose node's properties start at `index` (`&name`, maybe after a tag).
    pub fn anchor(&self, index: usize) -> &'a str {
        let mut rest = self.from(index);
        while let Some(tag) = rest.strip_prefix('!') {
            rest = tag.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
        }
        let name = rest.strip_prefix('&').unwrap_or_default();
        &name[..name.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(name.len())]
    }
}

impl Spot {
    fn step(&mut self) {
        self.index += 1;
        self.mark.col += 1;
    }
}
