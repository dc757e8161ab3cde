//! A job at work: its steps one after another, each as its condition, its pace and a behaviour say.

use super::{
    Draw, Moved, Paces, Part, Turn, conditions,
    conditions::Ready,
    heard,
    hooks::{hook_waits, stands},
    plays::{drawn, played},
    start,
};
use crate::{
    domain::{
        run::{
            handed::Handed,
            scope::{FOLDER, Scope},
        },
        simulation,
    },
    store::{Artifact, Build, BuildStatus, Complaint, Ending, Lines, Play, RecordResult, StepRun, Wait},
};
use chrono::TimeDelta;
use parhelion_core::{Pace, Timestamp};

/// Moves a job; whether it ended.
pub(super) fn job(
    build: &mut Build,
    (s, j): (usize, usize),
    paces: &Paces,
    now: Timestamp,
    draw: &mut dyn Draw,
    moved: &mut Vec<Moved>,
) -> bool {
    let Some(job) = build.job(s, j).filter(|job| job.life.finished.is_none()) else { return false };
    if job.life.started.is_none() {
        // What waits was judged before; of a matrix, others may have begun since.
        match conditions::job(build, s, j) {
            Ready::NotYet => return false,
            Ready::Go => {}
            Ready::Never(why) => return leave_out(build, (s, j), RecordResult::Skipped, why, now, moved),
            Ready::Abandon(why) => return leave_out(build, (s, j), RecordResult::Abandoned, why, now, moved),
        }
        let Some(job) = build.job_mut(s, j) else { return false };
        if job.wait.is_none() {
            moved.push(Moved(Part::Job(s, j), Turn::Waiting));
        }
        if !job.wait.get_or_insert_with(|| Wait::begin(paces.job, now)).is_over(now) {
            return false;
        }
        job.wait = None;
        let play = drawn(build, (s, j), None, draw);
        if play.as_ref().is_some_and(|play| play.end == Ending::Skip) {
            let why = "a behaviour leaves it out".to_owned();
            return leave_out(build, (s, j), RecordResult::Skipped, why, now, moved);
        }
        if let Err(why) = start::prepare(build, (s, j)) {
            return leave_out(build, (s, j), RecordResult::Failed, why, now, moved);
        }
        let Some(job) = build.job_mut(s, j) else { return false };
        job.play = play.map(Box::new);
        job.life.started = Some(now);
        moved.push(Moved(Part::Job(s, j), Turn::Began));
    }
    if !steps(build, (s, j), paces, now, draw, moved) {
        return false;
    }
    let carries_on =
        build.job_plan(s, j).is_some_and(|plan| simulation::is_true(plan.continue_on_error.as_deref()));
    let Some(job) = build.job_mut(s, j) else { return false };
    let worst = job.steps.iter().filter_map(|t| t.life.result).max().unwrap_or(RecordResult::Succeeded);
    let result = match worst {
        RecordResult::Skipped => RecordResult::Succeeded,
        RecordResult::Failed if carries_on => RecordResult::SucceededWithIssues,
        other => other,
    };
    job.life.end(result, now);
    if build.executes
        && let Some(job) = build.job(s, j)
    {
        draw.tidy(job.record);
    }
    moved.push(Moved(Part::Job(s, j), Turn::Ended));
    true
}

fn leave_out(
    build: &mut Build,
    (s, j): (usize, usize),
    result: RecordResult,
    why: String,
    now: Timestamp,
    moved: &mut Vec<Moved>,
) -> bool {
    let Some(job) = build.job_mut(s, j) else { return false };
    job.wait = None;
    if result == RecordResult::Failed {
        // It was begun: that it could not go on is its own matter.
        job.life.started = Some(now);
    }
    job.life.end(result, now);
    job.why = Some(why);
    moved.push(Moved(Part::Job(s, j), Turn::Ended));
    true
}

