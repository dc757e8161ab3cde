//! The engine beside the table of section 6: random graphs, conditions and outcomes come out as a second, simpler reading
//! of the table says, and nothing begins twice.

use super::{life::*, life_tests::empty};
use crate::{
    domain::simulation,
    store::{BuildResult, BuildStatus, RecordResult},
};
use parhelion_azure_pipelines::pipeline::{Job, Pipeline, Stage, Step};
use parhelion_core::{Scripted, Timestamp};
use proptest::{prelude::*, strategy::Strategy};
use std::collections::BTreeMap;

/// A condition, as the YAML has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    None,
    Succeeded,
    Failed,
    SucceededOrFailed,
    Always,
    NotCanceled,
    Wrong,
}

impl Condition {
    fn text(self) -> Option<String> {
        let text = match self {
            Condition::None => return None,
            Condition::Succeeded => "succeeded()",
            Condition::Failed => "failed()",
            Condition::SucceededOrFailed => "succeededOrFailed()",
            Condition::Always => "always()",
            Condition::NotCanceled => "not(canceled())",
            Condition::Wrong => "lt(1, 'x')",
        };
        Some(text.to_owned())
    }

    /// The table, row by row; `None`: it cannot be told.
    fn holds(self, on: &[RecordResult]) -> Option<bool> {
        use RecordResult::*;
        let any = |result: RecordResult| on.contains(&result);
        let row = match () {
            () if any(Canceled) => [false, any(Failed), false, true, false],
            () if any(Abandoned) => [false, any(Failed), false, true, true],
            () if any(Failed) => [false, true, true, true, true],
            () if any(Skipped) => {
                let some = any(Succeeded) || any(SucceededWithIssues);
                [false, false, some, true, true]
            }
            () => [true, false, true, true, true],
        };
        let [succeeded, failed, either, always, not_canceled] = row;
        match self {
            Condition::None | Condition::Succeeded => Some(succeeded),
            Condition::Failed => Some(failed),
            Condition::SucceededOrFailed => Some(either),
            Condition::Always => Some(always),
            Condition::NotCanceled => Some(not_canceled),
            Condition::Wrong => None,
        }
    }
}

