//! Texts and places of errors that are not about one expression.

use crate::preview;
use expect_test::{Expect, expect};

fn check(text: &str, want: Expect) {
    want.assert_eq(&preview(text));
}

#[test]
fn files_that_cannot_be_read() {
    check(
        "steps:\n- script: [ ${{ x }} ]\n",
        expect![[r#"
        /azure-pipelines.yml: (Line: 2, Col: 14, Idx: 20) - (Line: 2, Col: 14, Idx: 20): While parsing a flow sequence, did not find expected ',' or ']'.
        Object reference not set to an instance of an object."#]],
    );
    check(
        "steps:\n- script: echo one\n  - bad: indentation\n",
        expect![[r#"
        /azure-pipelines.yml: (Line: 3, Col: 3, Idx: 28) - (Line: 3, Col: 3, Idx: 28): While parsing a block mapping, did not find expected key.
        Object reference not set to an instance of an object."#]],
    );
    check("a: 1\n---\nb: 2\n", expect!["/azure-pipelines.yml: Expected stream end parse event"]);
    check(
        "---\nsteps:\n- script: x\n...\n---\n",
        expect!["/azure-pipelines.yml: Expected stream end parse event"],
    );
    check(
        "steps: &shared\n- script: x\n",
        expect![[r#"
        /azure-pipelines.yml: Anchors are not currently supported. Remove the anchor 'shared'
        Object reference not set to an instance of an object."#]],
    );
    check(
        "a: !!str &b x\n",
        expect![[r#"
        /azure-pipelines.yml: Anchors are not currently supported. Remove the anchor 'b'
        Object reference not set to an instance of an object."#]],
    );
    check(
        "a: *b\n",
        expect![[r#"
        /azure-pipelines.yml: (Line: 1, Col: 4, Idx: 3) - (Line: 1, Col: 4, Idx: 3): While parsing node, found unknown anchor.
        Object reference not set to an instance of an object."#]],
    );
    check(
        "steps:\r\n- script: \u{7}\n",
        expect![[r#"
        /azure-pipelines.yml: (Line: 2, Col: 11, Idx: 18) - (Line: 2, Col: 11, Idx: 18): Control characters are not allowed
        Object reference not set to an instance of an object."#]],
    );
    check("? [a]\n: b\n", expect!["/azure-pipelines.yml (Line: 1, Col: 3): Expected a scalar value"]);
}

#[test]
fn places_are_of_the_text_that_holds_the_expression() {
    check(
        "steps:\n- script: |\n    one\n    ${{ nope }}\n",
        expect![
            "/azure-pipelines.yml (Line: 2, Col: 11): Unrecognized value: 'nope'. Located at position 20 within expression: 'format('one\n{0}\n', nope)'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996"
        ],
    );
    check(
        "steps:\n- script: prefix ${{ null }} suffix\n",
        expect![
            "/azure-pipelines.yml (Line: 2, Col: 11): Unrecognized value: 'null'. Located at position 29 within expression: 'format('prefix {0} suffix', null)'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996"
        ],
    );
    check(
        "steps:\n- script: ${{ 'ok' }} then ${{ null }}\n",
        expect![
            "/azure-pipelines.yml (Line: 2, Col: 11): Unrecognized value: 'null'. Located at position 30 within expression: 'format('{0} then {1}', 'ok', null)'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996"
        ],
    );
    check(
        "steps:\n  - script:   # why\n      >-\n      ${{ parameters.x }}\n",
        expect!["/azure-pipelines.yml (Line: 3, Col: 7): Key not found 'x'"],
    );
    check(
        "steps:\n# é\n-  # comment\n  - a\n",
        expect!["/azure-pipelines.yml (Line: 4, Col: 3): A sequence was not expected"],
    );
    check(
        "name: é ${{ parameters.x }} \nsteps:\n- script: 'é'\n  nope: x\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 1, Col: 7): Key not found 'x'
        /azure-pipelines.yml (Line: 4, Col: 3): Unexpected value 'nope'"#]],
    );
}

#[test]
fn what_does_not_fit() {
    check("", expect!["/azure-pipelines.yml (Line: 1, Col: 1): Unexpected value ''"]);
    check("- a\n", expect!["/azure-pipelines.yml (Line: 1, Col: 1): A sequence was not expected"]);
    check(
        "stepz:\n- script: x\n",
        expect!["/azure-pipelines.yml (Line: 1, Col: 1): Unexpected value 'stepz'"],
    );
    check(
        "trigger: none\n",
        expect![
            "/azure-pipelines.yml (Line: 1, Col: 1): There's not enough info to determine what you meant. Add one of these properties: stages, extends, jobs, steps"
        ],
    );
    check("steps:\n", expect!["/azure-pipelines.yml (Line: 1, Col: 7): Unexpected value ''"]);
    check(
        "steps:\n- displayName: x\n  script: y\n",
        expect!["/azure-pipelines.yml (Line: 2, Col: 3): Unexpected value 'displayName'"],
    );
    check(
        "steps:\n- {}\n",
        expect![
            "/azure-pipelines.yml (Line: 2, Col: 3): Expected at least one key-value pair in the mapping"
        ],
    );
    check(
        "steps:\n- script: {a: b}\n- task: [x]\n- bash: x\n  env: y\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 2, Col: 11): A mapping was not expected
        /azure-pipelines.yml (Line: 3, Col: 9): A sequence was not expected
        /azure-pipelines.yml (Line: 5, Col: 8): Unexpected value 'y'"#]],
    );
    check(
        "trigger: main\nsteps:\n- script: x\njobs:\n- job: a\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 1, Col: 10): Unexpected value 'main'
        /azure-pipelines.yml (Line: 4, Col: 1): Unexpected value 'jobs'"#]],
    );
    check(
        "trigger:\n  enabled: false\nsteps:\n- script: x\n",
        expect!["/azure-pipelines.yml (Line: 2, Col: 3): Unexpected value 'enabled'"],
    );
    check(
        "variables:\n  KEY: ${{ insert }}\nsteps:\n- script: x\n",
        expect!["/azure-pipelines.yml (Line: 2, Col: 8): Unexpected value '${{ insert }}'"],
    );
    check(
        "jobs:\n- deployment: d\n  steps:\n  - script: x\n",
        expect!["/azure-pipelines.yml (Line: 3, Col: 3): Unexpected value 'steps'"],
    );
}

#[test]
fn keys_given_twice() {
    check(
        "name: a\nsteps:\n- script: x\nName: b\nname: c\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 4, Col: 1): 'Name' is already defined
        /azure-pipelines.yml (Line: 5, Col: 1): 'name' is already defined"#]],
    );
    check(
        "variables:\n  a: 1\n  ${{ 'A' }}: 2\nsteps:\n- script: x\n",
        expect!["/azure-pipelines.yml (Line: 3, Col: 3): 'A' is already defined"],
    );
    check(
        "variables:\n  ${{ 'a' }}: 1\n  a: 2\nsteps:\n- script: x\n",
        expect!["/azure-pipelines.yml (Line: 3, Col: 3): 'a' is already defined"],
    );
}

#[test]
fn the_graph() {
    check(
        "stages:\n- stage: A\n  dependsOn: X\n- stage: B\n",
        expect![[r#"
        The pipeline must contain at least one stage with no dependencies.
        Stage A depends on unknown stage X.
        Stage A must contain at least one job with no dependencies.
        Stage B must contain at least one job with no dependencies."#]],
    );
    check(
        "jobs:\n- job: a\n  dependsOn: b\n  steps: [script: x]\n- job: b\n  dependsOn: [c]\n  steps: [script: x]\n- job: c\n  dependsOn: a\n- job: 9d\n- job: A\n- job: x-y\n",
        expect![[r#"
        Stage __default job 9d has an invalid name. Valid names may only contain alphanumeric characters and '_' and may not start with a number.
        Stage __default job A appears more than once. Job names must be unique within a stage.
        Stage __default job x-y has an invalid name. Valid names may only contain alphanumeric characters and '_' and may not start with a number."#]],
    );
    check(
        "stages:\n- stage: R\n  jobs: [job: j]\n- stage: A\n  dependsOn: B\n  jobs: [job: j]\n- stage: B\n  dependsOn: [A]\n  jobs: [{job: j}, {job: k, dependsOn: [l]}, {job: l, dependsOn: [k, nope]}]\n",
        expect![[r#"
        Stage B depends on stage A which creates a cycle in the dependency graph.
        Stage B job l depends on unknown job nope.
        Stage B job l depends on job k which creates a cycle in the dependency graph."#]],
    );
}

#[test]
fn long_texts_are_cut() {
    let text = format!("steps:\n- script: ${{{{ eq('{}', 'x') 2 }}}}\n", "a".repeat(600));
    let got = preview(&text);
    assert_eq!(got.chars().count(), 505);
    assert!(got.ends_with("[...]"));
}
