//! From a REST request's parts to its message: proto3 JSON, with Google's words for what is wrong.

use crate::wire::routes::Variables;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};
use serde_json::Value as Json;

/// Why a request is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// The body is no JSON.
    #[error("Invalid JSON payload received. {0}")]
    Json(String),
    /// A member that the message does not have.
    #[error("Invalid JSON payload received. Unknown name \"{name}\"{}: Cannot find field.", at(path))]
    Unknown {
        /// Its name.
        name: String,
        /// Where.
        path: String,
    },
    /// A query key that the message does not have.
    #[error(
        "Invalid JSON payload received. Unknown name \"{0}\": Cannot bind query parameter. Field '{0}' could not be \
         found in request message."
    )]
    Query(String),
    /// A value of another type.
    #[error("Invalid value at '{path}' ({expected}), {found}")]
    Value {
        /// Where.
        path: String,
        /// The type.
        expected: String,
        /// What was there.
        found: String,
    },
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at '{path}'") }
}

impl BadRequest {
    /// The same for the journal, which keeps no value of the one secret field.
    pub fn told(&self) -> String {
        match self {
            BadRequest::Value { path, expected, .. } if path.contains("sensitive_query_string") => {
                format!("Invalid value at '{path}' ({expected})")
            }
            other => other.to_string(),
        }
    }
    /// The field that it is about.
    pub fn field(&self) -> &str {
        match self {
            BadRequest::Json(_) | BadRequest::Query(_) => "",
            BadRequest::Unknown { path, .. } | BadRequest::Value { path, .. } => path,
        }
    }
}

/// Query keys that all of Google's APIs take, and that change nothing here.
const SYSTEM: [&str; 13] = [
    "$alt",
    "alt",
    "$.xgafv",
    "access_token",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
    "$prettyPrint",
];

/// The request message of a route. The path has the last word over the body.
pub fn request(
    input: MessageDescriptor,
    body_field: &str,
    variables: Variables,
    query: &str,
    body: &[u8],
) -> Result<DynamicMessage, BadRequest> {
    let mut message = DynamicMessage::new(input);
    if !body_field.is_empty() && !body.is_empty() {
        let json: Json = serde_json::from_slice(body).map_err(|e| BadRequest::Json(format!("{e}.")))?;
        if body_field == "*" {
            fill(&mut message, json, "")?;
        } else if let Some(field) = message.descriptor().get_field_by_name(body_field) {
            set(&mut message, &field, json, body_field)?;
        }
    }
    let mut lists: Vec<(String, Vec<Json>)> = Vec::new();
    for (key, value) in pairs(query) {
        if SYSTEM.contains(&key.as_str()) {
            continue;
        }
        match lists.iter_mut().find(|(k, _)| *k == key) {
            Some((_, values)) => values.push(value.into()),
            None => lists.push((key, vec![value.into()])),
        }
    }
    for (key, values) in lists {
        put(&mut message, &key, values, &key)?;
    }
    for (field, value) in variables {
        put(&mut message, &field, vec![value.into()], &field)?;
    }
    Ok(message)
}

/// Sets a field that a query key or path variable names, dotted for an inner one.
fn put(
    message: &mut DynamicMessage,
    key: &str,
    mut values: Vec<Json>,
    whole: &str,
) -> Result<(), BadRequest> {
    let unknown = || BadRequest::Query(parhelion_core::text::prefix(whole, 200).to_owned());
    let (first, rest) = key.split_once('.').map_or((key, None), |(f, r)| (f, Some(r)));
    let field = field(&message.descriptor(), first).ok_or_else(unknown)?;
    if let Some(rest) = rest {
        return match message.get_field_mut(&field) {
            Value::Message(inner) if !is_well_known(&inner.descriptor()) => put(inner, rest, values, whole),
            _ => Err(unknown()),
        };
    }
    let path = whole.replace(key, field.name());
    let json = if field.is_list() { Json::Array(values) } else { values.pop().unwrap_or(Json::Null) };
    set(message, &field, json, &path)
}

/// A query's keys and values, decoded.
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    })
}

/// A field by its JSON name or its own.
fn field(of: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    of.get_field_by_json_name(name).or_else(|| of.get_field_by_name(name))
}

fn is_well_known(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("google.protobuf.")
}

fn fill(message: &mut DynamicMessage, json: Json, path: &str) -> Result<(), BadRequest> {
    let Json::Object(members) = json else {
        return Err(wrong(path, &format!("type.googleapis.com/{}", message.descriptor().full_name()), &json));
    };
    for (name, value) in members {
        let Some(field) = field(&message.descriptor(), &name) else {
            let name = parhelion_core::text::prefix(&name, 200).to_owned();
            return Err(BadRequest::Unknown { name, path: path.to_owned() });
        };
        let path = if path.is_empty() { field.name().to_owned() } else { format!("{path}.{}", field.name()) };
        set(message, &field, value, &path)?;
    }
    Ok(())
}

