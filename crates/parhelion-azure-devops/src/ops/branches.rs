//! How branches stand to a base: ahead and behind.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/stats

use super::{items::resolve, repositories::One};
use crate::{
    domain::refs::Version,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show},
    store::Repository,
    tenant::{Tenant, unavailable},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_git::ObjectId;
use serde_json::{Value, json};

/// Branches in an answer: each asks git twice.
const MAX_BRANCHES: usize = 1_000;

/// A repository, the base, and which branch; without one all.
pub struct Wanted {
    repository: One,
    base: Version,
    name: Option<String>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let kind = q.get("baseVersionDescriptor.versionType");
        Ok(Wanted {
            repository: One::read(request)?,
            base: Version::read(kind, q.get("baseVersionDescriptor.version"))?,
            name: q.get("name").map(str::to_owned),
        })
    }
}

/// Stats_List, and Stats_Get where a name is given.
pub struct List;

impl Work for List {
    const NAME: &'static str = "Stats_List";
    type Input = Wanted;
    async fn run(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
        let repository = tenant.read(|store, _| wanted.repository.find(store))?;
        if let Some(name) = &wanted.name {
            let version = Version::Branch(name.clone());
            let tip = version.resolve(&repository)?;
            let base = resolve(tenant, &repository, &wanted.base).await?;
            let name = crate::domain::refs::full(name);
            return Ok(Reply::One(stats(tenant, &repository, &name, tip, base).await?));
        }
        // Of an empty repository there is no base, and nothing to show.
        if wanted.base == Version::Default && wanted.base.resolve(&repository).is_err() {
            return Ok(Reply::list(Vec::new()));
        }
        let base = resolve(tenant, &repository, &wanted.base).await?;
        let branches = repository.refs.iter().filter(|(name, _)| name.starts_with("refs/heads/"));
        let mut all = Vec::new();
        for (name, tip) in branches.take(MAX_BRANCHES) {
            all.push(stats(tenant, &repository, name, *tip, base).await?);
        }
        Ok(Reply::list(all))
    }
}

async fn stats(
    tenant: &Tenant,
    repository: &Repository,
    name: &str,
    tip: ObjectId,
    base: ObjectId,
) -> Result<Value> {
    let unknown = || Error::ObjectUnknown { id: tip.to_string() };
    let commit = tenant.git.commit(tip).await.map_err(unavailable)?.ok_or_else(unknown)?;
    let (ahead, behind) = tenant.git.ahead_behind(tip, base).await.map_err(unavailable)?;
    Ok(tenant.read(|store, _| {
        let links = Links::of(store, &tenant.call);
        json!({
            "commit": show::commit(store, repository, &commit, &links, true),
            "name": name.strip_prefix("refs/heads/").unwrap_or(name),
            "aheadCount": ahead,
            "behindCount": behind,
            "isBaseVersion": tip == base,
        })
    }))
}
