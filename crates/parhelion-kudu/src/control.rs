//! This surface's own calls below `/_parhelion/surfaces/kudu/`.

use crate::operations::Server;
use parhelion_http::{Request, Response, problem};
use std::sync::Arc;

/// Answers them. The path begins after the surface's name.
pub async fn answer(_server: Arc<Server>, _request: Request) -> Response {
    problem(404, "Not found", "GET, PUT, DELETE /{site}/lock")
}
