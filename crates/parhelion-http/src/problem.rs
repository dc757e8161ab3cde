//! Our own errors on the wire: RFC 9457 problem documents.

use crate::{Response, answer};
use serde_json::{Map, Value};

/// A problem document with members of its own beside the standard ones.
#[derive(Clone, Debug)]
pub struct Problem {
    status: u16,
    members: Map<String, Value>,
}

impl Problem {
    /// Of an HTTP status, a short name of the problem that is the same each time, and what is wrong this time.
    pub fn new(status: u16, title: &str, detail: impl Into<String>) -> Self {
        let mut members = Map::new();
        members.insert("type".into(), "about:blank".into());
        members.insert("title".into(), title.into());
        members.insert("status".into(), status.into());
        members.insert("detail".into(), detail.into().into());
        Problem { status, members }
    }
    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }
    /// The answer, `application/problem+json`.
    pub fn into_response(self) -> Response {
        answer(self.status, "application/problem+json", Value::Object(self.members).to_string())
    }
}

/// The answer for a problem without further members.
pub fn problem(status: u16, title: &str, detail: impl Into<String>) -> Response {
    Problem::new(status, title, detail).into_response()
}
