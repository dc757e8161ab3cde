//! One test a claim.

use super::toys::*;
use crate::testing::{self, Recorded, start, world};
use crate::{Handle, Scope, World};
use chrono::TimeDelta;
use parhelion_core::{Call, Cause, DeliveryStatus, Event, Timestamp, limits};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn secs(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}
fn put(world: &World, tenant: &str, note: &str) -> Result<String, String> {
    let call = Call { request_id: "r1".into(), ..Call::default() };
    world
        .shelf::<Bench>()
        .write(&name(tenant), &call, |bench, tx| add(bench, note, tx))
        .map(|done| done.value)
}
fn set_alarm(world: &World, tenant: &str, after: i64, text: &str) {
    let done = world.shelf::<Bench>().write::<_, ()>(&name(tenant), &Call::default(), |bench, tx| {
        let number = tx.number("alarm");
        tx.emit(Event::new("alarm.set", format!("alarm:{number}")));
        bench.alarms.put((tx.now() + secs(after), number), (name("hall"), text.to_owned()));
        Ok(())
    });
    assert!(done.is_ok());
}
fn lines(world: &World, wall: &str) -> Vec<(i64, String)> {
    world.shelf::<Wall>().read(&name(wall), &Call::default(), |wall, _| {
        wall.lines.iter().map(|(at, text)| ((*at - start()).num_seconds(), text.clone())).collect()
    })
}
fn all(
    world: &World,
    recorded: &Recorded,
) -> (Option<serde_json::Value>, Option<Timestamp>, usize, Vec<String>) {
    (world.dump("bench", "a", true), world.next_deadline(), recorded.sent().len(), world.tenants("bench"))
}
/// Polls a future once, with nobody to wake.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[test]
fn an_operation_that_fails_changes_nothing_but_tells_why() {
    let (world, recorded) = world(1, shelves());
    put(&world, "a", "x").unwrap();
    while world.take_job().is_some() {}
    let before = all(&world, &recorded);
    let after = world.journal_range().0;
    assert_eq!(put(&world, "a", "x"), Err("x exists".into()));
    assert_eq!(all(&world, &recorded), before);
    assert!(world.take_job().is_none());
    let new = world.entries(after, 100, |_| true);
    assert_eq!(new.iter().map(|e| e.kind).collect::<Vec<_>>(), ["note.checked"]);
    // The next success draws the ids that the failure gave back.
    let (other, _) = testing::world(1, shelves());
    put(&other, "a", "x").unwrap();
    assert_eq!(put(&world, "a", "y"), put(&other, "a", "y"));
}

#[test]
fn a_panic_leaves_nothing_behind_either() {
    let (world, recorded) = world(1, shelves());
    put(&world, "a", "x").unwrap();
    let before = all(&world, &recorded);
    let boom = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.shelf::<Bench>().write::<(), ()>(&name("a"), &Call::default(), |bench, tx| {
            bench.notes.put("z".into(), "z".into());
            tx.number("alarm");
            panic!("boom")
        })
    }));
    assert!(boom.is_err());
    assert_eq!(all(&world, &recorded), before);
    put(&world, "a", "y").unwrap();
}

#[test]
fn a_tenant_whose_only_write_failed_does_not_exist() {
    let (world, _) = world(1, shelves());
    for n in 0..50 {
        let done =
            world.shelf::<Bench>().write::<(), ()>(&name(&n.to_string()), &Call::default(), |_, _| Err(()));
        assert!(done.is_err());
    }
    assert!(world.tenants("bench").is_empty());
    assert_eq!(world.typed::<Bench>().cells.len(), 0);
    assert!(!world.shelf::<Bench>().exists(&name("3")));
    assert!(world.shelf::<Bench>().admits(&name("3")));
}

#[test]
fn a_checkpoint_takes_handles_jobs_deliveries_and_ids_along() {
    let (world, recorded) = world(1, shelves());
    put(&world, "a", "x").unwrap();
    let checkpoint = world.checkpoint();
    let before = all(&world, &recorded);
    let late = world.take_job().unwrap();
    let token = put(&world, "a", "y").unwrap();
    let handle = Handle::new("note", token.clone());
    assert_eq!(world.find(&handle).map(|(owner, to)| (owner.tenant, to)), Some(("a".into(), "y".into())));
    world.step(start() + secs(60));
    assert_eq!(lines(&world, "hall").len(), 2);

    world.restore(&checkpoint, Scope::World);
    assert_eq!(all(&world, &recorded), before);
    assert_eq!((world.find(&handle), world.clock.now(), world.tenants("wall").len()), (None, start(), 0));

    // The result of the old world's job finds nothing; the job is handed out again and counts once.
    world.job_done(&late, Ok(serde_json::Value::Null));
    let again = world.take_job().unwrap();
    assert!(world.take_job().is_none());
    let done = || world.shelf::<Bench>().read(&name("a"), &Call::default(), |bench, _| bench.jobs_done);
    assert_eq!(done(), 0);
    world.job_done(&again, Ok(serde_json::Value::Null));
    world.job_done(&again, Ok(serde_json::Value::Null));
    assert_eq!(done(), 1);
    assert_eq!(put(&world, "a", "y").unwrap(), token, "the same ids again");
}

