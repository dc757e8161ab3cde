//! Whether a subscription wants an event.

use super::happened::Happening;
use crate::store::{AzureDevOpsStore, Subscription, SubscriptionStatus};

/// Values of an event that a fact names.
const NAMED: usize = 5;

/// Why a subscription is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The filter; `None`: it is told of nothing now.
    pub filter: Option<&'static str>,
    /// Why, in words.
    pub fact: String,
}

/// Holds an event against a subscription of its type.
///
/// # Errors
/// The first filter that leaves it out, or the status.
pub fn judge(
    subscription: &Subscription,
    event: &Happening<'_>,
    store: &AzureDevOpsStore,
) -> Result<(), Miss> {
    let off = |fact: &str| Err(Miss { filter: None, fact: fact.to_owned() });
    match subscription.status {
        SubscriptionStatus::Enabled => {}
        SubscriptionStatus::OnProbation => {
            return off("it is on probation: only the event that failed is sent again");
        }
        SubscriptionStatus::DisabledByUser => return off("it is disabled"),
        SubscriptionStatus::DisabledBySystem => return off("it was disabled when its receiver failed"),
    }
    let Some(known) = event.event() else { return off("there is no such event") };
    for filter in known.filters {
        let wanted = subscription.publisher_inputs.get(filter.id).map(String::as_str).unwrap_or_default();
        if wanted.is_empty() {
            continue;
        }
        let has = event.values(filter.id, store);
        // Git tells branches apart by case; everything else here is found in any.
        let same = |value: &String| match filter.id {
            "branch" => value == wanted.strip_prefix("heads/").unwrap_or(wanted),
            _ => value.eq_ignore_ascii_case(wanted),
        };
        if !has.iter().any(same) {
            let what = match has.len() {
                0 => "nothing of the kind".to_owned(),
                _ => format!("'{}'", has.iter().take(NAMED).cloned().collect::<Vec<_>>().join("' or '")),
            };
            let fact = format!("its filter {} wants '{wanted}', the event has {what}", filter.id);
            return Err(Miss { filter: Some(filter.id), fact });
        }
    }
    Ok(())
}
