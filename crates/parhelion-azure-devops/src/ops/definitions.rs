//! Build definitions: create, list, get, update, delete, restore; their history and YAML.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/definitions

mod history;
mod read;
mod write;

pub use history::{GetRevisions, GetYaml};
pub use read::{Get, List, Wanted, ordered};
pub use write::{Create, Delete, New, Restore, Update, create};
