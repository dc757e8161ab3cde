//! What a surface brings to keep its data here: [`Store`], and its operations.

use crate::{AnyTable, Call, Table, Tx, World};
use imbl::OrdMap;
use parhelion_core::{Event, Seq, Settled, TenantKey, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc};

/// The data of one tenant: an immutable value made of [`Table`]s. A change makes the next value.
pub trait Store: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The surface's name in the control API.
    const SURFACE: &'static str;
    /// The store's own name; the surface's, or `surface.part` for a second store.
    const NAME: &'static str;
    /// Raised with every change of the serialised form.
    const VERSION: u32;
    /// What tells tenants apart.
    type Key: TenantKey;
    /// What other tenants may send here; `Infallible` for nothing.
    type Mail: Send + 'static;

    /// The empty tenant.
    fn new(key: &Self::Key) -> Self;
    /// When time alone changes something here. Asked after each commit.
    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
    /// Does what is due at `tx.now()`; afterwards `next_deadline` lies ahead.
    fn on_time(&mut self, _tx: &mut Tx<'_>) {}
    /// Takes in what another tenant sent.
    fn on_mail(&mut self, mail: Self::Mail, tx: &mut Tx<'_>);
    /// Learns how an attempt to deliver came out.
    fn on_delivered(&mut self, _report: &Settled, _tx: &mut Tx<'_>) {}
    /// Learns how a job came out.
    fn on_job_done(&mut self, _job: &Job, _outcome: Result<Value, String>, _tx: &mut Tx<'_>) {}
    /// Moves one thing that stands at [`parhelion_core::Pace::Manual`], or that a behaviour lets hang: the one of this
    /// id, or the one that has stood longest. Which it was, in words (`action:…`); `None` when there is none, and then
    /// what was changed is dropped.
    fn on_step(&mut self, _id: Option<&str>, _tx: &mut Tx<'_>) -> Option<String> {
        None
    }
    /// What a subject (`execution:…`) waits for now, each as a fact with verdict
    /// [`parhelion_core::Verdict::Waiting`]: for explain. Empty when it waits for nothing or is not here. A fact's member
    /// `waits_for` says who can end it, as far as that is the emulator's own matter: `clock`, or another subject.
    fn standing(&self, _subject: &str, _now: Timestamp) -> Vec<Event> {
        Vec::new()
    }
    /// How things of a kind (`execution`, `run`, `deployment`, `job`) stand now, each as a JSON object with its `id`: the
    /// one of this id, or without one those that are meant then (the latest deployment, the jobs that nobody has taken
    /// on). For those who wait until one stands otherwise.
    fn things(&self, _kind: &str, _id: Option<&str>) -> Vec<Value> {
        Vec::new()
    }
    /// Its tables by name: for counts.
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)>;
    /// Panics when an invariant does not hold; called before each publication in debug builds.
    fn check(&self) {}
    /// Replaces the secrets in the JSON form of this store.
    fn mask(_store: &mut Value) {}
}

/// Slow work (git, zip, child processes) for a driver outside: plain data, may be run twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Which driver runs it.
    pub kind: String,
    /// What it is about, `{thing}:{id}`.
    pub subject: String,
    /// What the driver needs.
    pub input: Value,
}

/// Runs the jobs of a kind.
pub trait JobDriver: Send + Sync + 'static {
    /// Does the work; what it gives goes to [`Store::on_job_done`].
    fn run(
        &self,
        world: Arc<World>,
        ticket: Ticket,
    ) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;
}

/// A job handed out. Its generation makes a result that comes after a restore find nothing.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Whose job it is.
    pub owner: parhelion_core::Owner,
    pub(crate) generation: u64,
    /// Its number within the tenant.
    pub id: u64,
    /// The job.
    pub job: Arc<Job>,
}

/// A name that is looked up across tenants: a webhook URL's token, a job id, a host.
/// Unique by construction: drawn, or made of the tenant's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handle {
    /// What kind of name.
    pub kind: String,
    /// The name.
    pub text: String,
}

impl Handle {
    /// A handle of a kind.
    pub fn new(kind: &str, text: impl Into<String>) -> Self {
        Handle { kind: kind.to_owned(), text: text.into() }
    }
}

/// The whole of a tenant at one instant: everything that must move together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "S: Store")]
pub struct Version<S> {
    /// The surface's data.
    pub store: S,
    pub(crate) counters: OrdMap<String, u64>,
    pub(crate) handles: Table<Handle, String>,
    pub(crate) jobs: Table<u64, Job>,
    pub(crate) at: Timestamp,
    pub(crate) seq: Seq,
}

impl<S: Store> Version<S> {
    pub(crate) fn empty(key: &S::Key) -> Self {
        Version {
            store: S::new(key),
            counters: OrdMap::new(),
            handles: Table::default(),
            jobs: Table::default(),
            at: Timestamp::MIN_UTC,
            seq: 0,
        }
    }
}

/// What a reading operation sees besides the store.
pub struct View<'a> {
    /// One reading of the clock for the whole operation.
    pub now: Timestamp,
    /// Who asks.
    pub call: &'a Call,
    pub(crate) world: &'a World,
}

impl View<'_> {
    /// Another tenant's (or store's) published value, as it is now. Never waits.
    pub fn peek<T: Store>(&self, key: &T::Key) -> Arc<Version<T>> {
        self.world.typed::<T>().load(key)
    }
}

/// An operation that may change its tenant.
pub trait Operation {
    /// The API's name for it.
    const NAME: &'static str;
    /// Whose data.
    type Store: Store;
    /// What it takes, already decoded and checked against the API's model.
    type Input;
    /// What it gives.
    type Output;
    /// How it can refuse.
    type Error;
    /// Runs it. `Err` leaves the tenant as it was; what was given to [`Tx::explain`] stays.
    fn run(store: &mut Self::Store, input: Self::Input, tx: &mut Tx<'_>)
    -> Result<Self::Output, Self::Error>;
}

/// An operation that only reads.
pub trait Query {
    /// The API's name for it.
    const NAME: &'static str;
    /// Whose data.
    type Store: Store;
    /// What it takes.
    type Input;
    /// What it gives.
    type Output;
    /// How it can refuse.
    type Error;
    /// Runs it on one consistent instant.
    fn run(store: &Self::Store, input: Self::Input, view: &View<'_>) -> Result<Self::Output, Self::Error>;
}

/// What a successful write gives back.
#[derive(Clone, Debug)]
pub struct Committed<T> {
    /// What the operation gave.
    pub value: T,
    /// The newest journal entry of the commit.
    pub seq: Seq,
    /// The deliveries it enqueued, in order.
    pub deliveries: Vec<parhelion_core::DeliveryId>,
}

impl<T> std::ops::Deref for Committed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}
