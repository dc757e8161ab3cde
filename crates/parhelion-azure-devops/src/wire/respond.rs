//! Answers as bytes: the headers that every one has, lists in their envelope, errors in their form.

use super::{
    locations,
    reply::Reply,
    route::Place,
    version::{MAX_TEXT, asked},
};
use crate::error::Error;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use parhelion_http::{Head, Named, Response, answer};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use uuid::Uuid;

/// What an answer repeats of its request.
pub struct Form {
    version: String,
    session: Option<HeaderValue>,
}

impl Form {
    /// Of a request's head.
    pub fn of(parts: &Parts) -> Self {
        let query = super::request::Query::read(parts.uri.query().unwrap_or_default());
        let asked = asked(query.get("api-version"), &parts.headers).ok().flatten();
        let plain = |v: String| v.bytes().all(|b| b.is_ascii_graphic()).then_some(v);
        let version = asked.and_then(|a| plain(a.text)).unwrap_or_else(|| MAX_TEXT.to_owned());
        Form { version, session: parts.headers.get("x-tfs-session").cloned() }
    }
}

/// The headers of every answer.
// OBSERVED: names and forms; the process id is the organization's on the real service.
fn dress(headers: &mut HeaderMap, head: &Head, session: Option<&HeaderValue>) {
    let activity = uuid_of("activity", &head.request_id);
    let user = format!("{}:Parhelion User", uuid_of("user", ""));
    for (name, value) in [
        ("x-tfs-processid", uuid_of("process", "").to_string()),
        ("activityid", activity.to_string()),
        ("x-vss-e2eid", activity.to_string()),
        ("x-vss-userdata", user),
        ("cache-control", "no-cache".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let own = HeaderValue::from_str(&activity.to_string()).ok();
    if let Some(session) = session.cloned().or(own) {
        headers.insert(HeaderName::from_static("x-tfs-session"), session);
    }
}

/// The same for the same text, in any run.
fn uuid_of(kind: &str, text: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha1::digest(format!("{kind}\n{text}"))[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn json_answer(status: u16, body: &Value, form: &Form, head: &Head) -> Response {
    let media = format!("application/json; charset=utf-8; api-version={}", form.version);
    let mut response = answer(status, &media, body.to_string());
    dress(response.headers_mut(), head, form.session.as_ref());
    response
}

/// A successful answer.
pub fn reply(status: u16, reply: Reply, form: &Form, head: &Head) -> Response {
    match reply {
        Reply::One(value) => json_answer(status, &value, form, head),
        Reply::List { items, next } => {
            let body = json!({ "count": items.len(), "value": items });
            let mut response = json_answer(status, &body, form, head);
            if let Some(next) = next.and_then(|n| HeaderValue::from_str(&n).ok()) {
                response.headers_mut().insert("x-ms-continuationtoken", next);
            }
            response
        }
        Reply::Raw { media, body, file_name } => {
            let mut response = answer(status, media, body);
            dress(response.headers_mut(), head, form.session.as_ref());
            let named =
                file_name.map(|name| format!("attachment; filename*=UTF-8''{}", crate::show::segment(&name)));
            if let Some(value) = named.and_then(|n| HeaderValue::from_str(&n).ok()) {
                response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
            }
            response
        }
        Reply::Nothing => {
            let mut response = empty(status);
            dress(response.headers_mut(), head, form.session.as_ref());
            response
        }
    }
}

/// An answer without a body.
pub fn empty(status: u16) -> Response {
    let mut response = answer(status, "", parhelion_http::Body::empty());
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}

/// A refusal.
pub fn error(error: &Error, form: &Form, head: &Head) -> Response {
    if *error == Error::Unauthorized {
        // OBSERVED: an empty body and the challenge.
        let mut response = empty(401);
        dress(response.headers_mut(), head, form.session.as_ref());
        if let Ok(value) = HeaderValue::from_str(&format!("Basic realm=\"{}\"", head.base)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        return response;
    }
    let mut response = json_answer(error.status(), &error.body(), form, head);
    if let Error::MethodNotAllowed { allowed, .. } = error
        && let Ok(value) = HeaderValue::from_str(allowed)
    {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// Discovery: all locations, or those of the area in `_apis/{area}`. The same for any organization, and without
/// credentials.
pub fn options(parts: &Parts, head: &Head, place: Option<&Place>) -> Response {
    let area = place.and_then(|p| p.rest.first()).map(String::as_str);
    let items = locations::published(area);
    let body = json!({ "count": items.len(), "value": items });
    let form = Form { version: MAX_TEXT.to_owned(), ..Form::of(parts) };
    let mut response = json_answer(200, &body, &form, head);
    if let Ok(value) = HeaderValue::from_str(&methods()) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response.extensions_mut().insert(Named { operation: "Options".into(), tenant: String::new() });
    response
}

fn methods() -> String {
    let all = [
        Method::OPTIONS,
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    all.map(|m| m.to_string()).join(", ")
}

/// The answer to a request whose handling panicked.
pub fn panicked(head: &Head) -> Response {
    let body = json!({
        "$id": "1",
        "innerException": null,
        "message": format!("An unexpected error occurred. Request id {}.", head.request_id),
        "typeName": "System.Exception, mscorlib",
        "typeKey": "Exception",
        "errorCode": 0,
        "eventId": 0,
    });
    json_answer(500, &body, &Form { version: MAX_TEXT.to_owned(), session: None }, head)
}
