//! What steps say, and what becomes of it.

use super::outcomes::{BUILDS, behave, bench, of, queue, record, result};
use crate::testing::Bench;
use chrono::TimeDelta;
use parhelion_core::Pace;
use serde_json::{Value, json};

/// The lines of the log of the step of this name, without their times.
pub(super) fn log(bench: &Bench, id: u64, step: &str) -> Vec<String> {
    let log = record(bench, id, "Task", step)["log"]["id"].clone();
    let lines = bench.get(&format!("{BUILDS}/{id}/logs/{log}"));
    let text = |line: &Value| line.as_str().unwrap().split_once(' ').unwrap().1.to_owned();
    lines["value"].as_array().unwrap().iter().map(text).collect()
}

/// What a step's outcome added to its log.
fn said(bench: &Bench, id: u64, step: &str) -> Vec<String> {
    let mut lines = log(bench, id, step);
    let from = lines.iter().position(|l| l == "Script contents:").unwrap() + 2;
    lines.pop();
    lines.split_off(from)
}

fn speak(bench: &Bench, step: &str, lines: &[&str]) {
    behave(bench, step, &[("step", step)], "succeed", json!({ "log": lines }));
}

#[test]
fn variables_and_outputs_reach_those_that_come_after() {
    let yaml = "variables: { v: old, parhelion.other: 1 }\njobs:\n- job: A\n  steps:\n  - checkout: none\n  - script: echo $(v)\n    name: set\n    displayName: first\n  - script: echo $(v) $(set.out) $(missing)\n    displayName: second\n  - script: x\n    displayName: third\n    condition: eq(variables['set.out'], 'o')\n- job: B\n  dependsOn: A\n  condition: eq(dependencies.A.outputs['set.out'], 'o')\n  variables:\n    got: $[ dependencies.A.outputs['set.out'] ]\n  steps:\n  - checkout: none\n  - script: echo $(v) $(got)\n    displayName: fourth\n";
    let bench = bench(yaml);
    speak(
        &bench,
        "first",
        &[
            "plain",
            "##vso[task.setvariable variable=v]new",
            "text ##vso[Task.SetVariable Variable=out;isOutput=true]o",
            "##[group]shown as it is",
        ],
    );
    let id = queue(&bench);
    assert_eq!(of(&bench, id, "Job"), "A:succeeded B:succeeded");
    assert_eq!(said(&bench, id, "first"), ["plain", "##[group]shown as it is"]);
    // A step does not see what it sets itself; another job sees outputs alone.
    assert!(log(&bench, id, "first").contains(&"echo old".to_owned()));
    assert!(log(&bench, id, "second").contains(&"echo new o $(missing)".to_owned()));
    assert!(log(&bench, id, "fourth").contains(&"echo old o".to_owned()));
    assert_eq!(record(&bench, id, "Task", "third")["result"], "succeeded");
}

#[test]
fn secrets_are_masked_wherever_they_are_said() {
    let yaml =
        "steps:\n- checkout: none\n- script: x\n  displayName: a\n- script: echo $(s)\n  displayName: b\n";
    let bench = bench(yaml);
    speak(
        &bench,
        "a",
        &[
            "before tiger",
            "##vso[task.setvariable variable=s;issecret=true]tiger",
            "##vso[task.setsecret]lion",
            "after tiger and lion",
            "##vso[task.logissue type=warning]a tiger",
            "##vso[task.setvariable variable=t;issecret=true]a%0Ab",
        ],
    );
    speak(&bench, "b", &["tigerlion"]);
    let id = queue(&bench);
    let a = said(&bench, id, "a");
    assert_eq!(a[..3], ["before tiger", "after *** and ***", "##[warning]a ***"]);
    // OBSERVED: the agent's text, and that such a command fails its step.
    assert_eq!(a[4], "##[error]Secrets cannot contain multiple lines");
    assert_eq!(record(&bench, id, "Task", "a")["result"], "failed");
    assert!(!log(&bench, id, "a")[5..].join("\n").replace("before tiger", "").contains("tiger"));
    assert_eq!(record(&bench, id, "Task", "a")["issues"][0]["message"], "a ***");
    assert!(!bench.dump(false).to_string().replace("before tiger", "").contains("tiger"));
    behave(
        &bench,
        "a",
        &[("step", "a")],
        "succeed",
        json!({
            "log": ["##vso[task.setvariable variable=s;issecret=true]tiger"]
        }),
    );
    let id = queue(&bench);
    assert_eq!(said(&bench, id, "b"), ["***lion"]);
    assert!(log(&bench, id, "b").contains(&"echo ***".to_owned()));
}

