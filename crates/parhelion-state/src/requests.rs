//! The last requests of a world, bounded in number and in bytes.

use bytes::Bytes;
use parhelion_core::{RequestRecord, limits};
use std::collections::VecDeque;
use std::sync::Arc;

/// A ring of records; when their bodies grow too many, the oldest bodies go first and the records stay.
#[derive(Default)]
pub struct RequestRing {
    records: VecDeque<Arc<RequestRecord>>,
    body_bytes: usize,
    /// How many of the oldest records have lost their bodies.
    bare: usize,
    gone: u64,
}

fn body_bytes(record: &RequestRecord) -> usize {
    record.request_body.len() + record.response_body.len()
}

impl RequestRing {
    /// Takes a record in.
    pub fn push(&mut self, record: RequestRecord) {
        if self.records.len() >= limits::REQUESTS
            && let Some(old) = self.records.pop_front()
        {
            self.body_bytes -= body_bytes(&old);
            self.bare = self.bare.saturating_sub(1);
            self.gone += 1;
        }
        self.body_bytes += body_bytes(&record);
        self.records.push_back(Arc::new(record));
        while self.body_bytes > limits::KEPT_BODIES_BYTES && self.bare < self.records.len() {
            let old = &mut self.records[self.bare];
            self.body_bytes -= body_bytes(old);
            let old = Arc::make_mut(old);
            old.request_truncated |= !old.request_body.is_empty();
            old.response_truncated |= !old.response_body.is_empty();
            (old.request_body, old.response_body) = (Bytes::new(), Bytes::new());
            self.bare += 1;
        }
    }
    /// The records, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<RequestRecord>> + DoubleEndedIterator {
        self.records.iter()
    }
    /// One record.
    pub fn get(&self, id: &str) -> Option<Arc<RequestRecord>> {
        self.records.iter().rev().find(|record| record.id == id).cloned()
    }
    /// How many are no longer kept.
    pub fn gone(&self) -> u64 {
        self.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parhelion_core::{HeaderLines, Timestamp};

    fn record(id: usize, body: usize) -> RequestRecord {
        RequestRecord {
            id: id.to_string(),
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            surface: "kudu",
            operation: String::new(),
            tenant: String::new(),
            method: "GET".into(),
            path: "/".into(),
            status: 200,
            duration_us: 1,
            request_headers: HeaderLines::default(),
            request_body: Bytes::from(vec![0; body]),
            request_truncated: false,
            response_headers: HeaderLines::default(),
            response_body: Bytes::new(),
            response_truncated: false,
        }
    }

    #[test]
    fn the_oldest_go_first_and_are_counted() {
        let mut ring = RequestRing::default();
        (0..limits::REQUESTS + 3).for_each(|n| ring.push(record(n, 0)));
        assert_eq!((ring.iter().count(), ring.gone()), (limits::REQUESTS, 3));
        assert!(ring.get("2").is_none() && ring.get("3").is_some());
    }

    #[test]
    fn bodies_are_bounded_and_records_stay() {
        let mut ring = RequestRing::default();
        let big = limits::KEPT_BODIES_BYTES / 4;
        (0..6).for_each(|n| ring.push(record(n, big)));
        let kept: Vec<_> = ring.iter().map(|r| (r.request_body.len() == big, r.request_truncated)).collect();
        assert_eq!(
            kept,
            [(false, true), (false, true), (true, false), (true, false), (true, false), (true, false)]
        );
    }
}
