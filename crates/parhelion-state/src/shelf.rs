//! [`Shelf`]: the tenants of one store, each a published value with one writer.

use crate::any_shelf::AnyShelf;
use crate::ledger::Writer;
use crate::tx::Effect;
use crate::{Committed, Store, Ticket, Tx, Version, View, World};
use arc_swap::ArcSwap;
use dashmap::DashMap;
use parhelion_core::{Call, Event, Owner, Seq, limits};
use parking_lot::{Mutex, MutexGuard};
use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A tenant that has mail.
pub(crate) struct Visit {
    pub store: &'static str,
    pub tenant: String,
}

/// The values a tenant had before, oldest first. Owned by whoever writes.
pub(crate) type Past<S> = VecDeque<Arc<Version<S>>>;

/// One tenant.
pub(crate) struct Cell<S: Store> {
    pub owner: Owner,
    pub current: ArcSwap<Version<S>>,
    /// Whether it exists: a write succeeded since it was made or reset.
    pub touched: AtomicBool,
    /// Raised by each restore; never goes back, so it stands beside the value.
    pub generation: AtomicU64,
    pub inbox: Mutex<VecDeque<(S::Mail, Seq)>>,
    pub past: Mutex<Past<S>>,
}

/// All tenants of one store in one world.
pub struct Shelf<S: Store> {
    pub(crate) cells: DashMap<S::Key, Arc<Cell<S>>>,
    pub(crate) tenants: AtomicUsize,
    /// What the server's start told the surface.
    settings: Option<Arc<dyn Any + Send + Sync>>,
}

impl<S: Store> Default for Shelf<S> {
    fn default() -> Self {
        Shelf { cells: DashMap::new(), tenants: AtomicUsize::new(0), settings: None }
    }
}

impl<S: Store> Shelf<S> {
    /// An empty shelf, ready for a world.
    pub fn boxed() -> Arc<dyn AnyShelf> {
        Arc::new(Self::default())
    }
    /// An empty shelf whose operations see these settings ([`Tx::settings`]).
    pub fn with_settings<T: Any + Send + Sync>(settings: Arc<T>) -> Arc<dyn AnyShelf> {
        Arc::new(Shelf::<S> { settings: Some(settings), ..Self::default() })
    }
    pub(crate) fn cell(&self, key: &S::Key) -> Arc<Cell<S>> {
        if let Some(found) = self.cells.get(key) {
            return found.clone();
        }
        let made = || {
            Arc::new(Cell {
                owner: Owner::new(S::NAME, key.to_string()),
                current: ArcSwap::from_pointee(Version::empty(key)),
                touched: AtomicBool::new(false),
                generation: AtomicU64::new(0),
                inbox: Mutex::default(),
                past: Mutex::default(),
            })
        };
        self.cells.entry(key.clone()).or_insert_with(made).clone()
    }
    pub(crate) fn load(&self, key: &S::Key) -> Arc<Version<S>> {
        let found = self.cells.get(key).map(|cell| cell.clone());
        found.map_or_else(|| Arc::new(Version::empty(key)), |cell| cell.current.load_full())
    }
    pub(crate) fn by_name(&self, tenant: &str) -> Option<Arc<Cell<S>>> {
        tenant.parse::<S::Key>().ok().map(|key| self.cell(&key))
    }
    /// Forgets a tenant whose first write failed, so that refused calls do not pile up empty cells.
    fn forget_untouched(&self, key: &S::Key, cell: &Arc<Cell<S>>) {
        self.cells.remove_if(key, |_, here| {
            // Two owners: the map and our caller. A third one may be about to write or to deposit mail.
            // A generation above 0 must be remembered: late results of older jobs are known by it.
            Arc::ptr_eq(here, cell)
                && Arc::strong_count(here) == 2
                && !here.touched.load(Ordering::Acquire)
                && here.generation.load(Ordering::Acquire) == 0
        });
    }
    pub(crate) fn set_touched(&self, cell: &Cell<S>, touched: bool) {
        match (cell.touched.swap(touched, Ordering::AcqRel), touched) {
            (false, true) => self.tenants.fetch_add(1, Ordering::AcqRel),
            (true, false) => self.tenants.fetch_sub(1, Ordering::AcqRel),
            _ => 0,
        };
    }
}

/// A store's tenants as operations reach them.
pub struct ShelfRef<'w, S: Store> {
    pub(crate) world: &'w World,
    pub(crate) shelf: &'w Shelf<S>,
}

