//! The router without a socket, as our own deliveries to ourselves use it.

use crate::kit::{Kit, json, text};
use futures_util::FutureExt;
use http::Request;
use http_body_util::BodyExt;
use parhelion_http::{Body, Origin, Settings};
use std::{io::Write, sync::Arc};

#[tokio::test]
async fn a_delivery_to_ourselves_is_caused_by_its_attempt() {
    let kit = Kit::local();
    let origin = Origin { cause: Some(77), ..Origin::plain([127, 0, 0, 1].into()) };
    let request = Request::get("http://localhost:4600/_w/w1/alpha/x").body(Body::empty()).unwrap();
    let response = kit.router.call(request, origin).await;
    assert_eq!(response.headers()["x-parhelion-request-id"], "req-1");
    let said = json(&text(response).await);
    assert_eq!(
        (said["base"].as_str(), said["cause"].as_u64()),
        (Some("http://localhost:4600/_w/w1"), Some(101))
    );
    assert_eq!(kit.notes.arrivals.lock()[0].4, Some(77));
}

#[tokio::test]
async fn tls_and_a_public_url_show_in_the_base() {
    let kit = Kit::local();
    let origin = Origin { secure: true, ..Origin::plain([127, 0, 0, 1].into()) };
    let request = || Request::get("/alpha/x").header("host", "h:1").body(Body::empty()).unwrap();
    assert_eq!(json(&text(kit.router.call(request(), origin).await).await)["base"], "https://h:1");
    let mut settings = Settings::new("127.0.0.1:1".parse().unwrap());
    settings.public_url = Some("https://emu.example/p/".parse().unwrap());
    let kit = Kit::new(settings);
    assert_eq!(json(&text(kit.router.call(request(), origin).await).await)["base"], "https://emu.example/p");
}

#[tokio::test]
async fn a_stream_is_recorded_when_it_ends() {
    let mut kit = Kit::local();
    let mut body = kit.call(Request::get("/alpha/stream"), "").await.into_body();
    kit.strings.pieces.send("one".into()).unwrap();
    body.frame().await.unwrap().unwrap();
    assert!(kit.ended.try_recv().is_err());
    let (pieces, _) = tokio::sync::mpsc::unbounded_channel();
    drop(std::mem::replace(&mut kit.strings.pieces, pieces));
    assert!(body.frame().await.is_none());
    let (_, record) = kit.ended().await;
    assert_eq!((&record.response_body[..], record.response_truncated), (&b"one"[..], false));
    drop(body);
    assert!(kit.ended.try_recv().is_err(), "recorded twice");
}

#[tokio::test]
async fn a_stream_whose_client_goes_is_recorded_as_cut() {
    let mut kit = Kit::local();
    let mut body = kit.call(Request::get("/alpha/stream"), "").await.into_body();
    kit.strings.pieces.send("one".into()).unwrap();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let (_, record) = kit.ended().await;
    assert_eq!(
        (record.status, &record.response_body[..], record.response_truncated),
        (200, &b"one"[..], true)
    );
}

#[tokio::test]
async fn a_request_whose_client_goes_before_the_answer_is_recorded() {
    let mut kit = Kit::local();
    assert!(kit.call(Request::get("/alpha/wait"), "").now_or_never().is_none());
    let (_, record) = kit.ended().await;
    assert_eq!((record.status, record.surface, record.path.as_str()), (499, "alpha", "/alpha/wait"));
}

#[tokio::test]
async fn an_answer_is_recorded_before_its_last_bytes_leave() {
    let mut kit = Kit::local();
    // No body: with the head.
    let response = kit.call(Request::get("/alpha/none"), "").await;
    assert_eq!(kit.ended.try_recv().unwrap().1.status, 204);
    drop(response);
    // One piece: with it.
    let mut body = kit.call(Request::post("/alpha/echo"), "abc").await.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(kit.ended.try_recv().unwrap().1.response_body, "abc");
}

#[tokio::test]
async fn long_bodies_are_kept_in_part() {
    let mut kit = Kit::local();
    let long = "x".repeat(300_000);
    assert_eq!(text(kit.call(Request::post("/alpha/echo"), long.clone()).await).await, long);
    let (_, record) = kit.ended().await;
    assert_eq!((record.request_body.len(), record.request_truncated), (262_144, true));
    assert_eq!((record.response_body.len(), record.response_truncated), (262_144, true));
}

#[tokio::test]
async fn control_calls_are_answered_and_not_recorded_unless_the_recorder_wants() {
    let mut kit = Kit::local();
    let response = kit.call(Request::get("/_parhelion/surfaces/alpha/x"), "").await;
    assert_eq!(text(response).await, "alpha's own GET /x");
    assert!(kit.ended.try_recv().is_err());
}

#[tokio::test]
async fn a_tunnel_is_nobody_s() {
    let kit = Kit::local();
    assert_eq!(kit.call(Request::connect("alpha.example:443"), "").await.status(), 404);
}

#[derive(Clone, Default)]
struct Lines(Arc<parking_lot::Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_makes_one_line_in_the_log_and_a_panic_one_more() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(log);
    let kit = Kit::local();
    kit.call(Request::post("/_w/w1/alpha/echo?token=secret"), "").await;
    kit.call(Request::get("/alpha/panic"), "").await;
    drop(guard);
    let said = String::from_utf8(lines.0.lock().clone()).unwrap();
    let [first, panic, second] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    for part in [
        "INFO",
        "POST /_w/w1/alpha/echo",
        "surface=\"alpha\"",
        "operation=Echo",
        "tenant=\"t1\"",
        "status=200",
        "duration_us=",
        "request_id=\"req-1\"",
        "world=\"w1\"",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(!said.contains("secret"), "{said}");
    assert!(
        panic.contains("ERROR") && panic.contains("req-2") && panic.contains("alpha cannot do this"),
        "{panic}"
    );
    assert!(second.contains("status=500"), "{second}");
}
