//! AWS CodePipeline: pipelines, executions, webhooks and partners' jobs, over awsJson1_1 and rpc-v2-cbor.
//!
//! Beside it what its users' suites need of its neighbours: IAM's roles and STS ([`iam`]), artifacts in S3 ([`s3`]).
//!
//! Deliberately absent: a clock, randomness, sockets and other clouds' names. Built-in actions are simulated but for
//! S3's; partners' and customers' actions are done by workers that poll.
//!
//! Start reading at [`operations`] (the table), then `ops/` (one operation, one file), [`store`] (the data) and
//! `domain/engine` (the state machine). [`wire`] is the way from bytes to an operation and back, [`trigger`] the
//! address that webhooks are called at.

mod auth;
mod control;
mod domain;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod iam;
mod named;
mod operations;
mod ops;
mod rare;
mod s3;
mod scripting;
mod settings;
mod shapes;
mod store;
mod trigger;
mod wire;

pub use s3::memory::Memory;
pub use settings::{ApiUrl, Network, RoleCheck, Secrets, Settings};

use auth::Gate;
use domain::place::Place;
use error::Error;
use operations::{Asked, Failure};
use parhelion_core::{Call, Event, Owner, Verdict, text::prefix};
use parhelion_http::{Head, Surface, changes_or_reads, service};
use parhelion_state::{AnyShelf, JobDriver, Shelf, Store, World, Worlds};
use std::sync::{Arc, OnceLock};
use store::CodePipelineStore;
use wire::sigv4::verify::{Denied, Service};
use wire::{Fault, Input, Refusal, Unserved};

/// The surface `codepipeline` over these worlds.
pub fn surface(worlds: Arc<Worlds>, settings: Arc<Settings>) -> Surface {
    let for_control = worlds.clone();
    Surface {
        name: CodePipelineStore::SURFACE,
        claims: wire::claims,
        body_limit: wire::body_limit,
        opens_world: changes_or_reads,
        operations: operations::infos(),
        scripting: scripting::SCRIPTING,
        service: service(move |request| {
            let (worlds, settings) = (worlds.clone(), settings.clone());
            async move {
                let (parts, body) = request.into_parts();
                let is_trigger = wire::is_trigger(&parts);
                let is_s3 = !wire::is_call(&parts) && s3::claims(&parts);
                let neighbour = if wire::is_call(&parts) { None } else { iam::Service::of(&parts) };
                let request = http::Request::from_parts(parts, body);
                let gate = Gate { worlds: &worlds, settings: &settings };
                // Boxed, so that calls of the API do not make room for what the others need.
                match neighbour {
                    _ if is_s3 => Box::pin(s3::serve(request, gate)).await,
                    _ if is_trigger => Box::pin(trigger::serve(request, &worlds, &settings)).await,
                    Some(service) => Box::pin(iam::serve(request, service, gate)).await,
                    None => wire::serve(request, &Operations { gate, asked: OnceLock::new() }).await,
                }
            }
        }),
        control: Some(service(move |request| {
            let worlds = for_control.clone();
            async move { control::serve(request, &worlds).await }
        })),
        panicked: wire::panicked,
        banner: |base| format!("{base}  (endpoint URL of the SDKs; webhooks at {base}/trigger)"),
    }
}

/// The shelves that each world needs for this surface.
pub fn shelves(settings: &Arc<Settings>) -> Vec<Arc<dyn AnyShelf>> {
    vec![
        Shelf::<CodePipelineStore>::with_settings(settings.clone()),
        Shelf::<iam::store::IamStore>::with_settings(settings.clone()),
        Shelf::<s3::store::ArtifactStore>::with_settings(settings.clone()),
    ]
}

/// The drivers of the jobs that this surface has, by kind.
pub fn drivers(settings: &Settings) -> Vec<(&'static str, Arc<dyn JobDriver>)> {
    vec![(s3::unpack::KIND, Arc::new(s3::unpack::Unpack { memory: settings.memory.clone() }))]
}

