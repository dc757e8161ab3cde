//! What included files cost, and what a hostile set of them does: a clear error, soon.

use crate::{files, preview_files};
use expect_test::expect;
use parhelion_azure_pipelines::{Files, Inputs, Repository, Unread, limits};
use std::cell::Cell;

const TOO_DEEP: &str = "Maximum object depth exceeded";
const TOO_LARGE: &str = "Maximum object size exceeded";
const TOO_MUCH: &str = "Maximum events exceeded while evaluating the template";

fn preview(text: &str, all: &[(&str, &str)]) -> String {
    preview_files(text, &Inputs::default(), &files(all))
}

/// Files that a function makes, counted.
struct Made<F>(F, Cell<usize>);

impl<F: Fn(&str) -> String> Files for Made<F> {
    fn read(&self, _: Option<&Repository>, path: &str) -> Result<String, Unread> {
        self.1.set(self.1.get() + 1);
        Ok((self.0)(path))
    }
}

fn made(text: &str, make: impl Fn(&str) -> String) -> (String, usize) {
    let source = Made(make, Cell::new(0));
    let document = parhelion_azure_pipelines::parse(crate::FILE, text).expect("the file parses");
    let got = match parhelion_azure_pipelines::expand_with(&document, &Inputs::default(), &source) {
        Ok(expanded) => expanded.final_yaml,
        Err(issues) => parhelion_azure_pipelines::joined(&issues),
    };
    (got, source.1.get())
}

/// `/n.yml` for 0 and up.
fn number(path: &str) -> usize {
    path.trim_matches('/').trim_end_matches(".yml").parse().expect("a number")
}

#[test]
fn a_hundred_files_and_no_more() {
    let list = |n: usize| (0..n).map(|n| format!("- template: {n}.yml\n")).collect::<String>();
    let leaf = |path: &str| format!("steps:\n- script: echo {}\n", number(path));
    let (got, read) = made(&format!("steps:\n{}", list(limits::FILES)), leaf);
    assert!(got.contains("echo 99\n"), "{got}");
    assert_eq!(read, limits::FILES);
    let (got, read) = made(&format!("steps:\n{}", list(limits::FILES + 1)), leaf);
    expect!["/azure-pipelines.yml: A maximum of 100 YAML files can be used"].assert_eq(&got);
    assert_eq!(read, limits::FILES);
    // The same file again is none more, however it is called.
    let (got, read) =
        made(&format!("steps:\n{}", "- template: ./7.yml\n- template: /7.yml@self\n".repeat(100)), leaf);
    assert_eq!((got.matches("echo 7\n").count(), read), (200, 1));
}

#[test]
fn a_hundred_levels_and_no_more() {
    let chain = |last: usize| {
        move |path: &str| match number(path) {
            n if n < last => format!("steps:\n- template: {}.yml\n", n + 1),
            n => format!("steps:\n- script: echo {n}\n"),
        }
    };
    // The pipeline's own file is the first level.
    assert!(made("steps:\n- template: 2.yml\n", chain(limits::LEVELS)).0.contains("echo 100\n"));
    let (got, _) = made("steps:\n- template: 2.yml\n", chain(limits::LEVELS + 1));
    assert_eq!(got, format!("/100.yml: {TOO_DEEP}"));
}

#[test]
fn files_that_include_each_other() {
    for (kind, text) in [
        ("steps", "steps:\n- template: a.yml\n"),
        ("jobs", "jobs:\n- template: a.yml\n"),
        ("stages", "stages:\n- template: a.yml\n"),
        ("variables", "variables:\n- template: a.yml\n"),
        ("extends", "extends:\n  template: a.yml\n"),
    ] {
        assert_eq!(preview(text, &[("/a.yml", text)]), format!("/a.yml: {TOO_DEEP}"), "{kind}");
    }
    // Twice each: what is expanded is counted, so that it ends as soon.
    let twice = "steps:\n- template: a.yml\n- template: a.yml\n";
    assert_eq!(preview(twice, &[("/a.yml", twice)]), format!("/a.yml: {TOO_DEEP}"));
    // By way of a job's steps and a stage's jobs.
    let stage = "stages:\n- stage: s\n  jobs:\n  - template: j.yml\n";
    let job = "jobs:\n- job: j\n  steps:\n  - template: s.yml\n";
    let step = "steps:\n- template: s.yml\n";
    assert_eq!(preview(stage, &[("/j.yml", job), ("/s.yml", step)]), format!("/s.yml: {TOO_DEEP}"));
}

