//! Stages that wait: approvals, permissions, hours, locks, scripted checks.

use crate::testing::Bench;
use parhelion_state::ScriptedOutcome;
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
    assert_eq!(
        bench.call(&format!("PATCH {path}"), json!({ "pipelines": [{ "id": 99, "authorized": true }] })).0,
        404
    );
}

fn task(id: &str, name: &str, inputs: Value) -> Value {
    json!({ "displayName": name, "definitionRef": { "id": id, "name": name, "version": "0.0.1" }, "inputs": inputs })
}

#[test]
fn branches_and_hours_are_looked_at() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let branch = |allowed: &str| {
        task(
            "86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b",
            "evaluatebranchProtection",
            json!({ "allowedBranches": allowed, "ensureProtectionOfBranch": "false" }),
        )
    };
    let made = check(&bench, environment, TASK, branch("refs/heads/release/*"), 60);
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id), ("completed".into(), "failed".into()));
    let line = format!("PATCH /contoso/P/_apis/pipelines/checks/configurations/{}", made["id"]);
    bench.ok(&line, json!({ "type": { "id": TASK }, "settings": branch("refs/heads/main, refs/heads/x") }));
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
    // The bench's clock stands at some time of some day: hours that begin in two hours hold it for two.
    let opens = bench.world.clock.now() + chrono::TimeDelta::hours(2);
    let hours = json!({
        "businessDays": "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday", "timeZone": "UTC",
        "startTime": opens.format("%H:%M").to_string(),
        "endTime": (opens + chrono::TimeDelta::hours(1)).format("%H:%M").to_string(),
    });
    check(
        &bench,
        environment,
        TASK,
        task("445fde2f-6c39-441c-807f-8a59ff2e075f", "evaluateBusinessHours", hours),
        600,
    );
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id).0, "inProgress");
    bench.advance(3600);
    assert_eq!(result(&bench, id).0, "inProgress");
    bench.advance(3600);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn a_task_check_comes_out_as_a_behaviour_says() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(
        &bench,
        environment,
        TASK,
        task("9c3e8943-130d-4c78-ac63-8af81df62dfb", "InvokeRESTAPI", json!({})),
        60,
    );
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
    let members = json!({ "message": "not ready", "delay": "5m" }).as_object().cloned().unwrap();
    let matches = [("check".to_owned(), "InvokeRESTAPI".to_owned())].into_iter().collect();
    let outcomes = vec![ScriptedOutcome { outcome: "fail".to_owned(), members }];
    bench.world.edit_script(|script| script.put_behaviour("b", matches, outcomes)).unwrap();
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id).0, "inProgress");
    bench.advance(301);
    assert_eq!(result(&bench, id), ("completed".into(), "failed".into()));
}

#[test]
fn one_run_at_a_time_has_a_locked_environment() {
    let yaml = YAML.replace("trigger: none", "trigger: none\nlockBehavior: sequential");
    let (bench, pipeline, environment) = bench_of(&yaml);
    check(&bench, environment, LOCK, json!({}), 600);
    bench.pace("step", parhelion_core::Pace::After(chrono::TimeDelta::minutes(1)));
    let runs: Vec<u64> = (0..3).map(|_| run(&bench, pipeline)).collect();
    let deploying = |bench: &Bench| {
        let at_work = |id: &&u64| records(bench, **id).contains(&"Stage deploy inProgress/-".to_owned());
        runs.iter().filter(at_work).count()
    };
    let mut most = 0;
    for _ in 0..60 {
        bench.advance(60);
        most = most.max(deploying(&bench));
    }
    assert_eq!(most, 1);
    for id in &runs {
        assert_eq!(result(&bench, *id), ("completed".into(), "succeeded".into()));
    }
}

#[test]
fn only_the_newest_run_gets_the_lock_unless_they_queue() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, LOCK, json!({}), 600);
    bench.pace("step", parhelion_core::Pace::After(chrono::TimeDelta::minutes(1)));
    let runs: Vec<u64> = (0..3).map(|_| run(&bench, pipeline)).collect();
    bench.advance(60 * 60);
    let results: Vec<String> = runs.iter().map(|id| result(&bench, *id).1).collect();
    // All three ask at the same instant: the second gives way to the third, which waits for the first.
    assert_eq!(results, ["succeeded", "canceled", "succeeded"]);
}

