//! EventBridge's event patterns: which events a target gets.
//!
//! Docs: EventBridge user guide, "Comparison operators for use in event patterns". A pattern has the event's form;
//! members are joined by AND, what stands in a list by OR, and `$or` joins whole patterns. A list in the event passes
//! when one of its values does. Patterns are kept as they were put: [`check`] reads them once, [`judge`] holds them
//! against events.

use parhelion_core::{
    glob::{Dialect, Glob},
    text::prefix,
};
use serde_json::{Map, Value};

/// Longest pattern, bytes of its JSON. Docs: EventBridge quotas, the most that can be asked for.
pub const PATTERN_BYTES: usize = 4096;
/// Deepest nesting.
const NESTING_MAX: usize = 16;
/// Bytes of a value that a sentence shows.
const SHOWN_BYTES: usize = 120;
/// `*` is any run of characters, `\*` a star.
const WILDCARD: Dialect = Dialect { escapes: true, ..Dialect::STAR };

/// Why a pattern is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pattern{at}: {what}")]
pub struct BadPattern {
    /// Where, as `.detail.state`.
    at: String,
    /// What is wrong, with its name.
    what: String,
}

/// What keeps an event from a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The member, as `detail.state`.
    pub path: String,
    /// One sentence.
    pub fact: String,
}

/// Whether a text is a pattern.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(pattern: &Value) -> Result<(), BadPattern> {
    let bytes = pattern.to_string().len();
    if bytes > PATTERN_BYTES {
        return Err(bad("", format!("it has {bytes} bytes, more than {PATTERN_BYTES}")));
    }
    check_members(pattern, "", 0)
}

fn bad(at: &str, what: impl Into<String>) -> BadPattern {
    BadPattern { at: at.to_owned(), what: what.into() }
}

fn check_members(pattern: &Value, at: &str, depth: usize) -> Result<(), BadPattern> {
    let Some(members) = pattern.as_object() else { return Err(bad(at, "an object is wanted")) };
    // Docs: empty patterns are invalid.
    if members.is_empty() {
        return Err(bad(at, "an object without members matches nothing"));
    }
    if depth == NESTING_MAX {
        return Err(bad(at, format!("it is nested deeper than {NESTING_MAX}")));
    }
    for (name, wanted) in members {
        let at = format!("{at}.{name}");
        match wanted {
            Value::Object(_) => check_members(wanted, &at, depth + 1)?,
            Value::Array(choices) if choices.is_empty() => {
                return Err(bad(&at, "an empty list matches nothing"));
            }
            Value::Array(choices) if name == "$or" => {
                for (i, choice) in choices.iter().enumerate() {
                    check_members(choice, &format!("{at}[{i}]"), depth + 1)?;
                }
            }
            Value::Array(choices) => {
                for choice in choices {
                    check_choice(choice, &at)?;
                }
            }
            _ => return Err(bad(&at, "a list of values, or an object, is wanted")),
        }
    }
    Ok(())
}

fn check_choice(choice: &Value, at: &str) -> Result<(), BadPattern> {
    match choice {
        Value::Array(_) => Err(bad(at, "a list in a list matches nothing")),
        Value::Object(members) => {
            let Some((name, operand)) = only(members) else {
                return Err(bad(at, "a matcher is an object of one member"));
            };
            check_matcher(name, operand, at)
        }
        _ => Ok(()),
    }
}

fn only(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, value) = members.iter().next()?;
    (members.len() == 1).then_some((name.as_str(), value))
}

