//! How runs and operations move through their states.

use crate::testing::Bench;
use chrono::TimeDelta;
use expect_test::expect;
use parhelion_core::Pace;
use serde_json::{Value, json};

const BUILDS: &str = "/contoso/P/_apis/build/builds";
const RUNS: &str = "/contoso/P/_apis/pipelines/1/runs";
const TWO_STAGES: &str = "stages:\n- stage: A\n  jobs:\n  - job: J\n    steps:\n    - checkout: none\n    - script: echo a\n      name: a\n- stage: B\n  jobs:\n  - job: K\n    steps:\n    - checkout: none\n    - script: echo b\n";

fn bench(yaml: &str) -> Bench {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", yaml);
    bench.define("one");
    bench
}

fn queue(bench: &Bench) -> u64 {
    let queued = bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 } }));
    assert_eq!(queued["status"], "notStarted");
    queued["id"].as_u64().unwrap()
}

/// `status/result` of a build, and `state` of the run.
fn stands(bench: &Bench, id: u64) -> String {
    let build = bench.get(&format!("{BUILDS}/{id}"));
    let run = bench.get(&format!("{RUNS}/{id}"));
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    assert_eq!(build.get("finishTime").is_some(), build["status"] == "completed");
    format!(
        "{}/{} {}/{}",
        text(&build["status"]),
        text(&build["result"]),
        text(&run["state"]),
        text(&run["result"])
    )
}

/// `name state/result` of each record that is no phase.
fn records(bench: &Bench, id: u64) -> String {
    let timeline = bench.get(&format!("{BUILDS}/{id}/timeline"));
    let rows = timeline["records"].as_array().unwrap().iter().filter(|r| r["type"] != "Phase");
    rows.map(|r| {
        let text = |m: &str| r[m].as_str().unwrap_or("-").to_owned();
        let log = if r.get("log").is_some() { " log" } else { "" };
        format!(
            "{} {} {}/{} #{}{log}\n",
            text("type"),
            text("name"),
            text("state"),
            text("result"),
            r["attempt"]
        )
    })
    .collect()
}

