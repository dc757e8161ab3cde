//! Making, changing and reopening pull requests: what takes a look at the commits of both branches before the write.

use crate::{
    domain::{
        fields,
        lro::{self, Outcome},
        mask::Mask,
        names::{Child, Name},
        payload::Change,
        pulls::{self, full_name},
    },
    error::Error,
    operations::{Answering, Context, Scoped, run},
    ops::{
        pull_requests::{COLLECTION, find, message, require},
        repositories,
    },
    proto::{
        longrunning,
        v1::{CreatePullRequestRequest, OpenPullRequestRequest, UpdatePullRequestRequest},
    },
    store::{Key, NumberKey, PullRequest, PullState, SsmStore, TRACKED},
};
use bytes::Bytes;
use parhelion_core::Cause;
use parhelion_git::ObjectId;
use parhelion_state::{Operation, Tx};

/// Looks at commits again when a push came in between.
const TRIES: usize = 5;

/// A request, with what git says of its branches.
pub struct Looked<R> {
    request: R,
    seen: Option<Seen>,
}

impl<R: Scoped> Scoped for Looked<R> {
    fn scope(&self) -> &str {
        self.request.scope()
    }
}
impl Scoped for CreatePullRequestRequest {
    fn scope(&self) -> &str {
        &self.parent
    }
}
impl Scoped for OpenPullRequestRequest {
    fn scope(&self) -> &str {
        &self.name
    }
}
impl Scoped for UpdatePullRequestRequest {
    fn scope(&self) -> &str {
        self.pull_request.as_ref().map_or("", |pull| &pull.name)
    }
}

/// What git says of two commits.
#[derive(Clone, Copy)]
struct Seen {
    base: ObjectId,
    head: ObjectId,
    merge_base: Option<ObjectId>,
    mergeable: bool,
}

/// What a request comes to, as far as the store can tell.
struct Plan {
    name: Child,
    key: NumberKey,
    next: PullRequest,
    change: Change,
}

type Planning<R> = fn(&SsmStore, &R, &str, &mut dyn FnMut() -> u64) -> Result<Plan, Error>;

/// Plans, looks at the commits, and writes; again, when the branches have moved meanwhile.
async fn looked<O, R>(
    context: Context,
    request: R,
    plan: Planning<R>,
) -> Result<longrunning::Operation, Error>
where
    O: Operation<Store = SsmStore, Input = Looked<R>, Output = longrunning::Operation, Error = Error>,
    R: Scoped + Clone,
{
    let mut last = Error::Moved(request.scope().to_owned());
    for _ in 0..TRIES {
        let version = context.world.shelf::<SsmStore>().load(&context.tenant(request.scope()));
        let next = plan(&version.store, &request, &context.call.caller, &mut || 0)?.next;
        let seen = if next.state == PullState::Open {
            let merge_base = context.git.merge_base(next.base_sha, next.head_sha).await?;
            let mergeable = context.git.can_merge(next.base_sha, next.head_sha).await?;
            Some(Seen { base: next.base_sha, head: next.head_sha, merge_base, mergeable })
        } else {
            None
        };
        match context.write::<O>(Looked { request: request.clone(), seen }) {
            Err(moved @ Error::Moved(_)) => last = moved,
            done => return done,
        }
    }
    Err(last)
}

/// Puts what was planned, tells of it, and gives the operation.
fn carry_out(
    store: &mut SsmStore,
    tx: &mut Tx<'_>,
    plan: Plan,
    seen: Option<Seen>,
    verb: &str,
    action: Option<&str>,
) -> Result<longrunning::Operation, Error> {
    let Plan { name, key, mut next, change } = plan;
    let target = full_name(&key, &next);
    let same = seen.is_some_and(|s| s.base == next.base_sha && s.head == next.head_sha);
    if next.state == PullState::Open && !same {
        return Err(Error::Moved(target));
    }
    next.merge_base = seen.map_or(next.merge_base, |s| s.merge_base);
    next.updated = tx.now();
    let outcome = Outcome::of("PullRequest", &message(&key, &next));
    let begun = lro::begin(tx, &name.repository.place, verb, &target);
    if begun.succeeds() {
        store.pull_requests.put(key.clone(), next);
        if let Some(action) = action {
            let mergeable = seen.is_some_and(|s| s.mergeable);
            let change = (!change.is_empty()).then_some(change);
            pulls::tell(store, &key, action, change, mergeable, Cause::Call, tx);
        }
    }
    Ok(begun.end(store, tx, outcome))
}

