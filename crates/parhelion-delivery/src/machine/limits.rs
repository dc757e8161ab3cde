//! The machine's bounds.

use parhelion_core::limits;

/// Attempts of a world under way at the same time.
pub const IN_FLIGHT: usize = 256;
/// Attempts of a world under way at the same time to one host and port.
pub const IN_FLIGHT_PER_HOST: usize = 64;
/// Deliveries of a world that are not yet final.
pub const UNFINISHED: usize = 5_000;
/// Bytes of the bodies of all deliveries of a world that are not yet final.
pub const UNFINISHED_BODY_BYTES: usize = 256 * 1024 * 1024;

/// The machine's bounds; settings, so no part of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// [`IN_FLIGHT`].
    pub in_flight: usize,
    /// [`IN_FLIGHT_PER_HOST`].
    pub in_flight_per_host: usize,
    /// [`UNFINISHED`]: beyond it a delivery fails at once, with the reason.
    pub unfinished: usize,
    /// [`UNFINISHED_BODY_BYTES`]: the same.
    pub unfinished_body_bytes: usize,
    /// Final records kept ([`limits::DELIVERIES`]): they are dropped in the order in which they became final. What is
    /// unfinished is never dropped.
    pub kept: usize,
    /// Bytes of the bodies of final records ([`limits::KEPT_BODIES_BYTES`]): the oldest lose theirs and stay.
    pub kept_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            in_flight: IN_FLIGHT,
            in_flight_per_host: IN_FLIGHT_PER_HOST,
            unfinished: UNFINISHED,
            unfinished_body_bytes: UNFINISHED_BODY_BYTES,
            kept: limits::DELIVERIES,
            kept_body_bytes: limits::KEPT_BODIES_BYTES,
        }
    }
}
