//! Comments on issues.

use crate::{
    domain::{
        fields,
        lro::{self, Outcome, timestamp},
        mask::Mask,
        names::{Child, CommentName},
        pages::page,
    },
    error::Error,
    ops::issues,
    proto::{
        longrunning,
        v1::{
            self, CreateIssueCommentRequest, DeleteIssueCommentRequest, GetIssueCommentRequest,
            ListIssueCommentsRequest, ListIssueCommentsResponse, UpdateIssueCommentRequest,
        },
    },
    store::{COMMENTS, CommentKey, IssueComment, NumberKey, SsmStore},
};
use parhelion_state::{Operation, Query, Tx, View};

const COLLECTION: &str = "issueComments";

/// A comment as the API shows it.
fn message(key: &CommentKey, record: &IssueComment) -> v1::IssueComment {
    v1::IssueComment {
        name: full_name(key, record),
        body: record.body.clone(),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
    }
}

fn full_name(key: &CommentKey, record: &IssueComment) -> String {
    let (location, repository, issue, id) = key;
    format!(
        "projects/{}/locations/{location}/repositories/{repository}/{}/{issue}/{COLLECTION}/{id}",
        record.project,
        issues::COLLECTION
    )
}

fn parse(field: &str, text: &str) -> Result<CommentName, Error> {
    CommentName::parse(field, text, issues::COLLECTION, COLLECTION)
}

fn find<'a>(
    store: &'a SsmStore,
    name: &CommentName,
    given: &str,
) -> Result<(CommentKey, &'a IssueComment), Error> {
    let missing = || Error::NotFound(given.to_owned());
    let key = name.numbered().ok_or_else(missing)?;
    let record = store.issue_comments.get(&key).ok_or_else(missing)?;
    Ok((key, record))
}

fn parent(store: &SsmStore, given: &str) -> Result<(Child, NumberKey), Error> {
    let parent = Child::parse("parent", given, issues::COLLECTION)?;
    match parent.numbered().filter(|key| store.issues.contains_key(key)) {
        Some(key) => Ok((parent, key)),
        None => Err(Error::NotFound(given.to_owned())),
    }
}

/// Lists the comments of an issue, oldest first.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues.issueComments/list
pub struct ListIssueComments;
impl Query for ListIssueComments {
    const NAME: &'static str = "ListIssueComments";
    type Store = SsmStore;
    type Input = ListIssueCommentsRequest;
    type Output = ListIssueCommentsResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: ListIssueCommentsRequest,
        _: &View<'_>,
    ) -> Result<ListIssueCommentsResponse, Error> {
        let (name, of) = parent(store, &input.parent)?;
        let all = store.issue_comments_of(&of).map(|(key, record)| message(key, record)).collect();
        let question = [COLLECTION, &name.to_string()];
        let (issue_comments, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListIssueCommentsResponse { issue_comments, next_page_token })
    }
}

/// Tells of one comment.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues.issueComments/get
pub struct GetIssueComment;
impl Query for GetIssueComment {
    const NAME: &'static str = "GetIssueComment";
    type Store = SsmStore;
    type Input = GetIssueCommentRequest;
    type Output = v1::IssueComment;
    type Error = Error;

    fn run(store: &SsmStore, input: GetIssueCommentRequest, _: &View<'_>) -> Result<v1::IssueComment, Error> {
        let (key, record) = find(store, &parse("name", &input.name)?, &input.name)?;
        Ok(message(&key, record))
    }
}

/// Writes a comment.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues.issueComments/create
pub struct CreateIssueComment;
impl Operation for CreateIssueComment {
    const NAME: &'static str = "CreateIssueComment";
    type Store = SsmStore;
    type Input = CreateIssueCommentRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: CreateIssueCommentRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let given = input.issue_comment.ok_or_else(|| Error::field("issue_comment", "is required."))?;
        fields::required_text("issue_comment.body", &given.body)?;
        let (name, of) = parent(store, &input.parent)?;
        if store.issue_comments_of(&of).count() >= COMMENTS {
            return Err(Error::Full { holder: "the issue", limit: COMMENTS, what: "comments" });
        }
        let record = IssueComment {
            project: name.repository.place.project.clone(),
            author: tx.call().caller.clone(),
            created: tx.now(),
            updated: tx.now(),
            body: given.body,
        };
        let number = fields::next_comment(store, &(of.0.clone(), of.1.clone()), tx);
        let key = (of.0, of.1, of.2, number);
        let outcome = Outcome::of("IssueComment", &message(&key, &record));
        let begun = lro::begin(tx, &name.repository.place, "create", &full_name(&key, &record));
        if begun.succeeds() {
            store.issue_comments.put(key, record);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Changes a comment's text.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues.issueComments/patch
pub struct UpdateIssueComment;
impl Operation for UpdateIssueComment {
    const NAME: &'static str = "UpdateIssueComment";
    type Store = SsmStore;
    type Input = UpdateIssueCommentRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: UpdateIssueCommentRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let given = input.issue_comment.ok_or_else(|| Error::field("issue_comment", "is required."))?;
        let mask = Mask::of(input.update_mask.as_ref(), "IssueComment")?;
        let name = parse("issue_comment.name", &given.name)?;
        let (key, record) = find(store, &name, &given.name)?;
        let mut next = record.clone();
        if mask.has("body") {
            fields::required_text("issue_comment.body", &given.body)?;
            next.body = given.body;
        }
        next.updated = tx.now();
        let outcome = Outcome::of("IssueComment", &message(&key, &next));
        let begun = lro::begin(tx, &name.parent.repository.place, "update", &full_name(&key, &next));
        if begun.succeeds() {
            store.issue_comments.put(key, next);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Deletes a comment.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.issues.issueComments/delete
pub struct DeleteIssueComment;
impl Operation for DeleteIssueComment {
    const NAME: &'static str = "DeleteIssueComment";
    type Store = SsmStore;
    type Input = DeleteIssueCommentRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: DeleteIssueCommentRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = parse("name", &input.name)?;
        let (key, record) = find(store, &name, &input.name)?;
        let begun = lro::begin(tx, &name.parent.repository.place, "delete", &full_name(&key, record));
        if begun.succeeds() {
            store.issue_comments.remove(&key);
        }
        Ok(begun.end(store, tx, Outcome::empty()))
    }
}
