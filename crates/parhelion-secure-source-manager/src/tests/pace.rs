//! Operations that take their time, or fail.

use super::{
    api::said,
    harness::{Emulator, PLACE},
};
use chrono::TimeDelta;
use parhelion_core::Pace;
use parhelion_state::ScriptedOutcome;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn behave(emulator: &Emulator, matches: &[(&str, &str)], outcome: &str, members: Value) {
    let matches: BTreeMap<String, String> =
        matches.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let members = members.as_object().unwrap().clone();
    let outcomes = vec![ScriptedOutcome { outcome: outcome.to_owned(), members }];
    emulator.world.edit_script(|script| script.put_behaviour("b", matches, outcomes)).unwrap();
}

#[tokio::test]
async fn an_instance_is_made_and_deleted_in_time() {
    let emulator = Emulator::new();
    let pace = Pace::After(TimeDelta::minutes(20));
    emulator.world.edit_script(|script| script.set_pace(Some(crate::NAME), Some("operation"), pace));
    let (_, operation) = emulator.call("POST", &format!("{PLACE}/instances?instanceId=slow"), "{}").await;
    assert_eq!((operation.get("done"), operation.get("response")), (None, None), "{operation}");
    assert_eq!(operation["metadata"].get("endTime"), None);
    let (name, instance) = (operation["name"].as_str().unwrap(), format!("{PLACE}/instances/slow"));
    assert_eq!(emulator.call("GET", &instance, "").await.1["state"], "CREATING");
    let body = json!({"instance": instance}).to_string();
    let early = emulator.call("POST", &format!("{PLACE}/repositories?repositoryId=repo"), &body).await;
    assert_eq!(said(early), "400 FAILED_PRECONDITION the instance is not ACTIVE.");
    let (_, open) = emulator.call("GET", &format!("{PLACE}/operations?filter=done%3Dfalse"), "").await;
    assert_eq!(open["operations"].as_array().unwrap().len(), 1);

    emulator.world.clock.reach(emulator.world.clock.now() + TimeDelta::minutes(20));
    emulator.call("POST", &format!("{name}:cancel"), "{}").await;
    let (_, done) = emulator.call("GET", name, "").await;
    assert_eq!((&done["done"], &done["response"]["state"]), (&true.into(), &"ACTIVE".into()));
    assert_eq!(emulator.call("GET", &instance, "").await.1["state"], "ACTIVE");

    let (_, operation) = emulator.call("DELETE", &instance, "").await;
    assert_eq!(emulator.call("GET", &instance, "").await.1["state"], "DELETING");
    let name = operation["name"].as_str().unwrap();
    assert!(said(emulator.call("DELETE", name, "").await).starts_with("400 FAILED_PRECONDITION"));
    emulator.call("POST", &format!("{name}:cancel"), "{}").await;
    let (_, cancelled) = emulator.call("GET", name, "").await;
    assert_eq!(cancelled["error"], json!({"code": 1, "message": "Operation was cancelled."}));
    assert_eq!(cancelled["metadata"]["requestedCancellation"], true);
    assert_eq!(emulator.call("GET", &instance, "").await.1["state"], "ACTIVE");
    let facts = emulator.facts("operation.finished");
    assert!(facts[1].ends_with("failed with code 1: Operation was cancelled."), "{facts:?}");
}

