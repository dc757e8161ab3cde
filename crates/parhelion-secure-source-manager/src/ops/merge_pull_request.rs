//! MergePullRequest: git makes the commit before the write, which checks that nothing has moved meanwhile.

use crate::{
    domain::{
        identity,
        lro::{self, Outcome},
        names::Child,
        payload::Scene,
        pulls::{self, full_name},
        push::{self, PushedRef},
        rules,
    },
    error::Error,
    operations::{Answering, Context, Scoped, run},
    ops::pull_requests::{COLLECTION, find, message, require},
    proto::{longrunning, v1::MergePullRequestRequest},
    store::{Merged, NumberKey, PullRequest, PullState, SsmStore},
};
use bytes::Bytes;
use parhelion_core::{Event, Verdict};
use parhelion_git::{CommitInfo, Merge, NewMerge, ObjectId, Person, RefUpdate};
use parhelion_state::{Operation, Tx};

/// Merges again when a push came in between.
const TRIES: usize = 5;
/// Docs: where a file that names code owners may stand.
const OWNERS: [&str; 3] = ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"];

/// Merges a pull request's head into its base. CHOICE: by a merge commit, always; by moving the base forward where a
/// branch rule wants a linear history.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.pullRequests/merge
pub struct MergePullRequest;

/// The request, and what git made for it.
pub struct Input {
    request: MergePullRequestRequest,
    /// The tips that were merged.
    base: ObjectId,
    head: ObjectId,
    /// What the base is to point to.
    commit: ObjectId,
    merge_base: Option<ObjectId>,
    /// Whether the base has a file of code owners.
    owned: bool,
    /// What a delivery of the push tells.
    commits: Vec<CommitInfo>,
}

impl Scoped for Input {
    fn scope(&self) -> &str {
        &self.request.name
    }
}

/// The table's function.
pub fn call(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, request: MergePullRequestRequest| async move {
        let mut last = Error::Moved(request.name.clone());
        for _ in 0..TRIES {
            match context.write::<MergePullRequest>(prepare(&context, &request).await?) {
                Err(moved @ Error::Moved(_)) => last = moved,
                done => return done,
            }
        }
        Err(last)
    })
}

/// A pull request that can be merged as things stand.
fn check<'a>(
    store: &'a SsmStore,
    name: &Child,
    given: &str,
    owned: bool,
) -> Result<(NumberKey, &'a PullRequest), Error> {
    let (key, pull) = find(store, name, given)?;
    require(&key, pull, PullState::Open)?;
    let repository = (key.0.clone(), key.1.clone());
    if pulls::tips(store, &repository, &pull.base, &pull.head).0.is_none() {
        return Err(Error::state(full_name(&key, pull), format!("Branch \"{}\" is gone.", pull.base)));
    }
    if let Some((rule, field, why)) = rules::of_merge(store, &key, pull, owned) {
        let why = format!("Branch rule \"{rule}\" ({field}) does not let it be merged: {why}.");
        return Err(Error::state(full_name(&key, pull), why));
    }
    Ok((key, pull))
}

