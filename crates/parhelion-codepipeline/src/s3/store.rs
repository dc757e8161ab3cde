//! What a partition has: its buckets.

use super::orders::{self, Deployed, ForPlace, Order};
use super::partition::Partition;
use super::unpack;
use crate::Settings;
use crate::store::{CodePipelineStore, Mail};
use parhelion_artifacts::{Buckets, Change, Result};
use parhelion_core::{Cause, Event, Verdict};
use parhelion_state::{AnyTable, Job, Store, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    type Mail = Order;

    fn new(key: &Partition) -> Self {
        ArtifactStore { partition: *key, buckets: Buckets::default() }
    }
    fn on_mail(&mut self, order: Order, tx: &mut Tx<'_>) {
        let refused = match order {
            Order::Ensure(place, buckets) => buckets
                .iter()
                .try_for_each(|(name, region)| self.buckets.ensure(name, place.account(), region, tx)),
            Order::Keep(place, made) => {
                let kept = orders::keep(&mut self.buckets, &place, made, tx);
                // Their keys are drawn: nobody polls them.
                self.buckets.take_news();
                kept
            }
            Order::Deploy(order) => {
                self.deploy(*order, tx);
                Ok(())
            }
        };
        if let Err(error) = refused {
            let event = Event::new("artifact.refused", format!("partition:{}", self.partition));
            tx.emit(event.fact(error.to_string()).verdict(Verdict::Failed));
        }
        self.tell_sources(true, tx);
    }
    fn on_job_done(&mut self, job: &Job, outcome: std::result::Result<Value, String>, tx: &mut Tx<'_>) {
        let Ok(order) = serde_json::from_value::<ForPlace>(job.input.clone()) else { return };
        let deployed = outcome.map(|summary| summary.as_str().unwrap_or_default().to_owned());
        self.report(&order, deployed, tx);
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
        self.tell_sources(false, tx);
        Ok(())
    }

    /// Tells the pipelines whose sources watch what was put.
    // CHOICE: AWS's polls are about a minute apart; here they see a change at once, in all accounts and regions of the
    // partition.
    pub fn tell_sources(&mut self, by_pipeline: bool, tx: &mut Tx<'_>) {
        for put in self.buckets.take_news() {
            for place in tx.tenants::<CodePipelineStore>() {
                let watches =
                    |store: &CodePipelineStore| store.watchers(&put.bucket, &put.key).next().is_some();
                if Partition::of(&place) != self.partition
                    || !watches(&tx.peek::<CodePipelineStore>(&place).store)
                {
                    continue;
                }
                let cause = Cause::Last(format!("object:{}/{}", put.bucket, put.key));
                tx.send::<CodePipelineStore>(&place, Mail::Put { put: put.clone(), by_pipeline }, cause);
            }
        }
    }

    fn deploy(&mut self, order: ForPlace, tx: &mut Tx<'_>) {
        let memory = tx.settings::<Settings>().map(|settings| settings.memory.clone());
        let budget = memory.unwrap_or_default().of(tx.world_name());
        match orders::at_once(&mut self.buckets, &order, &budget, tx) {
            Some(deployed) => self.report(&order, deployed, tx),
            None => match serde_json::to_value(&order) {
                Ok(input) => {
                    let subject = format!("action:{}", order.what.run_id);
                    tx.spawn_job(Job { kind: unpack::KIND.to_owned(), subject, input });
                }
                Err(error) => self.report(&order, Err(error.to_string()), tx),
            },
        }
    }

    fn report(&self, order: &ForPlace, done: Deployed, tx: &mut Tx<'_>) {
        let subject = format!("deployment:{}", order.what.run_id);
        let (fact, verdict) = match &done {
            Ok(said) => (said.clone(), Verdict::Ok),
            Err(why) => (why.clone(), Verdict::Failed),
        };
        let event = tx.emit(Event::new("artifact.deployed", subject).fact(fact).verdict(verdict));
        let mail = Mail::Deployed { run: order.what.run, id: order.what.run_id, done };
        tx.send::<CodePipelineStore>(&order.place, mail, event);
    }
}
