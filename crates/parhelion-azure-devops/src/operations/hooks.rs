//! Service hooks.

use super::{
    Run::{Read, Write},
    *,
};
use crate::{
    ops::service_hooks::{catalog, diagnostics, notifications, query, subscriptions, test},
    wire::locations::id,
};

/// Service hooks.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(subscriptions::Create::NAME, "POST /{organization}/_apis/hooks/subscriptions", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/create"), 200, Write(writes::<subscriptions::Create>)),
    row(subscriptions::List::NAME, "GET /{organization}/_apis/hooks/subscriptions", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/list"), 200, Read(reads::<subscriptions::List>)),
    row(subscriptions::Get::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/get"), 200, Read(reads::<subscriptions::Get>)),
    row(subscriptions::Replace::NAME, "PUT /{organization}/_apis/hooks/subscriptions/{subscriptionId}", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/replace-subscription"), 200, Write(writes::<subscriptions::Replace>)),
    row(subscriptions::Replace::NAME, "PUT /{organization}/_apis/hooks/subscriptions", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/replace-subscription"), 200, Write(writes::<subscriptions::Replace>)),
    row(subscriptions::Delete::NAME, "DELETE /{organization}/_apis/hooks/subscriptions/{subscriptionId}", id::SUBSCRIPTIONS,
        doc!("hooks/subscriptions/delete"), 204, Write(writes::<subscriptions::Delete>)),
    row(query::Query::NAME, "POST /{organization}/_apis/hooks/subscriptionsQuery", id::SUBSCRIPTIONS_QUERY,
        doc!("hooks/subscriptions/create-subscriptions-query"), 200, Read(reads::<query::Query>)),
    row(test::Create::NAME, "POST /{organization}/_apis/hooks/testNotifications", id::TEST_NOTIFICATIONS,
        doc!("hooks/notifications/create"), 200, Write(writes::<test::Create>)),
    row(notifications::List::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}/notifications", id::NOTIFICATIONS,
        doc!("hooks/notifications/list"), 200, Read(reads::<notifications::List>)),
    row(notifications::Get::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}/notifications/{notificationId}", id::NOTIFICATIONS,
        doc!("hooks/notifications/get"), 200, Read(reads::<notifications::Get>)),
    row(notifications::Query::NAME, "POST /{organization}/_apis/hooks/notificationsQuery", id::NOTIFICATIONS_QUERY,
        doc!("hooks/notifications/query"), 200, Read(reads::<notifications::Query>)),
    row(diagnostics::Get::NAME, "GET /{organization}/_apis/hooks/subscriptions/{subscriptionId}/diagnostics", id::DIAGNOSTICS,
        doc!("hooks/diagnostics/get"), 200, Read(reads::<diagnostics::Get>)),
    row(diagnostics::Update::NAME, "PUT /{organization}/_apis/hooks/subscriptions/{subscriptionId}/diagnostics", id::DIAGNOSTICS,
        doc!("hooks/diagnostics/update"), 200, Write(writes::<diagnostics::Update>)),
    row(catalog::ListConsumers::NAME, "GET /{organization}/_apis/hooks/consumers", id::CONSUMERS,
        doc!("hooks/consumers/list"), 200, Read(reads::<catalog::ListConsumers>)),
    row(catalog::GetConsumer::NAME, "GET /{organization}/_apis/hooks/consumers/{consumerId}", id::CONSUMERS,
        doc!("hooks/consumers/get"), 200, Read(reads::<catalog::GetConsumer>)),
    row(catalog::ListActions::NAME, "GET /{organization}/_apis/hooks/consumers/{consumerId}/actions", id::ACTIONS,
        doc!("hooks/consumers/list-consumer-actions"), 200, Read(reads::<catalog::ListActions>)),
    row(catalog::GetAction::NAME, "GET /{organization}/_apis/hooks/consumers/{consumerId}/actions/{consumerActionId}", id::ACTIONS,
        doc!("hooks/consumers/get-consumer-action"), 200, Read(reads::<catalog::GetAction>)),
    row(catalog::ListPublishers::NAME, "GET /{organization}/_apis/hooks/publishers", id::PUBLISHERS,
        doc!("hooks/publishers/list"), 200, Read(reads::<catalog::ListPublishers>)),
    row(catalog::GetPublisher::NAME, "GET /{organization}/_apis/hooks/publishers/{publisherId}", id::PUBLISHERS,
        doc!("hooks/publishers/get"), 200, Read(reads::<catalog::GetPublisher>)),
    row(catalog::ListEventTypes::NAME, "GET /{organization}/_apis/hooks/publishers/{publisherId}/eventTypes", id::EVENT_TYPES,
        doc!("hooks/publishers/list-event-types"), 200, Read(reads::<catalog::ListEventTypes>)),
    row(catalog::GetEventType::NAME, "GET /{organization}/_apis/hooks/publishers/{publisherId}/eventTypes/{eventTypeId}", id::EVENT_TYPES,
        doc!("hooks/publishers/get-event-type"), 200, Read(reads::<catalog::GetEventType>)),
];
