//! What a template's parameters make of the arguments that it is given. What the service answered to each of these is
//! the expectation, unless marked.

use crate::{files, preview_files};
use expect_test::expect;
use parhelion_azure_pipelines::Inputs;

/// What `convertToJson(parameters.p)` gives in a template that declares `p` so and is given these arguments; or the
/// message.
fn bound(declaration: &str, arguments: &str) -> String {
    let declaration = match declaration {
        "" => String::new(),
        fields => format!("parameters:\n- name: p\n{fields}"),
    };
    given_to(&format!("{declaration}steps:\n- script: ${{{{ convertToJson(parameters.p) }}}}\n"), arguments)
}

/// The same of a whole template.
fn given_to(template: &str, arguments: &str) -> String {
    let arguments = if arguments.is_empty() { String::new() } else { format!("  parameters:\n{arguments}") };
    let text = format!(
        "steps:\n- template: t.yml\n{arguments}parameters:\n- name: outer\n  type: object\n  default: {{b: true, n: 3, t: '3'}}\n"
    );
    let got = preview_files(&text, &Inputs::default(), &files(&[("/t.yml", template)]));
    let Some((_, script)) = got.split_once("script: ") else { return got };
    let script = script.split("\nparameters:").next().unwrap_or_default();
    let script = script.trim_start_matches(">-").trim();
    // Quotes that the emitter puts.
    let script = script.strip_prefix('\'').and_then(|s| s.strip_suffix('\'')).unwrap_or(script);
    script.lines().map(str::trim).collect()
}

const NUMBER: &str = "  type: number\n  default: 2\n";
const BOOLEAN: &str = "  type: boolean\n  default: false\n";
const STRING: &str = "  type: string\n  default: d\n";
const OBJECT: &str = "  type: object\n  default: {}\n";
const LEGACY: &str = "  type: legacyObject\n  default: {}\n";
const STEP: &str = "  type: step\n  default: {script: d}\n";
const STEPS: &str = "  type: stepList\n  default: []\n";
const TEXTS: &str = "  type: stringList\n  default: [a]\n  values: [a, b]\n";
const VALUES: &str = "  default: alpha\n  values: [alpha, beta]\n";

#[test]
fn values_by_type() {
    for (declaration, argument, want) in [
        (STRING, "", "\"d\""),
        (STRING, " 42", "\"42\""),
        (STRING, " 007", "\"007\""),
        (STRING, " 1.10", "\"1.10\""),
        (STRING, " true", "\"true\""),
        (STRING, " True", "\"True\""),
        (STRING, "", "\"d\""),
        (STRING, " # absent", "\"\""),
        (STRING, " null", "\"\""),
        (STRING, " 'null'", "\"null\""),
        (NUMBER, " 8", "8"),
        (NUMBER, " '8'", "8"),
        (NUMBER, " 1.50", "1.5"),
        (BOOLEAN, " 'true'", "true"),
        (BOOLEAN, " True", "true"),
        (BOOLEAN, " FALSE", "false"),
        (OBJECT, " scalar", "\"scalar\""),
        (OBJECT, " # absent", "\"\""),
        (OBJECT, " null", "\"\""),
        (OBJECT, " [~, 'null', nil, \"${{ 'null' }}\"]", "[\"\",\"null\",\"nil\",\"null\"]"),
        (
            OBJECT,
            " {s: text, n: 3, f: 0.5, b: true, x: , l: [1, two], d: {k: v}}",
            "{\"s\": \"text\",\"n\": 3,\"f\": 0.5,\"b\": true,\"x\": \"\",\"l\": [1,\"two\"],\"d\": {\"k\": \"v\"}}",
        ),
        (
            LEGACY,
            " {n: 3, b: true, x: , l: [1, two]}",
            "{\"n\": \"3\",\"b\": \"true\",\"x\": \"\",\"l\": [\"1\",\"two\"]}",
        ),
        (TEXTS, " [a, b]", "[\"a\",\"b\"]"),
        (STEP, "", "{\"task\": \"CmdLine@2\",\"inputs\": {\"script\": \"d\"}}"),
        (
            STEPS,
            " [{script: one}, {bash: two, displayName: Two}]",
            "[{\"task\": \"CmdLine@2\",\"inputs\": {\"script\": \"one\"}},{\"task\": \"Bash@3\",\"displayName\": \"Two\",\"inputs\": {\"targetType\": \"inline\",\"script\": \"two\"}}]",
        ),
        (VALUES, " beta", "\"beta\""),
        // An expression of the caller's frame.
        (STRING, " ${{ parameters.outer.t }}", "\"3\""),
        (STRING, " ${{ parameters.outer.b }}", "\"True\""),
        (NUMBER, " ${{ parameters.outer.n }}", "3"),
        (BOOLEAN, " ${{ parameters.outer.b }}", "true"),
        // CHOICE: numbers and booleans stay what they are on their way through an expression.
        (OBJECT, " ${{ parameters.outer }}", "{\"b\": true,\"n\": 3,\"t\": \"3\"}"),
        (
            OBJECT,
            " {x: \"${{ parameters.outer.b }}\", y: \"${{ parameters.outer.t }}\"}",
            "{\"x\": true,\"y\": \"3\"}",
        ),
        (LEGACY, " ${{ parameters.outer }}", "{\"b\": \"True\",\"n\": \"3\",\"t\": \"3\"}"),
    ] {
        let arguments = if argument.is_empty() { String::new() } else { format!("    p:{argument}\n") };
        assert_eq!(bound(declaration, &arguments), want, "{declaration}{arguments}");
    }
}

