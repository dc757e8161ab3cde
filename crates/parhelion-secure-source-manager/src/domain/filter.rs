//! The `filter` and `order_by` of lists. The grammar is not documented for this service;
//! CHOICE: `field = "v"`, `!=`, `:` (has), `labels.k = v`, joined by `AND` (or nothing), negated by `NOT` or `-`.

use crate::{error::Error, proto};
use prost_reflect::MessageDescriptor;
use serde_json::Value;

/// Longest filter, bytes.
const FILTER_BYTES: usize = 2048;

/// A filter, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    /// JSON names.
    path: Vec<String>,
    op: Op,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Equals,
    Differs,
    Has,
}

impl Filter {
    /// Reads a filter over the scalar fields (and label maps) of a message of the API. An empty one takes all.
    pub fn parse(text: &str, message: &str) -> Result<Filter, Error> {
        if text.len() > FILTER_BYTES {
            return Err(Error::field("filter", format!("must not be longer than {FILTER_BYTES} bytes.")));
        }
        let bad = |why: String| Error::field("filter", why);
        let tokens = tokens(text).map_err(bad)?;
        let of = proto::descriptor(message);
        let mut terms = Vec::new();
        let mut rest = tokens.as_slice();
        while !rest.is_empty() {
            if !terms.is_empty() && rest[0].is_word("AND") {
                rest = &rest[1..];
            }
            let negated = rest.first().is_some_and(|t| t.is_word("NOT") || *t == Token::Minus);
            rest = &rest[usize::from(negated)..];
            let [Token::Text(field), Token::Op(op), Token::Text(value), after @ ..] = rest else {
                return Err(bad("expected a field, an operator (=, !=, :) and a value.".to_owned()));
            };
            let path = of
                .as_ref()
                .and_then(|of| path(field, of))
                .ok_or_else(|| bad(format!("unknown field \"{field}\".")))?;
            terms.push(Term { negated, path, op: *op, value: value.clone() });
            rest = after;
        }
        Ok(Filter(terms))
    }

    /// Whether a resource (in its JSON form) passes.
    pub fn takes(&self, json: &Value) -> bool {
        self.0.iter().all(|term| term.holds(json) != term.negated)
    }
}

impl Term {
    fn holds(&self, json: &Value) -> bool {
        let found = self.path.iter().try_fold(json, |at, name| at.get(name));
        let text = found.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        match self.op {
            // A field left out has its default: empty, or false.
            Op::Equals => {
                text.as_deref().map_or(self.value.is_empty() || self.value == "false", |t| t == self.value)
            }
            Op::Differs => text.as_deref().map_or(!self.value.is_empty(), |t| t != self.value),
            Op::Has if self.value == "*" => found.is_some(),
            Op::Has => text.is_some_and(|t| t.contains(&self.value)),
        }
    }
}

/// The JSON names of a field: a scalar of the resource, or `labels.k`.
fn path(field: &str, of: &MessageDescriptor) -> Option<Vec<String>> {
    let (first, key) = field.split_once('.').map_or((field, None), |(f, k)| (f, Some(k)));
    let found = of.get_field_by_name(first).or_else(|| of.get_field_by_json_name(first))?;
    let name = found.json_name().to_owned();
    match key {
        Some(key) => (found.is_map() && !key.is_empty()).then(|| vec![name, key.to_owned()]),
        None => {
            let is_time =
                found.kind().as_message().is_some_and(|m| m.full_name() == "google.protobuf.Timestamp");
            (!found.is_list() && (found.kind().as_message().is_none() || is_time)).then(|| vec![name])
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    Op(Op),
    Minus,
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Text(t) if t == word)
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '=' => tokens.push(Token::Op(Op::Equals)),
            ':' => tokens.push(Token::Op(Op::Has)),
            '!' if chars.next_if_eq(&'=').is_some() => tokens.push(Token::Op(Op::Differs)),
            '-' if !matches!(tokens.last(), Some(Token::Op(_))) => tokens.push(Token::Minus),
            '"' | '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        None => return Err("a quoted value is not closed.".to_owned()),
                        Some(end) if end == c => break,
                        Some('\\') => value.extend(chars.next()),
                        Some(other) => value.push(other),
                    }
                }
                tokens.push(Token::Text(value));
            }
            c if is_word(c) => {
                let mut word = c.to_string();
                while let Some(c) = chars.next_if(|c| is_word(*c)) {
                    word.push(c);
                }
                tokens.push(Token::Text(word));
            }
            other => return Err(format!("unexpected character '{other}'.")),
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "_.*-/@+".contains(c)
}

/// Sorts resources (in their JSON form beside them) by `name`, `create_time` or `update_time`, each with ` desc`.
pub fn order<T>(items: &mut [(T, Value)], order_by: &str) -> Result<(), Error> {
    let mut keys = Vec::new();
    for part in order_by.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let mut words = part.split_whitespace();
        let field = match words.next() {
            Some("name") => "name",
            Some("create_time" | "createTime") => "createTime",
            Some("update_time" | "updateTime") => "updateTime",
            _ => return Err(Error::field("order_by", "must name name, create_time or update_time.")),
        };
        let descending = match words.next() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Error::field("order_by", "a field may be followed by desc only.")),
        };
        keys.push((field, descending));
    }
    items.sort_by(|(_, a), (_, b)| {
        let text =
            |v: &Value, field: &str| v.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        keys.iter().fold(std::cmp::Ordering::Equal, |so_far, (field, descending)| {
            let one = text(a, field).cmp(&text(b, field));
            so_far.then(if *descending { one.reverse() } else { one })
        })
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn takes(filter: &str) -> Option<bool> {
        let instance = json!({"name": "projects/p/locations/us-central1/instances/a", "state": "ACTIVE",
            "labels": {"team": "x y"}, "createTime": "2026-01-01T00:00:00Z"});
        Filter::parse(filter, "Instance").ok().map(|f| f.takes(&instance))
    }

    #[test]
    fn filters() {
        for yes in [
            "",
            "state = ACTIVE",
            "state=\"ACTIVE\"",
            "state != PAUSED",
            "name:instances/a",
            "labels.team = 'x y'",
            "labels.team:x AND state=ACTIVE",
            "NOT state=PAUSED",
            "-labels.other:*",
            "labels.team:*",
            "create_time = \"2026-01-01T00:00:00Z\"",
            "kms_key = \"\"",
            "state=ACTIVE kmsKey!=x",
        ] {
            assert_eq!(takes(yes), Some(true), "{yes}");
        }
        for no in
            ["state=PAUSED", "labels.team:z", "NOT state=ACTIVE", "state=ACTIVE AND name:b", "labels.no=x"]
        {
            assert_eq!(takes(no), Some(false), "{no}");
        }
        for bad in [
            "state",
            "state=",
            "=x",
            "colour=red",
            "state ~ x",
            "host_config=x",
            "a AND",
            "state='x",
            "AND state=x",
        ] {
            assert_eq!(takes(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_filter_is_read_without_panic(text in "[a-z=!:'\"\\\\ .*-]{0,30}|\\PC{0,30}") {
            let _ = takes(&text);
        }
    }

    #[test]
    fn orders() {
        let mut items: Vec<((), Value)> =
            ["b", "a", "c"].map(|n| ((), json!({"name": n, "createTime": "t"}))).into();
        order(&mut items, "create_time, name desc").unwrap();
        assert_eq!(items.iter().map(|(_, v)| v["name"].as_str().unwrap()).collect::<String>(), "cba");
        assert!(order(&mut items, "size").is_err() && order(&mut items, "name up").is_err());
    }
}
