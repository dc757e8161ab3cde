//! What behaviours say of jobs and steps, and what conditions make of it.

use crate::testing::Bench;
use chrono::TimeDelta;
use parhelion_core::Pace;
use parhelion_state::ScriptedOutcome;
use serde_json::{Value, json};

pub(super) const BUILDS: &str = "/contoso/P/_apis/build/builds";

pub(super) fn bench(yaml: &str) -> Bench {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", yaml);
    bench.define("one");
    bench
}

pub(super) fn behave(bench: &Bench, name: &str, matches: &[(&str, &str)], outcome: &str, members: Value) {
    let matches = matches.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let members = members.as_object().cloned().unwrap_or_default();
    let outcomes = vec![ScriptedOutcome { outcome: outcome.to_owned(), members }];
    bench.world.edit_script(|script| script.put_behaviour(name, matches, outcomes)).unwrap();
}

/// Queues a run; its id.
pub(super) fn queue(bench: &Bench) -> u64 {
    bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 } }))["id"].as_u64().unwrap()
}

pub(super) fn result(bench: &Bench, id: u64) -> String {
    let build = bench.get(&format!("{BUILDS}/{id}"));
    build["result"].as_str().unwrap_or("-").to_owned()
}

/// `name:result` of the records of a type.
pub(super) fn of(bench: &Bench, id: u64, kind: &str) -> String {
    let timeline = bench.get(&format!("{BUILDS}/{id}/timeline"));
    let rows = timeline["records"].as_array().unwrap().iter().filter(|r| r["type"] == kind);
    let text = |r: &Value, m: &str| r[m].as_str().unwrap_or("-").to_owned();
    rows.map(|r| format!("{}:{}", text(r, "name"), text(r, "result"))).collect::<Vec<_>>().join(" ")
}

pub(super) fn record(bench: &Bench, id: u64, kind: &str, name: &str) -> Value {
    let timeline = bench.get(&format!("{BUILDS}/{id}/timeline"));
    let mut rows = timeline["records"].as_array().unwrap().iter();
    rows.find(|r| r["type"] == kind && r["name"] == name).unwrap().clone()
}

/// Each cell of the table in section 6, of jobs and of stages.
#[test]
fn conditions_follow_the_table() {
    const CONDITIONS: [&str; 5] =
        ["succeeded()", "failed()", "succeededOrFailed()", "always()", "not(canceled())"];
    // What A comes to, what B comes to, and the row.
    let rows = [
        ("-", "-", "TFTTT"),
        ("", "", "TFTTT"),
        ("succeed_with_issues", "", "TFTTT"),
        ("", "skip", "FFTTT"),
        ("fail", "skip", "FTTTT"),
        ("skip", "skip", "FFFTT"),
        ("", "fail", "FTTTT"),
        ("fail", "fail", "FTTTT"),
        ("", "abandon", "FFFTT"),
        ("", "cancel", "FFFTF"),
    ];
    for (a, b, row) in rows {
        for (condition, cell) in CONDITIONS.iter().zip(row.chars()) {
            let own = |outcome: &str| if outcome == "abandon" { ", condition: \"lt(1, 'x')\"" } else { "" };
            let on = if a == "-" { "[]" } else { "[A, B]" };
            let steps = "steps: [{ checkout: none }, { script: x }]";
            for stages in [false, true] {
                let one = |name: &str, rest: &str| {
                    if stages {
                        format!("- {{ stage: {name}{rest}, jobs: [{{ job: {name}j, {steps} }}] }}\n")
                    } else {
                        format!("- {{ job: {name}{rest}, {steps} }}\n")
                    }
                };
                let none = ", dependsOn: []";
                let text = format!(
                    "{}:\n{}{}{}",
                    if stages { "stages" } else { "jobs" },
                    one("A", &format!("{none}{}", own(a))),
                    one("B", &format!("{none}{}", own(b))),
                    one("C", &format!(", dependsOn: {on}, condition: \"{condition}\"")),
                );
                let bench = bench(&text);
                for (name, outcome) in [("A", a), ("B", b)] {
                    if !["-", "", "abandon"].contains(&outcome) {
                        let job = format!("{name}{}", if stages { "j" } else { "" });
                        behave(&bench, name, &[("job", &job)], outcome, json!({}));
                    }
                }
                let id = queue(&bench);
                let kind = if stages { "Stage" } else { "Job" };
                let want = if cell == 'T' { "succeeded" } else { "skipped" };
                let all = of(&bench, id, kind);
                assert!(all.ends_with(&format!("C:{want}")), "{text}: {a} {b}: {all}, not {cell}");
            }
        }
    }
}

