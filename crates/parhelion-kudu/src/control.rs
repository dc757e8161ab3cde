//! This surface's own calls below `/_parhelion/surfaces/kudu/`.

mod app_settings;
mod lock;
mod publish_profile;

use crate::operations::Server;
use crate::store::{KuduStore, Site};
use parhelion_core::Call;
use parhelion_http::{Head, Request, Response, problem};
use parhelion_state::World;
use percent_encoding::percent_decode_str;
use std::sync::Arc;

/// What they are.
const CALLS: &str =
    "GET, PUT, DELETE /{site}/lock; GET, PUT /{site}/app-settings; GET /{site}/publish-profile";

/// A call about one site.
struct Ask {
    world: Arc<World>,
    call: Call,
    site: Site,
}

/// Answers them. The path begins after the surface's name.
pub async fn answer(server: Arc<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let segments: Vec<String> = parts
        .uri
        .path()
        .trim_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let [site, what] = segments.as_slice() else { return problem(404, "Not found", CALLS) };
    let head = Head::of(&parts);
    let Some(world) = server.worlds.find(&head.world) else {
        return problem(404, "Not found", "there is no such world");
    };
    let site = match site.parse() {
        Ok(site) => site,
        Err(why) => return problem(400, "Bad request", why),
    };
    if let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) {
        return problem(400, "Unknown query member", format!("\"{query}\" is not known here"));
    }
    let ask = Ask { world, call: head.call(), site };
    let body = match parhelion_http::read_body(body, parhelion_core::limits::BODY_BYTES).await {
        Ok(body) => body,
        Err(why) => return problem(400, "Bad request", why.to_string()),
    };
    match (what.as_str(), parts.method.as_str()) {
        ("lock", "GET") => lock::get(&ask),
        ("lock", "PUT") => lock::put(&ask, &body),
        ("lock", "DELETE") => lock::delete(&ask),
        ("lock", _) => problem(405, "Method not allowed", "the lock takes GET, PUT, DELETE"),
        ("app-settings", "GET") => app_settings::get(&ask),
        ("app-settings", "PUT") => app_settings::put(&ask, &body),
        ("app-settings", _) => problem(405, "Method not allowed", "the settings take GET, PUT"),
        ("publish-profile", "GET") => publish_profile::get(&ask),
        ("publish-profile", _) => problem(405, "Method not allowed", "the profile takes GET"),
        _ => problem(404, "Not found", CALLS),
    }
}

impl Ask {
    fn is_full(&self) -> bool {
        !self.world.shelf::<KuduStore>().admits(&self.site)
    }
}
