//! What was sent, what is to be sent, and holding it back (control.md 7).

use crate::ask::{Answer, Ask, json_answer, ok, page, unknown};
use crate::query::refused;
use parhelion_core::{DeliveryId, DeliveryStatus, Event};
use parhelion_delivery::{Filter, Post, Release, ReplayError};
use parhelion_http::Problem;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

pub const QUERY: &[&str] = &["surface", "tenant", "target", "status", "limit", "after", "secrets"];

pub fn post(ask: &Ask) -> Result<Arc<Post>, Problem> {
    let post = ask.control.outbox(&ask.world);
    post.ok_or_else(|| Problem::new(503, "Unavailable", "the world is being deleted, or the server stops"))
}

fn id(text: &str) -> Result<DeliveryId, Problem> {
    text.parse().map_err(|()| unknown("delivery", text))
}

pub fn status(text: &str) -> Result<DeliveryStatus, Problem> {
    serde_json::from_value(text.into()).map_err(|_| {
        refused(format!(
            "unknown status \"{text}\"; known: queued, held, in_flight, succeeded, failed, cancelled"
        ))
    })
}

pub async fn list(ask: Ask) -> Answer {
    let q = &ask.query;
    let (limit, secrets) = (q.limit()?, q.read("secrets")?.unwrap_or(false));
    ask.known_filter()?;
    let owned = |name: &str| q.get(name).map(str::to_owned);
    let filter = Filter {
        surface: owned("surface"),
        tenant: owned("tenant"),
        target: owned("target"),
        status: q.get("status").map(status).transpose()?,
    };
    let after = q.get("after").map(id).transpose()?;
    let mut found = post(&ask)?.list(&filter, after, limit + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|record| record.id.to_string());
    page(found.iter().map(|record| record.json(secrets)).collect(), next)
}

pub async fn get(ask: Ask) -> Answer {
    let secrets = ask.query.read("secrets")?.unwrap_or(false);
    let record = post(&ask)?.get(id(ask.param(0))?).ok_or_else(|| unknown("delivery", ask.param(0)))?;
    ok(&record.json(secrets))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replay {
    url: Option<String>,
}

pub async fn replay(ask: Ask) -> Answer {
    let Replay { url } = ask.json()?;
    let (post, id) = (post(&ask)?, id(ask.param(0))?);
    let old = post.get(id).ok_or_else(|| unknown("delivery", ask.param(0)))?;
    post.can_replay(id, url.as_deref()).map_err(|e| refusal(&ask, e))?;
    let seq = ask.world.note_for(
        ask.world.surface_of(&old.owner.store).unwrap_or_default(),
        &old.owner,
        &parhelion_core::Call { cause: old.cause, ..ask.call() },
        Event::new("control.replayed", format!("delivery:{id}"))
            .fact(format!("delivery {id} is sent again by request")),
    );
    let new = post.replay(id, url.as_deref(), seq, ask.world.clock.now()).map_err(|e| refusal(&ask, e))?;
    ask.world.nudge();
    let record = post.get(new).ok_or_else(|| unknown("delivery", &new.to_string()))?;
    json_answer(201, &record.json(false))
}

fn refusal(ask: &Ask, why: ReplayError) -> Problem {
    match why {
        ReplayError::Unknown(_) => unknown("delivery", ask.param(0)),
        ReplayError::BodyGone(_) => Problem::new(409, "Conflict", why.to_string()),
        ReplayError::BadUrl(_) => refused(why.to_string()),
    }
}

pub async fn pause(ask: Ask) -> Answer {
    let post = post(&ask)?;
    post.pause();
    ask.journal(Event::new("control.deliveries_paused", "world:outbox").fact("deliveries are held back"));
    ok(&json!({"paused": true}))
}

pub async fn resume(ask: Ask) -> Answer {
    let released = post(&ask)?.resume();
    ask.journal(Event::new("control.deliveries_resumed", "world:outbox").fact("deliveries go out again"));
    ok(&json!({"paused": false, "released": released}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LetGo {
    count: Option<usize>,
    id: Option<String>,
}

pub async fn release(ask: Ask) -> Answer {
    let which = match ask.json()? {
        LetGo { count: Some(count), id: None } => Release::Count(count),
        LetGo { count: None, id: Some(text) } => Release::One(id(&text)?),
        _ => return Err(refused("release takes either \"count\" or \"id\"")),
    };
    let post = post(&ask)?;
    if let Release::One(id) = which {
        post.get(id).ok_or_else(|| unknown("delivery", &id.to_string()))?;
    }
    let released = post.release(which);
    if let (Release::One(id), 0) = (which, released) {
        return Err(Problem::new(409, "Conflict", format!("delivery {id} is not held")));
    }
    ask.journal(
        Event::new("control.deliveries_released", "world:outbox")
            .fact(format!("{released} held deliveries were let go"))
            .with("released", released),
    );
    ok(&json!({"released": released}))
}
