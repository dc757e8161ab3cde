//! Requests that stop half-way, and bytes that are no request.

use super::{JSON_CALLS, all_is_well};
use parhelion_testkit::TestServer;
use serde_json::json;

/// The head of a call with a body of 1 000 bytes, and the beginning of that body.
fn half(surface: &str, path: &str) -> String {
    let target =
        if surface == "codepipeline" { "x-amz-target: CodePipeline_20150709.GetPipeline\r\n" } else { "" };
    format!(
        "POST {path} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n{target}content-length: 1000\r\n\r\n{{\"na"
    )
}

#[tokio::test]
async fn a_request_that_stops_half_way_holds_up_nobody() {
    let server = TestServer::start().await;
    let api = server.main();
    let mut open = Vec::new();
    for (surface, path) in JSON_CALLS {
        for part in ["GET / HT".to_owned(), format!("POST {path} HTTP/1.1\r\nhost:"), half(surface, path)] {
            let mut raw = server.raw().await;
            raw.send(part).await;
            open.push(raw);
        }
    }
    for _ in 0..3 {
        all_is_well(&api).await;
    }
    // The rest may still come.
    let mut slow = server.raw().await;
    let (first, rest) = ("{\"url\":", " \"http://h/\", \"event\": \"x\"}");
    let length = first.len() + rest.len();
    let head = "POST /kudu/slow/api/hooks HTTP/1.1\r\nhost: h\r\ncontent-type: application/json";
    slow.send(format!("{head}\r\ncontent-length: {length}\r\n\r\n{first}")).await;
    all_is_well(&api).await;
    slow.send(rest).await;
    let answer = slow.answer().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_ends_half_way_changes_nothing() {
    let server = TestServer::start().await;
    let api = server.main();
    for (surface, path) in JSON_CALLS {
        let mut raw = server.raw().await;
        raw.send(half(surface, path)).await.finish().await;
        let answer = raw.rest().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{surface}: {answer}");
        let mut raw = server.raw().await;
        raw.send(half(surface, path)).await;
        raw.reset();
    }
    all_is_well(&api).await;
    // Each left a record of what came of it, and nothing else.
    let lost = "/_parhelion/requests?status=499";
    let mut after = 0;
    for turn in 0.. {
        let all = api.items("/_parhelion/requests?limit=1000").await;
        let begun = api.items("/_parhelion/events?kind=request&limit=1000").await.len();
        if all.len() == begun {
            break;
        }
        assert!(turn < 100, "{begun} requests began, {} have a record", all.len());
        // A reset is noticed a moment later.
        let path = format!("/_parhelion/events?after={after}&wait=100ms&limit=1000");
        after = api.items(&path).await.last().and_then(|event| event["seq"].as_u64()).unwrap_or(after);
    }
    assert!(api.items(lost).await.len() <= 10);
    let state = api.get("/_parhelion/state").await.json();
    assert_eq!(
        (&state["kudu"], &state["codepipeline"], &state["secure-source-manager"]),
        (&json!({}), &json!({}), &json!({}))
    );
}

#[tokio::test]
async fn bytes_that_are_no_request() {
    let server = TestServer::start().await;
    let api = server.main();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], // a TLS hello
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"GET / HTTP/9.9\r\nhost: h\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"POST /kudu/s/api/hooks HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"GET / HTTP/1.1\r\nhost: h\r\nno colon\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame of HTTP/2 at all",
    ] {
        let mut raw = server.raw().await;
        raw.send(bytes).await.finish().await;
        let answer = raw.rest().await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4") || !answer.starts_with("HTTP/1");
        assert!(refused, "{:?}: {answer}", String::from_utf8_lossy(bytes));
        all_is_well(&api).await;
    }
}

#[tokio::test]
async fn a_request_without_a_host_or_with_a_strange_one_is_answered() {
    let server = TestServer::start().await;
    for host in [
        "",
        "host: \r\n",
        "host: a b\r\n",
        "host: <script>\r\n",
        "host: h:99999\r\n",
        "host: [::1\r\n",
        "host: .scm.localhost\r\n",
        "host: a/b.scm.localhost\r\n",
    ] {
        for path in
            ["/kudu/site/api/deployments", "/_parhelion/sinks", "/org/_apis/projects?api-version=7.1", "/"]
        {
            let mut raw = server.raw().await;
            raw.send(format!("GET {path} HTTP/1.1\r\n{host}connection: close\r\n\r\n")).await;
            let answer = raw.rest().await;
            assert!(
                answer.starts_with("HTTP/1.1 2") || answer.starts_with("HTTP/1.1 4"),
                "{host:?} {path}: {answer}"
            );
            assert!(!answer.contains("<script>"), "{answer}");
        }
    }
    all_is_well(&server.main()).await;
}