#[test]
fn one_tenant_or_one_surface_can_be_put_back_alone() {
    let (world, recorded) = world(1, shelves());
    put(&world, "a", "x").unwrap();
    put(&world, "b", "x").unwrap();
    let checkpoint = world.checkpoint();
    put(&world, "a", "y").unwrap();
    put(&world, "b", "y").unwrap();
    let notes =
        |tenant: &str| world.shelf::<Bench>().read(&name(tenant), &Call::default(), |b, _| b.notes.len());
    world.restore(&checkpoint, Scope::Tenant("bench", "a"));
    assert_eq!((notes("a"), notes("b")), (1, 2));
    let cancelled = |tenant: &str| {
        recorded
            .sent()
            .iter()
            .filter(|s| s.owner.tenant == tenant && s.status == DeliveryStatus::Cancelled)
            .count()
    };
    assert_eq!((cancelled("a"), cancelled("b")), (2, 0));
    world.reset(Scope::Tenant("bench", "b"));
    assert_eq!((notes("a"), notes("b"), world.tenants("bench")), (1, 0, vec!["a".to_owned()]));
    world.restore(&checkpoint, Scope::Surface("bench"));
    assert_eq!((notes("a"), notes("b")), (1, 1));
    world.reset(Scope::Surface("bench"));
    assert!(world.tenants("bench").is_empty() && world.next_deadline().is_none());
}

#[test]
fn worlds_are_apart_and_a_seed_repeats() {
    let ((a, _), (b, _), (c, _)) = (world(42, shelves()), world(42, shelves()), world(43, shelves()));
    put(&a, "elsewhere", "n").unwrap(); // another tenant draws first: no matter
    let token = put(&a, "a", "x").unwrap();
    assert!(b.tenants("bench").is_empty());
    assert_eq!(put(&b, "a", "x").unwrap(), token);
    assert_ne!(put(&c, "a", "x").unwrap(), token);
}

#[test]
fn time_runs_in_order_at_its_own_times_and_reaches_another_tenant() {
    let (world, recorded) = world(1, shelves());
    set_alarm(&world, "a", 20, "late");
    set_alarm(&world, "b", 10, "early");
    let mut steps = Vec::new();
    while let Some(at) = world.step(start() + secs(60)) {
        steps.push((at - start()).num_seconds());
    }
    assert_eq!(steps, [10, 20]);
    assert_eq!(lines(&world, "hall"), [(10, "early".into()), (20, "late".into())]);
    // A delivery goes back to the alarm that was set, entry by entry.
    let entry = |seq| world.entry(seq).unwrap();
    let mut kinds = vec![];
    let mut at = recorded.sent()[1].cause;
    while at != 0 {
        kinds.push(entry(at).kind);
        at = entry(at).cause;
    }
    assert_eq!(kinds, ["delivery.created", "wall.written", "alarm.fired", "alarm.set"]);
}

#[test]
fn a_write_first_sees_what_time_has_done() {
    let (world, _) = world(1, shelves());
    set_alarm(&world, "a", 5, "x");
    world.clock.reach(start() + secs(9)); // nobody ticked
    set_alarm(&world, "a", 5, "y");
    assert_eq!(lines(&world, "hall"), [(9, "x".into())]);
    assert_eq!(world.next_deadline(), Some(start() + secs(14)));
}

#[test]
fn advance_waits_for_what_is_sent_on_the_way() {
    let (world, recorded) = world(1, shelves());
    set_alarm(&world, "a", 5, "x");
    let done = poll_once(world.advance(start() + secs(60))).unwrap();
    assert_eq!((done.now, done.steps), (start() + secs(60), 1));
    let id = recorded.sent()[0].id;
    assert_eq!(poll_once(world.settled(id)), None, "nobody has told how it came out");
    recorded.settle(&world, id, Ok(200), b"");
    assert_eq!(poll_once(world.settled(id)), Some(()));
    assert_eq!(world.shelf::<Wall>().read(&name("hall"), &Call::default(), |w, _| w.delivered), 1);
}

#[test]
fn idle_waits_for_jobs_and_says_so() {
    let (world, _) = world(1, shelves());
    put(&world, "a", "x").unwrap();
    assert!(world.pending().iter().any(|what| what.contains("job copy waits")), "{:?}", world.pending());
    let ticket = world.take_job().unwrap();
    assert_eq!(poll_once(world.idle()), None);
    world.job_done(&ticket, Err("no".into()));
    assert_eq!(poll_once(world.idle()), Some(()));
}

