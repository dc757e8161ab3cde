//! Who may go next, kept up to date at every change so that asking costs O(log n).
//!
//! A delivery is *startable* when it is queued and nothing of its line goes before it. Startable ones stand with their
//! due time in the queue of their host; the first of each host that has a free connection stands in `heads`.

use super::record::Record;
use imbl::{OrdMap, OrdSet};
use parhelion_core::{Owner, Timestamp};
use std::sync::Arc;

type Due = (Timestamp, u64);

/// First in, first out.
#[derive(Clone, Debug, Default, PartialEq)]
struct Line {
    queued: OrdSet<u64>,
    flying: bool,
    /// The one that stands in its host's queue.
    startable: Option<Due>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Host {
    due: OrdSet<Due>,
    flying: usize,
    /// The one that stands in `heads`.
    head: Option<Due>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    lines: OrdMap<(Owner, String), Line>,
    hosts: OrdMap<Arc<str>, Host>,
    heads: OrdSet<Due>,
}

/// The records, by number.
pub(super) type Records = OrdMap<u64, Arc<Record>>;

impl Index {
    /// The startable delivery that is due first, on a host with a free connection.
    pub fn first(&self) -> Option<Due> {
        self.heads.get_min().copied()
    }

    /// A record is queued now.
    pub fn queue(&mut self, record: &Record, records: &Records, per_host: usize) {
        match record.line() {
            None => self.offer(&record.origin, (record.due_at, record.id.0), per_host),
            Some(line) => {
                self.lines.entry(line.clone()).or_default().queued.insert(record.id.0);
                self.line_changed(&line, records, per_host);
            }
        }
    }

    /// A record that was queued is so no longer.
    pub fn unqueue(&mut self, record: &Record, records: &Records, per_host: usize) {
        match record.line() {
            None => self.withdraw(&record.origin, (record.due_at, record.id.0), per_host),
            Some(line) => {
                if let Some(entry) = self.lines.get_mut(&line) {
                    entry.queued.remove(&record.id.0);
                    // Its own record may be changed already: what stands in the host's queue is what was noted.
                    if let Some(due) = entry.startable.take_if(|due| due.1 == record.id.0) {
                        self.withdraw(&record.origin, due, per_host);
                    }
                }
                self.line_changed(&line, records, per_host);
            }
        }
    }

    /// An attempt of a record begins (`true`) or has ended.
    pub fn fly(&mut self, record: &Record, flying: bool, records: &Records, per_host: usize) {
        let host = self.hosts.entry(record.origin.clone()).or_default();
        host.flying = if flying { host.flying + 1 } else { host.flying.saturating_sub(1) };
        self.host_changed(&record.origin, per_host);
        if let Some(line) = record.line() {
            self.lines.entry(line.clone()).or_default().flying = flying;
            self.line_changed(&line, records, per_host);
        }
    }

    /// The bound per host is another one.
    pub fn bound_changed(&mut self, per_host: usize) {
        let hosts: Vec<Arc<str>> = self.hosts.keys().cloned().collect();
        hosts.iter().for_each(|host| self.host_changed(host, per_host));
    }

    fn line_changed(&mut self, name: &(Owner, String), records: &Records, per_host: usize) {
        let Some(line) = self.lines.get_mut(name) else { return };
        let first = if line.flying { None } else { line.queued.get_min().copied() };
        let next = first.and_then(|id| records.get(&id)).map(|r| (r.due_at, r.id.0));
        let before = std::mem::replace(&mut line.startable, next);
        if line.queued.is_empty() && !line.flying {
            self.lines.remove(name);
        }
        if before == next {
            return;
        }
        if let Some(due) = before
            && let Some(record) = records.get(&due.1)
        {
            self.withdraw(&record.origin.clone(), due, per_host);
        }
        if let Some(due) = next
            && let Some(record) = records.get(&due.1)
        {
            self.offer(&record.origin.clone(), due, per_host);
        }
    }

    fn offer(&mut self, host: &Arc<str>, due: Due, per_host: usize) {
        self.hosts.entry(host.clone()).or_default().due.insert(due);
        self.host_changed(host, per_host);
    }

    fn withdraw(&mut self, host: &Arc<str>, due: Due, per_host: usize) {
        if let Some(entry) = self.hosts.get_mut(host) {
            entry.due.remove(&due);
        }
        self.host_changed(host, per_host);
    }

    fn host_changed(&mut self, name: &Arc<str>, per_host: usize) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let next = if host.flying < per_host { host.due.get_min().copied() } else { None };
        let before = std::mem::replace(&mut host.head, next);
        if host.due.is_empty() && host.flying == 0 {
            self.hosts.remove(name);
        }
        if before != next {
            if let Some(due) = before {
                self.heads.remove(&due);
            }
            if let Some(due) = next {
                self.heads.insert(due);
            }
        }
    }

    /// The index made anew of the records: what the one kept up to date must equal.
    #[cfg(test)]
    pub fn rebuilt(records: &Records, per_host: usize) -> Index {
        use parhelion_core::DeliveryStatus::{InFlight, Queued};
        let mut index = Index::default();
        for record in records.values().filter(|r| r.status == InFlight) {
            index.fly(record, true, records, per_host);
        }
        for record in records.values().filter(|r| r.status == Queued) {
            index.queue(record, records, per_host);
        }
        index
    }
}
