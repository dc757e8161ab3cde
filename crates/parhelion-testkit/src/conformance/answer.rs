//! An answer against the model: its form, and every value in it.

use super::Protocol;
use super::cbor;
use super::datum::Datum;
use super::judge::Expected;
use super::model::{Model, Shape, Type};
use crate::Answer;

/// Refusals that an operation's list in the model has not, and that the specification (section 5) gives it.
const SEEN_BESIDE: [(&str, &str); 4] = [
    ("CreateCustomActionType", "InvalidActionTypeException"),
    ("CreateCustomActionType", "ActionTypeAlreadyExistsException"),
    ("UpdatePipeline", "ResourceNotFoundException"),
    ("ListTagsForResource", "ResourceNotFoundException"),
];

/// Bounds of the model that answers do not keep to: they are those of what a customer declares.
// Docs: the user guide gives some of AWS's own types 10 artifacts (CloudFormation, Commands).
const WIDER_IN_ANSWERS: [(&str, i64); 1] = [("MaximumArtifactCount", 10)];

/// What an answer is, when it is as the model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 200, and the output has the output's shape.
    Done,
    /// One of the operation's own exceptions.
    Refused,
    /// The model's constraints, told to the letter.
    Violations,
    /// A `SerializationException`.
    Serialization,
}

/// What an answer is, or how it differs from what the model says.
///
/// # Errors
/// A sentence on the first difference.
pub fn check(
    model: &Model,
    operation: &str,
    protocol: Protocol,
    expected: &Expected,
    answer: &Answer,
) -> Result<Kind, String> {
    if answer.header("x-amzn-requestid").is_empty() {
        return Err("no x-amzn-RequestId".to_owned());
    }
    if answer.status == 200 {
        if *expected != Expected::Accepted {
            return Err(format!("done, and expected was {expected:?}"));
        }
        return output(model, operation, protocol, answer).map(|()| Kind::Done);
    }
    let (code, message) = error(protocol, answer)?;
    let status = model.exception(&code).unwrap_or(400);
    if answer.status != status {
        return Err(format!("{code} with the status {}, not {status}", answer.status));
    }
    match expected {
        Expected::Serialization if code == "SerializationException" => Ok(Kind::Serialization),
        Expected::Violations(wanted) if code == "ValidationException" && message == *wanted => {
            Ok(Kind::Violations)
        }
        Expected::Accepted => {
            let listed = model.operations[operation].errors.contains(&code)
                || code == "ValidationException"
                || SEEN_BESIDE.contains(&(operation, code.as_str()));
            if code == "ValidationException" && message.contains("validation error") {
                Err(format!("refused by the constraints: {message}"))
            } else if listed && !message.is_empty() {
                Ok(Kind::Refused)
            } else {
                Err(format!("an exception that the operation does not have: {code}: {message}"))
            }
        }
        expected => Err(format!("{code}: {message}; expected was {expected:?}")),
    }
}

/// The exception and the message of an answer in the form of its protocol.
///
/// # Errors
/// How the form differs.
pub fn error(protocol: Protocol, answer: &Answer) -> Result<(String, String), String> {
    typed(protocol, answer)?;
    let body = body(protocol, answer)?;
    let Datum::Map(members) = &body else { return Err(format!("an error that is no map: {body:?}")) };
    let known = |name: &str| matches!(name, "__type" | "message" | "Type" | "Message");
    if members.iter().any(|(name, _)| !known(name)) {
        return Err(format!("an error with other members: {body:?}"));
    }
    let Some(Datum::Text(full)) = body.get("__type") else { return Err("no __type".to_owned()) };
    let code = match protocol {
        Protocol::Json => Some(full.as_str()),
        Protocol::Cbor => full.strip_prefix("com.amazonaws.codepipeline#"),
    };
    let code = code.filter(|code| code.chars().all(|c| c.is_ascii_alphanumeric()));
    let code = code.ok_or_else(|| format!("an error's __type of {full:?}"))?.to_owned();
    match body.get("message") {
        Some(Datum::Text(message)) => Ok((code, message.clone())),
        None => Ok((code, String::new())),
        other => Err(format!("a message of {other:?}")),
    }
}

