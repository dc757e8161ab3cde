//! The JSON paths of webhook filters: names, indexes, wildcards, descent, lists of those, slices.
//! `a.b`, `a[0]`, `a['x.y']`, `a[*]`, `a.*`, `..k`, `a['x','y']`, `a[0,2]`, `a[1:3]`, `a[?(@.k == 'v')]`, with or without a
//! leading `$`.

mod parse;
mod predicate;

use parse::steps;
use predicate::Predicate;
use serde_json::Value;
use std::cell::Cell;

/// Values a path may select before it is cut short, and characters of a path.
const SELECTED: usize = 10_000;
const PATH_CHARS: usize = 4_096;
/// Values that one selection looks at in all, conditions included: about a tenth of a second.
const LOOKED_AT: usize = 2_000_000;

#[derive(Debug, PartialEq)]
enum Step {
    Name(String),
    /// `['x','y']`, in the order of the path.
    Names(Vec<String>),
    Index(usize),
    /// `[0,2]`, in the order of the path.
    Indexes(Vec<usize>),
    /// `[start:end:step]`.
    Slice([Option<i64>; 3]),
    All,
    /// This value and all below it.
    Deep,
    /// `[?(…)]`: the items or members for which that holds.
    Where(Predicate),
}

/// What `path` selects in `root`, in document order, at most [`SELECTED`].
///
/// # Errors
/// One sentence when the path cannot be read, or uses a form that is not supported.
pub(crate) fn select<'v>(path: &str, root: &'v Value) -> Result<Vec<&'v Value>, String> {
    Ok(Walk { root, left: Cell::new(LOOKED_AT) }.select(&steps(path)?, root))
}

/// One selection.
struct Walk<'v> {
    root: &'v Value,
    /// Values that may still be looked at.
    left: Cell<usize>,
}

impl<'v> Walk<'v> {
    fn select(&self, steps: &[Step], from: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![from];
        for step in steps {
            let mut next = Vec::new();
            for value in found {
                if next.len() >= SELECTED || self.left.get() == 0 {
                    break;
                }
                let before = next.len();
                match (step, value) {
                    (Step::Name(name), Value::Object(map)) => next.extend(map.get(name)),
                    (Step::Names(names), Value::Object(map)) => {
                        next.extend(names.iter().filter_map(|name| map.get(name)));
                    }
                    (Step::Index(i), Value::Array(items)) => next.extend(items.get(*i)),
                    (Step::Indexes(all), Value::Array(items)) => {
                        next.extend(all.iter().filter_map(|i| items.get(*i)));
                    }
                    (Step::Slice(slice), Value::Array(items)) => sliced(items, *slice, &mut next),
                    (Step::All, Value::Array(items)) => next.extend(items),
                    (Step::All, Value::Object(map)) => next.extend(map.values()),
                    (Step::Deep, value) => below(value, &mut next),
                    (Step::Where(predicate), Value::Array(items)) => {
                        next.extend(items.iter().filter(|item| predicate.holds(self, item)));
                    }
                    (Step::Where(predicate), Value::Object(map)) => {
                        next.extend(map.values().filter(|item| predicate.holds(self, item)));
                    }
                    _ => {}
                }
                self.spend(1 + next.len().saturating_sub(before));
            }
            next.truncate(SELECTED);
            found = next;
        }
        found
    }

    fn spend(&self, values: usize) {
        self.left.set(self.left.get().saturating_sub(values));
    }
}

/// `[start:end:step]` as Python has it: negative places count from the end, a negative step goes backwards.
fn sliced<'v>(items: &'v [Value], [start, end, step]: [Option<i64>; 3], out: &mut Vec<&'v Value>) {
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    // The first and the last place that there is, in the direction of the step.
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let place = |at: Option<i64>, or| match at {
        Some(at) if at < 0 => at.saturating_add(len).clamp(low, high),
        Some(at) => at.clamp(low, high),
        None => or,
    };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let (mut at, end) = (place(start, first), place(end, last));
    while (step > 0 && at < end || step < 0 && at > end) && out.len() < SELECTED {
        out.extend(usize::try_from(at).ok().and_then(|at| items.get(at)));
        at = at.saturating_add(step);
    }
}

