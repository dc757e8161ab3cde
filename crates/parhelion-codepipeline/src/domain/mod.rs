//! Rules that more than one operation needs.

pub mod action_types;
pub mod adapters;
pub mod artifacts;
pub mod catalogue;
pub mod deploy_targets;
pub mod engine;
pub mod event_pattern;
pub mod event_targets;
pub mod jobs;
pub mod jsonpath;
pub mod outbound;
pub mod place;
pub mod plans;
pub mod registration;
pub mod rules;
pub mod sender;
pub mod simulation;
pub mod source_events;
pub mod starts;
pub mod structure;
pub mod tags;
pub mod transitions;
pub mod triggers;
pub mod variables;
pub mod views;
pub mod webhook_auth;
