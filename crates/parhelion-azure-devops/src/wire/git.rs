//! Smart HTTP: clone, fetch and push at `/{organization}/{project}/_git/{repository}`. Answers are git's, not the
//! API's: a status and a sentence as plain text, which the client shows as `remote: …`.

use super::{Wire, respond};
use crate::{
    domain::push::{self, Moves},
    error::{Error, Result},
    store::{AzureDevOpsStore, CommitSummary, Organization, RefChange, Repository},
    tenant::Tenant,
};
use http::{HeaderValue, header, request::Parts};
use parhelion_core::{Event, Owner, Verdict, text};
use parhelion_git::{Encoding, GitError, ObjectId, Received, Service};
use parhelion_http::{Body, Head, Named, Response, answer as respond};
use parhelion_state::Store;
use percent_encoding::percent_decode_str;
use std::{collections::BTreeMap, sync::Arc};

const TEXT: &str = "text/plain; charset=utf-8";
/// Commits that a push's record keeps.
const MAX_COMMITS: usize = 1_000;
/// Most of a client's words that a fact or answer repeats, bytes.
const QUOTED: usize = 200;
/// How often a push is held against the refs again when another one was faster.
const ATTEMPTS: usize = 5;

/// A repository as a URL names it, and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    organization: String,
    /// Absent: the project of the repository's name.
    project: Option<String>,
    repository: String,
    /// `info/refs`, `git-upload-pack` …
    rest: String,
}

impl Address {
    /// Reads a path without the world's prefix; `None` when it is not below a repository.
    pub fn read(path: &str) -> Option<Address> {
        let mut segments = Vec::new();
        for raw in path.split('/').filter(|s| !s.is_empty()) {
            segments.push(percent_decode_str(raw).decode_utf8().ok()?.into_owned());
        }
        let (organization, project, rest) = match segments.as_slice() {
            [organization, git, rest @ ..] if git.eq_ignore_ascii_case("_git") => (organization, None, rest),
            [organization, project, git, rest @ ..] if git.eq_ignore_ascii_case("_git") => {
                (organization, Some(project.clone()), rest)
            }
            _ => return None,
        };
        // Without anything behind it, the URL is that of the repository's page.
        let [repository, rest @ ..] = rest else { return None };
        (!rest.is_empty()).then(|| Address {
            organization: organization.clone(),
            project,
            repository: repository.clone(),
            rest: rest.join("/"),
        })
    }

    fn find(&self, store: &AzureDevOpsStore) -> Result<Arc<Repository>> {
        let project = store.project(self.project.as_ref().unwrap_or(&self.repository))?;
        store.repository(Some(&project), &self.repository)
    }
}

/// Whether a request's body is a transfer of git's.
pub fn is_transfer(parts: &Parts) -> bool {
    let path = parts.uri.path();
    path.ends_with("/git-receive-pack") || path.ends_with("/git-upload-pack")
}

/// A git call.
#[derive(Clone, Copy)]
enum Call {
    Advertise(Service),
    Serve(Service),
}

/// Why a call came to nothing: a status, and a sentence for the user.
struct Refusal {
    status: u16,
    why: String,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal { status: error.status(), why: error.to_string() }
    }
}
impl From<GitError> for Refusal {
    fn from(error: GitError) -> Self {
        let status = match &error {
            GitError::Missing(_) => 503,
            GitError::TooLarge { .. } => 413,
            GitError::TooSlow { .. } => 504,
            e if e.is_clients() => 400,
            _ => 500,
        };
        Refusal { status, why: error.to_string() }
    }
}

fn refusal(status: u16, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into() }
}

/// Answers a request below a repository's URL.
pub async fn answer(wire: &Wire, parts: &Parts, body: Body, head: &Head, address: Address) -> Response {
    let mut named = Named { operation: "git".into(), tenant: address.organization.to_lowercase() };
    let done = match call(parts, &address) {
        Ok(call) => {
            let (Call::Advertise(service) | Call::Serve(service)) = call;
            named.operation = service.name().into();
            serve(wire, parts, body, head, &address, call).await
        }
        Err(refusal) => Err(refusal),
    };
    let mut response = done.unwrap_or_else(|refusal| {
        tell(wire, head, &address, &named, &refusal);
        match refusal.status {
            // So that git asks for a user name and password, and comes again with them.
            401 => respond::error(&Error::Unauthorized, &respond::Form::of(parts), head),
            status => respond(status, TEXT, format!("{}\n", refusal.why)),
        }
    });
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.extensions_mut().insert(named);
    response
}

