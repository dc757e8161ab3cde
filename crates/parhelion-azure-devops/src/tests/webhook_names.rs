//! Which names exist at the public webhook endpoint, and whom they reach (azure-devops.md 4.1).

use super::webhooks::{BODY, CHECKSUM, URL, YAML, bench, runs};
use crate::{Registration, Settings, testing::Bench};
use serde_json::{Value, json};

const D: &str = "/contoso/P/_apis/build/definitions/1";

fn to(bench: &Bench, name: &str) -> u16 {
    bench.send("POST", &URL.replace("WebHook?", &format!("{name}?")), &[], BODY).status
}

/// The pipelines that a request to a name was judged for.
fn judged(bench: &Bench, name: &str) -> Vec<(u64, String, String)> {
    assert_eq!(to(bench, name), 200, "{name}");
    let list = bench.control("GET", "/contoso/webhook-deliveries").json();
    let outcomes = list["items"].as_array().unwrap().last().unwrap()["outcomes"].clone();
    let text = |o: &Value, member: &str| o[member].as_str().unwrap().to_owned();
    let all = outcomes.as_array().unwrap().iter();
    all.map(|o| (o["pipeline_id"].as_u64().unwrap(), text(o, "alias"), text(o, "result"))).collect()
}

#[test]
fn the_parameter_names_it_then_the_connection_and_never_the_alias() {
    let bench = Bench::with_project("P");
    bench.connect("IncomingWH", "the-parameter", "", "");
    bench.commit("/azure-pipelines.yml", YAML);
    bench.define("hooked");
    for (name, status) in [
        ("the-parameter", 200),
        ("THE-Parameter", 200),
        ("the%2Dparameter", 200),
        ("IncomingWH", 200),
        ("incomingwh", 200),
        ("%49ncomingWH", 200),
        ("WebHook", 500),
        ("hooked", 500),
        ("the-paramete", 500),
        ("the-parameter%20", 500),
        ("the_parameter", 500),
    ] {
        assert_eq!(to(&bench, name), status, "{name}");
    }
}

#[test]
fn a_parameter_goes_before_another_connections_own_name() {
    let bench = bench(YAML, "", "");
    // Its own name is the first one's parameter.
    bench.connect("WebHook", "Second", "", "");
    bench.commit("/second.yml", &YAML.replace("IncomingWH", "WebHook"));
    bench.ok(
        "POST /contoso/P/_apis/pipelines",
        json!({ "name": "second", "configuration": { "type": "yaml", "path": "/second.yml" } }),
    );
    let one = |id| vec![(id, "WebHook".to_owned(), "queued".to_owned())];
    assert_eq!(judged(&bench, "WebHook"), one(1));
    assert_eq!(judged(&bench, "Second"), one(2));
    assert_eq!(judged(&bench, "IncomingWH"), one(1));
    let found = bench.journal().into_iter().filter(|e| e.kind == "webhook.found").map(|e| e.fact.clone());
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            "WebHook reaches 1 webhook resource by the connection's webhookname",
            "Second reaches 1 webhook resource by the connection's webhookname",
            "IncomingWH reaches 1 webhook resource by the connection's name, since no connection has that webhookname",
        ]
    );
}

#[test]
fn every_pipeline_that_refers_to_it_is_considered() {
    let bench = bench(YAML, "", "");
    bench.define("again");
    bench.commit("/two.yml", &YAML.replace("\n\nsteps", "\n  - webhook: b-2_B\n    connection: incomingwh\n    filters:\n    - path: x\n      value: y\nsteps").replace("    - webhook", "  - webhook").replace("      connection", "    connection"));
    bench.ok(
        "POST /contoso/P/_apis/pipelines",
        json!({ "name": "two", "configuration": { "type": "yaml", "path": "/two.yml" } }),
    );
    let line = |id, alias: &str, result: &str| (id, alias.to_owned(), result.to_owned());
    assert_eq!(
        judged(&bench, "WebHook"),
        [
            line(1, "WebHook", "queued"),
            line(2, "WebHook", "queued"),
            line(3, "WebHook", "queued"),
            line(3, "b-2_B", "filter_miss"),
        ]
    );
    assert_eq!(runs(&bench), 3);
}

#[test]
fn a_connection_counts_in_the_projects_it_is_shared_with_under_its_name_there() {
    let bench = bench(YAML, "", "");
    bench.ok("POST /contoso/_apis/projects", json!({ "name": "Q" }));
    bench.ok(
        "POST /contoso/Q/_apis/git/repositories/Q/pushes",
        json!({
            "refUpdates": [{ "name": "refs/heads/main", "oldObjectId": "0".repeat(40) }],
            "commits": [{ "comment": "c", "changes": [{
                "changeType": "add", "item": { "path": "/azure-pipelines.yml" },
                "newContent": { "content": YAML.replace("IncomingWH", "Shared") },
            }] }],
        }),
    );
    bench.ok("POST /contoso/Q/_apis/pipelines", json!({ "name": "q", "configuration": { "type": "yaml" } }));
    let pipelines =
        |bench: &Bench| judged(bench, "WebHook").into_iter().map(|(id, ..)| id).collect::<Vec<_>>();
    assert_eq!(pipelines(&bench), [1], "the connection is not in that project");
    let id = bench.store().endpoints.values().next().unwrap().id;
    let share = json!([{ "projectReference": { "name": "Q" }, "name": "Shared" }]);
    bench.ok(&format!("PATCH /contoso/_apis/serviceendpoint/endpoints/{id}"), share);
    assert_eq!(pipelines(&bench), [1, 2]);
    assert_eq!(to(&bench, "Shared"), 200, "its name there");
    let project = bench.get("/contoso/_apis/projects/P")["id"].as_str().unwrap().to_owned();
    let gone = bench.send(
        "DELETE",
        &format!("/contoso/_apis/serviceendpoint/endpoints/{id}?projectIds={project}"),
        &[],
        "",
    );
    assert_eq!(gone.status, 204);
    assert_eq!(pipelines(&bench), [2]);
}

