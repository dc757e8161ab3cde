//! The Azure DevOps surface: projects, service connections, pipelines and their runs, git repositories by REST and
//! smart HTTP, and the public endpoint of incoming webhooks, as the official clients see them at `{base}/{organization}`.
//!
//! Runs are simulated: their YAML is really read and expanded, jobs and steps begin as their conditions say, and come out as
//! behaviours say, else well; nothing is executed unless both the server and the pipeline say so (`execute.rs`).
//! Deliberately absent: the HTML pages.
//!
//! Start reading at `operations.rs` (the table), then `wire.rs` (the way of a request), `ops/webhooks/receive.rs`
//! and `domain/hooks.rs` (incoming webhooks), `domain/push.rs` and `domain/ci.rs` (from a push to its runs), `store.rs`.

mod domain;
mod error;
mod execute;
mod operations;
mod ops;
mod scripting;
mod settings;
mod show;
mod store;
mod tenant;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wire;

pub use settings::{Registration, Settings, organization_name};

use domain::run::handed::{EXECUTE, TIDY};
use parhelion_git::GitHost;
use parhelion_http::{Surface, service};
use parhelion_state::{AnyShelf, JobDriver, Shelf, Worlds};
use std::sync::Arc;
use store::AzureDevOpsStore;

/// The surface with its default settings.
pub fn surface(worlds: Arc<Worlds>, git: Arc<GitHost>) -> Surface {
    surface_with(worlds, git, Settings::default())
}

/// The surface with settings of its own.
pub fn surface_with(worlds: Arc<Worlds>, git: Arc<GitHost>, settings: Settings) -> Surface {
    let wire = Arc::new(wire::Wire { worlds, git, documents: Arc::default(), settings: Arc::new(settings) });
    let controlled = wire.clone();
    Surface {
        name: "azure-devops",
        claims: wire::claims::claims,
        body_limit: wire::body_limit,
        opens_world: wire::opens_world,
        operations: &operations::INFOS,
        scripting: scripting::SCRIPTING,
        service: service(move |request| {
            let wire = wire.clone();
            async move { wire.answer(request).await }
        }),
        control: Some(service(move |request| {
            let wire = controlled.clone();
            async move { wire.control(request).await }
        })),
        panicked: wire::respond::panicked,
        banner: |base| format!("{base}/{{organization}}"),
    }
}

/// The shelves of a world that this surface needs, with settings of its own.
pub fn shelves_with(settings: &Arc<Settings>) -> Vec<Arc<dyn AnyShelf>> {
    vec![Shelf::<AzureDevOpsStore>::with_settings(settings.clone())]
}

/// The shelves of a world that this surface needs.
pub fn shelves() -> Vec<Arc<dyn AnyShelf>> {
    shelves_with(&Arc::default())
}

/// The drivers of the jobs that this surface has, by kind: none, when nothing may be executed.
pub fn drivers(git: Arc<GitHost>, settings: &Settings) -> Vec<(&'static str, Arc<dyn JobDriver>)> {
    if !settings.exec {
        return Vec::new();
    }
    let execute = execute::Execute::new(git);
    vec![(EXECUTE, Arc::new(execute.clone())), (TIDY, Arc::new(execute::TidyUp(execute)))]
}
