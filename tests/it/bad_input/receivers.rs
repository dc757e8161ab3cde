//! Receivers that hang, reset, answer 500, or answer what is no answer: the delivery fails and says how; the caller
//! gets its answer, and others go on.

use super::all_is_well;
use parhelion_testkit::{Api, Receiver, TestServer};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A hook of a Kudu site to a receiver, and an event that it is told of; the delivery.
async fn told(api: &Api, site: &str, url: &str) -> Value {
    api.post(&format!("/kudu/{site}/api/hooks"), &json!({"url": url, "event": "x"})).await.want(201);
    api.post(&format!("/kudu/{site}/api/hooks/publish/x"), &json!({})).await.want(200);
    let sent = api.items(&format!("/_parhelion/deliveries?tenant={site}")).await;
    assert_eq!(sent.len(), 1, "nothing is sent twice: {sent:?}");
    sent[0].clone()
}

/// What the hook shows of its last delivery.
async fn shown(api: &Api, site: &str) -> Value {
    api.get(&format!("/kudu/{site}/api/hooks")).await.want(200).json()[0].clone()
}

#[tokio::test]
async fn a_receiver_that_hangs() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.hang();
    let begun = Instant::now();
    let telling = tokio::spawn({
        let (api, url) = (api.clone(), receiver.url());
        async move { told(&api, "hangs", &url).await }
    });
    receiver.wait_for(1).await;
    // Meanwhile everything else goes on: other calls, and other deliveries.
    all_is_well(&api).await;
    let sink = format!("{}/_parhelion/sink/s", api.url());
    assert_eq!(told(&api, "other", &sink).await["status"], "succeeded");
    assert!(begun.elapsed() < Duration::from_secs(9));
    // Docs: Kudu gives a receiver ten seconds.
    let delivery = telling.await.expect("an answer");
    assert!(begun.elapsed() >= Duration::from_secs(9) && begun.elapsed() < Duration::from_secs(30));
    assert_eq!(
        (&delivery["status"], &delivery["error"]["class"]),
        (&json!("failed"), &json!("timeout")),
        "{delivery}"
    );
    assert_eq!(delivery["attempts"][0]["response"], Value::Null);
    assert_eq!(shown(&api, "hangs").await["last_status"], "Failure");
    let story = api.explain(delivery["id"].as_str().expect("an id")).await;
    assert!(story.starts_with("FAILED") && story.contains("error_class: timeout"), "{story}");
}

#[tokio::test]
async fn a_receiver_that_resets() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.reset();
    let delivery = told(&api, "site", &receiver.url()).await;
    assert_eq!(
        (&delivery["status"], &delivery["error"]["class"]),
        (&json!("failed"), &json!("reset")),
        "{delivery}"
    );
    assert_eq!(shown(&api, "site").await["last_status"], "Failure");
    assert_eq!(receiver.requests().len(), 1);
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_receiver_that_answers_500() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.respond(500, "out of order");
    let delivery = told(&api, "site", &receiver.url()).await;
    assert_eq!(
        (&delivery["status"], &delivery["error"]["class"]),
        (&json!("failed"), &json!("status")),
        "{delivery}"
    );
    let response = &delivery["attempts"][0]["response"];
    assert_eq!((&response["status"], &response["body"]), (&json!(500), &json!("out of order")));
    let hook = shown(&api, "site").await;
    assert_eq!(hook["last_status"], "InternalServerError", "{hook}");
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_receiver_whose_answer_is_none() {
    let server = TestServer::start().await;
    let api = server.main();
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(100_000));
    for (n, bytes) in [
        "nonsense\r\n\r\n",
        "HTTP/1.1 999999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "",
        &endless,
    ]
    .into_iter()
    .enumerate()
    {
        let receiver = Receiver::start().await;
        receiver.raw(bytes.to_owned());
        let delivery = told(&api, &format!("site{n}"), &receiver.url()).await;
        assert_eq!(delivery["status"], "failed", "{n}: {delivery}");
        assert!(delivery["error"]["class"].is_string(), "{n}: {delivery}");
        assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(1), "{n}: {delivery}");
    }
    // More than is kept of an answer is cut, and marked as cut.
    let receiver = Receiver::start().await;
    receiver.respond(200, "a".repeat(200_000));
    let delivery = told(&api, "long", &receiver.url()).await;
    let response = &delivery["attempts"][0]["response"];
    assert_eq!(
        (response["body"].as_str().map(str::len), &response["body_truncated"]),
        (Some(64 * 1024), &json!(true))
    );
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_receiver_that_is_not_there_or_may_not_be_told() {
    let server = TestServer::with(|builder| builder.deliver_to("loopback".parse().expect("targets"))).await;
    let api = server.main();
    let gone = Receiver::start().await.url();
    for (site, url, class) in [
        ("refused", gone.as_str(), "refused"),
        ("elsewhere", "http://192.0.2.1/", "not_allowed"),
        ("metadata", "http://169.254.169.254/latest/meta-data/", "not_allowed"),
        ("scheme", "ftp://127.0.0.1/", "not_allowed"),
    ] {
        let delivery = told(&api, site, url).await;
        assert_eq!(
            (&delivery["status"], &delivery["error"]["class"]),
            (&json!("failed"), &json!(class)),
            "{delivery}"
        );
    }
    all_is_well(&api).await;
}
