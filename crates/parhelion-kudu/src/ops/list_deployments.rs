//! Listing deployments.

use crate::store::{KuduStore, Shown};
use parhelion_state::{Query, View};
use std::convert::Infallible;

/// All deployments, the one received last first.
/// Docs: wiki "REST API", `GET /api/deployments`.
pub struct ListDeployments;

impl Query for ListDeployments {
    const NAME: &'static str = "ListDeployments";
    type Store = KuduStore;
    type Input = ();
    type Output = Vec<Shown>;
    type Error = Infallible;

    fn run(store: &KuduStore, _: (), _: &View<'_>) -> Result<Vec<Shown>, Infallible> {
        Ok(store.newest_first().into_iter().map(|(id, deployment)| store.shown(id, deployment)).collect())
    }
}
