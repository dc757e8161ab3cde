//! A world for unit tests: a manual clock, ids of a seed, and an outbox that only records.

use crate::{AnyShelf, ClockMode, ClockStart, Ids, World, WorldClock, Worlds};
use parhelion_core::{
    Clock, Delivery, DeliveryId, DeliveryStatus, ErrorClass, Outbox, Owner, Seq, Settled, Timestamp,
    WorldName,
};
use parking_lot::Mutex;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Stopped;
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        start()
    }
}

/// The first instant of a test world: 2026-01-01T00:00:00Z.
pub fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH + chrono::TimeDelta::days(20_454)
}

/// One recorded delivery.
#[derive(Clone)]
pub struct Sent {
    /// Its number.
    pub id: DeliveryId,
    /// Whose.
    pub owner: Owner,
    /// What led to it.
    pub cause: Seq,
    /// What is to be sent.
    pub delivery: Delivery,
    /// Where it stands.
    pub status: DeliveryStatus,
}

/// An outbox that sends nothing: a test settles what lies in it.
#[derive(Default)]
pub struct Recorded {
    records: Mutex<BTreeMap<DeliveryId, Sent>>,
    last: Mutex<u64>,
}

impl Recorded {
    /// All that was enqueued, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.records.lock().values().cloned().collect()
    }
    /// Tells the world how a delivery came out: a status, or why there is none.
    pub fn settle(&self, world: &World, id: DeliveryId, outcome: Result<u16, ErrorClass>, body: &[u8]) {
        let Some(sent) = self.records.lock().get(&id).cloned() else { return };
        let ok = matches!(outcome, Ok(200..=299));
        let status = if ok { DeliveryStatus::Succeeded } else { DeliveryStatus::Failed };
        if let Some(record) = self.records.lock().get_mut(&id) {
            record.status = status;
        }
        let error = match outcome {
            Ok(200..=299) => None,
            Ok(status) => Some((ErrorClass::Status, format!("answered {status}"))),
            Err(class) => Some((class, format!("{class:?}"))),
        };
        let report = Settled {
            delivery: id,
            subject: sent.delivery.subject.clone(),
            event: sent.delivery.event.clone(),
            status,
            attempts: 1,
            sent_at: world.clock.now(),
            at: world.clock.now(),
            response_status: outcome.ok(),
            response_reason: None,
            response_body: bytes::Bytes::copy_from_slice(body),
            error,
            request_body: sent.delivery.body.clone(),
        };
        world.delivered(&sent.owner, sent.cause, &report);
    }
}

impl Outbox for Recorded {
    fn enqueue(&self, owner: Owner, cause: Seq, delivery: Delivery, _now: Timestamp) -> DeliveryId {
        let mut last = self.last.lock();
        *last += 1;
        let id = DeliveryId(*last);
        self.records.lock().insert(id, Sent { id, owner, cause, delivery, status: DeliveryStatus::Queued });
        id
    }
    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
    fn busy(&self, _now: Timestamp) -> bool {
        false
    }
    fn status(&self, id: DeliveryId) -> Option<DeliveryStatus> {
        self.records.lock().get(&id).map(|sent| sent.status)
    }
    fn cancel(&self, owner: Option<&Owner>) {
        for sent in
            self.records.lock().values_mut().filter(|sent| owner.is_none_or(|owner| sent.owner == *owner))
        {
            if !sent.status.is_final() {
                sent.status = DeliveryStatus::Cancelled;
            }
        }
    }
    fn clear(&self) {
        self.records.lock().clear();
    }
    fn checkpoint(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(self.records.lock().clone())
    }
    fn restore(&self, checkpoint: &(dyn Any + Send + Sync)) {
        if let Some(records) = checkpoint.downcast_ref::<BTreeMap<DeliveryId, Sent>>() {
            *self.records.lock() = records.clone();
        }
    }
    fn counts(&self) -> (usize, usize, usize) {
        let records = self.records.lock();
        (records.values().filter(|sent| sent.status == DeliveryStatus::Queued).count(), 0, records.len())
    }
}

/// A world called `main` of these shelves, with its outbox.
pub fn world(seed: u64, shelves: Vec<Arc<dyn AnyShelf>>) -> (Arc<World>, Arc<Recorded>) {
    named(WorldName::main(), seed, shelves)
}

fn named(name: WorldName, seed: u64, shelves: Vec<Arc<dyn AnyShelf>>) -> (Arc<World>, Arc<Recorded>) {
    let outbox = Arc::new(Recorded::default());
    let clock = WorldClock::new(Arc::new(Stopped), ClockStart { mode: ClockMode::Manual, at: None });
    (World::new(name, Ids::seeded(seed), clock, outbox.clone(), shelves), outbox)
}

/// A server's worlds, for tests of a surface's service; `shelves` makes the shelves of each.
pub fn worlds(seed: u64, shelves: fn() -> Vec<Arc<dyn AnyShelf>>) -> Arc<Worlds> {
    Worlds::new(Ids::seeded(seed), Box::new(move |name| named(name.clone(), seed, shelves()).0))
}
