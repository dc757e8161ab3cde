//! `/deploy`: who tells of a change, and what becomes of it.

use crate::store::KuduStore;
use crate::testing::{JSON, Reply, Server};
use crate::{Fetching, Settings};
use parhelion_core::Call;
use parhelion_http::Body;
use serde_json::{Value, json};

const DEPLOY: &str = "/kudu/site/deploy";
const ALL: &str = "/kudu/site/api/deployments";
const ID: &str = "83bee4a6b7e5f3f7a9a5e0e5f5c8b6b7a0a1a2a3";

fn push(id: &str) -> Value {
    json!({"ref": "refs/heads/master", "after": id, "repository": {"url": "https://git.example/o/r"},
        "commits": [{"message": "m", "author": {"name": "A", "email": "a@example.com"}}]})
}
async fn post(server: &Server, query: &str, json: &Value) -> Reply {
    server.call("POST", &format!("{DEPLOY}{query}"), "text/plain", json.to_string()).await
}
fn set(server: &Server, name: &str, value: &str) {
    let (shelf, site) = (server.world.shelf::<KuduStore>(), "site".parse().unwrap());
    let done = shelf.write::<_, ()>(&site, &Call::default(), |store, _| {
        store.settings.set(name, value);
        Ok(())
    });
    assert!(done.is_ok());
}

#[tokio::test]
async fn a_change_is_a_commit_that_can_be_deployed_again() {
    let server = Server::new();
    let answer = post(&server, "", &push(ID)).await;
    assert_eq!((answer.pair(), answer.header("location")), ((202, ""), ""));
    let record = server.get(&format!("{ALL}/{ID}")).await.json();
    assert_eq!(
        (&record["status"], &record["author"], &record["message"]),
        (&json!(4), &json!("A"), &json!("m"))
    );
    assert_eq!((&record["deployer"], &record["is_readonly"]), (&json!("External Provider"), &json!(false)));
    // The active one is not deployed anew; asked for by its id it is.
    assert_eq!(post(&server, "?isAsync=true", &push(ID)).await.status, 202);
    assert_eq!(server.get(ALL).await.json().as_array().unwrap().len(), 1);
    let again = server.call("PUT", &format!("{ALL}/{ID}"), JSON, "{}").await;
    assert_eq!(again.pair(), (200, ""));
    assert_eq!(server.call("PUT", ALL, "", Body::empty()).await.status, 200);
    let other = server.call("PUT", &format!("{ALL}/abc"), "", "no json").await;
    assert_eq!(other.pair(), (404, r#"{"Message":"Deployment 'abc' not found."}"#));
    // The generic one is waited for.
    let generic = post(
        &server,
        "",
        &json!({"format": "basic", "url": format!("https://github.com/o/r#{}", "a".repeat(40))}),
    )
    .await;
    assert_eq!(generic.pair(), (200, ""));
    assert_eq!(server.get(&format!("{ALL}/latest")).await.json()["deployer"], "GitHub");
    let later =
        post(&server, "?isAsync=true", &json!({"format": "basic", "url": "https://github.com/o/r"})).await;
    assert!(
        later.status == 202
            && later.header("location").contains("/kudu/site/api/deployments/latest?deployer=GitHub")
    );
}

#[tokio::test]
async fn payloads_that_ask_for_nothing() {
    let server = Server::new();
    let unsupported = (400, "The json payload is unsupported.");
    assert_eq!(post(&server, "", &json!({"zen": "x"})).await.pair(), unsupported);
    let mut other = push(ID);
    other["ref"] = "refs/heads/other".into();
    assert_eq!(post(&server, "", &other).await.pair(), unsupported);
    for (body, kind) in
        [("", "Newtonsoft.Json.JsonReaderException"), ("no", "Newtonsoft.Json.JsonReaderException")]
    {
        let answer = server.call("POST", DEPLOY, JSON, body).await;
        assert_eq!((answer.status, &answer.json()["ExceptionType"]), (500, &json!(kind)), "{body}");
    }
    let form = "application/x-www-form-urlencoded";
    let empty = server.call("POST", DEPLOY, form, "payload=null").await;
    assert_eq!(empty.pair(), (400, "The json payload is empty."));
    let json =
        percent_encoding::utf8_percent_encode(&push(ID).to_string(), percent_encoding::NON_ALPHANUMERIC)
            .to_string();
    assert_eq!(server.call("POST", DEPLOY, form, format!("first={json}")).await.status, 202);
    // JSON that goes as a form by mistake, as curl sends it.
    let mistaken = server.call("POST", DEPLOY, form, push(ID).to_string()).await;
    assert_eq!(mistaken.status, 202);
    let page = server.get(DEPLOY).await;
    assert_eq!((page.status, page.header("location")), (302, "http://127.0.0.1:4600/kudu/site/"));
    assert_eq!(server.call("PUT", DEPLOY, "", "{}").await.status, 404);
    assert_eq!(server.get("/kudu/site/api/deploy").await.status, 404);
    let facts = server.world.entries(0, usize::MAX, |e| e.kind == "webhook.received");
    assert!(facts.iter().any(|e| e.fact.contains("no handler knows")), "{facts:?}");
}

#[tokio::test]
async fn settings_keep_repositories_out() {
    let server = Server::new();
    set(&server, "ScmType", "none");
    assert_eq!(post(&server, "", &push(ID)).await.status, 403);
    let generic = json!({"format": "basic", "url": "https://github.com/o/r"});
    assert_eq!(post(&server, "", &generic).await.status, 200);
    set(&server, "scmtype", "GitHub");
    set(&server, "branch", "main");
    assert_eq!(post(&server, "", &push(ID)).await.status, 400, "another branch is deployed");
    let off = Server::with(Settings { fetch: Fetching::Off, ..Settings::default() });
    assert_eq!(post(&off, "", &generic).await.status, 403);
}

#[tokio::test]
async fn what_comes_while_the_lock_is_held_comes_after_it() {
    let server = Server::new();
    server.post("/kudu/site/api/hooks", &json!({"url": "http://a/", "event": "PostDeployment"})).await;
    assert_eq!(post(&server, "", &push(ID)).await.status, 202);
    // Its hook is being told; of the two that come now, the later one is kept.
    let (second, third) = ("b".repeat(40), "c".repeat(40));
    assert_eq!(post(&server, "", &push(&second)).await.status, 202);
    assert_eq!(post(&server, "", &push(&third)).await.status, 202);
    assert_eq!(server.outbox.sent().len(), 1);
    server.settle(0, Ok(200));
    let sent = server.sent(2).await;
    let told: Value = serde_json::from_slice(&sent[1].delivery.body).unwrap();
    assert_eq!(told["id"], json!(third));
    server.settle(1, Ok(200));
    assert_eq!(server.get(&format!("{ALL}/latest")).await.json()["id"], json!(third));
    assert_eq!(server.get(&format!("{ALL}/{second}")).await.status, 404);
}
