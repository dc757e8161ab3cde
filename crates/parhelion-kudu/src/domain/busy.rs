//! What cannot be done while a deployment is on its way.

use crate::error::SiteError;
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::Tx;

/// Refuses what cannot be done while a deployment holds the lock, and tells why.
///
/// # Errors
/// When the lock is held.
pub fn refuse_while_busy(
    store: &KuduStore,
    operation: &'static str,
    tx: &mut Tx<'_>,
) -> Result<(), SiteError> {
    let Some(lock) = &store.lock else { return Ok(()) };
    let (pending, since) = (lock.operation.clone(), lock.since);
    let fact = format!("refused ({operation}): \"{pending}\" holds the deployment lock");
    tx.explain(
        Event::new("settings.refused", format!("site:{}", store.site)).fact(fact).verdict(Verdict::Failed),
    );
    Err(SiteError::Busy { operation, pending, since })
}