fn set(
    message: &mut DynamicMessage,
    field: &FieldDescriptor,
    json: Json,
    path: &str,
) -> Result<(), BadRequest> {
    // Null is the default, everywhere.
    if json.is_null() {
        message.clear_field(field);
        return Ok(());
    }
    let value = if field.is_map() {
        map(field, json, path)?
    } else if field.is_list() {
        let Json::Array(items) = json else { return Err(wrong(path, &type_name(&field.kind()), &json)) };
        let items = items.into_iter().enumerate();
        let items = items.map(|(n, item)| one(&field.kind(), item, &format!("{path}[{n}]")));
        Value::List(items.collect::<Result<_, _>>()?)
    } else {
        one(&field.kind(), json, path)?
    };
    message.set_field(field, value);
    Ok(())
}

fn map(field: &FieldDescriptor, json: Json, path: &str) -> Result<Value, BadRequest> {
    let kind = field.kind();
    let (Json::Object(members), Some(entry)) = (&json, kind.as_message()) else {
        return Err(wrong(path, &type_name(&kind), &json));
    };
    let value_kind = entry.map_entry_value_field().kind();
    let entries = members.iter().map(|(key, value)| {
        // All maps of this API have text for keys.
        Ok((MapKey::String(key.clone()), one(&value_kind, value.clone(), &format!("{path}.{key}"))?))
    });
    Ok(Value::Map(entries.collect::<Result<_, _>>()?))
}

