//! Builds: queue, list, get, timeline, logs.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/builds

mod inner;
mod list;
mod queue;

pub use inner::{Get, GetLog, GetLogs, GetTimeline};
pub use list::List;
pub use queue::Queue;
