//! The job of unpacking a large artifact into a bucket: read it, unpack it on a thread that may take its time, put the
//! files.

use super::memory::Memory;
use super::orders::{self, ForPlace};
use super::partition::Partition;
use super::store::ArtifactStore;
use parhelion_artifacts::{archive, limits};
use parhelion_core::{Call, Cause, Event};
use parhelion_state::{JobDriver, Ticket, World};
use serde_json::Value;
use std::pin::Pin;
use std::sync::Arc;

/// The kind of this job.
pub const KIND: &str = "codepipeline.unpack";

/// Runs such jobs.
pub struct Unpack {
    /// Where bytes are counted.
    pub memory: Memory,
}

impl JobDriver for Unpack {
    fn run(
        &self,
        world: Arc<World>,
        ticket: Ticket,
    ) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send>> {
        let memory = self.memory.clone();
        Box::pin(async move {
            let work = move || unpack(&world, &ticket, &memory);
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()))
        })
    }
}

fn unpack(world: &World, ticket: &Ticket, memory: &Memory) -> Result<Value, String> {
    let order: ForPlace =
        serde_json::from_value(ticket.job.input.clone()).map_err(|error| error.to_string())?;
    let partition = Partition::of(&order.place);
    let shelf = world.shelf::<ArtifactStore>();
    let content = orders::artifact(&shelf.load(&partition).store.buckets, &order.what)?;
    let files = archive::unpack(&content, &memory.of(world.name()), limits::ZIP_BYTES);
    let files = files.map_err(|bad| orders::not_unpacked(&order, &bad))?;
    // What was unpacked is the artifact's, whose key is never used again: nothing is to be checked once more.
    let done = shelf.write(&partition, &Call::default(), |store, tx| {
        let event = Event::new("artifact.unpacked", format!("deployment:{}", order.what.run_id));
        let fact = format!("the artifact '{}' was unpacked: {} files", order.what.artifact, files.len());
        tx.emit(event.fact(fact).because(Cause::Last(ticket.job.subject.clone())));
        let said = orders::put_all(&mut store.buckets, &order, files, tx)?;
        store.tell_sources(true, tx);
        Ok::<_, String>(said)
    })?;
    Ok(done.value.into())
}
