//! The `format` function: `{0}` for an argument, `{{` and `}}` for braces.

use super::{
    budget::{Budget, Fail, Text},
    convert::to_text,
    value::Value,
};

/// Fills a pattern.
pub(super) fn format(pattern: &str, values: &[Value], budget: &Budget) -> Result<String, Fail> {
    let invalid = || Fail::here(format!("The following format string is invalid: {pattern}"));
    let mut out = Text::new(budget);
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push(&rest[..at])?;
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push(brace)?;
            rest = after;
            continue;
        }
        if brace == "}" {
            return Err(invalid());
        }
        let (hole, after) = rest.split_once('}').ok_or_else(invalid)?;
        let (index, specifiers) = hole.split_once(':').map_or((hole, None), |(i, s)| (i, Some(s)));
        if index.is_empty() || !index.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let Some(value) = index.parse().ok().and_then(|i: usize| values.get(i)) else {
            return Err(Fail::here(format!(
                "The following format string references more arguments than were supplied: {pattern}"
            )));
        };
        if let Some(specifiers) = specifiers.filter(|s| !s.is_empty()) {
            if let Value::DateTime(at) = value
                && let Some(text) = at.format(specifiers)
            {
                out.push(&text)?;
                rest = after;
                continue;
            }
            // CHOICE: the text. Specifiers are for moments, and none of the seven kinds is one.
            return Err(Fail::here(format!(
                "The format specifiers '{specifiers}' are not valid for objects of type '{}'",
                value.kind()
            )));
        }
        out.push(&to_text(value)?)?;
        rest = after;
    }
    out.push(rest)?;
    Ok(out.done())
}
