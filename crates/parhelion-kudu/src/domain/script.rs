//! Scripted outcomes of simulated work: deployments and WebJobs.

use parhelion_core::Scripting;
use serde_json::{Map, Value};

/// What this surface understands of behaviours and pace.
pub const SCRIPTING: Scripting = Scripting {
    members: &["kind", "deployer", "job"],
    outcomes: &[("succeed", &["delay", "log"]), ("fail", &["message", "delay", "log"]), ("hang", &["log"])],
    kinds: &["deployment", "webjob"],
    check,
};

fn check(_: &str, members: &Map<String, Value>) -> Result<(), String> {
    if members.get("message").is_some_and(|message| !message.is_string()) {
        return Err("\"message\" is a text".to_owned());
    }
    match members.get("log") {
        Some(log) if lines(log).is_none() => Err("\"log\" is a text or a list of texts".to_owned()),
        _ => Ok(()),
    }
}

/// The lines of an outcome's `log`.
pub fn lines(log: &Value) -> Option<Vec<String>> {
    match log {
        Value::String(text) => Some(text.lines().map(str::to_owned).collect()),
        Value::Array(lines) => lines.iter().map(|line| line.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}
