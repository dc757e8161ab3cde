//! Results and errors as the Query protocol's XML.

use super::{Service, error::Error};
use crate::wire::uuid_of;
use http::{HeaderValue, header::CONTENT_TYPE};
use parhelion_http::{Body, Response};
use std::fmt::Write as _;

fn namespace(service: Service) -> &'static str {
    match service {
        Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

/// The answer to a call that went well; `action` is one of the table.
pub fn success(service: Service, action: &str, result: Option<String>, request_id: &str) -> Response {
    let id = uuid_of(request_id);
    let namespace = namespace(service);
    let result = result.map_or_else(String::new, |inner| format!("<{action}Result>{inner}</{action}Result>"));
    let xml = format!(
        "<{action}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    );
    finish(200, xml, &id)
}

/// The answer to a call that went wrong.
pub fn problem(service: Service, error: &Error, request_id: &str) -> Response {
    let id = uuid_of(request_id);
    let kind = if error.status >= 500 { "Receiver" } else { "Sender" };
    let mut inner = String::new();
    element(&mut inner, "Type", kind);
    element(&mut inner, "Code", error.code);
    element(&mut inner, "Message", &error.message);
    let namespace = namespace(service);
    let xml = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error>{inner}</Error><RequestId>{id}</RequestId></ErrorResponse>"
    );
    finish(error.status, xml, &id)
}

fn finish(status: u16, xml: String, id: &str) -> Response {
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// Writes an element that holds a text.
pub fn element(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "<{name}>");
    escape(out, text);
    let _ = write!(out, "</{name}>");
}

/// A text within XML. What XML 1.0 has no way to say becomes U+FFFD.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_element() {
        let mut out = String::new();
        element(&mut out, "Message", "<a href=\"x\">&\0</Message>");
        assert_eq!(out, "<Message>&lt;a href=&quot;x&quot;&gt;&amp;\u{fffd}&lt;/Message&gt;</Message>");
    }
}
