//! Issues.

use crate::{
    domain::{
        fields,
        filter::Filter,
        lro::{self, Outcome, timestamp},
        mask::Mask,
        names::{Child, Name},
        pages::page,
    },
    error::Error,
    ops::repositories::{self, etag},
    proto::{
        self, longrunning,
        v1::{
            self, CloseIssueRequest, CreateIssueRequest, DeleteIssueRequest, GetIssueRequest,
            ListIssuesRequest, ListIssuesResponse, OpenIssueRequest, UpdateIssueRequest, issue,
        },
    },
    store::{Issue, NumberKey, SsmStore, TRACKED},
};
use parhelion_state::{Operation, Query, Tx, View};

/// The collection's name.
pub const COLLECTION: &str = "issues";

/// An issue as the API shows it.
pub fn message(key: &NumberKey, record: &Issue) -> v1::Issue {
    let state = if record.closed.is_some() { issue::State::Closed } else { issue::State::Open };
    v1::Issue {
        name: full_name(key, record),
        title: record.title.clone(),
        body: record.body.clone(),
        state: state.into(),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
        close_time: record.closed.map(timestamp),
        etag: record.etag.clone(),
    }
}

/// An issue's name, with the project as at its creation.
pub fn full_name(key: &NumberKey, record: &Issue) -> String {
    format!("projects/{}/locations/{}/repositories/{}/{COLLECTION}/{}", record.project, key.0, key.1, key.2)
}

/// The issue of a name, with its key.
fn find<'a>(store: &'a SsmStore, name: &Child, given: &str) -> Result<(NumberKey, &'a Issue), Error> {
    let missing = || Error::NotFound(given.to_owned());
    let key = name.numbered().ok_or_else(missing)?;
    let record = store.issues.get(&key).ok_or_else(missing)?;
    Ok((key, record))
}

/// Lists the issues of a repository, newest first.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues/list
pub struct ListIssues;
impl Query for ListIssues {
    const NAME: &'static str = "ListIssues";
    type Store = SsmStore;
    type Input = ListIssuesRequest;
    type Output = ListIssuesResponse;
    type Error = Error;

    fn run(store: &SsmStore, input: ListIssuesRequest, _: &View<'_>) -> Result<ListIssuesResponse, Error> {
        let repository = Name::parse("parent", &input.parent, repositories::COLLECTION)?;
        if store.repository(&repository.key()).is_none() {
            return Err(Error::NotFound(input.parent));
        }
        let filter = Filter::parse(&input.filter, "Issue")?;
        let all = store.issues_of(&repository.key()).rev().map(|(key, record)| message(key, record));
        let all =
            all.filter(|m| input.filter.is_empty() || filter.takes(&proto::json_of("Issue", m))).collect();
        let question = [COLLECTION, &repository.to_string(), &input.filter];
        let (issues, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListIssuesResponse { issues, next_page_token })
    }
}

/// Tells of one issue.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues/get
pub struct GetIssue;
impl Query for GetIssue {
    const NAME: &'static str = "GetIssue";
    type Store = SsmStore;
    type Input = GetIssueRequest;
    type Output = v1::Issue;
    type Error = Error;

    fn run(store: &SsmStore, input: GetIssueRequest, _: &View<'_>) -> Result<v1::Issue, Error> {
        let (key, record) = find(store, &Child::parse("name", &input.name, COLLECTION)?, &input.name)?;
        Ok(message(&key, record))
    }
}