/// Moves the steps of a job, one after another; whether all are over.
fn steps(
    build: &mut Build,
    (s, j): (usize, usize),
    paces: &Paces,
    now: Timestamp,
    draw: &mut dyn Draw,
    moved: &mut Vec<Moved>,
) -> bool {
    let count = build.job(s, j).map_or(0, |job| job.steps.len());
    let mut t = 0;
    while t < count {
        let at = (s, j, t);
        let Some(step) = build.step(s, j, t) else { break };
        if step.life.finished.is_some() {
            t += 1;
            continue;
        }
        if step.life.started.is_none() && !begin(build, at, now, draw) {
            moved.push(Moved(Part::Step(s, j, t), Turn::Ended));
            t += 1;
            continue;
        }
        let limits = Limits::of(build, at, now);
        let cancelling = build.status == BuildStatus::Cancelling;
        let Some(step) = build.step(s, j, t) else { break };
        if step.wait.is_none() && hand_over(build, at, &limits, now, draw) {
            return false;
        }
        let Some(step) = build.step_mut(s, j, t) else { break };
        if step.wait.is_none() {
            // The service's own steps hold up no cancellation.
            let own = cancelling && step.what.place().is_none();
            step.wait =
                Some(if own { Wait::begin(Pace::Immediate, now) } else { begun(step, paces, now, &limits) });
        }
        if !step.wait.is_some_and(|wait| wait.is_over(now)) {
            return false;
        }
        step.wait = None;
        // One that is tried again is begun again at the same place.
        if finish(build, at, &limits, now, draw) {
            moved.push(Moved(Part::Step(s, j, t), Turn::Ended));
            t += 1;
        }
    }
    true
}

/// Hands a step over to be executed, if it is one of those; it then waits for its time limit at most.
fn hand_over(
    build: &mut Build,
    (s, j, t): (usize, usize, usize),
    limits: &Limits,
    now: Timestamp,
    draw: &mut dyn Draw,
) -> bool {
    let (Some(job), Some(step)) = (build.job(s, j), build.step(s, j, t)) else { return false };
    let played = step.trail.as_ref().is_some_and(|trail| trail.play.is_some() || trail.done.is_some());
    // What a behaviour says goes before.
    if !build.executes || played || !simulation::is_executable(build, s, j, step.what) {
        return false;
    }
    let tries = step.trail.as_ref().map_or(0, |trail| trail.tries);
    draw.execute(&Handed { build: build.id, record: job.step_record(t), tries });
    let Some(step) = build.step_mut(s, j, t) else { return false };
    let end = if limits.end < limits.end_of_job { Ending::TimeOut } else { Ending::Hang };
    let trail = step.trail_mut();
    trail.at_work = true;
    trail.play = Some(Play { end, ..Play::default() });
    step.wait = Some(Wait { since: now, until: Some(limits.end.max(now)) });
    true
}

/// The minutes that the job of a step may take.
pub fn minutes_of_job(build: &Build, (s, j, _): (usize, usize, usize)) -> u32 {
    simulation::minutes(build.job_plan(s, j).and_then(|plan| plan.timeout_in_minutes.as_deref()))
}

/// How long a step may take.
struct Limits {
    /// Minutes that its job may take.
    job: u32,
    /// When its job is ended.
    end_of_job: Timestamp,
    /// When it is ended itself.
    end: Timestamp,
}

impl Limits {
    fn of(build: &Build, (s, j, t): (usize, usize, usize), now: Timestamp) -> Limits {
        let job =
            simulation::minutes(build.job_plan(s, j).and_then(|plan| plan.timeout_in_minutes.as_deref()));
        let after = |from: Option<Timestamp>, minutes: u32| {
            let from = from.unwrap_or(now);
            from.checked_add_signed(TimeDelta::minutes(minutes.into())).unwrap_or(Timestamp::MAX_UTC)
        };
        let end_of_job = after(build.job(s, j).and_then(|job| job.life.started), job);
        let step = build.step(s, j, t);
        let plan = step.and_then(|step| build.step_plan(s, j, step.what)).map(|(_, plan)| plan);
        let own: Option<u32> = plan.and_then(|plan| plan.timeout_in_minutes.as_deref()?.trim().parse().ok());
        let end = match own.filter(|minutes| *minutes > 0) {
            Some(minutes) => after(step.and_then(|step| step.life.started), minutes).min(end_of_job),
            None => end_of_job,
        };
        Limits { job, end_of_job, end }
    }
}

