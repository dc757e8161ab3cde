use super::*;
use parhelion_azure_pipelines::{parse, trigger};
use proptest::prelude::*;
use serde_json::json;

fn yaml(text: &str) -> Rules {
    Rules::of_yaml(trigger(&parse("/a.yml", text).unwrap()).unwrap(), true)
}

/// The refs that pass.
fn passing<'r>(rules: &Rules, refs: &[&'r str]) -> Vec<&'r str> {
    refs.iter().copied().filter(|r| rules.by_name(r).passes).collect()
}

const REFS: &[&str] = &[
    "refs/heads/main",
    "refs/heads/releases/1",
    "refs/heads/releases/old/1",
    "refs/heads/Main",
    "refs/tags/v1.0",
    "refs/tags/main",
    "refs/pull/1/merge",
];

#[test]
fn names_pass_by_the_documented_rules() {
    for (text, expected) in [
        ("a: b\n", &REFS[..4]),
        ("trigger: none\n", &[]),
        ("trigger: [main]\n", &["refs/heads/main"]),
        ("trigger: [refs/heads/main]\n", &["refs/heads/main"]),
        ("trigger: ['releases/*']\n", &["refs/heads/releases/1", "refs/heads/releases/old/1"]),
        ("trigger: ['?ain']\n", &["refs/heads/main", "refs/heads/Main"]),
        ("trigger: {branches: {include: ['*'], exclude: ['releases/*', Main]}}\n", &["refs/heads/main"]),
        ("trigger: {branches: {exclude: ['releases/*', Main]}}\n", &["refs/heads/main"]),
        ("trigger: {branches: {include: [main], exclude: [main]}}\n", &[]),
        ("trigger: {branches: {include: [refs/tags/v*]}}\n", &["refs/tags/v1.0"]),
        ("trigger: {tags: {include: ['*']}}\n", &["refs/tags/v1.0", "refs/tags/main"]),
        ("trigger: {tags: {include: ['*'], exclude: ['v1.?']}}\n", &["refs/tags/main"]),
        (
            "trigger: {branches: {include: [main]}, tags: {include: [v*]}}\n",
            &["refs/heads/main", "refs/tags/v1.0"],
        ),
        ("trigger: {paths: {include: [a]}}\n", &REFS[..4]),
        ("trigger: []\n", &REFS[..4]),
    ] {
        assert_eq!(passing(&yaml(text), REFS), expected, "{text}");
    }
    let never = Rules::of_yaml(Trigger::Absent, false);
    assert_eq!(passing(&never, REFS), [""; 0]);
}

#[test]
fn an_override_counts_only_when_it_says_so() {
    let of = |value: Value| Rules::of_definition(Some(&value));
    let own = |branches: Value, source: i32| {
        json!([{ "triggerType": "continuousIntegration", "settingsSourceType": source, "batchChanges": true,
            "branchFilters": branches, "pathFilters": ["-/docs"] }])
    };
    assert_eq!(of(own(json!(["+main"]), 2)), None);
    assert_eq!(of(json!([])), None);
    assert_eq!(of(json!([{ "triggerType": "schedule", "settingsSourceType": 1 }])), None);
    let rules = of(own(json!(["+refs/heads/main", "releases/*", "-releases/old*"]), 1)).unwrap();
    assert_eq!(passing(&rules, REFS), ["refs/heads/main", "refs/heads/releases/1"]);
    assert!(rules.is_batch());
    assert!(!by_paths(rules.paths("refs/heads/main").unwrap(), &["docs/a".to_owned()]).passes);
    assert_eq!(passing(&of(own(json!([]), 1)).unwrap(), REFS), [""; 0]);
    for odd in
        [json!(null), json!("x"), json!([1, null]), json!([{ "triggerType": "continuousIntegration" }])]
    {
        assert_eq!(of(odd), None);
    }
}

