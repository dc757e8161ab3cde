//! What behaviours and paces may say of this surface's simulated work. Docs: section 6 of its specification.

use crate::domain::deploy_targets;
use parhelion_core::Scripting;
use serde_json::{Map, Value};

/// Members of every outcome.
const ANY: [&str; 8] = [
    "delay",
    "summary",
    "externalExecutionId",
    "externalExecutionUrl",
    "outputVariables",
    "revision",
    "percentComplete",
    "deployTargets",
];

/// Those of `fail`.
const FAIL: [&str; 10] = {
    let mut all = ["code", "message", "", "", "", "", "", "", "", ""];
    let mut n = 0;
    while n < ANY.len() {
        all[n + 2] = ANY[n];
        n += 1;
    }
    all
};

/// What this surface understands.
pub const SCRIPTING: Scripting = Scripting {
    members: &["pipeline", "stage", "action", "category", "provider", "executionId", "rule"],
    outcomes: &[("succeed", &ANY), ("fail", &FAIL), ("hang", &ANY)],
    kinds: &["action", "job"],
    check,
};

/// Bytes of a text in an outcome.
const TEXT_BYTES: usize = 2048;

fn check(_outcome: &str, members: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in members {
        match name.as_str() {
            "delay" => {}
            "percentComplete" => match value.as_u64() {
                Some(0..=100) => {}
                _ => return Err(format!("\"{name}\" is a whole number from 0 to 100")),
            },
            "outputVariables" => texts(name, value, None)?,
            "revision" => texts(name, value, Some(&["revisionId", "summary", "url", "created"]))?,
            "deployTargets" => match value.as_array() {
                Some(targets) => deploy_targets::check(targets)?,
                None => return Err(format!("\"{name}\" is a list of objects")),
            },
            _ => text(name, value)?,
        }
    }
    Ok(())
}

fn text(name: &str, value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some(text) if text.len() <= TEXT_BYTES => Ok(()),
        _ => Err(format!("\"{name}\" is a text of at most {TEXT_BYTES} bytes")),
    }
}

fn texts(name: &str, value: &Value, known: Option<&[&str]>) -> Result<(), String> {
    let members = value.as_object().ok_or_else(|| format!("\"{name}\" is an object of texts"))?;
    for (member, value) in members {
        if let Some(known) = known.filter(|known| !known.contains(&member.as_str())) {
            return Err(format!("\"{name}\" has no member \"{member}\"; known: {}", known.join(", ")));
        }
        text(&format!("{name}.{member}"), value)?;
        if known.is_some() && member == "created" && value.as_str().is_none_or(|at| !is_time(at)) {
            return Err(format!("\"{name}.{member}\" is a time: RFC 3339, as in 2026-01-31T12:00:00Z"));
        }
    }
    Ok(())
}

fn is_time(text: &str) -> bool {
    text.parse::<parhelion_core::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_have_their_forms() {
        let check = |members: Value| check("fail", members.as_object().unwrap());
        let good = json!({
            "code": "JobFailed", "message": "m", "delay": "5s", "summary": "s", "externalExecutionId": "x",
            "externalExecutionUrl": "u", "outputVariables": {"A": "1"}, "percentComplete": 40,
            "revision": {"revisionId": "r", "summary": "s", "url": "u", "created": "2026-01-31T12:00:00Z"},
            "deployTargets": [{"targetId": "t"}],
        });
        assert_eq!(check(good.clone()), Ok(()));
        let all = good.as_object().unwrap();
        assert!(all.keys().all(|name| FAIL.contains(&name.as_str())) && all.len() == FAIL.len());
        for (bad, says) in [
            (json!({"message": 5}), "\"message\" is a text"),
            (json!({"summary": "x".repeat(TEXT_BYTES + 1)}), "2048 bytes"),
            (json!({"percentComplete": 101}), "0 to 100"),
            (json!({"percentComplete": "4"}), "0 to 100"),
            (json!({"outputVariables": {"A": 1}}), "\"outputVariables.A\""),
            (json!({"outputVariables": []}), "object of texts"),
            (json!({"revision": {"id": "r"}}), "no member \"id\"; known: revisionId"),
            (json!({"revision": {"created": "now"}}), "\"revision.created\" is a time"),
            (json!({"deployTargets": {}}), "list of objects"),
            (json!({"deployTargets": ["t"]}), "holds objects"),
        ] {
            let said = check(bad).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
    }
}
