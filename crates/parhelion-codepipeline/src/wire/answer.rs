//! Outputs and errors as answers: status, headers, bytes.

use super::shape::Output;
use super::value::{Members, Value};
use super::{Protocol, cbor, json11, refusal::Problem};
use http::{HeaderName, HeaderValue, header::CONTENT_TYPE};
use parhelion_http::{Body, Response};
use sha1::{Digest, Sha1};

/// Before the shape name in CBOR's `__type`.
const NAMESPACE: &str = "com.amazonaws.codepipeline#";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// Names the protocol in requests and answers.
pub(super) const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
/// The value of [`SMITHY_PROTOCOL`].
pub(super) const RPC_V2_CBOR: &str = "rpc-v2-cbor";

/// The answer to a call that went well.
pub(super) fn success(protocol: Protocol, form: Output, output: Vec<u8>, request_id: &str) -> Response {
    let bytes = match form {
        Output::None => None,
        Output::Empty => Some(match protocol {
            Protocol::Json => b"{}".to_vec(),
            Protocol::Cbor => vec![0xa0],
        }),
        Output::Members => Some(output),
    };
    // An answer without output has no Content-Type in CBOR; in JSON it keeps it.
    let typed = bytes.is_some() || protocol == Protocol::Json;
    finish(protocol, 200, typed.then_some(content_type(protocol)), bytes.unwrap_or_default(), request_id)
}

/// The answer to a call that went wrong.
pub(super) fn problem(protocol: Protocol, problem: Problem, request_id: &str) -> Response {
    let (code, status, message) = match problem {
        Problem::Typed { code, status, message } => (code, status, message),
        Problem::Untyped => {
            return finish(
                protocol,
                404,
                Some("text/xml"),
                b"<UnknownOperationException/>".to_vec(),
                request_id,
            );
        }
    };
    let name = match protocol {
        Protocol::Json => code.into_owned(),
        Protocol::Cbor => format!("{NAMESPACE}{code}"),
    };
    let mut members = Members::from([("__type".to_owned(), Value::Text(name))]);
    if let Some(message) = message {
        members.insert("message".to_owned(), Value::Text(message));
    }
    let body = Value::Map(members);
    let bytes = match protocol {
        Protocol::Json => json11::write(&body),
        Protocol::Cbor => cbor::write(&body),
    };
    finish(protocol, status, Some(content_type(protocol)), bytes, request_id)
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::Cbor => "application/cbor",
    }
}

fn finish(
    protocol: Protocol,
    status: u16,
    content_type: Option<&'static str>,
    bytes: Vec<u8>,
    request_id: &str,
) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&uuid_of(request_id)) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if protocol == Protocol::Cbor {
        headers.insert(SMITHY_PROTOCOL, HeaderValue::from_static(RPC_V2_CBOR));
    }
    response
}

/// AWS's request ids are uuids: ours when it is one, else one made of ours, the same each time.
pub(crate) fn uuid_of(request_id: &str) -> String {
    if let Ok(uuid) = uuid::Uuid::try_parse(request_id) {
        return uuid.to_string();
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha1::digest(request_id.as_bytes())[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
