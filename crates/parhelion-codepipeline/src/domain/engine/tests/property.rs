//! Events and times in random order never break the engine's invariants ([`Rig::step`] checks them after each).

use super::rig::{APPROVAL, BUILD, JOB, Kind, OTHER, Rig, SOURCE, action, plan};
use crate::domain::engine::Effect;
use crate::domain::engine::records::{JobId, Key, LineId, Outcome, Plan};
use chrono::TimeDelta;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What may happen. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Event {
    Create(Vec<Vec<(u8, i32)>>),
    Update(usize, Vec<Vec<(u8, i32)>>),
    Delete(usize),
    Start(usize),
    Dispatch(usize),
    TakeOn(usize),
    Finish(usize, bool),
    Continue(usize),
    Advance(i64),
}

fn stages() -> impl Strategy<Value = Vec<Vec<(u8, i32)>>> {
    let actions = proptest::collection::vec((0u8..4, 1i32..3), 1..4);
    proptest::collection::vec(actions, 1..4)
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => stages().prop_map(Event::Create),
        1 => (any::<usize>(), stages()).prop_map(|(n, s)| Event::Update(n, s)),
        1 => any::<usize>().prop_map(Event::Delete),
        6 => any::<usize>().prop_map(Event::Start),
        3 => any::<usize>().prop_map(Event::Dispatch),
        5 => any::<usize>().prop_map(Event::TakeOn),
        6 => (any::<usize>(), any::<bool>()).prop_map(|(n, ok)| Event::Finish(n, ok)),
        2 => any::<usize>().prop_map(Event::Continue),
        3 => prop_oneof![0i64..60, 3000i64..90_000, Just(700_000i64)].prop_map(Event::Advance),
    ]
}

fn made(name: &str, stages: &[Vec<(u8, i32)>]) -> Plan {
    let kinds: [Kind; 4] = [BUILD, APPROVAL, JOB, OTHER];
    let mut all = vec![("Source".to_owned(), vec![action("S", SOURCE, 1)])];
    for (number, actions) in stages.iter().enumerate() {
        let actions = actions.iter().enumerate();
        let actions =
            actions.map(|(n, (kind, order))| action(&format!("A{n}"), kinds[usize::from(*kind)], *order));
        all.push((format!("Stage{number}"), actions.collect()));
    }
    let all: Vec<(&str, &[_])> =
        all.iter().map(|(name, actions)| (name.as_str(), actions.as_slice())).collect();
    plan(name, &all)
}

/// The pipelines are called `p1`, `p2` … and `other`, which actions of the others start.
fn name_of(count: usize) -> String {
    if count == 0 { "other".to_owned() } else { format!("p{count}") }
}

fn play(rig: &mut Rig, event: Event) {
    let lines: Vec<LineId> = rig.engine.lines.keys().copied().collect();
    let jobs: Vec<JobId> = rig.engine.jobs.keys().copied().collect();
    let pick = |n: usize| lines.get(n % lines.len().max(1)).copied();
    let job = |n: usize| jobs.get(n % jobs.len().max(1)).copied();
    match event {
        Event::Create(stages) => {
            let free = (0..3).map(name_of).find(|name| rig.engine.line(name).is_none());
            if let Some(name) = free {
                rig.create(made(&name, &stages));
            }
        }
        Event::Update(n, stages) => {
            if let Some(line) = pick(n) {
                let name = rig.engine.lines[&line].name.clone();
                rig.update(line, made(&name, &stages));
            }
        }
        Event::Delete(n) => pick(n).into_iter().for_each(|line| rig.delete(line)),
        Event::Start(n) => pick(n).into_iter().for_each(|line| {
            rig.start(line);
        }),
        // Jobs that are over or not taken on are picked too: the engine must not mind.
        Event::Dispatch(n) => job(n).into_iter().for_each(|job| rig.dispatch(job, "1")),
        Event::TakeOn(n) => job(n).into_iter().for_each(|job| rig.take_on(job)),
        Event::Finish(n, true) => job(n).into_iter().for_each(|job| rig.finish(job, Outcome::default())),
        Event::Finish(n, false) => {
            job(n).into_iter().for_each(|job| rig.finish(job, Outcome::failure("JobFailed", "no")));
        }
        Event::Continue(n) => {
            job(n).into_iter().for_each(|job| rig.go_on_later(job, "later", Outcome::default()))
        }
        Event::Advance(seconds) => rig.advance(TimeDelta::seconds(seconds)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_order_of_events_breaks_the_engine(
        first in stages(),
        events in proptest::collection::vec(event(), 1..60),
    ) {
        let mut rig = Rig::new();
        rig.create(made("other", &first));
        rig.create(made("p1", &first));
        for event in events {
            let executions = rig.engine.executions.len();
            let deletes = matches!(event, Event::Delete(_));
            let updates = matches!(event, Event::Update(..));
            let known: BTreeSet<Key> = rig.engine.runs.keys().copied().collect();
            play(&mut rig, event);
            prop_assert!(deletes || rig.engine.executions.len() >= executions, "history only grows");
            if updates {
                for (key, run) in rig.engine.runs.iter().filter(|(key, _)| !known.contains(*key)) {
                    let version = rig.engine.executions[&(key.0, run.execution)].version;
                    prop_assert_eq!(version, rig.engine.lines[&key.0].version, "no outdated work starts: {:?}", key);
                }
            }
        }
        // Nothing goes on for ever without a start: when all time limits have passed, executions that call no
        // other pipeline are over, and nobody's job is findable that is not there.
        let released = rig.effects.iter().filter(|e| matches!(e, Effect::Release(_))).count();
        let claimed = rig.effects.iter().filter(|e| matches!(e, Effect::Claim(_))).count();
        prop_assert_eq!(claimed - released, rig.engine.jobs.len());
    }

    #[test]
    fn every_execution_ends_by_time_alone(first in stages(), starts in 1usize..6) {
        let without_calls = |stages: &[Vec<(u8, i32)>]| -> Vec<Vec<(u8, i32)>> {
            stages.iter().map(|s| s.iter().map(|(kind, order)| (kind % 3, *order)).collect()).collect()
        };
        let mut rig = Rig::new();
        let line = rig.create(made("p1", &without_calls(&first)));
        for _ in 0..starts {
            rig.start(line);
        }
        rig.advance(TimeDelta::days(7 * 40));
        prop_assert!(rig.engine.lines[&line].live.is_empty());
        prop_assert_eq!(rig.engine.next_deadline(), None);
    }
}
