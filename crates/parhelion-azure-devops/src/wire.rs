//! From HTTP to operations and back: path, credentials, version, body in; status, headers, bytes out.

pub mod archive;
pub mod claims;
pub mod control;
pub mod git;
pub mod locations;
pub mod reply;
pub mod request;
pub mod respond;
pub mod route;
pub mod version;
pub mod webhook;
pub mod words;

use crate::{
    domain::documents::Documents,
    error::{Error, Result},
    operations::{Row, Run},
    settings::Settings,
    store::{AzureDevOpsStore, Organization},
    tenant::Tenant,
};
use http::{Method, header, request::Parts};
use parhelion_core::{Event, Owner, Verdict, limits, text};
use parhelion_git::GitHost;
use parhelion_http::{Body, BodyError, Head, Named, Request, Response, read_body};
use parhelion_state::{Call, Store, World, Worlds};
use reply::Reply;
use request::{ApiRequest, Query};
use respond::Form;
use route::{Found, Place};
use std::sync::Arc;

/// Most of a refusal's text that the journal keeps, bytes: it may quote the request.
const MAX_TOLD_BYTES: usize = 4_000;

/// What the surface is built of.
pub struct Wire {
    /// The server's worlds.
    pub worlds: Arc<Worlds>,
    /// Git objects.
    pub git: Arc<GitHost>,
    /// Pipelines' files that were parsed lately.
    pub documents: Arc<Documents>,
    /// The settings.
    pub settings: Arc<Settings>,
}

impl Wire {
    /// Answers a request that [`claims::claims`] took.
    pub async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let head = Head::of(&parts).clone();
        let place = Place::read(parts.uri.path());
        if parts.method == Method::OPTIONS {
            return respond::options(&parts, &head, place.as_ref());
        }
        if place.is_none()
            && let Some(address) = git::Address::read(parts.uri.path())
        {
            return git::answer(self, &parts, body, &head, address).await;
        }
        let mut named = Named::default();
        let form = Form::of(&parts);
        let done = match place {
            Some(place) => self.dispatch(&parts, body, &head, place, &mut named).await,
            None => Err(Error::PageNotFound),
        };
        let mut response = match done {
            Ok(Answered::Reply(status, reply)) => respond::reply(status, reply, &form, &head),
            Ok(Answered::Webhook(taken)) => webhook::answer(&taken, &form, &head),
            Err(error) => {
                self.tell(&head, &named, &error);
                respond::error(&error, &form, &head)
            }
        };
        response.extensions_mut().insert(named);
        response
    }

    /// Why a call was refused, for `/_parhelion/explain`. No text of ours holds a secret.
    fn tell(&self, head: &Head, named: &Named, error: &Error) {
        let of_webhook = named.operation == webhook::OPERATION;
        if of_webhook && matches!(error, Error::WebhookUnknown { .. } | Error::OrganizationUnknown { .. }) {
            // Told where it was found, with what led to it.
            return;
        }
        let Some(world) = self.worlds.find(&head.world) else { return };
        let why = error.to_string();
        let mut event = Event::new("request.refused", format!("request:{}", head.request_id))
            .fact(format!("{}: {}", error.type_key(), text::prefix(&why, MAX_TOLD_BYTES)))
            .verdict(Verdict::Failed)
            .with("operation", &*named.operation);
        if let Error::QueueRefused { messages } = error {
            event = event.with("messages", messages.clone());
        }
        let owner = Owner::new(AzureDevOpsStore::NAME, named.tenant.clone());
        world.note_for(AzureDevOpsStore::SURFACE, &owner, &head.call(), event);
    }

    async fn dispatch(
        &self,
        parts: &Parts,
        body: Body,
        head: &Head,
        place: Place,
        named: &mut Named,
    ) -> Result<Answered> {
        named.tenant = place.organization.to_lowercase();
        let (row, values) = match route::find(&parts.method, &place) {
            Found::Operation(row, values) => (row, values),
            Found::OtherMethods(allowed) => {
                return Err(Error::MethodNotAllowed {
                    method: parts.method.to_string(),
                    allowed: allowed.join(", "),
                });
            }
            Found::Nothing => return Err(Error::PageNotFound),
        };
        named.operation = row.info.name.into();
        if matches!(row.run, Run::Webhook) {
            let name = values.into_iter().next().map(|(_, name)| name).unwrap_or_default();
            let to = webhook::Address { organization: place.organization, name };
            return webhook::receive(self, parts, body, head, to).await.map(Answered::Webhook);
        }
        let key: Organization = place.organization.parse()?;
        let query = Query::read(parts.uri.query().unwrap_or_default());
        if self.settings.auth_required && !parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(Error::Unauthorized);
        }
        let asked = version::asked(query.get("api-version"), &parts.headers)?;
        let location = locations::by_id(row.location).ok_or(Error::PageNotFound)?;
        version::check(asked.as_ref(), location, &parts.method, &self.settings)?;
        let world = self.worlds.find(&head.world);
        let world = world.ok_or_else(|| Error::OrganizationUnknown { name: place.organization.clone() })?;
        let call = head.call();
        self.come_into_being(&world, &key, &place.organization, &call)?;
        let body = read_body(body, limits::BODY_BYTES).await.map_err(unreadable)?;
        let accept = parts.headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
        let request = ApiRequest {
            method: parts.method.clone(),
            values,
            project: place.project,
            query,
            accept: accept.collect::<Vec<_>>().join(",").to_ascii_lowercase(),
            body,
        };
        let tenant = self.tenant(world, key, call);
        let reply = run(row, tenant, request).await?;
        Ok(Answered::Reply(row.status, reply))
    }

    /// An organization, the call at hand and what slow work needs.
    fn tenant(&self, world: Arc<World>, key: Organization, call: Call) -> Tenant {
        Tenant {
            world,
            key,
            call,
            git: self.git.clone(),
            documents: self.documents.clone(),
            settings: self.settings.clone(),
        }
    }

    /// An organization exists from its first call on, or only if the settings list it.
    fn come_into_being(&self, world: &World, key: &Organization, name: &str, call: &Call) -> Result<()> {
        let shelf = world.shelf::<AzureDevOpsStore>();
        if shelf.load(key).store.profile.is_some() {
            return Ok(());
        }
        if self.settings.organizations.as_ref().is_some_and(|o| !o.contains(key.as_str())) {
            return Err(Error::OrganizationUnknown { name: name.to_owned() });
        }
        if !shelf.admits(key) {
            let why = format!("there are {} organizations already, and no more are made", limits::TENANTS);
            return Err(Error::Unavailable { why });
        }
        let done = shelf.write(key, call, |store, tx| {
            store.come_into_being(name, tx);
            Ok::<_, Error>(())
        });
        done.map(|_| ())
    }

    /// Whether an organization exists, or would at its first call because the settings list it.
    fn exists(&self, world: &World, key: &Organization) -> bool {
        let listed = self.settings.organizations.as_ref().is_some_and(|o| o.contains(key.as_str()));
        listed || world.shelf::<AzureDevOpsStore>().load(key).store.profile.is_some()
    }
}

