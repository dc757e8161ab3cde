//! What is counted of a subscription.

use super::{known, subscriptions::One};
use crate::{
    domain::service_hooks::subject,
    error::{Error, Result},
    operations::Input,
    show::service_hook as show,
    store::{AzureDevOpsStore, Tracing},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Timestamp, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;

/// Diagnostics_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Diagnostics_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, One(id): One, _: &View<'_>) -> Result<Reply> {
        Ok(Reply::One(show::diagnostics(known(store, &id)?)))
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Given {
    delivery_results: Option<Switch>,
    delivery_tracing: Option<Switch>,
    evaluation_tracing: Option<Switch>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Switch {
    enabled: bool,
}

impl Switch {
    /// Switches a counter: on from zero, or off with what it has.
    fn turn(&self, tracing: &mut Tracing, now: Timestamp) {
        match (self.enabled, tracing.since) {
            (true, None) => *tracing = Tracing { since: Some(now), entries: 0 },
            (false, Some(_)) => tracing.since = None,
            _ => {}
        }
    }
}

/// A subscription's id and what to count.
pub struct Changed {
    id: String,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { id: request.value("subscriptionId").to_owned(), given: request.json()? })
    }
}

/// Diagnostics_Update: the counters that are named.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Diagnostics_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let mut subscription = known(store, &input.id)?.as_ref().clone();
        let given = [
            (input.given.delivery_results, &mut subscription.results),
            (input.given.delivery_tracing, &mut subscription.delivery),
            (input.given.evaluation_tracing, &mut subscription.evaluation),
        ];
        for (switch, tracing) in given {
            if let Some(switch) = switch {
                switch.turn(tracing, tx.now());
            }
        }
        let fact = "what is counted of the subscription was changed";
        tx.emit(Event::new("hook.changed", subject(subscription.id)).fact(fact).verdict(Verdict::Ok));
        let shown = show::diagnostics(&subscription);
        store.put_subscription(subscription);
        Ok(Reply::One(shown))
    }
}
