//! Reviews with their comments on lines, and the settling of threads.

use crate::{
    domain::{
        comments::{self, to_message},
        lro::{self, Outcome},
        payload::CommentAction,
        pulls,
    },
    error::Error,
    proto::{
        longrunning,
        v1::{
            self, BatchCreatePullRequestCommentsRequest, BatchCreatePullRequestCommentsResponse,
            ResolvePullRequestCommentsRequest, ResolvePullRequestCommentsResponse,
            UnresolvePullRequestCommentsRequest, UnresolvePullRequestCommentsResponse,
        },
    },
    store::{CommentKey, CommentKind, PullComment, SsmStore},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::collections::BTreeSet;

/// Docs: comments on code of one batch.
const CODE_COMMENTS: usize = 100;

/// Writes a review and its comments on lines, all or none.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/batchCreate
pub struct BatchCreatePullRequestComments;
impl Operation for BatchCreatePullRequestComments {
    const NAME: &'static str = "BatchCreatePullRequestComments";
    type Store = SsmStore;
    type Input = BatchCreatePullRequestCommentsRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: BatchCreatePullRequestCommentsRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let (name, of, pull) = comments::parent(store, &input.parent)?;
        let head = pull.head_sha;
        if input.requests.len() > CODE_COMMENTS + 1 {
            return Err(Error::field("requests", "must be one review and at most 100 comments on code."));
        }
        let (mut reviews, mut positions) = (0, BTreeSet::new());
        let mut read = Vec::with_capacity(input.requests.len());
        for (n, request) in input.requests.into_iter().enumerate() {
            // CHOICE: a parent may be left out.
            if !request.parent.is_empty() && request.parent != input.parent {
                return Err(Error::field(
                    format!("requests[{n}].parent"),
                    "must be that of the whole request.",
                ));
            }
            let field = format!("requests[{n}].pull_request_comment");
            let (kind, body) = comments::read(store, &of, head, &field, request.pull_request_comment)?;
            match &kind {
                CommentKind::General => {
                    return Err(Error::field(field, "must be a review or a comment on code."));
                }
                CommentKind::Review { .. } => reviews += 1,
                CommentKind::Code { position, root, .. } => {
                    if root.is_none() && !positions.insert(position.clone()) {
                        return Err(Error::field(
                            format!("{field}.code.position"),
                            "stands in the request twice.",
                        ));
                    }
                }
            }
            read.push((kind, body));
        }
        if reviews != 1 {
            return Err(Error::field("requests", format!("must have exactly one review, not {reviews}.")));
        }
        let place = name.repository.place;
        let mut made = Vec::with_capacity(read.len());
        let room = crate::store::COMMENTS.saturating_sub(store.pull_comments_of(&of).count());
        if read.len() > room {
            let limit = crate::store::COMMENTS;
            return Err(Error::Full { holder: "the pull request", limit, what: "comments" });
        }
        for one in read {
            made.push(comments::make(store, &of, &place.project, one, tx)?);
        }
        let messages = made.iter().map(|(key, record)| to_message(key, record)).collect();
        let response = BatchCreatePullRequestCommentsResponse { pull_request_comments: messages };
        let outcome = Outcome::of("BatchCreatePullRequestCommentsResponse", &response);
        let target = comments::parent_name(store, &of);
        let begun = lro::begin(tx, &place, "batchCreate", &target);
        if begun.succeeds() {
            for (key, record) in made {
                let number = key.3;
                store.pull_comments.put(key, record.clone());
                pulls::tell_comment(store, &of, number, &record, &CommentAction::Created, tx);
            }
            comments::touch(store, &of, tx);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Settles a thread.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/resolve
pub struct ResolvePullRequestComments;
impl Operation for ResolvePullRequestComments {
    const NAME: &'static str = "ResolvePullRequestComments";
    type Store = SsmStore;
    type Input = ResolvePullRequestCommentsRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: ResolvePullRequestCommentsRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let thread = Thread { parent: &input.parent, names: &input.names, whole: input.auto_fill };
        settle(store, tx, &thread, true, |pull_request_comments| {
            let response = ResolvePullRequestCommentsResponse { pull_request_comments };
            Outcome::of("ResolvePullRequestCommentsResponse", &response)
        })
    }
}

/// Opens a settled thread again.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests.pullRequestComments/unresolve
pub struct UnresolvePullRequestComments;
impl Operation for UnresolvePullRequestComments {
    const NAME: &'static str = "UnresolvePullRequestComments";
    type Store = SsmStore;
    type Input = UnresolvePullRequestCommentsRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: UnresolvePullRequestCommentsRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let thread = Thread { parent: &input.parent, names: &input.names, whole: input.auto_fill };
        settle(store, tx, &thread, false, |pull_request_comments| {
            let response = UnresolvePullRequestCommentsResponse { pull_request_comments };
            Outcome::of("UnresolvePullRequestCommentsResponse", &response)
        })
    }
}

/// A thread as a request names it.
struct Thread<'a> {
    parent: &'a str,
    names: &'a [String],
    whole: bool,
}

/// Docs: the answer lists the comments that changed.
fn settle(
    store: &mut SsmStore,
    tx: &mut Tx<'_>,
    thread: &Thread<'_>,
    to: bool,
    outcome: impl FnOnce(Vec<v1::PullRequestComment>) -> Outcome,
) -> Result<longrunning::Operation, Error> {
    let (name, of, _) = comments::parent(store, thread.parent)?;
    let now = tx.now();
    let turned = |record: &PullComment| {
        let mut next = record.clone();
        match &mut next.kind {
            CommentKind::Code { resolved, .. } if *resolved != to => *resolved = to,
            _ => return None,
        }
        next.updated = now;
        Some(next)
    };
    let keys = comments::thread(store, &of, thread.names, thread.whole)?;
    let changed = keys.into_iter().filter_map(|key| {
        let next = turned(store.pull_comments.get(&key)?)?;
        Some((key, next))
    });
    let changed: Vec<(CommentKey, PullComment)> = changed.collect();
    let outcome = outcome(changed.iter().map(|(key, record)| to_message(key, record)).collect());
    let (verb, word) = if to { ("resolve", "resolved") } else { ("unresolve", "opened again") };
    let target = comments::parent_name(store, &of);
    let begun = lro::begin(tx, &name.repository.place, verb, &target);
    if begun.succeeds() {
        let fact = format!("{} comments on pull request {} of {} were {word}", changed.len(), of.2, of.1);
        tx.emit(
            Event::new("pull_request_comment.changed", pulls::subject(&of)).fact(fact).verdict(Verdict::Ok),
        );
        for (key, next) in changed {
            store.pull_comments.put(key, next);
        }
    }
    Ok(begun.end(store, tx, outcome))
}
