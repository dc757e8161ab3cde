//! Commits: list and get.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/commits

use super::{items::resolve, repositories::One};
use crate::{
    domain::refs::Version,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show},
    tenant::{Tenant, unavailable},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_core::Timestamp;
use parhelion_git::CommitInfo;

/// Commits in a page when the client does not say.
const PAGE: usize = 100;
/// Commits that a filter looks at.
const MAX_LOOKED_AT: usize = 5_000;

/// A repository and which of its commits.
pub struct Wanted {
    repository: One,
    version: Version,
    path: Option<String>,
    author: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let criterion = |name: &str| q.get(&format!("searchCriteria.{name}")).map(str::to_owned);
        let number = |name: &str| {
            q.parsed::<usize>(name).and_then(|n| Ok(n.or(q.parsed(&format!("searchCriteria.{name}"))?)))
        };
        let time = |name: &str| -> Result<Option<Timestamp>> {
            let bad = |_| Error::invalid(format!("searchCriteria.{name} is no ISO 8601 time."));
            criterion(name)
                .map(|t| chrono::DateTime::parse_from_rfc3339(&t).map(|t| t.to_utc()).map_err(bad))
                .transpose()
        };
        let kind = criterion("itemVersion.versionType");
        let name = criterion("itemVersion.version");
        Ok(Wanted {
            repository: One::read(request)?,
            version: Version::read(kind.as_deref(), name.as_deref())?,
            path: criterion("itemPath").map(|p| p.trim_matches('/').to_owned()).filter(|p| !p.is_empty()),
            author: criterion("author").map(|a| a.to_lowercase()),
            from: time("fromDate")?,
            to: time("toDate")?,
            top: number("$top")?.unwrap_or(PAGE).min(1_000),
            skip: number("$skip")?.unwrap_or(0),
        })
    }
}

impl Wanted {
    fn filters(&self) -> bool {
        self.path.is_some() || self.author.is_some() || self.from.is_some() || self.to.is_some()
    }
    fn takes(&self, commit: &CommitInfo) -> bool {
        let touched = |path: &String| {
            let at = |p: &String| p == path || p.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            commit.added.iter().chain(&commit.removed).chain(&commit.modified).any(at)
        };
        let by = |who: &String| {
            commit.author.name.to_lowercase().contains(who) || commit.author.email.to_lowercase() == *who
        };
        self.path.as_ref().is_none_or(touched)
            && self.author.as_ref().is_none_or(by)
            && self.from.is_none_or(|t| commit.committer.at >= t)
            && self.to.is_none_or(|t| commit.committer.at <= t)
    }
}

/// Commits_GetCommits: newest first; of an empty repository none.
pub struct List;

impl Work for List {
    const NAME: &'static str = "Commits_GetCommits";
    type Input = Wanted;
    async fn run(tenant: &Tenant, input: Wanted) -> Result<Reply> {
        let repository = tenant.read(|store, _| input.repository.find(store))?;
        if input.version == Version::Default && input.version.resolve(&repository).is_err() {
            return Ok(Reply::list(Vec::new()));
        }
        let tip = resolve(tenant, &repository, &input.version).await?;
        let looked_at = if input.filters() {
            MAX_LOOKED_AT
        } else {
            input.skip.saturating_add(input.top + 1).min(MAX_LOOKED_AT)
        };
        let commits = tenant.git.commits(&[tip], &[], looked_at).await.map_err(unavailable)?;
        tenant.read(|store, _| {
            let links = Links::of(store, &tenant.call);
            let found = commits.iter().filter(|c| input.takes(c));
            let shown = found.map(|c| show::commit(store, &repository, c, &links, false));
            let (items, _) = page(shown, input.skip, input.top);
            Ok(Reply::list(items))
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
