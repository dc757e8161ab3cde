//! Comments on pull requests: how they are read from requests, shown, and hang together in threads.

use crate::{
    domain::{
        fields,
        lro::timestamp,
        names::{Child, CommentName},
        pulls,
    },
    error::Error,
    proto::v1::{self, pull_request_comment as message},
    store::{COMMENTS, CommentKey, CommentKind, NumberKey, PullComment, PullRequest, ReviewAction, SsmStore},
};
use parhelion_state::Tx;

/// The collection's name.
pub const COLLECTION: &str = "pullRequestComments";
/// The collection that they are below.
pub const PARENTS: &str = "pullRequests";
/// Longest path of a position, bytes. CHOICE: git's.
const PATH_BYTES: usize = 4096;

/// Reads a comment's name.
pub fn parse(field: &str, text: &str) -> Result<CommentName, Error> {
    CommentName::parse(field, text, PARENTS, COLLECTION)
}

/// The comment of a name, with its key.
pub fn find<'a>(
    store: &'a SsmStore,
    name: &CommentName,
    given: &str,
) -> Result<(CommentKey, &'a PullComment), Error> {
    let missing = || Error::NotFound(given.to_owned());
    let key = name.numbered().ok_or_else(missing)?;
    let record = store.pull_comments.get(&key).ok_or_else(missing)?;
    Ok((key, record))
}

/// The pull request that a request names as parent.
pub fn parent<'a>(store: &'a SsmStore, given: &str) -> Result<(Child, NumberKey, &'a PullRequest), Error> {
    let name = Child::parse("parent", given, PARENTS)?;
    let missing = || Error::NotFound(given.to_owned());
    let key = name.numbered().ok_or_else(missing)?;
    let pull = store.pull_requests.get(&key).ok_or_else(missing)?;
    Ok((name, key, pull))
}

/// A comment's name, with the project as at its creation.
pub fn full_name(key: &CommentKey, project: &str) -> String {
    let (location, repository, pull, id) = key;
    format!(
        "projects/{project}/locations/{location}/repositories/{repository}/{PARENTS}/{pull}/{COLLECTION}/{id}"
    )
}

/// A comment as the API shows it.
pub fn to_message(key: &CommentKey, record: &PullComment) -> v1::PullRequestComment {
    let body = record.body.clone();
    let detail = match &record.kind {
        CommentKind::General => message::CommentDetail::Comment(message::Comment { body }),
        CommentKind::Review { action, commit } => {
            let action = match action {
                ReviewAction::Comment => message::review::ActionType::Comment,
                ReviewAction::ChangeRequested => message::review::ActionType::ChangeRequested,
                ReviewAction::Approved => message::review::ActionType::Approved,
            };
            message::CommentDetail::Review(message::Review {
                action_type: action.into(),
                body,
                effective_commit_sha: commit.to_string(),
            })
        }
        CommentKind::Code { position, root, resolved, commit } => {
            let root = root.map(|root| (key.0.clone(), key.1.clone(), key.2, root));
            message::CommentDetail::Code(message::Code {
                body,
                // Docs: input only; where the thread began is told instead.
                reply: String::new(),
                position: position.clone().map(|(path, line)| message::Position { path, line }),
                effective_root_comment: root.map(|key| full_name(&key, &record.project)).unwrap_or_default(),
                resolved: *resolved,
                effective_commit_sha: commit.to_string(),
            })
        }
    };
    v1::PullRequestComment {
        name: full_name(key, &record.project),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
        comment_detail: Some(detail),
    }
}

/// What kind of comment a request brings, and its text. `field` is what the request calls it.
pub fn read(
    store: &SsmStore,
    of: &NumberKey,
    head: parhelion_git::ObjectId,
    field: &str,
    given: Option<v1::PullRequestComment>,
) -> Result<(CommentKind, String), Error> {
    let given = given.ok_or_else(|| Error::field(field, "is required."))?;
    match given.comment_detail {
        None => Err(Error::field(field, "must have one of review, comment and code.")),
        Some(message::CommentDetail::Comment(comment)) => {
            fields::required_text(&format!("{field}.comment.body"), &comment.body)?;
            Ok((CommentKind::General, comment.body))
        }
        Some(message::CommentDetail::Review(review)) => {
            let action = match review.action_type {
                1 => ReviewAction::Comment,
                2 => ReviewAction::ChangeRequested,
                3 => ReviewAction::Approved,
                _ => return Err(Error::field(format!("{field}.review.action_type"), "is required.")),
            };
            let body = format!("{field}.review.body");
            // CHOICE: who approves need not say why.
            match action {
                ReviewAction::Approved => fields::text(&body, &review.body)?,
                _ => fields::required_text(&body, &review.body)?,
            }
            Ok((CommentKind::Review { action, commit: head }, review.body))
        }
        Some(message::CommentDetail::Code(code)) => {
            let field = format!("{field}.code");
            fields::required_text(&format!("{field}.body"), &code.body)?;
            if code.reply.is_empty() {
                let position = position(&format!("{field}.position"), code.position)?;
                let kind =
                    CommentKind::Code { position: Some(position), root: None, resolved: false, commit: head };
                return Ok((kind, code.body));
            }
            let (root, begun) = root_of(store, of, &format!("{field}.reply"), &code.reply)?;
            let CommentKind::Code { position, resolved, .. } = &begun.kind else {
                return Err(Error::field(format!("{field}.reply"), "is no comment on code."));
            };
            let kind = CommentKind::Code {
                position: position.clone(),
                root: Some(root),
                resolved: *resolved,
                commit: head,
            };
            Ok((kind, code.body))
        }
    }
}

