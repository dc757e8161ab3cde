//! Smart HTTP: clone, fetch and push.

use crate::{
    domain::{
        pulls,
        push::{self, Judgement, Push, PushedRef},
        rules,
    },
    operations::Context,
    store::{NumberKey, ProjectKey, Repository, SsmStore},
    wire::{Address, Server},
};
use http::{HeaderValue, header, request::Parts};
use parhelion_core::{Event, Verdict};
use parhelion_git::{Encoding, GitError, ObjectId, Received, RefUpdate, Service};
use parhelion_http::{Body, Head, Named, Response, answer as respond};
use std::{convert::Infallible, sync::Arc};

const TEXT: &str = "text/plain; charset=utf-8";

/// A git call.
enum Call {
    Advertise(Service),
    Serve(Service),
}

/// Answers a request below a repository's git URL.
pub async fn answer(
    server: &Arc<Server>,
    address: Address,
    rest: &str,
    parts: &Parts,
    body: Body,
) -> Response {
    let head = Head::of(parts);
    let Some(world) = server.world(head) else { return respond(404, TEXT, "Not found\n") };
    let context = server.context(world, head, &parts.headers);
    let tenant = context.tenant(&address.scope());
    let call = match (parts.method.as_str(), rest) {
        ("GET", "info/refs") => match query_service(parts) {
            Some(service) => Call::Advertise(service),
            None => {
                let fact = "the dumb protocol is not served: info/refs needs ?service=git-upload-pack or git-receive-pack";
                note(&context, &tenant, &address, Service::UploadPack, fact.to_owned());
                return respond(403, TEXT, "Please upgrade your git client.\n");
            }
        },
        ("POST", "git-upload-pack") => Call::Serve(Service::UploadPack),
        ("POST", "git-receive-pack") => Call::Serve(Service::ReceivePack),
        (method, rest) => {
            let rest = parhelion_core::text::prefix(rest, 200);
            let fact = format!("git's smart protocol has no call {method} {rest}");
            note(&context, &tenant, &address, Service::UploadPack, fact);
            return respond(404, TEXT, "Not found\n");
        }
    };
    let (Call::Advertise(service) | Call::Serve(service)) = call;
    if server.turns_away(&parts.headers) {
        note(
            &context,
            &tenant,
            &address,
            service,
            "no credentials were given, and they are asked for".to_owned(),
        );
        let mut response = respond(401, TEXT, "Authentication required\n");
        let realm = HeaderValue::from_static("Basic realm=\"Secure Source Manager\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
        return response;
    }
    let mut response = match Hosted::find(&context, &tenant, &address) {
        None => {
            let fact =
                format!("there is no repository {} at instance {}", address.repository, address.instance);
            note(&context, &tenant, &address, service, fact);
            respond(404, TEXT, format!("repository '{}/{}' not found\n", address.project, address.repository))
        }
        Some(hosted) => {
            let done = match call {
                Call::Advertise(service) => hosted.advertise(service, parts).await,
                Call::Serve(Service::UploadPack) => hosted.upload_pack(parts, body).await,
                Call::Serve(Service::ReceivePack) => hosted.receive_pack(parts, body).await,
            };
            done.unwrap_or_else(|e| failure(&e, service, &hosted))
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.extensions_mut().insert(Named { operation: service.name().into(), tenant: tenant.0 });
    response
}

fn query_service(parts: &Parts) -> Option<Service> {
    let query = parts.uri.query()?;
    query.split('&').find_map(|pair| pair.strip_prefix("service=")).and_then(Service::of)
}

/// A journal entry for a push or fetch that came to nothing before any ref was looked at.
fn note(context: &Context, tenant: &ProjectKey, address: &Address, service: Service, fact: String) {
    let subject = format!("repository:{}/{}", address.location, address.repository);
    let kind = if service == Service::ReceivePack { "git.received" } else { "git.asked" };
    context.note(tenant, Event::new(kind, subject).fact(fact).verdict(Verdict::Failed));
}

fn failure(error: &GitError, service: Service, hosted: &Hosted<'_>) -> Response {
    let status = match error {
        GitError::Missing(_) => 503,
        GitError::TooLarge { .. } => 413,
        GitError::TooSlow { .. } => 504,
        e if e.is_clients() => 400,
        _ => 500,
    };
    note(hosted.context, hosted.tenant, hosted.address, service, error.to_string());
    if status == 500 {
        tracing::error!(request_id = hosted.context.call.request_id, error = %error, "a git call failed");
        return respond(500, TEXT, format!("internal error (request {})\n", hosted.context.call.request_id));
    }
    respond(status, TEXT, format!("{error}\n"))
}

/// A repository as it was when the request came.
struct Hosted<'a> {
    context: &'a Context,
    tenant: &'a ProjectKey,
    address: &'a Address,
    repository: Arc<Repository>,
    /// Whether anybody listens.
    has_hooks: bool,
    /// Whether any rule looks at merge commits.
    wants_linear: bool,
}

impl<'a> Hosted<'a> {
    fn find(context: &'a Context, tenant: &'a ProjectKey, address: &'a Address) -> Option<Hosted<'a>> {
        let version = context.world.shelf::<SsmStore>().load(tenant);
        let key = address.key();
        let repository = version.store.repository(&key)?.clone();
        let has_hooks = version.store.hooks_of(&key).next().is_some();
        let wants_linear = rules::asks_for_linear_history(&version.store, &key);
        (repository.instance == address.instance).then_some(Hosted {
            context,
            tenant,
            address,
            repository,
            has_hooks,
            wants_linear,
        })
    }

    async fn advertise(&self, service: Service, parts: &Parts) -> Result<Response, GitError> {
        let body = self.context.git.advertise(&self.repository.refs(), service, protocol(parts)).await?;
        Ok(respond(200, service.advertisement_type(), body))
    }

    async fn upload_pack(&self, parts: &Parts, body: Body) -> Result<Response, GitError> {
        let (refs, encoding) = (self.repository.refs(), encoding(parts)?);
        let answer = self.context.git.upload_pack(&refs, protocol(parts), body, encoding).await?;
        Ok(respond(200, Service::UploadPack.result_type(), Body::new(answer)))
    }

    async fn receive_pack(&self, parts: &Parts, body: Body) -> Result<Response, GitError> {
        let (refs, encoding) = (self.repository.refs(), encoding(parts)?);
        let received = self.context.git.receive_pack(&refs, protocol(parts), body, encoding).await?;
        for (name, why) in received.refused_by_git() {
            note(
                self.context,
                self.tenant,
                self.address,
                Service::ReceivePack,
                format!("git refused {name}: {why}"),
            );
        }
        let judged = self.take(&received).await?;
        let answer = received.answer(&judged.refused, &judged.messages);
        Ok(respond(200, Service::ReceivePack.result_type(), answer))
    }

    /// Sets what git found good; what was said against it after all.
    async fn take(&self, received: &Received) -> Result<Judgement, GitError> {
        if received.updates().is_empty() {
            return Ok(Judgement::default());
        }
        let mut refs = Vec::with_capacity(received.updates().len());
        for update in received.updates() {
            refs.push(self.describe(received, update).await?);
        }
        let mut push = Push {
            key: self.address.key(),
            uid: self.repository.uid.clone(),
            refs,
            atomic: received.atomic(),
            bytes: 0,
            told: self.has_hooks,
        };
        // A push that has already lost, or that a rule refuses, leaves nothing in the store.
        let shelf = self.context.world.shelf::<SsmStore>();
        let lost = push::judge(&shelf.load(self.tenant).store, &push);
        if lost.refused.len() < push.refs.len() {
            push.bytes = received.keep().await?;
        }
        let done = shelf.write(self.tenant, &self.context.call, |store, tx| {
            Ok::<_, Infallible>(push::apply(store, &push, tx))
        });
        match done {
            Ok(done) => Ok(done.value),
            Err(never) => match never {},
        }
    }

    /// The open pull requests whose head a push brings into their base.
    async fn merged_by(
        &self,
        received: &Received,
        update: &RefUpdate,
        new: ObjectId,
    ) -> Result<Vec<NumberKey>, GitError> {
        let Some(branch) = update.name.strip_prefix("refs/heads/") else { return Ok(Vec::new()) };
        let version = self.context.world.shelf::<SsmStore>().load(self.tenant);
        let mut merged = Vec::new();
        for (key, pull) in pulls::touched(&version.store, &self.address.key(), branch) {
            if pull.base == branch && received.is_ancestor(pull.head_sha, new).await? {
                merged.push(key);
            }
        }
        Ok(merged)
    }

    /// A change with what a delivery tells of it.
    async fn describe(&self, received: &Received, update: &RefUpdate) -> Result<PushedRef, GitError> {
        let merges = match (update.old, update.new) {
            (Some(old), Some(new)) if self.wants_linear => received.brings_merges(new, old).await?,
            _ => false,
        };
        let mut merged = Vec::new();
        if let Some(new) = update.new.filter(|_| self.context.settings.manual_merge) {
            merged = self.merged_by(received, update, new).await?;
        }
        let mut pushed =
            PushedRef { update: update.clone(), commits: Vec::new(), after: update.new, merges, merged };
        let Some(new) = update.new.filter(|_| self.has_hooks) else { return Ok(pushed) };
        if update.name.starts_with("refs/tags/") {
            pushed.after = received.peel(new).await?.or(Some(new));
        } else if update.name.starts_with("refs/heads/") {
            let known: Vec<_> = match update.old {
                Some(old) => vec![old],
                None => {
                    let branches =
                        self.repository.refs.iter().filter(|(name, _)| name.starts_with("refs/heads/"));
                    branches.map(|(_, id)| **id).collect()
                }
            };
            pushed.commits = received.commits(&[new], &known, self.context.settings.max_commits).await?;
            // CHOICE: a new branch of known commits tells of its tip.
            if pushed.commits.is_empty() && update.old.is_none() {
                pushed.commits = received.commits(&[new], &[], 1).await?;
            }
        }
        Ok(pushed)
    }
}

fn protocol(parts: &Parts) -> Option<&str> {
    parts.headers.get("git-protocol").and_then(|v| v.to_str().ok())
}

fn encoding(parts: &Parts) -> Result<Encoding, GitError> {
    Encoding::of(parts.headers.get(header::CONTENT_ENCODING).map(|v| v.to_str().unwrap_or("?")))
}
