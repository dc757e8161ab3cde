//! Operations: what creating, changing or deleting a project started.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, project},
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use uuid::Uuid;

/// Operations_Get.
pub struct Get;
/// The operation's id.
pub struct Id(String);

impl Input for Id {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Id(request.value("operationId").to_owned()))
    }
}

impl Query for Get {
    const NAME: &'static str = "Operations_Get";
    type Store = AzureDevOpsStore;
    type Input = Id;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, Id(id): Id, view: &View<'_>) -> Result<Reply> {
        let found = Uuid::parse_str(&id).ok().and_then(|u| store.operations.get(&u));
        let operation = found.ok_or(Error::OperationUnknown { id })?;
        Ok(Reply::One(project::operation(operation, &Links::of(store, view.call))))
    }
}
