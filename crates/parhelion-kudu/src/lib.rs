//! Kudu, the SCM site of Azure App Service: web hooks that tell of deployments, deployments by zip, and their
//! records.
//!
//! A site is addressed by `/kudu/{site}/…`, by the host `{site}.scm.localhost`, or as `default` by plain
//! `/api/…`. What the archived project's code does is done here as well, its oddities included; what the 2014
//! wiki page spells otherwise is served in addition.
//!
//! Not here: sending (the delivery crate sends what a commit decides), running commands (an outcome is read off
//! the command's text), fetching packages by their address, git, vfs, settings, WebJobs.
//!
//! Start reading at [`operations`](self) (the table), then `store.rs` and `domain/lifecycle.rs`.

mod domain;
mod error;
mod handlers;
mod operations;
mod ops;
mod place;
mod settings;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wire;

pub use settings::{AuthMode, HookSettings, PayloadForm, Settings};

use parhelion_core::{Scripting, limits};
use parhelion_http::{Surface, changes_or_reads, service};
use parhelion_state::{AnyShelf, Shelf, Worlds};
use std::sync::Arc;

/// The surface over these worlds, with the settings that a server starts with.
pub fn surface(worlds: Arc<Worlds>) -> Surface {
    surface_with(worlds, Settings::default())
}

/// The surface over these worlds.
pub fn surface_with(worlds: Arc<Worlds>, settings: Settings) -> Surface {
    let settings = Arc::new(settings);
    Surface {
        name: "kudu",
        claims: place::claims,
        body_limit,
        opens_world: changes_or_reads,
        operations: &operations::OPERATIONS,
        // Its simulated work does not look at behaviours and paces yet.
        scripting: Scripting::NONE,
        service: service(move |request| operations::serve(worlds.clone(), settings.clone(), request)),
        control: None,
        panicked: operations::panicked,
        banner: |base| format!("{base}/kudu/{{site}}/api/…   or   Host: {{site}}.scm.localhost"),
    }
}

/// What it keeps in a world.
pub fn shelves() -> Vec<Arc<dyn AnyShelf>> {
    vec![Shelf::<store::KuduStore>::boxed()]
}

/// Packages are streamed to disk; anything else is read into memory.
fn body_limit(parts: &http::request::Parts) -> u64 {
    let last = parts.uri.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.eq_ignore_ascii_case("zipdeploy") { limits::STREAMED_BODY_BYTES } else { limits::BODY_BYTES }
}
