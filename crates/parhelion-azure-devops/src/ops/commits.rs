//! Commits: list, get, and what two of them have in common.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/commits

mod criteria;

use super::{items::resolve, repositories::One};
use crate::{
    domain::refs::Version,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show},
    store::Repository,
    tenant::{Tenant, unavailable},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use criteria::{Posted, Wanted};
use parhelion_git::{CommitInfo, ObjectId};

/// Commits that a filter looks at.
const MAX_LOOKED_AT: usize = 5_000;

/// The commits that are wanted, before they are filtered, newest first.
async fn walk(tenant: &Tenant, repository: &Repository, wanted: &Wanted) -> Result<Vec<CommitInfo>> {
    let named = |id: ObjectId| resolve_id(tenant, repository, id);
    if !wanted.ids.is_empty() {
        let mut found = Vec::new();
        for id in &wanted.ids {
            let id = named(*id).await?;
            found.extend(tenant.git.commit(id).await.map_err(unavailable)?);
        }
        return Ok(found);
    }
    let (mut tip, mut not) = match wanted.to {
        Some(to) => (named(to).await?, Vec::new()),
        None => (resolve(tenant, repository, &wanted.version).await?, Vec::new()),
    };
    if let Some(compare) = &wanted.compare {
        // Docs: the walk begins there; what the other version has is left out.
        not.push(tip);
        tip = resolve(tenant, repository, compare).await?;
    }
    if let Some(from) = wanted.from {
        not.push(named(from).await?);
    }
    let looked_at = if wanted.filters() || wanted.oldest_first {
        MAX_LOOKED_AT
    } else {
        wanted.skip.saturating_add(wanted.top + 1).min(MAX_LOOKED_AT)
    };
    let mut found = tenant.git.commits(&[tip], &not, looked_at).await.map_err(unavailable)?;
    if let Some(from) = wanted.from
        && found.len() < looked_at
        && tenant.git.is_ancestor(from, tip).await.map_err(unavailable)?
    {
        // CHOICE: the commit that the range begins with is one of it.
        found.extend(tenant.git.commit(from).await.map_err(unavailable)?);
    }
    if wanted.oldest_first {
        found.reverse();
    }
    Ok(found)
}

async fn resolve_id(tenant: &Tenant, repository: &Repository, id: ObjectId) -> Result<ObjectId> {
    resolve(tenant, repository, &Version::Commit(id)).await
}

async fn list(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
    let repository = tenant.read(|store, _| wanted.repository.find(store))?;
    let is_empty = wanted.version == Version::Default && wanted.version.resolve(&repository).is_err();
    if is_empty && wanted.ids.is_empty() && wanted.to.is_none() {
        return Ok(Reply::list(Vec::new()));
    }
    let commits = walk(tenant, &repository, &wanted).await?;
    tenant.read(|store, _| {
        let links = Links::of(store, &tenant.call);
        let found = commits.iter().filter(|c| wanted.takes(c));
        let shown = found.map(|c| show::commit(store, &repository, c, &links, false));
        let (items, _) = page(shown, wanted.skip, wanted.top);
        Ok(Reply::list(items))
    })
}

/// Commits_GetCommits: newest first; of an empty repository none.
pub struct List;

impl Work for List {
    const NAME: &'static str = "Commits_GetCommits";
    type Input = Wanted;
    async fn run(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
        list(tenant, wanted).await
    }
}

/// Commits_GetCommitsBatch: the same with the criteria in the body.
pub struct Batch;

impl Work for Batch {
    const NAME: &'static str = "Commits_GetCommitsBatch";
    type Input = Posted;
    async fn run(tenant: &Tenant, Posted(wanted): Posted) -> Result<Reply> {
        list(tenant, wanted).await
    }
}

/// Two commits of a repository.
pub struct Pair {
    repository: One,
    one: String,
    other: String,
}

impl Input for Pair {
    fn read(request: &ApiRequest) -> Result<Self> {
        let other = request.query.get("otherCommitId");
        let other = other.ok_or_else(|| Error::invalid("The query parameter otherCommitId is required."))?;
        let repository = One::named(request, "repositoryNameOrId");
        // CHOICE: there are no forks, so another repository can only be the same one.
        Ok(Pair { repository, one: request.value("commitId").to_owned(), other: other.to_owned() })
    }
}

/// MergeBases_List.
pub struct MergeBases;

impl Work for MergeBases {
    const NAME: &'static str = "MergeBases_List";
    type Input = Pair;
    async fn run(tenant: &Tenant, pair: Pair) -> Result<Reply> {
        let repository = tenant.read(|store, _| pair.repository.find(store))?;
        let mut ids = Vec::new();
        for id in [&pair.one, &pair.other] {
            ids.push(resolve(tenant, &repository, &Version::read(Some("commit"), Some(id))?).await?);
        }
        let mut found = Vec::new();
        if let [one, other] = ids.as_slice() {
            for base in tenant.git.merge_bases(*one, *other).await.map_err(unavailable)? {
                found.extend(tenant.git.commit(base).await.map_err(unavailable)?);
            }
        }
        tenant.read(|store, _| {
            let links = Links::of(store, &tenant.call);
            let shown = found.iter().map(|c| show::commit(store, &repository, c, &links, false));
            Ok(Reply::list(shown.collect()))
        })
    }
}

/// A repository and a commit.
pub struct Single {
    repository: One,
    commit: String,
}

impl Input for Single {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Single { repository: One::read(request)?, commit: request.value("commitId").to_owned() })
    }
}

/// Commits_Get.
pub struct Get;

impl Work for Get {
    const NAME: &'static str = "Commits_Get";
    type Input = Single;
    async fn run(tenant: &Tenant, input: Single) -> Result<Reply> {
        let repository = tenant.read(|store, _| input.repository.find(store))?;
        let version = Version::read(Some("commit"), Some(&input.commit))?;
        let id = resolve(tenant, &repository, &version).await?;
        let unknown =
            || Error::Unresolvable { version: input.commit.clone(), repository: repository.name.clone() };
        let commit = tenant.git.commit(id).await.map_err(unavailable)?.ok_or_else(unknown)?;
        tenant.read(|store, _| {
            Ok(Reply::One(show::commit(store, &repository, &commit, &Links::of(store, &tenant.call), true)))
        })
    }
}
