//! What subscriptions are made of: publishers with their event types, consumers with their actions.

use crate::{
    domain::service_hooks::catalog::{EVENTS, HTTP_REQUEST, WEB_HOOKS},
    error::{Error, Result},
    operations::Input,
    show::{Links, service_hook as show},
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde_json::Value;

/// The ids of the path; empty where it has none.
pub struct Asked {
    publisher: String,
    event_type: String,
    consumer: String,
    action: String,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let value = |name| request.value(name).chars().take(80).collect();
        Ok(Asked {
            publisher: value("publisherId"),
            event_type: value("eventTypeId"),
            consumer: value("consumerId"),
            action: value("consumerActionId"),
        })
    }
}

impl Asked {
    fn publisher(&self, links: &Links) -> Result<Value> {
        let named = |p: &Value| p["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(&self.publisher));
        let found = show::publishers(links).into_iter().find(named);
        found.ok_or_else(|| Error::PublisherUnknown { id: self.publisher.clone() })
    }
    fn consumer(&self) -> Result<()> {
        let known = self.consumer.eq_ignore_ascii_case(WEB_HOOKS);
        if known { Ok(()) } else { Err(Error::ConsumerUnknown { id: self.consumer.clone() }) }
    }
}

macro_rules! reading {
    ($(#[$doc:meta])* $name:ident, $id:literal, |$asked:ident, $links:ident| $body:expr) => {
        $(#[$doc])*
        pub struct $name;

        impl Query for $name {
            const NAME: &'static str = $id;
            type Store = AzureDevOpsStore;
            type Input = Asked;
            type Output = Reply;
            type Error = Error;
            fn run(store: &AzureDevOpsStore, $asked: Asked, view: &View<'_>) -> Result<Reply> {
                let $links = &Links::of(store, view.call);
                $body
            }
        }
    };
}

reading!(
    /// Publishers_List.
    ListPublishers, "Publishers_List", |_asked, links| Ok(Reply::list(show::publishers(links)))
);
reading!(
    /// Publishers_Get.
    GetPublisher, "Publishers_Get", |asked, links| asked.publisher(links).map(Reply::One)
);
reading!(
    /// Publishers_ListEventTypes.
    ListEventTypes, "Publishers_ListEventTypes", |asked, links| {
        asked.publisher(links)?;
        let of = EVENTS.iter().filter(|e| e.publisher.eq_ignore_ascii_case(&asked.publisher));
        Ok(Reply::list(of.map(|e| show::event_type(e, links)).collect()))
    }
);
reading!(
    /// Publishers_GetEventType.
    GetEventType, "Publishers_GetEventType", |asked, links| {
        asked.publisher(links)?;
        let mut of = EVENTS.iter().filter(|e| e.publisher.eq_ignore_ascii_case(&asked.publisher));
        let found = of.find(|e| e.id.eq_ignore_ascii_case(&asked.event_type));
        let unknown = || Error::EventTypeUnknown { id: asked.event_type.clone(), publisher: asked.publisher.clone() };
        Ok(Reply::One(show::event_type(found.ok_or_else(unknown)?, links)))
    }
);
reading!(
    /// Consumers_List.
    ListConsumers, "Consumers_List", |_asked, links| Ok(Reply::list(vec![show::consumer(links)]))
);
reading!(
    /// Consumers_Get.
    GetConsumer, "Consumers_Get", |asked, links| {
        asked.consumer()?;
        Ok(Reply::One(show::consumer(links)))
    }
);
reading!(
    /// Consumers_ListConsumerActions.
    ListActions, "Consumers_ListConsumerActions", |asked, links| {
        asked.consumer()?;
        Ok(Reply::list(vec![show::action(links)]))
    }
);
reading!(
    /// Consumers_GetConsumerAction.
    GetAction, "Consumers_GetConsumerAction", |asked, links| {
        asked.consumer()?;
        if !asked.action.eq_ignore_ascii_case(HTTP_REQUEST) {
            return Err(Error::ConsumerActionUnknown { id: asked.action, consumer: WEB_HOOKS.to_owned() });
        }
        Ok(Reply::One(show::action(links)))
    }
);
