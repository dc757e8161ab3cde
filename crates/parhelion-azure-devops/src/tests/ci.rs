//! Runs that pushes start.

use crate::testing::Bench;
use serde_json::{Value, json};

const R: &str = "/contoso/P/_apis/git/repositories/P";
const BUILDS: &str = "/contoso/P/_apis/build/builds";
const ZERO: &str = "0000000000000000000000000000000000000000";
const YAML: &str = "steps:\n- script: echo\n";

fn tip(bench: &Bench, branch: &str) -> String {
    let refs = bench.get(&format!("{R}/refs?filter={branch}"));
    refs["value"][0]["objectId"].as_str().unwrap_or(ZERO).to_owned()
}
/// Pushes files to a branch (`heads/main`); the new tip.
fn push(bench: &Bench, branch: &str, message: &str, files: &[(&str, &str)]) -> String {
    let old = tip(bench, branch);
    let change = |(path, text): &(&str, &str)| {
        let there = old != ZERO && {
            let at = format!("{R}/items?path={path}&versionType=commit&version={old}");
            bench.send("GET", &at, &[], "").status == 200
        };
        json!({ "changeType": if there { "edit" } else { "add" }, "item": { "path": path }, "newContent": { "content": text } })
    };
    let changes: Vec<Value> = files.iter().map(change).collect();
    let made = bench.ok(
        &format!("POST {R}/pushes"),
        json!({
            "refUpdates": [{ "name": format!("refs/{branch}"), "oldObjectId": old }],
            "commits": [{ "comment": message, "changes": changes }],
        }),
    );
    made["refUpdates"][0]["newObjectId"].as_str().unwrap().to_owned()
}
/// Makes a ref at a commit.
fn set(bench: &Bench, name: &str, old: &str, new: &str) {
    let done = bench
        .ok(&format!("POST {R}/refs"), json!([{ "name": name, "oldObjectId": old, "newObjectId": new }]));
    assert_eq!(done["value"][0]["updateStatus"], "succeeded", "{done}");
}
/// `branch reason` of the runs, oldest first.
fn runs(bench: &Bench) -> Vec<String> {
    let all = bench.get(&format!("{BUILDS}?queryOrder=queueTimeAscending"));
    let mut all = all["value"].as_array().unwrap().clone();
    all.sort_by_key(|b| b["id"].as_u64());
    let word = |v: &Value| v.as_str().unwrap().to_owned();
    all.iter().map(|b| format!("{} {}", word(&b["sourceBranch"]), word(&b["reason"]))).collect()
}
fn told(bench: &Bench) -> String {
    bench.facts(&["trigger.evaluated"])
}

/// A pipeline of that YAML on `main`.
fn bench(yaml: &str) -> Bench {
    let bench = Bench::with_project("P");
    push(&bench, "heads/main", "first", &[("/azure-pipelines.yml", yaml)]);
    bench.define("ci");
    assert!(runs(&bench).is_empty());
    bench
}

