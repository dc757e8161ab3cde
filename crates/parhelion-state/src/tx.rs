//! [`Tx`]: all that an operation may know of, and do to, the outside.

use crate::script::{Script, Work};
use crate::shelf::Visit;
use crate::{Handle, Job, Store, Table, Version, World};
use imbl::OrdMap;
use parhelion_core::{
    Call, Cause, Delivery, Event, EventNo, Owner, Pace, Scripted, Seq, Timestamp, WorldName,
};
use parking_lot::MutexGuard;
use std::any::Any;
use std::sync::Arc;

/// Puts mail into its receiver's inbox, once the seq of its cause is known.
pub(crate) type Deposit = Box<dyn FnOnce(Seq) + Send>;

pub(crate) enum Effect {
    Emit(Event),
    /// A fact: stays also when the operation fails.
    Explain(Event),
    Deliver(Box<Delivery>, Cause),
    Send(Deposit, Visit, Cause),
}

/// The world's script while an operation draws from it: held, so that of two operations one comes first, and changed
/// on a copy, which goes with the value.
pub(crate) struct Drawn<'a> {
    pub(crate) kept: MutexGuard<'a, Script>,
    pub(crate) next: Script,
}

/// One operation's turn on one tenant. Effects (`emit`, `deliver`, `spawn_job`, `send`, `claim`, the counters)
/// go with the value and vanish with an `Err`; facts (`explain`) stay in any case.
pub struct Tx<'a> {
    pub(crate) world: &'a World,
    pub(crate) surface: &'static str,
    pub(crate) owner: &'a Owner,
    pub(crate) call: &'a Call,
    pub(crate) now: Timestamp,
    pub(crate) counters: OrdMap<String, u64>,
    pub(crate) handles: Table<Handle, String>,
    pub(crate) jobs: Table<u64, Job>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) events: usize,
    pub(crate) drawn: Option<Drawn<'a>>,
    pub(crate) settings: Option<&'a (dyn Any + Send + Sync)>,
}

