//! Where two things meet: reports and waiting, restores and writers, the last numbers there are.

use super::toys::*;
use crate::testing::{start, world};
use crate::{AnyTable, Job, Scope, Shelf, Store, Tx, World};
use parhelion_core::{Call, Event};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

/// Told when a job's outcome is being taken in; waits until it may go on.
struct Stop {
    entered: (Sender<()>, Mutex<Receiver<()>>),
    go_on: (Sender<()>, Mutex<Receiver<()>>),
}
static STOP: LazyLock<Stop> = LazyLock::new(|| {
    let pair = || {
        let (to, from) = channel();
        (to, Mutex::new(from))
    };
    Stop { entered: pair(), go_on: pair() }
});

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Relay;

impl Store for Relay {
    const SURFACE: &'static str = "relay";
    const NAME: &'static str = "relay";
    const VERSION: u32 = 1;
    type Key = Name;
    type Mail = std::convert::Infallible;
    fn new(_: &Name) -> Self {
        Relay
    }
    fn on_mail(&mut self, mail: Self::Mail, _: &mut Tx<'_>) {
        match mail {}
    }
    fn on_job_done(&mut self, _: &Job, _: Result<Value, String>, tx: &mut Tx<'_>) {
        STOP.entered.0.send(()).unwrap();
        STOP.go_on.1.lock().unwrap().recv().unwrap();
        tx.spawn_job(Job { kind: "next".into(), subject: String::new(), input: Value::Null });
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![]
    }
}

#[test]
fn it_is_not_quiet_while_an_outcome_is_being_taken_in() {
    let (world, _) = world(1, vec![Shelf::<Relay>::boxed()]);
    let first = world.shelf::<Relay>().write::<_, ()>(&name("a"), &Call::default(), |_, tx| {
        tx.spawn_job(Job { kind: "first".into(), subject: String::new(), input: Value::Null });
        Ok(())
    });
    assert!(first.is_ok());
    let ticket = world.take_job().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| world.job_done(&ticket, Ok(Value::Null)));
        STOP.entered.1.lock().unwrap().recv().unwrap();
        let (tell, told) = channel();
        let asked = world.clone();
        threads.spawn(move || tell.send(asked.pending()).unwrap());
        // Either it says what goes on, or it waits until it can say what follows.
        let at_once = told.recv_timeout(Duration::from_millis(100));
        STOP.go_on.0.send(()).unwrap();
        let pending = at_once.unwrap_or_else(|_| told.recv().unwrap());
        assert!(!pending.is_empty(), "the first job has ended and the next one is not there yet");
    });
    assert_eq!(world.pending(), ["relay a: job next waits"]);
}

#[test]
fn what_is_sent_right_after_a_reset_is_not_lost() {
    let add = |world: &World, note: &str| {
        let written = world.shelf::<Bench>().write::<_, ()>(&name("a"), &Call::default(), |bench, tx| {
            let cause = tx.emit(Event::new("note.added", format!("note:{note}")));
            bench.notes.put(note.to_owned(), note.to_owned());
            tx.deliver(delivery(note), cause);
            Ok(())
        });
        assert!(written.is_ok());
    };
    for _ in 0..1_000 {
        let (world, recorded) = world(1, shelves());
        std::thread::scope(|threads| {
            threads.spawn(|| (0..20).for_each(|n| add(&world, &n.to_string())));
            threads.spawn(|| world.reset(Scope::World));
        });
        let sent: BTreeSet<String> = recorded.sent().into_iter().map(|s| s.delivery.subject).collect();
        let noted: BTreeSet<String> =
            world
                .shelf::<Bench>()
                .read(&name("a"), &Call::default(), |bench, _| bench.notes.keys().cloned().collect());
        assert_eq!(sent, noted, "a note and its delivery are kept or emptied together");
    }
}

#[test]
fn a_tenant_is_reset_by_any_spelling_of_its_name() {
    let (world, _) = world(1, shelves());
    world.shelf::<Bench>().write::<_, ()>(&name("a"), &Call::default(), |_, _| Ok(())).unwrap();
    assert_eq!(world.tenant_named("bench", "A"), Some("a".into()));
    assert_eq!((world.tenant_named("bench", ""), world.tenant_named("none", "a")), (None, None));
    world.reset(Scope::Tenant("bench", "A"));
    assert!(world.tenants("bench").is_empty());
}

#[test]
fn there_is_nothing_after_the_last_number() {
    let (world, _) = world(1, shelves());
    world.note("bench", &Call::default(), Event::new("control.noted", "n:1"));
    assert!(world.entries(u64::MAX, 1, |_| true).is_empty());
    assert_eq!(world.clock.now(), start());
}
