//! Service endpoints: create, list, get, update, share, delete; their types, and who used them.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/serviceendpoint/endpoints

mod history;
mod read;
mod types;
mod write;

pub use history::History;
pub use read::{Get, List};
pub use types::Types;
pub use write::{Create, CreateInProject, Delete, Share, Update, UpdateMany};
