//! What is worked out in the run: variables with `$[ … ]`, counters, a matrix, what still runs after a cancellation.

use super::{
    commands::log,
    outcomes::{BUILDS, behave, bench, of, queue, record, result},
};
use parhelion_core::Pace;
use serde_json::json;

#[test]
fn root_variables_are_worked_out_when_the_run_is_queued() {
    let yaml = "name: $(n).$(major)\nvariables:\n  major: '1'\n  n: $[ counter(variables.major, 7) ]\n  day: $[ format('{0:yyyyMMdd}', pipeline.startTime) ]\n  from: $[ resources.repositories.self.ref ]\n  wrong: $[ lt(1, 'x') ]\nsteps:\n- checkout: none\n- script: echo $(n) $(day) $(from) [$(wrong)]\n  displayName: say\n";
    let bench = bench(yaml);
    for n in 7..9 {
        let id = queue(&bench);
        let line = format!("echo {n} 20260101 refs/heads/main []");
        assert!(log(&bench, id, "say").contains(&line), "{:?}", log(&bench, id, "say"));
    }
    let told = bench.journal();
    let started = told.iter().rfind(|e| e.kind == "run.started").unwrap();
    assert_eq!(
        started.data["variables_that_could_not_be_told"],
        json!(["wrong: Unable to convert from String to Number. Value: 'x'"])
    );
    // Another prefix begins anew; a change of the definition keeps what was counted.
    bench.commit("/azure-pipelines.yml", &yaml.replace("'1'", "'2'"));
    let id = queue(&bench);
    assert!(log(&bench, id, "say")[7].starts_with("echo 7 "));
    bench.commit("/azure-pipelines.yml", yaml);
    let id = queue(&bench);
    assert!(log(&bench, id, "say")[7].starts_with("echo 9 "));
}

#[test]
fn a_matrix_is_made_of_an_earlier_output() {
    let yaml = "jobs:\n- job: A\n  steps:\n  - checkout: none\n  - script: x\n    name: m\n    displayName: make\n- job: B\n  dependsOn: A\n  strategy:\n    maxParallel: 1\n    matrix: $[ dependencies.A.outputs['m.legs'] ]\n  steps:\n  - checkout: none\n  - script: echo $(v)\n    displayName: say\n- job: C\n  dependsOn: B\n  steps: [{ checkout: none }]\n";
    let bench = bench(yaml);
    behave(
        &bench,
        "a",
        &[("step", "make")],
        "succeed",
        json!({
            "outputs": { "legs": r#"{"x":{"v":"1"},"y":{"v":2},"z":{"v":true}}"# }
        }),
    );
    let id = queue(&bench);
    assert_eq!(of(&bench, id, "Job"), "A:succeeded B x:succeeded B y:succeeded B z:succeeded C:succeeded");
    assert_eq!(of(&bench, id, "Phase").matches("B").count(), 1);
    let said = bench.script_logs(u32::try_from(id).unwrap());
    let echoed: Vec<&str> = said.iter().flatten().filter_map(|l| l.strip_prefix("echo ")).collect();
    assert_eq!(echoed, ["1", "2", "True"]);
    for (legs, why) in [
        ("{}", "its matrix has no entry"),
        ("[1]", "its matrix is no JSON object"),
        ("{", "its matrix is no JSON: "),
        (r#"{"x":1}"#, "the entry x of its matrix is no JSON object"),
    ] {
        behave(&bench, "a", &[("step", "make")], "succeed", json!({ "outputs": { "legs": legs } }));
        let id = queue(&bench);
        assert_eq!(
            (of(&bench, id, "Job").as_str(), result(&bench, id).as_str()),
            ("A:succeeded B:failed C:skipped", "failed")
        );
        let told = record(&bench, id, "Job", "B")["resultCode"].clone();
        assert!(told.as_str().unwrap().starts_with(why), "{told}");
    }
    let many: serde_json::Map<_, _> = (0..300).map(|n| (format!("l{n}"), json!({ "v": n }))).collect();
    behave(
        &bench,
        "a",
        &[("step", "make")],
        "succeed",
        json!({ "outputs": { "legs": json!(many).to_string() } }),
    );
    let id = queue(&bench);
    let told = record(&bench, id, "Job", "B")["resultCode"].clone();
    assert_eq!(
        told,
        "The matrix expansion resulted in 300 jobs which exceeds the maximum allowable job count of 256."
    );
}

#[test]
fn a_matrix_of_ten_thousand_is_refused() {
    let legs: String = (0..10_000).map(|n| format!("      l{n}: {{ v: {n} }}\n")).collect();
    let bench =
        bench(&format!("jobs:\n- job: J\n  strategy:\n    matrix:\n{legs}  steps: [{{ checkout: none }}]\n"));
    let (status, answer) = bench.call(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 } }));
    assert_eq!(status, 400);
    assert!(answer.to_string().contains("resulted in 10000 jobs which exceeds"), "{answer}");
}

