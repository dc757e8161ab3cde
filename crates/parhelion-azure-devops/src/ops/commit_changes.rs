//! The changes of a commit against its first parent.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/commits/get-changes

use super::{items::resolve, repositories::One};
use crate::{
    domain::refs::Version,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show},
    tenant::{Tenant, unavailable},
    wire::{reply::Reply, request::ApiRequest},
};
use serde_json::json;

/// Changes in an answer when the client does not say, and at most.
const MAX_CHANGES: usize = 100_000;

/// A repository, a commit, and which of its changes.
pub struct Wanted {
    repository: One,
    commit: Version,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        // OBSERVED: the clients send these two without a `$`.
        let number = |name: &str| q.parsed(name).and_then(|n| Ok(n.or(q.parsed(&format!("${name}"))?)));
        Ok(Wanted {
            repository: One::read(request)?,
            commit: Version::read(Some("commit"), Some(request.value("commitId")))?,
            top: number("top")?.unwrap_or(MAX_CHANGES).min(MAX_CHANGES),
            skip: number("skip")?.unwrap_or(0),
        })
    }
}

/// Commits_GetChanges.
pub struct Get;

impl Work for Get {
    const NAME: &'static str = "Commits_GetChanges";
    type Input = Wanted;
    async fn run(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
        let (repository, links) = tenant.read(|store, _| {
            Ok::<_, Error>((wanted.repository.find(store)?, Links::of(store, &tenant.call)))
        })?;
        let id = resolve(tenant, &repository, &wanted.commit).await?;
        let unknown = || Error::ObjectUnknown { id: id.to_string() };
        let commit = tenant.git.commit(id).await.map_err(unavailable)?.ok_or_else(unknown)?;
        let found = tenant.git.diff(commit.parents.first().copied(), id, true).await.map_err(unavailable)?;
        let changes = found.iter().skip(wanted.skip).take(wanted.top);
        let changes: Vec<_> = changes.map(|d| show::change(&repository, d, id, &links)).collect();
        Ok(Reply::One(json!({ "changeCounts": show::change_counts(&found), "changes": changes })))
    }
}
