//! Bytes to input, output and faults to bytes.

pub mod answer;
pub mod archive;
pub mod auth;
pub mod body;
pub mod deployment;
pub mod disposition;
pub mod etag;
pub mod hook;
pub mod multipart;
pub mod package;
pub mod payload;
pub mod query;
pub mod spool;
pub mod vfs;
pub mod webjobs;
