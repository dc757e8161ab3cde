//! The runs of a triggered job.

use crate::error::JobsError;
use crate::store::{KuduStore, Run};
use parhelion_state::{Query, View};

/// A job's runs, the newest first; none at all is as good as no job.
/// Docs: wiki "WebJobs API", `GET /api/triggeredwebjobs/{name}/history`.
pub struct JobHistory;

impl Query for JobHistory {
    const NAME: &'static str = "JobHistory";
    type Store = KuduStore;
    type Input = String;
    type Output = Vec<(String, Run)>;
    type Error = JobsError;

    fn run(store: &KuduStore, job: String, _: &View<'_>) -> Result<Self::Output, JobsError> {
        let runs = store.jobs.history(&job);
        if runs.is_empty() {
            return Err(JobsError::NotFound);
        }
        Ok(runs.into_iter().map(|(id, run)| (id.to_owned(), run.clone())).collect())
    }
}

/// One run.
/// Docs: wiki "WebJobs API", `GET /api/triggeredwebjobs/{name}/history/{id}`.
pub struct GetJobRun;

impl Query for GetJobRun {
    const NAME: &'static str = "GetJobRun";
    type Store = KuduStore;
    /// The job's name and the run's id.
    type Input = (String, String);
    type Output = Run;
    type Error = JobsError;

    fn run(store: &KuduStore, (job, id): Self::Input, _: &View<'_>) -> Result<Run, JobsError> {
        let run = store.jobs.runs.get(&(job.to_lowercase(), id));
        run.map(|run| (**run).clone()).ok_or(JobsError::NotFound)
    }
}
