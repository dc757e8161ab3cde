//! The variables of the YAML's root, which are worked out when a run is queued: `$[ … ]` and its counters.

use super::Look;
use crate::domain::variables::{Lookup, Variables};
use parhelion_azure_pipelines::{
    pipeline::Variable as Declared,
    runtime::{self, Facts, Moment, Place, Status},
};
use parhelion_core::Timestamp;
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

/// Counters of a pipeline that are remembered; further prefixes begin anew each time.
const MAX_COUNTERS: usize = 10_000;

/// What working them out left.
pub struct WorkedOut {
    /// The last value of each counter, by prefix.
    pub counters: BTreeMap<String, i64>,
    /// What could not be told, and why.
    pub wrong: Vec<String>,
}

/// Sets the variables that the YAML's root declares, in written order.
// Docs: the YAML's value wins over one set when the run was queued, and that over the definition's.
// CHOICE: a `$[ … ]` that cannot be told is empty, and the run's beginning tells why.
pub fn declare(
    variables: &mut Variables,
    declared: &[Declared],
    groups: &BTreeMap<String, Variables>,
    look: &Look,
    now: Timestamp,
    counters: BTreeMap<String, i64>,
) -> WorkedOut {
    let counters = RefCell::new(counters);
    let mut wrong = Vec::new();
    for variable in declared {
        let (name, value) = match variable {
            Declared::Value { name, value, .. } => (name, value),
            Declared::Group(name) => {
                groups.get(&name.to_lowercase()).into_iter().for_each(|group| variables.add(group));
                continue;
            }
        };
        if runtime::inside(value).is_none() {
            variables.set(name, value.clone(), false);
            continue;
        }
        let told = runtime::variable(
            value,
            Place::RootVariable,
            &Root { variables, look, now, counters: &counters },
        );
        let value = told.unwrap_or_else(|why| {
            wrong.push(format!("{name}: {why}"));
            String::new()
        });
        variables.set(name, value, false);
    }
    WorkedOut { counters: counters.into_inner(), wrong }
}

/// What such an expression sees.
struct Root<'a> {
    variables: &'a Variables,
    look: &'a Look,
    now: Timestamp,
    counters: &'a RefCell<BTreeMap<String, i64>>,
}

impl Facts for Root<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.look(name).map(|found| found.shown().into_owned())
    }
    fn context(&self, name: &str) -> Value {
        if name != "resources" {
            return Value::Null;
        }
        // Docs: the pipeline's own repository is `self`.
        let own = self.look.repository.as_ref().map(|repository| {
            json!({
                "id": repository.id,
                "name": repository.name,
                "type": "Git",
                "ref": self.look.place.branch,
                "version": self.look.place.commit.map(|commit| commit.to_string()),
            })
        });
        json!({ "repositories": { "self": own } })
    }
    fn start_time(&self) -> Moment {
        Moment(self.now.timestamp_millis())
    }
    fn counter(&self, prefix: &str, seed: f64) -> f64 {
        let mut counters = self.counters.borrow_mut();
        // Docs: by pipeline and prefix; a prefix that is new begins at the seed.
        #[allow(clippy::cast_possible_truncation)] // A whole number, and far from the ends.
        let next = match counters.get(prefix) {
            Some(last) => last.saturating_add(1),
            None => seed as i64,
        };
        if counters.len() < MAX_COUNTERS || counters.contains_key(prefix) {
            counters.insert(prefix.to_owned(), next);
        }
        #[allow(clippy::cast_precision_loss)] // Numbers of expressions are no more exact.
        let next = next as f64;
        next
    }
    // Nothing has run.
    fn status(&self, _: Status, _: &[Arc<str>]) -> bool {
        true
    }
}
