//! What the git client sees, and what hooks are told.

use super::harness::{Emulator, PLACE};
use serde_json::Value;

fn body(delivery: &parhelion_core::Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_delivered_with_the_services_headers() {
    let emulator = Emulator::listening().await.with_repository().await;
    let hook = r#"{"targetUri":"http://127.0.0.1:9/hook?a=1","sensitiveQueryString":"token=s3cret"}"#;
    let made = emulator.hook("ci", hook).await;
    assert!(!made.to_string().contains("s3cret"), "{made}");
    let work = emulator.clone_to("a").await;
    let first = work.commit("README.md", "one\n", "First <&>").await;
    work.ok(&["push", "-q", "origin", "main"]).await;

    let [delivery] = emulator.deliveries().try_into().unwrap();
    assert_eq!(delivery.url, "http://127.0.0.1:9/hook?a=1&token=s3cret");
    assert_eq!(delivery.shown_url, "http://127.0.0.1:9/hook?a=1&{sensitive_query_string_placeholder}");
    assert_eq!((delivery.method, delivery.event.as_str()), ("POST", "push"));
    assert_eq!(delivery.subject, "hook:us-central1/my-repo/ci");
    assert_eq!(delivery.order.as_deref(), Some("hook:us-central1/my-repo/ci"));
    assert!(delivery.policy.schedule_secs.is_empty() && delivery.policy.timeout_secs == 5);
    let headers: Vec<(&str, &str)> = delivery.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let [_, (content, json), (id_name, id), (event, push), (signature, empty)] = headers.try_into().unwrap();
    assert_eq!((content, json), ("Content-Type", "application/json"));
    assert_eq!((id_name, id.len()), ("X-SecureSourceManager-Delivery", 36));
    assert_eq!((event, push), ("X-SecureSourceManager-Event", "push"));
    assert_eq!((signature, empty), ("X-SecureSourceManager-Signature", ""));

    let text = String::from_utf8(delivery.body.to_vec()).unwrap();
    assert!(text.starts_with("{\n  \"secret\": \"\",\n  \"ref\": \"refs/heads/main\",\n"), "{text}");
    assert!(text.contains(r#""message": "First \u003c\u0026\u003e\n""#), "{text}");
    let body = body(&delivery);
    assert_eq!(body["before"], "0".repeat(40));
    assert_eq!(body["after"], first);
    assert_eq!(body["commits"][0]["author"]["email"], "author@example.com");
    assert_eq!(body["commits"][0]["timestamp"], "2024-07-03T18:27:38Z");
    assert_eq!(body["commits"][0]["added"][0], "README.md");
    assert_eq!(body["pusher"]["login"], "user@example.com");
    assert_eq!(body["repository"]["clone_url"], emulator.git_url("my-repo").await);
    assert_eq!(body["repository"]["empty"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn branch_filters_and_switches_decide_and_say_why() {
    let emulator = Emulator::listening().await.with_repository().await;
    for (id, hook) in [
        ("all", r#"{"targetUri":"http://x/all"}"#),
        ("filtered", r#"{"targetUri":"http://x/filtered","pushOption":{"branchFilter":"{main,release*}"}}"#),
        ("off", r#"{"targetUri":"http://x/off","disabled":true}"#),
        ("reviews", r#"{"targetUri":"http://x/reviews","events":["PULL_REQUEST"]}"#),
    ] {
        emulator.hook(id, hook).await;
    }
    let work = emulator.clone_to("a").await;
    work.commit("a", "1", "One").await;
    work.ok(&["push", "-q", "origin", "main", "main:maintenance", "main:release/1.0"]).await;
    let told: Vec<(String, String)> = emulator
        .deliveries()
        .iter()
        .map(|d| (d.url.replace("http://x/", ""), body(d)["ref"].as_str().unwrap().to_owned()))
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        told,
        [
            ("all", "refs/heads/main"),
            ("filtered", "refs/heads/main"),
            ("all", "refs/heads/maintenance"),
            ("all", "refs/heads/release/1.0"),
            ("filtered", "refs/heads/release/1.0"),
        ]
    );
    let filter = emulator.facts("filter.evaluated");
    assert_eq!(filter[1], r#"branch filter "{main,release*}" does not take branch "maintenance""#);
    let matched = emulator.facts("hook.matched");
    assert!(matched.contains(&"hook off is disabled".to_owned()), "{matched:?}");
    assert!(matched.contains(&"hook reviews does not listen to PUSH".to_owned()), "{matched:?}");
    assert!(matched.contains(&"hook filtered is for other branches".to_owned()), "{matched:?}");
    assert_eq!(emulator.facts("git.received"), ["user@example.com pushed 3 refs to my-repo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_tags_force_and_deletion() {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    let first = work.commit("a", "0", "Zero").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    emulator.hook("ci", r#"{"targetUri":"http://x","pushOption":{"branchFilter":"main"}}"#).await;
    let mut tips = Vec::new();
    for n in 1..=7 {
        tips.push(work.commit("a", &n.to_string(), &format!("Number {n}")).await);
    }
    work.ok(&["push", "-q", "origin", "main"]).await;
    work.ok(&["tag", "-a", "v1", "-m", "one"]).await;
    work.ok(&["push", "-q", "origin", "v1"]).await;
    work.ok(&["commit", "-q", "--amend", "-m", "Other"]).await;
    let other = work.ok(&["rev-parse", "HEAD"]).await;
    work.ok(&["push", "-q", "-f", "origin", "main"]).await;
    work.ok(&["push", "-q", "origin", ":main", ":v1"]).await;

    let bodies: Vec<Value> = emulator.deliveries().iter().map(body).collect();
    let [update, tag, force, untag] = bodies.try_into().unwrap();
    assert_eq!((&update["before"], &update["after"]), (&first.clone().into(), &tips[6].clone().into()));
    let ids: Vec<&str> =
        update["commits"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        tips[2..].iter().rev().map(String::as_str).collect::<Vec<_>>(),
        "the five newest, newest first"
    );
    let compare = update["compare_url"].as_str().unwrap();
    assert!(compare.ends_with(&format!("/my-project/my-repo/compare/{first}...{}", tips[6])), "{compare}");

    assert_eq!((&tag["ref"], &tag["commits"]), (&"refs/tags/v1".into(), &serde_json::json!([])));
    assert_eq!((&tag["before"], &tag["after"]), (&"0".repeat(40).into(), &tips[6].clone().into()));
    assert_eq!((&force["before"], &force["after"]), (&tips[6].clone().into(), &other.clone().into()));
    assert_eq!(force["commits"].as_array().unwrap().len(), 1);
    assert_eq!((&untag["ref"], &untag["after"]), (&"refs/tags/v1".into(), &"0".repeat(40).into()));
    let changed = emulator.facts("ref.changed");
    assert!(changed.iter().any(|f| f == "refs/heads/main was forced to another history"), "{changed:?}");
    assert!(
        changed.iter().any(|f| f == "refs/heads/main was deleted; a deleted branch is no push event"),
        "{changed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_pushed_branch_becomes_the_default() {
    let emulator = Emulator::listening().await.with_repository().await;
    emulator.hook("ci", r#"{"targetUri":"http://x"}"#).await;
    let work = emulator.clone_to("a").await;
    work.commit("a", "1", "One").await;
    work.ok(&["push", "-q", "origin", "main:trunk"]).await;
    assert_eq!(body(&emulator.deliveries()[0])["repository"]["default_branch"], "trunk");
    let again = emulator.clone_to("b").await;
    assert_eq!(again.ok(&["branch", "--show-current"]).await, "trunk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_may_begin_with_files() {
    let emulator = Emulator::listening().await;
    emulator.done("POST", &format!("{PLACE}/instances?instanceId=my-instance"), "{}").await;
    let config = r#"{"description":"A thing.","initialConfig":{"readme":"default","gitignores":["rust"],"license":"apache-2-0","defaultBranch":"trunk"}}"#;
    let made = emulator.create_repository("my-repo", config).await;
    assert_eq!(made.get("initialConfig"), None);
    let work = emulator.clone_to("a").await;
    assert_eq!(work.ok(&["log", "--format=%an %ae %s"]).await, "user user@example.com Initial commit");
    assert_eq!(work.ok(&["branch", "--show-current"]).await, "trunk");
    assert_eq!(std::fs::read_to_string(work.0.join("README.md")).unwrap(), "# my-repo\n\nA thing.\n");
    assert!(std::fs::read_to_string(work.0.join("LICENSE")).unwrap().contains("Apache License"));
    assert!(std::fs::read_to_string(work.0.join(".gitignore")).unwrap().contains("/target/"));
    assert!(emulator.deliveries().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let emulator = Emulator::listening().await.with_repository().await;
    let url = emulator.git_url("my-repo").await;
    let work = emulator.clone_to("a").await;
    work.commit("a", "1", "One").await;
    for bad in [
        url.replace("my-repo", "other"),
        url.replace("my-instance", "other"),
        url.replace("my-project", "other"),
    ] {
        let output = work.git(&["push", &bad, "main"]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("not found"), "{bad}: {said}");
    }
    let service = &emulator.surface.service;
    let path = url.strip_prefix(&emulator.base).unwrap();
    for (verb, rest, expected) in [
        ("GET", "/info/refs", 403),
        ("GET", "/info/refs?service=git-nonsense", 403),
        ("GET", "/HEAD", 404),
        ("GET", "/../../etc/passwd", 404),
        ("PUT", "/git-receive-pack", 404),
        ("POST", "/git-receive-pack", 400),
        ("GET", "/info/refs?service=git-receive-pack", 200),
    ] {
        let (status, _, _) = emulator.raw(service, verb, &format!("{path}{rest}"), "").await;
        assert_eq!(status, expected, "{verb} {rest}");
    }
    let (_, named, _) =
        emulator.raw(service, "GET", &format!("{path}/info/refs?service=git-receive-pack"), "").await;
    let named = named.unwrap();
    assert_eq!((named.operation.as_ref(), named.tenant.as_str()), ("receive-pack", "my-project"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pushes_at_once_to_one_branch_one_wins_and_is_told() {
    let emulator = Emulator::listening().await.with_repository().await;
    emulator.hook("ci", r#"{"targetUri":"http://x"}"#).await;
    let (a, b) = (emulator.clone_to("a").await, emulator.clone_to("b").await);
    a.commit("a", "1", "From a").await;
    b.commit("b", "1", "From b").await;
    let (one, two) = tokio::join!(a.git(&["push", "origin", "main"]), b.git(&["push", "origin", "main"]));
    assert_ne!(one.status.success(), two.status.success());
    assert_eq!(emulator.deliveries().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_name_the_pusher_and_by_host_works_too() {
    let emulator = Emulator::listening().await.with_repository().await;
    emulator.hook("ci", r#"{"targetUri":"http://x"}"#).await;
    let work = emulator.clone_to("a").await;
    work.commit("a", "1", "One").await;
    let number = crate::domain::names::project_number("my-project");
    let host = format!("my-instance-{number}-git.us-central1.sourcemanager.localhost");
    let url = format!("{}/my-project/my-repo", emulator.base);
    // The client sends a user that stands in the URL only when it is challenged, which nobody is here.
    let user = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "ann@corp.example:x");
    let (host, user) = (format!("Host: {host}"), format!("Authorization: Basic {user}"));
    let config = |header: &str| format!("http.extraHeader={header}");
    work.ok(&["-c", &config(&host), "-c", &config(&user), "push", "-q", &url, "main"]).await;
    let body = body(&emulator.deliveries()[0]);
    assert_eq!(
        (&body["pusher"]["login"], &body["pusher"]["full_name"]),
        (&"ann@corp.example".into(), &"ann".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_takes_refs_back() {
    let emulator = Emulator::listening().await.with_repository().await;
    let work = emulator.clone_to("a").await;
    let first = work.commit("a", "1", "One").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    let kept = emulator.world.checkpoint();
    work.commit("a", "2", "Two").await;
    work.ok(&["push", "-q", "origin", "main", "main:dev"]).await;
    emulator.world.restore(&kept, parhelion_state::Scope::World);
    let again = emulator.clone_to("b").await;
    assert_eq!(again.ok(&["rev-parse", "HEAD"]).await, first);
    assert_eq!(again.ok(&["branch", "-r", "--list", "origin/dev"]).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_that_deliveries_link_to() {
    let emulator = Emulator::listening().await.with_repository().await;
    emulator.hook("ci", r#"{"targetUri":"http://x"}"#).await;
    let work = emulator.clone_to("a").await;
    let first = work.commit("a<b>", "1", "One").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    let body = body(&emulator.deliveries()[0]);
    let service = &emulator.surface.service;
    for (url, expected) in [
        (body["commits"][0]["url"].as_str().unwrap(), "a&lt;b&gt;"),
        (body["compare_url"].as_str().unwrap(), "One"),
        (body["repository"]["html_url"].as_str().unwrap(), first.as_str()),
    ] {
        let (status, _, page) =
            emulator.raw(service, "GET", url.strip_prefix(&emulator.base).unwrap(), "").await;
        let page = String::from_utf8(page.to_vec()).unwrap();
        assert!(status == 200 && page.contains(expected), "{url}: {status} {page}");
    }
    let html = body["repository"]["html_url"].as_str().unwrap().strip_prefix(&emulator.base).unwrap();
    for bad in ["/commit/xyz", &format!("/commit/{}", "1".repeat(40)), "/compare/a...b", "/pulls/1"] {
        assert_eq!(emulator.raw(service, "GET", &format!("{html}{bad}"), "").await.0, 404, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_delivery_is_a_push_that_changes_nothing() {
    let emulator = Emulator::listening().await.with_repository().await;
    emulator.hook("ci", r#"{"targetUri":"http://x","disabled":true,"events":["PULL_REQUEST"]}"#).await;
    let path = "/my-project/hooks/us-central1/my-repo/ci/test";
    let (status, answer) = emulator.control("POST", path).await;
    assert_eq!(status, 202);
    let [delivery] = emulator.deliveries().try_into().unwrap();
    let id =
        ("X-SecureSourceManager-Delivery".to_owned(), answer["delivery_id"].as_str().unwrap().to_owned());
    assert!(delivery.headers.contains(&id));
    let empty = body(&delivery);
    assert_eq!(empty["commits"][0]["message"], "This is a fake commit");
    assert_eq!(empty["after"], "0".repeat(40));

    let work = emulator.clone_to("a").await;
    let first = work.commit("a", "1", "One").await;
    work.ok(&["push", "-q", "origin", "main"]).await;
    emulator.control("POST", path).await;
    let told = body(&emulator.deliveries()[1]);
    assert_eq!((&told["before"], &told["after"]), (&first.clone().into(), &first.clone().into()));
    assert_eq!(
        (&told["commits"][0]["id"], &told["commits"][0]["author"]["username"]),
        (&first.into(), &"".into())
    );

    assert_eq!(emulator.control("POST", "/my-project/hooks/us-central1/my-repo/nope/test").await.0, 404);
    assert_eq!(emulator.control("GET", path).await.0, 405);
    assert_eq!(emulator.control("POST", &format!("{path}?x=1")).await.0, 400);
    assert_eq!(emulator.control("POST", "/my-project/nothing").await.0, 404);
    let hook = format!("{PLACE}/repositories/my-repo/hooks/ci?updateMask=pushOption");
    emulator.done("PATCH", &hook, r#"{"pushOption":{"branchFilter":"release*"}}"#).await;
    assert_eq!(emulator.control("POST", path).await.0, 409);
    assert_eq!(emulator.deliveries().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_git_could_not_be_asked_is_told_too() {
    let emulator = Emulator::listening().await.with_repository().await;
    let url = emulator.git_url("my-repo").await;
    let path = url.strip_prefix(&emulator.base).unwrap();
    let service = &emulator.surface.service;
    for (verb, rest, body, expected) in [
        ("GET", "/info/refs", "", 403),
        ("GET", "/HEAD", "", 404),
        ("POST", "/git-upload-pack", "zzzz", 400),
        ("POST", "/git-receive-pack", "zzzz", 400),
    ] {
        assert_eq!(
            emulator.raw(service, verb, &format!("{path}{rest}"), body).await.0,
            expected,
            "{verb} {rest}"
        );
    }
    let asked = emulator.facts("git.asked");
    assert!(asked[0].starts_with("the dumb protocol is not served"), "{asked:?}");
    assert_eq!(asked[1..], ["git's smart protocol has no call GET HEAD", "git cannot read the request"]);
    assert_eq!(emulator.facts("git.received"), [r#"bad pkt-line length "zzzz""#]);
    // A project that cannot be owns nothing, in the journal neither.
    let nobody = path.replace("my-project", "a%0Ab") + "/info/refs?service=git-upload-pack";
    assert_eq!(emulator.raw(service, "GET", &nobody, "").await.0, 404);
    assert_eq!(emulator.world.entries(0, 1000, |e| e.tenant.contains('\n')).len(), 0);
}
