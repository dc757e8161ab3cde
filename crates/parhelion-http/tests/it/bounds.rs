//! Too much, too slow, too many: each answered, and nobody else disturbed.

use crate::kit::{Running, blocking, json, parse};
use parhelion_http::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn post(path: &str, framing: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: h\r\n{framing}\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_body_within_the_limit_is_read() {
    let s = Running::start().await;
    let body = vec![b'x'; 30_000_000];
    let answer =
        blocking(s.addr, post("/alpha/length", "content-length: 30000000"), body).await.unwrap().unwrap();
    assert_eq!(parse(&answer), (200, "30000000".into()));
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_reads_sees_the_answer_to_a_body_over_the_limit() {
    let mut s = Running::start().await;
    let body = vec![b'x'; 40_000_000];
    let answer =
        blocking(s.addr, post("/alpha/echo", "content-length: 40000000"), body).await.unwrap().unwrap();
    assert_eq!(parse(&answer), (413, "alpha: more than 33554432".into()));
    let (_, record) = s.kit.ended().await;
    assert!(record.request_truncated && record.request_body.is_empty());

    // The same without a declared length: read up to the limit.
    let mut body = Vec::new();
    for _ in 0..400 {
        body.extend_from_slice(b"186a0\r\n");
        body.extend_from_slice(&[b'x'; 100_000]);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    let answer =
        blocking(s.addr, post("/alpha/echo", "transfer-encoding: chunked"), body).await.unwrap().unwrap();
    assert_eq!(parse(&answer), (413, "alpha: more than 33554432".into()));
    let (_, record) = s.kit.ended().await;
    assert_eq!((record.request_truncated, record.request_body.len()), (true, 256 * 1024));
}

#[tokio::test]
async fn a_client_that_sends_all_sees_an_answer_given_without_reading() {
    let s = Running::start().await;
    let body = vec![b'x'; 5_000_000];
    let answer =
        blocking(s.addr, post("/alpha/unread", "content-length: 5000000"), body).await.unwrap().unwrap();
    assert_eq!(parse(&answer), (401, "alpha: who are you?".into()));
    // Also when the head has been answered before the first byte of the body leaves the client.
    let mut stream = s.connect().await;
    stream.write_all(post("/alpha/unread", "content-length: 500000").as_bytes()).await.unwrap();
    let mut answer = vec![0; "HTTP/1.1 401".len()];
    stream.read_exact(&mut answer).await.unwrap();
    // The server's side of the connection goes on as far as it can.
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
    for _ in 0..50 {
        stream.write_all(&[b'x'; 10_000]).await.unwrap();
    }
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("alpha: who are you?"), "{rest}");
}

#[tokio::test]
async fn a_surface_may_take_less() {
    let s = Running::start().await;
    let answer = s.raw(post("/alpha/echo?small", "content-length: 2") + "ab").await;
    assert_eq!(parse(&answer), (413, "alpha: more than 1".into()));
}

#[tokio::test]
async fn a_bomb_of_headers_is_refused_readably() {
    let s = Running::start().await;
    let with = |n: usize| {
        let lines: String = (0..n).map(|n| format!("x-{n}: 1\r\n")).collect();
        format!("GET /alpha/x HTTP/1.1\r\nconnection: close\r\n{lines}\r\n")
    };
    assert_eq!(parse(&s.raw(with(199)).await).0, 200);
    assert_eq!(parse(&s.raw(with(200)).await).0, 431);
    let big = |bytes: usize| {
        format!("GET /alpha/x HTTP/1.1\r\nx: {}\r\nconnection: close\r\n\r\n", "y".repeat(bytes))
    };
    assert_eq!(parse(&s.raw(big(60 * 1024)).await).0, 200);
    assert_eq!(parse(&s.raw(big(70 * 1024)).await).0, 431);
    assert_eq!(parse(&blocking(s.addr, big(20_000_000), Vec::new()).await.unwrap().unwrap()).0, 431);
    assert_eq!(s.get("/alpha/x", "").await.0, 200);
}

#[tokio::test]
async fn who_sends_half_a_head_or_nothing_is_left_after_a_while_and_harms_nobody() {
    let limits = Limits { head_time: Duration::from_millis(300), ..Limits::default() };
    let s = Running::with(limits, Duration::ZERO).await;
    let mut waiting = Vec::new();
    for half in ["", "PRI * HTT", "GET /alpha/x HTTP/1.1\r\nhost:"] {
        let mut stream = s.connect().await;
        stream.write_all(half.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    assert_eq!(s.get("/alpha/x", "").await.0, 200);
    for mut stream in waiting {
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, b"");
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_is_answered_by_the_surface() {
    let limits = Limits { body_idle: Duration::from_millis(50), ..Limits::default() };
    let mut s = Running::with(limits, Duration::ZERO).await;
    let answer = s.raw(post("/alpha/echo", "content-length: 5") + "abc").await;
    assert_eq!(parse(&answer), (400, "alpha: the request body stopped coming".into()));
    let (_, record) = s.kit.ended().await;
    assert_eq!((&record.request_body[..], record.request_truncated), (&b"abc"[..], true));
}

#[tokio::test]
async fn a_client_that_ends_its_side_still_gets_its_answer_and_half_a_body_is_an_error() {
    let s = Running::start().await;
    for (sent, status) in [("abc", 200), ("ab", 400)] {
        let mut stream = s.connect().await;
        stream.write_all((post("/alpha/echo", "content-length: 3") + sent).as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert_eq!(parse(&said).0, status, "{said}");
    }
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_at_once() {
    let s = Running::with(Limits { connections: 1, ..Limits::default() }, Duration::ZERO).await;
    let mut first = s.connect().await;
    let ask = b"GET /alpha/none HTTP/1.1\r\nhost: h\r\n\r\n";
    let mut status = [0; "HTTP/1.1 204".len()];
    first.write_all(ask).await.unwrap();
    first.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 204");

    for _ in 0..3 {
        let (status, body) = s.get("/alpha/x", "").await;
        assert_eq!((status, json(&body)["title"].as_str()), (503, Some("Too many connections")));
    }
    // Even when the client says nothing.
    assert_eq!(parse(&s.raw("").await).0, 503);

    // The seat is free again some time after its holder went; each attempt is answered one way or the other.
    drop(first);
    let mut refused = 0;
    while s.get("/alpha/x", "").await.0 == 503 {
        refused += 1;
        assert!(refused < 10_000, "the seat is never given back");
    }
}
