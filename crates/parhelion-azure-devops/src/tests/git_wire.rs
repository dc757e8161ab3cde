//! Smart HTTP without a git client: what is refused, and how. Real clients are in `tests/it`.

use crate::{Settings, testing::Bench};
use serde_json::json;

const REFS: &str = "info/refs?service=git-upload-pack";

#[test]
fn a_repository_is_advertised_at_both_urls() {
    let bench = Bench::with_project("My P");
    bench.ok("POST /contoso/My%20P/_apis/git/repositories", json!({ "name": "räder" }));
    for url in ["/contoso/_git/My%20P", "/contoso/my%20p/_git/My%20P", "/Contoso/My%20P/_git/r%C3%A4der"] {
        let answer = bench.send("GET", &format!("{url}/{REFS}"), &[], "");
        assert_eq!(answer.status, 200, "{url}: {}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/x-git-upload-pack-advertisement"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert!(answer.body.starts_with("001e# service=git-upload-pack\n0000"), "{}", answer.body);
    }
}

#[test]
fn what_is_not_there_is_told_in_a_sentence() {
    let bench = Bench::with_project("P");
    for (method, path, status, said) in [
        ("GET", "/contoso/P/_git/nope/info/refs?service=git-upload-pack", 404, "TF401019"),
        ("GET", "/contoso/Q/_git/P/info/refs?service=git-receive-pack", 404, "TF200016"),
        ("GET", "/contoso/P/_git/..%2f..%2fetc/info/refs?service=git-upload-pack", 404, "TF401019"),
        ("GET", "/contoso/P/_git/P/info/refs", 403, "dumb protocol"),
        ("GET", "/contoso/P/_git/P/info/refs?service=git-x", 403, "dumb protocol"),
        ("GET", "/contoso/P/_git/P/HEAD", 404, "no call GET HEAD"),
        ("PUT", "/contoso/P/_git/P/git-receive-pack", 404, "no call PUT git-receive-pack"),
        ("GET", "/a%20b/P/_git/P/info/refs?service=git-upload-pack", 400, "is not valid"),
        ("POST", "/contoso/P/_git/P/git-receive-pack", 400, "ends within its list"),
        ("POST", "/contoso/P/_git/P/git-upload-pack", 400, "cannot read the request"),
    ] {
        let answer = bench.send(method, path, &[], "");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(answer.body.contains(said), "{method} {path}: {}", answer.body);
        if status >= 400 {
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        }
    }
    let told = bench.facts(&["git.asked", "git.received"]);
    assert!(told.contains("git.asked: TF401019") && told.contains("git.received: TF200016"), "{told}");
    // A page, not a call of git's.
    assert_eq!(bench.send("GET", "/contoso/P/_git/P", &[], "").json()["message"], "Page not found.");
}

#[test]
fn git_is_asked_for_credentials() {
    let bench = Bench::with(Settings { auth_required: true, ..Settings::default() });
    let basic = ("authorization", "Basic dXNlcjpwYXQ=");
    let made = bench.send(
        "POST",
        "/contoso/_apis/projects",
        &[basic, ("content-type", "application/json")],
        r#"{"name":"P"}"#,
    );
    assert_eq!(made.status, 202, "{}", made.body);
    let url = format!("/contoso/P/_git/P/{REFS}");
    let asked = bench.send("GET", &url, &[], "");
    assert_eq!((asked.status, asked.body.as_str()), (401, ""));
    assert!(asked.header("www-authenticate").unwrap().starts_with("Basic realm="));
    assert_eq!(bench.send("GET", &url, &[basic], "").status, 200);
    // Before it is told whether there is such a repository.
    assert_eq!(bench.send("GET", &format!("/contoso/P/_git/nope/{REFS}"), &[], "").status, 401);
}

#[test]
fn a_broken_pack_changes_nothing() {
    let bench = Bench::with_project("P");
    let new = "1".repeat(40);
    let command = format!("{} {new} refs/heads/main\0report-status\n", "0".repeat(40));
    let mut body = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
    body.extend(b"PACK\0\0\0\x02\0\0\0\x01garbage");
    let answer = bench.send("POST", "/contoso/P/_git/P/git-receive-pack", &[], body);
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("ng refs/heads/main"), "{}", answer.body);
    assert!(bench.store().repositories.values().all(|r| r.refs.is_empty() && r.default_branch.is_none()));
    assert!(bench.store().pushes.is_empty());
    assert!(bench.facts(&["ref.changed"]).contains("git refused refs/heads/main"));
}