/// Asks for the commits of a branch to go into another one.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/create
pub struct CreatePullRequest;

/// The table's function.
pub fn create(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, request: CreatePullRequestRequest| {
        looked::<CreatePullRequest, _>(context, request, plan_create)
    })
}

fn plan_create(
    store: &SsmStore,
    request: &CreatePullRequestRequest,
    author: &str,
    number: &mut dyn FnMut() -> u64,
) -> Result<Plan, Error> {
    let repository = Name::parse("parent", &request.parent, repositories::COLLECTION)?;
    let given = request.pull_request.as_ref().ok_or_else(|| Error::field("pull_request", "is required."))?;
    fields::title("pull_request.title", &given.title)?;
    fields::text("pull_request.body", &given.body)?;
    let of = repository.key();
    if store.repository(&of).is_none() {
        return Err(Error::NotFound(request.parent.clone()));
    }
    let named = |branch: &Option<_>| {
        branch.as_ref().map(|b: &crate::proto::v1::pull_request::Branch| b.r#ref.clone())
    };
    let base = short("pull_request.base.ref", named(&given.base).unwrap_or_default())?;
    let head = short("pull_request.head.ref", named(&given.head).unwrap_or_default())?;
    let (base_sha, head_sha) = different(store, &of, &base, &head)?;
    if let Some(key) = pulls::open_one(store, &of, &base, &head) {
        let there = store.pull_requests.get(key).map(|there| full_name(key, there));
        return Err(Error::Exists(there.unwrap_or_default()));
    }
    if store.pulls_of(&of).count() >= TRACKED {
        return Err(Error::Full { holder: "the repository", limit: TRACKED, what: "pull requests" });
    }
    let next = PullRequest {
        project: repository.place.project.clone(),
        instance_number: 0,
        author: author.to_owned(),
        title: given.title.clone(),
        body: given.body.clone(),
        base,
        head,
        base_sha,
        head_sha,
        merge_base: None,
        state: PullState::Open,
        created: parhelion_core::Timestamp::UNIX_EPOCH,
        updated: parhelion_core::Timestamp::UNIX_EPOCH,
        closed: None,
        merged: None,
    };
    let number = number();
    let name = Child { repository, collection: COLLECTION, id: number.to_string() };
    Ok(Plan { name, key: (of.0, of.1, number), next, change: Change::default() })
}

impl Operation for CreatePullRequest {
    const NAME: &'static str = "CreatePullRequest";
    type Store = SsmStore;
    type Input = Looked<CreatePullRequestRequest>;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: Looked<CreatePullRequestRequest>,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let author = tx.call().caller.clone();
        let of = Name::parse("parent", &input.request.parent, repositories::COLLECTION)?.key();
        let mut number = || fields::next_number(store, &of, tx);
        let mut plan = plan_create(store, &input.request, &author, &mut number)?;
        let instance = store.repository(&of).map(|r| r.instance.clone()).unwrap_or_default();
        plan.next.instance_number = tx.number(&format!("pull {}/{instance}", of.0));
        plan.next.created = tx.now();
        carry_out(store, tx, plan, input.seen, "create", Some("opened"))
    }
}

/// Changes a pull request: title, body, and where it is to go.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/patch
pub struct UpdatePullRequest;

/// The table's function.
pub fn update(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, request: UpdatePullRequestRequest| {
        looked::<UpdatePullRequest, _>(context, request, plan_update)
    })
}