#[test]
fn issues_and_results_are_what_the_commands_say() {
    let yaml = "steps:\n- checkout: none\n- script: x\n  displayName: a\n- script: x\n  displayName: b\n  condition: always()\n- script: x\n  displayName: c\n  condition: always()\n  continueOnError: true\n";
    let bench = bench(yaml);
    let mut many =
        vec!["##vso[task.logissue type=error;sourcepath=a.c;linenumber=3;columnnumber=4;code=E1]bad"];
    many.extend(["##vso[task.logissue type=warning]meh"; 12]);
    many.push("##vso[task.complete result=SucceededWithIssues]done");
    speak(&bench, "a", &many);
    speak(
        &bench,
        "b",
        &["##vso[task.complete result=what]", "##vso[task.nothing]", "##vso[no.thing]", "##vso[broken"],
    );
    speak(&bench, "c", &["##vso[task.complete result=Failed]"]);
    let id = queue(&bench);
    let a = record(&bench, id, "Task", "a");
    assert_eq!(
        (&a["errorCount"], &a["warningCount"], &a["result"]),
        (&json!(1), &json!(12), &json!("succeededWithIssues"))
    );
    // OBSERVED: a record shows ten of a kind.
    assert_eq!(a["issues"].as_array().unwrap().len(), 11);
    assert_eq!(a["issues"][0]["message"], "a.c(3,4): error E1: bad");
    assert_eq!(
        (&a["issues"][0]["category"], &a["issues"][0]["data"]["code"]),
        (&json!("Code"), &json!("E1"))
    );
    assert_eq!(said(&bench, id, "a")[0], "##[error]a.c(3,4): error E1: bad");
    let b = said(&bench, id, "b").join("\n");
    for text in [
        "Unable to process command '##vso[task.complete result=what]' successfully.",
        "##[error]Command doesn't have valid result value.",
        "##[error]##vso[task.nothing] is not a recognized command for task command extension.",
        "##[warning]Cannot find command extension for ##vso[no.command].",
        "##[warning]'##vso[broken' contains logging command keyword '##vso', but it's not a legal command.",
    ] {
        assert!(b.contains(text), "{text} in\n{b}");
    }
    assert_eq!(record(&bench, id, "Task", "b")["result"], "failed");
    assert_eq!(record(&bench, id, "Task", "c")["result"], "succeededWithIssues");
    assert_eq!(result(&bench, id), "failed");
}

#[test]
fn the_build_gets_tags_a_number_and_artifacts() {
    let yaml = "steps:\n- checkout: none\n- script: x\n  displayName: a\n- script: echo $(Build.BuildNumber)\n  displayName: b\n";
    let bench = bench(yaml);
    speak(
        &bench,
        "a",
        &[
            "##vso[build.addbuildtag] one ",
            "##vso[build.addbuildtag]ONE",
            "##vso[build.updatebuildnumber]7.1",
            "##vso[artifact.upload containerfolder=f;artifactname=up]/tmp/x",
            "##vso[artifact.associate type=filepath;artifactname=at;artifacttype=filepath;a=b]\\\\\\\\host\\\\share",
            "##vso[build.uploadlog]/tmp/log",
            "##vso[task.uploadsummary]/tmp/s.md",
            "##vso[task.prependpath]/opt/tool",
            "##vso[task.logdetail id=00000000-0000-0000-0000-000000000001;name=part;type=build;order=1;progress=30]at it",
            "##vso[task.logdetail id=00000000-0000-0000-0000-000000000001;state=Completed;result=Succeeded]",
        ],
    );
    let id = queue(&bench);
    let build = bench.get(&format!("{BUILDS}/{id}"));
    assert_eq!(
        (&build["buildNumber"], &build["tags"], &build["result"]),
        (&json!("7.1"), &json!(["one"]), &json!("succeeded"))
    );
    assert!(log(&bench, id, "b").contains(&"echo 7.1".to_owned()));
    let artifacts = bench.get(&format!("{BUILDS}/{id}/artifacts"));
    assert_eq!(artifacts["count"], 2);
    assert_eq!(artifacts["value"][0]["resource"]["data"], "#/1/f");
    assert_eq!(artifacts["value"][1]["resource"]["properties"]["a"], "b");
    let details = record(&bench, id, "Task", "a")["details"]["id"].as_str().unwrap().to_owned();
    let parts = bench.get(&format!("{BUILDS}/{id}/timeline/{details}"));
    assert_eq!(
        (&parts["records"][0]["name"], &parts["records"][0]["state"]),
        (&json!("part"), &json!("completed"))
    );
    assert_eq!(parts["records"][0]["result"], "succeeded");
}

