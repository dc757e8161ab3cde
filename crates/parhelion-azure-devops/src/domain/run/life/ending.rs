//! Ending a run or a stage before its time, and running again what did not go well.

use super::{Moved, Part, Turn};
use crate::store::{Build, BuildResult, BuildStatus, Life, RecordResult, StageRun, StepRun};
use parhelion_core::Timestamp;
use uuid::Uuid;

/// Tells a build to end: what it is at is canceled. What has not begun does so only if its condition holds all the same
/// (`always()`); the run itself ends as its pace says.
pub fn cancel(build: &mut Build, now: Timestamp) -> Vec<Moved> {
    let mut moved = vec![Moved(Part::Run, Turn::Cancelling)];
    build.status = BuildStatus::Cancelling;
    build.wait = None;
    build.changed = now;
    for (s, stage) in build.stages.iter_mut().enumerate() {
        if build.started.is_none() {
            // Of what nobody began nothing is begun now.
            cancel_stage(s, stage, now, &mut moved);
            continue;
        }
        if stage.is_held() {
            // What is asked before it has nothing to be asked for any more.
            moved.extend(cancel_only(s, stage, now));
            continue;
        }
        for (j, job) in stage.jobs.iter_mut().enumerate() {
            // Whatever it waited for, it is to be looked at now.
            job.wait = None;
            for (t, step) in job.steps.iter_mut().enumerate() {
                step.wait = None;
                if step.life.started.is_some() && step.life.cancel(now) {
                    moved.push(Moved(Part::Step(s, j, t), Turn::Ended));
                }
            }
        }
    }
    moved
}

/// Ends one stage alone: it is canceled, whether it has begun or not.
pub fn cancel_only(s: usize, stage: &mut StageRun, now: Timestamp) -> Vec<Moved> {
    let mut moved = Vec::new();
    cancel_stage(s, stage, now, &mut moved);
    if !moved.is_empty() {
        stage.life.result = Some(RecordResult::Canceled);
    }
    moved
}

/// Ends everything of a stage that is not over.
fn cancel_stage(s: usize, stage: &mut StageRun, now: Timestamp, moved: &mut Vec<Moved>) {
    for (j, job) in stage.jobs.iter_mut().enumerate() {
        job.wait = None;
        for (t, step) in job.steps.iter_mut().enumerate() {
            step.wait = None;
            if step.life.cancel(now) && step.life.started.is_some() {
                moved.push(Moved(Part::Step(s, j, t), Turn::Ended));
            }
        }
        if job.life.cancel(now) {
            moved.push(Moved(Part::Job(s, j), Turn::Ended));
        }
    }
    if let Some(checkpoint) = &mut stage.checkpoint {
        checkpoint.cancel(now);
    }
    if stage.life.cancel(now) {
        moved.push(Moved(Part::Stage(s), Turn::Ended));
    }
}

/// Sets back what is to be run again: all that did not go well of the whole build or of one stage and what depends on
/// it; with `all`, every job of that stage. Whether there was anything.
pub fn retry(
    build: &mut Build,
    only: Option<usize>,
    all: bool,
    now: Timestamp,
    new: &mut dyn FnMut() -> Uuid,
) -> bool {
    // What was left out has nothing to be run again, unless what it waited for is, or the whole run was ended.
    let ended = build.result == Some(BuildResult::Canceled);
    let bad =
        |life: &Life| life.result.is_some_and(|r| !r.is_good() && (ended || r != RecordResult::Skipped));
    let idle = |life: &Life| life.result.is_some_and(|r| !r.is_good());
    let mut again: Vec<usize> = match only {
        Some(s) => vec![s],
        None => (0..build.stages.len()).collect(),
    };
    if only.is_none() {
        again.retain(|s| build.stages.get(*s).is_some_and(|stage| bad(&stage.life)));
    }
    {
        // A stage that was left out because of this one comes after it again, and so on.
        let mut n = 0;
        while let Some(name) = again.get(n).and_then(|s| build.stages.get(*s)).map(|s| s.name.clone()) {
            let after = build.stages.iter().enumerate().filter(|(_, stage)| {
                idle(&stage.life) && stage.depends_on.iter().any(|d| d.eq_ignore_ascii_case(&name))
            });
            let more: Vec<usize> = after.map(|(s, _)| s).filter(|s| !again.contains(s)).collect();
            again.extend(more);
            n += 1;
        }
    }
    let mut any = false;
    for s in again {
        let Some(stage) = build.stages.get_mut(s).filter(|stage| !stage.skipped) else { continue };
        let every = all && Some(s) == only;
        if !every && !idle(&stage.life) {
            continue;
        }
        for job in
            stage.jobs.iter_mut().filter(|job| every || !job.life.result.is_some_and(RecordResult::is_good))
        {
            reset(&mut job.record, &mut job.earlier, &mut job.life, new);
            job.wait = None;
            (job.play, job.why) = (None, None);
            job.outputs.clear();
            job.worked_out.clear();
            job.steps.iter_mut().for_each(StepRun::reset);
        }
        stage.why = None;
        stage.checkpoint = None;
        reset(&mut stage.record, &mut stage.earlier, &mut stage.life, new);
        any = true;
    }
    if any {
        build.changed = now;
        // A run that is not over, or has not begun, goes on as it was.
        if build.status == BuildStatus::Completed {
            build.status = BuildStatus::InProgress;
            build.result = None;
            build.finished = None;
            build.started = build.started.or(Some(now));
        }
    }
    any
}

/// Earlier attempts that a timeline keeps of a stage or job; the oldest go first.
const MAX_ATTEMPTS: usize = 100;

fn reset(record: &mut Uuid, earlier: &mut Vec<Uuid>, life: &mut Life, new: &mut dyn FnMut() -> Uuid) {
    if life.started.is_some() {
        earlier.push(*record);
        if earlier.len() > MAX_ATTEMPTS {
            earlier.remove(0);
        }
    }
    *record = new();
    *life = Life::default();
}