#[test]
fn environments_come_into_being_with_their_first_run() {
    let bench = Bench::with_project("P");
    bench.commit(
        "/azure-pipelines.yml",
        &YAML.replace("environment: prod", "environment: $(Build.SourceBranchName)-eu.web"),
    );
    let pipeline = bench.define("D");
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id).1, "succeeded");
    let all = bench.get("/contoso/P/_apis/pipelines/environments");
    assert_eq!((&all["count"], &all["value"][0]["name"]), (&json!(1), &json!("main-eu")));
    bench.commit("/azure-pipelines.yml", &YAML.replace("prod", "new"));
    let line = format!("POST /contoso/P/_apis/pipelines/{pipeline}/preview");
    let (status, refused) = bench.call(&line, json!({ "previewRun": true }));
    assert_eq!(status, 400);
    assert_eq!(
        refused["message"],
        "Job d: Environment new could not be found. The environment does not exist or has not been authorized for use."
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let (bench, _, environment) = bench_of(YAML);
    let add = "POST /contoso/P/_apis/pipelines/checks/configurations";
    let on = json!({ "type": "environment", "id": environment.to_string() });
    for (body, status) in [
        (json!({}), 400),
        (json!({ "type": { "id": APPROVAL }, "resource": on, "settings": {} }), 400),
        (
            json!({ "type": { "id": APPROVAL }, "resource": on, "settings": { "approvers": [{ "id": "x" }] } }),
            400,
        ),
        (json!({ "type": { "id": ANN }, "resource": on }), 400),
        (json!({ "type": { "id": TASK }, "resource": on, "settings": {} }), 400),
        (json!({ "type": { "id": LOCK }, "resource": { "type": "environment", "id": "77" } }), 404),
        (json!({ "type": { "id": LOCK }, "resource": { "type": "moon", "id": "1" } }), 400),
        (json!({ "type": { "id": LOCK }, "resource": on, "settings": [] }), 400),
        (json!({ "type": { "id": LOCK }, "resource": on, "timeout": 9_999_999_999u64 }), 400),
        (
            json!({ "type": { "id": TASK }, "resource": on, "settings": task("445fde2f-6c39-441c-807f-8a59ff2e075f", "h", json!({ "businessDays": "x" })) }),
            400,
        ),
    ] {
        let (got, answer) = bench.call(add, body.clone());
        assert_eq!(got, status, "{body} {answer}");
    }
    for (line, body, status) in [
        ("GET /contoso/P/_apis/pipelines/checks/configurations/9", Value::Null, 404),
        ("GET /contoso/P/_apis/pipelines/checks/runs/9", Value::Null, 404),
        ("GET /contoso/P/_apis/pipelines/approvals/9", Value::Null, 404),
        (
            "PATCH /contoso/P/_apis/pipelines/approvals",
            json!([{ "approvalId": ANN, "status": "approved" }]),
            404,
        ),
        ("PATCH /contoso/P/_apis/pipelines/approvals", json!([]), 400),
        ("PATCH /contoso/P/_apis/pipelines/approvals", json!({}), 400),
        ("GET /contoso/P/_apis/pipelines/approvals?state=maybe", Value::Null, 400),
        ("GET /contoso/P/_apis/pipelines/pipelinePermissions/environment/77", Value::Null, 404),
        ("POST /contoso/P/_apis/distributedtask/environments", json!({ "name": "Prod" }), 409),
        ("POST /contoso/P/_apis/distributedtask/environments", json!({ "name": "a/b" }), 400),
        ("POST /contoso/P/_apis/distributedtask/environments", json!({}), 400),
        ("GET /contoso/P/_apis/distributedtask/environments/77", Value::Null, 404),
        ("DELETE /contoso/P/_apis/distributedtask/environments/x", Value::Null, 404),
    ] {
        let (got, answer) = bench.call(line, body);
        assert_eq!(got, status, "{line} {answer}");
    }
    let (_, answered) = bench.call(
        "PATCH /contoso/P/_apis/pipelines/approvals",
        json!([{ "approvalId": ANN, "status": "maybe" }]),
    );
    assert!(answered["message"].as_str().unwrap().contains("does not exist"));
}

