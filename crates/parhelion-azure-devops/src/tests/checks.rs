//! Stages that wait: approvals.

mod edges;
mod kinds;

use crate::testing::Bench;
use serde_json::{Value, json};

const APPROVAL: &str = "8c6f20a7-a545-4486-9777-f762fafe0d4d";
const TASK: &str = "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7";
const LOCK: &str = "2ef31ad6-baa0-403a-8b45-2cbc9b4e5563";
const ANN: &str = "11111111-1111-1111-1111-111111111111";
const BEN: &str = "22222222-2222-2222-2222-222222222222";

const YAML: &str = "
trigger: none
stages:
- stage: build
  jobs: [{job: a, steps: [{script: echo a}]}]
- stage: deploy
  jobs:
  - deployment: d
    environment: prod
    strategy: {runOnce: {deploy: {steps: [{script: echo d}]}}}
- stage: after
  jobs: [{job: z, steps: [{script: echo z}]}]
";

/// A project with a pipeline that deploys to `prod`, whose id is given too.
fn bench_of(yaml: &str) -> (Bench, u64, u64) {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", yaml);
    let pipeline = bench.define("D");
    let made = bench.ok("POST /contoso/P/_apis/distributedtask/environments", json!({ "name": "prod" }));
    (bench, pipeline, made["id"].as_u64().unwrap())
}

fn check(bench: &Bench, environment: u64, kind: &str, settings: Value, timeout: u64) -> Value {
    let body = json!({
        "type": { "id": kind }, "settings": settings, "timeout": timeout,
        "resource": { "type": "environment", "id": environment.to_string() },
    });
    bench.ok("POST /contoso/P/_apis/pipelines/checks/configurations", body)
}

fn approvers(ids: &[&str]) -> Value {
    json!({ "approvers": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() })
}

fn run(bench: &Bench, pipeline: u64) -> u64 {
    let line = format!("POST /contoso/P/_apis/pipelines/{pipeline}/runs");
    bench.ok(&line, json!({}))["id"].as_u64().unwrap()
}

fn build(bench: &Bench, id: u64) -> Value {
    bench.get(&format!("/contoso/P/_apis/build/builds/{id}"))
}

fn result(bench: &Bench, id: u64) -> (String, String) {
    let build = build(bench, id);
    let text = |name: &str| build[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("result"))
}

/// `type name state/result` of the records that are no job, phase or task.
fn records(bench: &Bench, id: u64) -> Vec<String> {
    let timeline = bench.get(&format!("/contoso/P/_apis/build/builds/{id}/timeline"));
    let all = timeline["records"].as_array().unwrap().iter();
    let upper = all.filter(|r| r["type"] == "Stage" || r["type"].as_str().unwrap().starts_with("Checkpoint"));
    let text = |r: &Value, name: &str| r[name].as_str().unwrap_or("-").to_owned();
    upper
        .map(|r| {
            format!("{} {} {}/{}", text(r, "type"), text(r, "name"), text(r, "state"), text(r, "result"))
        })
        .collect()
}

fn pending(bench: &Bench) -> Vec<Value> {
    let all = bench.get("/contoso/P/_apis/pipelines/approvals?state=pending&$expand=steps");
    all["value"].as_array().unwrap().clone()
}

fn answer(bench: &Bench, body: Value) -> (u16, Value) {
    bench.call("PATCH /contoso/P/_apis/pipelines/approvals", json!([body]))
}

