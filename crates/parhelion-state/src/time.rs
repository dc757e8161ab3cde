//! Moving a world's time, and waiting until it is quiet. Waiting here is for changes, never for a while.

use crate::World;
use parhelion_core::Timestamp;

/// What an advance did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advanced {
    /// The time now.
    pub now: Timestamp,
    /// Deadlines that were run on the way.
    pub steps: u64,
}

impl World {
    /// Waits until nothing can go on at the present time: no deadline is due, no job runs, nothing is being sent.
    /// What waits for a worker, an approval, a paused outbox or a later time does not count.
    pub async fn idle(&self) {
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            if self.pending().is_empty() || self.is_closed() || changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Moves the time to an instant, deadline by deadline, each at its own time; what is sent on the way is settled
    /// on the way. One at a time: a second call waits for the first.
    pub async fn advance(&self, to: Timestamp) -> Advanced {
        let _one = self.advancing.lock().await;
        let mut steps = 0;
        loop {
            self.idle().await;
            if self.is_closed() || self.step(to).is_none() {
                break;
            }
            steps += 1;
        }
        self.clock.reach(to);
        self.tick();
        self.stir();
        self.idle().await;
        Advanced { now: self.clock.now(), steps }
    }
}
