//! The form of `finalYaml`.

use crate::preview;
use expect_test::{Expect, expect};

fn check(text: &str, want: Expect) {
    want.assert_eq(&preview(text));
}

#[test]
fn a_file_of_steps_has_one_job() {
    check(
        "pool:\n  vmImage: u\ncontainer: c\ntrigger: none\nvariables:\n  a: 1\nsteps:\n- script: x\nname: n\nservices: {s: c}\n",
        expect![[r#"
            trigger:
              enabled: false
            variables:
            - name: a
              value: 1
            stages:
            - stage: __default
              jobs:
              - job: Job
                pool:
                  vmImage: u
                container:
                  alias: c
                steps:
                - task: CmdLine@2
                  inputs:
                    script: x
                services:
                  s:
                    alias: c
            name: n

        "#]],
    );
}

#[test]
fn every_shorthand_of_a_step() {
    check(
        "steps:\n- script: a\n  workingDirectory: d\n  displayName: n\n  failOnStderr: true\n- bash: a\n  env: {X: 1}\n- powershell: a\n  errorActionPreference: stop\n- pwsh: a\n- publish: p\n  artifact: n\n- download: current\n  artifact: n\n- checkout: none\n- checkout: self\n  clean: true\n- task: T@1\n",
        expect![[r#"
            stages:
            - stage: __default
              jobs:
              - job: Job
                steps:
                - task: CmdLine@2
                  displayName: n
                  inputs:
                    script: a
                    workingDirectory: d
                    failOnStderr: true
                - task: Bash@3
                  env:
                    X: 1
                  inputs:
                    targetType: inline
                    script: a
                - task: PowerShell@2
                  inputs:
                    targetType: inline
                    script: a
                    errorActionPreference: stop
                - task: PowerShell@2
                  inputs:
                    targetType: inline
                    script: a
                    pwsh: true
                - task: ecdc45f6-832d-4ad9-b52b-ee49e94659be@1
                  inputs:
                    path: p
                    artifactName: n
                - task: 30f35852-3f7e-4c0c-9a88-e127b4f97211@1
                  inputs:
                    alias: current
                    artifact: n
                - task: 6d15af64-176c-496d-b583-fd2ae21d4df4@1
                  condition: false
                  inputs:
                    repository: none
                - task: 6d15af64-176c-496d-b583-fd2ae21d4df4@1
                  inputs:
                    repository: self
                    clean: true
                - task: T@1

        "#]],
    );
}

#[test]
fn texts_in_the_style_they_need() {
    check(
        r#"
parameters:
- name: none
  default:
variables:
  plain: a b
  single: 'a'
  double: "a\tb"
  colon: "${{ 'a: b' }}"
  hash: "${{ 'a #b' }}"
  dash: "${{ '- a' }}"
  back: "${{ '\\a' }}"
  blanks: ${{ ' a ' }}
  empty: ${{ '' }}
  fraction: ${{ 0.5 }}
  yes: ${{ true }}
  quote: ${{ 'it''s' }}
  lead: ${{ '''q' }}
  emoji: "🙂 ${{ 'é' }}"
  nel: "\N${{ 'x' }}"
steps:
- script: x
"#,
        expect![[r#"
            parameters:
            - name: none
              default: ''
            variables:
            - name: plain
              value: a b
            - name: single
              value: 'a'
            - name: double
              value: "a	b"
            - name: colon
              value: 'a: b'
            - name: hash
              value: 'a #b'
            - name: dash
              value: '- a'
            - name: back
              value: '\a'
            - name: blanks
              value: ' a '
            - name: empty
              value: ''
            - name: fraction
              value: '0.5'
            - name: yes
              value: True
            - name: quote
              value: it's
            - name: lead
              value: '''q'
            - name: emoji
              value: 🙂 é
            - name: nel
              value: "\Nx"
            stages:
            - stage: __default
              jobs:
              - job: Job
                steps:
                - task: CmdLine@2
                  inputs:
                    script: x

        "#]],
    );
}

#[test]
fn line_breaks() {
    check(
        "steps:\n- script: |\n    one\n      two\n\n    three\n- script: |\n    ${{ 'one' }}\n      two\n\n    three\n- script: |+\n    ${{ 'a' }}\n    b\n\n- script: |2-\n      ${{ 'a' }}\n    b\n- script: \"a \\n b ${{ 'c' }}\"\n",
        expect![[r#"
            stages:
            - stage: __default
              jobs:
              - job: Job
                steps:
                - task: CmdLine@2
                  inputs:
                    script: |
                      one
                        two

                      three
                - task: CmdLine@2
                  inputs:
                    script: >
                      one
                        two

                      three
                - task: CmdLine@2
                  inputs:
                    script: >+
                      a

                      b

                - task: CmdLine@2
                  inputs:
                    script: >2-
                        a
                      b
                - task: CmdLine@2
                  inputs:
                    script: "a \n b c"

        "#]],
    );
}

#[test]
fn empty_collections_and_unusual_keys() {
    let long = "k".repeat(129);
    check(
        &format!(
            "variables:\n  {long}: v\n  'a: b': v\n  ? |\n    two\n    lines\n  : v\nstages:\n- stage: a\n  dependsOn: []\n  templateContext: {{}}\n  jobs:\n  - job: j\n"
        ),
        expect![[r#"
            variables:
            - name: kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
              value: v
            - name: 'a: b'
              value: v
            - name: |
                two
                lines
              value: v
            stages:
            - stage: a
              dependsOn: []
              templateContext: {}
              jobs:
              - job: j

        "#]],
    );
}

#[test]
fn shorthands_outside_steps() {
    check(
        "pr: [main, 'release/*']\ntrigger:\n  batch: true\n  branches:\n    include: [main]\nvariables:\n- group: g\n- name: r\n  value: v\n  readonly: true\nstages:\n- stage: a\n  variables: {x: 1}\n  jobs:\n  - job: j\n    variables:\n      y: $[ variables.x ]\n    container: c\n    services:\n      db: c\n  - deployment: d\n    dependsOn: j\n    environment: e\n    strategy:\n      rolling:\n        preDeploy:\n          steps:\n          - script: pre\n        deploy:\n          steps: []\n        on:\n          failure:\n            steps:\n            - pwsh: f\n- stage: b\n  dependsOn: a\n  condition: succeeded()\n  jobs: [job: j]\n",
        expect![[r#"
            pr:
              branches:
                include:
                - main
                - 'release/*'
            trigger:
              batch: true
              branches:
                include:
                - main
            variables:
            - group: g
            - name: r
              value: v
              readonly: true
            stages:
            - stage: a
              variables:
              - name: x
                value: 1
              jobs:
              - job: j
                variables:
                - name: y
                  value: $[ variables.x ]
                container:
                  alias: c
                services:
                  db:
                    alias: c
              - deployment: d
                dependsOn:
                - j
                environment:
                  name: e
                strategy:
                  rolling:
                    preDeploy:
                      steps:
                      - task: CmdLine@2
                        inputs:
                          script: pre
                    deploy:
                      steps: []
                    on:
                      failure:
                        steps:
                        - task: PowerShell@2
                          inputs:
                            targetType: inline
                            script: f
                            pwsh: true
            - stage: b
              dependsOn:
              - a
              condition: succeeded()
              jobs:
              - job: j

        "#]],
    );
}

#[test]
fn what_stays_as_it_is_written() {
    check(
        "parameters:\n- name: p\n  type: object\n  default: {list: [1, 'two'], none: }\n- name: q\n  default: ${{ 'lit' }}\njobs:\n- job: j\n  condition: and(succeeded(), eq(variables['a'], 1))\n  strategy:\n    matrix:\n      one: {a: 1, b: '2'}\n      two: {a: $(x)}\n    maxParallel: 2\n  steps:\n  - task: T@1\n    inputs: {Upper: True, num: 010, q: 'x', list: ''}\n    condition: failed()\n  - script: echo $(x) $[ y ]\n    continueOnError: ${{ true }}\n    enabled: true\n    timeoutInMinutes: 010\n",
        expect![[r#"
            parameters:
            - name: p
              type: object
              default:
                list:
                - 1
                - 'two'
                none: ''
            - name: q
              default: lit
            stages:
            - stage: __default
              jobs:
              - job: j
                condition: and(succeeded(), eq(variables['a'], 1))
                strategy:
                  matrix:
                    one:
                      a: 1
                      b: '2'
                    two:
                      a: $(x)
                  maxParallel: 2
                steps:
                - task: T@1
                  inputs:
                    Upper: True
                    num: 010
                    q: 'x'
                    list: ''
                  condition: failed()
                - task: CmdLine@2
                  continueOnError: True
                  enabled: true
                  timeoutInMinutes: 010
                  inputs:
                    script: echo $(x) $[ y ]

        "#]],
    );
}

#[test]
fn the_same_bytes_each_time_and_no_line_is_wrapped() {
    let long = "word ".repeat(2000);
    let text = format!("steps:\n- script: ${{{{ '{long}' }}}}end\n- script: |\n    {long}end\n");
    let got = preview(&text);
    assert_eq!(got, preview(&text));
    assert!(got.contains(&format!("\n        script: {long}end\n")), "{got}");
    assert!(got.contains(&format!("\n        script: |\n          {long}end\n")));
    assert!(got.ends_with("end\n\n"));
}
