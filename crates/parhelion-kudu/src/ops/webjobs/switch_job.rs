//! Switching a continuous job on and off.

use crate::domain::webjobs::{Kind, continuous, find};
use crate::error::JobsError;
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// Starts or stops a continuous job.
/// Docs: wiki "WebJobs API", `POST /api/continuouswebjobs/{name}/start` and `/stop`.
pub struct SwitchJob;

impl Operation for SwitchJob {
    const NAME: &'static str = "SwitchJob";
    type Store = KuduStore;
    /// The job's name, and whether it is to run.
    type Input = (String, bool);
    type Output = ();
    type Error = JobsError;

    fn run(store: &mut KuduStore, (name, on): Self::Input, tx: &mut Tx<'_>) -> Result<(), JobsError> {
        let Some(job) = find::find(store, Kind::Continuous, &name) else {
            let fact = format!("there is no continuous job {name}, or nothing in it can be run");
            let refused = Event::new("webjob.refused", format!("webjob:{name}")).fact(fact);
            tx.explain(refused.verdict(Verdict::Failed));
            return Err(JobsError::NotFound);
        };
        continuous::switch(store, &job, on, tx);
        Ok(())
    }
}
