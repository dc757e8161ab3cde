//! Waiting until something is so, and what is told when it is not.

use super::simulated::{aws, build, pipeline, start};
use super::{deliveries, hook, publishing};
use parhelion_testkit::{Answer, Api, Receiver, TestServer};
use serde_json::{Value, json};

async fn wait_for(api: &Api, condition: Value, timeout: &str) -> Answer {
    api.post("/_parhelion/await", &json!({"condition": condition, "timeout": timeout})).await
}

#[tokio::test]
async fn an_execution_that_is_over_is_answered_at_once() {
    let server = TestServer::manual().await;
    let api = server.main();
    let id = build(&api, "p").await;
    let condition = json!({"execution": {"id": id, "state": "succeeded"}});
    let by = wait_for(&api, condition, "0s").await.want(200).json();
    let wanted = json!({
        "surface": "codepipeline", "tenant": "000000000000/us-east-1", "id": id, "pipeline": "p", "state": "Succeeded",
    });
    assert_eq!(by["execution"], wanted);
    let any = json!({"execution": {"id": id, "tenant": "000000000000/us-east-1"}});
    wait_for(&api, any, "0s").await.want(200);
    let elsewhere = json!({"execution": {"id": id, "tenant": "000000000000/eu-west-1"}});
    wait_for(&api, elsewhere, "0s").await.problem(408, "there is no execution");
}

#[tokio::test]
async fn at_a_manual_clock_it_says_at_once_what_the_next_deadline_is() {
    let server = TestServer::manual().await;
    let api = server.main();
    api.put("/_parhelion/pace", &json!({"mode": "after", "delay": "30m"})).await.want(200);
    let id = build(&api, "p").await;
    let condition = json!({"execution": {"id": id, "state": "Succeeded"}});
    let begun = std::time::Instant::now();
    let answer = wait_for(&api, condition.clone(), "60s").await;
    answer.problem(
        408,
        "nothing goes on before the manual clock is advanced; the next deadline is 2026-01-01T00:30:00Z",
    );
    assert!(begun.elapsed().as_secs() < 30, "it does not wait");
    let told = answer.json();
    assert_eq!(told["state"][0]["state"], "InProgress");
    assert_eq!(told["next_deadline"], "2026-01-01T00:30:00Z");
    let waits = told["waits_for"].to_string();
    assert!(waits.contains("Source/checkout"), "{told}");
    assert!(told["nearest"][0]["subject"] == json!(format!("execution:{id}")), "{told}");
    api.post("/_parhelion/clock/advance", &json!({"by": "3h"})).await.want(200);
    wait_for(&api, condition, "0s").await.want(200);
}

#[tokio::test]
async fn who_waits_for_somebody_outside_waits_and_is_told_for_whom() {
    let server = TestServer::manual().await;
    let api = server.main();
    let id = pipeline(&api, "p", "Approval", "Manual", json!({})).await;
    let condition = json!({"execution": {"id": id, "state": "Succeeded"}});
    let answer = wait_for(&api, condition.clone(), "50ms").await;
    answer.problem(408, "after 50ms: no execution");
    assert!(answer.json()["waits_for"].to_string().contains("approved"), "{answer:?}");
    // The same, and somebody approves meanwhile.
    let waiting = {
        let api = api.clone();
        tokio::spawn(async move { wait_for(&api, condition, "20s").await })
    };
    let state = aws(&api, "GetPipelineState", json!({"name": "p"})).await;
    let token = state["stageStates"][1]["actionStates"][0]["latestExecution"]["token"].clone();
    let result = json!({"summary": "yes", "status": "Approved"});
    let approval = json!({"pipelineName": "p", "stageName": "Work", "actionName": "act", "token": token, "result": result});
    aws(&api, "PutApprovalResult", approval).await;
    let by = waiting.await.expect("an answer").want(200).json();
    assert_eq!(by["execution"]["state"], "Succeeded");
}

