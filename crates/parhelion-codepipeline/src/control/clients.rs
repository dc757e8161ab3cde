//! `GET`, `PUT clients`: the clients of partners, and their tokens.

use super::{Ask, ok};
use crate::domain::{
    catalogue::{self, Run},
    engine::Engine,
    jobs,
    place::Place,
};
use http::Method;
use parhelion_core::Event;
use parhelion_http::{Problem, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Longest client token. Docs: the model's `ClientToken`.
const TOKEN_CHARS: usize = 256;

/// Answers either of the two.
pub fn answer(ask: &Ask<'_>) -> Result<Response, Problem> {
    if ask.method == Method::GET { get(ask) } else { put(ask) }
}

/// The providers whose actions are done by partners' workers: built in, and made in this tenant.
fn providers(engine: &Engine) -> BTreeSet<String> {
    let made = engine.types.values().map(|made| made.definition.kind());
    let all = catalogue::action_kinds().iter().cloned().chain(made);
    let partners = all.filter(|kind| kind.run == Run::ThirdPartyJob);
    partners.map(|kind| kind.id.provider.clone()).collect()
}

fn known(engine: &Engine, provider: &str) -> Result<(), Problem> {
    let providers = providers(engine);
    if providers.contains(provider) {
        return Ok(());
    }
    let names: Vec<String> = providers.into_iter().collect();
    Err(Problem::new(404, "no such provider", format!("'{provider}' is none of {}", names.join(", "))))
}

fn client(place: &Place, provider: &str, token: &str) -> Value {
    let id = jobs::client_id(place.account(), provider);
    json!({"clientId": id, "provider": provider, "clientToken": token})
}

fn get(ask: &Ask<'_>) -> Result<Response, Problem> {
    ask.only(&["provider"])?;
    let place = ask.place()?;
    let asked = ask.text("provider")?;
    let body = ask.read(&place, |store| {
        let shown = |provider: &str| client(&place, provider, store.client_token(provider));
        Ok(match asked {
            Some(provider) => {
                known(&store.engine, provider)?;
                shown(provider)
            }
            None => {
                let all = providers(&store.engine);
                json!({"items": all.iter().map(|provider| shown(provider)).collect::<Vec<_>>()})
            }
        })
    })?;
    Ok(ok(&body))
}

fn put(ask: &Ask<'_>) -> Result<Response, Problem> {
    ask.only(&["provider", "clientToken"])?;
    let place = ask.place()?;
    let (Some(provider), Some(token)) = (ask.text("provider")?, ask.text("clientToken")?) else {
        return Err(Problem::new(400, "bad body", "'provider' and 'clientToken' are wanted"));
    };
    if !(1..=TOKEN_CHARS).contains(&token.chars().count()) {
        let text = format!("'clientToken' has 1 to {TOKEN_CHARS} characters");
        return Err(Problem::new(400, "bad body", text));
    }
    ask.write(&place, |store, tx| {
        known(&store.engine, provider)?;
        store.clients.put(provider.to_owned(), token.to_owned());
        let event = Event::new("control.client", format!("client:{provider}"));
        tx.emit(event.fact(format!("the client of {provider} has another token")));
        Ok(())
    })?;
    Ok(ok(&client(&place, provider, token)))
}
