//! The artifact store: S3's buckets and objects, mounted from `parhelion-artifacts`.
//!
//! [`store`] keeps them (one tenant for each partition: bucket names are one space for all accounts), [`memory`] counts
//! their bytes, `mount` is the way from a request to a turn on the store. Requests are told apart by the service that
//! they are signed for, or by S3's own host names.

pub mod memory;
mod mount;
pub mod orders;
pub mod partition;
pub mod store;
pub mod unpack;

use crate::auth::Gate;
use crate::domain::place::Place;
use crate::wire::{sigv2, sigv4::Claim};
use http::header::HOST;
use http::request::Parts;
use mount::InWorld;
use parhelion_artifacts::{Caller, panicked};
use parhelion_core::Call;
use parhelion_http::{Head, Request, Response};
use partition::Partition;

/// Whether a request is for the artifact store.
pub fn claims(parts: &Parts) -> bool {
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    Claim::of(parts).service() == Some("s3")
        || sigv2::access_key(parts.uri.query().unwrap_or("")).is_some()
        || parhelion_artifacts::is_s3_host(host())
}

/// Who asks, and in which partition.
fn place(parts: &Parts) -> Place {
    match sigv2::access_key(parts.uri.query().unwrap_or("")) {
        Some(key) => Place::new(&key, crate::domain::place::DEFAULT_REGION).unwrap_or_default(),
        None => Claim::of(parts).place(),
    }
}

/// Answers a request.
pub async fn serve(request: Request, gate: Gate<'_>) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts);
    let place = place(&parts);
    let call = Call { caller: place.caller_arn(), ..head.call() };
    let Some(world) = gate.worlds.find(&head.world) else {
        // The world was opened for this request.
        return panicked(head);
    };
    let caller = Caller { account: place.account().to_owned(), region: place.region().to_owned() };
    let memory = &gate.settings.memory;
    let mount = InWorld { gate, memory: memory.of(world.name()), partition: Partition::of(&place), world };
    parhelion_artifacts::serve(Request::from_parts(parts, body), &caller, &call, &mount).await
}

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;
