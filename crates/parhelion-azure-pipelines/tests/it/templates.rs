//! Templates of every kind: what they may hold, where they may stand, and what they see.

use crate::{files, payload, preview_files};
use expect_test::{Expect, expect};
use parhelion_azure_pipelines::Inputs;
use serde_json::json;

fn check(text: &str, all: &[(&str, &str)], want: Expect) {
    want.assert_eq(&preview_files(text, &Inputs::default(), &files(all)));
}

#[test]
fn each_kind_is_put_into_its_list() {
    check(
        "variables:\n- name: a\n  value: 1\n- template: v.yml\n  parameters: {x: y}\n- template: m.yml\nstages:\n- template: s.yml\n- stage: last\n  jobs:\n  - template: j.yml\n",
        &[
            (
                "/v.yml",
                "parameters: {x: ''}\nvariables:\n- name: b\n  value: ${{ parameters.x }}\n  readonly: true\n- group: g\n",
            ),
            ("/m.yml", "variables:\n  c: ${{ variables.a }}${{ variables.b }}\n"),
            (
                "/s.yml",
                "stages:\n- stage: one\n  jobs:\n  - template: j.yml\n- stage: two\n  jobs:\n  - job: own\n",
            ),
            ("/j.yml", "jobs:\n- job: j\n  steps:\n  - template: t.yml\n  - script: after\n"),
            ("/t.yml", "steps:\n- bash: first\n- script: second ${{ variables.c }}\n"),
        ],
        expect![[r#"
            variables:
            - name: a
              value: 1
            - name: b
              value: y
              readonly: true
            - group: g
            - name: c
              value: 1y
            stages:
            - stage: one
              jobs:
              - job: j
                steps:
                - task: Bash@3
                  inputs:
                    targetType: inline
                    script: first
                - task: CmdLine@2
                  inputs:
                    script: second 1y
                - task: CmdLine@2
                  inputs:
                    script: after
            - stage: two
              jobs:
              - job: own
            - stage: last
              jobs:
              - job: j
                steps:
                - task: Bash@3
                  inputs:
                    targetType: inline
                    script: first
                - task: CmdLine@2
                  inputs:
                    script: second 1y
                - task: CmdLine@2
                  inputs:
                    script: after

        "#]],
    );
}

#[test]
fn steps_of_every_place() {
    let hook = "{steps: [{template: t.yml}]}";
    let text = format!(
        "jobs:\n- job: a\n  steps: [{{template: t.yml}}]\n- deployment: d\n  environment: e\n  strategy:\n    canary:\n      increments: [1]\n      preDeploy: {hook}\n      deploy: {hook}\n      routeTraffic: {hook}\n      postRouteTraffic: {hook}\n      on: {{success: {hook}, failure: {hook}}}\n"
    );
    let got = preview_files(&text, &Inputs::default(), &files(&[("/t.yml", "steps:\n- script: here\n")]));
    assert_eq!(got.matches("script: here").count(), 7, "{got}");
    assert!(!got.contains("template"), "{got}");
}

#[test]
fn what_a_template_may_hold() {
    for (list, template, want) in [
        ("steps", "jobs: []\n", "/t.yml (Line: 1, Col: 1): Unexpected value 'jobs'"),
        ("steps", "variables: {a: b}\nsteps: []\n", "/t.yml (Line: 1, Col: 1): Unexpected value 'variables'"),
        ("steps", "- script: x\n", "/t.yml (Line: 1, Col: 1): A sequence was not expected"),
        ("steps", "text\n", "/t.yml (Line: 1, Col: 1): Unexpected value 'text'"),
        ("steps", "", "/t.yml (Line: 1, Col: 1): Unexpected value ''"),
        ("steps", "steps: {a: b}\n", "/t.yml (Line: 1, Col: 8): A mapping was not expected"),
        ("steps", "steps: x\n", "/t.yml (Line: 1, Col: 8): Unexpected value 'x'"),
        ("steps", "steps:\n- job: x\n", "/t.yml (Line: 2, Col: 3): Unexpected value 'job'"),
        ("jobs", "steps: []\n", "/t.yml (Line: 1, Col: 1): Unexpected value 'steps'"),
        ("jobs", "jobs:\n- script: x\n", "/t.yml (Line: 2, Col: 3): Unexpected value 'script'"),
        ("stages", "jobs: []\n", "/t.yml (Line: 1, Col: 1): Unexpected value 'jobs'"),
        ("variables", "steps: []\n", "/t.yml (Line: 1, Col: 1): Unexpected value 'steps'"),
        ("variables", "variables:\n- a: b\n", "/t.yml (Line: 2, Col: 3): Unexpected value 'a'"),
    ] {
        let more = if list == "variables" { "steps: [{script: x}]\n" } else { "" };
        let text = format!("{more}{list}:\n- template: t.yml\n");
        let got = preview_files(&text, &Inputs::default(), &files(&[("/t.yml", template)]));
        assert_eq!(got.lines().next().unwrap_or_default(), want, "{list}: {template}");
    }
    // Nothing to put in.
    for template in ["parameters: []\n", "steps:\n", "steps: []\n", "steps: ${{ parameters.none }}\n"] {
        let text = "steps:\n- script: x\n- template: t.yml\n  parameters: {none: ''}\n";
        let got = preview_files(text, &Inputs::default(), &files(&[("/t.yml", template)]));
        assert!(got.contains("script: x") || got.contains("Unexpected parameter"), "{template}: {got}");
    }
}

#[test]
fn directives_around_and_inside() {
    check(
        "steps:\n- ${{ each n in split('1,2', ',') }}:\n  - template: t.yml\n    parameters: {n: \"${{ n }}\"}\n- ${{ if false }}:\n  - template: never.yml\n- ${{ else }}:\n    template: t.yml\n    parameters: {n: three}\n",
        &[(
            "/t.yml",
            "parameters: {n: ''}\n${{ if ne(parameters.n, '2') }}:\n  steps:\n  - script: is ${{ parameters.n }}\n",
        )],
        expect![[r#"
            stages:
            - stage: __default
              jobs:
              - job: Job
                steps:
                - task: CmdLine@2
                  inputs:
                    script: is 1
                - task: CmdLine@2
                  inputs:
                    script: is three

        "#]],
    );
}

#[test]
fn a_file_has_a_frame_of_its_own() {
    // Neither the caller's parameters nor its loops are known; variables are.
    check(
        "parameters:\n- name: outer\n  default: o\nvariables: {v: root}\njobs:\n- job: j\n  variables: {w: job}\n  steps:\n  - ${{ each x in split('1', ',') }}:\n    - template: t.yml\n",
        &[(
            "/t.yml",
            "steps:\n- script: ${{ variables.v }} ${{ variables.w }}\n- script: ${{ parameters.outer }}\n- script: ${{ x }}\n",
        )],
        expect![[r#"
            /t.yml (Line: 3, Col: 11): Key not found 'outer'
            /t.yml (Line: 4, Col: 11): Unrecognized value: 'x'. Located at position 1 within expression: 'x'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996"#]],
    );
    // A loop's variable may be called as one around the reference.
    check(
        "steps:\n- ${{ each x in split('1', ',') }}:\n  - template: t.yml\n  - script: ${{ x }}\n",
        &[("/t.yml", "steps:\n- ${{ each x in split('2', ',') }}:\n  - script: ${{ x }}\n")],
        expect![[r#"
            stages:
            - stage: __default
              jobs:
              - job: Job
                steps:
                - task: CmdLine@2
                  inputs:
                    script: 2
                - task: CmdLine@2
                  inputs:
                    script: 1

        "#]],
    );
    // What a job's template sets does not reach the next job; a variable template's does reach what follows.
    check(
        "variables:\n- template: v.yml\njobs:\n- template: j.yml\n- job: k\n  steps:\n  - script: ${{ variables.mine }}-${{ variables.shared }}\n",
        &[
            ("/v.yml", "variables: {shared: s}\n"),
            (
                "/j.yml",
                "jobs:\n- job: j\n  variables: {mine: m}\n  steps:\n  - script: ${{ variables.mine }}-${{ variables.shared }}\n",
            ),
        ],
        expect![[r#"
            variables:
            - name: shared
              value: s
            stages:
            - stage: __default
              jobs:
              - job: j
                variables:
                - name: mine
                  value: m
                steps:
                - task: CmdLine@2
                  inputs:
                    script: m-s
              - job: k
                steps:
                - task: CmdLine@2
                  inputs:
                    script: -s

        "#]],
    );
}

#[test]
fn payloads_are_no_template_s_business() {
    let text = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\nsteps:\n- template: t.yml\n";
    let got = |template: &str| {
        preview_files(text, &payload("hook", json!({"a": "b"})), &files(&[("/t.yml", template)]))
    };
    expect!["/t.yml (Line: 2, Col: 11): Key not found 'hook'"]
        .assert_eq(&got("steps:\n- script: ${{ parameters.hook.a }}\n"));
}

#[test]
fn lists_that_come_as_arguments() {
    // A template in them is relative to the file that passes them.
    check(
        "jobs:\n- template: far/j.yml\n  parameters:\n    steps:\n    - script: own\n    - template: mine.yml\n    - ${{ if true }}:\n      - template: mine.yml\n    jobs:\n    - job: k\n      steps:\n      - template: mine.yml\n",
        &[
            ("/mine.yml", "steps:\n- script: mine\n"),
            (
                "/far/j.yml",
                "parameters:\n- name: steps\n  type: stepList\n- name: jobs\n  type: jobList\njobs:\n- job: j\n  steps:\n  - ${{ each step in parameters.steps }}:\n    - ${{ step }}\n    - script: between\n- ${{ parameters.jobs }}\n",
            ),
        ],
        expect![[r#"
            stages:
            - stage: __default
              jobs:
              - job: j
                steps:
                - task: CmdLine@2
                  inputs:
                    script: own
                - task: CmdLine@2
                  inputs:
                    script: between
                - task: CmdLine@2
                  inputs:
                    script: mine
                - task: CmdLine@2
                  inputs:
                    script: between
                - task: CmdLine@2
                  inputs:
                    script: mine
                - task: CmdLine@2
                  inputs:
                    script: between
              - job: k
                steps:
                - task: CmdLine@2
                  inputs:
                    script: mine

        "#]],
    );
    // Of no type they are put in where they are used, relative to that file.
    check(
        "jobs:\n- template: far/j.yml\n  parameters:\n    steps:\n    - template: theirs.yml\n    job: {job: k, steps: [{template: theirs.yml}]}\n",
        &[
            ("/far/theirs.yml", "steps:\n- script: theirs\n"),
            (
                "/far/j.yml",
                "parameters: {steps: [], job: {}}\njobs:\n- job: j\n  steps: ${{ parameters.steps }}\n- ${{ parameters.job }}\n",
            ),
        ],
        expect![[r#"
            stages:
            - stage: __default
              jobs:
              - job: j
                steps:
                - task: CmdLine@2
                  inputs:
                    script: theirs
              - job: k
                steps:
                - task: CmdLine@2
                  inputs:
                    script: theirs

        "#]],
    );
}

#[test]
fn extends_puts_a_pipeline_beside_what_the_file_says() {
    check(
        "name: n\nresources:\n  repositories:\n  - repository: r\n    name: shared\n  pipelines:\n  - pipeline: up\n    source: s\nextends:\n  template: base.yml@r\n  parameters: {who: you}\nvariables:\n  own: 1\npool: p\ntrigger: none\n",
        &[
            (
                "/base.yml@r",
                "parameters:\n- name: who\nresources:\n  repositories:\n  - repository: R\n    name: shared\n  - repository: more\n    name: other\n  containers:\n  - container: c\n    image: i\nvariables:\n- group: g\ntrigger: [main]\nextends:\n  template: deeper.yml\n  parameters: {who: \"${{ parameters.who }} ${{ variables.own }}\"}\n",
            ),
            (
                "/deeper.yml@r",
                "parameters:\n- name: who\nsteps:\n- template: t.yml@more\n- script: hello ${{ parameters.who }}\n",
            ),
            ("/t.yml@more", "steps:\n- script: more\n"),
        ],
        expect![[r#"
            name: n
            resources:
              repositories:
              - repository: r
                name: shared
              - repository: more
                name: other
              pipelines:
              - pipeline: up
                source: s
              containers:
              - container: c
                image: i
            stages:
            - stage: __default
              jobs:
              - job: Job
                steps:
                - task: CmdLine@2
                  inputs:
                    script: more
                - task: CmdLine@2
                  inputs:
                    script: hello you 1
                pool: p
            variables:
            - name: own
              value: 1
            - group: g
            trigger:
              enabled: false

        "#]],
    );
}

#[test]
fn what_may_stand_beside_extends() {
    let base = ("/base.yml", "steps:\n- script: x\n");
    for key in
        ["steps: []", "jobs: []", "stages: []", "container: c", "nonsense: 1", "strategy: {}", "services: {}"]
    {
        let got = preview_files(
            &format!("extends: {{template: base.yml}}\n{key}\n"),
            &Inputs::default(),
            &files(&[base]),
        );
        let name = key.split(':').next().unwrap_or_default();
        assert!(
            got.starts_with(&format!("/azure-pipelines.yml (Line: 2, Col: 1): Unexpected value '{name}'")),
            "{got}"
        );
    }
    let all = "trigger: none\npr: none\nschedules: []\nparameters: []\nvariables: {}\nname: n\nappendCommitMessageToRunName: false\nlockBehavior: sequential\npool: p\nextends: {template: base.yml}\n";
    let got = preview_files(all, &Inputs::default(), &files(&[base]));
    assert!(got.contains("script: x"), "{got}");
    for (text, want) in [
        ("extends: base.yml\n", "/azure-pipelines.yml (Line: 1, Col: 10): Unexpected value 'base.yml'"),
        ("extends: [base.yml]\n", "/azure-pipelines.yml (Line: 1, Col: 10): A sequence was not expected"),
        ("extends: {file: base.yml}\n", "/azure-pipelines.yml (Line: 1, Col: 11): Unexpected value 'file'"),
        ("extends:\n", "/azure-pipelines.yml (Line: 1, Col: 9): Unexpected value ''"),
        (
            "extends: {template: base.yml, with: 1}\n",
            "/azure-pipelines.yml (Line: 1, Col: 31): Unexpected value 'with'",
        ),
        (
            "extends: {template: base.yml}\nExtends: {template: base.yml}\n",
            "/azure-pipelines.yml (Line: 2, Col: 1): 'Extends' is already defined",
        ),
    ] {
        let got = preview_files(text, &Inputs::default(), &files(&[base]));
        assert_eq!(got.lines().next().unwrap_or_default(), want, "{text}");
    }
}

#[test]
fn what_an_extended_template_may_say() {
    let got = |template: &str| {
        preview_files(
            "extends: {template: base.yml}\n",
            &Inputs::default(),
            &files(&[("/base.yml", template)]),
        )
    };
    expect!["/base.yml (Line: 1, Col: 1): Unexpected value 'name'"]
        .assert_eq(&got("name: n\nsteps:\n- script: x\n"));
    expect!["/base.yml (Line: 1, Col: 1): Unexpected value 'pool'"]
        .assert_eq(&got("pool: n\nsteps:\n- script: x\n"));
    expect!["/base.yml (Line: 1, Col: 13): A mapping was not expected"]
        .assert_eq(&got("parameters: {a: b}\nsteps:\n- script: x\n"));
    expect!["/base.yml (Line: 2, Col: 1): Unexpected value 'jobs'"].assert_eq(&got("steps: []\njobs: []\n"));
    expect!["There's not enough info to determine what you meant. Add one of these properties: stages, extends, jobs, steps"]
        .assert_eq(got("variables: {a: b}\n").split_once("): ").map_or("", |(_, m)| m));
}

#[test]
fn a_repository_of_the_same_name_must_be_the_same() {
    check(
        "resources:\n  repositories:\n  - repository: r\n    name: one\nextends: {template: base.yml}\n",
        &[(
            "/base.yml",
            "resources:\n  repositories:\n  - repository: r\n    name: two\nsteps:\n- script: x\n",
        )],
        expect!["/base.yml (Line: 3, Col: 5): 'r' is already defined"],
    );
}

#[test]
fn webhooks_of_what_is_extended_have_their_payload_there() {
    let base = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\nsteps:\n- script: got ${{ parameters.hook.a }}\n";
    let text = "extends: {template: base.yml}\n";
    let got = preview_files(text, &payload("HOOK", json!({"a": "b"})), &files(&[("/base.yml", base)]));
    assert!(got.contains("script: got b"), "{got}");
    let got = preview_files(text, &Inputs::default(), &files(&[("/base.yml", base)]));
    assert!(got.contains("script: 'got '"), "{got}");
}
