//! Behaviours, paces and steps by hand, on a toy surface whose work is a line of text.

use super::toys::{Name, name};
use crate::testing::world;
use crate::{
    AnyShelf, AnyTable, Behaviour, Overfull, Scope, Script, ScriptedOutcome, Shelf, Store, Table, Tx, World,
};
use chrono::TimeDelta;
use parhelion_core::{Call, Event, Pace, Scripted, Verdict, limits};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A tenant with work that came out somehow (`done`) or stands until it is stepped (`standing`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Works {
    standing: Table<u64, String>,
    done: Vec<String>,
}

impl Store for Works {
    const SURFACE: &'static str = "works";
    const NAME: &'static str = "works";
    const VERSION: u32 = 1;
    type Key = Name;
    type Mail = std::convert::Infallible;
    fn new(_: &Name) -> Self {
        Works { standing: Table::default(), done: Vec::new() }
    }
    fn on_mail(&mut self, mail: Self::Mail, _: &mut Tx<'_>) {
        match mail {}
    }
    fn on_step(&mut self, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
        // Changed before it is known that nothing stands: that must not show.
        self.done.push("stepped".to_owned());
        let (number, what) = self
            .standing
            .iter()
            .find(|(_, what)| id.is_none_or(|id| id == what.as_str()))
            .map(|(number, what)| (*number, what.to_string()))?;
        self.standing.remove(&number);
        tx.emit(Event::new("work.finished", format!("work:{what}")));
        Some(format!("work:{what}"))
    }
    fn standing(&self, subject: &str, _: parhelion_core::Timestamp) -> Vec<Event> {
        let stands = self.standing.values().any(|what| subject == format!("work:{what}"));
        let fact = Event::new("work.waits", subject).fact("it waits to be stepped").verdict(Verdict::Waiting);
        stands.then_some(fact).into_iter().collect()
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![("standing", &self.standing)]
    }
}

fn shelves() -> Vec<Arc<dyn AnyShelf>> {
    vec![Shelf::<Works>::boxed()]
}
fn outcome(name: &str) -> ScriptedOutcome {
    let members = json!({"message": name, "delay": "90m"}).as_object().cloned().unwrap_or_default();
    ScriptedOutcome { outcome: name.to_owned(), members }
}
fn behaviour(world: &World, name: &str, matches: &[(&str, &str)], outcomes: &[&str]) {
    let matches = matches.iter().map(|(m, v)| ((*m).to_owned(), (*v).to_owned())).collect();
    let outcomes = outcomes.iter().map(|o| outcome(o)).collect();
    world.edit_script(|script| script.put_behaviour(name, matches, outcomes)).unwrap();
}
/// One attempt at a piece of work; a refused one fails after it has drawn its outcome.
fn attempt(world: &World, tenant: &str, facets: &[(&'static str, &str)], refused: bool) -> Option<Scripted> {
    let done = world.shelf::<Works>().write(&name(tenant), &Call::default(), |works, tx| {
        let scripted = tx.scripted(facets);
        if let Some(scripted) = &scripted {
            tx.emit(scripted.used("work:w"));
            works.done.push(scripted.outcome.clone());
        }
        if refused { Err(scripted) } else { Ok(scripted) }
    });
    done.map_or_else(|refused| refused, |done| done.value)
}
fn said(scripted: Option<Scripted>) -> Option<String> {
    scripted.map(|scripted| format!("{}:{}", scripted.behaviour, scripted.outcome))
}
fn stand(world: &World, tenant: &str, what: &[&str]) {
    let done = world.shelf::<Works>().write::<_, ()>(&name(tenant), &Call::default(), |works, tx| {
        for what in what {
            works.standing.put(tx.number("work"), (*what).to_owned());
        }
        Ok(())
    });
    assert!(done.is_ok());
}
fn used(world: &World, name: &str) -> Option<u64> {
    world.script().behaviours().get(name).map(|behaviour: &Arc<Behaviour>| behaviour.used)
}

#[test]
fn most_members_win_then_the_newest() {
    let (world, _) = world(1, shelves());
    let facets = &[("stage", "build"), ("name", "compile"), ("name", "1")];
    assert_eq!(attempt(&world, "a", facets, false), None, "nothing is scripted");
    behaviour(&world, "all", &[], &["one"]);
    behaviour(&world, "stage", &[("stage", "build")], &["two"]);
    behaviour(&world, "later", &[("name", "compile")], &["three"]);
    assert_eq!(said(attempt(&world, "a", facets, false)), Some("later:three".into()));
    behaviour(&world, "stage", &[("stage", "build")], &["four"]);
    assert_eq!(said(attempt(&world, "a", facets, false)), Some("stage:four".into()), "put again: the newest");
    behaviour(&world, "both", &[("stage", "build"), ("name", "1")], &["five"]);
    behaviour(&world, "other", &[("stage", "test"), ("name", "1"), ("tenant", "a")], &["six"]);
    behaviour(&world, "unknown", &[("stage", "build"), ("name", "1"), ("job", "")], &["seven"]);
    assert_eq!(said(attempt(&world, "a", facets, false)), Some("both:five".into()), "any of a name's values");
    behaviour(&world, "whose", &[("tenant", "A"), ("surface", "works"), ("name", "1")], &["eight"]);
    behaviour(&world, "elsewhere", &[("surface", "bench"), ("name", "1"), ("stage", "build")], &["nine"]);
    assert_eq!(said(attempt(&world, "a", facets, false)), Some("whose:eight".into()));
    assert_eq!(said(attempt(&world, "b", facets, false)), Some("both:five".into()));
    assert_eq!(said(attempt(&world, "b", &[], false)), Some("all:one".into()));
}

#[test]
fn one_outcome_is_used_up_for_each_attempt_and_the_last_repeats() {
    let (world, _) = world(1, shelves());
    behaviour(&world, "flaky", &[], &["fail", "hang", "succeed"]);
    let drawn: Vec<_> = (0..5).filter_map(|_| attempt(&world, "a", &[], false)).map(|s| s.outcome).collect();
    assert_eq!(drawn, ["fail", "hang", "succeed", "succeed", "succeed"]);
    assert_eq!(used(&world, "flaky"), Some(5));
    let drawn = attempt(&world, "a", &[], false).unwrap();
    assert_eq!((drawn.text("message"), drawn.delay()), (Some("succeed"), Some(TimeDelta::minutes(90))));
    // Each in the journal, with its name.
    let entries = world.entries(0, 100, |entry| entry.kind == "behaviour.used");
    assert_eq!((entries.len(), entries[0].data["behaviour"].as_str()), (6, Some("flaky")));
    assert!(entries[0].fact.contains("flaky") && entries[0].fact.contains("fail"), "{}", entries[0].fact);
}

#[test]
fn what_a_failed_operation_drew_is_given_back() {
    let (world, _) = world(1, shelves());
    behaviour(&world, "flaky", &[], &["fail", "succeed"]);
    assert_eq!(said(attempt(&world, "a", &[], true)), Some("flaky:fail".into()));
    assert_eq!(used(&world, "flaky"), Some(0));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = world.shelf::<Works>().write::<(), ()>(&name("a"), &Call::default(), |_, tx| {
            assert_eq!(tx.scripted(&[]).map(|s| s.outcome).as_deref(), Some("fail"));
            panic!("a mistake")
        });
    }));
    assert!(panicked.is_err());
    assert_eq!(said(attempt(&world, "b", &[], false)), Some("flaky:fail".into()));
    // Two draws of one operation are two attempts.
    let two = world.shelf::<Works>().write::<_, ()>(&name("a"), &Call::default(), |_, tx| {
        Ok((tx.scripted(&[]).map(|s| s.outcome), tx.pace("any"), tx.scripted(&[]).map(|s| s.outcome)))
    });
    let succeed = Some("succeed".to_owned());
    assert_eq!(two.unwrap().value, (succeed.clone(), Pace::Immediate, succeed));
    assert_eq!(used(&world, "flaky"), Some(3));
}

