//! `if`, `each`, `insert` in lists and mappings.

use crate::{preview, run};
use expect_test::{Expect, expect};
use parhelion_azure_pipelines::Inputs;

/// The scripts of the one job, one a line, or the errors.
fn scripts(steps: &str) -> String {
    let text = format!(
        "parameters:\n- name: list\n  type: object\n  default: [one, two]\n- name: map\n  type: object\n  default: {{b: 1, a: 2}}\n- name: more\n  type: stepList\n  default:\n  - script: p1\n  - bash: p2\n- name: flag\n  type: boolean\n  default: true\nsteps:\n{steps}"
    );
    match run(&text, &Inputs::default()) {
        Ok(expanded) => {
            let steps = expanded.pipeline.stages[0].jobs[0].steps.iter();
            let line = |s: &parhelion_azure_pipelines::pipeline::Step| {
                let env: Vec<_> = s.env.iter().map(|(k, v)| format!(" {k}={v}")).collect();
                format!("{}{}", s.script().unwrap_or(&s.task), env.concat())
            };
            steps.map(line).collect::<Vec<_>>().join("\n")
        }
        Err(issues) => parhelion_azure_pipelines::joined(&issues),
    }
}

fn check(steps: &str, want: Expect) {
    want.assert_eq(&scripts(steps));
}

