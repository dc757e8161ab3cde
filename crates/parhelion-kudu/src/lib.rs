//! Kudu, the SCM site of Azure App Service: web hooks that tell of deployments, deployments in all the ways there are
//! (zip, OneDeploy, war, git, repositories' hooks), their records, and the site around them.
//!
//! A site is addressed by `/kudu/{site}/…`, by the host `{site}.scm.localhost`, or as `default` by plain
//! `/api/…`. What the archived project's code does is done here as well, its oddities included; what the 2014
//! wiki page spells otherwise is served in addition.
//!
//! Not here: sending (the delivery crate sends what a commit decides), git's wire (the git crate), fetching by address
//! (the binary passes in a function). Commands are run only where the settings say so; otherwise their outcome is read
//! off their text.
//!
//! Start reading at `table/` (every route), then `store.rs`, `store/lock.rs`, `store/tree.rs` (its
//! files), `domain/lifecycle/` and `domain/webjobs/`.

mod commits;
mod control;
mod domain;
mod error;
mod exec;
mod handlers;
mod jobs;
mod operations;
mod ops;
mod place;
mod settings;
mod store;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wire;

pub use jobs::{Download, drivers, no_download};
pub use settings::{AuthMode, Fetching, HookSettings, PayloadForm, Settings};

use parhelion_git::GitHost;
use parhelion_http::{Surface, changes_or_reads, service};
use parhelion_state::{AnyShelf, Shelf, Worlds};
use std::sync::Arc;

/// The surface over these worlds. The settings are those that their shelves were made with.
pub fn surface(
    worlds: Arc<Worlds>,
    git: Arc<GitHost>,
    settings: Arc<Settings>,
    download: Download,
) -> Surface {
    let server = Arc::new(operations::Server { worlds, git, settings, download });
    let own = server.clone();
    Surface {
        name: "kudu",
        claims: place::claims,
        body_limit,
        opens_world: changes_or_reads,
        operations: &table::OPERATIONS,
        scripting: domain::script::SCRIPTING,
        service: service(move |request| operations::serve(server.clone(), request)),
        control: Some(service(move |request| control::answer(own.clone(), request))),
        panicked: operations::panicked,
        banner: |base| format!("{base}/kudu/{{site}}/api/…   or   Host: {{site}}.scm.localhost"),
    }
}

/// What it keeps in a world.
pub fn shelves(settings: &Arc<Settings>) -> Vec<Arc<dyn AnyShelf>> {
    vec![Shelf::<store::KuduStore>::with_settings(settings.clone())]
}

/// Packages are streamed to disk; anything else is read into memory.
fn body_limit(parts: &http::request::Parts) -> u64 {
    use parhelion_core::limits::{BODY_BYTES, STREAMED_BODY_BYTES};
    let is_streamed = place::path(parts).is_some_and(|(path, named)| table::is_streamed(path, named));
    if is_streamed { STREAMED_BODY_BYTES } else { BODY_BYTES }
}
