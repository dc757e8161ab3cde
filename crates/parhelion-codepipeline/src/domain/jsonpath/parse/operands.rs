//! Both sides of a comparison and what stands between them.

use super::super::{Operand, Operator};
use super::{Parsed, Parser};
use regex::RegexBuilder;
use serde_json::Value;

/// A compiled pattern, bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

impl Parser {
    /// What compares two operands, when it stands here.
    pub(super) fn operator(&mut self) -> Option<Operator> {
        use Operator::*;
        let signs = [
            ("===", Same),
            ("!==", NotSame),
            ("==", Equal),
            ("!=", NotEqual),
            ("<=", LessOrEqual),
            (">=", GreaterOrEqual),
            ("<", Less),
            (">", Greater),
            ("=~", Matches),
        ];
        if let Some((_, operator)) = signs.into_iter().find(|(sign, _)| self.take_word(sign)) {
            return Some(operator);
        }
        let words = [
            ("in", In),
            ("nin", NotIn),
            ("all", All),
            ("subsetof", SubsetOf),
            ("anyof", AnyOf),
            ("noneof", NoneOf),
            ("size", Size),
            ("empty", Empty),
            ("contains", Contains),
        ];
        let from = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            self.at += 1;
        }
        let word: String = self.chars[from..self.at].iter().collect::<String>().to_ascii_lowercase();
        let found = words.into_iter().find(|(w, _)| *w == word);
        if found.is_none() {
            self.at = from;
        }
        found.map(|(_, operator)| operator)
    }

    /// A path, a pattern or a literal.
    pub(super) fn operand(&mut self) -> Parsed<Operand> {
        match self.peek() {
            Some('$' | '@') => Ok(Operand::Path(self.nested(Self::path)?)),
            Some('/') => self.pattern(),
            _ => Ok(Operand::Literal(self.literal()?)),
        }
    }

    /// A text, number, `true`, `false`, `null`, or a list or an object of such.
    fn literal(&mut self) -> Parsed<Value> {
        match self.peek() {
            Some('\'' | '"') => Ok(Value::String(self.quoted()?)),
            Some('[') => self.nested(|p| {
                p.at += 1;
                p.blanks();
                let items = if p.peek() == Some(']') { Vec::new() } else { p.list(Self::literal)? };
                p.expect(']')?;
                Ok(Value::Array(items))
            }),
            Some('{') => self.nested(|p| {
                p.at += 1;
                p.blanks();
                let members = if p.peek() == Some('}') { Vec::new() } else { p.list(Self::member)? };
                p.expect('}')?;
                Ok(Value::Object(members.into_iter().collect()))
            }),
            _ => {
                let from = self.at;
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
                    self.at += 1;
                }
                let word: String = self.chars[from..self.at].iter().collect();
                // What JSON takes for a single word: numbers and the three names.
                serde_json::from_str(&word).or_else(|_| {
                    self.at = from;
                    self.fail("a path or a value is missing")
                })
            }
        }
    }

    /// `'name': literal`.
    fn member(&mut self) -> Parsed<(String, Value)> {
        let name = self.quoted()?;
        self.blanks();
        self.expect(':')?;
        self.blanks();
        Ok((name, self.literal()?))
    }

    /// `/pattern/flags`.
    fn pattern(&mut self) -> Parsed<Operand> {
        self.expect('/')?;
        let mut source = String::new();
        loop {
            match self.next() {
                None => return self.fail("the pattern does not end"),
                Some('/') => break,
                Some('\\') if self.take('/') => source.push('/'),
                Some('\\') => {
                    source.push('\\');
                    source.extend(self.next());
                }
                Some(c) => source.push(c),
            }
        }
        // Docs (Jayway): the whole text must match.
        let mut builder = RegexBuilder::new(&format!("^(?:{source})$"));
        builder.size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
        while let Some(flag) = self.peek().filter(char::is_ascii_alphabetic) {
            match flag {
                'i' => builder.case_insensitive(true),
                's' => builder.dot_matches_new_line(true),
                'x' => builder.ignore_whitespace(true),
                // Java's: lines' ends, Unicode case and classes. They change nothing for a whole match here.
                'm' | 'd' | 'u' | 'U' => &mut builder,
                _ => return self.fail("no such flag of a pattern"),
            };
            self.at += 1;
        }
        // By itself first: what closes our parentheses and opens others is none.
        let alone = RegexBuilder::new(&source).size_limit(PATTERN_BYTES_MAX).build();
        // CHOICE: what Java's patterns have and Rust's have not (look-around, back references) is refused.
        alone
            .and_then(|_| builder.build())
            .map(Operand::Pattern)
            .or_else(|_| self.fail("the pattern cannot be used"))
    }
}
