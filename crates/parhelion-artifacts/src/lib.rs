//! An S3-compatible object store as a library: the value ([`Buckets`]) and the REST-XML wire over it ([`serve`]).
//!
//! A surface mounts it: it keeps the value in a store of its own, says which requests are for it, and learns what was
//! put ([`Buckets::take_news`]). Deliberately absent: access rules, storage classes, encryption, replication; a clock and
//! sockets. Signatures are the surface's to look at ([`Mount::admit`]).
//!
//! Start reading at [`Buckets`], then `wire` (a request's way), then `ops/` (one operation, one file).

pub mod archive;
mod buckets;
pub mod budget;
mod content;
mod error;
pub mod limits;
mod operations;
mod ops;
#[cfg(test)]
mod tests;
mod wire;

pub use buckets::*;
pub use content::{Content, Incoming};
pub use error::{Error, Result};
pub use operations::infos;
pub use wire::address::is_s3_host;
pub use wire::{Caller, Change, Look, Mount, body_limit, panicked, serve};
