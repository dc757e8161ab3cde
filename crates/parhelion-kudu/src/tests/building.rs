//! Builds that take their time, fail or hang because a behaviour or a pace says so; and the lock by hand.

use crate::testing::{JSON, Reply, Server, zip_of};
use chrono::TimeDelta;
use parhelion_core::Pace;
use parhelion_http::Body;
use parhelion_state::ScriptedOutcome;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ZIP: &str = "/kudu/site/api/zipdeploy";
const LATEST: &str = "/kudu/site/api/deployments/latest";

async fn deploy(server: &Server, query: &str) -> Reply {
    server.call("POST", &format!("{ZIP}{query}"), "", zip_of(&[("a.txt", "one")])).await
}
fn behave(server: &Server, matches: &[(&str, &str)], outcomes: &[Value]) {
    let matches: BTreeMap<String, String> =
        matches.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let outcomes = outcomes
        .iter()
        .map(|outcome| {
            let mut members = outcome.as_object().unwrap().clone();
            let outcome = members.shift_remove("outcome").unwrap().as_str().unwrap().to_owned();
            ScriptedOutcome { outcome, members }
        })
        .collect();
    server.world.edit_script(|script| script.put_behaviour("b", matches, outcomes)).unwrap();
}
fn advance(server: &Server, seconds: i64) {
    let to = server.world.clock.now() + TimeDelta::seconds(seconds);
    while server.world.step(to).is_some() {}
    server.world.clock.reach(to);
}

#[tokio::test]
async fn a_build_takes_as_long_as_its_pace() {
    let server = Server::new();
    server
        .world
        .edit_script(|s| s.set_pace(Some("kudu"), Some("deployment"), Pace::After(TimeDelta::seconds(30))));
    let meanwhile = async {
        let mut changes = server.world.changes();
        while server.get(LATEST).await.status != 202 {
            changes.changed().await.unwrap();
        }
        let building = server.get(LATEST).await.json();
        assert_eq!((&building["status"], &building["complete"]), (&json!(1), &json!(false)));
        assert!(
            building["status_text"].as_str().unwrap().starts_with("Building and Deploying '"),
            "{building}"
        );
        assert_eq!(building["end_time"], Value::Null);
        assert_eq!(deploy(&server, "").await.status, 409);
        // The list's purge leaves both records alone.
        assert_eq!(server.get("/kudu/site/api/deployments").await.json().as_array().unwrap().len(), 2);
        let id = building["id"].as_str().unwrap();
        let waits = server.world.standing("kudu", "site", &format!("deployment:{id}"));
        assert!(waits[0].fact.contains("the build takes until 2026-01-01T00:00:30Z"), "{waits:?}");
        advance(&server, 29);
        assert_eq!(server.get(LATEST).await.status, 202);
        advance(&server, 1);
    };
    let (answer, ()) = tokio::join!(deploy(&server, ""), meanwhile);
    assert_eq!(answer.pair(), (200, ""));
    let done = server.get(LATEST).await;
    assert_eq!((done.status, &done.json()["status"]), (200, &json!(4)));
    assert_eq!(done.json()["start_time"], "2026-01-01T00:00:00Z");
    assert_eq!(done.json()["end_time"], "2026-01-01T00:00:30Z");
}

