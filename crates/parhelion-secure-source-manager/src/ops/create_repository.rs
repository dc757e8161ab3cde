//! CreateRepository: the one operation that needs git before its write.

use crate::{
    domain::{
        fields, identity,
        lro::{self, Outcome},
        names::{self, Name, Place},
        templates,
    },
    error::Error,
    operations::{Answering, Context, Scoped, run},
    ops::repositories::{COLLECTION, etag, full_name, message, secret_scan},
    proto::{longrunning, v1::CreateRepositoryRequest},
    store::{InstanceState, REPOSITORIES, Repository, SsmStore},
};
use bytes::Bytes;
use chrono::Datelike;
use parhelion_git::{NewCommit, ObjectId, Person};
use parhelion_state::{Operation, Table, Tx};

/// Creates a repository; empty, or with a first commit of what its initial configuration asks for.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/create
pub struct CreateRepository;

/// The request, and the commit made for it.
pub struct Input {
    request: CreateRepositoryRequest,
    first_commit: Option<ObjectId>,
}

impl Scoped for Input {
    fn scope(&self) -> &str {
        &self.request.parent
    }
}

/// The table's function: checks, makes the first commit, writes. The write checks again.
pub fn call(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, request: CreateRepositoryRequest| async move {
        let key = context.tenant(&request.parent);
        let store = context.world.shelf::<SsmStore>().load(&key);
        let checked = check(&store.store, &request)?;
        let first_commit = first_commit(&context, &checked.name.id, &request).await?;
        context.write::<CreateRepository>(Input { request, first_commit })
    })
}

async fn first_commit(
    context: &Context,
    id: &str,
    request: &CreateRepositoryRequest,
) -> Result<Option<ObjectId>, Error> {
    let Some(given) = &request.repository else { return Ok(None) };
    let now = context.world.clock.now();
    let project = context.tenant(&request.parent).0;
    let config = given.initial_config.as_ref();
    let changes = templates::files(config, id, &given.description, &project, now.year());
    if changes.is_empty() {
        return Ok(None);
    }
    let email = &context.call.caller;
    let who = Person { name: identity::full_name(email).to_owned(), email: email.clone(), at: now };
    let message = "Initial commit\n".to_owned();
    let commit = NewCommit { base: None, changes, author: who.clone(), committer: who, message };
    Ok(Some(context.git.commit_files(commit).await?))
}

struct Checked {
    name: Name,
    instance: Name,
    default_branch: String,
}

fn check(store: &SsmStore, request: &CreateRepositoryRequest) -> Result<Checked, Error> {
    let place = Place::parse("parent", &request.parent)?;
    fields::repository_id("repository_id", &request.repository_id)?;
    let name = place.with(COLLECTION, &request.repository_id);
    let given = request.repository.as_ref().ok_or_else(|| Error::field("repository", "is required."))?;
    fields::description("repository.description", &given.description)?;
    fields::short("repository.service_account", &given.service_account)?;
    secret_scan(given.scan_config.clone())?;
    if given.instance.is_empty() {
        return Err(Error::field("repository.instance", "is required."));
    }
    let instance = Name::parse("repository.instance", &given.instance, "instances")?;
    let same_project =
        names::project_number(&instance.place.project) == names::project_number(&place.project);
    if instance.place.location != place.location || !same_project {
        return Err(Error::field("repository.instance", "must be in the repository's project and location."));
    }
    let default_branch = templates::check(given.initial_config.as_ref())?;
    match store.instances.get(&instance.key()) {
        None => return Err(Error::NotFound(given.instance.clone())),
        Some(found) if found.state != InstanceState::Active => {
            return Err(Error::state(&given.instance, "the instance is not ACTIVE."));
        }
        Some(_) => {}
    }
    if store.repositories.contains_key(&name.key()) {
        return Err(Error::Exists(name.to_string()));
    }
    if store.repositories.len() >= REPOSITORIES {
        return Err(Error::Full { holder: "the project", limit: REPOSITORIES, what: "repositories" });
    }
    Ok(Checked { name, instance, default_branch })
}

impl Operation for CreateRepository {
    const NAME: &'static str = "CreateRepository";
    type Store = SsmStore;
    type Input = Input;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(store: &mut SsmStore, input: Input, tx: &mut Tx<'_>) -> Result<longrunning::Operation, Error> {
        let Checked { name, instance, default_branch } = check(store, &input.request)?;
        let given = input.request.repository.unwrap_or_default();
        let mut refs = Table::default();
        if let Some(commit) = input.first_commit {
            refs.put(format!("refs/heads/{default_branch}"), commit);
        }
        let record = Repository {
            project: name.place.project.clone(),
            description: given.description,
            instance_name: given.instance,
            uid: tx.uuid("repository").to_string(),
            created: tx.now(),
            updated: tx.now(),
            etag: etag(tx),
            service_account: given.service_account,
            secret_scan: secret_scan(given.scan_config)?,
            number: tx.number(&format!("repository {}/{}", instance.place.location, instance.id)),
            instance: instance.id,
            default_branch,
            refs,
            bytes: 0,
        };
        let target = full_name(&name.key(), &record);
        let outcome = Outcome::of("Repository", &message(&tx.call().base.clone(), &name.key(), &record));
        let begun = lro::begin(tx, &name.place, "create", &target);
        if begun.succeeds() {
            store.repositories.put(name.key(), record);
        }
        Ok(begun.end(store, tx, outcome))
    }
}
