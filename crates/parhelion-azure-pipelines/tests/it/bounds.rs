//! What a hostile file costs: a clear error, soon.

use crate::{FILE, files, payload, preview, preview_files, preview_with, run};
use expect_test::expect;
use parhelion_azure_pipelines::{Inputs, expand_counted, files::NoFiles, limits, parse};
use serde_json::json;

const TOO_DEEP: &str = "/azure-pipelines.yml: Maximum object depth exceeded";
const TOO_LARGE: &str = "/azure-pipelines.yml: Maximum object size exceeded";
const TOO_MUCH: &str = "/azure-pipelines.yml: Maximum events exceeded while evaluating the template";

#[test]
fn nesting() {
    let nested = |n: usize| format!("{}x\n", "- ".repeat(n));
    assert_eq!(preview(&nested(limits::DEPTH + 1)), TOO_DEEP);
    assert_eq!(preview(&nested(100_000)), TOO_DEEP);
    expect!["/azure-pipelines.yml (Line: 1, Col: 1): A sequence was not expected"]
        .assert_eq(&preview(&nested(limits::DEPTH)));
    for open in ["[", "{", "{a: ", "[a: "] {
        assert_eq!(preview(&format!("a: {}", open.repeat(100_000))), TOO_DEEP, "{open}");
    }
    let mapping: String = (0..limits::DEPTH + 1).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert_eq!(preview(&mapping), TOO_DEEP);
}

#[test]
fn a_payload_deeper_than_the_tree_may_be() {
    let deep = (0..120).fold(json!("x"), |inner, _| json!([inner]));
    let text = "resources:\n  webhooks:\n  - webhook: w\n    connection: c\nsteps:\n- task: T@1\n  inputs:\n    x: ${{ parameters.w }}\n";
    assert_eq!(preview_with(text, &payload("w", deep)), TOO_DEEP);
}

#[test]
fn loops_in_loops() {
    let list = format!("parameters:\n- name: l\n  type: object\n  default: [{}]\n", "1, ".repeat(2000));
    let nothing = format!(
        "{list}steps:\n- ${{{{ each a in parameters.l }}}}:\n  - ${{{{ each b in parameters.l }}}}:\n    - ${{{{ if eq(a, 2) }}}}:\n      - script: x\n"
    );
    assert_eq!(preview(&nothing), TOO_MUCH);
    let much = format!(
        "{list}steps:\n- ${{{{ each a in parameters.l }}}}:\n  - ${{{{ each b in parameters.l }}}}:\n    - script: some text that takes space\n"
    );
    assert_eq!(preview(&much), TOO_LARGE);
}

#[test]
fn texts_that_double() {
    // Every level holds the one below twice.
    let doubled = (0..48).fold("'xxxxxxxx'".to_owned(), |inner, _| format!("format('{{0}}{{0}}', {inner})"));
    let got = preview(&format!("steps:\n- script: ${{{{ {doubled} }}}}\n"));
    assert!(got == TOO_LARGE || got == TOO_MUCH, "{got}");
    let many = "steps:\n- script: ${{ replace(convertToJson(parameters.w.t), 'a', parameters.w.t) }}\nresources: {webhooks: [{webhook: w, connection: c}]}\n";
    let got = preview_with(many, &payload("w", json!({"t": "a".repeat(1_000_000)})));
    assert!(got == TOO_LARGE || got == TOO_MUCH, "{got}");
}

#[test]
fn the_whole_payload_again_and_again() {
    let payload = payload("w", json!({"l": vec![1; 100_000]}));
    let text = "resources: {webhooks: [{webhook: w, connection: c}]}\nsteps:\n- ${{ each x in parameters.w.l }}:\n  - ${{ if eq(length(convertToJson(parameters.w)), 1) }}:\n    - script: x\n";
    assert_eq!(preview_with(text, &payload), TOO_MUCH);
}

#[test]
fn a_large_payload_is_no_trouble() {
    let payload = payload("w", json!({"l": vec![json!({"name": "n", "size": 1}); 40_000]}));
    let text = "resources: {webhooks: [{webhook: w, connection: c}]}\nsteps:\n- script: ${{ length(convertToJson(parameters.w)) }} ${{ length(parameters.w.l.*.name) }}\n";
    assert!(preview_with(text, &payload).contains("40000"));
}

#[test]
fn a_large_file() {
    let steps: String = (0..20_000).map(|n| format!("- script: echo {n} ${{{{ variables.x }}}}\n")).collect();
    assert!(run(&format!("steps:\n{steps}"), &Inputs::default()).is_ok());
    assert_eq!(preview(&format!("steps:\n{}", "- script: x\n".repeat(300_000))), TOO_LARGE);
    assert_eq!(preview(&"#".repeat(limits::TREE_BYTES + 1)), TOO_LARGE);
}

