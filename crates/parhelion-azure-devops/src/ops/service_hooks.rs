//! Service hooks: who is told of events, and what came of it.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/hooks

pub mod catalog;
pub mod diagnostics;
pub mod notifications;
pub mod query;
pub mod subscriptions;
pub mod test;

use crate::{
    error::{Error, Result},
    store::{AzureDevOpsStore, Subscription},
};
use std::sync::Arc;
use uuid::Uuid;

/// A subscription by its id as text.
fn known<'a>(store: &'a AzureDevOpsStore, id: &str) -> Result<&'a Arc<Subscription>> {
    let found = Uuid::parse_str(id).ok().and_then(|id| store.subscriptions.get(&id));
    found.ok_or_else(|| Error::SubscriptionUnknown { id: id.chars().take(80).collect() })
}
