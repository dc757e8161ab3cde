//! The public endpoint of incoming webhooks.

use crate::{Settings, testing::Bench};
use expect_test::expect;
use serde_json::{Value, json};

/// The seed's pipeline.
pub const YAML: &str = "resources:\n  webhooks:\n    - webhook: WebHook\n      connection: IncomingWH\n\nsteps:\n- script: echo ${{ parameters.WebHook.resource.message.title }}\n";
/// The seed's body.
pub const BODY: &str =
    r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}}}"#;
/// The seed's checksum of it under the key `secret`.
pub const CHECKSUM: &str = "750D33212D3AD4932CC390819050734831A0A94F";
pub const URL: &str = "/contoso/_apis/public/distributedtask/webhooks/WebHook?api-version=6.0-preview";

/// The facts that explain a delivery.
pub const TOLD: &[&str] = &[
    "webhook.received",
    "webhook.found",
    "webhook.refused",
    "signature.checked",
    "filter.evaluated",
    "pipeline.skipped",
    "yaml.expanded",
    "run.started",
    "run.finished",
    "webhook.answered",
];

/// The project `P` with that YAML, a pipeline of it and the connection `IncomingWH`.
pub fn bench(yaml: &str, secret: &str, header: &str) -> Bench {
    bench_with(Settings::default(), yaml, secret, header)
}
fn bench_with(settings: Settings, yaml: &str, secret: &str, header: &str) -> Bench {
    let bench = Bench::with(settings);
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
    bench.connect("IncomingWH", "WebHook", secret, header);
    bench.commit("/azure-pipelines.yml", yaml);
    bench.define("hooked");
    bench
}
pub fn post(bench: &Bench, headers: &[(&str, &str)], body: &str) -> u16 {
    bench.send("POST", URL, headers, body.to_owned()).status
}
pub fn runs(bench: &Bench) -> usize {
    bench.store().builds.len()
}
/// The newest delivery's outcomes, without ids.
fn outcomes(bench: &Bench) -> Value {
    let list = bench.control("GET", "/contoso/webhook-deliveries").json();
    let mut outcomes = list["items"].as_array().unwrap().last().unwrap()["outcomes"].clone();
    for outcome in outcomes.as_array_mut().unwrap() {
        outcome.as_object_mut().unwrap().shift_remove("project_id");
    }
    outcomes
}

