//! `GET`, `PUT clients`: the clients of partners, and their tokens.

use super::{Ask, ok};
use crate::domain::{
    catalogue::{self, Run},
    jobs,
    place::Place,
};
use crate::shapes::ActionOwner;
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

fn get(ask: &Ask<'_>) -> Result<Response, Problem> {
    ask.only(&["provider"])?;
    let place = ask.place()?;
    let shown =
        |provider: &str| ask.read(&place, |store| client(&place, provider, store.client_token(provider)));
    Ok(ok(&match ask.text("provider")? {
        Some(provider) => {
            known(provider)?;
            shown(provider)
        }
        None => json!({"items": providers().into_iter().map(shown).collect::<Vec<_>>()}),
    }))
}

fn put(ask: &Ask<'_>) -> Result<Response, Problem> {
    ask.only(&["provider", "clientToken"])?;
    let place = ask.place()?;
    let (Some(provider), Some(token)) = (ask.text("provider")?, ask.text("clientToken")?) else {
        return Err(Problem::new(400, "bad body", "'provider' and 'clientToken' are wanted"));
    };
    known(provider)?;
    if !(1..=TOKEN_CHARS).contains(&token.chars().count()) {
        let text = format!("'clientToken' has 1 to {TOKEN_CHARS} characters");
        return Err(Problem::new(400, "bad body", text));
    }
    ask.write(&place, |store, tx| {
        store.clients.put(provider.to_owned(), token.to_owned());
        let event = Event::new("control.client", format!("client:{provider}"));
        tx.emit(event.fact(format!("the client of {provider} has another token")));
        Ok(())
    })?;
    Ok(ok(&client(&place, provider, token)))
}
