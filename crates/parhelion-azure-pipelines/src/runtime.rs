//! Expressions that are evaluated after expansion: `$[ … ]` of variables and conditions. The same language as in
//! `${{ … }}` with other names and functions, and other texts when something is wrong with it.
//!
//! | | variables | dependencies, stageDependencies | resources | pipeline | functions besides the common ones |
//! |---|---|---|---|---|---|
//! | [`Place::RootVariable`] | yes | no | yes | yes | `counter` |
//! | [`Place::JobVariable`] | yes | yes | yes | yes | |
//! | [`Place::Condition`] | yes | yes | no | yes | `always canceled failed succeeded succeededOrFailed` |
//! | [`Place::StepCondition`] | yes | no | no | no | the same, without names |
//!
//! `queue` says what is checked of them when a run is queued.

pub(crate) mod queue;

pub use crate::expr::{Moment, Status};

use crate::expr::{self, Budget, Fail, Names, Object, Scope, Slot, Value};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

/// Where an expression of run time stands.
// OBSERVED: which names are known where; of steps' conditions and jobs' variables that is our reading, since the
// service looks at their names in the run only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `$[ … ]` of a variable of the file itself: evaluated when the run is queued.
    RootVariable,
    /// `$[ … ]` of a variable of a stage or a job: evaluated before it starts.
    JobVariable,
    /// The condition of a stage or a job.
    Condition,
    /// The condition of a step.
    StepCondition,
}

/// What the run knows.
pub trait Facts {
    /// The value of a variable, by name in any case.
    fn variable(&self, name: &str) -> Option<String>;
    /// `dependencies`, `stageDependencies` or `resources`: names in them fold case.
    fn context(&self, name: &str) -> serde_json::Value;
    /// When the run started.
    fn start_time(&self) -> Moment;
    /// The next value of the counter of a prefix, which starts at `seed`. Called once for each `counter` that is
    /// evaluated.
    fn counter(&self, prefix: &str, seed: f64) -> f64;
    /// How it stands with the jobs or stages of those names; of none: with all that are waited for, or with the job
    /// that a step is of.
    fn status(&self, asked: Status, names: &[Arc<str>]) -> bool;
}

/// The inside of a value that is one `$[ … ]`.
// Docs: such an expression takes up the whole value.
pub fn inside(value: &str) -> Option<&str> {
    value.trim().strip_prefix("$[")?.strip_suffix(']').map(str::trim)
}

/// The text of a variable's value: that of its `$[ … ]`, or the value itself if it is none.
///
/// # Errors
/// The service's text for what is wrong with the expression.
pub fn variable(value: &str, place: Place, facts: &dyn Facts) -> Result<String, String> {
    let Some(inner) = inside(value) else { return Ok(value.to_owned()) };
    let value = evaluate(inner, place, facts)?;
    expr::to_text(&value).map(|t| t.to_string()).map_err(said)
}

/// Whether a condition holds.
///
/// # Errors
/// The service's text for what is wrong with it.
pub fn condition(text: &str, place: Place, facts: &dyn Facts) -> Result<bool, String> {
    evaluate(text.trim(), place, facts).map(|value| expr::to_bool(&value))
}

fn evaluate(inner: &str, place: Place, facts: &dyn Facts) -> Result<Value, String> {
    let known = Known(place.slot());
    let expr = expr::parse(inner, &known, 0).map_err(|fault| fault.message(inner, 0))?;
    expr::eval(&expr, &Run { facts, contexts: RefCell::default() }, &Budget::default()).map_err(said)
}

fn said(fail: Fail) -> String {
    match fail {
        Fail::Here(message) => message,
        Fail::Stop(message) => message.to_owned(),
    }
}

impl Place {
    fn slot(self) -> Slot {
        match self {
            Place::RootVariable => Slot::RootVariable,
            Place::JobVariable => Slot::JobVariable,
            Place::Condition => Slot::Condition,
            Place::StepCondition => Slot::StepCondition,
        }
    }
}

/// The names of a slot.
struct Known(Slot);

impl Names for Known {
    fn known(&self, name: &str) -> bool {
        let all: &[&str] = match self.0 {
            Slot::RootVariable => &["variables", "resources", "pipeline"],
            Slot::JobVariable => &["variables", "dependencies", "stagedependencies", "resources", "pipeline"],
            Slot::Condition => &["variables", "dependencies", "stagedependencies", "pipeline"],
            Slot::StepCondition => &["variables"],
            Slot::StepSyntax | Slot::Template => &[],
        };
        all.contains(&name)
    }

    fn slot(&self) -> Slot {
        self.0
    }
}

struct Run<'f> {
    facts: &'f dyn Facts,
    /// What the contexts stand for, asked once however often they are named: each is as large as the run.
    contexts: RefCell<BTreeMap<&'static str, Value>>,
}

impl Run<'_> {
    fn context(&self, name: &'static str) -> Value {
        let mut contexts = self.contexts.borrow_mut();
        contexts.entry(name).or_insert_with(|| folding(&self.facts.context(name))).clone()
    }
}

impl Scope for Run<'_> {
    fn named(&self, name: &str) -> Value {
        match name {
            "pipeline" => {
                let start = (Arc::from("startTime"), Value::DateTime(self.facts.start_time()));
                Value::Object(Arc::new(Object::folding([start])))
            }
            "stagedependencies" => self.context("stageDependencies"),
            "dependencies" => self.context("dependencies"),
            "resources" => self.context("resources"),
            // CHOICE: the variables as a whole are none; a run has too many of them.
            _ => Value::Null,
        }
    }

    fn variable(&self, name: &str) -> Option<Value> {
        self.facts.variable(name).map(Value::text)
    }

    fn counter(&self, prefix: &str, seed: f64) -> Value {
        Value::Number(self.facts.counter(prefix, seed))
    }

    fn status(&self, asked: Status, names: &[Arc<str>]) -> bool {
        self.facts.status(asked, names)
    }
}

/// JSON as a value whose names fold case. OBSERVED for `resources`. Its depth is the caller's.
fn folding(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Array(items) => Value::array(items.iter().map(folding).collect()),
        serde_json::Value::Object(map) => {
            let entries = map.iter().map(|(k, v)| (Arc::from(k.as_str()), folding(v)));
            Value::Object(Arc::new(Object::folding(entries)))
        }
        other => Value::from(other),
    }
}
