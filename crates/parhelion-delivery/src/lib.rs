//! The delivery engine: outbound webhooks, from "this is to be sent" to "this is what came of it".
//!
//! - [`Machine`] decides: order, schedule, bounds, what is kept. Pure; a value.
//! - [`Post`] is the machine behind a mutex: the world's [`parhelion_core::Outbox`], and what the control API reads.
//! - [`drive`] is the loop between a `Post` and a [`Transport`]; one for each world.
//! - [`HttpTransport`] sends over HTTP/1.1 and TLS, or hands deliveries to ourselves to the server's own router.
//! - [`DeliverTo`] says where deliveries may go.
//!
//! Deliberately absent: who asked and why (it gets finished bytes, a target and a policy; it never signs), HTTP/2,
//! proxies, kept-alive connections, a clock. Start reading at [`Machine`], then [`drive`], then [`Transport`].
//!
//! The HTTP client is our own, on `httparse`: a webhook's header names must go out in the case the cloud sends them in,
//! and the client libraries at hand write them in lower or title case.

mod attempt;
mod connect;
mod driver;
mod facts;
mod machine;
mod outbox;
mod target;
mod transport;
mod url;
mod view;
mod wire;

pub use attempt::{Answer, Attempt, AttemptId, AttemptRecord, Exchange, Outcome};
pub use connect::Resolver;
pub use driver::{DriverHost, drive};
pub use facts::{attempt_event, sending_event, word};
pub use machine::{
    IN_FLIGHT, IN_FLIGHT_PER_HOST, Limits, Machine, Record, Release, ReplayError, Report, Step, UNFINISHED,
    UNFINISHED_BODY_BYTES,
};
pub use outbox::{Filter, Post};
pub use target::{Allowed, BadDeliverTo, DeliverTo};
pub use transport::{CONNECTIONS, HttpTransport, InProcess, IsOurs, Loopback, Transport, TransportSettings};
