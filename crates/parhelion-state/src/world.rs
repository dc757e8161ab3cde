//! [`World`]: a whole emulator's state as a value: shelves, clock, ids, journal, outbox.

mod checkpoint;
mod scripts;

pub use checkpoint::{Checkpoint, Scope};
pub use scripts::{Stepped, Thing};

use crate::any_shelf::AnyShelf;
use crate::ledger::{Entry, Ledger, Writer};
use crate::shelf::{Chain, Shelf, ShelfRef};
use crate::{Faults, Handle, Ids, RequestRing, Script, Store, Ticket, WorldClock};
use parhelion_core::{Call, DeliveryId, Event, Outbox, Owner, Seq, Settled, Timestamp, WorldName, limits};
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use std::any::Any;
use std::cell::Cell as Flag;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use tokio::sync::watch;

/// One emulator's state. Nothing of it is global: a server holds many.
///
/// Locks, in this order: `ticking`, `gate`, a tenant's writer, `script`, `ledger`, `faults`, the outbox's own. None is held across an
/// await; the new value is published while the ledger is held, so seq and values agree.
pub struct World {
    name: WorldName,
    /// The world's time.
    pub clock: WorldClock,
    shelves: BTreeMap<&'static str, Arc<dyn AnyShelf>>,
    ids: Ids,
    outbox: Arc<dyn Outbox>,
    ticking: Mutex<()>,
    /// Shared by a write with all its mail; exclusive for checkpoint, restore and reset.
    gate: RwLock<()>,
    /// Behaviours and paces; held by an operation that draws an outcome until it is over.
    script: Mutex<Script>,
    /// What goes wrong with deliveries.
    faults: Mutex<Faults>,
    ledger: Mutex<Ledger>,
    requests: Mutex<RequestRing>,
    past_values: AtomicUsize,
    /// One conductor of time at once.
    pub(crate) advancing: tokio::sync::Mutex<()>,
    revision: watch::Sender<u64>,
    /// Rises when there may be work for a driver: a deadline moved, a job was queued, the clock was set.
    stirs: watch::Sender<u64>,
    closed: AtomicBool,
}

thread_local! { static WRITING: Flag<bool> = const { Flag::new(false) }; }

/// Marks this thread as being within a write. A write inside it would wait for itself.
struct Turn;
impl Turn {
    fn take() -> Turn {
        assert!(!WRITING.replace(true), "a write inside a write: send mail instead");
        Turn
    }
}
impl Drop for Turn {
    fn drop(&mut self) {
        WRITING.set(false);
    }
}

