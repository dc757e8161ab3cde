//! Taking the deployment lock by hand, for tests of what refuses then.

use crate::domain::lifecycle::{self, lock_is_free};
use crate::error::Error;
use crate::store::{KuduStore, Lock, Phase};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;

/// Takes the lock; refused when it is held.
pub struct TakeLock;

impl Operation for TakeLock {
    const NAME: &'static str = "TakeLock";
    type Store = KuduStore;
    /// What it is held for, in the service's words.
    type Input = String;
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, operation: String, tx: &mut Tx<'_>) -> Result<(), Error> {
        lock_is_free(store, tx)?;
        let number = tx.number("lock");
        let event = Event::new("lock.taken", format!("site:{}", store.site));
        tx.emit(event.fact("the deployment lock was taken by hand").verdict(Verdict::Ok));
        store.lock = Some(Lock {
            number,
            operation,
            since: tx.now(),
            deployment: None,
            temporary: None,
            phase: Phase::ByHand,
        });
        Ok(())
    }
}

/// Gives the lock back, whoever holds it: a deployment that is on its way ends here, without telling anybody more.
pub struct FreeLock;

impl Operation for FreeLock {
    const NAME: &'static str = "FreeLock";
    type Store = KuduStore;
    type Input = ();
    /// Whether it was held.
    type Output = bool;
    type Error = Infallible;

    fn run(store: &mut KuduStore, _: (), tx: &mut Tx<'_>) -> Result<bool, Infallible> {
        let Some(lock) = &store.lock else { return Ok(false) };
        let unfinished = matches!(lock.phase, Phase::Building(_) | Phase::Running(_))
            .then(|| lock.deployment.clone())
            .flatten();
        if let Some(id) = unfinished {
            lifecycle::abandon(store, &id, tx);
        }
        lifecycle::release(store, "it was given back by hand", tx);
        Ok(true)
    }
}