#[test]
fn what_changes_the_connection_counts_at_once() {
    let bench = bench(YAML, "secret", "X-WH-Checksum");
    let signed = |header: &str, url: &str| bench.send("POST", url, &[(header, CHECKSUM)], BODY).status;
    assert_eq!(signed("X-WH-Checksum", URL), 200);
    let list = bench.get("/contoso/P/_apis/serviceendpoint/endpoints?includeDetails=true");
    let mut endpoint = list["value"][0].clone();
    let id = endpoint["id"].as_str().unwrap().to_owned();
    // A secret that comes back as null is kept.
    endpoint["authorization"]["parameters"] =
        json!({ "webhookname": "Renamed", "header": "X-Other", "secret": null });
    let put = format!("PUT /contoso/_apis/serviceendpoint/endpoints/{id}");
    bench.ok(&put, endpoint.clone());
    assert_eq!(signed("X-Other", URL), 500);
    let renamed = URL.replace("WebHook?", "Renamed?");
    assert_eq!(signed("X-WH-Checksum", &renamed), 401);
    assert_eq!(signed("X-Other", &renamed), 200);
    // Terraform sends empty texts for what is not set.
    endpoint["authorization"]["parameters"] = json!({ "webhookname": "Renamed", "header": "", "secret": "" });
    bench.ok(&put, endpoint);
    assert_eq!(to(&bench, "Renamed"), 200);
}

#[test]
fn what_a_definition_builds_decides() {
    let bench = bench(YAML, "", "");
    let change = |member: &str, value: Value| {
        let mut definition = bench.get(D);
        definition[member] = value;
        bench.ok(&format!("PUT {D}"), definition);
    };
    change("process", json!({ "type": 2, "yamlFilename": "other.yml" }));
    assert_eq!(to(&bench, "WebHook"), 500, "another file");
    bench.commit("/other.yml", YAML);
    assert_eq!(to(&bench, "WebHook"), 200, "the file came by a push");
    let repository = bench.get(D)["repository"].clone();
    let on = |branch: &str| {
        let mut there = repository.clone();
        there["defaultBranch"] = json!(branch);
        there
    };
    change("repository", on("refs/heads/release"));
    assert_eq!(to(&bench, "WebHook"), 500, "a branch that does not exist yet");
    let tip = bench.get("/contoso/P/_apis/git/repositories/P/refs?filter=heads/main");
    let made = json!([{ "name": "refs/heads/release", "oldObjectId": "0".repeat(40), "newObjectId": tip["value"][0]["objectId"] }]);
    bench.ok("POST /contoso/P/_apis/git/repositories/P/refs", made);
    assert_eq!(to(&bench, "WebHook"), 200, "the branch was made");
    change("process", json!({ "type": 1, "phases": [] }));
    assert_eq!(to(&bench, "WebHook"), 500, "the designer has no webhooks");
}

#[test]
fn yaml_that_cannot_be_read_registers_nothing_until_it_can() {
    let bench = bench(YAML, "", "");
    for (what, yaml) in [
        ("no YAML", "a: [".to_owned()),
        ("an alias with a blank", YAML.replace("webhook: WebHook", "webhook: a b")),
        ("no connection", YAML.replace("      connection: IncomingWH\n", "")),
        (
            "an alias made by an expression",
            YAML.replace("connection: IncomingWH", "connection: ${{ variables.c }}"),
        ),
        ("a type", YAML.replace("connection: IncomingWH", "connection: IncomingWH\n      type: Ext")),
    ] {
        bench.commit("/azure-pipelines.yml", &yaml);
        assert_eq!(to(&bench, "WebHook"), 500, "{what}");
        bench.commit("/azure-pipelines.yml", YAML);
        assert_eq!(to(&bench, "WebHook"), 200, "after {what}");
    }
    bench.commit(
        "/azure-pipelines.yml",
        &YAML.replace("connection: IncomingWH", "connection: IncomingWH\n      type:"),
    );
    assert_eq!(to(&bench, "WebHook"), 200, "an empty type is none");
}

#[test]
fn the_strict_rule_waits_for_the_first_run_or_save() {
    let settings = || Settings { webhook_registration: Registration::FirstRun, ..Settings::default() };
    let prepared = || {
        let bench = Bench::with(settings());
        bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
        bench.connect("IncomingWH", "WebHook", "", "");
        bench.commit("/azure-pipelines.yml", YAML);
        bench.define("hooked");
        assert_eq!(to(&bench, "WebHook"), 500);
        bench
    };
    let bench = prepared();
    let refused = bench.journal().into_iter().find(|e| e.kind == "webhook.refused").unwrap();
    assert_eq!(
        refused.data["near_misses"][1],
        "pipeline hooked (1) of project P: webhook WebHook is reached under the name WebHook, but waits for its first run or save"
    );
    bench.ok("POST /contoso/P/_apis/pipelines/1/preview", json!({ "previewRun": true }));
    assert_eq!(to(&bench, "WebHook"), 500, "a preview is no run");
    bench.commit("/azure-pipelines.yml", &format!("{YAML}# changed\n"));
    assert_eq!(to(&bench, "WebHook"), 500, "a push is no save");
    bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    assert_eq!(to(&bench, "WebHook"), 200, "a run");
    let bench = prepared();
    let definition = bench.get(D);
    bench.ok(&format!("PUT {D}"), definition);
    assert_eq!(to(&bench, "WebHook"), 200, "a save");
}
