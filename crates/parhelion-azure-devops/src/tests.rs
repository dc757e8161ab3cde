//! Tests of the surface as a whole: each sends requests as a client would.

mod builds;
mod checks;
mod ci;
mod commands;
mod core;
mod definitions;
mod git;
mod git_batches;
mod git_bulk;
mod git_rows;
mod git_wire;
mod library;
mod life;
mod outcomes;
mod projects;
mod rows;
mod runs;
mod service_hooks;
mod state;
mod templates;
mod webhook_names;
mod webhook_payloads;
mod webhook_records;
mod webhook_rows;
mod webhooks;
mod wire;
