//! Triggered jobs that run by a schedule of their own.

use super::cron::Cron;
use super::find::{self, SETTINGS_FILE};
use super::log::{self, Level};
use super::{Kind, run};
use crate::domain::time;
use crate::store::{KuduStore, SiteUrls, join};
use parhelion_core::{Event, Timestamp, Verdict};
use parhelion_state::Tx;

/// A job's next time.
struct Due {
    at: Timestamp,
    job: find::Job,
    cron: String,
}

/// The jobs that have a schedule which comes to something, with the next time of each. It counts from when the schedule
/// was written, or when the job was last started by it.
fn due_ones(store: &KuduStore) -> Vec<Due> {
    // Asked after each commit: a site without jobs must not pay for it.
    if !find::has_triggered(store) || store.settings.flag("WEBJOBS_STOPPED") {
        return Vec::new();
    }
    let due = |job: find::Job| {
        let cron = job.settings.get("schedule")?.as_str()?.to_owned();
        let file = store.files.get(&store.files.spelled(&join(&job.folder, SETTINGS_FILE)))?;
        let written = time::of_ticks(file.written);
        let fired = store.jobs.fired.get(&job.name.to_lowercase()).map(|at| **at);
        let at = Cron::parse(&cron)?.next(fired.unwrap_or(written).max(written))?;
        Some(Due { at, job, cron })
    };
    find::list(store, Kind::Triggered).into_iter().filter_map(due).collect()
}

/// When the next job is to be started.
pub fn next_deadline(store: &KuduStore) -> Option<Timestamp> {
    due_ones(store).into_iter().map(|due| due.at).min()
}

/// Starts the jobs whose time has come; one that still runs is left to its run.
pub fn due(store: &mut KuduStore, tx: &mut Tx<'_>) {
    let now = tx.now();
    for Due { job, cron, .. } in due_ones(store).into_iter().filter(|due| due.at <= now) {
        store.jobs.fired.put(job.name.to_lowercase(), now);
        let path = format!("{}/job_scheduler.log", Kind::Triggered.data_folder(&job.name));
        if let Some((_, id)) = store.jobs.running(&job.name).cloned() {
            let fact =
                format!("the schedule {cron} is due, but the run {id} is going on: nothing is started");
            tx.emit(
                Event::new("webjob.skipped", format!("webjob:{}", job.name))
                    .fact(fact)
                    .verdict(Verdict::Skipped),
            );
            log::append(
                store,
                &path,
                now,
                &[(Level::System, "Job is already running, a new run is not started")],
            );
            continue;
        }
        log::append(store, &path, now, &[(Level::System, "Start running scheduled job")]);
        let urls = store.jobs.urls.clone().unwrap_or_else(|| SiteUrls {
            // CHOICE: nobody has asked for a job yet, so there is no address that is known to lead here.
            root: format!("https://{}.scm.azurewebsites.net", store.site),
            old_paths: true,
        });
        run::start(store, &job, None, &format!("Schedule - {cron}"), urls, tx);
    }
}
