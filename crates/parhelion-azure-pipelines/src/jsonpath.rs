//! The JSON paths of webhook filters: names, indexes, wildcards, descent, lists of those, slices.
//! `a.b`, `a[0]`, `a['x.y']`, `a[*]`, `a.*`, `..k`, `a['x','y']`, `a[0,2]`, `a[1:3]`, with or without a leading `$`.

use serde_json::Value;

/// Values a path may select before it is cut short, and characters of a path.
const SELECTED: usize = 10_000;
const PATH_CHARS: usize = 4_096;

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
}

/// What `path` selects in `root`, in document order, at most [`SELECTED`].
///
/// # Errors
/// One sentence when the path cannot be read, or uses a form that is not supported (filters: `[?(…)]`).
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
                _ => {}
            }
        }
        next.truncate(SELECTED);
        found = next;
    }
    Ok(found)
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

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let chars: Vec<char> = path.trim().chars().collect();
    if chars.len() > PATH_CHARS {
        return Err(format!("it has more than {PATH_CHARS} characters"));
    }
    // `$` is the root when it stands alone or before a step; `$ref` is a name.
    let rooted = chars.first() == Some(&'$') && matches!(chars.get(1), None | Some('.' | '['));
    let mut at = usize::from(rooted);
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
    let blanks = |from: usize| from + chars.iter().skip(from).take_while(|c| **c == ' ').count();
    let mut at = blanks(open + 1);
    if !matches!(chars.get(at), Some('\'' | '"')) {
        let rest = chars.get(open + 1..).unwrap_or_default();
        let len = rest.iter().position(|c| *c == ']').ok_or_else(unclosed)?;
        let inner: String = rest.iter().take(len).collect();
        return Ok((plain(inner.trim())?, open + len + 2));
    }
    let mut names = Vec::new();
    loop {
        let (name, end) = quoted(chars, at).ok_or_else(unclosed)?;
        names.push(name);
        at = blanks(end);
        match chars.get(at) {
            Some(',') => at = blanks(at + 1),
            Some(']') => break,
            _ => return Err(unclosed()),
        }
    }
    let step = match <[String; 1]>::try_from(names) {
        Ok([name]) => Step::Name(name),
        Err(names) => Step::Names(names),
    };
    Ok((step, at + 1))
}

/// A name in quotes, from its quote on; gives where it ends.
fn quoted(chars: &[char], open: usize) -> Option<(String, usize)> {
    let quote = chars.get(open).filter(|c| matches!(c, '\'' | '"'))?;
    let mut name = String::new();
    let mut rest = chars.iter().enumerate().skip(open + 1);
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => name.push(*rest.next()?.1),
            c if c == quote => return Some((name, at + 1)),
            c => name.push(*c),
        }
    }
    None
}

/// What stands in brackets without quotes.
fn plain(inner: &str) -> Result<Step, String> {
    let unsupported = || format!("`[{inner}]` is not supported");
    let index = |text: &str| {
        let text = text.trim();
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(usize::MAX))
    };
    if inner == "*" {
        return Ok(Step::All);
    }
    if let Some(index) = index(inner) {
        return Ok(Step::Index(index));
    }
    if inner.contains(',') {
        let all: Option<Vec<usize>> = inner.split(',').map(index).collect();
        return all.map(Step::Indexes).ok_or_else(unsupported);
    }
    let mut slice = [None; 3];
    let parts: Vec<&str> = inner.split(':').map(str::trim).collect();
    if !(2..=3).contains(&parts.len()) {
        return Err(unsupported());
    }
    for (place, part) in slice.iter_mut().zip(parts) {
        if !part.is_empty() {
            *place = Some(part.parse().map_err(|_| unsupported())?);
        }
    }
    if slice[2] == Some(0) { Err("a slice's step cannot be 0".to_owned()) } else { Ok(Step::Slice(slice)) }
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
            ("a[?(@.x)]", "`[?(@.x)]` is not supported"),
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

    proptest! {
        #[test]
        fn never_panics(path in "[$.a\\[\\]'*0\"\\\\:,-]{0,20}") {
            let _ = select(&path, &json!({"a": [{"a": 0}, ["a"]]}));
        }
    }
}