#[test]
fn without_a_trigger_every_branch_runs_at_the_pushed_commit() {
    let bench = bench(YAML);
    let main = push(&bench, "heads/main", "Second\n\nbody", &[("/a.txt", "a")]);
    set(&bench, "refs/heads/topic/1", ZERO, &main);
    set(&bench, "refs/tags/v1", ZERO, &main);
    assert_eq!(runs(&bench), ["refs/heads/main individualCI", "refs/heads/topic/1 individualCI"]);
    let build = bench.get(&format!("{BUILDS}/1"));
    assert_eq!((&build["sourceVersion"], &build["result"]), (&json!(main), &json!("succeeded")));
    let repository = bench.get(R)["id"].clone();
    assert_eq!(
        build["triggerInfo"],
        json!({ "ci.sourceBranch": "refs/heads/main", "ci.sourceSha": main, "ci.message": "Second",
            "ci.triggerRepository": repository })
    );
    assert_eq!(
        told(&bench),
        "trigger.evaluated: pipeline ci runs on main: there is no trigger, which means every branch [Ok]\n\
         trigger.evaluated: pipeline ci runs on topic/1: there is no trigger, which means every branch [Ok]\n\
         trigger.evaluated: pipeline ci does not run on refs/tags/v1: there is no trigger, which means every branch \
         and no tag: refs/tags/v1 [Skipped]\n"
    );
    // From the push to the run.
    let started = bench.journal().into_iter().find(|e| e.kind == "run.started").unwrap();
    let cause = bench.journal().into_iter().find(|e| Some(e.seq) == Some(started.cause)).unwrap();
    assert_eq!(cause.kind, "trigger.evaluated");
    let first = bench.journal().into_iter().find(|e| e.seq == cause.cause).unwrap();
    assert_eq!(
        (first.kind, first.fact.as_str()),
        ("git.received", "push 2 by REST to refs/heads/main of P with 1 commit")
    );
}

#[test]
fn the_trigger_is_read_from_the_yaml_of_the_pushed_branch() {
    let bench = bench("trigger: [main]\nsteps:\n- script: echo\n");
    let main = tip(&bench, "heads/main");
    set(&bench, "refs/heads/topic", ZERO, &main);
    assert!(runs(&bench).is_empty(), "its YAML names main only");
    push(
        &bench,
        "heads/topic",
        "c",
        &[("/azure-pipelines.yml", "trigger: ['t*']\nsteps:\n- script: echo\n")],
    );
    assert_eq!(runs(&bench), ["refs/heads/topic individualCI"]);
    push(&bench, "heads/topic", "c", &[("/azure-pipelines.yml", "trigger: none\n")]);
    push(&bench, "heads/bare", "c", &[("/a.txt", "a")]);
    assert_eq!(runs(&bench).len(), 1);
    let told = told(&bench);
    for fact in [
        "does not run on topic: branch filter does not include topic: 'main'",
        "runs on topic: branch filter includes topic by 't*'",
        "does not run on topic: trigger: none",
        "does not run on bare: /azure-pipelines.yml is not at commit",
    ] {
        assert!(told.contains(fact), "{fact}\n{told}");
    }
}

#[test]
fn path_filters_look_at_what_the_push_changed() {
    let yaml = "trigger:\n  paths:\n    include: [src]\n    exclude: [src/docs]\nsteps:\n- script: echo\n";
    let bench = bench(yaml);
    push(&bench, "heads/main", "c", &[("/readme.md", "a")]);
    push(&bench, "heads/main", "c", &[("/src/docs/a.md", "a"), ("/readme.md", "b")]);
    assert!(runs(&bench).is_empty());
    let main = push(&bench, "heads/main", "c", &[("/src/docs/a.md", "b"), ("/src/main.rs", "b")]);
    assert_eq!(runs(&bench), ["refs/heads/main individualCI"]);
    // A new branch has changed what no other branch has.
    set(&bench, "refs/heads/same", ZERO, &main);
    assert_eq!(runs(&bench).len(), 1);
    let told = told(&bench);
    for fact in [
        "path filter takes none of 1 changed path (readme.md): it includes 'src'",
        "path filter takes none of 2 changed paths (readme.md and 1 more): it excludes src/docs/a.md: 'src/docs'",
        "runs on main: branch filter excludes nothing that main matches; path filter takes src/main.rs",
        "does not run on same: branch filter excludes nothing that same matches; path filter takes none of 0 changed paths",
    ] {
        assert!(told.contains(fact), "{fact}\n{told}");
    }
}

