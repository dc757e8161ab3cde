//! Who holds the deployment lock; taking it and giving it back for tests.

use super::Ask;
use crate::domain::lifecycle::OPERATION;
use crate::ops::hold_lock::{FreeLock, TakeLock};
use crate::store::{KuduStore, Lock, Phase};
use bytes::Bytes;
use parhelion_http::{Response, answer, problem};
use parhelion_state::Operation;
use serde_json::{Value, json};

pub fn get(ask: &Ask) -> Response {
    let version = ask.world.shelf::<KuduStore>().load(&ask.site);
    respond(200, &shown(version.store.lock.as_ref()))
}

pub fn put(ask: &Ask, body: &Bytes) -> Response {
    let json: Value = match body.is_empty() {
        true => json!({}),
        false => match serde_json::from_slice(body) {
            Ok(json) => json,
            Err(why) => return problem(400, "Bad request", why.to_string()),
        },
    };
    let Some(members) = json.as_object() else {
        return problem(400, "Bad request", "the body is an object: {\"operation\"?}");
    };
    if let Some(stranger) = members.keys().find(|name| *name != "operation") {
        let shown = parhelion_core::text::prefix(stranger, 200);
        return problem(400, "Unknown member", format!("\"{shown}\" is not known here; known: operation"));
    }
    let operation = match members.get("operation") {
        None => OPERATION,
        Some(Value::String(text)) if text.len() <= 200 => text,
        Some(_) => return problem(400, "Bad request", "\"operation\" is a text of at most 200 bytes"),
    };
    if ask.is_full() {
        return problem(503, "Unavailable", "there are as many sites in this world as it may have");
    }
    let shelf = ask.world.shelf::<KuduStore>();
    let taken = shelf.write(&ask.site, &ask.call, |store, tx| TakeLock::run(store, operation.to_owned(), tx));
    let version = shelf.load(&ask.site);
    match taken {
        Ok(_) => respond(200, &shown(version.store.lock.as_ref())),
        Err(_) => problem(409, "Conflict", "the lock is held already"),
    }
}

pub fn delete(ask: &Ask) -> Response {
    let shelf = ask.world.shelf::<KuduStore>();
    match shelf.write(&ask.site, &ask.call, |store, tx| FreeLock::run(store, (), tx)) {
        Ok(_) => answer(204, "application/json", Bytes::new()),
        Err(never) => match never {},
    }
}

fn shown(lock: Option<&Lock>) -> Value {
    let Some(lock) = lock else { return json!({"held": false}) };
    let mut shown = json!({
        "held": true,
        "operation": lock.operation,
        "since": lock.since.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        "deployment": lock.deployment,
    });
    let (phase, member, value) = match &lock.phase {
        Phase::ByHand => ("by_hand", "", Value::Null),
        Phase::Fetching(_) => ("fetching", "", Value::Null),
        Phase::Building(building) => {
            let until = building.until.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
            ("building", "until", json!(until))
        }
        Phase::Running(_) => ("running", "", Value::Null),
        Phase::Telling(telling) => {
            let hooks: Vec<String> = telling.waiting.iter().map(u64::to_string).collect();
            ("telling", "hooks", json!(hooks))
        }
    };
    shown["phase"] = phase.into();
    if !member.is_empty() {
        shown[member] = value;
    }
    shown
}

fn respond(status: u16, json: &Value) -> Response {
    answer(status, "application/json", json.to_string())
}
