//! The organization as a value: dumped, restored, reset.

use super::webhooks::{BODY, URL, YAML, bench};
use crate::store::AzureDevOpsStore;
use parhelion_state::Scope;
use serde_json::json;

#[test]
fn a_whole_organization_survives_as_json() {
    let bench = bench(YAML, "secret", "X-WH-Checksum");
    bench.send("POST", URL, &[], BODY);
    bench.send("POST", URL, &[("x-wh-checksum", "750D33212D3AD4932CC390819050734831A0A94F")], BODY);
    bench.ok("POST /contoso/P/_apis/pipelines/1/runs", json!({}));
    let store = bench.store();
    assert!(!store.builds.is_empty() && !store.deliveries.is_empty() && !store.issues.is_empty());
    let back: AzureDevOpsStore = serde_json::from_value(serde_json::to_value(&store).unwrap()).unwrap();
    assert!(back == store);
}

#[test]
fn secrets_and_credentials_are_masked_wherever_they_are_shown() {
    let bench = bench(YAML, "s3cret", "X-WH-Checksum");
    bench.send("POST", URL, &[("Authorization", "Bearer t0ken"), ("Cookie", "c00kie")], BODY);
    let told = format!("{}{}", bench.dump(false), bench.control("GET", "/contoso/webhook-deliveries").body);
    let journal: String = bench.journal().iter().map(|e| format!("{} {:?}", e.fact, e.data)).collect();
    for hidden in ["s3cret", "t0ken", "c00kie"] {
        assert!(!told.contains(hidden) && !journal.contains(hidden), "{hidden}");
    }
    assert!(bench.dump(true).to_string().contains("t0ken"));
}

#[test]
fn a_checksum_among_credentials_is_not_shown() {
    let bench = bench(YAML, "s3cret", "Authorization");
    assert_eq!(bench.send("POST", URL, &[("Authorization", "Bearer t0ken")], BODY).status, 401);
    let journal: String = bench.journal().iter().map(|e| format!("{} {:?}", e.fact, e.data)).collect();
    assert!(journal.contains("Authorization does not hold the HMAC-SHA1"));
    assert!(!journal.contains("t0ken"), "{journal}");
}

#[test]
fn a_restore_takes_repositories_webhooks_and_ids_back() {
    let bench = bench(YAML, "", "");
    let kept = bench.world.checkpoint();
    let first = bench.send("POST", URL, &[], BODY).header("x-parhelion-delivery-id").unwrap().to_owned();
    let tip = || bench.store().repositories.values().next().unwrap().tip("refs/heads/main");
    let before = tip();
    bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n");
    assert_eq!(bench.send("POST", URL, &[], BODY).status, 500);
    assert_ne!(tip(), before);
    bench.world.restore(&kept, Scope::World);
    assert_eq!(tip(), before);
    assert_eq!(bench.store().builds.len(), 0);
    let again = bench.send("POST", URL, &[], BODY).header("x-parhelion-delivery-id").unwrap().to_owned();
    assert_eq!(again, first);
    assert_eq!(bench.store().builds.len(), 1);
}

#[test]
fn equal_input_gives_equal_commits() {
    let commit = |bench: &crate::testing::Bench| {
        bench.store().repositories.values().next().unwrap().tip("refs/heads/main").unwrap()
    };
    assert_eq!(commit(&bench(YAML, "", "")), commit(&bench(YAML, "", "")));
}
