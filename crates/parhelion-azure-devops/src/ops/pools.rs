//! Agent pools: list, get, create, change, delete. They are rows to be named; nothing stands in them.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/distributedtask/pools

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, pool as show},
    store::{AzureDevOpsStore, Pool},
    wire::{reply::Reply, request::ApiRequest, words},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// Pools of an organization.
// CHOICE: the service's own bound is not documented.
const MAX_POOLS: usize = 1_000;

/// A pool as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    name: Option<String>,
    pool_type: Option<Value>,
    auto_provision: Option<bool>,
    auto_update: Option<bool>,
}

impl Given {
    /// A pool of that name, everything else as usual.
    pub fn named(name: &str) -> Self {
        Given { name: Some(name.to_owned()), ..Given::default() }
    }
}

impl Input for Given {
    fn read(request: &ApiRequest) -> Result<Self> {
        request.json()
    }
}

/// A name that a pool (another than `own`) may have.
fn free_name(store: &AzureDevOpsStore, own: Option<u32>, given: &str) -> Result<String> {
    let name = given.trim();
    if name.is_empty() || name.chars().count() > 256 || name.contains(char::is_control) {
        return Err(Error::argument(
            "The pool's name is empty, longer than 256 characters, or holds control characters.",
        ));
    }
    match named(store, name).filter(|p| Some(p.id) != own) {
        Some(_) => Err(Error::PoolExists { name: name.to_owned() }),
        None => Ok(name.to_owned()),
    }
}

/// The pool of that name, in any case.
pub fn named(store: &AzureDevOpsStore, name: &str) -> Option<Arc<Pool>> {
    let wanted = name.trim().to_lowercase();
    store.pools.values().find(|p| p.name.to_lowercase() == wanted).cloned()
}

/// A pool by the text of its id.
fn known(store: &AzureDevOpsStore, id: &str) -> Result<Arc<Pool>> {
    let found = id.parse().ok().and_then(|id: u32| store.pools.get(&id));
    found.cloned().ok_or_else(|| Error::PoolUnknown { id: id.chars().take(80).collect() })
}

/// Makes a pool, of which `name` is free.
///
/// # Errors
/// When the name cannot be one, is taken, or there are too many.
pub fn make(store: &mut AzureDevOpsStore, given: Given, tx: &mut Tx<'_>) -> Result<Pool> {
    let name = free_name(store, None, given.name.as_deref().unwrap_or_default())?;
    if store.pools.len() >= MAX_POOLS {
        return Err(Error::argument(format!("An organization has at most {MAX_POOLS} agent pools.")));
    }
    let kind = words::POOL_TYPE.member("poolType", given.pool_type.as_ref())?.unwrap_or("automation");
    let pool = Pool {
        id: u32::try_from(tx.number("pool")).unwrap_or(u32::MAX),
        name,
        hosted: false,
        kind: kind.to_owned(),
        auto_provision: given.auto_provision.unwrap_or(false),
        auto_update: given.auto_update.unwrap_or(true),
        created: tx.now(),
    };
    let fact = format!("agent pool {} was made", pool.name);
    tx.emit(Event::new("pool.created", format!("pool:{}", pool.id)).fact(fact).verdict(Verdict::Ok));
    store.pools.put(pool.id, pool.clone());
    Ok(pool)
}

/// Pools_Add.
pub struct Add;

impl Operation for Add {
    const NAME: &'static str = "Pools_Add";
    type Store = AzureDevOpsStore;
    type Input = Given;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, given: Given, tx: &mut Tx<'_>) -> Result<Reply> {
        let pool = make(store, given, tx)?;
        Ok(Reply::One(show::pool(store, &pool, &Links::of(store, tx.call()))))
    }
}

/// What a list is asked for; absent: everything.
pub struct Wanted {
    name: Option<String>,
    ids: Option<Vec<String>>,
    kind: Option<&'static str>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let query = &request.query;
        words::ACTION_FILTER.parameter("actionFilter", query.get("actionFilter"))?;
        Ok(Wanted {
            name: query.get("poolName").map(str::to_lowercase),
            ids: query.list("poolIds").map(|ids| ids.into_iter().map(str::to_owned).collect()),
            kind: words::POOL_TYPE.parameter("poolType", query.get("poolType"))?,
        })
    }
}

/// Pools_GetAgentPools, by name, type or ids.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Pools_GetAgentPools";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let links = Links::of(store, view.call);
        let found = store.pools.values().filter(|pool| {
            wanted.name.as_ref().is_none_or(|name| pool.name.to_lowercase() == *name)
                && wanted.ids.as_ref().is_none_or(|ids| ids.contains(&pool.id.to_string()))
                && wanted.kind.is_none_or(|kind| pool.kind == kind)
        });
        Ok(Reply::list(found.map(|pool| show::pool(store, pool, &links)).collect()))
    }
}

/// A pool's id.
pub struct One(String);

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One(request.value("poolId").to_owned()))
    }
}

/// Pools_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Pools_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, One(id): One, view: &View<'_>) -> Result<Reply> {
        let pool = known(store, &id)?;
        Ok(Reply::One(show::pool(store, &pool, &Links::of(store, view.call))))
    }
}

/// A pool's id, and what of it is to be changed.
pub struct Changed {
    id: String,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { id: request.value("poolId").to_owned(), given: request.json()? })
    }
}

/// Pools_Update.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Pools_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let mut pool = Arc::unwrap_or_clone(known(store, &input.id)?);
        if let Some(name) = &input.given.name {
            pool.name = free_name(store, Some(pool.id), name)?;
        }
        pool.auto_provision = input.given.auto_provision.unwrap_or(pool.auto_provision);
        pool.auto_update = input.given.auto_update.unwrap_or(pool.auto_update);
        tx.emit(Event::new("pool.changed", format!("pool:{}", pool.id)).fact("the agent pool was changed"));
        store.pools.put(pool.id, pool.clone());
        Ok(Reply::One(show::pool(store, &pool, &Links::of(store, tx.call()))))
    }
}

/// Pools_Delete: with its queues. The service's own pool stays.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Pools_Delete";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, One(id): One, tx: &mut Tx<'_>) -> Result<Reply> {
        let pool = known(store, &id)?;
        if pool.hosted {
            // CHOICE: status and text.
            return Err(Error::argument(format!("The hosted pool {} cannot be deleted.", pool.name)));
        }
        let projects: Vec<_> = store.projects.keys().copied().collect();
        let mut queues = 0;
        for project in projects {
            let gone = store.projects.edit(&project, |p| {
                let before = p.queues.len();
                p.queues.retain(|q| q.pool != pool.id);
                before - p.queues.len()
            });
            queues += gone.unwrap_or(0);
        }
        store.pools.remove(&pool.id);
        let fact = format!("agent pool {} was deleted with {queues} queues", pool.name);
        tx.emit(Event::new("pool.deleted", format!("pool:{}", pool.id)).fact(fact));
        Ok(Reply::Nothing)
    }
}