#[test]
fn files_in_each_other_that_are_deep_themselves() {
    // What is walked at a time is bounded over all files: the thread's stack is.
    for depth in [1, 5, 40, 90] {
        let open: String = (0..depth).map(|n| format!("{}- ${{{{ if true }}}}:\n", "  ".repeat(n))).collect();
        let text = format!("steps:\n{open}{}- template: a.yml\n", "  ".repeat(depth));
        let got = preview(&text, &[("/a.yml", &text)]);
        assert!(got.ends_with(TOO_DEEP), "{depth}: {got}");
        let each = text.replace("if true", "each v in split('a', ' ')").replacen("each v", "each w", 1);
        let got = preview(&each, &[("/a.yml", &each)]);
        assert!(got.contains(TOO_DEEP) || got.contains("already been defined"), "{depth}: {got}");
    }
    let deep: String = (0..90).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    let text = format!(
        "parameters: {{x: ''}}\nsteps:\n- template: a.yml\n  parameters:\n    x:\n{}",
        deep.replace("\n", "\n      ").trim_end()
    );
    let text = text.replace("x:\na:", "x:\n      a:");
    assert!(preview(&text, &[("/a.yml", &text)]).ends_with(TOO_DEEP));
}

#[test]
fn an_expansion_bomb_stops_early() {
    // Each level is ten of the one below: 10^8 steps.
    let level = |path: &str| match number(path) {
        8 => format!("steps:\n- script: {}\n", "x".repeat(100)),
        n => format!("steps:\n{}", format!("- template: {}.yml\n", n + 1).repeat(10)),
    };
    let (got, read) = made("steps:\n- template: 1.yml\n", level);
    assert!(got.ends_with(TOO_LARGE), "{got}");
    assert!(read <= 8, "{read}");
    // Levels of nothing.
    let empty = |path: &str| match number(path) {
        8 => "steps: []\n".to_owned(),
        n => format!("steps:\n{}", format!("- template: {}.yml\n", n + 1).repeat(30)),
    };
    let (got, _) = made("steps:\n- template: 1.yml\n", empty);
    assert!(got.ends_with(TOO_LARGE) || got.ends_with(TOO_MUCH), "{got}");
}

#[test]
fn large_files() {
    // What is held of a file is many times its text.
    let list = "- script: x\n".repeat(30_000);
    let large = |_: &str| format!("steps:\n{list}");
    // All together they are as large as one may be.
    let includes: String = (0..10).map(|n| format!("- template: {n}.yml\n")).collect();
    let (got, read) = made(&format!("steps:\n{includes}"), large);
    assert!(got.ends_with(TOO_LARGE), "{got}");
    assert!(read <= 6, "{read}");
    // One is read once, and what it gives is counted each time.
    let (got, read) = made(&format!("steps:\n{}", "- template: 1.yml\n".repeat(10)), large);
    assert!(got.ends_with(TOO_LARGE) || got.ends_with(TOO_MUCH), "{got}");
    assert_eq!(read, 1);
    // Larger than anything may be.
    let all = files(&[("/a.yml", &"#".repeat(limits::TREE_BYTES + 1))]);
    expect!["/azure-pipelines.yml: Maximum object size exceeded"].assert_eq(&preview_files(
        "steps:\n- template: a.yml\n",
        &Inputs::default(),
        &all,
    ));
}

#[test]
fn large_defaults_are_paid_for_each_time() {
    let list = "1, ".repeat(50_000);
    let template = format!("parameters:\n- name: l\n  type: object\n  default: [{list}]\nsteps: []\n");
    let text = format!("steps:\n{}", "- template: a.yml\n".repeat(1000));
    let got = preview(&text, &[("/a.yml", &template)]);
    assert!(got.ends_with(TOO_MUCH), "{got}");
}

#[test]
fn arguments_do_not_stay() {
    // A value of a megabyte, handed on a hundred times: what is held at a time is counted.
    let default = "x".repeat(200_000);
    let text = format!(
        "parameters:\n- name: p\n  default: {default}\nsteps:\n{}",
        "- template: a.yml\n  parameters: {p: \"${{ parameters.p }}\"}\n".repeat(100)
    );
    let got =
        preview(&text, &[("/a.yml", "parameters: {p: ''}\nsteps:\n- script: ${{ length(parameters.p) }}\n")]);
    assert_eq!(got.matches("script: 200000").count(), 100, "{}", got.lines().next_back().unwrap_or_default());
}

