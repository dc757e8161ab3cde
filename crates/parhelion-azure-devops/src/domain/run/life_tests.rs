//! Whatever comes in whatever order: a run never gets stuck, and ends with everything in it ended.

use super::life::*;
use crate::{
    domain::simulation,
    store::{
        Build, BuildResult, BuildStatus, CheckStatus, Checkpoint, Identity, Life, Reason, RecordResult,
        StageRun,
    },
};
use chrono::TimeDelta;
use parhelion_azure_pipelines::pipeline::{Job, Pipeline, Stage, Step, Strategy};
use parhelion_core::{Pace, Scripted, Timestamp};
use parhelion_git::ObjectId;
use proptest::prelude::{Strategy as _, *};
use uuid::Uuid;

/// A stage depends on some of those before it, a job on some of those before it in its stage; each job has some steps.
type Shape = Vec<(Vec<bool>, bool, Vec<(Vec<bool>, usize)>)>;

const CONDITIONS: [Option<&str>; 9] = [
    None,
    Some("always()"),
    Some("failed()"),
    None,
    Some("not(canceled())"),
    Some("succeededOrFailed()"),
    Some("lt(1, 'x')"),
    Some("canceled()"),
    None,
];

/// Outcomes in turn; begins anew at the end.
#[derive(Debug)]
struct Dice(Vec<Option<&'static str>>, usize);

impl Draw for Dice {
    fn enter(&mut self, build: &mut Build, s: usize, now: Timestamp, _: &mut Vec<Moved>) -> Entry {
        self.1 += 1;
        let outcome = self.0.get(self.1 % self.0.len().max(1)).copied().flatten();
        let Some(stage) = build.stages.get_mut(s) else { return Entry::Open };
        let begun = |due| {
            let (record, status) = (Uuid::nil(), CheckStatus::Running);
            Box::new(Checkpoint { record, begun: now, finished: None, status, due, runs: Vec::new() })
        };
        let checkpoint = match (&mut stage.checkpoint, outcome) {
            (None, Some("hang" | "fail")) => {
                stage.checkpoint.insert(begun(Some(now + TimeDelta::seconds(2))))
            }
            (None, _) => return Entry::Open,
            (Some(checkpoint), _) => checkpoint,
        };
        if checkpoint.due.is_some_and(|due| due > now) {
            return Entry::Held;
        }
        match outcome {
            Some("fail") => {
                checkpoint.end(CheckStatus::Rejected, now);
                Entry::Refused(RecordResult::Failed, "no".to_owned())
            }
            Some("skip") => {
                checkpoint.end(CheckStatus::TimedOut, now);
                Entry::Refused(RecordResult::Skipped, "late".to_owned())
            }
            _ => {
                checkpoint.end(CheckStatus::Approved, now);
                Entry::Open
            }
        }
    }
    fn scripted(&mut self, _: &str, _: bool, _: &[(&'static str, &str)]) -> Option<Scripted> {
        self.1 += 1;
        let outcome = (*self.0.get(self.1 % self.0.len().max(1))?)?;
        let members = serde_json::json!({ "delay": "2s", "outputs": { "s.v": "1" }, "log": ["l"] });
        let members = members.as_object().cloned().unwrap_or_default();
        Some(Scripted { behaviour: "b".into(), outcome: outcome.into(), members })
    }
}

fn dice() -> impl proptest::strategy::Strategy<Value = Dice> {
    let one = prop_oneof![
        5 => Just(None),
        1 => Just(Some("fail")),
        1 => Just(Some("succeed_with_issues")),
        1 => Just(Some("cancel")),
        1 => Just(Some("skip")),
        1 => Just(Some("hang")),
        1 => Just(Some("succeed")),
    ];
    proptest::collection::vec(one, 0..20).prop_map(|all| Dice(all, 0))
}

struct Ids(u128);

impl Ids {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

fn names(before: &[bool], prefix: &str, count: usize) -> Vec<String> {
    let chosen = before.iter().take(count).enumerate().filter(|(_, on)| **on);
    chosen.map(|(n, _)| format!("{prefix}{n}")).collect()
}

/// Steps that publish, carry on, are switched off or have a condition, by their number in the whole run.
fn step(n: usize) -> Step {
    Step {
        task: "PublishPipelineArtifact@1".into(),
        name: Some(format!("n{n}")),
        condition: CONDITIONS.get(n % 11).and_then(|c| c.map(str::to_owned)),
        continue_on_error: n.is_multiple_of(5).then(|| "true".to_owned()),
        enabled: n.is_multiple_of(13).then(|| "false".to_owned()),
        inputs: vec![("artifact".to_owned(), format!("a{n}"))],
        ..Step::default()
    }
}

fn build(shape: &Shape) -> Build {
    let mut number = 0;
    let mut job = |n: usize, (before, steps): &(Vec<bool>, usize)| Job {
        name: format!("j{n}"),
        depends_on: names(before, "j", n),
        condition: CONDITIONS.get(steps * 3 + n).and_then(|c| c.map(str::to_owned)),
        continue_on_error: (n == 3).then(|| "true".to_owned()),
        timeout_in_minutes: Some("1".into()),
        strategy: match steps {
            1 => Strategy::Matrix {
                legs: vec![("x".to_owned(), vec![]), ("y".to_owned(), vec![])],
                max_parallel: Some("1".into()),
            },
            _ => Strategy::Single,
        },
        steps: (0..*steps)
            .map(|_| {
                number += 1;
                step(number)
            })
            .collect(),
        ..Job::default()
    };
    let stages = shape.iter().enumerate().map(|(n, (before, _, jobs))| Stage {
        name: format!("s{n}"),
        depends_on: names(before, "s", n),
        condition: CONDITIONS.get(jobs.len() * 2 + n).and_then(|c| c.map(str::to_owned)),
        jobs: jobs.iter().enumerate().map(|(n, shape)| job(n, shape)).collect(),
        ..Stage::default()
    });
    let pipeline = Pipeline { stages: stages.collect(), ..Pipeline::default() };
    let mut build = empty(pipeline);
    let skip = shape.iter().enumerate().filter(|(_, (_, skipped, _))| *skipped).map(|(n, _)| format!("s{n}"));
    simulation::lay_out(&mut build, &skip.collect::<Vec<_>>());
    build
}

/// A build of a pipeline that nothing of was laid out yet.
pub(super) fn empty(pipeline: Pipeline) -> Build {
    Build {
        id: 1,
        number: "1".into(),
        number_revision: 1,
        project: Uuid::nil(),
        definition: 1,
        definition_revision: 1,
        status: BuildStatus::NotStarted,
        result: None,
        reason: Reason::Manual,
        queued: Timestamp::UNIX_EPOCH,
        started: None,
        finished: None,
        branch: String::new(),
        commit: ObjectId::ZERO,
        requested_by: Identity { id: Uuid::nil(), name: String::new(), unique_name: String::new() },
        priority: String::new(),
        queue: 1,
        plan: Uuid::nil(),
        template_parameters: Default::default(),
        parameters: None,
        variables: Default::default(),
        trigger_info: Default::default(),
        delivery: None,
        overridden: false,
        executes: false,
        final_yaml: "".into(),
        extends: None,
        pipeline: pipeline.into(),
        repository: "P".into(),
        known: Default::default(),
        others: Vec::new(),
        groups: Default::default(),
        stages: Vec::new(),
        wait: None,
        changed: Timestamp::UNIX_EPOCH,
        tags: Default::default(),
        properties: Default::default(),
        quality: None,
        demands: Vec::new(),
        keep_forever: false,
        retained_by_release: false,
        artifacts: Vec::new(),
    }
}

#[derive(Clone, Debug)]
enum Act {
    Wait(u8),
    Step,
    Cancel,
    CancelStage(usize),
    Retry(Option<usize>, bool),
}

fn shapes() -> impl proptest::strategy::Strategy<Value = Shape> {
    let before = || proptest::collection::vec(any::<bool>(), 0..4);
    let jobs = proptest::collection::vec((before(), 0..3usize), 1..4);
    proptest::collection::vec((before(), prop::bool::weighted(0.15), jobs), 1..5)
}

fn acts() -> impl proptest::strategy::Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..5u8).prop_map(Act::Wait),
        4 => Just(Act::Step),
        1 => Just(Act::Cancel),
        1 => (0..5usize).prop_map(Act::CancelStage),
        1 => (proptest::option::of(0..5usize), any::<bool>()).prop_map(|(s, all)| Act::Retry(s, all)),
    ];
    proptest::collection::vec(act, 0..40)
}

fn paces() -> impl proptest::strategy::Strategy<Value = Paces> {
    let pace = || {
        prop_oneof![
            Just(Pace::Immediate),
            Just(Pace::After(TimeDelta::seconds(1))),
            Just(Pace::After(TimeDelta::zero())),
            Just(Pace::Manual),
        ]
    };
    (pace(), pace(), pace()).prop_map(|(run, job, step)| Paces { run, job, step })
}

/// What always holds.
fn check(build: &Build, now: Timestamp) {
    let (due, held) = next(build);
    let over = build.status == BuildStatus::Completed;
    assert_eq!(over, due.or(held).is_none(), "it neither waits nor is over");
    assert!(due.is_none_or(|at| at > now), "what is due was not done");
    assert_eq!((over, over), (build.result.is_some(), build.finished.is_some()));
    assert_eq!(waiting(build).iter().any(|w| w.wait.until.is_none()), held.is_some());
    let mut artifacts: Vec<_> = build.artifacts.iter().map(|a| (a.id, a.name.clone())).collect();
    artifacts.dedup();
    assert_eq!(artifacts.len(), build.artifacts.len());
    let life = |life: &Life| {
        assert_eq!(life.finished.is_some(), life.result.is_some());
        assert!(life.result != Some(RecordResult::Skipped) || life.started.is_none());
        assert!(!over || life.result.is_some() || life.started.is_none(), "something goes on after the end");
    };
    for stage in &build.stages {
        life(&stage.life);
        // What stands before a stage is over when it begins or ends.
        let open = stage.checkpoint.as_ref().is_some_and(|c| c.is_open());
        assert!(!open || stage.life.started.is_none() && stage.life.finished.is_none());
        assert!(stage.checkpoint.as_ref().is_none_or(|c| c.is_open() == c.due.is_some()));
        for job in &stage.jobs {
            life(&job.life);
            // A job that went well the first time stands for itself while its stage is run again.
            let at_work = job.life.started.is_some() && job.life.finished.is_none();
            assert!(!at_work || stage.life.started.is_some());
            assert!(
                stage.life.result.is_none_or(|r| r == RecordResult::Skipped) || job.life.result.is_some()
            );
            // One after another.
            let begun = job.steps.iter().filter(|s| s.life.started.is_some() && s.life.finished.is_none());
            assert!(begun.count() <= 1);
            job.steps.iter().for_each(|s| life(&s.life));
        }
    }
}

proptest! {
    #[test]
    fn a_run_never_gets_stuck(shape in shapes(), paces in paces(), acts in acts(), mut dice in dice()) {
        let mut ids = Ids(0);
        let mut build = build(&shape);
        let mut now = Timestamp::UNIX_EPOCH;
        advance(&mut build, &paces, now, &mut dice);
        check(&build, now);
        for act in acts {
            match act {
                Act::Wait(seconds) => now += TimeDelta::seconds(seconds.into()),
                Act::Step => { let_go(&mut build, None, now); }
                Act::Cancel => {
                    if matches!(build.status, BuildStatus::NotStarted | BuildStatus::InProgress) {
                        cancel(&mut build, now);
                    }
                }
                Act::CancelStage(s) => {
                    if build.status == BuildStatus::Completed { continue }
                    let Some(stage) = build.stages.get_mut(s) else { continue };
                    cancel_only(s, stage, now);
                }
                Act::Retry(stage, all) => {
                    let over = match stage {
                        Some(s) => build.stages.get(s).is_some_and(|s| s.life.finished.is_some())
                            && build.status != BuildStatus::Cancelling,
                        None => build.status == BuildStatus::Completed,
                    };
                    if over {
                        retry(&mut build, stage, all, now, &mut || ids.next());
                    }
                }
            }
            advance(&mut build, &paces, now, &mut dice);
            check(&build, now);
        }
        // Left alone, with somebody who steps, it ends.
        for _ in 0..2_000 {
            if build.status == BuildStatus::Completed {
                break;
            }
            now += TimeDelta::seconds(1);
            let_go(&mut build, None, now);
            advance(&mut build, &paces, now, &mut dice);
            check(&build, now);
        }
        prop_assert_eq!(build.status, BuildStatus::Completed);
        if build.result == Some(BuildResult::Succeeded) {
            let good = |s: &StageRun| s.life.result.is_some_and(|r| r.is_good() || r == RecordResult::Skipped);
            prop_assert!(build.stages.iter().all(good), "{:?}", build.stages);
        }
    }
}
