//! The life of a triggered job's run: accepted, running, ended, told of.

use super::find::Job;
use super::log::{self, Level};
use super::{Kind, payload};
use crate::domain::{publish, script, time};
use crate::settings::Settings;
use crate::store::{Ending, KuduStore, Run, RunKey, RunStatus, SiteUrls};
use chrono::TimeDelta;
use parhelion_core::{Cause, Event, Pace, Scripted, Timestamp, Verdict};
use parhelion_state::{Job as Work, Tx};
use serde_json::{Value, json};
use std::sync::Arc;

/// How long a run is at it as long as nobody sets a pace.
const USUAL: Pace = Pace::After(TimeDelta::milliseconds(50));
/// Runs of a job that are kept as long as no setting says otherwise.
const HISTORY: usize = 50;
/// Longest text of a run that a client gives, bytes.
pub const MAX_TEXT_BYTES: usize = 4_096;
/// The kind of the job that runs a script.
pub const KIND: &str = "kudu.webjob";
const LOG: &str = "output_log.txt";

/// The subject of a run in the journal.
pub fn subject(job: &str, id: &str) -> String {
    format!("webjob:{job}@{id}")
}

/// Starts a run of a job that has none going on; its id.
pub fn start(
    store: &mut KuduStore,
    job: &Job,
    arguments: Option<String>,
    trigger: &str,
    urls: SiteUrls,
    tx: &mut Tx<'_>,
) -> String {
    make_room(store, &job.name, tx);
    let now = tx.now();
    let id = new_id(store, &job.name, now);
    let key = (job.name.to_lowercase(), id.clone());
    let run = Run {
        job: job.name.clone(),
        arguments,
        trigger: trigger.to_owned(),
        status: RunStatus::Running,
        start: now,
        end: None,
        urls,
    };
    let subject = subject(&job.name, &id);
    let fact = format!("a run of the job {} was accepted: {trigger}", job.name);
    let started = Event::new("webjob.started", &*subject).fact(fact).verdict(Verdict::Ok);
    let started = tx.emit(started.with("job", &*job.name).with("status", RunStatus::Initializing.name()));
    let running = format!("{} is for the {}", job.run_command, job.host);
    let running = Event::new("webjob.changed", &*subject).fact(running).because(started);
    let running = tx.emit(running.with("status", RunStatus::Running.name()));
    let ending = ending(job, &subject, running.into(), tx);
    let path = format!("{}/{id}/{LOG}", Kind::Triggered.data_folder(&job.name));
    let by = format!("Run script '{}' with script host - '{}'", job.script, job.host);
    let lines = [
        (Level::System, "Status changed to Initializing"),
        (Level::System, &*by),
        (Level::System, "Status changed to Running"),
    ];
    log::append(store, &path, now, &lines);
    store.jobs.runs.put(key.clone(), run);
    store.jobs.running.put(key.clone(), ending.clone());
    write_status(store, &key);
    if ending.executing {
        let input = json!({"job": key.0, "run": id});
        tx.spawn_job(Work { kind: KIND.to_owned(), subject, input });
    } else if ending.at.is_some_and(|at| at <= now) {
        finish(store, &key, tx);
    }
    id
}

/// What runs the scripts of a host on this machine, if anything does.
pub fn program(host: &str) -> Option<&'static str> {
    match host {
        "BashScriptHost" => Some("sh"),
        "PythonScriptHost" => Some("python3"),
        "NodeScriptHost" => Some("node"),
        "PhpScriptHost" => Some("php"),
        "PowerShellScriptHost" => Some("pwsh -File"),
        _ => None,
    }
}

/// Ends a run whose script was run.
pub fn end(store: &mut KuduStore, key: &RunKey, error: Option<String>, lines: Vec<String>, tx: &mut Tx<'_>) {
    store.jobs.running.edit(key, |ending| (ending.error, ending.lines) = (error, lines));
    finish(store, key, tx);
}

