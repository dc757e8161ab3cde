//! Which file a `template:` means. What the service answered to each of these, with the same files in two
//! repositories, is the expectation.

use crate::{files, preview_files};
use parhelion_azure_pipelines::Inputs;

/// Every file says which it is by what it echoes.
const FILES: &[(&str, &str)] = &[
    ("/refs/leaf.yml", "steps:\n- script: echo own\n"),
    ("/refs/outer.yml", "steps:\n- template: leaf.yml\n"),
    ("/refs/alias.yml", "steps:\n- template: /refs/leaf.yml@self\n"),
    ("/refs/escape.yml", "steps:\n- template: ../../../outside.yml\n"),
    ("/refs/cycle.yml", "steps:\n- template: cycle.yml\n"),
    ("/refs/cycle-a.yml", "steps:\n- template: cycle-b.yml\n"),
    ("/refs/cycle-b.yml", "steps:\n- template: cycle-a.yml\n"),
    ("/refs/dir/absolute.yml", "steps:\n- template: /refs/leaf.yml\n"),
    ("/refs/dir/parent.yml", "steps:\n- template: ../leaf.yml\n"),
    ("/refs/dir/parent-self.yml", "steps:\n- template: ../leaf.yml@self\n"),
    ("/refs/dir/outward.yml", "steps:\n- template: cross/leaf.yml@templates\n"),
    ("/refs/we@ird.yml", "steps:\n- script: echo never\n"),
    ("/cross/leaf.yml@templates", "steps:\n- script: echo other\n"),
    ("/cross/absolute.yml@templates", "steps:\n- template: /cross/leaf.yml\n"),
    ("/cross/outer.yml@templates", "steps:\n- template: leaf.yml\n"),
    ("/cross/back.yml@templates", "steps:\n- template: /refs/leaf.yml@self\n"),
    ("/cross/relative-back.yml@templates", "steps:\n- template: ../refs/leaf.yml@self\n"),
];

const RESOURCES: &str =
    "resources:\n  repositories:\n  - repository: templates\n    type: git\n    name: shared\n";

/// The texts that the steps echo, or the message.
fn echoed(text: &str) -> String {
    let got = preview_files(text, &Inputs::default(), &files(FILES));
    if !got.contains("stages:") {
        return got;
    }
    let echoes = got.lines().filter_map(|l| l.trim().strip_prefix("script: echo "));
    echoes.collect::<Vec<_>>().join(" ")
}

#[test]
fn as_the_service_resolves_them() {
    for (reference, want) in [
        ("/refs/leaf.yml", "own"),
        ("refs/leaf.yml", "own"),
        ("./refs/leaf.yml", "own"),
        ("refs\\leaf.yml", "own"),
        ("/refs/leaf.yml@self", "own"),
        ("refs/leaf.yml@self", "own"),
        ("/refs/leaf.yml@", "own"),
        ("/refs/leaf.yml@SELF", "own"),
        ("/refs/dir/absolute.yml", "own"),
        ("/refs/outer.yml", "own"),
        ("/refs/dir/parent.yml", "own"),
        ("/refs/dir/parent-self.yml", "own"),
        ("/refs/alias.yml", "own"),
        ("/cross/leaf.yml@templates", "other"),
        ("cross/leaf.yml@templates", "other"),
        ("/cross/leaf.yml@TEMPLATES", "other"),
        ("/cross/absolute.yml@templates", "other"),
        ("/cross/outer.yml@templates", "other"),
        ("/cross/back.yml@templates", "own"),
        ("/refs/dir/outward.yml", "other"),
        (
            "/cross/relative-back.yml@templates",
            "/cross/relative-back.yml@templates: The file path /../refs/leaf.yml is invalid",
        ),
        ("/REFS/LEAF.YML", "/azure-pipelines.yml: File /REFS/LEAF.YML not found in repository self."),
        ("/refs/none.yml", "/azure-pipelines.yml: File /refs/none.yml not found in repository self."),
        ("\"/refs/leaf.yml \"", "/azure-pipelines.yml: File /refs/leaf.yml  not found in repository self."),
        (
            "/cross/none.yml@templates",
            "/azure-pipelines.yml: File /cross/none.yml not found in repository templates.",
        ),
        ("/refs/we@ird.yml", "/azure-pipelines.yml: No repository found by name ird.yml"),
        ("/refs/leaf.yml@self@self", "/azure-pipelines.yml: No repository found by name self@self"),
        ("/refs/leaf.yml@nobody", "/azure-pipelines.yml: No repository found by name nobody"),
        ("../outside.yml", "/azure-pipelines.yml: The file path //../outside.yml is invalid"),
        ("/refs/escape.yml", "/refs/escape.yml: The file path /refs/../../../outside.yml is invalid"),
        ("/refs/cycle.yml", "/refs/cycle.yml: Maximum object depth exceeded"),
        ("/refs/cycle-a.yml", "/refs/cycle-a.yml: Maximum object depth exceeded"),
    ] {
        assert_eq!(echoed(&format!("{RESOURCES}steps:\n- template: {reference}\n")), want, "{reference}");
    }
}

#[test]
fn a_file_used_twice_side_by_side_is_no_circle() {
    assert_eq!(echoed("steps:\n- template: /refs/leaf.yml\n- template: /refs/leaf.yml\n"), "own own");
}

#[test]
fn repositories_may_stand_below_what_uses_them() {
    assert_eq!(echoed(&format!("steps:\n- template: /cross/leaf.yml@templates\n{RESOURCES}")), "other");
}

#[test]
fn a_path_may_be_an_expression() {
    let text =
        "parameters:\n- name: which\n  default: leaf\nsteps:\n- template: refs/${{ parameters.which }}.yml\n";
    assert_eq!(echoed(text), "own");
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    let text = "steps:\n- template: a.yml\n- template: b.yml\n- template: a.yml\n";
    assert_eq!(
        echoed(text),
        "/azure-pipelines.yml: File /a.yml not found in repository self.\n/azure-pipelines.yml: File /b.yml not found in repository self."
    );
}

#[test]
fn a_reference_that_is_no_path() {
    for (reference, want) in [
        ("''", "/azure-pipelines.yml: The file path // is invalid"),
        ("/", "/azure-pipelines.yml: The file path / is invalid"),
        ("refs/", "/azure-pipelines.yml: The file path //refs/ is invalid"),
        ("[a]", "/azure-pipelines.yml (Line: 2, Col: 13): A sequence was not expected"),
        ("{a: b}", "/azure-pipelines.yml (Line: 2, Col: 13): A mapping was not expected"),
    ] {
        assert_eq!(echoed(&format!("steps:\n- template: {reference}\n")), want, "{reference}");
    }
}