#[tokio::test]
async fn a_behaviour_lets_an_operation_fail_or_hang() {
    let emulator = Emulator::new().with_repository().await;
    behave(&emulator, &[("verb", "delete")], "fail", json!({"code": "UNAVAILABLE", "message": "no luck"}));
    let repository = format!("{PLACE}/repositories/my-repo");
    let (status, operation) = emulator.call("DELETE", &repository, "").await;
    assert_eq!((status, &operation["error"]), (200, &json!({"code": 14, "message": "no luck"})));
    assert_eq!(emulator.call("GET", &repository, "").await.0, 200, "nothing was deleted");

    behave(&emulator, &[("resource", "instances")], "hang", json!({}));
    let (_, held) = emulator.call("POST", &format!("{PLACE}/instances?instanceId=held"), "{}").await;
    assert_eq!(held.get("done"), None);
    let id = held["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let stepped = emulator.world.step_by_hand(crate::NAME, Some(&id), &Default::default());
    assert!(stepped.is_some());
    assert_eq!(emulator.call("GET", &format!("{PLACE}/instances/held"), "").await.1["state"], "ACTIVE");
    assert!(emulator.facts("behaviour.used").len() == 2);
}

/// A step of somebody who makes and deletes instances while operations take their time.
#[derive(Clone, Debug)]
enum Step {
    Create(u8, bool),
    Delete(u8, bool),
    Cancel(u8),
    ByHand,
    Pace(u8),
    Later(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u8..3, any::<bool>()).prop_map(|(n, repeated)| Step::Create(n, repeated)),
        (0_u8..3, any::<bool>()).prop_map(|(n, force)| Step::Delete(n, force)),
        any::<u8>().prop_map(Step::Cancel),
        Just(Step::ByHand),
        (0_u8..3).prop_map(Step::Pace),
        (1_u8..30).prop_map(Step::Later),
    ]
}

async fn take(emulator: &Emulator, operations: &mut Vec<String>, step: Step) {
    let instances = format!("{PLACE}/instances");
    let answer = match step {
        Step::Create(n, repeated) => {
            let id = if repeated {
                format!("&requestId=6546af81-25c6-46d9-aa41-70c00dc6000{n}")
            } else {
                String::new()
            };
            emulator.call("POST", &format!("{instances}?instanceId=i{n}{id}"), "{}").await
        }
        Step::Delete(n, force) => {
            emulator.call("DELETE", &format!("{instances}/i{n}?force={force}"), "").await
        }
        Step::Cancel(n) => match operations.get(usize::from(n) % operations.len().max(1)) {
            Some(name) => emulator.call("POST", &format!("{name}:cancel"), "{}").await,
            None => return,
        },
        Step::ByHand => {
            emulator.world.step_by_hand(crate::NAME, None, &Default::default());
            return;
        }
        Step::Pace(n) => {
            let pace = match n {
                0 => Pace::Immediate,
                1 => Pace::After(TimeDelta::seconds(10)),
                _ => Pace::Manual,
            };
            emulator.world.edit_script(|script| script.set_pace(Some(crate::NAME), None, pace));
            return;
        }
        Step::Later(n) => {
            let to = emulator.world.clock.now() + TimeDelta::seconds(i64::from(n));
            while emulator.world.step(to).is_some() {}
            emulator.world.clock.reach(to);
            return;
        }
    };
    assert!(answer.0 < 500, "{answer:?}");
    operations.extend(answer.1["name"].as_str().map(str::to_owned));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    /// The store's invariants are checked after each of these commits.
    #[test]
    fn instances_and_their_operations_agree_whatever_happens(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let emulator = Emulator::new();
            let mut operations = Vec::new();
            for step in steps {
                take(&emulator, &mut operations, step).await;
            }
            // What stands is ended by hand; nothing is left over.
            emulator.world.edit_script(|script| script.set_pace(Some(crate::NAME), None, Pace::Immediate));
            while emulator.world.step_by_hand(crate::NAME, None, &Default::default()).is_some() {}
            let to = emulator.world.clock.now() + TimeDelta::minutes(10);
            while emulator.world.step(to).is_some() {}
            let (_, open) = emulator.call("GET", &format!("{PLACE}/operations?filter=done%3Dfalse"), "").await;
            assert_eq!(open, json!({}));
            let (_, list) = emulator.call("GET", &format!("{PLACE}/instances"), "").await;
            let states = list["instances"].as_array().cloned().unwrap_or_default();
            assert!(states.iter().all(|i| i["state"] == "ACTIVE"), "{states:?}");
        });
    }
}