#[tokio::test]
async fn who_waits_behind_another_waits_for_what_that_one_waits_for() {
    let server = TestServer::manual().await;
    let api = server.main();
    let hang = json!({"match": {"action": "act"}, "outcomes": [{"outcome": "succeed", "delay": "90m"}]});
    api.put("/_parhelion/behaviours/slow", &hang).await.want(200);
    build(&api, "p").await;
    let second = start(&api, "p").await;
    let condition = json!({"execution": {"id": second, "state": "Succeeded"}});
    // The first is in the stage until its time has come: nobody but the clock can help.
    let answer = wait_for(&api, condition, "60s").await;
    answer.problem(408, "before the manual clock is advanced");
    assert!(answer.json()["waits_for"].to_string().contains("is in it"), "{answer:?}");
    // Stepped by hand it may go on at any time.
    let by_hand = json!({"match": {"action": "act"}, "outcomes": [{"outcome": "hang"}]});
    api.put("/_parhelion/behaviours/slow", &by_hand).await.want(200);
    let stuck = build(&api, "q").await;
    let condition = json!({"execution": {"id": stuck, "state": "Succeeded"}});
    wait_for(&api, condition, "50ms").await.problem(408, "after 50ms");
}

#[tokio::test]
async fn an_event_is_awaited_and_the_nearest_are_told() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "x", "http://h/1").await;
    let made =
        wait_for(&api, json!({"event": {"kind": "hook.created", "tenant": "SITE"}}), "0s").await.want(200);
    let seq = made.json()["event"]["seq"].as_u64().expect("a seq");
    let next = json!({"event": {"kind": "hook.created", "tenant": "site"}, "after": seq});
    let waiting = {
        let (api, next) = (api.clone(), next.clone());
        tokio::spawn(async move { wait_for(&api, next, "20s").await })
    };
    hook(&api, "site", "x", "http://h/2").await;
    let by = waiting.await.expect("an answer").want(200).json();
    assert!(by["event"]["seq"].as_u64() > Some(seq), "{by}");
    let id = by["event"]["request_id"].clone();
    let whole = json!({"event": {"kind": "hook.created", "request_id": id, "data": by["event"]["data"]}});
    wait_for(&api, whole, "0s").await.want(200);
    let none = json!({"event": {"kind": "hook.created", "request_id": "nobody"}, "after": seq});
    let answer = wait_for(&api, none, "10ms").await;
    answer.problem(408, "no event after");
    assert_eq!(answer.json()["nearest"][0]["kind"], "hook.created");
}

#[tokio::test]
async fn deliveries_are_counted() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    let url = receiver.url();
    hook(&api, "site", "x", &url).await;
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let publishing = publishing(&api, "site", "x");
    let held = json!({"deliveries": {"target": url, "count": 1, "status": "held"}});
    let by = wait_for(&api, held, "20s").await.want(200).json();
    assert_eq!(by["deliveries"][0]["status"], "held");
    let two = json!({"deliveries": {"target": url, "count": 2}});
    let answer = wait_for(&api, two, "10ms").await;
    answer.problem(408, "1 of 2 deliveries to");
    assert_eq!(answer.json()["nearest"][0]["status"], "held");
    api.post("/_parhelion/deliveries/resume", &json!({})).await.want(200);
    let sent = json!({"deliveries": {"target": url, "count": 1, "status": "succeeded"}});
    wait_for(&api, sent, "20s").await.want(200);
    publishing.await.expect("an answer");
    deliveries(&api, "succeeded", 1).await;
}

#[tokio::test]
async fn a_job_that_waits_for_a_worker() {
    let server = TestServer::start().await;
    let api = server.main();
    let kind = json!({
        "category": "Build", "provider": "Ours", "version": "1",
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
    });
    aws(&api, "CreateCustomActionType", kind).await;
    let waiting = {
        let api = api.clone();
        let job = json!({"job": {"provider": "Ours", "tenant": "000000000000/us-east-1"}});
        tokio::spawn(async move { wait_for(&api, job, "20s").await })
    };
    wait_for(&api, json!({"job": {"provider": "Other"}}), "10ms").await.problem(408, "there is no job");
    let source = json!({
        "name": "checkout", "outputArtifacts": [{"name": "code"}],
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"},
        "configuration": {"RepositoryName": "r", "BranchName": "main"},
    });
    let act = json!({
        "name": "act", "inputArtifacts": [{"name": "code"}],
        "actionTypeId": {"category": "Build", "owner": "Custom", "provider": "Ours", "version": "1"},
    });
    let declaration = json!({
        "name": "p", "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "bucket"},
        "stages": [{"name": "Source", "actions": [source]}, {"name": "Work", "actions": [act]}],
    });
    aws(&api, "CreatePipeline", json!({"pipeline": declaration})).await;
    let by = waiting.await.expect("an answer").want(200).json();
    assert_eq!((&by["job"]["provider"], &by["job"]["state"]), (&json!("Ours"), &json!("Queued")));
}

