//! Deploying a package that was pushed, or that a job fetches.

use crate::domain::lifecycle::{self, Pushed, explain_lock, lock_is_free};
use crate::domain::package::{Package, PackageError};
use crate::error::Error;
use crate::exec::Ran;
use crate::settings::Settings;
use crate::store::{KuduStore, Lock, Phase, Push};
use parhelion_core::{DeliveryId, Event, Verdict};
use parhelion_state::{Job, Operation, Tx};
use serde_json::json;
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
        lock_is_free(store, tx)?;
        Ok(lifecycle::push(store, &input.push, input.package, &input.settings, tx))
    }
}

/// The kind of the job that fetches a package by its address.
pub const FETCH_PACKAGE: &str = "kudu.package";

/// A package that is named by its address.
pub struct PackageAt {
    /// What the client says about it.
    pub push: Push,
    /// The address.
    pub url: String,
    /// Whether it is unpacked; otherwise it is a file of the name `at`.
    pub unpack: bool,
    /// Where its files stand, or its name.
    pub at: String,
    /// Whether the zip itself is kept.
    pub keep_zip: bool,
}

/// Takes the lock, and lets a job fetch a package.
pub struct FetchPackage;

impl Operation for FetchPackage {
    const NAME: &'static str = "ZipDeploy";
    type Store = KuduStore;
    type Input = PackageAt;
    type Output = Pushed;
    type Error = Error;

    fn run(store: &mut KuduStore, input: PackageAt, tx: &mut Tx<'_>) -> Result<Pushed, Error> {
        lock_is_free(store, tx)?;
        let (temporary, lock) = lifecycle::receive(store, &input.push, tx);
        let subject = format!("deployment:{temporary}");
        let fact = format!("a package is to be fetched from {}", crate::domain::fetch::shown(&input.url));
        tx.emit(Event::new("deployment.fetching", &*subject).fact(fact).verdict(Verdict::Ok));
        let input = json!({"lock": lock, "url": input.url, "unpack": input.unpack, "at": input.at, "keep_zip": input.keep_zip});
        tx.spawn_job(Job { kind: FETCH_PACKAGE.to_owned(), subject, input });
        Ok(Pushed::Fetching { temporary, lock })
    }
}

/// Something that a job fetched.
pub struct Fetched {
    /// The lock it was fetched under: another deployment may hold it by now.
    pub lock: u64,
    /// The commit, where it is one's content, with what deployments show of it.
    pub commit: Option<(String, crate::store::Commit)>,
    /// The branch that a commit was fetched of is set to it.
    pub branch: Option<(String, parhelion_git::ObjectId)>,
    /// Its files.
    pub package: Result<Package, PackageError>,
    /// Whether a commit that is active already is not deployed again.
    pub skip_active: bool,
}

/// Goes on with a deployment whose content has come.
pub struct Arrived;

impl Operation for Arrived {
    const NAME: &'static str = "Arrived";
    type Store = KuduStore;
    type Input = Fetched;
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, input: Fetched, tx: &mut Tx<'_>) -> Result<(), Error> {
        let Some(Lock { number, phase: Phase::Fetching(push), .. }) = &store.lock else { return Ok(()) };
        if *number != input.lock {
            return Ok(());
        }
        let mut push = Push::clone(push);
        if let Some((branch, tip)) = input.branch {
            let repository = store.repository.get_or_insert_default();
            repository.refs.put(format!("refs/heads/{branch}"), tip);
        }
        if let Some((id, said)) = input.commit {
            if input.skip_active && store.active.as_ref() == Some(&id) {
                lifecycle::release(store, "that commit is the active deployment already", tx);
                return Ok(());
            }
            (push.author, push.author_email, push.message) = (said.author, said.email, said.message);
            push.commit = Some(id);
        }
        let settings = lifecycle::settings(tx);
        lifecycle::start(store, &push, input.package, &settings, tx);
        Ok(())
    }
}

/// Goes on with a deployment whose command has ended.
pub struct CommandEnded;

impl Operation for CommandEnded {
    const NAME: &'static str = "CommandEnded";
    type Store = KuduStore;
    /// The lock it was run under, and what came of it, or why it could not be run.
    type Input = (u64, Result<Ran, String>);
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, (lock, ran): Self::Input, tx: &mut Tx<'_>) -> Result<(), Error> {
        lifecycle::command_ended(store, lock, ran, tx);
        Ok(())
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
    /// The lock's number and the deliveries.
    type Input = (u64, Vec<DeliveryId>);
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, (number, ids): Self::Input, _: &mut Tx<'_>) -> Result<(), Error> {
        if let Some(Lock { number: held, phase: Phase::Telling(telling), .. }) = &mut store.lock
            && *held == number
        {
            telling.deliveries = ids;
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
        if store.telling().is_some_and(|telling| telling.deliveries == ids) {
            lifecycle::release(store, "no delivery of it is under way any more", tx);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "zip_deploy_tests.rs"]
mod tests;