#[test]
fn a_chain_takes_the_first_true_branch_at_its_own_place() {
    check(
        "- ${{ if eq(1, 2) }}:\n  - script: no\n- script: between\n- ${{ elseif parameters.flag }}:\n  - script: yes\n  - script: also\n- ${{ elseif lt(1, 'x') }}:\n  - script: not evaluated\n- ${{ else }}:\n  - script: never\n",
        expect![[r#"
            between
            yes
            also"#]],
    );
    check(
        "- ${{ if false }}:\n  - script: no\n- ${{ else }}:\n    script: a mapping is one item\n",
        expect!["a mapping is one item"],
    );
    check(
        "- script: x\n- ${{ if true }}:\n  - ${{ if false }}:\n    - script: a\n  - ${{ else }}:\n    - script: b\n",
        expect![[r#"
        x
        b"#]],
    );
}

#[test]
fn chains_end() {
    check(
        "- ${{ else }}:\n  - script: x\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 17, Col: 3): The expression directive 'else' is not supported in this context
        /azure-pipelines.yml (Line: 17, Col: 3): Unexpected value '${{ else }}'"#]],
    );
    check(
        "- ${{ if false }}:\n  - script: a\n- ${{ else }}:\n  - script: b\n- ${{ else }}:\n  - script: c\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 21, Col: 3): The expression directive 'else' is not supported in this context
        /azure-pipelines.yml (Line: 21, Col: 3): Unexpected value '${{ else }}'"#]],
    );
    check(
        "- ${{ if false }}:\n  - script: a\n- ${{ each x in parameters.list }}:\n  - script: b\n- ${{ else }}:\n  - script: c\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 21, Col: 3): The expression directive 'else' is not supported in this context
        /azure-pipelines.yml (Line: 21, Col: 3): Unexpected value '${{ else }}'"#]],
    );
    check(
        "- script: x\n  env:\n    a: 1\n    ${{ elseif true }}:\n      b: 2\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 20, Col: 5): The expression directive 'elseif' is not supported in this context
        /azure-pipelines.yml (Line: 21, Col: 7): A mapping was not expected"#]],
    );
}

#[test]
fn branches_of_a_mapping_are_merged_in_place() {
    check(
        "- script: x\n  env:\n    a: 1\n    ${{ if parameters.flag }}:\n      b: 2\n    ${{ else }}:\n      b: 3\n    c: 4\n",
        expect!["x a=1 b=2 c=4"],
    );
    check(
        "- script: x\n  ${{ if true }}:\n  - a\n",
        expect!["/azure-pipelines.yml (Line: 19, Col: 3): Expected a mapping"],
    );
    check(
        "- script: x\n  env:\n    B: 0\n    ${{ if true }}:\n      b: 2\n",
        expect!["/azure-pipelines.yml (Line: 21, Col: 7): 'b' is already defined"],
    );
}

#[test]
fn loops() {
    check(
        "- ${{ each x in parameters.list }}:\n  - script: s ${{ x }}\n  - ${{ each y in parameters.list }}:\n    - script: ${{ x }}-${{ Y }}\n",
        expect![[r#"
            s one
            one-one
            one-two
            s two
            two-one
            two-two"#]],
    );
    check(
        "- script: x\n  env:\n    ${{ each p in parameters.map }}:\n      k_${{ p.key }}: ${{ p.value }}\n",
        expect!["x k_b=1 k_a=2"],
    );
    check(
        "- ${{ each s in parameters.more }}:\n  - ${{ s }}\n- ${{ each s in parameters.more }}:\n  - ${{ insert }}: ${{ s }}\n    env: {T: '${{ s.task }}'}\n",
        expect![[r#"
        p1
        p2
        p1 T=CmdLine@2
        p2 T=Bash@3"#]],
    );
    check(
        "- script: a\n- ${{ each x in split('', 'none') }}:\n  - script: b\n- ${{ each x in variables.missing }}:\n  - script: c\n",
        expect!["a\nb"],
    );
    check(
        "- ${{ each x in 1 }}:\n  - script: a\n",
        expect!["/azure-pipelines.yml (Line: 17, Col: 3): Expected a sequence"],
    );
    check(
        "- ${{ each x in parameters.list }}:\n  - ${{ each X in parameters.list }}:\n    - script: a\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 18, Col: 5): The idenfifier 'X' has already been defined within the current scope
        /azure-pipelines.yml (Line: 18, Col: 5): The idenfifier 'X' has already been defined within the current scope"#]],
    );
    check(
        "- ${{ each variables in parameters.list }}:\n  - script: a\n",
        expect![
            "/azure-pipelines.yml (Line: 17, Col: 3): The idenfifier 'variables' has already been defined within the current scope"
        ],
    );
    check(
        "- ${{ each x in parameters.list }}:\n  - script: a\n    env:\n      ${{ 'K' }}: 1\n      ${{ 'k' }}: 2\n",
        expect!["/azure-pipelines.yml (Line: 17, Col: 3): 'k' is already defined"],
    );
}

#[test]
fn insertion() {
    check(
        "- script: x\n  ${{ insert }}: ${{ parameters.map }}\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 18, Col: 18): Unexpected value 'b'
        /azure-pipelines.yml (Line: 18, Col: 18): Unexpected value 'a'"#]],
    );
    check(
        "- script: x\n  env:\n    z: 0\n    ${{ insert }}: ${{ parameters.map }}\n    ${{ insert }}:\n      y: 9\n",
        expect!["x z=0 b=1 a=2 y=9"],
    );
    check(
        "- script: x\n  env:\n    ${{ insert }}: text\n",
        expect!["/azure-pipelines.yml (Line: 19, Col: 20): Expected a mapping"],
    );
    check("- ${{ parameters.more }}\n- script: x\n", expect!["p1\np2\nx"]);
}

#[test]
fn malformed_directives() {
    check(
        "- ${{ if }}:\n  - script: a\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 17, Col: 3): Unrecognized value: 'if'. Located at position 1 within expression: 'if'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996
        /azure-pipelines.yml (Line: 17, Col: 3): Expected at least one key-value pair in the mapping"#]],
    );
    check(
        "- ${{ IF eq(1, 1) }}:\n  - script: a\n- ${{ ELSE }}:\n  - script: b\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 17, Col: 3): Unexpected symbol: 'eq'. Located at position 4 within expression: 'IF eq(1, 1)'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996
        /azure-pipelines.yml (Line: 17, Col: 3): Unexpected value '${{ IF eq(1, 1) }}'"#]],
    );
    check(
        "- ${{ if eq(1 }}:\n  - script: a\n",
        expect![[r#"
        /azure-pipelines.yml (Line: 17, Col: 3): Unclosed function: 'eq'. Located at position 1 within expression: 'eq(1'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996
        /azure-pipelines.yml (Line: 17, Col: 3): Unexpected value '${{ if eq(1 }}'"#]],
    );
    check(
        "- ${{ if parameters.missing }}:\n  - script: a\n- ${{ else }}:\n  - script: b\n",
        expect!["/azure-pipelines.yml (Line: 17, Col: 3): Key not found 'missing'"],
    );
}

#[test]
fn places_without_directives() {
    let refused = "resources:\n  repositories:\n  - ${{ if true }}:\n    - repository: a\n  - repository: ${{ 'b' }}\n    type: git\nsteps:\n- script: x\n";
    expect!["/azure-pipelines.yml (Line: 3, Col: 5): A template expression is not allowed in this context"]
        .assert_eq(&preview(refused));
    let kept = "trigger:\n- ${{ if true }}:\n  - main\nsteps:\n- script: x\n";
    expect!["/azure-pipelines.yml (Line: 2, Col: 3): A mapping was not expected"].assert_eq(&preview(kept));
    let plain = "trigger:\n- ${{ 'ma' }}in\nsteps:\n- script: x\n";
    assert!(preview(plain).starts_with("trigger:\n  branches:\n    include:\n    - main\n"));
}
