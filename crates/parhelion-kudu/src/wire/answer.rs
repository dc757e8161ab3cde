//! Answers: JSON with nulls written, texts, and the forms of faults.

use crate::error::{Exception, Fault, Form};
use http::header::{HeaderName, HeaderValue};
use parhelion_http::{Body, Response, answer};
use serde::Serialize;
use serde_json::json;

const JSON: &str = "application/json; charset=utf-8";

/// A JSON answer.
pub fn json(status: u16, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => answer(status, JSON, bytes),
        // Plain data always has a JSON form.
        Err(_) => empty(500),
    }
}

/// An answer that is JSON already.
pub fn json_bytes(status: u16, bytes: Vec<u8>) -> Response {
    answer(status, JSON, bytes)
}

/// An answer without a body.
pub fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// The head of an answer, with the length that its body has.
pub fn without_body(answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let length = http_body::Body::size_hint(&body).exact();
    let answer = Response::from_parts(parts, Body::empty());
    match length {
        Some(length) => with(answer, http::header::CONTENT_LENGTH, &length.to_string()),
        None => answer,
    }
}

/// Adds a header, if its value can be one.
pub fn with(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// A fault in the service's form.
pub fn fault(fault: &Fault) -> Response {
    let (status, form) = fault.answer();
    match form {
        Form::Empty => empty(status),
        Form::Message(text) => json(status, &json!({ "Message": text })),
        Form::JsonString(text) => json(status, &text),
        Form::Text(text) => answer(status, "text/plain; charset=utf-8", text),
        Form::Exception(Exception { message, detail, kind, place }) => {
            // CHOICE: one plausible line of a stack.
            let stack = format!("   at {place}()");
            json(
                status,
                &json!({
                    "Message": message,
                    "ExceptionMessage": detail,
                    "ExceptionType": kind,
                    "StackTrace": stack,
                }),
            )
        }
    }
}
