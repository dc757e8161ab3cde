//! The world's clock: its modes, moving it on, and waiting until it is quiet.

use super::{hook, publishing};
use parhelion_testkit::{Receiver, START, TestServer};
use serde_json::{Value, json};

#[tokio::test]
async fn a_manual_clock_stands_until_it_is_moved() {
    let server = TestServer::manual().await;
    let api = server.main();
    assert_eq!(api.get("/_parhelion/clock").await.want(200).json(), json!({"mode": "manual", "now": START}));
    let advanced = api.post("/_parhelion/clock/advance", &json!({"by": "90m"})).await.want(200).json();
    assert_eq!(advanced, json!({"now": "2026-01-01T01:30:00Z", "steps": 0}));
    let to = json!({"to": "2026-02-01T00:00:00.25Z"});
    let advanced = api.post("/_parhelion/clock/advance", &to).await.want(200).json();
    assert_eq!(advanced["now"], "2026-02-01T00:00:00.250Z");
    for (by, now) in [("250ms", "00:00:00.500Z"), ("5s", "00:00:05.500Z"), ("1d", "00:00:05.500Z")] {
        let advanced = api.post("/_parhelion/clock/advance", &json!({"by": by})).await.want(200).json();
        assert!(advanced["now"].as_str().is_some_and(|at| at.ends_with(now)), "{by}: {advanced}");
    }
    let events = api.items("/_parhelion/events?kind=clock.advanced").await;
    assert_eq!(events.len(), 5);
    // What happens now bears the time that stands.
    hook(&api, "site", "x", "http://h/1").await;
    let event = api.items("/_parhelion/events?kind=hook.created").await;
    assert_eq!(event[0]["at"], "2026-02-02T00:00:05.500Z", "{event:?}");
}

#[tokio::test]
async fn time_never_goes_back() {
    let server = TestServer::manual().await;
    let api = server.main();
    let past = "2025-12-31T23:59:59Z";
    api.post("/_parhelion/clock/advance", &json!({"to": past})).await.problem(409, "time never goes back");
    let put = json!({"mode": "manual", "now": past});
    api.put("/_parhelion/clock", &put).await.problem(409, "time never goes back");
    assert_eq!(api.get("/_parhelion/clock").await.json()["now"], START);
}

#[tokio::test]
async fn a_clock_changes_its_mode_and_keeps_its_time() {
    let server = TestServer::start().await;
    let api = server.main();
    let put = async |clock: Value| api.put("/_parhelion/clock", &clock).await.want(200).json();
    assert_eq!(api.get("/_parhelion/clock").await.json()["mode"], "system");
    let set = put(json!({"mode": "manual", "now": "2040-01-01T00:00:00Z"})).await;
    assert_eq!(set, json!({"mode": "manual", "now": "2040-01-01T00:00:00Z"}));
    let scaled = put(json!({"mode": "scaled", "factor": 60})).await;
    assert_eq!((&scaled["mode"], &scaled["factor"]), (&json!("scaled"), &json!(60.0)));
    assert!(scaled["now"].as_str().is_some_and(|at| at.starts_with("2040-01-01T00:")), "{scaled}");
    // In the other modes advance moves the offset.
    let advanced = api.post("/_parhelion/clock/advance", &json!({"by": "7d"})).await.want(200).json();
    assert!(advanced["now"].as_str().is_some_and(|at| at >= "2040-01-08"), "{advanced}");
    let system = put(json!({"mode": "system"})).await;
    assert_eq!((&system["mode"], &system["factor"]), (&json!("system"), &Value::Null));
    assert!(system["now"].as_str().is_some_and(|at| at >= "2040-01-08"), "{system}");
    assert_eq!(api.items("/_parhelion/events?kind=control.clock_set").await.len(), 3);
}

#[tokio::test]
async fn what_is_no_clock_is_refused() {
    let server = TestServer::manual().await;
    let api = server.main();
    for (bad, detail) in [
        (json!({}), "mode"),
        (json!({"mode": "fast"}), "fast"),
        (json!({"mode": "manual", "factor": 2}), "only a scaled clock"),
        (json!({"mode": "system", "factor": 2}), "only a scaled clock"),
        (json!({"mode": "scaled"}), "takes a \"factor\""),
        (json!({"mode": "scaled", "factor": 0}), "takes a \"factor\""),
        (json!({"mode": "scaled", "factor": 1e7}), "takes a \"factor\""),
        (json!({"mode": "scaled", "factor": -1}), "takes a \"factor\""),
        (json!({"mode": "manual", "now": "tomorrow"}), "\"tomorrow\" is no time"),
        (json!({"mode": "manual", "at": START}), "unknown field `at`"),
    ] {
        api.put("/_parhelion/clock", &bad).await.problem(400, detail);
    }
    for (bad, detail) in [
        (json!({}), "either \"by\" or \"to\""),
        (json!({"by": "1h", "to": START}), "either \"by\" or \"to\""),
        (json!({"by": "1"}), "\"1\" is no duration"),
        (json!({"by": "-1h"}), "\"-1h\" is no duration"),
        (json!({"by": "1y"}), "\"1y\" is no duration"),
        (json!({"by": "99999999d"}), "100 years"),
        (json!({"to": "9999-01-01T00:00:00Z"}), "100 years"),
        (json!({"to": "soon"}), "\"soon\" is no time"),
        (json!({"by": 5}), "string"),
        (json!({"for": "1h"}), "unknown field `for`"),
    ] {
        api.post("/_parhelion/clock/advance", &bad).await.problem(400, detail);
    }
    assert_eq!(api.get("/_parhelion/clock").await.json(), json!({"mode": "manual", "now": START}));
}

