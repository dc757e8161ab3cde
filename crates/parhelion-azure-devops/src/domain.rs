//! Rules that more than one operation needs.

pub mod build_number;
pub mod changes;
pub mod checks;
pub mod checksum;
pub mod ci;
pub mod commands;
pub mod contents;
pub mod definitions;
pub mod documents;
pub mod endpoint_types;
pub mod endpoints;
pub mod files;
pub mod hooks;
pub mod operations;
pub mod properties;
pub mod push;
pub mod refs;
pub mod run;
pub mod service_hooks;
pub mod simulation;
pub mod source;
pub mod tags;
pub mod variable_groups;
pub mod variables;
