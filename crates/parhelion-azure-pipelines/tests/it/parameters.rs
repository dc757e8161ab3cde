//! Declared parameters, defaults and given values.

use crate::{given, preview, preview_with};
use expect_test::{Expect, expect};
use serde_json::json;

/// What `convertToJson(parameters.p)` gives for a declaration and a value, or the errors.
fn bound(declaration: &str, value: Option<serde_json::Value>) -> String {
    let text = format!(
        "parameters:\n- name: p\n{declaration}variables:\n  v: ${{{{ convertToJson(parameters.P) }}}}\nsteps:\n- script: x\n"
    );
    let inputs = value.map_or_else(Default::default, |v| given(json!({"p": v})));
    match crate::run(&text, &inputs) {
        Ok(expanded) => match expanded.pipeline.variables.first() {
            Some(parhelion_azure_pipelines::pipeline::Variable::Value { value, .. }) => {
                value.replace('\n', "").replace("  ", "")
            }
            other => format!("{other:?}"),
        },
        Err(issues) => parhelion_azure_pipelines::joined(&issues),
    }
}

#[test]
fn values_by_type() {
    for (declaration, value, want) in [
        ("  default: 1.10\n", None, "\"1.10\""),
        ("  type: string\n  default: true\n", None, "\"true\""),
        ("  type: string\n  default:\n", None, "\"\""),
        ("  type: number\n  default: '8'\n", None, "8"),
        ("  type: number\n  default: 1,000.50\n", None, "1000.5"),
        ("  type: boolean\n  default: 'TRUE'\n", None, "true"),
        (
            "  type: object\n  default: {b: true, n: 3, q: '3', x: , f: 0.50, h: 0x10}\n",
            None,
            "{\"b\": true,\"n\": 3,\"q\": \"3\",\"x\": \"\",\"f\": 0.5,\"h\": 16}",
        ),
        ("  type: stringList\n  default: [1, b]\n", None, "[\"1\",\"b\"]"),
        (
            "  type: stepList\n  default:\n  - script: x\n    failOnStderr: true\n",
            None,
            "[{\"task\": \"CmdLine@2\",\"inputs\": {\"script\": \"x\",\"failOnStderr\": \"true\"}}]",
        ),
        ("  type: pool\n  default: {vmImage: u}\n", None, "{\"vmImage\": \"u\"}"),
        ("  default: ${{ 'x' }}\n", None, "\"x\""),
        ("  default: d\n", Some(json!("given")), "\"given\""),
        ("", Some(json!(5)), "\"5\""),
        ("  type: number\n", Some(json!("5")), "5"),
        ("  type: boolean\n", Some(json!(true)), "true"),
        ("  type: object\n  default: {}\n", Some(json!("{\"a\": [1, \"x\"]}")), "{\"a\": [1,\"x\"]}"),
        ("  type: object\n  default: {}\n", Some(json!({"a": [1, "x"]})), "{\"a\": [1,\"x\"]}"),
        ("  values: [a, b]\n", Some(json!("b")), "\"b\""),
        ("  type: number\n  values: [1, 2]\n", Some(json!("2.0")), "2"),
    ] {
        assert_eq!(bound(declaration, value.clone()), want, "{declaration} {value:?}");
    }
}

fn check(declaration: &str, value: Option<serde_json::Value>, want: Expect) {
    let got = bound(declaration, value);
    want.assert_eq(got.lines().next().unwrap_or_default());
}

