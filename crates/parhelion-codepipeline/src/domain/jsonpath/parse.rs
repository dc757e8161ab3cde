//! Text → [`JsonPath`]: recursive descent over characters.

mod operands;

use super::{BadPath, JsonPath, Operand, Operator, PATH_BYTES_MAX, Pick, Step, Test};

/// Filters inside filters, and parentheses.
const NESTING_MAX: usize = 16;

/// The path that a text says. One that begins with neither `$` nor `@` is read as `$.` and the text.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &str) -> Result<JsonPath, BadPath> {
    if text.len() > PATH_BYTES_MAX {
        return Err(BadPath { what: format!("more than {PATH_BYTES_MAX} bytes"), at: 1 });
    }
    let trimmed = text.trim();
    let rooted = trimmed.starts_with(['$', '@']);
    let full = if rooted { trimmed.to_owned() } else { format!("$.{trimmed}") };
    let mut parser =
        Parser { chars: full.chars().collect(), at: 0, depth: 0, added: if rooted { 0 } else { 2 } };
    let path = parser.path()?;
    match parser.peek() {
        None => Ok(JsonPath { from_document: true, ..path }),
        Some(_) => parser.fail("something after the end of the path"),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    /// Characters that we put before the text.
    added: usize,
}

type Parsed<T> = Result<T, BadPath>;

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }
    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }
    fn take(&mut self, c: char) -> bool {
        let is = self.peek() == Some(c);
        self.at += usize::from(is);
        is
    }
    /// Takes a word when it stands here.
    fn take_word(&mut self, word: &str) -> bool {
        let is = word.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c));
        if is {
            self.at += word.chars().count();
        }
        is
    }
    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }
    fn fail<T>(&self, what: &str) -> Parsed<T> {
        Err(BadPath { what: what.to_owned(), at: (self.at + 1).saturating_sub(self.added).max(1) })
    }
    fn expect(&mut self, c: char) -> Parsed<()> {
        if self.take(c) { Ok(()) } else { self.fail(&format!("'{c}' is missing")) }
    }
    /// Counts a level of nesting around `inner`.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == NESTING_MAX {
            return self.fail("too deeply nested");
        }
        self.depth += 1;
        let out = inner(self);
        self.depth -= 1;
        out
    }

    /// `$` or `@` and what follows it.
    fn path(&mut self) -> Parsed<JsonPath> {
        let from_document = match self.next() {
            Some('$') => true,
            Some('@') => false,
            _ => return self.fail("a path begins with $ or @"),
        };
        let mut path = JsonPath { from_document, steps: Vec::new(), length: false };
        loop {
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    let deep = self.take('.');
                    if self.peek() == Some('[') {
                        let pick = self.brackets()?;
                        path.steps.push(Step { deep, pick });
                        continue;
                    }
                    let pick = self.dotted()?;
                    if self.take('(') {
                        // Docs (Jayway): functions stand at the end. Those of numbers are not built: no filter of
                        // a webhook has a use for them.
                        let Pick::Names(names) = &pick else { return self.fail("a function needs a name") };
                        if deep || !matches!(names[0].as_str(), "length" | "size") {
                            return self.fail(&format!("there is no function {}()", names[0]));
                        }
                        self.blanks();
                        self.expect(')')?;
                        path.length = true;
                        return Ok(path);
                    }
                    path.steps.push(Step { deep, pick });
                }
                Some('[') => {
                    let pick = self.brackets()?;
                    path.steps.push(Step { deep: false, pick });
                }
                _ => return Ok(path),
            }
        }
    }

    /// After a dot: `*` or a name, which goes on to the next dot, bracket, parenthesis, blank or operator.
    fn dotted(&mut self) -> Parsed<Pick> {
        if self.take('*') {
            return Ok(Pick::All);
        }
        let from = self.at;
        // A name outside of filters may hold more characters than one in a filter, where operators end it.
        let ends = if self.depth == 0 { "" } else { "=!<>&|,'\"/~@$" };
        while self.peek().is_some_and(|c| !".[]()".contains(c) && !c.is_whitespace() && !ends.contains(c)) {
            self.at += 1;
        }
        if self.at == from {
            return self.fail("a name is missing");
        }
        Ok(Pick::Names(vec![self.chars[from..self.at].iter().collect()]))
    }

    /// `[…]`.
    fn brackets(&mut self) -> Parsed<Pick> {
        self.expect('[')?;
        self.blanks();
        let pick = match self.peek() {
            Some('*') => {
                self.at += 1;
                Pick::All
            }
            Some('\'' | '"') => Pick::Names(self.list(Self::quoted)?),
            Some('?') => {
                self.at += 1;
                self.blanks();
                self.expect('(')?;
                let test = self.nested(Self::any)?;
                self.blanks();
                self.expect(')')?;
                Pick::Filter(test)
            }
            Some(':' | '-' | '0'..='9') => self.positions()?,
            _ => return self.fail("a name in quotes, a number, * or ?(…) is missing"),
        };
        self.blanks();
        self.expect(']')?;
        Ok(pick)
    }

    /// `1`, `-1`, `1,2`, `1:2`, `:2`, `1:`.
    fn positions(&mut self) -> Parsed<Pick> {
        let first = if self.peek() == Some(':') { None } else { Some(self.whole()?) };
        self.blanks();
        if self.take(':') {
            self.blanks();
            let to = if matches!(self.peek(), Some(']' | ':')) { None } else { Some(self.whole()?) };
            if first.is_none() && to.is_none() {
                return self.fail("a slice needs a number");
            }
            // OBSERVED: Jayway reads a step and takes no notice of it.
            if self.take(':') && self.peek() != Some(']') {
                self.whole()?;
            }
            return Ok(Pick::Slice(first, to));
        }
        let mut all = vec![first.unwrap_or(0)];
        while self.take(',') {
            self.blanks();
            all.push(self.whole()?);
            self.blanks();
        }
        Ok(Pick::Indexes(all))
    }

    /// A whole number of 32 bits.
    fn whole(&mut self) -> Parsed<i64> {
        let from = self.at;
        self.take('-');
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let text: String = self.chars[from..self.at].iter().collect();
        match text.parse::<i32>() {
            Ok(n) => Ok(n.into()),
            Err(_) => self.fail("a whole number is missing"),
        }
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut all = vec![item(self)?];
        self.blanks();
        while self.take(',') {
            self.blanks();
            all.push(item(self)?);
            self.blanks();
        }
        Ok(all)
    }

    /// A text in single or double quotes, with backslash escapes.
    fn quoted(&mut self) -> Parsed<String> {
        let Some(quote @ ('\'' | '"')) = self.next() else { return self.fail("a text in quotes is missing") };
        let mut out = String::new();
        loop {
            match self.next() {
                None => return self.fail("the text in quotes does not end"),
                Some(c) if c == quote => return Ok(out),
                Some('\\') => match self.next() {
                    None => return self.fail("the text in quotes does not end"),
                    Some('n') => out.push('\n'),
                    Some('r') => out.push('\r'),
                    Some('t') => out.push('\t'),
                    Some('b') => out.push('\u{8}'),
                    Some('f') => out.push('\u{c}'),
                    Some('u') => {
                        let digits: String = self.chars.iter().skip(self.at).take(4).collect();
                        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                        let Some(c) = code.and_then(char::from_u32) else {
                            return self.fail("\\u needs four hexadecimal digits");
                        };
                        self.at += 4;
                        out.push(c);
                    }
                    Some(c) => out.push(c),
                },
                Some(c) => out.push(c),
            }
        }
    }

    /// `a || b || …`.
    fn any(&mut self) -> Parsed<Test> {
        let mut all = vec![self.all()?];
        loop {
            self.blanks();
            if !self.take_word("||") {
                return Ok(if all.len() == 1 { all.remove(0) } else { Test::Or(all) });
            }
            all.push(self.all()?);
        }
    }

    /// `a && b && …`.
    fn all(&mut self) -> Parsed<Test> {
        let mut all = vec![self.one()?];
        loop {
            self.blanks();
            if !self.take_word("&&") {
                return Ok(if all.len() == 1 { all.remove(0) } else { Test::And(all) });
            }
            all.push(self.one()?);
        }
    }

    /// `!a`, `(a)`, a comparison, or a path alone.
    fn one(&mut self) -> Parsed<Test> {
        self.blanks();
        if self.take('!') {
            return Ok(Test::Not(Box::new(self.nested(Self::one)?)));
        }
        if self.take('(') {
            let inner = self.nested(Self::any)?;
            self.blanks();
            self.expect(')')?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.blanks();
        match (self.operator(), left) {
            (Some(operator), left) => {
                self.blanks();
                let right = self.operand()?;
                let pattern = |o: &Operand| matches!(o, Operand::Pattern(_));
                if (operator == Operator::Matches) != (pattern(&left) || pattern(&right)) {
                    return self.fail("=~ and /pattern/ go together");
                }
                Ok(Test::Compare(left, operator, right))
            }
            (None, Operand::Path(path)) => Ok(Test::Exists(path)),
            (None, _) => self.fail("an operator is missing"),
        }
    }
}
