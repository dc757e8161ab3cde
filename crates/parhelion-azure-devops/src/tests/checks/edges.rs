//! Environments, permissions, evaluations, what is refused, and who is told.

use super::{kinds::task, *};

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
fn an_environment_has_its_resources_by_both_routes() {
    let (bench, _, environment) = bench_of(YAML);
    let resources =
        |area: &str| format!("/contoso/P/_apis/{area}/environments/{environment}/providers/kubernetes");
    let web = json!({ "name": "web", "namespace": "ns", "clusterName": "c" });
    let made = bench.ok(&format!("POST {}", resources("pipelines")), web.clone());
    assert_eq!(
        (&made["type"], &made["environmentReference"]["name"]),
        (&json!("kubernetes"), &json!("prod"))
    );
    let one = format!("{}/{}", resources("distributedtask"), made["id"]);
    assert_eq!(bench.get(&one)["namespace"], "ns");
    assert_eq!(bench.call(&format!("POST {}", resources("distributedtask")), web).0, 409);
    let strange = json!({ "namespace": "x", "serviceEndpointId": ANN });
    assert_eq!(bench.call(&format!("POST {}", resources("pipelines")), strange).0, 404);
    assert_eq!(bench.call(&format!("POST {}", resources("pipelines")), json!({})).0, 400);
    assert_eq!(bench.call(&format!("DELETE {one}"), Value::Null).0, 204);
    assert_eq!(bench.call(&format!("GET {one}"), Value::Null).0, 404);
}
