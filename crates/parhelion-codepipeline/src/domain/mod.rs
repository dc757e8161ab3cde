//! Rules that more than one operation needs.

pub mod artifacts;
pub mod catalogue;
pub mod engine;
pub mod jobs;
pub mod place;
pub mod simulation;