impl Tx<'_> {
    /// The world's time, read once for the whole operation; never runs back within a tenant.
    pub fn now(&self) -> Timestamp {
        self.now
    }
    /// What the server's start told the surface; `None` when its shelves were made without, as in most tests.
    pub fn settings<T: Any>(&self) -> Option<&T> {
        self.settings?.downcast_ref()
    }
    /// Whose value this is.
    pub fn owner(&self) -> &Owner {
        self.owner
    }
    /// The world's name.
    pub fn world_name(&self) -> &WorldName {
        self.world.name()
    }
    /// Who asks.
    pub fn call(&self) -> &Call {
        self.call
    }
    /// The next number of a kind in this tenant: 1, 2, 3 …
    pub fn number(&mut self, kind: &str) -> u64 {
        let next = self.counters.get(kind).copied().unwrap_or(0) + 1;
        self.counters.insert(kind.to_owned(), next);
        next
    }
    /// Bytes that are a function of (seed, store, tenant, kind, how many were drawn before).
    pub fn bytes<const N: usize>(&mut self, kind: &str) -> [u8; N] {
        let n = self.number(kind);
        self.world.ids().bytes(self.owner, kind, n)
    }
    /// A version 4 UUID made of [`Tx::bytes`].
    pub fn uuid(&mut self, kind: &str) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.bytes::<16>(kind)).into_uuid()
    }
    /// `len` of `A-Za-z0-9`, made of [`Tx::bytes`].
    pub fn token(&mut self, kind: &str, len: usize) -> String {
        self.text(kind, len, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    }
    /// `len` decimal digits, the first not 0, made of [`Tx::bytes`].
    pub fn digits(&mut self, kind: &str, len: usize) -> String {
        let mut text = self.text(kind, len, b"0123456789");
        if text.starts_with('0') {
            text.replace_range(..1, "7");
        }
        text
    }
    fn text(&mut self, kind: &str, len: usize, alphabet: &[u8]) -> String {
        let mut out = String::with_capacity(len);
        while out.len() < len {
            // The bias of a remainder does not matter here: nothing rests on equal odds.
            let bytes = self.bytes::<32>(kind);
            let more = bytes.iter().map(|b| char::from(alphabet[usize::from(*b) % alphabet.len()]));
            out.extend(more.take(len - out.len()));
        }
        out
    }
    /// 32 secret bytes: from the seed when one was asked for, else unforeseeable.
    pub fn secret(&mut self, kind: &str) -> [u8; 32] {
        let n = self.number(kind);
        self.world.ids().secret(self.owner, kind, n)
    }
    /// Writes an event, if the operation succeeds.
    pub fn emit(&mut self, event: Event) -> EventNo {
        self.effects.push(Effect::Emit(event));
        self.events += 1;
        EventNo(self.events - 1)
    }
    /// Writes a fact that stays in the journal also when the operation fails: why it was refused.
    pub fn explain(&mut self, fact: Event) -> EventNo {
        self.effects.push(Effect::Explain(fact));
        self.events += 1;
        EventNo(self.events - 1)
    }
    /// Sends a webhook, if the operation succeeds.
    pub fn deliver(&mut self, delivery: Delivery, cause: impl Into<Cause>) {
        self.effects.push(Effect::Deliver(Box::new(delivery), cause.into()));
    }
    /// Hands work to a driver, if the operation succeeds; the job's number in this tenant.
    pub fn spawn_job(&mut self, job: Job) -> u64 {
        let id = self.number("job");
        self.jobs.put(id, job);
        id
    }
    /// Makes a name findable across tenants ([`World::find`]); `name` is what it leads to here.
    pub fn claim(&mut self, handle: Handle, name: impl Into<String>) {
        self.handles.put(handle, name.into());
    }
    /// Gives a name up.
    pub fn release(&mut self, handle: &Handle) {
        self.handles.remove(handle);
    }
    /// Sends something to another tenant of this surface: taken in after this commit, before the call returns.
    pub fn send<T: Store>(&mut self, key: &T::Key, mail: T::Mail, cause: impl Into<Cause>) {
        let cell = self.world.typed::<T>().cell(key);
        let visit = Visit { store: T::NAME, tenant: cell.owner.tenant.clone() };
        let deposit = Box::new(move |seq| cell.inbox.lock().push_back((mail, seq)));
        self.effects.push(Effect::Send(deposit, visit, cause.into()));
    }
    /// The tenants of a store that exist now, sorted.
    pub fn tenants<T: Store>(&self) -> Vec<T::Key> {
        self.world.typed::<T>().keys()
    }
    /// Another tenant's (or store's) published value, as it is now. Never waits.
    pub fn peek<T: Store>(&self, key: &T::Key) -> Arc<Version<T>> {
        self.world.typed::<T>().load(key)
    }
    /// How this attempt at a piece of simulated work is to come out, if a behaviour is about it: the one with most
    /// members in its `match`, then the newest. `facets` say what the work is, member name → value; a name may stand
    /// several times. Surface and tenant are added here.
    ///
    /// One outcome is used up, if the operation succeeds. Tell it with [`Scripted::used`], so that explain finds it.
    pub fn scripted(&mut self, facets: &[(&'static str, &str)]) -> Option<Scripted> {
        self.scripted_for(None, facets)
    }
    /// The same of the behaviours alone whose `match` names this member: those about the part, where others are about
    /// the whole.
    pub fn scripted_by(&mut self, member: &'static str, facets: &[(&'static str, &str)]) -> Option<Scripted> {
        self.scripted_for(Some(member), facets)
    }
    fn scripted_for(
        &mut self,
        needs: Option<&'static str>,
        facets: &[(&'static str, &str)],
    ) -> Option<Scripted> {
        let work = Work { surface: self.surface, tenant: &self.owner.tenant, facets, needs };
        if let Some(drawn) = &mut self.drawn {
            let name = drawn.next.decides(&work)?;
            return drawn.next.take(name);
        }
        // Nothing else is waited for while it is held: the ledger comes after it.
        let kept = self.world.script_lock();
        let name = kept.decides(&work)?;
        let mut next = kept.clone();
        let scripted = next.take(name);
        self.drawn = Some(Drawn { kept, next });
        scripted
    }
    /// Whether there are behaviours at all: without any, nobody needs to say what the work is.
    pub fn is_scripted(&self) -> bool {
        match &self.drawn {
            Some(_) => true,
            None => !self.world.script_lock().behaviours().is_empty(),
        }
    }
    /// How fast simulated work of a kind goes at this surface.
    pub fn pace(&self, kind: &str) -> Pace {
        self.pace_or(kind, Pace::default())
    }
    /// The same of a kind that has a pace of its own as long as nobody sets one.
    pub fn pace_or(&self, kind: &str, usual: Pace) -> Pace {
        let set = match &self.drawn {
            Some(drawn) => drawn.next.pace_set(self.surface, kind),
            None => self.world.script_lock().pace_set(self.surface, kind),
        };
        set.unwrap_or(usual)
    }
}
