//! What the control API itself keeps: of the server ([`Control`]) and of each world (`Desk`).

use crate::sinks::Sinks;
use parhelion_core::{Clock, OperationInfo, Scripting, Timestamp, WorldName};
use parhelion_delivery::Post;
use parhelion_state::{Checkpoint, World, Worlds};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Facts of the running server, for `/info`.
pub struct Facts {
    /// The program's version.
    pub version: &'static str,
    /// The seed of all ids.
    pub seed: u64,
    /// `http://host:port` it listens on.
    pub listen: String,
    /// The public URL, when one was given.
    pub public_url: Option<String>,
    /// When it started, by the real clock.
    pub started: Timestamp,
    /// The real clock.
    pub real: Arc<dyn Clock>,
    /// Set when the server begins to stop.
    pub stopping: Arc<AtomicBool>,
    /// The operations of every surface.
    pub operations: Vec<(&'static str, &'static [OperationInfo])>,
    /// What every surface understands of behaviours and pace.
    pub scripting: Vec<(&'static str, Scripting)>,
}

/// Finds a world's outbox.
pub type Outboxes = Box<dyn Fn(&WorldName) -> Option<Arc<Post>> + Send + Sync>;

/// A named checkpoint with what the control API adds to it.
pub(crate) struct Snapshot {
    pub world: Checkpoint,
    pub sinks: Sinks,
}

/// What the control API keeps for one world.
#[derive(Default)]
pub(crate) struct Desk {
    pub sinks: Mutex<Sinks>,
    pub snapshots: Mutex<BTreeMap<String, Arc<Snapshot>>>,
    /// How many snapshots were named by us.
    pub named: Mutex<u64>,
}

/// The control API's own state.
pub struct Control {
    pub(crate) worlds: Arc<Worlds>,
    pub(crate) facts: Facts,
    outboxes: Outboxes,
    desks: Mutex<BTreeMap<WorldName, Arc<Desk>>>,
}

impl Control {
    /// The control API over the server's worlds.
    pub fn new(worlds: Arc<Worlds>, outboxes: Outboxes, facts: Facts) -> Arc<Control> {
        Arc::new(Control { worlds, facts, outboxes, desks: Mutex::default() })
    }
    pub(crate) fn desk(&self, world: &World) -> Arc<Desk> {
        let mut desks = self.desks.lock();
        // A call that still runs while its world is deleted leaves nothing behind for the next world of that name.
        if world.is_closed() {
            return Arc::default();
        }
        desks.entry(world.name().clone()).or_default().clone()
    }
    pub(crate) fn forget(&self, world: &WorldName) {
        self.desks.lock().remove(world);
    }
    /// Whether the server has begun to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.facts.stopping.load(Ordering::Acquire)
    }
    /// Done when the server begins to stop (it nudges all worlds then) or the world ends.
    pub(crate) async fn stopping(&self, world: &World) {
        let mut changes = world.changes();
        while !self.is_stopping() && !world.is_closed() && changes.changed().await.is_ok() {}
    }
    pub(crate) fn outbox(&self, world: &World) -> Option<Arc<Post>> {
        (self.outboxes)(world.name())
    }
}
