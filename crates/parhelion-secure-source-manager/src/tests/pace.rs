//! Operations that take their time, or fail.

use super::{
    api::said,
    harness::{Emulator, PLACE},
};
use chrono::TimeDelta;
use parhelion_core::Pace;
use parhelion_state::ScriptedOutcome;
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
