//! REST: a request becomes a message, a row of the table answers it, the answer becomes JSON.

use crate::{
    error::{Code, Error},
    proto,
    wire::{
        Server,
        call::{NO_CREDENTIALS, call, refused},
        json::{self, BadRequest},
        routes,
    },
};
use http::request::Parts;
use parhelion_core::limits;
use parhelion_http::{Body, BodyError, Head, Named, Response, answer as respond, read_body};
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use std::sync::Arc;

const JSON: &str = "application/json; charset=UTF-8";

/// Answers a request of the API.
pub async fn answer(server: &Arc<Server>, parts: Parts, body: Body) -> Response {
    let head = Head::of(&parts);
    let found = routes::find(parts.method.as_str(), parts.uri.path());
    let Some(world) = server.world(head) else { return error(404, "NOT_FOUND", "Not Found", Vec::new()) };
    let context = server.context(world, head, &parts.headers);
    let Some((route, variables)) = found else {
        let path = parhelion_core::text::prefix(parts.uri.path(), 500);
        refused(&context, "", "", format!("the API has no method for {} {path}", parts.method));
        // Google's front end has no 405 here.
        return error(404, "NOT_FOUND", "Not Found", Vec::new());
    };
    let operation = route.row.info.name;
    if server.turns_away(&parts.headers) {
        refused(&context, operation, "", NO_CREDENTIALS.to_owned());
        return error(401, "UNAUTHENTICATED", NO_CREDENTIALS, Vec::new());
    }
    let scope = variables.first().map(|(_, name)| name.clone()).unwrap_or_default();
    let named = Named { operation: operation.into(), tenant: context.tenant(&scope).0 };

    let body = if route.body.is_empty() {
        Ok(Default::default())
    } else {
        read_body(body, limits::BODY_BYTES).await
    };
    let mut response = match body {
        Err(e) => {
            refused(&context, operation, &scope, e.to_string());
            body_error(&e)
        }
        Ok(body) => {
            let query = parts.uri.query().unwrap_or_default();
            match json::request(route.method.input(), &route.body, variables, query, &body) {
                Err(bad) => {
                    refused(&context, operation, &scope, bad.told());
                    bad_request(&bad)
                }
                Ok(message) => {
                    match call(&context, route.row, &scope, message.encode_to_vec().into()).await {
                        Ok(bytes) => message_response(route, &bytes),
                        Err(e) => operation_error(&e),
                    }
                }
            }
        }
    };
    response.extensions_mut().insert(named);
    response
}

fn message_response(route: &routes::Route, bytes: &[u8]) -> Response {
    match DynamicMessage::decode(route.method.output(), bytes) {
        Ok(message) => {
            let mut text = proto::to_pretty(&message);
            text.push(b'\n');
            respond(200, JSON, text)
        }
        Err(e) => {
            tracing::error!(error = %e, operation = route.row.info.name, "an answer could not be decoded");
            internal()
        }
    }
}

fn operation_error(e: &Error) -> Response {
    let status = proto::status_json(&e.status());
    let details = status.get("details").and_then(Value::as_array).cloned().unwrap_or_default();
    error(e.code().http(), e.code().name(), &e.to_string(), details)
}

fn bad_request(bad: &BadRequest) -> Response {
    let mut violation = json!({"description": bad.to_string()});
    if !bad.field().is_empty() {
        violation["field"] = bad.field().into();
    }
    let detail =
        json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]});
    error(400, "INVALID_ARGUMENT", &bad.to_string(), vec![detail])
}

fn body_error(e: &BodyError) -> Response {
    let text = match e {
        // OBSERVED: the words of Google's other APIs (issue threads of their clients), with their own limits.
        BodyError::TooLarge { limit } => format!("Request payload size exceeds the limit: {limit} bytes."),
        BodyError::Stalled | BodyError::Broken(_) => "The request body could not be read.".to_owned(),
    };
    error(400, "INVALID_ARGUMENT", &text, Vec::new())
}

/// The answer for what nobody foresaw.
pub fn internal() -> Response {
    error(500, Code::Internal.name(), "Internal error encountered.", Vec::new())
}

/// An error in REST's form.
fn error(status: u16, name: &str, message: &str, details: Vec<Value>) -> Response {
    let mut error = json!({"code": status, "message": message, "status": name});
    if !details.is_empty() {
        error["details"] = details.into();
    }
    respond(status, JSON, pretty(&json!({"error": error})))
}

fn pretty(json: &Value) -> Vec<u8> {
    // A JSON value always has a text.
    let mut text = serde_json::to_vec_pretty(json).unwrap_or_default();
    text.push(b'\n');
    text
}
