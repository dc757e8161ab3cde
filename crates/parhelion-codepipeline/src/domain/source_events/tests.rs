use super::*;
use crate::ops::testing::{Bench, connected};
use crate::shapes::{
    GitBranchFilterCriteria, GitConfiguration, GitFilePathFilterCriteria, GitTagFilterCriteria,
    PipelineDeclaration, PipelineTriggerDeclaration, PipelineTriggerProviderType,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn event(what: What, files: &[&str]) -> SourceEvent {
    SourceEvent {
        connection: None,
        repository: "octo/site".into(),
        what,
        commit: COMMIT.into(),
        message: Some("Fix it".into()),
        files: files.iter().map(|file| (*file).to_owned()).collect(),
    }
}
fn pushed(branch: &str, files: &[&str]) -> SourceEvent {
    event(What::Push { branch: branch.into() }, files)
}
fn tagged(tag: &str) -> SourceEvent {
    event(What::Tag { tag: tag.into() }, &[])
}
fn requested(target: &str, how: GitPullRequestEventType, files: &[&str]) -> SourceEvent {
    event(What::PullRequest { target: target.into(), event: how, branch: Some("topic".into()) }, files)
}

fn list(patterns: &[&str]) -> Option<Vec<String>> {
    (!patterns.is_empty()).then(|| patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
}
fn branches(includes: &[&str], excludes: &[&str]) -> Option<GitBranchFilterCriteria> {
    Some(GitBranchFilterCriteria { includes: list(includes), excludes: list(excludes) })
}
fn paths(includes: &[&str], excludes: &[&str]) -> Option<GitFilePathFilterCriteria> {
    Some(GitFilePathFilterCriteria { includes: list(includes), excludes: list(excludes) })
}
fn tags(includes: &[&str], excludes: &[&str]) -> Option<GitTagFilterCriteria> {
    Some(GitTagFilterCriteria { includes: list(includes), excludes: list(excludes) })
}

fn with_triggers(push: Vec<GitPushFilter>, pull_request: Vec<GitPullRequestFilter>) -> PipelineDeclaration {
    let mut declaration = connected("p");
    declaration.triggers = Some(
        [PipelineTriggerDeclaration {
            provider_type: PipelineTriggerProviderType::CodeStarSourceConnection,
            git_configuration: GitConfiguration {
                source_action_name: "Pull".into(),
                push: (!push.is_empty()).then_some(push),
                pull_request: (!pull_request.is_empty()).then_some(pull_request),
            },
        }]
        .into(),
    );
    declaration
}

/// Whether each event starts the pipeline; the facts of the last.
fn said(declaration: &PipelineDeclaration, events: &[SourceEvent]) -> (Vec<bool>, String) {
    let bench = Bench::new();
    bench.create(declaration.clone());
    let mut facts = String::new();
    let starts = events.iter().map(|event| {
        bench.look(|store| {
            let judged = judge(&store.engine, "p", event);
            let told = judged.iter().flat_map(|judged| &judged.facts).map(|event| event.fact.as_str());
            facts = told.collect::<Vec<_>>().join("\n");
            judged.is_some_and(|judged| !judged.wanted.is_empty())
        })
    });
    (starts.collect(), facts)
}

fn check(declaration: &PipelineDeclaration, events: &[(SourceEvent, bool)], last: Expect) {
    let (starts, facts) =
        said(declaration, &events.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>());
    for ((event, wanted), starts) in events.iter().zip(starts) {
        assert_eq!(starts, *wanted, "{event:?}");
    }
    last.assert_eq(&facts);
}

#[test]
fn without_triggers_a_push_to_the_branch_starts() {
    let mut elsewhere = pushed("main", &[]);
    elsewhere.repository = "octo/other".into();
    let mut by_another = pushed("main", &[]);
    by_another.connection = Some("arn:aws:codestar-connections:eu-west-1:000000000000:connection/x".into());
    let mut by_its_own = by_another.clone();
    by_its_own.connection = Some("arn:c".into());
    check(
        &connected("p"),
        &[
            (pushed("main", &[]), true),
            (by_its_own, true),
            (elsewhere, false),
            (tagged("v1"), false),
            (requested("main", GitPullRequestEventType::Open, &[]), false),
            (by_another, false),
            (pushed("dev", &[]), false),
        ],
        expect![
            "pipeline 'p', change detection of action 'Pull': its BranchName is 'main', pushed was 'dev'"
        ],
    );
    let mut off = connected("p");
    off.stages[0].actions[0]
        .configuration
        .get_or_insert_default()
        .insert("DetectChanges".into(), "False".into());
    check(
        &off,
        &[(pushed("main", &[]), false)],
        expect!["pipeline 'p', change detection of action 'Pull': DetectChanges is false"],
    );
    // A trigger without filters says no more.
    check(
        &with_triggers(vec![], vec![]),
        &[(pushed("dev", &[]), false), (pushed("main", &[]), true)],
        expect!["pipeline 'p', change detection of action 'Pull': 'main' is its BranchName"],
    );
}

#[test]
fn tags_are_for_pushes_of_tags() {
    let filter = GitPushFilter { tags: tags(&["v*", "release/**"], &["v0.*"]), ..GitPushFilter::default() };
    check(
        &with_triggers(vec![filter], vec![]),
        &[
            (tagged("v1.2"), true),
            (tagged("release/a/b"), true),
            (tagged("v1/2"), false),
            (tagged("nightly"), false),
            (pushed("main", &[]), false),
            (tagged("v0.9"), false),
        ],
        expect!["pipeline 'p', push filter 1 of action 'Pull': tag 'v0.9' is excluded by 'v0.*'"],
    );
}

#[test]
fn branches_and_file_paths_must_both_pass() {
    let filter = GitPushFilter {
        branches: branches(&["main", "feature/*"], &["feature/x"]),
        file_paths: paths(&["src/**", "*.toml"], &["src/docs/**", "**/*.md"]),
        ..GitPushFilter::default()
    };
    check(
        &with_triggers(vec![filter], vec![]),
        &[
            (pushed("main", &["src/lib.rs"]), true),
            (pushed("feature/y", &["README.md", "Cargo.toml"]), true),
            (pushed("feature/x", &["src/lib.rs"]), false),
            (pushed("feature/y/z", &["src/lib.rs"]), false),
            (pushed("main", &[]), false),
            (pushed("main", &["src/docs/a.rs", "src/a.md"]), false),
            (tagged("main"), false),
            (requested("main", GitPullRequestEventType::Open, &["src/lib.rs"]), false),
            (pushed("main", &["README.md", "LICENSE"]), false),
        ],
        expect![
            "pipeline 'p', push filter 1 of action 'Pull': file 'README.md' is excluded by '**/*.md'; none of the 1 others passes either"
        ],
    );
}

#[test]
fn filters_of_a_list_are_alternatives_and_each_is_told_of() {
    let on = |branch: &str| GitPushFilter { branches: branches(&[branch], &[]), ..GitPushFilter::default() };
    check(
        &with_triggers(vec![on("main"), on("{dev,test}-[0-9]?")], vec![]),
        &[(pushed("main", &[]), true), (pushed("test-12", &[]), true), (pushed("dev-x1", &[]), false)],
        expect![[r#"
            pipeline 'p', push filter 1 of action 'Pull': branch 'dev-x1' is not included by 'main'
            pipeline 'p', push filter 2 of action 'Pull': branch 'dev-x1' is not included by '{dev,test}-[0-9]?'"#]],
    );
    // What is no pattern includes nothing, and says so.
    check(
        &with_triggers(vec![on("[a")], vec![]),
        &[(pushed("[a", &[]), false)],
        expect![
            "pipeline 'p', push filter 1 of action 'Pull': branch '[a' is not included by '[a' (which is no pattern)"
        ],
    );
}

#[test]
fn pull_requests_have_events_a_target_and_files() {
    use GitPullRequestEventType::{Closed, Open, Updated};
    let filter = GitPullRequestFilter {
        events: Some(vec![Open, Updated]),
        branches: branches(&["main"], &[]),
        file_paths: paths(&[], &["**/*.md"]),
    };
    check(
        &with_triggers(vec![], vec![filter]),
        &[
            (requested("main", Open, &["a.rs"]), true),
            (requested("main", Updated, &["a.md", "b.rs"]), true),
            (requested("dev", Open, &["a.rs"]), false),
            (requested("main", Open, &["docs/a.md"]), false),
            (pushed("main", &["a.rs"]), false),
            (requested("main", Closed, &["a.rs"]), false),
        ],
        expect![
            "pipeline 'p', pull request filter 1 of action 'Pull': CLOSED is none of its events OPEN, UPDATED"
        ],
    );
    let any = GitPullRequestFilter { branches: branches(&["**"], &[]), ..GitPullRequestFilter::default() };
    check(
        &with_triggers(vec![], vec![any]),
        &[(requested("a/b", Open, &[]), true), (requested("main", Closed, &[]), true)],
        expect!["pipeline 'p', pull request filter 1 of action 'Pull': branch 'main' is included by '**'"],
    );
}

#[test]
fn the_detail_is_the_event_and_bounded() {
    let detail = |event: &SourceEvent| serde_json::from_str::<Value>(&event.detail()).unwrap();
    assert_eq!(
        detail(&pushed("main", &["a"])),
        serde_json::json!({"fullRepositoryId": "octo/site", "kind": "push", "branch": "main", "commitId": COMMIT})
    );
    let mut long = requested(&"t".repeat(256), GitPullRequestEventType::Closed, &[]);
    long.repository = "r".repeat(256);
    long.connection = Some("c".repeat(256));
    long.what = What::PullRequest {
        target: "t".repeat(256),
        event: GitPullRequestEventType::Closed,
        branch: Some("b".repeat(256)),
    };
    assert!(long.detail().len() <= DETAIL_CHARS);
    assert_eq!((&detail(&long)["prEvent"], detail(&long).get("connectionArn")), (&"CLOSED".into(), None));
}

proptest! {
    /// Excludes win, includes count only where there are some.
    #[test]
    fn criteria_are_as_written(
        includes in proptest::collection::vec("[ab/*]{0,3}", 0..3),
        excludes in proptest::collection::vec("[ab/*]{0,3}", 0..3),
        text in "[ab/]{0,4}",
    ) {
        let matches = |pattern: &String| Glob::new(pattern, &Dialect::PATH).unwrap().matches(&text);
        let expected = !excludes.iter().any(matches) && (includes.is_empty() || includes.iter().any(matches));
        prop_assert_eq!(passes("text", Some(&includes), Some(&excludes), &text).is_ok(), expected);
        let files = [text.clone()];
        prop_assert_eq!(some_file(Some(&includes), Some(&excludes), &files).is_ok(), expected);
    }

    #[test]
    fn any_pattern_is_borne(pattern in ".{0,20}", text in ".{0,20}") {
        let _ = passes("text", Some(std::slice::from_ref(&pattern)), None, &text);
    }
}
