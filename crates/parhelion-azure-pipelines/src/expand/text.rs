//! Where the expressions of a text are.

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// As it stands.
    Plain(&'t str),
    /// The trimmed text between `${{` and `}}`.
    Hole(&'t str),
}

const OPEN: &str = "${{";

/// Splits a text at its expressions. An expression ends at the first `}}` outside single quotes.
///
/// # Errors
/// One of them is not closed.
// OBSERVED: the text of the error.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, &'static str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        if start > 0 {
            out.push(Piece::Plain(&rest[..start]));
        }
        let inner = &rest[start + OPEN.len()..];
        let Some(end) = end(inner) else {
            return Err(
                "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.",
            );
        };
        out.push(Piece::Hole(inner[..end].trim()));
        rest = &inner[end + 2..];
    }
    if !rest.is_empty() {
        out.push(Piece::Plain(rest));
    }
    Ok(out)
}

fn end(inner: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = inner.as_bytes();
    (0..bytes.len()).find(|&at| {
        quoted ^= bytes[at] == b'\'';
        !quoted && bytes[at] == b'}' && bytes.get(at + 1) == Some(&b'}')
    })
}

/// Whether a text may hold an expression at all.
pub(super) fn has_expression(text: &str) -> bool {
    text.contains(OPEN)
}

/// The inside of a text that is exactly one expression.
pub(super) fn lone(text: &str) -> Option<&str> {
    // Every key is asked.
    if !text.starts_with(OPEN) {
        return None;
    }
    match pieces(text).ok()?.as_slice() {
        [Piece::Hole(hole)] => Some(hole),
        _ => None,
    }
}

/// The expression that the service reports for mixed text, and how many characters of it stand before each hole.
// OBSERVED: `format('prefix {0} suffix', hole)`.
pub(super) fn synthetic(pieces: &[Piece<'_>]) -> (String, Vec<usize>) {
    let mut pattern = String::new();
    let mut holes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Plain(text) => {
                pattern.push_str(&text.replace('\'', "''").replace('{', "{{").replace('}', "}}"));
            }
            Piece::Hole(hole) => {
                pattern.push_str(&format!("{{{}}}", holes.len()));
                holes.push(*hole);
            }
        }
    }
    let mut shown = format!("format('{pattern}'");
    let mut before = shown.chars().count();
    let mut offsets = Vec::new();
    for hole in holes {
        shown.push_str(", ");
        shown.push_str(hole);
        offsets.push(before + 2);
        before += 2 + hole.chars().count();
    }
    shown.push(')');
    (shown, offsets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn where_expressions_end() {
        assert_eq!(
            pieces("a ${{ b }}c${{ '}}' }}"),
            Ok(vec![Piece::Plain("a "), Piece::Hole("b"), Piece::Plain("c"), Piece::Hole("'}}'")])
        );
        assert!(pieces("${{ ' }}").is_err());
        assert_eq!(lone("${{x}}"), Some("x"));
        assert_eq!(lone(" ${{x}}"), None);
        assert_eq!(lone("${{x}}${{y}}"), None);
    }

    #[test]
    fn mixed_text_as_a_call() {
        let pieces = pieces("it's {${{ a }} é ${{ bc }}").unwrap();
        let (shown, offsets) = synthetic(&pieces);
        assert_eq!(shown, "format('it''s {{{0} é {1}', a, bc)");
        assert_eq!(offsets.iter().map(|o| shown.chars().nth(*o)).collect::<Vec<_>>(), [Some('a'), Some('b')]);
    }

    proptest! {
        #[test]
        fn never_panics(text in "[${}' aé]{0,30}") {
            if let Ok(pieces) = pieces(&text) {
                let _ = synthetic(&pieces);
            }
        }
    }
}