fn check_matcher(name: &str, operand: &Value, at: &str) -> Result<(), BadPattern> {
    let wants = |ok: bool, what: &str| {
        if ok { Ok(()) } else { Err(bad(at, format!("'{name}' wants {what}"))) }
    };
    match name {
        "exists" => wants(operand.is_boolean(), "true or false"),
        "numeric" => wants(bounds(operand).is_some(), "[\"=\", n], [\">\", n], [\">=\", n, \"<\", m] …"),
        "anything-but" => match operand {
            Value::Object(members) => match only(members) {
                Some((inner, operand)) if TEXT_MATCHERS.contains(&inner) => {
                    check_text_matcher(inner, operand, at, true)
                }
                _ => wants(false, &format!("one of {} when it is an object", TEXT_MATCHERS.join(", "))),
            },
            Value::Array(values) => {
                let texts = values.iter().all(Value::is_string);
                let numbers = values.iter().all(Value::is_number);
                wants(!values.is_empty() && (texts || numbers), "a list of texts or of numbers")
            }
            other => wants(other.is_string() || other.is_number(), "a text, a number, a list or a matcher"),
        },
        _ if TEXT_MATCHERS.contains(&name) => check_text_matcher(name, operand, at, false),
        _ => Err(bad(
            at,
            format!(
                "there is no matcher '{}' here: {}, numeric, exists, anything-but are known",
                prefix(name, SHOWN_BYTES),
                TEXT_MATCHERS.join(", ")
            ),
        )),
    }
}

const TEXT_MATCHERS: [&str; 4] = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

fn check_text_matcher(name: &str, operand: &Value, at: &str, negated: bool) -> Result<(), BadPattern> {
    // Docs: beginnings and ends can be compared ignoring case; those of anything-but, and it alone, can be a list.
    let is_text = |operand: &Value| match operand {
        Value::String(_) => true,
        Value::Object(members) => {
            !negated
                && ["prefix", "suffix"].contains(&name)
                && only(members)
                    .is_some_and(|(inner, text)| inner == "equals-ignore-case" && text.is_string())
        }
        _ => false,
    };
    let fits = match operand {
        Value::Array(texts) => negated && !texts.is_empty() && texts.iter().all(Value::is_string),
        one => is_text(one),
    };
    if !fits {
        return Err(bad(at, format!("'{name}' wants a text")));
    }
    if name == "wildcard" {
        for text in texts(operand) {
            // Docs: consecutive wildcards are invalid.
            if text.contains("**") {
                return Err(bad(at, "a wildcard holds no two stars in a row"));
            }
            Glob::new(text, &WILDCARD).map_err(|error| bad(at, format!("'wildcard': {error}")))?;
        }
    }
    Ok(())
}

fn texts(operand: &Value) -> impl Iterator<Item = &str> {
    let list = operand.as_array().map_or(&[][..], Vec::as_slice);
    operand.as_str().into_iter().chain(list.iter().filter_map(Value::as_str))
}

