//! From a request that this surface claims to the line of the table that answers it.

use crate::error::{Fault, Refusal};
use crate::handlers::{Ask, Handler};
use crate::jobs::Download;
use crate::place::Place;
use crate::settings::{AuthMode, Settings};
use crate::store::{KuduStore, Site};
use crate::table;
use crate::wire::answer::{fault, with, without_body};
use crate::wire::auth;
use crate::wire::query::Query;
use http::header::{HeaderName, WWW_AUTHENTICATE};
use parhelion_core::{Call, Event, Verdict};
use parhelion_git::GitHost;
use parhelion_http::{Head, Named, Request, Response};
use parhelion_state::{World, Worlds};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The answer's id, the service's own header.
const MS_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// What the surface is made of.
pub struct Server {
    /// The worlds that it answers for.
    pub worlds: Arc<Worlds>,
    /// Where git objects are.
    pub git: Arc<GitHost>,
    /// What it was told at its start.
    pub settings: Arc<Settings>,
    /// Fetches what stands at an address.
    pub download: Download,
}

/// From a request that this surface claims to its answer.
pub async fn serve(server: Arc<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts).clone();
    let id = ms_request_id(&parts.headers, &head);
    let mut named = Named::default();
    let is_head = parts.method == http::Method::HEAD;
    let answer = match find(&server, &head, parts, &mut named) {
        Ok((handler, ask)) => handler(ask, body).await,
        Err(refusal) => Err(Fault::from(refusal)),
    };
    let answer = answer.unwrap_or_else(|f| {
        let answer = fault(&f);
        match f {
            Fault::Refusal(Refusal::Unauthorized(_)) => {
                with(answer, WWW_AUTHENTICATE, "Basic realm=\"site\"")
            }
            _ => answer,
        }
    });
    let answer = if is_head { without_body(answer) } else { answer };
    let mut response = with(answer, MS_REQUEST_ID, &id);
    response.extensions_mut().insert(named);
    response
}

/// The answer to a request whose handling panicked.
pub fn panicked(head: &Head) -> Response {
    with(fault(&Refusal::Internal.into()), MS_REQUEST_ID, &head.request_id)
}

fn find(
    server: &Server,
    head: &Head,
    parts: http::request::Parts,
    named: &mut Named,
) -> Result<(Handler, Ask), Refusal> {
    let place = Place::of(&parts, head).ok_or(Refusal::Internal)?;
    let site = place.site.clone().map_err(Refusal::BadSiteName)?;
    named.tenant = site.to_string();
    let found = table::find(&place, parts.method.as_str());
    if let Ok((row, _)) = &found {
        named.operation = row.info.name.into();
    }
    // The server opened it, unless only HEAD or OPTIONS was asked.
    let world = server.worlds.find(&head.world);
    // OBSERVED: the front end asks for credentials, whatever the path.
    match &world {
        Some(world) => authorize(server, world, &site, &parts.headers, &head.call())?,
        None if server.settings.auth == AuthMode::Basic => {
            return Err(Refusal::Unauthorized("no such world"));
        }
        None => {}
    }
    let (row, params) = found?;
    let world = world.ok_or_else(|| Refusal::NoSuchSite(site.to_string()))?;
    let (git, settings) = (server.git.clone(), server.settings.clone());
    if !settings.auto_create && !world.shelf::<KuduStore>().exists(&site) {
        return Err(Refusal::NoSuchSite(site.to_string()));
    }
    let query = Query::parse(place.query.as_deref().unwrap_or_default());
    let call = head.call();
    let headers = parts.headers;
    let download = server.download.clone();
    Ok((row.handler, Ask { world, call, site, place, headers, query, params, settings, git, download }))
}

fn authorize(
    server: &Server,
    world: &World,
    site: &Site,
    headers: &http::HeaderMap,
    call: &Call,
) -> Result<(), Refusal> {
    let shelf = world.shelf::<KuduStore>();
    let Err(why) = auth::check(&server.settings, &shelf.load(site).store, headers) else { return Ok(()) };
    let refused = Event::new("request.refused", format!("site:{site}")).verdict(Verdict::Failed);
    let refused = refused.fact(format!("401: {why}"));
    if shelf.admits(site) {
        let _ = shelf.write(site, call, |_, tx| {
            tx.explain(refused);
            Err::<(), ()>(())
        });
    }
    Err(Refusal::Unauthorized(why))
}

/// The request's `x-arr-log-id`, else its `x-ms-request-id`, else a GUID: ours, which answers carry anyway.
fn ms_request_id(headers: &http::HeaderMap, head: &Head) -> String {
    let sent = ["x-arr-log-id", "x-ms-request-id"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    match sent {
        Some(id) => id.to_owned(),
        None if head.request_id.parse::<uuid::Uuid>().is_ok() => head.request_id.clone(),
        None => {
            let digest = Sha256::digest(&head.request_id);
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
        }
    }
}
