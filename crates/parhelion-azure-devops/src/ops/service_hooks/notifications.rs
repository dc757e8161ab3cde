//! What was told to subscriptions, newest first.

use super::known;
use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, service_hook as show, with},
    store::{AzureDevOpsStore, Notification, NotificationResult, NotificationStatus},
    wire::{reply::Reply, request::ApiRequest, words::Words},
};
use chrono::DateTime;
use parhelion_core::Timestamp;
use parhelion_state::{Query as Reading, View};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// Notifications of a list, unless said otherwise.
const USUAL: usize = 100;
/// At most.
const MAX: usize = 1000;
/// Subscriptions that a query names at most.
const MAX_NAMED: usize = 1000;

// OBSERVED: names and numbers of these two.
const STATUS: Words =
    Words(&[("queued", 0), ("processing", 10), ("requestInProgress", 20), ("completed", 100)]);
const RESULT: Words = Words(&[("pending", 0), ("succeeded", 10), ("failed", 20), ("filtered", 30)]);

fn status_of(of: &Notification) -> &'static str {
    match of.status {
        NotificationStatus::Queued => "queued",
        NotificationStatus::Processing => "processing",
        NotificationStatus::Completed => "completed",
    }
}
fn result_of(of: &Notification) -> &'static str {
    match of.result {
        NotificationResult::Pending => "pending",
        NotificationResult::Succeeded => "succeeded",
        NotificationResult::Failed => "failed",
    }
}

/// The subscription of the path: a known one, or none for tests of none.
fn subscription(store: &AzureDevOpsStore, id: &str) -> Result<Uuid> {
    if Uuid::parse_str(id).is_ok_and(|id| id.is_nil()) {
        return Ok(Uuid::nil());
    }
    known(store, id).map(|s| s.id)
}

/// A subscription and what of its notifications is wanted.
pub struct Listed {
    subscription: String,
    max: usize,
    status: Option<&'static str>,
    result: Option<&'static str>,
}

impl Input for Listed {
    fn read(request: &ApiRequest) -> Result<Self> {
        let query = &request.query;
        Ok(Listed {
            subscription: request.value("subscriptionId").to_owned(),
            max: query.parsed::<usize>("maxResults")?.unwrap_or(USUAL).min(MAX),
            status: STATUS.parameter("status", query.get("status"))?,
            result: RESULT.parameter("result", query.get("result"))?,
        })
    }
}

/// Notifications_List.
pub struct List;

impl Reading for List {
    const NAME: &'static str = "Notifications_List";
    type Store = AzureDevOpsStore;
    type Input = Listed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, asked: Listed, _: &View<'_>) -> Result<Reply> {
        let of = subscription(store, &asked.subscription)?;
        let keep = |n: &&Arc<Notification>| {
            n.subscription == of
                && asked.status.is_none_or(|s| s == status_of(n))
                && asked.result.is_none_or(|r| r == result_of(n))
        };
        let found = store.notifications.values().rev().filter(keep).take(asked.max);
        Ok(Reply::list(found.map(|n| show::notification(n, true)).collect()))
    }
}

/// A notification of a subscription.
pub struct One {
    subscription: String,
    number: String,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let value = |name| request.value(name).to_owned();
        Ok(One { subscription: value("subscriptionId"), number: value("notificationId") })
    }
}

/// Notifications_Get.
pub struct Get;

impl Reading for Get {
    const NAME: &'static str = "Notifications_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, asked: One, _: &View<'_>) -> Result<Reply> {
        let of = subscription(store, &asked.subscription)?;
        let found = asked.number.parse::<u64>().ok().and_then(|n| store.notifications.get(&n));
        let unknown = || Error::NotificationUnknown { id: asked.number.chars().take(80).collect() };
        let found = found.filter(|n| n.subscription == of).ok_or_else(unknown)?;
        Ok(Reply::One(show::notification(found, true)))
    }
}

/// A query: what is absent leaves all in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    subscription_ids: Option<Vec<String>>,
    publisher_id: Option<String>,
    min_created_date: Option<String>,
    max_created_date: Option<String>,
    status: Option<Value>,
    result_type: Option<Value>,
    max_results: Option<i64>,
    max_results_per_subscription: Option<i64>,
    include_details: Option<bool>,
}

