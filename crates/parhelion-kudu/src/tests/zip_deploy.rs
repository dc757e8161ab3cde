//! Deployments by zip over HTTP, and what is told of them.

use crate::store::{KuduStore, Lock, Phase};
use crate::testing::{JSON, Reply, Server, zip_of, zip_with};
use crate::{HookSettings, PayloadForm, Settings};
use parhelion_core::{Call, ErrorClass};
use parhelion_http::Body;
use serde_json::{Value, json};
use std::io::Write;

async fn deploy(server: &Server, query: &str, files: &[(&str, &str)]) -> Reply {
    let target = format!("/kudu/site/api/zipdeploy{query}");
    server.call("POST", &target, "application/zip", zip_of(files)).await
}
async fn subscribe(server: &Server) {
    server.post("/kudu/site/api/hooks", &json!({"url": "http://a/", "event": "PostDeployment"})).await;
}
/// The body of the n-th delivery.
fn told(server: &Server, n: usize) -> Value {
    serde_json::from_slice(&server.outbox.sent()[n].delivery.body).unwrap()
}

#[tokio::test]
async fn a_deployment_tells_its_hooks_and_waits_for_them() {
    let server = Server::new();
    subscribe(&server).await;
    let meanwhile = async {
        server.sent(1).await;
        let body = told(&server, 0);
        let id = body["id"].as_str().unwrap().to_owned();
        assert_eq!(body["status"], "success");
        assert_eq!((&body["author"], &body["deployer"]), (&json!("N/A"), &json!("ZipDeploy")));
        // From inside the callback: the deployment is at its end and active; `latest` is not; hooks can be read.
        let own = server.get(&format!("/kudu/site/api/deployments/{id}")).await.json();
        assert_eq!(
            (&own["status"], &own["complete"], &own["active"]),
            (&json!(4), &json!(true), &json!(true))
        );
        let latest = server.get("/kudu/site/api/deployments/latest?x=1").await;
        assert_eq!(latest.status, 202);
        let place = "http://127.0.0.1:4600/kudu/site/api/deployments/latest?x=1";
        assert_eq!((latest.header("location"), latest.header("retry-after")), (place, "1"));
        let record = latest.json();
        assert_eq!(record["status_text"], "Receiving changes.");
        assert_eq!((&record["url"], &record["log_url"]), (&Value::Null, &Value::Null));
        assert_eq!(record["provisioningState"], "InProgress");
        assert_eq!(server.get("/kudu/site/api/hooks").await.status, 200);
        // A second one finds the lock held.
        let second = deploy(&server, "", &[("b", "2")]).await;
        let text = "The 'Preparing zip package' operation conflicts with the pending 'Performing continuous \
                    deployment' operation started at 2026-01-01T00:00:00.0000000Z.  Please retry operation later.";
        assert_eq!(second.pair(), (409, text));
        assert_eq!(second.header("content-type"), "text/plain; charset=utf-8");
        let delete =
            server.call("DELETE", &format!("/kudu/site/api/deployments/{id}"), "", Body::empty()).await;
        assert_eq!((delete.status, delete.header("content-type")), (409, "text/plain; charset=utf-8"));
        server.settle(0, Ok(200));
    };
    let (answer, ()) = tokio::join!(deploy(&server, "", &[("a.txt", "one")]), meanwhile);
    assert_eq!(answer.pair(), (200, ""));
    assert_eq!(server.get("/kudu/site/api/deployments/latest").await.status, 200);
    assert_eq!(server.get("/kudu/site/api/deployments").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_failed_build_is_200_and_told_as_failed() {
    let server = Server::new();
    subscribe(&server).await;
    let files = [(".deployment", "[config]\ncommand = exit 3\n")];
    let settle = async {
        server.sent(1).await;
        assert_eq!(told(&server, 0)["status"], "failed");
        server.settle(0, Err(ErrorClass::Refused));
    };
    let (answer, ()) = tokio::join!(deploy(&server, "", &files), settle);
    assert_eq!(answer.pair(), (200, ""));
    let latest = server.get("/kudu/site/api/deployments/latest").await.json();
    assert_eq!((&latest["status"], &latest["active"]), (&json!(3), &json!(false)));
    assert_eq!(latest["provisioningState"], "Failed");
    let hook = &server.get("/kudu/site/api/hooks").await.json()[0];
    assert_eq!(hook["last_status"], "Failure");
    assert_eq!(hook["last_reason"], "An error occurred while sending the request.");
    assert_eq!(
        serde_json::from_str::<Value>(hook["last_context"].as_str().unwrap()).unwrap(),
        told(&server, 0)
    );
}

#[tokio::test]
async fn an_asynchronous_deployment_answers_before_its_hooks_were_told() {
    let server = Server::new();
    subscribe(&server).await;
    let answer = deploy(&server, "?ISASYNC=True&Deployer=az%20cli", &[("a", "1")]).await;
    assert_eq!(answer.pair(), (202, ""));
    let poll =
        "http://127.0.0.1:4600/kudu/site/api/deployments/latest?deployer=az%20cli&time=2026-01-01_00-00-00Z";
    assert_eq!((answer.header("location"), answer.header("retry-after")), (poll, "1"));
    let target = poll.strip_prefix("http://127.0.0.1:4600").unwrap();
    assert_eq!(server.get(target).await.status, 202);
    assert_eq!(told(&server, 0)["deployer"], "az cli");
    server.settle(0, Ok(204));
    let latest = server.get(target).await;
    assert_eq!((latest.status, &latest.json()["deployer"]), (200, &json!("az cli")));
    assert_eq!(server.get("/kudu/site/api/hooks").await.json()[0]["last_status"], "NoContent");

    let corrupt = server.call("POST", "/kudu/site/api/zipdeploy?isAsync=true", "", "no zip").await;
    assert_eq!(corrupt.pair(), (202, ""));
    let latest = server.get(target).await;
    assert_eq!((latest.status, &latest.json()["status"]), (200, &json!(3)));
}

#[tokio::test]
async fn the_query_says_what_is_recorded() {
    let server = Server::new();
    let query =
        "?author=Some+One&authorEmail=someone%40example.com&message=My%20fix&trackDeploymentProgress=true";
    let answer = deploy(&server, query, &[("a", "1")]).await;
    let id = answer.header("scm-deployment-id").to_owned();
    assert!(id.len() == 36 && id.contains('-'), "{id}");
    let record = server.get(&format!("/kudu/site/api/deployments/{id}")).await.json();
    assert_eq!(
        (&record["author"], &record["author_email"]),
        (&json!("Some One"), &json!("someone@example.com"))
    );
    assert_eq!((&record["message"], &record["deployer"]), (&json!("My fix"), &json!("ZipDeploy")));
}

#[tokio::test]
async fn payloads_have_the_form_that_is_set() {
    for (payload, count) in [(PayloadForm::Both, 21), (PayloadForm::Kudu, 18), (PayloadForm::Wiki, 8)] {
        let hooks = HookSettings { payload, ..HookSettings::default() };
        let server = Server::with(Settings { hooks, ..Settings::default() });
        subscribe(&server).await;
        deploy(&server, "?isAsync=true", &[("a", "1")]).await;
        let body = told(&server, 0);
        assert_eq!(body.as_object().unwrap().len(), count, "{body}");
    }
}

#[tokio::test]
async fn a_large_package_goes_through_the_disk() {
    let server = Server::new();
    // Noise, so that it stays large when it is packed.
    let mut state = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(17_000_000)
    .collect();
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let zip = zip_with(|zip| {
        for name in ["a.bin", "copy.bin"] {
            zip.start_file(name, stored).unwrap();
            zip.write_all(&noise).unwrap();
        }
    });
    let answer = server.call("PUT", "/kudu/site/zipdeploy", "application/octet-stream", zip).await;
    assert_eq!(answer.pair(), (200, ""));
    let counts = server.world.counts("kudu", "site");
    assert!(counts.contains(&("files", 2)), "{counts:?}");
}

#[tokio::test]
async fn a_lock_that_nothing_will_release_is_found_out() {
    let server = Server::new();
    subscribe(&server).await;
    deploy(&server, "?isAsync=true", &[("a", "1")]).await;
    let checkpoint = server.world.checkpoint();
    server.world.restore(&checkpoint, parhelion_state::Scope::Tenant("kudu", "site"));
    let again = deploy(&server, "?isAsync=true", &[("b", "1")]).await;
    assert_eq!(again.status, 202);
    let held = deploy(&server, "", &[("c", "1")]).await;
    assert_eq!(held.status, 409);
    let facts: Vec<String> = server
        .world
        .entries(0, usize::MAX, |e| e.kind == "deployment.refused")
        .iter()
        .map(|e| e.fact.clone())
        .collect();
    assert_eq!(facts.len(), 1, "{facts:?}");
    assert!(facts[0].contains("holds the lock"), "{facts:?}");
}

#[tokio::test]
async fn nobody_polls_for_ever_when_a_restore_took_the_deliveries() {
    // Also when it went back to the moment before their numbers were noted.
    for noted in [true, false] {
        let server = Server::new();
        subscribe(&server).await;
        deploy(&server, "?isAsync=true", &[("a", "1")]).await;
        if !noted {
            let shelf = server.world.shelf::<KuduStore>();
            let site = "site".parse().unwrap();
            let forgotten = shelf.write::<_, ()>(&site, &Call::default(), |store, _| {
                let Some(Lock { phase: Phase::Telling(telling), .. }) = &mut store.lock else { panic!() };
                telling.deliveries.clear();
                Ok(())
            });
            assert!(forgotten.is_ok());
        }
        let latest = async || server.get("/kudu/site/api/deployments/latest").await;
        assert_eq!(latest().await.status, 202, "what is under way is waited for");
        let checkpoint = server.world.checkpoint();
        server.world.restore(&checkpoint, parhelion_state::Scope::Tenant("kudu", "site"));
        assert_eq!(latest().await.status, 200);
        let list = server.get("/kudu/site/api/deployments").await.json();
        assert_eq!(list.as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_checkpoint_brings_hooks_deployments_and_files_back() {
    let server = Server::new();
    deploy(&server, "", &[("a", "1")]).await;
    let before =
        (server.get("/kudu/site/api/deployments").await.body, server.world.dump("kudu", "site", true));
    let checkpoint = server.world.checkpoint();
    deploy(&server, "", &[("b", "2")]).await;
    server.call("POST", "/kudu/site/api/hooks", JSON, r#"{"url":"http://h/"}"#).await;
    server.world.restore(&checkpoint, parhelion_state::Scope::World);
    let after =
        (server.get("/kudu/site/api/deployments").await.body, server.world.dump("kudu", "site", true));
    assert_eq!(before, after);
}

#[tokio::test]
async fn who_waits_for_a_deployment_sees_how_it_stands() {
    let server = Server::new();
    let things = |id: Option<&str>| server.world.things("deployment", Some("SITE"), id);
    assert!(things(None).is_empty());
    assert_eq!(deploy(&server, "", &[("a.txt", "one")]).await.status, 200);
    let latest = things(None);
    let id = latest[0].state["id"].as_str().unwrap().to_owned();
    let state = json!({"id": id, "status": "Success", "complete": true});
    assert_eq!((latest.len(), &latest[0].state, latest[0].tenant.as_str()), (1, &state, "site"));
    assert_eq!(things(Some(&id.to_uppercase())), latest, "ids ignore case");
    assert!(things(Some("none")).is_empty());
    assert!(server.world.things("run", None, None).is_empty());
}
