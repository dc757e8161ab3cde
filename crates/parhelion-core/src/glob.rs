//! Glob patterns: one matcher, with each dialect's rules as parameters ([`Dialect`]).
//!
//! A pattern becomes a small automaton whose states are all tried at once, so matching takes at most
//! pattern length × text length steps, whatever the pattern.

/// Longest pattern, bytes.
pub const PATTERN_BYTES: usize = 4096;
/// Deepest nesting of `{…}`.
pub const BRACES: usize = 16;

/// What a pattern's characters mean. Every other character stands for itself. Whole texts are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// `*` and `?` do not match `/` (nor does a class).
    pub stops_at_slash: bool,
    /// `**` is any run of characters, `/` included. Without it `**` is the same as `*`.
    pub double_star: bool,
    /// `**/` may also be nothing: `a/**/b` matches `a/b`.
    pub double_star_may_be_no_folder: bool,
    /// `?` is one character.
    pub question_mark: bool,
    /// `[abc]`, `[a-z]`, `[!a-z]` are one character of (or not of) a set.
    pub classes: bool,
    /// `[^a]` is the same as `[!a]`.
    pub caret_negates: bool,
    /// `{a,b*}` is one of several patterns; nestable.
    pub braces: bool,
    /// `\` takes its meaning from the next character.
    pub escapes: bool,
}

impl Dialect {
    /// Everything, and `*` matches any character.
    pub const TEXT: Dialect = Dialect {
        stops_at_slash: false,
        double_star: true,
        double_star_may_be_no_folder: false,
        question_mark: true,
        classes: true,
        caret_negates: false,
        braces: true,
        escapes: true,
    };
    /// Everything, and `*` stays within one part of a path.
    pub const PATH: Dialect =
        Dialect { stops_at_slash: true, double_star_may_be_no_folder: true, ..Dialect::TEXT };
    /// Only `*`, any run of characters.
    pub const STAR: Dialect = Dialect {
        stops_at_slash: false,
        double_star: false,
        double_star_may_be_no_folder: false,
        question_mark: false,
        classes: false,
        caret_negates: false,
        braces: false,
        escapes: false,
    };
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobError {
    /// Longer than [`PATTERN_BYTES`].
    TooLong,
    /// Nested deeper than [`BRACES`].
    TooDeep,
    /// A `[` without its `]`.
    OpenClass,
    /// `[]` or `[!]`.
    EmptyClass,
    /// `[z-a]`.
    BackwardRange,
    /// A `{` without its `}`.
    OpenBrace,
    /// `\` at the end.
    LoneEscape,
}

impl std::fmt::Display for GlobError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            GlobError::TooLong => write!(f, "the pattern is longer than {PATTERN_BYTES} bytes"),
            GlobError::TooDeep => write!(f, "the pattern's braces are nested deeper than {BRACES}"),
            GlobError::OpenClass => f.write_str("unclosed [ in the pattern"),
            GlobError::EmptyClass => f.write_str("empty [] in the pattern"),
            GlobError::BackwardRange => f.write_str("a range in [] runs backwards"),
            GlobError::OpenBrace => f.write_str("unclosed { in the pattern"),
            GlobError::LoneEscape => f.write_str("the pattern ends with a lone backslash"),
        }
    }
}
impl std::error::Error for GlobError {}

/// A pattern, ready to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    program: Vec<Op>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Op {
    Char(char),
    Any { slash: bool },
    Class { negated: bool, ranges: Vec<(char, char)>, slash: bool },
    Split(usize, usize),
    Jump(usize),
    End,
}

