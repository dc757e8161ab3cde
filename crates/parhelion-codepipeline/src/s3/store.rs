//! What a partition has: its buckets.

use super::partition::Partition;
use parhelion_artifacts::{Buckets, Change, Result};
use parhelion_state::{AnyTable, Store, Tx};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

/// The buckets of a partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArtifactStore {
    /// Which.
    pub partition: Partition,
    /// Its buckets and objects.
    pub buckets: Buckets,
}

impl Store for ArtifactStore {
    const SURFACE: &'static str = "codepipeline";
    const NAME: &'static str = "codepipeline.s3";
    const VERSION: u32 = 1;
    type Key = Partition;
    type Mail = Infallible;

    fn new(key: &Partition) -> Self {
        ArtifactStore { partition: *key, buckets: Buckets::default() }
    }
    fn on_mail(&mut self, mail: Infallible, _: &mut Tx<'_>) {
        match mail {}
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        self.buckets.tables()
    }
    fn check(&self) {
        self.buckets.check();
    }
}

impl ArtifactStore {
    /// One turn on the buckets, and what follows from what it put.
    ///
    /// # Errors
    /// The turn's own.
    pub fn turn(&mut self, tx: &mut Tx<'_>, turn: Change<'_>) -> Result<()> {
        turn(&mut self.buckets, tx)?;
        self.buckets.take_news();
        Ok(())
    }
}
