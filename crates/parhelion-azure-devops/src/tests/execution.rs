//! Scripts that are really executed.

use super::{
    commands::log,
    outcomes::{BUILDS, of, queue, record, result},
};
use crate::{Settings, testing::Bench};
use chrono::TimeDelta;
use serde_json::json;

fn bench(yaml: &str) -> Bench {
    let bench = Bench::with(Settings { exec: true, ..Settings::default() });
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
    bench.commit("/azure-pipelines.yml", yaml);
    bench.define("one");
    bench
}

fn started(bench: &Bench) -> String {
    bench.facts(&["run.started"])
}

#[test]
fn an_output_of_a_bash_step_reaches_a_later_job() {
    let yaml = "variables: { parhelion.exec: true, who: world }\njobs:\n- job: A\n  steps:\n  - bash: |\n      echo \"hello $WHO from $(Build.SourceBranchName)\"\n      git rev-parse HEAD\n      git status --short\n      echo \"##vso[task.setvariable variable=out;isOutput=true]$((6 * 7))\"\n    name: make\n- job: B\n  dependsOn: A\n  condition: eq(dependencies.A.outputs['make.out'], '42')\n  variables:\n    got: $[ dependencies.A.outputs['make.out'] ]\n  steps:\n  - checkout: none\n  - script: echo got $(got); ls | wc -l\n    displayName: take\n";
    let bench = bench(yaml);
    let id = queue(&bench);
    assert_eq!(result(&bench, id), "-");
    bench.work();
    assert_eq!(
        (result(&bench, id).as_str(), of(&bench, id, "Job").as_str()),
        ("succeeded", "A:succeeded B:succeeded")
    );
    let said = log(&bench, id, "Bash");
    let commit = bench.get(&format!("{BUILDS}/{id}"))["sourceVersion"].as_str().unwrap().to_owned();
    assert!(said.contains(&"hello world from main".to_owned()) && said.contains(&commit), "{said:?}");
    assert!(!said.iter().any(|line| line.starts_with("##vso")), "{said:?}");
    let took = log(&bench, id, "take");
    assert!(took.contains(&"got 42".to_owned()) && took.contains(&"0".to_owned()), "{took:?}");
    assert!(started(&bench).contains("its scripts executed"));
    let told = bench.facts(&["step.executed"]);
    assert!(told.contains("step Bash: it was executed: exit code 0 [Ok]"), "{told}");
}

#[test]
fn without_the_flag_or_the_variable_nothing_is_executed() {
    let marker = std::env::temp_dir().join(format!("parhelion-test-{}", std::process::id()));
    let steps = format!("steps:\n- checkout: none\n- bash: touch {}\n", marker.display());
    let asked = format!("variables: {{ parhelion.exec: true }}\n{steps}");
    let silent = Bench::with_project("P");
    silent.commit("/azure-pipelines.yml", &asked);
    silent.define("one");
    for (bench, fact) in [
        (silent, "simulated: nothing is executed without the server's setting azure.exec"),
        (bench(&steps), "simulated [Ok]"),
    ] {
        let id = queue(&bench);
        assert!(bench.world.take_job().is_none());
        assert_eq!(result(&bench, id), "succeeded");
        assert!(!marker.exists());
        assert!(started(&bench).contains(fact), "{}", started(&bench));
    }
    let executing = bench(&asked);
    queue(&executing);
    executing.work();
    assert!(marker.exists());
    std::fs::remove_file(marker).unwrap();
}

#[test]
fn the_environment_is_the_runs_alone_without_its_secrets() {
    let yaml = "variables: { parhelion.exec: true, my.Var: a b }\nsteps:\n- checkout: none\n- bash: |\n    env | sort\n    echo \"secret=$(token)\"\n    printf 'to'; printf 'psec'; printf 'ret\\n'\n    pwd\n    ls ..\n  displayName: show\n  env: { MAPPED: $(token), lower: x }\n";
    let bench = bench(yaml);
    bench.ok("PUT /contoso/P/_apis/build/definitions/1", {
        let mut definition = bench.get("/contoso/P/_apis/build/definitions/1");
        definition["variables"] = json!({ "token": { "value": "topsecret", "isSecret": true } });
        definition
    });
    let id = queue(&bench);
    bench.work();
    let said = log(&bench, id, "show").join("\n");
    for line in [
        "MY_VAR=a b",
        "MAPPED=***",
        "lower=x",
        "secret=***",
        "\n***\n",
        "TF_BUILD=True",
        "BUILD_REASON=Manual",
        "AGENT_OS=Linux",
    ] {
        assert!(said.contains(line), "{line} in\n{said}");
    }
    assert!(!said.contains("TOKEN=") && !said.contains("topsecret") && !said.contains("CARGO"), "{said}");
    assert!(said.contains("\na\nb\ns\nTestResults\n") || said.contains("\nTestResults\na\nb\ns\n"), "{said}");
    assert!(!bench.dump(false).to_string().contains("topsecret"));
    // Nor does what is left of a deleted build tell it.
    assert_eq!(bench.send("DELETE", &format!("{BUILDS}/{id}"), &[], "").status, 204);
    assert!(!bench.dump(false).to_string().contains("topsecret"));
}

