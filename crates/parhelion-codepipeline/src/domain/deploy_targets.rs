//! What a deployment was deployed to, as a behaviour says it (section 6 of the specification): the API's own shape,
//! times written as RFC 3339.

use super::engine::records::Run;
use crate::shapes::{DeployActionExecutionTarget, DeployTargetEvent, DeployTargetEventContext};
use crate::wire::value::EpochSeconds;
use parhelion_core::Timestamp;
use serde_json::{Map, Value};

/// Most targets that one outcome may name.
pub const TARGETS_MAX: usize = 1000;
/// Most events of a target.
const EVENTS_MAX: usize = 100;
/// Bytes of a text.
const TEXT_BYTES: usize = 2048;

const TARGET: [&str; 6] = ["targetId", "targetType", "status", "startTime", "endTime", "events"];
const EVENT: [&str; 5] = ["name", "status", "startTime", "endTime", "context"];
const CONTEXT: [&str; 2] = ["ssmCommandId", "message"];

/// Whether a list of targets can be shown.
///
/// # Errors
/// What is wrong, naming the member.
pub fn check(targets: &[Value]) -> Result<(), String> {
    if targets.len() > TARGETS_MAX {
        return Err(format!("\"deployTargets\" has at most {TARGETS_MAX} entries"));
    }
    for target in targets {
        let target = members("deployTargets", target, &TARGET)?;
        if target.get("targetId").is_none() {
            return Err("each of \"deployTargets\" has a \"targetId\"".to_owned());
        }
        let events = match target.get("events") {
            None => &Vec::new(),
            Some(Value::Array(events)) if events.len() <= EVENTS_MAX => events,
            Some(_) => {
                return Err(format!("\"deployTargets.events\" is a list of at most {EVENTS_MAX} entries"));
            }
        };
        for event in events {
            let event = members("deployTargets.events", event, &EVENT)?;
            if let Some(context) = event.get("context") {
                members("deployTargets.events.context", context, &CONTEXT)?;
            }
        }
    }
    Ok(())
}

fn members<'a>(name: &str, value: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let object = value.as_object().ok_or_else(|| format!("\"{name}\" holds objects"))?;
    for (member, value) in object {
        let path = format!("{name}.{member}");
        match (member.as_str(), value) {
            (member, _) if !known.contains(&member) => {
                return Err(format!("\"{name}\" has no member \"{member}\"; known: {}", known.join(", ")));
            }
            ("events" | "context", _) => {}
            ("startTime" | "endTime", value)
                if value.as_str().is_none_or(|at| at.parse::<Timestamp>().is_err()) =>
            {
                return Err(format!("\"{path}\" is a time: RFC 3339, as in 2026-01-31T12:00:00Z"));
            }
            (_, value) if value.as_str().is_none_or(|text| text.len() > TEXT_BYTES) => {
                return Err(format!("\"{path}\" is a text of at most {TEXT_BYTES} bytes"));
            }
            _ => {}
        }
    }
    Ok(object)
}

/// The targets of a run.
pub fn of(run: &Run) -> Vec<DeployActionExecutionTarget> {
    run.more.iter().flat_map(|more| &more.targets).map(target).collect()
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned)
}
fn time(object: &Map<String, Value>, name: &str) -> Option<EpochSeconds> {
    let at: Timestamp = object.get(name)?.as_str()?.parse().ok()?;
    Some(at.into())
}

fn target(given: &Map<String, Value>) -> DeployActionExecutionTarget {
    let events =
        given.get("events").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    DeployActionExecutionTarget {
        target_id: text(given, "targetId"),
        target_type: text(given, "targetType"),
        status: text(given, "status"),
        start_time: time(given, "startTime"),
        end_time: time(given, "endTime"),
        events: Some(events.map(event).collect()),
    }
}

fn event(given: &Map<String, Value>) -> DeployTargetEvent {
    let context = given.get("context").and_then(Value::as_object);
    DeployTargetEvent {
        name: text(given, "name"),
        status: text(given, "status"),
        start_time: time(given, "startTime"),
        end_time: time(given, "endTime"),
        context: context.map(|context| DeployTargetEventContext {
            ssm_command_id: text(context, "ssmCommandId"),
            message: text(context, "message"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_cannot_be_shown_is_named() {
        for (bad, says) in [
            (json!(["t"]), "holds objects"),
            (json!([{}]), "\"targetId\""),
            (json!([{"targetId": 1}]), "\"deployTargets.targetId\" is a text"),
            (json!([{"targetId": "t", "state": "x"}]), "no member \"state\""),
            (json!([{"targetId": "t", "startTime": "now"}]), "\"deployTargets.startTime\" is a time"),
            (json!([{"targetId": "t", "events": {}}]), "is a list"),
            (json!([{"targetId": "t", "events": [{"nam": "x"}]}]), "no member \"nam\""),
            (json!([{"targetId": "t", "events": [{"context": {"x": "y"}}]}]), "no member \"x\""),
        ] {
            let said = check(bad.as_array().unwrap()).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
    }
}