fn call(parts: &Parts, address: &Address) -> std::result::Result<Call, Refusal> {
    let service = parts.uri.query().and_then(|query| {
        query.split('&').find_map(|pair| pair.strip_prefix("service=")).and_then(Service::of)
    });
    match (parts.method.as_str(), address.rest.as_str(), service) {
        ("GET", "info/refs", Some(service)) => Ok(Call::Advertise(service)),
        ("GET", "info/refs", None) => Err(refusal(
            403,
            "The dumb protocol is not served: info/refs needs ?service=git-upload-pack or git-receive-pack.",
        )),
        ("POST", "git-upload-pack", _) => Ok(Call::Serve(Service::UploadPack)),
        ("POST", "git-receive-pack", _) => Ok(Call::Serve(Service::ReceivePack)),
        (method, rest, _) => {
            let rest = text::prefix(rest, QUOTED);
            Err(refusal(404, format!("Git's smart protocol has no call {method} {rest}.")))
        }
    }
}

async fn serve(
    wire: &Wire,
    parts: &Parts,
    body: Body,
    head: &Head,
    address: &Address,
    call: Call,
) -> std::result::Result<Response, Refusal> {
    let key: Organization = address.organization.parse()?;
    if wire.settings.auth_required && !parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(Error::Unauthorized.into());
    }
    let unknown = || Error::OrganizationUnknown { name: text::prefix(&address.organization, 80).to_owned() };
    let world = wire.worlds.find(&head.world).ok_or_else(unknown)?;
    wire.come_into_being(&world, &key, &address.organization, &head.call())?;
    let tenant = wire.tenant(world, key, head.call());
    let repository = tenant.read(|store, _| address.find(store))?;
    let hosted = Hosted { tenant: &tenant, repository };
    match call {
        Call::Advertise(service) => hosted.advertise(service, parts).await,
        Call::Serve(Service::UploadPack) => hosted.upload_pack(parts, body).await,
        Call::Serve(Service::ReceivePack) => hosted.receive_pack(parts, body).await,
    }
}

/// A journal entry for a call that came to nothing.
fn tell(wire: &Wire, head: &Head, address: &Address, named: &Named, refusal: &Refusal) {
    let Some(world) = wire.worlds.find(&head.world) else { return };
    let kind = if named.operation == "receive-pack" { "git.received" } else { "git.asked" };
    let event = Event::new(kind, format!("request:{}", head.request_id))
        .fact(text::prefix(&refusal.why, 2_000))
        .verdict(Verdict::Failed)
        .with("operation", &*named.operation)
        .with("project", text::prefix(address.project.as_ref().unwrap_or(&address.repository), QUOTED))
        .with("repository", text::prefix(&address.repository, QUOTED));
    let owner = Owner::new(AzureDevOpsStore::NAME, named.tenant.clone());
    world.note_for(AzureDevOpsStore::SURFACE, &owner, &head.call(), event);
}

/// A repository as it was when the request came.
struct Hosted<'a> {
    tenant: &'a Tenant,
    repository: Arc<Repository>,
}

type Served = std::result::Result<Response, Refusal>;