/// A value and everything below it, without recursion.
fn below<'v>(value: &'v Value, out: &mut Vec<&'v Value>) {
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        if out.len() >= SELECTED {
            return;
        }
        out.push(value);
        match value {
            Value::Array(items) => stack.extend(items.iter().rev()),
            Value::Object(map) => stack.extend(map.values().rev()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Every form, with what it selects.
    #[test]
    fn each_form_selects() {
        let root = json!({
            "a": { "b": { "c": 1 }, "x.y": 2, "b c": 3, "it's": 4, "*": 5, "": 6, "ä": 7 },
            "l": [10, 11, 12, 13], "m": [{ "k": 1 }, { "k": 2 }, { "n": 3 }], "$ref": "r", "0": "zero", "A": "upper",
            "s": ["a)]", "b"], "t": [{ "on": true }, { "on": false }, { "on": null }],
        });
        for (path, want) in [
            ("a.b.c", json!([1])),
            ("$.a.b.c", json!([1])),
            ("$['a']['b']['c']", json!([1])),
            ("a[\"b\"].c", json!([1])),
            ("['a'].b.c", json!([1])),
            (" a.b.c ", json!([1])),
            ("a['x.y']", json!([2])),
            ("a.x.y", json!([])),
            ("a.b c", json!([3])),
            ("a['it\\'s']", json!([4])),
            ("a[\"it's\"]", json!([4])),
            ("a['*']", json!([5])),
            ("a['']", json!([6])),
            ("a.ä", json!([7])),
            ("A", json!(["upper"])),
            ("a.B.c", json!([])),
            ("$ref", json!(["r"])),
            ("$.$ref", json!(["r"])),
            ("0", json!(["zero"])),
            ("l[0]", json!([10])),
            ("l[ 3 ]", json!([13])),
            ("l[4]", json!([])),
            ("l[99999999999999999999999]", json!([])),
            ("l.0", json!([])),
            ("a[0]", json!([])),
            ("l['0']", json!([])),
            ("l[*]", json!([10, 11, 12, 13])),
            ("l.*", json!([10, 11, 12, 13])),
            ("a.b.*", json!([1])),
            ("m[*].k", json!([1, 2])),
            ("m[1].k", json!([2])),
            ("$..k", json!([1, 2])),
            ("..k", json!([1, 2])),
            ("m..k", json!([1, 2])),
            ("..['k','n']", json!([1, 2, 3])),
            ("$..m[0].k", json!([1])),
            ("a['x.y', 'it\\'s']", json!([2, 4])),
            ("a['b c','gone']", json!([3])),
            ("l[2,0,9]", json!([12, 10])),
            ("l[1:3]", json!([11, 12])),
            ("l[:2]", json!([10, 11])),
            ("l[2:]", json!([12, 13])),
            ("l[-1:]", json!([13])),
            ("l[:-1]", json!([10, 11, 12])),
            ("l[::2]", json!([10, 12])),
            ("l[::-1]", json!([13, 12, 11, 10])),
            ("l[2:0:-1]", json!([12, 11])),
            ("l[9:]", json!([])),
            ("l[-9:2]", json!([10, 11])),
            ("m[?(@.k)].k", json!([1, 2])),
            ("m[?(@.k == 2)]", json!([{ "k": 2 }])),
            ("$.m[?(@.k==2)].k", json!([2])),
            ("m[?(@.k != 2)].k", json!([1])),
            ("m[?(@.k > 1 || @.n >= 3)]", json!([{ "k": 2 }, { "n": 3 }])),
            ("m[?(@.k < 2 && @.k <= 1)].k", json!([1])),
            ("m[?(@['k'] == 1 || @.k == 2 && @.n)].k", json!([1])),
            ("m[?((@.k == 1 || @.k == 2) && @.n)].k", json!([])),
            ("m[?(!@.k)].n", json!([3])),
            ("m[?(@.k == '1')].k", json!([])),
            ("m[?(@.k == $.m[0].k)].k", json!([1])),
            ("l[?(@ > 11)]", json!([12, 13])),
            ("l[?(@ == 10.0)]", json!([10])),
            ("m[?(@.k == null)]", json!([])),
            ("a[?(@ == 2)]", json!([2])),
            ("$..[?(@.c == 1)].c", json!([1])),
            ("s[?(@ == 'a)]')]", json!(["a)]"])),
            ("s[?(@ > 'a')]", json!(["a)]", "b"])),
            ("t[?(@.on == true)].on", json!([true])),
            ("", json!([root])),
            ("$", json!([root])),
        ] {
            let got = select(path, &root).unwrap_or_else(|e| panic!("{path}: {e}"));
            assert_eq!(json!(got), want, "{path}");
        }
    }

    /// What cannot be read is refused with the place, and never selects anything.
    #[test]
    fn unsupported_and_broken_paths_are_errors() {
        let root = json!({ "a": [1] });
        for (path, reason) in [
            ("a[?(@.x]", "`)` is missing in a condition at character 8"),
            ("a[?(@.x)", "`[` is not closed at character 2"),
            ("a[?()]", "a condition compares nothing at character 5"),
            ("a[?(@.x = 1)]", "`=` is not expected in a condition at character 9"),
            ("a[?(@.x =~ /y/)]", "`=~` is not supported in a condition"),
            ("a[?(@.x == )]", "a condition compares nothing at character 12"),
            ("a[?(@.x == yes)]", "a condition compares nothing at character 12"),
            ("a[?(@.x == 1 &&)]", "a condition compares nothing at character 16"),
            ("a[?@.x]", "`(` is missing after `?` at character 4"),
            ("a[-1]", "`[-1]` is not supported"),
            ("a[x]", "`[x]` is not supported"),
            ("a[]", "`[]` is not supported"),
            ("a[0,x]", "`[0,x]` is not supported"),
            ("a[0:1:2:3]", "`[0:1:2:3]` is not supported"),
            ("a[0:x]", "`[0:x]` is not supported"),
            ("a[::0]", "a slice's step cannot be 0"),
            ("a[", "`[` is not closed at character 2"),
            ("a['x", "`[` is not closed at character 2"),
            ("a['x'", "`[` is not closed at character 2"),
            ("a['x'y]", "`[` is not closed at character 2"),
            ("a['x',]", "`[` is not closed at character 2"),
            ("a['x\\", "`[` is not closed at character 2"),
            ("a.", "a name is missing after `.` at character 2"),
            ("$.", "a name is missing after `.` at character 2"),
            ("a[0]b", "`b` is not expected at character 5"),
        ] {
            assert_eq!(select(path, &root), Err(reason.to_owned()), "{path}");
        }
        assert!(select(&"a.".repeat(3000), &root).is_err());
        assert_eq!(select("a]b", &root), Ok(vec![]));
    }

    #[test]
    fn descent_takes_document_order() {
        let root = json!({"a": {"k": 1, "b": [{"k": 2}]}, "k": 3});
        assert_eq!(select("$..k", &root).unwrap(), [&json!(3), &json!(1), &json!(2)]);
        assert_eq!(select("..*", &root).unwrap().len(), 6);
        assert_eq!(select("$", &root).unwrap(), [&root]);
    }

    #[test]
    fn conditions_end_within_bounds() {
        let item = json!({ "a": { "b": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } });
        let root = json!({ "l": vec![item; 20_000] });
        let found = select("$..[?(@..b[?($..b)] == $..b)]", &root).unwrap();
        assert!(found.len() <= SELECTED);
        let deep = format!("a[?{}@{}]", "(".repeat(1_000), ")".repeat(1_000));
        assert_eq!(select(&deep, &root), Err("a condition is nested more than 20 times".to_owned()));
        let inner = format!("{}@{}", "@[?(".repeat(30), ")]".repeat(30));
        assert!(select(&format!("a[?({inner})]"), &root).is_err());
    }

    proptest! {
        #[test]
        fn conditions_never_panic(inner in r"[@$.a\[\]'()*0=!<>&|? ]{0,24}") {
            let _ = select(&format!("a[?({inner})]"), &json!({"a": [{"a": 0}, ["a"]]}));
        }
        #[test]
        fn never_panics(path in "[$.a\\[\\]'*0\"\\\\:,-]{0,20}") {
            let _ = select(&path, &json!({"a": [{"a": 0}, ["a"]]}));
        }
    }
}
