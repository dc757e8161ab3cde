//! Continuous jobs: on as long as nothing stops them. One whose process ends is started again after a while.

use super::find::{self, DISABLE_FILE, Job};
use super::log::{self, Level};
use super::{Kind, run};
use crate::domain::time;
use crate::store::{Content, Continuous, KuduStore, Next, join};
use bytes::Bytes;
use chrono::TimeDelta;
use parhelion_core::{Event, Timestamp, Verdict};
use parhelion_state::Tx;

/// Seconds until a job whose process ended is started again, as long as no setting says otherwise.
const RESTART_SECS: i64 = 60;

/// What a job is doing, as answers name it.
pub fn status(store: &KuduStore, job: &Job) -> &'static str {
    if is_disabled(store, job) || store.settings.flag("WEBJOBS_STOPPED") {
        return "Stopped";
    }
    match store.jobs.continuous.get(&job.name.to_lowercase()).map(|job| &job.next) {
        Some(Next::Restart) => "PendingRestart",
        _ => "Running",
    }
}

fn is_disabled(store: &KuduStore, job: &Job) -> bool {
    store.files.get(&join(&job.folder, DISABLE_FILE)).is_some()
}

/// Switches a job on or off.
pub fn switch(store: &mut KuduStore, job: &Job, on: bool, tx: &mut Tx<'_>) {
    let now = time::ticks(tx.now());
    let file = join(&job.folder, DISABLE_FILE);
    if on {
        store.files.remove(&file, now);
        start(store, job, tx);
    } else {
        let empty = Content::new(Bytes::new());
        let _ = store.files.put(&file, empty.hash(), empty, now);
        store.jobs.continuous.remove(&job.name.to_lowercase());
        tell(store, &job.name, "Stopped", "it was stopped", Verdict::Ok, tx);
    }
}

/// A job's process begins: it goes on for good, unless a behaviour says otherwise.
pub fn start(store: &mut KuduStore, job: &Job, tx: &mut Tx<'_>) {
    let key = job.name.to_lowercase();
    store.jobs.continuous.remove(&key);
    if status(store, job) == "Stopped" {
        tell(
            store,
            &job.name,
            "Stopped",
            "it is not started: it is disabled, or WEBJOBS_STOPPED is set",
            Verdict::Skipped,
            tx,
        );
        return;
    }
    tell(
        store,
        &job.name,
        "Running",
        "it runs, as far as anybody can see: no script is run here",
        Verdict::Ok,
        tx,
    );
    let Some(scripted) = tx.scripted(&[("kind", "webjob"), ("job", &job.name)]) else { return };
    tx.emit(scripted.used(subject(&job.name)));
    let lines = run::lines(&scripted);
    let lines: Vec<(Level, &str)> = lines.iter().map(|line| (Level::Output, line.as_str())).collect();
    log::append(store, &log_path(&job.name), tx.now(), &lines);
    if scripted.outcome == "hang" {
        return;
    }
    let delay = scripted.delay().unwrap_or_default();
    let Some(due) = tx.now().checked_add_signed(delay) else { return };
    let next = Next::Exit(run::error(&scripted));
    store.jobs.continuous.put(key, Continuous { job: job.name.clone(), due, next });
}

/// What is due of processes that end and begin again.
pub fn due(store: &mut KuduStore, tx: &mut Tx<'_>) {
    let now = tx.now();
    // What begins again may end at once; it then waits for at least a second.
    loop {
        let mut due = store.jobs.continuous.values().filter(|job| job.due <= now);
        let Some(Continuous { job: name, next, .. }) = due.next().map(|job| (**job).clone()) else { return };
        let key = name.to_lowercase();
        let Some(job) = find::find(store, Kind::Continuous, &name) else {
            // Its files went without a call about the job: nothing is left to start.
            store.jobs.continuous.remove(&key);
            continue;
        };
        match next {
            Next::Restart => start(store, &job, tx),
            Next::Exit(error) => {
                let set =
                    store.settings.filled("WEBJOBS_RESTART_TIME").and_then(|text| text.parse::<i64>().ok());
                let wait = set.unwrap_or(RESTART_SECS).clamp(1, 86_400);
                let verdict = if error.is_some() { Verdict::Failed } else { Verdict::Ok };
                if let Some(error) = &error {
                    log::append(store, &log_path(&name), now, &[(Level::SystemError, error)]);
                }
                let fact = format!("its process ended; it is started again after {wait} seconds");
                tell(store, &name, "PendingRestart", &fact, verdict, tx);
                let due = now.checked_add_signed(TimeDelta::seconds(wait)).unwrap_or(Timestamp::MAX_UTC);
                store.jobs.continuous.put(key, Continuous { job: name, due, next: Next::Restart });
            }
        }
    }
}

fn tell(
    store: &mut KuduStore,
    name: &str,
    status: &'static str,
    fact: &str,
    verdict: Verdict,
    tx: &mut Tx<'_>,
) {
    let line = format!("Status changed to {status}");
    log::append(store, &log_path(name), tx.now(), &[(Level::System, &line)]);
    let event =
        Event::new("webjob.changed", subject(name)).fact(format!("the continuous job {name}: {fact}"));
    tx.emit(event.verdict(verdict).with("status", status));
}

fn subject(name: &str) -> String {
    format!("webjob:{name}")
}

fn log_path(name: &str) -> String {
    format!("{}/job_log.txt", Kind::Continuous.data_folder(name))
}