/// A query, read, and its members as they were given.
pub struct Asked {
    wanted: Wanted,
    ids: Option<Vec<Uuid>>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    status: Option<&'static str>,
    result: Option<&'static str>,
    given: Map<String, Value>,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let wanted: Wanted = request.json()?;
        let bad = |name: &str| Error::invalid(format!("The {name} is not valid."));
        let instant = |name: &str, text: &Option<String>| -> Result<Option<Timestamp>> {
            let text = text.as_deref().filter(|t| !t.is_empty());
            text.map(|t| DateTime::parse_from_rfc3339(t).map(|at| at.to_utc()).map_err(|_| bad(name)))
                .transpose()
        };
        let ids = wanted.subscription_ids.as_ref().filter(|ids| !ids.is_empty());
        if ids.is_some_and(|ids| ids.len() > MAX_NAMED) {
            return Err(bad("subscriptionIds"));
        }
        let ids = ids
            .map(|ids| ids.iter().map(|id| Uuid::parse_str(id).map_err(|_| bad("subscriptionIds"))).collect())
            .transpose()?;
        Ok(Asked {
            ids,
            from: instant("minCreatedDate", &wanted.min_created_date)?,
            to: instant("maxCreatedDate", &wanted.max_created_date)?,
            status: STATUS.member("status", wanted.status.as_ref())?,
            result: RESULT.member("resultType", wanted.result_type.as_ref())?,
            wanted,
            given: request.json()?,
        })
    }
}

impl Asked {
    fn holds(&self, of: &Notification) -> bool {
        let publisher = self.wanted.publisher_id.as_deref().filter(|p| !p.is_empty());
        self.ids.as_ref().is_none_or(|ids| ids.contains(&of.subscription))
            && publisher.is_none_or(|p| p.eq_ignore_ascii_case(&of.publisher))
            && self.from.is_none_or(|at| at <= of.created)
            && self.to.is_none_or(|at| of.created <= at)
            && self.status.is_none_or(|s| s == status_of(of))
            && self.result.is_none_or(|r| r == result_of(of))
    }
}

fn bound(given: Option<i64>) -> usize {
    given.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(MAX).min(MAX)
}

/// Notifications_Query: the query with its results, their count by outcome, and the subscriptions.
pub struct Query;

impl Reading for Query {
    const NAME: &'static str = "Notifications_Query";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, asked: Asked, view: &View<'_>) -> Result<Reply> {
        let links = Links::of(store, view.call);
        let each = bound(asked.wanted.max_results_per_subscription);
        let all = bound(asked.wanted.max_results);
        let whole = asked.wanted.include_details.unwrap_or_default();
        let mut counts: BTreeMap<Uuid, BTreeMap<&'static str, u32>> = BTreeMap::new();
        let mut results = Vec::new();
        for found in store.notifications.values().rev().filter(|n| asked.holds(n)) {
            let of = counts.entry(found.subscription).or_default();
            let before: u32 = of.values().sum();
            let count = of.entry(result_of(found)).or_default();
            *count = count.saturating_add(1);
            if usize::try_from(before).is_ok_and(|n| n < each) && results.len() < all {
                results.push(show::notification(found, whole));
            }
        }
        let summary = counts.iter().map(|(id, counts)| {
            let of = counts.iter().map(|(result, n)| json!({ "result": result, "notificationCount": n }));
            json!({ "subscriptionId": id, "results": of.collect::<Vec<_>>() })
        });
        let summary: Vec<Value> = summary.collect();
        let subscriptions = counts.keys().filter_map(|id| store.subscriptions.get(id));
        let associated: Vec<Value> = subscriptions.map(|s| show::subscription(store, s, &links)).collect();
        let more = [
            ("results", Value::Array(results)),
            ("summary", Value::Array(summary)),
            ("associatedSubscriptions", Value::Array(associated)),
        ];
        Ok(Reply::One(with(Value::Object(asked.given), more)))
    }
}