#[test]
fn checks_are_evaluated_by_themselves() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 60);
    let body = json!({
        "resources": [{ "type": "environment", "id": environment.to_string() }],
        "context": { "Pipeline.Id": pipeline },
    });
    let suite = bench.ok("POST /contoso/P/_apis/pipelines/checks/runs", body);
    assert_eq!((&suite["status"], &suite["checkRuns"][0]["status"]), (&json!("running"), &json!("running")));
    answer(&bench, json!({ "approvalId": suite["checkRuns"][0]["id"], "status": "approved" }));
    let path = format!("/contoso/P/_apis/pipelines/checks/runs/{}", suite["id"].as_str().unwrap());
    assert_eq!(bench.get(&path)["status"], "approved");
    // That of a stage is found by its record.
    let id = run(&bench, pipeline);
    let timeline = bench.get(&format!("/contoso/P/_apis/build/builds/{id}/timeline"));
    let records = timeline["records"].as_array().unwrap();
    let checkpoint = records.iter().find(|r| r["type"] == "Checkpoint").unwrap()["id"].as_str().unwrap();
    let suite = bench.get(&format!("/contoso/P/_apis/pipelines/checks/runs/{checkpoint}"));
    assert_eq!((&suite["status"], &suite["context"]["Pipeline.Id"]), (&json!("running"), &json!(pipeline)));
    // Time runs out for one that nobody answers.
    bench.advance(61 * 60);
    assert_eq!(
        bench.get(&format!("/contoso/P/_apis/pipelines/checks/runs/{checkpoint}"))["status"],
        "timedOut"
    );
}