async fn prepare(context: &Context, request: &MergePullRequestRequest) -> Result<Input, Error> {
    let name = Child::parse("name", &request.name, COLLECTION)?;
    let version = context.world.shelf::<SsmStore>().load(&context.tenant(&request.name));
    let (store, git) = (&version.store, &context.git);
    // Who is an owner is asked only where a rule wants to know.
    let (key, pull) = find(store, &name, &request.name)?;
    let repository = (key.0.clone(), key.1.clone());
    let rule = rules::for_branch(store, &repository, &pull.base).map(|(id, rule)| (id.2.clone(), rule));
    let mut owned = false;
    if rule.as_ref().is_some_and(|(_, rule)| rule.require_code_owner_approval) {
        for path in OWNERS {
            owned = owned || git.file(pull.base_sha, path).await?.is_some();
        }
    }
    let (key, pull) = check(store, &name, &request.name, owned)?;
    let (base, head) = (pull.base_sha, pull.head_sha);
    let target = full_name(&key, pull);
    let commit = match rule.filter(|(_, rule)| rule.require_linear_history) {
        Some((id, _)) => {
            if !git.is_ancestor(base, head).await? {
                let why = format!(
                    "Branch rule \"{id}\" (require_linear_history) does not let it be merged: \"{}\" has commits that \"{}\" has not.",
                    pull.base, pull.head
                );
                return Err(Error::state(target, why));
            }
            head
        }
        None => {
            let email = context.call.caller.clone();
            let at = context.world.clock.now();
            let person = Person { name: identity::full_name(&email).to_owned(), email, at };
            let (title, number) = (pull.title.replace(['\n', '\r'], " "), key.2);
            let message =
                format!("Merge pull request '{title}' (#{number}) from {} into {}\n", pull.head, pull.base);
            match git.merge(NewMerge { into: base, from: head, person, message }).await? {
                Merge::Clean(commit) => commit,
                Merge::Conflict(paths) => {
                    let shown = paths.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
                    let shown = if shown.is_empty() { String::new() } else { format!(": {shown}") };
                    return Err(Error::state(target, format!("Pull request has merge conflicts{shown}")));
                }
            }
        }
    };
    let merge_base = git.merge_base(base, head).await?;
    let commits = if store.hooks_of(&repository).next().is_some() {
        git.commits(&[commit], &[base], context.settings.max_commits).await?
    } else {
        Vec::new()
    };
    Ok(Input { request: request.clone(), base, head, commit, merge_base, owned, commits })
}

impl Operation for MergePullRequest {
    const NAME: &'static str = "MergePullRequest";
    type Store = SsmStore;
    type Input = Input;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(store: &mut SsmStore, input: Input, tx: &mut Tx<'_>) -> Result<longrunning::Operation, Error> {
        let name = Child::parse("name", &input.request.name, COLLECTION)?;
        let (key, pull) = check(store, &name, &input.request.name, input.owned)?;
        let target = full_name(&key, pull);
        let repository = (key.0.clone(), key.1.clone());
        let base_ref = format!("refs/heads/{}", pull.base);
        let tip = store.repository(&repository).and_then(|r| r.refs.get(&base_ref).map(|id| **id));
        if (pull.base_sha, pull.head_sha) != (input.base, input.head) || tip != Some(input.base) {
            return Err(Error::Moved(target));
        }
        let mut next = pull.clone();
        let by = tx.call().caller.clone();
        next.state = PullState::Merged;
        next.closed = Some(tx.now());
        next.updated = tx.now();
        next.merge_base = input.merge_base;
        next.merged = Some(Merged { commit: input.commit, by: by.clone(), at: tx.now() });
        let outcome = Outcome::of("PullRequest", &message(&key, &next));
        let begun = lro::begin(tx, &name.repository.place, "merge", &target);
        if !begun.succeeds() {
            return Ok(begun.end(store, tx, outcome));
        }
        let fact = format!("{by} merged pull request {} of {} into {}", key.2, key.1, next.base);
        let merged = Event::new("pull_request.merged", pulls::subject(&key)).fact(fact).verdict(Verdict::Ok);
        let merged = tx.emit(merged.with("commit", input.commit.to_string()));
        store.pull_requests.put(key.clone(), next);
        let now = tx.now();
        store.repositories.edit(&repository, |r| {
            r.refs.put(base_ref.clone(), input.commit);
            r.updated = now;
        });
        // Docs: the update of the base is a push. CHOICE: it is told first.
        let update =
            RefUpdate { name: base_ref, old: Some(input.base), new: Some(input.commit), forced: false };
        let pushed = PushedRef {
            update,
            commits: input.commits,
            after: Some(input.commit),
            merges: false,
            merged: Vec::new(),
        };
        let hooks = push::hooks(store, &repository);
        if let Some(scene) = Scene::of(store, &repository, tx) {
            let changed = push::tell(&scene, &pushed, &hooks, merged, tx);
            pulls::follow(store, &repository, &pushed.update, &[], changed, tx);
        }
        pulls::tell(store, &key, "closed", None, false, merged, tx);
        Ok(begun.end(store, tx, outcome))
    }
}
