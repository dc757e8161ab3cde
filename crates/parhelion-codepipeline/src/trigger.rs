//! The address that webhooks are called at: `POST /trigger?t=…` (8.2 of the specification). No operation of the API:
//! it has its own answers, and no signature tells the tenant; the token does.

use crate::domain::engine::{
    Input, Start,
    records::{ExecutionId, Wanted},
};
use crate::domain::{
    place::Place,
    sender::Sender,
    starts,
    triggers::{self, Decision, Incoming, Judged},
};
use crate::settings::Settings;
use crate::shapes::TriggerType;
use crate::store::{CodePipelineStore, Webhook};
use crate::wire::TRIGGER_BODY_BYTES;
use http::{HeaderValue, Method, header::ALLOW};
use parhelion_core::{Call, Cause, Event, Owner, Verdict};
use parhelion_http::{BodyError, Head, Named, Request, Response, answer, read_body};
use parhelion_state::{Store, Tx, World, Worlds};
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// How often a judgement is made anew because the webhook or its pipeline changed meanwhile.
const TRIES: usize = 3;

/// Answers a webhook's call.
pub async fn serve(request: Request, worlds: &Worlds, settings: &Settings) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts);
    let call = head.call();
    let world = worlds.find(&head.world);
    let found = world.as_ref().and_then(|world| found(world, parts.uri.query().unwrap_or("")));
    let mut response = match (&world, &found) {
        (Some(world), Some((place, name))) => {
            if parts.method == Method::POST {
                match read_body(body, TRIGGER_BODY_BYTES).await {
                    Ok(bytes) => {
                        let sender = Sender::of(head.peer, &parts.headers, &settings.trusted_proxies);
                        let incoming = Incoming { headers: &parts.headers, body: &bytes, sender: &sender };
                        receive(world, place, name, &call, &incoming)
                    }
                    Err(error) => unreadable(world, place, &call, name, &error),
                }
            } else {
                let fact =
                    format!("webhook '{name}' was called with {}: only POST starts anything", parts.method);
                note(world, place, &call, name, fact);
                let mut response = said(405, json!({"message": "webhooks are called with POST"}));
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
                response
            }
        }
        (world, _) => {
            if let Some(world) = world {
                let fact = Event::new("webhook.received", "webhook:").verdict(Verdict::Failed);
                world.note(
                    CodePipelineStore::SURFACE,
                    &call,
                    fact.fact("no webhook has this URL (any more)"),
                );
            }
            unknown()
        }
    };
    let tenant = found.map_or(String::new(), |(place, _)| place.to_string());
    response.extensions_mut().insert(Named { operation: "trigger".into(), tenant });
    response
}

/// Whose webhook has the token of this query, and its name.
fn found(world: &Arc<World>, query: &str) -> Option<(Place, String)> {
    let token = query.split('&').find_map(|pair| pair.strip_prefix("t="))?;
    let token = percent_decode_str(token).decode_utf8().ok()?;
    let (owner, name) = world.find(&Webhook::handle(&token))?;
    Some((owner.tenant.parse().ok()?, name))
}

// CHOICE: the form of all answers here; AWS documents none.
fn said(status: u16, body: serde_json::Value) -> Response {
    answer(status, "application/json", body.to_string())
}

fn unknown() -> Response {
    said(404, json!({"message": "there is no such webhook"}))
}

fn unreadable(world: &World, place: &Place, call: &Call, name: &str, error: &BodyError) -> Response {
    let (status, fact) = match error {
        BodyError::TooLarge { .. } => (413, error.to_string()),
        BodyError::Stalled => (408, error.to_string()),
        BodyError::Broken(_) => (400, error.to_string()),
    };
    note(world, place, call, name, fact.clone());
    said(status, json!({"message": fact}))
}

