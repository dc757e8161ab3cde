//! What every scene needs: the server's URL, the transcript, and calls that are shown as they are made.

use super::client::{self, Answer};
use super::transcript::Transcript;
use bytes::Bytes;
use http::Method;
use serde_json::Value;

/// How a scene comes out; the error is a sentence.
pub type Outcome<T = ()> = Result<T, String>;

/// The server and the transcript.
pub struct Stage {
    /// The server's URL.
    pub url: String,
    /// What is printed.
    pub transcript: Transcript,
}

impl Stage {
    /// Before a server.
    pub fn new(url: &str, transcript: Transcript) -> Self {
        Stage { url: url.to_owned(), transcript }
    }

    /// Sends a request, shows it and its answer.
    pub async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Outcome<Answer> {
        let body: Bytes = body.into();
        let shown =
            std::str::from_utf8(&body).map_or_else(|_| format!("{} bytes", body.len()), str::to_owned);
        self.transcript.sent(&format!("{method} {}", url.strip_prefix(&self.url).unwrap_or(url)), &shown);
        for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
            self.transcript.say(&format!("  {name}: {}", parhelion_core::text::prefix(value, 100)));
        }
        let answer = client::send(method, url, headers, body).await?;
        self.transcript.answered(&answer, &String::from_utf8_lossy(&answer.body));
        Ok(answer)
    }
    /// A JSON call below the server's URL that must be answered with that status.
    pub async fn json(&self, method: Method, path: &str, body: &Value, status: u16) -> Outcome<Value> {
        let url = format!("{}{path}", self.url);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.call(method, &url, &[("content-type", "application/json")], text).await?;
        if answer.status != status {
            return Err(format!("{path} answered {} where {status} was expected", answer.status));
        }
        Ok(answer.json())
    }
    /// Prints why a request, run, execution or delivery came out as it did; gives it back too.
    pub async fn explain(&self, id: &str) -> Outcome<String> {
        let url = format!("{}/_parhelion/explain/{id}", self.url);
        let answer = client::send(Method::GET, &url, &[("accept", "text/plain")], Bytes::new()).await?;
        if answer.status != 200 {
            return Err(format!("nothing explains {id}"));
        }
        self.transcript.say(&format!("GET /_parhelion/explain/{id}"));
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        for line in told.lines() {
            self.transcript.say(line);
        }
        Ok(told)
    }
}

/// The text at a JSON pointer, or a sentence about its absence.
pub fn text(value: &Value, pointer: &str) -> Outcome<String> {
    match value.pointer(pointer) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) if !other.is_null() => Ok(other.to_string()),
        _ => Err(format!("the answer has no {pointer}: {value}")),
    }
}

/// A step that must hold.
pub fn expect(holds: bool, what: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}
