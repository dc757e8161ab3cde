//! The commits that came with a build: those since the build before of the same definition and branch.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/builds/get-build-changes

use super::{Found, Key};
use crate::{
    error::Result,
    operations::{Input, Work},
    show::{Links, segment, time, without_nulls},
    tenant::{Tenant, unavailable},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_git::{CommitInfo, GitError};
use serde_json::{Value, json};

/// Commits in a page when the client does not say.
// Docs: 50.
const PAGE: usize = 50;
/// Commits that are looked at.
const MAX: usize = 1_000;
/// Characters of a message that are shown.
const MESSAGE_CHARS: usize = 4_000;

/// A build and which of its changes.
pub struct Wanted {
    key: Key,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let top: Option<usize> = request.query.parsed("$top")?;
        let skip: Option<usize> = request.query.parsed("continuationToken")?;
        Ok(Wanted { key: Key::read(request)?, top: top.unwrap_or(PAGE).min(MAX), skip: skip.unwrap_or(0) })
    }
}

/// Builds_GetBuildChanges.
pub struct Changes;

impl Work for Changes {
    const NAME: &'static str = "Builds_GetBuildChanges";
    type Input = Wanted;
    async fn run(tenant: &Tenant, input: Wanted) -> Result<Reply> {
        let (found, before, repository, links) = tenant.read(|store, view| {
            let found = input.key.find(store)?;
            let earlier = store.builds.range(..found.build.id).rev().map(|(_, b)| b);
            let before = earlier
                .filter(|b| b.definition == found.definition.id && b.branch == found.build.branch)
                .find_map(|b| b.commit.some());
            let repository = store.source_of(&found.definition).cloned();
            Ok::<_, crate::error::Error>((found, before, repository, Links::of(store, view.call)))
        })?;
        let (Some(tip), Some(repository)) = (found.build.commit.some(), repository) else {
            return Ok(Reply::list(Vec::new()));
        };
        let not: Vec<_> = before.into_iter().collect();
        // CHOICE: the first build of a branch brings its last commit, not all of its history.
        let max = if not.is_empty() { 1 } else { MAX };
        let commits = match tenant.git.commits(&[tip], &not, max).await {
            Ok(commits) => commits,
            // A branch that was rewritten: what was built before is not there any more.
            Err(GitError::NoSuchObject(_)) => {
                tenant.git.commits(&[tip], &[], 1).await.map_err(unavailable)?
            }
            Err(other) => return Err(unavailable(other)),
        };
        let base = format!("_apis/git/repositories/{}/commits", repository.id);
        let Found { project, .. } = &found;
        let web = format!("{}/_git/{}/commit", segment(&project.name), segment(&repository.name));
        let shown = commits.iter().map(|c| show(c, &links.to(&base), &links.to(&web)));
        let (items, next) = page(shown, input.skip, input.top);
        Ok(Reply::List { items, next: next.map(|n| n.to_string()) })
    }
}

fn show(commit: &CommitInfo, base: &str, web: &str) -> Value {
    let message = commit.message.trim_end_matches('\n');
    let cut: String = message.chars().take(MESSAGE_CHARS).collect();
    without_nulls(json!({
        "id": commit.id.to_string(),
        "message": cut,
        "messageTruncated": (cut.len() < message.len()).then_some(true),
        "type": "TfsGit",
        "author": { "displayName": commit.author.name, "uniqueName": commit.author.email },
        "timestamp": time(commit.author.at),
        "location": format!("{base}/{}", commit.id),
        "displayUri": format!("{web}/{}", commit.id),
        "pusher": commit.committer.email,
    }))
}
