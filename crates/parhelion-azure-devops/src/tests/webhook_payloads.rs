//! The payload as `parameters.{alias}` (azure-devops.md 4.4) and the run it starts (4.5): each rule is a case.

use super::webhooks::{BODY, URL, YAML, bench, post, runs};
use crate::testing::Bench;
use serde_json::{Value, json};

/// A pipeline that says `text`, with whatever stands before its steps.
fn yaml(before: &str, text: &str) -> String {
    format!(
        "resources:\n  webhooks:\n  - webhook: WebHook\n    connection: IncomingWH\n{before}steps:\n- script: '{}'\n",
        text.replace('\'', "''")
    )
}

fn newest(bench: &Bench) -> Value {
    let list = bench.control("GET", "/contoso/webhook-deliveries").json();
    list["items"].as_array().unwrap().last().unwrap()["outcomes"][0].clone()
}

/// What the step of the newest run says, or the message why there is none.
fn said(bench: &Bench, body: &str) -> String {
    assert_eq!(post(bench, &[], body), 200);
    let outcome = newest(bench);
    let Some(build) = outcome["build_id"].as_u64() else {
        return outcome["message"].as_str().unwrap().to_owned();
    };
    let script = bench.script_logs(u32::try_from(build).unwrap()).remove(0);
    let from = script.iter().position(|l| l == "Script contents:").unwrap();
    script[from + 1].clone()
}

#[test]
fn every_way_to_read_it() {
    const FILE: &str = "/azure-pipelines.yml";
    let payload = json!({
        "resource": { "message": { "title": "Hello" } }, "items": [{ "name": "one" }, { "name": "two" }],
        "a.b": "dotted", "n": 1.5, "whole": 3, "yes": true, "none": null, "when": "2026-01-01T00:00:00Z",
        "text": "3.0", "Case": "upper", "case": "lower", "code": "${{ variables }} and $(Build.Reason)", "empty": "",
    });
    for (text, want) in [
        // Names: the alias folds case, what is inside does not.
        ("${{ parameters.WebHook.resource.message.title }}", "Hello"),
        ("${{ parameters.webhook.resource.message.title }}", "Hello"),
        ("${{ parameters.WEBHOOK['resource'].message['title'] }}", "Hello"),
        ("${{ parameters['WebHook']['a.b'] }}", "dotted"),
        ("${{ parameters.WebHook.Case }}-${{ parameters.WebHook.case }}", "upper-lower"),
        ("x${{ parameters.WebHook.resource.message.Title }}y", "xy"),
        ("x${{ parameters.WebHook.nothing.at.all }}y", "xy"),
        ("x${{ parameters.WebHook.items[9].name }}y", "xy"),
        // Values.
        ("${{ parameters.WebHook.items[1].name }}", "two"),
        ("${{ parameters.WebHook.n }} ${{ parameters.WebHook.whole }}", "1.5 3"),
        ("${{ parameters.WebHook.yes }}", "True"),
        ("x${{ parameters.WebHook.none }}${{ parameters.WebHook.empty }}y", "xy"),
        ("${{ parameters.WebHook.when }} ${{ parameters.WebHook.text }}", "2026-01-01T00:00:00Z 3.0"),
        ("${{ add(1, 2) }}", "/azure-pipelines.yml (Line: 6, Col: 11): Unrecognized value: 'add'"),
        ("${{ eq(parameters.WebHook.whole, 3) }} ${{ eq(parameters.WebHook.text, 3) }}", "True False"),
        ("${{ length(parameters.WebHook.items) }}", "2"),
        ("${{ join(',', parameters.WebHook.items.*.name) }}", "one,two"),
        // Text is text: neither YAML nor an expression again; macros are of the run.
        ("${{ parameters.WebHook.code }}", "${{ variables }} and ResourceTrigger"),
        // Collections are no text.
        (
            "echo ${{ parameters.WebHook.resource.message }}",
            "(Line: 6, Col: 11): Unable to convert from Object to String. Value: Object",
        ),
        (
            "echo ${{ parameters.WebHook.items }}",
            "(Line: 6, Col: 11): Unable to convert from Array to String. Value: Array",
        ),
        ("${{ parameters.WebHook.resource }}", "(Line: 6, Col: 11): A mapping was not expected"),
        ("${{ parameters.WebHook.items }}", "(Line: 6, Col: 11): A sequence was not expected"),
        ("${{ parameters.Other.x }}", "Key not found 'Other'"),
    ] {
        let bench = bench(&yaml("", text), "", "");
        let got = said(&bench, &payload.to_string());
        let wanted = want.starts_with('(') || want.starts_with("Key") || want.starts_with(FILE);
        if wanted {
            assert!(got.starts_with(FILE) && got.contains(want), "{text}: {got}");
            assert_eq!(
                (runs(&bench), newest(&bench)["result"].as_str()),
                (0, Some("validation_failed")),
                "{text}"
            );
        } else {
            assert_eq!(got, want, "{text}");
        }
    }
}