impl Hosted<'_> {
    async fn advertise(&self, service: Service, parts: &Parts) -> Served {
        let body = self.tenant.git.advertise(&self.repository.as_refs(), service, protocol(parts)).await?;
        Ok(respond(200, service.advertisement_type(), body))
    }

    async fn upload_pack(&self, parts: &Parts, body: Body) -> Served {
        let (refs, encoding) = (self.repository.as_refs(), encoding(parts)?);
        let answer = self.tenant.git.upload_pack(&refs, protocol(parts), body, encoding).await?;
        Ok(respond(200, Service::UploadPack.result_type(), Body::new(answer)))
    }

    async fn receive_pack(&self, parts: &Parts, body: Body) -> Served {
        let (refs, encoding) = (self.repository.as_refs(), encoding(parts)?);
        let received = self.tenant.git.receive_pack(&refs, protocol(parts), body, encoding).await?;
        for (name, why) in received.refused_by_git() {
            self.note(format!("git refused {name}: {why}"));
        }
        let refused = self.take(&received).await?;
        for (name, why) in &refused {
            self.note(format!("{name} was not set: {why}"));
        }
        Ok(respond(200, Service::ReceivePack.result_type(), received.answer(&refused, &[])))
    }

    fn note(&self, fact: String) {
        let event = Event::new("ref.changed", format!("repository:{}", self.repository.id))
            .fact(fact)
            .verdict(Verdict::Failed);
        let owner = Owner::new(AzureDevOpsStore::NAME, self.tenant.key.to_string());
        self.tenant.world.note_for(AzureDevOpsStore::SURFACE, &owner, &self.tenant.call, event);
    }

    /// Sets what git found good; what was not set after all, with the word that git shows.
    async fn take(&self, received: &Received) -> std::result::Result<BTreeMap<String, String>, Refusal> {
        let zero = |id: Option<ObjectId>| id.unwrap_or(ObjectId::ZERO);
        let all: Vec<RefChange> = received
            .updates()
            .iter()
            .map(|u| RefChange { name: u.name.clone(), old: zero(u.old), new: zero(u.new) })
            .collect();
        let mut kept = false;
        for _ in 0..ATTEMPTS {
            let refused = self.refused(received, &all);
            let left = all.iter().filter(|c| !refused.contains_key(&c.name)).cloned();
            let refs: Vec<RefChange> = left.collect();
            if refs.is_empty() {
                return Ok(refused);
            }
            let commits = self.commits(received, &refs).await?;
            // A push that has already lost leaves nothing in the store.
            if !kept {
                received.keep().await?;
                kept = true;
            }
            let moves = Moves { repository: self.repository.id, refs, commits, by: "git" };
            match push::make(self.tenant, &moves).await {
                Ok(_) => return Ok(refused),
                // Somebody was faster: what is lost is looked up again.
                Err(Error::RefMoved { .. } | Error::RefConflict { .. } | Error::RepositoryUnknown { .. }) => {
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Contended.into())
    }

    /// What cannot be set, and why; all of it, where the client wants all or nothing.
    fn refused(&self, received: &Received, all: &[RefChange]) -> BTreeMap<String, String> {
        let lost = self
            .tenant
            .read(|store, _| push::lost(store.repositories.get(&self.repository.id).map(|r| &**r), all));
        let mut refused: BTreeMap<String, String> =
            lost.into_iter().map(|(name, why)| (name, why.to_owned())).collect();
        if received.atomic() && !refused.is_empty() {
            for change in all {
                let why = || "atomic push failed".to_owned();
                refused.entry(change.name.clone()).or_insert_with(why);
            }
        }
        refused
    }

    /// The commits that are new to the repository, newest first.
    async fn commits(
        &self,
        received: &Received,
        refs: &[RefChange],
    ) -> std::result::Result<Vec<CommitSummary>, Refusal> {
        // An annotated tag stands for its commit here.
        let tips: Vec<ObjectId> = refs.iter().filter_map(|c| c.new.some()).collect();
        let mut known: Vec<ObjectId> = self.repository.refs.values().copied().collect();
        known.sort_unstable();
        known.dedup();
        let found = received.commits(&tips, &known, MAX_COMMITS).await?;
        Ok(found.into_iter().map(CommitSummary::from).collect())
    }
}

fn protocol(parts: &Parts) -> Option<&str> {
    parts.headers.get("git-protocol").and_then(|v| v.to_str().ok())
}

fn encoding(parts: &Parts) -> std::result::Result<Encoding, GitError> {
    Encoding::of(parts.headers.get(header::CONTENT_ENCODING).map(|v| v.to_str().unwrap_or("?")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_of_a_repositorys_url() {
        let address = |project: Option<&str>, repository: &str| Address {
            organization: "contoso".into(),
            project: project.map(str::to_owned),
            repository: repository.into(),
            rest: "info/refs".into(),
        };
        let read = Address::read;
        assert_eq!(read("/contoso/_git/P/info/refs"), Some(address(None, "P")));
        assert_eq!(read("/contoso/My%20P/_GIT/r%C3%A4/info/refs"), Some(address(Some("My P"), "rä")));
        assert_eq!(read("/contoso//P/_git/..%2f../info/refs"), Some(address(Some("P"), "../..")));
        for other in ["/contoso/P/_git/r", "/contoso/P/_git", "/a/b/c/_git/r/x", "/contoso/%ff/_git/r/x"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_read_without_panic(path in "/([a-z%0-9]{0,4}/){0,2}(_git/)?[ -~]{0,40}") {
            let _ = Address::read(&path);
        }
    }
}
