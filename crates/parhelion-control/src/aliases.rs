//! Calls under other emulators' names, so that existing fixtures and container wait strategies work unchanged
//! (control.md 11).

use crate::ask::{Answer, Ask, ok};
use crate::life::surface_counts;
use parhelion_core::Event;
use parhelion_state::Scope;
use serde_json::{Map, Value, json};

pub async fn moto_reset(ask: Ask) -> Answer {
    ask.world.reset(Scope::World);
    ask.desk.sinks.lock().clear();
    ask.journal(
        Event::new("control.reset", "world:state").fact("the whole world was emptied, under the moto name"),
    );
    ok(&json!({"status": "ok"}))
}

pub async fn moto_data(ask: Ask) -> Answer {
    ok(&surface_counts(&ask.world))
}

pub async fn localstack_health(ask: Ask) -> Answer {
    let services: Map<String, Value> =
        ask.world.surfaces().into_iter().map(|surface| (surface.to_owned(), "running".into())).collect();
    ok(&json!({"services": services, "edition": "parhelion", "version": ask.control.facts.version}))
}
