//! Tests of the surface as a whole: each sends requests as a client would.

mod definitions;
mod git;
mod runs;
mod state;
mod webhooks;
mod wire;