/// One or two comparisons of a `numeric`.
fn bounds(operand: &Value) -> Option<Vec<(&str, f64)>> {
    let list = operand.as_array()?;
    let pairs: Vec<(&str, f64)> = list
        .chunks(2)
        .map(|pair| match pair {
            [sign, number] => Some((sign.as_str()?, number.as_f64()?)),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let fits = match pairs.as_slice() {
        [(sign, _)] => ["=", "<", "<=", ">", ">="].contains(sign),
        // Docs: a range goes from its lower bound to its upper one.
        [(low, from), (high, to)] => [">", ">="].contains(low) && ["<", "<="].contains(high) && from < to,
        _ => false,
    };
    fits.then_some(pairs)
}

/// Holds a pattern that was checked against an event.
///
/// # Errors
/// The first member that keeps the event away.
pub fn judge(pattern: &Map<String, Value>, event: &Map<String, Value>) -> Result<(), Miss> {
    members(pattern, Some(event), "")
}

/// `event` is `None` where the event has no such member: `exists` may want that.
fn members(pattern: &Map<String, Value>, event: Option<&Map<String, Value>>, at: &str) -> Result<(), Miss> {
    for (name, wanted) in pattern {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        let found = event.and_then(|event| event.get(name));
        match wanted {
            Value::Array(choices) if name == "$or" => {
                let choices = choices.iter().filter_map(Value::as_object);
                if !choices.clone().any(|choice| members(choice, event, at).is_ok()) {
                    let fact = format!("none of the {} patterns of '{path}' matches", choices.count());
                    return Err(Miss { path, fact });
                }
            }
            Value::Object(inner) => match found {
                Some(Value::Array(list)) => {
                    let objects = list.iter().filter_map(Value::as_object);
                    if !objects.clone().any(|object| members(inner, Some(object), &path).is_ok()) {
                        let fact = format!("none of the {} objects of '{path}' matches", objects.count());
                        return Err(Miss { path, fact });
                    }
                }
                other => members(inner, other.and_then(Value::as_object), &path)?,
            },
            Value::Array(choices) => {
                let mut leaves = Vec::new();
                found.into_iter().for_each(|found| collect(found, &mut leaves));
                if !choices.iter().any(|choice| matches(choice, &leaves)) {
                    let has = match leaves.as_slice() {
                        [] => "is not there".to_owned(),
                        [one] => format!("is {}", prefix(&one.to_string(), SHOWN_BYTES)),
                        [first, more @ ..] => {
                            format!("is {} and {} more", prefix(&first.to_string(), SHOWN_BYTES), more.len())
                        }
                    };
                    let wanted = wanted.to_string();
                    let fact = format!("'{path}' {has}; wanted is {}", prefix(&wanted, SHOWN_BYTES));
                    return Err(Miss { path, fact });
                }
            }
            // What was checked has none of these.
            _ => return Err(Miss { fact: format!("'{path}' has no pattern"), path }),
        }
    }
    Ok(())
}

/// The values of a member: its own, or those of its list. Docs: objects have none, whatever is in them.
fn collect<'e>(found: &'e Value, leaves: &mut Vec<&'e Value>) {
    match found {
        Value::Object(_) => {}
        Value::Array(list) => list.iter().for_each(|value| collect(value, leaves)),
        leaf => leaves.push(leaf),
    }
}

fn matches(choice: &Value, leaves: &[&Value]) -> bool {
    let Some((name, operand)) = choice.as_object().and_then(only) else {
        return leaves.iter().any(|leaf| same(choice, leaf));
    };
    if name == "exists" {
        return operand.as_bool() == Some(!leaves.is_empty());
    }
    leaves.iter().any(|leaf| matcher(name, operand, leaf))
}

fn matcher(name: &str, operand: &Value, leaf: &Value) -> bool {
    match name {
        "numeric" => {
            let (Some(bounds), Some(n)) = (bounds(operand), leaf.as_f64()) else { return false };
            bounds.into_iter().all(|(sign, bound)| match sign {
                "=" => n == bound,
                "<" => n < bound,
                "<=" => n <= bound,
                ">" => n > bound,
                _ => n >= bound,
            })
        }
        "anything-but" => match operand {
            Value::Array(values) => !values.iter().any(|value| same(value, leaf)),
            // CHOICE: what is no text has no beginning, so it is something else.
            Value::Object(members) => {
                only(members).is_some_and(|(inner, operand)| !text_matches(inner, operand, leaf))
            }
            value => !same(value, leaf),
        },
        _ => text_matches(name, operand, leaf),
    }
}

fn text_matches(name: &str, operand: &Value, leaf: &Value) -> bool {
    let Some(text) = leaf.as_str() else { return false };
    // `{"prefix": {"equals-ignore-case": …}}`.
    let folded = operand.as_object().and_then(only).and_then(|(_, wanted)| wanted.as_str());
    if let Some(wanted) = folded {
        let (wanted, text) = (wanted.to_lowercase(), text.to_lowercase());
        return if name == "prefix" { text.starts_with(&wanted) } else { text.ends_with(&wanted) };
    }
    texts(operand).any(|wanted| match name {
        "prefix" => text.starts_with(wanted),
        "suffix" => text.ends_with(wanted),
        "equals-ignore-case" => text.to_lowercase() == wanted.to_lowercase(),
        _ => Glob::new(wanted, &WILDCARD).is_ok_and(|glob| glob.matches(text)),
    })
}

/// Numbers that say the same are the same; texts and numbers never are.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests;
