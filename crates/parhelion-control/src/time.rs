//! The world's clock (control.md 5).

use crate::ask::{Answer, Ask, ok};
use crate::query::refused;
use crate::units;
use parhelion_core::{Event, Timestamp};
use parhelion_http::Problem;
use parhelion_state::{ClockMode, END_OF_TIME, World};
use serde::Deserialize;
use serde_json::{Value, json};

/// `{"mode","now","factor"?}`.
pub fn shown(world: &World) -> Value {
    let mut shown = serde_json::to_value(world.clock.mode()).unwrap_or_default();
    shown["now"] = json!(world.clock.now());
    shown
}

/// A time as answers write it.
pub fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

pub async fn get(ask: Ask) -> Answer {
    ok(&shown(&ask.world))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    System,
    Manual,
    Scaled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    mode: Mode,
    factor: Option<f64>,
    now: Option<String>,
}

pub async fn put(ask: Ask) -> Answer {
    let put: Put = ask.json()?;
    let mode = match (put.mode, put.factor) {
        (Mode::System, None) => ClockMode::System,
        (Mode::Manual, None) => ClockMode::Manual,
        (Mode::Scaled, Some(factor)) if (0.001..=1_000_000.0).contains(&factor) => {
            ClockMode::Scaled { factor }
        }
        (Mode::Scaled, _) => return Err(refused("a scaled clock takes a \"factor\" from 0.001 to 1000000")),
        (_, Some(_)) => return Err(refused("only a scaled clock takes a \"factor\"")),
    };
    let now = put.now.as_deref().map(units::time).transpose().map_err(refused)?;
    ask.world.clock.set(mode, now).map_err(|back| {
        Problem::new(
            409,
            "Conflict",
            format!("time never goes back: it is {} (reset and restore may do so)", written(back.now)),
        )
    })?;
    ask.world.stir();
    ask.journal(
        Event::new("control.clock_set", "world:clock")
            .fact("the clock was set")
            .with("clock", shown(&ask.world)),
    );
    ok(&shown(&ask.world))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by: Option<String>,
    to: Option<String>,
}

pub async fn advance(ask: Ask) -> Answer {
    let now = ask.world.clock.now();
    let to = match ask.json()? {
        Advance { by: Some(by), to: None } => now + units::duration(&by).map_err(refused)?,
        Advance { by: None, to: Some(to) } => units::time(&to).map_err(refused)?,
        _ => return Err(refused("advance takes either \"by\" or \"to\"")),
    };
    if to < now {
        return Err(Problem::new(409, "Conflict", format!("time never goes back: it is {}", written(now))));
    }
    if to - now > chrono::TimeDelta::days(36_600) {
        return Err(refused("that is more than 100 years ahead"));
    }
    if to > END_OF_TIME {
        return Err(refused(format!("that is past {}", written(END_OF_TIME))));
    }
    let advanced = ask.unless_stopped(ask.world.advance(to)).await?;
    let (from, until) = (written(now), written(advanced.now));
    ask.journal(
        Event::new("clock.advanced", "world:clock")
            .fact(format!("the clock went from {from} to {until}, over {} deadlines", advanced.steps))
            .with("steps", advanced.steps),
    );
    ok(&json!({"now": advanced.now, "steps": advanced.steps}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Idle {
    timeout: Option<String>,
}

pub async fn idle(ask: Ask) -> Answer {
    let Idle { timeout } = ask.json()?;
    let timeout = units::wait(timeout.as_deref().unwrap_or("5s")).map_err(refused)?;
    if ask.wait(timeout, ask.world.idle()).await?.is_some() {
        return ok(&json!({"idle": true}));
    }
    let pending = ask.world.pending();
    let problem = Problem::new(408, "Not idle", format!("after {timeout:?}: {}", pending.join("; ")));
    Err(problem.with("pending", pending))
}