#[test]
fn mail_goes_there_and_back_before_the_call_returns() {
    let (world, _) = world(1, shelves());
    let done = world.shelf::<Wall>().write::<_, ()>(&name("a"), &Call::default(), |_, tx| {
        tx.send::<Wall>(&name("b"), "ping:5:a".into(), Cause::Call);
        Ok(())
    });
    assert!(done.is_ok());
    assert_eq!((lines(&world, "a").len(), lines(&world, "b").len()), (3, 3));
}

#[test]
#[should_panic(expected = "a write inside a write")]
fn a_write_inside_a_write_is_refused() {
    let (world, _) = world(1, shelves());
    let _ = world.shelf::<Bench>().write::<(), ()>(&name("a"), &Call::default(), |_, _| {
        let _ = put(&world, "a", "x");
        Ok(())
    });
}

#[test]
fn back_to_a_journal_entry_as_long_as_it_is_kept() {
    let (world, recorded) = world(1, shelves());
    put(&world, "a", "x").unwrap();
    let seq = world.journal_range().0;
    let before = world.dump("bench", "a", true);
    let token = put(&world, "a", "y").unwrap();
    put(&world, "b", "y").unwrap();
    assert_eq!(world.rollback(seq), Ok(()));
    assert_eq!((world.dump("bench", "a", true), world.tenants("bench")), (before, vec!["a".to_owned()]));
    assert!(recorded.sent().iter().all(|sent| sent.status == DeliveryStatus::Cancelled));
    assert_eq!(put(&world, "a", "y").unwrap(), token);
    for n in 0..limits::PAST_OF_TENANT {
        put(&world, "a", &format!("n{n}")).unwrap();
    }
    let now = world.dump("bench", "a", true);
    assert_eq!(world.rollback(seq), Err("a".into()));
    assert_eq!(world.dump("bench", "a", true), now);
}

#[test]
fn secrets_are_masked_unless_asked_for() {
    let (world, _) = world(1, shelves());
    put(&world, "a", "x").unwrap();
    assert!(world.dump("bench", "a", false).unwrap()["bench"]["notes"].is_null());
    assert!(world.dump("bench", "a", true).unwrap()["bench"]["notes"].is_array());
    assert_eq!(world.counts("bench", "a"), [("notes", 1), ("alarms", 1)]);
    assert_eq!(world.dump("bench", "nobody", true), None);
}

#[test]
fn the_journal_is_bounded_and_counts_what_is_gone() {
    let (world, _) = world(1, shelves());
    let note =
        |n: usize| world.note("bench", &Call::default(), Event::new("control.noted", format!("n:{n}")));
    (0..limits::JOURNAL_EVENTS + 5).for_each(|n| {
        note(n);
    });
    assert_eq!(world.journal_range(), (limits::JOURNAL_EVENTS as u64 + 5, 5));
    assert!(world.entry(5).is_none() && world.entry(6).is_some_and(|e| e.seq == 6));
    assert_eq!(world.entries(0, 2, |_| true).iter().map(|e| e.seq).collect::<Vec<_>>(), [6, 7]);
    let last = world.journal_range().0;
    assert!(world.entries(last, 2, |_| true).is_empty());
}

#[test]
fn worlds_are_found_made_and_deleted() {
    let worlds = testing::worlds(1, shelves);
    let w1 = "W1".parse().unwrap();
    assert!(worlds.find(&w1).is_none());
    let made = worlds.open(&w1).unwrap();
    assert!(Arc::ptr_eq(&made, &worlds.find(&"w1".parse().unwrap()).unwrap()));
    assert!(worlds.delete(&w1) && made.is_closed() && worlds.find(&w1).is_none());
    assert!(!worlds.delete(&w1) && !worlds.delete(&parhelion_core::WorldName::main()));
    assert_ne!(worlds.request_id(), worlds.request_id());
}

#[test]
fn restores_cut_no_chain_of_running_writers() {
    let (world, _) = world(1, shelves());
    let empty = world.checkpoint();
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                for turn in 0..500 {
                    let done =
                        world.shelf::<Bench>().write::<_, ()>(&name("a"), &Call::default(), |bench, tx| {
                            let n = tx.number("k");
                            bench.notes.put(n.to_string(), n.to_string());
                            assert_eq!(bench.notes.len() as u64, n, "value and counter are of one instant");
                            if turn % 7 == 0 {
                                tx.send::<Wall>(&name("hall"), n.to_string(), Cause::Call);
                            }
                            Ok(())
                        });
                    assert!(done.is_ok());
                }
            });
        }
        threads.spawn(|| {
            for _ in 0..100 {
                world.restore(&empty, Scope::World);
                let now = world.checkpoint();
                world.restore(&now, Scope::World);
            }
        });
    });
    world.restore(&empty, Scope::World);
    assert!(world.tenants("bench").is_empty() && world.tenants("wall").is_empty());
}
