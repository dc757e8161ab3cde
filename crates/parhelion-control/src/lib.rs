//! The emulator's own API, `/_parhelion/`: what a test author needs beside the clouds' calls (control.md).
//!
//! It sees shelves, journals, tables and the outbox, never a surface's types. Not here yet, each with its place in
//! the table of `operations.rs`: faults of requests, seed documents, verify, send, snapshot files, OpenAPI, metrics and the
//! dashboard.
//!
//! Start reading at `operations.rs`: the table of all calls.

mod aliases;
mod ask;
mod behaviours;
mod deliveries;
mod desk;
mod events;
mod explain;
mod faults;
mod life;
mod operations;
mod pace;
mod query;
mod requests;
mod sinks;
mod snapshots;
mod state;
mod time;
mod units;
mod waits;

pub use desk::{Control, Facts, Outboxes};
pub use operations::claims;

use parhelion_core::Scripting;
use parhelion_http::{Problem, Surface, changes_or_reads, general_body_limit, service};
use std::sync::Arc;

/// The control API as the server mounts it.
pub fn surface(control: Arc<Control>) -> Surface {
    Surface {
        name: "control",
        claims: operations::claims,
        body_limit: general_body_limit,
        opens_world: changes_or_reads,
        operations: operations::infos(),
        scripting: Scripting::NONE,
        service: service(move |request| operations::serve(control.clone(), request)),
        control: None,
        panicked: |head| {
            let detail = format!("a mistake of the emulator's; its log names request {}", head.request_id);
            Problem::new(500, "Internal error", detail).into_response()
        },
        banner: |base| format!("{base}/_parhelion/"),
    }
}
