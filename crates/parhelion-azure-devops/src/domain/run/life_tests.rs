//! Whatever comes in whatever order: a run never gets stuck, and ends with everything in it ended.

use super::life::*;
use crate::store::{
    Build, BuildResult, BuildStatus, Identity, JobRun, Life, Lines, Reason, RecordResult, StageRun, StepRun,
};
use chrono::TimeDelta;
use parhelion_core::{Pace, Scripted, Timestamp};
use parhelion_git::ObjectId;
use proptest::prelude::*;

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
    fn scripted(&mut self, _: &str, _: bool, _: &[(&'static str, &str)]) -> Option<Scripted> {
        self.1 += 1;
        let outcome = (*self.0.get(self.1 % self.0.len().max(1))?)?;
        let members = serde_json::json!({ "delay": "2s", "outputs": { "s.v": "1" }, "log": ["l"] });
        let members = members.as_object().cloned().unwrap_or_default();
        Some(Scripted { behaviour: "b".into(), outcome: outcome.into(), members })
    }
}

fn dice() -> impl Strategy<Value = Dice> {
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

fn build(shape: &Shape, ids: &mut Ids) -> Build {
    let mut log = 0;
    let mut step = |ids: &mut Ids| {
        log += 1;
        StepRun {
            record: ids.next(),
            name: String::new(),
            display: "s".into(),
            task: None,
            position: Some(log),
            hook: None,
            condition: CONDITIONS.get(log as usize % 11).and_then(|c| c.map(str::to_owned)),
            continue_on_error: log % 5 == 0,
            disabled: log % 13 == 0,
            play: None,
            issues: Vec::new(),
            why: None,
            publishes: (log % 3 == 0).then(|| format!("a{log}")),
            life: Life::default(),
            wait: None,
            log,
            lines: Lines::default(),
            said: Lines::default(),
        }
    };
    let mut job = |n: usize, (before, steps): &(Vec<bool>, usize), ids: &mut Ids| JobRun {
        phase: Uuid::nil(),
        record: ids.next(),
        base: format!("j{n}"),
        name: format!("j{n}"),
        display: format!("j{n}"),
        depends_on: names(before, "j", n),
        condition: CONDITIONS.get(steps * 3 + n).and_then(|c| c.map(str::to_owned)),
        continue_on_error: n == 3,
        timeout: 1,
        max_parallel: (*steps == 1).then_some(1),
        variables: Default::default(),
        play: None,
        outputs: Default::default(),
        why: None,
        life: Life::default(),
        wait: None,
        earlier: Vec::new(),
        steps: (0..*steps).map(|_| step(ids)).collect(),
    };
    let stages = shape.iter().enumerate().map(|(n, (before, skipped, jobs))| StageRun {
        record: ids.next(),
        name: format!("s{n}"),
        display: format!("s{n}"),
        depends_on: names(before, "s", n),
        skipped: *skipped,
        condition: CONDITIONS.get(jobs.len() * 2 + n).and_then(|c| c.map(str::to_owned)),
        variables: Default::default(),
        why: None,
        life: Life::default(),
        earlier: Vec::new(),
        jobs: jobs.iter().enumerate().map(|(n, shape)| job(n, shape, ids)).collect(),
    });
    let stages = stages.collect();
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
        final_yaml: "".into(),
        known: Default::default(),
        stages,
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

fn shapes() -> impl Strategy<Value = Shape> {
    let before = || proptest::collection::vec(any::<bool>(), 0..4);
    let jobs = proptest::collection::vec((before(), 0..3usize), 1..4);
    proptest::collection::vec((before(), prop::bool::weighted(0.15), jobs), 1..5)
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..5u8).prop_map(Act::Wait),
        4 => Just(Act::Step),
        1 => Just(Act::Cancel),
        1 => (0..5usize).prop_map(Act::CancelStage),
        1 => (proptest::option::of(0..5usize), any::<bool>()).prop_map(|(s, all)| Act::Retry(s, all)),
    ];
    proptest::collection::vec(act, 0..40)
}

fn paces() -> impl Strategy<Value = Paces> {
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
        let mut build = build(&shape, &mut ids);
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
