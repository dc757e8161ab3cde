//! Deleting a deployment's record.

use crate::domain::{lifecycle::explain_lock, purge::purge};
use crate::error::Error;
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// Takes a deployment's record and log away; never the active one's, and not while one is going on.
/// Docs: wiki "REST API", `DELETE /api/deployments/{id}`.
pub struct DeleteDeployment;

impl Operation for DeleteDeployment {
    const NAME: &'static str = "DeleteDeployment";
    type Store = KuduStore;
    type Input = String;
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, id: String, tx: &mut Tx<'_>) -> Result<(), Error> {
        if let Some(lock) = &store.lock {
            let (pending, since) = (lock.operation.clone(), lock.since);
            explain_lock(store, tx);
            return Err(Error::Conflict { operation: "Deleting deployment", pending, since });
        }
        let Some((found, _)) = store.deployment(&id) else { return Err(Error::NothingToDelete { id }) };
        if store.active.as_ref() == Some(found) {
            return Err(Error::DeleteActive { id });
        }
        let found = found.clone();
        store.forget_deployment(&found);
        purge(store);
        let deleted = Event::new("deployment.deleted", format!("deployment:{found}")).verdict(Verdict::Ok);
        tx.emit(deleted.fact("its record and log are taken away"));
        Ok(())
    }
}
