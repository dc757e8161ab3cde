//! Webhook filters: does the payload hold the wanted text at the given path?

use crate::{jsonpath, webhooks::Filter};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
        Value::Number(n) => n.to_string() == wanted,
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
        let payload = json!({"a": {"b": "x", "n": 1.50, "t": true, "z": null, "e": ""}, "l": [{"k": "1"}, {"k": "2"}],
            "x.y": "dot"});
        judge(&Filter { path: path.into(), value: value.into(), mark: Mark::default() }, &payload)
    }

    #[test]
    fn values_by_kind() {
        for (path, value, want) in [
            ("a.b", "x", true),
            ("a.b", "X", false),
            ("$.a.b", "x", true),
            ("a.n", "1.5", true),
            ("a.t", "TRUE", true),
            ("a.t", "1", false),
            ("a.z", "", true),
            ("a.e", "", true),
            ("a.missing", "", false),
            ("a", "", false),
            ("l[1].k", "2", true),
            ("l[*].k", "2", true),
            ("l[*].k", "3", false),
            ("..k", "1", true),
            ("['x.y']", "dot", true),
            ("A.b", "x", false),
        ] {
            assert_eq!(verdict(path, value).matched, want, "{path} {value}");
        }
    }

    #[test]
    fn a_verdict_says_what_was_found() {
        let v = verdict("l[*].k", "3");
        assert_eq!(
            (v.selected.as_slice(), v.selected_count),
            (["\"1\"".to_owned(), "\"2\"".to_owned()].as_slice(), 2)
        );
        assert_eq!(v.reason, "none of the values is the wanted one");
        assert_eq!(verdict("a[", "").reason, "the path cannot be read: `[` is not closed at character 2");
    }
}
