//! Templates of a pipeline: read from git, at one commit of each repository.

use crate::testing::Bench;
use serde_json::{Value, json};

const PREVIEW: &str = "POST /contoso/P/_apis/pipelines/1/preview";
const SHARED: &str = "P/_apis/git/repositories/shared";
const RESOURCES: &str =
    "resources:\n  repositories:\n  - repository: common\n    type: git\n    name: shared\n";
const WEBHOOK: &str = "resources:\n  webhooks:\n  - webhook: WebHook\n    connection: IncomingWH\n";

/// The project `P`, whose pipeline has that YAML, with a second repository `shared`.
fn bench(yaml: &str) -> Bench {
    let bench = Bench::with_project("P");
    bench.ok("POST /contoso/P/_apis/git/repositories", json!({ "name": "shared" }));
    bench.commit("/azure-pipelines.yml", yaml);
    bench.define("one");
    bench
}

/// What the steps of the preview echo, or its message.
#[track_caller]
fn echoed(bench: &Bench, body: Value) -> String {
    let (status, answer) = bench.call(PREVIEW, body);
    let Some(yaml) = answer["finalYaml"].as_str() else {
        assert_eq!((status, &answer["typeKey"]), (400, &json!("PipelineValidationException")), "{answer}");
        return answer["message"].as_str().unwrap().to_owned();
    };
    let echoes = yaml.lines().filter_map(|l| l.trim().strip_prefix("script: echo "));
    echoes.collect::<Vec<_>>().join(" ")
}

/// The tip of a repository's `main`.
fn tip(bench: &Bench, repository: &str) -> String {
    let refs = bench.get(&format!("/contoso/{repository}/refs?filter=heads/main"));
    refs["value"][0]["objectId"].as_str().unwrap().to_owned()
}

#[test]
fn files_of_the_pipelines_own_commit() {
    let bench = bench("steps:\n- template: ci/steps.yml\n  parameters: {who: world}\n");
    bench.commit(
        "/ci/steps.yml",
        "parameters: {who: ''}\nsteps:\n- template: more/deep.yml\n- script: echo ${{ parameters.who }}\n",
    );
    bench.commit("/ci/more/deep.yml", "steps:\n- script: echo deep\n");
    assert_eq!(echoed(&bench, json!({})), "deep world");
    // An override is expanded as if it were the definition's own file.
    assert_eq!(echoed(&bench, json!({ "yamlOverride": "steps:\n- template: ci/more/deep.yml\n" })), "deep");
    // A run is of the same.
    bench.ok("POST /contoso/P/_apis/pipelines/1/runs", json!({}));
    let run = bench.get("/contoso/P/_apis/pipelines/1/runs/1");
    assert!(run["finalYaml"].as_str().unwrap().contains("echo world"), "{run}");
    let started = bench.journal().into_iter().find(|e| e.kind == "run.started").unwrap();
    assert_eq!(started.data["templates"], json!(["/ci/steps.yml", "/ci/more/deep.yml"]));
    let build = bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    assert_eq!(build["status"], "notStarted");
}

#[test]
fn a_file_that_is_not_there_names_where_it_was_looked_for() {
    let bench = bench("steps:\n- template: none.yml\n");
    let searched = |repository: &str, version: &str| {
        format!("http://localhost/contoso/P/_git/{repository} branch refs/heads/main version {version}.")
    };
    let own = tip(&bench, "P/_apis/git/repositories/P");
    assert_eq!(
        echoed(&bench, json!({})),
        format!("/azure-pipelines.yml: File /none.yml not found in repository {}", searched("P", &own))
    );
    // A folder is no file.
    bench.commit("/folder/a.yml", "steps: []\n");
    assert!(
        echoed(&bench, json!({ "yamlOverride": "steps:\n- template: folder\n" }))
            .contains("File /folder not found")
    );
    let other = format!("{RESOURCES}steps:\n- template: none.yml@common\n");
    assert_eq!(
        echoed(&bench, json!({ "yamlOverride": other })),
        format!("/azure-pipelines.yml: File /none.yml not found in repository {}", searched("shared", ""))
    );
    bench.commit_to(SHARED, "/a.yml", "steps: []\n");
    assert_eq!(
        echoed(&bench, json!({ "yamlOverride": other })),
        format!(
            "/azure-pipelines.yml: File /none.yml not found in repository {}",
            searched("shared", &tip(&bench, SHARED))
        )
    );
}

