//! Deploying a zip.

use crate::domain::lifecycle::{self, Push, Pushed};
use crate::domain::package::{Package, PackageError};
use crate::error::Error;
use crate::settings::Settings;
use crate::store::KuduStore;
use parhelion_core::{DeliveryId, Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::sync::Arc;

/// What is deployed.
pub struct ZipPush {
    /// What the client says about it.
    pub push: Push,
    /// The package as far as it could be unpacked.
    pub package: Result<Package, PackageError>,
    /// The surface's settings.
    pub settings: Arc<Settings>,
}

/// Deploys a package: makes the site's content that of the package, records it and tells the hooks of
/// `PostDeployment`. A build that fails is no error, and is told as well; a package that cannot be unpacked is
/// recorded and told to nobody.
/// Docs: wiki "Deploying from a zip file or url", `POST /api/zipdeploy`.
pub struct ZipDeploy;

impl Operation for ZipDeploy {
    const NAME: &'static str = "ZipDeploy";
    type Store = KuduStore;
    type Input = ZipPush;
    type Output = Pushed;
    type Error = Error;

    fn run(store: &mut KuduStore, input: ZipPush, tx: &mut Tx<'_>) -> Result<Pushed, Error> {
        if store.lock.is_some() {
            explain_lock(store, tx);
            return Err(Error::InProgress);
        }
        Ok(lifecycle::push(store, &input.push, input.package, &input.settings, tx))
    }
}

/// The look at the lock before a package is received.
pub struct PreparePackage;

impl Operation for PreparePackage {
    const NAME: &'static str = "PreparePackage";
    type Store = KuduStore;
    type Input = ();
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, _: (), tx: &mut Tx<'_>) -> Result<(), Error> {
        let Some(lock) = &store.lock else { return Ok(()) };
        let (pending, since) = (lock.operation.clone(), lock.since);
        explain_lock(store, tx);
        Err(Error::Conflict { operation: "Preparing zip package", pending, since })
    }
}

/// Notes the numbers of the deliveries that a deployment waits for: they are known only after its commit.
pub struct NoteDeliveries;

impl Operation for NoteDeliveries {
    const NAME: &'static str = "NoteDeliveries";
    type Store = KuduStore;
    /// The deployment's id and the deliveries.
    type Input = (String, Vec<DeliveryId>);
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, (id, ids): Self::Input, _: &mut Tx<'_>) -> Result<(), Error> {
        if let Some(lock) = store.lock.as_mut().filter(|lock| lock.deployment == id) {
            lock.deliveries = ids;
        }
        Ok(())
    }
}

/// Releases a lock that nothing will release any more: a restore or a cancellation took its deliveries away.
pub struct ReleaseLock;

impl Operation for ReleaseLock {
    const NAME: &'static str = "ReleaseLock";
    type Store = KuduStore;
    /// The deliveries that the lock waited for.
    type Input = Vec<DeliveryId>;
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, ids: Vec<DeliveryId>, tx: &mut Tx<'_>) -> Result<(), Error> {
        if store.lock.as_ref().is_some_and(|lock| lock.deliveries == ids) {
            lifecycle::release(store, "no delivery of it is under way any more", tx);
        }
        Ok(())
    }
}

fn explain_lock(store: &KuduStore, tx: &mut Tx<'_>) {
    let Some(lock) = &store.lock else { return };
    let (id, hooks) = (&lock.deployment, lock.waiting.len());
    let fact =
        format!("refused: deployment {id} holds the lock until {hooks} more of its hooks have been told");
    tx.explain(
        Event::new("deployment.refused", format!("deployment:{id}")).fact(fact).verdict(Verdict::Failed),
    );
}

#[cfg(test)]
#[path = "zip_deploy_tests.rs"]
mod tests;
