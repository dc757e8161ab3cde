//! Tests of the surface as a whole: each sends requests as a client would.

mod definitions;
mod git;
mod projects;
mod runs;
mod state;
mod webhook_records;
mod webhooks;
mod wire;
