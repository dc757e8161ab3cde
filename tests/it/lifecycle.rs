//! Starting and stopping: what is under way finishes, what only waits ends, and a port that is taken is told.

use parhelion::StartError;
use parhelion_testkit::{Api, TestServer};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Well below what a stop gives to requests in flight.
const SOON: Duration = Duration::from_secs(5);

/// A stream of the journal, whose end tells that the server stops.
async fn watch(api: &Api) -> parhelion_testkit::Streamed {
    api.get("/_parhelion/events").header("accept", "text/event-stream").stream().await
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_in_one_line() {
    let first = TestServer::start().await;
    let address = first.address();
    let Err(refused) = TestServer::try_with(|builder| builder.listen(address)).await else {
        panic!("two servers on one port");
    };
    assert!(matches!(refused, StartError::Bind(_)), "{refused:?}");
    let said = refused.to_string();
    assert_eq!(said, format!("cannot listen on {address}: the port is already in use (another parhelion?)"));
    first.main().get("/_parhelion/health").await.want(200);
}

#[tokio::test]
async fn servers_of_one_process_know_nothing_of_each_other() {
    let (one, two) = (TestServer::start().await, TestServer::start().await);
    one.main().post("/kudu/site/api/hooks", &json!({"url": "http://h/", "event": "x"})).await.want(201);
    assert_eq!(two.main().get("/kudu/site/api/hooks").await.want(200).json(), json!([]));
    drop(one);
    two.main().get("/_parhelion/health").await.want(200);
}

#[tokio::test]
async fn a_stop_ends_what_only_waits() {
    let server = TestServer::start().await;
    let (main, w1) = (server.main(), server.world("w1"));
    let mut streams = vec![watch(&main).await, watch(&w1).await];
    let waits = ["/_parhelion/events?kind=none&wait=60s", "/_parhelion/sinks/s/requests?count=1&wait=60s"];
    let mut waiting = Vec::new();
    for path in waits {
        let call = main.get(path);
        waiting.push(tokio::spawn(async move { call.attempt().await }));
    }
    // A sink that takes its time answers at once, as it was told to.
    let slow = json!({"responses": [{"status": 418, "delay": "60s"}]});
    main.put("/_parhelion/sinks/slow", &slow).await.want(200);
    let call = main.post("/_parhelion/sink/slow", &json!({}));
    let sent = tokio::spawn(async move { call.await.status });
    main.get("/_parhelion/sinks/slow/requests?count=1&wait=20s").await.want(200);

    let begun = Instant::now();
    let left = server.stop().await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!((left.connections, left.deliveries), (0, vec![]));
    for stream in &mut streams {
        while stream.next().await.is_some() {}
    }
    assert_eq!(sent.await.expect("no panic"), 418);
    for wait in waiting {
        // One that had not got through is refused by the system; the others are told.
        if let Ok(answer) = wait.await.expect("no panic") {
            answer.problem(503, "the server stops");
        }
    }
}

#[tokio::test]
async fn a_request_in_flight_finishes() {
    let server = TestServer::start().await;
    let api = server.main();
    let mut watching = watch(&api).await;
    let (first, rest) = ("{\"url\":", " \"http://h/\", \"event\": \"x\"}");
    let mut raw = server.raw().await;
    let head = "POST /kudu/site/api/hooks HTTP/1.1\r\nhost: h\r\ncontent-type: application/json";
    raw.send(format!("{head}\r\ncontent-length: {}\r\n\r\n{first}", first.len() + rest.len())).await;
    assert_eq!(watching.next().await.map(|event| event.kind).as_deref(), Some("request"));

    let begun = Instant::now();
    let stopping = tokio::spawn(server.stop());
    while watching.next().await.is_some() {}
    raw.send(rest).await;
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let left = stopping.await.expect("no panic");
    assert_eq!(left, parhelion::Left::default());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    // Nobody is answered any more.
    assert!(api.get("/_parhelion/health").attempt().await.is_err());
}

#[tokio::test]
async fn a_delivery_in_flight_finishes() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = format!("http://{}/", receiver.local_addr().expect("an address"));
    api.post("/kudu/site/api/hooks", &json!({"url": target, "event": "x"})).await.want(201);
    let mut watching = watch(&api).await;
    let publish = api.post("/kudu/site/api/hooks/publish/x", &json!({}));
    let publishing = tokio::spawn(async move { publish.await.status });
    let (mut stream, _) = receiver.accept().await.expect("a delivery");
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.expect("its beginning");
    assert_eq!(&head, b"POST");

    server.may_leave_deliveries(); // it is in flight when the stop begins
    let stopping = tokio::spawn(server.stop());
    while watching.next().await.is_some() {}
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.expect("the sender waits");
    assert_eq!(publishing.await.expect("no panic"), 200);
    let left = stopping.await.expect("no panic");
    assert_eq!(left, parhelion::Left::default(), "finished, hence not left");
}

#[tokio::test]
async fn the_kit_tells_what_is_left() {
    let server = TestServer::start().await;
    let api = server.main();
    api.post("/kudu/site/api/hooks", &json!({"url": "http://127.0.0.1:1/", "event": "x"})).await.want(201);
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let publish = api.post("/kudu/site/api/hooks/publish/x", &json!({}));
    let publishing = tokio::spawn(async move { publish.attempt().await });
    api.get("/_parhelion/events?kind=delivery.created&wait=20s").await.want(200);
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(server)));
    let said = dropped.expect_err("it says so").downcast_ref::<String>().expect("a sentence").clone();
    assert!(said.contains("world main: 1 deliveries queued or held, 0 in flight"), "{said}");
    // Who waited is let go, answered or not.
    let _ = publishing.await.expect("no panic");
}
