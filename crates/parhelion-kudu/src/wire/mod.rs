//! Bytes to input, output and faults to bytes.

pub mod answer;
pub mod body;
pub mod deployment;
pub mod hook;
pub mod query;
pub mod spool;
