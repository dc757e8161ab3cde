//! Looking at jobs.

use crate::domain::webjobs::find::{self, Job};
use crate::domain::webjobs::{Kind, continuous, log};
use crate::error::JobsError;
use crate::store::{KuduStore, Run};
use parhelion_state::{Query, View};
use std::convert::Infallible;

/// A job as it is shown.
#[derive(Debug)]
pub struct ShownJob {
    /// Its kind.
    pub kind: Kind,
    /// What its files say.
    pub job: Job,
    /// Whether it left the mark of the WebJobs SDK.
    pub uses_sdk: bool,
    /// Of a triggered one: its newest run.
    pub latest: Option<(String, Run)>,
    /// Of a triggered one: whether a schedule of its own started it.
    pub has_schedule_log: bool,
    /// Of a continuous one: what it is doing, and the short name of the machine that does it.
    pub status: Option<(&'static str, String)>,
}

impl ShownJob {
    fn of(store: &KuduStore, kind: Kind, job: Job) -> ShownJob {
        let data = kind.data_folder(&job.name);
        let has = |name: &str| store.files.get(&store.files.spelled(&format!("{data}/{name}"))).is_some();
        let latest =
            store.jobs.history(&job.name).first().map(|(id, run)| ((*id).to_owned(), (*run).clone()));
        ShownJob {
            kind,
            uses_sdk: has("webjobssdk.marker"),
            latest: latest.filter(|_| kind == Kind::Triggered),
            has_schedule_log: has("job_scheduler.log"),
            status: (kind == Kind::Continuous)
                .then(|| (continuous::status(store, &job), log::instance(store))),
            job,
        }
    }
}

/// A job.
/// Docs: wiki "WebJobs API", `GET /api/{kind}webjobs/{name}`.
pub struct GetJob;

impl Query for GetJob {
    const NAME: &'static str = "GetJob";
    type Store = KuduStore;
    type Input = (Kind, String);
    type Output = ShownJob;
    type Error = JobsError;

    fn run(store: &KuduStore, (kind, name): Self::Input, _: &View<'_>) -> Result<ShownJob, JobsError> {
        let job = find::find(store, kind, &name).ok_or(JobsError::NotFound)?;
        Ok(ShownJob::of(store, kind, job))
    }
}

/// All jobs of these kinds.
/// Docs: wiki "WebJobs API", `GET /api/webjobs`.
pub struct ListJobs;

impl Query for ListJobs {
    const NAME: &'static str = "ListJobs";
    type Store = KuduStore;
    type Input = &'static [Kind];
    type Output = Vec<ShownJob>;
    type Error = Infallible;

    fn run(store: &KuduStore, kinds: Self::Input, _: &View<'_>) -> Result<Vec<ShownJob>, Infallible> {
        let of_kind = |kind: &Kind| {
            let kind = *kind;
            find::list(store, kind).into_iter().map(move |job| ShownJob::of(store, kind, job))
        };
        Ok(kinds.iter().flat_map(of_kind).collect())
    }
}
