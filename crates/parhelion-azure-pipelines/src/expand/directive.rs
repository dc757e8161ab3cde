//! Directives: `${{ if … }}`, `elseif`, `else`, `each x in …`, `insert`, as mapping keys.

use super::text::lone;
use crate::expr::{is_property, lex};

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directive<'t> {
    /// Condition.
    If(&'t str),
    /// Condition.
    ElseIf(&'t str),
    Else,
    Each {
        /// The loop's variable as written.
        variable: &'t str,
        /// What it runs over.
        over: &'t str,
    },
    Insert,
}

/// Reads a key. `None`: an ordinary key.
///
/// # Errors
/// A directive that is not well formed: the service's text.
// OBSERVED: keywords in lower case only; operands are counted whole; `if` and `elseif` with another number of
// operands than one are expressions.
pub(super) fn directive(key: &str) -> Option<Result<Directive<'_>, String>> {
    let inner = lone(key)?;
    let keyword = inner.split(char::is_whitespace).next().unwrap_or_default();
    let rest = inner[keyword.len()..].trim_start();
    let operands = || lex::operands(rest);
    let counted = |wanted: usize, got: usize| {
        Err(format!(
            "Exactly {wanted} parameter(s) were expected following the directive '{keyword}'. Actual parameter count: {got}"
        ))
    };
    Some(match keyword {
        "if" | "elseif" => match operands().as_slice() {
            [_] if keyword == "if" => Ok(Directive::If(rest)),
            [_] => Ok(Directive::ElseIf(rest)),
            _ => return None,
        },
        "else" | "insert" => match operands().len() {
            0 if keyword == "else" => Ok(Directive::Else),
            0 => Ok(Directive::Insert),
            n => counted(0, n),
        },
        "each" => match operands().as_slice() {
            [variable, separator, over] => each(variable, separator, over),
            other => counted(3, other.len()),
        },
        _ => return None,
    })
}

fn each<'t>(variable: &'t str, separator: &str, over: &'t str) -> Result<Directive<'t>, String> {
    let format = "The expected format of an 'each' expression is: ${ each <identifier> in <value> }";
    if separator != "in" {
        return Err(format!("The value '{separator}' is unexpected. {format}"));
    }
    // CHOICE: what may be an identifier, and the text.
    if !is_property(variable) || matches!(&*variable.to_lowercase(), "true" | "false") {
        return Err(format!("The value '{variable}' is unexpected. {format}"));
    }
    Ok(Directive::Each { variable, over })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn forms() {
        assert_eq!(directive("${{ if eq(1, 2) }}"), Some(Ok(Directive::If("eq(1, 2)"))));
        assert_eq!(directive("${{else}}"), Some(Ok(Directive::Else)));
        assert_eq!(
            directive("${{ each  x in split('a in b', ' in ') }}"),
            Some(Ok(Directive::Each { variable: "x", over: "split('a in b', ' in ')" }))
        );
        for key in ["if", "${{ if }}", "${{ IF true }}", "${{ if a b }}", "a ${{ else }}", "${{ elsewhere }}"]
        {
            assert_eq!(directive(key), None, "{key}");
        }
    }

    #[test]
    fn mistakes() {
        let said = |key| directive(key).unwrap().unwrap_err();
        expect![
            "Exactly 0 parameter(s) were expected following the directive 'else'. Actual parameter count: 2"
        ]
        .assert_eq(&said("${{ else if eq(1, 1) }}"));
        expect![
            "Exactly 3 parameter(s) were expected following the directive 'each'. Actual parameter count: 1"
        ]
        .assert_eq(&said("${{ each x }}"));
        expect!["The value 'on' is unexpected. The expected format of an 'each' expression is: ${ each <identifier> in <value> }"]
            .assert_eq(&said("${{ each x on y }}"));
    }
}
