//! Refs: list, update, lock.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/refs

use super::repositories::One;
use crate::{
    domain::{push, refs::Version},
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show},
    store::{AzureDevOpsStore, RefChange},
    tenant::{Tenant, unavailable},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_core::Event;
use parhelion_git::{ObjectId, valid_ref_name};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::json;

/// Refs in a page when the client does not say, and updates in one call.
const PAGE: usize = 1_000;

/// A repository and which of its refs.
pub struct Wanted {
    repository: One,
    filter: String,
    contains: Option<String>,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let in_path = request.value("filter");
        let filter = if in_path.is_empty() { q.get("filter").unwrap_or_default() } else { in_path };
        Ok(Wanted {
            repository: One::read(request)?,
            filter: filter.strip_prefix("refs/").unwrap_or(filter).to_owned(),
            contains: q.get("filterContains").map(str::to_lowercase),
            top: q.parsed("$top")?.unwrap_or(PAGE).min(PAGE),
            skip: q.parsed("continuationToken")?.unwrap_or(0),
        })
    }
}

/// Refs_List: those whose name begins with `refs/{filter}`.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Refs_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let repository = wanted.repository.find(store)?;
        let links = Links::of(store, view.call);
        let start = format!("refs/{}", wanted.filter);
        let contains = |name: &str| wanted.contains.as_ref().is_none_or(|c| name.to_lowercase().contains(c));
        let found = repository.refs.iter().filter(|(name, _)| name.starts_with(&start) && contains(name));
        let shown = found.map(|(name, id)| show::git_ref(store, &repository, name, *id, &links));
        let (items, next) = page(shown, wanted.skip, wanted.top);
        Ok(Reply::List { items, next: next.map(|n| n.to_string()) })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    name: Option<String>,
    old_object_id: Option<String>,
    new_object_id: Option<String>,
}

/// A repository, one of its refs, and whether it is to be locked.
pub struct Locking {
    repository: One,
    name: String,
    lock: bool,
}

impl Input for Locking {
    fn read(request: &ApiRequest) -> Result<Self> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Given {
            is_locked: Option<bool>,
        }
        let given: Given = request.json()?;
        let filter = request.value_or_query("filter");
        let name = format!("refs/{}", filter.strip_prefix("refs/").unwrap_or(filter));
        let lock = given.is_locked.ok_or_else(|| Error::invalid("The ref's isLocked is missing."))?;
        Ok(Locking { repository: One::read(request)?, name, lock })
    }
}

/// Refs_UpdateRef: locks a ref, or unlocks it.
// CHOICE: the one who locks may still push, and everybody is the same here: the lock is shown, and stops nobody.
pub struct Lock;

impl Operation for Lock {
    const NAME: &'static str = "Refs_UpdateRef";
    type Store = AzureDevOpsStore;
    type Input = Locking;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Locking, tx: &mut Tx<'_>) -> Result<Reply> {
        let found = input.repository.find(store)?;
        let version = || Version::Branch(input.name.clone()).shown(&found);
        let unknown = || Error::Unresolvable { version: version(), repository: found.name.clone() };
        let tip = found.tip(&input.name).ok_or_else(unknown)?;
        store.repositories.edit(&found.id, |r| match input.lock {
            true => {
                r.locked.insert(input.name.clone());
            }
            false => {
                r.locked.remove(&input.name);
            }
        });
        let now = store.repository(None, &found.id.to_string())?;
        let how = if input.lock { "locked" } else { "unlocked" };
        let fact = format!("{} of {} was {how}", input.name, now.name);
        tx.emit(Event::new("ref.changed", format!("repository:{}", now.id)).fact(fact));
        Ok(Reply::One(show::git_ref(store, &now, &input.name, tip, &Links::of(store, tx.call()))))
    }
}

/// A repository and moves of its refs.
pub struct Moves {
    repository: One,
    moves: Vec<RefChange>,
}

/// An object id as clients give it; absent means zeros.
pub fn object_id(text: Option<&str>) -> Result<ObjectId> {
    let text = text.map(str::trim).filter(|t| !t.is_empty());
    let bad = |t: &str| {
        Error::invalid(format!(
            "'{}' is no object id: 40 hexadecimal digits.",
            t.chars().take(80).collect::<String>()
        ))
    };
    text.map_or(Ok(ObjectId::ZERO), |t| t.parse().map_err(|_| bad(t)))
}

impl Input for Moves {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Vec<Given> = request.json_list()?;
        if given.len() > PAGE {
            return Err(Error::invalid(format!("At most {PAGE} refs can be updated in one call.")));
        }
        let moves = given.into_iter().map(|g| {
            Ok(RefChange {
                name: g.name.unwrap_or_default(),
                old: object_id(g.old_object_id.as_deref())?,
                new: object_id(g.new_object_id.as_deref())?,
            })
        });
        Ok(Moves { repository: One::read(request)?, moves: moves.collect::<Result<_>>()? })
    }
}

/// Refs_UpdateRefs: each on its own; a refused one says so in its entry.
pub struct Update;

impl Work for Update {
    const NAME: &'static str = "Refs_UpdateRefs";
    type Input = Moves;
    async fn run(tenant: &Tenant, input: Moves) -> Result<Reply> {
        let repository = tenant.read(|store, _| input.repository.find(store))?;
        let mut entries = Vec::new();
        for change in &input.moves {
            let status = one(tenant, &input.repository, change).await?;
            entries.push(json!({
                "repositoryId": repository.id,
                "name": change.name,
                "oldObjectId": change.old.to_string(),
                "newObjectId": change.new.to_string(),
                "updateStatus": status,
                "success": status == "succeeded",
            }));
        }
        Ok(Reply::list(entries))
    }
}

/// Moves one ref; gives the API's word for how it came out.
async fn one(tenant: &Tenant, named: &One, change: &RefChange) -> Result<&'static str> {
    if !valid_ref_name(&change.name) || !change.name.starts_with("refs/") {
        return Ok("invalidRefName");
    }
    let repository = tenant.read(|store, _| named.find(store))?;
    if let Some(new) = change.new.some() {
        let known = tenant.git.contains(&repository.as_refs(), new).await.map_err(unavailable)?;
        let commit = if known { tenant.git.peel(new).await.map_err(unavailable)? } else { None };
        let branch = change.name.starts_with("refs/heads/");
        if commit.is_none() || (branch && commit != Some(new)) {
            return Ok("unresolvableToCommit");
        }
    }
    let refs = vec![change.clone()];
    let moves = push::Moves { repository: repository.id, refs, commits: Vec::new(), by: "REST" };
    match push::make(tenant, &moves).await {
        Ok(_) => Ok("succeeded"),
        Err(Error::RefMoved { .. }) => Ok("staleOldObjectId"),
        Err(Error::RefConflict { .. }) => Ok("refNameConflict"),
        Err(other) => Err(other),
    }
}
