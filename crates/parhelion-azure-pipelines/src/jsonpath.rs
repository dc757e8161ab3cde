//! The JSON paths of webhook filters: names, indexes, wildcards and descent.
//! `a.b`, `a[0]`, `a['x.y']`, `a[*]`, `a.*`, `..k`, with or without a leading `$`.

use serde_json::Value;

/// Values a path may select before it is cut short, and characters of a path.
const SELECTED: usize = 10_000;
const PATH_CHARS: usize = 4_096;

#[derive(Debug, PartialEq)]
enum Step {
    Name(String),
    Index(usize),
    All,
    /// This value and all below it.
    Deep,
}

/// What `path` selects in `root`, in document order, at most [`SELECTED`].
///
/// # Errors
/// One sentence when the path cannot be read, or uses a form that is not supported (filters, slices, unions).
pub(crate) fn select<'v>(path: &str, root: &'v Value) -> Result<Vec<&'v Value>, String> {
    let mut found = vec![root];
    for step in steps(path)? {
        let mut next = Vec::new();
        for value in found {
            if next.len() >= SELECTED {
                break;
            }
            match (&step, value) {
                (Step::Name(name), Value::Object(map)) => next.extend(map.get(name)),
                (Step::Index(i), Value::Array(items)) => next.extend(items.get(*i)),
                (Step::All, Value::Array(items)) => next.extend(items),
                (Step::All, Value::Object(map)) => next.extend(map.values()),
                (Step::Deep, value) => below(value, &mut next),
                _ => {}
            }
        }
        next.truncate(SELECTED);
        found = next;
    }
    Ok(found)
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

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let chars: Vec<char> = path.trim().chars().collect();
    if chars.len() > PATH_CHARS {
        return Err(format!("it has more than {PATH_CHARS} characters"));
    }
    let mut at = usize::from(chars.first() == Some(&'$'));
    let mut steps = Vec::new();
    // A path may start with a bare name.
    let mut name_may_follow = at == 0;
    while at < chars.len() {
        match chars[at] {
            '.' => {
                at += 1;
                if chars.get(at) == Some(&'.') {
                    at += 1;
                    steps.push(Step::Deep);
                    if chars.get(at) == Some(&'[') {
                        continue;
                    }
                }
                name_may_follow = true;
                if at == chars.len() {
                    return Err(format!("a name is missing after `.` at character {at}"));
                }
            }
            '[' => {
                let (step, end) = bracket(&chars, at)?;
                steps.push(step);
                at = end;
                name_may_follow = false;
            }
            _ if name_may_follow => {
                let end =
                    chars[at..].iter().position(|c| matches!(c, '.' | '[')).map_or(chars.len(), |n| at + n);
                let name: String = chars[at..end].iter().collect();
                steps.push(if name == "*" { Step::All } else { Step::Name(name) });
                at = end;
                name_may_follow = false;
            }
            c => return Err(format!("`{c}` is not expected at character {}", at + 1)),
        }
    }
    Ok(steps)
}

/// One `[…]` from its bracket on; gives where it ends.
fn bracket(chars: &[char], open: usize) -> Result<(Step, usize), String> {
    let unclosed = || format!("`[` is not closed at character {}", open + 1);
    let mut at = open + 1;
    if let Some(&quote @ ('\'' | '"')) = chars.get(at) {
        let mut name = String::new();
        loop {
            at += 1;
            match chars.get(at) {
                None => return Err(unclosed()),
                Some('\\') if chars.get(at + 1).is_some() => {
                    at += 1;
                    name.push(chars[at]);
                }
                Some(&c) if c == quote => break,
                Some(&c) => name.push(c),
            }
        }
        return match chars.get(at + 1) {
            Some(']') => Ok((Step::Name(name), at + 2)),
            _ => Err(unclosed()),
        };
    }
    let end = chars[at..].iter().position(|c| *c == ']').map(|n| at + n).ok_or_else(unclosed)?;
    let inner: String = chars[at..end].iter().collect();
    let step = match inner.trim() {
        "*" => Step::All,
        digits if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Step::Index(digits.parse().unwrap_or(usize::MAX))
        }
        other => return Err(format!("`[{other}]` is not supported")),
    };
    Ok((step, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn unsupported_and_broken_paths_are_errors() {
        for path in ["a[?(@.x)]", "a[0:1]", "a[", "a['x", "a.", "$a", "a]b", "a['x'y]", "a[0]b"] {
            let root = json!({"a": [1]});
            let got = select(path, &root);
            assert_eq!(got.is_err(), path != "a]b", "{path} {got:?}");
        }
    }

    #[test]
    fn descent_takes_document_order() {
        let root = json!({"a": {"k": 1, "b": [{"k": 2}]}, "k": 3});
        assert_eq!(select("$..k", &root).unwrap(), [&json!(3), &json!(1), &json!(2)]);
        assert_eq!(select("..*", &root).unwrap().len(), 6);
        assert_eq!(select("$", &root).unwrap(), [&root]);
    }

    proptest! {
        #[test]
        fn never_panics(path in "[$.a\\[\\]'*0\"\\\\]{0,20}") {
            let _ = select(&path, &json!({"a": [{"a": 0}, ["a"]]}));
        }
    }
}