#[test]
fn failures_are_those_of_the_command() {
    let yaml = "variables: { parhelion.exec: true }\njobs:\n- job: A\n  steps:\n  - checkout: none\n  - script: exit 3\n    displayName: three\n    continueOnError: true\n  - bash: echo bad >&2\n    displayName: stderr\n    failOnStderr: true\n    continueOnError: true\n  - bash: echo x\n    displayName: nowhere\n    workingDirectory: none\n    continueOnError: true\n  - bash: |\n      n=$(cat n 2>/dev/null || echo 0); echo $((n + 1)) > n; [ $n -ge 2 ]\n    displayName: thrice\n    retryCountOnTaskFailure: 3\n  - bash: echo \"##vso[task.complete result=Failed]\"\n    displayName: says\n";
    let bench = bench(yaml);
    let id = queue(&bench);
    bench.work();
    let message = |step: &str| {
        record(&bench, id, "Task", step)["issues"][0]["message"].as_str().unwrap_or("").to_owned()
    };
    assert_eq!(message("three"), "Bash exited with code '3'.");
    assert_eq!(message("stderr"), "bad");
    assert!(message("nowhere").starts_with("Not found workingDirectory: "));
    assert_eq!(record(&bench, id, "Task", "thrice")["result"], "succeeded");
    assert_eq!(record(&bench, id, "Task", "thrice")["warningCount"], 2);
    assert_eq!(record(&bench, id, "Task", "says")["result"], "failed");
    assert_eq!(result(&bench, id), "failed");
}

#[test]
fn what_never_ends_is_killed_by_a_cancellation_and_by_its_time() {
    let yaml = "variables: { parhelion.exec: true }\nsteps:\n- checkout: none\n- bash: |\n    (while :; do sleep 100; done) &\n    while :; do sleep 100; done\n  displayName: endless\n  timeoutInMinutes: 1\n- bash: echo after\n  displayName: after\n  condition: always()\n";
    let bench = bench(yaml);
    let id = queue(&bench);
    let work = bench.begin_work();
    assert_eq!(record(&bench, id, "Task", "endless")["state"], "inProgress");
    bench.ok(&format!("PATCH {BUILDS}/{id}"), json!({ "status": "cancelling" }));
    bench.finish_work(work);
    // What is to run in any case still does.
    assert_eq!(bench.get(&format!("{BUILDS}/{id}"))["status"], "cancelling");
    bench.work();
    assert!(log(&bench, id, "after").contains(&"after".to_owned()));
    assert_eq!((result(&bench, id).as_str(), of(&bench, id, "Job").as_str()), ("canceled", "Job:canceled"));
    // The emulator's clock ends it too.
    let id = queue(&bench);
    let work = bench.begin_work();
    bench.world.step(bench.world.clock.now() + TimeDelta::seconds(60));
    bench.finish_work(work);
    bench.work();
    assert_eq!(record(&bench, id, "Task", "endless")["issues"][0]["message"], "The task has timed out.");
    assert_eq!(result(&bench, id), "failed");
}

#[test]
fn a_retry_has_a_folder_of_its_own_and_paths_are_put_in_front() {
    let yaml = "variables: { parhelion.exec: true }\nsteps:\n- checkout: none\n- bash: |\n    [ ! -e mark ] && touch mark\n    mkdir -p tool; printf '#!/bin/sh\\necho from the tool\\n' > tool/thing; chmod +x tool/thing\n    echo \"##vso[task.prependpath]$PWD/tool\"\n    echo \"##vso[task.uploadsummary]$PWD/none.md\"\n  displayName: make\n  continueOnError: true\n- bash: thing; exit 1\n  displayName: use\n";
    let bench = bench(yaml);
    let id = queue(&bench);
    bench.work();
    assert!(log(&bench, id, "use").contains(&"from the tool".to_owned()));
    let issue = record(&bench, id, "Task", "make")["issues"][1]["message"].clone();
    assert!(issue.as_str().unwrap().starts_with("Cannot upload task attachment file"), "{issue}");
    bench.ok(&format!("PATCH {BUILDS}/{id}?retry=true"), json!({}));
    bench.work();
    assert_eq!(record(&bench, id, "Task", "make")["result"], "succeededWithIssues");
    assert_eq!(record(&bench, id, "Task", "make")["errorCount"], 2);
    assert_eq!(result(&bench, id), "failed");
}
