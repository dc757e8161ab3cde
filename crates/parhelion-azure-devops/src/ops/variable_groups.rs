//! Variable groups: create, list, get, replace, share, delete.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/distributedtask/variablegroups

mod read;
mod write;

pub use read::{Get, List};
pub use write::{Add, AddInProject, Delete, DeleteInProject, Share, Update, UpdateInProject};
