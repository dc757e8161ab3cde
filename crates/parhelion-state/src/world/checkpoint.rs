//! A world at one instant: taking it, giving it back, emptying it, and stepping back in time.

use super::{Turn, World};
use crate::any_shelf::KeptShelf;
use crate::{ClockMode, Faults, Script};
use parhelion_core::{Owner, Seq, Timestamp};
use std::any::Any;
use std::collections::BTreeMap;

/// What part of a world a reset or a restore is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All of it: outbox, behaviours, paces, faults and clock included.
    World,
    /// All tenants of a surface.
    Surface(&'a str),
    /// One tenant of a surface.
    Tenant(&'a str, &'a str),
}

/// A world at one instant; taking it costs a pointer for each tenant.
pub struct Checkpoint {
    at: Timestamp,
    mode: ClockMode,
    seq: Seq,
    script: Script,
    faults: Faults,
    shelves: BTreeMap<&'static str, KeptShelf>,
    outbox: Box<dyn Any + Send + Sync>,
}

impl Checkpoint {
    /// The newest journal entry when it was taken.
    pub fn seq(&self) -> Seq {
        self.seq
    }
    /// When it was taken, in the world's time.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

impl World {
    /// The whole world as a value. Waits for chains of writes to end (microseconds) and cuts none.
    pub fn checkpoint(&self) -> Checkpoint {
        let _turn = Turn::take();
        let _gate = self.gate.write();
        Checkpoint {
            at: self.clock.now(),
            mode: self.clock.mode(),
            script: self.script(),
            faults: self.faults(),
            seq: self.ledger.lock().seq,
            shelves: self.shelves.iter().map(|(name, shelf)| (*name, shelf.checkpoint())).collect(),
            outbox: self.outbox.checkpoint(),
        }
    }
    /// Takes a checkpoint back, all of it or a part. A part leaves clock, outbox, behaviours and paces alone, but for
    /// the part's unsent deliveries, which are cancelled.
    pub fn restore(&self, checkpoint: &Checkpoint, scope: Scope<'_>) {
        self.put_back(scope, Some(checkpoint));
        self.stir();
    }
    /// Empties the world or a part of it; the journal stays.
    pub fn reset(&self, scope: Scope<'_>) {
        self.put_back(scope, None);
        self.stir();
    }
    fn put_back(&self, scope: Scope<'_>, checkpoint: Option<&Checkpoint>) {
        let _turn = Turn::take();
        let _tick = self.ticking.lock();
        let _gate = self.gate.write();
        if scope == Scope::World {
            match checkpoint {
                Some(checkpoint) => self.clock.set_back(checkpoint.mode, checkpoint.at),
                None => self.clock.reset(),
            }
            // Behaviours and paces are the world's; a part of it has none of its own.
            *self.faults.lock() = checkpoint.map(|kept| kept.faults.clone()).unwrap_or_default();
            *self.script_lock() = checkpoint.map(|kept| kept.script.clone()).unwrap_or_default();
        }
        let at = self.clock.now();
        // The outbox first, and under the gate: a write that comes next finds values and outbox of one moment, and
        // nothing that it sends is lost.
        match checkpoint {
            _ if scope != Scope::World => {}
            Some(checkpoint) => self.outbox.restore(&*checkpoint.outbox),
            None => self.outbox.clear(),
        }
        for (name, shelf) in &self.shelves {
            let only = match scope {
                Scope::World => None,
                Scope::Surface(surface) if surface == shelf.surface() => None,
                Scope::Tenant(surface, tenant) if surface == shelf.surface() => {
                    let Some(tenant) = shelf.tenant_named(tenant) else { continue };
                    Some(tenant)
                }
                _ => continue,
            };
            let only = only.as_deref();
            let mut tenants = shelf.tenants();
            tenants.retain(|tenant| only.is_none_or(|only| only == tenant));
            let kept = checkpoint.and_then(|checkpoint| checkpoint.shelves.get(name));
            shelf.restore(&mut self.ledger.lock(), self, at, kept, only);
            if scope != Scope::World {
                for tenant in tenants {
                    self.outbox.cancel(Some(&Owner::new(*name, tenant)));
                }
            }
        }
    }
    /// All tenants as just after a journal entry. Unsent deliveries are cancelled; the clock stays.
    ///
    /// # Errors
    /// The tenant whose value of that time is no longer kept; then nothing was changed.
    pub fn rollback(&self, to: Seq) -> Result<(), String> {
        {
            let _turn = Turn::take();
            let _tick = self.ticking.lock();
            let _gate = self.gate.write();
            let kept = self.shelves.iter().map(|(name, shelf)| Ok((*name, shelf.as_of(to)?)));
            let kept = kept.collect::<Result<BTreeMap<_, _>, String>>()?;
            let at = self.clock.now();
            for (name, shelf) in &self.shelves {
                shelf.restore(&mut self.ledger.lock(), self, at, kept.get(name), None);
            }
            self.outbox.cancel(None);
        }
        self.stir();
        Ok(())
    }
}
