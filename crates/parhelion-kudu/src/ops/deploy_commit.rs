//! Deploying a commit: one that was pushed, or one of the site's repository again.

use crate::domain::lifecycle::{self, Pushed, explain_lock};
use crate::domain::package::{Package, PackageError};
use crate::error::Error;
use crate::store::{KuduStore, Push};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// A commit with its files.
pub struct CommitPush {
    /// What is known of it; its id among that.
    pub push: Push,
    /// Its files, as far as they could be had.
    pub package: Result<Package, PackageError>,
}

/// Deploys a commit of the site's repository. A build that fails is no error.
/// Docs: wiki "REST API", `PUT /api/deployments/{id}` with any other body than a record.
pub struct DeployCommit;

impl Operation for DeployCommit {
    const NAME: &'static str = "Redeploy";
    type Store = KuduStore;
    type Input = CommitPush;
    type Output = Pushed;
    type Error = Error;

    fn run(store: &mut KuduStore, input: CommitPush, tx: &mut Tx<'_>) -> Result<Pushed, Error> {
        if let Some(lock) = &store.lock {
            let (pending, since) = (lock.operation.clone(), lock.since);
            explain_lock(store, tx);
            return Err(Error::Conflict { operation: "Performing deployment", pending, since });
        }
        let settings = lifecycle::settings(tx);
        Ok(lifecycle::push(store, &input.push, input.package, &settings, tx))
    }
}

/// Says why nothing is deployed again.
pub struct RefuseRedeploy;

impl Operation for RefuseRedeploy {
    const NAME: &'static str = "Redeploy";
    type Store = KuduStore;
    /// The id that was asked for, where the site has a repository.
    type Input = Option<String>;
    type Output = ();
    type Error = Error;

    fn run(store: &mut KuduStore, id: Option<String>, tx: &mut Tx<'_>) -> Result<(), Error> {
        let fact = match id {
            None => "the site has no repository to deploy from",
            Some(_) => "the site's repository has no such commit",
        };
        let refused = Event::new("deployment.refused", format!("site:{}", store.site));
        tx.explain(refused.fact(fact).verdict(Verdict::Failed));
        Err(id.map_or(Error::NoRepository, |id| Error::NoDeployment { id }))
    }
}
