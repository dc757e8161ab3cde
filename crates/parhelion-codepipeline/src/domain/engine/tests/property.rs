//! Events and times in random order never break the engine's invariants ([`Rig::step`] checks them after each): at
//! most one execution in a stage but in PARALLEL mode, nobody waits at a free and enabled gate, what is not over says
//! what it waits for, history only grows.

use super::rig::{APPROVAL, BUILD, JOB, Kind, OTHER, Rig, SOURCE, action, condition, plan, window};
use crate::domain::engine::records::{JobId, Key, LineId, Outcome, Phase, Plan};
use crate::domain::engine::{Effect, Engine};
use crate::shapes::{
    ActionExecutionStatus, BeforeEntryConditions, Condition, ConditionResult, ExecutionMode,
    FailureConditions, RetryConfiguration, StageDeclaration, StageRetryMode, SuccessConditions,
};
use chrono::TimeDelta;
use parhelion_core::Pace;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A pipeline in a mode: the stages after the source.
#[derive(Clone, Debug)]
struct Shape {
    mode: ExecutionMode,
    stages: Vec<Stage>,
}

/// Actions by kind and run order, and conditions by number (see [`Stage::declare`]).
#[derive(Clone, Debug)]
struct Stage {
    actions: Vec<(u8, i32)>,
    before: u8,
    success: u8,
    failure: u8,
}

/// What may happen. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Event {
    Create(Shape),
    Update(usize, Shape),
    Delete(usize),
    Start(usize),
    Dispatch(usize),
    TakeOn(usize),
    Finish(usize, bool),
    Continue(usize),
    Answer(usize, bool),
    Stop(usize, bool),
    Retry(usize, usize, bool),
    RollBack(usize, usize),
    Override(usize, usize, bool),
    Transition(usize, usize, bool),
    /// How the next work of builds, or of rules, comes out.
    Script(bool, u8),
    Pace(bool, u8),
    Step,
    Advance(i64),
}

