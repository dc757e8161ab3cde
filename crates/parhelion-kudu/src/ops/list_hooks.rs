//! Listing hooks.

use crate::store::{Hook, KuduStore};
use parhelion_state::{Query, View};
use std::convert::Infallible;
use std::sync::Arc;

/// All hooks of the site, in the order of their creation. Docs: wiki "Web hooks", `GET /api/hooks`.
pub struct ListHooks;

impl Query for ListHooks {
    const NAME: &'static str = "ListHooks";
    type Store = KuduStore;
    type Input = ();
    type Output = Vec<(u64, Arc<Hook>)>;
    type Error = Infallible;

    fn run(store: &KuduStore, _: (), _: &View<'_>) -> Result<Self::Output, Infallible> {
        Ok(store.hooks.iter().map(|(id, hook)| (*id, hook.clone())).collect())
    }
}