#[test]
fn an_approval_holds_a_stage_until_it_is_given() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 60);
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id), ("inProgress".into(), "".into()));
    assert_eq!(
        records(&bench, id),
        [
            "Stage build completed/succeeded",
            "Stage deploy pending/-",
            "Checkpoint Checkpoint inProgress/-",
            "Checkpoint.Approval Checkpoint.Approval inProgress/-",
            "Stage after pending/-",
        ]
    );
    let [approval] = &pending(&bench)[..] else { panic!() };
    assert_eq!(
        (&approval["minRequiredApprovers"], &approval["executionOrder"]),
        (&json!(1), &json!("anyOrder"))
    );
    assert_eq!(approval["steps"][0]["assignedApprover"]["id"], ANN);
    let (status, done) =
        answer(&bench, json!({ "approvalId": approval["id"], "status": "approved", "comment": "go" }));
    assert_eq!((status, &done["value"][0]["status"]), (200, &json!("approved")));
    assert_eq!(done["value"][0]["steps"][0]["comment"], "go");
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
    assert_eq!(
        records(&bench, id)[1..4],
        [
            "Stage deploy completed/succeeded",
            "Checkpoint Checkpoint completed/succeeded",
            "Checkpoint.Approval Checkpoint.Approval completed/succeeded",
        ]
    );
    // It is over, and says so.
    let (status, again) = answer(&bench, json!({ "approvalId": approval["id"], "status": "rejected" }));
    assert_eq!((status, &again["typeKey"]), (400, &json!("ApprovalCompletedException")));
    let told = bench.facts(&["approval.started", "approval.changed", "approval.finished"]);
    for says in [
        "stage deploy waits for approval",
        "Approver 11111111 approved it: go",
        "is approved: approved by Approver 11111111",
        "refused",
    ] {
        assert!(told.contains(says), "{says}: {told}");
    }
    // What was deployed is written down.
    let deployed = bench.get(&format!(
        "/contoso/P/_apis/distributedtask/environments/{environment}/environmentdeploymentrecords"
    ));
    assert_eq!((&deployed["count"], &deployed["value"][0]["result"]), (&json!(1), &json!("succeeded")));
    assert_eq!(
        (&deployed["value"][0]["owner"]["id"], &deployed["value"][0]["stageName"]),
        (&json!(id), &json!("deploy"))
    );
}

#[test]
fn a_rejection_fails_the_stage_and_a_retry_asks_again() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 60);
    let id = run(&bench, pipeline);
    answer(&bench, json!({ "approvalId": pending(&bench)[0]["id"], "status": "rejected", "comment": "no" }));
    assert_eq!(result(&bench, id), ("completed".into(), "failed".into()));
    let rows = records(&bench, id);
    assert!(rows.contains(&"Stage deploy completed/failed".to_owned()), "{rows:?}");
    assert!(rows.contains(&"Stage after completed/skipped".to_owned()), "{rows:?}");
    let line = format!("PATCH /contoso/P/_apis/build/builds/{id}/stages/deploy");
    assert_eq!(bench.call(&line, json!({ "state": "retry" })).0, 204);
    let again = pending(&bench);
    assert_eq!(again.len(), 1);
    answer(&bench, json!({ "approvalId": again[0]["id"], "status": "approved" }));
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn nobody_in_time_skips_the_stage() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 60);
    let id = run(&bench, pipeline);
    bench.advance(59 * 60);
    assert_eq!(result(&bench, id).0, "inProgress");
    bench.advance(2 * 60);
    assert_eq!(result(&bench, id).0, "completed");
    assert!(records(&bench, id).contains(&"Stage deploy completed/skipped".to_owned()));
    let all = bench.get("/contoso/P/_apis/pipelines/approvals");
    assert_eq!(all["value"][0]["status"], "timedOut");
}

