//! Runs and builds.

use crate::testing::{Bench, golden};
use expect_test::expect;
use serde_json::{Value, json};

const RUNS: &str = "/contoso/P/_apis/pipelines/1/runs";
const BUILDS: &str = "/contoso/P/_apis/build/builds";

fn bench(yaml: &str) -> Bench {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", yaml);
    bench.define("one");
    bench
}

#[test]
fn a_run_is_queued_and_has_succeeded_at_the_next_look() {
    let bench = bench("steps:\n- script: echo hi\n  displayName: Greet\n");
    let queued = bench.ok(&format!("POST {RUNS}"), json!({}));
    assert_eq!(
        (&queued["state"], &queued["name"], &queued["id"]),
        (&json!("inProgress"), &json!("20260101.1"), &json!(1))
    );
    assert!(queued.get("result").is_none());
    expect![[r#"
        {
          "_links": {
            "self": {
              "href": "http://localhost/contoso/{{id:1}}/_apis/pipelines/1/runs/1"
            },
            "web": {
              "href": "http://localhost/contoso/{{id:1}}/_build/results?buildId=1"
            },
            "pipeline.web": {
              "href": "http://localhost/contoso/{{id:1}}/_build/definition?definitionId=1"
            },
            "pipeline": {
              "href": "http://localhost/contoso/{{id:1}}/_apis/pipelines/1?revision=1"
            }
          },
          "templateParameters": {},
          "pipeline": {
            "url": "http://localhost/contoso/{{id:1}}/_apis/pipelines/1?revision=1",
            "id": 1,
            "revision": 1,
            "name": "one",
            "folder": "\\"
          },
          "state": "completed",
          "result": "succeeded",
          "createdDate": "2026-01-01T00:00:00Z",
          "finishedDate": "2026-01-01T00:00:00Z",
          "url": "http://localhost/contoso/{{id:1}}/_apis/pipelines/1/runs/1",
          "resources": {
            "repositories": {
              "self": {
                "repository": {
                  "id": "{{id:2}}",
                  "type": "azureReposGit"
                },
                "refName": "refs/heads/main",
                "version": "{{id:3}}"
              }
            }
          },
          "finalYaml": "stages:\n- stage: __default\n  jobs:\n  - job: Job\n    steps:\n    - task: CmdLine@2\n      displayName: Greet\n      inputs:\n        script: echo hi\n\n",
          "id": 1,
          "name": "20260101.1"
        }"#]]
    .assert_eq(&golden(&bench.get(&format!("{RUNS}/1"))));
    let list = bench.get(RUNS);
    assert_eq!((list["count"].as_u64(), list["value"][0].get("finalYaml")), (Some(1), None));
}

#[test]
fn a_build_is_queued_and_shown() {
    let bench = bench("steps:\n- script: echo hi\n");
    let queued = bench.ok(
        &format!("POST {BUILDS}"),
        json!({ "definition": { "id": 1 }, "sourceBranch": "main", "priority": "high" }),
    );
    assert_eq!(queued["status"], "notStarted");
    let build = bench.get(&format!("{BUILDS}/1"));
    for (member, expected) in [
        ("id", json!(1)),
        ("buildNumber", json!("20260101.1")),
        ("status", json!("completed")),
        ("result", json!("succeeded")),
        ("reason", json!("manual")),
        ("priority", json!("high")),
        ("sourceBranch", json!("refs/heads/main")),
        ("uri", json!("vstfs:///Build/Build/1")),
        ("triggeredByBuild", Value::Null),
        ("queueTime", json!("2026-01-01T00:00:00Z")),
        ("buildNumberRevision", json!(1)),
    ] {
        assert_eq!(build.get(member), Some(&expected), "{member}");
    }
    assert_eq!(build["definition"]["id"], 1);
    assert_eq!(build["repository"]["type"], "TfsGit");
    assert_eq!(build["sourceVersion"].as_str().unwrap().len(), 40);
    let again = bench.ok(&format!("POST {BUILDS}?definitionId=1"), json!({}));
    assert_eq!(again["buildNumber"], "20260101.2");
}

#[test]
fn builds_are_listed_newest_first_and_filtered() {
    let bench = bench("steps:\n- script: echo hi\n");
    bench.define("two");
    for definition in [1, 2, 1] {
        bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": definition } }));
    }
    let ids = |query: &str| {
        let list = bench.get(&format!("{BUILDS}{query}"));
        Value::from(list["value"].as_array().unwrap().iter().map(|b| b["id"].clone()).collect::<Vec<_>>())
            .to_string()
    };
    assert_eq!(ids(""), "[3,2,1]");
    assert_eq!(ids("?definitions=1"), "[3,1]");
    assert_eq!(ids("?definitions=1&maxBuildsPerDefinition=1"), "[3]");
    assert_eq!(ids("?buildIds=1,2&queryOrder=queueTimeAscending"), "[1,2]");
    assert_eq!(ids("?buildNumber=20260101.*&resultFilter=succeeded,failed"), "[3,2,1]");
    assert_eq!(ids("?buildNumber=20260101.2"), "[3]");
    assert_eq!(ids("?resultFilter=failed"), "[]");
    assert_eq!(ids("?statusFilter=inProgress,completed&reasonFilter=manual"), "[3,2,1]");
    assert_eq!(ids("?branchName=refs/heads/other"), "[]");
    assert_eq!(ids("?minTime=2026-01-01T00:00:00Z&maxTime=2026-01-01T00:00:00.0000000Z"), "[3,2,1]");
    assert_eq!(ids("?minTime=2026-01-02T00:00:00Z"), "[]");
    assert_eq!(ids("?$top=2"), "[3,2]");
    let first = bench.send("GET", &format!("{BUILDS}?$top=2"), &[], "");
    let token = first.header("x-ms-continuationtoken").unwrap().to_owned();
    // A build that comes between two pages moves nothing.
    bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 } }));
    assert_eq!(ids(&format!("?$top=2&continuationToken={token}")), "[1]");
    let last = bench.send("GET", &format!("{BUILDS}?continuationToken={token}"), &[], "");
    assert_eq!(last.header("x-ms-continuationtoken"), None);
    for bad in ["2", "x-y", "2026-01-01T00:00:00Z-x"] {
        assert_eq!(
            bench.send("GET", &format!("{BUILDS}?continuationToken={bad}"), &[], "").status,
            400,
            "{bad}"
        );
    }
    assert_eq!(bench.send("GET", &format!("{BUILDS}?definitions=x"), &[], "").status, 400);
}

