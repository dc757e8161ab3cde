//! How a run moves through its states: one step of a plain state machine, with the time and the paces passed in.
//!
//! Nothing is executed, so a step ends as soon as its pace lets it, and succeeds. A stage or job begins when all that
//! it depends on is over; when something of that did not go well, it is left out.
// CHOICE: conditions are not evaluated; `dependsOn` is followed as if every condition were `succeeded()`.

mod ending;
mod waits;

pub use ending::{cancel, cancel_only, retry};
pub use waits::{let_go, next, waiting};

use crate::store::{Artifact, Build, BuildResult, BuildStatus, JobRun, Life, RecordResult, StageRun, Wait};
use parhelion_core::{Pace, Timestamp};
use parhelion_state::Tx;
use uuid::Uuid;

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

/// Something that moved, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved(pub Part, pub Turn);

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
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
pub fn advance(build: &mut Build, paces: &Paces, now: Timestamp) -> Vec<Moved> {
    let mut moved = Vec::new();
    match build.status {
        BuildStatus::NotStarted | BuildStatus::Cancelling => {
            let wait = build.wait.get_or_insert_with(|| Wait::begin(paces.run, now));
            if !wait.is_over(now) {
                return moved;
            }
            build.wait = None;
            if build.status == BuildStatus::Cancelling {
                finish(build, BuildResult::Canceled, now);
                moved.push(Moved(Part::Run, Turn::Ended));
                return moved;
            }
            moved.push(Moved(Part::Run, Turn::Began));
            build.status = BuildStatus::InProgress;
            build.started = build.started.or(Some(now));
        }
        BuildStatus::InProgress => {}
        BuildStatus::Completed => return moved,
    }
    while pass(build, paces, now, &mut moved) {}
    if build.stages.iter().all(|s| s.life.finished.is_some()) {
        finish(build, worst(build), now);
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

/// Whether something may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ready {
    /// Something that it depends on is not over.
    NotYet,
    /// It may.
    Go,
    /// Something that it depends on did not go well.
    Never,
}

/// What the lives of its dependencies say. What the caller left out is as good as done.
fn ready<'a>(
    depends_on: &[String],
    all: impl Fn() -> Box<dyn Iterator<Item = Dependency<'a>> + 'a>,
) -> Ready {
    let mut ready = Ready::Go;
    for wanted in depends_on {
        for on in all().filter(|on| on.name.eq_ignore_ascii_case(wanted)) {
            match on.life.result {
                None => return Ready::NotYet,
                Some(result) if result.is_good() || on.left_out => {}
                Some(_) => ready = Ready::Never,
            }
        }
    }
    ready
}

/// Something that others depend on.
struct Dependency<'a> {
    name: &'a str,
    life: Life,
    left_out: bool,
}

/// Moves each stage once; whether one of them ended, so that others may begin.
fn pass(build: &mut Build, paces: &Paces, now: Timestamp, moved: &mut Vec<Moved>) -> bool {
    let mut ended = false;
    for s in 0..build.stages.len() {
        let Some(stage) = build.stages.get(s) else { break };
        if stage.life.finished.is_some() {
            continue;
        }
        let begun = stage.life.started.is_some();
        let ready = match (begun, stage.skipped) {
            (true, _) => Ready::Go,
            (false, true) => Ready::Never,
            (false, false) => ready(&stage.depends_on, || {
                let all = build.stages.iter();
                Box::new(all.map(|s| Dependency { name: &s.name, life: s.life, left_out: s.skipped }))
            }),
        };
        let Some(stage) = build.stages.get_mut(s) else { break };
        match ready {
            Ready::NotYet => continue,
            Ready::Never => {
                stage.life.end(RecordResult::Skipped, now);
                moved.push(Moved(Part::Stage(s), Turn::Ended));
                ended = true;
                continue;
            }
            Ready::Go if !begun => {
                stage.life.started = Some(now);
                moved.push(Moved(Part::Stage(s), Turn::Began));
            }
            Ready::Go => {}
        }
        let mut published = Vec::new();
        while jobs(s, stage, paces, now, moved, &mut published) {}
        if stage.jobs.iter().all(|j| j.life.finished.is_some()) {
            let result = stage.jobs.iter().filter_map(|j| j.life.result).max();
            stage.life.end(result.unwrap_or(RecordResult::Succeeded), now);
            moved.push(Moved(Part::Stage(s), Turn::Ended));
            ended = true;
        }
        for (name, job) in published {
            publish(build, name, job);
        }
    }
    ended
}

/// Moves each job of a stage once; whether one of them ended.
fn jobs(
    s: usize,
    stage: &mut StageRun,
    paces: &Paces,
    now: Timestamp,
    moved: &mut Vec<Moved>,
    published: &mut Vec<(String, Uuid)>,
) -> bool {
    let mut ended = false;
    for j in 0..stage.jobs.len() {
        let Some(job) = stage.jobs.get(j).filter(|job| job.life.finished.is_none()) else { continue };
        let begun = job.life.started.is_some();
        let may = if begun || job.wait.is_some() {
            Ready::Go
        } else {
            ready(&job.depends_on, || {
                let all = stage.jobs.iter();
                Box::new(all.map(|j| Dependency { name: &j.base, life: j.life, left_out: false }))
            })
        };
        let Some(job) = stage.jobs.get_mut(j) else { break };
        match may {
            Ready::NotYet => continue,
            Ready::Never => {
                job.life.end(RecordResult::Skipped, now);
                moved.push(Moved(Part::Job(s, j), Turn::Ended));
                ended = true;
                continue;
            }
            Ready::Go if !begun => {
                if !job.wait.get_or_insert_with(|| Wait::begin(paces.job, now)).is_over(now) {
                    continue;
                }
                job.wait = None;
                job.life.started = Some(now);
                moved.push(Moved(Part::Job(s, j), Turn::Began));
            }
            Ready::Go => {}
        }
        if steps((s, j), job, paces, now, moved, published) {
            let result = job.steps.iter().filter_map(|t| t.life.result).max();
            job.life.end(result.unwrap_or(RecordResult::Succeeded), now);
            moved.push(Moved(Part::Job(s, j), Turn::Ended));
            ended = true;
        }
    }
    ended
}

/// Moves the steps of a job, one after another; whether all are over.
fn steps(
    (s, j): (usize, usize),
    job: &mut JobRun,
    paces: &Paces,
    now: Timestamp,
    moved: &mut Vec<Moved>,
    published: &mut Vec<(String, Uuid)>,
) -> bool {
    let record = job.record;
    for (t, step) in job.steps.iter_mut().enumerate() {
        if step.life.finished.is_some() {
            continue;
        }
        step.life.started = step.life.started.or(Some(now));
        if !step.wait.get_or_insert_with(|| Wait::begin(paces.step, now)).is_over(now) {
            return false;
        }
        step.wait = None;
        step.life.end(RecordResult::Succeeded, now);
        moved.push(Moved(Part::Step(s, j, t), Turn::Ended));
        published.extend(step.publishes.clone().map(|name| (name, record)));
    }
    true
}

/// Adds a step's artifact; a second one of that name changes nothing.
fn publish(build: &mut Build, name: String, job: Uuid) {
    if build.artifacts.iter().any(|a| a.name.eq_ignore_ascii_case(&name)) {
        return;
    }
    let id = u32::try_from(build.artifacts.len() + 1).unwrap_or(u32::MAX);
    let source = Some(job.to_string());
    let kind = "PipelineArtifact".to_owned();
    build.artifacts.push(Artifact {
        id,
        name,
        source,
        kind,
        data: String::new(),
        properties: Default::default(),
    });
}
