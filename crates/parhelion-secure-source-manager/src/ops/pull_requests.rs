//! Pull requests: reading and closing. What takes a look at their commits stands in `open_pull_request.rs` and
//! `merge_pull_request.rs`.

use crate::{
    domain::{
        lro::{self, Outcome, timestamp},
        names::{Child, Name},
        pages::page,
        pulls::{self, full_name},
    },
    error::Error,
    operations::{Answering, Context, run},
    ops::repositories,
    proto::{
        longrunning,
        v1::{
            self, ClosePullRequestRequest, FileDiff, GetPullRequestRequest, ListPullRequestFileDiffsRequest,
            ListPullRequestFileDiffsResponse, ListPullRequestsRequest, ListPullRequestsResponse, file_diff,
            pull_request,
        },
    },
    store::{NumberKey, PullRequest, PullState, SsmStore},
};
use bytes::Bytes;
use parhelion_git::FileChange;
use parhelion_state::{Operation, Query, Tx, View};

/// The collection's name.
pub const COLLECTION: &str = "pullRequests";

/// A pull request as the API shows it.
pub fn message(key: &NumberKey, record: &PullRequest) -> v1::PullRequest {
    let branch = |name: &str, sha: parhelion_git::ObjectId| {
        Some(pull_request::Branch { r#ref: name.to_owned(), sha: sha.to_string() })
    };
    v1::PullRequest {
        name: full_name(key, record),
        title: record.title.clone(),
        body: record.body.clone(),
        base: branch(&record.base, record.base_sha),
        head: branch(&record.head, record.head_sha),
        state: match record.state {
            PullState::Open => pull_request::State::Open,
            PullState::Closed => pull_request::State::Closed,
            PullState::Merged => pull_request::State::Merged,
        }
        .into(),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
        close_time: record.closed.map(timestamp),
    }
}

/// The pull request of a name, with its key.
pub fn find<'a>(
    store: &'a SsmStore,
    name: &Child,
    given: &str,
) -> Result<(NumberKey, &'a PullRequest), Error> {
    let missing = || Error::NotFound(given.to_owned());
    let key = name.numbered().ok_or_else(missing)?;
    let record = store.pull_requests.get(&key).ok_or_else(missing)?;
    Ok((key, record))
}

/// CHOICE: the code of a step that the state does not allow.
pub fn require(key: &NumberKey, record: &PullRequest, state: PullState) -> Result<(), Error> {
    let named = |state: PullState| match state {
        PullState::Open => "OPEN",
        PullState::Closed => "CLOSED",
        PullState::Merged => "MERGED",
    };
    if record.state == state {
        return Ok(());
    }
    let why = format!("The pull request is {}, not {}.", named(record.state), named(state));
    Err(Error::state(full_name(key, record), why))
}

/// Lists the pull requests of a repository, newest first.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/list
pub struct ListPullRequests;
impl Query for ListPullRequests {
    const NAME: &'static str = "ListPullRequests";
    type Store = SsmStore;
    type Input = ListPullRequestsRequest;
    type Output = ListPullRequestsResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: ListPullRequestsRequest,
        _: &View<'_>,
    ) -> Result<ListPullRequestsResponse, Error> {
        let repository = Name::parse("parent", &input.parent, repositories::COLLECTION)?;
        if store.repository(&repository.key()).is_none() {
            return Err(Error::NotFound(input.parent));
        }
        let all = store.pulls_of(&repository.key()).rev().map(|(key, record)| message(key, record)).collect();
        let question = [COLLECTION, &repository.to_string()];
        let (pull_requests, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListPullRequestsResponse { pull_requests, next_page_token })
    }
}

/// Tells of one pull request.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/get
pub struct GetPullRequest;
impl Query for GetPullRequest {
    const NAME: &'static str = "GetPullRequest";
    type Store = SsmStore;
    type Input = GetPullRequestRequest;
    type Output = v1::PullRequest;
    type Error = Error;

    fn run(store: &SsmStore, input: GetPullRequestRequest, _: &View<'_>) -> Result<v1::PullRequest, Error> {
        let (key, record) = find(store, &Child::parse("name", &input.name, COLLECTION)?, &input.name)?;
        Ok(message(&key, record))
    }
}

/// Closes a pull request without merging it.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/close
pub struct ClosePullRequest;
impl Operation for ClosePullRequest {
    const NAME: &'static str = "ClosePullRequest";
    type Store = SsmStore;
    type Input = ClosePullRequestRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: ClosePullRequestRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = Child::parse("name", &input.name, COLLECTION)?;
        let (key, record) = find(store, &name, &input.name)?;
        require(&key, record, PullState::Open)?;
        let mut next = record.clone();
        next.state = PullState::Closed;
        next.closed = Some(tx.now());
        next.updated = tx.now();
        let outcome = Outcome::of("PullRequest", &message(&key, &next));
        let begun = lro::begin(tx, &name.repository.place, "close", &full_name(&key, &next));
        if begun.succeeds() {
            store.pull_requests.put(key.clone(), next);
            pulls::tell(store, &key, "closed", None, false, parhelion_core::Cause::Call, tx);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Lists what a pull request changes, file by file, from where its branches part.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/listFileDiffs
pub fn file_diffs(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, input: ListPullRequestFileDiffsRequest| async move {
        let name = Child::parse("name", &input.name, COLLECTION)?;
        let version = context.world.shelf::<SsmStore>().load(&context.tenant(&input.name));
        let (_, pull) = find(&version.store, &name, &input.name)?;
        let git = &context.git;
        // Branches without a common commit differ in everything.
        let from = git.merge_base(pull.base_sha, pull.head_sha).await?.unwrap_or(pull.base_sha);
        let patches = git.patches(from, pull.head_sha).await?;
        let (base, head) = (pull.base_sha.to_string(), pull.head_sha.to_string());
        let question = ["fileDiffs", &name.to_string(), &base, &head];
        let (patches, next_page_token) = page(patches, input.page_size, &input.page_token, &question)?;
        let file_diffs = patches.into_iter().map(|patch| FileDiff {
            name: patch.path,
            action: match patch.change {
                FileChange::Added => file_diff::Action::Added,
                FileChange::Modified => file_diff::Action::Modified,
                FileChange::Deleted => file_diff::Action::Deleted,
            }
            .into(),
            sha: head.clone(),
            patch: patch.text,
        });
        Ok(ListPullRequestFileDiffsResponse { file_diffs: file_diffs.collect(), next_page_token })
    })
}
