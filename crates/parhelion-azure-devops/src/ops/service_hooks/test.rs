//! Trying a receiver: one event is sent to it, a sample or the newest real one.

use super::known;
use crate::{
    domain::service_hooks::{self as hooks, Given, Told, build, catalog},
    error::{Error, Result},
    operations::Input,
    show::{Links, service_hook as show},
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    subscription_id: Option<String>,
    details: Option<Given>,
}

/// What to send, and where.
pub struct Asked {
    body: Body,
    real: bool,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Asked { body: request.json()?, real: request.query.flag("useRealData") })
    }
}

/// Notifications_CreateTestNotification.
// CHOICE: it is sent once, and its outcome changes no subscription.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Notifications_CreateTestNotification";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, asked: Asked, tx: &mut Tx<'_>) -> Result<Reply> {
        let id = asked.body.subscription_id.as_deref().filter(|id| !id.is_empty());
        let named = id.filter(|id| !Uuid::parse_str(id).is_ok_and(|id| id.is_nil()));
        let before = named.map(|id| known(store, id).cloned()).transpose()?;
        let base = tx.call().base.clone();
        let subscription = match (&asked.body.details, &before) {
            (None, Some(before)) => before.as_ref().clone(),
            (details, before) => {
                let given = details.clone().unwrap_or_default();
                let id = before.as_ref().map_or_else(Uuid::nil, |b| b.id);
                build(store, &given, id, before.as_deref(), tx.now(), &base)?
            }
        };
        let links = Links::of(store, tx.call());
        let unknown = || Error::NothingReal { event_type: subscription.event_type.clone() };
        let event = catalog::event(&subscription.event_type).ok_or_else(unknown)?;
        let id = tx.uuid("event");
        let told = if asked.real {
            let project = subscription.publisher_inputs.get("projectId");
            let project = project.and_then(|p| Uuid::parse_str(p).ok());
            let newest = hooks::newest(store, event, project).ok_or_else(unknown)?;
            let happening = newest.as_event(event);
            let resource = happening.resource(store, &subscription.resource_version, &links);
            Told {
                event: id,
                project: Some(happening.project()),
                resource: resource.ok_or_else(unknown)?,
                messages: happening.messages(store, &links),
            }
        } else {
            hooks::sample(event, &subscription.resource_version, id, &links, tx.now())
        };
        let to =
            hooks::shown_url(subscription.consumer_inputs.get("url").map(String::as_str).unwrap_or_default());
        let what = if asked.real { "the newest" } else { "a sample of" };
        let fact = format!("{to} is sent {what} {} to try it", event.id);
        let cause = tx.emit(
            Event::new("hook.matched", hooks::subject(subscription.id)).fact(fact).verdict(Verdict::Ok),
        );
        let number = hooks::notify(store, &subscription, told, true, cause, tx);
        let made = store.notifications.get(&number);
        let made = made.ok_or_else(|| Error::NotificationUnknown { id: number.to_string() })?;
        Ok(Reply::One(show::notification(made, true)))
    }
}