#[test]
fn tenants_that_draw_at_once_get_each_outcome_once() {
    let (world, _) = world(1, shelves());
    let outcomes: Vec<String> = (0..400).map(|n| n.to_string()).collect();
    let names: Vec<&str> = outcomes.iter().map(String::as_str).collect();
    behaviour(&world, "numbers", &[], &names);
    let mut drawn: Vec<u32> = std::thread::scope(|threads| {
        let world = &world;
        let running: Vec<_> = ["a", "b", "c", "d"]
            .into_iter()
            .map(|tenant| {
                threads.spawn(move || {
                    // Every other attempt fails and gives its outcome back.
                    let kept = (0..200)
                        .filter_map(|n| attempt(world, tenant, &[], n % 2 == 0).filter(|_| n % 2 == 1));
                    kept.map(|scripted| scripted.outcome.parse().unwrap()).collect::<Vec<u32>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    drawn.sort_unstable();
    assert_eq!(drawn, (0..400).collect::<Vec<u32>>());
}

#[test]
fn the_most_specific_pace_counts() {
    let (world, _) = world(1, shelves());
    let pace = |kind: &'static str| {
        let asked =
            world.shelf::<Works>().write::<_, ()>(&name("a"), &Call::default(), |_, tx| Ok(tx.pace(kind)));
        asked.unwrap().value
    };
    assert_eq!(pace("job"), Pace::Immediate);
    let hour = Pace::After(TimeDelta::hours(1));
    let set = |surface, kind, pace| world.edit_script(|script| script.set_pace(surface, kind, pace));
    set(None, None, Pace::Manual);
    assert_eq!(pace("job"), Pace::Manual);
    set(None, Some("job"), hour);
    assert_eq!((pace("job"), pace("step")), (hour, Pace::Manual));
    set(Some("works"), None, Pace::Immediate);
    assert_eq!((pace("job"), pace("step")), (Pace::Immediate, Pace::Immediate));
    set(Some("works"), Some("job"), Pace::Manual);
    set(Some("bench"), Some("step"), Pace::Manual);
    assert_eq!((pace("job"), pace("step")), (Pace::Manual, Pace::Immediate));
    let shown: Vec<String> =
        world.script().paces().map(|(s, k, pace)| format!("{s:?} {k:?} {pace}")).collect();
    assert_eq!(shown.len(), 5);
    assert!(shown.contains(&"None Some(\"job\") after 1h".to_owned()), "{shown:?}");
}

#[test]
fn a_checkpoint_of_the_world_holds_behaviours_and_paces_and_a_part_leaves_them() {
    let (world, _) = world(1, shelves());
    behaviour(&world, "flaky", &[], &["fail", "succeed"]);
    world.edit_script(|script| script.set_pace(None, None, Pace::Manual));
    attempt(&world, "a", &[], false);
    let (kept, was) = (world.checkpoint(), world.script());
    attempt(&world, "a", &[], false);
    behaviour(&world, "more", &[], &["hang"]);
    world.edit_script(|script| script.set_pace(Some("works"), None, Pace::Immediate));
    let now = world.script();
    for part in [Scope::Surface("works"), Scope::Tenant("works", "a")] {
        world.restore(&kept, part);
        assert_eq!(world.script(), now);
        world.reset(part);
        assert_eq!(world.script(), now);
    }
    world.restore(&kept, Scope::World);
    assert_eq!(world.script(), was);
    assert_eq!(said(attempt(&world, "a", &[], false)), Some("flaky:succeed".into()));
    world.reset(Scope::World);
    assert_eq!(world.script(), Script::default());
    assert_eq!(attempt(&world, "a", &[], false), None);
}

#[test]
fn what_stands_is_moved_by_hand_one_at_a_time() {
    let (world, _) = world(1, shelves());
    assert_eq!(world.step_by_hand("works", None, &Call::default()), None);
    stand(&world, "b", &["x", "y", "z"]);
    stand(&world, "a", &[]);
    // What stands is not pending, and an advance does not wait for it.
    assert!(world.pending().is_empty() && world.next_deadline().is_none());
    let waits = world.standing("works", "b", "work:x");
    assert_eq!(waits.iter().map(|event| event.verdict).collect::<Vec<_>>(), [Some(Verdict::Waiting)]);
    assert!(
        world.standing("works", "a", "work:x").is_empty() && world.standing("none", "b", "work:x").is_empty()
    );
    let call = Call { request_id: "r9".into(), cause: 0, ..Call::default() };
    let step = |id| world.step_by_hand("works", id, &call).map(|stepped| (stepped.tenant, stepped.what));
    let of_b = |what: &str| Some(("b".to_owned(), what.to_owned()));
    assert_eq!(step(Some("nothing")), None);
    assert_eq!(step(Some("y")), of_b("work:y"));
    assert_eq!((step(None), step(Some("y"))), (of_b("work:x"), None));
    assert_eq!((step(None), step(None)), (of_b("work:z"), None));
    let works = |tenant| world.shelf::<Works>().load(&name(tenant)).store.clone();
    assert_eq!((works("a").done.len(), works("b").done.len()), (0, 3), "a step of nothing changes nothing");
    let finished = world.entries(0, 100, |entry| entry.kind == "work.finished" && entry.request_id == "r9");
    assert_eq!(finished.len(), 3);
    assert_eq!(world.step_by_hand("none", None, &call), None);
}

#[test]
fn a_script_is_bounded() {
    let mut script = Script::default();
    let all = |n: usize| vec![outcome("x"); n];
    let mut put = |name: &str, outcomes| script.put_behaviour(name, BTreeMap::new(), outcomes);
    assert_eq!(put("a", vec![]), Err(Overfull::NoOutcome));
    assert_eq!(put("a", all(limits::OUTCOMES + 1)), Err(Overfull::Outcomes));
    for n in 0..limits::BEHAVIOURS {
        assert_eq!(put(&n.to_string(), all(1)), Ok(()));
    }
    assert_eq!(put("a", all(1)), Err(Overfull::Behaviours));
    assert_eq!(put("7", all(limits::OUTCOMES)), Ok(()), "in the place of an old one");
    let long = ScriptedOutcome {
        outcome: "x".into(),
        members: Map::from_iter([("message".to_owned(), "y".repeat(limits::BEHAVIOURS_BYTES / 2).into())]),
    };
    assert_eq!(put("1", vec![long.clone()]), Ok(()));
    assert_eq!(put("2", vec![long.clone()]), Err(Overfull::Bytes));
    assert_eq!(put("1", vec![long.clone()]), Ok(()), "its own place is free");
    assert!(script.remove_behaviour("1") && !script.remove_behaviour("1"));
    assert_eq!(script.put_behaviour("2", BTreeMap::new(), vec![long]), Ok(()));
    assert_eq!((script.clear_behaviours(), script.clear_behaviours()), (limits::BEHAVIOURS - 1, 0));
    assert!(script.behaviours().is_empty());
}

/// Who waits for a script that an operation holds gets it when the operation is over.
#[test]
fn an_operation_that_draws_holds_nobody_up_for_ever() {
    let (world, _) = world(1, shelves());
    behaviour(&world, "b", &[], &["x"]);
    std::thread::scope(|threads| {
        let (entered, wait) = std::sync::mpsc::channel();
        let w = &world;
        threads.spawn(move || {
            let _ = w.shelf::<Works>().write::<_, ()>(&name("a"), &Call::default(), |_, tx| {
                tx.scripted(&[]);
                entered.send(()).unwrap();
                // Long enough for the others to come and wait.
                std::thread::park_timeout(Duration::from_millis(20));
                Ok(())
            });
        });
        wait.recv().unwrap();
        threads.spawn(|| world.edit_script(|script| script.set_pace(None, None, Pace::Manual)));
        threads.spawn(|| world.checkpoint());
        threads.spawn(|| attempt(&world, "b", &[], false));
    });
    assert_eq!((used(&world, "b"), world.script().paces().count()), (Some(2), 1), "no change is lost");
}

proptest! {
    #[test]
    fn no_match_is_more_specific_than_the_one_that_decides(
        puts in proptest::collection::vec((0..6u8, proptest::collection::btree_map("[ab]", "[xy]", 0..3)), 1..12),
        a in "[xy]", b in "[xy]",
    ) {
        let (world, _) = world(1, shelves());
        let mut newest: Vec<(String, BTreeMap<String, String>)> = Vec::new();
        for (n, matches) in puts {
            let put = format!("b{n}");
            newest.retain(|(name, _)| *name != put);
            newest.push((put.clone(), matches.clone()));
            world.edit_script(|script| script.put_behaviour(&put, matches, vec![outcome("x")])).unwrap();
        }
        let holds = |m: &BTreeMap<String, String>| m.iter().all(|(k, v)| if k == "a" { *v == a } else { *v == b });
        let meant = newest.iter().filter(|(_, m)| holds(m));
        let wanted = meant.max_by_key(|(_, m)| m.len()).map(|(name, _)| name.clone());
        let got = attempt(&world, "t", &[("a", &a), ("b", &b)], false).map(|s| s.behaviour);
        prop_assert_eq!(got, wanted);
    }
}
