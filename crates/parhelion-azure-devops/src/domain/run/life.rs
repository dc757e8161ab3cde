//! How a run moves through its states: one step of a plain state machine, with the time and the paces passed in.
//!
//! Nothing is executed, so a step ends as soon as its pace lets it, and as a behaviour says, else well. A stage or job
//! begins when all that it depends on is over and its condition holds.

mod conditions;
mod ending;
mod heard;
mod hooks;
mod plays;
mod start;
mod waits;
mod work;

pub use ending::{cancel, cancel_only, retry};
pub use heard::{At, hearing, masker};
pub use plays::too_long;
pub use waits::{let_go, next, waiting};
pub use work::minutes_of_job;

use super::handed::Handed;
use crate::store::{Build, BuildResult, BuildStatus, Life, RecordResult, Wait};
use conditions::Ready;
use parhelion_core::{Pace, Scripted, Timestamp};
use parhelion_state::Tx;
use uuid::Uuid;
use work::job;

/// How fast the parts of a run go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paces {
    /// From queueing to the beginning, and from cancelling to the end.
    pub run: Pace,
    /// From when a job may begin to when it does.
    pub job: Pace,
    /// How long a step takes.
    pub step: Pace,
}

impl Paces {
    /// Those of the world.
    pub fn of(tx: &Tx<'_>) -> Self {
        Paces { run: tx.pace("run"), job: tx.pace("job"), step: tx.pace("step") }
    }
    /// Whether nothing ever waits.
    pub fn are_immediate(&self) -> bool {
        [self.run, self.job, self.step].iter().all(|p| *p == Pace::Immediate)
    }
}

impl Wait {
    fn begin(pace: Pace, now: Timestamp) -> Wait {
        let until = match pace {
            Pace::Immediate => Some(now),
            Pace::After(delay) => Some(now.checked_add_signed(delay).unwrap_or(Timestamp::MAX_UTC)),
            Pace::Manual => None,
        };
        Wait { since: now, until }
    }
    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl Life {
    fn end(&mut self, result: RecordResult, now: Timestamp) {
        self.finished = Some(now);
        self.result = Some(result);
    }
    /// Ends what is not over: what was begun is canceled, the rest left out.
    fn cancel(&mut self, now: Timestamp) -> bool {
        if self.finished.is_some() {
            return false;
        }
        let result = if self.started.is_some() { RecordResult::Canceled } else { RecordResult::Skipped };
        self.end(result, now);
        true
    }
}

/// Whether a stage that is ready may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It may.
    Open,
    /// Checks on what it uses do not hold yet.
    Held,
    /// They never will: how it ends, and why.
    Refused(RecordResult, String),
}

