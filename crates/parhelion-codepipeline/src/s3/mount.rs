//! From a request to a turn on the store of a world.

use super::partition::Partition;
use super::store::ArtifactStore;
use crate::auth::Gate;
use http::request::Parts;
use parhelion_artifacts::budget::Budget;
use parhelion_artifacts::{Change, Error, Look, Mount, Result};
use parhelion_core::{Call, Event, Owner, Verdict, text::prefix};
use parhelion_state::{Store, World};
use std::sync::Arc;

/// The artifact store of one partition in one world.
pub struct InWorld<'a> {
    pub gate: Gate<'a>,
    pub world: Arc<World>,
    pub partition: Partition,
    pub memory: Arc<Budget>,
}

impl Mount for InWorld<'_> {
    fn look(&self, call: &Call, turn: Look<'_>) {
        self.world.shelf::<ArtifactStore>().read(&self.partition, call, |store, _| turn(&store.buckets));
    }
    fn change(&self, call: &Call, turn: Change<'_>) -> Result<()> {
        let shelf = self.world.shelf::<ArtifactStore>();
        shelf.write(&self.partition, call, |store, tx| store.turn(tx, turn))?;
        Ok(())
    }
    fn admit(&self, parts: &Parts) -> Result<()> {
        self.gate.admit_s3(parts).map_err(|denied| {
            let (status, code, message) = denied.s3_error();
            Error::Denied { status, code, message, why: denied.to_string() }
        })
    }
    fn budget(&self) -> Arc<Budget> {
        // Past values hold what was overwritten and deleted: when memory runs short, they go first.
        if self.memory.used() > self.memory.limit() / 2 {
            self.world.shelf::<ArtifactStore>().forget_past(&self.partition);
        }
        self.memory.clone()
    }
    fn refused(&self, operation: &'static str, call: &Call, error: &Error) {
        // That a client has it already is no refusal.
        if error.status() == 304 {
            return;
        }
        let owner = Owner::new(ArtifactStore::NAME, self.tenant());
        let shown = match error {
            Error::Denied { why, .. } => why.clone(),
            error => error.to_string(),
        };
        let details = error.details().into_iter().map(|(name, value)| format!("; {name} {value}"));
        let why = format!("{}: {shown}{}", error.code(), details.collect::<String>());
        let event = Event::new("request.refused", format!("request:{}", call.request_id))
            .fact(prefix(&why, parhelion_core::limits::JOURNAL_FACT_BYTES))
            .verdict(Verdict::Failed)
            .with("operation", operation);
        self.world.note_for(ArtifactStore::SURFACE, &owner, call, event);
    }
    fn tenant(&self) -> String {
        self.partition.to_string()
    }
}
