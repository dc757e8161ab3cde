//! [`AnyShelf`]: a shelf without its types, as the world holds it.

use crate::ledger::Ledger;
use crate::shelf::{Chain, Shelf, remember};
use crate::{Store, Ticket, Version, World};
use parhelion_core::{Call, Event, Owner, Seq, Settled, Timestamp};
use serde_json::Value;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The kept values of a shelf's tenants.
type Kept<S> = BTreeMap<<S as Store>::Key, Arc<Version<S>>>;

/// A shelf's part of a checkpoint.
pub(crate) type KeptShelf = Box<dyn Any + Send + Sync>;

mod sealed {
    pub trait Sealed {}
    impl<S: crate::Store> Sealed for crate::Shelf<S> {}
}

/// The object-safe face of [`Shelf`]; only shelves have it.
#[expect(private_interfaces, reason = "called by the world alone")]
pub trait AnyShelf: Any + Send + Sync + sealed::Sealed {
    /// `Store::NAME`.
    fn name(&self) -> &'static str;
    /// `Store::SURFACE`.
    fn surface(&self) -> &'static str;
    /// The tenants that exist, sorted by key.
    fn tenants(&self) -> Vec<String>;
    /// A tenant's name as this shelf writes it; `None` when the text has not the form of its keys.
    fn tenant_named(&self, tenant: &str) -> Option<String>;
    /// A tenant's tables with their numbers of records; `None` when it does not exist.
    fn counts(&self, tenant: &str) -> Option<Vec<(&'static str, usize)>>;
    /// A tenant's store as JSON, secrets masked or not; `None` when it does not exist.
    fn dump(&self, tenant: &str, secrets: bool) -> Option<Value>;
    /// What a subject of a tenant waits for ([`Store::standing`]).
    fn standing(&self, tenant: &str, subject: &str, now: Timestamp) -> Vec<Event>;
    /// Things of a tenant ([`Store::things`]).
    fn things(&self, tenant: &str, kind: &str, id: Option<&str>) -> Vec<Value>;
    #[doc(hidden)]
    fn step(
        &self,
        world: &World,
        chain: &mut Chain,
        call: &Call,
        tenant: &str,
        id: Option<&str>,
    ) -> Option<String>;
    #[doc(hidden)]
    fn checkpoint(&self) -> KeptShelf;
    #[doc(hidden)]
    fn as_of(&self, seq: Seq) -> Result<KeptShelf, String>;
    #[doc(hidden)]
    fn restore(
        &self,
        ledger: &mut Ledger,
        world: &World,
        at: Timestamp,
        kept: Option<&KeptShelf>,
        only: Option<&str>,
    );
    #[doc(hidden)]
    fn visit(&self, world: &World, chain: &mut Chain, tenant: &str);
    #[doc(hidden)]
    fn delivered(&self, world: &World, chain: &mut Chain, owner: &Owner, cause: Seq, report: &Settled);
    #[doc(hidden)]
    fn job_done(&self, world: &World, chain: &mut Chain, ticket: &Ticket, outcome: Result<Value, String>);
}

#[expect(private_interfaces, reason = "called by the world alone")]
impl<S: Store> AnyShelf for Shelf<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }
    fn surface(&self) -> &'static str {
        S::SURFACE
    }
    fn tenants(&self) -> Vec<String> {
        self.keys().iter().map(ToString::to_string).collect()
    }
    fn tenant_named(&self, tenant: &str) -> Option<String> {
        tenant.parse::<S::Key>().ok().map(|key| key.to_string())
    }
    fn counts(&self, tenant: &str) -> Option<Vec<(&'static str, usize)>> {
        let version = self.existing(tenant)?;
        Some(version.store.tables().into_iter().map(|(name, table)| (name, table.records())).collect())
    }
    fn dump(&self, tenant: &str, secrets: bool) -> Option<Value> {
        let version = self.existing(tenant)?;
        let mut value = serde_json::to_value(&version.store).ok()?;
        if !secrets {
            S::mask(&mut value);
        }
        Some(value)
    }
    fn standing(&self, tenant: &str, subject: &str, now: Timestamp) -> Vec<Event> {
        self.existing(tenant).map(|version| version.store.standing(subject, now)).unwrap_or_default()
    }
    fn things(&self, tenant: &str, kind: &str, id: Option<&str>) -> Vec<Value> {
        self.existing(tenant).map(|version| version.store.things(kind, id)).unwrap_or_default()
    }
    fn step(
        &self,
        world: &World,
        chain: &mut Chain,
        call: &Call,
        tenant: &str,
        id: Option<&str>,
    ) -> Option<String> {
        let cell = self.by_name(tenant).filter(|cell| cell.touched.load(Ordering::Acquire))?;
        let stepped = cell.run(world, self, chain, call, |store, tx| store.on_step(id, tx).ok_or(()));
        stepped.ok().map(|done| done.value)
    }
    fn checkpoint(&self) -> KeptShelf {
        let kept: Kept<S> = self
            .cells
            .iter()
            .filter(|cell| cell.touched.load(Ordering::Acquire))
            .map(|cell| (cell.key().clone(), cell.current.load_full()))
            .collect();
        Box::new(kept)
    }
    fn as_of(&self, seq: Seq) -> Result<KeptShelf, String> {
        let mut kept: Kept<S> = BTreeMap::new();
        for cell in &self.cells {
            let past = cell.past.lock();
            let now = cell.current.load_full();
            match std::iter::once(&now).chain(past.iter().rev()).find(|version| version.seq <= seq) {
                // The value before the first write: it did not exist then.
                Some(version) if version.at == Timestamp::MIN_UTC => {}
                Some(version) => {
                    kept.insert(cell.key().clone(), version.clone());
                }
                None => return Err(cell.owner.tenant.clone()),
            }
        }
        Ok(Box::new(kept))
    }
    fn restore(
        &self,
        ledger: &mut Ledger,
        world: &World,
        at: Timestamp,
        kept: Option<&KeptShelf>,
        only: Option<&str>,
    ) {
        let none = Kept::<S>::new();
        let kept = kept.and_then(|kept| kept.downcast_ref::<Kept<S>>()).unwrap_or(&none);
        let keys: BTreeSet<S::Key> =
            self.cells.iter().map(|cell| cell.key().clone()).chain(kept.keys().cloned()).collect();
        for key in keys {
            let cell = self.cell(&key);
            if only.is_some_and(|only| only != cell.owner.tenant) {
                continue;
            }
            let mut past = cell.past.lock(); // free: the world's gate is held
            let old = cell.current.load_full();
            let found = kept.get(&key);
            let mut next = found.map_or_else(|| Version::empty(&key), |version| (**version).clone());
            if found.is_some() {
                next.at = at.max(Timestamp::UNIX_EPOCH);
            }
            next.seq = ledger.seq;
            let generation = cell.generation.fetch_add(1, Ordering::AcqRel) + 1;
            ledger.jobs.retain(|ticket| ticket.owner != cell.owner);
            ledger.running.retain(|(owner, _, _)| *owner != cell.owner);
            for (id, job) in next.jobs.iter() {
                let owner = cell.owner.clone();
                ledger.jobs.push_back(Ticket { owner, generation, id: *id, job: job.clone() });
            }
            cell.inbox.lock().clear();
            ledger.index(&cell.owner, &old.handles, &next.handles);
            ledger.set_deadline(&cell.owner, next.store.next_deadline());
            self.set_touched(&cell, found.is_some());
            cell.current.store(Arc::new(next));
            remember(world, &mut past, old);
        }
    }
    fn visit(&self, world: &World, chain: &mut Chain, tenant: &str) {
        if let Some(cell) = self.by_name(tenant) {
            let mut past = cell.past.lock();
            cell.catch_up(world, self, chain, &mut past);
        }
    }
    fn delivered(&self, world: &World, chain: &mut Chain, owner: &Owner, cause: Seq, report: &Settled) {
        let Some(cell) = self.by_name(&owner.tenant).filter(|cell| cell.touched.load(Ordering::Acquire))
        else {
            return;
        };
        let call = Call { cause, ..Call::default() };
        let _ = cell.run::<(), ()>(world, self, chain, &call, |store, tx| {
            store.on_delivered(report, tx);
            Ok(())
        });
    }
    fn job_done(&self, world: &World, chain: &mut Chain, ticket: &Ticket, outcome: Result<Value, String>) {
        let Some(cell) = self.by_name(&ticket.owner.tenant) else { return };
        if cell.generation.load(Ordering::Acquire) != ticket.generation {
            return; // of an older world
        }
        let _ = cell.run::<(), ()>(world, self, chain, &Call::default(), |store, tx| {
            // A result that comes twice finds no job the second time.
            if tx.jobs.remove(&ticket.id).is_some() {
                store.on_job_done(&ticket.job, outcome, tx);
            }
            Ok(())
        });
    }
}

impl<S: Store> Shelf<S> {
    fn existing(&self, tenant: &str) -> Option<Arc<Version<S>>> {
        let key = tenant.parse::<S::Key>().ok()?;
        let cell = self.cells.get(&key)?;
        cell.touched.load(Ordering::Acquire).then(|| cell.current.load_full())
    }
}