/// Says how work comes out.
pub trait Draw {
    /// Whether any behaviour may say something.
    fn listens(&self) -> bool {
        true
    }
    /// Whether the checks before a stage let it begin. While they do not, it is asked again each time. What moved before
    /// may be told, and taken out, so that it is told first.
    fn enter(
        &mut self,
        _build: &mut Build,
        _stage: usize,
        _now: Timestamp,
        _moved: &mut Vec<Moved>,
    ) -> Entry {
        Entry::Open
    }
    /// What a behaviour says of a job (`of_step` is false) or a step of these facets; `subject` is its record.
    fn scripted(&mut self, subject: &str, of_step: bool, facets: &[(&'static str, &str)])
    -> Option<Scripted>;
    /// Hands a step over to be executed.
    fn execute(&mut self, _handed: &Handed) {}
    /// Says that a job is over of which something was executed.
    fn tidy(&mut self, _job: Uuid) {}
}

/// Something that moved, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved(pub Part, pub Turn);

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is to come: of a stage, its run began.
    NotStarted,
    /// It could begin and waits: a stage for checks, a job for an agent.
    Waiting,
    /// It began.
    Began,
    /// It was told to end.
    Cancelling,
    /// It is over.
    Ended,
}

/// The run itself, or a stage, job or step of it by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The run.
    Run,
    /// A stage.
    Stage(usize),
    /// A job of a stage.
    Job(usize, usize),
    /// A step of a job of a stage.
    Step(usize, usize, usize),
}

/// Moves a build as far as it comes at this time.
pub fn advance(build: &mut Build, paces: &Paces, now: Timestamp, draw: &mut dyn Draw) -> Vec<Moved> {
    let mut moved = Vec::new();
    match build.status {
        BuildStatus::NotStarted => {
            let wait = build.wait.get_or_insert_with(|| Wait::begin(paces.run, now));
            if !wait.is_over(now) {
                return moved;
            }
            build.wait = None;
            moved.push(Moved(Part::Run, Turn::Began));
            build.status = BuildStatus::InProgress;
            build.started = build.started.or(Some(now));
            moved.extend((0..build.stages.len()).map(|s| Moved(Part::Stage(s), Turn::NotStarted)));
        }
        BuildStatus::InProgress | BuildStatus::Cancelling => {}
        BuildStatus::Completed => return moved,
    }
    while pass(build, paces, now, draw, &mut moved) {}
    if build.stages.iter().all(|s| s.life.finished.is_some()) {
        let canceled = build.status == BuildStatus::Cancelling;
        // A cancellation takes its time too.
        if canceled && !build.wait.get_or_insert_with(|| Wait::begin(paces.run, now)).is_over(now) {
            return moved;
        }
        build.wait = None;
        finish(build, if canceled { BuildResult::Canceled } else { worst(build) }, now);
        moved.push(Moved(Part::Run, Turn::Ended));
    }
    if !moved.is_empty() {
        build.changed = now;
    }
    moved
}

fn finish(build: &mut Build, result: BuildResult, now: Timestamp) {
    build.status = BuildStatus::Completed;
    build.result = Some(result);
    build.finished = Some(now);
    build.changed = now;
}

/// Docs: the worst of its stages; an issue anywhere makes a success partial, a cancellation outdoes a failure.
fn worst(build: &Build) -> BuildResult {
    let results = || build.stages.iter().filter_map(|s| s.life.result);
    match results().max() {
        Some(RecordResult::Canceled) => BuildResult::Canceled,
        Some(RecordResult::Failed | RecordResult::Abandoned) => BuildResult::Failed,
        Some(RecordResult::SucceededWithIssues) => BuildResult::PartiallySucceeded,
        Some(RecordResult::Succeeded | RecordResult::Skipped) | None => BuildResult::Succeeded,
    }
}

/// Moves each stage once; whether one of them ended, so that others may begin.
fn pass(
    build: &mut Build,
    paces: &Paces,
    now: Timestamp,
    draw: &mut dyn Draw,
    moved: &mut Vec<Moved>,
) -> bool {
    let mut ended = false;
    for s in 0..build.stages.len() {
        let Some(life) = build.stages.get(s).map(|stage| stage.life) else { break };
        if life.finished.is_some() {
            continue;
        }
        if life.started.is_none() {
            let ready = conditions::stage(build, s);
            let (mut first, mut entry) = (false, Entry::Open);
            if ready == Ready::Go {
                first = build.stages.get(s).is_some_and(|stage| stage.checkpoint.is_none());
                entry = draw.enter(build, s, now, moved);
            }
            let Some(stage) = build.stages.get_mut(s) else { break };
            if first && stage.checkpoint.is_some() {
                moved.push(Moved(Part::Stage(s), Turn::Waiting));
            }
            match ready {
                Ready::NotYet => continue,
                Ready::Go => match entry {
                    Entry::Open => {
                        stage.life.started = Some(now);
                        moved.push(Moved(Part::Stage(s), Turn::Began));
                    }
                    Entry::Held => continue,
                    Entry::Refused(result, why) => {
                        stage.life.end(result, now);
                        stage.why = Some(why);
                    }
                },
                Ready::Never(why) => {
                    stage.life.end(RecordResult::Skipped, now);
                    stage.why = Some(why);
                }
                Ready::Abandon(why) => {
                    stage.life.end(RecordResult::Abandoned, now);
                    stage.why = Some(why);
                }
            }
            if stage.life.finished.is_some() {
                // Its jobs are over with it, and so is what it waited for.
                if let Some(checkpoint) = &mut stage.checkpoint {
                    checkpoint.cancel(now);
                }
                for job in stage.jobs.iter_mut().filter(|job| job.life.finished.is_none()) {
                    job.life.end(RecordResult::Skipped, now);
                }
                moved.push(Moved(Part::Stage(s), Turn::Ended));
                ended = true;
                continue;
            }
        }
        loop {
            let (mut any, mut j) = (false, 0);
            // A matrix that is worked out adds jobs on the way.
            while build.job(s, j).is_some() {
                any |= job(build, (s, j), paces, now, draw, moved);
                j += 1;
            }
            if !any {
                break;
            }
        }
        let canceled = build.status == BuildStatus::Cancelling;
        let Some(stage) = build.stages.get_mut(s) else { break };
        if stage.jobs.iter().all(|j| j.life.finished.is_some()) {
            let result = stage.jobs.iter().filter_map(|j| j.life.result).max();
            let mut result = result.unwrap_or(RecordResult::Succeeded);
            if result == RecordResult::Skipped && canceled {
                result = RecordResult::Canceled;
            }
            if result == RecordResult::Skipped {
                // None of its jobs had anything to do: it was never at work.
                stage.life.started = None;
                stage.why = Some("none of its jobs was to run".to_owned());
            }
            stage.life.end(result, now);
            moved.push(Moved(Part::Stage(s), Turn::Ended));
            ended = true;
        }
    }
    ended
}
