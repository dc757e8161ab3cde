//! Tokens of expressions and directives. OBSERVED rules; positions are bytes of the trimmed text.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `( ) [ ] , . *`
    Mark(char),
    /// A quoted text with its quotes.
    String,
    /// A text that is never closed.
    OpenString,
    /// What a number scan read; not checked yet.
    Number,
    /// What a word scan read.
    Word,
    /// `== != >= <= && || > < = & |`: never legal.
    Symbol,
}

/// A token and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub token: Token,
    pub start: usize,
    pub end: usize,
}

/// Splits a text into tokens; every text can be split.
pub(crate) fn lex(text: &str) -> Vec<Lexeme> {
    let mut out: Vec<Lexeme> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let operand_may_start = out
            .last()
            .is_none_or(|l| matches!(l.token, Token::Mark('(') | Token::Mark('[') | Token::Mark(',')));
        let (token, len) = match c {
            '.' if operand_may_start => (Token::Number, until(rest, ends_number)),
            '(' | ')' | '[' | ']' | ',' | '.' | '*' => (Token::Mark(c), 1),
            '\'' => quoted(rest),
            '>' | '<' | '=' | '&' | '|' => (Token::Symbol, symbol(rest)),
            '!' if rest.starts_with("!=") => (Token::Symbol, 2),
            '0'..='9' | '-' => (Token::Number, until(rest, ends_number)),
            _ => (Token::Word, until(rest, ends_word)),
        };
        // A scan takes at least its first character.
        let len = len.max(c.len_utf8());
        out.push(Lexeme { token, start: at, end: at + len });
        at += len;
    }
    out
}

fn until(rest: &str, ends: fn(char) -> bool) -> usize {
    rest.char_indices().skip(1).find(|(_, c)| ends(*c)).map_or(rest.len(), |(at, _)| at)
}

fn ends_number(c: char) -> bool {
    matches!(c, '(' | ')' | '[' | ']' | ',' | '!' | '>' | '<' | '=' | '&' | '|') || c.is_whitespace()
}

fn ends_word(c: char) -> bool {
    matches!(c, '(' | ')' | '[' | ']' | ',' | '.' | '>' | '<' | '=' | '&' | '|') || c.is_whitespace()
}

fn symbol(rest: &str) -> usize {
    let pair = ["==", ">=", "<=", "&&", "||"].iter().any(|p| rest.starts_with(p));
    if pair { 2 } else { 1 }
}

fn quoted(rest: &str) -> (Token, usize) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return (Token::String, at + 1),
            _ => at += 1,
        }
    }
    (Token::OpenString, rest.len())
}

/// The whole operands of a text, as directives count them: `each x in f(a, b).c` has three after its keyword.
pub(crate) fn operands(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut start = None;
    let mut last: Option<Lexeme> = None;
    for lexeme in lex(text) {
        let after_operand = last.is_some_and(|l| !matches!(l.token, Token::Mark('.' | ',' | '(' | '[')));
        let opens = !matches!(lexeme.token, Token::Mark(_));
        if depth == 0
            && opens
            && after_operand
            && let (Some(from), Some(l)) = (start, last)
        {
            out.push(&text[from..l.end]);
            start = None;
        }
        start = start.or(Some(lexeme.start));
        match lexeme.token {
            Token::Mark('(' | '[') => depth += 1,
            Token::Mark(')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        last = Some(lexeme);
    }
    if let (Some(from), Some(l)) = (start, last) {
        out.push(&text[from..l.end]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_whole() {
        assert_eq!(operands("x in f(a, 'b c').d[ 0 ]"), ["x", "in", "f(a, 'b c').d[ 0 ]"]);
        assert_eq!(operands("eq (1, 2)"), ["eq (1, 2)"]);
        assert_eq!(operands("a . b c"), ["a . b", "c"]);
        assert_eq!(operands("  "), Vec::<&str>::new());
        assert_eq!(operands("eq(1"), ["eq(1"]);
    }
}
