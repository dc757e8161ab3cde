//! Comments on pull requests, one by one. Several at once, and threads, stand in `reviews.rs`.

use crate::{
    domain::{
        comments::{self, COLLECTION, find, full_name, parse, to_message},
        fields,
        lro::{self, Outcome},
        mask::Mask,
        pages::page,
        payload::CommentAction,
        pulls,
    },
    error::Error,
    proto::{
        longrunning,
        v1::{
            self, CreatePullRequestCommentRequest, DeletePullRequestCommentRequest,
            GetPullRequestCommentRequest, ListPullRequestCommentsRequest, ListPullRequestCommentsResponse,
            UpdatePullRequestCommentRequest, pull_request_comment::CommentDetail,
        },
    },
    store::{CommentKey, CommentKind, PullComment, SsmStore},
};
use parhelion_state::{Operation, Query, Tx, View};
use prost_types::FieldMask;

/// Lists the comments of a pull request, oldest first.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/list
pub struct ListPullRequestComments;
impl Query for ListPullRequestComments {
    const NAME: &'static str = "ListPullRequestComments";
    type Store = SsmStore;
    type Input = ListPullRequestCommentsRequest;
    type Output = ListPullRequestCommentsResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: ListPullRequestCommentsRequest,
        _: &View<'_>,
    ) -> Result<ListPullRequestCommentsResponse, Error> {
        let (name, of, _) = comments::parent(store, &input.parent)?;
        let all = store.pull_comments_of(&of).map(|(key, record)| to_message(key, record)).collect();
        let question = [COLLECTION, &name.to_string()];
        let (pull_request_comments, next_page_token) =
            page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListPullRequestCommentsResponse { pull_request_comments, next_page_token })
    }
}

/// Tells of one comment.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/get
pub struct GetPullRequestComment;
impl Query for GetPullRequestComment {
    const NAME: &'static str = "GetPullRequestComment";
    type Store = SsmStore;
    type Input = GetPullRequestCommentRequest;
    type Output = v1::PullRequestComment;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: GetPullRequestCommentRequest,
        _: &View<'_>,
    ) -> Result<v1::PullRequestComment, Error> {
        let (key, record) = find(store, &parse("name", &input.name)?, &input.name)?;
        Ok(to_message(&key, record))
    }
}

