//! Properties of projects and builds, and the JSON patches that change them.

use crate::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Properties of one thing at most.
// CHOICE: the service's own bounds are not documented.
const MAX_PROPERTIES: usize = 200;
/// Characters of a name at most.
const MAX_NAME_CHARS: usize = 400;
/// Bytes of a value at most, as JSON.
const MAX_VALUE_BYTES: usize = 16 * 1024;

/// One operation of a patch.
#[derive(Clone, Debug, Deserialize)]
pub struct Patch {
    op: Value,
    path: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    value: Value,
}

/// The number that a client may send for an operation's name.
const OPERATIONS: crate::wire::words::Words = crate::wire::words::Words(&[
    ("add", 0),
    ("remove", 1),
    ("replace", 2),
    ("move", 3),
    ("copy", 4),
    ("test", 5),
]);

/// Applies a patch: all of it or, with an error, nothing that counts.
///
/// # Errors
/// [`Error::Invalid`] when an operation cannot be done.
pub fn patch(properties: &mut BTreeMap<String, Value>, operations: &[Patch]) -> Result<()> {
    for Patch { op, path, from, value } in operations {
        let name = name(path)?;
        let absent = || Error::invalid(format!("There is no property {}.", cut(&name)));
        match OPERATIONS.member("op of a patch", Some(op))?.unwrap_or("add") {
            // Docs: a null takes the property away.
            "add" | "replace" if value.is_null() => {
                properties.remove(&name);
            }
            "add" | "replace" => {
                properties.insert(name, checked(value)?);
            }
            "remove" => {
                properties.remove(&name).ok_or_else(absent)?;
            }
            "test" => {
                if properties.get(&name) != Some(value) {
                    let why = format!("The test of property {} failed.", cut(&name));
                    return Err(Error::invalid(why));
                }
            }
            word => {
                let from = self::name(from.as_deref().unwrap_or_default())?;
                let absent = || Error::invalid(format!("There is no property {}.", cut(&from)));
                let found = properties.get(&from).cloned().ok_or_else(absent)?;
                if word == "move" {
                    properties.remove(&from);
                }
                properties.insert(name, found);
            }
        }
    }
    if properties.len() > MAX_PROPERTIES {
        return Err(Error::invalid(format!("There are more than {MAX_PROPERTIES} properties.")));
    }
    Ok(())
}

/// The property that a JSON pointer names.
fn name(path: &str) -> Result<String> {
    let name = path.strip_prefix('/').unwrap_or(path).replace("~1", "/").replace("~0", "~");
    let good = (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control);
    if good { Ok(name) } else { Err(Error::invalid(format!("'{}' names no property.", cut(path)))) }
}

fn checked(value: &Value) -> Result<Value> {
    let plain = !value.is_object() && !value.is_array();
    if plain && value.to_string().len() <= MAX_VALUE_BYTES {
        return Ok(value.clone());
    }
    Err(Error::invalid("A property's value is a text, number or truth value of at most 16 KiB."))
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Those whose names are asked for: as they are, or with `*` for any run of characters; none asked for: all.
///
/// # Errors
/// [`Error::Invalid`] when a name is no pattern.
pub fn asked(of: &BTreeMap<String, Value>, names: Option<&[&str]>) -> Result<BTreeMap<String, Value>> {
    use parhelion_core::glob::{Dialect, Glob};
    let Some(names) = names else { return Ok(of.clone()) };
    let mut patterns = Vec::new();
    for name in names {
        let pattern = Glob::new(&name.to_lowercase(), &Dialect::STAR);
        patterns.push(pattern.map_err(|e| Error::invalid(format!("'{}' is no pattern: {e}.", cut(name))))?);
    }
    let wanted = |name: &str| patterns.iter().any(|p| p.matches(&name.to_lowercase()));
    Ok(of.iter().filter(|(name, _)| wanted(name)).map(|(n, v)| (n.clone(), v.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn done(start: Value, operations: Value) -> std::result::Result<Value, String> {
        let mut properties: BTreeMap<String, Value> = serde_json::from_value(start).unwrap();
        let operations: Vec<Patch> = serde_json::from_value(operations).unwrap();
        patch(&mut properties, &operations).map_err(|e| e.to_string())?;
        Ok(json!(properties))
    }

    #[test]
    fn patches_add_replace_move_and_remove() {
        for (operations, after) in [
            (json!([{ "op": "add", "path": "/b", "value": 2 }]), json!({ "a": "x", "b": 2 })),
            (json!([{ "op": 0, "path": "/a~1b", "value": true }]), json!({ "a": "x", "a/b": true })),
            (json!([{ "op": "Replace", "path": "/a", "value": null }]), json!({})),
            (json!([{ "op": "remove", "path": "/a" }]), json!({})),
            (json!([{ "op": "move", "path": "/b", "from": "/a" }]), json!({ "b": "x" })),
            (json!([{ "op": "copy", "path": "/b", "from": "/a" }]), json!({ "a": "x", "b": "x" })),
            (json!([{ "op": "test", "path": "/a", "value": "x" }]), json!({ "a": "x" })),
        ] {
            assert_eq!(done(json!({ "a": "x" }), operations), Ok(after));
        }
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for operation in [
            json!({ "op": "remove", "path": "/b" }),
            json!({ "op": "test", "path": "/a", "value": "y" }),
            json!({ "op": "spoil", "path": "/a" }),
            json!({ "op": "add", "path": "/", "value": 1 }),
            json!({ "op": "add", "path": "/b", "value": { "c": 1 } }),
            json!({ "op": "add", "path": "/b", "value": "x".repeat(20_000) }),
            json!({ "op": "copy", "path": "/b", "from": "/c" }),
            json!({ "op": "move", "path": "/b" }),
        ] {
            assert!(done(json!({ "a": "x" }), json!([operation])).is_err(), "{operation}");
        }
    }

    #[test]
    fn names_may_be_patterns() {
        let all = BTreeMap::from([("System.a".to_owned(), json!(1)), ("b".to_owned(), json!(2))]);
        let names = |names: &[&str]| asked(&all, Some(names)).unwrap().into_keys().collect::<Vec<_>>();
        assert_eq!(names(&["system.*"]), ["System.a"]);
        assert_eq!(names(&["B", "c"]), ["b"]);
        assert_eq!(asked(&all, None).unwrap().len(), 2);
    }

    proptest! {
        #[test]
        fn any_pointer_is_read_or_refused(path in r"[/~a\PC]{0,20}", value in ".{0,9}") {
            let operations = json!([{ "op": "add", "path": path, "value": value }]);
            if let Ok(after) = done(json!({}), operations) {
                prop_assert_eq!(after.as_object().unwrap().len(), 1);
            }
        }
    }
}