fn one(kind: &Kind, json: Json, path: &str) -> Result<Value, BadRequest> {
    let bad = |json: &Json| wrong(path, &type_name(kind), json);
    match (kind, &json) {
        (Kind::String, Json::String(text)) => Ok(Value::String(text.clone())),
        // Docs: proto3 JSON, either alphabet of base64, padded or not.
        (Kind::Bytes, Json::String(text)) => {
            let standard = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
            STANDARD_NO_PAD.decode(standard).map(|b| Value::Bytes(b.into())).map_err(|_| bad(&json))
        }
        (Kind::Bool, Json::Bool(yes)) => Ok(Value::Bool(*yes)),
        // From a query; Python writes them with a capital.
        (Kind::Bool, Json::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
        (Kind::Bool, Json::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
        (Kind::Int32, _) => {
            integer(&json).and_then(|n| i32::try_from(n).ok()).map(Value::I32).ok_or_else(|| bad(&json))
        }
        (Kind::Int64, _) => integer(&json).map(Value::I64).ok_or_else(|| bad(&json)),
        (Kind::Enum(of), Json::String(name)) => match (of.get_value_by_name(name), name.parse()) {
            (Some(value), _) => Ok(Value::EnumNumber(value.number())),
            (None, Ok(number)) => Ok(Value::EnumNumber(number)),
            (None, Err(_)) => Err(bad(&json)),
        },
        (Kind::Enum(_), _) => integer(&json)
            .and_then(|n| i32::try_from(n).ok())
            .map(Value::EnumNumber)
            .ok_or_else(|| bad(&json)),
        (Kind::Message(of), Json::String(paths)) if of.full_name() == "google.protobuf.FieldMask" => {
            let mut mask = DynamicMessage::new(of.clone());
            let paths = paths.split(',').map(str::trim).filter(|p| !p.is_empty());
            mask.set_field_by_name(
                "paths",
                Value::List(paths.map(|p| Value::String(p.to_owned())).collect()),
            );
            Ok(Value::Message(mask))
        }
        (Kind::Message(of), _) if is_well_known(of) => {
            DynamicMessage::deserialize(of.clone(), json.clone()).map(Value::Message).map_err(|_| bad(&json))
        }
        (Kind::Message(of), _) => {
            let mut message = DynamicMessage::new(of.clone());
            fill(&mut message, json, path)?;
            Ok(Value::Message(message))
        }
        _ => Err(bad(&json)),
    }
}

/// Integers may stand as numbers or as text.
fn integer(json: &Json) -> Option<i64> {
    match json {
        Json::Number(n) => n.as_i64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::String => "TYPE_STRING".to_owned(),
        Kind::Bool => "TYPE_BOOL".to_owned(),
        Kind::Int32 => "TYPE_INT32".to_owned(),
        Kind::Int64 => "TYPE_INT64".to_owned(),
        Kind::Enum(of) => format!("type.googleapis.com/{}", of.full_name()),
        Kind::Message(of) => format!("type.googleapis.com/{}", of.full_name()),
        other => format!("TYPE_{}", format!("{other:?}").to_ascii_uppercase()),
    }
}

fn wrong(path: &str, expected: &str, found: &Json) -> BadRequest {
    let found = found.to_string();
    let found = parhelion_core::text::prefix(&found, 100).to_owned();
    BadRequest::Value { path: path.to_owned(), expected: expected.to_owned(), found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto;
    use proptest::prelude::*;

    fn read(message: &str, field: &str, query: &str, body: &str) -> Result<String, BadRequest> {
        let input = proto::descriptor(message).unwrap();
        request(input, field, vec![], query, body.as_bytes()).map(|m| proto::to_json(&m).to_string())
    }

    #[test]
    fn both_spellings_names_and_numbers() {
        let body = r#"{"targetUri":"http://x","events":[1,"PULL_REQUEST"],"push_option":{"branchFilter":"main"},"uid":null}"#;
        let got =
            read("CreateHookRequest", "hook", "hook_id=a&%24alt=json%3Benum-encoding%3Dint&parent=p", body)
                .unwrap();
        let expected = r#"{"parent":"p","hook":{"targetUri":"http://x","events":["PUSH","PULL_REQUEST"],"pushOption":{"branchFilter":"main"}},"hookId":"a"}"#;
        assert_eq!(got, expected);
        let mask = "updateMask=push_option.branch_filter,targetUri,*";
        let got =
            request(proto::descriptor("UpdateHookRequest").unwrap(), "hook", vec![], mask, b"{}").unwrap();
        let got = got.transcode_to::<proto::v1::UpdateHookRequest>().unwrap();
        assert_eq!(got.update_mask.unwrap().paths, ["push_option.branch_filter", "targetUri", "*"]);
        let got = read("ListHooksRequest", "", "pageSize=5&page_token=a+b%2B", "").unwrap();
        assert_eq!(got, r#"{"pageSize":5,"pageToken":"a b+"}"#);
        assert!(read("DeleteInstanceRequest", "", "force=True", "").unwrap().contains("true"));
        let got = read(
            "CreateInstanceRequest",
            "instance",
            "",
            r#"{"labels":{"a":"b"},"createTime":"2026-01-01T00:00:00Z"}"#,
        );
        assert_eq!(got.unwrap(), r#"{"instance":{"createTime":"2026-01-01T00:00:00Z","labels":{"a":"b"}}}"#);
    }

    #[test]
    fn bytes_are_base64_of_either_alphabet() {
        let of = |text: &str| {
            let input = proto::POOL.get_message_by_name("google.iam.v1.SetIamPolicyRequest").unwrap();
            let body = format!(r#"{{"policy":{{"etag":"{text}"}}}}"#);
            let got = request(input, "*", vec![], "", body.as_bytes());
            got.map(|m| m.transcode_to::<proto::iam::SetIamPolicyRequest>().unwrap().policy.unwrap().etag)
        };
        assert_eq!(of("ACAB").unwrap(), [0, 0x20, 1]);
        assert_eq!(of("-_8=").unwrap(), [0xfb, 0xff]);
        assert_eq!(of("+/8").unwrap(), [0xfb, 0xff]);
        assert_eq!(of("??").unwrap_err().to_string(), "Invalid value at 'policy.etag' (TYPE_BYTES), \"??\"");
    }

    #[test]
    fn the_path_has_the_last_word() {
        let input = proto::descriptor("UpdateHookRequest").unwrap();
        let variables = vec![("hook.name".to_owned(), "from path".to_owned())];
        let got = request(input, "hook", variables, "", br#"{"name":"from body","disabled":true}"#).unwrap();
        assert_eq!(proto::to_json(&got).to_string(), r#"{"hook":{"name":"from path","disabled":true}}"#);
    }

    #[test]
    fn what_is_wrong_is_said_in_googles_words() {
        let hook = |body: &str| read("CreateHookRequest", "hook", "", body).unwrap_err().to_string();
        assert_eq!(
            hook(r#"{"colour":1}"#),
            r#"Invalid JSON payload received. Unknown name "colour" at 'hook': Cannot find field."#
        );
        assert_eq!(
            hook(r#"{"disabled":"maybe"}"#),
            r#"Invalid value at 'hook.disabled' (TYPE_BOOL), "maybe""#
        );
        assert_eq!(hook(r#"{"targetUri":5}"#), "Invalid value at 'hook.target_uri' (TYPE_STRING), 5");
        assert_eq!(
            hook(r#"{"events":["PUSHED"]}"#),
            r#"Invalid value at 'hook.events[0]' (type.googleapis.com/google.cloud.securesourcemanager.v1.Hook.HookEventType), "PUSHED""#
        );
        assert_eq!(
            hook("[]"),
            "Invalid value at 'hook' (type.googleapis.com/google.cloud.securesourcemanager.v1.Hook), []"
        );
        assert!(hook("{").starts_with("Invalid JSON payload received. "));
        assert!(hook(r#"{"createTime":"yesterday"}"#).contains("google.protobuf.Timestamp"));
        let query = |query: &str| read("ListHooksRequest", "", query, "").unwrap_err().to_string();
        assert_eq!(
            query("colour=1"),
            "Invalid JSON payload received. Unknown name \"colour\": Cannot bind query parameter. Field 'colour' could not be found in request message."
        );
        assert_eq!(query("pageSize=many"), "Invalid value at 'page_size' (TYPE_INT32), \"many\"");
        assert!(query("parent.x=1").contains("Cannot bind query parameter"));
        assert!(read("CreateHookRequest", "hook", "", &"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_body_and_query_are_read_without_panic(body in "[\\[\\]{}\":,a-z0-9]{0,40}", query in "[a-zA-Z=&.%0-9]{0,30}") {
            let _ = read("CreateInstanceRequest", "instance", &query, &body);
            let _ = read("UpdateRepositoryRequest", "repository", &query, &body);
        }
    }
}
