//! A webhook's filter: does what the path selects of the body equal what is wanted?

use super::{BadPath, Selection, compare::text, parse};
use crate::named::Named;
use parhelion_core::text::prefix;
use serde_json::Value;
use std::borrow::Cow;

/// Bytes of a selected value that the journal shows.
const SHOWN_BYTES: usize = 200;
/// Values of a selection that the journal shows.
const SHOWN_VALUES: usize = 5;

/// What is shown when a path leads nowhere.
const NOTHING: &str = "nothing";

/// The configuration of the webhook's target action: what `{Key}` stands for.
#[derive(Clone, Copy)]
pub struct Placeholders<'a> {
    /// Keys and values, in clear.
    pub values: &'a Named<String>,
    /// Whether a key's value must not be shown.
    pub is_secret: &'a dyn Fn(&str) -> bool,
}

/// Why a filter cannot be put.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// The path cannot be read.
    #[error("The JSON path '{path}' is invalid: {error}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        error: BadPath,
    },
    /// The wanted text names a key that the action's configuration does not have.
    #[error("The placeholder '{{{key}}}' is not a configuration property of the target action")]
    Placeholder {
        /// The key.
        key: String,
    },
}

/// How a filter came out, with what a reader needs to see why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it let the body pass.
    pub passed: bool,
    /// The filter's path.
    pub path: String,
    /// What the path selected, shortened: `nothing`, a value, or a list of values.
    pub selected: String,
    /// What was wanted, placeholders filled in and secrets masked; `None`: anything but null.
    pub wanted: Option<String>,
    /// One sentence.
    pub fact: String,
}

/// Whether a filter can be put.
///
/// # Errors
/// What an `InvalidWebhookFilterPatternException` says.
pub fn check(
    path: &str,
    match_equals: Option<&str>,
    placeholders: &Placeholders<'_>,
) -> Result<(), BadFilter> {
    parse(path).map_err(|error| BadFilter::Path { path: path.to_owned(), error })?;
    let (_, unknown) = filled(match_equals.unwrap_or(""), placeholders);
    match unknown {
        None => Ok(()),
        Some(key) => Err(BadFilter::Placeholder { key }),
    }
}

/// Holds a filter against a body.
pub fn evaluate(
    path: &str,
    match_equals: Option<&str>,
    placeholders: &Placeholders<'_>,
    body: &Value,
) -> Verdict {
    let wanted = match_equals.map(|text| filled(text, placeholders).0);
    // What equals a secret is one.
    let hides = wanted.as_ref().is_some_and(|w| w.shown != w.text);
    let verdict = |passed: bool, selected: String, why: &str| {
        let selected = if hides && selected != NOTHING { "****".to_owned() } else { selected };
        let shown = wanted.as_ref().map(|w| w.shown.clone());
        let against = shown.as_ref().map_or_else(|| "anything".to_owned(), |w| format!("'{w}'"));
        let fact = format!("{path} selects {selected}; wanted is {against}: {why}");
        Verdict { passed, path: path.to_owned(), selected, wanted: shown, fact }
    };
    let parsed = match parse(path) {
        Err(error) => return verdict(false, NOTHING.to_owned(), &format!("the path is invalid: {error}")),
        Ok(parsed) => parsed,
    };
    let passes = |value: &Value| match &wanted {
        None => !value.is_null(),
        Some(wanted) => written(value).is_some_and(|text| text == wanted.text.as_str()),
    };
    match parsed.select(body) {
        Err(too_much) => verdict(false, NOTHING.to_owned(), &too_much.to_string()),
        Ok(Selection::Missing) => verdict(false, NOTHING.to_owned(), "no match"),
        Ok(Selection::One(value)) => {
            let passed = passes(&value);
            verdict(passed, shown(&value), if passed { "match" } else { "no match" })
        }
        // CHOICE: one of the values is enough.
        Ok(Selection::Many(values)) => {
            let passed = values.iter().any(|v| passes(v));
            let mut list: Vec<String> = values.iter().take(SHOWN_VALUES).map(|v| shown(v)).collect();
            if values.len() > SHOWN_VALUES {
                list.push(format!("{} more", values.len() - SHOWN_VALUES));
            }
            verdict(
                passed,
                format!("[{}]", list.join(", ")),
                if passed { "one matches" } else { "none matches" },
            )
        }
    }
}

