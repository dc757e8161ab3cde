//! Google Cloud Secure Source Manager: its whole API over REST and gRPC, git over smart HTTP, and the deliveries that
//! pushes, pull requests and their comments cause.
//!
//! Deliberately absent: machines behind instances, secret scans, triggers of builds, and permission checks (IAM policies
//! are kept and told). The git objects live in `parhelion-git`; refs are part of this crate's store.
//! Start reading at `operations.rs` (the table), then `domain/push.rs` (from a push to its deliveries).

mod claims;
mod control;
mod domain;
mod error;
mod operations;
mod ops;
mod proto;
mod scripting;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod wire;

pub use settings::Settings;

use parhelion_git::GitHost;
use parhelion_http::{Request, Surface, changes_or_reads, service};
use parhelion_state::{AnyShelf, Shelf, Worlds};
use std::sync::Arc;

/// The surface's name in the control API.
pub const NAME: &str = "secure-source-manager";

/// The stores of a world.
pub fn shelves(settings: &Arc<Settings>) -> Vec<Arc<dyn AnyShelf>> {
    vec![Shelf::<store::SsmStore>::with_settings(Arc::clone(settings))]
}

/// The surface over a server's worlds, with its objects in that git host.
pub fn surface(worlds: Arc<Worlds>, git: Arc<GitHost>, settings: Arc<Settings>) -> Surface {
    let server = Arc::new(wire::Server { worlds, git, settings });
    let front = Arc::clone(&server);
    Surface {
        name: NAME,
        claims: claims::claims,
        body_limit: claims::body_limit,
        opens_world: changes_or_reads,
        operations: &operations::INFOS,
        scripting: scripting::SCRIPTING,
        service: service(move |request: Request| wire::answer(Arc::clone(&front), request)),
        control: Some(service(move |request: Request| control::answer(Arc::clone(&server), request))),
        panicked: wire::panicked,
        banner: |base| format!("{base}  (REST and gRPC; git below {base}/_ssm/git/)"),
    }
}
