//! Answers: statuses, headers, documents, errors.

use super::xml::Document;
use crate::content::Content;
use crate::error::Error;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use parhelion_http::{Body, Response};
use std::convert::Infallible;
use std::ops::Range;

/// An answer without body.
pub fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// An answer with a document.
pub fn document(document: Document) -> Response {
    xml(200, document)
}

fn xml(status: u16, document: Document) -> Response {
    let mut response = empty(status);
    set(&mut response, "content-type", "application/xml");
    *response.body_mut() = Body::from(document.finish());
    response
}

/// Sets a header; one that cannot be written is left out.
pub fn set(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        response.headers_mut().insert(name, value);
    }
}

/// Sets a header, when there is a value.
pub fn maybe(response: &mut Response, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        set(response, name, value);
    }
}

/// The bytes of a range as a body, without copying them.
pub fn bytes(response: &mut Response, content: &Content, range: Range<u64>) {
    set(response, "content-length", &(range.end - range.start).to_string());
    let mut pieces = content.slice(range);
    *response.body_mut() = match pieces.len() {
        0 => Body::empty(),
        1 => Body::from(pieces.pop().unwrap_or_default()),
        _ => {
            let pieces = pieces.into_iter().map(Ok::<Bytes, Infallible>);
            Body::from_stream(futures_util::stream::iter(pieces))
        }
    };
}

/// An error's document.
pub fn refusal(error: &Error, resource: &str, request_id: &str) -> Response {
    let mut response = if error.status() == 304 {
        empty(304)
    } else {
        let mut document = Document::bare("Error");
        document.text("Code", error.code()).text("Message", error.to_string());
        for (name, value) in error.details() {
            document.text(name, value);
        }
        document.text("Resource", resource).text("RequestId", request_id).text("HostId", host_id(request_id));
        xml(error.status(), document)
    };
    for (name, value) in error.headers() {
        set(&mut response, name, &value);
    }
    response
}

/// What every answer carries.
pub fn finish(response: &mut Response, request_id: &str) {
    set(response, "x-amz-request-id", request_id);
    set(response, "x-amz-id-2", &host_id(request_id));
    response.headers_mut().entry(header::SERVER).or_insert(HeaderValue::from_static("AmazonS3"));
}

/// What the service calls the extended request id.
fn host_id(request_id: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(request_id)
}