/// The headers that every answer with a body has.
fn typed(protocol: Protocol, answer: &Answer) -> Result<(), String> {
    let wanted = match protocol {
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::Cbor => "application/cbor",
    };
    if answer.header("content-type") != wanted {
        return Err(format!("a content type of {:?}", answer.header("content-type")));
    }
    if protocol == Protocol::Cbor && answer.header("smithy-protocol") != "rpc-v2-cbor" {
        return Err("no smithy-protocol".to_owned());
    }
    Ok(())
}

fn body(protocol: Protocol, answer: &Answer) -> Result<Datum, String> {
    match protocol {
        Protocol::Json => {
            let value = serde_json::from_slice(&answer.body);
            value.map(|value| Datum::of_json(&value)).map_err(|e| format!("an answer that is no JSON: {e}"))
        }
        Protocol::Cbor => cbor::read(&answer.body).map_err(|e| format!("an answer that is no CBOR: {e}")),
    }
}

fn output(model: &Model, operation: &str, protocol: Protocol, answer: &Answer) -> Result<(), String> {
    let Some(name) = &model.operations[operation].output else {
        if !answer.body.is_empty() {
            return Err(format!("a body of {} bytes where there is no output", answer.body.len()));
        }
        let has_type = answer.headers.contains_key("content-type");
        return if protocol == Protocol::Cbor && has_type {
            Err("a content type without a body".to_owned())
        } else {
            Ok(())
        };
    };
    typed(protocol, answer)?;
    holds(model, model.shape(name), &body(protocol, answer)?, protocol, "the output")
}

/// Whether a value of an answer is what its shape says: types, required members, no unknown ones, values of an
/// enumeration, lengths, ranges and patterns.
fn holds(model: &Model, shape: &Shape, value: &Datum, protocol: Protocol, at: &str) -> Result<(), String> {
    let length = match (shape.r#type, value) {
        (Type::Structure, Datum::Map(entries)) => {
            for member in shape.members.iter().filter(|m| m.required) {
                value.get(&member.name).ok_or_else(|| format!("{at} has no {}", member.name))?;
            }
            for (name, value) in entries {
                let member = shape.members.iter().find(|m| m.name == *name);
                let member =
                    member.ok_or_else(|| format!("{at} has a {name}, which the model does not know"))?;
                let wider = WIDER_IN_ANSWERS.iter().find(|(shape, _)| *shape == member.shape);
                if !wider.is_some_and(|(_, max)| matches!(value, Datum::Int(n) if (0..=*max).contains(n))) {
                    holds(model, model.shape(&member.shape), value, protocol, &format!("{at}.{name}"))?;
                }
            }
            return Ok(());
        }
        (Type::List, Datum::List(items)) => {
            for (i, item) in items.iter().enumerate() {
                holds(model, model.item(shape), item, protocol, &format!("{at}[{i}]"))?;
            }
            items.len() as i64
        }
        (Type::Map, Datum::Map(entries)) => {
            for (name, value) in entries {
                let key = Datum::text(name);
                holds(model, model.key(shape), &key, protocol, &format!("{at}'s key {name:?}"))?;
                holds(model, model.value(shape), value, protocol, &format!("{at}[{name:?}]"))?;
            }
            entries.len() as i64
        }
        (Type::String, Datum::Text(text)) => {
            if !shape.r#enum.is_empty() && !shape.r#enum.contains(text) {
                return Err(format!("{at} is {text:?}, none of {:?}", shape.r#enum));
            }
            if shape.pattern.as_deref().is_some_and(|pattern| !model.matches(pattern, text)) {
                return Err(format!("{at} is {text:?}, against its pattern"));
            }
            text.chars().count() as i64
        }
        (Type::Integer, Datum::Int(n)) => *n,
        (Type::Boolean, Datum::Bool(_)) => return Ok(()),
        (Type::Timestamp, Datum::Time(n)) if protocol == Protocol::Cbor && n.is_finite() => return Ok(()),
        (Type::Timestamp, Datum::Float(_) | Datum::Int(_)) if protocol == Protocol::Json => return Ok(()),
        (kind, other) => return Err(format!("{at} is {other:?}, where a {kind:?} belongs")),
    };
    match (shape.min.filter(|min| length < *min), shape.max.filter(|max| length > *max)) {
        (None, None) => Ok(()),
        (min, max) => Err(format!("{at} is {length} long or great, and the bounds are {min:?} and {max:?}")),
    }
}