impl Glob {
    /// Reads a pattern of that dialect.
    pub fn new(pattern: &str, dialect: &Dialect) -> Result<Glob, GlobError> {
        if pattern.len() > PATTERN_BYTES {
            return Err(GlobError::TooLong);
        }
        let mut reader = Reader { rest: pattern.chars().collect(), at: 0, dialect, program: Vec::new() };
        reader.sequence(0)?;
        reader.program.push(Op::End);
        Ok(Glob { program: reader.program })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let mut states = States::new(self.program.len());
        let mut next = States::new(self.program.len());
        states.add(&self.program, 0);
        for c in text.chars() {
            for &state in &states.list {
                let passes = match &self.program[state] {
                    Op::Char(own) => *own == c,
                    Op::Any { slash } => *slash || c != '/',
                    Op::Class { negated, ranges, slash } => {
                        (*slash || c != '/') && ranges.iter().any(|(a, z)| (*a..=*z).contains(&c)) != *negated
                    }
                    Op::Split(..) | Op::Jump(_) | Op::End => false,
                };
                if passes {
                    next.add(&self.program, state + 1);
                }
            }
            std::mem::swap(&mut states, &mut next);
            next.clear();
            if states.list.is_empty() {
                return false;
            }
        }
        states.list.iter().any(|s| self.program[*s] == Op::End)
    }
}

/// The states that the automaton is in, each once.
struct States {
    list: Vec<usize>,
    seen: Vec<bool>,
    stack: Vec<usize>,
}

impl States {
    fn new(len: usize) -> Self {
        States { list: Vec::new(), seen: vec![false; len], stack: Vec::new() }
    }
    fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }
    /// Enters a state, and those it leads to without a character.
    fn add(&mut self, program: &[Op], state: usize) {
        self.stack.push(state);
        while let Some(state) = self.stack.pop() {
            if std::mem::replace(&mut self.seen[state], true) {
                continue;
            }
            match program[state] {
                Op::Jump(to) => self.stack.push(to),
                Op::Split(a, b) => self.stack.extend([b, a]),
                _ => self.list.push(state),
            }
        }
    }
}