#[test]
fn a_queued_build_says_why_its_templates_do_not_work() {
    let bench = bench("steps:\n- template: none.yml\n");
    let (status, answer) =
        bench.call("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    assert_eq!((status, &answer["typeKey"]), (400, &json!("BuildRequestValidationFailedException")));
    let message = answer["customProperties"]["ValidationResults"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("/azure-pipelines.yml: File /none.yml not found"), "{message}");
}

#[test]
fn files_of_other_repositories() {
    let bench = bench(&format!("{RESOURCES}steps:\n- template: a.yml@common\n"));
    bench.commit_to(SHARED, "/a.yml", "steps:\n- script: echo shared\n");
    assert_eq!(echoed(&bench, json!({})), "shared");
    let named = |name: &str, more: &str| {
        let text = format!(
            "resources:\n  repositories:\n  - repository: r\n    type: git\n    name: {name}\n{more}steps:\n- template: a.yml@r\n"
        );
        echoed(&bench, json!({ "yamlOverride": text }))
    };
    assert_eq!(named("P/shared", ""), "shared");
    assert_eq!(named("p/SHARED", "    ref: main\n"), "shared");
    assert_eq!(named("shared", "    ref: refs/heads/main\n"), "shared");
    assert!(named("shared", "    ref: other\n").contains("branch refs/heads/other version ."));
    // Of another project.
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "Q" }));
    bench.commit_to("Q/_apis/git/repositories/Q", "/a.yml", "steps:\n- script: echo q\n");
    assert_eq!(named("Q/Q", ""), "q");
    let project = bench.get("/contoso/_apis/projects/P")["id"].as_str().unwrap().to_owned();
    assert_eq!(
        named("ghost", ""),
        format!(
            "The repository ghost in project {project} could not be retrieved. Verify the name and credentials being used and permissions."
        )
    );
    assert!(named("R/ghost", "").starts_with("The repository ghost in project R could not be retrieved."));
    let elsewhere = "resources:\n  repositories:\n  - repository: r\n    type: github\n    name: a/b\n    endpoint: e\nsteps:\n- template: a.yml@r\n";
    assert_eq!(
        echoed(&bench, json!({ "yamlOverride": elsewhere })),
        "/azure-pipelines.yml: The repository a/b of type github cannot be read here."
    );
}

#[test]
fn a_commit_of_another_repository_gives_no_templates() {
    let bench = bench("steps:\n- script: echo own\n");
    bench.commit_to(SHARED, "/a.yml", "steps:\n- script: echo foreign\n");
    let foreign = tip(&bench, SHARED);
    let body = json!({
        "yamlOverride": "steps:\n- template: a.yml\n",
        "resources": { "repositories": { "self": { "version": foreign } } },
    });
    assert_eq!(echoed(&bench, body), format!("Could not find the version {foreign} in the repository P."));
}