#[test]
fn plain_echo_lines_count_where_the_pipeline_says_so() {
    let steps = "steps:\n- checkout: none\n- bash: |\n    set -e\n    echo \"##vso[task.setvariable variable=a;isOutput=true]$(b)\"\n    echo \"$HOME\"\n  name: s\n- script: echo $(s.a)\n  displayName: after\n";
    for (variables, want) in
        [("{ b: 1, parhelion.interpretEcho: true }", "echo 1"), ("{ b: 1 }", "echo $(s.a)")]
    {
        let bench = bench(&format!("variables: {variables}\n{steps}"));
        let id = queue(&bench);
        assert!(log(&bench, id, "after").contains(&want.to_owned()), "{:?}", log(&bench, id, "after"));
    }
}

#[test]
fn outcomes_set_variables_and_a_failure_is_tried_again() {
    let yaml = "steps:\n- checkout: none\n- script: x\n  displayName: a\n  retryCountOnTaskFailure: 2\n- script: echo $(v)\n  displayName: b\n";
    let bench = bench(yaml);
    let matches = [("step".to_owned(), "a".to_owned())].into();
    let outcome = |outcome: &str, members: Value| parhelion_state::ScriptedOutcome {
        outcome: outcome.to_owned(),
        members: members.as_object().cloned().unwrap(),
    };
    let outcomes = vec![
        outcome("fail", json!({ "log": ["one"] })),
        outcome("succeed", json!({ "log": ["two"], "variables": { "v": "set" } })),
        outcome("fail", json!({})),
    ];
    bench.world.edit_script(|script| script.put_behaviour("a", matches, outcomes)).unwrap();
    let id = queue(&bench);
    assert_eq!(result(&bench, id), "succeeded");
    let retry =
        "##[warning]RetryHelper encountered task failure, will retry (attempt #: 1 out of 2) after 1000 ms";
    assert_eq!(said(&bench, id, "a"), ["one", retry, "two"]);
    assert_eq!(record(&bench, id, "Task", "a")["warningCount"], 1);
    assert!(log(&bench, id, "b").contains(&"echo set".to_owned()));
    // One that always fails ends.
    let id = queue(&bench);
    assert_eq!(result(&bench, id), "failed");
    assert_eq!(record(&bench, id, "Task", "a")["warningCount"], 2);
}

#[test]
fn a_steps_own_time_limit_fails_it() {
    let yaml = "steps:\n- checkout: none\n- script: x\n  displayName: a\n  timeoutInMinutes: 2\n- script: x\n  displayName: b\n  condition: failed()\n";
    let bench = bench(yaml);
    behave(&bench, "a", &[("step", "a")], "hang", json!({}));
    let id = queue(&bench);
    bench.advance(119);
    assert_eq!(result(&bench, id), "-");
    bench.advance(1);
    assert_eq!(result(&bench, id), "failed");
    assert_eq!(record(&bench, id, "Task", "a")["issues"][0]["message"], "The task has timed out.");
    assert_eq!(record(&bench, id, "Task", "b")["result"], "succeeded");
    bench.pace("step", Pace::After(TimeDelta::seconds(1)));
}