#[test]
fn errors_of_files_are_counted_and_have_their_places() {
    let bad = "steps:\n- script: ${{ parameters.x }}\n- script: ${{ bad }}\n";
    let text = "steps:\n- template: a.yml\n- script: ${{ parameters.y }}\n";
    expect![[r#"
        /a.yml (Line: 3, Col: 11): Unrecognized value: 'bad'. Located at position 1 within expression: 'bad'. For more help, refer to https://go.microsoft.com/fwlink/?linkid=842996
        /azure-pipelines.yml (Line: 3, Col: 11): Key not found 'y'"#]]
    .assert_eq(&preview(text, &[("/a.yml", bad)]).replace("/a.yml (Line: 2, Col: 11): Key not found 'x'\n", ""));
    let many = format!("steps:\n{}", "- template: a.yml\n".repeat(500));
    let unknown = "steps:\n- script: ${{ coalesce(variables.x, parameters.y, '') }}\n  nope: 1\n";
    let got = preview(&many, &[("/a.yml", unknown)]);
    assert!(got.lines().count() <= limits::ISSUES, "{got}");
}

#[test]
fn files_that_cannot_be_read() {
    let text = "steps:\n- template: a.yml\n- template: a.yml\n- template: b.yml\n";
    for (bad, want) in [
        (
            "steps: [\n",
            "/a.yml: (Line: 2, Col: 1, Idx: 9) - (Line: 2, Col: 1, Idx: 9): While parsing a node, did not find expected node content.\nObject reference not set to an instance of an object.",
        ),
        (
            "a: &x 1\n",
            "/a.yml: Anchors are not currently supported. Remove the anchor 'x'\nObject reference not set to an instance of an object.",
        ),
        ("a: 1\n---\nb: 2\n", "/a.yml: Expected stream end parse event"),
        ("steps: []\nSteps: []\n", "/a.yml (Line: 2, Col: 1): 'Steps' is already defined"),
        (
            "a: \u{1}\n",
            "/a.yml: (Line: 1, Col: 4, Idx: 3) - (Line: 1, Col: 4, Idx: 3): Control characters are not allowed\nObject reference not set to an instance of an object.",
        ),
    ] {
        let got = preview(text, &[("/a.yml", bad), ("/b.yml", "steps:\n- script: x\n")]);
        assert_eq!(got, want, "{bad}");
    }
}

#[test]
fn files_that_are_not_there_are_looked_for_a_hundred_times() {
    struct None(Cell<usize>);
    impl Files for None {
        fn read(&self, _: Option<&Repository>, _: &str) -> Result<String, Unread> {
            self.0.set(self.0.get() + 1);
            Err(Unread::Missing("none".to_owned()))
        }
    }
    let numbers = (0..5000).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let text = format!(
        "parameters:\n- name: n\n  default: {numbers}\nsteps:\n- ${{{{ each n in split(parameters.n, ' ') }}}}:\n  - template: ${{{{ n }}}}.yml\n"
    );
    let document = parhelion_azure_pipelines::parse(crate::FILE, &text).expect("the file parses");
    let none = None(Cell::new(0));
    let issues =
        parhelion_azure_pipelines::expand_with(&document, &Inputs::default(), &none).expect_err("none");
    assert_eq!((issues.len(), none.0.get()), (limits::ISSUES, limits::FILES));
}

#[test]
fn many_of_everything() {
    // Nothing is compared with everything else.
    let many = |of: &str| (0..20_000).map(|n| of.replace('#', &n.to_string())).collect::<String>();
    let template = format!("parameters:\n{}steps:\n- script: x\n", many("- name: p#\n  default: d\n"));
    let text = format!("steps:\n- template: a.yml\n  parameters:\n{}", many("    P#: a\n"));
    assert!(preview(&text, &[("/a.yml", &template)]).contains("script: x"));
    let unknown = preview(&text, &[("/a.yml", "parameters: []\nsteps: []\n")]);
    assert_eq!(unknown.lines().count(), limits::ISSUES);
    let repositories = format!(
        "resources:\n  repositories:\n{}extends: {{template: a.yml}}\n",
        many("  - repository: r#\n    name: n\n")
    );
    let base = format!(
        "resources:\n  repositories:\n{}  webhooks:\n{}steps:\n- script: x\n",
        many("  - repository: R#\n    name: n\n"),
        many("  - webhook: w#\n    connection: c\n")
    );
    assert!(preview(&repositories, &[("/a.yml", &base)]).contains("script: x"));
    let document = parhelion_azure_pipelines::parse(crate::FILE, &repositories).expect("the file parses");
    let found = parhelion_azure_pipelines::webhooks_with(&document, &files(&[("/a.yml", &base)]));
    assert_eq!(found.map(|f| f.len()), Ok(20_000));
}
