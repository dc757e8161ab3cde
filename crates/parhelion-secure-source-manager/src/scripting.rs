//! What behaviours and paces may say of this surface's one kind of simulated work: long-running operations.

use crate::error::CODES;
use parhelion_core::Scripting;
use serde_json::{Map, Value};

/// What this surface understands. `resource` is a collection (`instances`), `target` a full resource name.
pub const SCRIPTING: Scripting = Scripting {
    members: &["kind", "verb", "resource", "target"],
    outcomes: &[("succeed", &["delay"]), ("fail", &["delay", "code", "message"]), ("hang", &[])],
    kinds: &["operation"],
    check,
};

/// Bytes of a message.
const TEXT_BYTES: usize = 2048;

fn check(_outcome: &str, members: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in members {
        match (name.as_str(), value.as_str()) {
            ("code", Some(code)) if CODES.iter().any(|(_, name, _)| *name == code) => {}
            ("code", _) => {
                let known: Vec<&str> = CODES.iter().map(|(_, name, _)| *name).collect();
                return Err(format!("\"code\" is one of {}", known.join(", ")));
            }
            ("message", text) if text.is_none_or(|t| t.len() > TEXT_BYTES) => {
                return Err(format!("\"message\" is a text of at most {TEXT_BYTES} bytes"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn codes_are_those_of_grpc() {
        let judge = |value: Value| check("fail", value.as_object().unwrap());
        assert_eq!(judge(json!({"code": "ABORTED", "message": "m", "delay": "1s"})), Ok(()));
        assert!(judge(json!({"code": "aborted"})).unwrap_err().contains("ABORTED"));
        assert!(judge(json!({"message": 1})).is_err());
    }
}