#[test]
fn mistakes_are_told_where_the_argument_stands() {
    for (declaration, argument, want) in [
        (NUMBER, " abc", "(Line: 4, Col: 8): The 'p' parameter value 'abc' is not a valid Number."),
        (NUMBER, " ''", "(Line: 4, Col: 8): The 'p' parameter value '' is not a valid Number."),
        (NUMBER, "", "(Line: 4, Col: 7): The 'p' parameter value '' is not a valid Number."),
        (BOOLEAN, " 1", "(Line: 4, Col: 8): The 'p' parameter value '1' is not a valid Boolean."),
        (BOOLEAN, " yes", "(Line: 4, Col: 8): The 'p' parameter value 'yes' is not a valid Boolean."),
        (BOOLEAN, "", "(Line: 4, Col: 7): The 'p' parameter value '' is not a valid Boolean."),
        (STRING, "\n      a: 1", "(Line: 5, Col: 7): The 'p' parameter is not a valid String."),
        (VALUES, " gamma", "(Line: 4, Col: 8): The 'p' parameter value 'gamma' is not a valid value."),
        (VALUES, " Beta", "(Line: 4, Col: 8): The 'p' parameter value 'Beta' is not a valid value."),
        (TEXTS, "\n    - a\n    - z", "(Line: 5, Col: 5): The 'p' parameter value 'z' is not a valid value."),
        (TEXTS, " a", "(Line: 4, Col: 8): The 'p' parameter value 'a' is not a valid StringList."),
    ] {
        let want = format!("/azure-pipelines.yml {want}");
        assert_eq!(bound(declaration, &format!("    p:{argument}\n")), want, "{declaration}{argument}");
    }
    expect![[r#"
        The 'p' parameter is not a valid Step.
        /azure-pipelines.yml (Line: 5, Col: 7): Unexpected value 'notAStep'"#]]
    .assert_eq(&bound(STEP, "    p:\n      notAStep: 1\n"));
    expect![[r#"
        The 'p' parameter is not a valid StepList.
        /azure-pipelines.yml (Line: 4, Col: 8): Unexpected value 'nope'"#]]
    .assert_eq(&bound(STEPS, "    p: nope\n"));
    expect!["A value for the 'p' parameter must be provided."].assert_eq(&bound("  type: string\n", ""));
    expect!["A value for the 'p' parameter must be provided."].assert_eq(&bound("  values: [alpha]\n", ""));
    expect!["/azure-pipelines.yml (Line: 5, Col: 12): Unexpected parameter 'extra'"]
        .assert_eq(&bound(STRING, "    p: ok\n    extra: surprise\n"));
    expect!["/azure-pipelines.yml (Line: 4, Col: 8): Key not found 'p'"]
        .assert_eq(&bound(STRING, "    p: ${{ parameters.p }}\n"));
}

#[test]
fn types_of_templates() {
    for kind in ["environment", "filePath", "pool", "secureFile", "serviceConnection", "notAType", "String"] {
        assert_eq!(
            bound(&format!("  type: {kind}\n  default: x\n"), ""),
            format!("/t.yml (Line: 3, Col: 9): Unexpected value '{kind}'"),
        );
    }
    for (kind, default) in [
        ("string", "s"),
        ("number", "1"),
        ("boolean", "true"),
        ("object", "{}"),
        ("legacyObject", "{}"),
        ("step", "{script: s}"),
        ("stepList", "[]"),
        ("job", "{job: j, steps: []}"),
        ("jobList", "[]"),
        ("deployment", "{deployment: d}"),
        ("deploymentList", "[]"),
        ("stage", "{stage: s, jobs: []}"),
        ("stageList", "[]"),
        ("stringList", "[a]"),
        ("containerList", "[]"),
    ] {
        let got = bound(&format!("  type: {kind}\n  default: {default}\n"), "");
        assert!(!got.contains("/t.yml") && !got.contains("valid"), "{kind}: {got}");
    }
    expect![[r#"
        The 'p' parameter is not a valid Container.
        /t.yml (Line: 5, Col: 5): Unexpected value 'image'"#]]
    .assert_eq(&bound("  type: container\n  default:\n    image: alpine\n", ""));
    // The pipeline's own file has none of the templates' types.
    let own = "parameters:\n- name: p\n  type: legacyObject\n  default: {}\nsteps:\n- script: x\n";
    expect!["/azure-pipelines.yml (Line: 3, Col: 9): Unexpected value 'legacyObject'"]
        .assert_eq(&crate::preview(own));
}

#[test]
fn names_fold_case() {
    assert_eq!(bound(STRING, "    P: cased\n"), "\"cased\"");
    let twice = "parameters:\n- name: p\n  default: a\n- name: P\n  default: b\nsteps: []\n";
    expect!["/t.yml (Line: 4, Col: 3): The 'P' parameter is declared more than once in the parameter list."]
        .assert_eq(&given_to(twice, ""));
    let dump = "parameters:\n- name: p\n  default: d\nsteps:\n- script: ${{ convertToJson(parameters) }}\n";
    assert_eq!(given_to(dump, "    p: ok\n"), "{\"p\": \"ok\"}");
}

#[test]
fn a_template_without_declarations_takes_anything() {
    expect!["x"].assert_eq(&given_to("steps:\n- script: x\n", "    extra: surprise\n"));
    // CHOICE: what it takes it can read.
    assert_eq!(given_to("steps:\n- script: ${{ parameters.p }}\n", "    p: here\n"), "here");
    expect!["/t.yml (Line: 2, Col: 11): Key not found 'q'"]
        .assert_eq(&given_to("steps:\n- script: ${{ parameters.q }}\n", "    p: here\n"));
}

#[test]
fn a_mapping_declares_defaults_of_no_type() {
    let template =
        "parameters:\n  p: true\n  l: []\n  o: {a: 1}\nsteps:\n- script: ${{ convertToJson(parameters) }}\n";
    assert_eq!(given_to(template, ""), "{\"p\": \"true\",\"l\": [],\"o\": {\"a\": \"1\"}}");
    assert_eq!(
        given_to(template, "    p: {x: y}\n    L: text\n    o: ${{ parameters.outer.b }}\n"),
        "{\"p\": {\"x\": \"y\"},\"l\": \"text\",\"o\": \"True\"}"
    );
    expect!["/azure-pipelines.yml (Line: 4, Col: 8): Unexpected parameter 'q'"]
        .assert_eq(&given_to(template, "    q: 1\n"));
    // Compared as texts.
    let compared = "parameters: {p: true}\nsteps:\n- script: ${{ eq(parameters.p, true) }} ${{ eq(parameters.p, 'TRUE') }} ${{ eq(parameters.p, 1) }}\n";
    assert_eq!(given_to(compared, ""), "True True False");
    // Expressions are not for defaults.
    expect!["/t.yml (Line: 1, Col: 17): A template expression is not allowed in this context"]
        .assert_eq(&given_to("parameters: {p: \"${{ variables.x }}\"}\nsteps: []\n", ""));
}

#[test]
fn arguments_that_come_and_go() {
    let text = |on: &str| {
        format!(
            "parameters:\n- name: on\n  default: '{on}'\n- name: more\n  type: object\n  default: {{b: 2}}\nsteps:\n- template: t.yml\n  parameters:\n    ${{{{ if parameters.on }}}}:\n      a: 1\n    ${{{{ insert }}}}: ${{{{ parameters.more }}}}\n- template: t.yml\n  ${{{{ if parameters.on }}}}:\n    parameters:\n      a: 3\n- template: t.yml\n  parameters: ${{{{ parameters.more }}}}\n"
        )
    };
    let template = "parameters: {a: '', b: ''}\nsteps:\n- script: a${{ parameters.a }}b${{ parameters.b }}\n";
    let scripts = |on: &str| {
        let got = preview_files(&text(on), &Inputs::default(), &files(&[("/t.yml", template)]));
        got.lines().filter_map(|l| l.trim().strip_prefix("script: ")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(scripts("yes"), "a1b2 a3b ab2");
    assert_eq!(scripts(""), "ab2 ab ab2");
}

#[test]
fn what_is_no_mapping_of_arguments() {
    for (beside, want) in [
        ("  parameters: [a]\n", "/azure-pipelines.yml (Line: 3, Col: 15): A sequence was not expected"),
        ("  parameters: a\n", "/azure-pipelines.yml (Line: 3, Col: 15): Unexpected value 'a'"),
        ("  parameters:\n", ""),
        ("  displayName: x\n", "/azure-pipelines.yml (Line: 3, Col: 3): Unexpected value 'displayName'"),
        (
            "  parameters:\n    p: 1\n    P: 2\n",
            "/azure-pipelines.yml (Line: 5, Col: 5): 'P' is already defined",
        ),
        (
            "  parameters:\n    ${{ 'p' }}: 1\n    p: 2\n",
            "/azure-pipelines.yml (Line: 5, Col: 5): 'p' is already defined",
        ),
    ] {
        let text = format!("steps:\n- template: t.yml\n{beside}");
        let all = files(&[("/t.yml", "parameters: {p: ''}\nsteps:\n- script: x\n")]);
        let got = preview_files(&text, &Inputs::default(), &all);
        assert!(if want.is_empty() { got.contains("script: x") } else { got == want }, "{beside}: {got}");
    }
}
