//! What is refused, what the journal says of it, and bounds.

use super::{
    api::said,
    harness::{Emulator, PLACE},
};
use crate::store::{ProjectKey, SsmStore};

#[tokio::test]
async fn a_refusal_is_told_in_the_journal_without_secrets() {
    let emulator = Emulator::new().with_repository().await;
    let hooks = format!("{PLACE}/repositories/my-repo/hooks?hookId=ci");
    for (path, body) in [
        (format!("{PLACE}/instances?instanceId=Bad"), "{}"),
        (format!("{PLACE}/instances?instanceId=good"), "{"),
        (hooks, r#"{"targetUri":"http://x","sensitiveQueryString":["token=s3cret"]}"#),
        (format!("{PLACE}/nothing"), ""),
        ("projects/Not_one/locations/us-central1/instances".to_owned(), "{}"),
    ] {
        assert!(emulator.call("POST", &path, body).await.0 >= 400, "{path}");
    }
    let facts = emulator.facts("request.refused");
    let [id, json, secret, unknown, project] = facts.try_into().unwrap();
    assert!(id.starts_with("Invalid value for field 'instance_id'"), "{id}");
    assert!(json.starts_with("Invalid JSON payload received."), "{json}");
    assert_eq!(secret, "Invalid value at 'hook.sensitive_query_string' (TYPE_STRING)");
    assert_eq!(unknown, format!("the API has no method for POST /v1/{PLACE}/nothing"));
    assert!(project.contains("\"Not_one\" is not a project id or number"), "{project}");
    let entries = emulator.world.entries(0, 1000, |e| e.kind == "request.refused");
    let tenants: Vec<&str> = entries.iter().map(|e| e.tenant.as_str()).collect();
    assert_eq!(tenants, ["my-project", "my-project", "my-project", "", ""]);
}

#[tokio::test]
async fn a_request_id_belongs_to_its_method() {
    let emulator = Emulator::new();
    let id = "requestId=6546af81-25c6-46d9-aa41-70c00dc67752";
    emulator.done("POST", &format!("{PLACE}/instances?instanceId=one&{id}"), "{}").await;
    let one = format!("{PLACE}/instances/one");
    let (_, deleted) = emulator.call("DELETE", &format!("{one}?{id}"), "").await;
    assert_eq!(deleted["metadata"]["verb"], "delete");
    assert_eq!(emulator.call("GET", &one, "").await.0, 404);
    assert_eq!(emulator.call("DELETE", &format!("{one}?{id}"), "").await, (200, deleted));
}

#[tokio::test]
async fn masks_may_name_every_field_and_none_but_those() {
    let emulator = Emulator::new().with_repository().await;
    let path = format!("{PLACE}/repositories/my-repo?updateMask=");
    let mask = "description,uris.api,uris.gitHttps,initialConfig.readme,createTime";
    assert_eq!(
        emulator.done("PATCH", &format!("{path}{mask}"), r#"{"description":"d"}"#).await["description"],
        "d"
    );
    let config = r#"{"initialConfig":{"defaultBranch":"other"}}"#;
    let refused = said(emulator.call("PATCH", &format!("{path}initialConfig.defaultBranch"), config).await);
    assert!(refused.contains("'repository.initial_config': is used on creation only"), "{refused}");
    for bad in ["uris.colour", "createTime.seconds", "name.x", "scan_config."] {
        let refused = said(emulator.call("PATCH", &format!("{path}{bad}"), "{}").await);
        assert!(refused.starts_with("400 INVALID_ARGUMENT Invalid field mask path: "), "{refused}");
    }
}

#[tokio::test]
async fn what_was_begun_under_a_number_is_found_under_the_id() {
    let emulator = Emulator::new();
    let number = crate::domain::names::project_number("my-project");
    let by_number = format!("projects/{number}/locations/us-central1/instances");
    emulator.done("POST", &format!("{by_number}?instanceId=one"), "{}").await;
    emulator.done("POST", &format!("{PLACE}/instances?instanceId=two"), "{}").await;
    for parent in [by_number, format!("{PLACE}/instances")] {
        let (_, list) = emulator.call("GET", &parent, "").await;
        assert_eq!(list["instances"].as_array().unwrap().len(), 2, "{parent}");
    }
}

#[tokio::test]
async fn bounds_are_exhausted_resources() {
    let emulator = Emulator::new().with_repository().await;
    for n in 0..crate::store::HOOKS {
        emulator.hook(&format!("h{n}"), r#"{"targetUri":"http://x"}"#).await;
    }
    let path = format!("{PLACE}/repositories/my-repo/hooks?hookId=more");
    let full = said(emulator.call("POST", &path, r#"{"targetUri":"http://x"}"#).await);
    assert_eq!(full, "429 RESOURCE_EXHAUSTED the repository has 100 hooks, and no more are made.");

    let (shelf, call) = (emulator.world.shelf::<SsmStore>(), parhelion_core::Call::default());
    for n in shelf.tenants().len()..parhelion_core::limits::TENANTS {
        let touch = |store: &mut SsmStore, tx: &mut parhelion_state::Tx<'_>| {
            store.user("us-central1", "i", "a@b", tx);
            Ok::<(), ()>(())
        };
        shelf.write(&ProjectKey(format!("p{n}")), &call, touch).unwrap();
    }
    let other = "projects/one-more/locations/us-central1/instances?instanceId=one";
    let full = said(emulator.call("POST", other, "{}").await);
    assert_eq!(full, "429 RESOURCE_EXHAUSTED the emulator has 10000 projects, and no more are made.");
    emulator.done("POST", &format!("{PLACE}/instances?instanceId=another"), "{}").await;
}

#[tokio::test]
async fn people_and_request_ids_are_not_kept_without_end() {
    let emulator = Emulator::new().with_repository().await;
    let (shelf, key) = (emulator.world.shelf::<SsmStore>(), ProjectKey("my-project".to_owned()));
    let crowd = |store: &mut SsmStore, tx: &mut parhelion_state::Tx<'_>| {
        for n in 0..crate::store::USERS + 10 {
            store.user("us-central1", "my-instance", &format!("{n}@example.com"), tx);
        }
        Ok::<(), ()>(())
    };
    shelf.write(&key, &parhelion_core::Call::default(), crowd).unwrap();
    assert_eq!(shelf.load(&key).store.users.len(), crate::store::USERS);

    let make = |n: u32| {
        format!("{PLACE}/instances?instanceId=i{n}&requestId=6546af81-25c6-46d9-aa41-70c00dc6{n:04}")
    };
    let (_, first) = emulator.call("POST", &make(1), "{}").await;
    emulator.call("DELETE", first["name"].as_str().unwrap(), "").await;
    emulator.done("POST", &make(2), "{}").await;
    assert_eq!(shelf.load(&key).store.request_ids.len(), 1, "an id whose operation is gone is of no use");
}