#[test]
fn the_timeline_holds_stages_jobs_and_steps_with_their_logs() {
    let yaml = "stages:\n- stage: Build\n  jobs:\n  - job: A\n    steps:\n    - script: |\n        echo $(Build.BuildNumber)\n        echo $(mine)\n      name: say\n    variables:\n      mine: yes\n";
    let bench = bench(yaml);
    bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 } }));
    let timeline = bench.get(&format!("{BUILDS}/1/timeline"));
    let rows: Vec<String> = timeline["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            let text = |m: &str| r[m].as_str().unwrap_or("-").to_owned();
            format!(
                "{} | {} | {} | {} | {}",
                text("type"),
                text("name"),
                text("identifier"),
                text("result"),
                r["log"]["id"]
            )
        })
        .collect();
    expect![[r#"
        Stage | Build | Build | succeeded | null
        Phase | A | Build.A | succeeded | null
        Job | A | Build.A.__default | succeeded | null
        Task | Initialize job | - | succeeded | 1
        Task | Checkout P@main to s | - | succeeded | 2
        Task | CmdLine | Build.A.__default.say | succeeded | 3
        Task | Post-job: Checkout P@main to s | - | succeeded | 4
        Task | Finalize Job | - | succeeded | 5"#]]
    .assert_eq(&rows.join("\n"));
    assert_eq!(bench.get(&format!("{BUILDS}/1/logs"))["count"], 5);
    let log = bench.send(
        "GET",
        &format!("{BUILDS}/1/logs/3"),
        &[("accept", "text/plain;api-version=7.1-preview.2")],
        "",
    );
    assert_eq!(log.header("content-type"), Some("text/plain; charset=utf-8"));
    expect![[r#"
        2026-01-01T00:00:00.0000000Z ##[section]Starting: CmdLine
        2026-01-01T00:00:00.0000000Z ==============================================================================
        2026-01-01T00:00:00.0000000Z Task         : CmdLine
        2026-01-01T00:00:00.0000000Z Version      : 2
        2026-01-01T00:00:00.0000000Z ==============================================================================
        2026-01-01T00:00:00.0000000Z Generating script.
        2026-01-01T00:00:00.0000000Z Script contents:
        2026-01-01T00:00:00.0000000Z echo 20260101.1
        2026-01-01T00:00:00.0000000Z echo yes
        2026-01-01T00:00:00.0000000Z ##[section]Finishing: CmdLine
    "#]]
    .assert_eq(&log.body);
    let part = bench.get(&format!("{BUILDS}/1/logs/3?startLine=8&endLine=9"));
    assert_eq!(part["count"], 2);
    let signed = bench.get(&format!("{RUNS}/1/logs?$expand=signedContent"));
    assert_eq!(signed["logs"].as_array().unwrap().len(), 5);
    let url =
        signed["logs"][2]["signedContent"]["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    assert_eq!(bench.send("GET", url, &[], "").body, log.body);
    assert_eq!(bench.send("GET", &format!("{BUILDS}/1/logs/9"), &[], "").status, 404);
    assert_eq!(bench.send("GET", &format!("{BUILDS}/1/timeline/nope"), &[], "").body, "null");
}

#[test]
fn preview_expands_and_queues_nothing() {
    let bench =
        bench("parameters:\n- name: who\n  default: world\nsteps:\n- script: echo ${{ parameters.who }}\n");
    let preview = "POST /contoso/P/_apis/pipelines/1/preview";
    let shown = bench.ok(preview, json!({}));
    assert_eq!(shown.as_object().unwrap().keys().collect::<Vec<_>>(), ["finalYaml"]);
    assert!(shown["finalYaml"].as_str().unwrap().contains("script: echo world"));
    let named = bench.ok(preview, json!({ "templateParameters": { "who": "you" } }));
    assert!(named["finalYaml"].as_str().unwrap().contains("script: echo you"));
    let over = json!({ "previewRun": true, "yamlOverride": "steps:\n- script: other\n" });
    assert!(bench.ok(&format!("POST {RUNS}"), over)["finalYaml"].as_str().unwrap().contains("script: other"));
    assert_eq!(bench.store().builds.len(), 0);
    let (status, answer) = bench.call(preview, json!({ "yamlOverride": "steps:\n- scrip: x\n" }));
    assert_eq!((status, answer["typeKey"].as_str().unwrap()), (400, "PipelineValidationException"));
    assert_eq!(answer["message"], "/azure-pipelines.yml (Line: 2, Col: 3): Unexpected value 'scrip'");
}

#[test]
fn a_run_may_bring_its_own_yaml() {
    let bench = Bench::with_project("P");
    bench.define("one");
    let (status, answer) = bench.call(&format!("POST {RUNS}"), json!({}));
    assert_eq!((status, answer["typeKey"].as_str().unwrap()), (400, "PipelineValidationException"));
    let run = bench.ok(&format!("POST {RUNS}"), json!({ "yamlOverride": "steps:\n- script: echo hi\n" }));
    assert_eq!(run["id"], 1);
    assert_eq!(bench.get(&format!("{RUNS}/1"))["result"], "succeeded");
}

#[test]
fn a_missing_file_is_named() {
    let bench = bench("steps:\n- script: echo\n");
    let made = bench.ok(
        "POST /contoso/P/_apis/pipelines",
        json!({ "name": "x", "configuration": { "type": "yaml", "path": "/nope.yml" } }),
    );
    let (status, answer) =
        bench.call(&format!("POST {BUILDS}"), json!({ "definition": { "id": made["id"] } }));
    assert_eq!((status, answer["typeKey"].as_str().unwrap()), (400, "BuildRequestValidationFailedException"));
    let message = answer["customProperties"]["ValidationResults"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("/nope.yml: File /nope.yml not found in repository http://localhost/contoso/P/_git/P branch refs/heads/main version "), "{message}");
}

#[test]
fn branches_and_versions_are_chosen() {
    let bench = bench("steps:\n- script: first\n");
    let first = bench.store().repositories.values().next().unwrap().tip("refs/heads/main").unwrap();
    bench.commit("/azure-pipelines.yml", "steps:\n- script: second\n");
    let body = json!({ "resources": { "repositories": { "self": { "refName": "refs/heads/main", "version": first.to_string() } } } });
    bench.ok(&format!("POST {RUNS}"), body);
    assert!(bench.get(&format!("{RUNS}/1"))["finalYaml"].as_str().unwrap().contains("script: first"));
    for body in [
        json!({ "definition": { "id": 1 }, "sourceVersion": "1111111111111111111111111111111111111111" }),
        json!({ "definition": { "id": 1 }, "sourceBranch": "refs/heads/nope" }),
    ] {
        assert_eq!(
            bench.call(&format!("POST {BUILDS}"), body).1["typeKey"],
            "BuildRequestValidationFailedException"
        );
    }
    let (status, _) =
        bench.call(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 }, "sourceVersion": "abc" }));
    assert_eq!(status, 400);
    assert_eq!(bench.call(&format!("POST {BUILDS}"), json!({})).0, 400);
}

#[test]
fn only_settable_variables_are_set() {
    let bench = bench("steps:\n- script: echo $(v)\n");
    let mut definition = bench.get("/contoso/P/_apis/build/definitions/1");
    definition["variables"] =
        json!({ "v": { "value": "own", "allowOverride": true }, "fixed": { "value": "x" } });
    bench.ok("PUT /contoso/P/_apis/build/definitions/1", definition);
    bench.ok(&format!("POST {RUNS}"), json!({ "variables": { "v": { "value": "set" } } }));
    let script = bench.send("GET", &format!("{BUILDS}/1/logs/3"), &[("accept", "text/plain")], "").body;
    assert!(script.contains(" echo set\n"), "{script}");
    let (status, answer) = bench.call(
        &format!("POST {BUILDS}"),
        json!({ "definition": { "id": 1 }, "parameters": "{\"fixed\":\"y\"}" }),
    );
    assert_eq!(status, 400);
    assert!(
        answer["customProperties"]["ValidationResults"][0]["message"]
            .as_str()
            .unwrap()
            .starts_with("You can't set the following variables (fixed).")
    );
}

#[test]
fn a_matrix_makes_jobs_and_skipped_stages_stay_empty() {
    let yaml = "stages:\n- stage: A\n  jobs:\n  - job: J\n    strategy:\n      matrix:\n        x: { n: 1 }\n        y: { n: 2 }\n    steps:\n    - script: echo $(n)\n- stage: B\n  jobs:\n  - job: K\n    steps:\n    - script: echo b\n";
    let bench = bench(yaml);
    bench.ok(&format!("POST {RUNS}"), json!({ "stagesToSkip": ["b"] }));
    let timeline = bench.get(&format!("{BUILDS}/1/timeline"));
    let of = |kind: &str| -> Vec<String> {
        let rows = timeline["records"].as_array().unwrap().iter().filter(|r| r["type"] == kind);
        rows.map(|r| format!("{}:{}", r["name"].as_str().unwrap(), r["result"].as_str().unwrap())).collect()
    };
    assert_eq!(of("Stage"), ["A:succeeded", "B:skipped"]);
    assert_eq!(of("Job"), ["J x:succeeded", "J y:succeeded"]);
    assert_eq!(bench.call(&format!("POST {RUNS}"), json!({ "stagesToSkip": ["nope"] })).0, 400);
    // What nobody acts on is said.
    let many =
        |n: u32| format!("- job: J{n}\n  strategy: {{ parallel: 256 }}\n  steps: [{{ checkout: none }}]\n");
    let bench = self::bench(&format!("jobs:\n{}", (0..4).map(many).collect::<String>()));
    bench.ok(&format!("POST {RUNS}"), json!({}));
    let told = bench.journal();
    let started = told.iter().rfind(|e| e.kind == "run.started").unwrap();
    assert_eq!(started.data["not_acted_on"], json!(["jobs beyond 1000"]));
}

#[test]
fn a_secret_variable_set_for_a_run_stays_secret() {
    let bench = Bench::with_project("P");
    bench.commit("/azure-pipelines.yml", "name: $(key)-$(open)\nsteps:\n- script: echo $(key) $(open)\n");
    let variables = json!({
        "key": { "value": "fromdefinition", "isSecret": true, "allowOverride": true },
        "open": { "value": "o", "allowOverride": true },
    });
    let process = json!({ "type": 2, "yamlFilename": "azure-pipelines.yml" });
    let body = json!({ "name": "one", "process": process, "variables": variables });
    bench.ok("POST /contoso/P/_apis/build/definitions", body);
    let parameters = r#"{"KEY":"givenbybuild","open":"p"}"#;
    let build =
        bench.ok(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 }, "parameters": parameters }));
    assert_eq!((&build["parameters"], &build["buildNumber"]), (&json!(r#"{"open":"p"}"#), &json!("***-p")));
    let run = bench.ok(&format!("POST {RUNS}"), json!({ "variables": { "key": { "value": "givenbyrun" } } }));
    assert_eq!(run["variables"], json!({ "key": { "value": null, "isSecret": true } }));
    let mut shown = format!("{build}{run}{}", bench.dump(false));
    for id in [1, 2] {
        for log in 1..=5 {
            shown += &bench.get(&format!("{BUILDS}/{id}/logs/{log}")).to_string();
        }
    }
    assert!(shown.contains("echo *** p"), "{shown}");
    for secret in ["fromdefinition", "givenbybuild", "givenbyrun"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn an_earlier_revision_of_a_paused_pipeline_does_not_run() {
    let bench = bench("steps:\n- script: echo hi\n");
    let mut definition = bench.get("/contoso/P/_apis/build/definitions/1");
    definition["queueStatus"] = json!("paused");
    bench.ok("PUT /contoso/P/_apis/build/definitions/1", definition);
    let (status, answer) = bench.call(&format!("POST {RUNS}?pipelineVersion=1"), json!({}));
    assert_eq!((status, answer["message"].as_str().unwrap()), (400, "The pipeline one is paused."));
}

#[test]
fn an_unknown_queue_is_named() {
    let bench = bench("steps:\n- script: echo hi\n");
    let ask = |queue: u64| json!({ "definition": { "id": 1 }, "queue": { "id": queue } });
    let (status, answer) = bench.call(&format!("POST {BUILDS}"), ask(999));
    assert_eq!(status, 400);
    assert_eq!(answer["message"], "The project P has no agent queue 999.");
    assert_eq!(bench.ok(&format!("POST {BUILDS}"), ask(1))["queue"]["name"], "Default");
}

#[test]
fn who_waits_for_a_run_sees_how_it_stands() {
    let bench = bench("steps:\n- script: echo hi\n");
    let things = |id: Option<&str>| bench.world.things("run", Some("Contoso"), id);
    assert!(things(Some("1")).is_empty());
    bench.ok(&format!("POST {RUNS}"), json!({}));
    bench.world.tick();
    let found = things(Some("1"));
    let state = json!({"id": 1, "name": "20260101.1", "state": "completed", "result": "succeeded"});
    assert_eq!(found.iter().map(|thing| &thing.state).collect::<Vec<_>>(), [&state]);
    assert_eq!((found[0].surface, found[0].tenant.as_str()), ("azure-devops", "contoso"));
    assert!(things(Some("2")).is_empty() && things(Some("x")).is_empty() && things(None).is_empty());
    assert_eq!(bench.world.things("run", None, Some("1")).len(), 1);
    assert!(bench.world.things("deployment", None, Some("1")).is_empty());
}

#[test]
fn a_matrix_that_is_too_large_is_refused() {
    let legs: String = (0..10_000).map(|n| format!("        l{n}: {{ n: {n} }}\n")).collect();
    let bench = Bench::with_project("P");
    bench.commit(
        "/azure-pipelines.yml",
        &format!("jobs:\n- job: J\n  strategy:\n    matrix:\n{legs}  steps: [{{ script: x }}]\n"),
    );
    bench.define("one");
    let said = |bench: &Bench| {
        let (status, answer) = bench.call(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 } }));
        assert_eq!(status, 400, "{answer}");
        answer["customProperties"]["ValidationResults"][0]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        said(&bench),
        "The matrix expansion resulted in 10000 jobs which exceeds the maximum allowable job count of 256."
    );
    bench.commit(
        "/azure-pipelines.yml",
        "jobs:\n- job: J\n  strategy: { parallel: 257 }\n  steps: [{ script: x }]\n",
    );
    assert_eq!(
        said(&bench),
        "The slicing expansion resulted in 257 jobs which exceeds the maximum allowable job count of 256."
    );
    bench.commit(
        "/azure-pipelines.yml",
        "jobs:\n- job: J\n  strategy: { parallel: 256 }\n  steps: [{ checkout: none }]\n",
    );
    assert_eq!(bench.call(&format!("POST {BUILDS}"), json!({ "definition": { "id": 1 } })).0, 200);
}
