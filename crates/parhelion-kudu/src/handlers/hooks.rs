//! `hooks`.

use super::{Answer, Ask};
use crate::domain::text::indented;
use crate::error::Error;
use crate::ops::get_hook::GetHook;
use crate::ops::list_hooks::ListHooks;
use crate::ops::publish_event::{Publication, PublishEvent};
use crate::ops::subscribe_hook::SubscribeHook;
use crate::ops::unsubscribe_hook::UnsubscribeHook;
use crate::wire::answer::{empty, json};
use crate::wire::body as bodies;
use crate::wire::hook::{HookView, Subscription};
use parhelion_http::Body;
use serde_json::Value;

/// `POST hooks`: 201, also when the hook is there already.
pub async fn subscribe(ask: Ask, body: Body) -> Answer {
    let text = bodies::bound_json(&ask.headers, body, "WebHook").await?;
    let json: Value = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let wanted = Subscription::parse(&json)?;
    let (id, hook) = ask.write::<SubscribeHook>(wanted)?.value;
    Ok(json_hook(201, id, &hook))
}

/// `GET hooks`.
pub async fn list(ask: Ask, _: Body) -> Answer {
    let hooks = ask.read::<ListHooks>(())?;
    let views: Vec<HookView> = hooks.iter().map(|(id, hook)| HookView::of(*id, hook)).collect();
    Ok(json(200, &views))
}

/// `GET hooks/{id}`: `null` for an unknown one.
///
/// OBSERVED: the service builds a 404 and forgets to return it. A setting gives the 404.
pub async fn get(ask: Ask, _: Body) -> Answer {
    match ask.read::<GetHook>(ask.param(0))? {
        Some((id, hook)) => Ok(json_hook(200, id, &hook)),
        None if ask.settings.hooks.strict_404 => Err(Error::NoSuchHook.into()),
        None => Ok(json(200, &Value::Null)),
    }
}

/// `DELETE hooks/{id}`.
pub async fn unsubscribe(ask: Ask, _: Body) -> Answer {
    ask.write::<UnsubscribeHook>(ask.param(0))?;
    Ok(empty(200))
}

/// `POST hooks/publish/{event}`: answers when all deliveries are over.
pub async fn publish(ask: Ask, body: Body) -> Answer {
    let text = bodies::bound_json(&ask.headers, body, "JToken").await?;
    let body = text.map_or("null".to_owned(), |text| indented(&text));
    let remove_when_gone = ask.settings.hooks.remove_when_gone;
    let publication = Publication { event: ask.param(0), body: body.into(), remove_when_gone };
    let done = ask.write::<PublishEvent>(publication)?;
    ask.settled(&done.deliveries).await;
    Ok(empty(200))
}

fn json_hook(status: u16, id: u64, hook: &crate::store::Hook) -> parhelion_http::Response {
    json(status, &HookView::of(id, hook))
}
