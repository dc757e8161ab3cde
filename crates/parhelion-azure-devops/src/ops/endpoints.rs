//! Service endpoints: create, list, get, update, share, delete.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/serviceendpoint/endpoints

mod read;
mod write;

pub use read::{Get, List};
pub use write::{Create, CreateInProject, Delete, Share, Update, UpdateMany};
