//! Checks of every other kind than approvals: branches, hours, templates, locks, tasks; and what they guard.

use super::*;
use parhelion_state::ScriptedOutcome;

/// The settings of a task check.
pub fn task(id: &str, name: &str, inputs: Value) -> Value {
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
fn hours_that_end_for_good_while_somebody_thinks_time_out() {
    let (bench, pipeline, environment) = bench_of(YAML);
    let opened = bench.world.clock.now() - chrono::TimeDelta::minutes(30);
    let hours = json!({
        "businessDays": "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday", "timeZone": "UTC",
        "startTime": opened.format("%H:%M").to_string(),
        "endTime": (opened + chrono::TimeDelta::hours(1)).format("%H:%M").to_string(),
    });
    let hours = task("445fde2f-6c39-441c-807f-8a59ff2e075f", "evaluateBusinessHours", hours);
    check(&bench, environment, TASK, hours, 50);
    check(&bench, environment, APPROVAL, approvers(&[ANN]), 6000);
    let id = run(&bench, pipeline);
    bench.advance(3600);
    answer(&bench, json!({ "approvalId": pending(&bench)[0]["id"], "status": "approved" }));
    assert!(records(&bench, id).contains(&"Stage deploy completed/skipped".to_owned()));
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
