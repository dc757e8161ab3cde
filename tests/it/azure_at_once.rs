//! Calls that come at the same time.

use parhelion_testkit::{Api, TestServer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const BUILDS: &str = "/contoso/P/_apis/build/builds";
const R: &str = "/contoso/P/_apis/git/repositories/P";
/// Calls at a time.
const MANY: usize = 24;

fn push(old: &str, kind: &str, text: &str) -> Value {
    json!({
        "refUpdates": [{ "name": "refs/heads/main", "oldObjectId": old }],
        "commits": [{ "comment": "c [skip ci]", "changes": [{ "changeType": kind,
            "item": { "path": "/azure-pipelines.yml" }, "newContent": { "content": text } }] }],
    })
}

/// A server with a pipeline; the tip of its branch.
async fn server() -> (TestServer, Api, String) {
    let server = TestServer::start().await;
    let api = server.main();
    api.post("/contoso/_apis/projects", &json!({ "name": "P" })).await.want(202);
    let first = push(&"0".repeat(40), "add", "steps:\n- script: echo one\n");
    let pushed = api.post(&format!("{R}/pushes"), &first).await.want(201).json();
    let definition = json!({ "name": "d", "process": { "type": 2, "yamlFilename": "azure-pipelines.yml" },
        "repository": { "name": "P", "type": "TfsGit" } });
    api.post("/contoso/P/_apis/build/definitions", &definition).await.want(200);
    let tip = pushed["refUpdates"][0]["newObjectId"].as_str().unwrap().to_owned();
    (server, api, tip)
}

#[tokio::test]
async fn builds_that_are_queued_at_once_are_all_there_with_numbers_of_their_own() {
    let (_server, api, _) = server().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..MANY {
        let api = api.clone();
        calls.spawn(async move {
            let asked = json!({ "definition": { "id": 1 } });
            let build = api.post(BUILDS, &asked).await.want(200).json();
            (build["id"].as_u64().unwrap(), build["buildNumber"].as_str().unwrap().to_owned())
        });
    }
    let made: Vec<(u64, String)> = calls.join_all().await;
    let ids: BTreeSet<u64> = made.iter().map(|m| m.0).collect();
    let numbers: BTreeSet<&String> = made.iter().map(|m| &m.1).collect();
    assert_eq!((ids.len(), numbers.len()), (MANY, MANY), "{made:?}");
    assert_eq!(api.get(BUILDS).await.json()["count"], MANY);
}

#[tokio::test]
async fn of_pushes_onto_one_tip_one_wins_and_runs_build_what_then_stands() {
    let (_server, api, tip) = server().await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..MANY {
        let (api, tip) = (api.clone(), tip.clone());
        calls.spawn(async move {
            if n % 2 == 0 {
                let asked = push(&tip, "edit", &format!("steps:\n- script: echo {n}\n"));
                api.post(&format!("{R}/pushes"), &asked).await.status
            } else {
                api.post(BUILDS, &json!({ "definition": { "id": 1 } })).await.want(200).status
            }
        });
    }
    let statuses = calls.join_all().await;
    let of = |status: u16| statuses.iter().filter(|s| **s == status).count();
    assert_eq!((of(201), of(409), of(200)), (1, MANY / 2 - 1, MANY / 2), "{statuses:?}");
    let now = api.get(&format!("{R}/refs?filter=heads/main")).await.json()["value"][0]["objectId"].clone();
    let builds = api.get(BUILDS).await.json();
    for build in builds["value"].as_array().unwrap() {
        let source = &build["sourceVersion"];
        assert!(*source == json!(tip) || *source == now, "{source} was never a tip");
        let run = api.get(&format!("/contoso/P/_apis/pipelines/1/runs/{}", build["id"])).await.json();
        let says_one = run["finalYaml"].as_str().unwrap().contains("echo one");
        assert_eq!(says_one, *source == json!(tip), "a run's YAML is that of its commit");
    }
}