#[tokio::test]
async fn a_behaviour_fails_the_build_of_a_deployer() {
    let server = Server::new();
    let fail = json!({"outcome": "fail", "message": "no disk left", "log": ["one", "two"], "delay": "5s"});
    behave(&server, &[("kind", "deployment"), ("deployer", "ci")], &[fail, json!({"outcome": "succeed"})]);
    assert_eq!(deploy(&server, "?isAsync=true&deployer=ci").await.status, 202);
    let building = server.get(LATEST).await;
    assert_eq!((building.status, &building.json()["status"]), (202, &json!(1)));
    advance(&server, 5);
    let failed = server.get(LATEST).await.json();
    assert_eq!((&failed["status"], &failed["active"]), (&json!(3), &json!(false)));
    let id = failed["id"].as_str().unwrap().to_owned();
    let log = server.get(&format!("/kudu/site/api/deployments/{id}/log")).await.json();
    let command =
        log.as_array().unwrap().iter().find(|e| e["message"] == "Running deployment command...").unwrap();
    assert_eq!(command["type"], 2);
    let at = command["details_url"].as_str().unwrap().strip_prefix("http://127.0.0.1:4600").unwrap();
    let details = server.get(at).await.json();
    let lines: Vec<&str> =
        details.as_array().unwrap().iter().map(|d| d["message"].as_str().unwrap()).collect();
    assert_eq!(lines, ["Command: deploy.cmd", "one", "two", "no disk left"]);
    // The next one succeeds; those of other deployers it never was about.
    assert_eq!(deploy(&server, "?deployer=ci").await.status, 200);
    assert_eq!(server.get(LATEST).await.json()["status"], 4);
    assert_eq!(server.world.script().behaviours()["b"].used, 2);
    deploy(&server, "").await;
    assert_eq!(server.world.script().behaviours()["b"].used, 2);
}

#[tokio::test]
async fn a_build_that_hangs_goes_on_when_it_is_stepped() {
    let server = Server::new();
    behave(&server, &[("surface", "kudu")], &[json!({"outcome": "hang"})]);
    assert_eq!(deploy(&server, "?isAsync=true").await.status, 202);
    advance(&server, 100_000);
    assert_eq!(server.get(LATEST).await.status, 202);
    let checkpoint = server.world.checkpoint();
    let stepped = server.world.step_by_hand("kudu", None, &parhelion_core::Call::default()).unwrap();
    assert!(stepped.what.starts_with("deployment:"), "{stepped:?}");
    assert_eq!(server.get(LATEST).await.json()["status"], 4);
    // Back to where it hung; given back by hand, it failed.
    server.world.restore(&checkpoint, parhelion_state::Scope::World);
    assert_eq!(server.get(LATEST).await.status, 202);
    assert_eq!(control(&server, "DELETE", "").await.0, 204);
    let failed = server.get(LATEST).await;
    assert_eq!((failed.status, &failed.json()["status"]), (200, &json!(3)));
    assert!(server.world.step_by_hand("kudu", None, &parhelion_core::Call::default()).is_none());
}

async fn control(server: &Server, method: &str, body: &str) -> (u16, Value) {
    use tower::ServiceExt;
    let mut request =
        http::Request::builder().method(method).uri("/site/lock").body(Body::from(body.to_owned())).unwrap();
    request.extensions_mut().insert(parhelion_http::Head {
        world: parhelion_core::WorldName::main(),
        base: String::new(),
        original_uri: "/".parse().unwrap(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        request_id: "r".to_owned(),
        cause: 0,
    });
    let answer = server.surface.control.clone().unwrap().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = parhelion_http::read_body(answer.into_body(), 100_000).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn the_lock_is_taken_and_given_back_by_hand() {
    let server = Server::new();
    assert_eq!(control(&server, "GET", "").await, (200, json!({"held": false})));
    let (status, lock) = control(&server, "PUT", r#"{"operation":"Fetching changes"}"#).await;
    assert_eq!(
        (status, &lock["phase"], &lock["operation"]),
        (200, &json!("by_hand"), &json!("Fetching changes"))
    );
    assert_eq!(control(&server, "PUT", "").await.0, 409);
    for (method, body, wanted) in [
        ("PUT", "[]", 400),
        ("PUT", "{", 400),
        ("PUT", r#"{"x":1}"#, 400),
        ("PUT", r#"{"operation":1}"#, 400),
        ("POST", "", 405),
    ] {
        assert_eq!(control(&server, method, body).await.0, wanted, "{method} {body}");
    }
    let held = deploy(&server, "").await;
    assert!(
        held.status == 409 && held.body.contains("'Fetching changes' operation started at"),
        "{}",
        held.body
    );
    let redeploy = server.call("PUT", "/kudu/site/api/deployments/x", JSON, "{}").await;
    assert_eq!(redeploy.status, 404, "a site without a repository says that first");
    assert_eq!(control(&server, "DELETE", "").await.0, 204);
    assert_eq!(control(&server, "DELETE", "").await.0, 204);
    assert_eq!(deploy(&server, "").await.status, 200);
}
