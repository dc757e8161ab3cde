//! Regular expressions in Java's syntax (`java.util.regex.Pattern`) as expressions of the `regex` crate, where it can
//! express them. What needs backtracking it cannot: that is refused by name, never read as something else.
//!
//! Java's shorthands (`\d`, `\w`, `\s`, `.`) mean other characters than the crate's: they are written out.

mod class;

use regex::{Regex, RegexBuilder};
use std::fmt;

/// Bytes that a compiled expression may take.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// Why an expression cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Java would refuse it too.
    Invalid(String),
    /// It is Java's, and beyond what is evaluated here.
    Beyond(&'static str),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Invalid(why) => write!(f, "is not valid: {why}"),
            Unusable::Beyond(what) => write!(f, "uses {what}, which the emulator cannot evaluate"),
        }
    }
}

fn invalid<T>(why: impl Into<String>) -> Result<T, Unusable> {
    Err(Unusable::Invalid(why.into()))
}

/// An expression that a text must match as a whole.
///
/// # Errors
/// Why it cannot be used.
pub fn whole(pattern: &str) -> Result<Regex, Unusable> {
    let translated = translate(pattern)?;
    let built = RegexBuilder::new(&format!(r"\A(?:{translated})\z")).size_limit(COMPILED_BYTES_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => Unusable::Beyond("more repetition than fits"),
        // The message shows the translated expression first, and the reason last.
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default();
            Unusable::Invalid(reason.trim_start_matches("error: ").to_owned())
        }
    })
}

/// The expression in the crate's syntax, not anchored.
fn translate(pattern: &str) -> Result<String, Unusable> {
    let mut reader = Reader {
        chars: pattern.chars().collect(),
        at: 0,
        out: String::new(),
        open: Vec::new(),
        dot_all: false,
        repeatable: false,
    };
    reader.run()?;
    Ok(reader.out)
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    out: String,
    /// What `dot_all` was in front of each open group.
    open: Vec<bool>,
    /// Whether `.` matches line terminators too.
    dot_all: bool,
    /// Whether what was read last can be repeated.
    repeatable: bool,
}

