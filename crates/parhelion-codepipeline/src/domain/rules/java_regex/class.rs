//! Character classes, and the escapes that stand within and outside of them.

use super::{LINE_ENDS, Reader, Unusable, invalid};

/// How deep classes may lie in each other.
const DEPTH_MAX: usize = 16;

/// What an escape means.
pub(super) enum Item {
    /// One character.
    One(char),
    /// The characters of a set (as it stands between brackets), or all others.
    Many {
        /// The set.
        set: String,
        /// Whether all others are meant.
        negated: bool,
    },
}

const DIGIT: &str = "0-9";
const WORD: &str = "A-Za-z0-9_";
const SPACE: &str = r" \t\n\x0B\f\r";
const HORIZONTAL: &str = r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";

impl Reader {
    /// After `[`.
    pub(super) fn class(&mut self, depth: usize) -> Result<(), Unusable> {
        if depth > DEPTH_MAX {
            return Err(Unusable::Beyond("classes that lie too deep in each other"));
        }
        self.out.push('[');
        let negated = self.take("^");
        if negated {
            self.out.push('^');
        }
        let mut first = true;
        while let Some(c) = self.next() {
            let combines = c == '[' || (c == '&' && self.peek() == Some('&'));
            if combines && negated {
                // Versions of Java differ in what the `^` then applies to.
                return Err(Unusable::Beyond("a negated class with other classes in it"));
            }
            match c {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' => self.class(depth + 1)?,
                '&' if combines => {
                    self.at += 1;
                    self.out.push_str("&&");
                }
                '\\' if self.take("Q") => {
                    while self.at < self.chars.len() && !self.take(r"\E") {
                        if let Some(c) = self.next() {
                            self.literal(c);
                        }
                    }
                }
                c => {
                    let item = self.item(c)?;
                    self.range(item)?;
                }
            }
            first = false;
        }
        invalid("a bracket is not closed")
    }

    fn item(&mut self, c: char) -> Result<Item, Unusable> {
        if c != '\\' {
            return Ok(Item::One(c));
        }
        let Some(c) = self.next() else { return invalid("it ends in a backslash") };
        self.escaped(c)
    }

    /// An item of a class, and the end of its range if it begins one.
    fn range(&mut self, item: Item) -> Result<(), Unusable> {
        let from = match item {
            Item::Many { set, negated } => {
                self.out.push_str(&if negated { format!("[^{set}]") } else { set });
                return if self.range_follows() {
                    invalid("a range must begin with a character")
                } else {
                    Ok(())
                };
            }
            Item::One(c) => c,
        };
        self.literal(from);
        if !self.range_follows() {
            return Ok(());
        }
        self.at += 1;
        let Some(c) = self.next() else { return invalid("a bracket is not closed") };
        match self.item(c)? {
            Item::One(to) => {
                self.out.push('-');
                self.literal(to);
                Ok(())
            }
            Item::Many { .. } => invalid("a range must end with a character"),
        }
    }

    /// Whether a `-` comes that has an end.
    fn range_follows(&self) -> bool {
        let after = self.chars.get(self.at + 1);
        self.peek() == Some('-') && after.is_some_and(|c| !matches!(c, ']' | '['))
    }

    /// What the escape `\c` means, within a class or not.
    pub(super) fn escaped(&mut self, c: char) -> Result<Item, Unusable> {
        let many = |set: &str, negated| Ok(Item::Many { set: set.to_owned(), negated });
        let one = |c| Ok(Item::One(c));
        match c {
            'd' | 'D' => many(DIGIT, c == 'D'),
            'w' | 'W' => many(WORD, c == 'W'),
            's' | 'S' => many(SPACE, c == 'S'),
            'h' | 'H' => many(HORIZONTAL, c == 'H'),
            'v' | 'V' => many(&format!(r"\x0B\f{LINE_ENDS}"), c == 'V'),
            't' => one('\t'),
            'n' => one('\n'),
            'r' => one('\r'),
            'f' => one('\u{c}'),
            'a' => one('\u{7}'),
            'e' => one('\u{1b}'),
            'c' => match self.next() {
                Some(c) if c.is_ascii() => one(char::from(c as u8 ^ 64)),
                _ => invalid(r"\c without a character"),
            },
            '0' => {
                let digits = if matches!(self.peek(), Some('0'..='3')) { 3 } else { 2 };
                let text = self.take_while(digits, |c| matches!(c, '0'..='7'));
                self.code(&text, 8)
            }
            'x' if self.take("{") => {
                let text = self.take_while(8, |c| c.is_ascii_hexdigit());
                if self.take("}") { self.code(&text, 16) } else { invalid(r"\x{ without its end") }
            }
            'x' | 'u' => {
                let digits = if c == 'x' { 2 } else { 4 };
                let text = self.take_while(digits, |c| c.is_ascii_hexdigit());
                if text.len() == digits {
                    self.code(&text, 16)
                } else {
                    invalid(format!(r"\{c} needs {digits} digits"))
                }
            }
            'p' | 'P' => self.property(c == 'P'),
            c if c.is_ascii_alphanumeric() => invalid(format!(r"\{c} means nothing here")),
            c => one(c),
        }
    }

    fn code(&self, text: &str, radix: u32) -> Result<Item, Unusable> {
        match u32::from_str_radix(text, radix).ok().and_then(char::from_u32) {
            Some(c) => Ok(Item::One(c)),
            None => invalid("a number that is no character"),
        }
    }

    /// After `\p` or `\P`.
    fn property(&mut self, negated: bool) -> Result<Item, Unusable> {
        let name = if self.take("{") {
            let name = self.take_while(64, |c| c != '}');
            if !self.take("}") {
                return invalid("a property's name is not closed");
            }
            name
        } else {
            self.take_while(1, |c| c.is_ascii_alphabetic())
        };
        let set = match name.as_str() {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "A-Za-z",
            "Digit" => DIGIT,
            "Alnum" => "A-Za-z0-9",
            "Punct" => r"!-/:-@\[-`\{-\~",
            "Graph" => r"!-\~",
            "Print" => r" -\~",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9A-Fa-f",
            "Space" => SPACE,
            name => {
                // General categories have one or two letters; scripts and binary properties begin with `Is`.
                let known = match name.strip_prefix("Is") {
                    Some(rest) => rest,
                    None if (1..=2).contains(&name.len()) => name,
                    None => return Err(Unusable::Beyond("a property of this name")),
                };
                let set = format!(r"\p{{{known}}}");
                if !known.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
                    || regex::Regex::new(&set).is_err()
                {
                    return Err(Unusable::Beyond("a property of this name"));
                }
                return Ok(Item::Many { set, negated });
            }
        };
        Ok(Item::Many { set: set.to_owned(), negated })
    }
}
