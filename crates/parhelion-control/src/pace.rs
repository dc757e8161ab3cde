//! How fast simulated work goes, and moving by hand what stands until it is stepped (control.md 5).

use crate::ask::{Answer, Ask, ok};
use crate::behaviours::{scripted, scripted_surface, unlisted};
use crate::query::refused;
use crate::units;
use parhelion_core::{Event, Pace, text::prefix};
use parhelion_http::Problem;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Immediate,
    After,
    Manual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    surface: Option<String>,
    kind: Option<String>,
    mode: Mode,
    delay: Option<String>,
}

fn shown(surface: Option<&str>, kind: Option<&str>, pace: Pace) -> Value {
    let mut shown = Map::new();
    for (member, value) in [("surface", surface), ("kind", kind)] {
        if let Some(value) = value {
            shown.insert(member.to_owned(), value.into());
        }
    }
    let mode = match pace {
        Pace::Immediate => "immediate",
        Pace::After(_) => "after",
        Pace::Manual => "manual",
    };
    shown.insert("mode".to_owned(), mode.into());
    if let Pace::After(delay) = pace {
        shown.insert("delay".to_owned(), parhelion_core::units::written(delay).into());
    }
    Value::Object(shown)
}

pub async fn put(ask: Ask) -> Answer {
    let put: Put = ask.json()?;
    let pace = match (put.mode, put.delay.as_deref()) {
        (Mode::Immediate, None) => Pace::Immediate,
        (Mode::Manual, None) => Pace::Manual,
        (Mode::After, Some(delay)) => Pace::After(units::duration(delay).map_err(refused)?),
        (Mode::After, None) => return Err(refused("the mode \"after\" takes a \"delay\", as in 90m")),
        (_, Some(_)) => return Err(refused("only the mode \"after\" takes a \"delay\"")),
    };
    let mut kinds: Vec<&str> = match &put.surface {
        Some(surface) => scripted_surface(&ask, surface)?.1.kinds.to_vec(),
        None => scripted(&ask.control).flat_map(|(_, scripting)| scripting.kinds.iter().copied()).collect(),
    };
    kinds.sort_unstable();
    kinds.dedup();
    if let Some(kind) = put.kind.as_deref().filter(|kind| !kinds.contains(kind)) {
        return Err(unlisted(format!("unknown kind \"{}\"", prefix(kind, 200)), &kinds));
    }
    let (surface, kind) = (put.surface.as_deref(), put.kind.as_deref());
    ask.world.edit_script(|script| script.set_pace(surface, kind, pace));
    let set = shown(surface, kind, pace);
    ask.journal(
        Event::new("control.pace_set", "world:pace")
            .fact(format!(
                "the pace of {} {} is {pace}",
                surface.unwrap_or("all surfaces"),
                kind.unwrap_or("work")
            ))
            .with("pace", set.clone()),
    );
    ok(&set)
}

pub async fn get(ask: Ask) -> Answer {
    let script = ask.world.script();
    let items: Vec<Value> = script.paces().map(|(surface, kind, pace)| shown(surface, kind, pace)).collect();
    ok(&json!({"items": items}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    surface: String,
    id: Option<String>,
}

pub async fn step(ask: Ask) -> Answer {
    let Step { surface, id } = ask.json()?;
    let (surface, _) = scripted_surface(&ask, &surface)?;
    let Some(stepped) = ask.world.step_by_hand(surface, id.as_deref(), &ask.call()) else {
        let what = id.map_or_else(|| "nothing".to_owned(), |id| format!("no \"{}\"", prefix(&id, 200)));
        let detail = format!("{what} of {surface} stands until it is stepped");
        return Err(Problem::new(409, "Nothing to step", detail));
    };
    ask.journal(
        Event::new("control.stepped", stepped.what.clone())
            .fact(format!("{} of {surface} {} was stepped", stepped.what, stepped.tenant))
            .with("surface", surface),
    );
    ok(&json!({"surface": surface, "tenant": stepped.tenant, "stepped": stepped.what}))
}
