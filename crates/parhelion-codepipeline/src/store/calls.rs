//! What goes out of a tenant beside events, what comes of it, and what is moved by hand.

use super::CodePipelineStore;
use crate::domain::adapters;
use crate::domain::engine::{
    Input,
    records::{Failed, JobId, Key, Outcome},
};
use crate::domain::sessions;
use parhelion_core::{Cause, DeliveryStatus, Settled};
use parhelion_state::Tx;

impl CodePipelineStore {
    /// Tells who is to know that an approval is wanted.
    pub(super) fn notify(&self, run: Key, tx: &mut Tx<'_>) {
        let message = tx.uuid("notification").to_string();
        if let Some(delivery) = adapters::notification(&self.engine, run, message) {
            let cause = Cause::Last(delivery.subject.clone());
            tx.deliver(delivery, cause);
        }
    }

    /// Calls the receiver of a job.
    pub(super) fn call(&mut self, job: JobId, tx: &mut Tx<'_>) {
        let credentials = sessions::credentials(self, tx);
        let of_type = self.engine.jobs.get(&job).and_then(|job| self.engine.adapters.of(&job.action_type));
        let Some(url) = of_type.map(str::to_owned) else { return };
        if let Some(delivery) = adapters::call(&self.engine, job, &url, credentials) {
            let cause = Cause::Last(delivery.subject.clone());
            tx.deliver(delivery, cause);
        }
    }

    /// A call that could not be made, or was answered with a failure, ends its job.
    pub(super) fn called(&mut self, report: &Settled, tx: &mut Tx<'_>) {
        if report.status != DeliveryStatus::Failed {
            return;
        }
        let Some(job) = report.subject.strip_prefix("job:").and_then(|id| id.parse::<JobId>().ok()) else {
            return;
        };
        // CHOICE: the codes. A receiver that answers has failed itself; one that does not is not there.
        let failed = match (&report.response_status, &report.error) {
            (Some(status), _) => {
                Failed::new("JobFailed", format!("The receiver of the job answered {status}"))
            }
            (None, Some((_, why))) => Failed::new(
                "SystemUnavailable",
                format!("The receiver of the job could not be called: {why}"),
            ),
            (None, None) => Failed::new("SystemUnavailable", "The receiver of the job could not be called"),
        };
        self.step(Input::Finish(job, Outcome { failed: Some(failed), ..Outcome::default() }), tx);
    }

    /// Moves on what stands: an action, a rule, or a job that polls do not see yet.
    pub(super) fn step_by_hand(&mut self, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
        let stood = self.engine.standing_still(id)?;
        let name = self.engine.subject_of(stood)?;
        self.step(Input::Step(stood), tx);
        Some(name)
    }
}