#[test]
fn approvers_come_in_order_as_many_as_are_needed() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let mut settings = approvers(&[ANN, BEN]);
    settings["executionOrder"] = json!("inSequence");
    check(&bench, environment, APPROVAL, settings, 60);
    let id = run(&bench, pipeline);
    let approval = pending(&bench).remove(0);
    let states =
        |a: &Value| a["steps"].as_array().unwrap().iter().map(|s| s["status"].clone()).collect::<Vec<_>>();
    assert_eq!(states(&approval), ["pending", "uninitiated"]);
    let yes = |who: &str| json!({ "approvalId": approval["id"], "status": "approved", "assignedApprover": { "id": who } });
    let (status, refused) = answer(&bench, yes(BEN));
    assert_eq!((status, &refused["typeKey"]), (403, &json!("ApprovalUnauthorizedException")));
    let (_, first) = answer(&bench, yes(ANN));
    assert_eq!(states(&first["value"][0]), ["approved", "pending"]);
    assert_eq!(result(&bench, id).0, "inProgress");
    answer(&bench, yes(BEN));
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn who_asked_may_not_approve_where_that_is_said() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let me = bench.get("/contoso/_apis/connectionData")["authenticatedUser"]["id"].clone();
    let mut settings = approvers(&[me.as_str().unwrap(), ANN]);
    settings["requesterCannotBeApprover"] = json!(true);
    settings["minRequiredApprovers"] = json!(1);
    check(&bench, environment, APPROVAL, settings, 60);
    let id = run(&bench, pipeline);
    let approval = pending(&bench).remove(0);
    let (status, refused) = answer(&bench, json!({ "approvalId": approval["id"], "status": "approved" }));
    assert_eq!(status, 403, "{refused}");
    // Their part is given on, and the other's answer is enough.
    let on = json!({ "approvalId": approval["id"], "reassignTo": { "id": BEN, "displayName": "Ben" }, "comment": "you" });
    let (status, given) = answer(&bench, on);
    assert_eq!(
        (status, &given["value"][0]["steps"][0]["assignedApprover"]["displayName"]),
        (200, &json!("Ben"))
    );
    assert_eq!(given["value"][0]["steps"][0]["history"][0]["assignedTo"]["id"], me);
    answer(&bench, json!({ "approvalId": approval["id"], "status": "approved" }));
    let all = bench.get("/contoso/P/_apis/pipelines/approvals?$expand=steps");
    assert_eq!(all["value"][0]["steps"][1]["status"], "skipped");
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn an_approval_may_count_from_later_on() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 600);
    let id = run(&bench, pipeline);
    let later = bench.world.clock.now() + chrono::TimeDelta::hours(2);
    let body = json!({ "approvalId": pending(&bench)[0]["id"], "status": "approved", "deferredTo": later.to_rfc3339() });
    let (status, said) = answer(&bench, body);
    assert_eq!((status, &said["value"][0]["steps"][0]["status"]), (200, &json!("deferred")));
    bench.advance(3600);
    assert_eq!(result(&bench, id).0, "inProgress");
    bench.advance(3700);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn a_cancelled_run_gives_its_approvals_up() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 60);
    let id = run(&bench, pipeline);
    bench.ok(&format!("PATCH /contoso/P/_apis/build/builds/{id}"), json!({ "status": "cancelling" }));
    assert_eq!(result(&bench, id), ("completed".into(), "canceled".into()));
    let all = bench.get("/contoso/P/_apis/pipelines/approvals");
    assert_eq!((&all["count"], &all["value"][0]["status"]), (&json!(1), &json!("canceled")));
    // A deleted run takes its approvals with it.
    let other = run(&bench, pipeline);
    assert_eq!(bench.call(&format!("DELETE /contoso/P/_apis/build/builds/{other}"), Value::Null).0, 204);
    assert_eq!(pending(&bench).len(), 0);
}

#[test]
fn a_resource_that_is_not_permitted_holds_the_stage() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let path = format!("/contoso/P/_apis/pipelines/pipelinePermissions/environment/{environment}");
    assert_eq!(bench.get(&path)["allPipelines"]["authorized"], true);
    bench.ok(&format!("PATCH {path}"), json!({ "allPipelines": { "authorized": false } }));
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id).0, "inProgress");
    assert!(
        records(&bench, id)
            .contains(&"Checkpoint.Authorization Checkpoint.Authorization inProgress/-".to_owned())
    );
    let said =
        bench.ok(&format!("PATCH {path}"), json!({ "pipelines": [{ "id": pipeline, "authorized": true }] }));
    assert_eq!(
        (&said["pipelines"][0]["id"], &said["pipelines"][0]["authorized"]),
        (&json!(pipeline), &json!(true))
    );
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
    // What the build API says counts as well.
    bench.ok(&format!("PATCH {path}"), json!({ "pipelines": [{ "id": pipeline, "authorized": false }] }));
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id).0, "inProgress");
    let resources = json!([{ "type": "environment", "id": environment.to_string(), "authorized": true }]);
    bench.ok(&format!("PATCH /contoso/P/_apis/build/definitions/{pipeline}/resources"), resources);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
    assert_eq!(
        bench.call(&format!("PATCH {path}"), json!({ "pipelines": [{ "id": 99, "authorized": true }] })).0,
        404
    );
}
