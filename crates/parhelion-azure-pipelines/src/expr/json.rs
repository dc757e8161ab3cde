//! `convertToJson`: two blanks a level, LF, names in their order.

use super::{
    budget::{Budget, Fail, Text},
    convert::to_text,
    value::Value,
};

/// Writes a value as JSON.
pub(super) fn write(value: &Value, budget: &Budget) -> Result<String, Fail> {
    let mut out = Text::new(budget);
    put(value, 0, &mut out)?;
    Ok(out.done())
}

/// Recursion is bounded by the depth of values, which is that of files and of JSON readers.
fn put(value: &Value, level: usize, out: &mut Text<'_>) -> Result<(), Fail> {
    match value {
        Value::Null => out.push("null"),
        Value::Boolean(b) => out.push(if *b { "true" } else { "false" }),
        Value::Number(_) => out.push(&to_text(value)?),
        // CHOICE: a version is a string.
        Value::String(_) | Value::Version(_) | Value::DateTime(_) => out.push(&quoted(&to_text(value)?)),
        Value::Array(items) if items.is_empty() => out.push("[]"),
        Value::Array(items) => {
            out.push("[")?;
            for (n, item) in items.iter().enumerate() {
                line(n, level + 1, out)?;
                put(item, level + 1, out)?;
            }
            line(0, level, out)?;
            out.push("]")
        }
        Value::Object(object) if object.entries().is_empty() => out.push("{}"),
        Value::Object(object) => {
            out.push("{")?;
            for (n, (name, item)) in object.entries().iter().enumerate() {
                line(n, level + 1, out)?;
                out.push(&quoted(name))?;
                out.push(": ")?;
                put(item, level + 1, out)?;
            }
            line(0, level, out)?;
            out.push("}")
        }
    }
}

fn line(n: usize, level: usize, out: &mut Text<'_>) -> Result<(), Fail> {
    out.push(if n > 0 { ",\n" } else { "\n" })?;
    out.push(&"  ".repeat(level))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
