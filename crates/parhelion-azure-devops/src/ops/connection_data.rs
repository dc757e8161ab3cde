//! ConnectionData: who is calling, and what organization this is.

use super::resource_areas::Nothing;
use crate::{
    error::{Error, Result},
    show::{Links, project},
    store::AzureDevOpsStore,
    wire::reply::Reply,
};
use parhelion_state::{Query, View};

/// ConnectionData_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "ConnectionData_Get";
    type Store = AzureDevOpsStore;
    type Input = Nothing;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, _: Nothing, view: &View<'_>) -> Result<Reply> {
        Ok(Reply::One(project::connection_data(store, &Links::of(store, view.call))))
    }
}
