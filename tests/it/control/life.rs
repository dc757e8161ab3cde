//! Is it there, what is it, what can it do.

use super::hook;
use parhelion_testkit::{START, TestServer};
use serde_json::json;
use std::collections::BTreeSet;

const SURFACES: [&str; 4] = ["azure-devops", "codepipeline", "kudu", "secure-source-manager"];

#[tokio::test]
async fn health_is_ok_as_soon_as_it_listens() {
    let server = TestServer::start().await;
    let answer = server.main().get("/_parhelion/health").await.want(200);
    assert_eq!(answer.json(), json!({"status": "ok"}));
    assert!(!answer.header("x-parhelion-request-id").is_empty());
    let head = server.main().call("HEAD", "/_parhelion/health").await.want(200);
    assert_eq!((head.text().as_str(), head.header("content-length")), ("", "15"));
}

#[tokio::test]
async fn info_tells_what_runs_here() {
    let server = TestServer::manual().await;
    hook(&server.main(), "site", "x", "http://h/1").await;
    let info = server.main().get("/_parhelion/info").await.want(200).json();
    assert_eq!((&info["seed"], &info["world"], &info["worlds"]), (&json!(42), &json!("main"), &json!(1)));
    assert_eq!((&info["listen"], &info["public_url"]), (&json!(server.url()), &json!(null)));
    assert_eq!(info["clock"], json!({"mode": "manual", "now": START}));
    let surfaces: Vec<&String> = info["surfaces"].as_object().expect("surfaces").keys().collect();
    assert_eq!(surfaces, SURFACES);
    assert_eq!(info["surfaces"]["kudu"]["tenants"], 1);
    assert!(info["surfaces"]["kudu"]["records"].as_u64().is_some_and(|records| records > 0), "{info}");
    assert!(info["version"].is_string() && info["uptime_secs"].is_number());
    assert_eq!(info["requests"], json!({"kept": 1, "gone": 0}));
    assert!(info["journal"]["seq"].as_u64().is_some_and(|seq| seq >= 2));
    assert_eq!(info["limits"]["worlds"], 10_000);
}

#[tokio::test]
async fn coverage_names_every_operation() {
    let server = TestServer::start().await;
    let all = server.main().get("/_parhelion/coverage").await.want(200).json();
    let surfaces: BTreeSet<&str> =
        all["surfaces"].as_array().expect("a list").iter().filter_map(|s| s["surface"].as_str()).collect();
    assert_eq!(surfaces, SURFACES.into_iter().chain(["control"]).collect());
    for surface in all["surfaces"].as_array().expect("a list") {
        let operations = surface["operations"].as_array().expect("a list");
        assert!(!operations.is_empty());
        assert_eq!(surface["count"], operations.len());
        for operation in operations {
            let has = |member: &str| operation[member].as_str().is_some_and(|text| !text.is_empty());
            assert!(has("name") && has("route") && has("doc") && has("standing"), "{operation}");
        }
    }
    let kudu = server.main().get("/_parhelion/coverage?surface=kudu").await.want(200).json();
    assert_eq!(kudu["surfaces"].as_array().map(Vec::len), Some(1));
    assert_eq!(kudu["surfaces"][0]["surface"], "kudu");
    server.main().get("/_parhelion/coverage?surface=gitlab").await.problem(400, "\"gitlab\"");
}

#[tokio::test]
async fn the_index_lists_the_calls_and_each_is_there() {
    let server = TestServer::start().await;
    let index = server.main().get("/_parhelion").await.want(200).json();
    let calls = index["calls"].as_array().expect("a list");
    assert!(calls.len() > 30, "{}", calls.len());
    for call in calls {
        let (method, path) =
            call["call"].as_str().and_then(|c| c.split_once(' ')).expect("a method and a path");
        if method == "ANY" {
            continue;
        }
        let path = path.replace("{}", "nothing");
        // Another method of a known path is 405: so this one is known, whatever it says to these names.
        let other = server.main().call("PATCH", &path).await;
        other.problem(405, method);
    }
}

#[tokio::test]
async fn a_path_of_nobody_says_what_there_is() {
    let server = TestServer::start().await;
    let api = server.main();
    api.get("/_parhelion/nothing").await.problem(404, "/_parhelion/nothing");
    api.get("/_parhelion/surfaces/gitlab/x").await.problem(404, "gitlab");
    let answer = api.get("/nobody/answers/this").await;
    answer.problem(404, "GET /nobody/answers/this");
    let named = answer.json();
    let named: BTreeSet<&str> = named["recognised"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|s| s["surface"].as_str())
        .collect();
    assert!(SURFACES.iter().all(|surface| named.contains(surface)), "{named:?}");
    assert!(!answer.header("x-parhelion-request-id").is_empty());
}
