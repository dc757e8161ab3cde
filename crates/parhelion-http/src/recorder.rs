//! How the server tells of requests without knowing what keeps them.

use parhelion_core::{RequestRecord, Seq, Timestamp, WorldName};
use std::net::IpAddr;

/// Names requests and keeps what is told of them; the binary implements it over the worlds.
pub trait Recorder: Send + Sync + 'static {
    /// The next request's id, in order of arrival. Asked once for every request that reaches the router.
    fn request_id(&self) -> String;

    /// A request arrived and is about to be answered: opens its world where the method may change something,
    /// and writes the journal's entry `request`.
    ///
    /// With an empty [`Arrival::surface`] nobody claimed the request: it must not bring a world into being.
    ///
    /// # Errors
    /// When the world would be one too many; the client gets 503 with the reason.
    fn begin(&self, arrival: &Arrival<'_>) -> Result<Begun, Unavailable>;

    /// What became of a request that [`Recorder::begin`] said is recorded. Called once for each of them, before
    /// the last byte of the answer leaves; when the client goes before its answer, with status 499.
    fn end(&self, world: &WorldName, record: RequestRecord);
}

/// A request that arrived, as far as its head tells.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The world it names.
    pub world: &'a WorldName,
    /// Its id.
    pub request_id: &'a str,
    /// The surface that claims it; `control` also for a surface's own control calls, empty when nobody does.
    pub surface: &'static str,
    /// Whether it may bring its world into being. What nobody claims may not.
    pub opens_world: bool,
    /// HTTP method.
    pub method: &'a str,
    /// Path and query as the client sent them, world prefix included.
    pub path: &'a str,
    /// The connection's other end.
    pub peer: IpAddr,
    /// The journal entry that led here, when the request is our own delivery to ourselves.
    pub cause: Option<Seq>,
}

/// Where a request's story begins.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// The journal entry `request`; 0 when there is none.
    pub seq: Seq,
    /// The world's time.
    pub now: Timestamp,
    /// Whether to keep the bodies and call [`Recorder::end`].
    pub recorded: bool,
}

/// Why a request's world cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// One sentence for the client.
    pub detail: String,
}
