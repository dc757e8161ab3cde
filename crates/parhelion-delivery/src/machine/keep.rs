//! How records change, and how many are kept: everything that is counted or indexed is brought up to date here.

use super::{Machine, Record};
use parhelion_core::DeliveryStatus::{Cancelled, Failed, Held, InFlight, Queued, Succeeded};
use std::sync::Arc;

impl Machine {
    /// The only place where a record changes: it leaves the indexes as what it was and enters them as what it is.
    pub(super) fn change(&mut self, id: u64, edit: impl FnOnce(&mut Record)) {
        self.leave(id);
        if let Some(record) = self.records.get_mut(&id) {
            edit(Arc::make_mut(record));
        }
        self.enter(id);
    }

    fn leave(&mut self, id: u64) {
        let Some(record) = self.records.get(&id).cloned() else { return };
        let per_host = self.limits.in_flight_per_host;
        match record.status {
            Queued => self.index.unqueue(&record, &self.records, per_host),
            InFlight => {
                self.flying.remove(&id);
                self.index.fly(&record, false, &self.records, per_host);
            }
            Held => drop(self.held.remove(&id)),
            Succeeded | Failed | Cancelled => return,
        }
        self.unfinished.remove(&id);
        self.unfinished_body_bytes -= record.body_bytes();
    }

    pub(super) fn enter(&mut self, id: u64) {
        let Some(record) = self.records.get(&id).cloned() else { return };
        let per_host = self.limits.in_flight_per_host;
        match record.status {
            Queued => self.index.queue(&record, &self.records, per_host),
            InFlight => {
                self.flying.insert(id);
                self.index.fly(&record, true, &self.records, per_host);
            }
            Held => drop(self.held.insert(id)),
            Succeeded | Failed | Cancelled => {
                self.finals.push_back(id);
                self.with_bodies.push_back(id);
                self.kept_body_bytes += record.body_bytes();
                return;
            }
        }
        self.unfinished.insert(id);
        self.unfinished_body_bytes += record.body_bytes();
    }

    /// Drops the oldest final records, and the bodies of the oldest, as far as the bounds demand.
    pub(super) fn tidy(&mut self) {
        while self.finals.len() > self.limits.kept
            && let Some(id) = self.finals.pop_front()
        {
            if self.with_bodies.front() == Some(&id) {
                self.with_bodies.pop_front();
            }
            if let Some(record) = self.records.remove(&id) {
                self.kept_body_bytes -= record.body_bytes();
                self.dropped += 1;
            }
        }
        while self.kept_body_bytes > self.limits.kept_body_bytes
            && let Some(id) = self.with_bodies.pop_front()
        {
            if let Some(record) = self.records.get_mut(&id) {
                self.kept_body_bytes -= record.body_bytes();
                Arc::make_mut(record).forget_bodies();
            }
        }
    }
}
