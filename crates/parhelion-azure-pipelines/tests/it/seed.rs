//! Seed 001's own example, word for word.

use crate::{payload, preview, preview_with, run};
use expect_test::expect;
use parhelion_azure_pipelines::{joined, parse, webhooks};
use serde_json::json;

const TITLE: &str = "\
resources:
  webhooks:
    - webhook: WebHook
      connection: IncomingWH

steps:  
- script: echo ${{ parameters.WebHook.resource.message.title }}
";

const OBJECT: &str = "\
resources:
  webhooks:
    - webhook: WebHook
      connection: IncomingWH

steps:  
- script: echo ${{ parameters.WebHook.resource.message }}
";

fn body() -> serde_json::Value {
    json!({"resource": {"message": {"title": "Hello, world!", "subtitle": "I'm using WebHooks!"}}})
}

#[test]
fn the_title_ends_up_in_the_step() {
    let expanded = run(TITLE, &payload("WebHook", body())).unwrap();
    let job = &expanded.pipeline.stages[0].jobs[0];
    assert_eq!(job.steps[0].script(), Some("echo Hello, world!"));
    assert_eq!(job.steps[0].title(), "CmdLine");
    expect![[r#"
        resources:
          webhooks:
          - webhook: WebHook
            connection: IncomingWH
        stages:
        - stage: __default
          jobs:
          - job: Job
            steps:
            - task: CmdLine@2
              inputs:
                script: echo Hello, world!

    "#]]
    .assert_eq(&expanded.final_yaml);
}

#[test]
fn an_object_where_text_is_wanted_is_an_error() {
    let issues = run(OBJECT, &payload("WebHook", body())).unwrap_err();
    expect![
        "/azure-pipelines.yml (Line: 7, Col: 11): Unable to convert from Object to String. Value: Object"
    ]
    .assert_eq(&joined(&issues));
    assert_eq!((issues[0].line, issues[0].col), (Some(7), Some(11)));
}

#[test]
fn an_object_alone_is_inserted_and_does_not_fit() {
    let text = OBJECT.replace("echo ", "");
    expect!["/azure-pipelines.yml (Line: 7, Col: 11): A mapping was not expected"]
        .assert_eq(&preview_with(&text, &payload("WebHook", body())));
}

#[test]
fn without_a_payload_members_are_empty() {
    assert!(preview(TITLE).contains("script: 'echo '"));
}

#[test]
fn the_alias_folds_case_and_the_payload_does_not() {
    let text = TITLE.replace("parameters.WebHook", "parameters.webhook");
    assert!(preview_with(&text, &payload("WEBHOOK", body())).contains("echo Hello, world!"));
    let text = TITLE.replace("message.title", "message.Title");
    assert!(preview_with(&text, &payload("WebHook", body())).contains("script: 'echo '"));
    let text = TITLE.replace("parameters.WebHook", "parameters.Other");
    expect!["/azure-pipelines.yml (Line: 7, Col: 11): Key not found 'Other'"].assert_eq(&preview(&text));
}

#[test]
fn text_from_outside_stays_one_text() {
    let title = "a: b\n- script: rm -rf /\n\"'#";
    let inputs = payload("WebHook", json!({"resource": {"message": {"title": title}}}));
    let expanded = run(TITLE, &inputs).unwrap();
    assert_eq!(expanded.pipeline.stages[0].jobs[0].steps.len(), 1);
    let step = &expanded.pipeline.stages[0].jobs[0].steps[0];
    assert_eq!(step.script(), Some(format!("echo {title}").as_str()));
    // And it reads back as it is.
    let again = run(&expanded.final_yaml, &inputs).unwrap();
    assert_eq!(again.pipeline.stages, expanded.pipeline.stages);
}

#[test]
fn registration_needs_no_payload() {
    let found = webhooks(&parse(crate::FILE, OBJECT).unwrap()).unwrap();
    assert_eq!((found[0].alias.as_str(), found[0].connection.as_str()), ("WebHook", "IncomingWH"));
    assert_eq!((found[0].mark.line, found[0].mark.col), (3, 7));
}

#[test]
fn the_payload_in_all_the_ways_it_is_read() {
    let text = "\
resources:
  webhooks:
  - webhook: hook
    connection: c
steps:
- script: ${{ parameters.hook.items[1].name }} ${{ parameters['hook']['a.b'] }} ${{ length(parameters.hook.items) }}
- ${{ each item in parameters.hook.items }}:
  - bash: echo ${{ item.name }}
    ${{ if eq(item.name, 'two') }}:
      displayName: second
- script: ${{ convertToJson(parameters.hook.items[0]) }}
";
    let json =
        json!({"items": [{"name": "one", "n": 1.50, "t": true, "z": null}, {"name": "two"}], "a.b": "dot"});
    expect![[r#"
        resources:
          webhooks:
          - webhook: hook
            connection: c
        stages:
        - stage: __default
          jobs:
          - job: Job
            steps:
            - task: CmdLine@2
              inputs:
                script: two dot 2
            - task: Bash@3
              inputs:
                targetType: inline
                script: echo one
            - task: Bash@3
              displayName: second
              inputs:
                targetType: inline
                script: echo two
            - task: CmdLine@2
              inputs:
                script: >-
                  {
                    "name": "one",
                    "n": 1.5,
                    "t": true,
                    "z": null
                  }

    "#]]
    .assert_eq(&preview_with(text, &payload("hook", json)));
}

#[test]
fn a_parameter_of_the_alias_name_is_refused() {
    let text = format!("parameters:\n- name: webhook\n  default: x\n{TITLE}");
    expect!["/azure-pipelines.yml (Line: 2, Col: 3): The 'webhook' parameter is declared more than once in the parameter list."]
        .assert_eq(preview(&text).lines().next().unwrap());
}

#[test]
fn large_integers_are_warned_about() {
    let inputs = payload("WebHook", json!({"resource": {"message": {"title": 9007199254740993_u64}}}));
    let expanded = run(TITLE, &inputs).unwrap();
    assert_eq!(expanded.warnings.len(), 1);
    assert_eq!((expanded.warnings[0].line, expanded.warnings[0].col), (Some(3), Some(7)));
    assert!(run(TITLE, &payload("WebHook", json!({"n": 9007199254740992_u64}))).unwrap().warnings.is_empty());
}
