//! Getting a hook.

use crate::store::{Hook, KuduStore};
use parhelion_state::{Query, View};
use std::convert::Infallible;
use std::sync::Arc;

/// A hook by its id; none is no error here. Docs: wiki "Web hooks", `GET /api/hooks/[id]`.
pub struct GetHook;

impl Query for GetHook {
    const NAME: &'static str = "GetHook";
    type Store = KuduStore;
    type Input = String;
    type Output = Option<(u64, Arc<Hook>)>;
    type Error = Infallible;

    fn run(store: &KuduStore, id: String, _: &View<'_>) -> Result<Self::Output, Infallible> {
        // Ids are texts: "007" is none, though 7 may be one.
        let found = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
        Ok(found.and_then(|id| Some((id, store.hooks.get(&id)?.clone()))))
    }
}
