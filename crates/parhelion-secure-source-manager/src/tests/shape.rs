//! Bodies beside samples of the service's own shape (`*_shape.json`: member names, types and order are those of
//! the service's documented example, values are ours).

use super::harness::{Emulator, PLACE};
use serde_json::Value;

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(text) => text_kind(text),
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// What a text looks like.
fn text_kind(text: &str) -> &'static str {
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").is_ok();
    match text {
        "" => "empty text",
        _ if time => "time",
        _ if hex && text.len() == 40 => "commit id",
        _ if hex && text.len() == 64 => "sha-256",
        _ if text.starts_with("http://") || text.starts_with("https://") => "URL",
        _ if text.starts_with("git@") => "ssh address",
        _ if text.starts_with("refs/heads/") => "branch ref",
        _ if text.contains('@') => "e-mail address",
        _ => "text",
    }
}

/// Every difference in names, order and types, by path.
fn compare(path: &str, sample: &Value, made: &Value, differences: &mut Vec<String>) {
    match (sample, made) {
        (Value::Object(sample), Value::Object(made)) => {
            let (names, own): (Vec<_>, Vec<_>) = (sample.keys().collect(), made.keys().collect());
            if names != own {
                differences.push(format!("{path}: members {own:?}, expected {names:?}"));
            }
            for (name, value) in sample {
                compare(&format!("{path}.{name}"), value, &made[name], differences);
            }
        }
        (Value::Array(sample), Value::Array(made)) => {
            for (n, value) in made.iter().enumerate() {
                // Items are alike; an empty sample tells nothing of them.
                if let Some(sample) = sample.first() {
                    compare(&format!("{path}[{n}]"), sample, value, differences);
                }
            }
        }
        _ if kind(sample) == kind(made) => {}
        _ => differences.push(format!("{path}: {} ({made}), expected {}", kind(made), kind(sample))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_body_has_the_services_members_types_and_order() {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    work.commit("README.md", "one\n", "First").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    work.ok(&["tag", "v1"]).await;
    work.ok(&["push", "-q", "origin", "v1"]).await;
    emulator.hook("ci", r#"{"targetUri":"https://example.com"}"#).await;
    work.commit("README.md", "two\n", "Second").await;
    work.ok(&["push", "-q", "origin", "main"]).await;

    let [delivery] = emulator.deliveries().try_into().unwrap();
    let made: Value = serde_json::from_slice(&delivery.body).unwrap();
    let sample: Value = serde_json::from_str(include_str!("push_shape.json")).unwrap();
    let mut differences = Vec::new();
    compare("body", &sample, &made, &mut differences);
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!(made["commits"].as_array().unwrap().len(), 1);
    // The values that are the same in every push.
    for path in [
        "/secret",
        "/head_commit",
        "/commits/0/verification",
        "/repository/owner/last_login",
        "/repository/permissions",
        "/repository/internal_tracker",
        "/repository/watchers_count",
        "/repository/has_wiki",
        "/pusher/last_login",
    ] {
        let expected = match path {
            "/secret" => "".into(),
            "/repository/owner/last_login" => "1970-01-01T00:00:00Z".into(),
            "/pusher/last_login" => "0001-01-01T00:00:00Z".into(),
            "/repository/watchers_count" => 1.into(),
            path => sample.pointer(path).cloned().unwrap(),
        };
        assert_eq!(made.pointer(path), Some(&expected), "{path}");
    }
    assert_eq!(made["pusher"], made["sender"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_body_has_the_services_members_types_and_order() {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    work.commit("README.md", "one\n", "First").await;
    work.ok(&["tag", "v1"]).await;
    work.ok(&["push", "-q", "origin", "main", "v1"]).await;
    work.ok(&["checkout", "-q", "-b", "dev"]).await;
    work.commit("README.md", "two\n", "Second").await;
    work.ok(&["push", "-q", "origin", "dev"]).await;
    emulator.hook("ci", r#"{"targetUri":"https://example.com","events":["PULL_REQUEST"]}"#).await;
    let pulls = format!("{PLACE}/repositories/my-repo/pullRequests");
    let body = r#"{"title":"Open a Pull Request","base":{"ref":"main"},"head":{"ref":"dev"}}"#;
    emulator.done("POST", &pulls, body).await;

    let [delivery] = emulator.deliveries().try_into().unwrap();
    let event = ("X-SecureSourceManager-Event".to_owned(), "pull_request".to_owned());
    assert!(delivery.headers.contains(&event));
    let made: Value = serde_json::from_slice(&delivery.body).unwrap();
    let sample: Value = serde_json::from_str(include_str!("pull_shape.json")).unwrap();
    let mut differences = Vec::new();
    compare("body", &sample, &made, &mut differences);
    assert_eq!(differences, Vec::<String>::new());
    // The values that are the same in every opened one.
    for path in [
        "/secret",
        "/action",
        "/review",
        "/pull_request/labels",
        "/pull_request/state",
        "/pull_request/merged",
        "/pull_request/base/label",
        "/pull_request/head/ref",
        "/pull_request/base/repo/permissions",
        "/pull_request/head/repo/permissions",
        "/pull_request/base/repo/owner/last_login",
        "/repository/permissions",
        "/repository/owner/last_login",
        "/repository/open_pr_counter",
    ] {
        assert_eq!(made.pointer(path), sample.pointer(path), "{path}");
    }
    // Differences that the specification allows. The sample was taken before the request was counted, and before it was
    // tried whether it can be merged; its `html_url` is of another repository.
    let allowed = [
        ("/pull_request/mergeable", Value::Bool(false), Value::Bool(true)),
        ("/pull_request/base/repo/open_pr_counter", 0.into(), 1.into()),
        ("/pull_request/head/repo/open_pr_counter", 0.into(), 1.into()),
    ];
    for (path, theirs, ours) in allowed {
        assert_eq!((sample.pointer(path), made.pointer(path)), (Some(&theirs), Some(&ours)), "{path}");
    }
    assert_eq!(made["pull_request"]["html_url"], made["pull_request"]["url"]);
}