#[test]
fn where_nothing_is_open_each_pipeline_needs_its_permission() {
    let settings = crate::Settings { strict_permissions: true, ..crate::Settings::default() };
    let bench = Bench::with(settings);
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
    bench.commit("/azure-pipelines.yml", YAML);
    let pipeline = bench.define("D");
    // An environment that nobody made is an error, and nothing is queued.
    let line = format!("POST /contoso/P/_apis/pipelines/{pipeline}/runs");
    let (status, refused) = bench.call(&line, json!({}));
    assert_eq!((status, &refused["typeKey"]), (400, &json!("PipelineValidationException")));
    let made = bench.ok("POST /contoso/P/_apis/pipelines/environments", json!({ "name": "prod" }));
    let id = run(&bench, pipeline);
    assert!(
        records(&bench, id)
            .contains(&"Checkpoint.Authorization Checkpoint.Authorization inProgress/-".to_owned())
    );
    let body = json!([{ "resource": { "type": "environment", "id": made["id"] }, "pipelines": [{ "id": pipeline, "authorized": true }] }]);
    let said = bench.ok("PATCH /contoso/P/_apis/pipelines/pipelinePermissions", body);
    assert_eq!(said["value"][0].get("allPipelines"), None);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn a_deleted_run_lets_go_of_its_lock() {
    let yaml = YAML.replace("trigger: none", "trigger: none\nlockBehavior: sequential");
    let (bench, pipeline, environment) = bench_of(&yaml);
    check(&bench, environment, LOCK, json!({}), 600);
    bench.pace("job", parhelion_core::Pace::Manual);
    let runs: Vec<u64> = (0..2).map(|_| run(&bench, pipeline)).collect();
    for id in &runs {
        bench.step(Some(&id.to_string()));
    }
    let waits = |id: u64| {
        records(&bench, id)
            .contains(&"Checkpoint.ExclusiveLock Checkpoint.ExclusiveLock inProgress/-".to_owned())
    };
    assert!(!waits(runs[0]) && waits(runs[1]));
    assert_eq!(bench.call(&format!("DELETE /contoso/P/_apis/build/builds/{}", runs[0]), Value::Null).0, 204);
    assert!(!waits(runs[1]));
}

/// A subscription; its id.
fn subscribe(bench: &Bench, event: &str, filters: Value) -> String {
    let made = bench.ok(
        "POST /contoso/_apis/hooks/subscriptions",
        json!({
            "publisherId": "pipelines", "eventType": event, "consumerId": "webHooks", "consumerActionId": "httpRequest",
            "publisherInputs": filters, "consumerInputs": { "url": "https://example.com/hook" },
        }),
    );
    made["id"].as_str().unwrap().to_owned()
}

/// The events of a subscription, the oldest first.
fn told(bench: &Bench, id: &str) -> Vec<Value> {
    let all = bench.get(&format!("/contoso/_apis/hooks/subscriptions/{id}/notifications"));
    let mut all = all["value"].as_array().unwrap().clone();
    all.sort_by_key(|n| n["id"].as_u64());
    all.into_iter().map(|n| n["details"]["event"].clone()).collect()
}

#[test]
fn approvals_and_waiting_stages_are_told_to_service_hooks() {
    let (bench, pipeline, environment) = bench_of(YAML);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 60);
    let pending_event = "ms.vss-pipelinechecks-events.approval-pending";
    let asked = subscribe(&bench, pending_event, json!({ "environmentName": "prod", "stageName": "deploy" }));
    let elsewhere = subscribe(&bench, pending_event, json!({ "environmentName": "test" }));
    let completed = "ms.vss-pipelinechecks-events.approval-completed";
    let over = subscribe(&bench, completed, json!({ "pipelineId": pipeline.to_string() }));
    let stage = "ms.vss-pipelines.stage-state-changed-event";
    let stage = subscribe(&bench, stage, json!({ "stageNameId": "deploy" }));
    let job = "ms.vss-pipelines.job-state-changed-event";
    let job = subscribe(&bench, job, json!({ "jobStateId": "Waiting", "stageNameId": "deploy" }));
    let id = run(&bench, pipeline);
    let [event] = &told(&bench, &asked)[..] else { panic!() };
    assert_eq!(
        event["message"]["text"],
        "Approval pending for deployment of pipeline D to environment prod."
    );
    let resource = &event["resource"];
    assert_eq!(
        (&resource["approval"]["status"], &resource["stageName"]),
        (&json!("pending"), &json!("deploy"))
    );
    assert_eq!((&resource["run"]["id"], &resource["resource"]["name"]), (&json!(id), &json!("prod")));
    assert_eq!(
        (told(&bench, &over).len(), told(&bench, &elsewhere).len(), told(&bench, &job).len()),
        (0, 0, 0)
    );
    answer(&bench, json!({ "approvalId": resource["approval"]["id"], "status": "rejected" }));
    let [event] = &told(&bench, &over)[..] else { panic!() };
    assert_eq!(event["resource"]["approval"]["status"], "rejected");
    assert_eq!(
        event["message"]["text"],
        "Approval for deployment of pipeline D to environment prod rejected."
    );
    let states = told(&bench, &stage);
    let states = states.iter().map(|e| {
        let stage = &e["resource"]["stage"];
        format!("{} {}", stage["state"].as_str().unwrap(), stage["result"].as_str().unwrap_or("-"))
    });
    assert_eq!(states.collect::<Vec<_>>(), ["notStarted -", "waiting -", "completed rejected"]);
    let other = run(&bench, pipeline);
    answer(&bench, json!({ "approvalId": pending(&bench)[0]["id"], "status": "approved" }));
    assert_eq!(result(&bench, other).1, "succeeded");
    assert_eq!(told(&bench, &job).len(), 1);
    // The newest of them can be sent as a test, too.
    let test = bench.ok(
        "POST /contoso/_apis/hooks/testNotifications?useRealData=true",
        json!({ "details": {
            "publisherId": "pipelines", "eventType": pending_event, "consumerId": "webHooks",
            "consumerActionId": "httpRequest", "publisherInputs": {},
            "consumerInputs": { "url": "https://example.com/hook" },
        } }),
    );
    assert_eq!(test["details"]["event"]["resource"]["run"]["id"], other);
}