enum Answered {
    Reply(u16, Reply),
    Webhook(crate::ops::webhooks::Taken),
}

async fn run(row: &'static Row, tenant: Tenant, request: ApiRequest) -> Result<Reply> {
    match row.run {
        Run::Read(read) => tenant.read(|store, view| read(store, &request, view)),
        Run::Write(write) => tenant.write(|store, tx| write(store, &request, tx)),
        Run::Work(work) => work(tenant, request).await,
        // Taken before its body was read.
        Run::Webhook => Err(Error::PageNotFound),
    }
}

/// A body that could not be read.
fn unreadable(error: BodyError) -> Error {
    match error {
        BodyError::TooLarge { limit } => Error::TooLarge { limit },
        other => Error::invalid(other.to_string()),
    }
}

/// Whether a request may bring its world into being: not the public endpoint, which anybody calls under any name
/// (azure-devops.md 1).
pub fn opens_world(parts: &Parts) -> bool {
    parhelion_http::changes_or_reads(parts) && !Place::read(parts.uri.path()).is_some_and(|p| p.is_public())
}

/// The largest body of a request: the webhook endpoint and git's transfers have bounds of their own.
pub fn body_limit(parts: &Parts) -> u64 {
    let place = Place::read(parts.uri.path());
    if place.is_none() && git::is_transfer(parts) {
        // Streamed: git hosting has bounds of its own.
        return limits::STREAMED_BODY_BYTES;
    }
    if place.is_some_and(|place| place.is_public()) {
        crate::ops::webhooks::MAX_BODY_BYTES
    } else {
        limits::BODY_BYTES
    }
}