#[test]
fn steps_by_hand_move_a_run_one_by_one() {
    let bench = bench(TWO_STAGES);
    bench.pace("step", Pace::Manual);
    let id = queue(&bench);
    assert_eq!(stands(&bench, id), "inProgress/- inProgress/-");
    expect![[r#"
        Stage A inProgress/- #1
        Job J inProgress/- #1
        Task Initialize job inProgress/- #1
        Task CmdLine pending/- #1
        Task Finalize Job pending/- #1
        Stage B pending/- #1
        Job K pending/- #1
        Task Initialize job pending/- #1
        Task CmdLine pending/- #1
        Task Finalize Job pending/- #1
    "#]]
    .assert_eq(&records(&bench, id));
    assert_eq!(bench.get(&format!("{BUILDS}/{id}/logs"))["count"], 0);
    assert_eq!(bench.send("GET", &format!("{BUILDS}/{id}/logs/1"), &[], "").status, 404);
    for _ in 0..4 {
        assert!(bench.step(None).unwrap().starts_with("step:"));
    }
    expect![[r#"
        Stage A completed/succeeded #1
        Job J completed/succeeded #1
        Task Initialize job completed/succeeded #1 log
        Task CmdLine completed/succeeded #1 log
        Task Finalize Job completed/succeeded #1 log
        Stage B inProgress/- #1
        Job K inProgress/- #1
        Task Initialize job completed/succeeded #1 log
        Task CmdLine inProgress/- #1
        Task Finalize Job pending/- #1
    "#]]
    .assert_eq(&records(&bench, id));
    assert_eq!(bench.get(&format!("{BUILDS}/{id}/logs"))["count"], 4);
    assert!(bench.step(Some(&id.to_string())).is_some());
    assert!(bench.step(Some(&format!("run:{id}"))).is_some());
    assert_eq!(stands(&bench, id), "completed/succeeded completed/succeeded");
    assert_eq!(bench.step(None), None);
    assert_eq!(bench.step(Some("7")), None);
    assert_eq!(bench.step(Some("nothing")), None);
}

#[test]
fn time_moves_a_run() {
    let bench = bench(TWO_STAGES);
    bench.pace("run", Pace::After(TimeDelta::seconds(10)));
    bench.pace("job", Pace::After(TimeDelta::seconds(5)));
    bench.pace("step", Pace::After(TimeDelta::seconds(2)));
    let id = queue(&bench);
    assert_eq!(stands(&bench, id), "notStarted/- inProgress/-");
    bench.advance(9);
    assert_eq!(stands(&bench, id), "notStarted/- inProgress/-");
    bench.advance(1);
    assert_eq!(stands(&bench, id), "inProgress/- inProgress/-");
    // Two stages of a job of three steps each, one after the other: 2 * (5 + 3 * 2) seconds.
    bench.advance(21);
    assert_eq!(stands(&bench, id), "inProgress/- inProgress/-");
    bench.advance(1);
    assert_eq!(stands(&bench, id), "completed/succeeded completed/succeeded");
    let build = bench.get(&format!("{BUILDS}/{id}"));
    for (member, expected) in [
        ("queueTime", "2026-01-01T00:00:00Z"),
        ("startTime", "2026-01-01T00:00:10Z"),
        ("finishTime", "2026-01-01T00:00:32Z"),
    ] {
        assert_eq!(build[member], expected, "{member}");
    }
    let log = bench.send("GET", &format!("{BUILDS}/{id}/logs/2"), &[("accept", "text/plain")], "").body;
    assert!(log.starts_with("2026-01-01T00:00:17.0000000Z ##[section]Starting: CmdLine\n"), "{log}");
    assert!(log.ends_with("2026-01-01T00:00:19.0000000Z ##[section]Finishing: CmdLine\n"), "{log}");
}

#[test]
fn jobs_without_dependencies_run_together_and_others_wait() {
    let yaml = "jobs:\n- job: A\n  steps: [{ checkout: none }]\n- job: B\n  steps: [{ checkout: none }]\n- job: C\n  dependsOn: [A, B]\n  steps: [{ checkout: none }]\n";
    let bench = bench(yaml);
    bench.pace("job", Pace::Manual);
    let id = queue(&bench);
    let jobs = || {
        let all = records(&bench, id);
        all.lines().filter(|l| l.starts_with("Job")).map(str::to_owned).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(jobs(), "Job A pending/- #1; Job B pending/- #1; Job C pending/- #1");
    assert!(bench.step(None).unwrap().starts_with("job:"));
    assert_eq!(jobs(), "Job A completed/succeeded #1; Job B pending/- #1; Job C pending/- #1");
    bench.step(None).unwrap();
    bench.step(None).unwrap();
    assert_eq!(stands(&bench, id), "completed/succeeded completed/succeeded");
}

#[test]
fn a_run_at_work_is_cancelled() {
    let bench = bench(TWO_STAGES);
    bench.pace("step", Pace::Manual);
    let id = queue(&bench);
    bench.step(None);
    let answer = bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": "Cancelling" }));
    assert_eq!((&answer["status"], answer.get("result")), (&json!("cancelling"), None));
    assert_eq!(stands(&bench, id), "completed/canceled completed/canceled");
    expect![[r#"
        Stage A completed/canceled #1
        Job J completed/canceled #1
        Task Initialize job completed/succeeded #1 log
        Task CmdLine completed/canceled #1 log
        Task Finalize Job completed/succeeded #1 log
        Stage B completed/skipped #1
    "#]]
    .assert_eq(&records(&bench, id));
    assert_eq!(bench.step(None), None);
    expect![[r#"
        run.started: run 20260101.1 of pipeline one was started on refs/heads/main at {}: 2 stages, 2 jobs, simulated [Ok]
        run.changed: the run is in progress [Ok]
        run.changed: step was stepped by hand [Ok]
        run.changed: the run was told to end: what it was at is canceled [Ok]
        run.finished: the run is completed: canceled [Skipped]
    "#]]
    .assert_eq(&without_ids(&bench.facts(&["run.started", "run.changed", "run.finished"])));
    expect![[r#"
        job.started: job J began [Ok]
        step.finished: step Initialize job of job J is completed: succeeded [Ok]
        step.finished: step CmdLine of job J is completed: canceled [Skipped]
        step.finished: step Finalize Job of job J is completed: succeeded [Ok]
        job.finished: job J is completed: canceled [Skipped]
    "#]]
    .assert_eq(&bench.facts(&["job.started", "job.finished", "step.finished"]));
}

/// Facts without commits and records.
fn without_ids(facts: &str) -> String {
    let commit = |w: &str| {
        let hex: String = w.chars().take_while(char::is_ascii_hexdigit).collect();
        if hex.len() == 40 { w.replace(&hex, "{}") } else { w.to_owned() }
    };
    let line = |l: &str| {
        l.split(' ')
            .map(|w| match w.split_once(':') {
                Some((kind @ ("step" | "job"), id)) if id.len() == 36 => kind.to_owned(),
                _ => commit(w),
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    facts.lines().map(|l| line(l) + "\n").collect()
}

#[test]
fn a_cancellation_takes_as_long_as_the_runs_pace_says() {
    let bench = bench(TWO_STAGES);
    bench.pace("run", Pace::Manual);
    let id = queue(&bench);
    assert_eq!(stands(&bench, id), "notStarted/- inProgress/-");
    bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": 4 }));
    assert_eq!(stands(&bench, id), "cancelling/- canceling/-");
    let again = bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": "cancelling" }));
    assert_eq!(again["status"], "cancelling");
    let stand = bench.world.standing("azure-devops", "contoso", &format!("run:{id}"));
    let facts: Vec<&str> = stand.iter().map(|e| e.fact.as_str()).collect();
    assert_eq!(
        facts,
        ["it waits for the end of the run's cancellation, which stands until it is stepped by hand"]
    );
    assert_eq!(bench.step(None).unwrap(), format!("run:{id}"));
    assert_eq!(stands(&bench, id), "completed/canceled completed/canceled");
    assert!(bench.world.standing("azure-devops", "contoso", &format!("run:{id}")).is_empty());
}

#[test]
fn cancelling_what_is_over_changes_nothing_and_says_so() {
    let bench = bench(TWO_STAGES);
    let id = queue(&bench);
    let answer = bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": "cancelling" }));
    assert_eq!((&answer["status"], &answer["result"]), (&json!("completed"), &json!("succeeded")));
    let told = bench.facts(&["run.changed"]);
    assert!(told.contains("nothing was cancelled: the run is completed already"), "{told}");
}

#[test]
fn what_did_not_go_well_is_run_again() {
    let bench = bench(TWO_STAGES);
    bench.pace("step", Pace::Manual);
    let id = queue(&bench);
    bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": "cancelling" }));
    let before = bench.get(&format!("{BUILDS}/{id}/timeline"));
    bench.pace("step", Pace::Immediate);
    for body in [json!({ "id": id }), json!({ "status": "cancelling" })] {
        let (status, answer) = bench.call(&format!("PATCH {BUILDS}/{id}?retry=true"), body);
        assert_eq!(
            (status, answer["message"].as_str().unwrap()),
            (400, "The request body must be empty when the retry parameter is specified.")
        );
    }
    let answer = bench.ok(&format!("PATCH {BUILDS}/{id}?retry=true"), Value::Null);
    assert_eq!((&answer["status"], answer.get("result")), (&json!("inProgress"), None));
    assert_eq!(stands(&bench, id), "completed/succeeded completed/succeeded");
    expect![[r#"
        Stage A completed/succeeded #2
        Job J completed/succeeded #2
        Task Initialize job completed/succeeded #1 log
        Task CmdLine completed/succeeded #1 log
        Task Finalize Job completed/succeeded #1 log
        Stage B completed/succeeded #1
        Job K completed/succeeded #1
        Task Initialize job completed/succeeded #1 log
        Task CmdLine completed/succeeded #1 log
        Task Finalize Job completed/succeeded #1 log
    "#]]
    .assert_eq(&records(&bench, id));
    let after = bench.get(&format!("{BUILDS}/{id}/timeline"));
    let attempt = &after["records"][0]["previousAttempts"][0];
    assert_eq!((&attempt["attempt"], &attempt["recordId"]), (&json!(1), &before["records"][0]["id"]));
    let (status, answer) = bench.call(&format!("PATCH {BUILDS}/{id}?retry=true"), json!({}));
    assert_eq!((status, answer["typeKey"].as_str().unwrap()), (400, "InvalidBuildException"));
}

#[test]
fn a_stage_is_cancelled_and_run_again_with_what_depends_on_it() {
    let yaml = "stages:\n- stage: A\n  jobs: [{ job: J, steps: [{ checkout: none }] }]\n- stage: B\n  jobs: [{ job: K, steps: [{ checkout: none }] }]\n- stage: C\n  dependsOn: []\n  jobs: [{ job: L, steps: [{ checkout: none }] }]\n";
    let bench = bench(yaml);
    bench.pace("job", Pace::Manual);
    let id = queue(&bench);
    let stage = |name: &str, body: Value| {
        // The Python client leaves the project out.
        let path = format!("/contoso/_apis/build/builds/{id}/stages/{name}");
        let answer = bench.send("PATCH", &path, &[], body.to_string());
        answer.status
    };
    let stages = || {
        let all = records(&bench, id);
        all.lines()
            .filter(|l| l.starts_with("Stage"))
            .map(|l| l[6..].to_owned())
            .collect::<Vec<_>>()
            .join("; ")
    };
    assert_eq!(stages(), "A inProgress/- #1; B pending/- #1; C inProgress/- #1");
    assert_eq!(stage("a", json!({ "state": "cancel" })), 204);
    assert_eq!(stages(), "A completed/canceled #1; B completed/skipped #1; C inProgress/- #1");
    assert_eq!(stage("C", json!({ "state": "retry" })), 400);
    bench.pace("job", Pace::Immediate);
    bench.step(None);
    assert_eq!(stands(&bench, id), "completed/canceled completed/canceled");
    assert_eq!(stage("A", json!({ "state": "cancel" })), 204);
    assert_eq!(stage("A", json!({ "state": 1 })), 204);
    assert_eq!(stages(), "A completed/succeeded #2; B completed/succeeded #1; C completed/succeeded #1");
    assert_eq!(stands(&bench, id), "completed/succeeded completed/succeeded");
    assert_eq!(stage("C", json!({ "state": "retry" })), 400);
    assert_eq!(stage("C", json!({ "state": "retry", "forceRetryAllJobs": true })), 204);
    assert_eq!(stages(), "A completed/succeeded #2; B completed/succeeded #1; C completed/succeeded #2");
    assert_eq!((stage("nope", json!({ "state": "cancel" })), stage("A", json!({}))), (404, 400));
    assert_eq!(stage("A", json!({ "state": "stop" })), 400);
}

#[test]
fn a_build_at_work_is_deleted() {
    let bench = bench(TWO_STAGES);
    bench.pace("step", Pace::After(TimeDelta::seconds(1)));
    let id = queue(&bench);
    assert_eq!(bench.send("DELETE", &format!("{BUILDS}/{id}"), &[], "").status, 204);
    assert_eq!(bench.send("GET", &format!("{BUILDS}/{id}"), &[], "").status, 404);
    bench.advance(60);
    assert!(!bench.facts(&["run.finished"]).contains("succeeded"));
    assert_eq!(bench.get(BUILDS)["count"], 0);
    let deleted = bench.get(&format!("{BUILDS}?deletedFilter=onlyDeleted"));
    let one = &deleted["value"][0];
    assert_eq!((&one["deleted"], &one["result"]), (&json!(true), &json!("canceled")));
    assert_eq!(one["deletedDate"], "2026-01-01T00:00:00Z");
}

#[test]
fn a_run_that_is_under_way_survives_a_snapshot() {
    let bench = bench(TWO_STAGES);
    bench.pace("step", Pace::After(TimeDelta::seconds(1)));
    let id = queue(&bench);
    bench.advance(2);
    let kept = bench.world.checkpoint();
    let store = bench.store();
    let back: crate::store::AzureDevOpsStore =
        serde_json::from_value(serde_json::to_value(&store).unwrap()).unwrap();
    assert!(back == store);
    bench.advance(60);
    assert_eq!(stands(&bench, id), "completed/succeeded completed/succeeded");
    bench.world.restore(&kept, parhelion_state::Scope::World);
    assert_eq!(stands(&bench, id), "inProgress/- inProgress/-");
    bench.advance(60);
    assert_eq!(stands(&bench, id), "completed/succeeded completed/succeeded");
}

#[test]
fn a_published_artifact_is_there_when_its_step_is_over() {
    let bench = bench("steps:\n- checkout: none\n- publish: out\n  artifact: $(Build.BuildNumber)-bin\n");
    bench.pace("step", Pace::Manual);
    let id = queue(&bench);
    let count = || bench.get(&format!("{BUILDS}/{id}/artifacts"))["count"].clone();
    bench.step(None);
    assert_eq!(count(), 0);
    bench.step(None);
    assert_eq!(count(), 1);
    let one = bench.get(&format!("{BUILDS}/{id}/artifacts?artifactName=20260101.1-BIN"));
    assert_eq!(
        (&one["name"], &one["resource"]["type"]),
        (&json!("20260101.1-bin"), &json!("PipelineArtifact"))
    );
    let zip = one["resource"]["downloadUrl"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    let zip = bench.send("GET", zip, &[], "");
    assert_eq!((zip.status, zip.header("content-type")), (200, Some("application/zip")));
    let of_run =
        bench.get(&format!("{RUNS}/{id}/artifacts?artifactName=20260101.1-bin&$expand=signedContent"));
    assert!(of_run["signedContent"]["url"].as_str().unwrap().contains("$format=zip"));
    assert_eq!(bench.send("GET", &format!("{RUNS}/{id}/artifacts?artifactName=x"), &[], "").status, 404);
    assert_eq!(bench.send("GET", &format!("{RUNS}/{id}/artifacts"), &[], "").status, 400);
}

#[test]
fn an_operation_takes_as_long_as_its_pace_says() {
    let bench = Bench::new();
    bench.pace("operation", Pace::After(TimeDelta::seconds(5)));
    let made = bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
    let status = |of: &Value| {
        bench.get(&format!("/contoso/_apis/operations/{}", of["id"].as_str().unwrap()))["status"].clone()
    };
    let count = |filter: &str| bench.get(&format!("/contoso/_apis/projects{filter}"))["count"].clone();
    assert_eq!((made["status"].clone(), status(&made)), (json!("notSet"), json!("inProgress")));
    assert_eq!(
        (count(""), count("?stateFilter=createPending"), count("?stateFilter=all")),
        (json!(0), json!(1), json!(1))
    );
    assert_eq!(bench.get("/contoso/_apis/projects/P")["state"], "createPending");
    assert_eq!(bench.call("GET /contoso/P/_apis/build/builds", Value::Null).0, 404);
    assert_eq!(bench.call("POST /contoso/_apis/projects", json!({ "name": "p" })).0, 400);
    bench.advance(5);
    assert_eq!((status(&made), count("")), (json!("succeeded"), json!(1)));
    bench.pace("operation", Pace::Manual);
    let changed = bench.ok("PATCH /contoso/_apis/projects/P", json!({ "name": "Q" }));
    assert_eq!(
        (status(&changed), bench.get("/contoso/_apis/projects/Q")["state"].clone()),
        (json!("inProgress"), json!("wellFormed"))
    );
    let gone = bench.ok("DELETE /contoso/_apis/projects/Q", Value::Null);
    assert_eq!(count("?stateFilter=2"), 1);
    let id = format!("operation:{}", gone["id"].as_str().unwrap());
    let stand = bench.world.standing("azure-devops", "contoso", &id);
    assert_eq!(stand[0].fact, "it stands until it is stepped by hand");
    assert_eq!(bench.step(Some(&id)), Some(id));
    assert_eq!((status(&gone), status(&changed)), (json!("succeeded"), json!("inProgress")));
    assert!(bench.step(None).unwrap().starts_with("operation:"));
    assert_eq!((status(&changed), count("?stateFilter=all")), (json!("succeeded"), json!(0)));
    assert!(bench.store().projects.is_empty() && bench.store().repositories.is_empty());
}
