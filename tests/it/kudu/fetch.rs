//! Packages and repositories that are fetched: from this very server, which is as good an address as any.

use super::zip_of;
use parhelion::settings::Settings;
use parhelion_testkit::{Receiver, TestServer};
use serde_json::json;

const SITE: &str = "/kudu/site/api";

#[tokio::test]
async fn a_package_comes_from_its_address() {
    let server = TestServer::start().await;
    let (api, receiver) = (server.main(), Receiver::start().await);
    api.post(&format!("{SITE}/hooks"), &json!({"url": receiver.url(), "event": "PostDeployment"}))
        .await
        .want(201);
    let zip = zip_of(&[("a.txt", "fetched")]);
    api.call("PUT", "/kudu/store/api/vfs/pkg.zip").body("application/zip", zip.clone()).await.want(201);
    let address = format!("{}/kudu/store/api/vfs/pkg.zip?sig=secret", server.url());
    let path = format!("{SITE}/zipdeploy");
    api.post(&path, &json!({"packageUri": address, "targetPath": "sub"})).await.want(200);
    let file = api.get(&format!("{SITE}/vfs/site/wwwroot/sub/a.txt")).await.want(200);
    assert_eq!((file.text().as_str(), receiver.requests().len()), ("fetched", 1));
    // From another server too, by a redirect; and not waited for.
    let elsewhere = Receiver::start().await;
    elsewhere.respond_with(302, &[("Location", "/there")], "").respond(200, zip);
    let answer =
        api.post(&format!("{path}?isAsync=true"), &json!({"packageUri": elsewhere.url()})).await.want(202);
    assert!(answer.header("location").contains("/kudu/site/api/deployments/latest?"));
    api.post(
        "/_parhelion/await",
        &json!({"condition": {"deployment": {"site": "site", "status": "Success"}}, "timeout": "10s"}),
    )
    .await
    .want(200);
    api.idle().await;
    assert_eq!(elsewhere.requests().iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["/", "/there"]);

    // What cannot be had is 500, recorded, and told to nobody.
    for (status, body, says) in [(404, "no", "answered 404"), (200, "no zip", "End of Central Directory")] {
        let bad = Receiver::start().await;
        bad.respond(status, body);
        let failed = api.post(&path, &json!({"packageUri": bad.url()})).await.want(500).json();
        assert!(failed["ExceptionMessage"].as_str().unwrap().contains(says), "{failed}");
    }
    let latest = api.get(&format!("{SITE}/deployments/latest")).await.want(200).json();
    assert_eq!((&latest["status"], &latest["is_temp"]), (&json!(3), &json!(true)));
    assert_eq!(receiver.requests().len(), 2);
    let events = api.get("/_parhelion/events?surface=kudu&limit=1000").await.want(200).text();
    assert!(!events.contains("sig=secret"), "{events}");
    assert_eq!(api.get("/_parhelion/surfaces/kudu/site/lock").await.want(200).json(), json!({"held": false}));
}

#[tokio::test]
async fn a_repository_is_cloned_where_that_is_set() {
    let mut settings = Settings { seed: Some(42), ..Settings::default() };
    settings.kudu.kudu_fetch = "git".parse().unwrap();
    settings.listen.set_port(0);
    let server = TestServer::with(|builder| builder.settings(settings)).await;
    let api = server.main();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    super::git::ok(dir, &["init", "-q"]).await;
    let first = super::git::commit(dir, "One", &[("a.txt", "one")]).await;
    let url = format!("{}/kudu/source/source.git", server.url());
    super::git::ok(dir, &["push", "-q", &url, "master"]).await;
    api.post("/kudu/site/deploy", &json!({"format": "basic", "url": url})).await.want(200);
    let record = api.get(&format!("{SITE}/deployments/{first}")).await.want(200).json();
    assert_eq!((&record["message"], &record["author"]), (&json!("One"), &json!("A U Thor")));
    assert_eq!((&record["deployer"], &record["is_readonly"]), (&json!("127.0.0.1"), &json!(false)));
    assert_eq!(api.get(&format!("{SITE}/vfs/site/wwwroot/a.txt")).await.want(200).text(), "one");

    // As GitHub tells of it: in the background, at the commit that it names.
    let second = super::git::commit(dir, "Two", &[("a.txt", "two")]).await;
    super::git::ok(dir, &["push", "-q", &url, "master"]).await;
    let push =
        json!({"ref": "refs/heads/master", "after": second, "repository": {"url": url}, "commits": []});
    api.post("/kudu/site/deploy", &push).header("x-github-event", "push").await.want(202);
    api.post("/_parhelion/idle", &json!({"timeout": "20s"})).await.want(200);
    let record = api.get(&format!("{SITE}/deployments/{second}")).await.want(200).json();
    assert_eq!(
        (&record["status"], &record["active"], &record["deployer"]),
        (&json!(4), &json!(true), &json!("GitHub"))
    );
    // What is not there is a failure that is recorded.
    let none = json!({"format": "basic", "url": format!("{}/kudu/nothing/nothing.git", server.url())});
    let failed = api.post("/kudu/site/deploy", &none).await.want(500).json();
    assert!(failed["ExceptionMessage"].as_str().unwrap().contains("no branch master"), "{failed}");
    let inside = json!({"format": "basic", "url": format!("file://localhost{}", dir.display())});
    api.post("/kudu/site/deploy", &inside).await.want(500);
}
