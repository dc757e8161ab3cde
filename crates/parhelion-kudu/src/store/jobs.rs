//! What a site keeps of its WebJobs. The jobs themselves are files below `App_Data/jobs`.

use parhelion_core::Timestamp;
use parhelion_state::{AnyTable, Table};
use serde::{Deserialize, Serialize};

/// A job's name and a run's id, the name in lower case.
pub type RunKey = (String, String);

/// Runs of triggered jobs, and what continuous ones do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    /// The runs of triggered jobs.
    pub runs: Table<RunKey, Run>,
    /// The runs that are going on, at most one of a job.
    pub running: Table<RunKey, Ending>,
    /// Continuous jobs whose process does not simply go on, by name in lower case.
    pub continuous: Table<String, Continuous>,
    /// When triggered jobs were last due by their own schedules, by name in lower case.
    pub fired: Table<String, Timestamp>,
    /// How the site was addressed when somebody last asked for something of its jobs.
    pub urls: Option<SiteUrls>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunStatus {
    /// Accepted.
    Initializing,
    /// The script runs.
    Running,
    /// The script ended well.
    Success,
    /// It did not.
    Failed,
    /// It was taken away before it ended.
    Aborted,
}

impl RunStatus {
    /// As answers and hooks name it.
    pub fn name(self) -> &'static str {
        match self {
            RunStatus::Initializing => "Initializing",
            RunStatus::Running => "Running",
            RunStatus::Success => "Success",
            RunStatus::Failed => "Failed",
            RunStatus::Aborted => "Aborted",
        }
    }
}

/// A run of a triggered job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The job's name as it is spelled.
    pub job: String,
    /// What the script was given.
    pub arguments: Option<String>,
    /// Who or what started it.
    pub trigger: String,
    /// How far it is.
    pub status: RunStatus,
    /// When it was accepted.
    pub start: Timestamp,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Where the site's addresses begin, as the one who started it addressed the site.
    pub urls: SiteUrls,
}

/// How the site was addressed: what its addresses begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteUrls {
    /// The site's root, without a slash at its end.
    pub root: String,
    /// Whether paths without `/api` are served there.
    pub old_paths: bool,
}

/// How a run that is going on will end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// When; `None`: when it is stepped.
    pub at: Option<Timestamp>,
    /// Whether its script is being run: then that decides when and how.
    pub executing: bool,
    /// What went wrong by then.
    pub error: Option<String>,
    /// What the script prints.
    pub lines: Vec<String>,
    /// The behaviour that says so.
    pub behaviour: Option<String>,
}

/// A continuous job whose process does not simply go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Continuous {
    /// The job's name as it is spelled.
    pub job: String,
    /// When what comes next comes.
    pub due: Timestamp,
    /// What comes next.
    pub next: Next,
}

/// What comes next of a continuous job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// Its process ends: with this error, or well. Until then it runs.
    Exit(Option<String>),
    /// It is started again. Until then it waits.
    Restart,
}

impl Jobs {
    /// When time alone changes something.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let endings = self.running.values().filter_map(|ending| ending.at);
        endings.chain(self.continuous.values().map(|job| job.due)).min()
    }
    /// The run of a job that is going on.
    pub fn running(&self, job: &str) -> Option<&RunKey> {
        let key = job.to_lowercase();
        self.running
            .range((key.clone(), String::new())..)
            .map(|(found, _)| found)
            .find(|found| found.0 == key)
    }
    /// The runs of a job, the newest first.
    pub fn history(&self, job: &str) -> Vec<(&str, &Run)> {
        let key = job.to_lowercase();
        let from = self.runs.range((key.clone(), String::new())..);
        let mut found: Vec<_> = from
            .take_while(|((job, _), _)| *job == key)
            .map(|((_, id), run)| (id.as_str(), &**run))
            .collect();
        found.reverse();
        found
    }
    /// Forgets all that is known of a job.
    pub fn forget(&mut self, job: &str) {
        let ids: Vec<String> = self.history(job).into_iter().map(|(id, _)| id.to_owned()).collect();
        let job = job.to_lowercase();
        for id in ids {
            self.runs.remove(&(job.clone(), id.clone()));
            self.running.remove(&(job.clone(), id));
        }
        self.continuous.remove(&job);
        self.fired.remove(&job);
    }
    /// Its tables, for counts.
    pub fn tables(&self) -> [(&'static str, &dyn AnyTable); 1] {
        [("webjob_runs", &self.runs)]
    }
    /// Panics when what always holds does not.
    pub fn check(&self) {
        for (key, run) in self.runs.iter() {
            let is_over = run.end.is_some();
            assert_eq!(self.running.contains_key(key), !is_over, "the run {key:?} ends or is over");
            assert_eq!(run.job.to_lowercase(), key.0, "a run of another job");
        }
        let mut last: Option<&str> = None;
        for (job, id) in self.running.keys() {
            assert!(self.runs.contains_key(&(job.clone(), id.clone())), "a run without a record");
            assert!(last != Some(job.as_str()), "two runs of {job} at one time");
            last = Some(job);
        }
    }
}
