//! Which handler knows a payload.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const ID: &str = "83bee4a6b7e5f3f7a9a5e0e5f5c8b6b7a0a1a2a3";

fn read_as(json: &Value, github: bool, user_agent: &str) -> Handled {
    let github_event = github.then_some("push");
    read(json, &Sender { branch: "master", github_event, user_agent })
}
fn github_push() -> Value {
    json!({"ref": "refs/heads/master", "after": ID, "repository": {"url": "https://github.com/o/r"},
        "commits": [{"message": "one", "author": {"name": "A", "email": "a@example.com"}},
            {"message": "two\n", "author": {"name": "B", "email": "b@example.com"}}]})
}
fn fetched(handled: Handled) -> (String, Option<String>, String, String, bool) {
    let Handled::Fetch(f) = handled else { panic!("{handled:?}") };
    (
        f.url,
        f.commit,
        f.deployer.unwrap(),
        format!("{} <{}>: {}", f.said.author, f.said.email, f.said.message),
        f.continuous,
    )
}

#[test]
fn github_is_known_by_its_header_and_its_shape_without() {
    let (url, commit, deployer, said, continuous) = fetched(read_as(&github_push(), true, ""));
    assert_eq!((url.as_str(), commit.as_deref(), continuous), ("https://github.com/o/r", Some(ID), true));
    assert_eq!((deployer.as_str(), said.as_str()), ("GitHub", "B <b@example.com>: two"));
    assert_eq!(fetched(read_as(&github_push(), false, "")).2, "External Provider");
    for (member, value) in [
        ("ref", json!("refs/heads/other")),
        ("ref", json!("master")),
        ("after", json!("0".repeat(40))),
        ("after", json!("../x")),
        ("repository", json!(null)),
    ] {
        let mut other = github_push();
        other[member] = value;
        assert!(matches!(read_as(&other, true, ""), Handled::Nothing(_)), "{other}");
        assert_eq!(read_as(&other, false, ""), Handled::Unknown, "{other}");
    }
    let mut tag = github_push();
    tag["ref"] = "refs/tags/master".into();
    assert!(matches!(read_as(&tag, true, ""), Handled::Fetch(_)));
}

#[test]
fn the_generic_one_names_its_deployer_by_the_host() {
    for (url, deployer, commit) in [
        ("https://github.com/o/r.git", "GitHub", None),
        ("https://u:p@bitbucket.org/o/r#abc1234", "Bitbucket", Some("abc1234")),
        ("https://gitlab.example/o/r#", "GitlabHQ", None),
        ("https://git.example:8443/r", "git.example", None),
    ] {
        let (_, id, by, _, continuous) = fetched(read_as(&json!({"format": "basic", "url": url}), false, ""));
        assert_eq!((by.as_str(), id.as_deref(), continuous), (deployer, commit, false), "{url}");
    }
    for id in ["../../x", "abc", "refs/heads/x"] {
        let url = format!("https://github.com/o/r#{id}");
        assert_eq!(read_as(&json!({"format": "basic", "url": url}), false, ""), Handled::Unknown, "{id}");
    }
    assert_eq!(read_as(&json!({"format": "other", "url": "https://h/"}), false, ""), Handled::Unknown);
    assert!(matches!(
        read_as(&json!({"format": "basic", "url": "no address"}), false, ""),
        Handled::Nothing(_)
    ));
}

#[test]
fn the_others_are_known_by_their_shapes() {
    let old = json!({"canon_url": "https://bitbucket.org", "repository": {"absolute_url": "/o/r/"},
        "commits": [{"branch": "master", "raw_node": ID, "raw_author": "A B <a@example.com>", "message": "m\n"},
            {"branch": "other", "raw_node": "x"}]});
    let (url, commit, deployer, said, _) = fetched(read_as(&old, false, "Bitbucket.org"));
    assert_eq!((url.as_str(), commit.as_deref()), ("https://bitbucket.org/o/r/", Some(ID)));
    assert_eq!((deployer.as_str(), said.as_str()), ("Bitbucket", "A B <a@example.com>: m"));

    let new = json!({"push": {"changes": [{"new": {"type": "branch", "name": "master",
        "target": {"hash": ID, "message": "m", "author": {"raw": "A <a@example.com>"}}}}]},
        "repository": {"links": {"html": {"href": "https://bitbucket.org/o/r"}}}});
    assert_eq!(fetched(read_as(&new, false, "Bitbucket-Webhooks/2.0")).2, "Bitbucket");
    assert_eq!(read_as(&new, false, "curl"), Handled::Unknown);

    let mut gitlab = github_push();
    gitlab["user_name"] = "A".into();
    gitlab["repository"] =
        json!({"git_http_url": "https://gitlab.example/o/r.git", "url": "git@gitlab.example:o/r.git"});
    let found = fetched(read_as(&gitlab, false, ""));
    assert_eq!((found.0.as_str(), found.2.as_str()), ("https://gitlab.example/o/r.git", "GitlabHQ"));

    let vso = json!({"publisherId": "tfs", "eventType": "git.push", "resource": {
        "refUpdates": [{"name": "refs/heads/master", "newObjectId": ID}],
        "commits": [{"comment": "m", "author": {"name": "A", "email": "a@example.com"}}],
        "repository": {"remoteUrl": "https://dev.azure.com/o/p/_git/r"}}});
    let found = fetched(read_as(&vso, false, "VSServices/1"));
    assert_eq!((found.2.as_str(), found.3.as_str()), ("VSO", "A <a@example.com>: m"));
    assert_eq!(read_as(&json!({"zen": "x"}), false, ""), Handled::Unknown);
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic(
        text in "\\{(\"(ref|after|repository|commits|format|url|push|canon_url|user_name)\":(null|1|\"\"|\"refs/é/b\"|\\[1\\]|\\{\\}),?){0,4}\\}",
        github in any::<bool>(), v2 in any::<bool>()
    ) {
        if let Ok(json) = serde_json::from_str(&text.replace(",}", "}")) {
            let _ = read_as(&json, github, if v2 { "Bitbucket-Webhooks/2.0" } else { "" });
        }
    }
}
