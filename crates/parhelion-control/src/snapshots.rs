//! Named moments of a world (control.md 4): taking and restoring cost microseconds.

use crate::ask::{Answer, Ask, done, json_answer, page, unknown};
use crate::desk::Snapshot;
use crate::query::refused;
use crate::state::Part;
use parhelion_core::Event;
use parhelion_http::Problem;
use parhelion_state::Scope;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Snapshots kept in one world.
const SNAPSHOTS: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    name: Option<String>,
}

fn shown(name: &str, snapshot: &Snapshot) -> Value {
    json!({"name": name, "seq": snapshot.world.seq(), "at": snapshot.world.at()})
}

fn good_name(name: &str) -> Result<(), Problem> {
    let good = !name.is_empty()
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if good { Ok(()) } else { Err(refused("a snapshot's name is 1 to 128 of A-Z a-z 0-9 . _ -")) }
}

pub async fn take(ask: Ask) -> Answer {
    let Take { name } = ask.json()?;
    let name = match name {
        Some(name) => name,
        None => {
            let mut named = ask.desk.named.lock();
            *named += 1;
            format!("snapshot-{named}")
        }
    };
    good_name(&name)?;
    let snapshot = Snapshot { world: ask.world.checkpoint(), sinks: ask.desk.sinks.lock().clone() };
    let answer = shown(&name, &snapshot);
    {
        let mut kept = ask.desk.snapshots.lock();
        if kept.len() >= SNAPSHOTS && !kept.contains_key(&name) {
            return Err(Problem::new(
                409,
                "Conflict",
                format!("there are {SNAPSHOTS} snapshots already; delete one"),
            ));
        }
        kept.insert(name.clone(), Arc::new(snapshot));
    }
    ask.journal(
        Event::new("control.snapshot_taken", format!("snapshot:{name}"))
            .fact(format!("snapshot {name} was taken")),
    );
    json_answer(201, &answer)
}

pub async fn list(ask: Ask) -> Answer {
    let limit = ask.query.limit()?;
    let kept = ask.desk.snapshots.lock().clone();
    let mut rest =
        kept.iter().filter(|(name, _)| ask.query.get("after").is_none_or(|after| name.as_str() > after));
    let items: Vec<(&String, Value)> = rest.by_ref().take(limit).map(|(n, s)| (n, shown(n, s))).collect();
    let next = rest.next().and_then(|_| items.last().map(|(name, _)| (*name).clone()));
    page(items.into_iter().map(|(_, item)| item).collect(), next)
}

fn find(ask: &Ask) -> Result<Arc<Snapshot>, Problem> {
    ask.desk.snapshots.lock().get(ask.param(0)).cloned().ok_or_else(|| unknown("snapshot", ask.param(0)))
}

pub async fn delete(ask: Ask) -> Answer {
    find(&ask)?;
    ask.desk.snapshots.lock().remove(ask.param(0));
    done()
}

pub async fn restore(ask: Ask) -> Answer {
    let part: Part = ask.json()?;
    let snapshot = find(&ask)?;
    let scope = part.scope(&ask)?;
    ask.world.restore(&snapshot.world, scope);
    if scope == Scope::World {
        *ask.desk.sinks.lock() = snapshot.sinks.clone();
    }
    let fact = format!("was taken back to snapshot {}", ask.param(0));
    ask.journal(part.event("control.restored", &fact).with("snapshot", ask.param(0)));
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    to_seq: u64,
}

pub async fn rollback(ask: Ask) -> Answer {
    let Rollback { to_seq } = ask.json()?;
    let (newest, _) = ask.world.journal_range();
    if to_seq > newest {
        return Err(refused(format!("to_seq {to_seq} lies ahead: the newest entry is {newest}")));
    }
    ask.world.rollback(to_seq).map_err(|tenant| {
        Problem::new(
            409,
            "Conflict",
            format!("tenant {tenant} no longer keeps its value of entry {to_seq}; nothing was changed"),
        )
        .with("tenant", tenant)
    })?;
    ask.journal(
        Event::new("control.rolled_back", "world:state")
            .fact(format!("all tenants are as just after entry {to_seq}"))
            .with("to_seq", to_seq),
    );
    done()
}
