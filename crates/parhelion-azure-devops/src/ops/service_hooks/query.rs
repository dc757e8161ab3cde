//! Finding subscriptions by their inputs.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, service_hook as show, with},
    store::{AzureDevOpsStore, Inputs, Subscription},
    wire::{reply::Reply, request::ApiRequest, words::Words},
};
use parhelion_state::{Query as Reading, View};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Conditions of a query in all.
const MAX_CONDITIONS: usize = 100;
// OBSERVED: names and numbers.
const OPERATOR: Words = Words(&[("equals", 0), ("notEquals", 1)]);

/// A query: what is absent leaves all in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    publisher_id: Option<String>,
    event_type: Option<String>,
    consumer_id: Option<String>,
    consumer_action_id: Option<String>,
    publisher_input_filters: Option<Vec<InputFilter>>,
    consumer_input_filters: Option<Vec<InputFilter>>,
}

/// Conditions that all hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct InputFilter {
    conditions: Option<Vec<Condition>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    input_id: Option<String>,
    input_value: Option<String>,
    operator: Option<Value>,
    case_sensitive: bool,
}

impl Condition {
    fn holds(&self, inputs: &Inputs) -> bool {
        let has = show::value_of(inputs, self.input_id.as_deref().unwrap_or_default());
        let wanted = self.input_value.as_deref().unwrap_or_default();
        let same = if self.case_sensitive { has == wanted } else { has.eq_ignore_ascii_case(wanted) };
        let differs = self.operator.as_ref().is_some_and(|o| OPERATOR.find(o) == Some("notEquals"));
        same != differs
    }
}

/// Whether one of the filters holds; without any, everything is left in.
fn any(filters: Option<&Vec<InputFilter>>, inputs: &Inputs) -> bool {
    let Some(filters) = filters.filter(|f| !f.is_empty()) else { return true };
    filters.iter().any(|f| f.conditions.iter().flatten().all(|c| c.holds(inputs)))
}

impl Wanted {
    fn holds(&self, of: &Subscription) -> bool {
        let same = |wanted: &Option<String>, has: &str| {
            wanted.as_deref().is_none_or(|w| w.is_empty() || w.eq_ignore_ascii_case(has))
        };
        same(&self.publisher_id, &of.publisher)
            && same(&self.event_type, &of.event_type)
            && same(&self.consumer_id, &of.consumer)
            && same(&self.consumer_action_id, &of.action)
            && any(self.publisher_input_filters.as_ref(), &of.publisher_inputs)
            // What is kept to ourselves cannot be found out by asking.
            && any(self.consumer_input_filters.as_ref(), &crate::domain::service_hooks::masked(&of.consumer_inputs))
    }
}

/// A query, and its members as they were given.
pub struct Asked {
    wanted: Wanted,
    given: Map<String, Value>,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let wanted: Wanted = request.json()?;
        let filters = [&wanted.publisher_input_filters, &wanted.consumer_input_filters];
        let all = filters.into_iter().flatten().flatten().flat_map(|f| f.conditions.iter().flatten());
        let mut count = 0usize;
        for condition in all {
            OPERATOR.member("operator", condition.operator.as_ref())?;
            count += 1;
        }
        if count > MAX_CONDITIONS {
            return Err(Error::invalid(format!("A query may have at most {MAX_CONDITIONS} conditions.")));
        }
        Ok(Asked { wanted, given: request.json()? })
    }
}

/// Subscriptions_CreateSubscriptionsQuery: the query with its results.
pub struct Query;

impl Reading for Query {
    const NAME: &'static str = "Subscriptions_CreateSubscriptionsQuery";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, asked: Asked, view: &View<'_>) -> Result<Reply> {
        let links = Links::of(store, view.call);
        let mut found: Vec<&Arc<Subscription>> =
            store.subscriptions.values().filter(|s| asked.wanted.holds(s)).collect();
        found.sort_by_key(|s| (s.created, s.id));
        let found: Vec<Value> = found.into_iter().map(|s| show::subscription(store, s, &links)).collect();
        Ok(Reply::One(with(Value::Object(asked.given), [("results", Value::Array(found))])))
    }
}