#[test]
fn names_and_outputs_are_seen_by_conditions() {
    let yaml = "stages:\n- stage: S\n  variables: { who: me }\n  jobs:\n  - job: A\n    steps:\n    - checkout: none\n    - script: x\n      name: set\n  - job: B\n    dependsOn: A\n    condition: eq(dependencies.a.outputs['set.v'], '1')\n    steps: [{ checkout: none }]\n  - job: C\n    dependsOn: A\n    condition: failed('A')\n    steps: [{ checkout: none }]\n  - job: D\n    dependsOn: A\n    condition: succeeded('other')\n    steps: [{ checkout: none }]\n  - job: E\n    variables: { who: you }\n    condition: and(eq(variables.WHO, 'you'), eq(variables['Build.Reason'], 'Manual'))\n    steps: [{ checkout: none }]\n- stage: T\n  condition: and(eq(dependencies.S.outputs['A.set.v'], '1'), eq(dependencies.S.result, 'Succeeded'))\n  jobs:\n  - job: F\n    condition: eq(stageDependencies.S.A.outputs['set.v'], '2')\n    steps: [{ checkout: none }]\n  - job: G\n    condition: eq(stageDependencies.S.A.result, 'Succeeded')\n    steps: [{ checkout: none }]\n";
    let bench = bench(yaml);
    behave(
        &bench,
        "b",
        &[("step", "set"), ("pipeline", "one")],
        "succeed",
        json!({ "outputs": { "v": "1" } }),
    );
    let id = queue(&bench);
    assert_eq!(
        of(&bench, id, "Job"),
        "A:succeeded B:succeeded C:skipped D:skipped E:succeeded F:skipped G:succeeded"
    );
    assert_eq!(of(&bench, id, "Stage"), "S:succeeded T:succeeded");
    let why = "its condition failed('A') does not hold: A is Succeeded";
    assert_eq!(record(&bench, id, "Job", "C")["resultCode"], why);
    let told = bench.facts(&["job.finished"]);
    assert!(told.contains(&format!("job C is completed: skipped: {why} [Skipped]")), "{told}");
}

#[test]
fn a_condition_that_cannot_be_told_gives_up_a_job_and_fails_a_step() {
    let bench = bench(
        "jobs:\n- job: A\n  condition: lt(1, 'x')\n  steps: [{ checkout: none }]\n- job: B\n  steps:\n  - checkout: none\n  - script: x\n    displayName: s\n    condition: lt(1, variables['Build.Reason'])\n",
    );
    let id = queue(&bench);
    assert_eq!((of(&bench, id, "Job"), result(&bench, id)), ("A:abandoned B:failed".into(), "failed".into()));
    let step = record(&bench, id, "Task", "s");
    assert_eq!((&step["result"], &step["errorCount"]), (&json!("failed"), &json!(1)));
    let said = step["issues"][0]["message"].as_str().unwrap();
    assert!(said.contains("Unable to convert from String to Number. Value: 'Manual'"), "{said}");
}

#[test]
fn steps_go_on_as_their_conditions_say() {
    let bench = bench(
        "steps:\n- checkout: none\n- script: x\n  displayName: a\n- script: x\n  displayName: b\n- script: x\n  displayName: c\n  condition: failed()\n- script: x\n  displayName: d\n  condition: eq(variables['Agent.JobStatus'], 'Failed')\n- script: x\n  displayName: e\n  condition: always()\n  enabled: false\n- script: x\n  displayName: f\n  condition: always()\n",
    );
    behave(
        &bench,
        "b",
        &[("step", "2")],
        "fail",
        json!({ "log": ["oh"], "issues": [
        { "type": "error", "message": "broken" }, { "type": "warning", "message": "old" },
    ] }),
    );
    let id = queue(&bench);
    assert_eq!(
        of(&bench, id, "Task"),
        "Initialize job:succeeded a:failed b:skipped c:succeeded d:succeeded e:skipped f:succeeded Finalize Job:succeeded"
    );
    assert_eq!((of(&bench, id, "Stage"), result(&bench, id)), ("__default:failed".into(), "failed".into()));
    let step = record(&bench, id, "Task", "a");
    assert_eq!((&step["errorCount"], &step["warningCount"]), (&json!(1), &json!(1)));
    let log = bench.get(&format!("{BUILDS}/{id}/logs/{}", step["log"]["id"]));
    let lines: Vec<&str> =
        log["value"].as_array().unwrap().iter().map(|l| &l.as_str().unwrap()[29..]).collect();
    assert!(
        lines.ends_with(&["oh", "##[error]broken", "##[warning]old", "##[section]Finishing: a"]),
        "{lines:?}"
    );
    assert_eq!(record(&bench, id, "Task", "e")["resultCode"], "it is not enabled");
    let used = bench.facts(&["behaviour.used"]);
    assert_eq!(used, "behaviour.used: behaviour \"b\" says how this attempt comes out: fail\n");
}