/// Which of those before it something waits for; its condition; for a job what comes of it, and whether a failure is an
/// issue only.
type Node<T> = (Vec<bool>, Condition, T);
type Shape = Vec<Node<Vec<Node<(&'static str, bool)>>>>;

fn shapes() -> impl Strategy<Value = Shape> {
    let condition = || {
        prop_oneof![
            4 => Just(Condition::None),
            1 => Just(Condition::Succeeded),
            2 => Just(Condition::Failed),
            2 => Just(Condition::SucceededOrFailed),
            2 => Just(Condition::Always),
            1 => Just(Condition::NotCanceled),
            1 => Just(Condition::Wrong),
        ]
    };
    let outcome = prop_oneof![
        4 => Just("succeed"),
        1 => Just("succeed_with_issues"),
        2 => Just("fail"),
        1 => Just("skip"),
        1 => Just("cancel"),
    ];
    let before = || proptest::collection::vec(any::<bool>(), 0..4);
    let job = (before(), condition(), (outcome, prop::bool::weighted(0.1)));
    let stage = (before(), condition(), proptest::collection::vec(job, 1..4));
    proptest::collection::vec(stage, 1..5)
}

/// Says of each job what the shape says.
struct Chosen(BTreeMap<(String, String), &'static str>);

impl Draw for Chosen {
    fn scripted(&mut self, _: &str, of_step: bool, facets: &[(&'static str, &str)]) -> Option<Scripted> {
        let of = |wanted: &str| {
            facets.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        };
        let outcome = self.0.get(&(of("stage")?, of("job")?)).filter(|_| !of_step)?;
        Some(Scripted { behaviour: "b".into(), outcome: (*outcome).into(), members: Default::default() })
    }
}

/// The places of those that something waits for.
fn on(before: &[bool], count: usize) -> Vec<usize> {
    before.iter().take(count).enumerate().filter(|(_, on)| **on).map(|(n, _)| n).collect()
}

fn pipeline(shape: &Shape) -> Pipeline {
    let step = Step { task: "CmdLine@2".into(), ..Step::default() };
    let job = |n: usize, (before, condition, (_, carries_on)): &Node<(&str, bool)>| Job {
        name: format!("j{n}"),
        depends_on: on(before, n).iter().map(|n| format!("j{n}")).collect(),
        condition: condition.text(),
        continue_on_error: carries_on.then(|| "true".to_owned()),
        steps: vec![step.clone()],
        ..Job::default()
    };
    let stages = shape.iter().enumerate().map(|(n, (before, condition, jobs))| Stage {
        name: format!("s{n}"),
        depends_on: on(before, n).iter().map(|n| format!("s{n}")).collect(),
        condition: condition.text(),
        jobs: jobs.iter().enumerate().map(|(n, shape)| job(n, shape)).collect(),
        ..Stage::default()
    });
    Pipeline { stages: stages.collect(), ..Pipeline::default() }
}

/// What the table makes of a shape: of each stage, and of its jobs.
fn meant(shape: &Shape) -> Vec<(RecordResult, Vec<RecordResult>)> {
    let mut stages: Vec<(RecordResult, Vec<RecordResult>)> = Vec::new();
    for (s, (before, condition, jobs)) in shape.iter().enumerate() {
        let waits_for: Vec<_> = on(before, s).iter().map(|n| stages[*n].0).collect();
        let begins = condition.holds(&waits_for);
        if begins != Some(true) {
            let result = if begins.is_none() { RecordResult::Abandoned } else { RecordResult::Skipped };
            stages.push((result, vec![RecordResult::Skipped; jobs.len()]));
            continue;
        }
        let mut results: Vec<RecordResult> = Vec::new();
        for (j, (before, condition, (outcome, carries_on))) in jobs.iter().enumerate() {
            let waits_for: Vec<_> = on(before, j).iter().map(|n| results[*n]).collect();
            results.push(match (condition.holds(&waits_for), *outcome) {
                (None, _) => RecordResult::Abandoned,
                (Some(false), _) | (_, "skip") => RecordResult::Skipped,
                (_, "succeed_with_issues") => RecordResult::SucceededWithIssues,
                (_, "fail") if *carries_on => RecordResult::SucceededWithIssues,
                (_, "fail") => RecordResult::Failed,
                (_, "cancel") => RecordResult::Canceled,
                _ => RecordResult::Succeeded,
            });
        }
        let worst = results.iter().copied().max().unwrap_or(RecordResult::Succeeded);
        stages.push((worst, results));
    }
    stages
}

proptest! {
    #[test]
    fn results_follow_the_table(shape in shapes()) {
        let mut build = empty(pipeline(&shape));
        simulation::lay_out(&mut build, &[]);
        let outcomes = shape.iter().enumerate().flat_map(|(s, (_, _, jobs))| {
            jobs.iter().enumerate().map(move |(j, (_, _, (outcome, _)))| ((format!("s{s}"), format!("j{j}")), *outcome))
        });
        let mut chosen = Chosen(outcomes.collect());
        let moved = advance(&mut build, &Paces::default(), Timestamp::UNIX_EPOCH, &mut chosen);
        prop_assert_eq!(build.status, BuildStatus::Completed);
        let meant = meant(&shape);
        for (stage, (result, jobs)) in build.stages.iter().zip(&meant) {
            let came: Vec<_> = stage.jobs.iter().filter_map(|job| job.life.result).collect();
            prop_assert_eq!(&came, jobs, "{}", stage.name);
            prop_assert_eq!(stage.life.result, Some(*result), "{}", stage.name);
        }
        let worst = meant.iter().map(|(result, _)| *result).max();
        let result = match worst {
            Some(RecordResult::Canceled) => BuildResult::Canceled,
            Some(RecordResult::Failed | RecordResult::Abandoned) => BuildResult::Failed,
            Some(RecordResult::SucceededWithIssues) => BuildResult::PartiallySucceeded,
            _ => BuildResult::Succeeded,
        };
        prop_assert_eq!(build.result, Some(result));
        // Nothing begins or ends twice, and what began ended.
        let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for Moved(part, turn) in moved {
            let count = seen.entry(format!("{part:?}")).or_default();
            match turn {
                Turn::Began => count.0 += 1,
                Turn::Ended => count.1 += 1,
                _ => {}
            }
        }
        for (part, (began, ended)) in seen {
            prop_assert!(began <= 1 && ended == 1, "{} began {} times, ended {}", part, began, ended);
        }
    }
}
