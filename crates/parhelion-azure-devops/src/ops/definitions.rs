//! Build definitions: create, list, get, update, delete.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/definitions

mod read;
mod write;

pub use read::{Get, List, Wanted, order};
pub use write::{Create, Delete, New, Update, create};
