//! Fetching what somebody told of.

use crate::domain::fetch::{self, Fetch};
use crate::domain::lifecycle::Pushed;
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;
use std::sync::Arc;

/// Fetches and deploys. While the lock is held, the newest that came is kept for one more run after it.
/// Docs: wiki "Continuous deployment", `POST /deploy`.
pub struct FetchDeploy;

impl Operation for FetchDeploy {
    const NAME: &'static str = "FetchDeploy";
    type Store = KuduStore;
    type Input = Fetch;
    /// `None`: it is deferred.
    type Output = Option<Pushed>;
    type Error = Infallible;

    fn run(store: &mut KuduStore, fetch: Fetch, tx: &mut Tx<'_>) -> Result<Option<Pushed>, Infallible> {
        let site = format!("site:{}", store.site);
        if let Some(lock) = &store.lock {
            let id = lock.deployment.as_ref().or(lock.temporary.as_ref());
            let holder = id.map_or_else(|| "somebody".to_owned(), |id| format!("deployment {id}"));
            let fact = format!("deferred: {holder} holds the lock; it is fetched after that");
            tx.emit(Event::new("deployment.deferred", site).fact(fact).verdict(Verdict::Waiting));
            store.deferred = Some(Arc::new(fetch));
            return Ok(None);
        }
        let fact = format!("a change of {} is to be fetched", fetch::shown(&fetch.url));
        tx.emit(Event::new("webhook.received", site).fact(fact).verdict(Verdict::Ok));
        Ok(Some(fetch::run(store, &fetch, tx)))
    }
}
