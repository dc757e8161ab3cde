//! This surface's own calls of the control API (section 12 of the specification): the clients of partners.

use crate::domain::{
    catalogue::{self, Run},
    jobs,
    place::{DEFAULT_ACCOUNT, DEFAULT_REGION, Place},
};
use crate::shapes::ActionOwner;
use crate::store::CodePipelineStore;
use http::{Method, header::ALLOW};
use parhelion_core::Event;
use parhelion_http::{BodyError, Head, Problem, Request, Response, answer, problem, read_body};
use parhelion_state::{World, Worlds};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// Largest body of a call here, bytes.
const BODY_BYTES: u64 = 64 * 1024;
/// Longest client token. Docs: the model's `ClientToken`.
const TOKEN_CHARS: usize = 256;

/// Answers a call below `/_parhelion/surfaces/codepipeline`.
pub async fn serve(request: Request, worlds: &Worlds) -> Response {
    answered(request, worlds).await.unwrap_or_else(Problem::into_response)
}

async fn answered(request: Request, worlds: &Worlds) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_end_matches('/');
    if path != "/clients" {
        let text = format!("codepipeline has /clients (GET, PUT), and no {path}");
        return Err(Problem::new(404, "no such call", text));
    }
    let head = Head::of(&parts);
    let world = worlds.find(&head.world);
    let world = world
        .ok_or_else(|| Problem::new(404, "no such world", format!("there is no world '{}'", head.world)))?;
    match parts.method {
        Method::GET => get(&world, head, &query(parts.uri.query().unwrap_or(""))?),
        Method::PUT => {
            let bytes = read_body(body, BODY_BYTES).await.map_err(|error| match error {
                BodyError::TooLarge { .. } => Problem::new(413, "body too large", error.to_string()),
                _ => Problem::new(400, "unreadable body", error.to_string()),
            })?;
            put(&world, head, &members(&bytes)?)
        }
        _ => {
            let mut response = problem(405, "method not allowed", "/clients takes GET and PUT");
            response.headers_mut().insert(ALLOW, http::HeaderValue::from_static("GET, PUT"));
            Ok(response)
        }
    }
}

type Given = BTreeMap<String, String>;

fn unknown_member(name: &str) -> Problem {
    Problem::new(400, "unknown member", format!("'{name}' is no member of this call"))
}

fn query(text: &str) -> Result<Given, Problem> {
    let mut given = Given::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !["account", "region", "provider"].contains(&name) {
            return Err(unknown_member(name));
        }
        let value = percent_decode_str(value).decode_utf8();
        let value = value.map_err(|_| Problem::new(400, "bad query", format!("'{name}' is not UTF-8")))?;
        given.insert(name.to_owned(), value.into_owned());
    }
    Ok(given)
}

fn members(bytes: &[u8]) -> Result<Given, Problem> {
    let body: Map<String, Value> = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(400, "bad body", format!("a JSON object is wanted: {error}")))?;
    let mut given = Given::new();
    for (name, value) in body {
        if !["account", "region", "provider", "clientToken"].contains(&name.as_str()) {
            return Err(unknown_member(&name));
        }
        let Value::String(text) = value else {
            return Err(Problem::new(400, "bad body", format!("'{name}' must be a string")));
        };
        given.insert(name, text);
    }
    Ok(given)
}

fn place(given: &Given) -> Result<Place, Problem> {
    let member =
        |name: &str, default: &'static str| given.get(name).map_or(default, String::as_str).to_owned();
    Place::new(&member("account", DEFAULT_ACCOUNT), &member("region", DEFAULT_REGION))
        .map_err(|bad| Problem::new(400, "no such tenant", bad.to_string()))
}

/// The providers whose actions are done by partners' workers.
fn providers() -> BTreeSet<&'static str> {
    let partners = catalogue::action_kinds().iter();
    let partners =
        partners.filter(|kind| kind.id.owner == ActionOwner::ThirdParty && kind.run == Run::ThirdPartyJob);
    partners.map(|kind| kind.id.provider.as_str()).collect()
}

fn known(provider: &str) -> Result<(), Problem> {
    let providers = providers();
    if providers.contains(provider) {
        return Ok(());
    }
    let names: Vec<&str> = providers.into_iter().collect();
    Err(Problem::new(404, "no such provider", format!("'{provider}' is none of {}", names.join(", "))))
}

fn client(place: &Place, provider: &str, token: &str) -> Value {
    let id = jobs::client_id(place.account(), provider);
    json!({"clientId": id, "provider": provider, "clientToken": token})
}

fn get(world: &World, head: &Head, asked: &Given) -> Result<Response, Problem> {
    let place = place(asked)?;
    let shelf = world.shelf::<CodePipelineStore>();
    let shown = |provider: &str| {
        shelf.read(&place, &head.call(), |store, _| client(&place, provider, store.client_token(provider)))
    };
    let body = match asked.get("provider") {
        Some(provider) => {
            known(provider)?;
            shown(provider)
        }
        None => json!({"items": providers().into_iter().map(shown).collect::<Vec<_>>()}),
    };
    Ok(answer(200, "application/json", body.to_string()))
}

fn put(world: &World, head: &Head, given: &Given) -> Result<Response, Problem> {
    let place = place(given)?;
    let (Some(provider), Some(token)) = (given.get("provider"), given.get("clientToken")) else {
        return Err(Problem::new(400, "bad body", "'provider' and 'clientToken' are wanted"));
    };
    known(provider)?;
    if !(1..=TOKEN_CHARS).contains(&token.chars().count()) {
        let text = format!("'clientToken' has 1 to {TOKEN_CHARS} characters");
        return Err(Problem::new(400, "bad body", text));
    }
    let shelf = world.shelf::<CodePipelineStore>();
    if !shelf.admits(&place) {
        return Err(Problem::new(503, "too many tenants", "this world has no room for another tenant"));
    }
    let done = shelf.write(&place, &head.call(), |store, tx| {
        store.clients.put(provider.clone(), token.clone());
        let event = Event::new("control.client", format!("client:{provider}"));
        tx.emit(event.fact(format!("the client of {provider} has another token")));
        Ok::<_, Infallible>(())
    });
    match done {
        Ok(_) => Ok(answer(200, "application/json", client(&place, provider, token).to_string())),
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests;
