//! The answer to a request that no surface recognises.

use crate::{Head, Problem, Response, Surface, capture::short_path};
use serde_json::{Value, json};

/// 404, with what would have been recognised.
pub(crate) fn unclaimed(surfaces: &[Surface], method: &http::Method, head: &Head) -> Response {
    let lines: Vec<String> = surfaces.iter().map(|s| (s.banner)(&head.base)).collect();
    let listed: Vec<Value> =
        surfaces.iter().zip(&lines).map(|(s, line)| json!({ "surface": s.name, "where": line })).collect();
    let told: Vec<String> =
        surfaces.iter().zip(&lines).map(|(s, line)| format!("{}: {line}", s.name)).collect();
    let detail = format!(
        "no surface recognises {method} {}; what is answered here:\n{}",
        short_path(&head.original_uri),
        told.join("\n")
    );
    Problem::new(404, "Nobody answers here", detail).with("recognised", listed).into_response()
}
