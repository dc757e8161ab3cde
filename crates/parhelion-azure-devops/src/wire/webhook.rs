//! The public webhook endpoint's way in and out: no credentials, any version or none, any content type.

use super::{Wire, respond, respond::Form, unreadable};
use crate::{
    error::{Error, Result},
    ops::webhooks::{MAX_BODY_BYTES, Received, Taken, receive as take},
    store::{AzureDevOpsStore, Organization},
};
use http::{HeaderValue, request::Parts};
use parhelion_core::{Event, Verdict};
use parhelion_http::{Body, BodyError, Head, Response, read_body};
use parhelion_state::Store;

/// The header with the delivery's id.
pub const DELIVERY_ID: &str = "x-parhelion-delivery-id";

/// The operation's name.
pub const OPERATION: &str = "WebHooks_Receive";

/// Where a request goes, decoded.
pub struct Address {
    /// The organization, which may be none.
    pub organization: String,
    /// The webhook's name.
    pub name: String,
}

/// Reads a request and takes it.
///
/// # Errors
/// When there is no such organization or webhook, or the body broke off.
pub async fn receive(wire: &Wire, parts: &Parts, body: Body, head: &Head, to: Address) -> Result<Taken> {
    // The body is read first, within its bound: a client that is refused by name has sent it all the same.
    let body = match read_body(body, MAX_BODY_BYTES).await {
        Ok(body) => Some(body),
        Err(BodyError::TooLarge { .. }) => None,
        Err(other) => return Err(unreadable(other)),
    };
    let Address { organization, name } = to;
    let unknown = || Error::OrganizationUnknown { name: organization.chars().take(80).collect() };
    // This endpoint makes neither a world nor an organization.
    let world = wire.worlds.find(&head.world).ok_or_else(unknown)?;
    let call = head.call();
    // A name that no organization can have is that of one that does not exist.
    let key = organization.parse::<Organization>().ok().filter(|key| wire.exists(&world, key));
    let Some(key) = key else {
        let error = unknown();
        let event = Event::new("webhook.refused", format!("webhook:{}", name.to_lowercase()))
            .fact(format!("a request for webhook {name}: 404. {error}"))
            .verdict(Verdict::Failed);
        world.note(AzureDevOpsStore::SURFACE, &call, event);
        return Err(error);
    };
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let received = Received { name, headers: headers.collect(), body, redelivery_of: None };
    take(&wire.tenant(world, key, call), received).await
}

/// 200 without a body, or the refusal; both name the delivery.
// CHOICE: the service's own body is not documented.
pub fn answer(taken: &Taken, form: &Form, head: &Head) -> Response {
    let mut response = match &taken.refused {
        None => respond::reply(200, super::reply::Reply::Nothing, form, head),
        Some(error) => respond::error(error, form, head),
    };
    if let Ok(id) = HeaderValue::from_str(&taken.id.to_string()) {
        response.headers_mut().insert(DELIVERY_ID, id);
    }
    response
}
