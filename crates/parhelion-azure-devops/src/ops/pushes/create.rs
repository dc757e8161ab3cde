//! Commits made by REST. Their objects are made first; refs move in one write that checks where they stand.

use crate::{
    domain::{
        changes::{self, checked},
        push::{self, Moves},
    },
    error::{Error, Result},
    operations::{Input, Work},
    ops::{refs::object_id, repositories::One},
    show::{Links, git as show},
    store::{CommitSummary, Identity, RefChange, Repository},
    tenant::{Tenant, unavailable},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::Timestamp;
use parhelion_git::{NewCommit, ObjectId, Person, valid_ref_name};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Commits of one push.
const MAX_COMMITS: usize = 1_000;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    ref_updates: Vec<GivenRef>,
    commits: Option<Vec<GivenCommit>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GivenRef {
    name: Option<String>,
    old_object_id: Option<String>,
    new_object_id: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GivenCommit {
    comment: Option<String>,
    author: Option<GivenPerson>,
    committer: Option<GivenPerson>,
    changes: Vec<changes::Given>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct GivenPerson {
    name: Option<String>,
    email: Option<String>,
    date: Option<String>,
}

impl GivenPerson {
    fn person(&self, user: &Identity, now: Timestamp) -> Result<Person> {
        let text = |t: &Option<String>| t.clone().filter(|t| !t.trim().is_empty());
        let at = match text(&self.date) {
            None => now,
            Some(t) => chrono::DateTime::parse_from_rfc3339(t.trim())
                .map(|t| t.to_utc())
                .map_err(|_| Error::invalid("The date of an author or committer is no ISO 8601 time."))?,
        };
        Ok(Person {
            name: text(&self.name).unwrap_or_else(|| user.name.clone()),
            email: text(&self.email).unwrap_or_else(|| user.unique_name.clone()),
            at,
        })
    }
}

/// A repository and a push to it.
pub struct New {
    repository: One,
    refs: Vec<RefChange>,
    commits: Vec<GivenCommit>,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let commits = given.commits.unwrap_or_default();
        if given.ref_updates.is_empty() {
            return Err(Error::invalid("The push updates no ref: refUpdates is empty."));
        }
        if !commits.is_empty() && given.ref_updates.len() != 1 {
            return Err(Error::invalid("A push with commits updates exactly one ref."));
        }
        if commits.len() > MAX_COMMITS || given.ref_updates.len() > MAX_COMMITS {
            return Err(Error::invalid(format!("A push may hold at most {MAX_COMMITS} commits and refs.")));
        }
        let refs = given.ref_updates.into_iter().map(|g| {
            let name = crate::domain::refs::full(g.name.as_deref().unwrap_or_default());
            if !valid_ref_name(&name) {
                let shown: String = name.chars().take(200).collect();
                return Err(Error::invalid(format!("'{shown}' is no valid name of a ref.")));
            }
            let (old, new) = (object_id(g.old_object_id.as_deref())?, object_id(g.new_object_id.as_deref())?);
            Ok(RefChange { name, old, new })
        });
        let refs: Vec<RefChange> = refs.collect::<Result<_>>()?;
        let mut names = BTreeSet::new();
        if let Some(twice) = refs.iter().find(|r| !names.insert(r.name.as_str())) {
            return Err(Error::invalid(format!("The push updates the ref '{}' twice.", twice.name)));
        }
        let idle = |r: &&RefChange| r.old.is_zero() && r.new.is_zero() && commits.is_empty();
        if let Some(idle) = refs.iter().find(idle) {
            return Err(Error::invalid(format!(
                "The push neither makes nor removes the ref '{}'.",
                idle.name
            )));
        }
        Ok(New { repository: One::read(request)?, refs, commits })
    }
}

/// Pushes_Create.
pub struct Create;

impl Work for Create {
    const NAME: &'static str = "Pushes_Create";
    type Input = New;
    async fn run(tenant: &Tenant, input: New) -> Result<Reply> {
        let (repository, user, now) = tenant
            .read(|store, view| Ok::<_, Error>((input.repository.find(store)?, store.user(), view.now)))?;
        let mut refs = input.refs;
        if let Some(lost) = refs.iter().find(|c| repository.tip(&c.name) != c.old.some()) {
            return Err(Error::RefMoved { name: lost.name.clone() });
        }
        let commits = if input.commits.is_empty() {
            require_known(tenant, &repository, &refs).await?;
            Vec::new()
        } else {
            let base = refs.first().and_then(|r| r.old.some());
            let (tip, commits) = commit(tenant, base, &input.commits, &user, now).await?;
            refs.iter_mut().for_each(|only| only.new = tip);
            commits
        };
        let moves = Moves { repository: repository.id, refs, commits, by: "REST" };
        let pushed = push::make(tenant, &moves).await?;
        Ok(tenant.read(|store, _| {
            let links = Links::of(store, &tenant.call);
            Reply::One(show::push(store, &pushed.repository, &pushed.record, &links))
        }))
    }
}

/// Makes the commits one on top of the other; the last is the tip, and the list is newest first.
async fn commit(
    tenant: &Tenant,
    base: Option<ObjectId>,
    given: &[GivenCommit],
    user: &Identity,
    now: Timestamp,
) -> Result<(ObjectId, Vec<CommitSummary>)> {
    let (mut base, mut made) = (base, Vec::new());
    for commit in given {
        let changes = checked(&tenant.git, base, &commit.changes).await?;
        if changes.is_empty() {
            return Err(Error::invalid("A commit of the push has no changes."));
        }
        let author = commit.author.clone().unwrap_or_default().person(user, now)?;
        let committer = match &commit.committer {
            Some(committer) => committer.person(user, now)?,
            None => Person { at: now, ..author.clone() },
        };
        // CHOICE: without a date the committer's is the emulator's time; equal input gives equal ids.
        let message = commit.comment.clone().unwrap_or_default();
        let new = NewCommit { base, changes, author, committer, message };
        let id = tenant.git.commit_files(new).await.map_err(changes::refused)?;
        let info = tenant.git.commit(id).await.map_err(unavailable)?;
        made.extend(info.map(CommitSummary::from));
        base = Some(id);
    }
    made.reverse();
    Ok((base.unwrap_or(ObjectId::ZERO), made))
}

/// Refs may only be set to commits that the repository has.
async fn require_known(tenant: &Tenant, repository: &Repository, refs: &[RefChange]) -> Result<()> {
    for change in refs {
        let Some(new) = change.new.some() else { continue };
        let known = tenant.git.contains(&repository.as_refs(), new).await.map_err(unavailable)?;
        if !known || tenant.git.peel(new).await.map_err(unavailable)?.is_none() {
            return Err(Error::Unresolvable {
                version: new.to_string(),
                repository: repository.name.clone(),
            });
        }
    }
    Ok(())
}
