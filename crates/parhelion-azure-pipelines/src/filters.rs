//! Webhook filters: does the payload hold the wanted text at the given path?

use crate::{jsonpath, webhooks::Filter};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// Most values a verdict lists, and most characters of each: it is shown to people.
const SHOWN: usize = 8;
const SHOWN_CHARS: usize = 200;

/// How one filter came out, with what it looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterVerdict {
    /// The filter's path.
    pub path: String,
    /// The text it wants.
    pub expected: String,
    /// What the path selected, as JSON text; the first few of many, each cut when long.
    pub selected: Vec<String>,
    /// How many values the path selected.
    pub selected_count: usize,
    /// Whether the filter holds.
    pub matched: bool,
    /// One sentence saying why.
    pub reason: String,
}

/// Judges one filter against a payload.
// Docs: `path` is a JSON path, `value` what it must be. CHOICE (the rest): see [`same`]; with a path that selects
// several values one match is enough.
pub fn judge(filter: &Filter, payload: &Value) -> FilterVerdict {
    let verdict = |selected: &[&Value], matched, reason| FilterVerdict {
        path: filter.path.clone(),
        expected: filter.value.clone(),
        selected: selected.iter().take(SHOWN).map(|v| shown(v)).collect(),
        selected_count: selected.len(),
        matched,
        reason,
    };
    let selected = match jsonpath::select(&filter.path, payload) {
        Ok(selected) => selected,
        Err(e) => return verdict(&[], false, format!("the path cannot be read: {e}")),
    };
    let matched = selected.iter().any(|v| same(v, &filter.value));
    let reason = match selected.as_slice() {
        [] => "the payload has nothing at this path".to_owned(),
        _ if matched => "the value is the wanted one".to_owned(),
        [Value::Array(_) | Value::Object(_)] => "an object or a list never equals a text".to_owned(),
        [_] => "the value is another".to_owned(),
        _ => "none of the values is the wanted one".to_owned(),
    };
    verdict(&selected, matched, reason)
}

/// Judges all filters of a resource; the delivery is wanted if every verdict matched (none: always).
pub fn judge_all(filters: &[Filter], payload: &Value) -> Vec<FilterVerdict> {
    filters.iter().map(|f| judge(f, payload)).collect()
}

/// Whether a selected value is the wanted text.
// CHOICE: strings exactly, numbers by their JSON text, booleans in any case, null as the empty text, collections never.
fn same(selected: &Value, wanted: &str) -> bool {
    match selected {
        Value::String(s) => s == wanted,
        // Of a number's text only its value is known here: `1.50` and `15e-1` are both wanted texts of 1.5.
        Value::Number(n) => {
            n.to_string() == wanted
                || wanted.trim() == wanted && serde_json::from_str(wanted).is_ok_and(|w: Number| w == *n)
        }
        Value::Bool(b) => wanted.eq_ignore_ascii_case(if *b { "true" } else { "false" }),
        Value::Null => wanted.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Mark;
    use serde_json::json;

    fn verdict(path: &str, value: &str) -> FilterVerdict {
        let payload = json!({
            "a": { "b": "x", "n": 1.50, "t": true, "f": false, "z": null, "e": "", "i": 42, "big": 9_007_199_254_740_993_u64,
                "neg": -7, "bool_text": "True", "number_text": "1.0", "blank": " x " },
            "l": [{ "k": "1" }, { "k": "2" }, { "k": 3 }], "x.y": "dot", "B": "upper", "o": {}, "r": [],
        });
        judge(&Filter { path: path.into(), value: value.into(), mark: Mark::default() }, &payload)
    }

    /// Each rule of azure-devops.md 4.3.
    #[test]
    fn values_by_kind() {
        for (path, value, want) in [
            // Strings as they are: case and blanks count.
            ("a.b", "x", true),
            ("a.b", "X", false),
            ("a.b", " x", false),
            ("a.blank", " x ", true),
            ("a.blank", "x", false),
            ("$.a.b", "x", true),
            ("a.bool_text", "True", true),
            ("a.bool_text", "true", false),
            ("a.number_text", "1.0", true),
            ("a.number_text", "1", false),
            // Numbers in their JSON text.
            ("a.n", "1.5", true),
            ("a.n", "1.50", true),
            ("a.n", "1.51", false),
            ("a.n", "", false),
            ("a.i", "42", true),
            ("a.i", "42.0", false),
            ("a.i", " 42", false),
            ("a.i", "0x2a", false),
            ("a.neg", "-7", true),
            ("a.neg", "7", false),
            ("a.big", "9007199254740993", true),
            ("a.big", "9007199254740992", false),
            // Booleans in any case.
            ("a.t", "true", true),
            ("a.t", "TRUE", true),
            ("a.f", "False", true),
            ("a.t", "false", false),
            ("a.t", "1", false),
            // Null and the empty text.
            ("a.z", "", true),
            ("a.z", "null", false),
            ("a.e", "", true),
            ("a.e", "x", false),
            // What is not there, and collections.
            ("a.missing", "", false),
            ("nothing.at.all", "x", false),
            ("a", "", false),
            ("o", "", false),
            ("o", "{}", false),
            ("r", "", false),
            ("r", "[]", false),
            ("$", "", false),
            // Names are case-sensitive.
            ("A.b", "x", false),
            ("B", "upper", true),
            ("b", "upper", false),
            // One of several is enough.
            ("l[1].k", "2", true),
            ("l[*].k", "2", true),
            ("l[*].k", "3", true),
            ("l[*].k", "4", false),
            ("l[*]", "1", false),
            ("..k", "1", true),
            ("l[0:2].k", "2", true),
            ("l[0,1].k", "3", false),
            ("['x.y']", "dot", true),
            ("x.y", "dot", false),
            // A path that cannot be read.
            ("a[", "", false),
            ("a[?(@.k", "", false),
            // A condition.
            ("l[?(@.k=='1')].k", "1", true),
            ("l[?(@.k=='1')].k", "2", false),
        ] {
            assert_eq!(verdict(path, value).matched, want, "{path} {value}");
        }
    }

    #[test]
    fn a_verdict_says_what_was_found() {
        let v = verdict("l[*].k", "4");
        assert_eq!((v.selected.join(" "), v.selected_count), ("\"1\" \"2\" 3".to_owned(), 3));
        assert_eq!(v.reason, "none of the values is the wanted one");
        assert_eq!(verdict("a[", "").reason, "the path cannot be read: `[` is not closed at character 2");
    }
}
