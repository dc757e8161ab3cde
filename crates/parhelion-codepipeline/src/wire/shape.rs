//! The words of [`super::table`]: what the API model says of a shape.

use regex::Regex;
use std::sync::OnceLock;

/// An operation of the API model, built here or not.
#[derive(Debug)]
pub struct Operation {
    /// The API's name for it.
    pub name: &'static str,
    /// What it takes; always a structure.
    pub input: &'static Shape,
    /// What form its answer has.
    pub output: Output,
}

/// The form of an operation's answer; it decides over an empty body, an empty map and headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// No output shape: the answer has no body.
    None,
    /// A structure without members: an empty map.
    Empty,
    /// A structure.
    Members,
}

/// A shape.
#[derive(Debug)]
pub struct Shape {
    /// What a value of it must be.
    pub kind: Kind,
}

/// What a value must be. Bounds are inclusive; for texts they count characters, for lists and maps entries.
#[derive(Debug)]
pub enum Kind {
    /// Named members, in the model's order.
    Structure(&'static [Member]),
    /// Values of one shape.
    List {
        /// The shape of each.
        member: &'static Shape,
        /// Fewest.
        min: Option<i64>,
        /// Most.
        max: Option<i64>,
    },
    /// Texts to values of one shape.
    Map {
        /// The shape of the keys: a text.
        key: &'static Shape,
        /// The shape of the values.
        value: &'static Shape,
        /// Fewest entries.
        min: Option<i64>,
        /// Most entries.
        max: Option<i64>,
    },
    /// A text.
    Text {
        /// Fewest characters.
        min: Option<i64>,
        /// Most characters.
        max: Option<i64>,
        /// What the whole text must match.
        pattern: Option<&'static Pattern>,
        /// The values it may have; empty: any.
        values: &'static [&'static str],
    },
    /// A 32-bit whole number.
    Integer {
        /// Least.
        min: Option<i64>,
        /// Greatest.
        max: Option<i64>,
    },
    /// True or false.
    Boolean,
    /// An instant.
    Timestamp,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it must be.
    pub shape: &'static Shape,
}

/// A pattern of the model, compiled on first use.
#[derive(Debug)]
pub struct Pattern {
    /// As the model spells it; error messages show it.
    pub source: &'static str,
    compiled: OnceLock<Option<Compiled>>,
}

/// A pattern as it is asked.
#[derive(Debug)]
struct Compiled {
    regex: Regex,
    /// Where the pattern is one or more characters of a class: which ASCII characters are. It is asked many times for
    /// each pipeline, and an expression takes long to get going.
    class: Option<[bool; 128]>,
}

impl Compiled {
    fn new(source: &str) -> Option<Self> {
        let regex = Regex::new(&format!(r"\A(?:{})\z", java(source))).ok()?;
        let inner = source.strip_prefix('[').and_then(|rest| rest.strip_suffix("]+"));
        let class = inner.filter(|inner| !inner.contains(['[', ']'])).map(|_| {
            let mut byte = 0;
            [(); 128].map(|()| {
                byte += 1;
                regex.is_match(char::from(byte - 1).encode_utf8(&mut [0; 4]))
            })
        });
        Some(Compiled { regex, class })
    }

    fn matches(&self, text: &str) -> bool {
        match self.class {
            Some(class) if text.is_ascii() => {
                !text.is_empty() && text.bytes().all(|byte| class.get(usize::from(byte)) == Some(&true))
            }
            _ => self.regex.is_match(text),
        }
    }
}

impl Pattern {
    /// A pattern from the model's text.
    pub const fn new(source: &'static str) -> Self {
        Pattern { source, compiled: OnceLock::new() }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        // A pattern that does not compile refuses nothing; `every_pattern_of_the_model_compiles` keeps that away.
        self.compiled().is_none_or(|compiled| compiled.matches(text))
    }

    fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| Compiled::new(self.source)).as_ref()
    }
}

/// A pattern in Java's dialect in the words of the `regex` crate: there `\w` is ASCII and `.` stops at every kind
/// of line end.
fn java(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let (mut escaped, mut class) = (false, false);
    for c in pattern.chars() {
        match (escaped, c) {
            (true, 'w') if class => {
                out.pop();
                out.push_str("0-9A-Za-z_");
            }
            (true, 'w') => {
                out.pop();
                out.push_str("[0-9A-Za-z_]");
            }
            (false, '.') if !class => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            (false, '[') => {
                class = true;
                out.push(c);
            }
            (false, ']') => {
                class = false;
                out.push(c);
            }
            _ => out.push(c),
        }
        escaped = !escaped && c == '\\';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::table::OPERATIONS;

    fn visit(shape: &'static Shape, found: &mut Vec<&'static Pattern>) {
        match &shape.kind {
            Kind::Structure(members) => members.iter().for_each(|m| visit(m.shape, found)),
            Kind::List { member, .. } => visit(member, found),
            Kind::Map { key, value, .. } => {
                visit(key, found);
                visit(value, found);
            }
            Kind::Text { pattern, .. } => found.extend(pattern),
            Kind::Integer { .. } | Kind::Boolean | Kind::Timestamp => {}
        }
    }

    #[test]
    fn every_pattern_of_the_model_compiles() {
        let mut patterns = Vec::new();
        OPERATIONS.iter().for_each(|o| visit(o.input, &mut patterns));
        assert!(patterns.len() > 100);
        for pattern in patterns {
            assert!(pattern.compiled().is_some(), "{}", pattern.source);
        }
    }

    /// All texts of one and two ASCII characters, and some others: a class says what the expression says.
    #[test]
    fn a_class_is_its_expression() {
        let mut patterns = Vec::new();
        OPERATIONS.iter().for_each(|o| visit(o.input, &mut patterns));
        let classes = patterns.iter().filter_map(|p| p.compiled()).filter(|c| c.class.is_some());
        let mut texts = vec![String::new(), "a".repeat(300), "aü".into(), "ü".into(), "a\n".into()];
        for one in 0..128_u8 {
            texts.push(char::from(one).into());
            texts.extend((0..128_u8).map(|other| format!("{}{}", char::from(one), char::from(other))));
        }
        let mut seen = std::collections::BTreeSet::new();
        for compiled in classes.filter(|compiled| seen.insert(compiled.regex.as_str().to_owned())) {
            for text in &texts {
                assert_eq!(
                    compiled.matches(text),
                    compiled.regex.is_match(text),
                    "{:?} {text:?}",
                    compiled.regex
                );
            }
        }
        assert!(seen.len() >= 7);
    }

    #[test]
    fn patterns_match_the_whole_text_in_javas_dialect() {
        let name = Pattern::new(r"[A-Za-z0-9.@\-_]+");
        assert!(
            name.matches("a-b.c@d_9") && !name.matches("a b") && !name.matches("a\n") && !name.matches("")
        );
        let role = Pattern::new(r"arn:aws(-[\w]+)*:iam::[0-9]{12}:role/.*");
        assert!(role.matches("arn:aws-cn:iam::123456789012:role/x"));
        assert!(!role.matches("arn:aws-ü:iam::123456789012:role/x"));
        assert!(!role.matches("arn:aws:iam::123456789012:role/x\r"));
        assert!(Pattern::new(r"a\.b").matches("a.b") && !Pattern::new(r"a\.b").matches("axb"));
    }
}