#[test]
fn a_cancelled_run_does_what_is_to_be_done_in_any_case() {
    let yaml = "stages:\n- stage: A\n  jobs:\n  - job: J\n    steps:\n    - checkout: none\n    - script: x\n      displayName: one\n    - script: x\n      displayName: two\n    - script: x\n      displayName: three\n      condition: always()\n    - script: x\n      displayName: four\n      condition: canceled()\n    - script: x\n      displayName: five\n      condition: failed()\n  - job: K\n    dependsOn: J\n    condition: always()\n    steps: [{ checkout: none }]\n  - job: L\n    dependsOn: J\n    condition: succeededOrFailed()\n    steps: [{ checkout: none }]\n- stage: B\n  jobs: [{ job: M, steps: [{ checkout: none }] }]\n- stage: C\n  condition: always()\n  jobs: [{ job: N, condition: always(), steps: [{ checkout: none }] }, { job: O, steps: [{ checkout: none }] }]\n";
    let bench = bench(yaml);
    behave(&bench, "h", &[("step", "one")], "hang", json!({}));
    let id = queue(&bench);
    bench.pace("run", Pace::Manual);
    bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": "cancelling" }));
    // All of it is done; only the run itself is stepped by hand.
    let tasks = of(&bench, id, "Task");
    for want in ["one:canceled", "two:skipped", "three:succeeded", "four:succeeded", "five:skipped"] {
        assert!(tasks.contains(want), "{want} in {tasks}");
    }
    assert_eq!(of(&bench, id, "Stage"), "A:canceled B:skipped C:succeeded");
    let jobs = of(&bench, id, "Job");
    assert!(jobs.starts_with("J:canceled K:succeeded L:skipped"), "{jobs}");
    assert!(jobs.ends_with("N:succeeded O:skipped"), "{jobs}");
    assert_eq!(result(&bench, id), "-");
    bench.step(None).unwrap();
    assert_eq!(result(&bench, id), "canceled");
}

#[test]
fn a_canary_takes_its_hooks_for_each_increment() {
    let yaml = "jobs:\n- deployment: D\n  strategy:\n    canary:\n      increments: [10, 20]\n      preDeploy: { steps: [{ script: echo pre, displayName: pre }] }\n      deploy: { steps: [{ script: echo $(strategy.name) $(strategy.action) $(strategy.increment), displayName: dep }] }\n      postRouteTraffic: { steps: [{ script: echo post $(strategy.increment), displayName: post }] }\n      on:\n        success: { steps: [{ script: echo done, displayName: good }] }\n        failure: { steps: [{ script: echo bad, displayName: bad }] }\n";
    let bench = bench(yaml);
    let id = queue(&bench);
    let said = bench.script_logs(u32::try_from(id).unwrap());
    let echoed: Vec<&str> = said.iter().flatten().filter_map(|l| l.strip_prefix("echo ")).collect();
    assert_eq!(echoed, ["pre", "canary deploy 10", "post 10", "canary deploy 20", "post 20", "done"]);
    // A hook that fails ends the increments.
    behave(&bench, "p", &[("step", "post")], "fail", json!({}));
    let id = queue(&bench);
    let tasks = of(&bench, id, "Task");
    let want = "pre:succeeded dep:succeeded post:failed dep:skipped post:skipped good:skipped bad:succeeded";
    assert!(tasks.contains(want), "{tasks}");
}
