//! Is it there, what is it, what can it do (control.md 2, 3).

use crate::ask::{Answer, Ask, done, json_answer, ok, page, unknown};
use crate::operations;
use parhelion_core::{WorldName, limits};
use parhelion_http::Problem;
use serde_json::{Map, Value, json};

pub async fn index(ask: Ask) -> Answer {
    let calls: Vec<Value> =
        operations::infos().iter().map(|info| json!({"name": info.name, "call": info.route})).collect();
    ok(&json!({"parhelion": ask.control.facts.version, "world": ask.world.name(), "calls": calls}))
}

pub async fn health(ask: Ask) -> Answer {
    if ask.control.is_stopping() {
        return json_answer(503, &json!({"status": "stopping"}));
    }
    ok(&json!({"status": "ok"}))
}

/// Numbers of tenants and records of every surface of a world.
pub fn surface_counts(world: &parhelion_state::World) -> Map<String, Value> {
    let count = |surface: &'static str| {
        let tenants = world.tenants(surface);
        let records: usize = tenants.iter().flat_map(|t| world.counts(surface, t)).map(|(_, n)| n).sum();
        (surface.to_owned(), json!({"tenants": tenants.len(), "records": records}))
    };
    world.surfaces().into_iter().map(count).collect()
}

pub async fn info(ask: Ask) -> Answer {
    let facts = &ask.control.facts;
    let (journal, gone) = ask.world.journal_range();
    let (queued, in_flight, kept) = ask.world.delivery_counts();
    let script = ask.world.script();
    let used: u64 = script.behaviours().values().map(|behaviour| behaviour.used).sum();
    let uptime = (facts.real.now() - facts.started).num_milliseconds().max(0);
    ok(&json!({
        "version": facts.version,
        "uptime_secs": uptime as f64 / 1000.0,
        "seed": facts.seed,
        "listen": facts.listen,
        "public_url": facts.public_url,
        "world": ask.world.name(),
        "worlds": ask.control.worlds.all().len(),
        "clock": crate::time::shown(&ask.world),
        "surfaces": surface_counts(&ask.world),
        "journal": {"seq": journal, "gone": gone},
        "requests": {"kept": ask.world.requests().lock().iter().len(), "gone": ask.world.requests().lock().gone()},
        "deliveries": {"queued": queued, "in_flight": in_flight, "kept": kept},
        "behaviours": {"kept": script.behaviours().len(), "used": used},
        "paces": script.paces().count(),
        "limits": {
            "body_bytes": limits::BODY_BYTES,
            "streamed_body_bytes": limits::STREAMED_BODY_BYTES,
            "nesting": limits::NESTING,
            "head_bytes": limits::HEAD_BYTES,
            "headers": limits::HEADERS,
            "connections": limits::CONNECTIONS,
            "worlds": limits::WORLDS,
            "tenants": limits::TENANTS,
            "journal_events": limits::JOURNAL_EVENTS,
            "requests": limits::REQUESTS,
            "deliveries": limits::DELIVERIES,
            "behaviours": limits::BEHAVIOURS,
            "outcomes": limits::OUTCOMES,
            "wait_secs": limits::WAIT_SECS,
        },
    }))
}

pub async fn coverage(ask: Ask) -> Answer {
    let wanted = ask.query.get("surface");
    let all = ask.control.facts.operations.iter().copied().chain([("control", operations::infos())]);
    let surfaces: Vec<Value> = all
        .filter(|(surface, _)| wanted.is_none_or(|wanted| wanted == *surface))
        .map(|(surface, operations)| json!({"surface": surface, "count": operations.len(), "operations": operations}))
        .collect();
    if surfaces.is_empty() {
        return Err(crate::query::refused(format!("unknown surface \"{}\"", wanted.unwrap_or_default())));
    }
    ok(&json!({"surfaces": surfaces}))
}

pub async fn list_worlds(ask: Ask) -> Answer {
    let limit = ask.query.limit()?;
    let after = ask.query.get("after").map(str::to_owned);
    let mut all = ask.control.worlds.all();
    all.retain(|world| after.as_deref().is_none_or(|after| world.name().as_str() > after));
    let more = all.len() > limit;
    all.truncate(limit);
    let items = all
        .iter()
        .map(|world| {
            let counts = surface_counts(world);
            let sum = |member: &str| counts.values().filter_map(|c| c[member].as_u64()).sum::<u64>();
            let last = world.entry(world.journal_range().0).map(|entry| entry.at);
            json!({"name": world.name(), "tenants": sum("tenants"), "records": sum("records"), "last_used": last})
        })
        .collect();
    page(items, more.then(|| all.last().map(|world| world.name().to_string())).flatten())
}

pub async fn delete_world(ask: Ask) -> Answer {
    let name: WorldName = ask
        .param(0)
        .parse()
        .map_err(|e: parhelion_core::tenant::BadWorldName| crate::query::refused(e.to_string()))?;
    if name.is_main() {
        return Err(Problem::new(
            409,
            "Conflict",
            "the world \"main\" stays; POST /_parhelion/reset empties it",
        ));
    }
    if !ask.control.worlds.delete(&name) {
        return Err(unknown("world", name.as_str()));
    }
    ask.control.forget(&name);
    done()
}