/// How long a step takes: as its outcome says, but no longer than it and its job may.
fn begun(step: &mut StepRun, paces: &Paces, now: Timestamp, limits: &Limits) -> Wait {
    let Some(play) = step.trail.as_mut().and_then(|trail| trail.play.as_mut()) else {
        return Wait::begin(paces.step, now);
    };
    let until = match (play.end, play.delay) {
        (Ending::Hang, _) => Timestamp::MAX_UTC,
        (_, None) => return Wait::begin(paces.step, now),
        (_, Some(delay)) => {
            now.checked_add_signed(TimeDelta::milliseconds(delay)).unwrap_or(Timestamp::MAX_UTC)
        }
    };
    if until > limits.end || play.end == Ending::Hang {
        play.end = if limits.end < limits.end_of_job { Ending::TimeOut } else { Ending::Hang };
    }
    Wait { since: now, until: Some(until.min(limits.end).max(now)) }
}

/// Begins a step, or leaves it out; whether it begins.
fn begin(build: &mut Build, (s, j, t): (usize, usize, usize), now: Timestamp, draw: &mut dyn Draw) -> bool {
    let Some((job, step)) = build.job(s, j).and_then(|job| Some((job, job.steps.get(t)?))) else {
        return false;
    };
    let written = step.what.place().is_some();
    let ready = match written.then(|| hook_waits(build, (s, j, t))).flatten() {
        Some(why) => Ready::Never(why),
        None => conditions::step(build, (s, j, t), stands(build, (s, j, t))),
    };
    // What is about the whole job is carried by its first step of the YAML, or by the last of all.
    let carries = job.play.is_some() && (written || t + 1 == job.steps.len());
    let play = match &ready {
        Ready::Go if carries => None,
        Ready::Go if written => drawn(build, (s, j), Some(t), draw),
        _ => None,
    };
    let Some(job) = build.job_mut(s, j) else { return false };
    let play = if carries && ready == Ready::Go { job.play.take().map(|play| *play) } else { play };
    let Some(step) = job.steps.get_mut(t) else { return false };
    match ready {
        Ready::Go if play.as_ref().is_some_and(|play| play.end == Ending::Skip) => {
            step.trail_mut().why = Some("a behaviour leaves it out".to_owned());
            step.life.end(RecordResult::Skipped, now);
            false
        }
        Ready::Go => {
            step.life.started = Some(now);
            if play.is_some() {
                step.trail_mut().play = play;
            }
            true
        }
        Ready::Never(why) => {
            step.trail_mut().why = Some(why);
            step.life.end(RecordResult::Skipped, now);
            false
        }
        // CHOICE (after the agent, not verified): a step whose condition cannot be told has failed.
        Ready::Abandon(why) => {
            step.life.started = Some(now);
            step.trail_mut().complain(Complaint::error(why.clone()));
            step.trail_mut().why = Some(why);
            step.life.end(RecordResult::Failed, now);
            false
        }
        Ready::NotYet => false,
    }
}

