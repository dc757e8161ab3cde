//! How requests come into the worlds' journals and rings.

use parhelion_core::{Call, Event, RequestRecord, Seq, WorldName, text};
use parhelion_http::{Arrival, Begun, Recorder, Unavailable};
use parhelion_state::Worlds;
use std::sync::Arc;

/// Keeps requests in the worlds they are for.
pub struct InWorlds(pub Arc<Worlds>);

impl Recorder for InWorlds {
    fn request_id(&self) -> String {
        self.0.request_id()
    }

    fn begin(&self, arrival: &Arrival<'_>) -> Result<Begun, Unavailable> {
        let world = match self.0.find(arrival.world) {
            None if arrival.opens_world => {
                Some(self.0.open(arrival.world).map_err(|e| Unavailable { detail: e.to_string() })?)
            }
            found => found,
        };
        let Some(world) = world else {
            return Ok(Begun { seq: 0, now: parhelion_core::Timestamp::UNIX_EPOCH, recorded: false });
        };
        let now = world.clock.now();
        // Reading calls of the control API would only drown the journal; changing ones journal what they did.
        if arrival.surface == "control" {
            return Ok(Begun { seq: 0, now, recorded: false });
        }
        let call = Call {
            request_id: arrival.request_id.to_owned(),
            peer: Some(arrival.peer),
            cause: arrival.cause.unwrap_or(0),
            ..Call::default()
        };
        let path = shown_path(arrival.path);
        let event = Event::new("request", ["request:", arrival.request_id].concat())
            .fact([arrival.method, " ", &path, " from ", &arrival.peer.to_string()].concat())
            .with("method", arrival.method)
            .with("path", path);
        let seq: Seq = world.note(arrival.surface, &call, event);
        Ok(Begun { seq, now, recorded: true })
    }

    fn end(&self, world: &WorldName, record: RequestRecord) {
        if let Some(world) = self.0.find(world) {
            world.requests().lock().push(record);
            world.nudge();
        }
    }
}

/// A path as the journal shows it: bounded, and without what lets somebody in.
fn shown_path(path: &str) -> String {
    text::masked_query(text::prefix(path, 2_000))
}
