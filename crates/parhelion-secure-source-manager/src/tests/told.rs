//! What the server's start says.

use super::harness::{Emulator, PLACE};
use crate::Settings;
use serde_json::Value;

const DEV: &str = r#"{"title":"T","base":{"ref":"main"},"head":{"ref":"dev"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn new_commits_may_be_told_and_a_push_may_merge_and_bodies_may_be_signed() {
    let settings = Settings {
        synchronized: true,
        manual_merge: true,
        max_commits: 1,
        webhook_secret: Some("key".to_owned()),
        ..Settings::default()
    };
    let emulator = Emulator::listening_told(settings).await.with_repository().await;
    let work = emulator.clone_to("a").await;
    work.commit("a", "1", "One").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    work.ok(&["checkout", "-q", "-b", "dev"]).await;
    work.commit("b", "1", "Two").await;
    work.ok(&["push", "-q", "origin", "dev"]).await;
    let pulls = format!("{PLACE}/repositories/my-repo/pullRequests");
    emulator.done("POST", &pulls, DEV).await;
    emulator.hook("ci", r#"{"targetUri":"http://x","events":["PUSH","PULL_REQUEST"]}"#).await;
    work.commit("c", "1", "Three").await;
    work.ok(&["push", "-q", "origin", "dev"]).await;
    work.ok(&["push", "-q", "origin", "dev:main"]).await;
    let deliveries = emulator.deliveries();
    let bodies: Vec<Value> = deliveries.iter().map(|d| serde_json::from_slice(&d.body).unwrap()).collect();
    let actions: Vec<&str> = bodies.iter().map(|b| b["action"].as_str().unwrap_or("push")).collect();
    assert_eq!(actions, ["push", "synchronized", "push", "closed"]);
    assert_eq!(bodies[2]["commits"].as_array().unwrap().len(), 1);
    assert_eq!(bodies[3]["pull_request"]["merged"], true);
    assert_eq!(bodies[3]["pull_request"]["merge_commit_sha"], bodies[2]["after"]);
    let (_, pull) = emulator.call("GET", &format!("{pulls}/1"), "").await;
    assert_eq!(pull["state"], "MERGED");
    for delivery in deliveries {
        let (_, signature) = delivery.headers.iter().find(|(n, _)| n.ends_with("-Signature")).unwrap();
        assert!(signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit()), "{signature}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_may_be_asked_for() {
    let emulator = Emulator::listening_told(Settings { auth_required: true, ..Settings::default() }).await;
    let (status, refused) = emulator.call("GET", &format!("{PLACE}/instances"), "").await;
    assert_eq!((status, &refused["error"]["status"]), (401, &"UNAUTHENTICATED".into()));
    let url = "/_ssm/git/us-central1/i/my-project/my-repo.git/info/refs?service=git-upload-pack";
    assert_eq!(emulator.raw(&emulator.surface.service, "GET", url, "").await.0, 401);
    assert_eq!(emulator.facts("git.asked"), ["no credentials were given, and they are asked for"]);
}