impl World {
    /// A world of these shelves (one for each store).
    pub fn new(
        name: WorldName,
        ids: Ids,
        clock: WorldClock,
        outbox: Arc<dyn Outbox>,
        shelves: Vec<Arc<dyn AnyShelf>>,
    ) -> Arc<World> {
        let ledger = Ledger::new(name.as_str().into());
        Arc::new(World {
            name,
            clock,
            shelves: shelves.into_iter().map(|shelf| (shelf.name(), shelf)).collect(),
            ids,
            outbox,
            ticking: Mutex::new(()),
            gate: RwLock::new(()),
            script: Mutex::default(),
            faults: Mutex::default(),
            ledger: Mutex::new(ledger),
            requests: Mutex::default(),
            past_values: AtomicUsize::new(0),
            advancing: tokio::sync::Mutex::new(()),
            revision: watch::channel(0).0,
            stirs: watch::channel(0).0,
            closed: AtomicBool::new(false),
        })
    }
    /// Its name.
    pub fn name(&self) -> &WorldName {
        &self.name
    }
    /// Where its ids come from.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }
    pub(crate) fn outbox(&self) -> &dyn Outbox {
        &*self.outbox
    }
    pub(crate) fn ledger(&self) -> &Mutex<Ledger> {
        &self.ledger
    }
    pub(crate) fn past_values(&self) -> &AtomicUsize {
        &self.past_values
    }
    fn any(&self, store: &str) -> Option<&dyn AnyShelf> {
        self.shelves.get(store).map(|shelf| &**shelf)
    }
    pub(crate) fn typed<S: Store>(&self) -> &Shelf<S> {
        let shelf = self.any(S::NAME).and_then(|shelf| (shelf as &dyn Any).downcast_ref());
        #[expect(clippy::expect_used, reason = "a surface asks for its own store, which its shelves() wired")]
        shelf.expect("a store that was wired into this world, under a name of its own")
    }
    /// The tenants of a store.
    pub fn shelf<S: Store>(&self) -> ShelfRef<'_, S> {
        ShelfRef { world: self, shelf: self.typed() }
    }
    /// Who claimed a name, and what it leads to there.
    pub fn find(&self, handle: &Handle) -> Option<(Owner, String)> {
        self.ledger.lock().directory.get(handle).cloned()
    }

    /// A counter that rises whenever anything may have changed: for those who wait.
    pub fn changes(&self) -> watch::Receiver<u64> {
        let changes = self.revision.subscribe();
        // Beside the one in `nudge`: either this reader sees the change, or the change sees this reader.
        fence(Ordering::SeqCst);
        changes
    }
    /// Wakes those who wait: something outside the state changed (a request was recorded, an outbox was resumed).
    pub fn nudge(&self) {
        fence(Ordering::SeqCst);
        // Mostly nobody waits, and telling nobody takes longer than asking.
        if self.revision.receiver_count() > 0 {
            self.revision.send_modify(|n| *n += 1);
        }
    }
    /// A counter that rises when there may be work for a driver: a deadline moved, a job was queued, the clock was
    /// set. Rarer than [`World::changes`]: most requests wake no driver.
    pub fn stirs(&self) -> watch::Receiver<u64> {
        self.stirs.subscribe()
    }
    /// Wakes the drivers, and those who wait for changes.
    pub fn stir(&self) {
        self.stirs.send_modify(|n| *n += 1);
        self.nudge();
    }
    /// Ends it: those who wait learn it through [`World::is_closed`].
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.outbox.clear();
        self.stir();
    }
    /// Whether it was deleted, or the server stops.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// A journal entry that belongs to no tenant: a request, a refusal, a control call.
    pub fn note(&self, surface: &'static str, call: &Call, event: Event) -> Seq {
        self.note_for(surface, &Owner::default(), call, event)
    }
    /// A journal entry written from outside an operation about a tenant (an attempt to deliver).
    pub fn note_for(&self, surface: &'static str, owner: &Owner, call: &Call, event: Event) -> Seq {
        let by = Writer { owner, surface, call, now: self.clock.now() };
        let mut ledger = self.ledger.lock();
        let cause = ledger.cause(&by, &[], &event.cause);
        let seq = ledger.write(&by, event, cause);
        drop(ledger);
        self.nudge();
        seq
    }
    /// The surface that a store belongs to.
    pub fn surface_of(&self, store: &str) -> Option<&'static str> {
        self.any(store).map(AnyShelf::surface)
    }
    /// Journal entries after a seq that `wanted` takes, oldest first, at most `limit`.
    pub fn entries(&self, after: Seq, limit: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        // The entries are shared: copy the pointers under the lock, look at them after it.
        let all: Vec<Arc<Entry>> = {
            let ledger = self.ledger.lock();
            let first = ledger.journal.front().map_or(0, |entry| entry.seq);
            let skip = usize::try_from(after.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
            ledger.journal.iter().skip(skip).cloned().collect()
        };
        all.into_iter().filter(|entry| wanted(entry)).take(limit).collect()
    }
    /// One journal entry, as long as it is kept.
    pub fn entry(&self, seq: Seq) -> Option<Arc<Entry>> {
        let ledger = self.ledger.lock();
        let first = ledger.journal.front()?.seq;
        ledger.journal.get(usize::try_from(seq.checked_sub(first)?).ok()?).cloned()
    }
    /// The newest seq, and how many entries are gone.
    pub fn journal_range(&self) -> (Seq, u64) {
        let ledger = self.ledger.lock();
        (ledger.seq, ledger.seq - ledger.journal.len() as u64)
    }
    /// The requests that are kept.
    pub fn requests(&self) -> &Mutex<RequestRing> {
        &self.requests
    }

    /// The names of the surfaces that keep something here.
    pub fn surfaces(&self) -> BTreeSet<&'static str> {
        self.shelves.values().map(|shelf| shelf.surface()).collect()
    }
    fn shelves_of(&self, surface: &str) -> impl Iterator<Item = &dyn AnyShelf> {
        self.shelves.values().map(|shelf| &**shelf).filter(move |shelf| shelf.surface() == surface)
    }
    /// A surface's tenants, of all its stores, sorted.
    pub fn tenants(&self, surface: &str) -> Vec<String> {
        let all: BTreeSet<String> = self.shelves_of(surface).flat_map(AnyShelf::tenants).collect();
        all.into_iter().collect()
    }
    /// What a surface calls the tenant of this name (`Site` is `site`); `None` when no tenant of it can be called so.
    pub fn tenant_named(&self, surface: &str, tenant: &str) -> Option<String> {
        self.shelves_of(surface).find_map(|shelf| shelf.tenant_named(tenant))
    }
    /// A tenant's numbers of records by table; empty when it does not exist.
    pub fn counts(&self, surface: &str, tenant: &str) -> Vec<(&'static str, usize)> {
        self.shelves_of(surface).filter_map(|shelf| shelf.counts(tenant)).flatten().collect()
    }
    /// A tenant's stores by name as JSON; `None` when it does not exist.
    pub fn dump(&self, surface: &str, tenant: &str, secrets: bool) -> Option<Value> {
        let stores: serde_json::Map<String, Value> = self
            .shelves_of(surface)
            .filter_map(|shelf| Some((shelf.name().to_owned(), shelf.dump(tenant, secrets)?)))
            .collect();
        (!stores.is_empty()).then_some(Value::Object(stores))
    }

    /// One write and all that it causes in other tenants, under one shared gate.
    pub(crate) fn chain<R>(&self, first: impl FnOnce(&mut Chain) -> R) -> R {
        let done = {
            let _turn = Turn::take();
            let _gate = self.gate.read();
            let mut chain = VecDeque::new();
            let done = first(&mut chain);
            let mut steps = 0;
            while let Some(visit) = chain.pop_front() {
                steps += 1;
                assert!(steps < limits::CHAIN_STEPS, "mail without end");
                if let Some(shelf) = self.any(visit.store) {
                    shelf.visit(self, &mut chain, &visit.tenant);
                }
            }
            done
        };
        self.nudge();
        done
    }

    /// Takes the next job that waits for a driver.
    pub fn take_job(&self) -> Option<Ticket> {
        let mut ledger = self.ledger.lock();
        let ticket = ledger.jobs.pop_front()?;
        ledger.running.insert((ticket.owner.clone(), ticket.generation, ticket.id));
        Some(ticket)
    }
    /// Tells a job's outcome; of a job from before a restore it changes nothing.
    pub fn job_done(&self, ticket: &Ticket, outcome: Result<Value, String>) {
        self.chain(|chain| {
            self.ledger.lock().running.remove(&(ticket.owner.clone(), ticket.generation, ticket.id));
            if let Some(shelf) = self.any(&ticket.owner.store) {
                shelf.job_done(self, chain, ticket, outcome);
            }
        });
    }
    /// Tells how an attempt to deliver came out. A report that a restore or a cancellation has overtaken changes
    /// nothing.
    pub fn delivered(&self, owner: &Owner, cause: Seq, report: &Settled) {
        self.chain(|chain| {
            // Asked under the gate: a checkpoint holds either the report or what came of it.
            if !self.outbox.take_report(report.delivery, report.attempts) {
                return;
            }
            if let Some(shelf) = self.any(&owner.store) {
                shelf.delivered(self, chain, owner, cause, report);
            }
            if report.status.is_final() {
                self.ledger.lock().finish(report.delivery);
            }
        });
    }
    /// Waits until a delivery has come to its end and its tenant has learned of it.
    pub async fn settled(&self, id: DeliveryId) {
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            let status = self.outbox.status(id);
            let over = match status {
                None | Some(parhelion_core::DeliveryStatus::Cancelled) => true,
                Some(status) => status.is_final() && self.ledger.lock().has_finished(id),
            };
            if over || self.is_closed() || changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// When something falls due next in a store.
    pub fn next_store_deadline(&self) -> Option<Timestamp> {
        self.ledger.lock().deadlines.first().map(|deadline| deadline.0)
    }
    /// When something falls due next: in a store or in the outbox.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.next_store_deadline().into_iter().chain(self.outbox.next_deadline()).min()
    }
    /// Sets the clock to the next deadline at or before `to` and runs what is due then; that time, or `None` when
    /// there is none.
    pub fn step(&self, to: Timestamp) -> Option<Timestamp> {
        let _one = self.ticking.lock();
        let at = self.next_deadline().filter(|due| *due <= to)?.max(self.clock.now().min(to));
        self.clock.reach(at);
        self.run_due(at);
        self.stir();
        Some(at)
    }
    /// Runs what is due at the present time.
    pub fn tick(&self) {
        let _one = self.ticking.lock();
        self.run_due(self.clock.now());
    }
    fn run_due(&self, at: Timestamp) {
        for _ in 0..limits::CHAIN_STEPS {
            let first =
                self.ledger.lock().deadlines.first().filter(|due| due.0 <= at).map(|due| due.1.clone());
            let Some(owner) = first else { return };
            self.chain(|chain| {
                if let Some(shelf) = self.any(&owner.store) {
                    shelf.visit(self, chain, &owner.tenant);
                }
            });
        }
    }
    /// What can go on at the present time, in words; empty when all is quiet.
    pub fn pending(&self) -> Vec<String> {
        // Between two chains of writes: within one, a report or a job's outcome is taken in and what follows from it
        // is not there yet, which would look like quiet.
        let _turn = Turn::take();
        let _gate = self.gate.write();
        let now = self.clock.now();
        let mut pending = Vec::new();
        {
            let ledger = self.ledger.lock();
            let due = ledger.deadlines.iter().take_while(|due| due.0 <= now);
            pending
                .extend(due.map(|(at, owner)| format!("{} {}: due since {at}", owner.store, owner.tenant)));
            pending.extend(
                ledger
                    .jobs
                    .iter()
                    .map(|t| format!("{} {}: job {} waits", t.owner.store, t.owner.tenant, t.job.kind)),
            );
            pending.extend(
                ledger
                    .running
                    .iter()
                    .map(|(owner, _, id)| format!("{} {}: job {id} runs", owner.store, owner.tenant)),
            );
        }
        if self.outbox.busy(now) {
            pending.push("deliveries are being sent".to_owned());
        }
        pending
    }
    /// Queued or held, in flight, kept in all: of deliveries.
    pub fn delivery_counts(&self) -> (usize, usize, usize) {
        self.outbox.counts()
    }
}
