//! `PUT`, `GET`, `DELETE event-targets[/{name}]`: who is told of state changes.

use super::{Ask, bad_body, ok};
use crate::domain::{
    event_pattern,
    event_targets::{EventTarget, NAME_CHARS, TARGETS_MAX, subject},
    outbound,
};
use http::Method;
use parhelion_core::Event;
use parhelion_http::{Body, Problem, Response};
use serde_json::{Value, json};
use std::ops::Bound;

/// Answers any of them.
pub fn answer(ask: &Ask<'_>) -> Result<Response, Problem> {
    match (&ask.name, &ask.method) {
        (Some(name), &Method::PUT) => put(ask, name),
        (Some(name), &Method::DELETE) => delete(ask, name),
        (Some(name), _) => get(ask, name),
        (None, &Method::GET) => list(ask),
        (None, _) => Err(Problem::new(400, "no name", "a target has a name: /event-targets/{name}")),
    }
}

fn shown(name: &str, target: &EventTarget) -> Value {
    let mut shown = json!({"name": name, "url": target.url});
    if let Some(pattern) = &target.pattern {
        shown["pattern"] = pattern.clone().into();
    }
    shown
}

fn unknown(name: &str) -> Problem {
    let name = parhelion_core::text::prefix(name, NAME_CHARS);
    Problem::new(404, "no such event target", format!("there is no event target '{name}' here"))
}

fn put(ask: &Ask<'_>, name: &str) -> Result<Response, Problem> {
    ask.only(&["url", "pattern"])?;
    let place = ask.place()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !(1..=NAME_CHARS).contains(&name.len()) || !name.chars().all(plain) {
        let text = format!("a target's name has 1 to {NAME_CHARS} of A-Z a-z 0-9 . _ -");
        return Err(Problem::new(400, "bad name", text));
    }
    let url = ask.text("url")?.ok_or_else(|| bad_body("'url' is wanted"))?.to_owned();
    outbound::check_url(&url).map_err(|why| bad_body(format!("'url': {why}")))?;
    let pattern = match ask.members.get("pattern") {
        None | Some(Value::Null) => None,
        Some(pattern) => {
            event_pattern::check(pattern).map_err(|bad| bad_body(bad.to_string()))?;
            pattern.as_object().cloned()
        }
    };
    let target = EventTarget { url, pattern };
    let answer = shown(name, &target);
    ask.write(&place, |store, tx| {
        if store.event_targets.len() >= TARGETS_MAX && store.event_targets.get(name).is_none() {
            let text = format!("there are {TARGETS_MAX} event targets here, which is the most");
            return Err(Problem::new(409, "too many event targets", text));
        }
        let event = Event::new("control.event_target", subject(name));
        let fact = match &target.pattern {
            Some(_) => format!("event target '{name}' is told of the events that match its pattern"),
            None => format!("event target '{name}' is told of all events"),
        };
        tx.emit(event.fact(fact).with("url", outbound::shown_url(&target.url)));
        store.event_targets.put(name.to_owned(), target);
        Ok(())
    })?;
    Ok(ok(&answer))
}

fn get(ask: &Ask<'_>, name: &str) -> Result<Response, Problem> {
    ask.only(&[])?;
    let found = ask.read(&ask.place()?, |store| store.event_targets.get(name).map(|t| shown(name, t)));
    found.map(|found| ok(&found)).ok_or_else(|| unknown(name))
}

fn list(ask: &Ask<'_>) -> Result<Response, Problem> {
    ask.only(&["limit", "after"])?;
    let limit = match ask.text("limit")? {
        None => TARGETS_MAX,
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=1000).contains(n))
            .ok_or_else(|| Problem::new(400, "bad query", "'limit' is a whole number from 1 to 1000"))?,
    };
    let after = ask.text("after")?.map_or(Bound::Unbounded, |name| Bound::Excluded(name.to_owned()));
    Ok(ok(&ask.read(&ask.place()?, |store| {
        let mut found = store.event_targets.range((after, Bound::Unbounded));
        let items: Vec<Value> =
            found.by_ref().take(limit).map(|(name, target)| shown(name, target)).collect();
        let mut page = json!({"items": items});
        if let (Some(_), Some(last)) = (found.next(), items.last()) {
            page["next"] = last["name"].clone();
        }
        page
    })))
}

fn delete(ask: &Ask<'_>, name: &str) -> Result<Response, Problem> {
    ask.only(&[])?;
    ask.write(&ask.place()?, |store, tx| {
        store.event_targets.remove(&name.to_owned()).ok_or_else(|| unknown(name))?;
        let event = Event::new("control.event_target", subject(name));
        tx.emit(event.fact(format!("event target '{name}' is told of nothing any more")));
        Ok(())
    })?;
    Ok(http::Response::builder().status(204).body(Body::default()).unwrap_or_default())
}