fn position(field: &str, given: Option<message::Position>) -> Result<(String, i64), Error> {
    let given = given.ok_or_else(|| Error::field(field, "is required."))?;
    if given.path.is_empty() || given.path.len() > PATH_BYTES {
        return Err(Error::field(format!("{field}.path"), "is required, with at most 4096 bytes."));
    }
    // Docs: positive on the new side, negative on the old one.
    if given.line == 0 {
        return Err(Error::field(format!("{field}.line"), "must not be zero."));
    }
    Ok((given.path, given.line))
}

/// The comment that began the thread of a named one, which must be of that pull request.
fn root_of<'a>(
    store: &'a SsmStore,
    of: &NumberKey,
    field: &str,
    name: &str,
) -> Result<(u64, &'a PullComment), Error> {
    let not = || Error::field(field, "names no comment of this pull request.");
    let key = parse(field, name)?.numbered().filter(|k| (&k.0, &k.1, k.2) == (&of.0, &of.1, of.2));
    let key = key.ok_or_else(not)?;
    let found = store.pull_comments.get(&key).ok_or_else(not)?;
    match &found.kind {
        CommentKind::Code { root: Some(root), .. } => {
            let begun = store.pull_comments.get(&(key.0, key.1, key.2, *root)).ok_or_else(not)?;
            Ok((*root, begun))
        }
        _ => Ok((key.3, found)),
    }
}

/// The thread that all these comments are of, oldest first.
pub fn thread(
    store: &SsmStore,
    of: &NumberKey,
    names: &[String],
    whole: bool,
) -> Result<Vec<CommentKey>, Error> {
    if names.is_empty() {
        return Err(Error::field("names", "is required."));
    }
    if names.len() > COMMENTS {
        return Err(Error::field("names", format!("at most {COMMENTS} are allowed.")));
    }
    let mut thread = None;
    let mut given = Vec::with_capacity(names.len());
    for (n, name) in names.iter().enumerate() {
        let field = format!("names[{n}]");
        let (root, begun) = root_of(store, of, &field, name)?;
        if !matches!(begun.kind, CommentKind::Code { .. }) {
            return Err(Error::field(field, "is no comment on code."));
        }
        if *thread.get_or_insert(root) != root {
            return Err(Error::field(field, "is of another thread."));
        }
        given.extend(parse(&field, name)?.numbered());
    }
    let root = thread.unwrap_or_default();
    let is_of = |key: &CommentKey, comment: &PullComment| {
        key.3 == root || matches!(comment.kind, CommentKind::Code { root: Some(r), .. } if r == root)
    };
    let all = store.pull_comments_of(of).filter(|(key, comment)| is_of(key, comment));
    let all: Vec<CommentKey> = all.map(|(key, _)| key.clone()).collect();
    // Docs: without auto_fill every comment of the thread is to be named.
    if !whole && all.iter().any(|key| !given.contains(key)) {
        return Err(Error::field("names", "must name every comment of the thread, unless auto_fill is set."));
    }
    Ok(all)
}

/// A new comment with its key.
pub fn make(
    store: &SsmStore,
    of: &NumberKey,
    project: &str,
    (kind, body): (CommentKind, String),
    tx: &mut Tx<'_>,
) -> Result<(CommentKey, PullComment), Error> {
    if store.pull_comments_of(of).count() >= COMMENTS {
        return Err(Error::Full { holder: "the pull request", limit: COMMENTS, what: "comments" });
    }
    let repository = (of.0.clone(), of.1.clone());
    let instance = store.repository(&repository).map(|r| r.instance.clone()).unwrap_or_default();
    let number = fields::next_comment(store, &repository, tx);
    let record = PullComment {
        project: project.to_owned(),
        instance_number: tx.number(&format!("pull-comment {}/{instance}", of.0)),
        author: tx.call().caller.clone(),
        created: tx.now(),
        updated: tx.now(),
        body,
        kind,
    };
    Ok(((of.0.clone(), of.1.clone(), of.2, number), record))
}

/// A pull request counts as changed when it is talked about.
pub fn touch(store: &mut SsmStore, of: &NumberKey, tx: &Tx<'_>) {
    let now = tx.now();
    store.pull_requests.edit(of, |pull| pull.updated = now);
}

/// The full name of a pull request by its key.
pub fn parent_name(store: &SsmStore, of: &NumberKey) -> String {
    store.pull_requests.get(of).map(|pull| pulls::full_name(of, pull)).unwrap_or_default()
}
