//! Jobs and runs as JSON.

use crate::domain::time;
use crate::domain::webjobs::Kind;
use crate::domain::webjobs::payload::{duration, output_url};
use crate::ops::webjobs::get_job::ShownJob;
use crate::store::{Run, SiteUrls};
use parhelion_core::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// A run as answers show it: nulls written.
#[derive(Debug, Serialize)]
pub struct RunView {
    id: String,
    name: String,
    status: &'static str,
    start_time: String,
    end_time: String,
    duration: String,
    output_url: Option<String>,
    error_url: Option<String>,
    url: String,
    job_name: String,
    trigger: String,
}

impl RunView {
    /// A run of an id at a time: one that is going on has lasted until now.
    pub fn of(id: &str, run: &Run, urls: &SiteUrls, now: Timestamp) -> RunView {
        RunView {
            id: id.to_owned(),
            name: id.to_owned(),
            status: run.status.name(),
            start_time: time::iso(run.start),
            end_time: run.end.map_or(time::UNSET.to_owned(), time::iso),
            duration: duration(run.start, run.end.unwrap_or(now)),
            output_url: Some(output_url(urls, &run.job, id)),
            // The file would hold what goes wrong before the script runs; nothing does here.
            error_url: None,
            url: urls.job(Kind::Triggered, &format!("{}/history/{id}", run.job)),
            job_name: run.job.clone(),
            trigger: run.trigger.clone(),
        }
    }
}

/// A job as answers show it: what only its kind has goes first.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum JobView {
    /// Of a triggered job.
    Triggered {
        /// The newest run.
        latest_run: Option<Box<RunView>>,
        /// Where its runs are listed.
        history_url: String,
        /// Where its schedule's log is.
        scheduler_logs_url: Option<String>,
        /// What all jobs have.
        #[serde(flatten)]
        common: Common,
    },
    /// Of a continuous job.
    Continuous {
        /// What it is doing.
        status: String,
        /// The same of each machine.
        detailed_status: String,
        /// Where its log is.
        log_url: String,
        /// What all jobs have.
        #[serde(flatten)]
        common: Common,
    },
}

/// What all jobs have.
#[derive(Debug, Serialize)]
pub struct Common {
    name: String,
    run_command: String,
    url: String,
    extra_info_url: String,
    #[serde(rename = "type")]
    kind: &'static str,
    error: Option<String>,
    using_sdk: bool,
    settings: Map<String, Value>,
}

impl JobView {
    /// A job at a time.
    pub fn of(shown: ShownJob, urls: &SiteUrls, now: Timestamp) -> JobView {
        let ShownJob { kind, job, uses_sdk, latest, has_schedule_log, status } = shown;
        let common = Common {
            url: urls.job(kind, &job.name),
            extra_info_url: urls.page(kind, &job.name),
            name: job.name.clone(),
            run_command: job.run_command,
            kind: kind.name(),
            error: None,
            using_sdk: uses_sdk,
            settings: job.settings,
        };
        match status {
            Some((status, instance)) => JobView::Continuous {
                status: status.to_owned(),
                detailed_status: format!("{instance} - {status}\r\n"),
                log_url: urls.data(kind, &format!("{}/job_log.txt", job.name)),
                common,
            },
            None => JobView::Triggered {
                latest_run: latest.map(|(id, run)| Box::new(RunView::of(&id, &run, urls, now))),
                history_url: urls.job(kind, &format!("{}/history", job.name)),
                scheduler_logs_url: has_schedule_log
                    .then(|| urls.data(kind, &format!("{}/job_scheduler.log", job.name))),
                common,
            },
        }
    }
}
