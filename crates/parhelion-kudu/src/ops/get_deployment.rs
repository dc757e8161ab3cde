//! Getting a deployment.

use crate::error::Error;
use crate::store::{KuduStore, LATEST, Shown};
use parhelion_state::{Query, View};

/// A deployment by its id. `latest` is the one that is still going on, if any; else the one that ended last.
/// Docs: wiki "REST API", `GET /api/deployments/{id}`.
pub struct GetDeployment;

impl Query for GetDeployment {
    const NAME: &'static str = "GetDeployment";
    type Store = KuduStore;
    type Input = String;
    type Output = Shown;
    type Error = Error;

    fn run(store: &KuduStore, id: String, _: &View<'_>) -> Result<Shown, Error> {
        let found = if id.eq_ignore_ascii_case(LATEST) {
            let all = store.newest_first();
            let going_on = all.iter().find(|(_, d)| !d.status.is_final()).copied();
            going_on.or_else(|| all.iter().max_by_key(|(_, d)| (d.end, d.order)).copied())
        } else {
            store.deployment(&id)
        };
        match found {
            Some((id, deployment)) => Ok(store.shown(id, deployment)),
            None => Err(Error::NoDeployment { id }),
        }
    }
}