#[tokio::test]
async fn what_is_no_condition_is_refused_by_name() {
    let server = TestServer::start().await;
    let api = server.main();
    for (condition, says) in [
        (json!({}), "a condition is one of its kinds; known: execution, run"),
        (json!({"execution": {"id": "x"}, "run": {"id": "1"}}), "a condition is one of its kinds"),
        (json!({"exekution": {"id": "x"}}), "unknown condition \"exekution\"; known: execution"),
        (json!({"exekution": 7}), "unknown condition \"exekution\""),
        (json!({"execution": "x"}), "the condition \"execution\" is an object"),
        (json!({"execution": {"state": "Failed"}}), "\"execution\" takes \"id\""),
        (
            json!({"execution": {"id": "x", "status": "Failed"}}),
            "no member \"status\"; known: id, tenant, state",
        ),
        (json!({"execution": {"id": ["x"]}}), "\"id\" of the condition \"execution\" is a text"),
        (json!({"execution": {"id": "x"}, "after": 7}), "only the condition \"event\" takes \"after\""),
        (json!({"run": {"result": "succeeded"}}), "\"run\" takes \"id\""),
        (json!({"deployment": {"id": "latest"}}), "\"deployment\" takes \"site\""),
        (json!({"job": {"id": "x"}}), "\"job\" has no member \"id\"; known: tenant, provider"),
        (json!({"deliveries": {"count": 1}}), "takes \"target\""),
        (json!({"deliveries": {"target": "http://h/"}}), "takes \"count\", from 1"),
        (json!({"deliveries": {"target": "http://h/", "count": 0}}), "takes \"count\", from 1"),
        (
            json!({"deliveries": {"target": "http://h/", "count": 1, "status": "sent"}}),
            "unknown status \"sent\"",
        ),
        (
            json!({"deliveries": {"target": "http://h/", "count": 1, "status": 4}}),
            "\"status\" of the condition",
        ),
        (json!({"event": {}}), "takes at least one member"),
        (json!({"event": {"type": "x"}}), "no member \"type\"; known: kind"),
        (json!({"event": {"kind": 7}}), "\"kind\" of the condition \"event\" has another form"),
        (json!({"event": {"cause": "7"}}), "\"cause\" of the condition \"event\" has another form"),
        (json!({"event": {"surface": "gitlab"}}), "unknown surface \"gitlab\""),
        (json!({"event": {"kind": "x"}, "after": -1}), "\"after\" is the number of an event"),
    ] {
        wait_for(&api, condition, "0s").await.problem(400, says);
    }
    let condition = json!({"event": {"kind": "x"}});
    wait_for(&api, condition.clone(), "61s").await.problem(400, "at most 60s");
    wait_for(&api, condition.clone(), "soon").await.problem(400, "\"soon\"");
    api.post("/_parhelion/await", &json!({"timeout": "1s"})).await.problem(400, "condition");
    api.post("/_parhelion/await", &json!({"condition": condition, "wait": "1s"})).await.problem(400, "wait");
}

#[tokio::test]
async fn a_run_and_a_deployment_that_are_not_there() {
    let server = TestServer::manual().await;
    let api = server.main();
    for condition in [
        json!({"run": {"id": 7, "result": "succeeded"}}),
        json!({"run": {"id": "7", "tenant": "org", "state": "completed"}}),
        json!({"deployment": {"site": "site", "status": "success"}}),
        json!({"deployment": {"site": "site", "id": "latest", "status": "success"}}),
    ] {
        let answer = wait_for(&api, condition, "60s").await;
        answer.problem(408, "no deadline lies ahead");
        assert_eq!(answer.json()["state"], json!([]));
    }
}
