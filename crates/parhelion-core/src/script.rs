//! Simulated work: what a surface understands in behaviours and pace, and what it is told (control.md 5, 9).

use crate::{Event, units};
use chrono::TimeDelta;
use serde_json::{Map, Value};

/// What a surface understands of behaviours and pace. The control API refuses by name what is not listed here, so a
/// slip of the pen does not pass in silence.
#[derive(Clone, Copy, Debug)]
pub struct Scripting {
    /// The members of a `match` beside `surface` and `tenant`, which every surface has.
    pub members: &'static [&'static str],
    /// The outcomes by name, each with the members that it takes.
    pub outcomes: &'static [(&'static str, &'static [&'static str])],
    /// The kinds of things that have a pace.
    pub kinds: &'static [&'static str],
    /// Says what is wrong with the values of an outcome's members, given its name and the members, all of them known.
    /// `delay` has been checked already.
    pub check: fn(&str, &Map<String, Value>) -> Result<(), String>,
}

impl Scripting {
    /// Nothing can be scripted.
    pub const NONE: Scripting = Scripting { members: &[], outcomes: &[], kinds: &[], check: |_, _| Ok(()) };

    /// The members of an outcome; `None` when there is none of that name.
    pub fn members_of(&self, outcome: &str) -> Option<&'static [&'static str]> {
        self.outcomes.iter().find(|(name, _)| *name == outcome).map(|(_, members)| *members)
    }
}

/// How fast simulated work goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    #[default]
    Immediate,
    /// After a while of the emulator's time.
    After(TimeDelta),
    /// When it is stepped (`POST /_parhelion/step`).
    Manual,
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pace::Immediate => f.write_str("immediate"),
            Pace::After(delay) => write!(f, "after {}", units::written(*delay)),
            Pace::Manual => f.write_str("manual"),
        }
    }
}

/// How one attempt at a piece of simulated work is to come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Scripted {
    /// The behaviour that says so, by name.
    pub behaviour: String,
    /// `succeed`, `fail`, `hang` or another of the surface's outcomes.
    pub outcome: String,
    /// Its members as they were put, each one that the surface understands.
    pub members: Map<String, Value>,
}

impl Scripted {
    /// How long the work takes, in the emulator's time; `None` when the outcome says nothing of it.
    pub fn delay(&self) -> Option<TimeDelta> {
        self.text("delay").and_then(|text| units::duration(text).ok())
    }
    /// A member that is a text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str)
    }
    /// What the journal is to say where the behaviour was used, about the thing (`action:…`) that it was used for.
    /// Who draws an outcome tells this, right after what says that the work has begun.
    pub fn used(&self, subject: impl Into<String>) -> Event {
        let (name, outcome) = (&self.behaviour, &self.outcome);
        Event::new("behaviour.used", subject)
            .fact(format!("behaviour \"{name}\" says how this attempt comes out: {outcome}"))
            .with("behaviour", name.clone())
            .with("outcome", outcome.clone())
            .with("members", Value::Object(self.members.clone()))
    }
}
