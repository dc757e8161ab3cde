//! Moving the runs of an organization, and telling the journal what moved.

use super::{
    handed::{EXECUTE, Handed, TIDY, Tidy},
    life::{self, Draw, Entry, Moved, Paces, Part, Turn},
};
use crate::domain::{
    checks::{self, Locks},
    ci, service_hooks, simulation,
};
use crate::store::{AzureDevOpsStore, Build, BuildResult, BuildStatus, RecordResult, ResourceId};
use parhelion_core::{Cause, Event, Scripted, Timestamp, Verdict};
use parhelion_state::{Job, Tx};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// Moves a build as far as it comes now, tells what moved, and puts it in its place; then those that waited for what it
/// gave up.
pub fn go_on(store: &mut AzureDevOpsStore, build: Build, moved: Vec<Moved>, cause: Cause, tx: &mut Tx<'_>) {
    let given_up = go(store, build, moved, cause, tx);
    let_in(store, given_up, tx);
}

/// Looks again at the runs that wait for these locks, until nobody gives one up any more.
pub fn let_in(store: &mut AzureDevOpsStore, mut given_up: Vec<ResourceId>, tx: &mut Tx<'_>) {
    while !given_up.is_empty() {
        let mut more = Vec::new();
        for id in checks::waiting_for(store, &given_up) {
            let Some(build) = store.builds.get(&id).cloned() else { continue };
            let last = Cause::Last(format!("run:{id}"));
            more.extend(go(store, Arc::unwrap_or_clone(build), Vec::new(), last, tx));
        }
        given_up = more;
    }
}

/// Looks again at runs that wait: something was said about what they wait for.
pub fn again(store: &mut AzureDevOpsStore, runs: &[u32], cause: &Cause, tx: &mut Tx<'_>) {
    for id in runs {
        if let Some(build) = store.builds.get(id).filter(|b| b.status == BuildStatus::InProgress).cloned() {
            go_on(store, Arc::unwrap_or_clone(build), Vec::new(), cause.clone(), tx);
        }
    }
}

/// Moves one build; the locks about which something changed.
fn go(
    store: &mut AzureDevOpsStore,
    mut build: Build,
    mut moved: Vec<Moved>,
    cause: Cause,
    tx: &mut Tx<'_>,
) -> Vec<ResourceId> {
    let paces = Paces::of(tx);
    let begins = paces.are_immediate() && build.status == BuildStatus::NotStarted;
    // As it was before this write.
    let before = store.builds.get(&build.id).map(|b| Locks::of(b)).unwrap_or_default();
    let now = tx.now();
    let project = store.projects.get(&build.project).map(|p| p.name.clone()).unwrap_or_default();
    let pipeline = store.definitions.get(&build.definition).map(|d| d.name.clone()).unwrap_or_default();
    let id = build.definition.to_string();
    let about =
        vec![("project", project.as_str()), ("pipeline", pipeline.as_str()), ("pipeline", id.as_str())];
    let mut drawing = Drawing { store, tx, about, cause: &cause, told: Vec::new() };
    moved.extend(life::advance(&mut build, &paces, now, &mut drawing));
    let mut told = drawing.told;
    let at_once = begins && build.status == BuildStatus::Completed && told.is_empty();
    checks::settle(store, &build, &cause, tx);
    tell(store, &build, &moved, at_once, &cause, tx);
    told.append(&mut moved);
    checks::deployed(store, &build, &told, tx);
    let changed = before.changed(&Locks::of(&build));
    let over =
        (build.status == BuildStatus::Completed).then(|| (build.id, build.definition, build.branch.clone()));
    store.put_build(build);
    if let Some((id, definition, branch)) = over {
        ci::batch::release(store, definition, &branch, Cause::Last(format!("run:{id}")), tx);
    }
    changed
}

/// Draws outcomes from the world's behaviours, for the runs of one pipeline.
struct Drawing<'a, 't> {
    store: &'a mut AzureDevOpsStore,
    tx: &'a mut Tx<'t>,
    about: Vec<(&'static str, &'a str)>,
    cause: &'a Cause,
    /// What moved and was told already.
    told: Vec<Moved>,
}

impl Drawing<'_, '_> {
    fn spawn(&mut self, kind: &str, subject: String, input: &impl Serialize) {
        // Plain data without maps of other keys than texts: it is always JSON.
        let Ok(input) = serde_json::to_value(input) else { return };
        self.tx.spawn_job(Job { kind: kind.to_owned(), subject, input });
    }
}