impl<S: Store> ShelfRef<'_, S> {
    /// Reads one consistent instant; takes no lock. A tenant never written reads as `S::new(key)`.
    pub fn read<T>(&self, key: &S::Key, call: &Call, f: impl FnOnce(&S, &View<'_>) -> T) -> T {
        let version = self.shelf.load(key);
        f(&version.store, &View { now: self.world.clock.now(), call, world: self.world })
    }
    /// The published value.
    pub fn load(&self, key: &S::Key) -> Arc<Version<S>> {
        self.shelf.load(key)
    }
    /// Runs an operation on a copy; `Ok` publishes it with its effects, `Err` (or a panic) leaves all as it was.
    /// Mail and deadlines that are due come first, each as a commit of its own.
    ///
    /// # Panics
    /// When called from within a write: what must change elsewhere is mail ([`Tx::send`]).
    pub fn write<T, E>(
        &self,
        key: &S::Key,
        call: &Call,
        f: impl FnOnce(&mut S, &mut Tx<'_>) -> Result<T, E>,
    ) -> Result<Committed<T>, E> {
        let cell = self.shelf.cell(key);
        let done = self.world.chain(|chain| cell.run(self.world, self.shelf, chain, call, f));
        if done.is_err() {
            self.shelf.forget_untouched(key, &cell);
        }
        done
    }
    /// Gives up a tenant's past values: what they alone hold is free then.
    pub fn forget_past(&self, key: &S::Key) {
        let Some(cell) = self.shelf.cells.get(key).map(|cell| cell.clone()) else { return };
        let mut past = cell.past.lock();
        self.world.past_values().fetch_sub(past.len(), Ordering::AcqRel);
        past.clear();
    }
    /// The tenants that exist, sorted.
    pub fn tenants(&self) -> Vec<S::Key> {
        self.shelf.keys()
    }
    /// Whether a tenant was ever written (since the last reset).
    pub fn exists(&self, key: &S::Key) -> bool {
        self.shelf.cells.get(key).is_some_and(|cell| cell.touched.load(Ordering::Acquire))
    }
    /// Whether this tenant exists or one more may be made ([`limits::TENANTS`]). Ask before a write.
    pub fn admits(&self, key: &S::Key) -> bool {
        self.shelf.tenants.load(Ordering::Acquire) < limits::TENANTS || self.exists(key)
    }
}

impl<S: Store> Shelf<S> {
    pub(crate) fn keys(&self) -> Vec<S::Key> {
        let mut keys: Vec<S::Key> = self
            .cells
            .iter()
            .filter(|cell| cell.touched.load(Ordering::Acquire))
            .map(|cell| cell.key().clone())
            .collect();
        keys.sort();
        keys
    }
}

/// What a write and everything it causes have in common.
pub(crate) type Chain = VecDeque<Visit>;

enum Never {}

impl<S: Store> Cell<S> {
    pub fn run<T, E>(
        &self,
        world: &World,
        shelf: &Shelf<S>,
        chain: &mut Chain,
        call: &Call,
        f: impl FnOnce(&mut S, &mut Tx<'_>) -> Result<T, E>,
    ) -> Result<Committed<T>, E> {
        let mut past = self.past.lock();
        self.catch_up(world, shelf, chain, &mut past);
        self.commit(world, shelf, chain, &mut past, call, world.clock.now(), f)
    }

    /// Takes the mail that waits and runs the deadlines that have passed, each as its own commit at its own time.
    pub fn catch_up(
        &self,
        world: &World,
        shelf: &Shelf<S>,
        chain: &mut Chain,
        past: &mut MutexGuard<'_, Past<S>>,
    ) {
        for _ in 0..limits::CHAIN_STEPS {
            let mail = self.inbox.lock().pop_front();
            if let Some((mail, cause)) = mail {
                let call = Call { cause, ..Call::default() };
                let _ = self.commit::<(), Never>(
                    world,
                    shelf,
                    chain,
                    past,
                    &call,
                    world.clock.now(),
                    |store, tx| {
                        store.on_mail(mail, tx);
                        Ok(())
                    },
                );
                continue;
            }
            let version = self.current.load_full();
            let Some(due) = version.store.next_deadline().filter(|due| *due <= world.clock.now()) else {
                return;
            };
            let at = due.max(version.at);
            let _ = self.commit::<(), Never>(world, shelf, chain, past, &Call::default(), at, |store, tx| {
                store.on_time(tx);
                Ok(())
            });
        }
        // A store whose on_time does not move its deadline, or tenants that mail each other for ever: a mistake
        // in a surface that must not hang the server.
        panic!("{} {}: time or mail without end", S::NAME, self.owner.tenant)
    }

    #[expect(clippy::too_many_arguments, reason = "the one place where everything about a commit meets")]
    fn commit<T, E>(
        &self,
        world: &World,
        shelf: &Shelf<S>,
        chain: &mut Chain,
        past: &mut MutexGuard<'_, Past<S>>,
        call: &Call,
        now: parhelion_core::Timestamp,
        f: impl FnOnce(&mut S, &mut Tx<'_>) -> Result<T, E>,
    ) -> Result<Committed<T>, E> {
        let base = self.current.load_full();
        let now = now.max(base.at);
        let mut store = base.store.clone();
        let mut tx = Tx {
            world,
            surface: S::SURFACE,
            owner: &self.owner,
            call,
            now,
            counters: base.counters.clone(),
            handles: base.handles.clone(),
            jobs: base.jobs.clone(),
            effects: Vec::new(),
            events: 0,
            settings: shelf.settings.as_deref(),
            drawn: None,
        };
        let result = f(&mut store, &mut tx);
        let Tx { counters, handles, jobs, effects, drawn, .. } = tx;
        if cfg!(debug_assertions) && result.is_ok() {
            store.check();
        }

        let by = Writer { owner: &self.owner, surface: S::SURFACE, call, now };
        let mut ledger = world.ledger().lock();
        let mut own: Vec<Seq> = Vec::new();
        let mut deliveries = Vec::new();
        let kept = result.is_ok();
        for effect in effects {
            match effect {
                Effect::Explain(event) => {
                    let cause = ledger.cause(&by, &own, &event.cause);
                    own.push(ledger.write(&by, event, cause));
                }
                // Numbered also when it is dropped, so that facts that name it fall back to the call.
                Effect::Emit(_) if !kept => own.push(call.cause),
                Effect::Emit(event) => {
                    let cause = ledger.cause(&by, &own, &event.cause);
                    own.push(ledger.write(&by, event, cause));
                }
                Effect::Deliver(..) | Effect::Send(..) if !kept => {}
                Effect::Deliver(delivery, cause) => {
                    let cause = ledger.cause(&by, &own, &cause);
                    let created = Event::new("delivery.created", String::new())
                        .fact(format!(
                            "{} {} is to be sent to {}",
                            delivery.subject, delivery.event, delivery.shown_url
                        ))
                        .with("for", delivery.subject.clone())
                        .with("event", delivery.event.clone())
                        .with("url", delivery.shown_url.clone());
                    // The entry names the delivery and the delivery names the entry: the number comes first.
                    let hit = world.hinder(S::SURFACE, &self.owner, &delivery);
                    let (owner, created_at) = (self.owner.clone(), ledger.seq + 1);
                    let id = match &hit {
                        None => world.outbox().enqueue(owner, created_at, *delivery, now),
                        Some((rule, fault)) => {
                            fault.enqueue(rule, *delivery, world.outbox(), owner, created_at, now)
                        }
                    };
                    let created =
                        ledger.write(&by, Event { subject: format!("delivery:{id}"), ..created }, cause);
                    if let Some((rule, fault)) = hit {
                        let applied = Event::new("fault.applied", format!("delivery:{id}"));
                        let fact = format!("fault rule \"{rule}\" hit the delivery: {}", fault.shown());
                        ledger.write(&by, applied.fact(fact).with("rule", rule), created);
                    }
                    deliveries.push(id);
                }
                Effect::Send(deposit, visit, cause) => {
                    deposit(ledger.cause(&by, &own, &cause));
                    chain.push_back(visit);
                }
            }
        }
        let value = result?;
        if let Some(mut drawn) = drawn {
            *drawn.kept = drawn.next;
        }
        let generation = self.generation.load(Ordering::Acquire);
        if !jobs.ptr_eq(&base.jobs) {
            for (id, job) in jobs.iter().filter(|(id, _)| !base.jobs.contains_key(*id)) {
                ledger.jobs.push_back(Ticket {
                    owner: self.owner.clone(),
                    generation,
                    id: *id,
                    job: job.clone(),
                });
            }
        }
        ledger.index(&self.owner, &base.handles, &handles);
        let stirs = ledger.set_deadline(&self.owner, store.next_deadline()) || !jobs.ptr_eq(&base.jobs);
        let seq = ledger.seq;
        self.current.store(Arc::new(Version { store, counters, handles, jobs, at: now, seq }));
        shelf.set_touched(self, true);
        drop(ledger);
        if stirs {
            world.stir();
        }
        remember(world, past, base);
        Ok(Committed { value, seq, deliveries })
    }
}

/// Keeps the value that was replaced. When the world keeps too many, a tenant that writes gives up its own
/// oldest ones first.
pub(crate) fn remember<S: Store>(world: &World, past: &mut Past<S>, base: Arc<Version<S>>) {
    past.push_back(base);
    world.past_values().fetch_add(1, Ordering::AcqRel);
    while past.len() > limits::PAST_OF_TENANT
        || (past.len() > 1 && world.past_values().load(Ordering::Acquire) > limits::PAST_OF_WORLD)
    {
        past.pop_front();
        world.past_values().fetch_sub(1, Ordering::AcqRel);
    }
}
