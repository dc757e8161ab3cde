//! Service hooks: events of runs and pushes, told to the subscriptions that want them.
//!
//! `catalog` says which events and consumers there are, `given` reads a subscription, `happened` makes an event out of
//! the state, `filter` holds it against a subscription, `envelope` and `send` make the request, `publish` sends it,
//! `outcome` learns what became of it.
//! https://learn.microsoft.com/en-us/azure/devops/service-hooks/events

pub mod catalog;
mod envelope;
mod filter;
mod given;
mod happened;
mod outcome;
mod publish;
mod sample;
mod send;

pub use given::{Given, build};
pub use happened::newest;
pub use outcome::{notification_subject, on_time, settled, standing};
pub use publish::{Told, approval, masked, moved, notify, pushed};
pub use sample::sample;
pub use send::shown_url;

use uuid::Uuid;

/// The subject of a subscription's journal entries.
pub fn subject(id: Uuid) -> String {
    format!("subscription:{id}")
}
