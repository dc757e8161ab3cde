//! The words that every other crate shares, as plain data: time, tenant keys, events, deliveries,
//! calls, requests, operations, limits, and [`Outbox`], the one seam between state and delivery.
//!
//! Deliberately absent: async, HTTP, sockets, any cloud's names, any rule of any API.
//! Start reading at [`event`] and [`delivery`].

pub mod auth;
pub mod delivery;
pub mod event;
pub mod fault;
pub mod glob;
pub mod header_lines;
pub mod limits;
pub mod members;
pub mod operation;
pub mod request;
pub mod script;
pub mod tenant;
pub mod text;
pub mod units;

pub use auth::Auth;
pub use delivery::{Credentials, Delivery, DeliveryId, DeliveryStatus, ErrorClass, Outbox, Policy, Settled};
pub use event::{Cause, Event, EventNo, Verdict};
pub use fault::{Hindrance, OutboundFault};
pub use header_lines::HeaderLines;
pub use members::{Datum, Members};
pub use operation::{OperationInfo, Standing};
pub use request::{Call, RequestRecord, Seq};
pub use script::{Pace, Scripted, Scripting};
pub use tenant::{Owner, TenantKey, WorldName};

/// An instant of the emulator's time, UTC. `chrono` is built without its clock: it cannot be read, only passed in.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Where real time comes in. The one implementation that reads the system stands in the binary.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}