/// Writes a comment: a general one, a review, or one about a line.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/create
pub struct CreatePullRequestComment;
impl Operation for CreatePullRequestComment {
    const NAME: &'static str = "CreatePullRequestComment";
    type Store = SsmStore;
    type Input = CreatePullRequestCommentRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: CreatePullRequestCommentRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let (name, of, pull) = comments::parent(store, &input.parent)?;
        let read =
            comments::read(store, &of, pull.head_sha, "pull_request_comment", input.pull_request_comment)?;
        let place = name.repository.place;
        let (key, record) = comments::make(store, &of, &place.project, read, tx)?;
        let outcome = Outcome::of("PullRequestComment", &to_message(&key, &record));
        let begun = lro::begin(tx, &place, "create", &full_name(&key, &record.project));
        if begun.succeeds() {
            let number = key.3;
            store.pull_comments.put(key, record.clone());
            comments::touch(store, &of, tx);
            pulls::tell_comment(store, &of, number, &record, &CommentAction::Created, tx);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Changes a comment's text, and nothing else of it.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/patch
pub struct UpdatePullRequestComment;
impl Operation for UpdatePullRequestComment {
    const NAME: &'static str = "UpdatePullRequestComment";
    type Store = SsmStore;
    type Input = UpdatePullRequestCommentRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: UpdatePullRequestCommentRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let field = "pull_request_comment";
        let given = input.pull_request_comment.ok_or_else(|| Error::field(field, "is required."))?;
        let overwrites = overwrites_body(input.update_mask)?;
        let name = parse("pull_request_comment.name", &given.name)?;
        let (key, record) = find(store, &name, &given.name)?;
        let mut next = record.clone();
        if overwrites {
            next.body = body(record, given.comment_detail)?;
        }
        next.updated = tx.now();
        let outcome = Outcome::of("PullRequestComment", &to_message(&key, &next));
        let was = record.body.clone();
        let place = name.parent.repository.place;
        let begun = lro::begin(tx, &place, "update", &full_name(&key, &next.project));
        if begun.succeeds() {
            put(store, key, next, was, tx);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Keeps a changed comment; a new text is told of.
fn put(store: &mut SsmStore, key: CommentKey, next: PullComment, was: String, tx: &mut Tx<'_>) {
    let (of, number) = ((key.0.clone(), key.1.clone(), key.2), key.3);
    store.pull_comments.put(key, next.clone());
    if next.body != was {
        pulls::tell_comment(store, &of, number, &next, &CommentAction::Edited(was), tx);
    }
}

/// The new text, which must come in the form that the comment has.
fn body(record: &PullComment, given: Option<CommentDetail>) -> Result<String, Error> {
    let wrong =
        || Error::field("pull_request_comment", "is of another kind than the comment, which is immutable.");
    match (&record.kind, given) {
        (CommentKind::General, Some(CommentDetail::Comment(given))) => {
            fields::required_text("pull_request_comment.comment.body", &given.body)?;
            Ok(given.body)
        }
        (CommentKind::Code { .. }, Some(CommentDetail::Code(given))) => {
            fields::required_text("pull_request_comment.code.body", &given.body)?;
            Ok(given.body)
        }
        (CommentKind::Review { .. }, Some(CommentDetail::Review(given))) => {
            fields::text("pull_request_comment.review.body", &given.body)?;
            Ok(given.body)
        }
        (_, Some(_)) => Err(wrong()),
        (_, None) => Err(Error::field("pull_request_comment", "must have one of review, comment and code.")),
    }
}

/// Whether a mask names the text. Docs: `body` is the one path; CHOICE: also the paths that the message really has.
fn overwrites_body(mask: Option<FieldMask>) -> Result<bool, Error> {
    let mut mask = mask.unwrap_or_default();
    let before = mask.paths.len();
    mask.paths.retain(|path| path != "body");
    if mask.paths.len() < before {
        return Mask::of(Some(&mask), "PullRequestComment").map(|_| true);
    }
    let mask = Mask::of(Some(&mask), "PullRequestComment")?;
    Ok(["comment.body", "code.body", "review.body"].iter().any(|path| mask.has(path)))
}

/// Deletes a comment; with the one that began a thread go its answers (CHOICE).
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/delete
pub struct DeletePullRequestComment;
impl Operation for DeletePullRequestComment {
    const NAME: &'static str = "DeletePullRequestComment";
    type Store = SsmStore;
    type Input = DeletePullRequestCommentRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: DeletePullRequestCommentRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = parse("name", &input.name)?;
        let (key, record) = find(store, &name, &input.name)?;
        let record = record.clone();
        let target = full_name(&key, &record.project);
        // Docs: a review cannot be deleted. CHOICE: the code.
        if matches!(record.kind, CommentKind::Review { .. }) {
            return Err(Error::state(target, "A review cannot be deleted."));
        }
        let begun = lro::begin(tx, &name.parent.repository.place, "delete", &target);
        if begun.succeeds() {
            let of = (key.0.clone(), key.1.clone(), key.2);
            let is_answer = |comment: &PullComment| matches!(comment.kind, CommentKind::Code { root: Some(root), .. } if root == key.3);
            let answers = store.pull_comments_of(&of).filter(|(_, comment)| is_answer(comment));
            let answers: Vec<CommentKey> = answers.map(|(key, _)| key.clone()).collect();
            for answer in answers {
                store.pull_comments.remove(&answer);
            }
            store.pull_comments.remove(&key);
            comments::touch(store, &of, tx);
            pulls::tell_comment(store, &of, key.3, &record, &CommentAction::Deleted, tx);
        }
        Ok(begun.end(store, tx, Outcome::empty()))
    }
}
