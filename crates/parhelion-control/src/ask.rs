//! One call of the control API, and the forms of its answers.

use crate::desk::{Control, Desk};
use crate::query::{Query, refused};
use bytes::Bytes;
use http::HeaderMap;
use parhelion_core::{Call, Event};
use parhelion_http::{Head, Problem, Response, answer};
use parhelion_state::World;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A call: its world, what its path names, its query and its body.
pub struct Ask {
    pub control: Arc<Control>,
    pub world: Arc<World>,
    pub desk: Arc<Desk>,
    pub head: Head,
    pub method: http::Method,
    pub headers: HeaderMap,
    /// What stands in the place of the template's `{name}`s, decoded, in order.
    pub params: Vec<String>,
    pub query: Query,
    /// The query string as it came.
    pub raw_query: String,
    pub body: Bytes,
}

/// What a call answers.
pub type Answer = Result<Response, Problem>;

impl Ask {
    /// The n-th name in the path.
    pub fn param(&self, n: usize) -> &str {
        self.params.get(n).map_or("", String::as_str)
    }
    /// The body; an empty one reads as `{}`. An unknown member is refused by name.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        // A list would pass for an object whose members are all optional.
        if body.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
            return Err(refused("the body cannot be read: it is no JSON object"));
        }
        serde_json::from_slice(body).map_err(|e| refused(format!("the body cannot be read: {e}")))
    }
    pub fn call(&self) -> Call {
        self.head.call()
    }
    /// Writes what a changing call did into the journal.
    pub fn journal(&self, event: Event) {
        self.world.note("control", &self.call(), event);
    }
    /// Waits for something, at most so long; `None` when it did not come.
    ///
    /// # Errors
    /// When the server stops meanwhile: nobody who waits may hold it up.
    pub async fn wait<T>(
        &self,
        at_most: Duration,
        what: impl Future<Output = T>,
    ) -> Result<Option<T>, Problem> {
        self.unless_stopped(tokio::time::timeout(at_most, what)).await.map(Result::ok)
    }
    /// Does something that takes its time.
    ///
    /// # Errors
    /// As [`Ask::wait`]: of a world that is gone nothing can be said.
    pub async fn unless_stopped<T>(&self, what: impl Future<Output = T>) -> Result<T, Problem> {
        let stopped = || {
            Problem::new(503, "Stopping", "the server stops, or the world was deleted, while the call waited")
        };
        tokio::select! {
            biased;
            done = what => if self.world.is_closed() { Err(stopped()) } else { Ok(done) },
            () = self.control.stopping(&self.world) => Err(stopped()),
        }
    }
    /// The `surface` that a filter of the query names, if any: a surface, or the control API itself.
    pub fn known_filter(&self) -> Result<(), Problem> {
        match self.query.get("surface") {
            None | Some("control") => Ok(()),
            Some(surface) => self.known_surface(surface),
        }
    }
    /// The surface a call names, if there is one of that name.
    pub fn known_surface(&self, surface: &str) -> Result<(), Problem> {
        let known = self.world.surfaces();
        if known.contains(surface) {
            return Ok(());
        }
        Err(refused(format!(
            "unknown surface \"{surface}\"; known: {}",
            known.into_iter().collect::<Vec<_>>().join(", ")
        )))
    }
}

/// 200 with JSON.
pub fn ok(value: &impl Serialize) -> Answer {
    json_answer(200, value)
}
/// A status with JSON.
pub fn json_answer(status: u16, value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).map_err(|e| Problem::new(500, "Internal error", e.to_string()))?;
    Ok(answer(status, "application/json", body))
}
/// 204.
pub fn done() -> Answer {
    let mut response = Response::new(parhelion_http::Body::empty());
    *response.status_mut() = http::StatusCode::NO_CONTENT;
    Ok(response)
}
/// 404 of a thing.
pub fn unknown(what: &str, name: &str) -> Problem {
    Problem::new(404, "Not found", format!("there is no {what} \"{name}\""))
}
/// A page of a list; `next` names where the next page goes on.
pub fn page(items: Vec<Value>, next: Option<String>) -> Answer {
    match next {
        Some(next) => ok(&json!({"items": items, "next": next})),
        None => ok(&json!({"items": items})),
    }
}
