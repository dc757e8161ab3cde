//! VariableCheck. <https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-VariableCheck.html>

use super::{Verdict, java_regex, value};
use crate::named::Named;
use parhelion_core::text::prefix;

/// Bytes of a value that a summary repeats.
const SHOWN_BYTES: usize = 200;

/// Compares `Variable` with `Value` as `Operator` says.
pub fn evaluate(resolved: &Named<String>) -> Verdict {
    let (found, expected) = (value(resolved, "Variable"), value(resolved, "Value"));
    // CHOICE: of all summaries here: AWS shows none in its documentation.
    let (met, relation) = match value(resolved, "Operator") {
        "EQ" => (found == expected, "is equal to"),
        "NE" => (found != expected, "is not equal to"),
        "CONTAINS" => (found.contains(expected), "contains"),
        // Docs: the syntax is that of java.util.regex. The expression must match the whole value.
        "MATCHES" => match java_regex::whole(expected) {
            Ok(regex) => (regex.is_match(found), "matches"),
            Err(why) => return Verdict::misconfigured(format!("The regular expression in 'Value' {why}")),
        },
        other => {
            return Verdict::misconfigured(format!(
                "'Operator' must be one of EQ, NE, CONTAINS and MATCHES, not '{}'",
                prefix(other, SHOWN_BYTES)
            ));
        }
    };
    let (found, expected) = (prefix(found, SHOWN_BYTES), prefix(expected, SHOWN_BYTES));
    if met {
        Verdict::Met(format!("'{found}' {relation} '{expected}'"))
    } else {
        Verdict::NotMet(format!("It does not hold that '{found}' {relation} '{expected}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &str, operator: &str, expected: &str) -> Verdict {
        let pairs = [("Variable", found), ("Operator", operator), ("Value", expected)];
        evaluate(&pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into())
    }

    #[test]
    fn each_operator_compares() {
        for (found, operator, expected, met) in [
            ("main", "EQ", "main", true),
            ("main", "EQ", "Main", false),
            ("main", "NE", "main", false),
            ("main", "NE", "dev", true),
            ("an update of it", "CONTAINS", "update", true),
            ("an Update", "CONTAINS", "update", false),
            ("release-12", "MATCHES", r"release-\d+", true),
            ("a release-12", "MATCHES", r"release-\d+", false),
            ("", "MATCHES", "", true),
        ] {
            let verdict = check(found, operator, expected);
            assert_eq!(matches!(verdict, Verdict::Met(_)), met, "{found} {operator} {expected}: {verdict:?}");
            assert_eq!(matches!(verdict, Verdict::NotMet(_)), !met, "{verdict:?}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_says_why() {
        for (operator, expected, part) in
            [("eq", "x", "'eq'"), ("MATCHES", "(", "is not valid"), ("MATCHES", r"(a)\1", "back-reference")]
        {
            match check("x", operator, expected) {
                Verdict::Failed { message, .. } => assert!(message.contains(part), "{message}"),
                other => panic!("{operator} {expected}: {other:?}"),
            }
        }
    }
}
