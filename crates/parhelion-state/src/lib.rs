//! State as a value: worlds, tenants, transactions, journal, checkpoints, time.
//!
//! A surface brings a [`Store`] (the immutable value of one tenant) and operations on it; this crate publishes
//! values, one writer a tenant, readers without locks, and carries what operations cause: events, deliveries,
//! jobs, mail. It knows no HTTP, no socket and no cloud's name.
//!
//! Start reading at [`Store`] and [`Tx`], then [`World`]; `shelf.rs` holds the commit. Design: house.md 4.

mod any_shelf;
mod clock;
mod faults;
mod ids;
mod ledger;
mod requests;
mod script;
mod shelf;
mod store;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod time;
mod tx;
mod world;
mod worlds;

pub use any_shelf::AnyShelf;
pub use clock::{ClockMode, ClockStart, END_OF_TIME, TimeRunsBack, WorldClock};
pub use faults::{Fault, Faults};
pub use ids::{Entropy, Ids};
pub use ledger::Entry;
pub use parhelion_core::Call;
pub use requests::RequestRing;
pub use script::{Behaviour, Overfull, Script, ScriptedOutcome};
pub use shelf::{Shelf, ShelfRef};
pub use store::{Committed, Handle, Job, JobDriver, Operation, Query, Store, Ticket, Version, View};
pub use table::{AnyTable, Table};
pub use time::Advanced;
pub use tx::Tx;
pub use world::{Checkpoint, Scope, Stepped, Thing, World};
pub use worlds::{Found, TooManyWorlds, Worlds};
