//! Azure Pipelines YAML as the service reads it: with places, expanded, validated and written back. Pure: text in,
//! values out. No server, no files, no clock.
//!
//! ```text
//! parse(name, text) ── Document ──┬─ webhooks_with(&document, &files)   which webhooks start it (registration)
//!                                 ├─ trigger(&document)           which pushes start it, where that is literal
//!                                 └─ expand_with(&document, &inputs, &files)
//!                                        Expanded { tree, pipeline, final_yaml, warnings }
//! filters::judge(&filter, &payload)                              does a delivery pass?
//! ```
//!
//! Templates are asked of a [`Files`], which the server backs with git and a program with a folder.
//!
//! Everything that can be wrong is an [`Issue`] with the service's text, file, line and column; [`joined`] gives them
//! the way the service shows them. Everything is bounded by [`limits`].
//!
//! Reading order: [`yaml`] (text ↔ tree with places), `expr` (the language of `${{ … }}`), [`mod@expand`] (the walk over a
//! tree), `schema` (what the result may look like), [`pipeline`] (shorthands in place, types, dependencies).
//!
//! [`runtime`] judges and evaluates what stays text until the run: `$[ … ]` and conditions.
//!
//! Deliberately absent: `$(x)` macros, task definitions.

pub mod document;
pub mod expand;
mod expr;
pub mod files;
pub mod filters;
pub mod issue;
mod jsonpath;
pub mod limits;
pub mod pipeline;
pub mod runtime;
mod schema;
mod triggers;
pub mod webhooks;
pub mod yaml;

pub use document::{Document, decode, parse};
pub use expand::{Expanded, Extends, Inputs, Spent, expand, expand_counted, expand_with, expand_within};
pub use files::{Files, Repository, Unread};
pub use filters::{FilterVerdict, judge, judge_all};
pub use issue::{Issue, joined};
pub use pipeline::Pipeline;
pub use schema::json_schema;
pub use triggers::trigger;
pub use webhooks::{Filter, WebhookResource, webhooks, webhooks_with};
