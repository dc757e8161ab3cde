//! Running a triggered job.

use crate::domain::webjobs::{Kind, find, run};
use crate::error::JobsError;
use crate::store::{KuduStore, SiteUrls};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// What is to be run.
pub struct Invocation {
    /// The job.
    pub name: String,
    /// What the script is given.
    pub arguments: Option<String>,
    /// Who asks.
    pub trigger: String,
    /// How the site was addressed.
    pub urls: SiteUrls,
}

/// Starts a run: the job's name as it is spelled and the run's id. It goes on after the answer, and hooks of
/// `TriggeredJobFinished` are told when it ends.
/// Docs: wiki "WebJobs API", `POST /api/triggeredwebjobs/{name}/run`.
pub struct RunJob;

impl Operation for RunJob {
    const NAME: &'static str = "RunJob";
    type Store = KuduStore;
    type Input = Invocation;
    type Output = (String, String);
    type Error = JobsError;

    fn run(store: &mut KuduStore, input: Invocation, tx: &mut Tx<'_>) -> Result<Self::Output, JobsError> {
        let refused = |why: String, error: JobsError, tx: &mut Tx<'_>| {
            let subject = format!("webjob:{}", input.name);
            let fact = format!("no run is started: {why}");
            tx.explain(Event::new("webjob.refused", subject).fact(fact).verdict(Verdict::Failed));
            Err(error)
        };
        let Some(job) = find::find(store, Kind::Triggered, &input.name) else {
            let why = format!("there is no triggered job {}, or nothing in it can be run", input.name);
            return refused(why, JobsError::NotFound, tx);
        };
        if store.settings.flag("WEBJOBS_STOPPED") {
            return refused("the setting WEBJOBS_STOPPED is set".to_owned(), JobsError::Stopped, tx);
        }
        if let Some((_, id)) = store.jobs.running(&job.name) {
            return refused(format!("its run {id} is going on"), JobsError::Running, tx);
        }
        store.jobs.urls = Some(input.urls.clone());
        let id = run::start(store, &job, input.arguments, &input.trigger, input.urls, tx);
        Ok((job.name, id))
    }
}