/// A value as it is compared: texts raw, numbers and truth values as JSON; null is nothing.
// CHOICE: lists and objects as compact JSON.
fn written(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => Some(Cow::Owned(value.to_string())),
        scalar => text(scalar),
    }
}

fn shown(value: &Value) -> String {
    let full = match value {
        // A large value is not written out to be cut.
        Value::Array(list) if list.len() > SHOWN_VALUES => format!("a list of {}", list.len()),
        Value::Object(members) if members.len() > SHOWN_VALUES => {
            format!("an object of {} members", members.len())
        }
        Value::String(text) => format!("'{}'", prefix(text, SHOWN_BYTES)),
        other => other.to_string(),
    };
    prefix(&full, SHOWN_BYTES + 2).to_owned()
}

/// A wanted text with its placeholders filled in.
struct Filled {
    text: String,
    shown: String,
}

/// Fills in `{Key}` everywhere; the second part is the first key that has no value (it stays as it stands).
// CHOICE: a key is 1 to 50 of letters, digits and `_.@-`; other braces are plain text.
fn filled(text: &str, placeholders: &Placeholders<'_>) -> (Filled, Option<String>) {
    let (mut clear, mut shown, mut unknown) = (String::new(), String::new(), None);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from_open) = rest.split_at(open);
        clear.push_str(before);
        shown.push_str(before);
        let inside = &from_open[1..];
        let end =
            inside.find(|c: char| !(c.is_ascii_alphanumeric() || "_.@-".contains(c))).unwrap_or(inside.len());
        let key = &inside[..end];
        if !(1..=50).contains(&key.len()) || !inside[end..].starts_with('}') {
            clear.push('{');
            shown.push('{');
            rest = inside;
            continue;
        }
        match placeholders.values.get(key) {
            Some(value) => {
                clear.push_str(value);
                shown.push_str(if (placeholders.is_secret)(key) { "****" } else { value });
            }
            None => {
                let literal = &from_open[..end + 2];
                clear.push_str(literal);
                shown.push_str(literal);
                unknown.get_or_insert_with(|| key.to_owned());
            }
        }
        rest = &inside[end + 1..];
    }
    clear.push_str(rest);
    shown.push_str(rest);
    (Filled { text: clear, shown }, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use serde_json::json;

    fn configuration() -> Named<String> {
        [("Branch", "main"), ("Owner", "o"), ("OAuthToken", "geheim")].map(|(k, v)| (k, v.to_owned())).into()
    }

    fn verdict(path: &str, wanted: Option<&str>, body: &Value) -> Verdict {
        let is_secret = |key: &str| key == "OAuthToken";
        evaluate(path, wanted, &Placeholders { values: &configuration(), is_secret: &is_secret }, body)
    }

    fn push() -> Value {
        json!({"ref": "refs/heads/main", "forced": false, "size": 3, "head": null, "s": "geheim",
            "commits": [{"id": "a", "added": ["x"]}, {"id": "b", "added": []}], "repository": {"owner": {"login": "o"}}})
    }

    #[test]
    fn what_is_selected_is_compared_as_text() {
        let check = |path: &str, wanted: Option<&str>, expected: Expect| {
            expected.assert_eq(&verdict(path, wanted, &push()).fact)
        };
        check(
            "$.ref",
            Some("refs/heads/{Branch}"),
            expect!["$.ref selects 'refs/heads/main'; wanted is 'refs/heads/main': match"],
        );
        check(
            "ref",
            Some("refs/heads/other"),
            expect!["ref selects 'refs/heads/main'; wanted is 'refs/heads/other': no match"],
        );
        check("$.forced", Some("false"), expect!["$.forced selects false; wanted is 'false': match"]);
        check("$.size", Some("3"), expect!["$.size selects 3; wanted is '3': match"]);
        check("$.head", Some("null"), expect!["$.head selects null; wanted is 'null': no match"]);
        check("$.head", None, expect!["$.head selects null; wanted is anything: no match"]);
        check("$.nope", None, expect!["$.nope selects nothing; wanted is anything: no match"]);
        check(
            "$.repository",
            None,
            expect![[r#"$.repository selects {"owner":{"login":"o"}}; wanted is anything: match"#]],
        );
        check(
            "$.commits[*].id",
            Some("b"),
            expect!["$.commits[*].id selects ['a', 'b']; wanted is 'b': one matches"],
        );
        check(
            "$.commits[*].nope",
            None,
            expect!["$.commits[*].nope selects []; wanted is anything: none matches"],
        );
        check("$.commits.length()", Some("2"), expect!["$.commits.length() selects 2; wanted is '2': match"]);
        check("$.s", Some("{OAuthToken}"), expect!["$.s selects ****; wanted is '****': match"]);
        check(
            "$.commits[?(@.id == 'b')].id",
            Some("a"),
            expect!["$.commits[?(@.id == 'b')].id selects ['b']; wanted is 'a': none matches"],
        );
        check(
            "$.a[",
            Some("a"),
            expect![
                "$.a[ selects nothing; wanted is 'a': the path is invalid: a name in quotes, a number, * or ?(…) is missing at character 5"
            ],
        );
    }

    #[test]
    fn all_occurrences_are_filled_in_and_other_braces_stay() {
        let body = json!({"x": "main/main {\"a\"} {} {Nope} {"});
        assert!(verdict("$.x", Some("{Branch}/{Branch} {\"a\"} {} {Nope} {"), &body).passed);
    }

    #[test]
    fn filters_are_checked_when_they_are_put() {
        let values = configuration();
        let placeholders = Placeholders { values: &values, is_secret: &|_| false };
        let said = |path: &str, wanted: &str| match check(path, Some(wanted), &placeholders) {
            Ok(()) => "ok".to_owned(),
            Err(bad) => bad.to_string(),
        };
        assert_eq!(said("$.ref", "refs/heads/{Branch}"), "ok");
        expect!["The placeholder '{branch}' is not a configuration property of the target action"]
            .assert_eq(&said("$.ref", "{branch}"));
        expect!["The JSON path '$.a[?(@.x ==)]' is invalid: a path or a value is missing at character 13"]
            .assert_eq(&said("$.a[?(@.x ==)]", "x"));
    }

    #[test]
    fn what_is_shown_is_bounded_and_holds_no_secret() {
        let long = "ü".repeat(5000);
        let found = verdict("$..*", Some("x"), &json!({"a": vec![long.as_str(); 50], "b": long}));
        assert!(found.selected.len() < 2000, "{}", found.selected.len());
        let found = verdict("$.s", Some("{OAuthToken}"), &push());
        assert!(
            found.passed
                && found.wanted.as_deref() == Some("****")
                && !format!("{found:?}").contains("geheim")
        );
    }

    proptest! {
        #[test]
        fn any_rule_comes_out(path in ".{0,30}", wanted in proptest::option::of("[{}A-Za-z]{0,20}")) {
            let verdict = verdict(&path, wanted.as_deref(), &push());
            prop_assert!(!verdict.fact.is_empty());
        }
        #[test]
        fn a_text_without_braces_is_itself(text in "[^{}]{0,20}") {
            let values = configuration();
            let (filled, unknown) = filled(&text, &Placeholders { values: &values, is_secret: &|_| false });
            prop_assert_eq!((filled.text, unknown), (text, None));
        }
    }
}