struct Reader<'a> {
    rest: Vec<char>,
    at: usize,
    dialect: &'a Dialect,
    program: Vec<Op>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }
    fn take(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }
    fn took(&mut self, wanted: char) -> bool {
        let took = self.peek() == Some(wanted);
        self.at += usize::from(took);
        took
    }

    /// Up to the end, or within braces up to the `,` or `}` that ends this alternative.
    fn sequence(&mut self, depth: usize) -> Result<(), GlobError> {
        while let Some(c) = self.peek() {
            if depth > 0 && (c == ',' || c == '}') {
                return Ok(());
            }
            self.at += 1;
            match c {
                '*' => self.star(),
                '?' if self.dialect.question_mark => {
                    self.program.push(Op::Any { slash: !self.dialect.stops_at_slash })
                }
                '[' if self.dialect.classes => self.class()?,
                '{' if self.dialect.braces => self.alternatives(depth + 1)?,
                '\\' if self.dialect.escapes => {
                    let c = self.take().ok_or(GlobError::LoneEscape)?;
                    self.program.push(Op::Char(c));
                }
                c => self.program.push(Op::Char(c)),
            }
        }
        Ok(())
    }

    fn star(&mut self) {
        let mut stars = 1;
        while self.took('*') {
            stars += 1;
        }
        let double = stars > 1 && self.dialect.double_star;
        let start = self.program.len();
        // Only a whole part of a path may be nothing: `a**/b` is not `ab`.
        let whole = matches!(self.program.last(), None | Some(Op::Char('/') | Op::Split(..)));
        if double && whole && self.dialect.double_star_may_be_no_folder && self.took('/') {
            // ( any* '/' )?
            self.program.push(Op::Split(start + 1, start + 5));
            self.program.push(Op::Split(start + 2, start + 4));
            self.program.push(Op::Any { slash: true });
            self.program.push(Op::Jump(start + 1));
            self.program.push(Op::Char('/'));
        } else {
            self.program.push(Op::Split(start + 1, start + 3));
            self.program.push(Op::Any { slash: double || !self.dialect.stops_at_slash });
            self.program.push(Op::Jump(start));
        }
    }

    fn class(&mut self) -> Result<(), GlobError> {
        let negated = self.took('!') || self.dialect.caret_negates && self.took('^');
        let mut ranges = Vec::new();
        loop {
            let first = match self.take().ok_or(GlobError::OpenClass)? {
                ']' => break,
                c => self.escaped(c)?,
            };
            // `-` is a range only between two characters.
            let dash = self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|c| *c != ']');
            let last = if dash {
                self.at += 1;
                let c = self.take().ok_or(GlobError::OpenClass)?;
                self.escaped(c)?
            } else {
                first
            };
            if last < first {
                return Err(GlobError::BackwardRange);
            }
            ranges.push((first, last));
        }
        if ranges.is_empty() {
            return Err(GlobError::EmptyClass);
        }
        self.program.push(Op::Class { negated, ranges, slash: !self.dialect.stops_at_slash });
        Ok(())
    }

    fn escaped(&mut self, c: char) -> Result<char, GlobError> {
        if c == '\\' && self.dialect.escapes { self.take().ok_or(GlobError::OpenClass) } else { Ok(c) }
    }

    fn alternatives(&mut self, depth: usize) -> Result<(), GlobError> {
        if depth > BRACES {
            return Err(GlobError::TooDeep);
        }
        let mut ends = Vec::new();
        loop {
            let split = self.program.len();
            self.program.push(Op::Split(split + 1, split + 1));
            self.sequence(depth)?;
            match self.take().ok_or(GlobError::OpenBrace)? {
                ',' => {
                    ends.push(self.program.len());
                    self.program.push(Op::End);
                    self.program[split] = Op::Split(split + 1, self.program.len());
                }
                // The last alternative: its split goes one way only.
                _ => break,
            }
        }
        let after = self.program.len();
        for end in ends {
            self.program[end] = Op::Jump(after);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(dialect: Dialect, pattern: &str, yes: &[&str], no: &[&str]) {
        let glob = Glob::new(pattern, &dialect).unwrap();
        for text in yes {
            assert!(glob.matches(text), "{pattern} should match {text}");
        }
        for text in no {
            assert!(!glob.matches(text), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn text_dialect() {
        let t = Dialect::TEXT;
        check(t, "main", &["main"], &["maintenance", "xmain", ""]);
        check(t, "release*", &["release", "release/1.0"], &["prerelease"]);
        check(t, "{main,release*}", &["main", "release/1"], &["", "mainrelease", "main,release"]);
        check(t, "a{b,{c,d?}e,}f", &["abf", "acef", "adxef", "af"], &["adef", "abcef"]);
        check(t, "[abc]x", &["ax", "cx"], &["dx", "x"]);
        check(t, "[!a-c]x", &["dx", "/x"], &["ax", "x"]);
        check(t, "[a-]", &["a", "-"], &["b"]);
        check(t, r"\*\{[\]]", &["*{]"], &["x{]"]);
        check(t, "**", &["", "a/b/c"], &[]);
        check(t, "?", &["é", "/"], &["", "ab"]);
        check(t, "a]b}c,d", &["a]b}c,d"], &[]);
    }

    #[test]
    fn path_dialect() {
        let p = Dialect::PATH;
        check(p, "src/*.rs", &["src/a.rs", "src/.rs"], &["src/a/b.rs"]);
        check(p, "src/**/*.rs", &["src/a.rs", "src/a/b/c.rs"], &["srca.rs", "x/src/a.rs"]);
        check(p, "**/x", &["x", "a/b/x"], &["ax"]);
        check(p, "a**/x", &["a/x", "ab/c/x"], &["ax"]);
        check(p, "{**/x,b}", &["x", "a/x", "b"], &["ax"]);
        check(p, "src/**", &["src/a", "src/a/b"], &["src"]);
        check(p, "a?b", &["axb"], &["a/b"]);
        check(p, "a[!x]b", &["ayb"], &["a/b", "axb"]);
    }

    #[test]
    fn star_dialect_takes_all_else_literally() {
        check(Dialect::STAR, "a*[b]{c,d}?\\", &["a[b]{c,d}?\\", "a/x/[b]{c,d}?\\"], &["ab"]);
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for (pattern, expected) in [
            ("[a", GlobError::OpenClass),
            ("[", GlobError::OpenClass),
            ("[]", GlobError::EmptyClass),
            ("[!]", GlobError::EmptyClass),
            ("[z-a]", GlobError::BackwardRange),
            ("{a,b", GlobError::OpenBrace),
            ("a\\", GlobError::LoneEscape),
            (&"{".repeat(40), GlobError::TooDeep),
            (&"a".repeat(5000), GlobError::TooLong),
        ] {
            assert_eq!(Glob::new(pattern, &Dialect::TEXT), Err(expected), "{pattern}");
        }
    }

    #[test]
    fn a_spiteful_pattern_costs_its_length_times_the_texts() {
        let glob = Glob::new(&"{*a,*b}*".repeat(200), &Dialect::TEXT).unwrap();
        assert!(!glob.matches(&"ab".repeat(99)));
        assert!(glob.matches(&"ab".repeat(200)));
    }

    /// The meaning of `*`, `?` and braces, written down another way: all texts of a pattern, by trying.
    #[derive(Clone, Debug)]
    enum Tree {
        Char(char),
        Any,
        Star,
        Or(Vec<Vec<Tree>>),
    }
    fn tree() -> impl Strategy<Value = Vec<Tree>> {
        let leaf = prop_oneof![
            prop_oneof![Just('a'), Just('b'), Just('/')].prop_map(Tree::Char),
            Just(Tree::Any),
            Just(Tree::Star)
        ];
        let node = leaf.prop_recursive(2, 8, 3, |inner| {
            proptest::collection::vec(proptest::collection::vec(inner, 0..3), 1..3).prop_map(Tree::Or)
        });
        proptest::collection::vec(node, 0..5)
    }
    fn pattern(tree: &[Tree]) -> String {
        let one = |t: &Tree| match t {
            Tree::Char(c) => c.to_string(),
            Tree::Any => "?".to_owned(),
            Tree::Star => "*".to_owned(),
            Tree::Or(of) => format!("{{{}}}", of.iter().map(|p| pattern(p)).collect::<Vec<_>>().join(",")),
        };
        tree.iter().map(one).collect()
    }
    fn plainly(tree: &[Tree], text: &[char], stops: bool) -> bool {
        let free = |c: char| !stops || c != '/';
        match tree.split_first() {
            None => text.is_empty(),
            Some((Tree::Char(c), rest)) => text.first() == Some(c) && plainly(rest, &text[1..], stops),
            Some((Tree::Any, rest)) => {
                text.first().is_some_and(|c| free(*c)) && plainly(rest, &text[1..], stops)
            }
            Some((Tree::Star, rest)) => (0..=text.len())
                .any(|n| text[..n].iter().all(|c| free(*c)) && plainly(rest, &text[n..], stops)),
            Some((Tree::Or(of), rest)) => of.iter().any(|p| {
                let whole: Vec<Tree> = p.iter().chain(rest).cloned().collect();
                plainly(&whole, text, stops)
            }),
        }
    }

    proptest! {
        #[test]
        fn the_automaton_agrees_with_trying(tree in tree(), text in "[ab/]{0,7}", stops in any::<bool>()) {
            // `**` would mean something else where `*` stops.
            let dialect = Dialect { stops_at_slash: stops, double_star: false, ..Dialect::TEXT };
            let glob = Glob::new(&pattern(&tree), &dialect).unwrap();
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob.matches(&text), plainly(&tree, &chars, stops), "{}", pattern(&tree));
        }
        #[test]
        fn any_text_is_read_without_panic(pattern in "[a*?\\[\\]{},!^/\\\\-]{0,20}", text in "\\PC{0,10}") {
            for dialect in [Dialect::TEXT, Dialect::PATH, Dialect::STAR] {
                if let Ok(glob) = Glob::new(&pattern, &dialect) {
                    let _ = glob.matches(&text);
                }
            }
        }
        #[test]
        fn a_literal_matches_itself_alone(text in "[a-z/.]{0,20}", other in "[a-z/.]{0,20}") {
            let glob = Glob::new(&text, &Dialect::TEXT).unwrap();
            prop_assert!(glob.matches(&text));
            prop_assert_eq!(glob.matches(&other), text == other);
        }
    }
}
