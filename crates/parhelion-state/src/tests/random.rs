//! Random operations, times, checkpoints and restores on two tenants, against house.md 4:
//! what fails changes nothing; a restore gives the checkpoint back; the directory equals the handles of all tenants.

use super::toys::*;
use crate::testing::{start, world};
use crate::{Checkpoint, Handle, Scope, World};
use parhelion_core::{Call, Owner};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    /// Adds a note; refused when it is there already.
    Add(usize, u8),
    /// Removes a note and releases the handles that lead to it.
    Remove(usize, u8),
    /// Time passes.
    Pass(i64),
    /// Keeps this moment.
    Keep,
    /// Back to the kept moment: all of it, or one tenant.
    Back(Option<usize>),
    /// Empties one tenant.
    Reset(usize),
    /// The oldest waiting job is done.
    Job,
}

const TENANTS: [&str; 2] = ["a", "b"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2usize, 0..6u8).prop_map(|(t, n)| Step::Add(t, n)),
        2 => (0..2usize, 0..6u8).prop_map(|(t, n)| Step::Remove(t, n)),
        2 => (0..25i64).prop_map(Step::Pass),
        1 => Just(Step::Keep),
        1 => prop_oneof![Just(None), (0..2usize).prop_map(Some)].prop_map(Step::Back),
        1 => (0..2usize).prop_map(Step::Reset),
        1 => Just(Step::Job),
    ]
}

/// Everything that can be seen of the tenants.
fn seen(world: &World) -> BTreeMap<String, Option<Value>> {
    let pairs = ["bench", "wall"]
        .into_iter()
        .flat_map(|surface| world.tenants(surface).into_iter().map(move |tenant| (surface, tenant)));
    pairs.map(|(s, t)| (format!("{s} {t}"), world.dump(s, &t, true))).collect()
}

fn directory_equals_handles(world: &World) {
    let ours: BTreeMap<Handle, (Owner, String)> = TENANTS
        .iter()
        .flat_map(|tenant| {
            let version = world.shelf::<Bench>().load(&name(tenant));
            let owner = Owner::new("bench", *tenant);
            version
                .handles
                .iter()
                .map(|(h, to)| (h.clone(), (owner.clone(), String::clone(to))))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(world.ledger().lock().directory, ours);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_claims_hold_over_random_histories(steps in proptest::collection::vec(step(), 1..40)) {
        let (world, recorded) = world(7, shelves());
        let mut kept: Option<(Checkpoint, BTreeMap<String, Option<Value>>, usize)> = None;
        for step in steps {
            match step {
                Step::Add(tenant, note) => {
                    // Catch up first, so that a failing operation is all that happens in the next write.
                    world.tick();
                    let before = (seen(&world), recorded.sent().len(), world.next_deadline());
                    let note = note.to_string();
                    let done = world.shelf::<Bench>().write(&name(TENANTS[tenant]), &Call::default(), |b, tx| add(b, &note, tx));
                    let after = (seen(&world), recorded.sent().len(), world.next_deadline());
                    match done {
                        Ok(done) => {
                            prop_assert!(before != after);
                            let found = world.find(&Handle::new("note", done.value.clone()));
                            prop_assert_eq!(found, Some((Owner::new("bench", TENANTS[tenant]), note)));
                        }
                        Err(_) => prop_assert_eq!(before, after),
                    }
                }
                Step::Remove(tenant, note) => {
                    let note = note.to_string();
                    let _ = world.shelf::<Bench>().write::<(), ()>(&name(TENANTS[tenant]), &Call::default(), |b, tx| {
                        let gone: Vec<Handle> = tx.handles.iter().filter(|(_, to)| to.as_str() == note).map(|(h, _)| h.clone()).collect();
                        gone.iter().for_each(|h| tx.release(h));
                        b.notes.remove(&note).map(|_| ()).ok_or(())
                    });
                }
                Step::Pass(secs) => {
                    let to = world.clock.now() + chrono::TimeDelta::seconds(secs);
                    while world.step(to).is_some() {}
                    world.clock.reach(to);
                    prop_assert!(world.next_deadline().is_none_or(|due| due > to));
                }
                Step::Keep => {
                    kept = Some((world.checkpoint(), seen(&world), recorded.sent().len()));
                }
                Step::Back(only) => {
                    let Some((checkpoint, was, sent)) = &kept else { continue };
                    match only {
                        None => {
                            world.restore(checkpoint, Scope::World);
                            prop_assert_eq!(&seen(&world), was);
                            prop_assert_eq!((recorded.sent().len(), world.clock.now()), (*sent, checkpoint.at()));
                        }
                        Some(tenant) => {
                            let mut expected = seen(&world);
                            let key = format!("bench {}", TENANTS[tenant]);
                            expected.remove(&key);
                            expected.extend(was.get(&key).map(|v| (key, v.clone())));
                            world.restore(checkpoint, Scope::Tenant("bench", TENANTS[tenant]));
                            prop_assert_eq!(seen(&world), expected);
                        }
                    }
                }
                Step::Reset(tenant) => {
                    world.reset(Scope::Tenant("bench", TENANTS[tenant]));
                    prop_assert!(!world.tenants("bench").contains(&TENANTS[tenant].to_owned()));
                }
                Step::Job => {
                    if let Some(ticket) = world.take_job() {
                        world.job_done(&ticket, Ok(Value::Null));
                    }
                }
            }
            directory_equals_handles(&world);
            prop_assert!(world.clock.now() >= start());
        }
    }
}