/// Ends a step as its outcome says; whether it is over, and not tried again.
fn finish(
    build: &mut Build,
    (s, j, t): (usize, usize, usize),
    limits: &Limits,
    now: Timestamp,
    draw: &mut dyn Draw,
) -> bool {
    let at = (s, j, t);
    let Some(step) = build.step_mut(s, j, t) else { return true };
    let what = step.what;
    let play = step.trail.as_mut().and_then(|trail| trail.play.take());
    let done = step.trail.as_mut().and_then(|trail| {
        // What takes too long is over, whatever its execution comes to.
        trail.at_work = false;
        trail.done.take()
    });
    let of_job = play.as_ref().is_some_and(|play| play.of_job);
    let silent = play.is_some() || done.is_some();
    let scripted = if silent { Vec::new() } else { heard::said_by_script(build, at) };
    let mut result = RecordResult::Succeeded;
    let mut may_retry = true;
    if let Some(done) = done {
        result = done.result.max(done.heard.result.unwrap_or(RecordResult::Succeeded));
        if let Some(job) = build.job_mut(s, j).filter(|_| !done.folder.is_empty()) {
            job.worked_out.insert(FOLDER.to_owned(), done.folder);
        }
        heard::apply(build, at, done.heard);
    } else if play.is_some() || !scripted.is_empty() {
        let nothing = |_: &str| true;
        let mut hearing = heard::hearing(build, at, &nothing);
        scripted.iter().for_each(|line| hearing.line(line));
        if let Some(play) = play {
            may_retry = play.end == Ending::Fail;
            result = played(play, &mut hearing, limits.job);
        }
        let heard = hearing.heard;
        result = result.max(heard.result.unwrap_or(RecordResult::Succeeded));
        heard::apply(build, at, heard);
    }
    if result == RecordResult::Failed && may_retry && !of_job && tried_again(build, at, draw) {
        return false;
    }
    let plan = build.step_plan(s, j, what).map(|(_, plan)| plan);
    if result == RecordResult::Failed && !of_job {
        let carries_on = plan.is_some_and(|plan| simulation::is_true(plan.continue_on_error.as_deref()));
        result = if carries_on { RecordResult::SucceededWithIssues } else { result };
    }
    let published = plan.and_then(|plan| simulation::published(plan, &Scope::step(build, s, j, t)));
    let source = build.job(s, j).map(|job| job.record.to_string());
    let Some(step) = build.step_mut(s, j, t) else { return true };
    step.life.end(result, now);
    if let Some(name) = published.filter(|_| result.is_good()) {
        let kind = "PipelineArtifact".to_owned();
        let (data, properties) = Default::default();
        heard::publish(build, Artifact { id: 0, name, source, kind, data, properties });
    }
    true
}

/// Tries of a step at most, the first not counted.
// Docs: retryCountOnTaskFailure.
const MAX_TRIES: u32 = 10;

/// Lets a step that failed begin again, if it may; what comes of it then is drawn anew.
// CHOICE: it is tried again at once; the service waits for as many seconds as the square of how often it was tried.
fn tried_again(build: &mut Build, (s, j, t): (usize, usize, usize), draw: &mut dyn Draw) -> bool {
    let Some(step) = build.step(s, j, t) else { return false };
    let plan = build.step_plan(s, j, step.what).map(|(_, plan)| plan);
    let most = plan.and_then(|plan| plan.retry_count_on_task_failure.as_deref()?.trim().parse::<u32>().ok());
    let most = most.unwrap_or(0).min(MAX_TRIES);
    let tries = step.trail.as_ref().map_or(0, |trail| trail.tries) + 1;
    if tries > most {
        return false;
    }
    let play = drawn(build, (s, j), Some(t), draw);
    let Some(step) = build.step_mut(s, j, t) else { return false };
    let trail = step.trail_mut();
    trail.tries = tries;
    trail.play = play;
    let wait = u64::from(tries).pow(2) * 1_000;
    // OBSERVED: the agent's text.
    let message = format!(
        "RetryHelper encountered task failure, will retry (attempt #: {tries} out of {most}) after {wait} ms"
    );
    trail.said = Lines::of(&format!("{}##[warning]{message}\n", trail.said.text()));
    trail.complain(Complaint { error: false, ..Complaint::error(message) });
    true
}