#[test]
fn what_wants_no_run_starts_none_and_says_why() {
    let bench = bench(YAML);
    push(&bench, "heads/main", "a\n\n***NO_CI***", &[("/a", "1")]);
    let topic = push(&bench, "heads/topic", "[skip azp] b", &[("/azure-pipelines.yml", YAML)]);
    set(&bench, "refs/heads/topic", &topic, ZERO);
    let definitions = "/contoso/P/_apis/build/definitions/1";
    for status in ["paused", "disabled"] {
        let mut definition = bench.get(definitions);
        definition["queueStatus"] = status.into();
        bench.ok(&format!("PUT {definitions}"), definition);
        push(&bench, "heads/main", "c", &[("/a", status)]);
    }
    assert!(runs(&bench).is_empty());
    let told = told(&bench);
    for fact in [
        "says ***no_ci***",
        "says [skip azp]",
        "topic was deleted, which starts nothing",
        "it is paused",
        "it is disabled",
    ] {
        assert!(told.contains(fact), "{fact}\n{told}");
    }
}

#[test]
fn an_invalid_yaml_starts_nothing_and_the_push_is_made() {
    let bench = bench("trigger: [main]\nsteps:\n- script: echo\n");
    push(&bench, "heads/main", "c", &[("/azure-pipelines.yml", "steps:\n- nonsense: 1\n")]);
    push(&bench, "heads/main", "c", &[("/azure-pipelines.yml", "trigger: {branch: [x]}\nsteps: []\n")]);
    push(&bench, "heads/main", "c", &[("/azure-pipelines.yml", "a: [\n")]);
    assert!(runs(&bench).is_empty());
    let told = told(&bench);
    assert_eq!(
        told.matches("pipeline ci cannot run on main: its YAML there is not valid: /azure-pipelines.yml")
            .count(),
        3,
        "{told}"
    );
}

#[test]
fn templates_parameters_and_expressions_take_part() {
    let bench = bench("trigger: none\n");
    push(
        &bench,
        "heads/main",
        "c",
        &[
            ("/t.yml", "steps:\n- script: one\n"),
            (
                "/azure-pipelines.yml",
                "parameters:\n- {name: b, type: string, default: main}\ntrigger: ['${{ parameters.b }}']\nsteps:\n- template: t.yml\n",
            ),
        ],
    );
    assert_eq!(runs(&bench), ["refs/heads/main individualCI"]);
    let topic = tip(&bench, "heads/main");
    set(&bench, "refs/heads/topic", ZERO, &topic);
    assert_eq!(runs(&bench).len(), 1);
}

#[test]
fn batch_definition_overrides_and_tags() {
    let bench = bench(
        "trigger:\n  batch: true\n  branches: {include: [main]}\n  tags: {include: ['v*']}\npr: [main]\nsteps:\n- script: echo\n",
    );
    let main = push(&bench, "heads/main", "c", &[("/a", "1")]);
    set(&bench, "refs/tags/v1", ZERO, &main);
    set(&bench, "refs/tags/other", ZERO, &main);
    assert_eq!(runs(&bench), ["refs/heads/main batchedCI", "refs/tags/v1 batchedCI"]);
    assert_eq!(bench.get(&format!("{BUILDS}/2"))["sourceVersion"], json!(main));
    assert!(
        told(&bench)
            .contains("pipeline ci runs on main: branch filter includes main by 'main'. Its pr never fires")
    );

    let path = "/contoso/P/_apis/build/definitions/1";
    let mut definition = bench.get(path);
    definition["triggers"] = json!([{ "triggerType": "continuousIntegration", "settingsSourceType": 1,
        "branchFilters": ["+refs/heads/topic"], "pathFilters": [] }]);
    bench.ok(&format!("PUT {path}"), definition);
    push(&bench, "heads/main", "c", &[("/a", "2")]);
    assert_eq!(runs(&bench).len(), 2);
    set(&bench, "refs/heads/topic", ZERO, &main);
    assert_eq!(runs(&bench)[2], "refs/heads/topic individualCI");
}

