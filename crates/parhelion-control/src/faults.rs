//! What goes wrong with deliveries, by rule (control.md 8).

use crate::ask::{Answer, Ask, done, ok, page, unknown};
use crate::behaviours::unlisted;
use crate::query::refused;
use chrono::TimeDelta;
use parhelion_core::{Event, OutboundFault, text::prefix, units};
use parhelion_http::Problem;
use parhelion_state::Fault;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The members of a `match`.
const MEMBERS: [&str; 4] = ["surface", "tenant", "event", "target"];
const EFFECTS: [&str; 5] = ["delay", "drop", "duplicate", "reorder", "corrupt_signature"];
/// Bytes of one member of a `match`.
const MATCH_BYTES: usize = 2_048;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    #[serde(default, rename = "match")]
    matches: Map<String, Value>,
    effect: Map<String, Value>,
    times: Option<u64>,
    #[serde(default)]
    after: u64,
    probability: Option<f64>,
}

fn shown(name: &str, fault: &Fault) -> Value {
    let (effect, value) = match fault.effect {
        OutboundFault::Delay(delay) => ("delay", json!(units::written(delay))),
        OutboundFault::Drop => ("drop", json!(true)),
        OutboundFault::Duplicate => ("duplicate", json!(true)),
        OutboundFault::Reorder => ("reorder", json!(true)),
        OutboundFault::CorruptSignature => ("corrupt_signature", json!(true)),
    };
    let mut shown = json!({"name": name, "match": *fault.matches, "effect": {effect: value}});
    if let Some(times) = fault.times {
        shown["times"] = times.into();
    }
    if fault.after > 0 {
        shown["after"] = fault.after.into();
    }
    if fault.probability < 1.0 {
        shown["probability"] = fault.probability.into();
    }
    shown["seen"] = fault.seen.into();
    shown["hits"] = fault.hits.into();
    shown
}

fn good_name(name: &str) -> Result<(), Problem> {
    let good = !name.is_empty()
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if good { Ok(()) } else { Err(refused("a fault rule's name is 1 to 128 of A-Z a-z 0-9 . _ -")) }
}

fn matches(ask: &Ask, given: &Map<String, Value>) -> Result<BTreeMap<String, String>, Problem> {
    let mut found = BTreeMap::new();
    for (member, value) in given {
        if !MEMBERS.contains(&member.as_str()) {
            return Err(unlisted(format!("unknown match member \"{}\"", prefix(member, 200)), &MEMBERS));
        }
        let text = value.as_str().filter(|text| text.len() <= MATCH_BYTES);
        let why =
            || refused(format!("the match member \"{member}\" is a text of at most {MATCH_BYTES} bytes"));
        found.insert(member.clone(), text.ok_or_else(why)?.to_owned());
    }
    if let Some(surface) = found.get("surface") {
        ask.known_surface(surface)?;
        if let Some(tenant) = found.get("tenant")
            && ask.world.tenant_named(surface, tenant).is_none()
        {
            return Err(refused(format!("\"{}\" is no name of a tenant of {surface}", prefix(tenant, 200))));
        }
    }
    Ok(found)
}

fn effect(given: &Map<String, Value>) -> Result<OutboundFault, Problem> {
    let mut members = given.iter();
    let (Some((name, value)), None) = (members.next(), members.next()) else {
        return Err(unlisted("\"effect\" has one member, which says what happens".to_owned(), &EFFECTS));
    };
    let flag = |effect| match value {
        Value::Bool(true) => Ok(effect),
        _ => Err(refused(format!("the effect \"{name}\" is true"))),
    };
    match name.as_str() {
        "delay" => {
            let text = value.as_str().ok_or_else(|| refused("the effect \"delay\" is a text, as in 60m"))?;
            let delay: TimeDelta = units::duration(text).map_err(refused)?;
            Ok(OutboundFault::Delay(delay))
        }
        "drop" => flag(OutboundFault::Drop),
        "duplicate" => flag(OutboundFault::Duplicate),
        "reorder" => flag(OutboundFault::Reorder),
        "corrupt_signature" => flag(OutboundFault::CorruptSignature),
        other => Err(unlisted(format!("unknown effect \"{}\"", prefix(other, 200)), &EFFECTS)),
    }
}

pub async fn put(ask: Ask) -> Answer {
    let name = ask.param(0);
    good_name(name)?;
    let put: Put = ask.json()?;
    let mut fault = Fault::new(matches(&ask, &put.matches)?, effect(&put.effect)?);
    fault.times = put.times;
    fault.after = put.after;
    if let Some(probability) = put.probability {
        if !(0.0..=1.0).contains(&probability) {
            return Err(refused("\"probability\" is a number from 0 to 1"));
        }
        fault.probability = probability;
    }
    let answer = shown(name, &fault);
    let event = Event::new("control.fault_put", format!("fault:{name}"))
        .fact(format!("fault rule \"{name}\": of a delivery that it hits, {}", fault.effect.shown()))
        .with("rule", answer.clone());
    let taken = ask.world.edit_faults(|faults| faults.put(name, fault));
    taken.map_err(|full| Problem::new(409, "Conflict", full))?;
    ask.journal(event);
    ok(&answer)
}

pub async fn list(ask: Ask) -> Answer {
    let limit = ask.query.limit()?;
    let (faults, after) = (ask.world.faults(), ask.query.get("after"));
    let mut rest = faults.rules().iter().filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
    let items: Vec<(&String, Value)> = rest.by_ref().take(limit).map(|(n, f)| (n, shown(n, f))).collect();
    let next = rest.next().and_then(|_| items.last().map(|(name, _)| (*name).clone()));
    page(items.into_iter().map(|(_, item)| item).collect(), next)
}

pub async fn get(ask: Ask) -> Answer {
    let (name, faults) = (ask.param(0), ask.world.faults());
    ok(&shown(name, faults.rules().get(name).ok_or_else(|| unknown("fault rule", name))?))
}

pub async fn delete(ask: Ask) -> Answer {
    let name = ask.param(0);
    if !ask.world.edit_faults(|faults| faults.remove(name)) {
        return Err(unknown("fault rule", name));
    }
    let fact = format!("fault rule \"{name}\" was deleted");
    ask.journal(Event::new("control.fault_deleted", format!("fault:{name}")).fact(fact));
    done()
}

pub async fn clear(ask: Ask) -> Answer {
    let gone = ask.world.edit_faults(parhelion_state::Faults::clear);
    let fact = format!("all fault rules were deleted: {gone}");
    ask.journal(Event::new("control.faults_deleted", "world:faults").fact(fact));
    done()
}
