//! Waiting until something is so, and telling why it is not (control.md 5): `POST /await`.

mod condition;

use crate::ask::{Answer, Ask, ok};
use crate::query::refused;
use crate::time::written;
use crate::units;
use condition::{Condition, Looked};
use parhelion_http::Problem;
use parhelion_state::ClockMode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Until {
    condition: Map<String, Value>,
    timeout: Option<String>,
}

/// How the waiting ended.
enum End {
    /// By this.
    Fulfilled(Value),
    /// Nothing goes on, and the clock stands.
    Stuck,
    /// The world goes.
    Closed,
}

pub async fn until(ask: Ask) -> Answer {
    let Until { condition, timeout } = ask.json()?;
    let timeout = units::wait(timeout.as_deref().unwrap_or("10s")).map_err(refused)?;
    let condition = Condition::read(&ask, &condition)?;
    match ask.wait(timeout, waited(&ask, &condition)).await? {
        Some(End::Fulfilled(by)) => ok(&json!({condition.name(): by})),
        Some(End::Stuck | End::Closed) => Err(told(&ask, &condition, None)),
        None => Err(told(&ask, &condition, Some(format!("after {timeout:?}")))),
    }
}

async fn waited(ask: &Ask, condition: &Condition) -> End {
    let world = &ask.world;
    let mut changes = world.changes();
    let mut looked = Looked::default();
    loop {
        changes.borrow_and_update();
        if let Some(by) = condition.fulfilled(ask, &mut looked) {
            return End::Fulfilled(by);
        }
        let stands = world.clock.mode() == ClockMode::Manual && world.pending().is_empty();
        if stands && !condition.others_may(ask) {
            // What was pending a moment ago may have been the very thing.
            return condition.fulfilled(ask, &mut looked).map_or(End::Stuck, End::Fulfilled);
        }
        if world.is_closed() || changes.changed().await.is_err() {
            return End::Closed;
        }
    }
}

/// A 408 with what did happen. `None`: it did not wait, since the clock stands.
fn told(ask: &Ask, condition: &Condition, after: Option<String>) -> Problem {
    let deadline = ask.world.next_deadline().map(written);
    let waits_for = condition.waits_for(ask);
    let mut detail = match &after {
        Some(after) => format!("{after}: {}", condition.missing(ask)),
        None => {
            format!("{}, and nothing goes on before the manual clock is advanced", condition.missing(ask))
        }
    };
    match &deadline {
        Some(deadline) => detail.push_str(&format!("; the next deadline is {deadline}")),
        None if after.is_none() => detail.push_str("; no deadline lies ahead"),
        None => {}
    }
    for fact in &waits_for {
        detail.push_str(&format!("; {fact}"));
    }
    let problem = Problem::new(408, "Not fulfilled", detail)
        .with("state", condition.state(ask))
        .with("waits_for", waits_for)
        .with("pending", ask.world.pending())
        .with("nearest", condition.nearest(ask));
    match deadline {
        Some(deadline) => problem.with("next_deadline", deadline),
        None => problem,
    }
}