#[test]
fn a_failure_tells_its_code_and_message() {
    let bench = bench("steps:\n- script: x\n  displayName: a\n");
    behave(&bench, "a", &[("step", "a")], "fail", json!({ "code": "E7", "message": "no more room" }));
    let id = queue(&bench);
    let step = record(&bench, id, "Task", "a");
    assert_eq!(step["issues"][0]["message"], "E7: no more room");
    assert_eq!((&step["issues"][0]["type"], &step["errorCount"]), (&json!("error"), &json!(1)));
}

#[test]
fn an_error_that_is_gone_on_from_is_an_issue() {
    let yaml = "jobs:\n- job: A\n  steps:\n  - checkout: none\n  - script: x\n    displayName: a\n    continueOnError: true\n  - script: x\n- job: B\n  continueOnError: true\n  steps: [{ checkout: none }, { script: x }]\n- job: C\n  dependsOn: [A, B]\n  steps: [{ checkout: none }]\n";
    let bench = bench(yaml);
    behave(&bench, "a", &[("step", "a")], "fail", json!({}));
    behave(&bench, "b", &[("job", "B")], "fail", json!({}));
    let id = queue(&bench);
    assert_eq!(of(&bench, id, "Job"), "A:succeededWithIssues B:succeededWithIssues C:succeeded");
    assert_eq!(result(&bench, id), "partiallySucceeded");
    // What is about the job is not softened by its step.
    behave(&bench, "job", &[("job", "A"), ("attempt", "1")], "fail", json!({}));
    behave(&bench, "a", &[("step", "a"), ("job", "B")], "fail", json!({}));
    let id = queue(&bench);
    assert!(of(&bench, id, "Job").starts_with("A:failed"));
}

#[test]
fn what_hangs_is_ended_by_the_time_limit_and_by_a_cancellation() {
    let bench =
        bench("jobs:\n- job: A\n  timeoutInMinutes: 5\n  steps: [{ checkout: none }, { script: x }]\n");
    behave(&bench, "h", &[("step", "CmdLine")], "hang", json!({}));
    let id = queue(&bench);
    bench.advance(299);
    assert_eq!(result(&bench, id), "-");
    bench.advance(1);
    assert_eq!((of(&bench, id, "Job"), result(&bench, id)), ("A:canceled".into(), "canceled".into()));
    let issue = &record(&bench, id, "Task", "CmdLine")["issues"][0]["message"];
    assert!(issue.as_str().unwrap().ends_with("ran longer than the maximum time of 5 minutes."), "{issue}");
    // So is what takes longer than that; and a cancellation needs no time.
    behave(&bench, "h", &[("step", "CmdLine")], "succeed", json!({ "delay": "1h" }));
    let id = queue(&bench);
    bench.advance(60);
    bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": "cancelling" }));
    assert_eq!(result(&bench, id), "canceled");
    let id = queue(&bench);
    bench.advance(300);
    assert_eq!(result(&bench, id), "canceled");
}