#[test]
fn mistakes() {
    check("", None, expect!["A value for the 'p' parameter must be provided."]);
    check("  values: [a]\n", None, expect!["A value for the 'p' parameter must be provided."]);
    check(
        "  type: number\n  default: abc\n",
        None,
        expect![
            "/azure-pipelines.yml (Line: 4, Col: 12): The 'p' parameter value 'abc' is not a valid Number."
        ],
    );
    check(
        "  type: number\n  default:\n",
        None,
        expect!["/azure-pipelines.yml (Line: 4, Col: 11): The 'p' parameter value '' is not a valid Number."],
    );
    check(
        "  type: boolean\n",
        Some(json!("yes")),
        expect!["The 'p' parameter value 'yes' is not a valid Boolean."],
    );
    check(
        "  default: gamma\n  values: [a, Gamma]\n",
        None,
        expect![
            "/azure-pipelines.yml (Line: 3, Col: 12): The 'p' parameter value 'gamma' is not a valid value."
        ],
    );
    check(
        "  default: [a]\n",
        None,
        expect!["/azure-pipelines.yml (Line: 3, Col: 12): The 'p' parameter is not a valid String."],
    );
    check(
        "  type: stringList\n  default: a\n",
        None,
        expect![
            "/azure-pipelines.yml (Line: 4, Col: 12): The 'p' parameter value 'a' is not a valid StringList."
        ],
    );
    check(
        "  type: steplist\n  default: []\n",
        None,
        expect!["/azure-pipelines.yml (Line: 3, Col: 9): Unexpected value 'steplist'"],
    );
    check(
        "  default: a\n  colour: red\n",
        None,
        expect!["/azure-pipelines.yml (Line: 4, Col: 3): Unexpected value 'colour'"],
    );
    check(
        "  default: ${{ variables.x }}\n",
        None,
        expect![
            "/azure-pipelines.yml (Line: 3, Col: 12): A template expression is not allowed in this context"
        ],
    );
    check(
        "  default: a ${{ 'x' }}\n",
        None,
        expect![
            "/azure-pipelines.yml (Line: 3, Col: 12): A template expression is not allowed in this context"
        ],
    );
    check(
        "  displayName: ${{ 'x' }}\n  default: a\n",
        None,
        expect![
            "/azure-pipelines.yml (Line: 3, Col: 16): A template expression is not allowed in this context"
        ],
    );
    check("  type: object\n", Some(json!("{")), expect!["The 'p' parameter is not a valid Object."]);
}

#[test]
fn a_part_that_is_none_says_what_is_wrong_with_it() {
    let got = bound("  type: step\n  default:\n    notAStep: 1\n", None);
    expect![[r#"
        The 'p' parameter is not a valid Step.
        /azure-pipelines.yml (Line: 5, Col: 5): Unexpected value 'notAStep'"#]]
    .assert_eq(&got);
    let got = bound("  type: stepList\n  default: nope\n", None);
    expect![[r#"
        The 'p' parameter is not a valid StepList.
        /azure-pipelines.yml (Line: 4, Col: 12): Unexpected value 'nope'"#]]
    .assert_eq(&got);
}

#[test]
fn names() {
    let steps = "steps:\n- script: x\n";
    expect!["Unexpected parameter 'q'"].assert_eq(&preview_with(steps, &given(json!({"q": 1}))));
    let twice = format!("parameters:\n- name: p\n  default: a\n- name: P\n  default: b\n{steps}");
    expect!["/azure-pipelines.yml (Line: 4, Col: 3): The 'P' parameter is declared more than once in the parameter list."].assert_eq(&preview(&twice));
    let unnamed = format!("parameters:\n- type: string\n{steps}");
    expect!["/azure-pipelines.yml (Line: 2, Col: 3): Unexpected value 'type'"].assert_eq(&preview(&unnamed));
    let mapping = format!("parameters:\n  p: a\n{steps}");
    expect!["/azure-pipelines.yml (Line: 2, Col: 3): A mapping was not expected"]
        .assert_eq(&preview(&mapping));
}

#[test]
fn an_untyped_true_is_a_text() {
    let text = "parameters:\n- name: p\n  default: true\nsteps:\n- script: ${{ eq(parameters.p, true) }} ${{ eq(parameters.p, 'TRUE') }}\n";
    assert!(preview(text).contains("script: True True"));
}

#[test]
fn a_list_that_is_none_is_told_once() {
    let text = "parameters:\n- name: one\n  type: step\n- name: all\n  type: stepList\nsteps:\n- script: x\n- ${{ parameters.one }}\n- ${{ parameters.all }}\n";
    let got = preview_with(text, &given(json!({"one": "[x]", "all": "- bogus: y"})));
    expect![[r"
        The 'one' parameter is not a valid Step.
        A sequence was not expected
        The 'all' parameter is not a valid StepList.
        Unexpected value 'bogus'"]]
    .assert_eq(&got);
}
