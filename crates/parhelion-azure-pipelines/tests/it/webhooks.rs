//! `resources.webhooks` as registration reads it.

use crate::{FILE, files, preview};
use expect_test::{Expect, expect};
use parhelion_azure_pipelines::{joined, judge_all, parse, webhooks, webhooks_with};
use serde_json::json;

fn check(resources: &str, want: Expect) {
    let text = format!("resources:\n  webhooks:\n{resources}steps:\n- script: x\n");
    let got = match webhooks(&parse(FILE, &text).expect("the file parses")) {
        Ok(found) => {
            let line = |w: &parhelion_azure_pipelines::WebhookResource| {
                let filters: Vec<_> = w.filters.iter().map(|f| format!("{}={}", f.path, f.value)).collect();
                format!("{} <- {} {:?} {}", w.alias, w.connection, w.kind, filters.join(" "))
            };
            found.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Err(issues) => joined(&issues),
    };
    want.assert_eq(&got);
}

#[test]
fn all_that_a_resource_may_say() {
    check(
        "  - webhook: a-B_1\n    connection: c\n    type: ext\n    filters:\n    - path: x.y\n      value: 1\n    - value: v\n      path: z\n  - webhook: two\n    connection: c\n    type:\n",
        expect![[r#"
            a-B_1 <- c Some("ext") x.y=1 z=v
            two <- c None "#]],
    );
}

#[test]
fn mistakes_have_places() {
    check(
        "  - connection: c\n    webhook: w\n",
        expect!["/azure-pipelines.yml (Line: 3, Col: 5): Unexpected value 'connection'"],
    );
    check(
        "  - webhook: w\n",
        expect!["/azure-pipelines.yml (Line: 3, Col: 5): Required property is missing: connection"],
    );
    check(
        "  - webhook: a b\n    connection: c\n    colour: red\n",
        expect![[r#"
            /azure-pipelines.yml (Line: 5, Col: 5): Unexpected value 'colour'
            /azure-pipelines.yml (Line: 3, Col: 14): Unexpected value 'a b'"#]],
    );
    check(
        "  - webhook: w\n    connection: [c]\n    filters:\n    - value: v\n    - x\n",
        expect![[r#"
            /azure-pipelines.yml (Line: 4, Col: 17): A sequence was not expected
            /azure-pipelines.yml (Line: 6, Col: 7): Required property is missing: path
            /azure-pipelines.yml (Line: 7, Col: 7): Unexpected value 'x'"#]],
    );
    check(
        "  - webhook: w\n    connection: c\n  - webhook: W\n    connection: d\n",
        expect!["/azure-pipelines.yml (Line: 5, Col: 5): 'W' is already defined"],
    );
    check("  - just text\n", expect!["/azure-pipelines.yml (Line: 3, Col: 5): Unexpected value 'just text'"]);
    check("    webhook: w\n", expect!["/azure-pipelines.yml (Line: 3, Col: 5): A mapping was not expected"]);
}

#[test]
fn expansion_finds_the_same_mistakes() {
    let text = "resources:\n  webhooks:\n  - webhook: w\nsteps:\n- script: x\n";
    expect!["/azure-pipelines.yml (Line: 3, Col: 5): Required property is missing: connection"]
        .assert_eq(&preview(text));
}

#[test]
fn a_key_given_twice_anywhere_keeps_a_file_from_registering() {
    let text = "steps:\n- script: x\n  Script: y\n";
    let issues = webhooks(&parse(FILE, text).unwrap()).unwrap_err();
    expect!["/azure-pipelines.yml (Line: 3, Col: 3): 'Script' is already defined"]
        .assert_eq(&joined(&issues));
}

#[test]
fn files_without_webhooks_have_none() {
    for text in ["", "steps:\n- script: x\n", "resources:\n  webhooks:\n", "- a\n", "resources: x\n"] {
        assert_eq!(webhooks(&parse(FILE, text).unwrap()).unwrap(), [], "{text}");
    }
}

#[test]
fn filters_are_judged_one_by_one() {
    let text = "resources:\n  webhooks:\n  - webhook: w\n    connection: c\n    filters:\n    - path: ref\n      value: refs/heads/main\n    - path: repository.name\n      value: other\nsteps:\n- script: x\n";
    let found = webhooks(&parse(FILE, text).unwrap()).unwrap();
    let verdicts =
        judge_all(&found[0].filters, &json!({"ref": "refs/heads/main", "repository": {"name": "this"}}));
    assert_eq!(verdicts.iter().map(|v| v.matched).collect::<Vec<_>>(), [true, false]);
    assert_eq!(verdicts[1].selected, ["\"this\""]);
    assert_eq!(verdicts[1].expected, "other");
}

/// The aliases that registration finds in a file and what it extends, or the messages.
fn registered(text: &str, all: &[(&str, &str)]) -> String {
    match webhooks_with(&parse(FILE, text).expect("the file parses"), &files(all)) {
        Ok(found) => found.iter().map(|w| w.alias.as_str()).collect::<Vec<_>>().join(" "),
        Err(issues) => joined(&issues),
    }
}

#[test]
fn what_a_pipeline_extends_counts() {
    let hook = |alias: &str| format!("resources:\n  webhooks:\n  - webhook: {alias}\n    connection: c\n");
    let own = format!("{}extends:\n  template: base.yml\n", hook("one"));
    let base = format!("{}extends:\n  template: deep/er.yml\n", hook("two"));
    let deeper = format!("{}steps:\n- script: x\n", hook("three"));
    let all = [("/base.yml", base.as_str()), ("/deep/er.yml", deeper.as_str())];
    assert_eq!(registered(&own, &all), "one two three");
    // Of another repository.
    let other = "resources:\n  repositories:\n  - repository: shared\n    name: s\nextends:\n  template: base.yml@Shared\n";
    assert_eq!(registered(other, &[("/base.yml@shared", &deeper)]), "three");
    // Templates of other kinds say nothing about it.
    assert_eq!(registered("steps:\n- template: none.yml\n", &[]), "");
}

#[test]
fn what_a_pipeline_extends_must_be_there() {
    let own = "extends:\n  template: base.yml\n";
    expect!["/azure-pipelines.yml: File /base.yml not found in repository self."]
        .assert_eq(&registered(own, &[]));
    expect!["/base.yml (Line: 1, Col: 23): Unexpected value 'x'"]
        .assert_eq(&registered(own, &[("/base.yml", "resources: {webhooks: x}\n")]));
    expect!["/base.yml: Maximum object depth exceeded"].assert_eq(&registered(own, &[("/base.yml", own)]));
    let twice = "resources:\n  webhooks:\n  - webhook: W\n    connection: c\n";
    expect!["/base.yml (Line: 3, Col: 5): 'W' is already defined"]
        .assert_eq(&registered(&format!("{twice}{own}"), &[("/base.yml", twice)]));
    // What is only known when it is expanded is not followed.
    assert_eq!(registered("extends:\n  template: ${{ parameters.x }}.yml\n", &[]), "");
    let named = "resources:\n  repositories:\n  - repository: r\n    name: ${{ parameters.n }}\nextends:\n  template: b.yml@r\n";
    assert_eq!(registered(named, &[]), "");
}