fn plan_update(
    store: &SsmStore,
    request: &UpdatePullRequestRequest,
    _: &str,
    _: &mut dyn FnMut() -> u64,
) -> Result<Plan, Error> {
    let given = request.pull_request.as_ref().ok_or_else(|| Error::field("pull_request", "is required."))?;
    let mask = Mask::of(request.update_mask.as_ref(), "PullRequest")?;
    let name = Child::parse("pull_request.name", &given.name, COLLECTION)?;
    let (key, record) = find(store, &name, &given.name)?;
    let mut next = record.clone();
    if mask.has("title") {
        fields::title("pull_request.title", &given.title)?;
        next.title = given.title.clone();
    }
    if mask.has("body") {
        fields::text("pull_request.body", &given.body)?;
        next.body = given.body.clone();
    }
    let of = (key.0.clone(), key.1.clone());
    if let Some(head) = given.head.as_ref().filter(|h| mask.has("head.ref") && !h.r#ref.is_empty())
        && short("pull_request.head.ref", head.r#ref.clone())? != record.head
    {
        return Err(Error::field("pull_request.head", "is immutable."));
    }
    // Left out, it is no change: a pull request always has one.
    if let Some(base) = given.base.as_ref().filter(|b| mask.has("base.ref") && !b.r#ref.is_empty()) {
        let base = short("pull_request.base.ref", base.r#ref.clone())?;
        if base != record.base {
            require(&key, record, PullState::Open)?;
            (next.base_sha, next.head_sha) = different(store, &of, &base, &record.head)?;
            if let Some(other) = pulls::open_one(store, &of, &base, &record.head) {
                let there = store.pull_requests.get(other).map(|there| full_name(other, there));
                return Err(Error::Exists(there.unwrap_or_default()));
            }
            next.base = base;
        }
    }
    let change = Change {
        title: Change::of(&record.title, &next.title),
        body: Change::of(&record.body, &next.body),
        base: Change::of(&record.base, &next.base),
    };
    Ok(Plan { name, key, next, change })
}

impl Operation for UpdatePullRequest {
    const NAME: &'static str = "UpdatePullRequest";
    type Store = SsmStore;
    type Input = Looked<UpdatePullRequestRequest>;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: Looked<UpdatePullRequestRequest>,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let plan = plan_update(store, &input.request, "", &mut || 0)?;
        // An update that changes nothing is told to nobody.
        let action = (!plan.change.is_empty()).then_some("edited");
        carry_out(store, tx, plan, input.seen, "update", action)
    }
}

/// Opens a closed pull request again.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/open
pub struct OpenPullRequest;

/// The table's function.
pub fn open(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, request: OpenPullRequestRequest| {
        looked::<OpenPullRequest, _>(context, request, plan_open)
    })
}

fn plan_open(
    store: &SsmStore,
    request: &OpenPullRequestRequest,
    _: &str,
    _: &mut dyn FnMut() -> u64,
) -> Result<Plan, Error> {
    let name = Child::parse("name", &request.name, COLLECTION)?;
    let (key, record) = find(store, &name, &request.name)?;
    require(&key, record, PullState::Closed)?;
    let of = (key.0.clone(), key.1.clone());
    let target = full_name(&key, record);
    let (base_sha, head_sha) = match pulls::tips(store, &of, &record.base, &record.head) {
        (Some(base), Some(head)) => (base, head),
        (None, _) => return Err(Error::state(target, format!("Branch \"{}\" is gone.", record.base))),
        (_, None) => return Err(Error::state(target, format!("Branch \"{}\" is gone.", record.head))),
    };
    if let Some(other) = pulls::open_one(store, &of, &record.base, &record.head) {
        return Err(Error::state(target, format!("Pull request {} is open for the same branches.", other.2)));
    }
    let next = PullRequest {
        state: PullState::Open,
        closed: None,
        base_sha,
        head_sha,
        ..PullRequest::clone(record)
    };
    Ok(Plan { name, key, next, change: Change::default() })
}

impl Operation for OpenPullRequest {
    const NAME: &'static str = "OpenPullRequest";
    type Store = SsmStore;
    type Input = Looked<OpenPullRequestRequest>;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: Looked<OpenPullRequestRequest>,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let plan = plan_open(store, &input.request, "", &mut || 0)?;
        carry_out(store, tx, plan, input.seen, "open", Some("reopened"))
    }
}

/// A branch's short name.
fn short(field: &str, given: String) -> Result<String, Error> {
    let name = given.strip_prefix("refs/heads/").unwrap_or(&given);
    match name {
        "" => Err(Error::field(field, "is required.")),
        name if parhelion_git::valid_branch_name(name) => Ok(name.to_owned()),
        _ => Err(Error::field(field, "is no name of a branch.")),
    }
}

/// The tips of two branches that are there and not the same.
fn different(
    store: &SsmStore,
    repository: &Key,
    base: &str,
    head: &str,
) -> Result<(ObjectId, ObjectId), Error> {
    if base == head {
        return Err(Error::field("pull_request.head.ref", "must be another branch than the base."));
    }
    match pulls::tips(store, repository, base, head) {
        (Some(base), Some(head)) => Ok((base, head)),
        (None, _) => Err(Error::field("pull_request.base.ref", format!("branch \"{base}\" does not exist."))),
        (_, None) => Err(Error::field("pull_request.head.ref", format!("branch \"{head}\" does not exist."))),
    }
}