#[test]
fn a_second_attempt_may_go_well_and_runs_what_waited_for_it() {
    let yaml = "stages:\n- stage: A\n  jobs:\n  - job: J\n    steps: [{ checkout: none }, { script: x }]\n  - job: K\n    steps: [{ checkout: none }]\n- stage: B\n  jobs: [{ job: L, steps: [{ checkout: none }] }]\n- stage: C\n  dependsOn: []\n  condition: failed()\n  jobs: [{ job: M, steps: [{ checkout: none }] }]\n";
    let bench = bench(yaml);
    behave(&bench, "b", &[("job", "J"), ("attempt", "1")], "fail", json!({}));
    let id = queue(&bench);
    assert_eq!(of(&bench, id, "Stage"), "A:failed B:skipped C:skipped");
    bench.ok(&format!("PATCH {BUILDS}/{id}?retry=true"), Value::Null);
    assert_eq!(of(&bench, id, "Stage"), "A:succeeded B:succeeded C:skipped");
    assert_eq!(record(&bench, id, "Job", "J")["attempt"], 2);
    assert_eq!(record(&bench, id, "Job", "K")["attempt"], 1);
    assert_eq!(result(&bench, id), "succeeded");
    // A stage that was left out by its condition is nothing to run again.
    let (status, _) = bench.call(&format!("PATCH {BUILDS}/{id}?retry=true"), Value::Null);
    assert_eq!(status, 400);
}

#[test]
fn a_matrix_runs_as_many_at_once_as_it_may() {
    let bench = bench(
        "jobs:\n- job: J\n  strategy:\n    maxParallel: 2\n    matrix: { x: { n: 1 }, y: { n: 2 }, z: { n: 3 } }\n  condition: ne(variables.n, '2')\n  steps: [{ checkout: none }, { script: x }]\n- job: K\n  dependsOn: J\n  condition: and(succeededOrFailed(), eq(dependencies.J.outputs['x.s.v'], '1'))\n  steps: [{ checkout: none }]\n",
    );
    behave(&bench, "b", &[("job", "J")], "succeed", json!({ "delay": "10s", "outputs": { "s.v": "1" } }));
    let id = queue(&bench);
    assert_eq!(of(&bench, id, "Job"), "J x:- J y:skipped J z:- K:-");
    bench.advance(10);
    assert_eq!(of(&bench, id, "Job"), "J x:succeeded J y:skipped J z:succeeded K:succeeded");
    let three = "jobs:\n- job: J\n  strategy: { maxParallel: 2, matrix: { x: { n: 1 }, y: { n: 2 }, z: { n: 3 } } }\n  steps: [{ checkout: none }, { script: x }]\n";
    let bench = self::bench(three);
    bench.pace("job", Pace::After(TimeDelta::seconds(5)));
    behave(&bench, "b", &[("step", "2")], "succeed", json!({ "delay": "10s" }));
    let id = queue(&bench);
    for (seconds, want) in [(5, "J x:- J y:- J z:-"), (10, "J x:succeeded J y:succeeded J z:-")] {
        bench.advance(seconds);
        assert_eq!(of(&bench, id, "Job"), want);
    }
    bench.advance(14);
    assert_eq!(result(&bench, id), "-");
    bench.advance(1);
    assert_eq!(result(&bench, id), "succeeded");
}

#[test]
fn hooks_of_a_deployment_follow_one_another() {
    let yaml = "jobs:\n- deployment: D\n  strategy:\n    canary:\n      preDeploy: { steps: [{ script: x, displayName: pre }] }\n      deploy: { steps: [{ script: x, displayName: dep }, { script: x, displayName: after, condition: always() }] }\n      routeTraffic: { steps: [{ script: x, displayName: route, condition: always() }] }\n      on:\n        failure: { steps: [{ script: x, displayName: bad }] }\n        success: { steps: [{ script: x, displayName: good }] }\n";
    let bench = bench(yaml);
    let tasks = |id| {
        let all = of(&bench, id, "Task");
        all.replace("Initialize job:succeeded ", "").replace(" Finalize Job:succeeded", "")
    };
    let mut went: Vec<String> = tasks(queue(&bench)).split(' ').map(str::to_owned).collect();
    went.sort();
    assert_eq!(
        went.join(" "),
        "after:succeeded bad:skipped dep:succeeded good:succeeded pre:succeeded route:succeeded"
    );
    behave(&bench, "b", &[("step", "dep")], "fail", json!({}));
    let mut went: Vec<String> = tasks(queue(&bench)).split(' ').map(str::to_owned).collect();
    went.sort();
    assert_eq!(
        went.join(" "),
        "after:succeeded bad:succeeded dep:failed good:skipped pre:succeeded route:skipped"
    );
}
