//! Pushes that are broken, cut off or too large, and a server without git.

use super::{
    api::said,
    harness::{Emulator, PLACE},
};
use parhelion_git::GitSettings;
use std::path::PathBuf;

fn pkt(line: &str) -> String {
    format!("{:04x}{line}", line.len() + 4)
}

/// The head of a push that makes `refs/heads/main` of an id nobody has.
fn head() -> String {
    let (zero, new) = ("0".repeat(40), "1".repeat(40));
    pkt(&format!("{zero} {new} refs/heads/main\0report-status side-band-64k")) + "0000"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_pack_sets_nothing_and_git_says_so() {
    let emulator = Emulator::new().with_repository().await;
    emulator.hook("ci", r#"{"targetUri":"http://x"}"#).await;
    let url = emulator.git_url("my-repo").await;
    let path = format!("{}/git-receive-pack", url.strip_prefix(&emulator.base).unwrap());
    let service = &emulator.surface.service;
    for body in [
        head() + "PACK\0\0\0\x02\0\0\0\x01nonsense",
        head() + "no pack at all",
        // Cut off within the pack, and before it.
        head() + "PACK\0\0\0\x02",
        head(),
    ] {
        let (status, _, answer) = emulator.raw(service, "POST", &path, &body).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(status == 200 && answer.contains("ng refs/heads/main"), "{status} {answer}");
    }
    let (_, refs) = emulator.call("GET", &format!("{PLACE}/repositories/my-repo:fetchRefs"), "").await;
    assert_eq!(refs, serde_json::json!({}));
    assert!(emulator.deliveries().is_empty());
    let facts = emulator.facts("git.received");
    assert!(facts.iter().all(|f| f.starts_with("git refused refs/heads/main: ")), "{facts:?}");
    assert_eq!(facts.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_beyond_the_bound_is_refused() {
    let emulator =
        Emulator::with(GitSettings { push_bytes: 1000, ..GitSettings::default() }).with_repository().await;
    let url = emulator.git_url("my-repo").await;
    let path = format!("{}/git-receive-pack", url.strip_prefix(&emulator.base).unwrap());
    let (status, _, answer) = emulator.raw(&emulator.surface.service, "POST", &path, &"0".repeat(2000)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(status == 413 || status == 400, "{status} {answer}");
    let body = head() + &"x".repeat(2000);
    let (status, _, answer) = emulator.raw(&emulator.surface.service, "POST", &path, &body).await;
    assert_eq!((status, &answer[..]), (413, &b"the request is larger than 1000 bytes\n"[..]));
    assert_eq!(emulator.facts("git.received").last().unwrap(), "the request is larger than 1000 bytes");
}

#[tokio::test]
async fn without_git_everything_else_works() {
    let program = PathBuf::from("/nowhere/git");
    let emulator = Emulator::with(GitSettings { program, ..GitSettings::default() }).with_repository().await;
    emulator.hook("ci", r#"{"targetUri":"http://x"}"#).await;
    let repository = format!("{PLACE}/repositories/my-repo");
    emulator.done("POST", &format!("{repository}/issues"), r#"{"title":"T"}"#).await;
    emulator.rule("main", r#"{"includePattern":"main"}"#).await;
    assert_eq!(emulator.call("GET", &format!("{repository}:fetchRefs"), "").await.0, 200);
    let config =
        format!(r#"{{"instance":"{PLACE}/instances/my-instance","initialConfig":{{"readme":"default"}}}}"#);
    let made =
        emulator.call("POST", &format!("{PLACE}/repositories?repositoryId=with-readme"), &config).await;
    let refused = said(made);
    assert!(refused.starts_with("400 FAILED_PRECONDITION git hosting needs the git program"), "{refused}");
    let blob = format!("{repository}:fetchBlob?sha={}", "1".repeat(40));
    let missing = said(emulator.call("GET", &blob, "").await);
    assert!(missing.starts_with("404") || missing.starts_with("400 FAILED_PRECONDITION"), "{missing}");
    let url = emulator.git_url("my-repo").await;
    let path = format!("{}/info/refs?service=git-upload-pack", url.strip_prefix(&emulator.base).unwrap());
    let (status, _, text) = emulator.raw(&emulator.surface.service, "GET", &path, "").await;
    assert!(status == 503 && text.starts_with(b"git hosting needs the git program"));
}

#[tokio::test]
async fn names_and_messages_are_judged_to_the_letter() {
    let emulator = Emulator::new().with_repository().await;
    let repository = format!("{PLACE}/repositories/my-repo");
    for (verb, path, body, expected) in [
        ("GET", format!("{repository}/issues/01"), "", "404 NOT_FOUND"),
        ("GET", format!("{repository}/issues/one"), "", "404 NOT_FOUND"),
        ("GET", format!("{repository}/pullRequests/99999999999999999999"), "", "404 NOT_FOUND"),
        (
            "GET",
            format!("{PLACE}/repositories/..%2F..%2Fetc"),
            "",
            "400 INVALID_ARGUMENT Invalid value for field 'name'",
        ),
        ("POST", format!("{PLACE}/repositories?repositoryId=..%2Fetc"), "{}", "400 INVALID_ARGUMENT"),
        ("GET", format!("{repository}:fetchTree?ref=..%2F..%2Fetc"), "", "404 NOT_FOUND"),
        (
            "GET",
            format!("{repository}:fetchTree?colour=red"),
            "",
            "400 INVALID_ARGUMENT Invalid JSON payload",
        ),
        ("GET", format!("{repository}:fetchTree?pageSize=-1"), "", "404 NOT_FOUND"),
        ("GET", format!("{repository}:fetchRefs?type=9"), "", "400 INVALID_ARGUMENT"),
        ("GET", format!("{repository}:fetchRefs?pageToken=x"), "", "400 INVALID_ARGUMENT The page token"),
        ("GET", format!("{repository}:fetchBlob"), "", "400 INVALID_ARGUMENT"),
        ("GET", format!("{repository}/issues?filter=colour%3Dred"), "", "400 INVALID_ARGUMENT"),
        (
            "POST",
            format!("{repository}/issues"),
            r#"{"title":"T","colour":1}"#,
            "400 INVALID_ARGUMENT Invalid JSON payload",
        ),
        ("POST", format!("{repository}/issues"), r#"{"title":""}"#, "400 INVALID_ARGUMENT"),
        ("POST", format!("{repository}:setIamPolicy"), "{}", "400 INVALID_ARGUMENT"),
        (
            "POST",
            format!("{repository}:setIamPolicy"),
            r#"{"policy":{"bindings":[{"role":"x"}]}}"#,
            "400 INVALID_ARGUMENT",
        ),
        (
            "POST",
            format!("{repository}:setIamPolicy"),
            r#"{"policy":{},"updateMask":"colour"}"#,
            "400 INVALID_ARGUMENT",
        ),
        (
            "POST",
            format!("{repository}:testIamPermissions"),
            r#"{"permissions":["securesourcemanager.*"]}"#,
            "400 INVALID_ARGUMENT",
        ),
        (
            "GET",
            format!("{repository}:getIamPolicy?options.requestedPolicyVersion=7"),
            "",
            "400 INVALID_ARGUMENT",
        ),
        ("PUT", format!("{repository}/issues"), "{}", "404 NOT_FOUND"),
        ("POST", format!("{repository}/issues/1:open"), "{}", "404 NOT_FOUND"),
    ] {
        let told = said(emulator.call(verb, &path, body).await);
        assert!(told.starts_with(expected), "{verb} {path}: {told}");
    }
}
