//! One attempt, as the machine hands it out ([`Attempt`]), as a transport reports it ([`Outcome`]) and as it is kept
//! ([`AttemptRecord`]).

use bytes::Bytes;
use parhelion_core::limits::RECEIVER_RESPONSE_KEPT_BYTES;
use parhelion_core::{Delivery, DeliveryId, ErrorClass, Owner, Seq, Timestamp};
use std::time::Duration;

/// The number of an attempt. It holds the epoch, which every restore and reset raises: the outcome of an attempt that
/// began before settles nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptId {
    pub(crate) epoch: u64,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Which attempt of it, from 1.
    pub number: u32,
}

/// An attempt to be made.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its number; goes back with the outcome.
    pub id: AttemptId,
    /// How many the policy allows in all.
    pub of: u32,
    /// Whose delivery it is.
    pub owner: Owner,
    /// The journal entry that caused the delivery.
    pub cause: Seq,
    /// The journal entry of this attempt (0 until the driver has written it): what the receiver does is caused by it,
    /// where the receiver is ourselves.
    pub seq: Seq,
    /// What to send.
    pub delivery: Delivery,
}

/// What came of an attempt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Each request that was sent (several where redirects were followed or credentials were asked for) with its answer.
    pub exchanges: Vec<Exchange>,
    /// Why it failed; `None`: the last answer was a 2xx and whole.
    pub error: Option<(ErrorClass, String)>,
    /// Real time that it took.
    pub took: Duration,
}

impl Outcome {
    /// An attempt of which nothing went out.
    pub fn failed(class: ErrorClass, message: impl Into<String>) -> Self {
        Outcome { error: Some((class, message.into())), ..Outcome::default() }
    }
    /// The last answer's head and body, where there was one.
    pub fn answer(&self) -> Option<&Answer> {
        self.exchanges.last()?.answer.as_ref()
    }
}

/// A request as it was sent, and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// The URL without credentials and fragment.
    pub url: String,
    /// All headers, in the order and case of the wire.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Taken in the same process, because the URL is one of ours.
    pub loopback: bool,
    /// What came back, as far as it came.
    pub answer: Option<Answer>,
}

/// A receiver's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The reason phrase as sent; may be empty.
    pub reason: String,
    /// All headers, in the order and case of the wire; bytes beyond ASCII read as Latin-1.
    pub headers: Vec<(String, String)>,
    /// The first 64 KiB of the body.
    pub body: Bytes,
    /// How long the body was, as far as it was read.
    pub body_bytes: usize,
}

impl Answer {
    /// Whether `body` is not all that was read.
    pub fn truncated(&self) -> bool {
        self.body_bytes > self.body.len()
    }
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
    /// Keeps what is kept of a body. Copied: a slice would hold on to the whole.
    pub(crate) fn keep_body(&mut self, body: &[u8]) {
        self.body_bytes = body.len();
        self.body = Bytes::copy_from_slice(&body[..body.len().min(RECEIVER_RESPONSE_KEPT_BYTES)]);
    }
}

/// A settled attempt, as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRecord {
    /// Which attempt, from 1.
    pub number: u32,
    /// Its journal entry, written when it began; what the receiver did is caused by it, where that was ourselves.
    pub seq: Seq,
    /// When it began (emulator's time).
    pub sent_at: Timestamp,
    /// When its outcome was known (emulator's time).
    pub at: Timestamp,
    /// Requests, answers, error, real duration.
    pub outcome: Outcome,
}