fn stage() -> impl Strategy<Value = Stage> {
    let actions = proptest::collection::vec((0u8..4, 1i32..3), 1..4);
    let conditions = (0u8..10, 0u8..8, 0u8..12);
    (actions, conditions).prop_map(|(actions, (before, success, failure))| Stage {
        actions,
        before,
        success,
        failure,
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    let mode = prop_oneof![
        Just(ExecutionMode::Superseded),
        Just(ExecutionMode::Queued),
        Just(ExecutionMode::Parallel)
    ];
    (mode, proptest::collection::vec(stage(), 1..4)).prop_map(|(mode, stages)| Shape { mode, stages })
}

fn event() -> impl Strategy<Value = Event> {
    let n = any::<usize>;
    let yes = any::<bool>;
    prop_oneof![
        1 => shape().prop_map(Event::Create),
        1 => (n(), shape()).prop_map(|(n, s)| Event::Update(n, s)),
        1 => n().prop_map(Event::Delete),
        12 => n().prop_map(Event::Start),
        3 => n().prop_map(Event::Dispatch),
        6 => n().prop_map(Event::TakeOn),
        8 => (n(), yes()).prop_map(|(n, ok)| Event::Finish(n, ok)),
        2 => n().prop_map(Event::Continue),
        5 => (n(), yes()).prop_map(|(n, ok)| Event::Answer(n, ok)),
        4 => (n(), yes()).prop_map(|(n, abandon)| Event::Stop(n, abandon)),
        8 => (n(), 0usize..4, yes()).prop_map(|(n, stage, all)| Event::Retry(n, stage, all)),
        4 => (n(), 0usize..4).prop_map(|(n, stage)| Event::RollBack(n, stage)),
        4 => (n(), 0usize..4, yes()).prop_map(|(n, stage, entry)| Event::Override(n, stage, entry)),
        5 => (n(), 0usize..4, yes()).prop_map(|(n, stage, enabled)| Event::Transition(n, stage, enabled)),
        3 => (yes(), 0u8..4).prop_map(|(rules, how)| Event::Script(rules, how)),
        2 => (yes(), 0u8..3).prop_map(|(jobs, how)| Event::Pace(jobs, how)),
        3 => Just(Event::Step),
        4 => prop_oneof![0i64..60, 3000i64..90_000, Just(700_000i64)].prop_map(Event::Advance),
    ]
}

impl Stage {
    /// Low numbers are conditions of one kind each, high ones none.
    fn declare(&self, stage: &mut StageDeclaration, parallel: bool) {
        use ConditionResult::{Fail, Retry, Rollback, Skip};
        let back = if parallel { Fail } else { Rollback };
        let one = |number: u8, results: [ConditionResult; 2]| -> Option<Vec<Condition>> {
            let [first, second] = results;
            let made = match number {
                0 => condition("a", "a", Some(first)),
                1 => condition("a", "b", Some(first)),
                2 => condition("a", "b", Some(second)),
                3 => window(Some(first)),
                4 => {
                    let mut alarm = condition("", "", Some(second));
                    alarm.rules.as_mut()?[0].rule_type_id.provider = "CloudWatchAlarm".into();
                    alarm
                }
                _ => return None,
            };
            Some(vec![made])
        };
        stage.before_entry =
            one(self.before, [Fail, Skip]).map(|conditions| Box::new(BeforeEntryConditions { conditions }));
        stage.on_success =
            one(self.success, [Fail, back]).map(|conditions| Box::new(SuccessConditions { conditions }));
        let retry_configuration =
            Some(RetryConfiguration { retry_mode: Some(StageRetryMode::FailedActions) });
        let failure = |result, conditions| {
            let retry_configuration = retry_configuration.clone();
            Box::new(FailureConditions { result, retry_configuration, conditions })
        };
        stage.on_failure = match self.failure {
            0..=4 => Some(failure(None, one(self.failure, [Retry, back]))),
            5 => Some(failure(Some(Retry), None)),
            6 => Some(failure(Some(back), None)),
            7 => Some(failure(Some(Skip), None)),
            _ => None,
        };
    }
}

fn made(name: &str, shape: &Shape) -> Plan {
    // In PARALLEL mode one that calls itself fills its pipeline at once: the calls would be all that is tried.
    let calls = name != name_of(0) || shape.mode != ExecutionMode::Parallel;
    let kinds: [Kind; 4] = [BUILD, APPROVAL, JOB, if calls { OTHER } else { BUILD }];
    let mut all = vec![("Source".to_owned(), vec![action("S", SOURCE, 1)])];
    for (number, stage) in shape.stages.iter().enumerate() {
        let actions = stage.actions.iter().enumerate();
        let actions =
            actions.map(|(n, (kind, order))| action(&format!("A{n}"), kinds[usize::from(*kind)], *order));
        all.push((format!("Stage{number}"), actions.collect()));
    }
    let all: Vec<(&str, &[_])> =
        all.iter().map(|(name, actions)| (name.as_str(), actions.as_slice())).collect();
    let mut made = plan(name, &all);
    made.declaration.execution_mode = Some(shape.mode);
    for (stage, declared) in shape.stages.iter().zip(&mut made.declaration.stages[1..]) {
        stage.declare(declared, shape.mode == ExecutionMode::Parallel);
    }
    made
}

/// The pipelines are called `p1`, `p2` … and `other`, which actions of the others start.
fn name_of(count: usize) -> String {
    if count == 0 { "other".to_owned() } else { format!("p{count}") }
}

fn play(rig: &mut Rig, event: Event) {
    fn pick<T: Copy>(all: &[T], n: usize) -> Option<T> {
        all.get(n % all.len().max(1)).copied()
    }
    let lines: Vec<LineId> = rig.engine.lines.keys().copied().collect();
    let jobs: Vec<JobId> = rig.engine.jobs.keys().copied().collect();
    let executions: Vec<Key> = rig.engine.executions.keys().copied().collect();
    let line = |n: usize| pick(&lines, n);
    // Jobs that are over or not taken on, and executions that are over, are picked too: the engine must not mind.
    let job = |n: usize| pick(&jobs, n);
    let execution = |n: usize| pick(&executions, n);
    match event {
        Event::Create(shape) => {
            let free = (0..3).map(name_of).find(|name| rig.engine.line(name).is_none());
            if let Some(name) = free {
                rig.create(made(&name, &shape));
            }
        }
        Event::Update(n, shape) => {
            if let Some(line) = line(n) {
                let name = rig.engine.lines[&line].name.clone();
                rig.update(line, made(&name, &shape));
            }
        }
        Event::Delete(n) => line(n).into_iter().for_each(|line| rig.delete(line)),
        Event::Start(n) => line(n).into_iter().for_each(|line| {
            rig.start(line);
        }),
        Event::Dispatch(n) => job(n).into_iter().for_each(|job| rig.dispatch(job, "1")),
        Event::TakeOn(n) => job(n).into_iter().for_each(|job| rig.take_on(job)),
        Event::Finish(n, true) => job(n).into_iter().for_each(|job| rig.finish(job, Outcome::default())),
        Event::Finish(n, false) => {
            job(n).into_iter().for_each(|job| rig.finish(job, Outcome::failure("JobFailed", "no")));
        }
        Event::Continue(n) => {
            job(n).into_iter().for_each(|job| rig.go_on_later(job, "later", Outcome::default()));
        }
        Event::Answer(n, approved) => {
            let open = |(_, run): &(&Key, &std::sync::Arc<crate::domain::engine::records::Run>)| {
                run.token.is_some() && run.status == ActionExecutionStatus::InProgress
            };
            let asked: Vec<Key> = rig.engine.runs.iter().filter(open).map(|(key, _)| *key).collect();
            pick(&asked, n).into_iter().for_each(|run| rig.answer(run, approved));
        }
        Event::Stop(n, abandon) => execution(n).into_iter().for_each(|e| rig.stop(e, abandon)),
        Event::Retry(n, stage, all) => {
            let mode = if all { StageRetryMode::AllActions } else { StageRetryMode::FailedActions };
            execution(n).into_iter().for_each(|e| rig.retry(e, stage, mode));
        }
        Event::RollBack(n, stage) => execution(n).into_iter().for_each(|e| rig.roll_back(e, stage)),
        Event::Override(n, stage, entry) => {
            let phase = if entry { Phase::BeforeEntry } else { Phase::OnSuccess };
            execution(n).into_iter().for_each(|e| rig.override_(e, stage, phase));
        }
        Event::Transition(n, stage, enabled) => line(n).into_iter().for_each(|line| {
            let stages = rig.engine.plan(line).map(|plan| plan.declaration.stages.clone());
            let name = stages.and_then(|all| all.get(stage).map(|s| s.name.clone()));
            name.into_iter().for_each(|name| rig.transition(line, &name, enabled));
        }),
        Event::Script(rules, how) => {
            let outcome = ["succeed", "fail", "hang", "succeed"][usize::from(how)];
            let members = if how == 3 { serde_json::json!({"delay": "10m"}) } else { serde_json::json!({}) };
            let facet = if rules { ("category", "Rule") } else { ("provider", "CodeBuild") };
            rig.ids.script.retain(|((_, value), _)| value != facet.1);
            rig.script(facet, &[(outcome, members)]);
        }
        Event::Pace(jobs, how) => {
            let pace = [Pace::Immediate, Pace::After(TimeDelta::minutes(5)), Pace::Manual][usize::from(how)];
            rig.pace(if jobs { "job" } else { "action" }, pace);
        }
        Event::Step => {
            rig.step_by_hand();
        }
        Event::Advance(seconds) => rig.advance(TimeDelta::seconds(seconds)),
    }
}

/// What of the past must not change: per execution the runs of each stage, and the runs of its rules.
type History = BTreeMap<Key, Vec<(usize, Vec<(usize, u64)>, Vec<u64>)>>;

fn history(engine: &Engine) -> History {
    let of = |(key, execution): (&Key, &std::sync::Arc<crate::domain::engine::records::Execution>)| {
        let stages = execution.stages.iter().map(|stage| {
            let conditions = stage.more.iter().flat_map(|more| &more.conditions);
            let rules = conditions.flat_map(|condition| condition.rules.iter().copied()).collect();
            (stage.stage, stage.runs.clone(), rules)
        });
        (*key, stages.collect())
    };
    engine.executions.iter().map(of).collect()
}

/// Nothing that was there is gone, of the pipelines that still are.
fn only_grew(engine: &Engine, before: &History, after: &History) {
    for (key, stages) in before.iter().filter(|(key, _)| engine.lines.contains_key(&key.0)) {
        let now = &after[key];
        for (was, is) in stages.iter().zip(now) {
            assert_eq!(was.0, is.0, "stages stay in the order in which they were entered: {key:?}");
            assert!(is.1.starts_with(&was.1), "runs stay: {key:?}");
            assert!(is.2.starts_with(&was.2), "rules stay: {key:?}");
        }
        assert!(now.len() >= stages.len(), "stages stay: {key:?}");
    }
}

/// What is not over when all time limits have passed is held by somebody: it says so, and by whom.
fn ends_or_says(rig: &mut Rig) {
    rig.advance(TimeDelta::days(7 * 60));
    let live: Vec<Key> = rig
        .engine
        .lines
        .iter()
        .flat_map(|(id, line)| line.live.iter().map(move |number| (*id, *number)))
        .collect();
    for key in live {
        let standing = rig.standing(key);
        let held = standing.iter().any(|fact| fact.contains("the transition was disabled"));
        let behind = standing.iter().any(|fact| fact.contains("goes first"));
        assert!(held || behind, "{key:?} is not over, and waits for nobody: {standing:?}");
    }
}

/// 256, or as many as `PROPTEST_CASES` asks for.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|asked| asked.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn no_order_of_events_breaks_the_engine(
        first in shape(),
        second in shape(),
        events in proptest::collection::vec(event(), 1..50),
    ) {
        let mut rig = Rig::new();
        rig.create(made("other", &first));
        rig.create(made("p1", &second));
        let mut before = history(&rig.engine);
        for event in events {
            let updates = matches!(event, Event::Update(..));
            let known = rig.engine.runs.clone();
            play(&mut rig, event);
            let after = history(&rig.engine);
            only_grew(&rig.engine, &before, &after);
            before = after;
            if updates {
                for (key, run) in rig.engine.runs.iter().filter(|(key, _)| !known.contains_key(*key)) {
                    let version = rig.engine.executions[&(key.0, run.execution)].version;
                    prop_assert_eq!(version, rig.engine.lines[&key.0].version, "no outdated work starts: {:?}", key);
                }
            }
        }
        // Nobody's job is findable that is not there.
        let released = rig.effects.iter().filter(|e| matches!(e, Effect::Release(_))).count();
        let claimed = rig.effects.iter().filter(|e| matches!(e, Effect::Claim(_))).count();
        prop_assert_eq!(claimed - released, rig.engine.jobs.len());
    }

    #[test]
    fn every_execution_ends_by_time_alone_or_says_who_holds_it(
        shape in shape(),
        events in proptest::collection::vec(event(), 1..16),
    ) {
        let mut rig = Rig::new();
        let line = rig.create(made("p1", &shape));
        rig.start(line);
        // Nobody is called: a pipeline that starts itself never rests.
        let calls = |event: &Event| match event {
            Event::Create(shape) | Event::Update(_, shape) => {
                shape.stages.iter().any(|stage| stage.actions.iter().any(|(kind, _)| *kind == 3))
            }
            _ => false,
        };
        for event in events.into_iter().filter(|event| !calls(event)) {
            play(&mut rig, event);
        }
        ends_or_says(&mut rig);
    }
}
