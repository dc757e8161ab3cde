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

use crate::domain::place::Place;
use crate::wire::sigv4::Claim;
use http::header::HOST;
use http::request::Parts;
use memory::Memory;
use mount::InWorld;
use parhelion_artifacts::{Caller, panicked};
use parhelion_core::Call;
use parhelion_http::{Head, Request, Response};
use parhelion_state::Worlds;
use partition::Partition;

/// Whether a request is for the artifact store.
pub fn claims(parts: &Parts) -> bool {
    let host = || parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    Claim::of(parts).service() == Some("s3")
        || presigned_v2(parts).is_some()
        || parhelion_artifacts::is_s3_host(host())
}

/// The access key of a URL that was presigned in the older form, which boto3 still makes where nobody says otherwise.
fn presigned_v2(parts: &Parts) -> Option<&str> {
    let query = parts.uri.query()?;
    let member = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    member("Signature")?;
    member("Expires")?;
    member("AWSAccessKeyId")
}

/// Who asks, and in which partition.
fn place(parts: &Parts) -> Place {
    match presigned_v2(parts) {
        Some(key) => Place::new(key, crate::domain::place::DEFAULT_REGION).unwrap_or_default(),
        None => Claim::of(parts).place(),
    }
}

/// Answers a request.
pub async fn serve(request: Request, worlds: &Worlds, memory: &Memory) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts);
    let place = place(&parts);
    let call = Call { caller: place.caller_arn(), ..head.call() };
    let Some(world) = worlds.find(&head.world) else {
        // The world was opened for this request.
        return panicked(head);
    };
    let caller = Caller { account: place.account().to_owned(), region: place.region().to_owned() };
    let mount = InWorld { memory: memory.of(world.name()), partition: Partition::of(&place), world };
    parhelion_artifacts::serve(Request::from_parts(parts, body), &caller, &call, &mount).await
}

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;