/// Creates an issue.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues/create
pub struct CreateIssue;
impl Operation for CreateIssue {
    const NAME: &'static str = "CreateIssue";
    type Store = SsmStore;
    type Input = CreateIssueRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: CreateIssueRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let repository = Name::parse("parent", &input.parent, repositories::COLLECTION)?;
        let given = input.issue.ok_or_else(|| Error::field("issue", "is required."))?;
        fields::title("issue.title", &given.title)?;
        fields::text("issue.body", &given.body)?;
        let of = repository.key();
        if store.repository(&of).is_none() {
            return Err(Error::NotFound(input.parent));
        }
        if store.issues_of(&of).count() >= TRACKED {
            return Err(Error::Full { holder: "the repository", limit: TRACKED, what: "issues" });
        }
        let record = Issue {
            project: repository.place.project.clone(),
            author: tx.call().caller.clone(),
            title: given.title,
            body: given.body,
            created: tx.now(),
            updated: tx.now(),
            closed: None,
            etag: etag(tx),
        };
        let key = (of.0.clone(), of.1.clone(), fields::next_number(store, &of, tx));
        let outcome = Outcome::of("Issue", &message(&key, &record));
        let begun = lro::begin(tx, &repository.place, "create", &full_name(&key, &record));
        if begun.succeeds() {
            store.issues.put(key, record);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Changes an issue's title and body.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues/patch
pub struct UpdateIssue;
impl Operation for UpdateIssue {
    const NAME: &'static str = "UpdateIssue";
    type Store = SsmStore;
    type Input = UpdateIssueRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: UpdateIssueRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let given = input.issue.ok_or_else(|| Error::field("issue", "is required."))?;
        let mask = Mask::of(input.update_mask.as_ref(), "Issue")?;
        let name = Child::parse("issue.name", &given.name, COLLECTION)?;
        let (key, record) = find(store, &name, &given.name)?;
        same(&given.etag, record, &given.name)?;
        let mut next = record.clone();
        if mask.has("title") {
            fields::title("issue.title", &given.title)?;
            next.title = given.title;
        }
        if mask.has("body") {
            fields::text("issue.body", &given.body)?;
            next.body = given.body;
        }
        Ok(put(store, tx, &name, key, next, "update"))
    }
}

/// Deletes an issue and its comments.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues/delete
pub struct DeleteIssue;
impl Operation for DeleteIssue {
    const NAME: &'static str = "DeleteIssue";
    type Store = SsmStore;
    type Input = DeleteIssueRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: DeleteIssueRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = Child::parse("name", &input.name, COLLECTION)?;
        let (key, record) = find(store, &name, &input.name)?;
        same(&input.etag, record, &input.name)?;
        let begun = lro::begin(tx, &name.repository.place, "delete", &full_name(&key, record));
        if begun.succeeds() {
            store.remove_issue(&key);
        }
        Ok(begun.end(store, tx, Outcome::empty()))
    }
}

/// Opens a closed issue again.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues/open
pub struct OpenIssue;
impl Operation for OpenIssue {
    const NAME: &'static str = "OpenIssue";
    type Store = SsmStore;
    type Input = OpenIssueRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: OpenIssueRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        turn(store, tx, &input.name, &input.etag, false)
    }
}

/// Closes an open issue.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues/close
pub struct CloseIssue;
impl Operation for CloseIssue {
    const NAME: &'static str = "CloseIssue";
    type Store = SsmStore;
    type Input = CloseIssueRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: CloseIssueRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        turn(store, tx, &input.name, &input.etag, true)
    }
}

fn turn(
    store: &mut SsmStore,
    tx: &mut Tx<'_>,
    given: &str,
    etag: &str,
    close: bool,
) -> Result<longrunning::Operation, Error> {
    let name = Child::parse("name", given, COLLECTION)?;
    let (key, record) = find(store, &name, given)?;
    same(etag, record, given)?;
    // CHOICE: the code.
    if record.closed.is_some() == close {
        let state = if close { "CLOSED" } else { "OPEN" };
        return Err(Error::state(full_name(&key, record), format!("The issue is {state} already.")));
    }
    let mut next = record.clone();
    next.closed = close.then(|| tx.now());
    Ok(put(store, tx, &name, key, next, if close { "close" } else { "open" }))
}

/// Docs: a given etag must be the present one.
fn same(etag: &str, record: &Issue, name: &str) -> Result<(), Error> {
    if etag.is_empty() || etag == record.etag { Ok(()) } else { Err(Error::Etag(name.to_owned())) }
}

/// Keeps a changed issue.
fn put(
    store: &mut SsmStore,
    tx: &mut Tx<'_>,
    name: &Child,
    key: NumberKey,
    mut next: Issue,
    verb: &str,
) -> longrunning::Operation {
    next.etag = etag(tx);
    next.updated = tx.now();
    let outcome = Outcome::of("Issue", &message(&key, &next));
    let begun = lro::begin(tx, &name.repository.place, verb, &full_name(&key, &next));
    if begun.succeeds() {
        store.issues.put(key, next);
    }
    begun.end(store, tx, outcome)
}