/// Writes down why a call came to no judgement.
fn note(world: &World, place: &Place, call: &Call, name: &str, fact: String) {
    let event = Event::new("webhook.received", format!("webhook:{name}")).fact(fact);
    let owner = Owner::new(CodePipelineStore::NAME, place.to_string());
    world.note_for(CodePipelineStore::SURFACE, &owner, call, event.verdict(Verdict::Failed));
}

/// Judges a call on the published value and carries the judgement out, if it still holds then.
pub fn receive(world: &World, place: &Place, name: &str, call: &Call, incoming: &Incoming<'_>) -> Response {
    let shelf = world.shelf::<CodePipelineStore>();
    let mut judged = None;
    for _ in 0..TRIES {
        judged = shelf.read(place, call, |store, _| triggers::judge(store, name, incoming));
        let Some(judged) = &judged else { return unknown() };
        let done = shelf.write(place, call, |store, tx| {
            let holds = triggers::basis(store, name).as_ref() == Some(&judged.basis);
            if holds { Ok(carry_out(store, name, judged, tx)) } else { Err(()) }
        });
        if let Ok(done) = done {
            return done.value;
        }
    }
    // Somebody changes it all the time: this once judge where nobody else can.
    drop(judged);
    let done = shelf.write(place, call, |store, tx| {
        let judged = triggers::judge(store, name, incoming);
        Ok::<_, Infallible>(judged.map_or_else(unknown, |judged| carry_out(store, name, &judged, tx)))
    });
    match done {
        Ok(done) => done.value,
        Err(never) => match never {},
    }
}

fn carry_out(store: &mut CodePipelineStore, name: &str, judged: &Judged, tx: &mut Tx<'_>) -> Response {
    let mut cause = Cause::Call;
    for fact in &judged.facts {
        cause = tx.emit(fact.clone().because(cause)).into();
    }
    match &judged.decision {
        Decision::Start { line, revision } => {
            let Some(variables) = store.engine.plan(*line).map(starts::defaults) else { return unknown() };
            if !store.engine.has_room(*line) {
                // CHOICE: the sender is not at fault; the webhook says why nothing started.
                let message = starts::NO_ROOM.to_owned();
                let event = Event::new("webhook.changed", format!("webhook:{name}")).because(cause);
                tx.emit(event.fact(message.clone()).verdict(Verdict::Failed));
                fail(store, name, "ConcurrentPipelineExecutionsLimitExceededException", message);
                return said(200, json!({"result": "ignored"}));
            }
            let id = ExecutionId(tx.uuid("execution"));
            let wanted = revision.clone().map(|revision| {
                let wanted = Wanted { revision: Some(revision), ..Wanted::default() };
                (judged.target_action().to_owned(), wanted)
            });
            let start = Start {
                line: *line,
                id,
                trigger: TriggerType::Webhook,
                // Docs: the webhook's ARN.
                trigger_detail: store.place.arn(&format!("webhook:{name}")),
                variables,
                wanted: BTreeMap::from_iter(wanted),
                awaited_by: None,
                cause,
            };
            store.step(Input::Start(Box::new(start)), tx);
            let now = tx.now();
            store.webhooks.edit(&name.to_owned(), |webhook| {
                webhook.last_triggered = Some(now);
                webhook.error = None;
            });
            said(200, json!({"result": "started", "pipelineExecutionId": id.to_string()}))
        }
        // Docs: the request is ignored.
        Decision::Ignore => said(200, json!({"result": "ignored"})),
        Decision::Refuse { status, code, message } => {
            fail(store, name, code, message.clone());
            said(*status, json!({"message": message}))
        }
        Decision::Gone { code, message } => {
            fail(store, name, code, message.clone());
            said(200, json!({"result": "ignored"}))
        }
    }
}

/// The webhook remembers why a call came to nothing.
fn fail(store: &mut CodePipelineStore, name: &str, code: &str, message: String) {
    store.webhooks.edit(&name.to_owned(), |webhook| webhook.error = Some((code.to_owned(), message)));
}

#[cfg(test)]
mod tests;
