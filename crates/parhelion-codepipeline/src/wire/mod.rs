//! Bytes to inputs, outputs and errors to bytes.

pub mod shape;
pub mod table;
pub mod value;
