//! Receivers that are real: the page's own exchange, one that calls back, one that hangs, and going back in time.

use super::deploy;
use parhelion_testkit::{Api, Receiver, TestServer};
use serde_json::json;
use std::future::IntoFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SITE: &str = "/kudu/site/api";

/// The exchange of the page of April 2014, as far as it is precise: paths, bodies, statuses, the members that it shows.
#[tokio::test]
async fn the_pages_own_exchange() {
    let mut settings = parhelion::settings::Settings { seed: Some(42), ..Default::default() };
    settings.kudu.kudu_hooks_payload = "wiki".parse().unwrap();
    settings.listen.set_port(0);
    let server = TestServer::with(|b| b.settings(settings)).await;
    let (api, receiver) = (server.main(), Receiver::start().await);
    let url = format!("{}/callback", receiver.url());
    let body = format!(
        "{{\r\n\"url\": \"{url}\",\r\n\"event\": \"PostDeployment\",\r\n\"insecure_ssl\": false\r\n}}"
    );
    let made =
        api.call("POST", &format!("{SITE}/hooks")).body("application/json", body.clone()).await.want(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let head = format!(r#"{{"id":"{id}","event":"PostDeployment","url":"{url}","insecure_ssl":false,"#);
    assert!(made.text().starts_with(&head), "{}", made.text());
    // The address is there already, for another event.
    let other = body.replace("PostDeployment", "Other");
    assert_eq!(
        api.call("POST", &format!("{SITE}/hooks")).body("application/json", other).await.want(409).text(),
        ""
    );
    let listed = api.get(&format!("{SITE}/hooks")).await.want(200).json();
    assert_eq!((&listed[0]["id"], &listed[0]["event"]), (&json!(id), &json!("PostDeployment")));

    deploy(
        &api,
        "?author=Some+One&authorEmail=someone@example.com&message=My+fix&deployer=Some+One",
        &[("a", "1")],
    )
    .await
    .want(200);
    let came = receiver.wait_for(1).await[0].clone();
    assert_eq!((came.method.as_str(), came.path.as_str()), ("POST", "/callback"));
    assert_eq!(came.header("content-type"), Some("application/json; charset=utf-8"));
    let told = came.json();
    let time = |name: &str| told[name].as_str().unwrap().to_owned();
    let expected = format!(
        "{{\r\n  \"id\": \"{}\",\r\n  \"status\": \"success\",\r\n  \"author_email\": \"someone@example.com\",\r\n  \
         \"author\": \"Some One\",\r\n  \"message\": \"My fix\",\r\n  \"deployer\": \"Some One\",\r\n  \
         \"start_time\": \"{}\",\r\n  \"end_time\": \"{}\"\r\n}}",
        told["id"].as_str().unwrap(),
        time("start_time"),
        time("end_time")
    );
    assert_eq!(came.text(), expected);
    assert!(time("end_time").ends_with('Z'));

    let shown = api.get(&format!("{SITE}/hooks/{id}")).await.want(200).json();
    assert_eq!((&shown["last_status"], &shown["last_reason"]), (&json!("OK"), &json!("OK")));
    assert_eq!(shown["last_context"], json!(expected));
    // The page's route has `hooks` twice.
    api.post(&format!("{SITE}/hooks/hooks/publish/PostDeployment"), &json!({"a": 1})).await.want(200);
    assert_eq!(receiver.requests()[1].text(), "{\r\n  \"a\": 1\r\n}");
    assert_eq!(api.delete(&format!("{SITE}/hooks/{id}")).await.want(200).text(), "");
    assert_eq!(api.get(&format!("{SITE}/hooks")).await.want(200).text(), "[]");
}

/// Answers one request after it has itself asked the API.
async fn calls_back(api: Api) -> (String, tokio::task::JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        let body = loop {
            let mut piece = [0; 4096];
            let n = stream.read(&mut piece).await.unwrap();
            read.extend_from_slice(&piece[..n]);
            let text = String::from_utf8(read.clone()).unwrap();
            if let Some((_, body)) = text.split_once("\r\n\r\n").filter(|(_, body)| body.ends_with('}')) {
                break serde_json::from_str::<serde_json::Value>(body).unwrap();
            }
        };
        let id = body["id"].as_str().unwrap();
        let hooks = api.get(&format!("{SITE}/hooks")).await.want(200).text();
        let own = api.get(&format!("{SITE}/deployments/{id}")).await.want(200).text();
        stream.write_all(b"HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        (hooks, own)
    });
    (url, task)
}

#[tokio::test]
async fn a_receiver_may_call_back_before_it_answers() {
    let server = TestServer::start().await;
    let api = server.main();
    let (url, called) = calls_back(api.clone()).await;
    api.post(&format!("{SITE}/hooks"), &json!({"url": url, "event": "postDEPLOYMENT"})).await.want(201);
    deploy(&api, "", &[("a.txt", "one")]).await.want(200);
    let (hooks, own) = called.await.unwrap();
    assert!(hooks.contains(r#""last_status":null"#) && hooks.contains(r#""last_context":"{"#), "{hooks}");
    assert!(own.contains(r#""status":4"#) && own.contains(r#""complete":true,"active":true"#), "{own}");
    let shown = api.get(&format!("{SITE}/hooks")).await.want(200).json();
    assert_eq!((&shown[0]["last_status"], &shown[0]["last_reason"]), (&json!("Created"), &json!("Made")));
}

#[tokio::test]
async fn a_checkpoint_brings_files_hooks_and_deployments_back() {
    let server = TestServer::start().await;
    let (api, receiver) = (server.main(), Receiver::start().await);
    api.post(&format!("{SITE}/hooks"), &json!({"url": receiver.url(), "event": "PostDeployment"}))
        .await
        .want(201);
    deploy(&api, "", &[("a.txt", "one")]).await.want(200);
    let look = async || {
        let mut seen = Vec::new();
        for path in ["hooks", "deployments", "vfs/site/wwwroot/", "vfs/site/deployments/"] {
            seen.push(api.get(&format!("{SITE}/{path}")).await.want(200).text());
        }
        seen.push(api.get(&format!("{SITE}/vfs/site/wwwroot/a.txt")).await.want(200).text());
        seen
    };
    let before = look().await;
    api.post("/_parhelion/snapshots", &json!({"name": "before"})).await.want(201);
    deploy(&api, "", &[("b.txt", "two")]).await.want(200);
    api.post(&format!("{SITE}/hooks"), &json!({"url": "http://127.0.0.1:1/", "event": "x"})).await.want(201);
    assert_ne!(api.get(&format!("{SITE}/deployments")).await.want(200).text(), before[1]);
    api.post("/_parhelion/snapshots/before/restore", &json!({})).await.want(204);
    assert_eq!(look().await, before);
    // And it goes on from there.
    deploy(&api, "", &[("a.txt", "three")]).await.want(200);
    assert_eq!(receiver.requests().len(), 3);
}

#[tokio::test]
async fn a_handshake_that_fails_is_a_failure_with_its_reason() {
    let server = TestServer::start().await;
    let api = server.main();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let hangs_up = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(stream);
    });
    api.post(&format!("{SITE}/hooks"), &json!({"url": url, "event": "x", "insecure_ssl": true}))
        .await
        .want(201);
    api.post(&format!("{SITE}/hooks/publish/x"), &json!({})).await.want(200);
    hangs_up.await.unwrap();
    let shown = api.get(&format!("{SITE}/hooks")).await.want(200).json();
    assert_eq!(shown[0]["last_status"], "Failure");
    assert_eq!(shown[0]["last_reason"], "An error occurred while sending the request.");
}

#[tokio::test]
async fn a_deployment_command_is_run_for_real_where_that_is_on() {
    let mut settings = parhelion::settings::Settings { seed: Some(42), ..Default::default() };
    settings.kudu.kudu_exec = true;
    settings.listen.set_port(0);
    let server = TestServer::with(|b| b.settings(settings)).await;
    let (api, receiver) = (server.main(), Receiver::start().await);
    api.post(&format!("{SITE}/hooks"), &json!({"url": receiver.url(), "event": "PostDeployment"}))
        .await
        .want(201);
    let script = "echo building $SCM_COMMIT_ID; cp a.txt $DEPLOYMENT_TARGET/b.txt; rm a.txt; \
                  echo b.txt > $NEXT_MANIFEST_PATH; test -z \"$PREVIOUS_MANIFEST_PATH\" || cat $PREVIOUS_MANIFEST_PATH";
    let file = format!("[config]\ncommand = {script}\n");
    for content in ["one", "two"] {
        deploy(&api, "", &[(".deployment", &file), ("a.txt", content)]).await.want(200);
        let seen = api.get(&format!("{SITE}/vfs/site/wwwroot/b.txt")).await.want(200).text();
        assert_eq!(seen, content);
    }
    let told = receiver.requests()[1].json();
    assert_eq!((&told["status"], &told["projectType"]), (&json!("success"), &json!("CUSTOM DEPLOYMENT")));
    let id = told["id"].as_str().unwrap();
    let log = api.get(&format!("{SITE}/deployments/{id}/log")).await.want(200).json();
    let entries = log.as_array().unwrap();
    let entry = entries.iter().find(|e| e["message"] == "Running deployment command...").unwrap();
    let details = entry["details_url"].as_str().unwrap().strip_prefix(server.url()).unwrap().to_owned();
    let details = api.get(&details).await.want(200).text();
    assert!(
        details.contains(&format!("building {id}")) && details.contains(r#""message":"b.txt""#),
        "{details}"
    );
    // What it deployed from is gone, what it does not name in its manifest stays; a failing one changes nothing.
    let left = api.get(&format!("{SITE}/vfs/site/repository/")).await.want(200).text();
    assert_eq!(left, "[]");
    let failing = "[config]\ncommand = echo oh >&2; rm -r $DEPLOYMENT_TARGET; exit 7\n";
    deploy(&api, "", &[(".deployment", failing)]).await.want(200);
    assert_eq!(receiver.requests()[2].json()["status"], "failed");
    assert_eq!(api.get(&format!("{SITE}/vfs/site/wwwroot/b.txt")).await.want(200).text(), "two");
}

#[tokio::test]
async fn explain_says_why_a_hook_was_not_told_and_why_a_deployment_was_refused() {
    let server = TestServer::start().await;
    let api = server.main();
    let made =
        api.post(&format!("{SITE}/hooks"), &json!({"url": "http://127.0.0.1:1/", "event": "Other"})).await;
    let id = made.want(201).json()["id"].as_str().unwrap().to_owned();
    deploy(&api, "", &[("a.txt", "one")]).await.want(200);
    let story = api.explain(&format!("hook:{id}")).await;
    assert!(story.contains(&format!("hook {id} is for \"Other\", not for \"PostDeployment\"")), "{story}");
    api.put("/_parhelion/surfaces/kudu/site/lock", &json!({})).await.want(200);
    let refused = deploy(&api, "", &[("a.txt", "two")]).await.want(409);
    let story = api.explain(refused.header("x-parhelion-request-id")).await;
    assert!(story.contains("refused: somebody holds the lock until it is given back by hand"), "{story}");
    // What a command or a package lacks is told by the deployment's own id.
    api.delete("/_parhelion/surfaces/kudu/site/lock").await.want(204);
    deploy(&api, "", &[(".deployment", "[config]\nproject = none\n")]).await.want(200);
    let failed = api.get(&format!("{SITE}/deployments/latest")).await.want(200).json();
    let story = api.explain(failed["id"].as_str().unwrap()).await;
    assert!(story.contains("has no folder 'none'") && story.contains("the build failed"), "{story}");
}

#[tokio::test]
async fn a_receiver_that_hangs_is_given_up_and_holds_up_nobody_else() {
    let server = TestServer::start().await;
    let (api, hangs, answers) = (server.main(), Receiver::start().await, Receiver::start().await);
    hangs.hang();
    for url in [hangs.url(), answers.url()] {
        api.post(&format!("{SITE}/hooks"), &json!({"url": url, "event": "x"})).await.want(201);
    }
    let path = format!("{SITE}/hooks/publish/x");
    let publish = api.post(&path, &json!({"a": 1}));
    let meanwhile = async {
        hangs.wait_for(1).await;
        answers.wait_for(1).await;
        api.get(&format!("{SITE}/hooks")).await.want(200);
        deploy(&api, "", &[("a.txt", "one")]).await.want(200);
    };
    let (answer, ()) = tokio::join!(publish.into_future(), meanwhile);
    answer.want(200);
    let shown = api.get(&format!("{SITE}/hooks")).await.want(200).json();
    assert_eq!((&shown[0]["last_status"], &shown[1]["last_status"]), (&json!("Failure"), &json!("OK")));
    assert_eq!(shown[0]["last_reason"], "A task was canceled.");
}
