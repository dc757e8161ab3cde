//! What was deployed to an environment.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/environments/environmentdeploymentrecords

use super::Key;
use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, environment as show},
    store::AzureDevOpsStore,
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_state::{Query, View};

/// An environment and a page of its records.
pub struct Wanted {
    key: Key,
    skip: usize,
    top: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let top: Option<usize> = request.query.parsed("top")?;
        Ok(Wanted {
            key: Key::read(request)?,
            skip: request.query.parsed("continuationToken")?.unwrap_or(0),
            top: top.map_or(super::MAX_PAGE, |top| top.min(super::MAX_PAGE)),
        })
    }
}

/// Environmentdeploymentrecords_List: the newest first.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Environmentdeploymentrecords_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let (_, environment) = wanted.key.find(store)?;
        let links = Links::of(store, view.call);
        let all = store.deployments.values().rev().filter(|d| d.environment == environment.id);
        let (found, next) = page(all, wanted.skip, wanted.top);
        let items = found.into_iter().map(|d| show::deployment(d, &links)).collect();
        Ok(Reply::List { items, next: next.map(|n| n.to_string()) })
    }
}
