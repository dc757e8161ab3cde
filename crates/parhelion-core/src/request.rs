//! A request: as an operation sees it ([`Call`]) and as it is kept ([`RequestRecord`]).

use crate::{HeaderLines, Timestamp};
use bytes::Bytes;
use std::net::IpAddr;

/// The number of a journal entry, from 1, per world. 0: none.
pub type Seq = u64;

/// Who asks, and the journal entry that everything done here goes back to.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// `X-Parhelion-Request-Id` of the answer; empty for mail, time and reports.
    pub request_id: String,
    /// Who calls, in the surface's own terms (an ARN, a user, an e-mail address). Empty: nobody in particular.
    pub caller: String,
    /// The address the request came from.
    pub peer: Option<IpAddr>,
    /// `http://host:port[/_w/{world}]`, without a slash at the end: for absolute URLs in answers.
    pub base: String,
    /// The journal entry of the request.
    pub cause: Seq,
}

/// A request and its answer as kept for `/_parhelion/requests` (control.md 6).
#[derive(Clone, Debug)]
pub struct RequestRecord {
    /// `X-Parhelion-Request-Id`.
    pub id: String,
    /// Its `request` entry in the journal.
    pub seq: Seq,
    /// When it arrived.
    pub at: Timestamp,
    /// The surface that took it; empty when nobody did.
    pub surface: &'static str,
    /// The operation, as far as it was recognised.
    pub operation: String,
    /// The tenant it named.
    pub tenant: String,
    /// HTTP method.
    pub method: String,
    /// Path and query as the client sent them.
    pub path: String,
    /// Status of the answer.
    pub status: u16,
    /// From head read to answer's head ready, microseconds.
    pub duration_us: u64,
    /// The request's headers in order.
    pub request_headers: HeaderLines,
    /// The request's body, up to the kept bound.
    pub request_body: Bytes,
    /// Whether `request_body` was cut.
    pub request_truncated: bool,
    /// The answer's headers in order.
    pub response_headers: HeaderLines,
    /// The answer's body, up to the kept bound.
    pub response_body: Bytes,
    /// Whether `response_body` was cut.
    pub response_truncated: bool,
}