/// Java's line terminators, within a class.
const LINE_ENDS: &str = r"\n\r\x{85}\x{2028}\x{2029}";

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }
    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }
    /// Takes a text if it comes next.
    fn take(&mut self, text: &str) -> bool {
        let mut rest = self.chars.iter().skip(self.at);
        let comes = text.chars().all(|c| rest.next() == Some(&c));
        if comes {
            self.at += text.chars().count();
        }
        comes
    }
    /// Takes characters while they are of a kind.
    fn take_while(&mut self, most: usize, is: impl Fn(char) -> bool) -> String {
        let taken: String = self.chars.iter().skip(self.at).take(most).take_while(|c| is(**c)).collect();
        self.at += taken.chars().count();
        taken
    }
    fn literal(&mut self, c: char) {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        self.repeatable = true;
    }
    fn atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.repeatable = true;
    }

    fn run(&mut self) -> Result<(), Unusable> {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape()?,
                '[' => {
                    self.class(0)?;
                    self.repeatable = true;
                }
                '(' => self.group()?,
                ')' => match self.open.pop() {
                    Some(before) => {
                        self.dot_all = before;
                        self.atom(")");
                    }
                    None => return invalid("a closing parenthesis without an opening one"),
                },
                '|' => {
                    self.out.push('|');
                    self.repeatable = false;
                }
                '*' | '+' | '?' => self.repetition(&c.to_string())?,
                '{' => {
                    let counts = self.counts()?;
                    self.repetition(&counts)?;
                }
                '^' => self.atom(r"\A"),
                // Also before a last line terminator in Java: which then has to be matched by what follows.
                '$' => self.atom(r"\z"),
                '.' if self.dot_all => self.atom("(?s:.)"),
                '.' => self.atom(&format!("[^{LINE_ENDS}]")),
                c => self.literal(c),
            }
        }
        if self.open.is_empty() { Ok(()) } else { invalid("a parenthesis is not closed") }
    }

    /// After `{`: `{2}`, `{2,}`, `{2,3}`.
    fn counts(&mut self) -> Result<String, Unusable> {
        let digits = |reader: &mut Self| reader.take_while(9, |c| c.is_ascii_digit());
        let least = digits(self);
        let rest = if self.take(",") { format!(",{}", digits(self)) } else { String::new() };
        if least.is_empty() || !self.take("}") {
            return invalid("a brace that begins no repetition");
        }
        Ok(format!("{{{least}{rest}}}"))
    }

    fn repetition(&mut self, text: &str) -> Result<(), Unusable> {
        if !self.repeatable {
            return invalid("a repetition without anything to repeat");
        }
        self.out.push_str(text);
        if self.take("+") {
            return Err(Unusable::Beyond("a possessive quantifier"));
        }
        if self.take("?") {
            self.out.push('?');
        }
        self.repeatable = false;
        Ok(())
    }

    /// After `(`. Nobody asks for what a group matched: none is kept.
    fn group(&mut self) -> Result<(), Unusable> {
        let before = self.dot_all;
        if !self.take("?") || self.take(":") {
            self.out.push_str("(?:");
        } else if ["=", "!", "<=", "<!"].iter().any(|mark| self.take(mark)) {
            return Err(Unusable::Beyond("look-around"));
        } else if self.take(">") {
            return Err(Unusable::Beyond("an atomic group"));
        } else if self.take("<") {
            let name = self.take_while(usize::MAX, |c| c.is_ascii_alphanumeric());
            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !self.take(">") {
                return invalid("a group's name must be letters and digits, and end in '>'");
            }
            self.out.push_str("(?:");
        } else {
            let ends = self.flags()?;
            if ends {
                self.repeatable = false;
                return Ok(());
            }
        }
        self.open.push(before);
        self.repeatable = false;
        Ok(())
    }

    /// After `(?`: flags for the rest of the group (`true`), or for a group of their own.
    fn flags(&mut self) -> Result<bool, Unusable> {
        let mut on = true;
        let mut any_case = None;
        while let Some(c) = self.next() {
            match c {
                '-' if on => on = false,
                // What cases belong together is Unicode's here, with or without `u`.
                'i' => any_case = Some(on),
                's' => self.dot_all = on,
                'u' => {}
                'm' => return Err(Unusable::Beyond("the flag m")),
                'x' => return Err(Unusable::Beyond("the flag x")),
                'd' => return Err(Unusable::Beyond("the flag d")),
                'U' => return Err(Unusable::Beyond("the flag U")),
                ')' | ':' => {
                    let flags = match any_case {
                        Some(true) => "i",
                        Some(false) => "-i",
                        None if c == ')' => return Ok(true),
                        None => "",
                    };
                    self.out.push_str(&format!("(?{flags}{c}"));
                    return Ok(c == ')');
                }
                _ => return invalid("an unknown flag"),
            }
        }
        invalid("a parenthesis is not closed")
    }

    /// After a backslash, outside of a class.
    fn escape(&mut self) -> Result<(), Unusable> {
        let Some(c) = self.next() else { return invalid("it ends in a backslash") };
        match c {
            'b' => self.atom(r"\b"),
            'B' => self.atom(r"\B"),
            'A' => self.atom(r"\A"),
            'z' | 'Z' => self.atom(r"\z"),
            'R' => self.atom(&format!(r"(?:\r\n|[\x0B\f{LINE_ENDS}])")),
            'Q' => {
                while self.at < self.chars.len() && !self.take(r"\E") {
                    if let Some(c) = self.next() {
                        self.literal(c);
                    }
                }
            }
            'G' => return Err(Unusable::Beyond(r"\G")),
            'X' => return Err(Unusable::Beyond(r"\X")),
            'N' => return Err(Unusable::Beyond(r"\N")),
            'k' | '1'..='9' => return Err(Unusable::Beyond("a back-reference")),
            c => match self.escaped(c)? {
                class::Item::One(c) => self.literal(c),
                class::Item::Many { set, negated: false } => self.atom(&format!("[{set}]")),
                class::Item::Many { set, negated: true } => self.atom(&format!("[^{set}]")),
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        whole(pattern).unwrap_or_else(|e| panic!("{pattern} {e}")).is_match(text)
    }

    #[test]
    fn the_whole_text_must_match() {
        for (pattern, yes, no) in [
            ("a|ab", "ab", "abc"),
            ("^release/.*$", "release/1", "x release/1"),
            (r"v\d+(\.\d+){2}", "v1.20.3", "v1.2"),
            (r"\d", "7", "٣"),
            (r"\w+", "aZ_9", "é"),
            (r"[^\s]", "x", "\u{b}"),
            (r"\h\v", "\u{a0}\u{2028}", "ab"),
            (r"a\Rb", "a\r\nb", "a b"),
            ("a.b", "axb", "a\u{85}b"),
            ("(?s)a.b", "a\nb", "ab"),
            ("(?s:a.)b.", "a\nbx", "a\nb\n"),
            ("(?i)MAIN", "main", "mein"),
            ("(?i:A)b", "ab", "aB"),
            (r"\Qa.b*\E+", "a.b**", "axb"),
            (r"[a-c&&[^b]]", "c", "b"),
            (r"[a-c[x-z]-]", "-", "d"),
            (r"[]a]", "]", "b"),
            (r"[\w.-]+@[\w\-]+", "a.b-c@d-e", "a b@c"),
            (r"\p{Upper}\p{Lower}", "Ab", "Éb"),
            (r"\p{L}\P{L}\pL", "é1b", "111"),
            (r"\p{Punct}+", "[]~-", "a"),
            (r"\x41\u0042\x{43}\0104\t\cA", "ABCD\t\u{1}", "ABCD"),
            (r"\<a\>\-\/", "<a>-/", "a"),
            ("(?<name>x)y??", "xy", "y"),
            (r"[+--]", "-", "a"),
            ("é+", "éé", "e"),
            ("", "", "a"),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(!matches(pattern, no), "{pattern} {no}");
        }
    }

    #[test]
    fn what_cannot_be_expressed_is_named() {
        for (pattern, what) in [
            (r"(a)\1", "a back-reference"),
            ("(?=a)a", "look-around"),
            ("(?<!a)b", "look-around"),
            ("(?>a)b", "an atomic group"),
            ("a++b", "a possessive quantifier"),
            ("a{2}+", "a possessive quantifier"),
            ("(?m)^a$", "the flag m"),
            (r"\p{InGreek}", "a property of this name"),
            ("[^a[b]]", "a negated class with other classes in it"),
            ("(a{1000}){1000}", "more repetition than fits"),
        ] {
            assert_eq!(whole(pattern).unwrap_err(), Unusable::Beyond(what), "{pattern}");
        }
    }

    #[test]
    fn what_java_refuses_is_refused() {
        for pattern in [
            "(", ")", "[a", "*a", "a**", "a{", "{1}", "a{,2}", r"\", r"\y", "(?", "(?q)", "[b-a]", r"[\d-z]",
            "(?<1>a)", "|+", r"\p{", r"\u12", "a{3,2}", "[a&&",
        ] {
            let refused = whole(pattern);
            // A range that begins or ends in a class is one of Java's own oddities; either answer names it.
            assert!(matches!(refused, Err(Unusable::Invalid(_))), "{pattern}: {refused:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_translated_to_what_the_crate_takes_or_refused(
            pattern in r"([\[\](){}*+?|^$.\\&-]|\\[a-zA-Z0-9]|[a-c0-2]|,){0,24}",
            text in "[a-c0-2]{0,6}",
        ) {
            if let Ok(regex) = whole(&pattern) {
                regex.is_match(&text);
            }
        }

        #[test]
        fn a_quoted_text_matches_itself_alone(text in "[ -~é]{0,20}", other in "[ -~é]{0,20}") {
            prop_assume!(!text.contains(r"\E"));
            let regex = whole(&format!(r"\Q{text}\E")).unwrap();
            prop_assert!(regex.is_match(&text));
            prop_assert_eq!(regex.is_match(&other), text == other);
        }
    }
}
