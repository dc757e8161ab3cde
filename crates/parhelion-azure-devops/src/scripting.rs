//! What behaviours and paces may say of this surface's simulated work (azure-devops.md 6).

use parhelion_core::Scripting;
use serde_json::{Map, Value};

/// Members of every outcome of something that runs.
const ANY: [&str; 5] = ["delay", "outputs", "variables", "log", "issues"];
/// Of a failure also what every surface takes (control.md 9): the message is one more error among the issues.
const FAIL: [&str; 7] = ["delay", "outputs", "variables", "log", "issues", "code", "message"];

/// What this surface understands.
// CHOICE: an outcome whose `match` has no `step` is about the job; its first step carries it.
pub const SCRIPTING: Scripting = Scripting {
    members: &["project", "pipeline", "stage", "job", "step", "attempt", "check"],
    outcomes: &[
        ("succeed", &ANY),
        ("succeed_with_issues", &ANY),
        ("fail", &FAIL),
        ("cancel", &ANY),
        ("skip", &[]),
        ("hang", &["outputs", "variables", "log", "issues"]),
    ],
    kinds: &["run", "job", "step", "operation"],
    check,
};

/// Bytes of a text in an outcome.
const TEXT_BYTES: usize = 32 * 1024;
/// Lines, issues or outputs of an outcome.
const MAX_ITEMS: usize = 1_000;

fn check(_outcome: &str, members: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in members {
        match name.as_str() {
            "outputs" | "variables" => {
                let texts = value.as_object().filter(|o| o.len() <= MAX_ITEMS);
                let texts = texts.ok_or(format!("\"{name}\" is an object of at most {MAX_ITEMS} texts"))?;
                for (member, value) in texts {
                    text(&format!("{name}.{member}"), value)?;
                }
            }
            "log" => list(name, value)?.iter().try_for_each(|line| text("log", line))?,
            "issues" => list(name, value)?.iter().try_for_each(issue)?,
            "code" | "message" => text(name, value)?,
            _ => {}
        }
    }
    Ok(())
}

fn list<'v>(name: &str, value: &'v Value) -> Result<&'v Vec<Value>, String> {
    let list = value.as_array().filter(|list| list.len() <= MAX_ITEMS);
    list.ok_or_else(|| format!("\"{name}\" is a list of at most {MAX_ITEMS}"))
}

fn text(name: &str, value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some(text) if text.len() <= TEXT_BYTES => Ok(()),
        _ => Err(format!("\"{name}\" is a text of at most {TEXT_BYTES} bytes")),
    }
}

fn issue(value: &Value) -> Result<(), String> {
    let members = value.as_object().ok_or("\"issues\" holds objects with \"type\" and \"message\"")?;
    if let Some(other) = members.keys().find(|name| !["type", "message"].contains(&name.as_str())) {
        return Err(format!("an issue has no member \"{other}\"; known: type, message"));
    }
    if !matches!(value["type"].as_str(), Some("error" | "warning")) {
        return Err("the \"type\" of an issue is error or warning".to_owned());
    }
    text("issues.message", &value["message"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_have_their_forms() {
        let check = |members: Value| check("fail", members.as_object().unwrap());
        let good = json!({
            "delay": "5s", "outputs": { "a": "1" }, "variables": { "b": "2" }, "log": ["line"],
            "issues": [{ "type": "error", "message": "m" }], "code": "c", "message": "m",
        });
        assert_eq!(check(good), Ok(()));
        for (bad, says) in [
            (json!({ "outputs": { "a": 1 } }), "\"outputs.a\" is a text"),
            (json!({ "outputs": [] }), "an object"),
            (json!({ "variables": { "a": 1 } }), "\"variables.a\" is a text"),
            (json!({ "message": 1 }), "\"message\" is a text"),
            (json!({ "log": "x" }), "\"log\" is a list"),
            (json!({ "log": [1] }), "\"log\" is a text"),
            (json!({ "log": vec!["x"; MAX_ITEMS + 1] }), "at most 1000"),
            (json!({ "log": ["x".repeat(TEXT_BYTES + 1)] }), "32768 bytes"),
            (json!({ "issues": [1] }), "holds objects"),
            (json!({ "issues": [{ "type": "info", "message": "m" }] }), "error or warning"),
            (json!({ "issues": [{ "type": "error" }] }), "\"issues.message\""),
            (json!({ "issues": [{ "type": "error", "message": "m", "x": 1 }] }), "no member \"x\""),
        ] {
            let said = check(bad).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
    }
}