#[test]
fn paths_pass_by_the_documented_rules() {
    let passes = |include: &[&str], exclude: &[&str], path: &str| {
        let own = |list: &[&str]| list.iter().map(|p| (*p).to_owned()).collect();
        by_paths(&Patterns { include: own(include), exclude: own(exclude) }, &[path.to_owned()]).passes
    };
    for (include, exclude, path, expected) in [
        (&["docs"][..], &[][..], "docs/a/b.md", true),
        (&["/docs/"], &[], "docs/a.md", true),
        (&["docs"], &[], "docs2/a.md", false),
        (&["docs"], &[], "Docs/a.md", false),
        (&["docs/*"], &[], "docs/a/b.md", true),
        (&["docs/*"], &["docs/README.md"], "docs/README.md", false),
        (&["docs/*"], &["docs/README.md"], "docs/a.md", true),
        (&[], &["tools"], "src/a", true),
        (&[], &["tools"], "tools/a", false),
        (&["tools/runs"], &["tools"], "tools/runs/a", true),
        (&["tools/runs"], &["tools"], "tools/a", false),
        (&["*.md"], &[], "a.md", true),
        (&["*.md"], &[], "docs/a.md", false),
        (&["**/*.md"], &[], "docs/deep/a.md", true),
        (&["**/*.md"], &[], "a.md", true),
        (&["**"], &["docs"], "docs/a.md", false),
        (&["/"], &[], "any/thing", true),
        (&["*"], &[], "any/thing", true),
        (&["src/?.rs"], &[], "src/ab.rs", false),
    ] {
        assert_eq!(passes(include, exclude, path), expected, "{include:?} -{exclude:?} {path}");
    }
    let none =
        by_paths(&Patterns { include: vec!["src".into()], exclude: vec![] }, &["a".into(), "b".into()]);
    assert_eq!(none.why, "path filter takes none of 2 changed paths (a and 1 more): it includes 'src'");
    assert!(!by_paths(&Patterns { include: vec!["src".into()], exclude: vec![] }, &[]).passes);
}

#[test]
fn a_filter_beyond_measure_passes_soon() {
    let include = (0..10_000).map(|n| format!("**/*{n}*/**")).collect();
    let changed: Vec<String> = (0..50_000).map(|n| format!("a/b/c/d/e/f{n}")).collect();
    let verdict = by_paths(&Patterns { include, exclude: vec![] }, &changed);
    assert!(
        verdict.passes && verdict.why.contains("more patterns and paths than are compared"),
        "{}",
        verdict.why
    );
}

#[test]
fn words_that_want_no_run() {
    for message in
        ["a [skip ci]", "***NO_CI*** x", "b\n\nskip-checks: true\n", "[azp skip]", "[Skip AzurePipelines]"]
    {
        assert!(skipped_by(message).is_some(), "{message}");
    }
    for message in ["skip ci", "[skip]", "", "NO_CI"] {
        assert_eq!(skipped_by(message), None, "{message}");
    }
}

proptest! {
    #[test]
    fn any_rules_judge_any_push(
        include in proptest::collection::vec("[a-c*?/.\\[{\\\\]{0,6}", 0..4),
        exclude in proptest::collection::vec("[a-c*?/]{0,6}", 0..4),
        name in "refs/(heads|tags)/[a-c]{1,3}(/[a-c]{1,3})?",
        paths in proptest::collection::vec("[a-c]{1,2}(/[a-c]{1,2}){0,2}", 0..5),
    ) {
        let patterns = Patterns { include, exclude };
        let rules = Rules::When {
            origin: Origin::Yaml, batch: false,
            branches: patterns.clone(), tags: Patterns::default(), paths: patterns.clone(),
        };
        let verdict = rules.by_name(&name);
        prop_assert!(!verdict.why.is_empty());
        // What is excluded by its own name never passes.
        if patterns.exclude.iter().any(|e| format!("refs/heads/{e}") == name) {
            prop_assert!(!verdict.passes);
        }
        let whole = by_paths(&patterns, &paths);
        let each = paths.iter().any(|p| by_paths(&patterns, std::slice::from_ref(p)).passes);
        prop_assert_eq!(whole.passes, each);
    }
}
