//! Bodies over a limit, and heads over theirs.

use super::{
    AZURE_WEBHOOK, JSON_CALLS, all_is_well, aws_cbor, aws_json, aws_webhook, azure_webhook, executions,
    is_aws, is_aws_cbor, is_azure, is_google, runs, with_json,
};
use parhelion_testkit::{Answer, TestServer};
use serde_json::json;

const MB: usize = 1_000_000;

/// An object of that many bytes, with a member that nobody knows.
fn large(bytes: usize) -> String {
    format!("{{\"x\":\"{}\"}}", "a".repeat(bytes))
}

/// 413 in the form of the surface that it was sent to.
#[track_caller]
fn is_too_large(answer: &Answer, surface: &str) {
    match surface {
        "codepipeline" => is_aws(answer, 413, "RequestEntityTooLargeException"),
        "azure-devops" => {
            assert_eq!(answer.status, 413, "{answer:?}");
            assert!(answer.json()["typeKey"].is_string() && answer.json()["$id"] == "1", "{answer:?}");
        }
        // 400 there, with a text of its own.
        "secure-source-manager" => {
            is_google(answer, 400, "INVALID_ARGUMENT");
            assert!(answer.text().contains("payload size exceeds the limit"), "{answer:?}");
        }
        "kudu" => {
            assert_eq!(answer.status, 413, "{answer:?}");
            assert!(answer.json()["Message"].is_string(), "{answer:?}");
        }
        _ => answer.problem(413, "33554432"),
    }
}

#[tokio::test]
async fn thirty_megabytes_to_a_call_are_read_and_judged() {
    let server = TestServer::start().await;
    let api = server.main();
    let body = large(30 * MB);
    is_aws(&aws_json(&api, "GetPipeline", body.clone()).await, 400, "ValidationException");
    let mut cbor = b"\xa1\x61x\x7a\x01\xc9\xc3\x80".to_vec();
    cbor.extend(vec![b'a'; 30 * MB]);
    is_aws_cbor(&aws_cbor(&api, "GetPipeline", cbor).await, 400, "ValidationException");
    let projects =
        api.call("POST", "/org/_apis/projects?api-version=7.1").body("application/json", body.clone());
    is_azure(&projects.await, 400, "InvalidProjectNameException");
    let instances = "/v1/projects/p/locations/us-central1/instances?instanceId=i";
    is_google(
        &api.call("POST", instances).body("application/json", body.clone()).await,
        400,
        "INVALID_ARGUMENT",
    );
    let hook = format!("{{\"url\":\"http://h/\",\"x\":\"{}\"}}", "a".repeat(30 * MB));
    api.call("POST", "/kudu/site/api/hooks").body("application/json", hook).await.want(201);
    let reset = api.call("POST", "/_parhelion/reset").body("application/json", body).await;
    reset.problem(400, "unknown field `x`");
    all_is_well(&api).await;
}

#[tokio::test]
async fn forty_megabytes_to_a_call_are_refused() {
    let server = TestServer::start().await;
    let api = server.main();
    let body = bytes::Bytes::from(large(40 * MB));
    for (surface, path) in JSON_CALLS {
        is_too_large(&with_json(&api, surface, path, body.clone()).await, surface);
    }
    is_aws_cbor(&aws_cbor(&api, "GetPipeline", body).await, 413, "RequestEntityTooLargeException");
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_webhook_of_codepipeline_takes_25_mb_and_no_more() {
    let server = TestServer::start().await;
    let api = server.main();
    let url = aws_webhook(&api, "UNAUTHENTICATED", json!({})).await;
    let before = executions(&api).await;
    for mb in [30, 40] {
        let answer = api.call("POST", &url).body("application/json", large(mb * MB)).await.want(413);
        assert!(answer.json()["message"].is_string(), "{answer:?}");
    }
    assert_eq!(executions(&api).await, before);
    // Just below, it is a delivery like any other.
    let push = format!("{{\"ref\":\"refs/heads/main\",\"x\":\"{}\"}}", "a".repeat(25 * MB));
    api.call("POST", &url).body("application/json", push).await.want(200);
    assert_eq!(executions(&api).await, before + 1);
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_webhook_of_azure_takes_two_mb_and_no_more() {
    let server = TestServer::start().await;
    let api = server.main();
    azure_webhook(&api).await;
    let unsigned = |bytes: usize| {
        let call = api.call("POST", AZURE_WEBHOOK).header("x-wh-checksum", &"0".repeat(40));
        call.body("application/json", large(bytes))
    };
    assert_eq!(unsigned(2 * MB).await.status, 401, "read and judged");
    for mb in [3, 30, 40] {
        is_too_large(&unsigned(mb * MB).await, "azure-devops");
    }
    assert_eq!(runs(&api).await, 0);
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_head_over_its_limits() {
    let server = TestServer::start().await;
    let api = server.main();
    let many: String = (0..300).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(100 * 1024));
    for bomb in [&many, &long] {
        for path in ["/kudu/site/api/hooks", "/_parhelion/health", "/org/_apis/projects"] {
            let mut raw = server.raw().await;
            raw.send(format!("GET {path} HTTP/1.1\r\nhost: h\r\n{bomb}\r\n")).await;
            let answer = raw.rest().await;
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        }
    }
    let mut raw = server.raw().await;
    raw.send(format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", "a".repeat(100 * 1024))).await;
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    // A head that never ends.
    let mut raw = server.raw().await;
    raw.send("GET / HTTP/1.1\r\nhost: h\r\n").await;
    for _ in 0..200 {
        raw.send("x-more: ").await.send("a".repeat(1024)).await.send("\r\n").await;
    }
    let answer = raw.rest().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    all_is_well(&api).await;
}

/// A client that did not know would use the connection again, and lose its next request.
#[tokio::test]
async fn an_answer_before_a_body_has_ended_says_that_the_connection_ends() {
    let server = TestServer::start().await;
    let head = |length: usize| {
        format!(
            "POST /kudu/site/api/hooks HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        )
    };
    let mut raw = server.raw().await;
    raw.send(head(40 * MB)).await.send("{").await;
    let answer = raw.answer().await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    // One that was read leaves the connection open.
    let mut raw = server.raw().await;
    for _ in 0..2 {
        raw.send(head(4)).await.send("null").await;
        let answer = raw.answer().await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && !answer.contains("connection: close"), "{answer}");
    }
}
