//! Branch rules at the door of a push.

use super::{
    api::said,
    harness::{Emulator, PLACE, Work},
};

async fn refused(work: &Work, args: &[&str]) -> String {
    let output = work.git(args).await;
    assert!(!output.status.success(), "git {args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_breaks_a_rule_is_told_why_and_leaves_nothing() {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    let first = work.commit("a", "1", "One").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    emulator.rule("protect-main", r#"{"includePattern":"main","requirePullRequest":true}"#).await;
    emulator.hook("ci", r#"{"targetUri":"http://x"}"#).await;

    let second = work.commit("a", "2", "Two").await;
    let text = refused(&work, &["push", "origin", "main", "main:dev"]).await;
    let rule = "remote: branch rule \"protect-main\": changes to main must be made through a pull request";
    assert!(text.contains(rule), "{text}");
    assert!(text.contains("! [remote rejected] main -> main (pre-receive hook declined)"), "{text}");
    assert!(text.contains("! [remote rejected] main -> dev (pre-receive hook declined)"), "{text}");
    assert_eq!(emulator.git.commit(second.parse().unwrap()).await.unwrap(), None, "no object stays");
    assert!(emulator.deliveries().is_empty());
    let again = emulator.clone_to("b").await;
    assert_eq!(again.ok(&["rev-parse", "HEAD"]).await, first);
    let rules = emulator.facts("rule.evaluated");
    assert_eq!(rules, ["branch rule \"protect-main\": changes to main must be made through a pull request"]);

    // Its history stands as well, and other branches are free.
    work.ok(&["push", "-q", "origin", "main:dev"]).await;
    let text = refused(&work, &["push", "origin", ":main"]).await;
    assert!(text.contains("branch rule \"protect-main\": main must not be deleted"), "{text}");
    let rule = format!("{PLACE}/repositories/my-repo/branchRules/protect-main");
    emulator.done("PATCH", &format!("{rule}?updateMask=requirePullRequest"), "{}").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    work.ok(&["commit", "-q", "--amend", "-m", "Other"]).await;
    let text = refused(&work, &["push", "-f", "origin", "main"]).await;
    assert!(text.contains("the history of main must not be rewritten"), "{text}");
    emulator.done("PATCH", &format!("{rule}?updateMask=disabled"), r#"{"disabled":true}"#).await;
    work.ok(&["push", "-q", "-f", "origin", "main"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linear_history_takes_no_merge_commits() {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    work.commit("a", "1", "One").await;
    emulator.rule("all", r#"{"includePattern":".*","requireLinearHistory":true}"#).await;
    work.ok(&["push", "-q", "origin", "main", "main:dev"]).await;
    work.ok(&["checkout", "-q", "-b", "side"]).await;
    work.commit("b", "1", "Two").await;
    work.ok(&["checkout", "-q", "main"]).await;
    work.commit("c", "1", "Three").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    work.ok(&["merge", "-q", "-m", "Both", "side"]).await;
    let text = refused(&work, &["push", "origin", "main"]).await;
    assert!(text.contains("main must have a linear history, and the push has merge commits"), "{text}");
    // The rule that names the branch counts, alone.
    emulator.rule("dev", r#"{"includePattern":"dev"}"#).await;
    work.ok(&["push", "-q", "origin", "main:dev"]).await;
    assert_eq!(
        emulator.facts("rule.evaluated").last().unwrap(),
        "branch rule \"dev\" lets refs/heads/dev be set"
    );
}

#[tokio::test]
async fn rules_are_judged_and_unique_while_enabled() {
    let emulator = Emulator::new().with_repository().await;
    let rules = format!("{PLACE}/repositories/my-repo/branchRules");
    let made = emulator.rule("one", r#"{"includePattern":"main","minimumReviewsCount":2}"#).await;
    assert_eq!((&made["minimumReviewsCount"], &made["uid"].as_str().unwrap().len()), (&2.into(), &36));
    for (id, body, expected) in [
        (
            "two",
            r#"{"includePattern":"main"}"#,
            "400 FAILED_PRECONDITION Branch rule \"one\" is enabled for \"main\" already.",
        ),
        ("one", r#"{"includePattern":"x"}"#, "409 ALREADY_EXISTS Resource"),
        (
            "three",
            "{}",
            "400 INVALID_ARGUMENT Invalid value for field 'branch_rule.include_pattern': is required.",
        ),
        (
            "three",
            r#"{"includePattern":"("}"#,
            "400 INVALID_ARGUMENT Invalid value for field 'branch_rule.include_pattern': is no pattern",
        ),
        (
            "three",
            r#"{"includePattern":"x","minimumApprovalsCount":-1}"#,
            "400 INVALID_ARGUMENT Invalid value for field 'branch_rule.minimum_approvals_count'",
        ),
        (
            "Three",
            r#"{"includePattern":"x"}"#,
            "400 INVALID_ARGUMENT Invalid value for field 'branch_rule_id'",
        ),
    ] {
        let told = said(emulator.call("POST", &format!("{rules}?branchRuleId={id}"), body).await);
        assert!(told.starts_with(expected), "{told}");
    }
    emulator.rule("two", r#"{"includePattern":"main","disabled":true}"#).await;
    let enable = format!("{rules}/two?updateMask=disabled");
    assert!(said(emulator.call("PATCH", &enable, "{}").await).starts_with("400 FAILED_PRECONDITION"));
    let would = emulator
        .done(
            "PATCH",
            &format!("{rules}/two?updateMask=includePattern&validateOnly=true"),
            r#"{"includePattern":"x"}"#,
        )
        .await;
    assert_eq!(would["includePattern"], "x");
    let (_, list) = emulator.call("GET", &rules, "").await;
    assert_eq!(list["branchRules"][1]["includePattern"], "main");
    let etag = list["branchRules"][0]["etag"].as_str().unwrap().to_owned();
    let stale = r#"{"etag":"00","disabled":true}"#;
    assert!(
        said(emulator.call("PATCH", &format!("{rules}/one?updateMask=disabled"), stale).await)
            .starts_with("409 ABORTED")
    );
    emulator
        .done(
            "PATCH",
            &format!("{rules}/one?updateMask=disabled"),
            &format!(r#"{{"etag":"{etag}","disabled":true}}"#),
        )
        .await;
    emulator.done("DELETE", &format!("{rules}/one"), "").await;
    emulator.done("DELETE", &format!("{rules}/one?allowMissing=true"), "").await;
    assert!(said(emulator.call("DELETE", &format!("{rules}/one"), "").await).starts_with("404"));
}