#[test]
fn errors_are_counted() {
    let text = format!("steps:\n{}", "- script: ${{ parameters.x }}\n".repeat(1000));
    assert_eq!(preview(&text).lines().count(), limits::ISSUES);
}

#[test]
fn expressions_without_end() {
    for (open, close) in [("eq(", ")"), ("parameters[", "]"), ("not(", ")"), ("a.", ""), ("(", "")] {
        let text =
            format!("steps:\n- script: ${{{{ {}x{} }}}}\n", open.repeat(200_000), close.repeat(200_000));
        assert!(run(&text, &Inputs::default()).is_err(), "{open}");
    }
}

/// Three hundred rounds of three hundred, with a body for each.
fn many_rounds(body: &str) -> String {
    let list = format!("parameters:\n- name: l\n  type: object\n  default: [{}]\n", "1, ".repeat(300));
    format!(
        "{list}steps:\n- script: x\n- ${{{{ each a in parameters.l }}}}:\n  - ${{{{ each b in parameters.l }}}}:\n{body}"
    )
}

#[test]
fn long_texts_of_which_little_comes_cost_their_length() {
    let long = "x".repeat(1_000_000);
    let condition = format!("    - ? ${{{{ if and(false, '{long}') }}}}\n      :\n      - script: x\n");
    assert_eq!(preview(&many_rounds(&condition)), TOO_MUCH);
    let broken = format!("    - ? ${{{{ 1 '{long}' }}}}\n      : x\n");
    let document = parse(FILE, &many_rounds(&broken)).expect("it can be read");
    let (expanded, spent) = expand_counted(&document, &Inputs::default(), &NoFiles);
    assert_eq!((expanded.is_err(), spent.events), (true, limits::EVENTS));
    let argument = format!("    - template: t.yml\n      parameters: {{ a: {long} }}\n");
    let template = files(&[("/t.yml", "steps: []\n")]);
    assert_eq!(preview_files(&many_rounds(&argument), &Inputs::default(), &template), TOO_MUCH);
}

#[test]
fn nothing_is_compared_with_everything() {
    const COUNT: usize = 30_000;
    let lines = |line: fn(usize) -> String| (0..COUNT).map(line).collect::<String>();
    let values = lines(|n| format!("  - v{n}\n"));
    let others = lines(|n| format!("  - v{}\n", COUNT - 1 - n));
    let allowed = format!(
        "parameters:\n- name: l\n  type: stringList\n  default:\n{values}  values:\n{others}steps:\n- script: x\n"
    );
    assert!(run(&allowed, &Inputs::default()).is_ok());

    let declared = lines(|n| format!("- name: a{n}\n  default: x\n"));
    let webhooks = lines(|n| format!("  - webhook: a{}\n    connection: c\n", COUNT - 1 - n));
    let clash = format!("parameters:\n{declared}resources:\n  webhooks:\n{webhooks}steps:\n- script: x\n");
    let got = preview(&clash);
    assert!(got.contains("The 'a0' parameter is declared more than once"), "{}", &got[..got.len().min(200)]);

    let own = lines(|n| format!("  own{n}: []\n"));
    let theirs = lines(|n| format!("  their{n}: []\n"));
    let template = files(&[("/t.yml", &format!("resources:\n{theirs}steps:\n- script: x\n"))]);
    let extends = format!("resources:\n{own}extends:\n  template: t.yml\n");
    let got = preview_files(&extends, &Inputs::default(), &template);
    assert!(got.contains("Unexpected value 'own0'"), "{}", &got[..got.len().min(200)]);
}

#[test]
fn a_payload_is_read_once_however_often_its_alias_is_given() {
    let same = "  - webhook: w\n    connection: c\n".repeat(20_000);
    let text = format!("resources:\n  webhooks:\n{same}steps:\n- script: x\n");
    let got = preview_with(&text, &payload("W", json!({"l": vec![1; 20_000]})));
    assert!(got.contains("'w' is already defined"), "{}", &got[..got.len().min(200)]);
}

#[test]
fn pieces_are_paid_for_before_they_are_made() {
    let commas = ",".repeat(900_000);
    let twenty = "{0}".repeat(20);
    let text = format!(
        "steps:\n- script: ${{{{ length(split(format('{twenty}', parameters.w.t), ',')) }}}}\nresources: {{webhooks: [{{webhook: w, connection: c}}]}}\n"
    );
    assert_eq!(preview_with(&text, &payload("w", json!({"t": commas}))), TOO_MUCH);
}
