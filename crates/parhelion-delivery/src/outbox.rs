//! [`Post`]: one mutex around the machine, for the world (as [`Outbox`]), the driver and the control API.

use crate::attempt::{AttemptId, Outcome};
use crate::machine::{Limits, Machine, Record, Release, ReplayError, Step};
use parhelion_core::{Delivery, DeliveryId, DeliveryStatus, Hindrance, Outbox, Owner, Seq, Timestamp};
use parking_lot::Mutex;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::watch;

/// The outbox of a world. No call waits for the network.
pub struct Post {
    machine: Mutex<Machine>,
    /// Counts changes: wakes the driver and whoever waits for quiet.
    changes: watch::Sender<u64>,
    /// Counts restores, resets and cancellations: attempts may be under way that nobody waits for.
    cuts: AtomicU64,
    stopping: AtomicBool,
}

impl Default for Post {
    fn default() -> Self {
        Post::new(Limits::default())
    }
}

/// Which deliveries are listed; what is absent matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The surface: the store's name, or what stands before its dot.
    pub surface: Option<String>,
    /// The tenant, in any case of its letters.
    pub tenant: Option<String>,
    /// The exact URL, as it is or as it is shown.
    pub target: Option<String>,
    /// Where it stands.
    pub status: Option<DeliveryStatus>,
}

impl Filter {
    /// Whether a delivery is to be listed.
    pub fn matches(&self, record: &Record) -> bool {
        let (store, delivery) = (&record.owner.store, &record.delivery);
        self.surface.as_ref().is_none_or(|s| store.split('.').next() == Some(s) || store == s)
            && self.tenant.as_ref().is_none_or(|t| t.eq_ignore_ascii_case(&record.owner.tenant))
            && self.target.as_ref().is_none_or(|t| *t == delivery.url || *t == delivery.shown_url)
            && self.status.is_none_or(|s| s == record.status)
    }
}

impl Post {
    /// An empty outbox.
    pub fn new(limits: Limits) -> Self {
        Post {
            machine: Mutex::new(Machine::new(limits)),
            changes: watch::Sender::new(0),
            cuts: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Machine) -> T) -> T {
        let result = change(&mut self.machine.lock());
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
        result
    }

    /// Up to `limit` deliveries after that number, oldest first.
    pub fn list(&self, filter: &Filter, after: Option<DeliveryId>, limit: usize) -> Vec<Arc<Record>> {
        // The machine is a value: the search runs on a copy (O(1)), not under the lock.
        let machine = self.machine.lock().clone();
        machine
            .after(after.unwrap_or(DeliveryId(0)))
            .filter(|r| filter.matches(r))
            .take(limit)
            .cloned()
            .collect()
    }
    /// A delivery with all its attempts; `None`: there is none, or it is no longer kept.
    pub fn get(&self, id: DeliveryId) -> Option<Arc<Record>> {
        self.machine.lock().get(id).cloned()
    }
    /// Whether [`Post::replay`] would do it.
    ///
    /// # Errors
    /// Why it would not.
    pub fn can_replay(&self, id: DeliveryId, url: Option<&str>) -> Result<(), ReplayError> {
        self.machine.lock().can_replay(id, url)
    }
    /// Sends a delivery again as a new one, to another URL if one is given, caused by that journal entry.
    pub fn replay(
        &self,
        id: DeliveryId,
        url: Option<&str>,
        cause: Seq,
        now: Timestamp,
    ) -> Result<DeliveryId, ReplayError> {
        self.change(|m| m.replay(id, url, cause, now))
    }
    /// Holds what is queued and what will be; what is under way ends.
    pub fn pause(&self) {
        self.change(Machine::pause);
    }
    /// Ends the pause; how many deliveries were held.
    pub fn resume(&self) -> usize {
        self.change(Machine::resume)
    }
    /// Lets held deliveries go, the pause goes on; how many there were.
    pub fn release(&self, which: Release) -> usize {
        self.change(|m| m.release(which))
    }
    /// Whether deliveries are held.
    pub fn paused(&self) -> bool {
        self.machine.lock().paused()
    }
    /// How many records are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.machine.lock().dropped()
    }
    /// The bounds.
    pub fn limits(&self) -> Limits {
        self.machine.lock().limits()
    }
    /// Sets the bounds.
    pub fn set_limits(&self, limits: Limits) {
        self.change(|m| m.set_limits(limits));
    }
    /// Changes when anything does.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// No further attempt begins; the driver ends when those under way are settled and reported. For the server's end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.change(|_| ());
    }
    /// Whether [`Post::stop`] was called.
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
    /// What is not final: to be reported when the server ends.
    pub fn unfinished(&self) -> Vec<Arc<Record>> {
        self.machine.lock().unfinished().cloned().collect()
    }

    /// The driver's question.
    pub(crate) fn poll(&self, now: Timestamp) -> Step {
        let mut machine = self.machine.lock();
        if self.stopping() {
            return machine.next_report().map_or(Step::Idle, |report| Step::Report(Box::new(report)));
        }
        machine.poll(now)
    }
    pub(crate) fn note(&self, id: AttemptId, seq: Seq) {
        self.machine.lock().note(id, seq);
    }
    pub(crate) fn settle(&self, id: AttemptId, outcome: Outcome, now: Timestamp) {
        // The report is not lost: it waits in the machine until the driver asks.
        let _ = self.change(|m| m.settle(id, outcome, now));
    }
    pub(crate) fn awaits(&self, id: AttemptId) -> bool {
        self.machine.lock().awaits(id)
    }
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }
    fn cut(&self, change: impl FnOnce(&mut Machine)) {
        self.change(change);
        self.cuts.fetch_add(1, Ordering::SeqCst);
        self.change(|_| ());
    }
}

impl Outbox for Post {
    fn enqueue(&self, owner: Owner, cause: Seq, delivery: Delivery, now: Timestamp) -> DeliveryId {
        self.change(|m| m.enqueue(owner, cause, delivery, now))
    }
    fn enqueue_hindered(
        &self,
        owner: Owner,
        cause: Seq,
        delivery: Delivery,
        hindrance: Hindrance,
        now: Timestamp,
    ) -> DeliveryId {
        self.change(|m| m.enqueue_hindered(owner, cause, delivery, hindrance, now))
    }
    fn next_deadline(&self) -> Option<Timestamp> {
        self.machine.lock().next_deadline()
    }
    fn busy(&self, now: Timestamp) -> bool {
        self.machine.lock().busy(now)
    }
    fn take_report(&self, delivery: DeliveryId, attempts: u32) -> bool {
        self.change(|m| m.take_report(delivery, attempts))
    }
    fn status(&self, id: DeliveryId) -> Option<DeliveryStatus> {
        self.machine.lock().status(id)
    }
    fn cancel(&self, owner: Option<&Owner>) {
        self.cut(|m| m.cancel(owner));
    }
    fn clear(&self) {
        self.cut(Machine::clear);
    }
    fn checkpoint(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(self.machine.lock().clone())
    }
    fn restore(&self, checkpoint: &(dyn Any + Send + Sync)) {
        let Some(earlier) = checkpoint.downcast_ref::<Machine>() else {
            debug_assert!(false, "a checkpoint of another outbox");
            tracing::error!("the outbox was given a checkpoint that is none of its own; it stays as it is");
            return;
        };
        self.cut(|m| m.restore(earlier));
    }
    fn counts(&self) -> (usize, usize, usize) {
        self.machine.lock().counts()
    }
}
