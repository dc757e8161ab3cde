//! Runs of pipelines: preview, run, list, get, logs.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/pipelines/runs

mod read;
mod write;

pub use read::{Get, GetArtifact, GetLog, List, ListLogs};
pub use write::{Preview, RunPipeline, start};