/// How a run will end: as a behaviour says, or as the script's text reads.
fn ending(job: &Job, subject: &str, cause: Cause, tx: &mut Tx<'_>) -> Ending {
    let scripted = tx.scripted(&[("kind", "webjob"), ("job", &job.name)]);
    let pace = tx.pace_or("webjob", USUAL);
    let now = tx.now();
    let after = |delay: TimeDelta| now.checked_add_signed(delay);
    let mut at = match pace {
        Pace::Immediate => Some(now),
        Pace::After(delay) => after(delay),
        Pace::Manual => None,
    };
    let Some(scripted) = scripted else {
        if tx.settings::<Settings>().is_some_and(|settings| settings.exec) && program(job.host).is_some() {
            return Ending { at: None, executing: true, error: None, lines: Vec::new(), behaviour: None };
        }
        // CHOICE: a script that holds a line `exit N` with N above 0 fails with it.
        let code = exit_code(&job.content);
        let error = code.map(|code| format!("Job failed due to exit code {code}"));
        let lines = vec!["Parhelion does not run the script: its outcome is read off its text.".to_owned()];
        return Ending { at, executing: false, error, lines, behaviour: None };
    };
    tx.emit(scripted.used(subject).because(cause));
    if let Some(delay) = scripted.delay() {
        at = after(delay);
    }
    if scripted.outcome == "hang" {
        at = None;
    }
    let lines = lines(&scripted);
    Ending { at, executing: false, error: error(&scripted), lines, behaviour: Some(scripted.behaviour) }
}

/// What a behaviour has a script print.
pub fn lines(scripted: &Scripted) -> Vec<String> {
    scripted.members.get("log").and_then(script::lines).unwrap_or_default()
}

/// What a behaviour says that goes wrong.
pub fn error(scripted: &Scripted) -> Option<String> {
    let said = || scripted.text("message").unwrap_or("Job failed due to exit code 1").to_owned();
    (scripted.outcome == "fail").then(said)
}

/// The first exit code above 0 that a script's lines name.
fn exit_code(content: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(content);
    text.lines().find_map(|line| {
        let mut words = line.trim().trim_end_matches(';').split_whitespace();
        let is_exit = words.next()?.eq_ignore_ascii_case("exit");
        // Batch files write `exit /b 3`.
        let code = words.find(|word| !word.eq_ignore_ascii_case("/b"))?;
        code.parse::<u32>().ok().filter(|code| is_exit && *code > 0)
    })
}

/// Learns that a script could not be run at all.
pub fn not_run(store: &mut KuduStore, work: &Work, why: String, tx: &mut Tx<'_>) {
    let text = |name: &str| work.input.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = (text("job"), text("run"));
    end(store, &key, Some(format!("WebJob run failed due to: {why}")), Vec::new(), tx);
}

/// Ends the runs whose time has come.
pub fn due(store: &mut KuduStore, tx: &mut Tx<'_>) {
    let now = tx.now();
    let is_due = |ending: &Ending| ending.at.is_some_and(|at| at <= now);
    let due: Vec<RunKey> =
        store.jobs.running.iter().filter(|(_, ending)| is_due(ending)).map(|(key, _)| key.clone()).collect();
    for key in due {
        finish(store, &key, tx);
    }
}

/// Ends a run that waits to be stepped: the one of this id (`NAME@RUN`, a run's id or a job's name), or the oldest.
pub fn step(store: &mut KuduStore, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
    let waiting = store.jobs.running.iter().filter(|(_, ending)| ending.at.is_none() && !ending.executing);
    let meant = waiting.filter_map(|(key, _)| {
        let run = store.jobs.runs.get(key)?;
        let whole = format!("{}@{}", run.job, key.1);
        let is_meant = id.is_none_or(|id| id == whole || id == key.1 || id.eq_ignore_ascii_case(&run.job));
        is_meant.then(|| (run.start, key.clone(), whole))
    });
    let (_, key, whole) = meant.min()?;
    finish(store, &key, tx);
    Some(format!("webjob:{whole}"))
}

/// What a run waits for, if it is going on.
pub fn standing(store: &KuduStore, asked: &str, now: Timestamp) -> Vec<Event> {
    let meant = store.jobs.running.iter().filter_map(|(key, ending)| {
        let run = store.jobs.runs.get(key)?;
        (subject(&run.job, &key.1) == asked).then_some(ending)
    });
    let told = meant.map(|ending| {
        let waiting = Event::new("webjob.changed", asked).verdict(Verdict::Waiting);
        match ending.at {
            Some(at) if at > now => {
                let fact = format!("the run goes on until {}", time::iso(at));
                waiting.fact(fact).with("waits_for", "clock")
            }
            Some(_) => waiting.fact("the run is about to end"),
            None if ending.executing => waiting.fact("the run goes on until its script ends"),
            None => waiting.fact("the run goes on until it is stepped (POST /_parhelion/step)"),
        }
    });
    told.collect()
}

/// Aborts all runs that are going on, as the process that runs them is ended; how many there were. Nobody is told: the one
/// who would tell is that process.
pub fn abort(store: &mut KuduStore, tx: &mut Tx<'_>) -> usize {
    let running: Vec<RunKey> = store.jobs.running.keys().cloned().collect();
    for key in &running {
        store.jobs.running.remove(key);
        let now = tx.now();
        let job = store.jobs.runs.edit(key, |run| {
            run.status = RunStatus::Aborted;
            run.end = Some(now);
            run.job.clone()
        });
        write_status(store, key);
        let subject = subject(&job.unwrap_or_default(), &key.1);
        let fact = "the run was aborted with the process that ran it; no hook is told";
        tx.emit(Event::new("webjob.finished", subject).fact(fact).verdict(Verdict::Failed));
    }
    running.len()
}

