//! Processes: the service's own four.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/core/processes

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, project as show},
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use uuid::Uuid;

/// A process's id; empty for all.
pub struct Id(String);

impl Input for Id {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Id(request.value("processId").chars().take(80).collect()))
    }
}

/// Processes_List.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Processes_List";
    type Store = AzureDevOpsStore;
    type Input = Id;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, _: Id, view: &View<'_>) -> Result<Reply> {
        Ok(Reply::list(show::processes(None, &Links::of(store, view.call))))
    }
}

/// Processes_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Processes_Get";
    type Store = AzureDevOpsStore;
    type Input = Id;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, Id(id): Id, view: &View<'_>) -> Result<Reply> {
        let wanted = Uuid::parse_str(&id).ok();
        let found = wanted.and_then(|u| show::processes(Some(u), &Links::of(store, view.call)).pop());
        found.map(Reply::One).ok_or(Error::ProcessUnknown { id })
    }
}