#[test]
fn other_repositories_are_read_where_the_caller_wants() {
    let bench = bench(&format!("{RESOURCES}steps:\n- template: a.yml@common\n"));
    bench.commit_to(SHARED, "/a.yml", "steps:\n- script: echo old\n");
    let old = tip(&bench, SHARED);
    bench.commit_to(SHARED, "/a.yml", "steps:\n- script: echo new\n");
    let at = |pin: Value| json!({ "resources": { "repositories": { "Common": pin } } });
    assert_eq!(echoed(&bench, json!({})), "new");
    assert_eq!(echoed(&bench, at(json!({ "version": old }))), "old");
    assert!(echoed(&bench, at(json!({ "refName": "gone" }))).contains("branch refs/heads/gone version ."));
    // A run of it is queued, though the branch has moved on.
    bench.ok("POST /contoso/P/_apis/pipelines/1/runs", at(json!({ "version": old })));
    let run = bench.get("/contoso/P/_apis/pipelines/1/runs/1");
    let common = &run["resources"]["repositories"]["common"];
    assert_eq!(
        (&common["refName"], &common["version"], &common["repository"]["type"]),
        (&json!("refs/heads/main"), &json!(old), &json!("azureReposGit")),
        "the run says what it was made of: {run}"
    );
    assert_eq!(run["resources"]["repositories"].as_object().unwrap().len(), 2);
    let foreign = tip(&bench, "P/_apis/git/repositories/P");
    assert_eq!(
        echoed(&bench, at(json!({ "version": foreign }))),
        format!("Could not find the version {foreign} in the repository shared.")
    );
}

#[test]
fn what_a_pipeline_extends_registers_its_webhooks() {
    let bench = bench(&format!("{RESOURCES}extends:\n  template: base.yml@common\n"));
    bench.connect("IncomingWH", "WebHook", "", "");
    let post = || {
        let url = "/contoso/_apis/public/distributedtask/webhooks/WebHook?api-version=6.0-preview";
        let status = bench.send("POST", url, &[], "{\"title\":\"hello\"}").status;
        (status, bench.store().builds.len())
    };
    assert_eq!(post(), (500, 0));
    // A push to the other repository counts.
    bench.commit_to(
        SHARED,
        "/base.yml",
        &format!("{WEBHOOK}steps:\n- script: echo ${{{{ parameters.WebHook.title }}}}\n"),
    );
    assert_eq!(post(), (200, 1));
    let run = bench.get("/contoso/P/_apis/pipelines/1/runs/1");
    assert!(run["finalYaml"].as_str().unwrap().contains("echo hello"), "{run}");
    bench.commit_to(SHARED, "/base.yml", "steps:\n- script: x\n");
    assert_eq!(post(), (500, 1));
    // One of another project, made later.
    bench.commit("/azure-pipelines.yml", "resources:\n  repositories:\n  - repository: q\n    name: P/late\nextends:\n  template: base.yml@q\n");
    assert_eq!(post(), (500, 1));
    bench.ok("POST /contoso/P/_apis/git/repositories", json!({ "name": "late" }));
    bench.commit_to("P/_apis/git/repositories/late", "/base.yml", &format!("{WEBHOOK}steps:\n- script: x\n"));
    assert_eq!(post(), (200, 2));
}

#[test]
fn a_template_sees_a_payload_only_as_an_argument() {
    let yaml = format!(
        "{WEBHOOK}steps:\n- template: t.yml\n  parameters:\n    title: ${{{{ parameters.WebHook.title }}}}\n"
    );
    let bench = bench(&yaml);
    bench.connect("IncomingWH", "WebHook", "", "");
    let post = || {
        let url = "/contoso/_apis/public/distributedtask/webhooks/WebHook";
        assert_eq!(bench.send("POST", url, &[], "{\"title\":\"hello\"}").status, 200);
    };
    bench.commit("/t.yml", "parameters:\n- name: title\nsteps:\n- script: echo ${{ parameters.title }}\n");
    post();
    assert!(
        bench.get("/contoso/P/_apis/pipelines/1/runs/1")["finalYaml"]
            .as_str()
            .unwrap()
            .contains("echo hello")
    );
    bench.commit(
        "/t.yml",
        "parameters:\n- name: title\nsteps:\n- script: echo ${{ parameters.WebHook.title }}\n",
    );
    post();
    let issues = bench.control("GET", "/contoso/trigger-issues").json();
    assert_eq!(
        issues["items"][0]["message"], "/t.yml (Line: 4, Col: 11): Key not found 'WebHook'",
        "{issues}"
    );
    assert_eq!(bench.store().builds.len(), 1);
}
