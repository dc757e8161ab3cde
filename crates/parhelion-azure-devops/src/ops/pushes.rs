//! Pushes: create, list, get.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pushes

mod create;

pub use create::Create;

use super::repositories::One;
use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, git as show},
    store::AzureDevOpsStore,
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_core::Timestamp;
use parhelion_state::{Query, View};

/// A repository and which of its pushes.
pub struct Wanted {
    repository: One,
    id: String,
    name: Option<String>,
    by: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let time = |name: &str| -> Result<Option<Timestamp>> {
            let bad = |_| Error::invalid(format!("searchCriteria.{name} is no ISO 8601 time."));
            let read = |t: &str| chrono::DateTime::parse_from_rfc3339(t).map(|t| t.to_utc()).map_err(bad);
            q.get(&format!("searchCriteria.{name}")).map(read).transpose()
        };
        Ok(Wanted {
            by: q.get("searchCriteria.pusherId").map(str::to_lowercase),
            from: time("fromDate")?,
            to: time("toDate")?,
            repository: One::read(request)?,
            id: request.value("pushId").to_owned(),
            name: q.get("searchCriteria.refName").map(str::to_owned),
            top: q.parsed("$top")?.unwrap_or(100).min(1_000),
            skip: q.parsed("$skip")?.unwrap_or(0),
        })
    }
}

/// Pushes_List: newest first.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Pushes_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let repository = wanted.repository.find(store)?;
        let links = Links::of(store, view.call);
        let found = store.pushes.values().rev().filter(|p| p.repository == repository.id);
        let found = found.filter(|p| {
            wanted.name.as_ref().is_none_or(|n| p.refs.iter().any(|r| r.name == *n))
                && wanted.by.as_ref().is_none_or(|by| p.by.id.to_string() == *by)
                && wanted.from.is_none_or(|t| p.date >= t)
                && wanted.to.is_none_or(|t| p.date <= t)
        });
        let (items, next) =
            page(found.map(|p| show::push(store, &repository, p, &links)), wanted.skip, wanted.top);
        Ok(Reply::List { items, next: next.map(|n| n.to_string()) })
    }
}

/// Pushes_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Pushes_Get";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let repository = wanted.repository.find(store)?;
        let found = wanted.id.parse().ok().and_then(|id: u32| store.pushes.get(&id));
        let found = found.filter(|p| p.repository == repository.id);
        let unknown = || Error::PushUnknown { id: wanted.id.clone(), repository: repository.name.clone() };
        let push = found.ok_or_else(unknown)?;
        Ok(Reply::One(show::push(store, &repository, push, &Links::of(store, view.call))))
    }
}