/// The table of operations as the wire sees it.
struct Operations<'a> {
    gate: Gate<'a>,
    /// What this call's operation waits for.
    asked: OnceLock<Asked>,
}

impl Operations<'_> {
    /// What an operation's refusal is to the client; it is written down.
    fn refusal(world: &World, operation: &str, place: &Place, call: &Call, error: &Error) -> Fault {
        note_refusal(world, operation, place, call, format!("{}: {error}", error.code()));
        Fault::new(error.code(), error.status(), error.to_string())
    }
}

impl wire::Dispatch for Operations<'_> {
    fn knows(&self, operation: &str) -> bool {
        operations::find(operation).is_some()
    }

    fn run(
        &self,
        head: &Head,
        operation: &str,
        place: &Place,
        call: &Call,
        input: Input<'_>,
    ) -> Result<Vec<u8>, Unserved> {
        let (Some(row), Some(world)) = (operations::find(operation), self.gate.worlds.find(&head.world))
        else {
            // The wire asked for what it knows, in a world that was opened for the request.
            return Err(Fault::internal().into());
        };
        match (row.run)(&world, place, call, input) {
            Ok(output) => Ok(output),
            Err(Failure::Asked(asked)) => {
                let output = asked.output.clone();
                // One call runs one operation.
                let _ = self.asked.set(asked);
                Ok(output)
            }
            Err(Failure::Unread(refusal)) => Err(refusal.into()),
            Err(Failure::Refused(error)) => Err(Self::refusal(&world, operation, place, call, &error).into()),
            Err(Failure::Internal(error)) => {
                let text = format!("{operation}: {error}");
                let event = Event::new("request.failed", format!("request:{}", call.request_id))
                    .fact(text)
                    .verdict(Verdict::Failed);
                world.note(CodePipelineStore::SURFACE, call, event);
                Err(Fault::internal().into())
            }
        }
    }

    async fn settled(&self, head: &Head, operation: &str, place: &Place, call: &Call) -> Result<(), Fault> {
        let Some(asked) = self.asked.get() else { return Ok(()) };
        let Some(world) = self.gate.worlds.find(&head.world) else { return Err(Fault::internal()) };
        for id in &asked.calls {
            world.settled(*id).await;
        }
        let shelf = world.shelf::<CodePipelineStore>();
        let outcome = shelf
            .read(place, call, |store, _| asked.calls.iter().try_for_each(|id| (asked.outcome)(store, *id)));
        outcome.map_err(|error| Self::refusal(&world, operation, place, call, &error))
    }

    fn is_strict(&self) -> bool {
        self.gate.is_strict()
    }

    fn admit(&self, parts: &http::request::Parts, body: &[u8]) -> Result<(), Denied> {
        self.gate.admit(parts, Service::CodePipeline, body).map(drop)
    }

    fn refused(&self, head: &Head, operation: &str, place: &Place, call: &Call, refusal: &Refusal) {
        if let Some(world) = self.gate.worlds.find(&head.world) {
            note_refusal(&world, operation, place, call, refusal.to_string());
        }
    }
}

/// Bytes of a refusal that the journal keeps: the message of many violations is long.
const FACT_BYTES: usize = 4000;

/// Why a call was refused, for the journal. No message of ours holds a secret.
fn note_refusal(world: &World, operation: &str, place: &Place, call: &Call, why: String) {
    let owner = Owner::new(CodePipelineStore::NAME, place.to_string());
    let event = Event::new("request.refused", format!("request:{}", call.request_id))
        .fact(prefix(&why, FACT_BYTES))
        .verdict(Verdict::Failed)
        .with("operation", operation);
    world.note_for(CodePipelineStore::SURFACE, &owner, call, event);
}

#[cfg(test)]
#[cfg(test)]
mod tests;
