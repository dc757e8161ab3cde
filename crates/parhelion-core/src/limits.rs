//! Bounds, each named once. Everything that could grow has one (house.md 7, control.md 13).

/// Largest request body unless the surface says otherwise, bytes (also what a compressed one decodes to).
pub const BODY_BYTES: u64 = 32 * 1024 * 1024;
/// Largest body that is streamed to disk (zip deployments, git packs), bytes.
pub const STREAMED_BODY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Nesting of JSON, CBOR and YAML.
pub const NESTING: usize = 128;
/// A request head in all, bytes.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Headers of a request.
pub const HEADERS: usize = 200;
/// Seconds a client has to send a head.
pub const HEAD_SECS: u64 = 60;
/// Seconds without progress on a body.
pub const BODY_IDLE_SECS: u64 = 300;
/// Open connections.
pub const CONNECTIONS: usize = 10_000;
/// Requests in flight on one h2 connection.
pub const STREAMS_PER_CONNECTION: u32 = 100;
/// Most that is read of a receiver's answer, bytes.
pub const RECEIVER_RESPONSE_BYTES: usize = 1024 * 1024;
/// Most of a receiver's answer that is kept, bytes.
pub const RECEIVER_RESPONSE_KEPT_BYTES: usize = 64 * 1024;
/// Journal entries kept in a world.
pub const JOURNAL_EVENTS: usize = 10_000;
/// The sentence of a journal entry, bytes.
pub const JOURNAL_FACT_BYTES: usize = 4_000;
/// One member of a journal entry's data, bytes of text in it.
pub const JOURNAL_MEMBER_BYTES: usize = 64 * 1024;
/// Requests kept in a world.
pub const REQUESTS: usize = 5_000;
/// Deliveries kept in a world.
pub const DELIVERIES: usize = 5_000;
/// Of one request or answer body, bytes kept.
pub const KEPT_BODY_BYTES: usize = 256 * 1024;
/// Of all kept bodies of a world, bytes.
pub const KEPT_BODIES_BYTES: usize = 64 * 1024 * 1024;
/// Worlds of a server.
pub const WORLDS: usize = 10_000;
/// Tenants of a store in a world.
pub const TENANTS: usize = 10_000;
/// Past values kept of one tenant.
pub const PAST_OF_TENANT: usize = 256;
/// Past values kept in a world.
pub const PAST_OF_WORLD: usize = 20_000;
/// Steps of mail or time that one write may cause before it counts as endless.
pub const CHAIN_STEPS: usize = 10_000;
/// Behaviours of a world.
pub const BEHAVIOURS: usize = 1_000;
/// Outcomes of one behaviour.
pub const OUTCOMES: usize = 1_000;
/// Of all behaviours of a world, bytes of text.
pub const BEHAVIOURS_BYTES: usize = 16 * 1024 * 1024;
/// Fault rules of a world.
pub const FAULTS: usize = 1_000;
/// Longest that a control call waits, seconds.
pub const WAIT_SECS: u64 = 60;