#[test]
fn the_projects_setting_disables_the_implied_trigger() {
    let bench = bench(YAML);
    bench.ok("PATCH /contoso/P/_apis/build/generalsettings", json!({ "disableImpliedYAMLCiTrigger": true }));
    push(&bench, "heads/main", "c", &[("/a", "1")]);
    assert!(runs(&bench).is_empty());
    assert!(told(&bench).contains("disables implied YAML CI triggers"));
}

#[test]
fn only_pipelines_of_the_repository_are_considered() {
    let bench = bench(YAML);
    bench.ok("POST /contoso/P/_apis/git/repositories", json!({ "name": "other" }));
    bench.commit_to("P/_apis/git/repositories/other", "/azure-pipelines.yml", YAML);
    assert!(told(&bench).is_empty());
}

#[test]
fn a_batch_waits_for_the_run_under_way() {
    let bench = bench("trigger:\n  batch: true\n  branches: {include: ['*']}\nsteps:\n- script: echo\n");
    bench.pace("step", parhelion_core::Pace::Manual);
    push(&bench, "heads/main", "one", &[("/a", "1")]);
    push(&bench, "heads/main", "two", &[("/a", "2")]);
    let three = push(&bench, "heads/main", "three", &[("/a", "3")]);
    push(
        &bench,
        "heads/topic",
        "other",
        &[("/azure-pipelines.yml", "trigger: {batch: true}\nsteps: [{script: x}]\n")],
    );
    // Each branch has a run of its own; of main's pushes two wait.
    assert_eq!(runs(&bench), ["refs/heads/main batchedCI", "refs/heads/topic batchedCI"]);
    let facts = told(&bench);
    assert!(
        facts.contains("pipeline ci will run on main when run 1 is over, with what comes meanwhile"),
        "{facts}"
    );
    assert_eq!(bench.store().batches.values().map(|b| b.pushes).collect::<Vec<_>>(), [2]);
    bench.ok(&format!("PATCH {BUILDS}/1"), json!({ "status": "cancelling" }));
    assert_eq!(runs(&bench).len(), 3);
    let build = bench.get(&format!("{BUILDS}/3"));
    assert_eq!((&build["sourceVersion"], &build["reason"]), (&json!(three), &json!("batchedCI")));
    assert_eq!(build["triggerInfo"]["ci.message"], "three");
    let facts = told(&bench);
    assert!(
        facts.contains("pipeline ci runs on main: the run before is over, 2 pushes were held back meanwhile"),
        "{facts}"
    );
    assert!(bench.store().batches.is_empty());
    // Deleting the run that others wait for lets them go, too.
    let four = push(&bench, "heads/main", "four", &[("/a", "4")]);
    assert_eq!(runs(&bench).len(), 3);
    assert_eq!(bench.send("DELETE", &format!("{BUILDS}/3"), &[], "").status, 204);
    assert_eq!(bench.get(&format!("{BUILDS}/4"))["sourceVersion"], json!(four));
    // What waits for a branch goes with the branch.
    let five = push(&bench, "heads/main", "five", &[("/a", "5")]);
    set(&bench, "refs/heads/main", &five, ZERO);
    assert!(bench.store().batches.is_empty());
}

#[test]
fn a_pipeline_that_was_paused_meanwhile_lets_its_batch_go() {
    let bench = bench("trigger:\n  batch: true\nsteps:\n- script: echo\n");
    bench.pace("step", parhelion_core::Pace::Manual);
    push(&bench, "heads/main", "one", &[("/a", "1")]);
    push(&bench, "heads/main", "two", &[("/a", "2")]);
    let mut definition = bench.get("/contoso/P/_apis/build/definitions/1");
    definition["queueStatus"] = json!("paused");
    bench.ok("PUT /contoso/P/_apis/build/definitions/1", definition);
    bench.ok(&format!("PATCH {BUILDS}/1"), json!({ "status": "cancelling" }));
    assert_eq!(runs(&bench).len(), 1);
    assert!(told(&bench).contains("for which 1 push was held back: it is paused or disabled"));
}
