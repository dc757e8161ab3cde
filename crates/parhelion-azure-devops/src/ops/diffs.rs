//! Diffs: what two versions of a repository differ in.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/diffs

use super::{items::resolve, repositories::One};
use crate::{
    domain::refs::Version,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show, without_nulls},
    tenant::{Tenant, unavailable},
    wire::{reply::Reply, request::ApiRequest},
};
use serde_json::json;

/// Changes in an answer when the client does not say.
const PAGE: usize = 100;
/// Most changes in an answer.
const MAX_CHANGES: usize = 100_000;

/// A repository, two versions of it, and which of their differences.
pub struct Wanted {
    repository: One,
    base: Version,
    target: Version,
    from_common: bool,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let version = |side: &str| {
            let find = |what: &str| {
                let flat = q.get(&format!("{side}{what}"));
                flat.or_else(|| q.get(&format!("{side}VersionDescriptor.{side}{what}")))
                    .or_else(|| q.get(&format!("{side}VersionDescriptor.{what}")))
            };
            Version::read(find("VersionType"), find("Version"))
        };
        Ok(Wanted {
            repository: One::read(request)?,
            base: version("base")?,
            target: version("target")?,
            // CHOICE: from the common commit unless the client says otherwise, as the service's pages compare.
            from_common: q.get("diffCommonCommit").is_none() || q.flag("diffCommonCommit"),
            top: q.parsed("$top")?.unwrap_or(PAGE).min(MAX_CHANGES),
            skip: q.parsed("$skip")?.unwrap_or(0),
        })
    }
}

/// Diffs_Get.
pub struct Get;

impl Work for Get {
    const NAME: &'static str = "Diffs_Get";
    type Input = Wanted;
    async fn run(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
        let (repository, links) = tenant.read(|store, _| {
            Ok::<_, Error>((wanted.repository.find(store)?, Links::of(store, &tenant.call)))
        })?;
        let base = resolve(tenant, &repository, &wanted.base).await?;
        let target = resolve(tenant, &repository, &wanted.target).await?;
        let common = tenant.git.merge_base(base, target).await.map_err(unavailable)?;
        let (ahead, behind) = tenant.git.ahead_behind(target, base).await.map_err(unavailable)?;
        let from = common.filter(|_| wanted.from_common).unwrap_or(base);
        let found = tenant.git.diff(Some(from), target, true).await.map_err(unavailable)?;
        let changes: Vec<_> = found
            .iter()
            .skip(wanted.skip)
            .take(wanted.top)
            .map(|d| show::change(&repository, d, target, &links))
            .collect();
        Ok(Reply::One(without_nulls(json!({
            "allChangesIncluded": wanted.skip.saturating_add(changes.len()) >= found.len(),
            "changeCounts": show::change_counts(&found),
            "changes": changes,
            "commonCommit": common.map(|c| c.to_string()),
            "baseCommit": base.to_string(),
            "targetCommit": target.to_string(),
            "aheadCount": ahead,
            "behindCount": behind,
        }))))
    }
}
