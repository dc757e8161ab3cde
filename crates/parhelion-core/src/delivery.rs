//! An outbound webhook as plain data, and the seam between state (which decides to send) and the delivery
//! machine (which sends): [`Outbox`].

use crate::{Hindrance, Owner, Seq, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt;

/// The number of a delivery in its world's outbox; never given twice, also not after a restore.
/// Shown as `d{number}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId(pub u64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}", self.0)
    }
}
impl std::str::FromStr for DeliveryId {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        s.strip_prefix('d').and_then(|n| n.parse().ok()).map(DeliveryId).ok_or(())
    }
}

/// A finished request to a receiver: bytes, not intentions. Whoever makes it has signed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Whose it is, `{thing}:{id}` (`hook:12`): journal subject, and handed back in [`Settled`].
    pub subject: String,
    /// What it tells, in the cloud's word (`push`, `PostDeployment`).
    pub event: String,
    /// The HTTP method.
    pub method: &'static str,
    /// The exact absolute URL, secret query string included.
    pub url: String,
    /// `url` as it may be shown: secrets masked. The same as `url` where there is nothing to hide.
    pub shown_url: String,
    /// Headers in the order and case in which they go out. `Host` and `Content-Length` are the transport's.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: Bytes,
    /// How it is attempted.
    pub policy: Policy,
    /// First in first out among deliveries with the same key (one per hook, say); `None`: in parallel.
    pub order: Option<String>,
}

/// How a delivery is attempted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Seconds to wait before the 2nd, 3rd … attempt; empty: one attempt only.
    pub schedule_secs: Vec<u64>,
    /// Real time for one attempt, head and body of the answer included.
    pub timeout_secs: u64,
    /// HTTP statuses that end it without further attempts (410 Gone).
    pub give_up_on: Vec<u16>,
    /// The only HTTP statuses after which it is attempted again; empty: every one. Without an answer it always is.
    pub retry_on: Vec<u16>,
    /// How many redirects are followed.
    pub follow_redirects: u8,
    /// Whether the receiver's certificate is verified.
    pub verify_tls: bool,
    /// When a user and password in the URL are sent (as `Authorization: Basic`; they never stand in the request line).
    pub credentials: Credentials,
}

/// When the user and password of a delivery's URL are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// With the first request.
    #[default]
    AtOnce,
    /// Only in a second request, after an answer 401 with a Basic challenge.
    WhenChallenged,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            schedule_secs: Vec::new(),
            timeout_secs: 10,
            give_up_on: Vec::new(),
            retry_on: Vec::new(),
            follow_redirects: 0,
            verify_tls: true,
            credentials: Credentials::AtOnce,
        }
    }
}

/// Where a delivery stands (control.md 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits for its time, its turn or a free connection.
    Queued,
    /// Waits because deliveries are paused.
    Held,
    /// An attempt is under way.
    InFlight,
    /// Answered with a 2xx.
    Succeeded,
    /// All attempts are used up, or the target was refused.
    Failed,
    /// Its tenant was reset or restored before it was sent.
    Cancelled,
}

impl DeliveryStatus {
    /// Whether nothing further will happen to it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The name could not be resolved.
    Dns,
    /// No connection could be made.
    Refused,
    /// The TLS handshake or the certificate failed.
    Tls,
    /// The time limit of the policy passed.
    Timeout,
    /// The connection broke before the answer was whole.
    Reset,
    /// The answer's status was not 2xx.
    Status,
    /// The answer could not be read as HTTP, or its body was too long.
    Body,
    /// The settings do not allow that target, or it is no http(s) URL.
    NotAllowed,
}

/// The report of one attempt, given to `Store::on_delivered`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its subject.
    pub subject: String,
    /// Its event.
    pub event: String,
    /// The standing after this attempt; `Queued` when another attempt follows.
    pub status: DeliveryStatus,
    /// Attempts so far, this one included.
    pub attempts: u32,
    /// When the attempt began.
    pub sent_at: Timestamp,
    /// When its outcome was known.
    pub at: Timestamp,
    /// The answer's status, where there was one.
    pub response_status: Option<u16>,
    /// The answer's reason phrase as sent (HTTP/1.1), where there was one.
    pub response_reason: Option<String>,
    /// The first 64 KiB of the answer's body.
    pub response_body: Bytes,
    /// Why it failed.
    pub error: Option<(ErrorClass, String)>,
    /// The body that was sent.
    pub request_body: Bytes,
}

impl Settled {
    /// Whether the receiver answered 2xx.
    pub fn ok(&self) -> bool {
        self.error.is_none()
    }
}

/// What a world needs of the delivery machine. The machine implements it, so neither crate knows the other.
/// All calls are short and never wait for the network.
pub trait Outbox: Send + Sync + 'static {
    /// Takes a delivery of a tenant, caused by that journal entry.
    fn enqueue(&self, owner: Owner, cause: Seq, delivery: Delivery, now: Timestamp) -> DeliveryId;
    /// The same of a delivery that a fault rule hit. An outbox that sends nothing has nothing to hinder.
    fn enqueue_hindered(
        &self,
        owner: Owner,
        cause: Seq,
        delivery: Delivery,
        hindrance: Hindrance,
        now: Timestamp,
    ) -> DeliveryId {
        let _ = hindrance;
        self.enqueue(owner, cause, delivery, now)
    }
    /// When the next queued delivery that may go falls due.
    fn next_deadline(&self) -> Option<Timestamp>;
    /// Whether a delivery is in flight or could go now (held ones do not count).
    fn busy(&self, now: Timestamp) -> bool;
    /// Takes the report of a settled attempt (`Settled::delivery`, `Settled::attempts`) out of the outbox. `true` once for
    /// each report that still stands; `false` when a restore, a reset or a cancellation came in between. The world asks
    /// under its gate, right before it gives the report to the store: so no report touches a state that it does not
    /// belong to, and a checkpoint holds either the report or what came of it.
    fn take_report(&self, delivery: DeliveryId, attempts: u32) -> bool {
        let _ = (delivery, attempts);
        true
    }
    /// Where a delivery stands; `None` when it is no longer kept.
    fn status(&self, id: DeliveryId) -> Option<DeliveryStatus>;
    /// Cancels what is not yet settled: of one owner, or all.
    fn cancel(&self, owner: Option<&Owner>);
    /// Forgets everything: records too. Numbers go on.
    fn clear(&self);
    /// The whole outbox as a value (O(1)).
    fn checkpoint(&self) -> Box<dyn Any + Send + Sync>;
    /// Takes a checkpoint back; what was in flight then is queued again, late outcomes settle nothing.
    fn restore(&self, checkpoint: &(dyn Any + Send + Sync));
    /// Counts for `/info`: (queued or held, in flight, kept in all).
    fn counts(&self) -> (usize, usize, usize);
}