impl Draw for Drawing<'_, '_> {
    fn listens(&self) -> bool {
        self.tx.is_scripted()
    }
    fn enter(&mut self, build: &mut Build, stage: usize, _now: Timestamp, moved: &mut Vec<Moved>) -> Entry {
        if checks::is_guarded(self.store, build, stage) {
            // What came before is told before what the checks tell.
            tell(self.store, build, moved, false, self.cause, self.tx);
            self.told.append(moved);
        }
        checks::enter(self.store, build, stage, &self.about, self.cause, self.tx)
    }
    fn scripted(
        &mut self,
        subject: &str,
        of_step: bool,
        facets: &[(&'static str, &str)],
    ) -> Option<Scripted> {
        let all: Vec<_> = self.about.iter().chain(facets).copied().collect();
        let drawn = if of_step { self.tx.scripted_by("step", &all) } else { self.tx.scripted(&all) }?;
        self.tx.emit(drawn.used(subject).because(self.cause.clone()));
        Some(drawn)
    }

    fn execute(&mut self, handed: &Handed) {
        self.spawn(EXECUTE, format!("step:{}", handed.record), handed);
    }

    fn tidy(&mut self, job: Uuid) {
        self.spawn(TIDY, format!("job:{job}"), &Tidy { job });
    }
}

/// Every build whose time has come.
pub fn on_time(store: &mut AzureDevOpsStore, tx: &mut Tx<'_>) {
    while let Some(build) = store.due_build(tx.now()) {
        let last = Cause::Last(format!("run:{}", build.id));
        go_on(store, Arc::unwrap_or_clone(build), Vec::new(), last, tx);
    }
}

/// Steps what stands by hand: the thing of this id (a record's, or a run's; with or without its kind in front), or what
/// has stood longest.
pub fn step(store: &mut AzureDevOpsStore, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
    let id = id.map(|id| id.rsplit_once(':').map_or(id, |(_, id)| id));
    let held = |store: &AzureDevOpsStore| store.held_builds().cloned().collect::<Vec<_>>();
    let (build, record) = match id {
        None => (held(store).into_iter().next()?, None),
        Some(id) => match (id.parse::<u32>(), Uuid::parse_str(id)) {
            (Ok(run), _) => (store.builds.get(&run)?.clone(), None),
            (_, Ok(record)) => {
                let holds = |b: &Arc<Build>| life::waiting(b).iter().any(|w| w.record == Some(record));
                (held(store).into_iter().find(holds)?, Some(record))
            }
            _ => return None,
        },
    };
    let mut build = Arc::unwrap_or_clone(build);
    let what = life::let_go(&mut build, record, tx.now())?;
    let run = format!("run:{}", build.id);
    let stepped = Event::new("run.changed", run.clone()).fact(format!("{what} was stepped by hand"));
    // What follows from it belongs to the run's story.
    let stepped = tx.emit(stepped.verdict(Verdict::Ok).because(Cause::Last(run)));
    go_on(store, build, Vec::new(), stepped.into(), tx);
    Some(what)
}

/// What a run waits for, for explain.
pub fn standing(store: &AzureDevOpsStore, subject: &str) -> Vec<Event> {
    let id = subject.strip_prefix("run:").and_then(|id| id.parse::<u32>().ok());
    let Some(build) = id.and_then(|id| store.builds.get(&id)) else { return Vec::new() };
    let told = life::waiting(build).into_iter().map(|w| {
        let event = Event::new("run.changed", subject).verdict(Verdict::Waiting);
        match w.wait.until {
            Some(until) => {
                let until = crate::show::time(until);
                let fact = format!("it waits for {}, at {until} as its pace says", w.what);
                event.fact(fact).with("waits_for", "clock")
            }
            None => event.fact(format!("it waits for {}, which stands until it is stepped by hand", w.what)),
        }
        .with("waiting", w.subject)
    });
    told.collect()
}

/// The word of an enumeration, as answers write it.
fn word(of: impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn tell(
    store: &mut AzureDevOpsStore,
    build: &Build,
    moved: &[Moved],
    at_once: bool,
    cause: &Cause,
    tx: &mut Tx<'_>,
) {
    for Moved(part, turn) in moved {
        // A run that goes through in one instant is told by its end alone: its timeline has the rest.
        if at_once && (*part, *turn) != (Part::Run, Turn::Ended) && !is_news(build, *part, *turn) {
            service_hooks::moved(store, build, Moved(*part, *turn), cause.clone(), tx);
            continue;
        }
        let told = match part {
            Part::Run => Some(of_run(build, *turn, at_once)),
            part => of_part(build, *part, *turn),
        };
        let told = told.map(|event| tx.emit(event.because(cause.clone())));
        let led = told.map_or_else(|| cause.clone(), Cause::from);
        service_hooks::moved(store, build, Moved(*part, *turn), led, tx);
    }
}

/// Whether the timeline alone would not do: something was left out, or did not go well.
fn is_news(build: &Build, part: Part, turn: Turn) -> bool {
    let job = |s: usize, j: usize| build.stages.get(s)?.jobs.get(j);
    let result = match part {
        Part::Run => None,
        Part::Stage(s) => build.stages.get(s).and_then(|stage| stage.life.result),
        Part::Job(s, j) => job(s, j).and_then(|job| job.life.result),
        Part::Step(s, j, t) => job(s, j).and_then(|job| job.steps.get(t)?.life.result),
    };
    turn == Turn::Ended && result.is_some_and(|r| r != RecordResult::Succeeded)
}

fn of_run(build: &Build, turn: Turn, at_once: bool) -> Event {
    let (kind, fact) = match turn {
        Turn::NotStarted | Turn::Waiting | Turn::Began => {
            ("run.changed", "the run is in progress".to_owned())
        }
        Turn::Cancelling => ("run.changed", "the run was told to end: what it was at is canceled".to_owned()),
        Turn::Ended => match build.result.map(word).unwrap_or_default() {
            result if at_once && result == "succeeded" => {
                let jobs = build.stages.iter().flat_map(|s| &s.jobs).map(|j| j.life);
                let whole = jobs.chain(build.steps().map(|s| s.life)).all(|l| l.started.is_some());
                let which = if whole { "every job and step" } else { "every job and step that was to run" };
                ("run.finished", format!("{which} succeeded (simulated)"))
            }
            result => ("run.finished", format!("the run is completed: {result}")),
        },
    };
    let event = Event::new(kind, format!("run:{}", build.id)).fact(fact);
    match (turn, build.result) {
        (Turn::Ended, Some(result)) => event.verdict(match result {
            BuildResult::Succeeded | BuildResult::PartiallySucceeded => Verdict::Ok,
            BuildResult::Failed => Verdict::Failed,
            BuildResult::Canceled => Verdict::Skipped,
        }),
        _ => event.verdict(Verdict::Ok),
    }
    .with("result", build.result.map(word))
}

fn of_part(build: &Build, part: Part, turn: Turn) -> Option<Event> {
    // What waits is told of by what it waits for.
    if matches!(turn, Turn::NotStarted | Turn::Waiting) {
        return None;
    }
    let (thing, record, name, life, why) = match part {
        Part::Run => return None,
        Part::Stage(s) => {
            let stage = build.stages.get(s)?;
            ("stage", stage.record, format!("stage {}", stage.name), stage.life, stage.why.as_deref())
        }
        Part::Job(s, j) => {
            let job = build.stages.get(s)?.jobs.get(j)?;
            ("job", job.record, format!("job {}", job.display), job.life, job.why.as_deref())
        }
        Part::Step(s, j, t) => {
            let job = build.stages.get(s)?.jobs.get(j)?;
            let step = job.steps.get(t)?;
            let name = format!("step {} of job {}", simulation::title(build, (s, j, t)), job.display);
            ("step", job.step_record(t), name, step.life, step.why())
        }
    };
    let kind = match (thing, turn) {
        ("stage", Turn::Ended) => "stage.finished",
        ("stage", _) => "stage.started",
        ("job", Turn::Ended) => "job.finished",
        ("job", _) => "job.started",
        (_, Turn::Ended) => "step.finished",
        _ => "step.started",
    };
    let event = Event::new(kind, format!("{thing}:{record}")).with("run", build.id);
    let Some(result) = life.result.filter(|_| turn == Turn::Ended) else {
        return Some(event.fact(format!("{name} began")).verdict(Verdict::Ok));
    };
    let verdict = match result {
        RecordResult::Succeeded | RecordResult::SucceededWithIssues => Verdict::Ok,
        RecordResult::Failed | RecordResult::Abandoned => Verdict::Failed,
        RecordResult::Skipped | RecordResult::Canceled => Verdict::Skipped,
    };
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    Some(event.fact(format!("{name} is completed: {}{why}", word(result))).verdict(verdict))
}