#[test]
fn hours_that_end_while_somebody_thinks_begin_again() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let opened = bench.world.clock.now() - chrono::TimeDelta::minutes(30);
    let hours = json!({
        "businessDays": "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday", "timeZone": "UTC",
        "startTime": opened.format("%H:%M").to_string(),
        "endTime": (opened + chrono::TimeDelta::hours(1)).format("%H:%M").to_string(),
    });
    check(
        &bench,
        environment,
        TASK,
        task("445fde2f-6c39-441c-807f-8a59ff2e075f", "evaluateBusinessHours", hours),
        6000,
    );
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 6000);
    let id = run(&bench, pipeline);
    bench.advance(3600);
    answer(&bench, json!({ "approvalId": pending(&bench)[0]["id"], "status": "approved" }));
    assert_eq!(result(&bench, id).0, "inProgress");
    bench.advance(23 * 3600);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn a_queue_a_group_and_a_connection_are_guarded_too() {
    let yaml = "
trigger: none
stages:
- stage: a
  variables: [{group: Shared}]
  jobs: [{job: a, steps: [{script: echo a}]}]
- stage: b
  jobs: [{job: b, steps: [{task: AzureCLI@2, inputs: {azureSubscription: Cloud, inlineScript: x}}]}]
";
    let (bench, pipeline, _) = bench_of(yaml);
    let group = bench.ok(
        "POST /contoso/_apis/distributedtask/variablegroups",
        json!({
            "name": "Shared", "type": "Vsts", "variables": { "x": { "value": "1" } },
            "variableGroupProjectReferences": [{ "name": "Shared", "projectReference": { "name": "P" } }],
        }),
    );
    let endpoint = bench.connect("Cloud", "hook", "", "");
    let queue = bench.get("/contoso/P/_apis/build/definitions/1")["queue"]["id"].clone();
    for (kind, id) in [("variablegroup", &group["id"]), ("endpoint", &endpoint["id"]), ("queue", &queue)] {
        bench.ok("POST /contoso/P/_apis/pipelines/checks/configurations", json!({
            "type": { "name": "Approval" }, "settings": approvers(&[ANN]), "resource": { "type": kind, "id": id },
        }));
    }
    let id = run(&bench, pipeline);
    let kinds = |bench: &Bench| {
        let facts = bench.facts(&["approval.started"]);
        ["variablegroup Shared", "endpoint Cloud", "queue Azure Pipelines"]
            .map(|what| facts.matches(what).count())
    };
    assert_eq!(kinds(&bench), [1, 0, 1]);
    for approval in pending(&bench) {
        answer(&bench, json!({ "approvalId": approval["id"], "status": "approved" }));
    }
    assert_eq!(kinds(&bench), [1, 1, 2]);
    for approval in pending(&bench) {
        answer(&bench, json!({ "approvalId": approval["id"], "status": "approved" }));
    }
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn a_required_template_is_extended_or_the_stage_fails() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let templates = json!({ "extendsChecks": [{
        "repositoryType": "git", "repositoryName": "P/P", "repositoryRef": "refs/heads/main", "templatePath": "templates/good.yml",
    }] });
    check(&bench, environment, "4020e66e-b0f3-47e1-bc88-48f3cc59b5f3", templates, 60);
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id), ("completed".into(), "failed".into()));
    assert!(bench.facts(&["check.finished"]).contains("the pipeline extends no template"));
    bench.commit("/templates/good.yml", YAML.trim_start().trim_start_matches("trigger: none\n"));
    bench.commit("/azure-pipelines.yml", "trigger: none\nextends:\n  template: templates/good.yml\n");
    let id = run(&bench, pipeline);
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}

#[test]
fn a_check_that_was_fixed_stays_when_its_environment_goes() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let settings = task(
        "9c3e8943-130d-4c78-ac63-8af81df62dfb",
        "InvokeRESTAPI",
        json!({ "headers": "Authorization: geheim" }),
    );
    check(&bench, environment, TASK, settings, 60);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 60);
    let id = run(&bench, pipeline);
    assert!(!bench.dump(false).to_string().contains("geheim"));
    let line = format!("DELETE /contoso/P/_apis/distributedtask/environments/{environment}");
    assert_eq!(bench.call(&line, Value::Null).0, 204);
    assert_eq!(bench.store().checks.len(), 0);
    assert_eq!(result(&bench, id).0, "inProgress");
    answer(&bench, json!({ "approvalId": pending(&bench)[0]["id"], "status": "approved" }));
    assert_eq!(result(&bench, id), ("completed".into(), "succeeded".into()));
}