fn finish(store: &mut KuduStore, key: &RunKey, tx: &mut Tx<'_>) {
    let Some(ending) = store.jobs.running.remove(key) else { return };
    let now = tx.now();
    let status = if ending.error.is_some() { RunStatus::Failed } else { RunStatus::Success };
    store.jobs.runs.edit(key, |run| {
        run.status = status;
        run.end = Some(now);
    });
    let Some(run) = store.jobs.runs.get(key).cloned() else { return };
    let path = format!("{}/{}/{LOG}", Kind::Triggered.data_folder(&run.job), key.1);
    let changed = format!("Status changed to {}", status.name());
    let mut lines: Vec<(Level, &str)> =
        ending.lines.iter().map(|line| (Level::Output, line.as_str())).collect();
    lines.push((Level::System, &changed));
    lines.extend(ending.error.iter().map(|error| (Level::SystemError, error.as_str())));
    log::append(store, &path, now, &lines);
    write_status(store, key);

    let subject = subject(&run.job, &key.1);
    let (fact, verdict) = match &ending.error {
        None => ("the run ended well".to_owned(), Verdict::Ok),
        Some(error) => (format!("the run failed: {error}"), Verdict::Failed),
    };
    let finished = Event::new("webjob.finished", &*subject).fact(fact).verdict(verdict);
    let finished = finished.because(Cause::Last(subject)).with("status", status.name());
    let finished = tx.emit(finished);
    let body: Arc<str> = payload::body(&key.1, &run).into();
    // Nothing waits for these hooks.
    publish::publish(store, payload::EVENT, &body, finished.into(), tx);
}

/// The run's file `status`, as the service keeps it.
fn write_status(store: &mut KuduStore, key: &RunKey) {
    let Some(run) = store.jobs.runs.get(key).cloned() else { return };
    let end = run.end.map_or(time::UNSET.to_owned(), time::iso);
    let status = json!({
        "trigger": run.trigger,
        "start_time": time::iso(run.start),
        "end_time": end,
        "Status": run.status.name(),
    });
    let path = format!("{}/{}/status", Kind::Triggered.data_folder(&run.job), key.1);
    log::write(store, &path, status.to_string(), run.end.unwrap_or(run.start));
}

/// `yyyyMMddHHmmssffff`; a run that begins in the same tenth of a millisecond as another takes the next one.
fn new_id(store: &KuduStore, job: &str, now: Timestamp) -> String {
    let job = job.to_lowercase();
    let newest = store.jobs.history(&job).first().map(|(id, _)| (*id).to_owned());
    let mut at = now;
    loop {
        let units = at.timestamp_subsec_nanos() / 100_000;
        let id = format!("{}{units:04}", at.format("%Y%m%d%H%M%S"));
        // Later than all that are there, as the order of ids is that of runs.
        if newest.as_ref().is_none_or(|newest| id > *newest) {
            return id;
        }
        let Some(next) = at.checked_add_signed(TimeDelta::microseconds(100)) else { return id };
        at = next;
    }
}

/// Takes the oldest runs away, so that with the next one there are as many as are kept.
fn make_room(store: &mut KuduStore, job: &str, tx: &Tx<'_>) {
    let set = store.settings.filled("WEBJOBS_HISTORY_SIZE").and_then(|text| text.parse::<usize>().ok());
    let kept = set.unwrap_or(HISTORY).clamp(1, 10_000) - 1;
    let old: Vec<String> =
        store.jobs.history(job).into_iter().skip(kept).map(|(id, _)| id.to_owned()).collect();
    for id in old {
        store.jobs.runs.remove(&(job.to_lowercase(), id.clone()));
        let folder = format!("{}/{id}", Kind::Triggered.data_folder(job));
        store.files.remove_folder(&folder, time::ticks(tx.now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exit_codes_are_read_off_the_text() {
        for (text, code) in [
            ("echo hi\r\nexit 3\r\n", Some(3)),
            ("  EXIT /b 7", Some(7)),
            ("exit 0", None),
            ("exit", None),
            ("exiting 3", None),
            ("rem exit 3", None),
            ("exit 1;", Some(1)),
            ("exit -1", None),
        ] {
            assert_eq!(exit_code(text.as_bytes()), code, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_script_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = exit_code(&bytes);
        }
    }
}
