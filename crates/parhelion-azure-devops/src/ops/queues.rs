//! Agent queues: how a project reaches a pool.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/distributedtask/queues

use crate::{
    error::{Error, Result},
    operations::Input,
    ops::pools,
    show::pool as show,
    store::{AzureDevOpsStore, Project, Queue, ResourceReference},
    wire::{reply::Reply, request::ApiRequest, words},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use std::sync::Arc;

/// Queues of a project.
// CHOICE: the service's own bound is not documented.
const MAX_QUEUES: usize = 1_000;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Given {
    name: Option<String>,
    pool: Option<Reference>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: Option<u32>,
    name: Option<String>,
}

/// A project and the queue that it is to get.
pub struct New {
    project: String,
    given: Given,
    authorize: bool,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(New {
            project: request.project()?.to_owned(),
            given: request.json()?,
            authorize: request.query.flag("authorizePipelines"),
        })
    }
}

/// Queues_Add: of the pool that is named; of a new one by the queue's name, where none is.
pub struct Add;

impl Operation for Add {
    const NAME: &'static str = "Queues_Add";
    type Store = AzureDevOpsStore;
    type Input = New;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: New, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let wanted = input.given.pool.unwrap_or_default();
        let given = input.given.name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        let named = wanted.name.as_deref().filter(|n| !n.trim().is_empty());
        let found = match (wanted.id.filter(|id| *id != 0), named) {
            (Some(id), _) => {
                let found = store.pools.get(&id).cloned();
                Some(found.ok_or_else(|| Error::PoolUnknown { id: id.to_string() })?)
            }
            (None, Some(name)) => {
                let found = pools::named(store, name);
                let shown = || name.chars().take(80).collect();
                Some(found.ok_or_else(|| Error::PoolUnknown { id: shown() })?)
            }
            // CHOICE: an existing pool of the queue's name is taken.
            (None, None) => given.as_deref().and_then(|name| pools::named(store, name)),
        };
        let (pool, hosted) = match &found {
            Some(pool) => (pool.name.clone(), pool.hosted),
            None => (given.clone().unwrap_or_default(), false),
        };
        let name = given.unwrap_or(pool);
        let taken = project.queues.iter().any(|q| q.name.eq_ignore_ascii_case(&name));
        if taken || found.as_ref().is_some_and(|p| project.queues.iter().any(|q| q.pool == p.id)) {
            return Err(Error::QueueExists { name });
        }
        if name.chars().count() > 256 || name.contains(char::is_control) || project.queues.len() >= MAX_QUEUES
        {
            return Err(Error::argument(format!(
                "The queue's name is longer than 256 characters or holds control characters, or the project has {MAX_QUEUES} queues.",
            )));
        }
        let pool = match found {
            Some(pool) => pool.id,
            None => pools::make(store, pools::Given::named(&name), tx)?.id,
        };
        let id = u32::try_from(tx.number("queue")).unwrap_or(u32::MAX);
        let queue = Queue { id, name: name.clone(), pool, hosted };
        store.projects.edit(&project.id, |p| {
            p.queues.push(queue.clone());
            if input.authorize {
                p.authorized.push(ResourceReference {
                    kind: "queue".to_owned(),
                    id: id.to_string(),
                    name: name.clone(),
                    authorized: true,
                });
            }
        });
        let fact = format!("agent queue {name} was made in project {}", project.name);
        tx.emit(Event::new("queue.created", format!("queue:{id}")).fact(fact).verdict(Verdict::Ok));
        Ok(Reply::One(show::queue(store, &queue, &project)))
    }
}

/// What a list is asked for; absent: everything.
pub struct Wanted {
    project: String,
    name: Option<String>,
    names: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    pools: Option<Vec<String>>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let query = &request.query;
        words::ACTION_FILTER.parameter("actionFilter", query.get("actionFilter"))?;
        let list = |name| query.list(name).map(|l| l.into_iter().map(str::to_lowercase).collect());
        Ok(Wanted {
            project: request.project()?.to_owned(),
            name: query.get("queueName").map(str::to_lowercase),
            names: list("queueNames"),
            ids: list("queueIds"),
            pools: list("poolIds"),
        })
    }
}

/// Queues_GetAgentQueues, by name or names, ids, or pools.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Queues_GetAgentQueues";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, _: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let among = |list: &Option<Vec<String>>, text: &str| {
            list.as_ref().is_none_or(|l| l.iter().any(|t| t == text))
        };
        let found = project.queues.iter().filter(|queue| {
            let name = queue.name.to_lowercase();
            wanted.name.as_ref().is_none_or(|wanted| *wanted == name)
                && among(&wanted.names, &name)
                && among(&wanted.ids, &queue.id.to_string())
                && among(&wanted.pools, &queue.pool.to_string())
        });
        Ok(Reply::list(found.map(|queue| show::queue(store, queue, &project)).collect()))
    }
}

/// A queue of a project.
pub struct One {
    project: String,
    id: String,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One { project: request.project()?.to_owned(), id: request.value("queueId").to_owned() })
    }
}

impl One {
    fn find(&self, store: &AzureDevOpsStore) -> Result<(Arc<Project>, Queue)> {
        let project = store.project(&self.project)?;
        let found = self.id.parse().ok().and_then(|id: u32| project.queue(id)).cloned();
        let queue = found.ok_or_else(|| Error::QueueUnknown { id: self.id.chars().take(80).collect() })?;
        Ok((project, queue))
    }
}

/// Queues_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Queues_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, one: One, _: &View<'_>) -> Result<Reply> {
        let (project, queue) = one.find(store)?;
        Ok(Reply::One(show::queue(store, &queue, &project)))
    }
}

/// Queues_Delete: its pool stays. Definitions that name it keep doing so.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Queues_Delete";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, one: One, tx: &mut Tx<'_>) -> Result<Reply> {
        let (project, queue) = one.find(store)?;
        let id = queue.id.to_string();
        store.projects.edit(&project.id, |p| {
            p.queues.retain(|q| q.id != queue.id);
            p.authorized.retain(|r| r.kind != "queue" || r.id != id);
        });
        let fact = format!("agent queue {} was taken out of project {}", queue.name, project.name);
        tx.emit(Event::new("queue.deleted", format!("queue:{id}")).fact(fact));
        Ok(Reply::Nothing)
    }
}
