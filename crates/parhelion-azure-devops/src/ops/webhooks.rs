//! The public endpoint of incoming webhooks: what it makes of a request, and the records it leaves.

mod facts;
mod receive;
mod records;

pub use receive::{MAX_BODY_BYTES, Received, Taken, receive};
pub use records::{deliveries, delivery, is_credential, issues, trigger_issue};