#[test]
fn directives_go_over_it_and_it_can_be_written_out() {
    let text = "resources:\n  webhooks:\n  - webhook: H\n    connection: IncomingWH\nsteps:\n- ${{ each item in parameters.H.items }}:\n  - ${{ if ne(item.name, 'skip') }}:\n    - script: do ${{ item.name }}\n- script: ${{ convertToJson(parameters.H.o) }}\n";
    let bench = bench(text, "", "");
    assert_eq!(
        post(&bench, &[], r#"{"items":[{"name":"a"},{"name":"skip"},{"name":"b"}],"o":{"k":[1,null]}}"#),
        200
    );
    let store = bench.store();
    let yaml = &store.builds[&1].final_yaml;
    assert!(yaml.contains("do a") && yaml.contains("do b") && !yaml.contains("skip"), "{yaml}");
    assert!(yaml.contains("\"k\": ["), "{yaml}");
}

#[test]
fn of_a_member_given_twice_the_last_counts() {
    let bench = bench(&yaml("", "${{ parameters.WebHook.a }}${{ parameters.WebHook.b.c }}"), "", "");
    assert_eq!(said(&bench, r#"{"a":"first","b":{"c":1},"a":"last","b":{"c":2}}"#), "last2");
}

#[test]
fn a_name_of_a_declared_parameter_is_refused() {
    let bench = bench(&yaml("parameters:\n- name: webhook\n  default: x\n", "echo"), "", "");
    assert!(said(&bench, "{}").contains("parameter is declared more than once in the parameter list."));
    assert_eq!(runs(&bench), 0);
}

#[test]
fn other_starts_see_an_empty_payload() {
    let bench = bench(&yaml("", "say ${{ parameters.WebHook.resource.message.title }}!"), "", "");
    let preview = bench.ok("POST /contoso/P/_apis/pipelines/1/preview", json!({ "previewRun": true }));
    assert!(preview["finalYaml"].as_str().unwrap().contains("script: say !"), "{preview}");
    bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
    let store = bench.store();
    assert!(store.builds[&1].final_yaml.contains("script: say !"));
    assert_eq!(store.builds[&1].delivery, None);
}

#[test]
fn integers_that_lose_digits_are_warned_of() {
    for (body, warned) in [
        (r#"{"n":9007199254740992}"#, false),
        (r#"{"n":9007199254740993}"#, true),
        (r#"{"n":-9007199254740993}"#, true),
        (r#"{"deep":[{"n":99999999999999999999999}]}"#, true),
        (r#"{"n":"9007199254740993"}"#, false),
        (r#"{"n":1.25}"#, false),
    ] {
        let bench = bench(&yaml("", "echo"), "", "");
        assert_eq!(post(&bench, &[], body), 200);
        let told = bench.journal();
        let expanded = told.iter().find(|e| e.kind == "yaml.expanded").unwrap();
        assert_eq!(expanded.data.get("warnings").is_some(), warned, "{body}");
        if warned {
            assert!(expanded.data["warnings"][0].as_str().unwrap().contains("above 2^53"), "{body}");
        }
    }
}

#[test]
fn the_run_knows_why_it_was_started() {
    let says = "$(Build.Reason) $(Resources.TriggeringAlias) $(Resources.TriggeringCategory) ${{ variables['Build.Reason'] }} $(Build.RequestedFor) $(Build.SourceBranch)";
    let bench = bench(&yaml("", says), "", "");
    assert_eq!(
        said(&bench, BODY),
        "ResourceTrigger WebHook webhook ResourceTrigger Microsoft.VisualStudio.Services.TFS refs/heads/main"
    );
    let build = bench.get("/contoso/P/_apis/build/builds/1");
    for by in ["requestedFor", "requestedBy"] {
        assert_eq!(build[by]["displayName"], "Microsoft.VisualStudio.Services.TFS");
    }
    assert_eq!(
        (build["reason"].as_str(), build["sourceBranch"].as_str()),
        (Some("resourceTrigger"), Some("refs/heads/main"))
    );
    assert_eq!(build["triggerInfo"], json!({ "alias": "WebHook", "webHookName": "WebHook" }));
    assert_eq!(build["templateParameters"], json!({}));
    assert!(!build.to_string().contains("Hello"));
    // The payload is kept with the run, also when the record of its delivery is gone.
    let kept = bench.store().builds[&1].delivery.clone().unwrap();
    assert_eq!((kept.id, kept.payload.0.as_ref()), (bench.store().deliveries[&1].id, BODY.as_bytes()));
    assert!(bench.dump(false).to_string().contains("payload"));
}

#[test]
fn the_newest_commit_of_the_default_branch_is_built() {
    let bench = bench(YAML, "", "");
    post(&bench, &[], BODY);
    bench.commit("/readme.md", "more");
    post(&bench, &[], BODY);
    let store = bench.store();
    let tip = store.repositories.values().next().unwrap().tip("refs/heads/main").unwrap();
    assert_ne!(store.builds[&1].commit, tip);
    assert_eq!(store.builds[&2].commit, tip);
    // Another branch's YAML does not count.
    let repository = "/contoso/P/_apis/git/repositories/P";
    let made = json!([{ "name": "refs/heads/other", "oldObjectId": "0".repeat(40), "newObjectId": tip.to_string() }]);
    bench.ok(&format!("POST {repository}/refs"), made);
    bench.ok(
        &format!("POST {repository}/pushes"),
        json!({
            "refUpdates": [{ "name": "refs/heads/other", "oldObjectId": tip.to_string() }],
            "commits": [{ "comment": "[skip ci]", "changes": [{
                "changeType": "edit", "item": { "path": "/azure-pipelines.yml" }, "newContent": { "content": "steps: []\n" },
            }] }],
        }),
    );
    assert_eq!(bench.send("POST", URL, &[], BODY).status, 200);
    assert_eq!(runs(&bench), 3);
}

/// The first delivery parses the file, later ones find it parsed and are expanded at once if that is little work.
#[test]
fn however_often_it_is_expanded_the_same_comes_out() {
    let each = "resources:\n  webhooks:\n  - webhook: W\n    connection: IncomingWH\nsteps:\n- ${{ each item in parameters.W.items }}:\n  - script: do ${{ item }}\n";
    let template = "resources:\n  webhooks:\n  - webhook: W\n    connection: IncomingWH\nsteps:\n- template: step.yml\n  parameters: { name: '${{ parameters.W.name }}' }\n";
    for (text, body) in [
        (each, json!({ "items": [1, 2] })),
        (each, json!({ "items": (0..3000).collect::<Vec<_>>() })),
        (template, json!({ "name": "n" })),
    ] {
        let bench = bench(text, "", "");
        bench.commit("/step.yml", "parameters:\n- name: name\nsteps:\n- script: do ${{ parameters.name }}\n");
        for _ in 0..3 {
            assert_eq!(post(&bench, &[], &body.to_string()), 200);
            assert_eq!(newest(&bench)["result"], "queued", "{}", newest(&bench));
        }
        let store = bench.store();
        let all: Vec<&str> = store.builds.values().map(|b| &*b.final_yaml).collect();
        assert!(all[0].contains("do ") && all.windows(2).all(|w| w[0] == w[1]), "{}", all[0]);
        // What goes wrong is told the same too.
        let wrong: Vec<String> = (0..3).map(|_| said(&bench, r#"{"items":[[]],"name":{}}"#)).collect();
        assert!(wrong[0].contains("Line: ") && wrong.windows(2).all(|w| w[0] == w[1]), "{wrong:?}");
    }
}