#[tokio::test]
async fn idle_is_at_once_when_nothing_goes_on() {
    let server = TestServer::manual().await;
    let api = server.main();
    assert_eq!(api.post("/_parhelion/idle", &json!({})).await.want(200).json(), json!({"idle": true}));
    api.post("/_parhelion/idle", &json!({"timeout": "0s"})).await.want(200);
    api.post("/_parhelion/idle", &json!({"timeout": "61s"})).await.problem(400, "at most 60s");
    api.post("/_parhelion/idle", &json!({"timeout": "soon"})).await.problem(400, "\"soon\"");
    api.post("/_parhelion/idle", &json!({"wait": "5s"})).await.problem(400, "wait");
}

#[tokio::test]
async fn idle_waits_for_what_is_being_sent_and_says_so_when_it_gives_up() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.hang();
    hook(&api, "site", "x", &receiver.url()).await;
    let publishing = publishing(&api, "site", "x");
    receiver.wait_for(1).await;
    let answer = api.post("/_parhelion/idle", &json!({"timeout": "50ms"})).await;
    answer.problem(408, "50ms");
    assert_eq!(answer.json()["pending"], json!(["deliveries are being sent"]));
    // The receiver goes away: that ends it.
    drop(receiver);
    api.idle().await;
    publishing.await.expect("an answer");
}

#[tokio::test]
async fn an_advance_runs_what_falls_due_on_the_way_each_at_its_own_time() {
    let server = TestServer::manual().await;
    let api = server.main();
    let aws = async |operation: &str, input: Value| {
        let call =
            api.call("POST", "/").header("x-amz-target", &format!("CodePipeline_20150709.{operation}"));
        call.body("application/x-amz-json-1.1", input.to_string()).await.want(200).json()
    };
    // Two approvals, each of which expires seven days after it was asked for.
    for (name, wait) in [("first", "1h"), ("second", "1h")] {
        let github =
            json!({"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"});
        let approval = json!({"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"});
        aws(
            "CreatePipeline",
            json!({"pipeline": {
                "name": name,
                "roleArn": "arn:aws:iam::000000000000:role/pipeline",
                "artifactStore": {"type": "S3", "location": "artifacts"},
                "stages": [
                    {"name": "Source", "actions": [{
                        "name": "Push", "actionTypeId": github, "outputArtifacts": [{"name": "Code"}],
                        "configuration": {"Owner": "o", "Repo": "r", "Branch": "main", "OAuthToken": "t"}}]},
                    {"name": "Ask", "actions": [{"name": "Ask", "actionTypeId": approval}]},
                ],
            }}),
        )
        .await;
        api.idle().await;
        api.post("/_parhelion/clock/advance", &json!({"by": wait})).await.want(200);
    }
    let status = async |name: &str| {
        let listed = aws("ListPipelineExecutions", json!({"pipelineName": name})).await;
        listed["pipelineExecutionSummaries"][0]["status"].as_str().unwrap_or_default().to_owned()
    };
    // What is ahead does not hold up idle, and happens only when its time comes.
    api.idle().await;
    let advance = async |to: &str| {
        api.post("/_parhelion/clock/advance", &json!({"to": to})).await.want(200).json()["steps"].clone()
    };
    assert_eq!(advance("2026-01-07T23:59:59Z").await, 0);
    assert_eq!(
        (status("first").await.as_str(), status("second").await.as_str()),
        ("InProgress", "InProgress")
    );
    assert_eq!(advance("2026-01-08T00:00:00Z").await, 1);
    assert_eq!((status("first").await.as_str(), status("second").await.as_str()), ("Failed", "InProgress"));
    assert_eq!(advance("2026-03-01T00:00:00Z").await, 1);
    assert_eq!(status("second").await, "Failed");
    let finished = api.items("/_parhelion/events?kind=execution.finished&limit=1000").await;
    let at: Vec<&str> = finished.iter().filter_map(|event| event["at"].as_str()).collect();
    assert_eq!(at, ["2026-01-08T00:00:00Z", "2026-01-08T01:00:00Z"], "each at its own time");
}

#[tokio::test]
async fn a_scaled_clock_runs_by_its_factor() {
    let server = TestServer::start().await;
    let api = server.main();
    let begun = std::time::Instant::now();
    let fast = json!({"mode": "scaled", "factor": 1000.0, "now": "2040-01-01T00:00:00Z"});
    api.put("/_parhelion/clock", &fast).await.want(200);
    // A thing of the emulator's time: the entry of a request, half a second of real time later.
    api.get("/_parhelion/sinks/none/requests?count=1&wait=500ms").await.want(408);
    let now = api.get("/_parhelion/clock").await.json()["now"].as_str().unwrap_or_default().to_owned();
    let passed: parhelion_core::Timestamp = now.parse().expect("a time");
    let passed =
        (passed - "2040-01-01T00:00:00Z".parse::<parhelion_core::Timestamp>().expect("a time")).num_seconds();
    let most = i64::try_from(begun.elapsed().as_millis()).expect("a short time");
    assert!((500..=most).contains(&passed), "{passed} s in at most {most} ms");
}