#[test]
fn the_seeds_example_starts_a_run_whose_step_holds_the_title() {
    let bench = bench(YAML, "secret", "X-WH-Checksum");
    let answer = bench.send("POST", URL, &[("X-WH-Checksum", CHECKSUM)], BODY);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let delivery = answer.header("x-parhelion-delivery-id").unwrap().to_owned();
    let builds = bench.get("/contoso/P/_apis/build/builds");
    assert_eq!(builds["count"], 1);
    let build = &builds["value"][0];
    assert_eq!(build["reason"], "resourceTrigger");
    assert_eq!(build["status"], "completed");
    assert_eq!(build["result"], "succeeded");
    assert_eq!(build["sourceBranch"], "refs/heads/main");
    assert_eq!(build["requestedFor"]["displayName"], "Microsoft.VisualStudio.Services.TFS");
    assert_eq!(build["triggerInfo"], json!({ "alias": "WebHook", "webHookName": "WebHook" }));
    let run = bench.get("/contoso/P/_apis/pipelines/1/runs/1");
    assert!(run["finalYaml"].as_str().unwrap().contains("script: echo Hello, world!"), "{run}");
    let timeline = bench.get("/contoso/P/_apis/build/builds/1/timeline");
    let task = timeline["records"].as_array().unwrap().iter().find(|r| r["name"] == "CmdLine").unwrap();
    let log = task["log"]["id"].as_u64().unwrap();
    let lines = bench.get(&format!("/contoso/P/_apis/build/builds/1/logs/{log}"));
    assert!(
        lines["value"]
            .as_array()
            .unwrap()
            .iter()
            .any(|l| l.as_str().unwrap().ends_with(" echo Hello, world!"))
    );
    expect![[r#"
        webhook.received: a request for webhook WebHook with 83 bytes
        webhook.found: WebHook reaches 1 webhook resource by the connection's webhookname [Ok]
        signature.checked: X-WH-Checksum holds the HMAC-SHA1 of the body under the secret of connection IncomingWH [Ok]
        filter.evaluated: webhook WebHook of pipeline hooked has no filters [Ok]
        yaml.expanded: /azure-pipelines.yml of branch refs/heads/main was expanded with the payload as parameters.WebHook [Ok]
        run.started: run 20260101.1 of pipeline hooked was started on refs/heads/main at {{commit}}: 1 stages, 1 jobs, simulated [Ok]
        run.finished: every job and step succeeded (simulated) [Ok]
        webhook.answered: 200: pipeline hooked of P: run 1 was queued [Ok]
    "#]]
    .assert_eq(&bench.facts(TOLD).replace(run["resources"]["repositories"]["self"]["version"].as_str().unwrap(), "{{commit}}"));
    // One walkable chain: each entry's cause is the one before it.
    let chain: Vec<_> = bench.journal().into_iter().filter(|e| TOLD.contains(&e.kind)).collect();
    assert!(chain[..7].windows(2).all(|w| w[1].cause == w[0].seq), "{chain:?}");
    assert_eq!(chain[0].subject, format!("webhook-delivery:{delivery}"));
    assert_eq!(chain[5].subject, "run:1");
    assert_eq!((chain[7].subject.clone(), chain[7].cause), (chain[0].subject.clone(), chain[1].seq));
    let checked = serde_json::to_string(&chain[2].data).unwrap();
    assert!(checked.contains("\"secret\":\"****\"") && !checked.contains("\"secret\":\"secret\""));
}

#[test]
fn the_seeds_object_example_starts_none_and_the_record_says_why() {
    let bench = bench(&YAML.replace(".title", ""), "", "");
    assert_eq!(post(&bench, &[], BODY), 200);
    assert_eq!(runs(&bench), 0);
    expect![[r#"[{"pipeline_id":1,"alias":"WebHook","result":"validation_failed","message":"/azure-pipelines.yml (Line: 7, Col: 11): Unable to convert from Object to String. Value: Object"}]"#]]
        .assert_eq(&outcomes(&bench).to_string());
    let issues = bench.control("GET", "/contoso/trigger-issues?pipeline_id=1").json();
    assert_eq!(issues["items"].as_array().unwrap().len(), 1);
    assert_eq!(issues["items"][0]["is_error"], true);
    assert!(
        issues["items"][0]["message"].as_str().unwrap().contains("Unable to convert from Object to String")
    );
    expect![[r#"
        webhook.received: a request for webhook WebHook with 83 bytes
        webhook.found: WebHook reaches 1 webhook resource by the connection's webhookname [Ok]
        signature.checked: connection IncomingWH has no secret: nothing to check [Ok]
        filter.evaluated: webhook WebHook of pipeline hooked has no filters [Ok]
        yaml.expanded: the YAML of pipeline hooked with this payload is not valid, so there is no run: /azure-pipelines.yml (Line: 7, Col: 11): Unable to convert from Object to String. Value: Object [Failed]
        webhook.answered: 200, but nothing runs: pipeline hooked of P: validation failed: /azure-pipelines.yml (Line: 7, Col: 11): Unable to convert from Object to String. Value: Object [Failed]
    "#]]
    .assert_eq(&bench.facts(TOLD));
}

#[test]
fn a_lone_object_is_no_script_either() {
    let bench = bench(&YAML.replace("echo ${{", "${{").replace(".title", ""), "", "");
    assert_eq!(post(&bench, &[], BODY), 200);
    assert_eq!(runs(&bench), 0);
    assert!(outcomes(&bench)[0]["message"].as_str().unwrap().contains("A mapping was not expected"));
}

#[test]
fn a_wrong_or_missing_checksum_is_refused() {
    let bench = bench(YAML, "secret", "X-WH-Checksum");
    for headers in [&[][..], &[("X-WH-Checksum", "1234")], &[("X-Other", CHECKSUM)]] {
        let answer = bench.send("POST", URL, headers, BODY);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["typeKey"], "WebHookUnauthorizedException");
        assert!(answer.header("x-parhelion-delivery-id").is_some());
        assert_eq!(outcomes(&bench)[0]["result"], "unauthorized");
    }
    assert_eq!(runs(&bench), 0);
    assert_eq!(bench.control("GET", "/contoso/trigger-issues").json()["items"].as_array().unwrap().len(), 3);
    expect![[r#"
        signature.checked: X-WH-Checksum does not hold the HMAC-SHA1 of the body under the secret of connection IncomingWH: the header is missing [Failed]
        signature.checked: X-WH-Checksum does not hold the HMAC-SHA1 of the body under the secret of connection IncomingWH: it has 4 hexadecimal digits, where the 40 of a SHA-1 are expected [Failed]
        signature.checked: X-WH-Checksum does not hold the HMAC-SHA1 of the body under the secret of connection IncomingWH: the header x-other holds the right checksum instead [Failed]
    "#]]
    .assert_eq(&bench.facts(&["signature.checked"]));
}

#[test]
fn a_webhook_exists_only_while_a_pipeline_names_it() {
    let bench = Bench::with_project("P");
    let status = |expected: u16, when: &str| assert_eq!(post(&bench, &[], "{}"), expected, "{when}");
    bench.connect("IncomingWH", "WebHook", "", "");
    status(500, "a connection alone");
    bench.define("hooked");
    status(500, "a definition before its YAML");
    bench.commit("/azure-pipelines.yml", "steps:\n- script: echo\n");
    status(500, "YAML without webhooks");
    bench.commit("/azure-pipelines.yml", YAML);
    status(200, "a push to the default branch registers it");
    bench.commit("/azure-pipelines.yml", &YAML.replace("IncomingWH", "Other"));
    status(500, "another connection");
    bench.connect("other", "WebHook", "", "");
    status(200, "a connection of that name");
    bench.commit(
        "/azure-pipelines.yml",
        &YAML.replace("connection: IncomingWH", "connection: IncomingWH\n      type: Jenkins"),
    );
    status(500, "an extension's webhook");
    bench.commit("/azure-pipelines.yml", YAML);
    status(200, "and back");
    bench.ok("DELETE /contoso/P/_apis/build/definitions/1", Value::Null);
    status(500, "no pipeline left");
}

#[test]
fn filters_must_all_hold() {
    let filters = "connection: IncomingWH\n      filters:\n      - path: kind\n        value: push\n      - path: repo.name\n        value: 'a b'";
    let bench = bench(&YAML.replace("connection: IncomingWH", filters), "", "");
    assert_eq!(post(&bench, &[], r#"{"kind":"push","repo":{"name":"a b"}}"#), 200);
    assert_eq!(runs(&bench), 1);
    assert_eq!(post(&bench, &[], r#"{"kind":"push","repo":{"name":"other"}}"#), 200);
    expect![[r#"[{"pipeline_id":1,"alias":"WebHook","result":"filter_miss","filter":{"path":"repo.name","selected":["\"other\""],"expected":"a b","reason":"the value is another"}}]"#]]
        .assert_eq(&outcomes(&bench).to_string());
    assert_eq!(post(&bench, &[], ""), 200);
    assert_eq!(outcomes(&bench)[0]["result"], "filter_miss");
    assert_eq!(runs(&bench), 1);
    assert_eq!(bench.store().issues.len(), 0);
    assert!(
        bench
            .facts(TOLD)
            .contains("filter.evaluated: filter repo.name = 'a b': the value is another [Failed]\n")
    );
}

#[test]
fn a_body_may_be_empty_but_not_broken_or_too_large() {
    let bench = bench(YAML, "", "");
    assert_eq!(post(&bench, &[], ""), 200);
    assert_eq!(runs(&bench), 1);
    assert_eq!(outcomes(&bench)[0]["result"], "queued");
    for bad in ["{", "\u{1}", "{} x", "{'a':1}", &"[".repeat(1000)] {
        assert_eq!(post(&bench, &[], bad), 400, "{bad}");
        assert_eq!(outcomes(&bench)[0]["result"], "unreadable");
    }
    assert_eq!(bench.send("POST", URL, &[], vec![0xff, 0xfe]).status, 400);
    assert_eq!(post(&bench, &[], &format!("\"{}\"", "x".repeat(2 * 1024 * 1024 - 2))), 200);
    let large = bench.send("POST", URL, &[], "x".repeat(2 * 1024 * 1024 + 1));
    assert_eq!(
        (large.status, large.json()["typeKey"].as_str().unwrap()),
        (413, "VssRequestContentTooLargeException")
    );
    let kept = bench.store();
    let last = kept.deliveries.get_max().unwrap().1.clone();
    assert_eq!((last.status, last.body.0.len()), (413, 0));
    assert_eq!(runs(&bench), 2);
}

#[test]
fn two_projects_may_share_a_name_with_secrets_of_their_own() {
    let bench = bench(YAML, "secret", "X-WH-Checksum");
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "Q" }));
    bench.ok("POST /contoso/_apis/serviceendpoint/endpoints", json!({
        "name": "IncomingWH", "type": "incomingwebhook",
        "authorization": { "scheme": "None", "parameters": { "webhookname": "webhook", "secret": "other", "header": "X-Q" } },
        "serviceEndpointProjectReferences": [{ "projectReference": { "name": "Q" } }],
    }));
    bench.ok(
        "POST /contoso/Q/_apis/git/repositories/Q/pushes",
        json!({
            "refUpdates": [{ "name": "refs/heads/trunk", "oldObjectId": "0".repeat(40) }],
            "commits": [{ "comment": "c", "changes": [{
                "changeType": 1, "item": { "path": "a.yml" }, "newContent": { "content": YAML },
            }] }],
        }),
    );
    bench.ok(
        "POST /contoso/Q/_apis/pipelines",
        json!({ "name": "q", "configuration": { "type": "yaml", "path": "a.yml" } }),
    );
    assert_eq!(post(&bench, &[("X-WH-Checksum", CHECKSUM)], BODY), 200);
    let results: Vec<_> = outcomes(&bench).as_array().unwrap().iter().map(|o| o["result"].clone()).collect();
    assert_eq!(Value::from(results), json!(["queued", "unauthorized"]));
    assert_eq!(runs(&bench), 1);
    assert_eq!(bench.store().issues.len(), 0);
    assert_eq!(post(&bench, &[("X-Q", CHECKSUM)], BODY), 401);
    assert_eq!(bench.store().issues.len(), 2);
}

#[test]
fn two_resources_of_one_pipeline_are_two_triggers() {
    let yaml = YAML.replace("\n\nsteps", "\n    - webhook: Second\n      connection: incomingwh\n\nsteps");
    let bench = bench(&yaml, "", "");
    assert_eq!(post(&bench, &[], BODY), 200);
    assert_eq!(runs(&bench), 2);
    let numbers: Vec<_> = bench.store().builds.values().map(|b| b.number.clone()).collect();
    assert_eq!(numbers, ["20260101.1", "20260101.2"]);
    // The other alias is there, and empty.
    assert!(
        bench.store().builds[&2].final_yaml.contains("echo \n")
            || bench.store().builds[&2].final_yaml.contains("'echo '")
    );
}

#[test]
fn no_credentials_version_or_content_type_are_asked() {
    let settings = Settings { auth_required: true, strict_versions: true, ..Settings::default() };
    let bench = Bench::with(settings);
    let auth = ("authorization", "Basic OnBhdA==");
    let answer = bench.send("POST", "/contoso/_apis/projects?api-version=7.1", &[auth], r#"{"name":"P"}"#);
    assert_eq!(answer.status, 202);
    for url in [
        "/contoso/_apis/public/distributedtask/webhooks/x",
        "/contoso/_apis/public/distributedtask/webhooks/x/?api-version=",
        "/contoso/_apis/public/distributedtask/webhooks/x?api-version=99-nonsense",
    ] {
        assert_eq!(bench.send("POST", url, &[("content-type", "text/plain")], "{}").status, 500, "{url}");
    }
    assert_eq!(bench.send("GET", URL, &[], "").status, 405);
}

#[test]
fn an_unknown_organization_is_404_and_not_made() {
    let bench = Bench::new();
    let answer = bench.send("POST", &URL.replace("contoso", "nobody"), &[], "{}");
    assert_eq!(answer.status, 404);
    assert!(bench.world.tenants("azure-devops").is_empty());
    assert_eq!(
        bench.facts(TOLD),
        "webhook.refused: a request for webhook WebHook: 404. The organization nobody does not exist. [Failed]\n"
    );
    // Nor does one whose name none can have.
    let answer = bench.send("POST", &URL.replace("contoso", "no%20body"), &[], "{}");
    assert_eq!(
        (answer.status, answer.json()["message"].as_str().unwrap()),
        (404, "The organization no body does not exist.")
    );
}

#[test]
fn a_listed_organization_exists_before_its_first_call() {
    let settings = Settings { organizations: Some(["contoso".to_owned()].into()), ..Settings::default() };
    let bench = Bench::with(settings);
    assert_eq!(post(&bench, &[], "{}"), 500);
    assert_eq!(bench.control("GET", "/contoso/webhook-deliveries").status, 200);
    assert!(bench.world.tenants("azure-devops").is_empty());
    assert_eq!(bench.send("POST", &URL.replace("contoso", "other"), &[], "{}").status, 404);
}

#[test]
fn text_of_the_payload_is_never_yaml() {
    let bench = bench(YAML, "", "");
    let body = json!({ "resource": { "message": { "title": "x\n- script: evil: ${{ variables }} $(Build.BuildId)" } } });
    assert_eq!(post(&bench, &[], &body.to_string()), 200);
    let logs = bench.script_logs(1);
    assert_eq!(logs.len(), 1);
    assert!(logs[0].iter().any(|l| l == "- script: evil: ${{ variables }} 1"), "{:?}", logs[0]);
}
