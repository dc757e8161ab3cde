//! Pull requests: their life, what hooks are told, and what rules ask of a merge.

use super::{
    api::said,
    harness::{Emulator, Work},
};
use serde_json::{Value, json};

const REPOSITORY: &str = "projects/my-project/locations/us-central1/repositories/my-repo";

/// A repository with `main` and, one commit ahead, `dev`.
async fn with_branches() -> (Emulator, Work) {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    work.commit("README.md", "one\n", "One").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    work.ok(&["checkout", "-q", "-b", "dev"]).await;
    work.commit("b", "1\n", "Two").await;
    work.ok(&["push", "-q", "origin", "dev"]).await;
    (emulator, work)
}

async fn open(emulator: &Emulator) -> Value {
    let body =
        json!({"title": "T", "body": "B", "base": {"ref": "main"}, "head": {"ref": "dev"}}).to_string();
    emulator.done("POST", &format!("{REPOSITORY}/pullRequests"), &body).await
}

/// Event and body of each delivery.
fn told(emulator: &Emulator) -> Vec<(String, Value)> {
    let all = emulator.deliveries().into_iter();
    all.map(|d| (d.event.clone(), serde_json::from_slice(&d.body).unwrap())).collect()
}

async fn comment(emulator: &Emulator, body: Value) -> Value {
    emulator
        .done("POST", &format!("{REPOSITORY}/pullRequests/1/pullRequestComments"), &body.to_string())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_pull_request_and_its_deliveries() {
    let (emulator, work) = with_branches().await;
    let hook = r#"{"targetUri":"http://x","events":["PUSH","PULL_REQUEST","PULL_REQUEST_COMMENT"]}"#;
    emulator.hook("ci", hook).await;
    let made = open(&emulator).await;
    assert_eq!(
        (&made["name"], &made["state"]),
        (&format!("{REPOSITORY}/pullRequests/1").into(), &"OPEN".into())
    );
    let (main, dev) = (work.ok(&["rev-parse", "main"]).await, work.ok(&["rev-parse", "dev"]).await);
    assert_eq!((&made["base"]["sha"], &made["head"]["sha"]), (&main.clone().into(), &dev.into()));
    let path = format!("{REPOSITORY}/pullRequests/1");
    let edit = format!("{path}?updateMask=title");
    emulator.done("PATCH", &edit, r#"{"title":"U"}"#).await;
    emulator.done("PATCH", &edit, r#"{"title":"U"}"#).await;
    emulator.done("POST", &format!("{path}:close"), "{}").await;
    emulator.done("POST", &format!("{path}:open"), "{}").await;
    let newer = work.commit("c", "1\n", "Three").await;
    work.ok(&["push", "-q", "origin", "dev"]).await;
    assert_eq!(emulator.call("GET", &path, "").await.1["head"]["sha"], newer);
    let (_, diffs) = emulator.call("GET", &format!("{path}:listFileDiffs"), "").await;
    let diffs = diffs["fileDiffs"].as_array().unwrap();
    assert_eq!(diffs.len(), 2);
    assert_eq!(
        (&diffs[0]["name"], &diffs[0]["action"], &diffs[0]["sha"]),
        (&"b".into(), &"ADDED".into(), &newer.clone().into())
    );
    assert!(diffs[0]["patch"].as_str().unwrap().ends_with("@@ -0,0 +1 @@\n+1\n"), "{}", diffs[0]["patch"]);
    let general = comment(&emulator, json!({"comment": {"body": "well"}})).await;
    let name = general["name"].as_str().unwrap();
    emulator.done("PATCH", name, r#"{"comment":{"body":"good"}}"#).await;
    emulator.done("DELETE", name, "").await;
    comment(&emulator, json!({"review": {"actionType": "APPROVED"}})).await;
    let merged = emulator.done("POST", &format!("{path}:merge"), "{}").await;
    assert_eq!(merged["state"], "MERGED");
    assert!(merged["closeTime"].is_string());

    let told = told(&emulator);
    let short = |(event, body): &(String, Value)| match body["action"].as_str() {
        Some(action) => format!("{event} {action}"),
        None => format!("{event} {}", body["ref"].as_str().unwrap()),
    };
    assert_eq!(
        told.iter().map(short).collect::<Vec<_>>(),
        [
            "pull_request opened",
            "pull_request edited",
            "pull_request closed",
            "pull_request reopened",
            "push refs/heads/dev",
            "pull_request_comment created",
            "pull_request_comment edited",
            "pull_request_comment deleted",
            "push refs/heads/main",
            "pull_request closed",
        ]
    );
    let opened = &told[0].1;
    assert_eq!((&opened["number"], &opened["pull_request"]["mergeable"]), (&1.into(), &true.into()));
    assert_eq!(opened["pull_request"]["merge_base"], main);
    assert_eq!(told[1].1["changes"], json!({"title": {"from": "T"}}));
    assert_eq!(told[2].1["pull_request"]["mergeable"], false);
    assert_eq!(told[6].1["changes"], json!({"body": {"from": "well"}}));
    assert_eq!((&told[5].1["is_pull"], &told[5].1["comment"]["body"]), (&true.into(), &"well".into()));
    let (push, closed) = (&told[8].1, &told[9].1["pull_request"]);
    assert_eq!((&push["before"], &push["after"]), (&main.into(), &closed["merge_commit_sha"]));
    let message = "Merge pull request 'U' (#1) from dev into main\n";
    assert_eq!(push["commits"][0]["message"], message);
    assert_eq!(push["commits"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&closed["merged"], &closed["merged_by"]["login"]),
        (&true.into(), &"user@example.com".into())
    );
    // The pages that the body links to.
    let service = &emulator.surface.service;
    for (url, expected) in [("diff_url", "+++ b/b"), ("url", "U")] {
        let url = closed[url].as_str().unwrap();
        let (status, _, page) =
            emulator.raw(service, "GET", url.strip_prefix(&emulator.base).unwrap(), "").await;
        assert!(status == 200 && String::from_utf8_lossy(&page).contains(expected), "{url}");
    }
    for step in ["open", "close", "merge"] {
        let refused = said(emulator.call("POST", &format!("{path}:{step}"), "{}").await);
        assert!(refused.starts_with("400 FAILED_PRECONDITION The pull request is MERGED"), "{refused}");
    }
    let reviews = emulator.facts("pull_request_comment.changed");
    assert!(reviews.last().unwrap().ends_with("only general comments are an event of hooks"), "{reviews:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_head_closes_and_a_conflict_is_told() {
    let (emulator, work) = with_branches().await;
    emulator.hook("ci", r#"{"targetUri":"http://x","events":["PULL_REQUEST"]}"#).await;
    open(&emulator).await;
    work.ok(&["push", "-q", "origin", ":dev"]).await;
    let path = format!("{REPOSITORY}/pullRequests/1");
    assert_eq!(emulator.call("GET", &path, "").await.1["state"], "CLOSED");
    let last = told(&emulator).pop().unwrap().1;
    assert_eq!((&last["action"], &last["pull_request"]["state"]), (&"closed".into(), &"closed".into()));
    let gone = said(emulator.call("POST", &format!("{path}:open"), "{}").await);
    assert_eq!(gone, "400 FAILED_PRECONDITION Branch \"dev\" is gone.");

    work.commit("README.md", "dev\n", "Mine").await;
    work.ok(&["push", "-q", "origin", "dev"]).await;
    work.ok(&["checkout", "-q", "main"]).await;
    work.commit("README.md", "main\n", "Theirs").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    emulator.done("POST", &format!("{path}:open"), "{}").await;
    assert_eq!(told(&emulator).pop().unwrap().1["pull_request"]["mergeable"], false);
    let refused = said(emulator.call("POST", &format!("{path}:merge"), "{}").await);
    assert_eq!(refused, "400 FAILED_PRECONDITION Pull request has merge conflicts: README.md");
    for (body, expected) in [
        (json!({"title": "T", "base": {"ref": "main"}, "head": {"ref": "dev"}}), "409 ALREADY_EXISTS"),
        (json!({"title": "T", "base": {"ref": "main"}, "head": {"ref": "main"}}), "400 INVALID_ARGUMENT"),
        (json!({"title": "T", "base": {"ref": "main"}, "head": {"ref": "none"}}), "400 INVALID_ARGUMENT"),
        (json!({"title": " ", "base": {"ref": "main"}, "head": {"ref": "dev"}}), "400 INVALID_ARGUMENT"),
        (json!({"title": "T", "head": {"ref": "dev"}}), "400 INVALID_ARGUMENT"),
        (json!({"title": "T", "base": {"ref": "../x"}, "head": {"ref": "dev"}}), "400 INVALID_ARGUMENT"),
    ] {
        let refused = emulator.call("POST", &format!("{REPOSITORY}/pullRequests"), &body.to_string()).await;
        let refused = said(refused);
        assert!(refused.starts_with(expected), "{refused}");
    }
    let (_, list) = emulator.call("GET", &format!("{REPOSITORY}/pullRequests"), "").await;
    assert_eq!(list["pullRequests"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_asks_for_reviews_threads_checks_and_a_line() {
    let (emulator, work) = with_branches().await;
    let rule = r#"{"includePattern":"main","requirePullRequest":true,"minimumReviewsCount":1,
        "minimumApprovalsCount":1,"requireCommentsResolved":true,"requireLinearHistory":true,
        "requiredStatusChecks":[{"context":"build"}]}"#;
    emulator.rule("strict", rule).await;
    open(&emulator).await;
    let merge =
        || async { said(emulator.call("POST", &format!("{REPOSITORY}/pullRequests/1:merge"), "{}").await) };
    let broken = |field: &str| {
        format!("400 FAILED_PRECONDITION Branch rule \"strict\" ({field}) does not let it be merged: ")
    };
    assert_eq!(merge().await, broken("minimum_reviews_count") + "0 of 1 reviews.");
    let subject = "pull_request:us-central1/my-repo/1";
    let waits = |emulator: &Emulator| emulator.world.standing(crate::NAME, "my-project", subject);
    let told = waits(&emulator).pop().unwrap().fact;
    assert!(
        told.ends_with("(minimum_reviews_count) does not let it be merged yet: 0 of 1 reviews"),
        "{told}"
    );
    comment(&emulator, json!({"review": {"actionType": "CHANGE_REQUESTED", "body": "no"}})).await;
    assert_eq!(merge().await, broken("minimum_approvals_count") + "0 of 1 approvals.");
    comment(&emulator, json!({"review": {"actionType": "APPROVED"}})).await;
    let line = json!({"code": {"body": "why", "position": {"path": "b", "line": "1"}}});
    let line = comment(&emulator, line).await;
    assert_eq!(line["code"]["position"]["line"], "1");
    let name = line["name"].as_str().unwrap();
    let reply = comment(&emulator, json!({"code": {"body": "because", "reply": name}})).await;
    assert_eq!(reply["code"]["effectiveRootComment"], name);
    assert_eq!(merge().await, broken("require_comments_resolved") + "1 unresolved threads.");
    let settle = format!("{REPOSITORY}/pullRequests/1/pullRequestComments");
    let some = json!({"names": [name]}).to_string();
    let refused = said(emulator.call("POST", &format!("{settle}:resolve"), &some).await);
    assert!(refused.contains("must name every comment of the thread"), "{refused}");
    let all = json!({"names": [name], "autoFill": true}).to_string();
    let done = emulator.done("POST", &format!("{settle}:resolve"), &all).await;
    assert_eq!(done["pullRequestComments"].as_array().unwrap().len(), 2);
    let status = |state: &str| json!({"context": "build", "state": state}).to_string();
    let dev = work.ok(&["rev-parse", "dev"]).await;
    assert_eq!(merge().await, broken("required_status_checks") + "status check \"build\" has not succeeded.");
    let path = format!("/my-project/statuses/us-central1/my-repo/{dev}");
    assert_eq!(emulator.control_with("PUT", &path, &status("failure")).await, 204);
    assert_eq!(merge().await, broken("required_status_checks") + "status check \"build\" failed.");
    assert_eq!(emulator.control_with("PUT", &path, &status("success")).await, 204);
    for (path, body, expected) in [
        (path.clone(), r#"{"context":"build","state":"green"}"#, 400),
        (path.clone(), r#"{"context":"","state":"success"}"#, 400),
        (path.replace(&dev, "1234"), r#"{"context":"build","state":"success"}"#, 404),
        (path.replace("my-repo", "none"), r#"{"context":"build","state":"success"}"#, 404),
    ] {
        assert_eq!(emulator.control_with("PUT", &path, body).await, expected, "{path} {body}");
    }
    // Nothing else came to main: it moves forward, without a merge commit.
    let merged = emulator.done("POST", &format!("{REPOSITORY}/pullRequests/1:merge"), "{}").await;
    assert_eq!(merged["state"], "MERGED");
    assert!(waits(&emulator).is_empty());
    work.ok(&["fetch", "-q"]).await;
    assert_eq!(work.ok(&["rev-parse", "origin/main"]).await, dev);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_of_an_older_head_is_stale_and_bad_comments_are_refused() {
    let (emulator, work) = with_branches().await;
    emulator.rule("main", r#"{"includePattern":"main","minimumApprovalsCount":1}"#).await;
    open(&emulator).await;
    comment(&emulator, json!({"review": {"actionType": "APPROVED"}})).await;
    work.commit("c", "1", "Three").await;
    work.ok(&["push", "-q", "origin", "dev"]).await;
    let merge = format!("{REPOSITORY}/pullRequests/1:merge");
    assert!(said(emulator.call("POST", &merge, "{}").await).contains("0 of 1 approvals"));
    let comments = format!("{REPOSITORY}/pullRequests/1/pullRequestComments");
    let foreign = format!("{REPOSITORY}/pullRequests/2/pullRequestComments/1");
    for bad in [
        json!({}),
        json!({"review": {}}),
        json!({"review": {"actionType": "COMMENT"}}),
        json!({"comment": {"body": " "}}),
        json!({"code": {"body": "x"}}),
        json!({"code": {"body": "x", "position": {"path": "b", "line": 0}}}),
        json!({"code": {"body": "x", "position": {"line": 1}}}),
        json!({"code": {"body": "x", "reply": foreign}}),
        json!({"code": {"body": "x", "reply": "nonsense"}}),
        json!({"code": {"body": "x", "reply": format!("{comments}/1")}}),
    ] {
        let refused = said(emulator.call("POST", &comments, &bad.to_string()).await);
        assert!(refused.starts_with("400 INVALID_ARGUMENT"), "{bad}: {refused}");
    }
    let line = json!({"pullRequestComment": {"code": {"body": "x", "position": {"path": "b", "line": 1}}}});
    let review = json!({"pullRequestComment": {"review": {"actionType": "APPROVED"}}});
    let general = json!({"pullRequestComment": {"comment": {"body": "x"}}});
    for requests in [
        json!([]),
        json!([line.clone()]),
        json!([review.clone(), review.clone()]),
        json!([review.clone(), line.clone(), line.clone()]),
        json!([review.clone(), general]),
        json!([{"parent": "projects/x", "pullRequestComment": review["pullRequestComment"]}]),
    ] {
        let body = json!({"requests": requests}).to_string();
        let refused = said(emulator.call("POST", &format!("{comments}:batchCreate"), &body).await);
        assert!(refused.starts_with("400 INVALID_ARGUMENT"), "{requests}: {refused}");
    }
    let body = json!({"requests": [review, line]}).to_string();
    let made = emulator.done("POST", &format!("{comments}:batchCreate"), &body).await;
    let names: Vec<&str> =
        made["pullRequestComments"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    let refused = said(emulator.call("DELETE", names[0], "").await);
    assert_eq!(refused, "400 FAILED_PRECONDITION A review cannot be deleted.");
    let kind = said(emulator.call("PATCH", names[1], r#"{"comment":{"body":"x"}}"#).await);
    assert!(kind.contains("is of another kind than the comment"), "{kind}");
    let settle = json!({"names": [names[0]], "autoFill": true}).to_string();
    assert!(
        said(emulator.call("POST", &format!("{comments}:resolve"), &settle).await)
            .contains("is no comment on code")
    );
    emulator.done("DELETE", names[1], "").await;
    emulator.done("POST", &merge, "{}").await;
}
