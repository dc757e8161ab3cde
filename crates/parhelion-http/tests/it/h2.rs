//! HTTP/2 without TLS, by prior knowledge, on the same port.

use crate::kit::{Running, json};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use parhelion_http::Body;

type H2 = Client<HttpConnector, Full<Bytes>>;

fn h2() -> H2 {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

async fn send(
    client: &H2,
    request: http::request::Builder,
    body: &'static str,
) -> (http::response::Parts, Bytes) {
    let answer = client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    (parts, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn h2_and_h1_are_answered_alike() {
    let mut s = Running::start().await;
    let url = format!("http://{}", s.addr);
    let client = h2();
    let (parts, body) = send(&client, http::Request::post(format!("{url}/alpha/echo")), "hello").await;
    assert_eq!(
        (parts.status, parts.version, &body[..]),
        (http::StatusCode::OK, http::Version::HTTP_2, &b"hello"[..])
    );
    assert_eq!(parts.headers["x-parhelion-request-id"], "req-1");
    let (_, record) = s.kit.ended().await;
    assert_eq!((&record.request_body[..], &record.response_body[..]), (&b"hello"[..], &b"hello"[..]));
    // Surfaces find the authority where h1 has it.
    assert!(record.request_headers.has("host", &s.addr.to_string()));

    let (_, body) = send(&client, http::Request::get(format!("{url}/_w/W1/alpha/x?y")), "").await;
    let said = json(std::str::from_utf8(&body).unwrap());
    assert_eq!((said["world"].as_str(), said["uri"].as_str()), (Some("w1"), Some("/alpha/x?y")));
    assert_eq!(
        (said["base"].as_str(), said["version"].as_str()),
        (Some(format!("{url}/_w/w1").as_str()), Some("HTTP/2.0"))
    );
    // And h1 on the same port.
    assert_eq!(json(&s.get("/alpha/x", "").await.1)["version"], "HTTP/1.1");
}

#[tokio::test]
async fn streams_of_a_connection_do_not_disturb_each_other() {
    let s = Running::start().await;
    let url = format!("http://{}", s.addr);
    let client = h2();
    let get = |path: &str| {
        client.request(http::Request::get(format!("{url}{path}")).body(Full::default()).unwrap())
    };
    let (panicked, fine) = tokio::join!(get("/alpha/panic"), get("/alpha/x"));
    assert_eq!((panicked.unwrap().status().as_u16(), fine.unwrap().status().as_u16()), (500, 200));
}

#[tokio::test]
async fn head_over_h2_has_no_body() {
    let s = Running::start().await;
    let (parts, body) = send(&h2(), http::Request::head(format!("http://{}/alpha/x", s.addr)), "").await;
    assert_eq!((parts.status.as_u16(), body.len()), (200, 0));
    assert!(parts.headers["content-length"].to_str().unwrap().parse::<usize>().unwrap() > 10);
}

#[tokio::test]
async fn the_head_s_bounds_hold_over_h2() {
    let s = Running::start().await;
    let url = format!("http://{}/alpha/x", s.addr);
    let client = h2();
    let with = |n: usize| (0..n).fold(http::Request::get(&url), |r, n| r.header(format!("x-{n}"), "1"));
    assert_eq!(send(&client, with(198), "").await.0.status, 200);
    let (parts, body) = send(&client, with(201), "").await;
    assert_eq!(parts.status, 431);
    assert_eq!(json(std::str::from_utf8(&body).unwrap())["detail"], "more than 200 headers");
    // A head beyond 64 KiB is refused below the router.
    let big = (0..7).fold(http::Request::get(&url), |r, n| r.header(format!("x-{n}"), "y".repeat(10_000)));
    assert_eq!(send(&client, big, "").await.0.status, 431);
    assert_eq!(send(&client, with(1), "").await.0.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_over_h2() {
    let s = Running::start().await;
    let request = http::Request::post(format!("http://{}/alpha/length", s.addr));
    let answer = h2().request(request.body(Full::from(vec![b'x'; 40_000_000])).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn a_client_may_go_on_sending_after_its_answer() {
    let s = Running::start().await;
    let (pieces, mut sent) = tokio::sync::mpsc::channel::<Bytes>(1);
    let body = Body::from_stream(futures_util::stream::poll_fn(move |cx| {
        sent.poll_recv(cx).map(|piece| piece.map(Ok::<_, std::io::Error>))
    }));
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Body>();
    let request = http::Request::post(format!("http://{}/alpha/unread", s.addr)).body(body).unwrap();
    let answer = client.request(request).await.unwrap();
    assert_eq!(answer.status(), 401);
    // More than the windows of stream and connection: it must be read, and the stream not be reset.
    for _ in 0..50 {
        pieces.send(Bytes::from(vec![b'x'; 100_000])).await.unwrap();
    }
    drop(pieces);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "alpha: who are you?");
}

#[tokio::test]
async fn a_stream_can_be_reset_in_place_of_an_answer() {
    let s = Running::start().await;
    let request = http::Request::get(format!("http://{}/alpha/drop", s.addr)).body(Full::default()).unwrap();
    assert!(h2().request(request).await.is_err());
}
