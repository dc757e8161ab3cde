//! Creating, getting, listing, replacing and deleting subscriptions.

use super::known;
use crate::{
    domain::service_hooks::{Given, build, shown_url, subject},
    error::{Error, Result},
    operations::Input,
    show::{Links, service_hook as show},
    store::{AzureDevOpsStore, MAX_SUBSCRIPTIONS, Subscription},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use std::sync::Arc;

impl Input for Given {
    fn read(request: &ApiRequest) -> Result<Self> {
        request.json()
    }
}

fn told(kind: &'static str, what: &str, of: &Subscription) -> Event {
    let to = shown_url(of.consumer_inputs.get("url").map(String::as_str).unwrap_or_default());
    let fact = format!("the subscription of {} for {to} was {what}", of.event_type);
    Event::new(kind, subject(of.id)).fact(fact).verdict(Verdict::Ok).with("event", of.event_type.clone())
}

/// Subscriptions_Create.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Subscriptions_Create";
    type Store = AzureDevOpsStore;
    type Input = Given;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, given: Given, tx: &mut Tx<'_>) -> Result<Reply> {
        if store.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return Err(Error::SubscriptionsFull { limit: MAX_SUBSCRIPTIONS });
        }
        let base = tx.call().base.clone();
        let id = tx.uuid("subscription");
        let made = build(store, &given, id, None, tx.now(), &base)?;
        tx.emit(told("hook.created", "created", &made));
        let shown = show::subscription(store, &made, &Links::of(store, tx.call()));
        store.put_subscription(made);
        Ok(Reply::One(shown))
    }
}

/// A subscription's id and its new form.
pub struct Changed {
    id: String,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let id = match request.value("subscriptionId") {
            "" => given.id.clone().unwrap_or_default(),
            id => id.to_owned(),
        };
        Ok(Changed { id, given })
    }
}

/// Subscriptions_ReplaceSubscription.
pub struct Replace;

impl Operation for Replace {
    const NAME: &'static str = "Subscriptions_ReplaceSubscription";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let before = known(store, &input.id)?.clone();
        let base = tx.call().base.clone();
        let made = build(store, &input.given, before.id, Some(&before), tx.now(), &base)?;
        tx.emit(told("hook.changed", "replaced", &made).with("status", word(&made)));
        let shown = show::subscription(store, &made, &Links::of(store, tx.call()));
        store.put_subscription(made);
        Ok(Reply::One(shown))
    }
}

fn word(of: &Subscription) -> serde_json::Value {
    serde_json::to_value(of.status).unwrap_or_default()
}

/// A subscription's id.
pub struct One(pub(super) String);

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One(request.value("subscriptionId").to_owned()))
    }
}

/// Subscriptions_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Subscriptions_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, One(id): One, view: &View<'_>) -> Result<Reply> {
        let found = known(store, &id)?;
        Ok(Reply::One(show::subscription(store, found, &Links::of(store, view.call))))
    }
}

/// Subscriptions_Delete.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Subscriptions_Delete";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, One(id): One, tx: &mut Tx<'_>) -> Result<Reply> {
        let gone = known(store, &id)?.clone();
        tx.emit(told("hook.deleted", "deleted", &gone));
        store.forget_subscription(gone.id);
        Ok(Reply::Nothing)
    }
}

/// A member of a subscription.
type Member = fn(&Subscription) -> &str;

/// What a list is asked for; absent: everything.
pub struct Wanted(Vec<(Member, String)>);

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let members: [(&str, Member); 4] = [
            ("publisherId", |s| &s.publisher),
            ("eventType", |s| &s.event_type),
            ("consumerId", |s| &s.consumer),
            ("consumerActionId", |s| &s.action),
        ];
        let given =
            members.into_iter().filter_map(|(name, of)| Some((of, request.query.get(name)?.to_owned())));
        Ok(Wanted(given.collect()))
    }
}

/// Subscriptions_List, in the order in which they were made.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Subscriptions_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, Wanted(wanted): Wanted, view: &View<'_>) -> Result<Reply> {
        let links = Links::of(store, view.call);
        let keep = |s: &&Arc<Subscription>| wanted.iter().all(|(of, v)| of(s).eq_ignore_ascii_case(v));
        let mut found: Vec<_> = store.subscriptions.values().filter(keep).collect();
        found.sort_by_key(|s| (s.created, s.id));
        Ok(Reply::list(found.into_iter().map(|s| show::subscription(store, s, &links)).collect()))
    }
}
